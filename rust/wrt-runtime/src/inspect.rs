// SPDX-License-Identifier: MIT
//! What an image needs before it runs: cells and frames of the deepest call path, where that can be told, and operations of
//! the longest straight one.
//!
//! A host tool (needs `alloc`). Recursion has no bound; an indirect call is taken to reach every function of its type
//! that stands in an element segment, and has no bound when the table comes from or goes to somebody else.

use crate::image::{FuncType, Image, Word};
use crate::op;
use crate::verify::{Op, Ops};
use alloc::vec;
use alloc::vec::Vec;
use wrt_foundation::ExternKind;

/// Stack that a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct StackNeed {
    /// 4-byte cells from the first argument on, without the window of slack.
    pub cells: u32,
    /// Frames, the one of the call itself included.
    pub frames: u32,
}

impl StackNeed {
    /// What suffices for both.
    pub fn max(self, other: StackNeed) -> StackNeed {
        StackNeed { cells: self.cells.max(other.cells), frames: self.frames.max(other.frames) }
    }
}

/// Why a path has no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbounded {
    /// This function (imports counted) can call itself again.
    Recursion(u32),
    /// This function calls through a table that others can change.
    Table(u32),
    /// This function calls a reference, which may be to any function.
    Reference(u32),
}

/// A straight path: what is carried out between two charges, if no jump on the way is taken. At each charge the guest can be
/// stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct StraightPath {
    /// Operations of the image, that which charges included.
    pub operations: u32,
    /// The function (imports counted) that it is in.
    pub func: u32,
    /// Most instructions that one charge is for, there or anywhere else.
    pub charge: u32,
}

impl StraightPath {
    /// The longer one, and the larger charge of both.
    pub fn max(self, other: StraightPath) -> StraightPath {
        let charge = self.charge.max(other.charge);
        StraightPath { charge, ..if other.operations > self.operations { other } else { self } }
    }
}

/// Stack needs of an image's functions.
pub struct StackNeeds<'a> {
    image: Image<'a>,
    known: Vec<Option<Result<StackNeed, Unbounded>>>,
    open: Vec<bool>,
    in_tables: Vec<u32>,
    foreign_table: Vec<bool>,
}

impl<'a> StackNeeds<'a> {
    /// Prepares the image; nothing is computed yet.
    pub fn new(image: Image<'a>) -> Self {
        let funcs = image.get(Word::Funcs) as usize;
        let mut in_tables: Vec<u32> = (0..image.get(Word::Elems))
            .filter_map(|i| image.elem(i))
            .flatten()
            .filter(|item| **item & 3 == 1)
            .map(|item| *item >> 2)
            .collect();
        in_tables.sort_unstable();
        in_tables.dedup();
        let mut foreign_table = vec![false; image.get(Word::Tables) as usize];
        foreign_table.iter_mut().take(image.get(Word::ImportedTables) as usize).for_each(|f| *f = true);
        for e in image.exports().filter(|e| e.kind == ExternKind::Table) {
            if let Some(f) = foreign_table.get_mut(e.index as usize) {
                *f = true;
            }
        }
        StackNeeds { image, known: vec![None; funcs], open: vec![false; funcs], in_tables, foreign_table }
    }

    /// The need of a call of function `func` (imports counted).
    ///
    /// # Errors
    /// [`Unbounded`] when there is no bound.
    pub fn of(&mut self, func: u32) -> Result<StackNeed, Unbounded> {
        // Depth first with a stack of its own: call graphs may be deep.
        let mut work = vec![func];
        while let Some(&f) = work.last() {
            let at = f as usize;
            if self.known.get(at).is_none_or(|k| k.is_some()) {
                work.pop();
                continue;
            }
            if !self.open[at] {
                self.open[at] = true;
                for (callee, _) in self.calls(f).unwrap_or_default() {
                    if self.known.get(callee as usize).is_some_and(|k| k.is_none()) && !self.open[callee as usize] {
                        work.push(callee);
                    }
                }
                continue;
            }
            let need = self.combine(f);
            self.known[at] = Some(need);
            self.open[at] = false;
            work.pop();
        }
        self.known.get(func as usize).copied().flatten().unwrap_or(Err(Unbounded::Recursion(func)))
    }

    /// The longest straight path in function `func` (imports counted) and all that it may call; through a table or reference
    /// that others have a hand in, that is every function.
    pub fn longest_path(&self, func: u32) -> StraightPath {
        let mut seen = vec![false; self.known.len()];
        let (mut work, mut longest) = (vec![func], StraightPath::default());
        while let Some(f) = work.pop() {
            match seen.get_mut(f as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            longest = longest.max(self.longest_in(f));
            match self.calls(f) {
                Ok(calls) => work.extend(calls.iter().map(|(callee, _)| *callee)),
                Err(_) => work.extend(0..self.image.get(Word::Funcs)),
            }
        }
        longest
    }

    /// The longest straight path in `f` (imports counted) itself. What follows an operation that always charges is reached by a jump or a return,
    /// both of which charge; so a path is all that stands between two such operations.
    pub fn longest_in(&self, f: u32) -> StraightPath {
        let mut path = StraightPath { func: f, ..StraightPath::default() };
        let Some((begin, end)) = self.image.func_range(f) else { return path };
        let mut since = 0u32;
        for o in Ops::new(self.image, begin, end) {
            since = since.saturating_add(1);
            path.operations = path.operations.max(since);
            let near = |word: u32| (word as i32 >> 16).max(0) as u32;
            let charge = match o.op() {
                op if op::jumps(op) => near(o.ext(0)),
                op::BR_FAR => (o.ext(1) as i32).max(0) as u32,
                op::BR_TABLE => o.rest.iter().skip(1).map(|word| near(*word)).max().unwrap_or(0),
                op::BR_TABLE_FAR => o.rest.iter().skip(2).step_by(2).map(|cost| (*cost as i32).max(0) as u32).max().unwrap_or(0),
                op::RETURN | op::RETURN1 | op::RETURN2 | op::CALL | op::CALL_FAR | op::RETURN_CALL | op::CHARGE => o.word >> 16,
                op::CALL_INDIRECT | op::CALL_INDIRECT_FAR => o.ext(1) >> 16,
                _ => 0,
            };
            path.charge = path.charge.max(charge);
            let always = match o.op() {
                op::BR | op::BR_FAR | op::BR_TABLE | op::BR_TABLE_FAR | op::RETURN | op::RETURN1 | op::RETURN2 => true,
                op::CALL | op::CALL_FAR | op::CALL_INDIRECT | op::CALL_INDIRECT_FAR | op::RETURN_CALL | op::CHARGE => true,
                op::EXTENDED => matches!(
                    (o.word >> 24) as u8,
                    op::extended::CALL_REF | op::extended::RETURN_CALL_REF | op::extended::RETURN_CALL_INDIRECT
                ),
                _ => false,
            };
            if always {
                since = 0;
            }
        }
        path
    }

    /// The need of instantiation: initialiser and start function.
    ///
    /// # Errors
    /// [`Unbounded`] when the start function has no bound.
    pub fn of_init(&mut self) -> Result<StackNeed, Unbounded> {
        let mut need = StackNeed { cells: 3, frames: 1 };
        // The last piece of the initialiser is the one that may call.
        let end = self.image.words().len() as u32;
        let mut pc = self.image.get(Word::Init);
        for _ in 0..end {
            let Some(o) = Ops::new(self.image, pc, end).next() else { break };
            pc = pc.wrapping_add(1).wrapping_add(o.rest.len() as u32);
            match o.op() {
                op::BR_FAR => pc = pc.wrapping_add(o.ext(0)),
                op::RETURN => break,
                op::CALL => {
                    let inner = self.of(o.ext(0))?;
                    need = need.max(StackNeed { frames: inner.frames.wrapping_add(1), ..inner });
                }
                _ => {}
            }
        }
        Ok(need)
    }

    fn combine(&self, f: u32) -> Result<StackNeed, Unbounded> {
        let own = match self.image.func_type(f) {
            Some(t) => StackNeed { cells: t.param_cells().max(t.result_cells()), frames: 1 },
            None => StackNeed { cells: 0, frames: 1 },
        };
        let mut need = own;
        // What a large function has beyond its window.
        need.cells = need.cells.max(self.reach(f).saturating_sub(self.image.window()));
        for (callee, base) in self.calls(f)? {
            let inner = match self.known.get(callee as usize).copied().flatten() {
                Some(inner) => inner?,
                None => return Err(Unbounded::Recursion(f)),
            };
            let frames = inner.frames.saturating_add(1);
            need = need.max(StackNeed { cells: base.saturating_add(inner.cells), frames });
        }
        Ok(need)
    }

    /// Cells from the frame's first to the last that `f` names.
    fn reach(&self, f: u32) -> u32 {
        let Some((begin, end)) = self.image.func_range(f) else { return 0 };
        let far = |o: Op<'_>| match o.op() {
            op::ENTER_FAR => o.ext(0),
            op::FAR_GET | op::FAR_SET => o.ext(0).saturating_add(o.b()),
            op::RETURN_CALL => (o.ext(1) & 0xffff).max(o.ext(1) >> 16),
            op::FAR_COPY => (o.ext(0) & 0xffff).max(o.ext(0) >> 16).saturating_add(o.b()),
            _ => 0,
        };
        Ops::new(self.image, begin, end).map(far).max().unwrap_or(0)
    }

    /// Functions that `f` may call, with the cell where their frame begins.
    fn calls(&self, f: u32) -> Result<Vec<(u32, u32)>, Unbounded> {
        let mut calls = Vec::new();
        let Some((begin, end)) = self.image.func_range(f) else { return Ok(calls) };
        for o in Ops::new(self.image, begin, end) {
            match o.op() {
                op::CALL => calls.push((o.ext(0), o.a())),
                op::CALL_FAR => calls.push((o.ext(0), o.ext(1))),
                // A frame that calls itself at its end is still one frame.
                op::RETURN_CALL if o.ext(0) == f => {}
                op::RETURN_CALL => calls.push((o.ext(0), 0)),
                op::CALL_INDIRECT => self.indirect(f, &o, o.a(), &mut calls)?,
                op::CALL_INDIRECT_FAR => self.indirect(f, &o, o.ext(2), &mut calls)?,
                op::EXTENDED => match (o.word >> 24) as u8 {
                    op::extended::CALL_REF | op::extended::RETURN_CALL_REF => return Err(Unbounded::Reference(f)),
                    op::extended::RETURN_CALL_INDIRECT => self.indirect(f, &o, 0, &mut calls)?,
                    _ => {}
                },
                _ => {}
            }
        }
        calls.sort_unstable();
        calls.dedup();
        Ok(calls)
    }

    /// Adds what an indirect call may reach: `w1` is its type, `w2` begins with its table.
    fn indirect(&self, f: u32, o: &Op<'_>, base: u32, calls: &mut Vec<(u32, u32)>) -> Result<(), Unbounded> {
        let table = (o.ext(1) & 0xffff) as usize;
        if self.foreign_table.get(table).copied().unwrap_or(true) {
            return Err(Unbounded::Table(f));
        }
        let ty = self.image.ty(o.ext(0));
        // A function of a subtype is called too; types that can have one are not told apart.
        let is_final = self.image.full_type(o.ext(0)).is_none_or(|t| t.is_final);
        let same = |c: &u32| !is_final || same_type(self.image.func_type(*c), ty);
        calls.extend(self.in_tables.iter().copied().filter(same).map(|c| (c, base)));
        Ok(())
    }
}

fn same_type(a: Option<FuncType<'_>>, b: Option<FuncType<'_>>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.params == b.params && a.results == b.results)
}
