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

/// Byte after the last part.
struct End(usize);

impl End {
    fn part<T>(&mut self, n: usize) -> Part<T> {
        const { assert!(align_of::<T>() <= ALIGN) };
        self.part_at(n, align_of::<T>())
    }
    /// Sums that overflow stay beyond `isize::MAX`.
    fn part_at<T>(&mut self, n: usize, align: usize) -> Part<T> {
        Part { at: self.take(n, size_of::<T>(), align), n, kind: PhantomData }
    }
    #[inline(never)]
    fn take(&mut self, n: usize, size: usize, align: usize) -> usize {
        let at = self.0.saturating_add(align - 1) & !(align - 1);
        self.0 = at.saturating_add(n.saturating_mul(size));
        at
    }
}

/// Where the parts of one store stand. Those with the largest alignment come first, so that little is lost between.
pub(crate) struct Layout {
    stacks: Part<Stack<'static>>,
    instances: Part<Instance<'static>>,
    records: Part<Record>,
    memories: Part<MemSlot<'static>>,
    tables: Part<Table<'static>>,
    types: Part<TypeSource>,
    calls: Part<u32>,
    frames: Part<Frame>,
    cells: Part<u32>,
    words: Part<u32>,
    memory: Part<u8>,
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    heap: Part<u32>,
    each: (usize, usize),
    /// Bytes of all.
    pub(crate) bytes: usize,
}

/// The parts of a store, made.
pub(crate) struct Parts {
    pub(crate) store: StoreParts<'static>,
    pub(crate) records: &'static mut [Record],
    pub(crate) calls: &'static mut [u32],
}

impl Layout {
    /// `None` when the sum overflows.
    pub(crate) fn of(c: &Config) -> Option<Layout> {
        let mut end = End(size_of::<CStore>());
        let stacks = usize::from(c.stacks);
        let (cells, frames) = ((c.cells as usize).saturating_add(WINDOW), usize::from(c.frames));
        let layout = Layout {
            stacks: end.part(stacks),
            instances: end.part(c.instances.into()),
            records: end.part(c.instances.into()),
            memories: end.part(c.memories.into()),
            tables: end.part(c.tables.into()),
            types: end.part(c.types.into()),
            calls: end.part(stacks),
            frames: end.part(stacks.saturating_mul(frames)),
            cells: end.part(stacks.saturating_mul(cells)),
            words: end.part(c.words as usize),
            memory: end.part_at(c.memory_bytes as usize, ALIGN),
            #[cfg(any(feature = "gc", feature = "exceptions"))]
            heap: end.part((c.heap_bytes / 4) as usize),
            each: (cells, frames),
            bytes: end.0,
        };
        (layout.bytes <= isize::MAX as usize).then_some(layout)
    }

    /// Stack `i`, with its own cells and frames.
    ///
    /// # Safety
    /// As [`Part::lend`], for cells and frames; once for each `i` below the number of stacks.
    unsafe fn stack(&self, buffer: *mut u8, i: usize) -> Stack<'static> {
        let (cells, frames) = self.each;
        let own = |at: usize, n: usize, size: usize| at + i * n * size;
        let cells = Part { at: own(self.cells.at, cells, 4), n: cells, kind: PhantomData };
        let frames = Part { at: own(self.frames.at, frames, size_of::<Frame>()), n: frames, kind: PhantomData };
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
            let numbers = Part::<u32> { at: self.types.at, n: (self.memory.at - self.types.at) / 4, kind: PhantomData };
            fill(numbers.lend(buffer), 0);
            Parts {
                store: StoreParts {
                    instances: Lent(self.instances.fill(buffer)),
                    memories: Lent(self.memories.fill(buffer)),
                    tables: Lent(self.tables.fill(buffer)),
                    types: Lent(self.types.lend(buffer)),
                    stacks: Lent(self.stacks.fill_with(buffer, |i| self.stack(buffer, i))),
                    words: Lent(self.words.lend(buffer)),
                    bytes: Lent(self.memory.lend(buffer)),
                    #[cfg(any(feature = "gc", feature = "exceptions"))]
                    heap: Lent(self.heap.fill(buffer)),
                    ..StoreParts::default()
                },
                records: self.records.fill(buffer),
                calls: self.calls.lend(buffer),
            }
        }
    }
}
