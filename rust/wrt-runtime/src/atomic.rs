// SPDX-License-Identifier: MIT
//! Atomic operations of the second page: in shared memories as those are ([`crate::shared`]), in others as plain ones.

use crate::op::second::{ANY_MEMORY, ATOMIC};
use crate::stack::{Registers, copy, register};
use crate::store::View;
use wrt_foundation::Trap;
use wrt_instructions::table::atomic::{self as table, FENCE, Kind, NOTIFY, WAIT32, WAIT64};

/// One operation, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Atomic {
    /// The instruction's number after its prefix.
    pub(crate) n: u8,
    /// Registers of the result and the operands behind the address.
    pub(crate) a: usize,
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) memory: u32,
    /// The address; `None` is out of bounds.
    at: Option<usize>,
    /// Its lower bits, out of bounds or not.
    low: u32,
    /// Its words.
    pub(crate) words: u32,
}

/// How an access ended that did not trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    /// The memory's lock is somebody else's.
    Contended,
    /// It is no access: it waits or wakes.
    Other,
}

/// What is to be written where `old` is; `None`: nothing.
pub(crate) fn compute(kind: Kind, old: u64, x: u64, y: u64) -> Option<u64> {
    Some(match kind {
        Kind::Load => return None,
        Kind::Store | Kind::Exchange => x,
        Kind::Add => old.wrapping_add(x),
        Kind::Sub => old.wrapping_sub(x),
        Kind::And => old & x,
        Kind::Or => old | x,
        Kind::Xor => old ^ x,
        Kind::CompareExchange if old == x => y,
        Kind::CompareExchange => return None,
    })
}

impl Atomic {
    /// The operation that `code` begins with.
    pub(crate) fn new(fr: &impl Registers, code: &[u32]) -> Option<Atomic> {
        let (&[w, w1, offset], rest) = code.split_first_chunk()?;
        let n = (w1 as u16).checked_sub(ATOMIC)? as u8;
        let b = register(w >> 16);
        let narrow = || (fr.cell(b) as usize).checked_add(offset as usize);
        let (memory, at, words) = match rest {
            [memory, upper, ..] if w1 & ANY_MEMORY != 0 => {
                let at = if memory >> 31 != 0 {
                    let offset = u64::from(offset) | u64::from(*upper) << 32;
                    fr.cell64(b).checked_add(offset).and_then(|at| usize::try_from(at).ok())
                } else {
                    narrow()
                };
                (memory & 0xffff, at, 5)
            }
            _ => (0, narrow(), 3),
        };
        let low = fr.cell(b).wrapping_add(offset);
        Some(Atomic { n, a: register(w >> 8), x: register(w >> 24), y: register(w1 >> 16), memory, at, low, words })
    }

    /// The address of `1 << log2` bytes in a memory of `len` bytes.
    pub(crate) fn address(&self, log2: u8, len: usize) -> Result<usize, Trap> {
        const OUT: Trap = Trap::MemoryOutOfBounds;
        let n = 1usize.wrapping_shl(log2.into());
        // First, also of what no address reaches: so a 32-bit target tells the same.
        if self.low as usize & n.wrapping_sub(1) != 0 {
            return Err(Trap::UnalignedAtomic);
        }
        let at = self.at.ok_or(OUT)?;
        if at.checked_add(n).is_none_or(|end| end > len) { Err(OUT) } else { Ok(at) }
    }

    /// Carries it out if it is an access to the memory whose bytes are `mem` or `shared`.
    pub(crate) fn access(&self, fr: &mut impl Registers, mem: &mut [u8], shared: View<'_>) -> Result<Ended, Trap> {
        let Some((kind, log2, wide)) = table::access(self.n) else {
            return match self.n {
                // Guests are separate stores, so the fence matters where they share memory; elsewhere it is harmless.
                FENCE => {
                    core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
                    Ok(Ended::Done)
                }
                NOTIFY if shared.is_some_and(|m| m.has_no_waiter()) => {
                    self.address(2, shared.map_or(0, |m| m.len()))?;
                    fr.set_cell(self.a, 0);
                    Ok(Ended::Done)
                }
                NOTIFY | WAIT32 | WAIT64 => Ok(Ended::Other),
                _ => Err(Trap::BadImage),
            };
        };
        let value = |r: usize| if wide { fr.cell64(r) } else { fr.cell(r).into() };
        let (x, y) = (value(self.x), value(self.y));
        let old = match shared {
            Some(shared) => {
                let at = self.address(log2, shared.len())?;
                match shared.atomic(at, kind, log2, x, y) {
                    Ok(old) => old.ok_or(Trap::MemoryOutOfBounds)?,
                    Err(_) => return Ok(Ended::Contended),
                }
            }
            None => {
                let at = self.address(log2, mem.len())?;
                let n = 1usize.wrapping_shl(log2.into());
                let bytes = mem.get_mut(at..).and_then(|m| m.get_mut(..n)).ok_or(Trap::MemoryOutOfBounds)?;
                let mut all = [0; 8];
                copy(&mut all, bytes);
                let old = u64::from_le_bytes(all);
                if let Some(new) = compute(kind, old, x, y) {
                    copy(bytes, &new.to_le_bytes());
                }
                old
            }
        };
        if kind != Kind::Store {
            if wide {
                fr.set_cell64(self.a, old);
            } else {
                fr.set_cell(self.a, old as u32);
            }
        }
        Ok(Ended::Done)
    }
}
