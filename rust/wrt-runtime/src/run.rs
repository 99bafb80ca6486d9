// SPDX-License-Identifier: MIT
//! The loop (form A: `loop { match }`), its counter, and how a run begins and ends.
//!
//! Hot state lives in locals borrowed from store and stack. A rare operation breaks out of the inner loop, all borrows
//! end, `rare()` works on the whole store, and the outer loop borrows again (DESIGN 3.1, item 2).
//!
//! **Counter.** `left` is charged when a block is left: a jump word's cost when the jump is taken; calls, returns and
//! `CHARGE` always. Below zero the operation is complete (a host call: paid for) and only a refill is due, at most
//! [`SLICE`] units from the budget, after a look at the interrupt word. Debt is carried, so that a budget of 1 makes
//! progress and the sum does not depend on the slices.
//!
//! Costs of jumps are differences, so some are refunds. They go to the budget past `left`, and a look is due too where they exceed
//! `ROOM`: a forged image whose refunds cancel its charges is interrupted all the same, and `paid` ends it.
//!
//! **Phrasing.** The `match` on `u8` names every hole; traps go through a cold function; `c0`, `c1`, `c2` have one length, so that the
//! check of the first serves all. On small processors an arm makes a value: the loops around it write it, advance `pc` and fetch the
//! next word, one after the other without a jump; taken branches have a place of their own. At opt-level `z` and on others each arm does
//! all that itself. Each was measured (ARCHITECTURE.md).

#[cfg(feature = "threads")]
use crate::atomic::{Atomic, Ended};
#[cfg(feature = "memory64")]
use crate::bulk::access;
use crate::numeric;
use crate::op::*;
use crate::rare::{host_call, leave, rare};
#[cfg(any(
    feature = "simd",
    feature = "wide-arithmetic",
    feature = "threads",
    feature = "memory64",
    feature = "multi-memory",
    wrt_edge
))]
use crate::stack::Registers;
use crate::stack::{Frame, Run, Stack, Status, WASM, Window, cut, fill, move_within, register, window};
#[cfg(feature = "threads")]
use crate::store::NONE;
use crate::store::{MemSlot, StackId, Store, Table, View};
#[cfg(wrt_threaded)]
use crate::threaded::Left;
use core::hint::black_box;
use core::ops::{BitOr, BitXor};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
#[cfg(any(feature = "gc", feature = "exceptions"))]
use wrt_foundation::Buf;
use wrt_foundation::{Ref, Trap};
#[cfg(wrt_quick)]
use wrt_instructions::num;

/// Most units of fuel used between the moment when the interrupt word is set and [`Exit::Interrupted`]. A unit is an
/// instruction or 64 bytes of a bulk operation.
pub const LATENCY: i64 = 1000;
/// Units after which a charge leads to a look at the interrupt word; the charge itself has no more than the rest. There are
/// instructions of three words, a call of a function that has nothing but locals, and boards look within 1,000 words too.
pub const SLICE: i64 = if cfg!(wrt_threaded) { 512 } else { 256 };
/// Most units that charges may fall behind the slices used up.
const MOST_LAG: i32 = 1 << 15;

/// A test build (`--cfg wrt_words`, and `wrt_loop`) counts the words that the loop dispatches between two looks at the
/// interrupt word: in one thread.
#[cfg(wrt_words)]
pub mod counted {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static SINCE: AtomicU32 = AtomicU32::new(0);
    static MOST: AtomicU32 = AtomicU32::new(0);

    pub(super) fn word() {
        SINCE.fetch_add(1, Relaxed);
    }
    pub(super) fn looked() {
        MOST.fetch_max(SINCE.swap(0, Relaxed), Relaxed);
    }
    /// Most words so far, which are forgotten.
    pub fn most() -> u32 {
        SINCE.store(0, Relaxed);
        MOST.swap(0, Relaxed)
    }
}

/// Why [`run`] returned. Everything but `Done` and `Trap` can be continued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Exit {
    /// What was entered has returned; see [`Store::results`].
    Done,
    /// It trapped; the stack is cut back to the barrier under it.
    Trap(Trap),
    /// It called function `host` of the host.
    HostCall {
        /// The host's number of the function.
        host: u32,
        /// The store's number of it, which tells its type.
        func: u32,
        /// First cell of the arguments; results go to the same place.
        args: u32,
        /// The calling instance.
        instance: u32,
    },
    /// The budget is used up.
    OutOfBudget,
    /// The interrupt word is set.
    Interrupted,
    /// A memory of the host's is in use elsewhere; try again when it is not.
    MemoryInUse,
    /// `memory.atomic.wait32` or `wait64`, and the value was the expected one: compare again under the lock of a wait table
    /// ([`SharedMem::holds`](crate::shared::SharedMem::holds)), then wait; 0 (woken), 1 (another value) or 2 (the time is
    /// over) is the answer to [`Store::answer_thread`]. A stack that runs without an answer compares and leaves again.
    #[cfg(feature = "threads")]
    Wait {
        /// Slot of the memory, see [`Store::shared_memory`].
        memory: u32,
        /// The byte to wait on.
        offset: usize,
        /// What the value has to be.
        expected: u64,
        /// Whether it has 64 bits.
        wide: bool,
        /// How long, in nanoseconds; below 0: for ever.
        timeout_ns: i64,
        /// Whether it is the wait that the exit before on this stack told of, which nobody has answered: its time runs
        /// from then.
        again: bool,
    },
    /// `memory.atomic.notify`: how many threads were woken is the answer to [`Store::answer_thread`].
    #[cfg(feature = "threads")]
    Notify {
        /// Slot of the memory, see [`Store::shared_memory`].
        memory: u32,
        /// The byte that they wait on.
        offset: usize,
        /// Most threads to wake.
        count: u32,
    },
    /// Another thread is in an atomic access to the same memory, for a few instructions: give it time and run again.
    #[cfg(feature = "threads")]
    Contended,
    /// A continuation came to the top; who pushed it takes the next step.
    Step {
        /// What it was pushed with.
        tag: u32,
    },
}

/// Runs a stack until something happens. `budget` is what it may use and, afterwards, what is left; negative = debt.
///
/// The stacks are out of the store meanwhile. A stack that has nothing to run gives [`Trap::BadImage`].
pub fn run(store: &mut Store<'_>, id: StackId, budget: &mut i64) -> Exit {
    #[cfg(feature = "alloc")]
    if !store.acquire_memories() {
        return Exit::MemoryInUse;
    }
    let mut stacks = core::mem::take(&mut store.stacks);
    let mut out = Exit::Trap(Trap::BadImage);
    if let Some(stack) = stacks.get_mut(id.0 as usize) {
        (stack.run.budget, stack.run.left, stack.run.lag) = (*budget, 0, stack.run.lag.max(0));
        #[cfg(any(feature = "gc", feature = "exceptions"))]
        run_collecting(store, &mut stacks, id, &mut out);
        #[cfg(not(any(feature = "gc", feature = "exceptions")))]
        if begin(store, stack, &mut out) {
            exec(store, stack, &mut out);
        }
        if let Some(stack) = stacks.get_mut(id.0 as usize) {
            settle(&mut stack.run);
            *budget = stack.run.budget;
        }
    }
    store.stacks = stacks;
    #[cfg(feature = "alloc")]
    store.release_memories();
    out
}

/// Runs a stack, and collections of garbage that it asks for or that another has begun. A collection sees all stacks.
#[cfg(any(feature = "gc", feature = "exceptions"))]
fn run_collecting<'m>(store: &mut Store<'m>, stacks: &mut Buf<'m, Stack<'m>>, id: StackId, out: &mut Exit) {
    loop {
        while store.is_collecting() {
            let Some(stack) = stacks.get_mut(id.0 as usize) else { return };
            if stack.run.left <= 0 && !refill(store, &mut stack.run, out) {
                return;
            }
            stack.run.left = stack.run.left.wrapping_sub(16);
            core::mem::swap(&mut store.stacks, stacks);
            store.collect_step();
            core::mem::swap(&mut store.stacks, stacks);
        }
        let Some(stack) = stacks.get_mut(id.0 as usize) else { return };
        if stack.run.status == Status::Collect {
            stack.run.status = Status::Ready;
        }
        if begin(store, stack, out) {
            exec(store, stack, out);
        }
        if stack.run.status != Status::Collect {
            return;
        }
    }
}

/// What comes before the loop; tells whether the loop is to run.
fn begin(store: &mut Store<'_>, stack: &mut Stack<'_>, out: &mut Exit) -> bool {
    let Stack { frames, run, .. } = stack;
    #[cfg(feature = "threads")]
    let waiting = run.status == Status::Waiting;
    #[cfg(not(feature = "threads"))]
    let waiting = false;
    let runs = waiting || matches!(run.status, Status::Ready | Status::Init | Status::Return | Status::Calling);
    if !runs || !refill(store, run, out) {
        return false;
    }
    match run.status {
        // Nobody has answered: the operation, where `pc` still is, is carried out again.
        #[cfg(feature = "threads")]
        Status::Waiting => (run.status, run.func) = (Status::Ready, NONE),
        Status::Calling => return host_call(store, run, out),
        Status::Return => {
            run.status = Status::Ready;
            return leave(frames, run, out).unwrap_or_else(|t| stop(frames, run, out, t));
        }
        Status::Init => {
            while !store.clear_step(run.inst) {
                if store.interrupted() {
                    *out = Exit::Interrupted;
                    return false;
                }
            }
            run.status = Status::Ready;
        }
        _ => {}
    }
    true
}

/// Takes what is left of the slice back.
fn settle(run: &mut Run) {
    run.budget = run.budget.saturating_add(run.left.into());
    run.lag = run.lag.saturating_add(run.left);
    run.left = 0;
}

/// The slice is used up: look at the interrupt word, then take the next one. False: `out` is set.
#[inline]
pub(crate) fn refill(store: &Store<'_>, run: &mut Run, out: &mut Exit) -> bool {
    next_slice(store.interrupted(), run, out)
}
/// The same, for who has looked already.
pub(crate) fn next_slice(interrupted: bool, run: &mut Run, out: &mut Exit) -> bool {
    #[cfg(wrt_words)]
    counted::looked();
    settle(run);
    if interrupted {
        *out = Exit::Interrupted;
        return false;
    }
    if run.budget <= 0 {
        *out = Exit::OutOfBudget;
        return false;
    }
    let slice = run.budget.min(SLICE);
    run.budget = run.budget.wrapping_sub(slice);
    run.left = slice as i32;
    run.lag = run.lag.saturating_sub(slice as i32);
    true
}

/// Counts a slice as used up; tells whether the guest paid for it. Each slice ends by a charge, so it stands for one
/// instruction at least, and charges fall behind the instructions by one block at most. Where they fall behind ever
/// more, refunds cancel them: an image that nobody translated.
pub(crate) fn paid(run: &mut Run) -> bool {
    let lag = run.lag.saturating_add(run.left).saturating_add(1).max(0);
    run.lag = lag.saturating_sub(run.left);
    lag < MOST_LAG
}

/// A trap at `run.pc`. Always false.
pub(crate) fn stop(frames: &[Frame], run: &mut Run, out: &mut Exit, t: Trap) -> bool {
    cut(frames, run);
    run.status = Status::Trapped;
    *out = Exit::Trap(t);
    false
}

/// A trap in the loop.
#[cold]
#[inline(never)]
fn trap(frames: &[Frame], run: &mut Run, pc: usize, here: &mut Here, out: &mut Exit, t: Trap) {
    here.keep(run, pc);
    stop(frames, run, out, t);
}

/// A jump of the loop that costs `cost`: what [`Here::charge`] does, out of line.
#[cold]
#[inline(never)]
fn charge(here: &mut Here, cost: i32) -> bool {
    here.charge(cost)
}

/// The slice is used up: the next one where the guest just goes on, else the counter stays below zero.
#[cold]
#[inline(never)]
fn slice(interrupt: &[AtomicU32], here: &mut Here, run: &mut Run) {
    if here.ahead == 0 || interrupt.first().is_some_and(|word| word.load(Relaxed) != 0) {
        return slices(interrupt, here, run);
    }
    #[cfg(wrt_words)]
    counted::looked();
    here.ahead = here.ahead.wrapping_sub(1);
    here.left = here.left.wrapping_add(SLICE as i32);
}
/// Takes many slices ahead, where the budget has them: what it takes to tell is more than a slice's own work.
#[inline(never)]
fn slices(interrupt: &[AtomicU32], here: &mut Here, run: &mut Run) {
    here.give_back(run);
    for ahead in [AHEAD, 0] {
        if let Some(left) = next_at_once(interrupt, run, here.left, 0, ahead) {
            (here.left, here.ahead) = (left, ahead);
            return;
        }
    }
}

/// What is left of the slice after work that costs nothing, `n` units of it: they are given back to the budget, and the interrupt
/// word is looked at the earlier. Not below zero, where a jump would not see it.
#[inline(never)]
fn hasten(run: &mut Run, left: i32, n: i32) -> i32 {
    let n = n.min(left);
    // What the slice was taken from has room for it.
    run.budget = run.budget.wrapping_add(n.into());
    run.lag = run.lag.wrapping_add(n);
    left.wrapping_sub(n)
}

/// What the loop borrows from the store.
pub(crate) struct Hot<'a> {
    pub(crate) code: &'a [u32],
    pub(crate) entries: &'a [u32],
    pub(crate) func_types: &'a [u32],
    pub(crate) table: &'a [u32],
    pub(crate) mem: &'a mut [u8],
    pub(crate) shared: View<'a>,
    pub(crate) globals: &'a mut [u32],
    pub(crate) imports: usize,
    /// The first of the instance's own functions.
    pub(crate) first: Ref,
    pub(crate) link: u32,
    #[cfg(wrt_threaded)]
    pub(crate) threaded: &'a crate::threaded::Code,
    pub(crate) interrupt: &'a [AtomicU32],
}

/// The same as [`Hot::refill`] where the guest just goes on, with a whole slice: the counter then. `left` and `credit` are not yet
/// in `run`. `ahead`: so many slices more are taken.
#[inline(always)]
pub(crate) fn next_at_once(interrupt: &[AtomicU32], run: &mut Run, left: i32, credit: i32, ahead: u32) -> Option<i32> {
    let slices = (SLICE as i32).wrapping_mul(ahead.wrapping_add(1) as i32);
    // A budget close to its largest value wraps when an image is forged: there the guest does not just go on.
    let used = left.wrapping_add(credit);
    let lag = run.lag.wrapping_add(used).wrapping_add(1).max(0);
    let budget = run.budget.wrapping_add(used.wrapping_sub(slices).into());
    if interrupt.first().is_some_and(|word| word.load(Relaxed) != 0) || budget < 0 || lag >= MOST_LAG {
        return None;
    }
    #[cfg(wrt_words)]
    counted::looked();
    (run.budget, run.lag) = (budget, lag.wrapping_sub(slices));
    Some(SLICE as i32)
}

/// The part of [`Run`] that jumps, calls and returns use. The plain loop has it in memory for sure: where a compiler gives it registers,
/// other values lack them.
pub(crate) struct Here {
    pub(crate) left: i32,
    /// What jumps may still give back before a look at the interrupt word is due: [`ROOM`] less the refunds that neither budget nor lag
    /// have yet.
    room: u32,
    /// Slices after this one that neither budget nor lag have any more.
    ahead: u32,
    pub(crate) base: u32,
    pub(crate) depth: u32,
}

/// Slices that the loop on boards takes from the budget together, less one.
const AHEAD: u32 = 15;
/// Most units that jumps give back meanwhile: more than charges come to and what a block may owe, so that no guest comes to it, but for
/// an image that nobody translated.
const ROOM: u32 = 1 << 14;

impl Here {
    /// Where a run goes on. `credit`: refunds that neither budget nor lag have yet.
    pub(crate) fn new(left: i32, credit: i32, base: u32, depth: u32) -> Self {
        Here { left, room: ROOM.wrapping_sub(credit as u32), ahead: 0, base, depth }
    }

    /// Gives refunds and slices that are not used back.
    #[inline(always)]
    fn give_back(&mut self, run: &mut Run) {
        let credit = (ROOM.wrapping_sub(self.room) as i32).wrapping_add(self.ahead.wrapping_mul(SLICE as u32) as i32);
        run.budget = run.budget.saturating_add(credit.into());
        run.lag = run.lag.saturating_add(credit);
        (self.room, self.ahead) = (ROOM, 0);
    }

    /// Charges what a jump costs, or gives it back; tells whether a look at the interrupt word is due. One that costs nothing takes a
    /// unit and gives it back. The counter is not below zero before.
    #[inline(always)]
    fn charge(&mut self, cost: i32) -> bool {
        if cost > 0 {
            let (left, over) = (self.left as u32).overflowing_sub(cost as u32);
            self.left = left as i32;
            return over;
        }
        if cost < 0 {
            let (room, over) = self.room.overflowing_add_signed(cost);
            self.room = room;
            if over {
                // What is left is given back too.
                self.room = room.wrapping_sub(self.left as u32).wrapping_sub(1);
                self.left = -1;
            }
            return over;
        }
        (self.left, self.room) = (self.left.wrapping_sub(1), self.room.wrapping_sub(1));
        self.left < 0
    }

    /// Writes it all down.
    #[inline(always)]
    pub(crate) fn keep(&mut self, run: &mut Run, pc: usize) {
        self.give_back(run);
        (run.pc, run.left, run.base, run.depth) = (pc as u32, self.left, self.base, self.depth);
    }
}

#[cfg(any(target_pointer_width = "64", not(wrt_quick)))]
impl Hot<'_> {
    /// Takes the next slice, without borrowing everything anew. False: `out` is set.
    #[inline(never)]
    pub(crate) fn refill(interrupt: &[AtomicU32], frames: &[Frame], run: &mut Run, out: &mut Exit) -> bool {
        if !paid(run) {
            return stop(frames, run, out, Trap::BadImage);
        }
        next_slice(interrupt.first().is_some_and(|word| word.load(Relaxed) != 0), run, out)
    }
}

pub(crate) fn hot<'a>(store: &'a mut Store<'_>, inst: u32) -> Option<Hot<'a>> {
    let i = store.insts.get_mut(inst as usize)?;
    let code: &[u32] = &i.image;
    let (mem, shared) = store.mems.get_mut(i.mem0 as usize).map_or((&mut [][..], View::default()), MemSlot::view);
    let (own, imports) = (i.funcs.wrapping_sub(i.imports) as usize, i.imports as usize);
    Some(Hot {
        code,
        entries: code.get(i.entries_at as usize..)?.get(..own)?,
        func_types: code.get(i.func_types_at as usize..)?.get(imports..)?.get(..own)?,
        table: store.tables.get(i.table0 as usize).map_or(&[], Table::live),
        mem,
        shared,
        globals: i.words.get_mut(..i.at.memories as usize)?,
        imports,
        first: Ref::func(i.func_base.wrapping_add(i.imports)),
        link: WASM | inst,
        #[cfg(wrt_threaded)]
        threaded: &i.threaded,
        interrupt: &store.interrupt,
    })
}

/// The code and the words one and two after it, of one length.
#[inline(always)]
fn words(code: &[u32]) -> Option<(&[u32], &[u32], &[u32])> {
    let n = code.len().checked_sub(crate::image::PADDING as usize)?;
    Some((code.get(..n)?, code.get(1..n + 1)?, code.get(2..n + 2)?))
}

#[inline(always)]
pub(crate) fn get64(fr: &Window, r: usize) -> u64 {
    let r = register(r as u32);
    u64::from(fr[r]) | u64::from(fr[r + 1]) << 32
}

#[inline(always)]
pub(crate) fn set64(fr: &mut Window, r: usize, v: u64) {
    let r = register(r as u32);
    (fr[r], fr[r + 1]) = (v as u32, (v >> 32) as u32);
}

/// Little-endian values in memory. RV32 has no load or store of a value that is not aligned, so the compiler takes byte by byte;
/// here one load or store where it is aligned, and where it is not, byte by byte out of line, or the compiler would merge the two.
mod bytes {
    macro_rules! value {
        ($ty:ty, $n:literal, $word:ty, $get:ident, $put:ident, $get_slow:ident, $put_slow:ident) => {
            #[inline(always)]
            pub(super) fn $get(s: &[u8; $n]) -> $ty {
                #[cfg(target_arch = "riscv32")]
                match bytemuck::try_from_bytes::<$word>(s) {
                    Ok(words) => bytemuck::cast(*words),
                    Err(_) => $get_slow(s),
                }
                #[cfg(not(target_arch = "riscv32"))]
                <$ty>::from_le_bytes(*s)
            }
            #[inline(always)]
            pub(super) fn $put(s: &mut [u8; $n], v: $ty) {
                #[cfg(target_arch = "riscv32")]
                match bytemuck::try_from_bytes_mut::<$word>(s) {
                    Ok(words) => *words = bytemuck::cast(v),
                    Err(_) => $put_slow(s, v),
                }
                #[cfg(not(target_arch = "riscv32"))]
                {
                    *s = v.to_le_bytes();
                }
            }
            #[cfg(target_arch = "riscv32")]
            #[inline(never)]
            fn $get_slow(s: &[u8; $n]) -> $ty {
                // Or the compiler would load before the call, byte by byte, and need no call then.
                <$ty>::from_le_bytes(*core::hint::black_box(s))
            }
            #[cfg(target_arch = "riscv32")]
            #[inline(never)]
            fn $put_slow(s: &mut [u8; $n], v: $ty) {
                *s = v.to_le_bytes();
            }
        };
    }
    value!(u16, 2, u16, half, put_half, half_slow, put_half_slow);
    value!(u32, 4, u32, word, put_word, word_slow, put_word_slow);
    value!(u64, 8, [u32; 2], double, put_double, double_slow, put_double_slow);

    #[inline(always)]
    pub(super) fn put_byte(s: &mut [u8; 1], v: u8) {
        *s = [v];
    }
}

/// Bytes at the end of memory 0 where the loop does not look at a load or store itself.
#[cfg(wrt_edge)]
const EDGE: usize = 7;

/// Outer loop: borrow the running instance. Inner loop: run until a rare operation.
#[inline(never)]
fn exec(store: &mut Store<'_>, stack: &mut Stack<'_>, out: &mut Exit) {
    let Stack { cells, frames, run } = stack;
    let (mut cells, mut frames, mut run): (&mut [u32], &mut [Frame], &mut Run) = (cells, frames, run);
    loop {
        #[cfg(wrt_threaded)]
        match crate::threaded::run(store, cells, frames, run, out) {
            Left::Rare(w) if rare(store, cells, frames, run, w, out) => continue,
            Left::Rare(_) | Left::Out => return,
            Left::Refused => {}
        }
        let Some(mut hot) = hot(store, run.inst) else {
            stop(frames, run, out, Trap::BadImage);
            return;
        };
        // In memory, and out of the compiler's sight: what calls and globals ask for does not compete for registers.
        let mut here = Here::new(run.left, 0, run.base, run.depth);
        // 1, which the compiler does not know: it would share the last steps of what has a value and what has none, by one more jump for all.
        let mut one = 1usize;
        let _ = black_box((&mut one, &mut hot, &mut here, &mut cells, &mut frames, &mut run));
        let (code, shared) = (hot.code, hot.shared);
        // What begins before `within` of memory 0 is inside whatever it is: one comparison, from which the compiler sees the rest. What
        // begins behind is looked at out of line, also all of a memory that has fewer bytes.
        #[cfg(wrt_edge)]
        let mut few = [0; EDGE];
        #[cfg(wrt_edge)]
        let (mem, mut tiny) = if hot.mem.len() < EDGE { (&mut few[..], Some(&mut *hot.mem)) } else { (&mut *hot.mem, None) };
        #[cfg(wrt_edge)]
        let Some(within) = mem.len().checked_sub(EDGE) else {
            stop(frames, run, out, Trap::BadImage);
            return;
        };
        #[cfg(wrt_edge)]
        macro_rules! bytes {
            ($get:ident, $chunk:ident::<$n:literal>, $ea:expr) => {
                if $ea < within { mem.$get($ea..).and_then(|m| m.$chunk::<$n>()) } else { None }
            };
        }
        #[cfg(wrt_edge)]
        macro_rules! memory {
            () => {
                match &mut tiny {
                    Some(all) => all,
                    None => &mut *mem,
                }
            };
        }
        #[cfg(not(wrt_edge))]
        let mem = &mut *hot.mem;
        #[cfg(not(wrt_edge))]
        macro_rules! bytes {
            ($get:ident, $chunk:ident::<$n:literal>, $ea:expr) => {
                mem.$get($ea..).and_then(|m| m.$chunk::<$n>())
            };
        }
        #[cfg(all(not(wrt_edge), any(feature = "simd", feature = "wide-arithmetic", feature = "threads", feature = "memory64")))]
        macro_rules! memory {
            () => {
                mem
            };
        }
        let _ = shared; // only operations out of line ask for it
        let Some((c0, c1, c2)) = words(code) else {
            stop(frames, run, out, Trap::BadImage);
            return;
        };
        // What calls and refunds use stays in `run`: the registers are for all others.
        let mut pc = run.pc as usize;

        // Around the loop: what is called for a single operation, and would cost the loop registers.
        let w = 'around: loop {
            let Some(mut fr) = window(cells, here.base) else {
                stop(frames, run, out, Trap::StackExhausted);
                return;
            };
            macro_rules! trap {
                ($t:expr) => {
                    return trap(frames, run, pc, &mut here, out, $t)
                };
            }
            // A word after the first. RV32 has a constant in an address for nothing, others an index.
            macro_rules! ext {
                (1) => {
                    ext!(c1, 1)
                };
                (2) => {
                    ext!(c2, 2)
                };
                ($c:ident, $n:literal) => {{
                    let _ = $c;
                    #[cfg(target_arch = "riscv32")]
                    let word = code.get(pc..).and_then(|c| c.get($n));
                    #[cfg(not(target_arch = "riscv32"))]
                    let word = $c.get(pc);
                    match word {
                        Some(&k) => k,
                        None => trap!(Trap::BadImage),
                    }
                }};
            }
            // The next slice. On computers a call here would cost the loop registers.
            macro_rules! look {
                ($out:lifetime) => {{
                    if cfg!(all(target_pointer_width = "32", wrt_quick)) {
                        slice(hot.interrupt, &mut here, run);
                    }
                    if !cfg!(all(target_pointer_width = "32", wrt_quick)) || here.left < 0 {
                        break $out 0;
                    }
                }};
            }
            // After a charge: the next slice, if this one is used up.
            macro_rules! slice {
                ($out:lifetime) => {
                    if here.left < 0 {
                        look!($out);
                    }
                };
            }
            // What an operation before has made; the first time round none has.
            #[cfg_attr(not(all(target_pointer_width = "32", wrt_quick)), allow(unused_mut))]
            let (mut w, mut v) = (0, fr[0]);
            pc = pc.wrapping_sub(1);
            // On other processors each arm goes on by itself.
            #[cfg_attr(
                not(all(target_pointer_width = "32", wrt_quick)),
                allow(unreachable_code, unused_labels, unused_variables, clippy::never_loop)
            )]
            let w = 'ops: loop {
                // Where most operations end: in one place, which the next one's fetch follows.
                pc = pc.wrapping_add(1);
                fr[register(w >> 8)] = v;
                v = 'go: loop {
                    let v2 = 'wide: loop {
                        macro_rules! jump_far {
                            ($disp:expr, $cost:expr) => {{
                                let (disp, cost): (i32, i32) = ($disp, $cost);
                                pc = pc.wrapping_add_signed(disp as isize);
                                let less = here.left.wrapping_sub(cost);
                                if (less as u32) < here.left as u32 {
                                    here.left = less; // one compare: the cost is positive, and there was enough
                                } else if charge(&mut here, cost) {
                                    look!('ops);
                                }
                            }};
                        }
                        let k: u32 = loop {
                            w = match c0.get(pc) {
                                Some(w) => *w,
                                None => trap!(Trap::BadImage),
                            };
                            #[cfg(wrt_words)]
                            counted::word();
                            // As a jump word says: small and out of line, or in one place below.
                            #[cfg(not(wrt_quick))]
                            macro_rules! jump {
                                ($k:expr) => {{
                                    let k: u32 = $k;
                                    jump_far!((k as i16).into(), k as i32 >> 16);
                                    continue;
                                }};
                            }
                            #[cfg(wrt_quick)]
                            macro_rules! jump {
                                ($k:expr) => {
                                    break $k
                                };
                            }
                            macro_rules! br {
                                ($taken:expr) => {{
                                    if $taken {
                                        let k = ext!(1);
                                        pc = pc.wrapping_add(2);
                                        jump!(k)
                                    }
                                    pc = pc.wrapping_add(2);
                                    continue;
                                }};
                            }

                            // Extracted where they are used, or every dispatch extracts all.
                            macro_rules! a {
                                () => {
                                    register(w >> 8)
                                };
                            }
                            macro_rules! b {
                                () => {
                                    register(w >> 16)
                                };
                            }
                            macro_rules! c {
                                () => {
                                    register(w >> 24)
                                };
                            }
                            macro_rules! bc {
                                () => {
                                    w as i32 >> 16
                                };
                            }
                            // `[a]` becomes `$v`, and the operation has so many words. Small processors do that for all operations in one place,
                            // which the next one's fetch follows; on others that would cost a register.
                            #[cfg(all(target_pointer_width = "32", wrt_quick))]
                            macro_rules! value {
                                ($v:expr, $words:literal) => {{
                                    let v = $v;
                                    pc = pc.wrapping_add($words - 1);
                                    v
                                }};
                            }
                            #[cfg(not(all(target_pointer_width = "32", wrt_quick)))]
                            macro_rules! value {
                                ($v:expr, $words:literal) => {{
                                    fr[a!()] = $v;
                                    pc = pc.wrapping_add($words);
                                    continue;
                                }};
                            }
                            macro_rules! set {
                                ($v:expr) => {
                                    value!($v, 1)
                                };
                            }
                            macro_rules! set_by {
                                ($v:expr) => {
                                    value!($v, 2)
                                };
                            }
                            // 64 bits.
                            #[cfg(all(target_pointer_width = "32", wrt_quick))]
                            macro_rules! value2 {
                                ($v:expr, $words:literal) => {{
                                    let v: u64 = $v;
                                    pc = pc.wrapping_add($words - 1);
                                    break 'wide v;
                                }};
                            }
                            #[cfg(not(all(target_pointer_width = "32", wrt_quick)))]
                            macro_rules! value2 {
                                ($v:expr, $words:literal) => {{
                                    set64(fr, a!(), $v);
                                    pc = pc.wrapping_add($words);
                                    continue;
                                }};
                            }
                            macro_rules! set2 {
                                ($v:expr) => {
                                    value2!($v, 1)
                                };
                            }
                            macro_rules! set2_by {
                                ($v:expr) => {
                                    value2!($v, 2)
                                };
                            }
                            // It has no value.
                            macro_rules! done {
                                () => {{
                                    pc = pc.wrapping_add(if cfg!(wrt_quick) { one } else { 1 });
                                    continue;
                                }};
                            }
                            macro_rules! load {
                                ($n:literal, $s:ident => wide $v:expr) => {{
                                    load!($n, $s);
                                    set2_by!($v)
                                }};
                                ($n:literal, $s:ident => $v:expr) => {{
                                    load!($n, $s);
                                    set_by!($v)
                                }};
                                ($n:literal, $s:ident) => {
                                    let k = ext!(1);
                                    let Some(ea) = (fr[b!()] as usize).checked_add(k as usize) else { trap!(Trap::MemoryOutOfBounds) };
                                    let Some($s) = bytes!(get, first_chunk::<$n>, ea) else { break 'ops w };
                                };
                            }
                            macro_rules! store {
                                ($put:path, $n:literal, $v:expr) => {{
                                    let k = ext!(1);
                                    let Some(ea) = (fr[b!()] as usize).checked_add(k as usize) else { trap!(Trap::MemoryOutOfBounds) };
                                    let Some(s) = bytes!(get_mut, first_chunk_mut::<$n>, ea) else { break 'ops w };
                                    $put(s, $v);
                                    pc = pc.wrapping_add(2);
                                    continue;
                                }};
                            }
                            // With an address that is computed, and wraps.
                            macro_rules! scaled {
                                () => {
                                    (fr[b!()] << (w >> 24 & 7)).wrapping_add(ext!(1)) as usize
                                };
                            }
                            macro_rules! load_scaled {
                                ($n:literal, $s:ident => wide $v:expr) => {{
                                    load_scaled!($n, $s);
                                    set2_by!($v)
                                }};
                                ($n:literal, $s:ident => $v:expr) => {{
                                    load_scaled!($n, $s);
                                    set_by!($v)
                                }};
                                ($n:literal, $s:ident) => {
                                    let ea = scaled!();
                                    let Some($s) = bytes!(get, first_chunk::<$n>, ea) else { break 'ops w };
                                };
                            }
                            macro_rules! store_scaled {
                                ($put:path, $n:literal, $v:expr) => {{
                                    let ea = scaled!();
                                    let Some(s) = bytes!(get_mut, first_chunk_mut::<$n>, ea) else { break 'ops w };
                                    $put(s, $v);
                                    pc = pc.wrapping_add(2);
                                    continue;
                                }};
                            }
                            // `[b]` and `[c]` shifted by a constant.
                            macro_rules! shifted {
                                ($join:ident, $shift:ident) => {
                                    set_by!(fr[b!()].$join(fr[c!()].$shift(ext!(1))))
                                };
                            }
                            macro_rules! call {
                                ($to:expr, $cell:expr, $len:literal, $cost:expr) => {{
                                    let cost: u32 = $cost;
                                    if cost == 0 {
                                        break 'ops w;
                                    }
                                    here.left = here.left.wrapping_sub(cost as i32);
                                    let Here { base, depth, .. } = here;
                                    let Some(kept) = frames.get_mut(depth as usize) else { trap!(Trap::StackExhausted) };
                                    *kept = Frame { pc: pc.wrapping_add($len) as u32, base, link: hot.link };
                                    let callee = base.wrapping_add($cell as u32);
                                    let Some(f) = window(cells, callee) else { trap!(Trap::StackExhausted) };
                                    (fr, here.base, here.depth) = (f, callee, depth.wrapping_add(1));
                                    pc = $to as usize;
                                    slice!('ops);
                                    continue;
                                }};
                            }
                            macro_rules! ret {
                                () => {{
                                    let top = here.depth.wrapping_sub(1);
                                    let Some(&Frame { pc: to, base: b, link: l }) = frames.get(top as usize) else { trap!(Trap::BadImage) };
                                    if l != hot.link {
                                        break 'ops w;
                                    }
                                    let Some(f) = window(cells, b) else { trap!(Trap::BadImage) };
                                    (fr, here.base, here.depth) = (f, b, top);
                                    pc = to as usize;
                                    here.left = here.left.wrapping_sub((w >> 16) as i32);
                                    slice!('ops);
                                    continue;
                                }};
                            }
                            // Unreachable: of what the build has, among the holes at the end. No ranges: one of opcodes that share an arm
                            // makes the compiler check that the opcode is below 256.
                            #[allow(unreachable_patterns, clippy::manual_range_patterns)]
                            break 'go match w as u8 {
                                UNREACHABLE => trap!(Trap::Unreachable),
                                BR => br!(true),
                                BR_FAR => {
                                    let (disp, cost) = (ext!(1), ext!(2));
                                    pc = pc.wrapping_add(3);
                                    jump_far!(disp as i32, cost as i32);
                                    continue;
                                }
                                BR_IF => br!(fr[a!()] != 0),
                                BR_UNLESS => br!(fr[a!()] == 0),
                                BR_TABLE => {
                                    let at = pc.wrapping_add(2).wrapping_add(fr[a!()].min(ext!(1)) as usize);
                                    let Some(&k) = c0.get(at) else { trap!(Trap::BadImage) };
                                    pc = at.wrapping_add(1);
                                    jump!(k)
                                }
                                BR_TABLE_FAR => {
                                    let n = fr[a!()].min(ext!(1)) as usize;
                                    let at = pc.wrapping_add(2).wrapping_add(n.wrapping_mul(2));
                                    let (Some(&disp), Some(&cost)) = (c0.get(at), c1.get(at)) else { trap!(Trap::BadImage) };
                                    pc = at.wrapping_add(2);
                                    jump_far!(disp as i32, cost as i32);
                                    continue;
                                }
                                RETURN => ret!(),
                                RETURN1 => {
                                    fr[0] = fr[a!()];
                                    ret!()
                                }
                                RETURN2 => {
                                    (fr[0], fr[1]) = (fr[a!()], fr[a!() + 1]);
                                    ret!()
                                }
                                CALL => {
                                    let f = ext!(1) as usize;
                                    let Some(&to) = hot.entries.get(f.wrapping_sub(hot.imports)) else { break 'ops w };
                                    call!(to, a!(), 2, w >> 16)
                                }
                                CALL_FAR => {
                                    let (f, cell) = (ext!(1) as usize, ext!(2));
                                    let Some(&to) = hot.entries.get(f.wrapping_sub(hot.imports)) else { break 'ops w };
                                    call!(to, cell, 3, w >> 16)
                                }
                                CALL_INDIRECT => {
                                    // Own functions of the very type through table 0; all else, traps included, is decided in `rare`.
                                    let (ty, k) = (ext!(1), ext!(2));
                                    let Some(&r) = hot.table.get(fr[b!()] as usize) else { break 'ops w };
                                    let f = Ref::from_bits(r).functions_after(hot.first) as usize;
                                    let (Some(&to), Some(&have)) = (hot.entries.get(f), hot.func_types.get(f)) else { break 'ops w };
                                    // At least 1, and table 0.
                                    let cost = k.rotate_left(16);
                                    if have != ty || cost.wrapping_sub(1) >= 0xffff {
                                        break 'ops w;
                                    }
                                    call!(to, a!(), 3, cost)
                                }
                                CHARGE => {
                                    pc = pc.wrapping_add(if cfg!(wrt_quick) { one } else { 1 });
                                    here.left = here.left.wrapping_sub((w >> 16) as i32);
                                    slice!('ops);
                                    continue;
                                }
                                ENTER => {
                                    match c!() {
                                        0 => {}
                                        1 => fr[b!()] = 0,
                                        2 => (fr[b!()], fr[b!() + 1]) = (0, 0),
                                        3 => (fr[b!()], fr[b!() + 1], fr[b!() + 2]) = (0, 0, 0),
                                        4 => (fr[b!()], fr[b!() + 1], fr[b!() + 2], fr[b!() + 3]) = (0, 0, 0, 0),
                                        _ => clear(fr, b!(), c!()),
                                    }
                                    done!()
                                }
                                COPY => set!(fr[b!()]),
                                COPY2 => set2!(get64(fr, b!())),
                                CONST => set_by!(ext!(1)),
                                CONST_S => set!(bc!() as u32),
                                CONST2 => value2!(u64::from(ext!(1)) | u64::from(ext!(2)) << 32, 3),
                                CONST2_S => set2!(bc!() as i64 as u64),
                                SELECT => {
                                    let k = register(ext!(1));
                                    set_by!(if fr[k] != 0 { fr[b!()] } else { fr[c!()] })
                                }
                                SELECT2 => {
                                    let k = register(ext!(1));
                                    let v = if fr[k] != 0 { get64(fr, b!()) } else { get64(fr, c!()) };
                                    set2_by!(v)
                                }
                                GLOBAL_GET => {
                                    let Some(&v) = hot.globals.get((w >> 16) as usize) else { trap!(Trap::BadImage) };
                                    set!(v)
                                }
                                GLOBAL_GET2 => {
                                    let Some(&[lo, hi]) = hot.globals.get((w >> 16) as usize..).and_then(|g| g.first_chunk()) else {
                                        trap!(Trap::BadImage)
                                    };
                                    set2!(u64::from(lo) | u64::from(hi) << 32)
                                }
                                GLOBAL_SET => {
                                    let Some(g) = hot.globals.get_mut((w >> 16) as usize) else { trap!(Trap::BadImage) };
                                    *g = fr[a!()];
                                    done!()
                                }
                                GLOBAL_SET2 => {
                                    let Some(g) = hot.globals.get_mut((w >> 16) as usize..).and_then(|g| g.first_chunk_mut()) else {
                                        trap!(Trap::BadImage)
                                    };
                                    *g = [fr[a!()], fr[a!() + 1]];
                                    done!()
                                }
                                CALL_INDIRECT_FAR | ENTER_FAR | GLOBAL_GET_X | GLOBAL_SET_X | REF_FUNC | TABLE_GET | TABLE_SET
                                | TABLE_SIZE | TABLE_GROW | TABLE_FILL | TABLE_COPY | TABLE_INIT | ELEM_DROP | MEMORY_SIZE
                                | MEMORY_GROW | MEMORY_COPY | MEMORY_FILL | MEMORY_INIT | DATA_DROP | MEMORY_OTHER | MEMORY_64
                                | TABLE_INDEX | FAR_GET | FAR_SET | FAR_COPY | MAP | TRY | RETURN_CALL | EXTENDED | SECOND => break 'ops w,

                                0x28 => load!(4, s => bytes::word(s)),               // i32.load
                                0x29 => load!(8, s => wide bytes::double(s)),        // i64.load
                                0x2c => load!(1, s => s[0] as i8 as u32),            // i32.load8_s
                                0x2d => load!(1, s => s[0].into()),                  // i32.load8_u
                                0x2e => load!(2, s => bytes::half(s) as i16 as u32), // i32.load16_s
                                0x2f => load!(2, s => bytes::half(s).into()),        // i32.load16_u
                                // i64.load8_s to i64.load32_u: inline they are 500 bytes of a board's flash.
                                0x30 | 0x31 | 0x32 | 0x33 | 0x34 | 0x35 => {
                                    let Some(ea) = (fr[b!()] as usize).checked_add(ext!(1) as usize) else { break 'ops w };
                                    let from =
                                        if cfg!(wrt_edge) { bytes!(get, first_chunk::<4>, ea).map(|s| &s[..]) } else { mem.get(ea..) };
                                    let Some(v) = from.and_then(|from| narrow(from, w as u8)) else { break 'ops w };
                                    set2_by!(v)
                                }
                                0x36 => store!(bytes::put_word, 4, fr[a!()]), // i32.store
                                0x37 => store!(bytes::put_double, 8, get64(fr, a!())), // i64.store
                                0x3a => store!(bytes::put_byte, 1, fr[a!()] as u8), // i32.store8
                                0x3b => store!(bytes::put_half, 2, fr[a!()] as u16), // i32.store16

                                LOAD32_SCALED => load_scaled!(4, s => bytes::word(s)),
                                LOAD64_SCALED => load_scaled!(8, s => wide bytes::double(s)),
                                LOAD8_S_SCALED => load_scaled!(1, s => s[0] as i8 as u32),
                                LOAD8_U_SCALED => load_scaled!(1, s => s[0].into()),
                                LOAD16_S_SCALED => load_scaled!(2, s => bytes::half(s) as i16 as u32),
                                LOAD16_U_SCALED => load_scaled!(2, s => bytes::half(s).into()),
                                STORE32_SCALED => store_scaled!(bytes::put_word, 4, fr[a!()]),
                                STORE8_SCALED => store_scaled!(bytes::put_byte, 1, fr[a!()] as u8),

                                0x45 => set!((fr[b!()] == 0).into()),                       // i32.eqz
                                0x46 => set!((fr[b!()] == fr[c!()]).into()),                // i32.eq
                                0x47 => set!((fr[b!()] != fr[c!()]).into()),                // i32.ne
                                0x48 => set!(((fr[b!()] as i32) < fr[c!()] as i32).into()), // i32.lt_s
                                0x49 => set!((fr[b!()] < fr[c!()]).into()),                 // i32.lt_u
                                0x4a => set!((fr[b!()] as i32 > fr[c!()] as i32).into()),   // i32.gt_s
                                0x4b => set!((fr[b!()] > fr[c!()]).into()),                 // i32.gt_u
                                0x4c => set!((fr[b!()] as i32 <= fr[c!()] as i32).into()),  // i32.le_s
                                0x4d => set!((fr[b!()] <= fr[c!()]).into()),                // i32.le_u
                                0x4e => set!((fr[b!()] as i32 >= fr[c!()] as i32).into()),  // i32.ge_s
                                0x4f => set!((fr[b!()] >= fr[c!()]).into()),                // i32.ge_u
                                0x67 => set!(fr[b!()].leading_zeros()),                     // i32.clz
                                0x68 => set!(fr[b!()].trailing_zeros()),                    // i32.ctz
                                0x6a => set!(fr[b!()].wrapping_add(fr[c!()])),              // i32.add
                                0x6b => set!(fr[b!()].wrapping_sub(fr[c!()])),              // i32.sub
                                0x6c => set!(fr[b!()].wrapping_mul(fr[c!()])),              // i32.mul
                                0x71 => set!(fr[b!()] & fr[c!()]),                          // i32.and
                                0x72 => set!(fr[b!()] | fr[c!()]),                          // i32.or
                                0x73 => set!(fr[b!()] ^ fr[c!()]),                          // i32.xor
                                0x74 => set!(fr[b!()].wrapping_shl(fr[c!()])),              // i32.shl
                                0x75 => set!((fr[b!()] as i32).wrapping_shr(fr[c!()]) as u32), // i32.shr_s
                                0x76 => set!(fr[b!()].wrapping_shr(fr[c!()])),              // i32.shr_u
                                0x77 => set!(fr[b!()].rotate_left(fr[c!()] & 31)),          // i32.rotl
                                0x78 => set!(fr[b!()].rotate_right(fr[c!()] & 31)),         // i32.rotr
                                0x7c => set2!(get64(fr, b!()).wrapping_add(get64(fr, c!()))), // i64.add
                                0x7d => set2!(get64(fr, b!()).wrapping_sub(get64(fr, c!()))), // i64.sub
                                0x7e => set2!(get64(fr, b!()).wrapping_mul(get64(fr, c!()))), // i64.mul
                                0x83 => set2!(get64(fr, b!()) & get64(fr, c!())),           // i64.and
                                0x84 => set2!(get64(fr, b!()) | get64(fr, c!())),           // i64.or
                                0x85 => set2!(get64(fr, b!()) ^ get64(fr, c!())),           // i64.xor
                                0xac => set2!(fr[b!()] as i32 as u64),                      // i64.extend_i32_s
                                0xad => set2!(fr[b!()].into()),                             // i64.extend_i32_u
                                0xc0 => set!(fr[b!()] as i8 as u32),                        // i32.extend8_s
                                0xc1 => set!(fr[b!()] as i16 as u32),                       // i32.extend16_s
                                0xc2 => set2!(fr[b!()] as i8 as u64),                       // i64.extend8_s
                                0xc3 => set2!(fr[b!()] as i16 as u64),                      // i64.extend16_s
                                0xc4 => set2!(fr[b!()] as i32 as u64),                      // i64.extend32_s

                                I32_ADD_S => set!(fr[b!()].wrapping_add((w as i32 >> 24) as u32)),
                                I32_ADD_I => set_by!(fr[b!()].wrapping_add(ext!(1))),
                                I32_MUL_I => set_by!(fr[b!()].wrapping_mul(ext!(1))),
                                I32_AND_I => set_by!(fr[b!()] & ext!(1)),
                                I32_OR_I => set_by!(fr[b!()] | ext!(1)),
                                I32_XOR_I => set_by!(fr[b!()] ^ ext!(1)),
                                I32_SHL_I => set!(fr[b!()].wrapping_shl(c!() as u32)),
                                I32_SHR_S_I => set!((fr[b!()] as i32).wrapping_shr(c!() as u32) as u32),
                                I32_SHR_U_I => set!(fr[b!()].wrapping_shr(c!() as u32)),
                                I32_ROTL_I => set!(fr[b!()].rotate_left(c!() as u32 & 31)),
                                I64_ADD_I => set2_by!(get64(fr, b!()).wrapping_add(ext!(1) as i32 as u64)),
                                I64_MUL_I => set2_by!(get64(fr, b!()).wrapping_mul(ext!(1) as i32 as u64)),
                                I64_AND_I => set2_by!(get64(fr, b!()) & ext!(1) as i32 as u64),
                                I64_OR_I => set2_by!(get64(fr, b!()) | ext!(1) as i32 as u64),
                                I64_XOR_I => set2_by!(get64(fr, b!()) ^ ext!(1) as i32 as u64),

                                I32_ADD_SHL => shifted!(wrapping_add, wrapping_shl),
                                I32_OR_SHL => shifted!(bitor, wrapping_shl),
                                I32_XOR_SHL => shifted!(bitxor, wrapping_shl),
                                I32_XOR_SHR_U => shifted!(bitxor, wrapping_shr),
                                I32_SHL_ADD => set_by!(fr[b!()].wrapping_shl(c!() as u32).wrapping_add(ext!(1))),
                                I32_SHR_U_AND => set_by!(fr[b!()].wrapping_shr(c!() as u32) & ext!(1)),
                                ADD_BR_IF => {
                                    let sum = fr[b!()].wrapping_add((w as i32 >> 24) as u32);
                                    fr[a!()] = sum;
                                    br!(sum != 0)
                                }
                                ADD_BR_UNLESS => {
                                    let sum = fr[b!()].wrapping_add((w as i32 >> 24) as u32);
                                    fr[a!()] = sum;
                                    br!(sum == 0)
                                }
                                ADD_BR_NE => {
                                    let sum = fr[a!()].wrapping_add((w as i32 >> 24) as u32);
                                    fr[a!()] = sum;
                                    br!(sum != fr[b!()])
                                }
                                ADD_BR_EQ => {
                                    let sum = fr[a!()].wrapping_add((w as i32 >> 24) as u32);
                                    fr[a!()] = sum;
                                    br!(sum == fr[b!()])
                                }
                                BR_WITHIN => br!(fr[a!()].wrapping_add(((w as i32) << 8 >> 24) as u32) < w >> 24),
                                BR_BEYOND => br!(fr[a!()].wrapping_add(((w as i32) << 8 >> 24) as u32) >= w >> 24),

                                BR_EQ => br!(fr[a!()] == fr[b!()]),
                                BR_NE => br!(fr[a!()] != fr[b!()]),
                                BR_LT_S => br!((fr[a!()] as i32) < fr[b!()] as i32),
                                BR_LT_U => br!(fr[a!()] < fr[b!()]),
                                BR_LE_S => br!(fr[a!()] as i32 <= fr[b!()] as i32),
                                BR_LE_U => br!(fr[a!()] <= fr[b!()]),
                                BR_EQ_I => br!(fr[a!()] as i32 == bc!()),
                                BR_NE_I => br!(fr[a!()] as i32 != bc!()),
                                BR_LT_S_I => br!((fr[a!()] as i32) < bc!()),
                                BR_LT_U_I => br!(fr[a!()] < bc!() as u32),
                                BR_GE_S_I => br!(fr[a!()] as i32 >= bc!()),
                                BR_GE_U_I => br!(fr[a!()] >= bc!() as u32),

                                #[cfg(wrt_quick)]
                                I64_SHL_I => set2!(get64(fr, b!()).wrapping_shl(w >> 24)),
                                #[cfg(wrt_quick)]
                                I64_SHR_S_I => set2!((get64(fr, b!()) as i64).wrapping_shr(w >> 24) as u64),
                                #[cfg(wrt_quick)]
                                I64_SHR_U_I => set2!(get64(fr, b!()).wrapping_shr(w >> 24)),
                                #[cfg(wrt_quick)]
                                0x50 => set!((get64(fr, b!()) == 0).into()),
                                #[cfg(wrt_quick)]
                                0x51 => set!((get64(fr, b!()) == get64(fr, c!())).into()),
                                #[cfg(wrt_quick)]
                                0x52 => set!((get64(fr, b!()) != get64(fr, c!())).into()),
                                #[cfg(wrt_quick)]
                                0x53 => set!(((get64(fr, b!()) as i64) < get64(fr, c!()) as i64).into()),
                                #[cfg(wrt_quick)]
                                0x54 => set!((get64(fr, b!()) < get64(fr, c!())).into()),
                                #[cfg(wrt_quick)]
                                0x55 => set!(((get64(fr, b!()) as i64) > get64(fr, c!()) as i64).into()),
                                #[cfg(wrt_quick)]
                                0x56 => set!((get64(fr, b!()) > get64(fr, c!())).into()),
                                #[cfg(wrt_quick)]
                                0x57 => set!(((get64(fr, b!()) as i64) <= get64(fr, c!()) as i64).into()),
                                #[cfg(wrt_quick)]
                                0x58 => set!((get64(fr, b!()) <= get64(fr, c!())).into()),
                                #[cfg(wrt_quick)]
                                0x59 => set!(((get64(fr, b!()) as i64) >= get64(fr, c!()) as i64).into()),
                                #[cfg(wrt_quick)]
                                0x5a => set!((get64(fr, b!()) >= get64(fr, c!())).into()),
                                #[cfg(wrt_quick)]
                                0x89 => set2!(get64(fr, b!()).rotate_left(fr[c!()] & 63)),
                                #[cfg(wrt_quick)]
                                0x6d => match num::i32_div_s(fr[b!()], fr[c!()]) {
                                    Ok(v) => set!(v),
                                    Err(t) => trap!(t),
                                },
                                #[cfg(wrt_quick)]
                                0x6e => match num::i32_div_u(fr[b!()], fr[c!()]) {
                                    Ok(v) => set!(v),
                                    Err(t) => trap!(t),
                                },
                                #[cfg(wrt_quick)]
                                0x6f => match num::i32_rem_s(fr[b!()], fr[c!()]) {
                                    Ok(v) => set!(v),
                                    Err(t) => trap!(t),
                                },
                                #[cfg(wrt_quick)]
                                0x70 => match num::i32_rem_u(fr[b!()], fr[c!()]) {
                                    Ok(v) => set!(v),
                                    Err(t) => trap!(t),
                                },
                                #[cfg(wrt_quick)]
                                0x80 => match numeric::unsigned::i64_div_u(fr, w) {
                                    Ok(()) => done!(),
                                    Err(t) => trap!(t),
                                },
                                #[cfg(wrt_quick)]
                                0x82 => match numeric::unsigned::i64_rem_u(fr, w) {
                                    Ok(()) => done!(),
                                    Err(t) => trap!(t),
                                },
                                // i32: popcnt, division, remainder; i64: comparisons, bit counts, division, shifts, rotation; 64-bit shifts by a constant
                                0x50 | 0x51 | 0x52 | 0x53 | 0x54 | 0x55 | 0x56 | 0x57 | 0x58 | 0x59 | 0x5a | 0x69 | 0x6d | 0x6e | 0x6f
                                | 0x70 | 0x79 | 0x7a | 0x7b | 0x7f | 0x80 | 0x81 | 0x82 | 0x86 | 0x87 | 0x88 | 0x89 | 0x8a | I64_SHL_I
                                | I64_SHR_S_I | I64_SHR_U_I => match numeric::integer(fr, w) {
                                    Ok(()) => done!(),
                                    Err(t) => trap!(t),
                                },
                                // The list below has them too.
                                #[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
                                0x92 => {
                                    numeric::floats::f32_add(fr, w);
                                    done!()
                                }
                                #[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
                                0x93 => {
                                    numeric::floats::f32_sub(fr, w);
                                    done!()
                                }
                                #[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
                                0x94 => {
                                    numeric::floats::f32_mul(fr, w);
                                    done!()
                                }
                                #[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
                                0xa0 => {
                                    numeric::floats::f64_add(fr, w);
                                    done!()
                                }
                                #[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
                                0xa1 => {
                                    numeric::floats::f64_sub(fr, w);
                                    done!()
                                }
                                #[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
                                0xa2 => {
                                    numeric::floats::f64_mul(fr, w);
                                    done!()
                                }
                                #[cfg(feature = "float")]
                                0x5b | 0x5c | 0x5d | 0x5e | 0x5f | 0x60 | 0x61 | 0x62 | 0x63 | 0x64 | 0x65 | 0x66 | 0x8b | 0x8c | 0x8d
                                | 0x8e | 0x8f | 0x90 | 0x91 | 0x92 | 0x93 | 0x94 | 0x95 | 0x96 | 0x97 | 0x98 | 0x99 | 0x9a | 0x9b
                                | 0x9c | 0x9d | 0x9e | 0x9f | 0xa0 | 0xa1 | 0xa2 | 0xa3 | 0xa4 | 0xa5 | 0xa6 | 0xa8 | 0xa9 | 0xaa
                                | 0xab | 0xae | 0xaf | 0xb0 | 0xb1 | 0xb2 | 0xb3 | 0xb4 | 0xb5 | 0xb6 | 0xb7 | 0xb8 | 0xb9 | 0xba
                                | 0xbb | I32_TRUNC_SAT_F32_S | I32_TRUNC_SAT_F32_U | I32_TRUNC_SAT_F64_S | I32_TRUNC_SAT_F64_U
                                | I64_TRUNC_SAT_F32_S | I64_TRUNC_SAT_F32_U | I64_TRUNC_SAT_F64_S | I64_TRUNC_SAT_F64_U => {
                                    match numeric::float(fr, w) {
                                        Ok(()) => done!(),
                                        Err(t) => trap!(t),
                                    }
                                }
                                #[cfg(not(feature = "float"))]
                                0x5b | 0x5c | 0x5d | 0x5e | 0x5f | 0x60 | 0x61 | 0x62 | 0x63 | 0x64 | 0x65 | 0x66 | 0x8b | 0x8c | 0x8d
                                | 0x8e | 0x8f | 0x90 | 0x91 | 0x92 | 0x93 | 0x94 | 0x95 | 0x96 | 0x97 | 0x98 | 0x99 | 0x9a | 0x9b
                                | 0x9c | 0x9d | 0x9e | 0x9f | 0xa0 | 0xa1 | 0xa2 | 0xa3 | 0xa4 | 0xa5 | 0xa6 | 0xa8 | 0xa9 | 0xaa
                                | 0xab | 0xae | 0xaf | 0xb0 | 0xb1 | 0xb2 | 0xb3 | 0xb4 | 0xb5 | 0xb6 | 0xb7 | 0xb8 | 0xb9 | 0xba
                                | 0xbb | I32_TRUNC_SAT_F32_S | I32_TRUNC_SAT_F32_U | I32_TRUNC_SAT_F64_S | I32_TRUNC_SAT_F64_U
                                | I64_TRUNC_SAT_F32_S | I64_TRUNC_SAT_F32_U | I64_TRUNC_SAT_F64_S | I64_TRUNC_SAT_F64_U => {
                                    trap!(Trap::BadImage)
                                }
                                // All holes one by one, and no ranges above: then the jump table has 256 entries and needs no range check.
                                0x00 | 0x3e => trap!(Trap::BadImage),
                            };
                        };
                        // A jump from `pc`, as word `k` says.
                        pc = pc.wrapping_add_signed((k as i16).into());
                        if here.charge(k as i32 >> 16) {
                            look!('ops);
                        }
                    };
                    pc = pc.wrapping_add(1);
                    set64(fr, register(w >> 8), v2);
                };
            };
            #[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
            macro_rules! second {
                () => {
                    match second(fr, memory!(), shared, code.get(pc..).unwrap_or(&[])) {
                        #[cfg(any(feature = "threads", all(feature = "simd", feature = "multi-memory")))]
                        Ok(0) => break w,
                        Ok(words) => pc = pc.wrapping_add(words),
                        Err(t) => trap!(t),
                    }
                };
            }
            // Else Arm keeps the opcode in a register, from dispatch to here.
            let w = if cfg!(all(target_arch = "arm", wrt_quick)) { black_box(w) } else { w };
            match w as u8 {
                #[cfg(any(target_pointer_width = "64", not(wrt_quick)))]
                0 => {
                    here.keep(run, pc);
                    if !Hot::refill(hot.interrupt, frames, run, out) {
                        return;
                    }
                    here.left = run.left;
                }
                FAR_GET | FAR_SET | FAR_COPY => {
                    if far(cells, here.base, w, ext!(1)).is_none() {
                        trap!(Trap::BadImage);
                    }
                    pc = pc.wrapping_add(2);
                    here.left = hasten(run, here.left, (w >> 20 & 15).wrapping_add(1) as i32); // 16 cells are 64 bytes
                }
                MAP => {
                    pc = pc.wrapping_add(1).wrapping_add((w >> 16) as usize);
                    here.left = hasten(run, here.left, 1);
                }
                #[cfg(feature = "exceptions")]
                TRY => {
                    pc = pc.wrapping_add(2).wrapping_add(ext!(1) as usize);
                    here.left = hasten(run, here.left, 1);
                }
                // Where nothing else of the kind is here, on computers, this would cost the loop a register: 5 % for all programs.
                #[cfg(all(feature = "tail-call", any(target_pointer_width = "32", feature = "threads")))]
                RETURN_CALL => {
                    let (f, k) = (ext!(1) as usize, ext!(2));
                    let Some(&to) = hot.entries.get(f.wrapping_sub(hot.imports)) else { break w };
                    here.left = here.left.wrapping_sub((w >> 16).max(1) as i32);
                    if replace_frame(cells, here.base, k).is_none() {
                        trap!(Trap::StackExhausted);
                    }
                    pc = to as usize;
                    slice!('around);
                }
                #[cfg(feature = "memory64")]
                MEMORY_64 if w >> 16 == 0 => {
                    let (Some(&upper), Some(&inner), Some(&lower)) = (c1.get(pc), c2.get(pc), c2.get(pc.wrapping_add(1))) else {
                        trap!(Trap::BadImage)
                    };
                    match access(memory!(), shared, fr, inner, far_address(fr, inner, lower, upper)) {
                        Ok(()) => pc = pc.wrapping_add(4),
                        Err(t) => trap!(t),
                    }
                }
                #[cfg(feature = "memory64")]
                TABLE_INDEX => {
                    fr[register(w >> 8)] = u32::try_from(get64(fr, register(w >> 16))).unwrap_or(u32::MAX);
                    pc = pc.wrapping_add(1);
                }
                #[cfg(all(any(feature = "simd", feature = "wide-arithmetic"), not(feature = "threads")))]
                SECOND => second!(),
                // Outside of memory 0: a shared one has no bytes in `mem`.
                #[cfg(feature = "threads")]
                op if op == SECOND || matches!(op, 0x28..=0x3b | LOAD32_SCALED..=STORE8_SCALED) => second!(),
                #[cfg(all(not(feature = "threads"), wrt_edge))]
                0x28..=0x3b | LOAD32_SCALED..=STORE8_SCALED => match outside(memory!(), shared, fr, w, ext!(1)) {
                    Ok(()) => pc = pc.wrapping_add(2),
                    Err(t) => trap!(t),
                },
                #[cfg(not(any(feature = "threads", wrt_edge)))]
                0x28..=0x3b | LOAD32_SCALED..=STORE8_SCALED => trap!(Trap::MemoryOutOfBounds),
                _ => break 'around w,
            }
        };
        here.keep(run, pc);
        if !rare(store, cells, frames, run, w, out) {
            return;
        }
    }
}

/// The load or store `w`, and `k` after it, of bytes that the loop does not look at: the last ones of a memory, or past its end, and it
/// may be shared.
#[cfg(any(feature = "threads", wrt_edge))]
#[cold]
#[inline(never)]
#[cfg_attr(not(wrt_edge), allow(unused_variables))]
fn outside(mem: &mut [u8], shared: View<'_>, fr: &mut impl Registers, w: u32, k: u32) -> Result<(), Trap> {
    let base = fr.cell(register(w >> 16));
    let (w, at) = match unscaled(w as u8) {
        Some(op) => (w & !0xff | u32::from(op), (base << (w >> 24 & 7)).wrapping_add(k) as usize),
        None => (w, (base as usize).checked_add(k as usize).ok_or(Trap::MemoryOutOfBounds)?),
    };
    #[cfg(wrt_edge)]
    return crate::bulk::access(mem, shared, fr, w, Some(at));
    #[cfg(not(wrt_edge))]
    beyond(shared, fr, w, at)
}
/// The load or store `w` of the bytes from `at` on, which lie past the end of a memory that may be shared.
#[cfg(feature = "threads")]
pub(crate) fn beyond(shared: View<'_>, fr: &mut impl Registers, w: u32, at: usize) -> Result<(), Trap> {
    shared.map_or(Err(Trap::MemoryOutOfBounds), |shared| shared.plain(fr, w, at))
}
#[cfg(all(not(feature = "threads"), any(feature = "multi-memory", feature = "memory64", wrt_edge)))]
#[inline(always)]
pub(crate) fn beyond(_: View<'_>, _: &mut impl Registers, _: u32, _: usize) -> Result<(), Trap> {
    Err(Trap::MemoryOutOfBounds)
}

/// The operation of the second page that `code` begins with, or a load or store of a shared memory. How many words it has.
#[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
#[cfg_attr(not(feature = "simd"), allow(unused_variables))] // memory is for vectors and atomics
#[inline(never)]
pub(crate) fn second(fr: &mut impl Registers, mem: &mut [u8], shared: View<'_>, code: &[u32]) -> Result<usize, Trap> {
    let w1 = code.get(1).copied().unwrap_or(0);
    #[cfg(feature = "threads")]
    if let Some(&w) = code.first()
        && w as u8 != SECOND
    {
        return outside(mem, shared, fr, w, w1).map(|()| 2);
    }
    match w1 as u16 {
        #[cfg(feature = "wide-arithmetic")]
        second::ADD128..=second::MUL_WIDE_U => numeric::wide(fr, code),
        #[cfg(feature = "simd")]
        0..second::WIDE => crate::simd::vector(fr, mem, shared, code),
        #[cfg(feature = "threads")]
        second::ATOMIC.. => {
            let op = Atomic::new(fr, code).ok_or(Trap::BadImage)?;
            if op.memory != 0 {
                return Ok(0);
            }
            Ok(if op.access(fr, mem, shared)? == Ended::Done { op.words as usize } else { 0 })
        }
        _ => Err(Trap::BadImage),
    }
}

/// What the load `op`, of 8, 16 or 32 bits into an i64, finds there.
#[inline(always)]
fn narrow(from: &[u8], op: u8) -> Option<u64> {
    let (v, free) = match op {
        0x30 | 0x31 => (u32::from(*from.first()?), 24),
        0x32 | 0x33 => (u16::from_le_bytes(*from.first_chunk()?).into(), 16),
        _ => (u32::from_le_bytes(*from.first_chunk()?), 0),
    };
    Some(if op & 1 == 0 { ((v << free) as i32 >> free) as u64 } else { v.into() })
}

/// Zeroes `n` cells from cell `at` on, which are within the window unless the image is forged.
#[inline(never)]
fn clear(fr: &mut Window, at: usize, n: usize) {
    if let Some(cells) = fr.get_mut(at..at.wrapping_add(n)) {
        fill(cells, 0);
    }
}

/// `FAR_GET`, `FAR_SET`, `FAR_COPY`: `b` cells between here and beyond the window. Gives the window back.
#[inline(never)]
fn far(cells: &mut [u32], base: u32, w: u32, k: u32) -> Option<&mut Window> {
    let (a, n) = ((w >> 8) as u8 as u32, (w >> 16) as u8 as usize);
    let (to, from) = match w as u8 {
        FAR_GET => (a, k),
        FAR_SET => (k, a),
        _ => (k & 0xffff, k >> 16),
    };
    let frame = cells.get_mut(base as usize..)?;
    move_within(frame, from as usize, to as usize, n)?;
    window(cells, base)
}

/// The arguments of a tail call, `k >> 16` cells from the frame's cell `k & 0xffff` on, become the frame's first cells.
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
#[inline(never)]
pub(crate) fn replace_frame(cells: &mut [u32], base: u32, k: u32) -> Option<&mut Window> {
    let frame = cells.get_mut(base as usize..)?;
    move_within(frame, (k & 0xffff) as usize, 0, (k >> 16) as usize)?;
    window(cells, base)
}

/// The byte that a load or store means, word `w` of the loop's, with an address of 64 bits and this offset.
#[cfg(feature = "memory64")]
pub(crate) fn far_address(fr: &impl Registers, w: u32, lower: u32, upper: u32) -> Option<usize> {
    let offset = u64::from(lower) | u64::from(upper) << 32;
    fr.cell64(register(w >> 16)).checked_add(offset)?.try_into().ok()
}
