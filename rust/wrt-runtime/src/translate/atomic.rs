// SPDX-License-Identifier: MIT
//! Atomic instructions: operations of the second page, with scratch registers as [`super::simd`] has them.

use super::*;
use crate::op::second;

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// Instruction `n` after the prefix 0xfe: an address and up to two more operands, or none.
    pub(super) fn atomic_access(
        &mut self,
        s: &mut Operands<'_>,
        n: u8,
        memory: u32,
        offset: u64,
        pops: u32,
        result: Option<ValType>,
    ) -> Done {
        let mut registers = [0; 3];
        for (nth, reg) in (0..pops).zip(&mut registers) {
            *reg = self.register(s.top(pops.wrapping_sub(nth).wrapping_sub(1)).ok_or(Fault::Internal)?, nth);
        }
        let [b, c, d] = registers;
        let is64 = pops > 0 && s.top(pops.wrapping_sub(1)).is_some_and(|o| o.ty() == ValType::I64);
        let any = memory != 0 || is64;
        let w1 = u32::from(second::ATOMIC | u16::from(n)) | d << 16 | if any { second::ANY_MEMORY } else { 0 };
        let words = [word(op::SECOND, 0, b, c), w1, offset as u32, memory | u32::from(is64) << 31, (offset >> 32) as u32];
        let words = words.get(..if any { 5 } else { 3 }).unwrap_or(&[]);
        let target = match result {
            Some(ty) => Some((s.top(pops.wrapping_sub(1)).ok_or(Fault::Internal)?.cell(), ty.cells())),
            None => None,
        };
        let near = target.filter(|(cell, cells)| self.near(*cell, *cells));
        let a = match (near, target) {
            (Some((cell, _)), _) => cell,
            (None, Some(_)) => self.near,
            (None, None) => 0,
        };
        let (at, first) = (self.w.pos, words.first().copied().unwrap_or(0) | a << 8);
        self.w.put(first);
        words.iter().skip(1).for_each(|w| self.w.put(*w));
        if let Some((cell, _)) = near {
            self.defined(first, at, cell);
        }
        // The guest may be left here for a while, for another thread's sake.
        self.map(s, pops);
        if let (None, Some((cell, cells))) = (near, target) {
            self.far_set(cell, self.near, cells);
            self.last.end = NOWHERE;
        }
        #[cfg(feature = "threads")]
        if is_wide(n) {
            let record = self.w.get(Word::MemoriesAt as u32).wrapping_add(memory.wrapping_mul(4));
            self.w.set(record.wrapping_add(3), 1);
        }
        Ok(())
    }
}

/// Whether instruction `n` is about 64 bits of memory.
#[cfg(feature = "threads")]
fn is_wide(n: u8) -> bool {
    use wrt_instructions::table::atomic::{WAIT64, access};
    n == WAIT64 || access(n).is_some_and(|(_, log2, _)| log2 == 3)
}
