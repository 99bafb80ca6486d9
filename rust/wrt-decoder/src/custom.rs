// SPDX-License-Identifier: MIT
//! Sections as they stand in a module, and the names that tools leave in one of them. Nothing of this is validated, and
//! what is malformed ends the iteration: custom sections have no say in whether a module is valid.
//!
//! Spec: core 5.5.3 (custom section) and appendix A.3 (name section).

use crate::Reader;

/// A section of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'b> {
    /// 0: a custom section, 10: code.
    pub id: u8,
    /// Name of a custom section.
    pub name: &'b [u8],
    /// Offset of `bytes` in the module.
    pub at: u32,
    /// Its content, without its name.
    pub bytes: &'b [u8],
}

/// The sections of a module, custom ones too.
pub fn sections(module: &[u8]) -> impl Iterator<Item = Section<'_>> {
    let mut r = Reader::at(module, 8);
    core::iter::from_fn(move || {
        let id = r.byte().ok()?;
        let size = r.u32().ok()?;
        let mut content = r.split(size)?;
        let name = if id == 0 { content.name().ok()? } else { &[] };
        let at = content.pos();
        Some(Section { id, name, at, bytes: content.take_rest() })
    })
}

/// Index and name of each function that the module's section `name` names, as it orders them. The names are UTF-8.
pub fn function_names(module: &[u8]) -> impl Iterator<Item = (u32, &str)> {
    let section = sections(module).find(|s| s.id == 0 && s.name == b"name");
    let mut names = section.and_then(|s| functions(s.bytes)).unwrap_or_else(|| Reader::new(&[]));
    let mut left = names.u32().unwrap_or(0);
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let i = names.u32().ok()?;
        Some((i, core::str::from_utf8(names.name().ok()?).ok()?))
    })
}

/// Subsection 1 of the section `name`.
fn functions(section: &[u8]) -> Option<Reader<'_>> {
    let mut r = Reader::new(section);
    loop {
        let id = r.byte().ok()?;
        let size = r.u32().ok()?;
        let part = r.split(size)?;
        if id == 1 {
            return Some(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0\x00\x05\x04abcd\x00\x17\x04name\x00\x02\x01m\x01\x0c\x03\x00\x01a\x02\x02bc\x05\x01\xff\x02";

    #[test]
    fn names_end_at_what_is_malformed() {
        assert!(function_names(MODULE).eq([(0, "a"), (2, "bc")]));
        for n in 0..MODULE.len() {
            assert!(function_names(MODULE.get(..n).unwrap()).next().is_none(), "cut at {n}");
        }
        let mut sections = sections(MODULE);
        assert_eq!(sections.next(), Some(Section { id: 0, name: b"abcd", at: 15, bytes: b"" }));
        assert_eq!(sections.next().map(|s| (s.name, s.at, s.bytes.len())), Some((&b"name"[..], 22, 18)));
        assert_eq!(sections.next(), None);
    }
}
