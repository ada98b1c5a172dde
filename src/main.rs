//! The program: everything is in the library.

use std::process::ExitCode;

/// Gives back the 19 MiB that each password's hash takes, which the system's allocator may keep many times over.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    praxis::cli::main()
}
