// SPDX-License-Identifier: MIT
//! The allocator of engines that need one (TLSF: constant time), which knows how much they have had at once.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use rlsf::Tlsf;

/// Bytes that it has.
const BYTES: usize = 8 << 20;

struct Heap(UnsafeCell<Option<State>>);

struct State {
    blocks: Tlsf<'static, u32, u32, 20, 16>,
    now: usize,
    most: usize,
}

// SAFETY: this program has one thread, and no interrupt handler that allocates.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(None));

struct Arena(UnsafeCell<[MaybeUninit<u8>; BYTES]>);
// SAFETY: it is reached when the heap is made, once.
unsafe impl Sync for Arena {}
#[unsafe(link_section = ".bss.memories")]
static ARENA: Arena = Arena(UnsafeCell::new([MaybeUninit::uninit(); BYTES]));

impl Heap {
    #[allow(clippy::mut_from_ref)] // there is one thread, and no caller keeps it
    fn state(&self) -> &mut State {
        // SAFETY: one thread, and nothing below calls back.
        unsafe { &mut *self.0.get() }.get_or_insert_with(|| {
            let mut blocks = Tlsf::new();
            // SAFETY: here alone, once.
            blocks.insert_free_block(unsafe { &mut *ARENA.0.get() });
            State { blocks, now: 0, most: 0 }
        })
    }
}

// SAFETY: blocks are those of `Tlsf`, which come from the arena and do not overlap.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let state = self.state();
        let Some(block) = state.blocks.allocate(layout) else { return null_mut() };
        state.now += layout.size();
        state.most = state.most.max(state.now);
        block.as_ptr()
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let state = self.state();
        if let Some(block) = core::ptr::NonNull::new(block) {
            // SAFETY: the caller has it from `alloc`, with this layout.
            unsafe { state.blocks.deallocate(block, layout.align()) };
            state.now -= layout.size();
        }
    }
}

/// Most bytes that were in use at once.
pub(crate) fn most() -> usize {
    HEAP.state().most
}

/// The same for C: a word in front of each block has its size.
#[cfg(feature = "wasm3")]
mod c {
    use super::HEAP;
    use core::alloc::{GlobalAlloc, Layout};
    use core::ptr::null_mut;

    /// Alignment of blocks, and bytes in front of them.
    const HEAD: usize = 8;

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes.checked_add(HEAD)?, HEAD).ok()
    }

    #[unsafe(no_mangle)]
    extern "C" fn calloc(n: usize, size: usize) -> *mut u8 {
        let Some((bytes, layout)) = n.checked_mul(size).and_then(|bytes| Some((bytes, layout(bytes)?))) else { return null_mut() };
        // SAFETY: its size is not 0; the head is in it.
        unsafe {
            let block = HEAP.alloc_zeroed(layout);
            if block.is_null() {
                return block;
            }
            block.cast::<usize>().write(bytes);
            block.add(HEAD)
        }
    }

    /// # Safety
    /// `block` is null or comes from here.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(block: *mut u8) {
        if block.is_null() {
            return;
        }
        // SAFETY: `calloc` has made it, and its head.
        unsafe {
            let block = block.sub(HEAD);
            if let Some(layout) = layout(block.cast::<usize>().read()) {
                HEAP.dealloc(block, layout);
            }
        }
    }

    /// # Safety
    /// `block` is null or comes from here.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(block: *mut u8, bytes: usize) -> *mut u8 {
        if block.is_null() {
            return calloc(1, bytes);
        }
        // SAFETY: `calloc` has made it, and its head.
        unsafe {
            let (head, old) = (block.sub(HEAD), block.sub(HEAD).cast::<usize>().read());
            let (Some(before), Some(after)) = (layout(old), layout(bytes)) else { return null_mut() };
            let head = HEAP.realloc(head, before, after.size());
            if head.is_null() {
                return head;
            }
            head.cast::<usize>().write(bytes);
            head.add(HEAD)
        }
    }
}
