// SPDX-License-Identifier: MIT
//! Kernels on tinywasm.
#![forbid(unsafe_code)]

use runner::{Run, Trouble};
use tinywasm::{ModuleInstance, Store};

fn load(wasm: &[u8], variant: &str) -> Result<Run, Trouble> {
    if !variant.is_empty() {
        return Err(format!("no variant {variant}").into());
    }
    let module = tinywasm::parse_bytes(wasm)?;
    let mut store = Store::default();
    let instance = ModuleInstance::instantiate(&mut store, &module, None)?;
    let run = instance.func::<i32, i64>(&store, "run")?;
    Ok(Box::new(move |n| Ok(run.call(&mut store, n)?)))
}

fn main() -> std::process::ExitCode {
    runner::main(load)
}
