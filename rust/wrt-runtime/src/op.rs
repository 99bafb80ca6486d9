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
//! translator needs no table for them. Some do what another one does: floats are loaded and stored as integers, 64-bit integers
//! are stored in part as the lower half is, a wrapped or reinterpreted value stays where it is. Their numbers are those of operations
//! that do two instructions' work. [`SECOND`] opens a second page for what is rare.
//!
//! A numeric one is `[a] = [b] op [c]` or `[a] = op [b]`; a load is `[a]` = memory 0 at `[b] + w1`; a store is memory 0 at `[b] + w1` = `[a]`. For other memories see [`MEMORY_OTHER`] and [`MEMORY_64`].
//!
//! Where a memory has 64-bit addresses, operands of bulk operations are 64-bit numbers: in [`MEMORY_COPY`] and
//! [`MEMORY_FILL`] bit n of `b` says so of operand n, and those after it lie one cell further up. Tables have fewer
//! elements than 2^32, so for them all is as if indexes had 32 bits, after a [`TABLE_INDEX`] each.

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
    /// As many words follow as `bc` tells.
    Data = 7,
    /// `w1`; then as many words follow as `bc` tells.
    Record = 8,
    /// As [`extended_len`] tells.
    Extended = 9,
    /// As [`second`] has it of `w1`.
    Second = 10,
}

/// Operations of the second page: `w1` = number `| d << 16 | e << 24`, where `d` and `e` are further fields like `a`.
///
/// Below 0x114 they are vector instructions and have the number that the instruction has after the prefix 0xfd. `[x]` is
/// four cells where the instruction has a vector. Numeric ones are `[a] = [b] op [c]` with a third operand `[d]`, or a
/// lane `d`; a load is `[a]` = memory 0 at `[b] + w2`, and `[c]` with lane `d` replaced; a store is memory 0 at `[b] + w2`
/// = `[c]`, or its lane `d`. With [`second::ANY_MEMORY`] in `w1` it is memory `w3 & 0xffff`, and with bit 31 of `w3` set
/// the address has 64 bits and the offset is `w2 | w4 << 32`. `i8x16.shuffle` has its bytes in `w2` to `w5`. Of relaxed instructions there are those that
/// are no other instruction's twin.
///
/// From 0x1f3 on: `i64.add128`, `i64.sub128`: 128 bits from `a` on = `[c]:[b] op [e]:[d]`, 64 bits each, low part first;
/// 0x1f5 on: `i64.mul_wide_s`, `i64.mul_wide_u`: 128 bits from `a` on = `[b] * [c]`.
///
/// From 0x200 on: atomic instructions, their number after the prefix 0xfe added. `[a]` = what they do in memory 0 at
/// `[b] + w2` with operands `[c]` and `[d]`; other memories and addresses as for vectors.
///
/// Numbers from 0x300 on are free.
pub mod second {
    /// `i64.add128`
    pub const ADD128: u16 = WIDE | 0x13;
    /// `i64.mul_wide_u`
    pub const MUL_WIDE_U: u16 = WIDE | 0x16;
    /// In `w1` of a load or store: it is not in memory 0, or that has 64-bit addresses.
    pub const ANY_MEMORY: u32 = 1 << 24;
    /// To be added to the number of a wide operation after the prefix 0xfc.
    pub const WIDE: u16 = 0x1e0;

    /// To be added to the number of an atomic instruction after the prefix 0xfe.
    pub const ATOMIC: u16 = 0x200;
    /// `atomic.fence`
    pub const FENCE: u16 = ATOMIC | 0x03;

    /// Words after the first of operation `w1`; `None`: a hole.
    pub const fn rest(w1: u32) -> Option<u32> {
        match w1 as u16 {
            0x0d => Some(5),
            0x0c | 0x9a | 0xa2 | 0xa5 | 0xa6 | 0xaf | 0xb0 | 0xb2..=0xb4 | 0xbb | 0xc2 | 0xc5 | 0xc6 | 0xcf | 0xd0 | 0xd2..=0xd4 => None,
            0xe2 | 0xee => None,
            0x00..=0x0b | 0x54..=0x5d => Some(if w1 & ANY_MEMORY != 0 { 4 } else { 2 }),
            FENCE => Some(2),
            0x200..=0x202 | 0x210..=0x24e => Some(if w1 & ANY_MEMORY != 0 { 4 } else { 2 }),
            0x0e..=0xff | 0x105..=0x108 | 0x112 | 0x113 | ADD128..=MUL_WIDE_U => Some(1),
            _ => None,
        }
    }
}

macro_rules! ops {
    ($($num:literal $name:ident $form:ident $text:literal;)*) => {
        $(#[doc = $text] pub const $name: u8 = $num;)*
        /// Length of each operation.
        pub const FORM: [Form; 256] = {
            let mut t = [Form::Hole; 256];
            let mut i = 0x28;
            while i < 0x3c { t[i] = Form::W2; i += 1 }
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
    0x2a I32_ADD_SHL W2 "`[a] = [b] + ([c] << w1)`; `w1` is below 32.";
    0x2b I32_OR_SHL W2 "`[a] = [b] | [c] << w1`, likewise.";
    0x38 I32_XOR_SHL W2 "`[a] = [b] ^ [c] << w1`, likewise.";
    0x39 I32_XOR_SHR_U W2 "`[a] = [b] ^ [c] >> w1`, likewise, logical.";
    0x3c I32_SHL_ADD W2 "`[a] = ([b] << c) + w1`.";
    0x3d I32_SHR_U_AND W2 "`[a] = [b] >> c & w1`, logical.";
    0x3f MEMORY_SIZE W2 "`[a]` = pages of memory `w1`.";
    0x40 MEMORY_GROW W2 "Grows memory `w1` by `[a]` pages; `[a]` = old pages or -1; `b` = 1: 64 bits. Temporary.";
    0x41 TABLE_COPY W2 "`[a + 2]` elements to `[a]` of table `w1 & 0xffff` from `[a + 1]` of table `w1 >> 16`. Temporaries.";
    0x42 TABLE_INIT W2 "`[a + 2]` elements to `[a]` of table `bc` from item `[a + 1]` of element segment `w1`. Temporaries.";
    0x43 ELEM_DROP W2 "Drops element segment `w1`.";
    0x44 ADD_BR_IF W2 "`[a] = [b] + c`, `c` signed 8-bit, then jumps if it is not 0. `w1` jump word.";
    0xa7 ADD_BR_UNLESS W2 "The same, if it is 0.";
    0xbc ADD_BR_NE W2 "Adds `c`, signed 8-bit, to `[a]`, then jumps if `[a] != [b]`. `w1` jump word.";
    0xbd ADD_BR_EQ W2 "The same, if `[a] == [b]`.";
    0xbe BR_WITHIN W2 "Jumps if `[a] + b`, `b` signed 8-bit, is less than `c`, unsigned. `w1` jump word.";
    0xbf BR_BEYOND W2 "Jumps if it is not less.";
    0xc5 MEMORY_COPY W2 "`[a + 2]` bytes to `[a]` of memory `w1 & 0xffff` from `[a + 1]` of memory `w1 >> 16`. Temporaries, see below.";
    0xc6 MEMORY_FILL W2 "From byte `[a]` of memory `w1`: low byte of `[a + 1]`, `[a + 2]` times. Temporaries, see below.";
    0xc7 MEMORY_INIT W2 "`[a + 2]` bytes to `[a]` of memory `bc` from byte `[a + 1]` of data segment `w1 & 0x7fff_ffff`; `w1 >> 31`: `[a]` has 64 bits. Temporaries, see below.";
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
    0xf1 MEMORY_64 W4 "On memory `bc`, with an address of 64 bits: the load or store whose word is `w2`, with offset `w3 | w1 << 32`.";
    0xf2 TABLE_INDEX W1 "`[a]` = `[b]`, 64 bits, or 2^32 - 1 if it is larger.";
    0xf3 LOAD32_SCALED W2 "As `i32.load` from byte `([b] << c) + w1`, which wraps; `c` is below 8.";
    0xf4 LOAD64_SCALED W2 "Likewise, as `i64.load`.";
    0xf5 LOAD8_S_SCALED W2 "Likewise, as `i32.load8_s`.";
    0xf6 LOAD8_U_SCALED W2 "Likewise, as `i32.load8_u`.";
    0xf7 LOAD16_S_SCALED W2 "Likewise, as `i32.load16_s`.";
    0xf8 LOAD16_U_SCALED W2 "Likewise, as `i32.load16_u`.";
    0xf9 STORE32_SCALED W2 "Likewise, as `i32.store`.";
    0xfa STORE8_SCALED W2 "Likewise, as `i32.store8`.";
    0xfb TRY Record "Goes on at the word `w1` words after `w1`. For whoever throws: where the enclosing one stands or 0; first and last word (not included) of what it guards; where the one before in the image stands or 0; three words for each clause: tag + 1 or 0, bit 31 for the exception itself; where it goes on; the frame's cell that the values go to. Of the old encoding: [`LEGACY_TRY`] words, the last one where the first clause stands or 0, or with [`DELEGATE`] where the operation stands that has the clauses, or 0; a clause is a `TRY` of three words that is not executed: tag + 1 or 0, the frame's cell that the exception and its values go to, where the next one stands or 0. It goes on after them.";
    0xfc MAP Data "Nothing. For the collector: `w1` is a cell of the frame, then one bit for each cell from it on that holds a reference to an object; `a`: meanwhile the call or operation before is under way, or here.";
    0xfd RETURN_CALL W3 "Charges `bc`; function `w1` takes the place of this one, with the `w2 >> 16` cells from cell `w2 & 0xffff` as arguments.";
    0xfe EXTENDED Extended "An operation of `extended`: its number in the top 8 bits, a cell of the frame in the 16 below.";
    0xff SECOND Second "An operation of the second page, see [`second`].";
}

/// Whether the operation, of two words, jumps as the second of them says.
pub const fn jumps(op: u8) -> bool {
    matches!(op, BR | BR_IF | BR_UNLESS | BR_EQ..=BR_GE_U_I | ADD_BR_IF | ADD_BR_UNLESS | ADD_BR_NE..=BR_BEYOND)
}

/// The loads and stores that have a form with a computed address, in the order of their numbers from [`LOAD32_SCALED`] on.
#[cfg(any(feature = "loader", wrt_threaded, wrt_edge, feature = "threads"))]
const SCALED: [u8; 8] = [0x28, 0x29, 0x2c, 0x2d, 0x2e, 0x2f, 0x36, 0x3a];

/// The form of a load or store that computes its address.
#[cfg(feature = "loader")]
pub(crate) fn scaled(op: u8) -> Option<u8> {
    let i = SCALED.iter().position(|plain| *plain == op)?;
    Some(LOAD32_SCALED.wrapping_add(i as u8))
}
/// The load or store that `op` is a form of, if it is.
#[cfg(any(wrt_threaded, wrt_edge, feature = "threads"))]
pub(crate) fn unscaled(op: u8) -> Option<u8> {
    SCALED.get(usize::from(op.checked_sub(LOAD32_SCALED)?)).copied()
}

/// Words of a [`TRY`] of the old encoding of exceptions; one of `try_table` never has so many.
pub const LEGACY_TRY: u32 = 5;
/// In the last of them: the clauses are those of another one.
pub const DELEGATE: u32 = 1 << 31;

/// Operations under the number [`EXTENDED`]. They work on operands side by side, the first of which is at the cell
/// that the first word names and receives the result. Numbers below 31 are those of the instruction after 0xfb.
pub mod extended {
    /// Structure of type `w1`, from its fields.
    pub const STRUCT_NEW: u8 = 0;
    /// Structure of type `w1`, all zero.
    pub const STRUCT_NEW_DEFAULT: u8 = 1;
    /// A field. `w1`: its cell in the object, its kind (a [`super::FIELD_32`] and so on) from bit 16 on.
    pub const STRUCT_GET: u8 = 2;
    /// The same, sign-extended.
    pub const STRUCT_GET_S: u8 = 3;
    /// The same, zero-extended.
    pub const STRUCT_GET_U: u8 = 4;
    /// Sets a field; `w1` likewise.
    pub const STRUCT_SET: u8 = 5;
    /// Array of type `w1`, from a value and a length. `w2`: kind of the elements.
    pub const ARRAY_NEW: u8 = 6;
    /// Array of type `w1`, all zero; `w2` likewise.
    pub const ARRAY_NEW_DEFAULT: u8 = 7;
    /// Array of type `w1` from operands; `w2` likewise, and their number from bit 8 on.
    pub const ARRAY_NEW_FIXED: u8 = 8;
    /// Array of type `w1` from data segment `w2 >> 8`; kind of the elements in `w2 & 0xff`.
    pub const ARRAY_NEW_DATA: u8 = 9;
    /// Array of type `w1` from element segment `w2 >> 8`.
    pub const ARRAY_NEW_ELEM: u8 = 10;
    /// An element; `w1`: its kind.
    pub const ARRAY_GET: u8 = 11;
    /// The same, sign-extended.
    pub const ARRAY_GET_S: u8 = 12;
    /// The same, zero-extended.
    pub const ARRAY_GET_U: u8 = 13;
    /// Sets an element; `w1`: its kind.
    pub const ARRAY_SET: u8 = 14;
    /// The length.
    pub const ARRAY_LEN: u8 = 15;
    /// Sets many elements to a value; `w1`: their kind.
    pub const ARRAY_FILL: u8 = 16;
    /// Copies elements; `w1`: their kind.
    pub const ARRAY_COPY: u8 = 17;
    /// Sets elements from data segment `w1 >> 8`; kind in `w1 & 0xff`.
    pub const ARRAY_INIT_DATA: u8 = 18;
    /// Sets elements from element segment `w1 >> 8`.
    pub const ARRAY_INIT_ELEM: u8 = 19;
    /// Whether the reference is of type `w1`.
    pub const REF_TEST: u8 = 20;
    /// Traps unless the reference is of type `w1`.
    pub const REF_CAST: u8 = 22;
    /// A host reference becomes one of the inside.
    pub const ANY_CONVERT: u8 = 26;
    /// The other way.
    pub const EXTERN_CONVERT: u8 = 27;
    /// Reference to an integer of 31 bits.
    pub const REF_I31: u8 = 28;
    /// The integer, sign-extended.
    pub const I31_GET_S: u8 = 29;
    /// The integer, zero-extended.
    pub const I31_GET_U: u8 = 30;
    /// Throws an exception with tag `w1`; charges `w2`.
    pub const THROW: u8 = 32;
    /// Throws the exception; charges `w1`.
    pub const THROW_REF: u8 = 33;
    /// Calls the function that the reference in the frame's cell `w1` is; charges `w2`, at least 1.
    pub const CALL_REF: u8 = 34;
    /// The same, and it takes this function's place: `w1 >> 16` cells of arguments, reference in cell `w1 & 0xffff`.
    pub const RETURN_CALL_REF: u8 = 35;
    /// The function at index [cell `w3 & 0xffff`] of table `w2 & 0xffff`, of type `w1`, takes this one's place, with
    /// `w3 >> 16` cells of arguments; charges `w2 >> 16`.
    pub const RETURN_CALL_INDIRECT: u8 = 36;
    /// Traps if the reference is null.
    pub const REF_AS_NON_NULL: u8 = 37;
}

/// [`MAP`]: of the operation before, while it is under way.
pub const MAP_OPERATION: u32 = 1 << 8;
/// [`MAP`]: of this place.
pub const MAP_HERE: u32 = 0;

// Kinds of fields and elements: log2 of the bytes they take in an array.
/// 8 bits.
pub const FIELD_8: u32 = 0;
/// 16 bits.
pub const FIELD_16: u32 = 1;
/// 32 bits.
pub const FIELD_32: u32 = 2;
/// 64 bits.
pub const FIELD_64: u32 = 3;
/// 128 bits.
pub const FIELD_128: u32 = 4;

/// Words of an [`EXTENDED`] operation, by its number; 0 for a hole.
pub const fn extended_len(number: u8) -> u32 {
    match number {
        0..=5 => 2,
        6..=10 => 3,
        11..=14 | 16..=23 => 2,
        15 | 26..=30 | 37 => 1,
        32 | 34 | 35 => 3,
        33 => 2,
        36 => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_instructions_keep_their_opcode() {
        // But for `i64.store32`, which is stored as an `i32`.
        for &op in wrt_instructions::table::ALL.iter().filter(|op| (0x28..0x100).contains(*op) && **op != 0x3e) {
            assert_ne!(FORM[op as usize], Form::Hole, "{op:#x}");
        }
        assert_eq!((FORM[0x6a], FORM[0x28], FORM[MEMORY_GROW as usize]), (Form::W1, Form::W2, Form::W2));
        assert_eq!((FORM[0], FORM[0x3e]), (Form::Hole, Form::Hole));
    }

    #[test]
    #[cfg(feature = "simd")]
    fn vector_instructions_keep_their_number() {
        use wrt_instructions::table::simd::{ALL, strict};
        for n in 0..0x1f3 {
            let is_operation = ALL.contains(&n) && strict(n) == n && n != 0x0c;
            assert_eq!(second::rest(n.into()).is_some(), is_operation, "{n:#x}");
        }
        assert_eq!((second::rest(0x0d), second::rest(0x01), second::rest(0x1f7)), (Some(5), Some(2), None));
    }
}
