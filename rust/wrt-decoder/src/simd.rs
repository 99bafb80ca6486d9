// SPDX-License-Identifier: MIT
//! Vector instructions: immediates and types, after their rows in `wrt_instructions::table::simd`.

use crate::validate::Body;
use crate::{Fault, Sink};
use wrt_foundation::{Feature, ValType};
use wrt_instructions::table::simd::{NUMBERS, RELAXED, is_float, row};
use wrt_instructions::table::{ADDR, Imm, Row};

// What validation needs of a row, in a word: natural alignment where `Body::mem_arg` looks for it (7:5), class and
// flags (4:0), the largest lane number (11:8), then four bits for each operand (from 16 on) and the result (28): 0 none,
// else what is to be subtracted from `i32`'s code, plus 1.
const PLAIN: u32 = 0;
const MEM_ARG: u32 = 1;
const MEM_ARG_LANE: u32 = 2;
const LANE: u32 = 3;
const SHUFFLE: u32 = 4;
const CONST: u32 = 5;
const CLASS: u32 = 7;
/// The first operand is an address.
const ADDRESS: u32 = 1 << 3;
/// It is about floats.
const FLOAT: u32 = 1 << 4;

const fn pack(row: &Row, float: bool) -> u32 {
    const fn ty(code: u8) -> u32 {
        match code {
            0 => 0,
            ADDR => 1,
            code => ValType::I32.bits() + 1 - code as u32,
        }
    }
    let (class, natural, lanes) = match row.imm {
        Imm::MemArg(natural) => (MEM_ARG, natural, 1),
        Imm::MemArgLane(natural) => (MEM_ARG_LANE, natural, 16 >> natural),
        Imm::Lane(lanes) => (LANE, 0, lanes),
        Imm::Shuffle => (SHUFFLE, 0, 1),
        Imm::Const => (CONST, 0, 1),
        _ => (PLAIN, 0, 1),
    };
    let ([a, b, c, _], [result, _]) = (row.pops, row.push);
    let flags = if a == ADDR { ADDRESS } else { 0 } | if float { FLOAT } else { 0 };
    class | flags | (natural as u32) << 5 | (lanes as u32 - 1) << 8 | ty(a) << 16 | ty(b) << 20 | ty(c) << 24 | ty(result) << 28
}

const ALL: usize = NUMBERS as usize;
/// Kinds of instructions, and how many there are at most.
const MOST: usize = 48;
const NO_ROW: u8 = MOST as u8;

/// The kind of each instruction: instructions are many, and kinds of them few.
static KIND: [u8; ALL] = kinds().0;
/// The word of each kind.
static WORDS: [u32; MOST] = kinds().1;

const fn kinds() -> ([u8; ALL], [u32; MOST]) {
    let (mut kinds, mut words, mut n, mut used) = ([NO_ROW; ALL], [0; MOST], 0, 0);
    while n < ALL {
        if let Some(row) = row(n as u16) {
            let (word, mut kind) = (pack(row, is_float(n as u16)), 0);
            while kind < used && words[kind] != word {
                kind += 1;
            }
            if kind == used {
                words[used] = word;
                used += 1;
            }
            kinds[n] = kind as u8;
        }
        n += 1;
    }
    (kinds, words)
}

/// The word of instruction `n`.
fn word(n: u32) -> Result<u32, Fault> {
    let Some(&kind) = KIND.get(n as usize) else {
        let relaxed = !cfg!(feature = "relaxed-simd") && (RELAXED.into()..0x114).contains(&n);
        return Err(if relaxed { Fault::NeedsRelaxedSimd } else { Fault::IllegalOpcode });
    };
    match WORDS.get(kind as usize) {
        Some(word) if word & FLOAT != 0 && !cfg!(feature = "float") => Err(Fault::NeedsFloat),
        Some(word) => Ok(*word),
        None => Err(Fault::IllegalOpcode),
    }
}

impl<S: Sink> Body<'_, '_, '_, S> {
    /// In a constant expression: the rest of `v128.const`, the only one allowed there.
    pub(crate) fn simd_const(&mut self) -> Result<(), Fault> {
        let n = self.r.u32()?;
        if word(n)? & CLASS != CONST {
            return Err(Fault::ConstantRequired);
        }
        self.simd_number(n)
    }

    /// The rest of an instruction that begins with 0xfd.
    #[inline(never)]
    pub(crate) fn simd(&mut self) -> Result<(), Fault> {
        let n = self.r.u32()?;
        self.simd_number(n)
    }

    fn simd_number(&mut self, n: u32) -> Result<(), Fault> {
        let word = word(n)?;
        self.sink.uses(if n >= RELAXED.into() { Feature::RelaxedSimd } else { Feature::Simd });
        if word & FLOAT != 0 {
            self.sink.uses(Feature::Float);
        }
        let n = n as u16;
        let (mut memory, mut offset, mut address, mut lane, mut bytes) = (0, 0, ValType::I32, 0, [0; 16]);
        match word & CLASS {
            MEM_ARG | MEM_ARG_LANE => {
                let flags = self.r.u32()?;
                (memory, offset, address) = self.mem_arg(word, flags)?;
            }
            SHUFFLE | CONST => bytes = self.r.array()?,
            _ => {}
        }
        if matches!(word & CLASS, LANE | MEM_ARG_LANE) {
            lane = self.r.byte()?;
            if u32::from(lane) > word >> 8 & 0xf {
                return Err(Fault::InvalidLane);
            }
        }
        if word & CLASS == SHUFFLE && bytes.iter().any(|lane| *lane >= 32) {
            return Err(Fault::InvalidLane);
        }
        let ty = |shift: u32| match word >> shift & 0xf {
            0 => 0,
            below => (ValType::I32.bits() + 1).wrapping_sub(below),
        };
        let types = [if word & ADDRESS != 0 { address.bits() } else { ty(16) }, ty(20), ty(24)];
        let pops = types.iter().take_while(|ty| **ty != 0).count();
        let result = ValType::from_bits(ty(28));
        self.check(types.get(..pops).unwrap_or(&[]), 0)?;
        if self.live {
            match word & CLASS {
                MEM_ARG | MEM_ARG_LANE => self.sink.vector_access(&mut self.s, n, memory, offset, lane)?,
                SHUFFLE | CONST => self.sink.vector_bytes(&mut self.s, n, bytes)?,
                _ => self.sink.vector(&mut self.s, n, lane, pops as u32, result)?,
            }
        }
        self.cut(pops);
        if result == ValType::BOTTOM { Ok(()) } else { self.s.push(result) }
    }
}
