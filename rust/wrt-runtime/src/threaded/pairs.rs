// SPDX-License-Identifier: MIT
//! Pairs of operations that one handler carries out: the first knows the second, so there is no jump through the table
//! between them, and no cell is written when the second alone needs the value. Which pairs: those that kernels of several
//! kinds execute most, counted by what follows what.

use super::handlers::*;
use super::table::{FIRST, PAIRS, PLAIN, REFUND, SECOND_ONE};
use super::value::{Held, Value};
use super::{Cells, Handler, Loop};
use crate::op::*;
use core::marker::PhantomData;

/// What handlers are made of, as types: numeric operations, with constants of a word, loads, stores, jumps.
struct Bin<O, X, Y>(PhantomData<(O, X, Y)>);
struct Una<O, X>(PhantomData<(O, X)>);
struct Imm<O, X>(PhantomData<(O, X)>);
struct Get<O, X>(PhantomData<(O, X)>);
struct Put<O, V, X>(PhantomData<(O, V, X)>);
struct Con;
struct Con64;
struct Con2;
struct Jmp<const R: bool>;
struct Cpy<X>(PhantomData<X>);
struct Sel<T, X>(PhantomData<(T, X)>);
struct If<const YES: bool, const R: bool, X>(PhantomData<X>);
struct Cmp<O, X, Y, const R: bool>(PhantomData<(O, X, Y)>);
/// The end of a loop: if the sum of `a` and a constant is not `b`, or, if `ZERO`, that of `b` and a constant not zero.
struct Loops<const ZERO: bool, const R: bool>;

/// One of them, with the number of its handler.
trait Numbered {
    const NUMBER: u32;
    /// Whether one of its operands is the accumulator.
    const TAKES: bool = Self::NUMBER >> 8 & 3 != PLAIN;
}
/// `more`: what it adds if it gives units back or computes its address.
const fn page(first: bool, second: bool, more: u32) -> u32 {
    let page = if first {
        FIRST
    } else if second {
        SECOND_ONE
    } else {
        PLAIN
    };
    (page + more) << 8
}
const fn refund(yes: bool) -> u32 {
    if yes { REFUND } else { 0 }
}
impl<const N: u8, X: Source, Y: Source> Numbered for Bin<Op<N>, X, Y> {
    const NUMBER: u32 = N as u32 | page(X::IS_ACC, Y::IS_ACC, 0);
}
impl<const N: u8, X: Source> Numbered for Una<Op<N>, X> {
    const NUMBER: u32 = N as u32 | page(X::IS_ACC, false, 0);
}
impl<const N: u8, X: Source> Numbered for Imm<Op<N>, X> {
    const NUMBER: u32 = N as u32 | page(X::IS_ACC, false, 0);
}
impl<const N: u8, X: Source> Numbered for Get<Op<N>, X> {
    const NUMBER: u32 = N as u32 | page(X::IS_ACC, false, X::SCALE);
}
impl<const N: u8, V: Source, X: Source> Numbered for Put<Op<N>, V, X> {
    const NUMBER: u32 = N as u32 | page(X::IS_ACC, V::IS_ACC, X::SCALE);
}
impl Numbered for Con {
    const NUMBER: u32 = CONST_S as u32;
}
impl Numbered for Con64 {
    const NUMBER: u32 = CONST2_S as u32;
}
impl Numbered for Con2 {
    const NUMBER: u32 = CONST2 as u32;
}
impl<const R: bool> Numbered for Jmp<R> {
    const NUMBER: u32 = BR as u32 | page(false, false, refund(R));
}
impl<X: Source> Numbered for Cpy<X> {
    const NUMBER: u32 = COPY as u32 | page(X::IS_ACC, false, 0);
}
impl<X: Source> Numbered for Sel<u32, X> {
    const NUMBER: u32 = SELECT as u32 | page(X::IS_ACC, false, 0);
}
impl<X: Source> Numbered for Sel<u64, X> {
    const NUMBER: u32 = SELECT2 as u32 | page(X::IS_ACC, false, 0);
}
impl<const YES: bool, const R: bool, X: Source> Numbered for If<YES, R, X> {
    const NUMBER: u32 = (if YES { BR_IF } else { BR_UNLESS }) as u32 | page(X::IS_ACC, false, refund(R));
}
impl<const N: u8, X: Source, Y: Source, const R: bool> Numbered for Cmp<Op<N>, X, Y, R> {
    const NUMBER: u32 = N as u32 | page(X::IS_ACC, Y::IS_ACC, refund(R));
}

impl<const ZERO: bool, const R: bool> Numbered for Loops<ZERO, R> {
    const NUMBER: u32 = (if ZERO { ADD_BR_IF } else { ADD_BR_NE }) as u32 | page(false, false, refund(R));
}

/// As the second of a pair.
macro_rules! then {
    ($([$($generic:tt)*] $ty:ty = $handler:expr;)*) => {$(
        impl<$($generic)*> Then for $ty {
            #[inline(always)]
            fn go<'a>(m: &mut Loop<'a>, rest: &'a [u64], fr: &'a Cells, w: u64, acc: Held) {
                $handler(m, rest, fr, w, acc.bits, acc.fp)
            }
        }
    )*};
}
then! {
    [O: Binary, X: Source, Y: Source] Bin<O, X, Y> = binary::<O, X, Y, Any>;
    [O: Unary, X: Source] Una<O, X> = unary::<O, X, Any>;
    [O: Binary, X: Source] Imm<O, X> = immediate::<O, X, Any>;
    [O: Load, X: Source] Get<O, X> = load::<O, X, Any>;
    [O: Store, V: Source, X: Source] Put<O, V, X> = store::<O, V, X, Any>;
    [] Con = constant::<u32, 0, Any>;
    [] Con2 = constant2::<Any>;
    [const ZERO: bool, const R: bool] Loops<ZERO, R> = add_br::<true, ZERO, R>;
    [X: Source] Cpy<X> = copy::<u32, X, Any>;
    [T: Value, X: Source] Sel<T, X> = select::<T, X>;
    [const R: bool] Jmp<R> = br::<R>;
    [const YES: bool, const R: bool, X: Source] If<YES, R, X> = br_if::<YES, R, X>;
    [O: Binary<R = u32>, X: Source, Y: Source, const R: bool] Cmp<O, X, Y, R> = compare::<O, X, Y, R>;
}

/// A pair: the handler that writes the first one's value, and the one that does not if the second takes that value.
pub(super) struct Row {
    key: u32,
    keeps: Handler,
    last: Option<Handler>,
}
impl Row {
    const fn handlers(&self) -> usize {
        1 + self.last.is_some() as usize
    }
}
trait Joined {
    const ROW: Row;
}
struct Both<F, S>(PhantomData<(F, S)>);
macro_rules! first {
    ($([$($generic:tt)*] $ty:ty = $handler:ident<$($arg:ty),*>;)*) => {$(
        impl<$($generic)*, S: Then + Numbered> Joined for Both<$ty, S> where $ty: Numbered {
            const ROW: Row = Row {
                key: <$ty as Numbered>::NUMBER << 16 | S::NUMBER,
                keeps: $handler::<$($arg,)* S>,
                last: if S::TAKES { Some($handler::<$($arg,)* Last<S>>) } else { None },
            };
        }
    )*};
}
first! {
    [O: Binary, X: Source, Y: Source] Bin<O, X, Y> = binary<O, X, Y>;
    [O: Unary, X: Source] Una<O, X> = unary<O, X>;
    [O: Binary, X: Source] Imm<O, X> = immediate<O, X>;
    [O: Load, X: Source] Get<O, X> = load<O, X>;
    [X: Source] Cpy<X> = copy<u32, X>;
    [O: Store, V: Source, X: Source] Put<O, V, X> = store<O, V, X>;
}
macro_rules! constants {
    ($($ty:ty = $handler:ident[$($arg:tt),*];)*) => {$(
        impl<S: Then + Numbered> Joined for Both<$ty, S> {
            const ROW: Row = Row {
                key: <$ty as Numbered>::NUMBER << 16 | S::NUMBER,
                keeps: $handler::<$($arg,)* S>,
                last: if S::TAKES { Some($handler::<$($arg,)* Last<S>>) } else { None },
            };
        }
    )*};
}
constants! {
    Con = constant[u32, 0];
    Con64 = constant[u64, 0];
    Con2 = constant2[];
}

/// All pairs of one of the first list and one of the second.
macro_rules! product {
    ($([$($first:ty),* $(,)?] * $seconds:tt)*) => {
        &[$($(product!(one $first, $seconds),)*)*]
    };
    (one $first:ty, [$($second:ty),* $(,)?]) => {
        &[$(<Both<$first, $second> as Joined>::ROW),*]
    };
}

/// The pairs, by their first.
static ROWS: &[&[Row]] = product! {
    // Addresses and indexes.
    [Imm<Op<{ I32_ADD_I }>, B>, Imm<Op<{ I32_ADD_I }>, Acc>, Bin<Op<{ I32_ADD_S }>, B, K>, Bin<Op<{ I32_ADD_S }>, Acc, K>,
     Bin<Op<0x6a>, B, C>, Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6a>, Acc, C>, Imm<Op<{ I32_AND_I }>, B>, Imm<Op<{ I32_AND_I }>, Acc>] * [
        Get<Op<0x28>, Acc>, Get<Op<0x29>, Acc>, Get<Op<0x2c>, Acc>, Get<Op<0x2d>, Acc>,
        Get<Op<0x2f>, Acc>, Get<Op<0x28>, Scaled<Acc, 2>>, Get<Op<0x29>, Scaled<Acc, 3>>, Get<Op<0x2d>, Scaled<Acc, 0>>,
        Get<Op<0x28>, Scaled<Acc, 0>>, Get<Op<0x2e>, Acc>, Get<Op<0x2e>, Scaled<Acc, 0>>,
        Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6a>, Acc, C>, Bin<Op<0x73>, B, Acc>, Bin<Op<0x73>, Acc, C>, Bin<Op<0x72>, Acc, C>,
        Bin<Op<{ I32_SHL_I }>, Acc, K>, Bin<Op<{ I32_SHR_U_I }>, Acc, K>, Bin<Op<{ I32_ADD_S }>, Acc, K>, Bin<Op<{ I32_ROTL_I }>,
     Acc, K>,
        Imm<Op<{ I32_ADD_I }>, Acc>, Imm<Op<{ I32_AND_I }>, Acc>,
        Put<Op<0x36>, Acc, B>, Put<Op<0x3a>, Acc, B>, Put<Op<0x36>, A, Acc>, Put<Op<0x3a>, A, Acc>,
        If<true, false, Acc>, If<true, true, Acc>, If<false, false, Acc>, If<false, true, Acc>,
        Cmp<Op<{ BR_EQ }>, Acc, B, false>, Cmp<Op<{ BR_NE }>, Acc, B, false>, Cmp<Op<{ BR_NE }>, A, Acc, false>,
        Cmp<Op<{ BR_LT_U }>, Acc, B, false>, Cmp<Op<{ BR_LT_S }>, Acc, B, false>,
        Cmp<Op<{ BR_EQ_I }>, Acc, K, false>, Cmp<Op<{ BR_NE_I }>, Acc, K, false>, Cmp<Op<{ BR_EQ_I }>, Acc, K, true>,
        Cmp<Op<{ BR_NE_I }>, Acc, K, true>, Cmp<Op<{ BR_LT_U_I }>, Acc, K, true>, Cmp<Op<{ BR_GE_U_I }>, Acc, K, true>,
        Bin<Op<{ I32_ADD_S }>, B, K>, Imm<Op<{ I32_ADD_I }>, B>, Get<Op<0x28>, B>, Cpy<B>, Jmp<false>, Jmp<true>,
    ]
    // Words that are mixed.
    [Bin<Op<0x73>, B, C>, Bin<Op<0x73>, B, Acc>, Bin<Op<0x73>, Acc, C>, Bin<Op<0x71>, B, C>, Bin<Op<0x71>, B, Acc>, Bin<Op<0x72>,
     B, Acc>,
     Bin<Op<0x72>, Acc, C>, Bin<Op<{ I32_SHL_I }>, B, K>, Bin<Op<{ I32_SHL_I }>, Acc, K>, Bin<Op<{ I32_SHR_U_I }>, B, K>,
     Bin<Op<{ I32_SHR_U_I }>, Acc, K>, Bin<Op<{ I32_ROTL_I }>, B, K>, Bin<Op<{ I32_ROTL_I }>, Acc, K>, Bin<Op<0x6b>, B, C>,
     Bin<Op<0x6c>, B, C>,
     Imm<Op<{ I32_MUL_I }>, B>] * [
        Bin<Op<0x73>, B, Acc>, Bin<Op<0x73>, Acc, C>, Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6a>, Acc, C>, Bin<Op<0x72>, B, Acc>,
     Bin<Op<0x72>, Acc, C>,
        Bin<Op<0x71>, B, Acc>, Bin<Op<0x71>, Acc, C>, Bin<Op<{ I32_SHL_I }>, Acc, K>, Bin<Op<{ I32_SHR_U_I }>, Acc, K>,
        Bin<Op<{ I32_ROTL_I }>, Acc, K>, Imm<Op<{ I32_ADD_I }>, Acc>, Imm<Op<{ I32_AND_I }>, Acc>, Bin<Op<{ I32_ADD_S }>, Acc, K>,
        Put<Op<0x36>, Acc, B>, Put<Op<0x3a>, Acc, B>, Get<Op<0x28>, Acc>, Get<Op<0x2d>, Acc>, Get<Op<0x28>, Scaled<Acc, 2>>, Get<Op<0x2d>, Scaled<Acc, 0>>,
        If<true, false, Acc>, If<true, true, Acc>, If<false, false, Acc>, If<false, true, Acc>, Bin<Op<{ I32_ROTL_I }>, B, K>, Cpy<B>,
    ]
    // What was just loaded.
    [Get<Op<0x28>, B>, Get<Op<0x28>, Acc>, Get<Op<0x2d>, B>, Get<Op<0x2d>, Acc>, Get<Op<0x2f>, B>,
     Get<Op<0x28>, Scaled<B, 0>>, Get<Op<0x28>, Scaled<B, 2>>, Get<Op<0x2d>, Scaled<B, 0>>, Get<Op<0x2d>, Scaled<Acc, 0>>] * [
        Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6a>, Acc, C>, Bin<Op<0x73>, B, Acc>, Bin<Op<0x73>, Acc, C>, Bin<Op<0x72>, B, Acc>,
        Bin<Op<0x6c>, B, Acc>, Bin<Op<0x6c>, Acc, C>, Bin<Op<{ I32_SHL_I }>, Acc, K>, Bin<Op<{ I32_SHR_U_I }>, Acc, K>, Bin<Op<{ I32_ADD_S }>, Acc, K>,
        Imm<Op<{ I32_ADD_I }>, Acc>, Imm<Op<{ I32_AND_I }>, Acc>, Imm<Op<{ I32_MUL_I }>, Acc>, Bin<Op<{ I32_ADD_S }>, B, K>, Imm<Op<{ I32_ADD_I }>, B>,
        Get<Op<0x28>, B>, Get<Op<0x28>, Acc>, Get<Op<0x2d>, B>, Cpy<B>, Get<Op<0x28>, Scaled<B, 0>>, Get<Op<0x28>, Scaled<B, 2>>, Get<Op<0x28>, Scaled<Acc, 2>>, Get<Op<0x2d>, Scaled<B, 0>>,
        Put<Op<0x36>, Acc, B>, Put<Op<0x3a>, Acc, B>,
        If<true, false, Acc>, If<true, true, Acc>, If<false, false, Acc>, If<false, true, Acc>,
        Cmp<Op<{ BR_EQ }>, Acc, B, false>, Cmp<Op<{ BR_NE }>, Acc, B, false>, Cmp<Op<{ BR_NE }>, A, Acc, false>,
        Cmp<Op<{ BR_NE }>, A, Acc, true>, Cmp<Op<{ BR_EQ_I }>, Acc, K, false>, Cmp<Op<{ BR_NE_I }>, Acc, K, false>,
        Cmp<Op<{ BR_EQ_I }>, Acc, K, true>, Cmp<Op<{ BR_NE_I }>, Acc, K, true>, Cmp<Op<{ BR_LT_U_I }>, Acc, K, true>,
        Cmp<Op<{ BR_GE_U_I }>, Acc, K, true>, Cmp<Op<{ BR_LT_S_I }>, Acc, K, true>, Cmp<Op<{ BR_GE_S_I }>, Acc, K, true>,
    ]
    // Constants that no operation takes, and moves.
    [Con] * [
        Put<Op<0x36>, Acc, B>, Put<Op<0x3a>, Acc, B>, Put<Op<0x3b>, Acc, B>,
        Bin<Op<0x46>, B, Acc>, Bin<Op<0x47>, B, Acc>, Bin<Op<0x48>, B, Acc>, Bin<Op<0x49>, B, Acc>, Bin<Op<0x4a>, B, Acc>,
     Bin<Op<0x4b>, B, Acc>,
        Bin<Op<0x4c>, B, Acc>, Bin<Op<0x4d>, B, Acc>, Bin<Op<0x4e>, B, Acc>, Bin<Op<0x4f>, B, Acc>,
        Bin<Op<0x6b>, Acc, C>, Bin<Op<0x74>, Acc, C>, Get<Op<0x28>, Acc>, Cpy<B>, Jmp<false>, Jmp<true>,
    ]
    [Con64, Con2] * [
        Bin<Op<0x7c>, B, Acc>, Bin<Op<0x7e>, B, Acc>, Bin<Op<0x83>, B, Acc>, Bin<Op<0x84>, B, Acc>, Bin<Op<0x85>, B, Acc>,
     Bin<Op<0x51>, B, Acc>,
        Bin<Op<0x89>, B, Acc>, Put<Op<0x37>, Acc, B>,
    ]
    [Cpy<B>] * [
        Cpy<B>, Get<Op<0x28>, B>, Bin<Op<0x6a>, B, C>, Bin<Op<{ I32_ADD_S }>, B, K>, Imm<Op<{ I32_ADD_I }>, B>, Jmp<false>, Jmp<true>,
    ]
    [Put<Op<0x36>, Acc, B>, Put<Op<0x36>, A, B>, Put<Op<0x3a>, Acc, B>, Put<Op<0x3a>, A, B>] * [
        Bin<Op<{ I32_ADD_S }>, B, K>, Imm<Op<{ I32_ADD_I }>, B>, Bin<Op<0x6a>, B, C>, Get<Op<0x28>, B>, Cpy<B>, Jmp<false>,
     Jmp<true>,
    ]
    // 64 bits.
    [Bin<Op<0x7c>, B, C>, Bin<Op<0x7c>, B, Acc>, Bin<Op<0x7c>, Acc, C>, Bin<Op<0x7e>, B, C>, Bin<Op<0x85>, B, Acc>, Bin<Op<0x85>,
     Acc, C>,
     Bin<Op<{ I64_SHL_I }>, B, K>, Bin<Op<{ I64_SHR_U_I }>, B, K>, Bin<Op<{ I64_SHL_I }>, Acc, K>, Bin<Op<{ I64_SHR_U_I }>, Acc, K>,
     Imm<Op<{ I64_ADD_I }>, B>, Imm<Op<{ I64_MUL_I }>, B>, Get<Op<0x29>, B>, Get<Op<0x29>, Acc>] * [
        Bin<Op<0x7c>, B, Acc>, Bin<Op<0x7c>, Acc, C>, Bin<Op<0x85>, B, Acc>, Bin<Op<0x85>, Acc, C>, Bin<Op<0x84>, B, Acc>,
     Bin<Op<0x83>, Acc, C>,
        Bin<Op<0x7e>, B, Acc>, Bin<Op<{ I64_SHL_I }>, Acc, K>, Bin<Op<{ I64_SHR_U_I }>, Acc, K>, Imm<Op<{ I64_ADD_I }>, Acc>,
        Imm<Op<{ I64_AND_I }>, Acc>, Put<Op<0x37>, Acc, B>,
    ]
    [Una<Op<0x50>, B>, Una<Op<0x50>, Acc>] * [
        If<true, false, Acc>, If<true, true, Acc>, If<false, false, Acc>, If<false, true, Acc>,
    ]
};
/// The same firsts with more seconds.
static MORE_ROWS: &[&[Row]] = product! {
    // What is computed or loaded, and then stored or compared.
    [Bin<Op<0x6a>, B, C>, Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6b>, B, C>, Bin<Op<{ I32_ADD_S }>, B, K>, Bin<Op<{ I32_ADD_S }>, Acc, K>,
     Imm<Op<{ I32_ADD_I }>, B>, Imm<Op<{ I32_AND_I }>, B>, Imm<Op<{ I32_AND_I }>, Acc>, Bin<Op<{ I32_SHL_I }>, B, K>,
     Get<Op<0x28>, B>, Get<Op<0x28>, Acc>, Get<Op<0x28>, Scaled<B, 0>>, Get<Op<0x28>, Scaled<B, 2>>, Get<Op<0x2d>, B>,
     Get<Op<0x2d>, Scaled<B, 0>>] * [
        Put<Op<0x36>, Acc, Scaled<B, 0>>, Put<Op<0x36>, Acc, Scaled<B, 2>>, Put<Op<0x3a>, Acc, Scaled<B, 0>>,
        Cmp<Op<{ BR_EQ }>, Acc, B, true>, Cmp<Op<{ BR_EQ }>, A, Acc, true>, Cmp<Op<{ BR_NE }>, Acc, B, true>,
        Cmp<Op<{ BR_LT_U }>, Acc, B, true>, Cmp<Op<{ BR_LT_U }>, A, B, false>, Cmp<Op<{ BR_LT_U }>, A, B, true>, Con,
    ]
    // Fields of bits: one operation of the image.
    [Bin<Op<{ I32_SHR_U_I }>, B, K>, Bin<Op<{ I32_SHR_U_I }>, Acc, K>] * [Bin<Op<{ I32_SHR_U_AND }>, Acc, K>]
    // Signed bytes and halves.
    [Get<Op<0x2c>, B>, Get<Op<0x2c>, Acc>, Get<Op<0x2c>, Scaled<B, 0>>, Get<Op<0x2e>, B>, Get<Op<0x2e>, Scaled<B, 0>>, Una<Op<0xc0>, Acc>] * [
        Bin<Op<{ I32_ADD_S }>, Acc, K>, Bin<Op<0x6c>, B, Acc>, Bin<Op<0x6a>, B, Acc>, Cmp<Op<{ BR_LT_S_I }>, Acc, K, true>,
        Cmp<Op<{ BR_GE_S_I }>, Acc, K, true>, Cmp<Op<{ BR_EQ_I }>, Acc, K, true>, Cmp<Op<{ BR_NE_I }>, Acc, K, true>,
    ]
    // Constants that are stored, addresses that are constant.
    [Con] * [
        Put<Op<0x36>, Acc, Scaled<B, 0>>, Put<Op<0x36>, Acc, Scaled<B, 2>>, Put<Op<0x3a>, Acc, Scaled<B, 0>>, Put<Op<0x37>, A, Acc>,
        Put<Op<0x36>, A, Acc>, Put<Op<0x3a>, A, Acc>, Get<Op<0x29>, Acc>, Get<Op<0x2c>, Acc>, Get<Op<0x2d>, Acc>, Con,
        Bin<Op<{ I32_ADD_S }>, B, K>, Bin<Op<0x6a>, B, C>, Get<Op<0x28>, B>, Get<Op<0x28>, Scaled<B, 0>>, Cmp<Op<{ BR_EQ }>, A, B, true>,
        Cmp<Op<{ BR_LT_U_I }>, A, K, true>, Cmp<Op<{ BR_EQ_I }>, A, K, true>, If<true, true, A>, If<false, true, A>,
        Sel<u32, A>,
    ]
    // Words that are written one after the other.
    [Put<Op<0x36>, A, B>, Put<Op<0x36>, Acc, B>] * [
        Put<Op<0x36>, A, B>, Put<Op<0x37>, A, B>, Get<Op<0x29>, B>, Get<Op<0x28>, Scaled<B, 0>>, Con,
    ]
    [Put<Op<0x36>, A, Scaled<B, 0>>, Put<Op<0x36>, Acc, Scaled<B, 0>>, Put<Op<0x36>, Acc, Scaled<B, 2>>, Put<Op<0x3a>, A, Scaled<B, 0>>,
     Put<Op<0x3a>, Acc, Scaled<B, 0>>, Put<Op<0x37>, Acc, B>, Put<Op<0x37>, A, B>] * [
        Put<Op<0x36>, A, B>, Put<Op<0x37>, A, B>, Get<Op<0x29>, B>, Get<Op<0x28>, Scaled<B, 0>>, Con,
        Bin<Op<{ I32_ADD_S }>, B, K>, Imm<Op<{ I32_ADD_I }>, B>, Bin<Op<0x6a>, B, C>, Get<Op<0x28>, B>, Cpy<B>, Jmp<true>,
    ]
    // Moves.
    [Cpy<B>] * [
        Con, If<true, false, A>, If<true, true, A>, If<false, true, A>, Cmp<Op<{ BR_NE_I }>, A, K, true>, Imm<Op<{ I32_AND_I }>, B>,
    ]
    [Cpy<Acc>] * [Con, Cpy<B>, If<true, true, A>, If<false, true, A>, Jmp<false>, Jmp<true>]
    // Comparisons whose outcome is a number.
    [Bin<Op<0x46>, B, C>, Bin<Op<0x47>, B, C>, Bin<Op<0x48>, B, C>, Bin<Op<0x49>, B, C>, Bin<Op<0x4a>, B, C>, Bin<Op<0x4b>, B, C>,
     Bin<Op<0x49>, B, Acc>, Bin<Op<0x4b>, B, Acc>] * [Sel<u32, Acc>, Bin<Op<0x6b>, B, Acc>, Bin<Op<0x71>, B, Acc>, Con]
    [Bin<Op<0x51>, B, C>, Bin<Op<0x51>, Acc, C>, Bin<Op<0x52>, B, C>, Bin<Op<0x53>, B, C>, Bin<Op<0x54>, B, C>] * [
        If<true, false, Acc>, If<true, true, Acc>, If<false, true, Acc>, Sel<u64, Acc>,
    ]
    // 64 bits.
    [Get<Op<0x29>, B>, Get<Op<0x29>, Scaled<B, 0>>] * [
        Get<Op<0x29>, B>, Get<Op<0x29>, Scaled<B, 0>>, Put<Op<0x37>, Acc, B>, Bin<Op<0x51>, Acc, C>,
    ]
    [Bin<Op<0x7e>, B, Acc>] * [Bin<Op<{ I64_SHR_U_I }>, Acc, K>, Bin<Op<0x85>, B, Acc>, Bin<Op<0x7c>, B, Acc>]
};
/// And once more.
static LAST_ROWS: &[&[Row]] = product! {
    // Products.
    [Bin<Op<0x6c>, B, Acc>, Bin<Op<0x6c>, Acc, C>] * [
        Bin<Op<0x6b>, B, Acc>, Get<Op<0x28>, Scaled<B, 0>>, Get<Op<0x2e>, Scaled<B, 0>>, Bin<Op<0x6a>, B, C>, Con,
        Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6a>, Acc, C>,
    ]
    // Signed comparisons of what was loaded.
    [Get<Op<0x28>, B>, Get<Op<0x28>, Scaled<B, 0>>, Get<Op<0x2d>, B>] * [
        Cmp<Op<{ BR_LT_S }>, Acc, B, true>, Cmp<Op<{ BR_LT_S }>, A, Acc, true>, Cmp<Op<{ BR_LE_S }>, Acc, B, true>,
        Cmp<Op<{ BR_LE_S }>, A, Acc, true>, Cmp<Op<{ BR_LE_U }>, Acc, B, true>, Cmp<Op<{ BR_LE_U }>, A, Acc, true>,
    ]
    // What comes before the end of a loop.
    [Bin<Op<{ I32_ADD_S }>, B, K>, Imm<Op<{ I32_ADD_I }>, B>, Bin<Op<0x6a>, B, C>, Bin<Op<0x6a>, B, Acc>, Bin<Op<0x6a>, Acc, C>,
     Bin<Op<0x73>, B, Acc>, Bin<Op<0x73>, Acc, C>, Bin<Op<0x85>, Acc, C>, Cpy<B>, Put<Op<0x36>, A, B>, Put<Op<0x36>, Acc, B>,
     Put<Op<0x3a>, A, B>, Put<Op<0x3a>, Acc, B>] * [
        Loops<false, false>, Loops<false, true>, Loops<true, false>, Loops<true, true>,
    ]
    [Bin<Op<{ I32_SHL_I }>, B, K>] * [Bin<Op<{ I32_ADD_S }>, B, K>, Bin<Op<0x6a>, B, C>]
};
/// The same with floats.
#[cfg(feature = "float")]
static FLOAT_ROWS: &[&[Row]] = product! {
    [Bin<Op<0xa0>, B, C>, Bin<Op<0xa0>, B, Acc>, Bin<Op<0xa0>, Acc, C>, Bin<Op<0xa1>, B, C>, Bin<Op<0xa1>, B, Acc>, Bin<Op<0xa1>,
     Acc, C>,
     Bin<Op<0xa2>, B, C>, Bin<Op<0xa2>, B, Acc>, Bin<Op<0xa2>, Acc, C>] * [
        Bin<Op<0xa0>, B, Acc>, Bin<Op<0xa0>, Acc, C>, Bin<Op<0xa1>, B, Acc>, Bin<Op<0xa1>, Acc, C>, Bin<Op<0xa2>, B, Acc>,
     Bin<Op<0xa2>, Acc, C>,
        Put<Op<0x37>, Acc, B>, Bin<Op<0xa2>, B, C>, Get<Op<0x29>, B>, Get<Op<0x29>, Scaled<B, 0>>, Bin<Op<0xa0>, B, C>, Bin<Op<0xa1>, B, C>, Con2, Loops<false, false>, Loops<true, false>,
    ]
    [Get<Op<0x29>, B>, Get<Op<0x29>, Scaled<B, 0>>] * [
        Bin<Op<0xa0>, B, AccBits>, Bin<Op<0xa0>, AccBits, C>, Bin<Op<0xa1>, B, AccBits>, Bin<Op<0xa1>, AccBits, C>, Bin<Op<0xa2>, B, AccBits>,
     Bin<Op<0xa2>, AccBits, C>,
        Put<Op<0x37>, Acc, B>, Bin<Op<0xa2>, B, C>, Get<Op<0x29>, B>, Get<Op<0x29>, Scaled<B, 0>>,
    ]
    [Bin<Op<0x92>, B, C>, Bin<Op<0x92>, B, Acc>, Bin<Op<0x92>, Acc, C>, Bin<Op<0x93>, B, C>, Bin<Op<0x93>, B, Acc>, Bin<Op<0x93>,
     Acc, C>,
     Bin<Op<0x94>, B, C>, Bin<Op<0x94>, B, Acc>, Bin<Op<0x94>, Acc, C>] * [
        Bin<Op<0x92>, B, Acc>, Bin<Op<0x92>, Acc, C>, Bin<Op<0x93>, B, Acc>, Bin<Op<0x93>, Acc, C>, Bin<Op<0x94>, B, Acc>,
     Bin<Op<0x94>, Acc, C>,
        Put<Op<0x36>, Acc, B>, Put<Op<0x36>, Acc, Scaled<B, 0>>, Put<Op<0x36>, Acc, Scaled<B, 2>>, Bin<Op<0x94>, B, C>, Get<Op<0x28>, B>,
        Get<Op<0x28>, Scaled<B, 0>>, Bin<Op<0x92>, B, C>, Bin<Op<0x93>, B, C>, Con, Loops<false, false>, Loops<true, false>,
    ]
    [Get<Op<0x28>, B>, Get<Op<0x28>, Scaled<B, 0>>] * [
        Bin<Op<0x92>, B, AccBits>, Bin<Op<0x92>, AccBits, C>, Bin<Op<0x93>, B, AccBits>, Bin<Op<0x93>, AccBits, C>, Bin<Op<0x94>, B, AccBits>,
     Bin<Op<0x94>, AccBits, C>,
        Put<Op<0x36>, Acc, B>, Put<Op<0x36>, Acc, Scaled<B, 0>>, Put<Op<0x36>, Acc, Scaled<B, 2>>, Bin<Op<0x94>, B, C>, Get<Op<0x28>, B>,
        Get<Op<0x28>, Scaled<B, 0>>,
    ]
    [Bin<Op<0x61>, B, C>, Bin<Op<0x62>, B, C>, Bin<Op<0x63>, B, C>, Bin<Op<0x64>, B, C>, Bin<Op<0x65>, B, C>, Bin<Op<0x66>, B, C>] * [
        If<true, false, Acc>, If<true, true, Acc>, If<false, false, Acc>, If<false, true, Acc>, Sel<u64, Acc>,
    ]
    // Constants.
    [Con2] * [Bin<Op<0xa0>, B, AccBits>, Bin<Op<0xa1>, B, AccBits>, Bin<Op<0xa2>, B, AccBits>, Bin<Op<0xa3>, B, AccBits>]
    [Bin<Op<0x5d>, B, C>, Bin<Op<0x5e>, B, C>, Bin<Op<0x5f>, B, C>, Bin<Op<0x60>, B, C>] * [
        If<true, false, Acc>, If<true, true, Acc>, If<false, false, Acc>, If<false, true, Acc>, Sel<u32, Acc>,
    ]
    [Bin<Op<0xa3>, B, C>, Bin<Op<0xa3>, Acc, C>, Una<Op<0x9f>, Acc>, Una<Op<0x9a>, Acc>] * [
        Bin<Op<0xa0>, B, Acc>, Bin<Op<0xa0>, Acc, C>, Bin<Op<0xa1>, B, Acc>, Bin<Op<0xa1>, Acc, C>, Bin<Op<0xa2>, B, Acc>,
     Bin<Op<0xa2>, Acc, C>,
        Put<Op<0x37>, Acc, B>,
    ]
};

/// All of them. In each set an operation is a first in one place.
static SETS: &[&[&[Row]]] = &[
    ROWS,
    MORE_ROWS,
    LAST_ROWS,
    #[cfg(feature = "float")]
    FLOAT_ROWS,
];

/// Numbers of pairs and of their handlers.
const COUNTS: (usize, usize) = {
    let (mut pairs, mut handlers, mut set) = (0, 0, 0);
    while set < SETS.len() {
        let mut i = 0;
        while i < SETS[set].len() {
            let mut k = 0;
            while k < SETS[set][i].len() {
                handlers += SETS[set][i][k].handlers();
                k += 1;
            }
            pairs += k;
            i += 1;
        }
        set += 1;
    }
    (pairs, handlers)
};
/// Number of handlers.
pub(super) const HANDLERS: usize = COUNTS.1;

/// What is known of pairs, one after the other.
struct Pairs {
    /// The second's number, and how far behind the first pair's handler those of this one are.
    pairs: [(u16, u16); COUNTS.0],
    /// For each number of a first, and set: where its pairs begin, and how many there are.
    firsts: [[(u16, u16); 4]; PAIRS as usize],
}
static KNOWN: Pairs = {
    let mut known = Pairs { pairs: [(0, 0); COUNTS.0], firsts: [[(0, 0); 4]; PAIRS as usize] };
    let (mut at, mut handler, mut set) = (0, 0, 0);
    while set < SETS.len() {
        let mut i = 0;
        while i < SETS[set].len() {
            let group = SETS[set][i];
            let first = &mut known.firsts[(group[0].key >> 16) as usize][set];
            assert!(first.1 == 0, "an operation is a first in two places of a set");
            *first = (at as u16, group.len() as u16);
            let mut k = 0;
            while k < group.len() {
                known.pairs[at] = (group[k].key as u16, handler as u16);
                handler += group[k].handlers();
                at += 1;
                k += 1;
            }
            i += 1;
        }
        set += 1;
    }
    known
};

/// Puts the handlers where [`number`] says, from `at` on: for each pair the one that keeps the value, then the other.
pub(super) const fn fill(t: &mut [Handler], mut at: usize) {
    let mut set = 0;
    while set < SETS.len() {
        let mut i = 0;
        while i < SETS[set].len() {
            let mut k = 0;
            while k < SETS[set][i].len() {
                let Row { keeps, last, .. } = SETS[set][i][k];
                t[at] = keeps;
                if let Some(last) = last {
                    t[at + 1] = last;
                }
                at += SETS[set][i][k].handlers();
                k += 1;
            }
            i += 1;
        }
        set += 1;
    }
}

/// How far behind the first pair's handler that for `first` and then `second` is.
pub(super) fn number(first: u32, second: u32) -> Option<u32> {
    KNOWN.firsts.get(first as usize)?.iter().find_map(|(at, n)| {
        let pairs = KNOWN.pairs.get((*at).into()..)?.get(..(*n).into())?;
        pairs.iter().find(|(number, _)| u32::from(*number) == second).map(|(_, handler)| (*handler).into())
    })
}
