//! What makes shells complete the options: `tauraro --completions bash`.

use std::fmt::Write;

use super::flags::{FLAGS, Flag};

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The shell of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// The commands that this shell is to run at its start.
    pub(super) fn script(self) -> String {
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

/// Whether the value is one of several words, as `bash|zsh|fish`.
fn choices(flag: &Flag) -> Option<Vec<&'static str>> {
    flag.value().filter(|value| value.contains('|')).map(|value| value.split('|').collect())
}

fn bash() -> String {
    let words: Vec<String> = FLAGS.iter().flat_map(Flag::spellings).collect();
    let mut cases = String::new();
    for flag in FLAGS {
        if let Some(choices) = choices(flag) {
            let _ = writeln!(
                cases,
                "        {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;",
                flag.spellings().join("|"),
                choices.join(" ")
            );
        }
    }
    format!(
        "_tauraro() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}\n    \
         case $before in\n{cases}    esac\n    \
         if [[ $word == -* ]]; then\n        COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n    \
         else\n        COMPREPLY=($(compgen -f -- \"$word\"))\n    fi\n}}\n\
         complete -o filenames -F _tauraro tauraro\n",
        words.join(" ")
    )
}

fn zsh() -> String {
    let mut script = "#compdef tauraro\n_tauraro() {\n    _arguments -s \\\n".to_owned();
    for flag in FLAGS {
        let text =
            summary(flag).replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
        let value = match (choices(flag), flag.value()) {
            (Some(choices), _) => format!(":value:({})", choices.join(" ")),
            (None, Some(value)) => format!(":{value}: "),
            (None, None) => String::new(),
        };
        for spelling in flag.spellings() {
            let _ = writeln!(script, "        '{spelling}[{text}]{value}' \\");
        }
    }
    script.push_str("        '*:file:_files'\n}\nif [ \"$funcstack[1]\" = _tauraro ]; then _tauraro \"$@\"; else compdef _tauraro tauraro; fi\n");
    script
}

fn fish() -> String {
    let mut script = String::new();
    for flag in FLAGS {
        script.push_str("complete -c tauraro");
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
        let _ = writeln!(script, " -d '{}'", summary(flag).replace('\\', "\\\\").replace('\'', "\\'"));
    }
    script
}
