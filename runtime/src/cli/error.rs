//! What is wrong with a command line.

use std::borrow::Cow;
use std::fmt;
use std::io;

use tauraro_permissions::InvalidRule;

use crate::program;

/// Why a command line cannot be run. Displays as a line for the user; [`hint`](Self::hint) says what to do.
#[derive(Debug)]
pub(super) enum UsageError {
    /// The option does not exist, in general or for a command; `similar` is one that does.
    UnknownOption { option: String, command: Option<&'static str>, similar: Option<String> },
    /// An option has no value.
    MissingValue { option: String },
    /// An option has an empty value after its equals sign.
    EmptyValue { option: String },
    /// An option takes no value and has one.
    UnexpectedValue { option: String, value: String },
    /// A value is invalid, of an option or an environment variable.
    InvalidValue { message: Cow<'static, str> },
    /// A permission is invalid.
    InvalidRule { option: String, error: InvalidRule },
    /// A word is not text.
    NotUtf8 { word: String },
    /// A command has other arguments than it takes.
    Arguments { message: String, hint: &'static str },
    /// Options are before the command that they belong to.
    OptionsBeforeCommand { command: &'static str },
    /// A file cannot be used. `action` is what was tried: `write`, `open the audit log`.
    File { action: &'static str, path: String, reason: String, hint: Option<&'static str> },
}

impl UsageError {
    pub(super) fn invalid_value(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidValue { message: message.into() }
    }

    /// A file cannot be used, for a reason of the system.
    pub(super) fn io(action: &'static str, path: impl fmt::Display, error: &io::Error) -> Self {
        Self::File { action, path: path.to_string(), reason: program::describe(error), hint: None }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownOption { similar: Some(similar), .. } => Some(format!("did you mean {similar}?")),
            Self::OptionsBeforeCommand { command } => {
                Some(format!("write the command first: {command} --sandbox script.py"))
            }
            Self::Arguments { hint, .. } | Self::File { hint: Some(hint), .. } => Some((*hint).to_owned()),
            _ => None,
        }
    }

    /// The same of a command.
    pub(super) fn of_command(self, name: &'static str) -> Self {
        match self {
            Self::UnknownOption { option, similar, .. } => {
                Self::UnknownOption { option, command: Some(name), similar }
            }
            other => other,
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOption { option, command, .. } => {
                // In the words of CPython.
                let known = if option.starts_with("--") { "unknown option" } else { "Unknown option:" };
                write!(f, "{known} {option}")?;
                command.map_or(Ok(()), |command| write!(f, " of {command}"))
            }
            Self::MissingValue { option } => write!(f, "Argument expected for the {option} option"),
            Self::EmptyValue { option } => write!(f, "a value is missing after {option}="),
            Self::UnexpectedValue { option, value } => write!(f, "{option} takes no value, not '{value}'"),
            Self::InvalidValue { message } => f.write_str(message),
            Self::InvalidRule { option, error } => write!(f, "{option}: {error}"),
            Self::NotUtf8 { word } => write!(f, "argument is not valid UTF-8: {word}"),
            Self::Arguments { message, .. } => f.write_str(message),
            Self::OptionsBeforeCommand { command } => write!(f, "options go after the command {command}"),
            Self::File { action, path, reason, .. } => write!(f, "cannot {action} {path}: {reason}"),
        }
    }
}

impl std::error::Error for UsageError {}

/// The one of `known` that is most like `word`, if any is alike.
pub(super) fn similar(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let limit = word.len() / 3;
    let (distance, name) = known.map(|name| (distance(word, &name), name)).min()?;
    (distance <= limit).then_some(name)
}

/// How many letters must be added, removed or replaced to make `one` `other`.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (place, expected) in row.iter_mut().zip(std::iter::once(None).chain(other.chars().map(Some))) {
            let above = *place;
            if let Some(expected) = expected {
                left = (diagonal + usize::from(letter != expected)).min(above + 1).min(left + 1);
            }
            *place = left;
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("--sandbx", "--sandbox", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
        let known = || ["--allow-net", "--allow-env", "--man"].into_iter().map(str::to_owned);
        assert_eq!(similar("--alow-net", known()).as_deref(), Some("--allow-net"));
        assert_eq!(similar("--foo", known()), None);
    }
}
