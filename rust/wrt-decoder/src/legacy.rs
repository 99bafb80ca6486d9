// SPDX-License-Identifier: MIT
//! Exceptions as they were encoded before `try_table`: `try` with `catch`, `catch_all` or `delegate`, and `rethrow`
//! (exception-handling proposal, legacy/Exceptions.md).
//!
//! Within a `catch` the exception is an operand under all others of the block, where no instruction reaches it. So whoever
//! keeps track of operands keeps track of it, and `rethrow` finds it.

use crate::validate::Body;
use crate::{ControlKind, Fault, Sink};
use wrt_foundation::ValType;

impl<S: Sink> Body<'_, '_, '_, S> {
    /// Instruction `op`.
    pub(crate) fn legacy(&mut self, op: u8) -> Result<(), Fault> {
        match op {
            0x06 => self.block(ControlKind::LegacyTry),
            0x07 => {
                let tag = self.r.u32()?;
                self.catch(Some(tag))
            }
            0x09 => self.rethrow(),
            0x18 => self.delegate(),
            _ => self.catch(None),
        }
    }

    /// `catch` of exceptions with this tag, or `catch_all`: ends what is before it, as `else` does.
    fn catch(&mut self, tag: Option<u32>) -> Result<(), Fault> {
        let mut c = self.s.control(0).ok_or(Fault::MisplacedCatch)?;
        if !matches!(c.kind(), ControlKind::LegacyTry | ControlKind::Catch) {
            return Err(Fault::MisplacedCatch);
        }
        let results = self.ty(c.block_type)?.results;
        let values = match tag {
            Some(tag) => self.info.tag(tag).ok_or(Fault::UnknownTag)?.params,
            None => &[],
        };
        self.check_all(results)?;
        if !c.is_dead() {
            let results = if self.live { Some(results.len() as u32) } else { None };
            self.sink.legacy_part(&mut self.s, &mut c, results)?;
        }
        self.s.set_control(&c.turned(if tag.is_some() { ControlKind::Catch } else { ControlKind::CatchAll }));
        self.adopt();
        self.s.truncate(c.height, c.cell);
        self.s.push(ValType::EXNREF.non_null())?;
        self.push_all(values)?;
        if self.live {
            self.sink.legacy_catch(&mut self.s, tag, values.len() as u32)?;
        }
        Ok(())
    }

    fn rethrow(&mut self) -> Result<(), Fault> {
        let label = self.r.u32()?;
        let c = self.s.control(label).ok_or(Fault::UnknownLabel)?;
        if !matches!(c.kind(), ControlKind::Catch | ControlKind::CatchAll) {
            return Err(Fault::RethrowLabel);
        }
        if self.live {
            self.sink.rethrow(&mut self.s, c.height)?;
        }
        self.never();
        Ok(())
    }

    /// `delegate`, which is the `end` of its `try`. Its label is counted from outside of it.
    fn delegate(&mut self) -> Result<(), Fault> {
        let label = self.r.u32()?;
        let c = self.s.control(0).filter(|c| c.kind() == ControlKind::LegacyTry).ok_or(Fault::MisplacedCatch)?;
        let target = label.checked_add(1).and_then(|n| self.s.control(n)).ok_or(Fault::UnknownLabel)?;
        if !c.is_dead() {
            self.sink.delegate(&c, &target)?;
        }
        self.end()
    }
}
