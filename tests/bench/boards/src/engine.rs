// SPDX-License-Identifier: MIT
//! No engine: what the program itself takes.

use crate::Report;

pub(crate) fn run(_: &str, wasm: &[u8], _: Option<i32>) -> Option<Report> {
    Some(Report { load: 0, instantiate: 0, run: 0, result: wasm.len() as i64, pages: 0, more: 0 })
}
