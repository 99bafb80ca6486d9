// SPDX-License-Identifier: MIT
//! Kernels on wasm3, as crates.io has it (0.4.7 inside, without bulk memory). It translates functions when they are
//! called first.
#![forbid(unsafe_code)]

use runner::{Run, Trouble};
use wasm3::{Environment, Module};

fn load(wasm: &[u8], variant: &str) -> Result<Run, Trouble> {
    if !variant.is_empty() {
        return Err(format!("no variant {variant}").into());
    }
    let fail = |e: wasm3::error::Error| e.to_string();
    let environment = Environment::new().map_err(fail)?;
    // Functions borrow their runtime, which lives as long as this process.
    let runtime = Box::leak(Box::new(environment.create_runtime(1 << 20).map_err(fail)?));
    let module = Module::parse(&environment, wasm).map_err(fail)?;
    let module = runtime.load_module(module).map_err(fail)?;
    let run = module.find_function::<i32, i64>("run").map_err(fail)?;
    Ok(Box::new(move |n| run.call(n).map_err(|e| e.to_string().into())))
}

fn main() -> std::process::ExitCode {
    runner::main(load)
}
