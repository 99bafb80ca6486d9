// SPDX-License-Identifier: MIT
//! THE RAM budget of a script, the same on each board: what is lent to the store and to the translation. All of it is
//! static; there is no allocator.
//!
//! mps2-an385 has 4 MiB for all but the linear memories and 16 MiB for those; riscv32-virt is started with 32 MiB.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use wrt_runtime::stack::Frame;

/// The script at hand, or the module.
const SCRIPT: usize = 1 << 20;
/// Images of its modules.
const IMAGE_WORDS: usize = (3 << 19) / 4;
/// Scratch of the translation.
const SCRATCH_WORDS: usize = (256 << 10) / 4;
/// Globals, links and table elements of its instances.
const STORE_WORDS: usize = (512 << 10) / 4;
/// Its structures, arrays and exceptions.
const HEAP_WORDS: usize = (64 << 10) / 4;
/// Its linear memories.
const MEMORY_BYTES: usize = 16 << 20;
/// Cells of the stack: as many as on the host.
const CELLS: usize = (1 << 16) + wrt_runtime::stack::WINDOW;
/// Nested calls: as many as on the host.
const FRAMES: usize = 1 << 10;

/// Each part of the budget.
pub(crate) struct Budget {
    pub(crate) script: &'static mut [u8],
    pub(crate) images: &'static mut [u32],
    pub(crate) scratch: &'static mut [u32],
    pub(crate) words: &'static mut [u32],
    pub(crate) heap: &'static mut [u32],
    pub(crate) memories: &'static mut [u8],
    pub(crate) cells: &'static mut [u32],
    pub(crate) frames: &'static mut [Frame],
}

impl Budget {
    /// All of it, once.
    pub(crate) fn take() -> Option<Budget> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        static SCRIPT_BYTES: Part<u8, SCRIPT> = Part::new(0);
        static IMAGES: Part<u32, IMAGE_WORDS> = Part::new(0);
        static SCRATCH: Part<u32, SCRATCH_WORDS> = Part::new(0);
        static WORDS: Part<u32, STORE_WORDS> = Part::new(0);
        static HEAP: Part<u32, HEAP_WORDS> = Part::new(0);
        #[unsafe(link_section = ".bss.memories")]
        static MEMORIES: Part<u8, MEMORY_BYTES> = Part::new(0);
        static CELL: Part<u32, CELLS> = Part::new(0);
        static FRAME: Part<Frame, FRAMES> = Part::new(Frame { pc: 0, base: 0, link: 0 });
        if TAKEN.swap(true, Relaxed) {
            return None;
        }
        // SAFETY: only the first caller gets here.
        unsafe {
            Some(Budget {
                script: SCRIPT_BYTES.slice(),
                images: IMAGES.slice(),
                scratch: SCRATCH.slice(),
                words: WORDS.slice(),
                heap: HEAP.slice(),
                memories: MEMORIES.slice(),
                cells: CELL.slice(),
                frames: FRAME.slice(),
            })
        }
    }
}

struct Part<T, const N: usize>(UnsafeCell<[T; N]>);

// SAFETY: it is reached by `slice` alone, whose caller promises to be the only one.
unsafe impl<T: Send, const N: usize> Sync for Part<T, N> {}

impl<T: Copy, const N: usize> Part<T, N> {
    const fn new(value: T) -> Self {
        Part(UnsafeCell::new([value; N]))
    }
    /// # Safety
    /// Called once.
    #[allow(clippy::mut_from_ref)] // that is what it is for
    unsafe fn slice(&'static self) -> &'static mut [T] {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.0.get() }
    }
}
