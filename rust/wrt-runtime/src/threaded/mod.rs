// SPDX-License-Identifier: MIT
//! The loop (form B): each operation is a function that ends by calling that of the next one, which the compiler makes a
//! jump of. Faster than `loop { match }` on 64-bit processors; same image, same results, traps and charges.
//!
//! **Threaded code.** A function's words are expanded when it is first entered: one `u64` for each `u32` of the image, at the
//! same position, so that a `pc` means the same everywhere and any operation may leave to [`mod@crate::run`] and come back.
//! 0 is code that is not expanded yet. What follows from the image alone is worked out once: where jumps and calls go,
//! immediates in place, and which operand is the value that the operation before has just made (the *accumulator*).
//!
//! **Depth.** Were a call left a call, the host's stack would grow by every operation that is carried out. It is bounded
//! all the same: each jump that is taken, call and return lowers the counter, `CHARGE` stands in all long stretches, and
//! [`expand`] refuses code without. Below zero all functions return, and the stack starts anew. With the feature `optimize`
//! they do not: the next slice is taken in place, and nothing but the compiler's jumps bounds the depth (a check reads them).

mod expand;
mod handlers;
mod pairs;
mod table;
mod value;

use crate::Exit;
use crate::image::{Image, Word};
use crate::run::{Here, Hot, hot, next_at_once, stop};
use crate::stack::{Frame, Registers, Run, WINDOW};
#[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
use crate::store::View;
use crate::store::{Instance, Store};
use alloc::vec::Vec;
use core::cell::Cell;
use core::sync::atomic::AtomicU32;
use wrt_foundation::buf::zeroed;
use wrt_foundation::{Ref, Trap};

/// The cells of the running frame, with shared access: frames may overlap.
type Cells = [Cell<u32>; WINDOW];
/// An operation: the loop, the words after its own, the frame, its word, and the accumulator.
type Handler = for<'l, 'a> fn(&'l mut Loop<'a>, &'a [u64], &'a Cells, u64, u64, value::Floats);

/// Expanded code of one instance, from when something of it runs: as many words as the image has, then a bit for each that is
/// the first of an operation. One word: it cannot be expanded, and `loop { match }` runs it.
#[derive(Debug, Default)]
pub(crate) struct Code(Vec<u64>);

impl Code {
    fn refuse(&mut self) -> bool {
        // Not `shrink_to`: to make it smaller asks for memory too, and ends the program where there is none.
        self.0 = Vec::new();
        if self.0.try_reserve_exact(1).is_ok() {
            self.0.push(0);
        }
        false
    }
    /// The words, and the bits, for an image of `n` words.
    fn parts(&mut self, n: usize) -> Option<(&mut [u64], Starts<'_>)> {
        let (words, bits) = self.0.split_at_mut_checked(n)?;
        Some((words, Starts(bits)))
    }
}

/// First words of operations that are expanded. Whatever a damaged image says, nothing is carried out from anywhere else:
/// what stands behind a first word may look like an operation that charges nothing.
struct Starts<'a>(&'a mut [u64]);

impl Starts<'_> {
    fn has(&self, pc: u32) -> bool {
        self.0.get(pc as usize / 64).is_some_and(|bits| bits >> (pc % 64) & 1 != 0)
    }
    fn add(&mut self, pc: u32) -> Option<()> {
        *self.0.get_mut(pc as usize / 64)? |= 1 << (pc % 64);
        Some(())
    }
}

/// Why the operations have returned. `pc` is that of the operation at hand, or where to go on for [`Ended::Refill`].
enum Ended {
    /// The counter is below zero.
    Refill,
    /// `out` is set.
    #[cfg(wrt_unbounded)]
    Out,
    /// The whole store is needed.
    Rare,
    /// Code that is not expanded yet.
    Expand,
    /// It trapped.
    Trap(Trap),
}

/// What operations work on.
struct Loop<'a> {
    code: &'a [u64],
    image: &'a [u32],
    mem: &'a mut [u8],
    #[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
    shared: View<'a>,
    cells: &'a [Cell<u32>],
    frames: &'a mut [Frame],
    globals: &'a mut [u32],
    table: &'a [u32],
    entries: &'a [u32],
    func_types: &'a [u32],
    /// The first of the instance's own functions.
    first: Ref,
    link: u32,
    left: i32,
    credit: i32,
    base: u32,
    depth: u32,
    pc: usize,
    ended: Ended,
    interrupt: &'a [AtomicU32],
    run: &'a mut Run,
    out: &'a mut Exit,
}

impl Loop<'_> {
    /// Writes down where the stack is, and what it has used.
    fn keep(&mut self) {
        let Loop { left, credit, base, depth, pc, .. } = *self;
        Here::new(left, credit, base, depth).keep(self.run, pc);
        self.credit = 0;
    }
    /// Takes the next slice. False: `out` is set.
    #[inline]
    fn next_slice(&mut self) -> bool {
        if let Some(left) = next_at_once(self.interrupt, self.run, self.left, self.credit, 0) {
            (self.left, self.credit) = (left, 0);
            return true;
        }
        self.keep();
        let goes_on = Hot::refill(self.interrupt, self.frames, self.run, self.out);
        self.left = self.run.left;
        goes_on
    }
}

/// How a run of the loop has ended.
pub(crate) enum Left {
    /// The operation with this word is to be carried out on the whole store; 0: a refill is due.
    Rare(u32),
    /// `out` is set.
    Out,
    /// The code at `pc` is for `loop { match }`.
    Refused,
}

/// Expands the function that holds the code at `run.pc` unless it is expanded; tells whether it can run here.
fn prepare(store: &mut Store<'_>, run: &Run) -> Result<bool, Trap> {
    let Some(inst) = store.insts.get_mut(run.inst as usize) else { return Ok(false) };
    let n = inst.image.len();
    let expanded = inst.threaded.parts(n).is_some_and(|(_, starts)| starts.has(run.pc));
    if expanded || inst.threaded.0.len() == 1 {
        return Ok(expanded);
    }
    #[cfg(feature = "loader")]
    let end = crate::translate::lazy::code_at(inst, run.pc)?.map(|(_, end)| end);
    #[cfg(not(feature = "loader"))]
    let end = None;
    let fit = expand_at(inst, run.pc, end);
    #[cfg(feature = "loader")]
    if !fit {
        crate::translate::lazy::all(inst);
    }
    Ok(fit)
}

/// The same for one that is not; `end`: where its code ends, if not where that of the next function begins.
fn expand_at(inst: &mut Instance<'_>, pc: u32, end: Option<u32>) -> bool {
    let (code, image) = (&mut inst.threaded, Image::trusted(&inst.image));
    let n = inst.image.len();
    if code.0.is_empty() {
        let all = n.wrapping_add(n.div_ceil(64));
        let inside = image.entries().last().is_none_or(|last| *last < image.get(Word::CodeEnd));
        match zeroed(all) {
            Some(zeros) if inside && image.entries().is_sorted() => code.0 = zeros,
            _ => return code.refuse(),
        }
    }
    let Some((words, mut starts)) = code.parts(n) else { return code.refuse() };
    expand::function(words, &mut starts, image, pc, end).is_some() && starts.has(pc) || code.refuse()
}

/// Runs the code at `run.pc` until something rare is at hand.
pub(crate) fn run(store: &mut Store<'_>, cells: &mut [u32], frames: &mut [Frame], run: &mut Run, out: &mut Exit) -> Left {
    loop {
        match prepare(store, run) {
            Ok(true) => {}
            Ok(false) => return Left::Refused,
            Err(t) => {
                stop(frames, run, out, t);
                return Left::Out;
            }
        }
        let Some(Hot { code, entries, func_types, table, mem, shared, globals, first, link, threaded, interrupt, .. }) =
            hot(store, run.inst)
        else {
            stop(frames, run, out, Trap::BadImage);
            return Left::Out;
        };
        let _ = shared; // for operations of the second page only
        let shared_cells = Cell::from_mut(&mut *cells).as_slice_of_cells();
        let Run { pc, left, base, depth, .. } = *run;
        let mut state = Loop {
            code: threaded.0.get(..code.len()).unwrap_or(&[]),
            image: code,
            mem,
            #[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
            shared,
            cells: shared_cells,
            frames,
            globals,
            table,
            entries,
            func_types,
            first,
            link,
            left,
            credit: 0,
            base,
            depth,
            pc: pc as usize,
            ended: Ended::Rare,
            interrupt,
            run,
            out,
        };
        loop {
            let Some(fr) = cell_window(shared_cells, state.base) else {
                stop(state.frames, state.run, state.out, Trap::StackExhausted);
                return Left::Out;
            };
            handlers::start(&mut state, fr);
            if !matches!(state.ended, Ended::Refill) {
                break;
            }
            if !state.next_slice() {
                return Left::Out;
            }
        }
        state.keep();
        match state.ended {
            Ended::Rare => return Left::Rare(code.get(state.pc).copied().unwrap_or(0)),
            Ended::Trap(t) => {
                stop(state.frames, state.run, state.out, t);
                return Left::Out;
            }
            #[cfg(wrt_unbounded)]
            Ended::Out => return Left::Out,
            _ => {}
        }
    }
}

/// The load or store `w` of a shared memory; false: it traps. Not in its caller, whose call of the next operation would be
/// no jump if anybody had the address of what lies on the host's stack.
#[cfg(feature = "threads")]
#[inline(never)]
fn shared_access(m: &mut Loop<'_>, rest: &[u64], mut fr: &Cells, w: u32, at: usize) -> bool {
    match crate::run::beyond(m.shared, &mut fr, w, at) {
        Ok(()) => true,
        Err(t) => {
            handlers::trap(m, rest, t);
            false
        }
    }
}
/// Carries out an operation of the second page: how many words it has. 0: it has ended the run. By itself for the reason of `shared_access`.
#[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
#[inline(never)]
fn second(m: &mut Loop<'_>, rest: &[u64], mut fr: &Cells) -> usize {
    let pc = m.code.len().wrapping_sub(rest.len()).wrapping_sub(1);
    match crate::run::second(&mut fr, m.mem, m.shared, m.image.get(pc..).unwrap_or(&[])) {
        #[cfg(any(feature = "threads", all(feature = "simd", feature = "multi-memory")))]
        Ok(0) => handlers::end(m, rest, Ended::Rare),
        Ok(words) => return words,
        Err(t) => handlers::trap(m, rest, t),
    }
    0
}

impl Registers for &Cells {
    #[inline(always)]
    fn cell(&self, r: usize) -> u32 {
        self[r].get()
    }
    #[inline(always)]
    fn set_cell(&mut self, r: usize, v: u32) {
        self[r].set(v);
    }
}

/// The window of the frame at `base`.
#[inline(always)]
fn cell_window(cells: &[Cell<u32>], base: u32) -> Option<&Cells> {
    let base = base as usize;
    cells.get(base..base.wrapping_add(WINDOW))?.try_into().ok()
}

#[cfg(all(test, feature = "loader"))]
mod tests {
    use super::*;

    /// All that is translated runs here: what is refused runs too, but slowly.
    #[test]
    fn what_the_translator_writes_is_expanded() {
        let module = wat::parse_str(
            r#"(module (memory 1) (table 4 funcref) (global $g (mut i32) (i32.const 1)) (elem (i32.const 0) $sum $sum)
                (func $sum (param i32) (result i32) (local i32 i64)
                    (block (loop (br_if 1 (i32.eqz (local.get 0)))
                        (local.set 1 (i32.add (local.get 1) (i32.load (i32.shl (local.get 0) (i32.const 2)))))
                        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)))
                    (local.get 1))
                (func (param i32) (result i64)
                    (block (block (block (br_table 0 1 2 (local.get 0))) (global.set $g (call $sum (local.get 0))))
                        (drop (call_indirect (param i32) (result i32) (i32.const 3) (local.get 0))))
                    (i64.mul (i64.extend_i32_u (global.get $g)) (i64.const 0x123456789)))
                (func (result f64) (f64.sqrt (f64.convert_i32_s (memory.grow (i32.const 1)))))
                (start 3) (func))"#,
        )
        .unwrap();
        let (words, _) = crate::translate::translate_vec(&module).unwrap();
        let image = Image::new(&words).unwrap();
        let (mut code, mut bits) = (alloc::vec![0; words.len()], alloc::vec![0; words.len()]);
        let mut starts = Starts(&mut bits);
        let begins = image.entries().iter().copied().chain([image.get(Word::Init)]);
        for pc in begins {
            assert!(expand::function(&mut code, &mut starts, image, pc, None).is_some(), "word {pc}");
            assert!(starts.has(pc));
        }
    }
}
