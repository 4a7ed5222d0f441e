//! The command line `tauraro`, as users of `python` know it.

mod compile;
mod completions;
mod flags;
mod hints;
mod manual;
mod options;
mod parse;
mod repl;
mod report;
mod types;

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine, host_env};

use crate::{Builder, Runtime, program, shutdown, site, version};
use compile::application::Application;
use options::{Options, Print};
use parse::{Invocation, Program};

/// The status for a command line that makes no sense, and for a script that cannot be opened.
const USAGE: u8 = 2;

/// Runs the command line of this process to its end, with every module of Tauraro.
pub fn main() -> ExitCode {
    run(Runtime::builder())
}

/// Runs the command line of this process on a runtime of your own making: a `tauraro` with further
/// native modules, say. The command line's settings replace those of `builder`.
pub fn run(builder: Builder) -> ExitCode {
    let mut words = std::env::args_os();
    let name = match words.next().map_or_else(|| Ok("tauraro".to_owned()), parse::text) {
        Ok(name) => name,
        Err(mistake) => return refuse(&mistake, ExitCode::from(USAGE)),
    };
    let application = match Application::find().transpose() {
        Ok(application) => application,
        Err(mistake) => return refuse(&mistake, ExitCode::FAILURE),
    };
    let invocation = match &application {
        Some(application) => application.invocation(&name, words),
        None => parse::parse(words).map_err(|mistake| {
            format!("{mistake}\n{}Try `{name} -h' for more information.", flags::usage(&name))
        }),
    };
    let Invocation { options, program, argv } = match invocation {
        Ok(invocation) => invocation,
        Err(mistake) => return refuse(&mistake, ExitCode::from(USAGE)),
    };
    if let Some(text) = printed(&options, &name) {
        say(&mut std::io::stdout(), &text);
        return ExitCode::SUCCESS;
    }
    if is_command(&program, "compile") {
        // What an option before the command would mean is not obvious: it may be a restriction.
        if std::env::args_os().nth(1).is_some_and(|word| word != "compile") {
            let mistake = format!("{name}: options go after the command: compile --sandbox script.py");
            return refuse(&mistake, ExitCode::from(USAGE));
        }
        return compile::run(builder, &name, argv.get(1..).unwrap_or_default());
    }
    if is_command(&program, "types") {
        return match write_types(&argv) {
            Ok(told) => {
                say(&mut std::io::stdout(), &told);
                ExitCode::SUCCESS
            }
            Err(mistake) => refuse(&format!("{name}: {mistake}"), ExitCode::from(USAGE)),
        };
    }
    let skip_first_line = options.skip_first_line;
    let builder = match restrict(builder, &options) {
        Ok(builder) => builder,
        Err(mistake) => return refuse(&mistake, ExitCode::from(USAGE)),
    };
    let mut mistake = None;
    let builder = match &application {
        Some(application) => builder.executable(&application.path),
        None => builder,
    };
    let builder = builder.argv(argv).handle_signals(true).configure(|settings| {
        mistake = options.apply(settings).err();
    });
    if let Some(mistake) = mistake {
        return refuse(&format!("Fatal Python error: {mistake}"), ExitCode::FAILURE);
    }
    let runtime = match builder.unstoppable().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let report = format!("Fatal Python error: {error}\n{}", error.traceback().trim_end());
            return refuse(&report, ExitCode::FAILURE);
        }
    };
    let (ending, teardown) = runtime.enter(|vm| {
        let result = start(vm, &name, &program, skip_first_line, application.as_ref());
        let result = inspect(vm, &program, result);
        let mut ending = Ending::of(vm, result);
        ending.status = shutdown::finish(vm, ending.status);
        (ending, shutdown::wants_teardown(vm))
    });
    if teardown {
        runtime.finish();
    }
    if ending.interrupted {
        die_of_interrupt();
    }
    end(ending.status)
}

/// Says why nothing is run; the status to end with.
fn refuse(mistake: &str, status: ExitCode) -> ExitCode {
    say(&mut std::io::stderr(), &format!("{mistake}\n"));
    status
}

/// What the options ask to be printed instead of running a program.
fn printed(options: &Options, name: &str) -> Option<String> {
    if options.help {
        return Some(flags::help(name));
    }
    match options.version {
        0 => {}
        1 => return Some(format!("{}\n", version::banner())),
        _ => return Some(format!("{}\n", version::detailed())),
    }
    options.print.map(|print| match print {
        Print::AllHelp => flags::all_help(name),
        Print::Manual => manual::page(),
        Print::Completions(shell) => shell.script(),
    })
}

/// Whether the command of that name is asked for. A script of the name goes first.
fn is_command(program: &Program, command: &str) -> bool {
    matches!(program, Program::File(word) if word == command) && !Path::new(command).is_file()
}

/// Does what `types DIR` asks for; what to tell of it.
fn write_types(argv: &[String]) -> Result<String, String> {
    match argv {
        [_, folder] => types::write(folder),
        _ => Err("types takes one argument, the folder to write to: types DIR".to_owned()),
    }
}

/// Gives the runtime the permissions and the audit log that the flags ask for. Without such flags the
/// builder keeps its own.
///
/// # Errors
/// What is wrong with a flag.
fn restrict(builder: Builder, options: &Options) -> Result<Builder, String> {
    let permissions = options.permissions.permissions()?;
    let builder = if permissions.is_restricted() { builder.permissions(permissions) } else { builder };
    match &options.audit {
        Some(path) => builder
            .audit(path)
            .map_err(|error| format!("can't open the audit log '{path}': {}", program::describe(&error))),
        None => Ok(builder),
    }
}

/// Leaves without taking the interpreter apart, which would only free what the system frees anyway.
fn end(status: i32) -> ! {
    #[expect(
        clippy::exit,
        reason = "the one place where the process ends; threads still running end with it"
    )]
    std::process::exit(status)
}

/// Prepares what only a command line has, then runs the program.
fn start(
    vm: &VirtualMachine,
    name: &str,
    program: &Program,
    skip_first_line: bool,
    application: Option<&Application>,
) -> PyResult<()> {
    let settings = &vm.state.config.settings;
    if !settings.warnoptions.is_empty() {
        // It applies the options when it is imported.
        vm.import("warnings", 0)?;
    }
    if settings.faulthandler {
        let faulthandler = vm.import("faulthandler", 0)?;
        vm.call_method(&faulthandler, "enable", ())?;
    }
    site::run(vm)?;
    if let Some(application) = application {
        application.let_import(vm)?;
    }
    match program {
        Program::Application => application.map_or(Ok(()), |application| application.run(vm)),
        Program::File(path) => run_file(vm, name, path, skip_first_line),
        Program::Module(module) => {
            let folder = std::env::current_dir().unwrap_or_default();
            search_unless_safe(vm, &folder.to_string_lossy())?;
            program::run_module(vm, module)
        }
        Program::Command(code) => {
            search_unless_safe(vm, "")?;
            program::run_source(vm, &dedent(code), "<string>")
        }
        Program::Stdin => {
            search_unless_safe(vm, "")?;
            if settings.interactive || std::io::stdin().is_terminal() {
                repl::greet(vm);
                repl::run_startup_file(vm);
                repl::run(vm)
            } else {
                program::run_bytes(vm, read_stdin(vm)?, "<stdin>")
            }
        }
    }
}

/// The prompt after the program, if `-i` or the program itself asked for it.
fn inspect(vm: &VirtualMachine, program: &Program, result: PyResult<()>) -> PyResult<()> {
    let settings = &vm.state.config.settings;
    let prompted = *program == Program::Stdin && (settings.interactive || std::io::stdin().is_terminal());
    let wanted = settings.inspect
        || !settings.ignore_environment
            && std::env::var_os("PYTHONINSPECT").is_some_and(|value| !value.is_empty());
    if prompted || !wanted {
        return result;
    }
    if let Err(exception) = result {
        say_ending(vm, &exception);
    }
    repl::run(vm)
}

fn search_unless_safe(vm: &VirtualMachine, path: &str) -> PyResult<()> {
    if vm.state.config.settings.safe_path { Ok(()) } else { program::search_first(vm, path) }
}

fn run_file(vm: &VirtualMachine, name: &str, path: &str, skip_first_line: bool) -> PyResult<()> {
    let full_path = program::absolute(path);
    if let Err(error) = program::readable(&full_path) {
        let shown = vm.ctx.new_str(full_path).as_object().repr(vm)?;
        let number = error.raw_os_error().unwrap_or_default();
        let text = program::describe(&error);
        write_stderr(vm, &format!("{name}: can't open file {shown}: [Errno {number}] {text}\n"));
        return Err(vm.new_system_exit(vec![vm.ctx.new_int(USAGE).into()].into()));
    }
    if skip_first_line && !program::holds_modules(vm, &full_path)? {
        return program::run_file_after_first_line(vm, path);
    }
    program::run_file(vm, path)
}

fn read_stdin(vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    let mut source = Vec::new();
    let read = vm.allow_threads(|| std::io::stdin().lock().read_to_end(&mut source));
    read.map(|_| source).map_err(|error| vm.new_os_error(error.to_string()))
}

/// Removes the indentation that all lines share, as `-c` does since Python 3.14.
fn dedent(code: &str) -> String {
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = || code.split('\n').filter(|line| !line.trim_matches([' ', '\t', '\r']).is_empty());
    let mut shared = lines().next().map_or("", |line| line.get(..indentation(line)).unwrap_or(""));
    for line in lines() {
        let common = line.bytes().zip(shared.bytes()).take_while(|(one, other)| one == other).count();
        shared = shared.get(..common).unwrap_or("");
    }
    if shared.is_empty() {
        return code.to_owned();
    }
    let lines: Vec<&str> = code.split('\n').map(|line| line.strip_prefix(shared).unwrap_or("")).collect();
    lines.join("\n")
}

/// How a process is to end.
struct Ending {
    status: i32,
    interrupted: bool,
}

impl Ending {
    /// Reports an exception that nobody caught.
    fn of(vm: &VirtualMachine, result: PyResult<()>) -> Self {
        let Err(exception) = result else {
            return Self { status: 0, interrupted: false };
        };
        let status = say_ending(vm, &exception);
        let interrupted = exception.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt);
        Self { status, interrupted }
    }
}

/// Says on `sys.stderr` what ended a program; the status it ends with.
fn say_ending(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> i32 {
    if let Some(request) = shutdown::exit_request(vm, exception) {
        if let Some(message) = request.message {
            let text = message.str(vm).map_or_else(|_| String::new(), |text| text.to_string());
            write_stderr(vm, &format!("{text}\n"));
        }
        return request.status;
    }
    if !shutdown::reader_is_gone(vm, exception) {
        report::print(vm, exception);
    }
    1
}

/// Ends the process by SIGINT, so that a shell around it knows that it was interrupted and stops as well.
fn die_of_interrupt() -> ! {
    #[cfg(unix)]
    if host_env::signal::set_sigint_default_onstack().is_ok() {
        // Only a process that blocks the signal survives this.
        let _ = host_env::signal::send_sigint_to_self();
    }
    end(130)
}

fn write_stderr(vm: &VirtualMachine, text: &str) {
    PyStderr(vm).write_fmt(format_args!("{text}"));
}

/// Prints before there is an interpreter, or outside of its streams. A reader that is gone is no error.
fn say(stream: &mut impl Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
