//! The command `tauraro`.

use std::process::ExitCode;

/// Python allocates small objects all the time: mimalloc is markedly quicker at that than the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tauraro::cli::main()
}
