//! Parsing the words of a command line.

use std::ffi::OsString;

use super::error::{UsageError, similar};
use super::flags::{Action, COMPILE_FLAGS, FLAGS, Flag, built_in};
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
    /// The script of the application that this process is.
    Application,
    /// Standard input: a script, or a prompt if it is a terminal.
    Stdin,
}

/// A parsed command line.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) options: Options,
    pub(super) program: Program,
    /// `sys.argv`.
    pub(super) argv: Vec<String>,
}

/// Parses the words after the program's name.
///
/// # Errors
/// What is wrong, in the words of `CPython`.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, UsageError> {
    let mut words = words.into_iter().map(text);
    let mut options = Options::default();
    let mut program = None;
    while program.is_none() {
        let Some(word) = words.next().transpose()? else {
            break;
        };
        program = if word == "--" {
            // The options end here.
            words.next().transpose()?.map(file)
        } else if is_option(&word) {
            option(&word, FLAGS.iter(), &mut options, &mut words)?
        } else {
            Some(file(word))
        };
    }
    let (program, name) = program.unwrap_or((Program::Stdin, String::new()));
    let argv = std::iter::once(Ok(name)).chain(words).collect::<Result<_, _>>()?;
    Ok(Invocation { options, program, argv })
}

/// Whether a word is one or several options.
fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

/// How `compile` is used.
const COMPILE_EXAMPLE: &str = "compile script.py -o app";

/// What to compile.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) options: Options,
    pub(super) script: String,
    /// The words of the options to build in, as given.
    pub(super) built_in: Vec<String>,
}

/// Parses the words after `compile`. Options may be before and after the script.
///
/// # Errors
/// What is wrong.
pub(super) fn parse_compile(words: &[String]) -> Result<Request, UsageError> {
    let mut request = Request::default();
    let mut scripts = Vec::new();
    let mut rest = words.iter();
    loop {
        let before = rest.as_slice();
        let Some(word) = rest.next() else { break };
        if word == "--" {
            scripts.extend(rest.by_ref().cloned());
        } else if !is_option(word) {
            scripts.push(word.clone());
        } else if word == "-h" || word == "--help" {
            request.options.help = true;
        } else {
            let own = COMPILE_FLAGS.iter().any(|flag| flag.matches(word));
            let options = &mut request.options;
            let mut values = rest.by_ref().cloned().map(Ok);
            if own {
                option(word, COMPILE_FLAGS.iter(), options, &mut values)?;
            } else {
                let parsed = option(word, built_in(), options, &mut values);
                parsed.map_err(|error| error.of_command("compile"))?;
                let taken = before.len().saturating_sub(rest.len());
                request.built_in.extend(before.iter().take(taken).cloned());
            }
        }
    }
    request.script = match <[String; 1]>::try_from(scripts) {
        Ok([script]) => script,
        Err(scripts) if scripts.is_empty() => String::new(),
        Err(scripts) => {
            let message = format!("compile takes one script, got {}: {}", scripts.len(), scripts.join(", "));
            return Err(UsageError::Arguments { message, hint: COMPILE_EXAMPLE });
        }
    };
    if request.script.is_empty() && !request.options.help {
        let message = "compile takes a script".to_owned();
        return Err(UsageError::Arguments { message, hint: COMPILE_EXAMPLE });
    }
    Ok(request)
}

/// Parses a word that is an option, or several of one letter each.
fn option(
    word: &str,
    known: impl Iterator<Item = &'static Flag> + Clone,
    options: &mut Options,
    words: &mut impl Iterator<Item = Result<String, UsageError>>,
) -> Result<Option<(Program, String)>, UsageError> {
    let Some(name) = word.strip_prefix("--") else {
        return parse_letters(word.get(1..).unwrap_or_default(), known, options, words);
    };
    let (name, attached) = match name.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (name, None),
    };
    let flag = known.clone().find(|flag| flag.long == name).ok_or_else(|| {
        let names = known.filter(|flag| !flag.long.is_empty()).map(|flag| format!("--{}", flag.long));
        UsageError::UnknownOption {
            option: word.to_owned(),
            command: None,
            similar: similar(&format!("--{name}"), names),
        }
    })?;
    long_option(flag, attached, options, words)
}

/// A long option, whose value follows an equals sign or is the next word.
fn long_option(
    flag: &Flag,
    attached: Option<&str>,
    options: &mut Options,
    words: &mut impl Iterator<Item = Result<String, UsageError>>,
) -> Result<Option<(Program, String)>, UsageError> {
    let option = format!("--{}", flag.long);
    match (&flag.action, attached) {
        (Action::Optional(..), Some("")) => Err(UsageError::EmptyValue { option }),
        (Action::Optional(_, place), value) => {
            place(options).push(value.map(str::to_owned));
            Ok(None)
        }
        (Action::Switch(_), Some(value)) => {
            Err(UsageError::UnexpectedValue { option, value: value.to_owned() })
        }
        (_, Some(value)) => apply(flag, options, &option, || Ok(Some(value.to_owned()))),
        (_, None) => apply(flag, options, &option, || words.next().transpose()),
    }
}

/// Combined one-letter options, the last of which may take the rest or the next word: `-Ic CODE`, `-W error`.
fn parse_letters(
    letters: &str,
    known: impl Iterator<Item = &'static Flag> + Clone,
    options: &mut Options,
    words: &mut impl Iterator<Item = Result<String, UsageError>>,
) -> Result<Option<(Program, String)>, UsageError> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        let flag = known.clone().find(|flag| flag.short.contains(letter));
        let flag = flag.ok_or_else(|| UsageError::UnknownOption {
            option: format!("-{letter}"),
            command: None,
            similar: None,
        })?;
        if let Action::Switch(set) = flag.action {
            set(options);
            continue;
        }
        let attached = rest.as_str();
        let value =
            || if attached.is_empty() { words.next().transpose() } else { Ok(Some(attached.to_owned())) };
        return apply(flag, options, &format!("-{letter}"), value);
    }
    Ok(None)
}

/// Applies one option. Returns a program with its `sys.argv[0]` if that ends the options.
fn apply(
    flag: &Flag,
    options: &mut Options,
    name: &str,
    value: impl FnOnce() -> Result<Option<String>, UsageError>,
) -> Result<Option<(Program, String)>, UsageError> {
    let missing = || UsageError::MissingValue { option: name.to_owned() };
    match flag.action {
        Action::Switch(set) => set(options),
        Action::Optional(_, place) => place(options).push(None),
        Action::Repeated(_, place) => place(options).push(value()?.ok_or_else(missing)?),
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

/// A word as text.
///
/// # Errors
/// If it is not valid UTF-8.
pub(super) fn text(word: OsString) -> Result<String, UsageError> {
    word.into_string().map_err(|word| UsageError::NotUtf8 { word: word.to_string_lossy().into_owned() })
}

fn file(word: String) -> (Program, String) {
    let program = if word == "-" { Program::Stdin } else { Program::File(word.clone()) };
    (program, word)
}

#[cfg(test)]
mod tests {
    use tauraro_permissions::Permissions;

    use super::*;

    fn parsed(words: &[&str]) -> Result<Invocation, UsageError> {
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
        assert_eq!(flags(&["x"]).expect("valid"), Permissions::allow_all());
        assert_eq!(flags(&["--sandbox", "x"]).expect("valid"), none);
        let expected = none.clone().allow_net("a.test,b.test:80").expect("valid rules").allow_run();
        assert_eq!(
            flags(&["--allow-net=a.test", "--allow-run", "--allow-net=b.test:80", "--sandbox"])
                .expect("valid"),
            expected
        );
        let expected = none.allow_net("").expect("no list");
        let wide = flags(&["--allow-net=a.test", "--sandbox", "--allow-net", "x"]).expect("valid");
        assert_eq!(wide, expected);
        let error = flags(&["--deny-net=1.2.3.4/40"]).expect_err("no such network").to_string();
        assert!(error.starts_with("--deny-net: invalid rule '1.2.3.4/40'"), "{error}");
        assert_eq!(parsed(&["--audit=log", "x"]).expect("valid").options.audit.as_deref(), Some("log"));
    }

    #[test]
    fn compile_separates_its_options_from_those_to_build_in() {
        let compiled = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            parse_compile(&words)
        };
        let words = ["-OO", "--include", "a", "x.py", "-W", "error", "-oapp", "--include=b", "--allow-net=h"];
        let request = compiled(&words).expect("a valid command line");
        assert_eq!(request.script, "x.py");
        assert_eq!(request.built_in, ["-OO", "-W", "error", "--allow-net=h"]);
        assert_eq!(request.options.compile.output.as_deref(), Some("app"));
        assert_eq!(request.options.compile.include, ["a", "b"]);
        assert_eq!(request.options.optimize, 2);
        assert_eq!(compiled(&["--", "-x.py"]).expect("a script").script, "-x.py");
        for (words, message) in [
            (&["x.py", "y.py"][..], "compile takes one script, got 2: x.py, y.py"),
            (&["-c", "pass"], "Unknown option: -c of compile"),
            (&["x.py", "--man"], "unknown option --man of compile"),
            (&["x.py", "-o"], "Argument expected for the -o option"),
        ] {
            assert_eq!(compiled(words).expect_err("an error").to_string(), message);
        }
    }

    #[test]
    fn errors_name_the_word() {
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
            assert_eq!(parsed(words).expect_err("an error").to_string(), message);
        }
        let hint = |word| parsed(&[word]).expect_err("an error").hint();
        assert_eq!(hint("--alow-net=x").as_deref(), Some("did you mean --allow-net?"));
        assert_eq!(hint("--foo"), None);
    }
}
