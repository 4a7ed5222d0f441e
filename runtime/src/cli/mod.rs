//! The command line `tauraro`, as users of `python` know it.

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
    let name = words.next().map_or_else(|| "tauraro".to_owned(), |name| name.to_string_lossy().into_owned());
    let Invocation { options, program, argv } = match parse::parse(words) {
        Ok(invocation) => invocation,
        Err(mistake) => {
            say(
                &mut std::io::stderr(),
                &format!("{mistake}\n{}Try `{name} -h' for more information.\n", flags::usage(&name)),
            );
            return ExitCode::from(USAGE);
        }
    };
    if options.help {
        say(&mut std::io::stdout(), &flags::help(&name));
        return ExitCode::SUCCESS;
    }
    if options.version > 0 {
        let text = if options.version == 1 { version::banner() } else { version::detailed() };
        say(&mut std::io::stdout(), &format!("{text}\n"));
        return ExitCode::SUCCESS;
    }
    if let Some(print) = options.print {
        let text = match print {
            Print::AllHelp => flags::all_help(&name),
            Print::Manual => manual::page(),
            Print::Completions(shell) => shell.script(),
        };
        say(&mut std::io::stdout(), &text);
        return ExitCode::SUCCESS;
    }
    if let Some(result) = own_command(&program, &argv) {
        return match result {
            Ok(told) => {
                say(&mut std::io::stdout(), &told);
                ExitCode::SUCCESS
            }
            Err(mistake) => {
                say(&mut std::io::stderr(), &format!("{name}: {mistake}\n"));
                ExitCode::from(USAGE)
            }
        };
    }
    let skip_first_line = options.skip_first_line;
    let builder = match restrict(builder, &options) {
        Ok(builder) => builder,
        Err(mistake) => {
            say(&mut std::io::stderr(), &format!("{mistake}\n"));
            return ExitCode::from(USAGE);
        }
    };
    let mut mistake = None;
    let builder = builder.argv(argv).handle_signals(true).configure(|settings| {
        mistake = options.apply(settings).err();
    });
    if let Some(mistake) = mistake {
        say(&mut std::io::stderr(), &format!("Fatal Python error: {mistake}\n"));
        return ExitCode::FAILURE;
    }
    let runtime = match builder.unstoppable().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("Fatal Python error: {error}\n{}", error.traceback()));
            return ExitCode::FAILURE;
        }
    };
    let (ending, teardown) = runtime.enter(|vm| {
        let result = start(vm, &name, &program, skip_first_line);
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

/// Does what a command such as `types DIR` asks for, unless there is a script of its name.
fn own_command(program: &Program, argv: &[String]) -> Option<Result<String, String>> {
    let is_types = matches!(program, Program::File(word) if word == "types");
    if !is_types || Path::new("types").is_file() {
        return None;
    }
    Some(match argv {
        [_, folder] => types::write(folder),
        _ => Err("types takes one argument, the folder to write to: types DIR".to_owned()),
    })
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
fn start(vm: &VirtualMachine, name: &str, program: &Program, skip_first_line: bool) -> PyResult<()> {
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
    match program {
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
