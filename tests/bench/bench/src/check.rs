// SPDX-License-Identifier: MIT
//! Whether every kernel gives on WRT what it gives natively. No time is looked at.

use crate::engine;
use crate::kernel::Kernel;
use anyhow::{Context, Result, bail};

/// Runs the kernels with three numbers each.
pub(crate) fn run(kernels: &[Kernel]) -> Result<()> {
    let none = crate::folder().join("engines.toml");
    let chosen = engine::choose(&engine::all(&none)?, &["wrt".to_string()], false, false, false)?;
    let [native, wrt] = &chosen[..] else { bail!("native and WRT are needed") };
    for k in kernels {
        let mut results = Vec::new();
        for n in [0, k.small, k.small + 1] {
            let wanted = native.run(&k.wasm(), n, false).with_context(|| k.name.clone())?.result;
            let got = wrt.run(&k.wasm(), n, false).with_context(|| k.name.clone())?.result;
            if wanted != got {
                bail!("{}({n}) gives {got} on WRT, {wanted} natively", k.name);
            }
            let again = wrt.run(&k.wasm(), n, true).with_context(|| k.name.clone())?.result;
            if again != got {
                bail!("{}({n}) gives {got} at first and {again} after run(1)", k.name);
            }
            results.push(got);
        }
        // Work that does not depend on n could be left out by a compiler.
        results.dedup();
        if results.len() != 3 {
            bail!("{} does not depend on n: {results:?}", k.name);
        }
    }
    println!("{} kernels give on WRT what they give natively", kernels.len());
    Ok(())
}
