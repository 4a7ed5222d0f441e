//! `tauraro serve`: the module `tauraro` runs as a program.

use super::is_command;
use super::parse::Program;

/// The program to run, which is the server's where the command line asks for `serve`.
pub(super) fn resolve(program: Program) -> Program {
    if is_command(&program, "serve") { Program::Module("tauraro".to_owned()) } else { program }
}
