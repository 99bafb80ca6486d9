// SPDX-License-Identifier: MIT
//! Where everything stands in the caller's buffer. The layout is computed in full, with every sum checked, before a byte
//! is written; so the size needed is always known whole.

use crate::host::Record;
use crate::store::{CStore, Config};
use core::marker::PhantomData;
use wrt_foundation::Buf::Lent;
use wrt_runtime::stack::{Frame, WINDOW, fill};
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::{Stack, StoreParts};

/// What a buffer is aligned to.
pub(crate) const ALIGN: usize = 8;

/// `n` elements at byte `at` of the buffer.
struct Part<T> {
    at: usize,
    n: usize,
    kind: PhantomData<T>,
}

impl<T> Part<T> {
    /// The elements as they are.
    ///
    /// # Safety
    /// `buffer` has the layout's bytes, is aligned to [`ALIGN`] and used by nobody else for as long as the slice lives;
    /// the elements have been written, or any bytes are a `T`.
    unsafe fn lend(&self, buffer: *mut u8) -> &'static mut [T] {
        // SAFETY: the layout put the part inside the buffer, aligned and apart from all others.
        unsafe { core::slice::from_raw_parts_mut(buffer.add(self.at).cast(), self.n) }
    }

    /// Writes what `make` gives for each and lends them.
    ///
    /// # Safety
    /// As [`Part::lend`], except that nothing has been written.
    unsafe fn fill_with(&self, buffer: *mut u8, make: impl Fn(usize) -> T) -> &'static mut [T] {
        // SAFETY: as in `lend`; each element is written before the slice is made.
        unsafe {
            let first = buffer.add(self.at).cast::<T>();
            for i in 0..self.n {
                first.add(i).write(make(i));
            }
            self.lend(buffer)
        }
    }
}

impl<T: Default> Part<T> {
    /// Writes defaults and lends them.
    ///
    /// # Safety
    /// As [`Part::fill_with`].
    unsafe fn fill(&self, buffer: *mut u8) -> &'static mut [T] {
        // SAFETY: the same promise.
        unsafe { self.fill_with(buffer, |_| T::default()) }
    }
}

/// The parts of one store, in their order: those with the largest alignment come first, so that little is lost between.
#[derive(Clone, Copy)]
enum Kind {
    Stacks,
    Instances,
    Records,
    Memories,
    Tables,
    Types,
    Calls,
    Frames,
    Cells,
    Words,
    Memory,
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    Heap,
}

/// How many there are.
const KINDS: usize = if cfg!(any(feature = "gc", feature = "exceptions")) { 12 } else { 11 };

/// Size and alignment of an element of each.
static SHAPES: [[u8; 2]; KINDS] = {
    const fn shape<T>() -> [u8; 2] {
        assert!(align_of::<T>() <= ALIGN && size_of::<T>() < 256);
        [size_of::<T>() as u8, align_of::<T>() as u8]
    }
    [
        shape::<Stack<'_>>(),
        shape::<Instance<'_>>(),
        shape::<Record>(),
        shape::<MemSlot<'_>>(),
        shape::<Table<'_>>(),
        shape::<TypeSource>(),
        shape::<u32>(),
        shape::<Frame>(),
        shape::<u32>(),
        shape::<u32>(),
        [1, ALIGN as u8],
        #[cfg(any(feature = "gc", feature = "exceptions"))]
        shape::<u32>(),
    ]
};

/// Where the parts of one store stand.
pub(crate) struct Layout {
    at: [usize; KINDS],
    n: [usize; KINDS],
    /// Cells and frames of each stack.
    each: (usize, usize),
    /// Bytes of all; `usize::MAX` when no address space has them.
    pub(crate) bytes: usize,
}

/// The parts of a store, made.
pub(crate) struct Parts {
    pub(crate) store: StoreParts<'static>,
    pub(crate) records: &'static mut [Record],
    pub(crate) calls: &'static mut [u32],
}

impl Layout {
    #[inline(never)]
    pub(crate) fn of(c: &Config) -> Layout {
        let stacks = usize::from(c.stacks);
        let (cells, frames) = ((c.cells as usize).saturating_add(WINDOW), usize::from(c.frames));
        let mut layout = Layout {
            at: [0; KINDS],
            n: [
                stacks,
                c.instances.into(),
                c.instances.into(),
                c.memories.into(),
                c.tables.into(),
                c.types.into(),
                stacks,
                stacks.saturating_mul(frames),
                stacks.saturating_mul(cells),
                c.words as usize,
                c.memory_bytes as usize,
                #[cfg(any(feature = "gc", feature = "exceptions"))]
                {
                    (c.heap_bytes / 4) as usize
                },
            ],
            each: (cells, frames),
            bytes: size_of::<CStore>(),
        };
        for ((at, n), [size, align]) in layout.at.iter_mut().zip(&layout.n).zip(&SHAPES) {
            // Sums that overflow stay beyond `isize::MAX`.
            let align = usize::from(*align) - 1;
            *at = layout.bytes.saturating_add(align) & !align;
            layout.bytes = at.saturating_add(n.saturating_mul((*size).into()));
        }
        if layout.bytes > isize::MAX as usize {
            layout.bytes = usize::MAX;
        }
        layout
    }

    fn part<T>(&self, kind: Kind) -> Part<T> {
        const { assert!(align_of::<T>() <= ALIGN) };
        Part { at: self.at[kind as usize], n: self.n[kind as usize], kind: PhantomData }
    }

    /// Stack `i`, with its own cells and frames.
    ///
    /// # Safety
    /// As [`Part::lend`], for cells and frames; once for each `i` below the number of stacks.
    unsafe fn stack(&self, buffer: *mut u8, i: usize) -> Stack<'static> {
        let (cells, frames) = self.each;
        let own = |at: usize, n: usize, size: usize| at + i * n * size;
        let cells = Part { at: own(self.at[Kind::Cells as usize], cells, 4), n: cells, kind: PhantomData };
        let frames = Part { at: own(self.at[Kind::Frames as usize], frames, size_of::<Frame>()), n: frames, kind: PhantomData };
        // SAFETY: pieces of the two parts, apart from those of the other stacks.
        unsafe { Stack::new(cells.lend(buffer), frames.lend(buffer)) }
    }

    /// Makes the parts in `buffer`. Linear memory is not cleared: the engine does that before a guest sees it.
    ///
    /// # Safety
    /// `buffer` has [`Layout::bytes`], all of which have been written once, is aligned to [`ALIGN`] and used by nobody
    /// else for as long as the parts live.
    pub(crate) unsafe fn make(&self, buffer: *mut u8) -> Parts {
        // SAFETY: the caller's promise is the one of `fill` and `lend`; any bytes are numbers. The parts from types to words
        // are numbers only and lie together.
        unsafe {
            let numbers = Part::<u32> {
                at: self.at[Kind::Types as usize],
                n: (self.at[Kind::Memory as usize] - self.at[Kind::Types as usize]) / 4,
                kind: PhantomData,
            };
            fill(numbers.lend(buffer), 0);
            Parts {
                store: StoreParts {
                    instances: Lent(self.part(Kind::Instances).fill(buffer)),
                    memories: Lent(self.part(Kind::Memories).fill(buffer)),
                    tables: Lent(self.part(Kind::Tables).fill(buffer)),
                    types: Lent(self.part(Kind::Types).lend(buffer)),
                    stacks: Lent(self.part(Kind::Stacks).fill_with(buffer, |i| self.stack(buffer, i))),
                    words: Lent(self.part(Kind::Words).lend(buffer)),
                    bytes: Lent(self.part(Kind::Memory).lend(buffer)),
                    #[cfg(any(feature = "gc", feature = "exceptions"))]
                    heap: Lent(self.part(Kind::Heap).fill(buffer)),
                    ..StoreParts::default()
                },
                records: self.part(Kind::Records).fill(buffer),
                calls: self.part(Kind::Calls).lend(buffer),
            }
        }
    }
}
