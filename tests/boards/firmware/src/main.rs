// SPDX-License-Identifier: MIT
//! Started by `host` with a mode and a pack: `suite` carries out scripts, `load` measures the translation of modules. Everything
//! is static; WRT is built without an allocator. With the feature `freertos` all of it happens in a task of FreeRTOS, see
//! `freertos/task.c`.
#![no_std]
#![no_main]

mod board;
mod budget;
mod entries;
mod load;
mod paint;
mod semihosting;
mod suite;

use budget::Budget;
use core::panic::PanicInfo;
use entries::Entries;
use semihosting::{Out, command_line, exit};

/// Called by the start-up code, once.
#[cfg(not(feature = "freertos"))]
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let (mut out, good) = carry_out();
    out.say(format_args!("end"));
    exit(usize::from(!good))
}

/// Called by the task, once. `interruptions` tells how often another task has had the processor.
#[cfg(feature = "freertos")]
#[unsafe(no_mangle)]
extern "C" fn firmware(interruptions: extern "C" fn() -> u32) -> ! {
    let (mut out, good) = carry_out();
    out.say(format_args!("interrupted {}", interruptions()));
    out.say(format_args!("end"));
    exit(usize::from(!good))
}

/// What the host asks for; whether it went well.
fn carry_out() -> (Out, bool) {
    let mut out = Out::new();
    let mut line = [0; 512];
    let mut words = command_line(&mut line).split(' ').skip(1);
    let (mode, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (Some(mut budget), Some(mut entries)) = (Budget::take(), Entries::open(path)) else {
        out.say(format_args!("cannot read {path}"));
        exit(2);
    };
    let good = match mode {
        "suite" => suite::run(&mut entries, &mut budget, &mut out),
        "load" => load::run(&mut entries, &mut budget, &mut out),
        _ => false,
    };
    (out, good)
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
