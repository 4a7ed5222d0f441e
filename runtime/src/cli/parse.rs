//! From the words of a command line to what to run.

use std::ffi::OsString;

use super::flags::{Action, FLAGS, Flag};
use super::options::Options;

/// What to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// `-c CODE`.
    Command(String),
    /// `-m NAME`.
    Module(String),
    /// A script.
    File(String),
    /// Standard input: a script, or a prompt if it is a terminal.
    Stdin,
}

/// A command line, understood.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) options: Options,
    pub(super) program: Program,
    /// `sys.argv`.
    pub(super) argv: Vec<String>,
}

/// Understands the words after the program's name.
///
/// # Errors
/// What is wrong, in `CPython`'s words.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, String> {
    let mut words = words.into_iter().map(|word| {
        word.into_string().map_err(|word| format!("argument is not valid UTF-8: {}", word.to_string_lossy()))
    });
    let mut options = Options::default();
    let mut program = None;
    while program.is_none() {
        let Some(word) = words.next().transpose()? else {
            break;
        };
        if let Some(name) = word.strip_prefix("--") {
            if name.is_empty() {
                // The options end here.
                program = words.next().transpose()?.map(file);
            } else {
                let (name, attached) = match name.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (name, None),
                };
                let flag = FLAGS.iter().find(|flag| flag.long == name);
                let flag = flag.ok_or_else(|| format!("unknown option {word}"))?;
                program = long_option(flag, attached, &mut options, &mut words)?;
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            program = parse_letters(letters, &mut options, &mut words)?;
        } else {
            program = Some(file(word));
        }
    }
    let (program, name) = program.unwrap_or((Program::Stdin, String::new()));
    let argv = std::iter::once(Ok(name)).chain(words).collect::<Result<_, _>>()?;
    Ok(Invocation { options, program, argv })
}

/// An option of whole words, whose value follows an equals sign or is the next word.
fn long_option(
    flag: &Flag,
    attached: Option<&str>,
    options: &mut Options,
    words: &mut impl Iterator<Item = Result<String, String>>,
) -> Result<Option<(Program, String)>, String> {
    let spelling = format!("--{}", flag.long);
    match (&flag.action, attached) {
        (Action::Optional(..), Some("")) => Err(format!("a value is missing after {spelling}=")),
        (Action::Optional(_, place), value) => {
            place(options).push(value.map(str::to_owned));
            Ok(None)
        }
        (Action::Switch(_), Some(value)) => Err(format!("{spelling} takes no value, not '{value}'")),
        (_, Some(value)) => act(flag, options, &spelling, || Ok(Some(value.to_owned()))),
        (_, None) => act(flag, options, &spelling, || words.next().transpose()),
    }
}

/// Combined one-letter options, the last of which may take the rest or the next word: `-Ic CODE`, `-W error`.
fn parse_letters(
    letters: &str,
    options: &mut Options,
    words: &mut impl Iterator<Item = Result<String, String>>,
) -> Result<Option<(Program, String)>, String> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        let flag = FLAGS.iter().find(|flag| flag.short.contains(letter));
        let flag = flag.ok_or_else(|| format!("Unknown option: -{letter}"))?;
        if let Action::Switch(set) = flag.action {
            set(options);
            continue;
        }
        let attached = rest.as_str();
        let value =
            || if attached.is_empty() { words.next().transpose() } else { Ok(Some(attached.to_owned())) };
        return act(flag, options, &format!("-{letter}"), value);
    }
    Ok(None)
}

/// Applies one option; a program with its `sys.argv[0]` if that ends the options.
fn act(
    flag: &Flag,
    options: &mut Options,
    spelling: &str,
    value: impl FnOnce() -> Result<Option<String>, String>,
) -> Result<Option<(Program, String)>, String> {
    let missing = || format!("Argument expected for the {spelling} option");
    match flag.action {
        Action::Switch(set) => set(options),
        Action::Optional(_, place) => place(options).push(None),
        Action::Value(_, set) => set(options, &value()?.ok_or_else(missing)?)?,
        Action::Command => {
            let code = value()?.ok_or_else(missing)?;
            return Ok(Some((Program::Command(code), "-c".to_owned())));
        }
        Action::Module => {
            let name = value()?.ok_or_else(missing)?;
            return Ok(Some((Program::Module(name), "-m".to_owned())));
        }
    }
    Ok(None)
}

fn file(word: String) -> (Program, String) {
    let program = if word == "-" { Program::Stdin } else { Program::File(word.clone()) };
    (program, word)
}

#[cfg(test)]
mod tests {
    use tauraro_engine::permissions::Permissions;

    use super::*;

    fn parsed(words: &[&str]) -> Result<Invocation, String> {
        parse(words.iter().map(OsString::from))
    }

    fn program(words: &[&str]) -> (Program, Vec<String>) {
        let invocation = parsed(words).expect("a valid command line");
        (invocation.program, invocation.argv)
    }

    #[test]
    fn arguments_of_a_program_are_not_ours() {
        assert_eq!(
            program(&["-I", "a.py", "-c", "--help"]),
            (Program::File("a.py".into()), vec!["a.py".into(), "-c".into(), "--help".into()])
        );
        assert_eq!(
            program(&["-Ic", "pass", "-V"]),
            (Program::Command("pass".into()), vec!["-c".into(), "-V".into()])
        );
        assert_eq!(
            program(&["-mjson.tool", "x"]),
            (Program::Module("json.tool".into()), vec!["-m".into(), "x".into()])
        );
        assert_eq!(program(&["-", "x"]), (Program::Stdin, vec!["-".into(), "x".into()]));
        assert_eq!(program(&[]), (Program::Stdin, vec![String::new()]));
        assert_eq!(program(&["--", "-c"]), (Program::File("-c".into()), vec!["-c".into()]));
    }

    #[test]
    fn letters_combine_and_count() {
        let options = parsed(&["-OOBWerror", "-X", "dev", "-W", "ignore", "x"]).expect("valid").options;
        assert_eq!((options.optimize, options.no_bytecode), (2, true));
        assert_eq!(options.warnings, ["error", "ignore"]);
        assert_eq!(options.implementation, ["dev"]);
    }

    #[test]
    fn permissions_are_collected_in_any_order() {
        let flags = |words: &[&str]| {
            let options = parsed(words).expect("a valid command line").options;
            options.permissions.permissions()
        };
        let none = Permissions::none();
        assert_eq!(flags(&["x"]), Ok(Permissions::allow_all()));
        assert_eq!(flags(&["--sandbox", "x"]), Ok(none.clone()));
        let expected = none.clone().allow_net("a.test,b.test:80").expect("valid rules").allow_run();
        assert_eq!(
            flags(&["--allow-net=a.test", "--allow-run", "--allow-net=b.test:80", "--sandbox"]),
            Ok(expected)
        );
        let expected = none.allow_net("").expect("no list");
        assert_eq!(flags(&["--allow-net=a.test", "--sandbox", "--allow-net", "x"]), Ok(expected));
        let mistake = flags(&["--deny-net=1.2.3.4/40"]).expect_err("no such network");
        assert!(mistake.starts_with("--deny-net: invalid rule '1.2.3.4/40'"), "{mistake}");
        assert_eq!(parsed(&["--audit=log", "x"]).expect("valid").options.audit.as_deref(), Some("log"));
    }

    #[test]
    fn mistakes_are_named() {
        for (words, message) in [
            (&["-z"][..], "Unknown option: -z"),
            (&["-Bz"], "Unknown option: -z"),
            (&["--foo"], "unknown option --foo"),
            (&["-c"], "Argument expected for the -c option"),
            (&["-BW"], "Argument expected for the -W option"),
            (&["--allow-net="], "a value is missing after --allow-net="),
            (&["--sandbox=yes"], "--sandbox takes no value, not 'yes'"),
            (&["--audit"], "Argument expected for the --audit option"),
            (
                &["--check-hash-based-pycs", "x"],
                "--check-hash-based-pycs must be one of 'default', 'always', or 'never'",
            ),
        ] {
            assert_eq!(parsed(words).expect_err("a mistake"), message);
        }
    }
}
