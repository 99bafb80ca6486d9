// SPDX-License-Identifier: MIT
//! A smaller memory for an image whose module neither grows its memory nor asks for its size (a host tool, needs `alloc`).
//!
//! Linkers give a module whole pages of 64 KiB. What it uses of them ends at `__heap_base`: data, and the stack too where it
//! lies behind them. Of a module without a heap nothing lies beyond, and RAM of a board need not hold it. The image gets a
//! memory of just these bytes, in pages of one byte (custom-page-sizes proposal), which can never grow.
//!
//! That is a promise of whoever asks for it: a guest that makes up an address beyond traps there, and had zeros before. A
//! module that imports the memory no longer fits, because its pages have another size.

use crate::image::{HAS_MAX, Image, Word, checksum};
use crate::op;
use crate::verify::Ops;
use wrt_foundation::{Error, ErrorKind, ExternKind, Feature, ValType};

/// The size is a multiple of this.
const ALIGNMENT: u32 = 16;

/// Makes the memory of an image as small as the exported global `__heap_base` says, or `bytes`, but not so small that an active
/// data segment lies outside; its bytes then. It is left alone if it is not larger.
///
/// # Errors
/// Those of [`Image::new`]. [`ErrorKind::Unsupported`]: there is not just one memory of the module's own, with 32-bit addresses;
/// the code grows it or asks for its size; there is no constant `__heap_base`; a segment's place is computed.
pub fn shrink(words: &mut [u32], bytes: Option<u32>) -> Result<u32, Error> {
    let image = Image::new(words)?;
    let refuse = |why| Error::new(ErrorKind::Unsupported, why);
    let memory = image.memory(0).filter(|m| image.get(Word::Memories) == 1 && !m.is64 && !m.shared && m.page_log2 == 16);
    let memory = memory.filter(|_| image.get(Word::ImportedMemories) == 0);
    let memory = memory.ok_or(refuse("only a single memory of the module's own, not shared, can be smaller"))?;
    for (begin, end) in (image.get(Word::ImportedFuncs)..image.get(Word::Funcs)).filter_map(|f| image.func_range(f)) {
        for o in Ops::new(image, begin, end) {
            match o.op() {
                op::MEMORY_GROW => return Err(refuse("the memory cannot be smaller: the module grows it")),
                op::MEMORY_SIZE => return Err(refuse("the memory cannot be smaller: the module asks for its size")),
                _ => {}
            }
        }
    }
    let (heap_base, segments) = initialised(image).ok_or(refuse("the memory cannot be smaller: a data segment's place is computed"))?;
    let used = bytes.or(heap_base).ok_or(refuse("the module exports no constant __heap_base: say how many bytes it uses"))?;
    let used = u64::from(used).max(segments).next_multiple_of(ALIGNMENT.into());
    let now = u64::from(memory.min as u32) << 16;
    if used >= now {
        return Ok(u32::try_from(now).unwrap_or(u32::MAX));
    }
    let (at, used) = (image.get(Word::MemoriesAt) as usize, used as u32);
    if let Some([flags, min, max, ..]) = words.get_mut(at..) {
        (*flags, *min, *max) = (*flags & !0xff00 | HAS_MAX, used, used);
    }
    if let Some(features) = words.get_mut(Word::Features as usize) {
        *features |= Feature::CustomPageSizes.bit();
    }
    let check = checksum(words.get(..Image::trusted(words).get(Word::Length) as usize).unwrap_or(&[]));
    if let Some(word) = words.get_mut(Word::Check as usize) {
        *word = check;
    }
    Ok(used)
}

/// What the initialiser does: the value of `__heap_base`, if it is exported and a constant, and the end of the last active data
/// segment. `None`: it cannot be told.
fn initialised(image: Image<'_>) -> Option<(Option<u32>, u64)> {
    let export = image.find_export("__heap_base").filter(|e| e.kind == ExternKind::Global);
    let global = export.and_then(|e| image.global(e.index).filter(|_| e.index >= image.get(Word::ImportedGlobals)));
    let cell = global.filter(|g| !g.mutable && g.ty == ValType::I32).map(|g| g.cell);
    let (mut known, mut heap_base, mut segments) = ([None; 256], None, 0);
    let end = image.words().len() as u32;
    let mut pc = image.get(Word::Init);
    for _ in 0..end {
        let o = Ops::new(image, pc, end).next()?;
        pc = pc.wrapping_add(1).wrapping_add(o.rest.len() as u32);
        let a = o.a() as usize;
        match o.op() {
            op::CONST => known[a] = Some(o.ext(0)),
            op::CONST_S => known[a] = Some(o.bc() as i16 as u32),
            op::GLOBAL_SET if Some(o.bc()) == cell => heap_base = known[a],
            op::MEMORY_INIT => {
                let (to, length) = (known[a]?, (*known.get(a.checked_add(2)?)?)?);
                segments = segments.max(u64::from(to).saturating_add(length.into()));
            }
            op::BR_FAR => pc = pc.wrapping_add(o.ext(0)),
            op::RETURN => return Some((heap_base, segments)),
            op::GLOBAL_SET | op::GLOBAL_SET2 | op::GLOBAL_SET_X | op::DATA_DROP | op::ELEM_DROP | op::TABLE_INIT => {}
            _ => known = [None; 256],
        }
    }
    None
}

#[cfg(all(test, feature = "loader", feature = "custom-page-sizes"))]
mod tests {
    use super::*;
    use crate::translate::translate_vec;

    fn shrunk(fields: &str, bytes: Option<u32>) -> Result<u32, &'static str> {
        let wasm = wat::parse_str(alloc::format!("(module {fields})")).unwrap();
        let (mut words, _) = translate_vec(&wasm).unwrap();
        let size = shrink(&mut words, bytes).map_err(|e| e.message())?;
        let image = Image::new(&words).unwrap();
        image.verify().unwrap();
        let memory = image.memory(0).unwrap();
        assert_eq!(memory.min << memory.page_log2, size.into());
        assert_eq!(memory.max.is_some_and(|max| max == memory.min), size < 1 << 17);
        Ok(size)
    }

    #[test]
    fn to_the_heap_base() {
        let base = |n: &str| {
            alloc::format!(r#"(memory (export "memory") 2) (global (mut i32) (i32.const 7)) (global (export "__heap_base") i32 {n})"#)
        };
        assert_eq!(shrunk(&base("(i32.const 1040)"), None), Ok(1040));
        assert_eq!(shrunk(&base("(i32.const 70001)"), None), Ok(70016));
        // What is larger stays, and what segments need is kept.
        assert_eq!(shrunk(&base("(i32.const 200000)"), None), Ok(1 << 17));
        let data = r#"(data (i32.const 2000) "some text") (data (i32.const 40) "more") (data "passive")"#;
        assert_eq!(shrunk(&(base("(i32.const 1040)") + data), None), Ok(2016));
        assert_eq!(shrunk(&(base("(i32.const 1040)") + data), Some(3000)), Ok(3008));
    }

    #[test]
    fn what_cannot_be_known_is_refused() {
        let base = r#"(memory 1) (global (export "__heap_base") i32 (i32.const 1024))"#;
        let with = |more: &str| shrunk(&alloc::format!("{base}{more}"), None).unwrap_err();
        assert!(with("(func (drop (memory.grow (i32.const 1))))").contains("grows"));
        assert!(with("(func (drop (memory.size)))").contains("asks for its size"));
        let computed = r#"(global $at (import "m" "g") i32)"#;
        let place = alloc::format!(r#"{computed}{base}(data (global.get $at) "x")"#);
        assert!(shrunk(&place, None).unwrap_err().contains("computed"));
        assert!(shrunk("(memory 1)", None).unwrap_err().contains("__heap_base"));
        assert_eq!(shrunk("(memory 1)", Some(100)), Ok(112));
        let mutable = r#"(memory 1) (global (export "__heap_base") (mut i32) (i32.const 1024))"#;
        assert!(shrunk(mutable, None).unwrap_err().contains("__heap_base"));
        let computed = alloc::format!(r#"{computed}(memory 1) (global (export "__heap_base") i32 (global.get $at))"#);
        assert!(shrunk(&computed, None).unwrap_err().contains("__heap_base"));
        for other in ["", "(memory i64 1)", "(memory 1 2 shared)", "(memory 1) (memory 1)", r#"(import "m" "m" (memory 1))"#] {
            assert!(shrunk(other, Some(1)).unwrap_err().contains("single memory"), "{other}");
        }
    }
}
