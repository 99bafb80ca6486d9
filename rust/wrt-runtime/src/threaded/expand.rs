// SPDX-License-Identifier: MIT
//! From words of the image to threaded code, one function at a time.

use super::handlers::SHIFT_AT;
#[cfg(feature = "memory64")]
use super::table::WIDE;
use super::table::{FIRST, PAIRS, PLAIN, REFUND, SECOND_ONE, scale};
use super::{Starts, pairs};
use crate::image::{Image, Word};
use crate::op::{jumps as jumps_near, *};
use crate::verify::{Op, Ops};
use alloc::vec::Vec;
use wrt_instructions::table::row;

/// The bits of a handler's number.
const NUMBER: u32 = (1 << (SHIFT_AT - 8)) - 1;
/// Most words without an operation that lowers the counter, in code that runs here.
const MOST_WORDS: u32 = 1 << 13;

/// Expands the function, or the piece of the initialiser, that holds the word at `pc`; `end`: where the function ends, if not
/// where the next begins. `None`: the code is not fit for it.
pub(super) fn function(code: &mut [u64], starts: &mut Starts<'_>, image: Image<'_>, pc: u32, end: Option<u32>) -> Option<()> {
    let entries = image.entries();
    let behind = entries.partition_point(|entry| *entry <= pc);
    let Some(&begin) = behind.checked_sub(1).and_then(|i| entries.get(i)).filter(|_| pc < image.get(Word::CodeEnd)) else {
        return initialiser(code, starts, image, pc);
    };
    let end = end.or(entries.get(behind).copied()).unwrap_or(image.get(Word::CodeEnd));
    let func = image.get(Word::ImportedFuncs).wrapping_add(behind as u32).wrapping_sub(1);
    let mut locals = image.func_type(func)?.param_cells();
    let targets = Targets::of(image, begin, end)?;
    let (mut acc, mut quiet, mut reached) = (Accumulator::default(), 0u32, 0u32);
    // The operation before, if it may begin a pair.
    let mut before = None;
    let mut ops = Ops::new(image, begin, end);
    for op in ops.by_ref() {
        if targets.has(op.pc) {
            acc = Accumulator::default();
            before = None;
            reached = reached.wrapping_add(1);
        }
        quiet = if op.op() == CHARGE { 0 } else { quiet.saturating_add(1) };
        if quiet > MOST_WORDS {
            return None;
        }
        locals = match op.op() {
            ENTER => op.b().wrapping_add(op.word >> 24),
            ENTER_FAR => u32::MAX,
            _ => locals,
        };
        let (first, second) = parts(image, &op);
        for part in [Some(first), second].into_iter().flatten() {
            let bits = expand(code, image, &part, &mut acc)?;
            let joined = before.is_some_and(|first| join(code, first, part.pc, locals));
            if bits && !joined {
                *code.get_mut(part.pc as usize)? &= !(u64::from(FIRST | SECOND_ONE) << 16);
            }
            before = if joined { None } else { Some(part.pc) };
        }
        starts.add(op.pc)?;
    }
    (ops.pc() == end && reached == targets.number()).then_some(())
}

/// An operation that takes in a shift is two here, one in the place of each of its words: so it is part of pairs as all others are. The
/// shift's value has a register of its own, that of the window's end which nothing else uses.
fn parts<'a>(image: Image<'a>, op: &Op<'a>) -> (Op<'a>, Option<Op<'a>>) {
    let shifted = image.window().wrapping_sub(16) & 0xff;
    let (b, c) = (op.word >> 16 & 0xff, op.word >> 24);
    let word = |op: u8, a: u32, b: u32, c: u32| u32::from(op) | a << 8 | b << 16 | c << 24;
    let (shift, by, from, then) = match op.op() {
        I32_ADD_SHL => (I32_SHL_I, op.ext(0), c, word(0x6a, op.a(), b, shifted)),
        I32_OR_SHL => (I32_SHL_I, op.ext(0), c, word(0x72, op.a(), b, shifted)),
        I32_XOR_SHL => (I32_SHL_I, op.ext(0), c, word(0x73, op.a(), b, shifted)),
        I32_XOR_SHR_U => (I32_SHR_U_I, op.ext(0), c, word(0x73, op.a(), b, shifted)),
        I32_SHL_ADD => (I32_SHL_I, c, b, word(I32_SHL_ADD, op.a(), shifted, 0)),
        I32_SHR_U_AND => (I32_SHR_U_I, c, b, word(I32_SHR_U_AND, op.a(), shifted, 0)),
        _ => return (*op, None),
    };
    let first = Op { pc: op.pc, word: word(shift, shifted, from, by & 31), rest: &[] };
    (first, Some(Op { pc: op.pc.wrapping_add(1), word: then, rest: op.rest }))
}

/// Makes a pair of the operations at `first` and `second` if there is a handler for it; tells whether there is. Cells from
/// `locals` on are operands, which are gone once they have been used.
fn join(code: &mut [u64], first: u32, second: u32, locals: u32) -> bool {
    let (Some(&w), Some(&v)) = (code.get(first as usize), code.get(second as usize)) else { return false };
    let number = |w: u64| w as u32 >> 8 & NUMBER;
    let Some(pair) = pairs::number(number(w), number(v)) else { return false };
    let (a, b, c, k) = (v as u32 & 0xff, v as u32 >> 24, (v >> 56) as u32, w as u32 & 0xff);
    // Whether the second has it as its accumulator, and in no other place.
    let op = number(v) as u8;
    let places = match op {
        I32_SHR_U_AND => 1,
        0x28..=0x35 | I32_ADD_S..=I64_SHR_U_I => 1,
        0x36..=0x3b | BR_EQ..=BR_LE_U => u32::from(a == k).wrapping_add((b == k).into()),
        BR_IF | BR_UNLESS | BR_EQ_I..=BR_GE_U_I => 1,
        0x45..=0xc4 => u32::from(b == k).wrapping_add((c == k).into()),
        _ => 2,
    };
    let last = number(v) >> 8 & 3 != PLAIN && places == 1 && k >= locals;
    let handler = PAIRS.wrapping_add(pair).wrapping_add(last.into());
    if let Some(w) = code.get_mut(first as usize) {
        *w = *w & !u64::from(NUMBER << 8) | u64::from(handler) << 8;
    }
    true
}

/// The same for a piece of the initialiser from `pc` on: it has no jumps but that to the next piece, and that one leaves the
/// loop, so that it is looked at where it goes. Pieces stand before the functions and behind them.
fn initialiser(code: &mut [u64], starts: &mut Starts<'_>, image: Image<'_>, pc: u32) -> Option<()> {
    let functions = image.entries().first().copied().filter(|begin| pc < *begin);
    for op in Ops::new(image, pc, functions.unwrap_or(image.get(Word::Length))).take(MOST_WORDS as usize) {
        if starts.has(op.pc) {
            return Some(());
        }
        let words = code.get(op.pc as usize..)?.get(..op.rest.len().wrapping_add(1))?;
        let jumps = jumps_near(op.op()) || matches!(op.op(), BR_TABLE | BR_TABLE_FAR | TRY);
        if jumps || words.iter().any(|word| *word != 0) {
            return None;
        }
        expand(code, image, &op, &mut Accumulator::default())?;
        starts.add(op.pc)?;
        if op.op() == BR_FAR {
            *code.get_mut(op.pc as usize)? |= u64::from(FIRST) << 16;
        }
        if matches!(op.op(), RETURN | BR_FAR) {
            return Some(());
        }
    }
    None
}

/// Words of a function that jumps go to.
struct Targets {
    begin: u32,
    bits: Vec<u64>,
}

impl Targets {
    fn of(image: Image<'_>, begin: u32, end: u32) -> Option<Targets> {
        let mut bits = Vec::new();
        let n = end.checked_sub(begin)?.div_ceil(64) as usize;
        bits.try_reserve_exact(n).ok()?;
        bits.resize(n, 0);
        let mut targets = Targets { begin, bits };
        for op in Ops::new(image, begin, end) {
            jumps(&op, |_, target, _| targets.add(target))?;
        }
        Some(targets)
    }
    fn add(&mut self, pc: u32) -> Option<()> {
        let i = pc.checked_sub(self.begin)?;
        *self.bits.get_mut(i as usize / 64)? |= 1 << (i % 64);
        Some(())
    }
    fn number(&self) -> u32 {
        self.bits.iter().map(|w| w.count_ones()).sum()
    }
    fn has(&self, pc: u32) -> bool {
        let i = pc.wrapping_sub(self.begin);
        self.bits.get(i as usize / 64).is_none_or(|w| w >> (i % 64) & 1 != 0)
    }
}

/// Tells of each way out of `op`: the word that says so, where to, what it costs.
fn jumps(op: &Op<'_>, mut tell: impl FnMut(u32, u32, i32) -> Option<()>) -> Option<()> {
    let near = |at: u32, k: u32| (at, at.wrapping_add(1).wrapping_add_signed((k as i16).into()), k as i32 >> 16);
    let first = op.pc.wrapping_add(1);
    match op.op() {
        n if jumps_near(n) => {
            let (at, to, cost) = near(first, op.ext(0));
            tell(at, to, cost)
        }
        BR_FAR => tell(first, first.wrapping_add(2).wrapping_add(op.ext(0)), op.ext(1) as i32),
        BR_TABLE => (first.wrapping_add(1)..).zip(op.rest.get(1..)?).try_for_each(|(at, k)| {
            let (at, to, cost) = near(at, *k);
            tell(at, to, cost)
        }),
        BR_TABLE_FAR => (first.wrapping_add(1)..)
            .step_by(2)
            .zip(op.rest.get(1..)?.as_chunks::<2>().0)
            .try_for_each(|(at, [disp, cost])| tell(at, at.wrapping_add(2).wrapping_add(*disp), *cost as i32)),
        TRY => {
            let past = first.wrapping_add(1).wrapping_add(op.ext(0));
            tell(first, past, 0)?;
            op.rest.get(5..).unwrap_or(&[]).as_chunks::<3>().0.iter().try_for_each(|[_, to, _]| tell(first, *to, 0))
        }
        _ => Some(()),
    }
}

/// The cell, and its width, whose value the accumulator is known to hold; its type if it is in a register for floats too, or 0.
#[derive(Clone, Copy, Default)]
struct Accumulator(Option<(u32, u32, u8)>);

impl Accumulator {
    /// Whether it has the value of `cells` cells from `cell` on: the lower cell of two is its lower half.
    fn is(self, cell: u32, cells: u32) -> bool {
        self.0.is_some_and(|(known, have, _)| known == cell && have >= cells)
    }
    /// Whether an operand of type `ty` may be taken from it, given that the value is.
    fn has(self, ty: u8) -> bool {
        !is_float(ty) || self.0.is_some_and(|(.., float)| float == ty)
    }
    /// A value that was written to a cell past it.
    fn set(&mut self, cell: u32, cells: u32, float: u8) {
        self.0 = Some((cell, cells, float));
    }
    fn forget(&mut self) {
        self.0 = None;
    }
}

/// As [`row`] has them.
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;

fn is_float(ty: u8) -> bool {
    matches!(ty, F32 | F64)
}

/// Cells of a value of this type.
fn cells(ty: u8) -> u32 {
    match ty {
        0x7e | F64 => 2,
        _ => 1,
    }
}

/// What becomes of one operation; whether it takes a float from the accumulator that is there only as bits, for which there is no handler
/// but in pairs.
fn expand(code: &mut [u64], image: Image<'_>, op: &Op<'_>, acc: &mut Accumulator) -> Option<bool> {
    let mut n = op.op();
    #[cfg_attr(not(feature = "memory64"), allow(unused_mut))]
    let (mut a, mut b, c, bc) = (op.a(), op.b(), op.word >> 24, op.word as i32 >> 16);
    let (mut page, mut shift) = (PLAIN, 0);
    let mut k = c << 24;
    // The cell and the cells that it leaves in the accumulator; without, the accumulator keeps what it has.
    let mut makes = None;
    let mut forgets = false;
    // Of which type that is, if a float; whether it takes one that the accumulator has only as bits.
    let (mut float, mut bits) = (0, false);
    let operand = |cell: u32, cells: u32| if acc.is(cell, cells) { FIRST } else { PLAIN };
    match n {
        CONST => (k, makes) = (op.ext(0), Some(1)),
        CONST_S => (k, makes) = (bc as u32, Some(1)),
        CONST2 => makes = Some(2),
        CONST2_S => (k, makes) = (bc as u32, Some(2)),
        COPY => (page, makes) = (operand(b, 1), Some(1)),
        COPY2 => (page, makes) = (operand(b, 2), Some(2)),
        SELECT => (k, page, makes) = (k | op.ext(0) & 0xff, operand(op.ext(0) & 0xff, 1), Some(1)),
        SELECT2 => (k, page, makes) = (k | op.ext(0) & 0xff, operand(op.ext(0) & 0xff, 1), Some(2)),
        GLOBAL_GET => (k, makes) = (op.bc(), Some(1)),
        GLOBAL_GET2 => (k, makes) = (op.bc(), Some(2)),
        GLOBAL_SET => (k, page) = (op.bc(), operand(a, 1)),
        GLOBAL_SET2 => (k, page) = (op.bc(), operand(a, 2)),
        ENTER => {
            (k, forgets) = (c, true);
            page = match c {
                0..=8 => c,
                9..=12 => 9,
                13..=16 => 10,
                17..=24 => 11,
                _ => 0,
            };
        }
        // What comes of the parts of operations that take in a shift.
        I32_SHL_ADD => (n, k, page, makes) = (I32_ADD_S, op.ext(0), operand(b, 1), Some(1)),
        I32_SHR_U_AND => (k, page, makes) = (op.ext(0), operand(b, 1), Some(1)),
        ADD_BR_IF | ADD_BR_UNLESS | ADD_BR_NE | ADD_BR_EQ => (k, makes) = ((op.word as i32 >> 24) as u32, Some(1)),
        BR_WITHIN | BR_BEYOND => (k, page) = (c, operand(a, 1)),
        0x28..=0x35 | LOAD32_SCALED..=LOAD16_U_SCALED => {
            let form = unscaled(n);
            n = form.unwrap_or(n);
            let results = row(n.into())?.push;
            (k, page, makes) = (op.ext(0), operand(b, 1), Some(cells(results[0])));
            (shift, page) = if form.is_some() { (c & 7, page | scale(n, c & 7)) } else { (0, page) };
        }
        0x36..=0x3b | STORE32_SCALED..=STORE8_SCALED => {
            let form = unscaled(n);
            n = form.unwrap_or(n);
            let operands = row(n.into())?.pops;
            k = op.ext(0);
            page = match (operand(b, 1), operand(a, cells(operands[1]))) {
                (FIRST, _) => FIRST,
                (_, FIRST) => SECOND_ONE,
                _ => PLAIN,
            };
            (shift, page) = if form.is_some() { (c & 7, page | scale(n, c & 7)) } else { (0, page) };
        }
        I32_ADD_S => (k, page, makes) = ((op.word as i32 >> 24) as u32, operand(b, 1), Some(1)),
        I32_ADD_I..=I32_XOR_I => (k, page, makes) = (op.ext(0), operand(b, 1), Some(1)),
        I32_SHL_I..=I32_ROTL_I => (k, page, makes) = (c, operand(b, 1), Some(1)),
        I64_ADD_I..=I64_XOR_I => (k, page, makes) = (op.ext(0), operand(b, 2), Some(2)),
        I64_SHL_I..=I64_SHR_U_I => (k, page, makes) = (c, operand(b, 2), Some(2)),
        0x45..=0xc4 | I32_TRUNC_SAT_F32_S..=I64_TRUNC_SAT_F64_U => {
            let number = if n >= I32_TRUNC_SAT_F32_S { 0xfc00 + u16::from(n - I32_TRUNC_SAT_F32_S) } else { n.into() };
            let row = row(number)?;
            page = match (operand(b, cells(row.pops[0])), row.pops[1]) {
                (FIRST, _) => FIRST,
                (_, 0) => PLAIN,
                (_, ty) if acc.is(c, cells(ty)) => SECOND_ONE,
                _ => PLAIN,
            };
            bits = page != PLAIN && !acc.has(row.pops[0]);
            let [result, _] = row.push;
            (makes, float) = (Some(cells(result)), if is_float(result) { result } else { 0 });
        }
        BR_IF | BR_UNLESS => page = operand(a, 1),
        BR_EQ..=BR_LE_U => {
            page = match (operand(a, 1), operand(b, 1)) {
                (FIRST, _) => FIRST,
                (_, FIRST) => SECOND_ONE,
                _ => PLAIN,
            };
        }
        BR_EQ_I..=BR_GE_U_I => (k, page) = (bc as u32, operand(a, 1)),
        BR_TABLE | BR_TABLE_FAR => (k, forgets) = (op.ext(0), true),
        RETURN => (k, forgets) = (op.bc(), true),
        RETURN1 => (k, page, forgets) = (op.bc(), operand(a, 1), true),
        RETURN2 => (k, page, forgets) = (op.bc(), operand(a, 2), true),
        CHARGE => (k, forgets) = (op.bc(), true),
        CALL | CALL_FAR if op.bc() != 0 => {
            forgets = true;
            if let Some(to) = own_entry(image, op.ext(0)) {
                (page, k) = (FIRST, op.ext(1));
                *code.get_mut(op.pc as usize + 1)? = u64::from(to) | u64::from(op.bc()) << 32;
            }
        }
        CALL_INDIRECT => {
            forgets = true;
            if op.ext(1) & 0xffff == 0 && op.ext(1) >> 16 != 0 {
                (page, k) = (FIRST, op.ext(1) >> 16);
                *code.get_mut(op.pc as usize + 1)? = op.ext(0).into();
            }
        }
        #[cfg(feature = "tail-call")]
        RETURN_CALL => {
            forgets = true;
            if let Some(to) = own_entry(image, op.ext(0)) {
                (page, k) = (FIRST, op.ext(1));
                *code.get_mut(op.pc as usize + 1)? = u64::from(to) | u64::from(op.bc().max(1)) << 32;
            }
        }
        #[cfg(feature = "memory64")]
        MEMORY_64 => {
            forgets = true;
            let inner = op.ext(1);
            if op.bc() == 0 && matches!(inner as u8, 0x28..=0x3b) {
                (n, a, b, page) = (inner as u8, inner >> 8 & 0xff, inner >> 16 & 0xff, WIDE);
                *code.get_mut(op.pc as usize + 1)? = u64::from(op.ext(2)) | u64::from(op.ext(0)) << 32;
                if n <= 0x35 {
                    (forgets, makes) = (false, Some(cells(row(n.into())?.push[0])));
                }
            }
        }
        FAR_GET | FAR_SET | FAR_COPY => (k, forgets) = (op.ext(0), true),
        MEMORY_COPY | MEMORY_FILL => {
            forgets = true;
            page = if op.ext(0) == 0 && op.bc() & 7 == 0 { FIRST } else { PLAIN };
        }
        MAP => (k, forgets) = (op.bc(), true),
        TRY => (k, forgets) = (op.ext(0).wrapping_add(1), true),
        _ => forgets = true,
    }
    match makes {
        Some(cells) => acc.set(a, cells, float),
        None if forgets => acc.forget(),
        None => {}
    }
    if n == CONST2 {
        *code.get_mut(op.pc as usize + 1)? = u64::from(op.ext(0)) | u64::from(op.ext(1)) << 32;
    }
    jumps(op, |at, to, cost| {
        if op.op() == TRY {
            return Some(());
        }
        *code.get_mut(at as usize)? = if matches!(op.op(), BR_FAR | BR_TABLE_FAR) {
            u64::from(to)
        } else if cost > 0 {
            u64::from(to) << 32 | u64::from(cost as u16)
        } else {
            page |= if matches!(op.op(), BR_TABLE) { 0 } else { REFUND };
            u64::from(to) << 32 | u64::from(1i32.wrapping_sub(cost) as u16) << 16 | 1
        };
        Some(())
    })?;
    let word = a | (u32::from(n) | page << 8) << 8 | shift << SHIFT_AT | b << 24;
    *code.get_mut(op.pc as usize)? = u64::from(word) | u64::from(k) << 32;
    Some(bits)
}

/// Where own function `f` (imports counted) begins.
fn own_entry(image: Image<'_>, f: u32) -> Option<u32> {
    image.entries().get(f.checked_sub(image.get(Word::ImportedFuncs))? as usize).copied()
}
