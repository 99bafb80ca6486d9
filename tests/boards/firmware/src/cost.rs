// SPDX-License-Identifier: MIT
//! Started by `host cost` with the name of a file that holds an image: carries out each kernel and says how many
//! instructions that took.
#![no_std]
#![no_main]

mod board;
mod semihosting;

use board::{count, counted, spin};
use core::panic::PanicInfo;
use kernels::{NAMES, run};
use semihosting::{File, Out, command_line, exit};
use wrt_foundation::Buf;
use wrt_runtime::stack::{Frame, WINDOW};
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::{Stack, StoreParts};

/// Words of the image, cells and frames of the stack, words and memory of the store: on the stack, which has room for it.
const IMAGE: usize = 32 << 10;
const CELLS: usize = 1 << 12;
const FRAMES: usize = 64;
const WORDS: usize = 2048;
const MEMORY: usize = 4 << 16;

/// Called by the start-up code, once.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let mut out = Out::new();
    let mut line = [0; 512];
    let path = command_line(&mut line).split(' ').nth(2).unwrap_or("");
    spin(1);
    let since = count();
    spin(1_000_000);
    out.say(format_args!("calibration executed=2000000 measured={}", counted(since)));
    let good = all(path, &mut out).is_some();
    out.say(format_args!("end"));
    exit(usize::from(!good))
}

/// Carries out all kernels of the image in the file `path`: its length in words, and the words.
fn all(path: &str, out: &mut Out) -> Option<()> {
    let mut file = File::read(path)?;
    let mut length = [0; 4];
    file.fill(&mut length)?;
    let mut image = [0; IMAGE];
    let image = image.get_mut(..u32::from_le_bytes(length) as usize)?;
    for word in image.iter_mut() {
        let mut bytes = [0; 4];
        file.fill(&mut bytes)?;
        *word = u32::from_le_bytes(bytes);
    }
    for name in NAMES {
        let (mut instances, mut memories) = ([Instance::default()], [MemSlot::default()]);
        let (mut tables, mut types) = ([Table::default(), Table::default()], [TypeSource::default(); 64]);
        let (mut words, mut bytes) = ([0; WORDS], [0; MEMORY]);
        let (mut cells, mut frames) = ([0; CELLS + WINDOW], [Frame::default(); FRAMES]);
        let mut stacks = [Stack::default()];
        let parts = StoreParts {
            instances: Buf::Lent(&mut instances),
            memories: Buf::Lent(&mut memories),
            tables: Buf::Lent(&mut tables),
            types: Buf::Lent(&mut types),
            stacks: Buf::Lent(&mut stacks),
            words: Buf::Lent(&mut words),
            bytes: Buf::Lent(&mut bytes),
            ..StoreParts::default()
        };
        let mut executed = 0;
        let (fuel, result) = run(image, parts, Stack::new(&mut cells, &mut frames), name, &mut |work| {
            let since = count();
            work();
            executed = counted(since);
        })?;
        out.say(format_args!("kernel {name} executed={executed} fuel={fuel} result={result}"));
    }
    Some(())
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
