//! The command `tauraro`.

mod allocator;

use std::process::ExitCode;

/// Python allocates small objects all the time: mimalloc is markedly quicker at that than the system.
#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    tauraro::cli::main()
}
