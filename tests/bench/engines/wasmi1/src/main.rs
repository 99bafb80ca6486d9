// SPDX-License-Identifier: MIT
//! Kernels on wasmi. Variants: `fuel`; `lazy`, which translates functions when they are called first.
#![forbid(unsafe_code)]

use runner::{Run, Trouble};
use wasmi::{CompilationMode, Config, Engine, Linker, Module, Store};

fn load(wasm: &[u8], variant: &str) -> Result<Run, Trouble> {
    let mut config = Config::default();
    match variant {
        "" => {}
        "fuel" => {
            config.consume_fuel(true);
        }
        "lazy" => {
            config.compilation_mode(CompilationMode::LazyTranslation);
        }
        _ => return Err(format!("no variant {variant}").into()),
    }
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, ());
    if variant == "fuel" {
        store.set_fuel(1 << 60)?;
    }
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, i64>(&store, "run")?;
    Ok(Box::new(move |n| Ok(run.call(&mut store, n)?)))
}

fn main() -> std::process::ExitCode {
    runner::main(load)
}
