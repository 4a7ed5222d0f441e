//! The options of the command line: one table, from which parsing, help, manual page and completions are derived.
//!
//! | file | what it is |
//! |---|---|
//! | `table` | every option, command and environment variable |
//! | `help` | what `-h`, `--help-all` and `compile -h` print |
//! | `manual` | the manual page |
//! | `completions` | what shells complete |

mod completions;
mod help;
mod manual;
mod table;

use super::error::UsageError;
use super::options::{Lists, Options};

pub(super) use completions::Shell;
pub(super) use help::{all_help, compile_help, help, usage};
pub(super) use manual::page as manual_page;
pub(super) use table::{COMPILE_FLAGS, FLAGS};

/// An option.
pub(in crate::cli) struct Flag {
    /// Its one-letter names, for example `h?`.
    pub(in crate::cli) short: &'static str,
    /// Its long name, without the dashes.
    pub(in crate::cli) long: &'static str,
    /// Its help text, one entry per line.
    pub(in crate::cli) help: &'static [&'static str],
    pub(in crate::cli) action: Action,
}

/// What an option does.
pub(in crate::cli) enum Action {
    /// Takes no value.
    Switch(fn(&mut Options)),
    /// Takes the value described by the first field, and rejects invalid ones.
    Value(&'static str, fn(&mut Options, &str) -> Result<(), UsageError>),
    /// Takes the value described, and may occur several times.
    Repeated(&'static str, fn(&mut Options) -> &mut Vec<String>),
    /// May take the value described, after an equals sign.
    Optional(&'static str, fn(&mut Options) -> &mut Lists),
    /// Takes the value described and ends the options: the rest belongs to the program.
    Command,
    /// As [`Action::Command`], for a module.
    Module,
}

/// The options that `compile` builds into an application.
pub(in crate::cli) fn built_in() -> impl Iterator<Item = &'static Flag> + Clone {
    FLAGS.iter().filter(|flag| flag.names().iter().any(|name| table::BUILT_IN.contains(&name.as_str())))
}

impl Flag {
    /// Every way to write it, for example `-h`, `-?` and `--help`.
    pub(in crate::cli) fn names(&self) -> Vec<String> {
        let long = Some(self.long).filter(|long| !long.is_empty()).map(|long| format!("--{long}"));
        self.short.chars().map(|letter| format!("-{letter}")).chain(long).collect()
    }

    /// Whether a word of a command line is this option, perhaps with its value in the same word.
    pub(in crate::cli) fn matches(&self, word: &str) -> bool {
        match word.strip_prefix("--") {
            Some(name) => name.split('=').next() == Some(self.long),
            None => word.chars().nth(1).is_some_and(|letter| self.short.contains(letter)),
        }
    }

    /// One of its names with the value it takes, for display: `-c cmd`, `--allow-net[=rules]`.
    fn display(&self, name: &str) -> String {
        match (&self.action, self.value()) {
            (Action::Optional(value, _), _) => format!("{name}[={value}]"),
            (_, Some(value)) => format!("{name} {value}"),
            (_, None) => name.to_owned(),
        }
    }

    /// What its value is called, if it must have one.
    fn value(&self) -> Option<&'static str> {
        match self.action {
            Action::Switch(_) | Action::Optional(..) => None,
            Action::Value(name, _) | Action::Repeated(name, _) => Some(name),
            Action::Command => Some("cmd"),
            Action::Module => Some("mod"),
        }
    }
}
