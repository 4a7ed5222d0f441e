//! The command line `tauraro`, compatible with that of `python`.

mod compile;
mod error;
mod flags;
mod hints;
mod options;
mod parse;
mod repl;
mod report;
mod serve;
mod types;

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine, host_env};

use crate::{Builder, Runtime, program, shutdown, site, version};
use compile::application::Application;
use error::UsageError;
use options::{Options, Print};
use parse::{Invocation, Program};

/// The exit status for an invalid command line, and for a script that cannot be opened.
const USAGE: u8 = 2;

/// Runs the command line of this process to its end, with every module of Tauraro.
pub fn main() -> ExitCode {
    run(Runtime::builder())
}

/// Runs the command line of this process on your own runtime: a `tauraro` with further native modules, for
/// example. The settings of the command line replace those of `builder`.
pub fn run(builder: Builder) -> ExitCode {
    let mut words = std::env::args_os();
    let name = match words.next().map_or_else(|| Ok("tauraro".to_owned()), parse::text) {
        Ok(name) => name,
        Err(error) => return usage_error(None, &error, None),
    };
    let application = match Application::find().transpose() {
        Ok(application) => application,
        Err(error) => return exit_with(&error.to_string(), ExitCode::FAILURE),
    };
    let (invocation, more) = if let Some(application) = &application {
        (application.invocation(&name, words), None)
    } else {
        let more = format!("{}Try `{name} -h' for more information.", flags::usage(&name));
        (parse::parse(words), Some(more))
    };
    let Invocation { options, program, argv } = match invocation {
        Ok(invocation) => invocation,
        Err(error) => return usage_error(None, &error, more.as_deref()),
    };
    if let Some(text) = text_to_print(&options, &name) {
        print_to(&mut std::io::stdout(), &text);
        return ExitCode::SUCCESS;
    }
    if is_command(&program, "compile") {
        // It is not obvious what an option before the command would mean: it may be a restriction.
        if std::env::args_os().nth(1).is_some_and(|word| word != "compile") {
            let error = UsageError::OptionsBeforeCommand { command: "compile" };
            return usage_error(Some(&name), &error, None);
        }
        return compile::run(builder, &name, argv.get(1..).unwrap_or_default());
    }
    if is_command(&program, "types") {
        return match write_types(&argv) {
            Ok(files) => {
                print_to(&mut std::io::stdout(), &files);
                ExitCode::SUCCESS
            }
            Err(error) => usage_error(Some(&name), &error, None),
        };
    }
    let program = serve::resolve(program);
    let skip_first_line = options.skip_first_line;
    let builder = match restrict(builder, &options) {
        Ok(builder) => builder,
        Err(error) => return usage_error(None, &error, None),
    };
    let mut applied = Ok(());
    let builder = match &application {
        Some(application) => builder.executable(&application.path),
        None => builder,
    };
    let builder = builder.argv(argv).handle_signals(true).configure(|settings| {
        applied = options.apply(settings);
    });
    if let Err(error) = applied {
        return exit_with(&format!("Fatal Python error: {error}"), ExitCode::FAILURE);
    }
    let runtime = match builder.uninterruptible().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let report = format!("Fatal Python error: {error}\n{}", error.traceback().trim_end());
            return exit_with(&report, ExitCode::FAILURE);
        }
    };
    let (exit, needs_finalizing) = runtime.enter(|vm| {
        let result = start(vm, &name, &program, skip_first_line, application.as_ref());
        let result = inspect(vm, &program, result);
        let mut exit = ExitStatus::of(vm, result);
        exit.status = shutdown::finish(vm, exit.status);
        (exit, shutdown::needs_finalizing(vm))
    });
    if needs_finalizing {
        runtime.finish();
    }
    if exit.is_interrupted {
        exit_by_interrupt();
    }
    exit_process(exit.status)
}

/// Reports an invalid command line. Returns the exit status.
fn usage_error(name: Option<&str>, error: &UsageError, more: Option<&str>) -> ExitCode {
    let name = name.map(|name| format!("{name}: ")).unwrap_or_default();
    let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    let more = more.map(|more| format!("\n{more}")).unwrap_or_default();
    exit_with(&format!("{name}{error}{hint}{more}"), ExitCode::from(USAGE))
}

/// Prints a message on standard error. Returns the exit status.
fn exit_with(message: &str, status: ExitCode) -> ExitCode {
    print_to(&mut std::io::stderr(), &format!("{message}\n"));
    status
}

/// What the options ask to print instead of running a program.
fn text_to_print(options: &Options, name: &str) -> Option<String> {
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
        Print::Manual => flags::manual_page(),
        Print::Completions(shell) => shell.script(),
    })
}

/// Whether the program is the command of that name. A script of that name takes precedence.
fn is_command(program: &Program, command: &str) -> bool {
    matches!(program, Program::File(word) if word == command) && !Path::new(command).is_file()
}

/// Runs `types DIR`. Returns what to print.
fn write_types(argv: &[String]) -> Result<String, UsageError> {
    match argv {
        [_, folder] => types::write(folder),
        _ => Err(UsageError::Arguments {
            message: "types takes one argument, the folder to write to".to_owned(),
            hint: "types DIR",
        }),
    }
}

/// Gives the runtime the permissions and the audit log of the flags. Without such flags the builder keeps its own.
///
/// # Errors
/// What is wrong with a flag.
fn restrict(builder: Builder, options: &Options) -> Result<Builder, UsageError> {
    let permissions = options.permissions.permissions()?;
    let builder = if permissions.is_restricted() { builder.permissions(permissions) } else { builder };
    match &options.audit {
        Some(path) => builder.audit(path).map_err(|error| UsageError::io("open the audit log", path, &error)),
        None => Ok(builder),
    }
}

/// Exits without finalizing the interpreter, which would only free what the system frees anyway.
fn exit_process(status: i32) -> ! {
    #[expect(
        clippy::exit,
        reason = "the one place where the process exits; threads still running end with it"
    )]
    std::process::exit(status)
}

/// Prepares what is specific to a command line, then runs the program.
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
        application.add_to_path(vm)?;
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

/// Runs the prompt after the program, if `-i` or the program itself asked for it.
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
        report_exit(vm, &exception);
    }
    repl::run(vm)
}

fn search_unless_safe(vm: &VirtualMachine, path: &str) -> PyResult<()> {
    if vm.state.config.settings.safe_path { Ok(()) } else { program::search_first(vm, path) }
}

fn run_file(vm: &VirtualMachine, name: &str, path: &str, skip_first_line: bool) -> PyResult<()> {
    let full_path = program::absolute(path);
    if let Err(error) = program::readable(&full_path) {
        let path = vm.ctx.new_str(full_path).as_object().repr(vm)?;
        let number = error.raw_os_error().unwrap_or_default();
        let text = program::describe(&error);
        write_stderr(vm, &format!("{name}: can't open file {path}: [Errno {number}] {text}\n"));
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

/// How the process is to exit.
struct ExitStatus {
    status: i32,
    /// Whether it was ended by Ctrl-C.
    is_interrupted: bool,
}

impl ExitStatus {
    /// Reports an uncaught exception.
    fn of(vm: &VirtualMachine, result: PyResult<()>) -> Self {
        let Err(exception) = result else {
            return Self { status: 0, is_interrupted: false };
        };
        let status = report_exit(vm, &exception);
        let is_interrupted = exception.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt);
        Self { status, is_interrupted }
    }
}

/// Reports on `sys.stderr` what ended a program. Returns the exit status.
fn report_exit(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> i32 {
    if let Some(request) = shutdown::exit_request(vm, exception) {
        if let Some(message) = request.message {
            let text = message.str(vm).map_or_else(|_| String::new(), |text| text.to_string());
            write_stderr(vm, &format!("{text}\n"));
        }
        return request.status;
    }
    if !shutdown::is_broken_stdout(vm, exception) {
        report::print(vm, exception);
    }
    1
}

/// Ends the process by SIGINT, so that a shell around it sees that it was interrupted and stops as well.
fn exit_by_interrupt() -> ! {
    #[cfg(unix)]
    if host_env::signal::set_sigint_default_onstack().is_ok() {
        // Only a process that blocks the signal survives this.
        let _ = host_env::signal::send_sigint_to_self();
    }
    exit_process(130)
}

fn write_stderr(vm: &VirtualMachine, text: &str) {
    PyStderr(vm).write_fmt(format_args!("{text}"));
}

/// Prints before there is an interpreter, or outside of its streams. A closed pipe is not an error.
fn print_to(stream: &mut impl Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
