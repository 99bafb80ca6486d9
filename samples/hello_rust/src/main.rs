// SPDX-License-Identifier: MIT
//! WRT in a Rust firmware for a Cortex-M3 without an operating system and without an allocator: `cargo run --release`
//! boots it under QEMU. The guest is that of samples/hello_wasm; this board translates it.
#![no_std]
#![no_main]

use core::fmt::Write;
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use wrt::prelude::*;
use wrt::runtime::Flow;

/// Image, scratch, stack, tables and 2 KiB of linear memory: 20 KiB in all.
type Runtime = StacklessRuntime<1024, 1024, 1024, 16, 64, 2048>;

type Console = hio::HostStream;

const I32: ValType = ValType::I32;

fn print(caller: &mut Caller<'_, '_, Console>) -> Result<Flow, Trap> {
    let (at, len) = (caller.arg_i32(0) as u32, caller.arg_i32(1) as u32);
    for i in 0..len {
        let mut byte = [0];
        let memory = caller.memory().ok_or(Trap::Host)?;
        memory.read_into(at.wrapping_add(i), &mut byte).ok_or(Trap::MemoryOutOfBounds)?;
        caller.data.write_char(char::from(byte[0])).map_err(|_| Trap::Host)?;
    }
    Ok(Flow::Ready)
}

#[entry]
fn main() -> ! {
    let wasm = include_bytes!("../../hello_wasm/guest/hello.wasm");
    let mut runtime = Runtime::with_sizes();
    let Ok(mut console) = hio::hstdout() else { fail() };
    let hosts = [HostImport { module: "host", name: "print", params: &[I32, I32], results: &[], call: print }];
    match runtime.execute_module_with(wasm, &hosts, &mut console) {
        Ok(_) => debug::exit(debug::EXIT_SUCCESS),
        Err(e) => {
            // Nobody is left to tell when the console is gone.
            let _ = writeln!(console, "{e}");
            debug::exit(debug::EXIT_FAILURE);
        }
    }
    fail()
}

fn fail() -> ! {
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    fail()
}
