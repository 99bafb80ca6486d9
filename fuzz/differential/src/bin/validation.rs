// SPDX-License-Identifier: MIT
//! Random modules, and the same with bytes changed, through WRT's decoder and through wasmparser: both say valid, or both
//! do not. What is valid translates to an image that verifies.

use differential::modules::{for_validation, with_everything};
use wasmparser::{Validator, WasmFeatures};
use wrt_decoder::Fault;
use wrt_foundation::ErrorKind;
use wrt_replay_tests::change;
use wrt_replay_tests::random::Random;

/// Changed copies of one module.
const CHANGED: usize = 60;
const SCRATCH: usize = 1 << 18;

fn features() -> WasmFeatures {
    let mut f = WasmFeatures::default() | WasmFeatures::CUSTOM_PAGE_SIZES | WasmFeatures::THREADS | WasmFeatures::WIDE_ARITHMETIC;
    f |= WasmFeatures::LEGACY_EXCEPTIONS;
    f.remove(WasmFeatures::COMPACT_IMPORTS | WasmFeatures::COMPONENT_MODEL);
    f
}

/// Limits of wasmparser's that are lower than WRT's, and what it has beyond the specification.
fn only_theirs(message: &str) -> bool {
    ["size is out of bounds", "implementation limit", "limit of", "effective type size", "exceeds limit", "maximum of", "string size"]
        .iter()
        .any(|text| message.contains(text))
}

fn compare(wasm: &[u8], scratch: &mut [u32], counts: &mut wrt_replay_tests::Counts) -> Result<(), String> {
    let ours = wrt_decoder::validate(wasm, scratch);
    let theirs = Validator::new_with_features(features()).validate_all(wasm);
    match (ours, theirs) {
        (Ok(done), Ok(_)) => {
            *counts.entry("valid").or_default() += 1;
            let words = done.scratch_words as usize;
            assert_eq!(wrt_decoder::validate(wasm, &mut scratch[..words]), Ok(done), "scratch as reported");
            match wrt_runtime::translate::translate_vec(wasm) {
                Ok((image, _)) => {
                    let view = wrt_runtime::image::Image::new(&image).map_err(wrt_foundation::Error::from);
                    view.and_then(|i| i.verify()).map_err(|e| format!("does not verify: {e} at {}", e.at()))
                }
                Err(e) if e.kind() == ErrorKind::Unsupported => Ok(()),
                Err(e) => Err(format!("is valid and does not translate: {e}")),
            }
        }
        (Err(_), Err(_)) => {
            *counts.entry("invalid").or_default() += 1;
            Ok(())
        }
        (Err(e), Ok(_)) if e.fault.kind() == ErrorKind::Unsupported && e.fault != Fault::Internal => {
            *counts.entry("past a limit of WRT").or_default() += 1;
            Ok(())
        }
        (Err(e), Ok(_)) => Err(format!("WRT refuses a valid module: {:?} at {}", e.fault, e.at)),
        (Ok(_), Err(e)) if only_theirs(e.message()) => {
            *counts.entry("past a limit of wasmparser").or_default() += 1;
            Ok(())
        }
        (Ok(_), Err(e)) => Err(format!("WRT accepts an invalid module: {e}")),
    }
}

fn main() {
    let mut scratch = vec![0; SCRATCH];
    differential::run("validation", |seed, counts| {
        let Some(wasm) = (if seed % 2 == 0 { with_everything(seed) } else { for_validation(seed) }) else { return Ok(()) };
        *counts.entry("modules").or_default() += 1;
        compare(&wasm, &mut scratch, counts).map_err(|why| (why, wasm.clone()))?;
        let mut random = Random(seed);
        for _ in 0..CHANGED {
            let mut changed = wasm.clone();
            change::module(&mut changed, &mut random);
            compare(&changed, &mut scratch, counts).map_err(|why| (why, changed))?;
        }
        Ok(())
    });
}
