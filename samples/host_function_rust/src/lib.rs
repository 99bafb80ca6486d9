// SPDX-License-Identifier: MIT
//! A guest prints through a host function in Rust that calls Zephyr by its crate zephyr-sys: bindings that bindgen makes of
//! the kernel's headers. The guest is that of samples/hello_wasm; this board translates it.
#![no_std]

use wrt::prelude::*;
use wrt::runtime::Flow;
use zephyr::printkln;
use zephyr_sys::{k_sleep, k_str_out, k_ticks_t, k_timeout_t, k_uptime_ticks};

/// Image, scratch, stack, tables and 2 KiB of linear memory: 20 KiB in all.
type Runtime = StacklessRuntime<1024, 1024, 1024, 16, 64, 2048>;

/// What the host function keeps count of.
#[derive(Default)]
struct Console {
    lines: u32,
    /// Ticks that the kernel's clock went on while it slept.
    slept: k_ticks_t,
}

const I32: ValType = ValType::I32;
const TICKS: k_ticks_t = 3;

/// `(host, print)`: a text and its bytes. Writes to Zephyr's console, and sleeps after each line.
fn print(caller: &mut Caller<'_, '_, Console>) -> Result<Flow, Trap> {
    let (at, len) = (caller.arg_i32(0) as u32, caller.arg_i32(1) as u32);
    for i in 0..len {
        let mut byte = [0];
        let memory = caller.memory().ok_or(Trap::Host)?;
        memory.read_into(at.wrapping_add(i), &mut byte).ok_or(Trap::MemoryOutOfBounds)?;
        let mut text = byte.map(|b| b as core::ffi::c_char);
        // SAFETY: the kernel reads as many bytes as there are, and keeps nothing.
        unsafe { k_str_out(text.as_mut_ptr(), text.len()) };
        if byte == [b'\n'] {
            // SAFETY: neither takes memory, and this thread may block.
            let slept = unsafe {
                let before = k_uptime_ticks();
                k_sleep(k_timeout_t { ticks: TICKS });
                k_uptime_ticks() - before
            };
            caller.data.lines += 1;
            caller.data.slept += slept;
        }
    }
    Ok(Flow::Ready)
}

/// Zephyr's main thread.
#[unsafe(no_mangle)]
extern "C" fn rust_main() {
    let wasm = include_bytes!("../../hello_wasm/guest/hello.wasm");
    let mut runtime = Runtime::with_sizes();
    let mut console = Console::default();
    let hosts = [HostImport { module: "host", name: "print", params: &[I32, I32], results: &[], call: print }];
    match runtime.execute_module_with(wasm, &hosts, &mut console) {
        Ok(_) if console.lines == 2 && console.slept >= 2 * TICKS => printkln!("host_function_rust: done, {} ticks asleep", console.slept),
        Ok(_) => printkln!("host_function_rust: failed: {} lines, {} ticks", console.lines, console.slept),
        Err(e) => printkln!("host_function_rust: failed: {}", e),
    }
}
