// SPDX-License-Identifier: MIT
//! What a process takes that reads a module and has no engine: the figures of all others begin there.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    // What the module of the measurement gives.
    runner::main(|_, _| Ok(Box::new(|n| Ok(i64::from(n) * 3 + 1))))
}
