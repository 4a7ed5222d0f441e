//! A lexer for Python source, as far as colors, indentation and completion need it.
//!
//! It accepts any text: what is being typed is rarely valid.

use std::ops::Range;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Keyword,
    Name,
    Number,
    /// A string with its prefix and quotes; whether the end quote is there.
    String {
        closed: bool,
    },
    Comment,
    /// Any other character that is not blank, one at a time.
    Other,
}

/// A word and its position, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// The keywords of Python 3.14, without the soft ones.
pub(super) const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The words of `source`, in their order.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut position = 0;
    while let Some(rest) = source.get(position..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = first(rest);
        if let Some(kind) = kind {
            tokens.push(Token { kind, range: position..position + length });
        }
        position += length.max(1);
    }
    tokens
}

/// The kind, `None` for blanks, and the length of the word that `rest` begins with.
fn first(rest: &str) -> (Option<Kind>, usize) {
    let Some(character) = rest.chars().next() else {
        return (None, 0);
    };
    let size = character.len_utf8();
    if character.is_whitespace() {
        return (None, size);
    }
    if character == '#' {
        return (Some(Kind::Comment), rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some((length, closed)) = string(rest) {
        return (Some(Kind::String { closed }), length);
    }
    let digit_follows = |text: &str| text.chars().nth(1).is_some_and(|next| next.is_ascii_digit());
    if character.is_ascii_digit() || character == '.' && digit_follows(rest) {
        return (Some(Kind::Number), number(rest));
    }
    if is_name_start(character) {
        let length = rest.find(|next| !is_name_part(next)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or(rest);
        return (Some(if KEYWORDS.contains(&word) { Kind::Keyword } else { Kind::Name }), length);
    }
    (Some(Kind::Other), size)
}

pub(super) fn is_name_start(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

pub(super) fn is_name_part(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// The length of the string that `rest` begins with, if it does, and whether it is closed.
fn string(rest: &str) -> Option<(usize, bool)> {
    let quote_at = rest.find(['"', '\''])?;
    let prefix = rest.get(..quote_at)?.to_ascii_lowercase();
    if !["", "b", "f", "r", "t", "u", "br", "rb", "fr", "rf", "tr", "rt"].contains(&prefix.as_str()) {
        return None;
    }
    let quoted = rest.get(quote_at..)?;
    let quote = quoted.get(..1)?;
    let triple = quote.repeat(3);
    let delimiter = if quoted.starts_with(&triple) { triple.as_str() } else { quote };
    let mut position = quote_at + delimiter.len();
    let mut characters = rest.get(position..)?.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            position += 1 + characters.next().map_or(0, char::len_utf8);
            continue;
        }
        if rest.get(position..).is_some_and(|rest| rest.starts_with(delimiter)) {
            return Some((position + delimiter.len(), true));
        }
        if character == '\n' && delimiter.len() == 1 {
            return Some((position, false));
        }
        position += character.len_utf8();
    }
    Some((rest.len(), false))
}

fn number(rest: &str) -> usize {
    let mut previous = ' ';
    let is_hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
    let ends = |character: char| {
        let exponent = !is_hexadecimal && matches!(previous, 'e' | 'E');
        let continues = character.is_ascii_alphanumeric()
            || matches!(character, '.' | '_')
            || exponent && matches!(character, '+' | '-');
        previous = character;
        !continues
    };
    rest.find(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<(&str, Kind)> {
        tokens(source).into_iter().map(|token| (&source[token.range], token.kind)).collect()
    }

    #[test]
    fn words_have_their_kinds() {
        use Kind::{Comment, Keyword, Name, Number, Other, String};

        let closed = String { closed: true };
        assert_eq!(
            kinds("for x in 0x1F: # go"),
            [
                ("for", Keyword),
                ("x", Name),
                ("in", Keyword),
                ("0x1F", Number),
                (":", Other),
                ("# go", Comment)
            ]
        );
        assert_eq!(
            kinds("rb'a\\'b' + 1.5e-3-.5"),
            [("rb'a\\'b'", closed), ("+", Other), ("1.5e-3", Number), ("-", Other), (".5", Number)]
        );
        assert_eq!(kinds("importé 'a"), [("importé", Name), ("'a", String { closed: false })]);
        assert_eq!(kinds("'a\n\"b\""), [("'a", String { closed: false }), ("\"b\"", closed)]);
        assert_eq!(kinds("\"\"\"a'\n\"\"\"b"), [("\"\"\"a'\n\"\"\"", closed), ("b", Name)]);
        assert_eq!(kinds("e'x'"), [("e", Name), ("'x'", closed)]);
        assert_eq!(kinds("'''a\\"), [("'''a\\", String { closed: false })]);
        assert_eq!(kinds("名 = '日本"), [("名", Name), ("=", Other), ("'日本", String { closed: false })]);
    }
}
