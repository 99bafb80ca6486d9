// SPDX-License-Identifier: MIT
//! A line buffer: consoles of boards print records, not characters.

use crate::{Output, System, Unsupported};

/// Bytes kept until a line is whole.
const CAPACITY: usize = 120;

/// The unfinished line of one stream.
#[derive(Debug)]
pub(crate) struct Line {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Line {
    pub(crate) const fn new() -> Line {
        Line { bytes: [0; CAPACITY], len: 0 }
    }

    /// Takes bytes; hands on what ends in a newline, and a full buffer.
    pub(crate) fn push(&mut self, system: &mut dyn System, to: Output, bytes: &[u8]) -> Result<(), Unsupported> {
        for &b in bytes {
            if let Some(free) = self.bytes.get_mut(self.len) {
                *free = b;
                self.len = self.len.wrapping_add(1);
            }
            if b == b'\n' || self.len >= CAPACITY {
                self.flush(system, to)?;
            }
        }
        Ok(())
    }

    /// Hands on what is there.
    pub(crate) fn flush(&mut self, system: &mut dyn System, to: Output) -> Result<(), Unsupported> {
        let n = core::mem::take(&mut self.len);
        match self.bytes.get(..n) {
            Some(line) if n > 0 => system.write(to, line),
            _ => Ok(()),
        }
    }
}
