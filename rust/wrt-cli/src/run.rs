// SPDX-License-Identifier: MIT
//! `wrt run`

use crate::{Failure, Outcome, read};
use std::path::PathBuf;
use wrt::prelude::*;
use wrt::wasi::HostSystem;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A module (.wasm) or an image (.wrti)
    file: PathBuf,
    /// Call this exported function; its results are printed one per line as `value:type`
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,
    /// Stop after so many instructions (exit code 5)
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// A variable of the guest's environment; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Arguments: of the function, or of the program; after `--` they may begin with a hyphen
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let fail = |e: Error| Failure::of(&args.file, &e);
    let bytes = read(&args.file)?;
    let module = if bytes.starts_with(b"WRTI") { Module::from_image_bytes(&bytes) } else { Module::from_bytes(&bytes) }.map_err(fail)?;
    let mut imports = ImportMap::new();
    let mut program = vec![args.file.display().to_string()];
    if args.invoke.is_none() {
        program.extend(args.args.iter().cloned());
    }
    let wasi = imports.define_wasi(HostSystem::new(program, args.env.clone()));
    let made = ModuleInstance::new(module, imports);
    let outcome = made.and_then(|instance| start(instance, args, &bytes));
    let code = wasi.finish();
    match (outcome, code) {
        (Err(e), Some(code)) if e.trap() == Some(Trap::Exit) => Ok(code as u8),
        (Err(e), _) => Err(fail(e)),
        (Ok(results), _) => {
            for value in results {
                println!("{value}");
            }
            Ok(0)
        }
    }
}

fn start(mut instance: ModuleInstance, args: &Args, wasm: &[u8]) -> WrtResult<Vec<Value>> {
    if let Some(fuel) = args.fuel {
        instance.set_fuel(fuel)?;
    }
    let name = match &args.invoke {
        Some(name) => name.clone(),
        None => match ["_start", "main"].into_iter().find(|n| instance.func_type(n).is_some_and(|(p, _)| p.is_empty())) {
            Some(name) => name.to_string(),
            None => return Ok(Vec::new()),
        },
    };
    let Some((params, _)) = instance.func_type(&name) else {
        return Err(Error::new(ErrorKind::Usage, "no exported function of this name").with_detail(name));
    };
    let given: &[String] = if args.invoke.is_some() { &args.args } else { &[] };
    if given.len() != params.len() {
        return Err(Error::new(ErrorKind::Usage, "wrong number of arguments").with_detail(format!("{name} takes {}", params.len())));
    }
    let values = params.iter().zip(given).map(|(ty, text)| parse(*ty, text)).collect::<WrtResult<Vec<Value>>>()?;
    let results = instance.invoke_multi(&name, &values);
    // The image has no table of source positions: translating once more tells where the word came from.
    results.map_err(|e| match (e.trap(), instance.trap_site()) {
        (Some(t), Some((_, pc))) if t != Trap::Exit => {
            match wrt::runtime::translate::locate(wrt::runtime::image::WINDOW, wasm, &mut vec![0; 1 << 20], pc) {
                Some(at) => e.with_detail(format!("{} at byte {at} of the module", place(&instance))),
                None => e,
            }
        }
        _ => e,
    })
}

fn place(instance: &ModuleInstance) -> String {
    instance.trap_site().map_or(String::new(), |(func, _)| format!("in function {func}"))
}

/// An argument in decimal or, for integers, as 0x…; a vector as the 128-bit number that its lanes make, the first lowest; integers may be written signed or unsigned.
fn parse(ty: ValType, text: &str) -> WrtResult<Value> {
    let bad = || Error::new(ErrorKind::Usage, "not a value of the parameter's type").with_detail(format!("{text} is no {ty}"));
    let integer = |bits: u32| -> Option<i128> {
        let (minus, digits) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
        let n = match digits.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        let n = if minus { -n } else { n };
        (-(1i128 << (bits - 1))..1i128 << bits).contains(&n).then_some(n)
    };
    match ty {
        ValType::I32 => integer(32).map(|n| Value::I32(n as i32)),
        ValType::I64 => integer(64).map(|n| Value::I64(n as i64)),
        ValType::V128 => match text.strip_prefix("0x") {
            Some(hex) => u128::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        }
        .map(|n| Value::V128(n.to_le_bytes())),
        ValType::F32 => text.parse().ok().map(Value::F32),
        ValType::F64 => text.parse().ok().map(Value::F64),
        ValType::EXTERNREF if text == "null" => Some(Value::ExternRef(Ref::NULL)),
        ValType::EXTERNREF => text.parse().ok().filter(|n| *n < Ref::LIMIT).map(|n| Value::ExternRef(Ref::host(n))),
        _ if text == "null" => Some(Value::FuncRef(Ref::NULL)),
        _ => None,
    }
    .ok_or_else(bad)
}
