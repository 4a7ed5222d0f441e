//! Every option of the command line: the one table from which parsing, help, manual page and completions
//! are derived.

use std::fmt::Write;

use super::completions::Shell;
use super::options::{Lists, Options, Print, PycCheck};

/// An option.
pub(super) struct Flag {
    /// Its one-letter spellings, for example `h?`.
    pub(super) short: &'static str,
    /// Its long spelling, without the dashes.
    pub(super) long: &'static str,
    /// What `-h` says of it, one line an entry.
    pub(super) help: &'static [&'static str],
    pub(super) action: Action,
}

/// What an option does.
pub(super) enum Action {
    /// Takes no value.
    Switch(fn(&mut Options)),
    /// Takes the value described by the first field; a refusal says why.
    Value(&'static str, fn(&mut Options, &str) -> Result<(), String>),
    /// Takes the value described, and may be given several times.
    Repeated(&'static str, fn(&mut Options) -> &mut Vec<String>),
    /// May take the value described, after an equals sign.
    Optional(&'static str, fn(&mut Options) -> &mut Lists),
    /// Takes the value described and ends the options: the rest belongs to the program.
    Command,
    /// As [`Action::Command`], for a module.
    Module,
}

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
pub(super) const FLAGS: &[Flag] = &[
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
    switch("R", &["randomise hashes even if PYTHONHASHSEED says otherwise"], |options| {
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
                    return Err(
                        "--check-hash-based-pycs must be one of 'default', 'always', or 'never'".to_owned()
                    );
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
            let refusal = || format!("--completions must be one of 'bash', 'zsh', or 'fish', not '{value}'");
            options.print = Some(Print::Completions(shell.ok_or_else(refusal)?));
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
pub(super) const COMPILE_FLAGS: &[Flag] = &[
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
const BUILT_IN: &[&str] = &[
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

/// The options that `compile` builds into an application.
pub(super) fn built_in() -> impl Iterator<Item = &'static Flag> + Clone {
    FLAGS.iter().filter(|flag| flag.spellings().iter().any(|spelling| BUILT_IN.contains(&spelling.as_str())))
}

impl Flag {
    /// Every way to write it, for example `-h`, `-?` and `--help`.
    pub(super) fn spellings(&self) -> Vec<String> {
        let long = Some(self.long).filter(|long| !long.is_empty()).map(|long| format!("--{long}"));
        self.short.chars().map(|letter| format!("-{letter}")).chain(long).collect()
    }

    /// Whether a word of a command line is this option, perhaps with its value in the same word.
    pub(super) fn is_meant_by(&self, word: &str) -> bool {
        match word.strip_prefix("--") {
            Some(name) => name.split('=').next() == Some(self.long),
            None => word.chars().nth(1).is_some_and(|letter| self.short.contains(letter)),
        }
    }

    /// One of its spellings with the value it takes, for people: `-c cmd`, `--allow-net[=rules]`.
    pub(super) fn shown(&self, spelling: &str) -> String {
        match (&self.action, self.value()) {
            (Action::Optional(value, _), _) => format!("{spelling}[={value}]"),
            (_, Some(value)) => format!("{spelling} {value}"),
            (_, None) => spelling.to_owned(),
        }
    }

    /// What its value is called, if it must have one.
    pub(super) fn value(&self) -> Option<&'static str> {
        match self.action {
            Action::Switch(_) | Action::Optional(..) => None,
            Action::Value(name, _) | Action::Repeated(name, _) => Some(name),
            Action::Command => Some("cmd"),
            Action::Module => Some("mod"),
        }
    }
}

/// The options that `-h` shows, which is to fit a screen.
const COMMON: &[&str] =
    &["-c", "-m", "-i", "-q", "-u", "-B", "-E", "-I", "-O", "-P", "-W", "-X", "-V", "-h", "--sandbox"];

/// What may stand after the options.
pub(super) const OPERANDS: &[(&str, &str)] = &[
    ("file", "program read from script file, folder or zip file"),
    ("-", "program read from stdin (default; interactive mode if a tty)"),
    ("arg ...", "arguments passed to program in sys.argv[1:]"),
];

/// Words that name no program but something for Tauraro itself to do. A file of the name goes first.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("compile FILE", "make one executable of a script and all that it imports; compile -h for more"),
    ("types DIR", "write the type stubs of the modules to DIR, for editors and type checkers"),
];

/// The environment variables that no option mentions.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("PYTHONPATH", "folders and zip files to search for modules, separated by ':'"),
    ("PYTHONSTARTUP", "file executed on interactive startup (no default)"),
    ("PYTHONHASHSEED", "seed of the hashes of str and bytes, or 'random'"),
    ("PYTHONIOENCODING", "encoding[:errors] of stdin, stdout and stderr"),
    ("TAURARO_HISTORY", "where the interactive prompt keeps its history"),
    ("NO_COLOR", "no colours at the prompt, if not empty"),
];

/// The line that describes the shape of a command.
pub(super) fn usage(program: &str) -> String {
    let program = short(program);
    format!("usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n")
}

/// The program's name without the folder that it is in.
fn short(program: &str) -> &str {
    program.rsplit(std::path::MAIN_SEPARATOR).next().unwrap_or(program)
}

/// What `-h` prints: the options that people use, a line each.
pub(super) fn help(program: &str) -> String {
    let mut text = usage(program);
    let program = short(program);
    for (command, _) in COMMANDS {
        // Writing into a String cannot fail, here and below.
        let _ = writeln!(text, "       {program} {command}");
    }
    for flag in FLAGS {
        let spellings = flag.spellings();
        let Some(spelling) = spellings.iter().find(|spelling| COMMON.contains(&spelling.as_str())) else {
            continue;
        };
        let name = flag.shown(spelling);
        let line = format!("{name:6} : {}", flag.help.first().copied().unwrap_or_default());
        text.push_str(line.trim_end_matches([',', ';']));
        text.push('\n');
    }
    let list = |text: &mut String, entries: &[(&str, &str)]| {
        for (name, explanation) in entries {
            let _ = writeln!(text, "{name:7}: {explanation}");
        }
    };
    list(&mut text, OPERANDS);
    text.push_str("Every option and environment variable: --help-all, or as a manual page --man\n");
    text
}

/// What `--help-all` prints.
pub(super) fn all_help(program: &str) -> String {
    let mut text = usage(program);
    text.push_str("Options (and corresponding environment variables):\n");
    for flag in FLAGS {
        describe(&mut text, flag);
    }
    text.push_str("Options of compile:\n");
    for flag in COMPILE_FLAGS {
        describe(&mut text, flag);
    }
    let sections = [("Arguments:", 7, OPERANDS), ("Commands:", 12, COMMANDS)];
    for (title, width, entries) in
        sections.into_iter().chain([("Other environment variables:", 16, ENVIRONMENT)])
    {
        let _ = writeln!(text, "{title}");
        for (name, explanation) in entries {
            let _ = writeln!(text, "{name:width$}: {explanation}");
        }
    }
    text
}

/// What `compile -h` prints.
pub(super) fn compile_help(program: &str) -> String {
    let mut text = format!("usage: {} compile [option] ... file\n", short(program));
    text.push_str("Makes one executable of a script, all that it imports, and this runtime.\nOptions:\n");
    for flag in COMPILE_FLAGS {
        describe(&mut text, flag);
    }
    text.push_str("Options that the executable will always run with, which nobody can change:\n");
    for flag in built_in() {
        describe(&mut text, flag);
    }
    text
}

fn describe(text: &mut String, flag: &Flag) {
    let mut spellings = flag.spellings().into_iter();
    let name = flag.shown(&spellings.next().unwrap_or_default());
    let also: Vec<String> = spellings.collect();
    let mut lines = flag.help.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    if let Some(last) = lines.last_mut()
        && !also.is_empty()
    {
        *last = format!("{last} (also {})", also.join(" or "));
    }
    // A name too long for its column stands on a line of its own.
    let mut column = if name.len() > 6 { format!("{name}:\n{:9}", "") } else { format!("{name:6} : ") };
    for line in lines {
        text.push_str(&column);
        text.push_str(&line);
        text.push('\n');
        column = " ".repeat(9);
    }
}
