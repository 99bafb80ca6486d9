// SPDX-License-Identifier: MIT
//! Cells, call frames and run state of one thread of guest code: numbers only, so that a stack can be copied byte by
//! byte, stored, and continued elsewhere in the same store (DESIGN 3.1, item 1).

use wrt_foundation::Buf;
#[cfg(feature = "alloc")]
use wrt_foundation::buf::zeroed;

/// Cells of a frame's window: see [`crate::image::WINDOW`].
pub const WINDOW: usize = crate::image::WINDOW as usize;
/// Registers: cells that one operation can name, a power of two; with a mask there is no bounds check per operand.
const REGISTERS: usize = WINDOW - 8;
/// The cells of the running frame.
pub type Window = [u32; WINDOW];

/// The register that the low bits of `w` name.
#[inline(always)]
pub(crate) fn register(w: u32) -> usize {
    const { assert!(REGISTERS.is_power_of_two()) };
    w as usize & (REGISTERS - 1)
}

/// The cells of the running frame, for operations that both loops call: one has them alone, the other has them shared.
#[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads", feature = "memory64", feature = "multi-memory", wrt_edge))]
#[allow(dead_code)] // 64-bit addresses alone set nothing
pub(crate) trait Registers {
    fn cell(&self, r: usize) -> u32;
    fn set_cell(&mut self, r: usize, v: u32);
    /// The 64 bits from the register on that `r` names.
    #[inline(always)]
    fn cell64(&self, r: usize) -> u64 {
        let r = register(r as u32);
        u64::from(self.cell(r)) | u64::from(self.cell(r + 1)) << 32
    }
    #[inline(always)]
    fn set_cell64(&mut self, r: usize, v: u64) {
        let r = register(r as u32);
        self.set_cell(r, v as u32);
        self.set_cell(r + 1, (v >> 32) as u32);
    }
}
#[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads", feature = "memory64", feature = "multi-memory", wrt_edge))]
impl Registers for Window {
    #[inline(always)]
    fn cell(&self, r: usize) -> u32 {
        self[r]
    }
    #[inline(always)]
    fn set_cell(&mut self, r: usize, v: u32) {
        self[r] = v;
    }
}

/// Kind of frame: a call from WebAssembly; the instance is the caller's.
pub const WASM: u32 = 0;
/// Kind of frame: a call from the host; a return to it is [`crate::run::Exit::Done`].
pub const BARRIER: u32 = 1 << 24;
/// Kind of frame: work of another crate that goes on in steps; a return to it is [`crate::run::Exit::Step`].
pub const CONTINUATION: u32 = 2 << 24;
/// The instance in [`Frame::link`].
pub const INSTANCE: u32 = 0xff_ffff;

/// What a return restores. Which function it was follows from `pc`.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Frame {
    /// Code word to go on at; the tag of a continuation.
    pub pc: u32,
    /// First cell of the frame.
    pub base: u32,
    /// Kind and instance, so that one compare finds "WebAssembly, same instance".
    pub link: u32,
}

/// What a stack is doing.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Nothing was entered, or it has ended.
    #[default]
    Idle,
    /// As [`Status::Idle`], and what ran last has trapped at [`Run::pc`] of [`Run::inst`].
    Trapped,
    /// It runs when it is given a budget.
    Ready,
    /// As [`Status::Ready`]; first the memories and tables of [`Run::inst`] are cleared.
    Init,
    /// As [`Status::Ready`]; first the frame on top is returned to.
    Return,
    /// A host call is paid for and leaves as soon as the budget allows.
    Calling,
    /// A host function is at work, or its answer is awaited.
    Host,
    /// The owner of a continuation takes the next step.
    Step,
    /// As [`Status::Ready`]; first garbage is collected, for the operation at hand.
    Collect,
    /// It waits for the answer to [`crate::Exit::Wait`] or [`crate::Exit::Notify`].
    #[cfg(feature = "threads")]
    Waiting,
}

/// Where a stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Run {
    /// Budget that has not been handed to `left` yet; negative = debt.
    pub budget: i64,
    /// The counter of the loop.
    pub left: i32,
    /// The operation at hand.
    pub pc: u32,
    /// First cell of the running frame.
    pub base: u32,
    /// The running instance.
    pub inst: u32,
    /// Frames in use.
    pub depth: u32,
    /// Host call: first cell of arguments and results. After `Done` or `Step`: first cell of the results.
    pub args: u32,
    /// Host call: number of the function.
    pub func: u32,
    /// Host call: code word to go on at, or `u32::MAX` to return to the frame on top.
    pub next: u32,
    /// Progress of an operation that has no temporaries for it. After a trap: frames that were in use.
    pub step: u32,
    /// How far charges have fallen behind the slices used up, below zero by the slice in use.
    pub lag: i32,
    /// What it is doing.
    pub status: Status,
}

impl Default for Run {
    fn default() -> Run {
        let n = zero();
        let (left, lag) = (n as i32, n as i32);
        Run { budget: 0, left, pc: n, base: n, inst: n, depth: n, args: n, func: n, next: n, step: n, lag, status: Status::Idle }
    }
}

/// 0, which the compiler does not know: what is made of it needs none of the kinds of `memset`, 170 bytes each.
pub(crate) fn zero() -> u32 {
    core::hint::black_box(0)
}

/// One thread of guest code.
#[derive(Debug, Default)]
pub struct Stack<'m> {
    /// Cells of all frames. The running one needs [`WINDOW`] of them, whatever it uses.
    pub cells: Buf<'m, u32>,
    /// One per call that has not returned.
    pub frames: Buf<'m, Frame>,
    /// Where it is.
    pub run: Run,
}

impl<'m> Stack<'m> {
    /// A stack in the caller's memory: [`WINDOW`] cells more than the guest is to use, 12 bytes per nested call.
    pub fn new(cells: &'m mut [u32], frames: &'m mut [Frame]) -> Stack<'m> {
        Stack { cells: Buf::Lent(cells), frames: Buf::Lent(frames), run: Run::default() }
    }

    /// A stack of so many cells ([`WINDOW`] is added) and nested calls; `None` when the allocator has no room.
    #[cfg(feature = "alloc")]
    pub fn owned(cells: usize, frames: usize) -> Option<Stack<'m>> {
        let cells = Buf::owned(cells.checked_add(WINDOW)?)?;
        // Zeros from the allocator become frames where they are; optimised code does not touch them.
        let frames = zeroed(frames)?.into_iter().map(|[pc, base, link]: [u32; 3]| Frame { pc, base, link }).collect();
        Some(Stack { cells, frames: Buf::Own(frames), run: Run::default() })
    }

    /// Takes over everything that `other` is doing. Tells whether there was room for its cells and frames.
    pub fn copy_from(&mut self, other: &Stack<'_>) -> bool {
        let (Some(cells), Some(frames)) = (self.cells.get_mut(..other.cells.len()), self.frames.get_mut(..other.frames.len())) else {
            return false;
        };
        copy(cells, &other.cells);
        copy(frames, &other.frames);
        self.run = other.run;
        true
    }
    /// Whether it has left with [`Exit::Wait`](crate::Exit::Wait) or [`Exit::Notify`](crate::Exit::Notify), and nobody has
    /// answered.
    #[cfg(feature = "threads")]
    pub fn waits_for_threads(&self) -> bool {
        self.run.status == Status::Waiting
    }

    /// Whether something can be entered: it is idle, or a host function is at work on it.
    pub fn accepts(&self) -> bool {
        matches!(self.run.status, Status::Idle | Status::Trapped | Status::Host | Status::Step)
    }

    /// Puts a continuation under what is entered next with [`crate::Store::enter_above`].
    /// `None` when it is busy or has no frame left.
    pub fn push_continuation(&mut self, tag: u32) -> Option<()> {
        if !self.accepts() {
            return None;
        }
        self.push(Frame { pc: tag, base: self.run.base, link: CONTINUATION | self.run.inst & INSTANCE })
    }

    /// The owner of a continuation is finished: the next run returns to the frame under it.
    pub fn end_step(&mut self) {
        if self.run.status == Status::Step {
            self.run.status = Status::Return;
        }
    }

    pub(crate) fn push(&mut self, frame: Frame) -> Option<()> {
        *self.frames.get_mut(self.run.depth as usize)? = frame;
        self.run.depth = self.run.depth.wrapping_add(1);
        Some(())
    }

    /// Puts a barrier under what is entered next; tells whether there was a frame left.
    pub(crate) fn push_barrier(&mut self) -> bool {
        self.push(Frame { pc: self.run.pc, base: self.run.base, link: BARRIER | self.run.inst & INSTANCE }).is_some()
    }

    /// Cuts off everything above the newest barrier, and the barrier. What runs next starts where that one did.
    pub(crate) fn cut(&mut self) {
        cut(&self.frames, &mut self.run);
    }
}

/// Makes it the run state after a trap: at the barrier under the trap; position and number of frames are kept.
pub(crate) fn cut(frames: &[Frame], run: &mut Run) {
    run.base = 0;
    run.step = run.depth;
    let used = frames.get(..run.depth as usize).unwrap_or(&[]);
    run.depth = 0;
    for (i, frame) in used.iter().enumerate().rev() {
        if frame.link & !INSTANCE == BARRIER {
            (run.depth, run.base) = (i as u32, frame.base);
            break;
        }
    }
}

/// The window of the frame at `base`.
#[inline(always)]
pub fn window(cells: &mut [u32], base: u32) -> Option<&mut Window> {
    let base = base as usize;
    cells.get_mut(base..base.wrapping_add(WINDOW))?.try_into().ok()
}

/// Copies as many elements as both have.
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    let n = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..n), from.get(..n)) {
        to.copy_from_slice(from);
    }
}

/// Sets all elements. Not inlined, so that the value is not known and words need none of the kinds of `memset`.
#[inline(never)]
pub fn fill(to: &mut [u32], value: u32) {
    for t in to {
        *t = value;
    }
}

/// Sets all bytes. Not inlined, so that one kind of `memset` serves all.
#[inline(never)]
pub(crate) fn fill_bytes(to: &mut [u8], value: u8) {
    to.fill(value);
}

/// Moves `n` elements that may overlap. Firmware does without `memmove`, which is 1.6 KB, and without the panic of
/// `copy_within` that the compiler fails to remove: pieces no longer than the distance are apart.
pub(crate) fn move_within<T: Copy>(all: &mut [T], from: usize, to: usize, n: usize) -> Option<()> {
    let last = all.len().checked_sub(n)?;
    if from > last || to > last {
        return None;
    }
    if cfg!(not(target_os = "none")) {
        all.copy_within(from..from.wrapping_add(n), to);
        return Some(());
    }
    if size_of::<T>() == 4 {
        // Word by word, with a way out that keeps the compiler from making a `memcpy` of it: few are moved, and the one
        // for aligned words is 160 B.
        for i in 0..n {
            let i = if from < to { n.wrapping_sub(i).wrapping_sub(1) } else { i };
            let word = *all.get(from.wrapping_add(i))?;
            *all.get_mut(to.wrapping_add(i))? = word;
        }
        return Some(());
    }
    let mut rest = if from == to { 0 } else { n };
    while rest > 0 {
        let m = rest.min(from.abs_diff(to));
        let at = if from < to { rest.wrapping_sub(m) } else { n.wrapping_sub(rest) };
        let (head, tail) = all.split_at_mut_checked(from.max(to).wrapping_add(at))?;
        let (low, high) = (head.get_mut(from.min(to).wrapping_add(at)..)?.get_mut(..m)?, tail.get_mut(..m)?);
        if from < to {
            copy(high, low)
        } else {
            copy(low, high)
        }
        rest = rest.wrapping_sub(m);
    }
    Some(())
}
