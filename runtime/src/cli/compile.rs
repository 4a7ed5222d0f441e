//! `tauraro compile script.py -o app`: one executable of a script and all that it imports.
//!
//! | file | what it is |
//! |---|---|
//! | `bundle.py` | finds the modules, and puts them in an archive |
//! | `payload` | the archive behind a copy of this executable, and its way back at the start |
//! | `application` | running as such a copy |

pub(super) mod application;
mod payload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustpython_vm::builtins::{PyBytesRef, PyStr, PyTupleRef};
use rustpython_vm::{PyObjectRef, PyResult, Settings, TryFromObject, VirtualMachine};

use super::options::{CompileOptions, Options};
use super::parse::{self, Request};
use super::{USAGE, flags, refuse, say};
use crate::{Builder, program, site};

/// What an archive is made of.
const BUNDLE: &str = include_str!("compile/bundle.py");

/// Does what the words after `compile` ask for, with what `builder` says is built in.
pub(super) fn run(builder: Builder, name: &str, words: &[String]) -> ExitCode {
    let request = match parse::parse_compile(words) {
        Ok(request) if request.options.help => {
            say(&mut std::io::stdout(), &flags::compile_help(name));
            return ExitCode::SUCCESS;
        }
        Ok(request) => request,
        Err(mistake) => {
            let mistake = format!("{mistake}\nTry `{name} compile -h' for more information.");
            return refuse(&mistake, ExitCode::from(USAGE));
        }
    };
    match compile(builder, request) {
        Ok(told) => {
            say(&mut std::io::stdout(), &told);
            ExitCode::SUCCESS
        }
        Err(Failure::Request(mistake)) => refuse(&format!("{name}: {mistake}"), ExitCode::from(USAGE)),
        Err(Failure::Source(report)) => refuse(report.trim_end(), ExitCode::FAILURE),
    }
}

/// Why there is no application.
enum Failure {
    /// What was asked for cannot be done: why, in a line.
    Request(String),
    /// A source is not Python: what is to be said of it.
    Source(String),
}

/// Makes an application; what to tell of it.
fn compile(builder: Builder, request: Request) -> Result<String, Failure> {
    let Request { options, script, built_in } = request;
    options.permissions.permissions().map_err(Failure::Request)?;
    let output = output(&script, options.compile.output.as_deref()).map_err(Failure::Request)?;
    let wanted = Wanted {
        script,
        output: output.clone(),
        optimize: options.optimize,
        modules: options.compile.clone(),
    };
    // What the application could not start with is refused now.
    options.apply(&mut Settings::default()).map_err(Failure::Request)?;
    let mut mistake = None;
    let builder = builder.configure(|settings| mistake = Options::default().apply(settings).err());
    if let Some(mistake) = mistake {
        return Err(Failure::Request(mistake));
    }
    let runtime = builder.build().map_err(|error| Failure::Source(error.traceback().to_owned()))?;
    let (archive, modules) = runtime.enter(|vm| {
        bundle(vm, &wanted).unwrap_or_else(|exception| {
            let mut report = String::new();
            // Writing into a String cannot fail.
            let _ = vm.write_exception(&mut report, &exception);
            Err(Failure::Source(report))
        })
    })?;
    let length = payload::write(&output, &built_in, &archive).map_err(Failure::Request)?;
    let plural = if modules == 1 { "" } else { "s" };
    let megabytes = length / 1_000_000;
    Ok(format!("{}: {modules} module{plural}, {megabytes} MB\n", output.display()))
}

/// Where to write the application.
///
/// # Errors
/// Why not there, in a line.
fn output(script: &str, given: Option<&str>) -> Result<PathBuf, String> {
    let script = Path::new(script);
    let output = if let Some(output) = given {
        PathBuf::from(output)
    } else {
        // A folder is named after itself wherever its path ends, as in `.` and `folder/`.
        let full = std::fs::canonicalize(script).unwrap_or_else(|_| script.to_owned());
        let name = if full.is_dir() { full.file_name() } else { script.file_stem() };
        PathBuf::from(name.ok_or("the application needs a name: -o FILE")?)
    };
    let shown = output.display();
    if output.is_dir() {
        return Err(format!("cannot write {shown}: Is a directory; another name can be given by -o FILE"));
    }
    if output.file_name().is_none() {
        return Err(format!("cannot write {shown}: it is no name of a file"));
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if let Some(existing) = real(&output) {
        if real(script).as_deref() == Some(&existing) {
            return Err(format!(
                "cannot write {shown}: it is the script; another name can be given by -o FILE"
            ));
        }
        if std::env::current_exe().ok().and_then(|path| real(&path)) == Some(existing) {
            return Err(format!("cannot write {shown}: it is this program"));
        }
    }
    Ok(output)
}

/// What is to be gathered.
struct Wanted {
    script: String,
    output: PathBuf,
    optimize: u8,
    modules: CompileOptions,
}

/// Gathers the modules: an archive and their number.
fn bundle(vm: &VirtualMachine, wanted: &Wanted) -> PyResult<Result<(Vec<u8>, usize), Failure>> {
    site::run(vm)?;
    program::run_source(vm, BUNDLE, "<compile>")?;
    let bundle = program::main_scope(vm)?.globals.get_item("bundle", vm)?;
    let list = |names: &[String]| -> PyObjectRef {
        vm.ctx.new_list(names.iter().map(|name| vm.ctx.new_str(name.as_str()).into()).collect()).into()
    };
    let CompileOptions { include, exclude, data, .. } = &wanted.modules;
    let output = vm.fsdecode(wanted.output.as_os_str());
    let arguments =
        (wanted.script.as_str(), output, list(include), list(exclude), list(data), wanted.optimize);
    let made: PyTupleRef = bundle.call(arguments, vm)?.try_into_value(vm)?;
    let [archive, modules, mistake, report] = made.as_slice() else {
        return Err(vm.new_type_error("the bundle has other parts"));
    };
    if let Some(mistake) = mistake.downcast_ref::<PyStr>() {
        return Ok(Err(Failure::Request(mistake.to_string())));
    }
    if let Some(report) = report.downcast_ref::<PyStr>() {
        return Ok(Err(Failure::Source(report.to_string())));
    }
    let archive = PyBytesRef::try_from_object(vm, archive.clone())?;
    Ok(Ok((archive.as_bytes().to_vec(), usize::try_from_object(vm, modules.clone())?)))
}
