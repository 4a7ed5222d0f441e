//! What `-h`, `--help-all` and `compile -h` print.

use std::fmt::Write;

use super::table::{COMMANDS, COMMON, ENVIRONMENT, OPERANDS};
use super::{COMPILE_FLAGS, FLAGS, Flag, built_in};

/// The usage line of a command.
pub(in crate::cli) fn usage(program: &str) -> String {
    let program = short(program);
    format!("usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n")
}

/// The program's name without the folder that it is in.
fn short(program: &str) -> &str {
    program.rsplit(std::path::MAIN_SEPARATOR).next().unwrap_or(program)
}

/// What `-h` prints: the common options, one line each.
pub(in crate::cli) fn help(program: &str) -> String {
    let mut text = usage(program);
    let program = short(program);
    for (command, _) in COMMANDS {
        // Writing into a String cannot fail, here and below.
        let _ = writeln!(text, "       {program} {command}");
    }
    for flag in FLAGS {
        let names = flag.names();
        let Some(name) = names.iter().find(|name| COMMON.contains(&name.as_str())) else {
            continue;
        };
        let name = flag.display(name);
        let line = format!("{name:6} : {}", flag.help.first().copied().unwrap_or_default());
        text.push_str(line.trim_end_matches([',', ';']));
        text.push('\n');
    }
    let list = |text: &mut String, entries: &[(&str, &str)]| {
        for (name, explanation) in entries {
            let _ = writeln!(text, "{name:7}: {explanation}");
        }
    };
    list(&mut text, OPERANDS);
    text.push_str("Every option and environment variable: --help-all, or as a manual page --man\n");
    text
}

/// What `--help-all` prints.
pub(in crate::cli) fn all_help(program: &str) -> String {
    let mut text = usage(program);
    text.push_str("Options (and corresponding environment variables):\n");
    for flag in FLAGS {
        describe(&mut text, flag);
    }
    text.push_str("Options of compile:\n");
    for flag in COMPILE_FLAGS {
        describe(&mut text, flag);
    }
    let sections = [("Arguments:", 7, OPERANDS), ("Commands:", 12, COMMANDS)];
    for (title, width, entries) in
        sections.into_iter().chain([("Other environment variables:", 16, ENVIRONMENT)])
    {
        let _ = writeln!(text, "{title}");
        for (name, explanation) in entries {
            let _ = writeln!(text, "{name:width$}: {explanation}");
        }
    }
    text
}

/// What `compile -h` prints.
pub(in crate::cli) fn compile_help(program: &str) -> String {
    let mut text = format!("usage: {} compile [option] ... file\n", short(program));
    text.push_str("Makes one executable of a script, all that it imports, and this runtime.\nOptions:\n");
    for flag in COMPILE_FLAGS {
        describe(&mut text, flag);
    }
    text.push_str("Options that the executable will always run with, which cannot be changed:\n");
    for flag in built_in() {
        describe(&mut text, flag);
    }
    text
}

fn describe(text: &mut String, flag: &Flag) {
    let mut names = flag.names().into_iter();
    let name = flag.display(&names.next().unwrap_or_default());
    let also: Vec<String> = names.collect();
    let mut lines = flag.help.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    if let Some(last) = lines.last_mut()
        && !also.is_empty()
    {
        *last = format!("{last} (also {})", also.join(" or "));
    }
    // A name too long for its column gets its own line.
    let mut column = if name.len() > 6 { format!("{name}:\n{:9}", "") } else { format!("{name:6} : ") };
    for line in lines {
        text.push_str(&column);
        text.push_str(&line);
        text.push('\n');
        column = " ".repeat(9);
    }
}
