// SPDX-License-Identifier: MIT
//! The budget of [`script::budget`], all of it static.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use script::budget::{CELLS, FRAMES, HEAP_WORDS, IMAGE_WORDS, MEMORY_BYTES, SCRATCH_WORDS, SCRIPT, SHARED_WORDS, STORE_WORDS};
use wrt_runtime::stack::Frame;

/// Each part of the budget.
pub(crate) struct Budget {
    pub(crate) script: &'static mut [u8],
    pub(crate) images: &'static mut [u32],
    pub(crate) scratch: &'static mut [u32],
    pub(crate) words: &'static mut [u32],
    pub(crate) heap: &'static mut [u32],
    pub(crate) memories: &'static mut [u8],
    pub(crate) shared: &'static [AtomicU32],
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
        #[unsafe(link_section = ".bss.memories")]
        static SHARED: [AtomicU32; SHARED_WORDS] = [const { AtomicU32::new(0) }; SHARED_WORDS];
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
                shared: &SHARED,
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
