//! `tauraro compile script.py -o app`: one executable of a script and everything it imports.
//!
//! | file | what it is |
//! |---|---|
//! | `bundle.py` | finds the modules, and puts them in an archive |
//! | `payload` | the archive appended to a copy of this executable, and reading it at the start |
//! | `application` | running as such a copy |

pub(super) mod application;
mod payload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustpython_vm::builtins::{PyBytesRef, PyStr, PyTupleRef};
use rustpython_vm::{PyObjectRef, PyResult, Settings, TryFromObject, VirtualMachine};

use super::error::UsageError;
use super::options::{CompileOptions, Options};
use super::parse::{self, Request};
use super::{USAGE, exit_with, flags, print_to, usage_error};
use crate::{Builder, program, site};

/// The program that makes the archive.
const BUNDLE: &str = include_str!("bundle.py");

/// Runs `compile` with the words after it, on a runtime of `builder`.
pub(super) fn run(builder: Builder, name: &str, words: &[String]) -> ExitCode {
    let request = match parse::parse_compile(words) {
        Ok(request) if request.options.help => {
            print_to(&mut std::io::stdout(), &flags::compile_help(name));
            return ExitCode::SUCCESS;
        }
        Ok(request) => request,
        Err(error) => {
            let more = format!("Try `{name} compile -h' for more information.");
            return usage_error(None, &error, Some(&more));
        }
    };
    match compile(builder, request) {
        Ok(report) => {
            print_to(&mut std::io::stdout(), &report);
            ExitCode::SUCCESS
        }
        Err(Failure::Usage(error)) => usage_error(Some(name), &error, None),
        Err(Failure::Bundle(message)) => exit_with(&format!("{name}: {message}"), ExitCode::from(USAGE)),
        Err(Failure::Source(report)) => exit_with(report.trim_end(), ExitCode::FAILURE),
    }
}

/// Why no application was made.
enum Failure {
    /// What was asked for cannot be done.
    Usage(UsageError),
    /// The modules cannot be gathered: why, in a line.
    Bundle(String),
    /// A source is not valid Python: the traceback.
    Source(String),
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

/// Makes an application. Returns what to report.
fn compile(builder: Builder, request: Request) -> Result<String, Failure> {
    let Request { options, script, built_in } = request;
    options.permissions.permissions()?;
    let output = output(&script, options.compile.output.as_deref())?;
    let wanted = Wanted {
        script,
        output: output.clone(),
        optimize: options.optimize,
        modules: options.compile.clone(),
    };
    // Options that the application could not start with are rejected now.
    options.apply(&mut Settings::default())?;
    let mut applied = Ok(());
    let builder = builder.configure(|settings| applied = Options::default().apply(settings));
    applied?;
    let runtime = builder.build().map_err(|error| Failure::Source(error.traceback().to_owned()))?;
    let (archive, modules) = runtime.enter(|vm| {
        bundle(vm, &wanted).unwrap_or_else(|exception| {
            let mut report = String::new();
            // Writing into a String cannot fail.
            let _ = vm.write_exception(&mut report, &exception);
            Err(Failure::Source(report))
        })
    })?;
    let length = payload::write(&output, &built_in, &archive)?;
    let plural = if modules == 1 { "" } else { "s" };
    let megabytes = length / 1_000_000;
    Ok(format!("{}: {modules} module{plural}, {megabytes} MB\n", output.display()))
}

/// Where to write the application.
///
/// # Errors
/// Why it cannot be written there.
fn output(script: &str, chosen: Option<&str>) -> Result<PathBuf, UsageError> {
    let script = Path::new(script);
    let output = if let Some(output) = chosen {
        PathBuf::from(output)
    } else {
        // Also for `.` and `folder/`, the name is that of the folder.
        let full = std::fs::canonicalize(script).unwrap_or_else(|_| script.to_owned());
        let name = if full.is_dir() { full.file_name() } else { script.file_stem() };
        PathBuf::from(name.ok_or_else(|| UsageError::Arguments {
            message: "the application needs a name".to_owned(),
            hint: "choose one with -o FILE",
        })?)
    };
    let refused = |reason: &str| UsageError::File {
        action: "write",
        path: output.display().to_string(),
        reason: reason.to_owned(),
        hint: Some("choose another name with -o FILE"),
    };
    if output.is_dir() {
        return Err(refused("Is a directory"));
    }
    if output.file_name().is_none() {
        return Err(refused("not the name of a file"));
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if let Some(existing) = real(&output) {
        if real(script).as_deref() == Some(&existing) {
            return Err(refused("it is the script"));
        }
        if std::env::current_exe().ok().and_then(|path| real(&path)) == Some(existing) {
            return Err(refused("it is this program"));
        }
    }
    Ok(output)
}

/// What to gather.
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
    let [archive, modules, message, report] = made.as_slice() else {
        return Err(vm.new_type_error("the bundle has other parts"));
    };
    if let Some(message) = message.downcast_ref::<PyStr>() {
        return Ok(Err(Failure::Bundle(message.to_string())));
    }
    if let Some(report) = report.downcast_ref::<PyStr>() {
        return Ok(Err(Failure::Source(report.to_string())));
    }
    let archive = PyBytesRef::try_from_object(vm, archive.clone())?;
    Ok(Ok((archive.as_bytes().to_vec(), usize::try_from_object(vm, modules.clone())?)))
}
