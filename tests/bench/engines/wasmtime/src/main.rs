// SPDX-License-Identifier: MIT
//! Kernels on wasmtime: compiled by Cranelift or, as variants, by Winch, or for its interpreter Pulley.
#![forbid(unsafe_code)]

use runner::{Run, Trouble};
use wasmtime::{Config, Engine, Linker, Module, Store, Strategy};

fn load(wasm: &[u8], variant: &str) -> Result<Run, Trouble> {
    let mut config = Config::new();
    match variant {
        "" => {
            config.strategy(Strategy::Cranelift);
        }
        "winch" => {
            config.strategy(Strategy::Winch);
        }
        "pulley" => {
            config.target("pulley64")?;
        }
        _ => return Err(format!("no variant {variant}").into()),
    }
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
    Ok(Box::new(move |n| Ok(run.call(&mut store, n)?)))
}

fn main() -> std::process::ExitCode {
    runner::main(load)
}
