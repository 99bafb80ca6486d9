// SPDX-License-Identifier: MIT
//! Walking an image's code: [`Image::verify`] for images from elsewhere, [`Ops`] for whoever reads code.

use crate::image::{Image, Word};
use crate::op::{self, Form};
use wrt_foundation::{Error, ErrorKind, WrtResult};

/// Whether this build has operations of the second page.
const HAVE_SECOND: bool = cfg!(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"));

/// One operation of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op<'a> {
    /// Where it stands: word number in the image.
    pub pc: u32,
    /// Its first word.
    pub word: u32,
    /// The words after it that belong to it.
    pub rest: &'a [u32],
}

impl Op<'_> {
    /// Its number.
    pub fn op(&self) -> u8 {
        self.word as u8
    }
    /// Field `a`.
    pub fn a(&self) -> u32 {
        self.word >> 8 & 0xff
    }
    /// Field `b`.
    pub fn b(&self) -> u32 {
        self.word >> 16 & 0xff
    }
    /// The 16-bit field `bc`.
    pub fn bc(&self) -> u32 {
        self.word >> 16
    }
    /// Word `n` after the first, or 0.
    pub fn ext(&self, n: usize) -> u32 {
        self.rest.get(n).copied().unwrap_or(0)
    }
}

/// The operations from one word to another, in order. Ends early at a hole or an operation that reaches over the end.
#[derive(Clone, Copy, Debug)]
pub struct Ops<'a> {
    words: &'a [u32],
    pc: u32,
    end: u32,
}

impl<'a> Ops<'a> {
    /// Operations of `image` in `pc..end`.
    pub fn new(image: Image<'a>, pc: u32, end: u32) -> Ops<'a> {
        Ops { words: image.words(), pc, end }
    }
    /// Where the next operation stands.
    pub fn pc(&self) -> u32 {
        self.pc
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Op<'a>;
    fn next(&mut self) -> Option<Op<'a>> {
        let pc = self.pc;
        if pc >= self.end {
            return None;
        }
        let (&word, after) = self.words.get(pc as usize..)?.split_first()?;
        let entries = |words: u32| after.first()?.checked_add(1)?.checked_mul(words)?.checked_add(1);
        let rest = match op::FORM.get((word & 0xff) as usize)? {
            Form::Hole => return None,
            Form::W1 => 0,
            Form::W2 => 1,
            Form::W3 => 2,
            Form::W4 => 3,
            Form::Table => entries(1)?,
            Form::FarTable => entries(2)?,
            Form::Data => word >> 16,
            Form::Record => (word >> 16).wrapping_add(1),
            Form::Extended => op::extended_len((word >> 24) as u8).checked_sub(1)?,
            Form::Second if HAVE_SECOND => op::second::rest(*after.first()?)?,
            Form::Second => return None,
        };
        let next = pc.checked_add(1)?.checked_add(rest).filter(|n| *n <= self.end)?;
        self.pc = next;
        Some(Op { pc, word, rest: after.get(..rest as usize)? })
    }
}

impl<'a> Image<'a> {
    /// First word of function `i` (imports counted) and the word after its last.
    pub fn func_range(self, i: u32) -> Option<(u32, u32)> {
        let own = i.checked_sub(self.get(Word::ImportedFuncs))? as usize;
        let entries = self.entries();
        let begin = *entries.get(own)?;
        let end = entries.get(own.wrapping_add(1)).copied().unwrap_or(self.get(Word::CodeEnd));
        (begin <= end).then_some((begin, end))
    }

    /// Checks the check value, and of each function that its operations exist, jumps stay inside it and indexes are
    /// within their tables. Costs one pass over the code.
    ///
    /// # Errors
    /// [`ErrorKind::Image`]; [`Error::at`] is the word.
    pub fn verify(self) -> WrtResult<()> {
        self.check()?;
        let imported = self.get(Word::ImportedFuncs);
        for own in 0..self.get(Word::Funcs).wrapping_sub(imported) {
            let bad = |at| Error::at_offset(ErrorKind::Image, "damaged image: code does not verify", at);
            let (begin, end) = self.func_range(own.wrapping_add(imported)).ok_or_else(|| bad(0))?;
            let mut ops = Ops::new(self, begin, end);
            for op in ops.by_ref() {
                if !self.op_is_sound(&op, begin, end) {
                    return Err(bad(op.pc));
                }
            }
            if ops.pc() != end {
                return Err(bad(ops.pc()));
            }
        }
        Ok(())
    }

    fn op_is_sound(self, o: &Op<'_>, begin: u32, end: u32) -> bool {
        let inside = |target: u32| (begin..end).contains(&target);
        // `at`: the word after the displacement's last word.
        let near = |at: u32, jump: u32| inside(at.wrapping_add(jump as u16 as i16 as u32));
        let next = o.pc.wrapping_add(1).wrapping_add(o.rest.len() as u32);
        let below = |i: u32, count: Word| i < self.get(count);
        match o.op() {
            op if op::jumps(op) => near(next, o.ext(0)),
            op::BR_FAR => inside(next.wrapping_add(o.ext(0))),
            op::BR_TABLE => (o.pc.wrapping_add(3)..).zip(o.rest.iter().skip(1)).all(|(at, w)| near(at, *w)),
            op::BR_TABLE_FAR => {
                let pairs = o.rest.get(1..).unwrap_or(&[]).as_chunks::<2>().0;
                (o.pc.wrapping_add(4)..).step_by(2).zip(pairs).all(|(at, [disp, _])| inside(at.wrapping_add(*disp)))
            }
            op::CALL | op::CALL_FAR | op::REF_FUNC => below(o.ext(0), Word::Funcs),
            op::CALL_INDIRECT | op::CALL_INDIRECT_FAR => below(o.ext(0), Word::Types) && below(o.ext(1) & 0xffff, Word::Tables),
            op::GLOBAL_GET | op::GLOBAL_SET => o.bc() < self.get(Word::GlobalCells),
            op::GLOBAL_GET2 | op::GLOBAL_SET2 => o.bc().wrapping_add(1) < self.get(Word::GlobalCells),
            op::GLOBAL_GET_X | op::GLOBAL_SET_X => below(o.ext(0), Word::ImportedGlobals),
            op::TABLE_GET | op::TABLE_SET | op::TABLE_SIZE | op::TABLE_GROW | op::TABLE_FILL => below(o.ext(0), Word::Tables),
            op::TABLE_COPY => below(o.ext(0) & 0xffff, Word::Tables) && below(o.ext(0) >> 16, Word::Tables),
            op::TABLE_INIT => below(o.bc(), Word::Tables) && below(o.ext(0), Word::Elems),
            op::ELEM_DROP => below(o.ext(0), Word::Elems),
            op::MEMORY_SIZE | op::MEMORY_GROW | op::MEMORY_FILL => below(o.ext(0), Word::Memories),
            op::MEMORY_COPY => below(o.ext(0) & 0xffff, Word::Memories) && below(o.ext(0) >> 16, Word::Memories),
            op::MEMORY_INIT => below(o.bc(), Word::Memories) && below(o.ext(0) & 0x7fff_ffff, Word::Datas),
            op::SECOND if o.rest.len() == 4 => below(o.ext(2) & 0xffff, Word::Memories),
            op::MEMORY_OTHER | op::MEMORY_64 => below(o.bc(), Word::Memories),
            op::DATA_DROP => below(o.ext(0), Word::Datas),
            _ => true,
        }
    }
}
