//! The manual page, in roff: `tauraro --man > tauraro.1`, or `tauraro --man | man -l -`.

use std::fmt::Write;

use super::table::{COMMANDS, ENVIRONMENT, OPERANDS};
use super::{Action, COMPILE_FLAGS, FLAGS, Flag, built_in};
use crate::VERSION;

/// The page.
pub(in crate::cli) fn page() -> String {
    let mut page = format!(
        ".TH TAURARO 1 \"\" \"Tauraro {VERSION}\" \"User Commands\"\n\
         .SH NAME\ntauraro \\- Python with the web built in\n\
         .SH SYNOPSIS\n.B tauraro\n[\\fIoption\\fR]... [\\fB\\-c\\fR \\fIcmd\\fR | \\fB\\-m\\fR \\fImod\\fR | \\fIfile\\fR | \
         \\fB\\-\\fR] [\\fIarg\\fR]...\n"
    );
    for (command, _) in COMMANDS {
        let _ = write!(page, ".br\n.B tauraro\n{}\n", escaped(command));
    }
    page.push_str(
        ".SH DESCRIPTION\nTauraro runs Python programs. The standard library of Python and modules for HTTP and \
         WebSocket are in the binary. Without a program it reads one from standard input; at a terminal, it prompts \
         for one.\n.SH OPTIONS\n",
    );
    for flag in FLAGS {
        flag_entry(&mut page, flag);
    }
    page.push_str(".SH OPTIONS OF COMPILE\n");
    for flag in COMPILE_FLAGS {
        flag_entry(&mut page, flag);
    }
    let letters: Vec<String> =
        built_in().filter_map(|flag| flag.names().first().map(|name| escaped(name))).collect();
    let _ = writeln!(page, ".PP\nThese options are built into the application: {}.", letters.join(", "));
    for (title, entries) in [("OPERANDS", OPERANDS), ("COMMANDS", COMMANDS), ("ENVIRONMENT", ENVIRONMENT)] {
        let _ = writeln!(page, ".SH {title}");
        for (name, text) in entries {
            entry(&mut page, &format!("\\fB{}\\fR", escaped(name)), text);
        }
    }
    page
}

fn flag_entry(page: &mut String, flag: &Flag) {
    let names: Vec<String> = flag.names().iter().map(|name| format!("\\fB{}\\fR", escaped(name))).collect();
    let value = match (&flag.action, flag.value()) {
        (Action::Optional(value, _), _) => format!("[=\\fI{}\\fR]", escaped(value)),
        (_, Some(value)) => format!(" \\fI{}\\fR", escaped(value)),
        (_, None) => String::new(),
    };
    entry(page, &format!("{}{value}", names.join(", ")), &flag.help.join(" "));
}

/// `name` is roff already.
fn entry(page: &mut String, name: &str, text: &str) {
    // Writing into a String cannot fail.
    let _ = write!(page, ".TP\n{name}\n{}\n", escaped(text));
}

/// Text without special characters of roff.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
