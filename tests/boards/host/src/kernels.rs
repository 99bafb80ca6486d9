// SPDX-License-Identifier: MIT
//! What kernels of `tests/bench` execute on a board, natively and on WRT.

use crate::board::{self, Board, Job, Trouble};
use crate::pack;
use std::path::Path;
use std::time::Duration;

/// Longest time on a board.
const LIMIT: Duration = Duration::from_secs(600);

/// Prints a line of the board's for each of `kernels`, `NAME=N`; whether all results are equal.
pub(crate) fn run(board: &Board, opt_level: &str, kernels: &[String]) -> Result<bool, Trouble> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/kernels/wasm");
    let mut blob = Vec::new();
    for kernel in kernels {
        let name = kernel.split('=').next().unwrap_or(kernel);
        let path = dir.join(name).with_extension("wasm");
        let wasm = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        pack::entry(&mut blob, kernel, &wasm);
    }
    let path = board::file("kernels.pack", &blob)?;
    let firmware = board.build(opt_level, "kernels")?;
    // One instruction per nanosecond of the board's clock.
    let job = Job { mode: "kernels", pack: &path, emulator: &["-icount", "shift=0"], limit: LIMIT };
    let mut lines = 0;
    let code = board.run(&firmware, &job, &mut |text| {
        lines += usize::from(text.starts_with("kernel ") && text.ends_with("results=equal"));
        if text != "end" {
            println!("{text}");
        }
    })?;
    Ok(code == 0 && lines == kernels.len())
}
