// SPDX-License-Identifier: MIT
//! The trace of a directive: what became of it, its results bit by bit, and the fuel it used. Two machines that do the same
//! have the same traces. NaNs are no exception: WRT gives the canonical one wherever the specification allows several.

use crate::format::Values;
use crate::play::Trouble;
use core::fmt;
use wrt_foundation::{ErrorKind, Value};

/// What a directive did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trace {
    outcome: Outcome,
    /// Fuel it used.
    fuel: i64,
    /// Hash of its results, or of what is said about the error.
    hash: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Done,
    Trap(u32),
    Refused(&'static str),
    NoRoom,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Done => f.write_str("done")?,
            Outcome::Trap(number) => write!(f, "trap-{number}")?,
            Outcome::Refused(kind) => f.write_str(kind)?,
            Outcome::NoRoom => f.write_str("no room")?,
        }
        write!(f, ", fuel {}, hash {:016x}", self.fuel, self.hash)
    }
}

impl Trace {
    pub(crate) fn new(fuel: i64, result: &Result<Values, Trouble>) -> Trace {
        let mut hash = Hash::new();
        let outcome = match result {
            Ok(values) => {
                values.iter().for_each(|value| hash.value(*value));
                Outcome::Done
            }
            Err(Trouble::Error(e)) => {
                e.message().bytes().for_each(|b| hash.word(b.into()));
                hash.word(e.at());
                match e.kind() {
                    ErrorKind::Trap(trap) => Outcome::Trap(trap as u32),
                    kind => Outcome::Refused(kind.name()),
                }
            }
            Err(Trouble::NoRoom(lack)) => {
                lack.what.bytes().for_each(|b| hash.word(b.into()));
                hash.word(lack.needed as u32);
                hash.word(lack.missing as u32);
                Outcome::NoRoom
            }
        };
        Trace { outcome, fuel, hash: hash.0 }
    }
}

/// FNV-1a with 64 bits, by words.
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }
    fn word(&mut self, word: u32) {
        self.0 = (self.0 ^ u64::from(word)).wrapping_mul(0x100_0000_01b3);
    }
    fn value(&mut self, value: Value) {
        let (cells, n) = value.to_cells();
        self.word(value.ty().map_or(0, |ty| ty.bits()));
        cells.iter().take(n as usize).for_each(|c| self.word(*c));
    }
}
