// SPDX-License-Identifier: MIT
//! What the translator makes of `try`, `catch`, `catch_all`, `delegate` and `rethrow`, the old encoding of exceptions.
//!
//! A [`op::TRY`] without clauses stands where the body begins, so that the table of handlers is sorted as it is. Its clauses
//! are a list: each stands in front of its part, in the words of a `TRY` that is never executed, because what comes before
//! jumps over it or does not end. Within the part the exception is the operand under all others ([`wrt_decoder`] pushed it).

use super::*;
use crate::op::{DELEGATE, LEGACY_TRY, extended::THROW_REF};

/// Words of a clause after its first two: the tag + 1 or 0, the frame's cell for exception and values, the next clause or 0.
const CLAUSE: u32 = 3;

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// The body of a `try` begins; `control` is that of a block.
    pub(super) fn legacy_try(&mut self, control: &mut Control) {
        let at = self.w.pos;
        let clauses = at.wrapping_add(6);
        self.w.put2([word16(op::TRY, 0, LEGACY_TRY), LEGACY_TRY]);
        self.w.put2([self.enclosing_try, clauses.wrapping_add(1)]);
        self.w.put2([0, self.last_try]);
        self.w.put(0);
        control.user[SKIPS] = at;
        control.user[RUN] = clauses;
        (self.enclosing_try, self.last_try) = (at, at);
        self.handlers = self.handlers.wrapping_add(1);
        self.last.end = NOWHERE;
    }
    /// A `catch` ends the body, or the part after another one.
    pub(super) fn legacy_part_end(&mut self, s: &mut Operands<'_>, control: &mut Control, results: Option<u32>) -> Done {
        if let Some(arity) = results {
            self.settle_many(s, arity, 0);
            self.moves(s, control.cell, arity, 0);
            self.w.put(word(if self.far { op::BR_FAR } else { op::BR }, 0, 0, 0));
            control.user[EXITS] = self.site(control.user[EXITS])?;
        }
        if control.kind() == ControlKind::LegacyTry {
            self.try_end(control);
        }
        self.live = true;
        self.last.end = NOWHERE;
        Ok(())
    }
    /// The part after a `catch` begins, with the exception and its `arity` values on the stack.
    pub(super) fn legacy_clause(&mut self, s: &mut Operands<'_>, tag: Option<u32>, arity: u32) -> Done {
        let n = arity.wrapping_add(1);
        let (at, whole) = self.thrown_place(s, n);
        let (_, _, user) = s.target(0).ok_or(Fault::Internal)?;
        let clause = self.w.pos;
        self.w.set(user[RUN], clause);
        user[RUN] = clause.wrapping_add(4);
        self.w.put2([word16(op::TRY, 0, CLAUSE), CLAUSE]);
        self.w.put2([tag.map_or(0, |tag| tag.wrapping_add(1)), at]);
        self.w.put(0);
        // Everything before is charged by then.
        self.run_length = 0;
        self.thrown(s, n, at, whole);
        Ok(())
    }
    /// Throws the exception that is operand `i`, counted from the bottom, once more.
    pub(super) fn throw_operand(&mut self, s: &Operands<'_>, i: u32) -> Done {
        let cell = s.get(i).ok_or(Fault::Internal)?.cell();
        let at = self.lies(cell, 1);
        self.w.put2([extended::extended(THROW_REF, at), self.run_length]);
        self.live = false;
        Ok(())
    }
    /// Who throws in the body of a `try` goes on looking at `target`.
    pub(super) fn legacy_delegate(&mut self, control: &Control, target: &Control) {
        let to = match target.kind() {
            ControlKind::Try | ControlKind::LegacyTry => target.user[SKIPS],
            _ => target.user[ENCLOSING],
        };
        self.w.set(control.user[RUN], to | DELEGATE);
    }
}
