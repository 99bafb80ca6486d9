// SPDX-License-Identifier: MIT
//! Kernels on WRT. Variant `fuel` sets a limit that is not reached.
#![forbid(unsafe_code)]

use runner::{Run, Trouble};
use wrt::prelude::*;

fn load(wasm: &[u8], variant: &str) -> Result<Run, Trouble> {
    let fail = |e: WrtError| e.to_string();
    let module = Module::from_bytes(wasm).map_err(fail)?;
    let mut instance = ModuleInstance::new(module, ImportMap::new()).map_err(fail)?;
    match variant {
        "" => {}
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
