// SPDX-License-Identifier: MIT
//! `wrt run`

use crate::{Failure, Outcome, read, trace};
use std::path::PathBuf;
use std::sync::Arc;
use wrt::prelude::*;
use wrt::wasi::HostSystem;
use wrt::{Limits, Validated};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A module (.wasm) or an image (.wrti)
    file: PathBuf,
    /// Call this exported function; its results are printed one per line as `value:type`
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,
    /// Stop after so many instructions (exit code 5)
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
    /// Translate each function when it is first called; only validate the module before
    #[arg(long)]
    lazy: bool,
    /// As --lazy, and validate each function only then too: what is wrong in one that is never called stays unseen
    #[arg(long)]
    lazy_validation: bool,
    /// A variable of the guest's environment; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Arguments: of the function, or of the program; after `--` they may begin with a hyphen
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let limit = |instance: &mut ModuleInstance| args.fuel.map_or(Ok(()), |fuel| instance.set_fuel(fuel));
    run_by(args, &mut |instance, _, name, values| limit(instance).and_then(|()| instance.invoke_multi(name, values)))
}

/// Calls an exported function of the instance, made of these bytes.
pub(crate) type Call<'c> = &'c mut dyn FnMut(&mut ModuleInstance, &[u8], &str, &[Value]) -> WrtResult<Vec<Value>>;

/// Runs a module, the one function by `call`.
pub(crate) fn run_by(args: &Args, call: Call<'_>) -> Outcome {
    let fail = |e: Error| Failure::of(&args.file, &e);
    let bytes = Arc::new(read(&args.file)?);
    let module = match bytes.starts_with(b"WRTI") {
        true => Module::from_image_bytes(&bytes),
        false if args.lazy_validation => Module::from_bytes_lazily(bytes.clone(), Validated::WhenCalled),
        false if args.lazy => Module::from_bytes_lazily(bytes.clone(), Validated::AtOnce),
        false => Module::from_bytes(&bytes),
    }
    .map_err(fail)?;
    let mut imports = ImportMap::new();
    let mut program = vec![args.file.display().to_string()];
    if args.invoke.is_none() {
        program.extend(args.args.iter().cloned());
    }
    let wasi = imports.define_wasi(HostSystem::new(program, args.env.clone()));
    let mut instance = ModuleInstance::linked(module, imports, Limits::default()).map_err(fail)?;
    let outcome = instance.start().and_then(|()| start(&mut instance, &bytes, args, call));
    let code = wasi.finish();
    match (outcome, code) {
        (Err(e), Some(code)) if e.trap() == Some(Trap::Exit) => Ok(code as u8),
        (Err(e), _) => Err(match e.trap() {
            Some(trap) if trap != Trap::Exit => {
                let mut failure = fail(trap.into());
                failure.text += &trace::lines(&instance, &bytes);
                failure
            }
            _ => fail(e),
        }),
        (Ok(results), _) => {
            for value in results {
                println!("{value}");
            }
            Ok(0)
        }
    }
}

fn start(instance: &mut ModuleInstance, bytes: &[u8], args: &Args, call: Call<'_>) -> WrtResult<Vec<Value>> {
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
    call(instance, bytes, &name, &values)
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
