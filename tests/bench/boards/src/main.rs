// SPDX-License-Identifier: MIT
//! Started by `bench` with the name of a kernel, its n, or `-` for loading alone, the path of its .wasm and the file's length: carries it out on the engine
//! that it is built with, and says what that took. `bytes` of RAM are what the engine has of the allocator at once, the module's
//! own linear memory included, `pages` of 64 KiB of which are said too; `stack` is the C stack. The file is in a place of its own,
//! which stands for flash.
#![no_std]
#![no_main]

#[path = "../../../boards/firmware/src/board/mod.rs"]
mod board;
#[cfg_attr(feature = "native", path = "native.rs")]
#[cfg_attr(feature = "wrt", path = "wrt.rs")]
#[cfg_attr(feature = "wasmi", path = "wasmi.rs")]
#[cfg_attr(feature = "wasm3", path = "wasm3.rs")]
mod engine;
mod heap;
#[cfg(any(feature = "native", feature = "wasm3"))]
mod math;
#[path = "../../../boards/firmware/src/paint.rs"]
mod paint;
#[path = "../../../boards/firmware/src/semihosting.rs"]
mod semihosting;

use board::{count, counted, spin};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use paint::Paint;
use semihosting::{File, Out, command_line, exit};

/// Most bytes of a module.
const MODULE: usize = 256 << 10;

/// What an engine says of a kernel.
struct Report {
    /// Executed instructions from the bytes to translated code.
    load: u32,
    /// From there to the function that is called.
    instantiate: u32,
    /// Those of the call.
    run: u32,
    result: i64,
    /// Pages of 64 KiB that the linear memory has afterwards.
    pages: u32,
    /// Bytes that it has used beside what it has of the allocator.
    more: usize,
}

/// What `work` gives, and the instructions that it executes.
#[inline(never)]
fn cost<T>(work: impl FnOnce() -> T) -> (u32, T) {
    let since = count();
    let result = work();
    (counted(since), result)
}

/// Called by the start-up code, once.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let mut out = Out::new();
    let mut line = [0; 512];
    let good = carry_out(command_line(&mut line), &mut out).is_some();
    if !good {
        out.say(format_args!("failed"));
    }
    out.say(format_args!("end"));
    exit(usize::from(!good))
}

fn carry_out(line: &str, out: &mut Out) -> Option<()> {
    let mut words = line.split(' ').skip(1);
    let (kernel, n, length) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    let n = if n == "-" { None } else { Some(n.parse().ok()?) };
    let wasm = take()?.get_mut(..length)?;
    File::read(words.next()?)?.fill(wasm)?;
    // The emulator translates the loop the first time.
    spin(1);
    let (measured, ()) = cost(|| spin(1_000_000));
    if measured.abs_diff(2_000_000) > 2_000 {
        out.say(format_args!("the counter says {measured} instead of 2000000"));
        return None;
    }
    let paint = Paint::new();
    let r = engine::run(kernel, wasm, n)?;
    let stack = paint.depth()?;
    let bytes = heap::most() + r.more;
    let Report { load, instantiate, run, result, pages, .. } = r;
    out.say(format_args!("load={load} instantiate={instantiate} run={run} result={result} bytes={bytes} pages={pages} stack={stack}"));
    Some(())
}

struct Place(UnsafeCell<[u8; MODULE]>);
// SAFETY: it is reached by `take` alone, once.
unsafe impl Sync for Place {}

/// Where the module goes, once.
fn take() -> Option<&'static mut [u8]> {
    #[unsafe(link_section = ".bss.memories")]
    static PLACE: Place = Place(UnsafeCell::new([0; MODULE]));
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Relaxed) {
        return None;
    }
    // SAFETY: only the first caller gets here.
    Some(unsafe { &mut *PLACE.0.get() })
}

/// Called by the start-up code when the processor faults at `pc`.
#[unsafe(no_mangle)]
extern "C" fn faulted(pc: usize) -> ! {
    Out::new().say(format_args!("fault at {pc:#x}"));
    exit(3)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    Out::new().say(format_args!("{info}"));
    exit(4)
}
