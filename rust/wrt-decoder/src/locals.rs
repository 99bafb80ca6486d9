// SPDX-License-Identifier: MIT
//! Types and cells of a function's locals: two scratch words each for the first ones; beyond them three words for each
//! run of equal types, so that a few bytes that declare many locals take little time and memory.

use crate::{Fault, FuncType, Info, Reader};
use wrt_foundation::{ValType, limits};

/// Locals that have a word each: those whose index has one byte, or less.
const FIRST: u32 = 64;
const _: () = assert!(FIRST <= 0x80);

/// One local: its type; the number of its cells in bits 7:0 and the first of them above.
#[derive(Clone, Copy)]
pub(crate) struct Local([u32; 2]);

impl Local {
    fn new(ty: u32, cells: u32, cell: u32) -> Local {
        Local([ty, cells | cell << 8])
    }
    /// Its type.
    #[inline(always)]
    pub(crate) fn ty(self) -> ValType {
        ValType::from_bits(self.0[0])
    }
    /// How many cells it has.
    #[inline(always)]
    pub(crate) fn cells(self) -> u32 {
        self.0[1] & 0xff
    }
    /// The first of them.
    #[inline(always)]
    pub(crate) fn cell(self) -> u32 {
        self.0[1] >> 8
    }
}

/// The locals of one function.
#[derive(Clone, Copy, Default, Debug)]
pub struct Locals<'a> {
    /// A [`Local`] each.
    first: &'a [[u32; 2]],
    /// Index of the first local of the run, and that [`Local`].
    runs: &'a [[u32; 3]],
    /// Parameters and locals.
    count: u32,
    /// Cells of the parameters.
    pub(crate) param_cells: u32,
    /// Cells of the parameters and locals.
    pub(crate) cells: u32,
}

impl<'a> Locals<'a> {
    /// Tells of every local that is a reference, parameters included: its type and its cell, in ascending order.
    pub fn each_reference(&self, mut f: impl FnMut(ValType, u32)) {
        for local in self.first.iter().map(|w| Local(*w)).filter(|local| local.ty().is_ref()) {
            f(local.ty(), local.cell());
        }
        if self.count as usize == self.first.len() {
            return;
        }
        let done = self.first.len() as u32;
        for (at, &[start, ty, cell]) in self.runs.iter().enumerate() {
            let end = self.runs.get(at.wrapping_add(1)).map_or(self.count, |[next, ..]| *next);
            let first = Local([ty, cell]);
            if first.ty().is_ref() {
                for i in start.max(done)..end {
                    f(first.ty(), first.cell().wrapping_add(i.wrapping_sub(start)));
                }
            }
        }
    }
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
        let after = self.runs.partition_point(|[start, ..]| *start <= i);
        match self.runs.get(after.wrapping_sub(1)) {
            Some(&[start, ty, at]) if i < self.count => {
                let first = Local([ty, at]);
                let before = i.wrapping_sub(start).wrapping_mul(first.cells());
                Ok(Local::new(first.ty().bits(), first.cells(), first.cell().wrapping_add(before)))
            }
            _ => Err(Fault::UnknownLocal),
        }
    }

    /// Reads the declarations of a body of type `ty`. Returns the locals, a word for each if some have no value from the
    /// start (then none is among the first), and what of `words` is left; `Err(words needed)` if they are too few.
    #[allow(clippy::type_complexity)] // the one caller takes it apart
    pub(crate) fn read(
        r: &mut Reader<'_>,
        info: &Info<'_>,
        ty: FuncType<'_>,
        words: &'a mut [u32],
    ) -> Result<Result<(Locals<'a>, &'a mut [u32], &'a mut [u32]), u32>, Fault> {
        let groups = r.count(u32::MAX, Fault::UnexpectedEnd)?;
        let params = ty.params.len() as u32;
        let mut count = params;
        let mut ahead = r.clone();
        let mut defaultable = true;
        for _ in 0..groups {
            let n = ahead.u32()?;
            count = count.checked_add(n).ok_or(Fault::LocalsOverflow)?;
            defaultable &= ahead.val_type()?.is_defaultable() || n == 0;
        }
        if count > limits::LOCALS {
            return Err(Fault::TooManyLocals);
        }
        let first = if defaultable { count.min(FIRST) } else { 0 };
        let runs = if count > first { groups.saturating_add(params).saturating_mul(3) } else { 0 };
        let inits = if defaultable { 0 } else { count };
        let need = first.saturating_mul(2).saturating_add(runs).saturating_add(inits);
        let Some((words, rest)) = words.split_at_mut_checked(need as usize) else { return Ok(Err(need)) };
        let Some((inits, words)) = words.split_at_mut_checked(inits as usize) else { return Ok(Err(need)) };
        let Some((first, runs)) = words.split_at_mut_checked(first as usize * 2) else { return Ok(Err(need)) };

        let (first, runs) = (first.as_chunks_mut().0, runs.as_chunks_mut().0);
        let mut fill = Fill { first: first.iter_mut(), runs: runs.iter_mut(), runs_used: 0, last: 0, index: 0, cell: 0 };
        for ty in ty.params {
            fill.add(1, *ty);
        }
        let param_cells = fill.cell;
        for _ in 0..groups {
            let n = r.u32()?;
            let ty = r.val_type()?;
            fill.add(n, info.resolve(ty)?.bits());
        }
        let (cells, used) = (fill.cell, fill.runs_used);
        if cells > limits::FRAME_CELLS {
            return Err(Fault::FrameTooLarge);
        }
        // Parameters have their value from the start, in the outermost frame.
        inits.fill(0);
        inits.iter_mut().take(params as usize).for_each(|w| *w = 1);
        let runs = runs.get(..used).unwrap_or(&[]);
        Ok(Ok((Locals { first, runs, count, param_cells, cells }, inits, rest)))
    }
}

struct Fill<'a> {
    first: core::slice::IterMut<'a, [u32; 2]>,
    runs: core::slice::IterMut<'a, [u32; 3]>,
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
            let [ty, at] = Local::new(ty, cells, self.cell).0;
            *run = [self.index, ty, at];
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
