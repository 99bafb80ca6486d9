// SPDX-License-Identifier: MIT
//! `kernels WASM IMAGE NAME`: carries out one kernel of the image within `measured`, which is where callgrind counts. If the
//! file is empty, it is filled first with the image of the module.

use std::process::ExitCode;
use wrt_foundation::Buf;
use wrt_runtime::translate::translate_vec;
use wrt_runtime::{Stack, StoreParts};

/// What callgrind is told to count in: one call of it is one kernel.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn measured(work: &mut &mut dyn FnMut()) {
    work();
}

fn main() -> ExitCode {
    match run() {
        Some(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

fn run() -> Option<String> {
    let args: Vec<String> = std::env::args().collect();
    let [_, wasm, image, name] = args.as_slice() else { return None };
    let mut bytes = std::fs::read(image).ok()?;
    if bytes.is_empty() {
        let (words, _) = translate_vec(&std::fs::read(wasm).ok()?).ok()?;
        bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        std::fs::write(image, &bytes).ok()?;
    }
    let words: Vec<u32> = bytes.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
    let parts = StoreParts {
        instances: Buf::Own(Vec::new()),
        memories: Buf::Own(Vec::new()),
        tables: Buf::Own(Vec::new()),
        types: Buf::Own(Vec::new()),
        stacks: Buf::Own(Vec::new()),
        words: Buf::Own(Vec::new()),
        bytes: Buf::Own(Vec::new()),
        ..StoreParts::default()
    };
    let (fuel, result) = kernels::run(&words, parts, Stack::owned(1 << 12, 64)?, name, &mut |mut work| measured(&mut work))?;
    Some(format!("fuel={fuel} result={result}"))
}
