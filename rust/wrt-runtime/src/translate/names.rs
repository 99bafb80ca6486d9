// SPDX-License-Identifier: MIT
//! The names of functions, added to a finished image. Code has its place by then, so images with and without names differ
//! in nothing else; and who does not ask for names does not link this.

use super::Writer;
use crate::image::{NAME_BITS, PADDING, Word, checksum};
use wrt_decoder::custom::function_names;

/// Adds the names of `wasm` to its image, which has `words` words, and perhaps the check value; how many it has then, or
/// needs.
pub(super) fn add(wasm: &[u8], out: &mut [u32], words: u32, check: bool) -> u32 {
    let mut w = Writer::new(out);
    let (own, all) = (w.get(Word::ImportedFuncs as u32), w.get(Word::Funcs as u32));
    let at = words.saturating_sub(PADDING);
    w.pos = at;
    for (i, name) in function_names(wasm).filter(|(i, name)| (own..all).contains(i) && !name.is_empty()) {
        let text = name.as_bytes().get(..name.floor_char_boundary((1 << NAME_BITS) - 1)).unwrap_or(&[]);
        w.put(i << NAME_BITS | text.len() as u32);
        w.bytes(text);
    }
    let names = w.pos.saturating_sub(at);
    w.reserve(PADDING);
    for (word, value) in [(Word::Names, names), (Word::NamesAt, at), (Word::Length, w.pos)] {
        w.set(word as u32, value);
    }
    if check && let Some(image) = w.out.get(..w.pos as usize) {
        let check = checksum(image);
        w.set(Word::Check as u32, check);
    }
    w.pos
}
