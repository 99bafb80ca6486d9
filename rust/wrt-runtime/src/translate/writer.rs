// SPDX-License-Identifier: MIT
//! The output of a translation, and the words of operations.

/// The output: writes what fits and counts the rest.
pub(super) struct Writer<'o> {
    pub(super) out: &'o mut [u32],
    pub(super) pos: u32,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut [u32]) -> Writer<'o> {
        // So that a position in it can be counted up.
        let most = out.len().min(u32::MAX as usize);
        Writer { out: out.get_mut(..most).unwrap_or(&mut []), pos: 0 }
    }
    #[inline]
    pub(super) fn put(&mut self, word: u32) {
        match self.out.get_mut(self.pos as usize) {
            Some(w) => {
                *w = word;
                self.pos = self.pos.wrapping_add(1);
            }
            None => self.count(),
        }
    }
    #[inline]
    pub(super) fn put2(&mut self, words: [u32; 2]) {
        match self.out.get_mut(self.pos as usize..).and_then(|w| w.first_chunk_mut()) {
            Some(w) => {
                *w = words;
                self.pos = self.pos.wrapping_add(2);
            }
            None => words.into_iter().for_each(|w| self.put(w)),
        }
    }
    #[cold]
    pub(super) fn count(&mut self) {
        self.pos = self.pos.saturating_add(1);
    }
    pub(super) fn set(&mut self, at: u32, word: u32) {
        if let Some(w) = self.out.get_mut(at as usize) {
            *w = word;
        }
    }
    pub(super) fn get(&self, at: u32) -> u32 {
        self.out.get(at as usize).copied().unwrap_or(0)
    }
    /// `n` zero words; where they begin.
    pub(super) fn reserve(&mut self, n: u32) -> u32 {
        let at = self.pos;
        let rest = self.out.get_mut(at as usize..).unwrap_or(&mut []);
        rest.iter_mut().take(n as usize).for_each(|w| *w = 0);
        self.pos = at.saturating_add(n);
        at
    }
    /// Passes over `n` words, which stay as they are.
    #[cfg(wrt_threaded)]
    pub(super) fn skip(&mut self, n: u32) {
        self.pos = self.pos.saturating_add(n);
    }
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<4>();
        for w in words {
            self.put(u32::from_le_bytes(*w));
        }
        if !rest.is_empty() {
            let mut last = [0; 4];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            self.put(u32::from_le_bytes(last));
        }
    }
    pub(super) fn text(&mut self, text: &[u8]) -> u32 {
        let at = self.pos;
        self.put(text.len() as u32);
        self.bytes(text);
        at
    }
}

pub(super) fn word(op: u8, a: u32, b: u32, c: u32) -> u32 {
    op as u32 | (a & 0xff) << 8 | (b & 0xff) << 16 | c << 24
}
pub(super) fn word16(op: u8, a: u32, bc: u32) -> u32 {
    op as u32 | (a & 0xff) << 8 | bc << 16
}
