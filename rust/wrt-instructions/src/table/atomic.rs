// SPDX-License-Identifier: MIT
//! The rows of atomic instructions, by their number after the prefix 0xfe (spec: threads, "Instructions"). From
//! [`FIRST`] on they come in sevens: one kind of access at each of [`WIDTHS`].

use super::{ADDR, I32, I64, Imm, Row};
use Imm::{MemArg, None as N};

/// Atomic instructions have numbers below this.
pub const NUMBERS: u8 = 0x4f;
/// The first that loads, stores or modifies; those before wait, wake and order.
pub const FIRST: u8 = 0x10;
/// `memory.atomic.notify`
pub const NOTIFY: u8 = 0x00;
/// `memory.atomic.wait32`
pub const WAIT32: u8 = 0x01;
/// `memory.atomic.wait64`
pub const WAIT64: u8 = 0x02;
/// `atomic.fence`
pub const FENCE: u8 = 0x03;

/// Widths in the order of the numbers: log2 of the bytes in memory, and whether the value is an `i64`.
pub const WIDTHS: [(u8, bool); 7] = [(2, false), (3, true), (0, false), (1, false), (0, true), (1, true), (2, true)];

/// What an access does with the value in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Reads it.
    Load,
    /// Sets it.
    Store,
    /// Adds the operand; as those that follow, it leaves the value before.
    Add,
    /// Subtracts the operand.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Sets it to the operand.
    Exchange,
    /// Sets it to the second operand if it is the first.
    CompareExchange,
}

/// Kind, log2 of the bytes in memory, and whether the value is an `i64`, of access `n`; `None` if it is none.
pub const fn access(n: u8) -> Option<(Kind, u8, bool)> {
    use Kind::*;
    const KINDS: [Kind; 9] = [Load, Store, Add, Sub, And, Or, Xor, Exchange, CompareExchange];
    if n < FIRST || n >= NUMBERS {
        return None;
    }
    let (kind, width) = ((n - FIRST) / 7, (n - FIRST) % 7);
    let (log2, wide) = WIDTHS[width as usize];
    Some((KINDS[kind as usize], log2, wide))
}

macro_rules! rows {
    ($($n:literal $name:literal ($imm:expr) [$($pop:ident)*] -> [$($push:ident)*];)*) => {
        /// The row of instruction `n`, or `None` if no row has this number.
        pub const fn row(n: u8) -> Option<&'static Row> {
            const ROWS: [Option<Row>; NUMBERS as usize] = {
                let mut t = [None; NUMBERS as usize];
                $(t[$n] = Some(Row { imm: $imm, pops: pops!($($pop)*), push: push!($($push)*) });)*
                t
            };
            if n < NUMBERS { ROWS[n as usize].as_ref() } else { None }
        }
        /// The instruction's name in the text format.
        pub const fn name(n: u8) -> Option<&'static str> {
            match n {
                $($n => Some($name),)*
                _ => None,
            }
        }
    };
}

rows! {
    0x00 "memory.atomic.notify" (MemArg(2)) [ADDR I32] -> [I32];
    0x01 "memory.atomic.wait32" (MemArg(2)) [ADDR I32 I64] -> [I32];
    0x02 "memory.atomic.wait64" (MemArg(3)) [ADDR I64 I64] -> [I32];
    0x03 "atomic.fence" (N) [] -> [];
    0x10 "i32.atomic.load" (MemArg(2)) [ADDR] -> [I32];
    0x11 "i64.atomic.load" (MemArg(3)) [ADDR] -> [I64];
    0x12 "i32.atomic.load8_u" (MemArg(0)) [ADDR] -> [I32];
    0x13 "i32.atomic.load16_u" (MemArg(1)) [ADDR] -> [I32];
    0x14 "i64.atomic.load8_u" (MemArg(0)) [ADDR] -> [I64];
    0x15 "i64.atomic.load16_u" (MemArg(1)) [ADDR] -> [I64];
    0x16 "i64.atomic.load32_u" (MemArg(2)) [ADDR] -> [I64];
    0x17 "i32.atomic.store" (MemArg(2)) [ADDR I32] -> [];
    0x18 "i64.atomic.store" (MemArg(3)) [ADDR I64] -> [];
    0x19 "i32.atomic.store8" (MemArg(0)) [ADDR I32] -> [];
    0x1a "i32.atomic.store16" (MemArg(1)) [ADDR I32] -> [];
    0x1b "i64.atomic.store8" (MemArg(0)) [ADDR I64] -> [];
    0x1c "i64.atomic.store16" (MemArg(1)) [ADDR I64] -> [];
    0x1d "i64.atomic.store32" (MemArg(2)) [ADDR I64] -> [];
    0x1e "i32.atomic.rmw.add" (MemArg(2)) [ADDR I32] -> [I32];
    0x1f "i64.atomic.rmw.add" (MemArg(3)) [ADDR I64] -> [I64];
    0x20 "i32.atomic.rmw8.add_u" (MemArg(0)) [ADDR I32] -> [I32];
    0x21 "i32.atomic.rmw16.add_u" (MemArg(1)) [ADDR I32] -> [I32];
    0x22 "i64.atomic.rmw8.add_u" (MemArg(0)) [ADDR I64] -> [I64];
    0x23 "i64.atomic.rmw16.add_u" (MemArg(1)) [ADDR I64] -> [I64];
    0x24 "i64.atomic.rmw32.add_u" (MemArg(2)) [ADDR I64] -> [I64];
    0x25 "i32.atomic.rmw.sub" (MemArg(2)) [ADDR I32] -> [I32];
    0x26 "i64.atomic.rmw.sub" (MemArg(3)) [ADDR I64] -> [I64];
    0x27 "i32.atomic.rmw8.sub_u" (MemArg(0)) [ADDR I32] -> [I32];
    0x28 "i32.atomic.rmw16.sub_u" (MemArg(1)) [ADDR I32] -> [I32];
    0x29 "i64.atomic.rmw8.sub_u" (MemArg(0)) [ADDR I64] -> [I64];
    0x2a "i64.atomic.rmw16.sub_u" (MemArg(1)) [ADDR I64] -> [I64];
    0x2b "i64.atomic.rmw32.sub_u" (MemArg(2)) [ADDR I64] -> [I64];
    0x2c "i32.atomic.rmw.and" (MemArg(2)) [ADDR I32] -> [I32];
    0x2d "i64.atomic.rmw.and" (MemArg(3)) [ADDR I64] -> [I64];
    0x2e "i32.atomic.rmw8.and_u" (MemArg(0)) [ADDR I32] -> [I32];
    0x2f "i32.atomic.rmw16.and_u" (MemArg(1)) [ADDR I32] -> [I32];
    0x30 "i64.atomic.rmw8.and_u" (MemArg(0)) [ADDR I64] -> [I64];
    0x31 "i64.atomic.rmw16.and_u" (MemArg(1)) [ADDR I64] -> [I64];
    0x32 "i64.atomic.rmw32.and_u" (MemArg(2)) [ADDR I64] -> [I64];
    0x33 "i32.atomic.rmw.or" (MemArg(2)) [ADDR I32] -> [I32];
    0x34 "i64.atomic.rmw.or" (MemArg(3)) [ADDR I64] -> [I64];
    0x35 "i32.atomic.rmw8.or_u" (MemArg(0)) [ADDR I32] -> [I32];
    0x36 "i32.atomic.rmw16.or_u" (MemArg(1)) [ADDR I32] -> [I32];
    0x37 "i64.atomic.rmw8.or_u" (MemArg(0)) [ADDR I64] -> [I64];
    0x38 "i64.atomic.rmw16.or_u" (MemArg(1)) [ADDR I64] -> [I64];
    0x39 "i64.atomic.rmw32.or_u" (MemArg(2)) [ADDR I64] -> [I64];
    0x3a "i32.atomic.rmw.xor" (MemArg(2)) [ADDR I32] -> [I32];
    0x3b "i64.atomic.rmw.xor" (MemArg(3)) [ADDR I64] -> [I64];
    0x3c "i32.atomic.rmw8.xor_u" (MemArg(0)) [ADDR I32] -> [I32];
    0x3d "i32.atomic.rmw16.xor_u" (MemArg(1)) [ADDR I32] -> [I32];
    0x3e "i64.atomic.rmw8.xor_u" (MemArg(0)) [ADDR I64] -> [I64];
    0x3f "i64.atomic.rmw16.xor_u" (MemArg(1)) [ADDR I64] -> [I64];
    0x40 "i64.atomic.rmw32.xor_u" (MemArg(2)) [ADDR I64] -> [I64];
    0x41 "i32.atomic.rmw.xchg" (MemArg(2)) [ADDR I32] -> [I32];
    0x42 "i64.atomic.rmw.xchg" (MemArg(3)) [ADDR I64] -> [I64];
    0x43 "i32.atomic.rmw8.xchg_u" (MemArg(0)) [ADDR I32] -> [I32];
    0x44 "i32.atomic.rmw16.xchg_u" (MemArg(1)) [ADDR I32] -> [I32];
    0x45 "i64.atomic.rmw8.xchg_u" (MemArg(0)) [ADDR I64] -> [I64];
    0x46 "i64.atomic.rmw16.xchg_u" (MemArg(1)) [ADDR I64] -> [I64];
    0x47 "i64.atomic.rmw32.xchg_u" (MemArg(2)) [ADDR I64] -> [I64];
    0x48 "i32.atomic.rmw.cmpxchg" (MemArg(2)) [ADDR I32 I32] -> [I32];
    0x49 "i64.atomic.rmw.cmpxchg" (MemArg(3)) [ADDR I64 I64] -> [I64];
    0x4a "i32.atomic.rmw8.cmpxchg_u" (MemArg(0)) [ADDR I32 I32] -> [I32];
    0x4b "i32.atomic.rmw16.cmpxchg_u" (MemArg(1)) [ADDR I32 I32] -> [I32];
    0x4c "i64.atomic.rmw8.cmpxchg_u" (MemArg(0)) [ADDR I64 I64] -> [I64];
    0x4d "i64.atomic.rmw16.cmpxchg_u" (MemArg(1)) [ADDR I64 I64] -> [I64];
    0x4e "i64.atomic.rmw32.cmpxchg_u" (MemArg(2)) [ADDR I64 I64] -> [I64];
}

#[cfg(test)]
mod tests {
    use super::*;
    use wrt_foundation::ValType;

    #[test]
    fn rows_come_in_sevens() {
        for n in FIRST..NUMBERS {
            let (row, (kind, log2, wide)) = (row(n).unwrap(), access(n).unwrap());
            let ty = if wide { I64 } else { I32 };
            let values = match kind {
                Kind::Load => 0,
                Kind::CompareExchange => 2,
                _ => 1,
            };
            assert_eq!(row.imm, MemArg(log2), "{:?}", name(n));
            assert!(row.pops.iter().skip(1).take(values).all(|t| *t == ty) && row.pops[1 + values] == 0, "{:?}", name(n));
            assert_eq!(row.push[0], if kind == Kind::Store { 0 } else { ty }, "{:?}", name(n));
            let bits = ["8", "16", "32", "64"][log2 as usize];
            assert!(log2 == if wide { 3 } else { 2 } || name(n).unwrap().contains(bits), "{:?}", name(n));
        }
        assert_eq!((row(0x04), row(0x4f), access(0x4f)), (None, None, None));
        assert_eq!((name(0x48), ValType::I32.bits() as u8), (Some("i32.atomic.rmw.cmpxchg"), I32));
    }
}
