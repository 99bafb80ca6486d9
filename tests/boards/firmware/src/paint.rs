// SPDX-License-Identifier: MIT
//! How deep the C stack gets: bytes below the caller are painted, and later those that still have the colour are counted.

use core::ptr::addr_of;

/// Bytes that are painted: more than anything here takes. The linker script leaves four times as many.
const BYTES: usize = 64 << 10;
/// Bytes right below the caller that are not: the frames of these functions.
const NEAR: usize = 512;
const COLOUR: u32 = 0xc01d_57ac;

unsafe extern "C" {
    static __bss_end: u32;
}

/// Where the caller's frame is.
#[inline(always)]
fn here() -> usize {
    let local = 0u32;
    addr_of!(local).addr() & !3
}

/// What was painted: lowest word and end.
pub(crate) struct Paint {
    lowest: usize,
    end: usize,
}

impl Paint {
    /// Paints below the caller.
    #[inline(never)]
    pub(crate) fn new() -> Paint {
        let end = here() - NEAR;
        let limit = addr_of!(__bss_end).addr();
        let paint = Paint { lowest: (end - BYTES).max(limit), end };
        for at in (paint.lowest..paint.end).step_by(4) {
            // SAFETY: between the end of the static variables and what is in use of the stack: nobody else's.
            unsafe { core::ptr::with_exposed_provenance_mut::<u32>(at).write_volatile(COLOUR) };
        }
        paint
    }

    /// Bytes below the caller of [`Paint::new`] that have been used since, 512 at least; `None`: all of the paint is gone.
    #[inline(never)]
    pub(crate) fn depth(&self) -> Option<usize> {
        // SAFETY: as in `new`.
        let coloured = |at: &usize| unsafe { core::ptr::with_exposed_provenance::<u32>(*at).read_volatile() } == COLOUR;
        let used_from = (self.lowest..self.end).step_by(4).find(|at| !coloured(at)).unwrap_or(self.end);
        (used_from > self.lowest).then_some(self.end + NEAR - used_from)
    }
}
