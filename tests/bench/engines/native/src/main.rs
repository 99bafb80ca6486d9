// SPDX-License-Identifier: MIT
//! The kernels themselves, compiled for this machine from the sources of the .wasm: what all engines are compared with.

use runner::{Run, Trouble};
use std::process::ExitCode;

/// Rust kernels allocate as they do on wasm32.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A kernel's function.
#[derive(Clone, Copy)]
enum Kernel {
    C(unsafe extern "C" fn(i32) -> i64),
    Rust(extern "C" fn(i32) -> i64),
}

include!(concat!(env!("OUT_DIR"), "/kernels.rs"));

fn find(file: &str, variant: &str) -> Result<Run, Trouble> {
    if !variant.is_empty() {
        return Err(format!("no variant {variant}").into());
    }
    let name = std::path::Path::new(file).file_stem().unwrap_or_default();
    let found = KERNELS.iter().find(|(n, _)| name == *n).ok_or_else(|| format!("no kernel {}", name.display()))?;
    Ok(match found.1 {
        // SAFETY: our kernels take any number, and have defined behaviour in one thread, which this process has.
        Kernel::C(run) => Box::new(move |n| Ok(unsafe { run(n) })),
        Kernel::Rust(run) => Box::new(move |n| Ok(run(n))),
    })
}

fn main() -> ExitCode {
    match runner::measure(find) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}
