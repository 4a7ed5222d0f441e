//! What shells complete: `tauraro --completions bash`.

use std::fmt::Write;

use super::table::COMMANDS;
use super::{COMPILE_FLAGS, FLAGS, Flag, built_in};

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The shell of that name.
    pub(in crate::cli) fn named(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// The script for the shell to run at its start.
    pub(in crate::cli) fn script(self) -> String {
        match self {
            Self::Bash => bash(),
            Self::Zsh => zsh(),
            Self::Fish => fish(),
        }
    }
}

fn summary(flag: &Flag) -> &'static str {
    flag.help.first().copied().unwrap_or_default()
}

/// The values, if they are fixed, such as `bash|zsh|fish`.
fn choices(flag: &Flag) -> Option<Vec<&'static str>> {
    flag.value().filter(|value| value.contains('|')).map(|value| value.split('|').collect())
}

/// The words that are commands.
fn commands() -> Vec<&'static str> {
    COMMANDS.iter().filter_map(|(command, _)| command.split(' ').next()).collect()
}

/// The options that may follow `compile`.
fn of_compile() -> impl Iterator<Item = &'static Flag> {
    COMPILE_FLAGS.iter().chain(built_in())
}

fn bash() -> String {
    let words = |flags: &mut dyn Iterator<Item = &'static Flag>| {
        flags.flat_map(Flag::names).collect::<Vec<_>>().join(" ")
    };
    let mut cases = String::new();
    for flag in FLAGS {
        if let Some(choices) = choices(flag) {
            let _ = writeln!(
                cases,
                "        {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;",
                flag.names().join("|"),
                choices.join(" ")
            );
        }
    }
    format!(
        "_tauraro() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} commands=\n    \
         local options='{}'\n    \
         if [[ $COMP_CWORD == 1 ]]; then commands='{}'\n    \
         elif [[ ${{COMP_WORDS[1]}} == compile ]]; then options='{}'\n    fi\n    \
         case $before in\n{cases}    esac\n    \
         if [[ $word == -* ]]; then\n        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n    \
         else\n        COMPREPLY=($(compgen -W \"$commands\" -f -- \"$word\"))\n    fi\n}}\n\
         complete -o filenames -F _tauraro tauraro\n",
        words(&mut FLAGS.iter()),
        commands().join(" "),
        words(&mut of_compile()),
    )
}

fn zsh() -> String {
    let mut script = "#compdef tauraro\n_tauraro() {\n    if (( CURRENT > 2 )) && [[ $words[2] == compile ]]; then\n        \
                      shift words; (( CURRENT-- ))\n        _arguments -s \\\n"
        .to_owned();
    of_compile().for_each(|flag| zsh_flag(&mut script, flag));
    script.push_str("            '*:file:_files'\n        return\n    fi\n    _arguments -s \\\n");
    for flag in FLAGS {
        zsh_flag(&mut script, flag);
    }
    let commands = commands().join(" ");
    let _ = writeln!(script, "            '1:program:{{compadd {commands}; _files}}' \\");
    script.push_str("            '*:file:_files'\n}\nif [ \"$funcstack[1]\" = _tauraro ]; then _tauraro \"$@\"; else compdef _tauraro tauraro; fi\n");
    script
}

fn zsh_flag(script: &mut String, flag: &Flag) {
    let text =
        summary(flag).replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
    let value = match (choices(flag), flag.value()) {
        (Some(choices), _) => format!(":value:({})", choices.join(" ")),
        (None, Some(value)) => format!(":{value}: "),
        (None, None) => String::new(),
    };
    for name in flag.names() {
        let _ = writeln!(script, "            '{name}[{text}]{value}' \\");
    }
}

fn fish() -> String {
    let mut script = String::new();
    for (command, explanation) in COMMANDS {
        let word = command.split(' ').next().unwrap_or_default();
        let _ = writeln!(
            script,
            "complete -c tauraro -n __fish_is_first_token -a {word} -d '{}'",
            fish_text(explanation)
        );
    }
    for flag in FLAGS {
        fish_flag(&mut script, flag, "");
    }
    for flag in COMPILE_FLAGS {
        fish_flag(&mut script, flag, " -n '__fish_seen_subcommand_from compile'");
    }
    script
}

fn fish_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

fn fish_flag(script: &mut String, flag: &Flag, condition: &str) {
    script.push_str("complete -c tauraro");
    script.push_str(condition);
    for letter in flag.short.chars() {
        let _ = write!(script, " -s '{letter}'");
    }
    if !flag.long.is_empty() {
        let _ = write!(script, " -l {}", flag.long);
    }
    if let Some(choices) = choices(flag) {
        let _ = write!(script, " -x -a '{}'", choices.join(" "));
    } else if flag.value().is_some() {
        script.push_str(" -r");
    }
    let _ = writeln!(script, " -d '{}'", fish_text(summary(flag)));
}
