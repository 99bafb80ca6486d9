// SPDX-License-Identifier: MIT
//! Types and cells of a function's locals: one scratch word each for the first ones; beyond them two words for each
//! run of equal types, so that a few bytes that declare many locals take little time and memory.

use crate::{Fault, FuncType, Reader};
use wrt_foundation::{ValType, limits};

/// Locals that have a word each: those whose index has one byte, or less.
const FIRST: u32 = 64;
const _: () = assert!(FIRST <= 0x80);

/// One local: its type in bits 7:0, the number of its cells in bits 15:8, the first of them above.
#[derive(Clone, Copy)]
pub(crate) struct Local(u32);

impl Local {
    fn new(ty: u32, cells: u32, cell: u32) -> Local {
        Local(ty | cells << 8 | cell << 16)
    }
    /// Its type.
    #[inline(always)]
    pub(crate) fn ty(self) -> ValType {
        ValType::from_bits(self.0 & 0xff)
    }
    /// How many cells it has.
    #[inline(always)]
    pub(crate) fn cells(self) -> u32 {
        self.0 >> 8 & 0xff
    }
    /// The first of them.
    #[inline(always)]
    pub(crate) fn cell(self) -> u32 {
        self.0 >> 16
    }
}

/// The locals of one function.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Locals<'a> {
    /// A [`Local`] each.
    first: &'a [u32],
    /// Index of the first local of the run, and that [`Local`].
    runs: &'a [[u32; 2]],
    /// Parameters and locals.
    count: u32,
    /// Cells of the parameters.
    pub(crate) param_cells: u32,
    /// Cells of the parameters and locals.
    pub(crate) cells: u32,
}

impl<'a> Locals<'a> {
    /// Local `i`, if it is one of the first. Of an index of more bytes, the first one gives none.
    #[inline(always)]
    pub(crate) fn first(&self, i: u8) -> Option<Local> {
        self.first.get(i as usize).map(|w| Local(*w))
    }
    /// Local `i`.
    #[inline(always)]
    pub(crate) fn get(&self, i: u32) -> Result<Local, Fault> {
        match self.first.get(i as usize) {
            Some(&w) => Ok(Local(w)),
            None => self.search(i),
        }
    }
    #[inline(never)]
    fn search(&self, i: u32) -> Result<Local, Fault> {
        let after = self.runs.partition_point(|[start, _]| *start <= i);
        match self.runs.get(after.wrapping_sub(1)) {
            Some(&[start, w]) if i < self.count => {
                let first = Local(w);
                let before = i.wrapping_sub(start).wrapping_mul(first.cells());
                Ok(Local::new(first.ty().bits(), first.cells(), first.cell().wrapping_add(before)))
            }
            _ => Err(Fault::UnknownLocal),
        }
    }

    /// Reads the declarations of a body of type `ty`. Returns what of `words` is left; `Err(words needed)` if they are
    /// too few.
    pub(crate) fn read(
        r: &mut Reader<'_>,
        ty: FuncType<'_>,
        words: &'a mut [u32],
    ) -> Result<Result<(Locals<'a>, &'a mut [u32]), u32>, Fault> {
        let groups = r.count(u32::MAX, Fault::UnexpectedEnd)?;
        let mut count = ty.params.len() as u32;
        let mut ahead = r.clone();
        for _ in 0..groups {
            count = count.checked_add(ahead.u32()?).ok_or(Fault::LocalsOverflow)?;
            ahead.val_type()?;
        }
        if count > limits::LOCALS {
            return Err(Fault::TooManyLocals);
        }
        let first = count.min(FIRST);
        let runs = if count > FIRST { groups.saturating_add(ty.params.len() as u32).saturating_mul(2) } else { 0 };
        let need = first.saturating_add(runs);
        let Some((words, rest)) = words.split_at_mut_checked(need as usize) else { return Ok(Err(need)) };
        let Some((first, runs)) = words.split_at_mut_checked(first as usize) else { return Ok(Err(need)) };

        let mut fill = Fill { first: first.iter_mut(), runs: runs.as_chunks_mut().0.iter_mut(), runs_used: 0, last: 0, index: 0, cell: 0 };
        for ty in ty.params {
            fill.add(1, *ty);
        }
        let param_cells = fill.cell;
        for _ in 0..groups {
            let n = r.u32()?;
            fill.add(n, r.val_type()?.bits());
        }
        let (cells, used) = (fill.cell, fill.runs_used);
        if cells > limits::FRAME_CELLS {
            return Err(Fault::FrameTooLarge);
        }
        let runs = runs.as_chunks().0.get(..used).unwrap_or(&[]);
        Ok(Ok((Locals { first, runs, count, param_cells, cells }, rest)))
    }
}

struct Fill<'a> {
    first: core::slice::IterMut<'a, u32>,
    runs: core::slice::IterMut<'a, [u32; 2]>,
    runs_used: usize,
    /// Type of the run at hand.
    last: u32,
    index: u32,
    cell: u32,
}

impl Fill<'_> {
    fn add(&mut self, n: u32, ty: u32) {
        if n == 0 {
            return;
        }
        let cells = ValType::from_bits(ty).cells();
        if ty != self.last
            && let Some(run) = self.runs.next()
        {
            *run = [self.index, Local::new(ty, cells, self.cell).0];
            self.runs_used = self.runs_used.wrapping_add(1);
            self.last = ty;
        }
        let mut cell = self.cell;
        for w in self.first.by_ref().take(n as usize) {
            *w = Local::new(ty, cells, cell).0;
            cell = cell.wrapping_add(cells);
        }
        self.index = self.index.wrapping_add(n);
        self.cell = self.cell.wrapping_add(n.wrapping_mul(cells));
    }
}
