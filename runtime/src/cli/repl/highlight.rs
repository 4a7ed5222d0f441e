//! Colors for source and prompt.

use std::fmt::Write;

use super::lexer::{self, Kind};

/// Back to the terminal's own colors.
const RESET: &str = "\x1b[0m";
const PROMPT: &str = "\x1b[1;35m";

/// `source` with escape sequences for its colors; its width does not change.
pub(super) fn source(source: &str) -> String {
    let mut colored = String::with_capacity(source.len() * 2);
    let mut position = 0;
    for token in lexer::tokens(source) {
        let Some(color) = color(token.kind) else {
            continue;
        };
        let before = source.get(position..token.range.start).unwrap_or_default();
        let word = source.get(token.range.clone()).unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = write!(colored, "{before}{color}{word}{RESET}");
        position = token.range.end;
    }
    colored.push_str(source.get(position..).unwrap_or_default());
    colored
}

/// A prompt in its color.
pub(super) fn prompt(prompt: &str) -> String {
    format!("{PROMPT}{prompt}{RESET}")
}

fn color(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Keyword => Some("\x1b[1;34m"),
        Kind::Number => Some("\x1b[33m"),
        Kind::String { .. } => Some("\x1b[32m"),
        Kind::Comment => Some("\x1b[90m"),
        Kind::Name | Kind::Other => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_colors_are_added() {
        let colored = super::source("if x == 'é': # 1\n    y(2)");
        assert_eq!(
            colored,
            "\x1b[1;34mif\x1b[0m x == \x1b[32m'é'\x1b[0m: \x1b[90m# 1\x1b[0m\n    y(\x1b[33m2\x1b[0m)"
        );
    }
}
