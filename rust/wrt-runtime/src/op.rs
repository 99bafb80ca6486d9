// SPDX-License-Identifier: MIT
//! THE table of image operations: number, name, length in words, what the words hold. Translator, loop, verifier and
//! disassembler derive from it. Numbers never depend on features; those not listed are holes and trap.
//!
//! A word is `op | a << 8 | b << 16 | c << 24`; `bc` is the 16-bit number `b | c << 8`. `a`, `b`, `c` name cells of the
//! frame's window; `[x]` is the cell and, for 64-bit values, the next one (low word first). `w1`, `w2`, `w3` are the words
//! that follow. "cost" is charged to the counter, see [`mod@crate::run`].
//!
//! A *jump word* is `disp | cost << 16`, both signed 16-bit: `disp` counts words from the word after the jump word.
//!
//! Loads, stores and numeric operations have the number that the instruction has in the binary format, so the
//! translator needs no table for them. A numeric one is `[a] = [b] op [c]` or `[a] = op [b]`; a load is `[a]` = memory 0
//! at `[b] + w1`; a store is memory 0 at `[b] + w1` = `[a]`. For other memories see [`MEMORY_OTHER`].

/// Words an operation takes, or [`BR_TABLE`]'s own rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Form {
    /// A hole.
    Hole = 0,
    /// One word.
    W1 = 1,
    /// Two words.
    W2 = 2,
    /// Three words.
    W3 = 3,
    /// Four words.
    W4 = 4,
    /// `w1` = n; n + 1 jump words follow.
    Table = 5,
    /// `w1` = n; n + 1 pairs of words follow.
    FarTable = 6,
}

macro_rules! ops {
    ($($num:literal $name:ident $form:ident $text:literal;)*) => {
        $(#[doc = $text] pub const $name: u8 = $num;)*
        /// Length of each operation.
        pub const FORM: [Form; 256] = {
            let mut t = [Form::Hole; 256];
            let mut i = 0x28;
            while i < 0x3f { t[i] = Form::W2; i += 1 }
            i = 0x45;
            while i < 0xc5 { t[i] = Form::W1; i += 1 }
            $(t[$num] = Form::$form;)*
            t
        };
        /// The name of an operation that is not a plain instruction of the binary format.
        pub fn name(op: u8) -> Option<&'static str> {
            match op { $($num => Some(stringify!($name)),)* _ => None }
        }
    };
}

ops! {
    0x01 UNREACHABLE W1 "Traps.";
    0x02 BR W2 "Jumps. `w1` jump word.";
    0x03 BR_FAR W3 "Jumps. `w1` displacement from the word after `w2`, `w2` cost, both signed 32-bit.";
    0x04 BR_IF W2 "Jumps if `[a] != 0`. `w1` jump word.";
    0x05 BR_UNLESS W2 "Jumps if `[a] == 0`. `w1` jump word.";
    0x06 BR_TABLE Table "Takes jump word number `min([a], n)` of those after `w1` = n.";
    0x07 RETURN W1 "Charges `bc` and returns; results already stand in cells 0... of the frame.";
    0x08 RETURN1 W1 "`[0] = [a]`, then as `RETURN`.";
    0x09 RETURN2 W1 "`[0] = [a]`, 64 bits, then as `RETURN`.";
    0x0a CALL W2 "Charges `bc`, at least 1, calls function `w1`, whose frame starts at cell `a`: arguments stand there, results will.";
    0x0b CALL_FAR W3 "The same; the frame starts at cell `w2`.";
    0x0c CALL_INDIRECT W3 "Calls element `[b]` of table `w2 & 0xffff`, which must have type `w1`; frame at cell `a`; charges `w2 >> 16`, at least 1.";
    0x0d CALL_INDIRECT_FAR W4 "The same; the frame starts at cell `w3`.";
    0x0e CHARGE W1 "Charges `bc`.";
    0x0f ENTER W1 "Zeroes `c` cells from cell `b` on.";
    0x10 ENTER_FAR W3 "Traps unless the stack has `w1` cells from this frame's base on; zeroes `w2 >> 16` cells from cell `w2 & 0xffff` on.";
    0x11 COPY W1 "`[a] = [b]`, 32 bits.";
    0x12 COPY2 W1 "`[a] = [b]`, 64 bits.";
    0x13 CONST W2 "`[a] = w1`.";
    0x14 CONST_S W1 "`[a]` = `bc` sign-extended to 32 bits.";
    0x15 CONST2 W3 "`[a]` = `w1 | w2 << 32`.";
    0x16 CONST2_S W1 "`[a]` = `bc` sign-extended to 64 bits.";
    0x17 SELECT W2 "`[a] = [w1] != 0 ? [b] : [c]`, 32 bits; `w1` is a cell.";
    0x18 SELECT2 W2 "The same, 64 bits.";
    0x19 FAR_GET W2 "`[a..a + b] = [w1..]`: copies `b` cells from cell `w1`, which may lie beyond the window.";
    0x1a FAR_SET W2 "`[w1..] = [a..a + b]`: the other way.";
    0x1b FAR_COPY W2 "Copies `b` cells from cell `w1 >> 16` to cell `w1 & 0xffff`.";
    0x1c GLOBAL_GET W1 "`[a]` = cell `bc` of the instance's own globals, 32 bits.";
    0x1d GLOBAL_GET2 W1 "The same, 64 bits.";
    0x1e GLOBAL_SET W1 "Cell `bc` of the instance's own globals = `[a]`, 32 bits.";
    0x1f GLOBAL_SET2 W1 "The same, 64 bits.";
    0x20 GLOBAL_GET_X W2 "`[a..a + b]` = imported global `w1` of `b` cells.";
    0x21 GLOBAL_SET_X W2 "Imported global `w1` of `b` cells = `[a..a + b]`.";
    0x22 REF_FUNC W2 "`[a]` = reference to function `w1`.";
    0x23 TABLE_GET W2 "`[a]` = element `[b]` of table `w1`.";
    0x24 TABLE_SET W2 "Element `[a]` of table `w1` = `[b]`.";
    0x25 TABLE_SIZE W2 "`[a]` = elements of table `w1`.";
    0x26 TABLE_GROW W2 "Grows table `w1` by `[a + 1]` elements of value `[a]`; `[a]` = old size or -1. Temporaries.";
    0x27 TABLE_FILL W2 "From element `[a]` of table `w1`: value `[a + 1]`, `[a + 2]` times. Temporaries.";
    0x3f MEMORY_SIZE W2 "`[a]` = pages of memory `w1`.";
    0x40 MEMORY_GROW W2 "Grows memory `w1` by `[a]` pages; `[a]` = old pages or -1. Temporary.";
    0x41 TABLE_COPY W2 "`[a + 2]` elements to `[a]` of table `w1 & 0xffff` from `[a + 1]` of table `w1 >> 16`. Temporaries.";
    0x42 TABLE_INIT W2 "`[a + 2]` elements to `[a]` of table `bc` from item `[a + 1]` of element segment `w1`. Temporaries.";
    0x43 ELEM_DROP W2 "Drops element segment `w1`.";
    0xc5 MEMORY_COPY W2 "`[a + 2]` bytes to `[a]` of memory `w1 & 0xffff` from `[a + 1]` of memory `w1 >> 16`. Temporaries.";
    0xc6 MEMORY_FILL W2 "From byte `[a]` of memory `w1`: low byte of `[a + 1]`, `[a + 2]` times. Temporaries.";
    0xc7 MEMORY_INIT W2 "`[a + 2]` bytes to `[a]` of memory `bc` from byte `[a + 1]` of data segment `w1`. Temporaries.";
    0xc8 DATA_DROP W2 "Drops data segment `w1`.";
    0xc9 I32_ADD_S W1 "`[a] = [b] + c`, `c` signed 8-bit.";
    0xca I32_ADD_I W2 "`[a] = [b] + w1`.";
    0xcb I32_MUL_I W2 "`[a] = [b] * w1`.";
    0xcc I32_AND_I W2 "`[a] = [b] & w1`.";
    0xcd I32_OR_I W2 "`[a] = [b] | w1`.";
    0xce I32_XOR_I W2 "`[a] = [b] ^ w1`.";
    0xcf I32_SHL_I W1 "`[a] = [b] << c`.";
    0xd0 I32_SHR_S_I W1 "`[a] = [b] >> c`, arithmetic.";
    0xd1 I32_SHR_U_I W1 "`[a] = [b] >> c`, logical.";
    0xd2 I32_ROTL_I W1 "`[a] = [b]` rotated left by `c`.";
    0xd3 I64_ADD_I W2 "`[a] = [b] + w1`, 64 bits, `w1` sign-extended.";
    0xd4 I64_MUL_I W2 "`[a] = [b] * w1`, likewise.";
    0xd5 I64_AND_I W2 "`[a] = [b] & w1`, likewise.";
    0xd6 I64_OR_I W2 "`[a] = [b] | w1`, likewise.";
    0xd7 I64_XOR_I W2 "`[a] = [b] ^ w1`, likewise.";
    0xd8 I64_SHL_I W1 "`[a] = [b] << c`, 64 bits.";
    0xd9 I64_SHR_S_I W1 "`[a] = [b] >> c`, 64 bits, arithmetic.";
    0xda I64_SHR_U_I W1 "`[a] = [b] >> c`, 64 bits, logical.";
    0xdb BR_EQ W2 "Jumps if `[a] == [b]`, 32 bits. `w1` jump word.";
    0xdc BR_NE W2 "Jumps if `[a] != [b]`.";
    0xdd BR_LT_S W2 "Jumps if `[a] < [b]`, signed.";
    0xde BR_LT_U W2 "Jumps if `[a] < [b]`, unsigned.";
    0xdf BR_LE_S W2 "Jumps if `[a] <= [b]`, signed.";
    0xe0 BR_LE_U W2 "Jumps if `[a] <= [b]`, unsigned.";
    0xe1 BR_EQ_I W2 "Jumps if `[a]` equals `bc` sign-extended. `w1` jump word.";
    0xe2 BR_NE_I W2 "Jumps if `[a]` differs from `bc` sign-extended.";
    0xe3 BR_LT_S_I W2 "Jumps if `[a]` is less than `bc` sign-extended, signed.";
    0xe4 BR_LT_U_I W2 "The same, unsigned (after the extension).";
    0xe5 BR_GE_S_I W2 "Jumps if `[a]` is at least `bc` sign-extended, signed.";
    0xe6 BR_GE_U_I W2 "The same, unsigned.";
    0xe7 I32_TRUNC_SAT_F32_S W1 "`[a]` = `[b]` truncated, saturating; as the instruction of that name.";
    0xe8 I32_TRUNC_SAT_F32_U W1 "Likewise.";
    0xe9 I32_TRUNC_SAT_F64_S W1 "Likewise.";
    0xea I32_TRUNC_SAT_F64_U W1 "Likewise.";
    0xeb I64_TRUNC_SAT_F32_S W1 "Likewise.";
    0xec I64_TRUNC_SAT_F32_U W1 "Likewise.";
    0xed I64_TRUNC_SAT_F64_S W1 "Likewise.";
    0xee I64_TRUNC_SAT_F64_U W1 "Likewise.";
    0xef BR_TABLE_FAR FarTable "As `BR_TABLE`, with pairs (displacement from the word after the pair, cost), both signed 32-bit.";
    0xf0 MEMORY_OTHER W3 "On memory `bc`: the load or store whose word is `w1`, with offset `w2`.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_instructions_keep_their_opcode() {
        for &op in wrt_instructions::table::ALL.iter().filter(|op| **op >= 0x28 && **op < 0x100) {
            assert_ne!(FORM[op as usize], Form::Hole, "{op:#x}");
        }
        assert_eq!((FORM[0x6a], FORM[0x28], FORM[MEMORY_GROW as usize]), (Form::W1, Form::W2, Form::W2));
        assert_eq!((FORM[0], FORM[0x44], FORM[0xff]), (Form::Hole, Form::Hole, Form::Hole));
    }
}
