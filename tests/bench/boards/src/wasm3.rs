// SPDX-License-Identifier: MIT
//! wasm3 0.4.7, which crates.io has, without bulk memory. It translates functions when they are called first; here all are
//! translated before, by the function that does it then.

use crate::{Report, cost};

unsafe extern "C" {
    fn boards_wasm3_parse(wasm: *const u8, length: u32) -> i32;
    fn boards_wasm3_instantiate() -> i32;
    fn boards_wasm3_compile() -> i32;
    fn boards_wasm3_find() -> i32;
    fn boards_wasm3_call(n: i32, result: *mut i64) -> i32;
    fn boards_wasm3_pages() -> u32;
}

pub(crate) fn run(_: &str, wasm: &[u8], n: Option<i32>) -> Option<Report> {
    fn step(f: impl FnOnce() -> i32) -> Option<u32> {
        let (executed, failed) = cost(f);
        (failed == 0).then_some(executed)
    }
    // SAFETY: the bytes stay where they are; in this order, in one thread, each after the one before has succeeded.
    let (parse, instantiate, compile) = unsafe {
        let parse = step(|| boards_wasm3_parse(wasm.as_ptr(), wasm.len() as u32))?;
        let instantiate = step(|| boards_wasm3_instantiate())?;
        (parse, instantiate, step(|| boards_wasm3_compile())?)
    };
    let load = parse + compile;
    // SAFETY: as above.
    let pages = unsafe { boards_wasm3_pages() };
    let Some(n) = n else { return Some(Report { load, instantiate, run: 0, result: 0, pages, more: 0 }) };
    let mut result = 0;
    // SAFETY: as above; the result is written before it returns 0.
    let (find, run) = unsafe { (step(|| boards_wasm3_find())?, step(|| boards_wasm3_call(n, &raw mut result))?) };
    Some(Report { load, instantiate: instantiate + find, run, result, pages, more: 0 })
}
