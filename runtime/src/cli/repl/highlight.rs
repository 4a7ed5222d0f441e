//! Colours for source and prompt.

use std::fmt::Write;

use super::lexer::{self, Kind};

/// Back to the terminal's own colours.
const RESET: &str = "\x1b[0m";
const PROMPT: &str = "\x1b[1;35m";

/// `source` with escape sequences for its colours, as wide as before.
pub(super) fn source(source: &str) -> String {
    let mut shown = String::with_capacity(source.len() * 2);
    let mut position = 0;
    for token in lexer::tokens(source) {
        let Some(colour) = colour(token.kind) else {
            continue;
        };
        let before = source.get(position..token.range.start).unwrap_or_default();
        let word = source.get(token.range.clone()).unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = write!(shown, "{before}{colour}{word}{RESET}");
        position = token.range.end;
    }
    shown.push_str(source.get(position..).unwrap_or_default());
    shown
}

/// A prompt in its colour.
pub(super) fn prompt(prompt: &str) -> String {
    format!("{PROMPT}{prompt}{RESET}")
}

fn colour(kind: Kind) -> Option<&'static str> {
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
    fn only_colours_are_added() {
        let shown = super::source("if x == 'é': # 1\n    y(2)");
        assert_eq!(
            shown,
            "\x1b[1;34mif\x1b[0m x == \x1b[32m'é'\x1b[0m: \x1b[90m# 1\x1b[0m\n    y(\x1b[33m2\x1b[0m)"
        );
    }
}
