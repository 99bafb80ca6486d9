// SPDX-License-Identifier: MIT
//! Kernels on WRT. Variant `fuel` sets a limit that is not reached; `lazy` translates functions when they are called, and
//! `unvalidated` validates them only then too.
#![forbid(unsafe_code)]

use runner::{Run, Trouble};
use std::sync::Arc;
use wrt::Validated;
use wrt::prelude::*;

fn load(wasm: &[u8], variant: &str) -> Result<Run, Trouble> {
    let fail = |e: WrtError| e.to_string();
    let lazily = |validated| Module::from_bytes_lazily(Arc::new(wasm.to_vec()), validated);
    let module = match variant {
        "lazy" => lazily(Validated::AtOnce),
        "unvalidated" => lazily(Validated::WhenCalled),
        _ => Module::from_bytes(wasm),
    }
    .map_err(fail)?;
    let mut instance = ModuleInstance::new(module, ImportMap::new()).map_err(fail)?;
    match variant {
        "" | "lazy" | "unvalidated" => {}
        "fuel" => instance.set_fuel(1 << 60).map_err(fail)?,
        _ => return Err(format!("no variant {variant}").into()),
    }
    Ok(Box::new(move |n| match instance.invoke("run", &[Value::I32(n)]) {
        Ok(Value::I64(result)) => Ok(result),
        Ok(other) => Err(format!("run has given {other:?}").into()),
        Err(e) => Err(e.to_string().into()),
    }))
}

fn main() -> std::process::ExitCode {
    runner::main(load)
}
