// SPDX-License-Identifier: MIT
//! One function for each shape of operation in threaded code.
//!
//! A word is `a | number << 8 | b << 24 | k << 32`: two cells, the number of the handler (the operation's own, and a *page*
//! from bit 8 of it on that says where operands come from), and an immediate; an operation with three cells has the third in
//! the top byte. In this order each field takes the fewest instructions on x86-64. Words that follow in the image have a
//! place here too. A call has `target | cost << 32` in the one after the first. A jump word becomes
//! `charge | credit << 16 | target << 32`: what the counter falls by, at least 1, and what the budget gets back.

use super::table::{NATURAL, OFFSET, SCALED, TABLE};
use super::value::{Floats, Held, Value};
use super::{Cells, Ended, Loop, cell_window};
use crate::op::*;
use crate::stack::{Frame, register};
use crate::store::STEP;
use core::marker::PhantomData;
use wrt_foundation::{Ref, Trap};

/// Number of the handler in a word.
#[inline(always)]
fn number(w: u64) -> usize {
    (w >> 8) as usize & (TABLE.len() - 1)
}
#[inline(always)]
fn a(w: u64) -> usize {
    register(w as u32)
}
#[inline(always)]
fn b(w: u64) -> usize {
    register(w as u32 >> 24)
}
#[inline(always)]
fn c(w: u64) -> usize {
    register((w >> 56) as u32)
}
#[inline(always)]
fn k(w: u64) -> u32 {
    (w >> 32) as u32
}

/// Carries out the word at the front of `$rest`, as `$then` knows it.
macro_rules! next {
    ($m:ident, $rest:expr, $fr:expr, $acc:expr) => {
        next!(Any, $m, $rest, $fr, $acc)
    };
    ($then:ident, $m:ident, $rest:expr, $fr:expr, $acc:expr) => {
        match $rest {
            [w, rest @ ..] => $then::go($m, rest, $fr, *w, $acc),
            [] => over($m),
        }
    };
}
/// Carries out the word after that one.
macro_rules! skip {
    ($m:ident, $rest:expr, $fr:expr, $acc:expr) => {
        skip!(Any, $m, $rest, $fr, $acc)
    };
    ($then:ident, $m:ident, $rest:expr, $fr:expr, $acc:expr) => {
        match $rest {
            [_, w, rest @ ..] => $then::go($m, rest, $fr, *w, $acc),
            _ => over($m),
        }
    };
}
/// Carries out the word at `$pc`.
macro_rules! go {
    ($m:ident, $pc:expr, $fr:expr) => {
        go!($m, $pc, $fr, Held::NOTHING)
    };
    ($m:ident, $pc:expr, $fr:expr, $acc:expr) => {
        match $m.code.get($pc..) {
            Some([w, rest @ ..]) => Any::go($m, rest, $fr, *w, $acc),
            _ => over($m),
        }
    };
}

/// Begins at `m.pc`.
pub(super) fn start<'a>(m: &mut Loop<'a>, fr: &'a Cells) {
    go!(m, m.pc, fr)
}

/// Past the end of the code.
#[cold]
#[inline(never)]
fn over(m: &mut Loop<'_>) {
    (m.pc, m.ended) = (m.code.len(), Ended::Trap(Trap::BadImage));
}
/// Ends at the operation whose word `rest` follows.
#[cold]
#[inline(never)]
pub(super) fn end(m: &mut Loop<'_>, rest: &[u64], ended: Ended) {
    m.pc = m.code.len().wrapping_sub(rest.len()).wrapping_sub(1);
    m.ended = ended;
}
#[cold]
#[inline(never)]
pub(super) fn trap(m: &mut Loop<'_>, rest: &[u64], t: Trap) {
    end(m, rest, Ended::Trap(t));
}
/// The counter is below zero; on at `pc`.
#[cfg(not(wrt_unbounded))]
#[cold]
#[inline(never)]
fn refill(m: &mut Loop<'_>, pc: usize) {
    (m.pc, m.ended) = (pc, Ended::Refill);
}
#[cfg(wrt_unbounded)]
#[cold]
#[inline(never)]
fn refill(m: &mut Loop<'_>, pc: usize) {
    m.pc = pc;
    if !m.next_slice() {
        m.ended = Ended::Out;
        return;
    }
    match cell_window(m.cells, m.base) {
        Some(fr) => go!(m, pc, fr),
        None => m.ended = Ended::Refill, // who begins tells
    }
}

// ---- what comes next ----------------------------------------------------------------------------------------------

/// What is known of the operation that follows.
pub(super) trait Then {
    /// Whether anything but that operation needs the value that this one has made.
    const KEEPS: bool = true;
    fn go<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: Held);
}
/// Nothing: its word tells.
pub(super) struct Any;
impl Then for Any {
    #[inline(always)]
    fn go<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: Held) {
        TABLE[number(w)](m, rest, fr, w, acc.bits, acc.fp)
    }
}
/// It is that one, and the value is its operand only.
pub(super) struct Last<S>(S);
impl<S: Then> Then for Last<S> {
    const KEEPS: bool = false;
    #[inline(always)]
    fn go<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: Held) {
        S::go(m, rest, fr, w, acc)
    }
}

// ---- where operands come from --------------------------------------------------------------------------------------

/// Where an operand is.
pub(super) trait Source {
    const IS_ACC: bool = false;
    /// To be added to the page.
    const SCALE: u32 = 0;
    fn get<T: Value>(fr: &Cells, w: u64, acc: Held) -> T;
    /// The byte of memory that it stands for as an address.
    #[inline(always)]
    fn address(fr: &Cells, w: u64, acc: Held) -> usize {
        (Self::get::<u32>(fr, w, acc) as usize).wrapping_add(k(w) as usize)
    }
}
pub(super) struct A;
pub(super) struct B;
pub(super) struct C;
pub(super) struct K;
/// The accumulator.
pub(super) struct Acc;
/// The same for a float that was made as an integer: loaded, or a constant.
#[cfg(feature = "float")]
pub(super) struct AccBits;
impl Source for A {
    #[inline(always)]
    fn get<T: Value>(fr: &Cells, w: u64, _: Held) -> T {
        T::get(fr, a(w))
    }
}
impl Source for B {
    #[inline(always)]
    fn get<T: Value>(fr: &Cells, w: u64, _: Held) -> T {
        T::get(fr, b(w))
    }
}
impl Source for C {
    #[inline(always)]
    fn get<T: Value>(fr: &Cells, w: u64, _: Held) -> T {
        T::get(fr, c(w))
    }
}
impl Source for K {
    #[inline(always)]
    fn get<T: Value>(_: &Cells, w: u64, _: Held) -> T {
        T::immediate(w)
    }
}
impl Source for Acc {
    const IS_ACC: bool = true;
    #[inline(always)]
    fn get<T: Value>(_: &Cells, _: u64, acc: Held) -> T {
        T::from_accumulator(acc)
    }
}

#[cfg(feature = "float")]
impl Source for AccBits {
    const IS_ACC: bool = true;
    #[inline(always)]
    fn get<T: Value>(_: &Cells, _: u64, acc: Held) -> T {
        T::from_bits_of(acc)
    }
}

/// Bit of a word from which on it has the shift of [`Scaled`]: the number of its handler ends there.
pub(super) const SHIFT_AT: u32 = 21;
const _: () = assert!(TABLE.len() <= 1 << (SHIFT_AT - 8));

/// The shift of [`Scaled`] is in the word.
pub(super) const ANY: u32 = 8;

/// An address that is computed, and wraps. A shift that is known takes no register of the host's.
pub(super) struct Scaled<X, const SHIFT: u32>(PhantomData<X>);
impl<X: Source, const SHIFT: u32> Source for Scaled<X, SHIFT> {
    const IS_ACC: bool = X::IS_ACC;
    const SCALE: u32 = match SHIFT {
        0 => OFFSET,
        ANY => SCALED,
        _ => NATURAL,
    };
    #[inline(always)]
    fn get<T: Value>(fr: &Cells, w: u64, acc: Held) -> T {
        X::get(fr, w, acc)
    }
    #[inline(always)]
    fn address(fr: &Cells, w: u64, acc: Held) -> usize {
        let shift = if SHIFT == ANY { w as u32 >> SHIFT_AT & 7 } else { SHIFT };
        (X::get::<u32>(fr, w, acc) << shift).wrapping_add(k(w)) as usize
    }
}

// ---- numeric ------------------------------------------------------------------------------------------------------

/// The operation of this number.
pub(super) struct Op<const NUMBER: u8>;

pub(super) trait Unary {
    type X: Value;
    type R: Value;
    fn of(x: Self::X) -> Self::R;
}
pub(super) trait Binary {
    type X: Value;
    type R: Value;
    fn of(x: Self::X, y: Self::X) -> Self::R;
}
/// One or two operands (then equal types), and it may trap.
pub(super) trait Partial {
    type X: Value;
    type R: Value;
    fn of(x: Self::X, y: Self::X) -> Result<Self::R, Trap>;
}

pub(super) fn unary<'a, O: Unary, X: Source, N: Then>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let v = O::of(X::get(fr, w, acc));
    if N::KEEPS {
        v.set(fr, a(w));
    }
    next!(N, m, rest, fr, v.accumulator(acc))
}
pub(super) fn binary<'a, O: Binary, X: Source, Y: Source, N: Then>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let v = O::of(X::get(fr, w, acc), Y::get(fr, w, acc));
    if N::KEEPS {
        v.set(fr, a(w));
    }
    next!(N, m, rest, fr, v.accumulator(acc))
}
/// With an immediate that takes a word in the image.
pub(super) fn immediate<'a, O: Binary, X: Source, N: Then>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let v = O::of(X::get(fr, w, acc), K::get(fr, w, acc));
    if N::KEEPS {
        v.set(fr, a(w));
    }
    skip!(N, m, rest, fr, v.accumulator(acc))
}
pub(super) fn partial<'a, O: Partial, X: Source, Y: Source>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    match O::of(X::get(fr, w, acc), Y::get(fr, w, acc)) {
        Ok(v) => {
            v.set(fr, a(w));
            next!(m, rest, fr, v.accumulator(acc))
        }
        Err(t) => trap(m, rest, t),
    }
}

// ---- moves --------------------------------------------------------------------------------------------------------

pub(super) fn copy<'a, T: Value, X: Source, N: Then>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let v: T = X::get(fr, w, acc);
    if N::KEEPS {
        v.set(fr, a(w));
    }
    next!(N, m, rest, fr, v.accumulator(acc))
}
/// A constant; `WORDS` of the image follow.
pub(super) fn constant<'a, T: Value, const WORDS: usize, N: Then>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let v = T::immediate(w);
    if N::KEEPS {
        v.set(fr, a(w));
    }
    if WORDS == 0 { next!(N, m, rest, fr, v.accumulator(acc)) } else { skip!(N, m, rest, fr, v.accumulator(acc)) }
}
pub(super) fn constant2<'a, N: Then>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [v, _, w1, rest @ ..] = rest else { return over(m) };
    if N::KEEPS {
        v.set(fr, a(w));
    }
    N::go(m, rest, fr, *w1, v.accumulator(acc))
}
/// The condition is in cell `k & 0xff`, unless it is the accumulator.
pub(super) fn select<'a, T: Value, X: Source>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let condition = if X::IS_ACC { acc.bits as u32 } else { fr[register(k(w))].get() };
    let from = if condition != 0 { b(w) } else { c(w) };
    let v = T::get(fr, from);
    v.set(fr, a(w));
    skip!(m, rest, fr, v.accumulator(acc))
}
/// Zeroes `N` cells from `b` on; at least as many as it is to: what lies behind them is not in use where a function begins.
pub(super) fn enter<'a, const N: usize>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    match fr.get(b(w)..).and_then(|cells| cells.first_chunk::<N>()) {
        Some(cells) => cells.iter().for_each(|cell| cell.set(0)),
        None => return enter_many(m, rest, fr, w, acc.bits, acc.fp),
    }
    next!(m, rest, fr, acc)
}
pub(super) fn enter_many<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    for cell in fr.iter().skip(b(w)).take(k(w) as usize) {
        cell.set(0);
    }
    next!(m, rest, fr, Held::NOTHING)
}
/// `FAR_GET`, `FAR_SET`, `FAR_COPY`: `k` is the image's `w1`.
pub(super) fn far<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    let (near, n, w1) = (a(w), (w as u32 >> 24) as usize, k(w));
    let (to, from) = match number(w) as u8 {
        FAR_GET => (near, w1 as usize),
        FAR_SET => (w1 as usize, near),
        _ => ((w1 & 0xffff) as usize, (w1 >> 16) as usize),
    };
    let frame = m.cells.get(m.base as usize..).unwrap_or(&[]);
    let (Some(to_cells), Some(from_cells)) = (frame.get(to..to.wrapping_add(n)), frame.get(from..from.wrapping_add(n))) else {
        return trap(m, rest, Trap::BadImage);
    };
    let move_one = |(t, f): (&core::cell::Cell<u32>, &core::cell::Cell<u32>)| t.set(f.get());
    if to <= from {
        to_cells.iter().zip(from_cells).for_each(move_one);
    } else {
        to_cells.iter().zip(from_cells).rev().for_each(move_one);
    }
    skip!(m, rest, fr, Held::NOTHING)
}
pub(super) fn global_get<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let Some(&v) = m.globals.get(k(w) as usize) else { return trap(m, rest, Trap::BadImage) };
    v.set(fr, a(w));
    next!(m, rest, fr, v.accumulator(acc))
}
pub(super) fn global_get2<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let Some(&[lo, hi]) = m.globals.get(k(w) as usize..).and_then(|g| g.first_chunk()) else {
        return trap(m, rest, Trap::BadImage);
    };
    let v = u64::from(lo) | u64::from(hi) << 32;
    v.set(fr, a(w));
    next!(m, rest, fr, v.accumulator(acc))
}
pub(super) fn global_set<'a, X: Source>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let Some(g) = m.globals.get_mut(k(w) as usize) else { return trap(m, rest, Trap::BadImage) };
    *g = X::get(fr, w, acc);
    next!(m, rest, fr, acc)
}
pub(super) fn global_set2<'a, X: Source>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let Some(g) = m.globals.get_mut(k(w) as usize..).and_then(|g| g.first_chunk_mut()) else {
        return trap(m, rest, Trap::BadImage);
    };
    let v: u64 = X::get(fr, w, acc);
    *g = [v as u32, (v >> 32) as u32];
    next!(m, rest, fr, acc)
}
/// Nothing; `k` words of the image follow.
pub(super) fn nothing<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    next!(m, rest.get(k(w) as usize..).unwrap_or(&[]), fr, Held::NOTHING)
}
#[cfg(feature = "memory64")]
pub(super) fn table_index<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let v = u32::try_from(u64::get(fr, b(w))).unwrap_or(u32::MAX);
    v.set(fr, a(w));
    next!(m, rest, fr, v.accumulator(acc))
}

// ---- memory -------------------------------------------------------------------------------------------------------

pub(super) trait Load {
    type R: Value;
    const SIZE: usize;
    fn of(bytes: &[u8]) -> Option<Self::R>;
}
pub(super) trait Store {
    type X: Value;
    const SIZE: usize;
    /// Writes all of `to`; tells whether that are [`Store::SIZE`] bytes.
    fn put(v: Self::X, to: &mut [u8]) -> bool;
}

pub(super) fn load<'a, O: Load, X: Source, N: Then>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let at = X::address(fr, w, acc);
    match m.mem.get(at..at.wrapping_add(O::SIZE)).and_then(O::of) {
        Some(v) => {
            if N::KEEPS {
                v.set(fr, a(w));
            }
            skip!(N, m, rest, fr, v.accumulator(acc))
        }
        None => outside(m, rest, fr, acc.bits, acc.fp, at),
    }
}
/// With an address of 64 bits; the offset is in the word that follows.
#[cfg(feature = "memory64")]
pub(super) fn load_wide<'a, O: Load>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [offset, _, _, next, after @ ..] = rest else { return over(m) };
    let at = u64::get(fr, b(w)).checked_add(*offset).and_then(|at| usize::try_from(at).ok());
    match at.and_then(|at| m.mem.get(at..)?.get(..O::SIZE)).and_then(O::of) {
        Some(v) => {
            v.set(fr, a(w));
            Any::go(m, after, fr, *next, v.accumulator(acc))
        }
        None => end(m, rest, Ended::Rare),
    }
}
#[cfg(feature = "memory64")]
pub(super) fn store_wide<'a, O: Store>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [offset, _, _, next, after @ ..] = rest else { return over(m) };
    let at = u64::get(fr, b(w)).checked_add(*offset).and_then(|at| usize::try_from(at).ok());
    let v = O::X::get(fr, a(w));
    if at.and_then(|at| m.mem.get_mut(at..)?.get_mut(..O::SIZE)).is_some_and(|to| O::put(v, to)) {
        Any::go(m, after, fr, *next, acc)
    } else {
        end(m, rest, Ended::Rare)
    }
}
pub(super) fn store<'a, O: Store, V: Source, X: Source, N: Then>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let at = X::address(fr, w, acc);
    let v = V::get(fr, w, acc);
    if m.mem.get_mut(at..at.wrapping_add(O::SIZE)).is_some_and(|to| O::put(v, to)) {
        skip!(N, m, rest, fr, acc)
    } else {
        v.set(fr, a(w)); // as the first of a pair, what made it has not
        outside(m, rest, fr, acc.bits, acc.fp, at)
    }
}
/// At `at`, outside of memory 0: a shared one has no bytes in `mem`. The cell that the address is made of may never have been
/// written.
#[cfg(feature = "threads")]
#[cold]
#[inline(never)]
fn outside<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, acc: u64, fp: Floats, at: usize) {
    let acc = Held { bits: acc, fp };
    let pc = m.code.len().wrapping_sub(rest.len()).wrapping_sub(1);
    let w = m.image.get(pc).copied().unwrap_or(0);
    let op = unscaled(w as u8).unwrap_or(w as u8);
    if !super::shared_access(m, rest, fr, w & !0xff | u32::from(op), at) {
        return;
    }
    // A load leaves its value in the accumulator, a store leaves that alone.
    let a = register(w >> 8);
    let acc = match op {
        0x29 | 0x2b | 0x30..=0x35 => u64::get(fr, a).accumulator(acc),
        0x28..=0x2f => fr[a].get().accumulator(acc),
        _ => acc,
    };
    skip!(m, rest, fr, acc)
}
#[cfg(not(feature = "threads"))]
#[cold]
#[inline(never)]
fn outside(m: &mut Loop<'_>, rest: &[u64], _: &Cells, _: u64, _: Floats, _: usize) {
    trap(m, rest, Trap::MemoryOutOfBounds)
}

/// `memory.copy` (`COPIES`) or `memory.fill` within memory 0, of so few bytes that it is one step; all else is rare.
pub(super) fn bulk<'a, const COPIES: bool>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    let [to, from, n] = [0, 1, 2].map(|i| fr[a(w) + i].get() as usize);
    let inside = |at: usize| at.wrapping_add(n) <= m.mem.len();
    if n > STEP || !inside(to) || COPIES && !inside(from) {
        return rare(m, rest, fr, w, 0, Floats::NOTHING);
    }
    if COPIES {
        m.mem.copy_within(from..from.wrapping_add(n), to);
    } else if let Some(bytes) = m.mem.get_mut(to..to.wrapping_add(n)) {
        bytes.fill(from as u8);
    }
    m.left = m.left.wrapping_sub((n >> 6) as i32);
    if m.left < 0 {
        return refill(m, m.code.len().wrapping_sub(rest.len()).wrapping_add(1));
    }
    skip!(m, rest, fr, Held::NOTHING)
}

// ---- jumps and calls ----------------------------------------------------------------------------------------------

/// Jumps as the word `$slot` says. Nobody looks at the accumulator where jumps go to; to pass it on takes no instruction.
macro_rules! jump {
    (by $charge:expr, $m:ident, $slot:expr, $fr:expr, $acc:expr) => {{
        let less = $m.left.wrapping_sub($charge);
        $m.left = less;
        if less < 0 {
            return refill($m, ($slot >> 32) as usize);
        }
        go!($m, ($slot >> 32) as usize, $fr, $acc)
    }};
    ($refund:expr, $m:ident, $slot:expr, $fr:expr, $acc:expr) => {{
        let charge = if $refund { 1 } else { ($slot as u16).into() };
        if $refund {
            $m.credit = $m.credit.wrapping_add(i32::from(($slot >> 16) as u16));
        }
        jump!(by charge, $m, $slot, $fr, $acc)
    }};
}
/// A jump with a far displacement, whose cost is in the image. `GOES`: to where it is known that an operation begins.
pub(super) fn br_far<'a, const GOES: bool>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, _: u64, _: u64, _: Floats) {
    let Some(&target) = rest.first() else { return over(m) };
    let at = m.code.len().wrapping_sub(rest.len());
    let cost = m.image.get(at.wrapping_add(1)).map_or(0, |cost| *cost as i32);
    let charge = cost.max(1);
    (m.left, m.credit) = (m.left.wrapping_sub(charge), m.credit.wrapping_add(charge).wrapping_sub(cost));
    if m.left < 0 {
        return refill(m, target as usize);
    }
    if !GOES {
        (m.pc, m.ended) = (target as usize, Ended::Expand);
        return;
    }
    go!(m, target as usize, fr)
}
pub(super) fn br<'a, const REFUND: bool>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, _: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [slot, ..] = rest else { return over(m) };
    jump!(REFUND, m, *slot, fr, acc)
}
pub(super) fn br_if<'a, const YES: bool, const REFUND: bool, X: Source>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let [slot, next, after @ ..] = rest else { return over(m) };
    if (X::get::<u32>(fr, w, acc) != 0) == YES { jump!(REFUND, m, *slot, fr, acc) } else { Any::go(m, after, fr, *next, acc) }
}
pub(super) fn compare<'a, O: Binary<R = u32>, X: Source, Y: Source, const REFUND: bool>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let [slot, next, after @ ..] = rest else { return over(m) };
    if O::of(X::get(fr, w, acc), Y::get(fr, w, acc)) != 0 { jump!(REFUND, m, *slot, fr, acc) } else { Any::go(m, after, fr, *next, acc) }
}
/// Adds `k` to a cell, then jumps if the sum compares so with another: `ZERO`: with 0, and the sum is of cell `b`.
pub(super) fn add_br<'a, const YES: bool, const ZERO: bool, const REFUND: bool>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let [slot, next, after @ ..] = rest else { return over(m) };
    let sum = fr[if ZERO { b(w) } else { a(w) }].get().wrapping_add(k(w));
    fr[a(w)].set(sum);
    let other = if ZERO { 0 } else { fr[b(w)].get() };
    if (sum != other) == YES { jump!(REFUND, m, *slot, fr, acc) } else { Any::go(m, after, fr, *next, sum.accumulator(acc)) }
}
/// Jumps if a value, with the field `b` added as a number, is less than `k`, or if it is not.
pub(super) fn within<'a, const YES: bool, const REFUND: bool, X: Source>(
    m: &mut Loop<'a>,
    rest: &'a [u64],
    fr: &'a Cells,
    w: u64,
    acc: u64,
    fp: Floats,
) {
    let acc = Held { bits: acc, fp };
    let [slot, next, after @ ..] = rest else { return over(m) };
    let sum = X::get::<u32>(fr, w, acc).wrapping_add((w >> 24) as i8 as u32);
    if (sum < k(w)) == YES { jump!(REFUND, m, *slot, fr, acc) } else { Any::go(m, after, fr, *next, acc) }
}
/// `k` + 1 places to go to follow.
pub(super) fn br_table<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let i = fr[a(w)].get().min(k(w)) as usize;
    match rest.get(1 + i) {
        Some(slot) => {
            m.credit = m.credit.wrapping_add(i32::from((*slot >> 16) as u16));
            jump!(by i32::from(*slot as u16), m, *slot, fr, acc)
        }
        _ => over(m),
    }
}
pub(super) fn br_table_far<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    let i = fr[a(w)].get().min(k(w)) as usize;
    br_far::<true>(m, rest.get(1 + 2 * i..).unwrap_or(&[]), fr, w, 0, Floats::NOTHING)
}
pub(super) fn charge<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    m.left = m.left.wrapping_sub(k(w) as i32);
    if m.left < 0 {
        return refill(m, m.code.len().wrapping_sub(rest.len()));
    }
    next!(m, rest, fr, Held::NOTHING)
}
/// Calls the function at `to`, with the frame `cell` cells further up; `$len` words of the image after the first.
macro_rules! call {
    ($m:ident, $rest:ident, $acc:ident, $cell:expr, $to:expr, $cost:expr, $len:literal) => {{
        let back = $m.code.len().wrapping_sub($rest.len()).wrapping_add($len);
        let Some(kept) = $m.frames.get_mut($m.depth as usize) else { return exhausted($m, $rest, $cost) };
        // Written before it is known that there are cells: nobody looks at it if not, and it needs fewer registers.
        *kept = Frame { pc: back as u32, base: $m.base, link: $m.link };
        let base = $m.base.wrapping_add($cell as u32);
        let Some(fr) = cell_window($m.cells, base) else { return exhausted($m, $rest, $cost) };
        $m.base = base;
        $m.depth = $m.depth.wrapping_add(1);
        $m.left = $m.left.wrapping_sub($cost as i32);
        if $m.left < 0 {
            return refill($m, $to as usize);
        }
        go!($m, $to as usize, fr, $acc)
    }};
}
/// There is no room for another frame.
#[cold]
#[inline(never)]
fn exhausted(m: &mut Loop<'_>, rest: &[u64], cost: u32) {
    m.left = m.left.wrapping_sub(cost as i32);
    trap(m, rest, Trap::StackExhausted);
}
pub(super) fn call<'a>(m: &mut Loop<'a>, rest: &'a [u64], _: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [slot, ..] = rest else { return over(m) };
    call!(m, rest, acc, a(w), *slot as u32, (*slot >> 32) as u32, 1)
}
pub(super) fn call_far<'a>(m: &mut Loop<'a>, rest: &'a [u64], _: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [slot, ..] = rest else { return over(m) };
    call!(m, rest, acc, k(w), *slot as u32, (*slot >> 32) as u32, 2)
}
/// Own functions of the very type through table 0; all else, traps included, is for the whole store. `k` is the cost.
pub(super) fn call_indirect<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let [ty, ..] = rest else { return over(m) };
    let Some(&r) = m.table.get(fr[b(w)].get() as usize) else { return rare(m, rest, fr, w, 0, Floats::NOTHING) };
    let f = Ref::from_bits(r).functions_after(m.first) as usize;
    let (Some(&to), Some(&have)) = (m.entries.get(f), m.func_types.get(f)) else { return rare(m, rest, fr, w, 0, Floats::NOTHING) };
    if have != *ty as u32 {
        return rare(m, rest, fr, w, 0, Floats::NOTHING);
    }
    call!(m, rest, acc, a(w), to, k(w), 2)
}
/// Returns; `k` is the cost.
#[inline(always)]
pub(super) fn ret<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    let top = m.depth.wrapping_sub(1);
    let Some(&Frame { pc, base, link }) = m.frames.get(top as usize) else { return trap(m, rest, Trap::BadImage) };
    if link != m.link {
        return rare(m, rest, fr, w, 0, Floats::NOTHING);
    }
    let Some(fr) = cell_window(m.cells, base) else { return trap(m, rest, Trap::BadImage) };
    (m.base, m.depth) = (base, top);
    m.left = m.left.wrapping_sub(k(w) as i32);
    if m.left < 0 {
        return refill(m, pc as usize);
    }
    go!(m, pc as usize, fr, acc)
}
/// The same, with a result.
pub(super) fn ret_value<'a, T: Value, X: Source>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: u64, fp: Floats) {
    let acc = Held { bits: acc, fp };
    X::get::<T>(fr, w, acc).set(fr, 0);
    ret(m, rest, fr, w, acc.bits, acc.fp)
}
/// `k` is the image's `w2`.
#[cfg(feature = "tail-call")]
pub(super) fn return_call<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, _: u64, _: Floats) {
    let [slot, ..] = rest else { return over(m) };
    let (from, n) = ((k(w) & 0xffff) as usize, (k(w) >> 16) as usize);
    let frame = m.cells.get(m.base as usize..).unwrap_or(&[]);
    let (Some(to), Some(from)) = (frame.get(..n), frame.get(from..from.wrapping_add(n))) else {
        return exhausted(m, rest, (*slot >> 32) as u32);
    };
    to.iter().zip(from).for_each(|(t, f)| t.set(f.get()));
    m.left = m.left.wrapping_sub((*slot >> 32) as i32);
    if m.left < 0 {
        return refill(m, *slot as u32 as usize);
    }
    go!(m, *slot as u32 as usize, fr)
}

// ---- leaving ------------------------------------------------------------------------------------------------------

pub(super) fn rare<'a>(m: &mut Loop<'a>, rest: &'a [u64], _: &'a Cells, _: u64, _: u64, _: Floats) {
    end(m, rest, Ended::Rare);
}
pub(super) fn unexpanded<'a>(m: &mut Loop<'a>, rest: &'a [u64], _: &'a Cells, _: u64, _: u64, _: Floats) {
    end(m, rest, Ended::Expand);
}
/// An operation of the second page, as the image has it.
#[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
pub(super) fn second_page<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, _: u64, _: u64, _: Floats) {
    match super::second(m, rest, fr) {
        0 => {}
        words => next!(m, rest.get(words.wrapping_sub(1)..).unwrap_or(&[]), fr, Held::NOTHING),
    }
}
pub(super) fn unreachable<'a>(m: &mut Loop<'a>, rest: &'a [u64], _: &'a Cells, _: u64, _: u64, _: Floats) {
    trap(m, rest, Trap::Unreachable);
}
pub(super) fn hole<'a>(m: &mut Loop<'a>, rest: &'a [u64], _: &'a Cells, _: u64, _: u64, _: Floats) {
    trap(m, rest, Trap::BadImage);
}
