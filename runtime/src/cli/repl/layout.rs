//! The indentation of the next line, and how much of it Backspace removes.

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, Movement, RepeatCount};

use super::lexer::{self, Kind, Token};

/// What one level of indentation is.
pub(super) const INDENT: &str = "    ";

/// Words that usually end a block.
const BLOCK_ENDS: &[&str] = &["break", "continue", "pass", "raise", "return"];

/// Enter: inside a block it begins a line with the right indentation.
pub(super) struct Enter;

impl ConditionalEventHandler for Enter {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let line = context.line();
        let indentation = if context.pos() == line.len() { indentation_after(line) } else { None };
        indentation.map(|indentation| Cmd::Insert(1, format!("\n{indentation}")))
    }
}

/// Backspace: in the indentation of a line it removes a whole level.
pub(super) struct Backspace;

impl ConditionalEventHandler for Backspace {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let (before, after) = context.line().split_at_checked(context.pos())?;
        let width = before.rsplit('\n').next().filter(|start| start.bytes().all(|byte| byte == b' '))?.len();
        // The editor would dedent the lines below as well.
        let whole = width > 0 && width.is_multiple_of(INDENT.len()) && !after.contains('\n');
        whole.then_some(Cmd::Dedent(Movement::WholeLine))
    }
}

/// The indentation of the line after `source`; `None` where no block is open, or a blank line ends it.
fn indentation_after(source: &str) -> Option<String> {
    if source.rsplit('\n').next().is_none_or(|line| line.trim().is_empty()) {
        return None;
    }
    let mut depth = 0_usize;
    let mut inside_block = false;
    // The current logical line, which brackets may continue over many: its start and first word, and whether it ends
    // with a colon so far.
    let (mut begin, mut first_word, mut opens_block) = (0, "", false);
    let mut end = 0;
    for Token { kind, range } in lexer::tokens(source) {
        let text = source.get(range.clone())?;
        if depth == 0
            && let Some(line_break) = source.get(end..range.start)?.rfind('\n')
        {
            inside_block |= opens_block;
            (begin, first_word, opens_block) = (end + line_break + 1, "", false);
        }
        end = range.end;
        match kind {
            // In an unfinished string, blanks are text.
            Kind::String { closed: false } => return None,
            Kind::Comment => continue,
            Kind::Other if matches!(text, "(" | "[" | "{") => depth += 1,
            Kind::Other if matches!(text, ")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        opens_block = depth == 0 && text == ":";
        if first_word.is_empty() {
            first_word = text;
        }
    }
    if depth > 0 || !(opens_block || inside_block) {
        return None;
    }
    let line = source.get(begin..)?;
    let indentation = line.get(..line.len() - line.trim_start_matches(' ').len())?;
    if indentation.is_empty() && !opens_block {
        // The block has ended: this is pasted, or the function of a decorator.
        return None;
    }
    Some(if opens_block {
        format!("{indentation}{INDENT}")
    } else if BLOCK_ENDS.contains(&first_word) {
        indentation.strip_suffix(INDENT).unwrap_or("").to_owned()
    } else {
        indentation.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_indented() {
        for (source, expected) in [
            ("x = 1", None),
            ("if x: pass", None),
            ("if x:", Some("    ")),
            ("if x:  # why: because", Some("    ")),
            ("if x:\n    y()", Some("    ")),
            ("if x:\n    for y in z:", Some("        ")),
            ("if x:\n    for y in z:\n        return y", Some("    ")),
            ("if x:\n    pass", Some("")),
            ("if x:\n    y()\n    ", None),
            ("if x:\n", None),
            ("f(\n    a", None),
            ("f(\n    a,\n    )", None),
            ("{'a':", None),
            ("if x:\n    f(\n  1)", Some("    ")),
            ("if x:\n    '''text:", None),
            ("class A:\n    '''text'''", Some("    ")),
            ("print('a:", None),
            ("if x:\n    y()\nz()", None),
            ("if x:\n    y()\nelse:", Some("    ")),
        ] {
            assert_eq!(indentation_after(source).as_deref(), expected, "{source:?}");
        }
    }
}
