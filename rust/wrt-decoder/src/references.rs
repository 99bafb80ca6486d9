// SPDX-License-Identifier: MIT
//! Instructions with an opcode of one byte that a build may lack: tail calls, typed function references, exceptions
//! (spec: core 3.4, 5.4).

use crate::validate::{Body, no_opcode};
use crate::{Catch, Control, ControlKind, Fault, FuncType, Sink};
use wrt_foundation::{Feature, ValType};

impl<'x, S: Sink> Body<'_, '_, 'x, S> {
    /// Instruction `op`.
    #[cold]
    #[inline(never)]
    pub(crate) fn other(&mut self, op: u8) -> Result<(), Fault> {
        let typed = (Feature::FunctionReferences, cfg!(feature = "function-references"));
        let tail = (Feature::TailCall, cfg!(feature = "tail-call"));
        let exceptions = (Feature::Exceptions, cfg!(feature = "exceptions"));
        let legacy = (Feature::LegacyExceptions, cfg!(feature = "legacy-exceptions"));
        let gc = (Feature::Gc, cfg!(feature = "gc"));
        let threads = (Feature::Threads, cfg!(feature = "threads"));
        let needs: &[_] = match op {
            0x12 | 0x13 => &[tail],
            0x14 | 0xd4..=0xd6 => &[typed],
            0x15 => &[typed, tail],
            0x08 | 0x0a | 0x1f => &[exceptions],
            0x06 | 0x07 | 0x09 | 0x18 | 0x19 => &[legacy, exceptions],
            0xd3 | 0xfb => &[gc],
            0xfe => &[threads],
            _ => return Err(no_opcode(op.into())),
        };
        for (feature, have) in needs {
            if !have {
                return Err(Fault::needs(*feature));
            }
            self.sink.uses(*feature);
        }
        // What this build does not have was refused above; here the compiler learns that it needs no code.
        match op {
            0x12 if tail.1 => self.return_call(),
            0x13 if tail.1 => self.return_call_indirect(),
            0x14 if typed.1 => self.call_ref(false),
            0x15 if typed.1 && tail.1 => self.call_ref(true),
            0xd4 if typed.1 => self.ref_as_non_null(),
            0xd5 if typed.1 => self.br_on_null(),
            0xd6 if typed.1 => self.br_on_non_null(),
            0xd3 if gc.1 => self.ref_eq(),
            0xfb if gc.1 => self.gc(false),
            #[cfg(feature = "threads")]
            0xfe => self.atomic(),
            0x08 if exceptions.1 => self.throw(),
            0x0a if exceptions.1 => self.throw_ref(),
            0x1f if exceptions.1 => self.try_table(),
            #[cfg(feature = "legacy-exceptions")]
            0x06 | 0x07 | 0x09 | 0x18 | 0x19 => self.legacy(op),
            _ => Err(Fault::Internal),
        }
    }

    // ---- tail calls --------------------------------------------------------------------------------------------

    /// What is called returns to where this function does.
    fn returns(&self, ty: &FuncType<'_>) -> Result<(), Fault> {
        if ty.results == self.results || self.all_match(ty.results, self.results) { Ok(()) } else { Err(Fault::TypeMismatch) }
    }
    fn return_call(&mut self) -> Result<(), Fault> {
        let func = self.r.u32()?;
        let ty = self.info.func_type(func).ok_or(Fault::UnknownFunction)?;
        self.check(ty.params, 0)?;
        self.returns(&ty)?;
        if self.live {
            self.sink.return_call(&mut self.s, func, &ty)?;
        }
        self.never();
        Ok(())
    }
    fn return_call_indirect(&mut self) -> Result<(), Fault> {
        let (index, table, ty, address) = self.indirect()?;
        let skip = self.index_of(address)?;
        self.check(ty.params, skip)?;
        self.returns(&ty)?;
        if self.live {
            self.sink.return_call_indirect(&mut self.s, index, table, &ty)?;
        }
        self.never();
        Ok(())
    }

    // ---- typed function references -----------------------------------------------------------------------------

    /// The reference on top, which is not removed, or the bottom of all in unreachable code.
    pub(crate) fn reference(&mut self) -> Result<ValType, Fault> {
        if self.have() == 0 {
            let ty = self.bottom()?;
            self.s.push(ty)?;
            return Ok(ValType::BOTTOM_REF);
        }
        match self.type_at(0) {
            ValType::BOTTOM => Ok(ValType::BOTTOM_REF),
            ty if ty.is_ref() => Ok(ty),
            _ => Err(Fault::TypeMismatch),
        }
    }
    fn call_ref(&mut self, tail: bool) -> Result<(), Fault> {
        let index = self.r.u32()?;
        let ty = self.info.ty(index).ok_or(Fault::UnknownType)?;
        let reference = self.info.reference(index, true).ok_or(Fault::UnknownType)?;
        let have = self.reference()?;
        if !self.info.matches(have, reference) {
            return Err(Fault::TypeMismatch);
        }
        self.check(ty.params, 1)?;
        if tail {
            self.returns(&ty)?;
        }
        if self.live {
            self.sink.call_ref(&mut self.s, &ty, tail)?;
        }
        if tail {
            self.never();
            return Ok(());
        }
        self.cut(1);
        self.cut(ty.params.len());
        self.push_all(ty.results)
    }
    fn ref_as_non_null(&mut self) -> Result<(), Fault> {
        let ty = self.reference()?;
        if self.live {
            self.sink.ref_as_non_null(&mut self.s)?;
        }
        self.retype(&[ty.non_null().bits()], 0);
        Ok(())
    }
    fn br_on_null(&mut self) -> Result<(), Fault> {
        let label = self.r.u32()?;
        let types = self.label(label)?;
        let ty = self.reference()?;
        self.check(types, 1)?;
        if self.live {
            self.sink.br_on_null(&self.info, &mut self.s, label, types.len() as u32)?;
        }
        if self.unreachable {
            self.cut(1);
            self.cut(types.len());
            self.push_all(types)?;
            return self.s.push(ty.non_null());
        }
        self.retype(types, 1);
        self.retype(&[ty.non_null().bits()], 0);
        Ok(())
    }
    fn br_on_non_null(&mut self) -> Result<(), Fault> {
        let label = self.r.u32()?;
        let types = self.label(label)?;
        let (last, others) = types.split_last().ok_or(Fault::TypeMismatch)?;
        let ty = self.reference()?;
        if !self.info.matches(ty.non_null(), ValType::from_bits(*last)) {
            return Err(Fault::TypeMismatch);
        }
        self.check(others, 1)?;
        if self.live {
            self.sink.br_on_non_null(&self.info, &mut self.s, label, types.len() as u32)?;
        }
        self.cut(1);
        if self.unreachable {
            self.cut(others.len());
            return self.push_all(others);
        }
        self.retype(others, 0);
        Ok(())
    }

    // ---- exceptions --------------------------------------------------------------------------------------------

    fn throw(&mut self) -> Result<(), Fault> {
        let tag = self.r.u32()?;
        let ty = self.info.tag(tag).ok_or(Fault::UnknownTag)?;
        self.check(ty.params, 0)?;
        if self.live {
            self.sink.throw(&self.info, &mut self.s, tag, ty.params.len() as u32)?;
        }
        self.never();
        Ok(())
    }
    fn throw_ref(&mut self) -> Result<(), Fault> {
        self.check(&[ValType::EXNREF.bits()], 0)?;
        if self.live {
            self.sink.throw_ref(&self.info, &mut self.s)?;
        }
        self.never();
        Ok(())
    }
    /// `try_table`: as `block`, but what its clauses push and where they go is checked first.
    fn try_table(&mut self) -> Result<(), Fault> {
        let block_type = self.block_type()?;
        let params = self.params(block_type)?;
        self.check(params, 0)?;
        let mut height = self.s.len().wrapping_sub(params.len() as u32);
        if self.unreachable {
            self.cut(params.len());
            height = self.s.len();
        }
        let cell = self.s.cell(height);
        let mut c = Control::new(ControlKind::Try, !self.live, height, cell, block_type);
        let n = self.r.count(u32::MAX, Fault::UnexpectedEnd)?;
        if self.live {
            self.sink.try_table(&self.info, &mut self.s, &mut c, n)?;
        }
        for _ in 0..n {
            let kind = self.r.byte()?;
            let (tag, values) = match kind {
                0 | 1 => {
                    let tag = self.r.u32()?;
                    (Some(tag), self.info.tag(tag).ok_or(Fault::UnknownTag)?.params)
                }
                2 | 3 => (None, &[][..]),
                _ => return Err(Fault::MalformedCatch),
            };
            let exception = kind & 1 != 0;
            let label = self.r.u32()?;
            let types = self.label(label)?;
            self.s.truncate(height, cell);
            self.push_all(values)?;
            if exception {
                self.s.push(ValType::EXNREF.non_null())?;
            }
            let given = self.s.len().wrapping_sub(height);
            let fits = given as usize == types.len()
                && self
                    .s
                    .range(types.len(), 0)
                    .unwrap_or(&[])
                    .iter()
                    .zip(types)
                    .all(|([have, ..], want)| self.info.matches(ValType::from_bits(*have), ValType::from_bits(*want)));
            if !fits {
                return Err(Fault::TypeMismatch);
            }
            if self.live {
                self.sink.catch(&self.info, &mut self.s, Catch { tag, exception }, label, given)?;
            }
        }
        self.s.truncate(height, cell);
        self.push_all(params)?;
        if self.live {
            self.sink.try_body(&mut c)?;
        }
        self.enter(&c)
    }
}
