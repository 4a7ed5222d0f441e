//! The table of every option, command and environment variable.

use super::completions::Shell;
use super::{Action, Flag};
use crate::cli::error::UsageError;
use crate::cli::options::{Lists, Options, Print, PycCheck};

const fn switch(short: &'static str, help: &'static [&'static str], set: fn(&mut Options)) -> Flag {
    Flag { short, long: "", help, action: Action::Switch(set) }
}

const fn list(
    long: &'static str,
    value: &'static str,
    help: &'static [&'static str],
    place: fn(&mut Options) -> &mut Lists,
) -> Flag {
    Flag { short: "", long, help, action: Action::Optional(value, place) }
}

/// A long option that may be given several times.
const fn repeated(
    long: &'static str,
    value: &'static str,
    help: &'static [&'static str],
    place: fn(&mut Options) -> &mut Vec<String>,
) -> Flag {
    Flag { short: "", long, help, action: Action::Repeated(value, place) }
}

/// The options in alphabetical order of their letters, the long ones last.
pub(in crate::cli) const FLAGS: &[Flag] = &[
    switch(
        "b",
        &[
            "issue warnings about converting bytes/bytearray to str and comparing",
            "bytes/bytearray with str or bytes with int. (-bb: issue errors)",
        ],
        |options| options.bytes_warning = options.bytes_warning.saturating_add(1),
    ),
    switch("B", &["don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x"], |options| {
        options.no_bytecode = true;
    }),
    Flag {
        short: "c",
        long: "",
        help: &["program passed in as string (terminates option list)"],
        action: Action::Command,
    },
    switch("d", &["turn on parser debugging output (no effect); also PYTHONDEBUG=x"], |options| {
        options.debug = options.debug.saturating_add(1);
    }),
    switch("E", &["ignore PYTHON* environment variables (such as PYTHONPATH)"], |options| {
        options.ignore_environment = true;
    }),
    Flag {
        short: "h?",
        long: "help",
        help: &["print this help message and exit"],
        action: Action::Switch(|options| options.help = true),
    },
    switch(
        "i",
        &[
            "inspect interactively after running script; forces a prompt even",
            "if stdin does not appear to be a terminal; also PYTHONINSPECT=x",
        ],
        |options| options.inspect = true,
    ),
    switch("I", &["isolate from the user's environment (implies -E, -P and -s)"], |options| {
        options.isolated = true;
    }),
    Flag {
        short: "m",
        long: "",
        help: &["run library module as a script (terminates option list)"],
        action: Action::Module,
    },
    switch("O", &["remove assertions and what __debug__ guards; also PYTHONOPTIMIZE=x"], |options| {
        options.optimize = options.optimize.saturating_add(1);
    }),
    switch("P", &["don't put an unsafe path first on sys.path; also PYTHONSAFEPATH=x"], |options| {
        options.safe_path = true;
    }),
    switch("q", &["don't print version and copyright messages on interactive startup"], |options| {
        options.quiet = true;
    }),
    switch("R", &["randomize hashes even if PYTHONHASHSEED says otherwise"], |options| {
        options.random_hashes = true;
    }),
    switch("s", &["don't add user site directory to sys.path; also PYTHONNOUSERSITE=x"], |options| {
        options.no_user_site = true;
    }),
    switch("S", &["don't look for site-packages, sitecustomize and .pth files"], |options| {
        options.no_site = true;
    }),
    switch(
        "u",
        &[
            "force the stdout and stderr streams to be unbuffered;",
            "this option has no effect on stdin; also PYTHONUNBUFFERED=x",
        ],
        |options| options.unbuffered = true,
    ),
    switch("v", &["verbose (trace import statements); also PYTHONVERBOSE=x"], |options| {
        options.verbose = options.verbose.saturating_add(1);
    }),
    Flag {
        short: "V",
        long: "version",
        help: &["print the version and exit; when given twice, print more"],
        action: Action::Switch(|options| options.version = options.version.saturating_add(1)),
    },
    Flag {
        short: "W",
        long: "",
        help: &["warning control; arg is action:message:category:module:lineno", "also PYTHONWARNINGS=arg"],
        action: Action::Value("arg", |options, value| {
            options.warnings.push(value.to_owned());
            Ok(())
        }),
    },
    switch("x", &["skip first line of source, allowing use of non-Unix forms of #!cmd"], |options| {
        options.skip_first_line = true;
    }),
    Flag {
        short: "X",
        long: "",
        help: &[
            "set implementation-specific option: cpu_count=n, dev, faulthandler,",
            "int_max_str_digits=n, no_debug_ranges, utf8[=0|1], warn_default_encoding",
        ],
        action: Action::Value("opt", |options, value| {
            options.implementation.push(value.to_owned());
            Ok(())
        }),
    },
    list("allow-env", "names", &["environment variables to see and set, such as HOME,APP_*"], |options| {
        &mut options.permissions.env
    }),
    Flag {
        short: "",
        long: "allow-ffi",
        help: &["with --sandbox: let ctypes load foreign libraries"],
        action: Action::Switch(|options| options.permissions.ffi = true),
    },
    list("allow-listen", "rules", &["addresses and ports to listen at, such as 127.0.0.1:8000"], |options| {
        &mut options.permissions.listen
    }),
    list(
        "allow-net",
        "rules",
        &[
            "hosts to connect to: names, *.wildcards, addresses, networks, each with",
            ":port or :from-to if wanted; unix:/path",
        ],
        |options| &mut options.permissions.net,
    ),
    list("allow-read", "paths", &["files and folders to read"], |options| &mut options.permissions.read),
    Flag {
        short: "",
        long: "allow-run",
        help: &["with --sandbox: let processes be started"],
        action: Action::Switch(|options| options.permissions.run = true),
    },
    list("allow-write", "paths", &["files and folders to write"], |options| &mut options.permissions.write),
    Flag {
        short: "",
        long: "audit",
        help: &["append a line of JSON for every connection, listener, process and file"],
        action: Action::Value("file", |options, value| {
            options.audit = Some(value.to_owned());
            Ok(())
        }),
    },
    Flag {
        short: "",
        long: "check-hash-based-pycs",
        help: &["control how hash-based .pyc files are invalidated"],
        action: Action::Value("always|default|never", |options, value| {
            options.pyc_check = match value {
                "always" => PycCheck::Always,
                "default" => PycCheck::Default,
                "never" => PycCheck::Never,
                _ => {
                    return Err(UsageError::invalid_value(
                        "--check-hash-based-pycs must be one of 'default', 'always', or 'never'",
                    ));
                }
            };
            Ok(())
        }),
    },
    Flag {
        short: "",
        long: "completions",
        help: &["print what makes a shell complete these options, and exit"],
        action: Action::Value("bash|zsh|fish", |options, value| {
            let shell = Shell::named(value);
            let shell = shell.ok_or_else(|| {
                let message = format!("--completions must be one of 'bash', 'zsh', or 'fish', not '{value}'");
                UsageError::invalid_value(message)
            })?;
            options.print = Some(Print::Completions(shell));
            Ok(())
        }),
    },
    Flag {
        short: "",
        long: "help-all",
        help: &["print every option and environment variable, and exit"],
        action: Action::Switch(|options| options.print = Some(Print::AllHelp)),
    },
    Flag {
        short: "",
        long: "man",
        help: &["print the manual page, for man -l -, and exit"],
        action: Action::Switch(|options| options.print = Some(Print::Manual)),
    },
    list("deny-net", "rules", &["hosts never to connect to, whatever else is allowed"], |options| {
        &mut options.permissions.denied_net
    }),
    Flag {
        short: "",
        long: "sandbox",
        help: &["allow nothing but what the --allow flags name"],
        action: Action::Switch(|options| options.permissions.sandbox = true),
    },
];

/// The options of `compile` alone.
pub(in crate::cli) const COMPILE_FLAGS: &[Flag] = &[
    Flag {
        short: "o",
        long: "output",
        help: &["the application to write; by default the script's name without .py"],
        action: Action::Value("file", |options, value| {
            options.compile.output = Some(value.to_owned());
            Ok(())
        }),
    },
    repeated(
        "include",
        "name",
        &["a module or package that is only imported by a name made at run time"],
        |options| &mut options.compile.include,
    ),
    repeated("exclude", "name", &["a module or package to leave out, and all below it"], |options| {
        &mut options.compile.exclude
    }),
    repeated("data", "path", &["a file or folder for importlib.resources, beside the modules"], |options| {
        &mut options.compile.data
    }),
];

/// The options that `compile` builds into an application.
pub(super) const BUILT_IN: &[&str] = &[
    "-b",
    "-O",
    "-u",
    "-v",
    "-W",
    "-X",
    "--allow-env",
    "--allow-ffi",
    "--allow-listen",
    "--allow-net",
    "--allow-read",
    "--allow-run",
    "--allow-write",
    "--audit",
    "--deny-net",
    "--sandbox",
];

/// The options that `-h` shows, so that it fits a screen.
pub(super) const COMMON: &[&str] =
    &["-c", "-m", "-i", "-q", "-u", "-B", "-E", "-I", "-O", "-P", "-W", "-X", "-V", "-h", "--sandbox"];

/// What may follow the options.
pub(super) const OPERANDS: &[(&str, &str)] = &[
    ("file", "program read from script file, folder or zip file"),
    ("-", "program read from stdin (default; interactive mode if a tty)"),
    ("arg ...", "arguments passed to program in sys.argv[1:]"),
];

/// Words for what Tauraro itself does, instead of running a program. A file of that name takes precedence.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("compile FILE", "make one executable of a script and all that it imports; compile -h for more"),
    ("serve APP", "serve an ASGI or WSGI application, or handlers, over HTTP; serve -h for more"),
    ("types DIR", "write the type stubs of the modules to DIR, for editors and type checkers"),
];

/// The environment variables that are not mentioned at an option.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("PYTHONPATH", "folders and zip files to search for modules, separated by ':'"),
    ("PYTHONSTARTUP", "file executed on interactive startup (no default)"),
    ("PYTHONHASHSEED", "seed of the hashes of str and bytes, or 'random'"),
    ("PYTHONIOENCODING", "encoding[:errors] of stdin, stdout and stderr"),
    ("TAURARO_HISTORY", "where the interactive prompt keeps its history"),
    ("NO_COLOR", "no colors at the prompt, if not empty"),
];
