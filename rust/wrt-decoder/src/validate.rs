// SPDX-License-Identifier: MIT
//! One pass over a function body or a constant expression: checks types and indexes and tells the sink.
//!
//! The algorithm is that of the specification's appendix (spec: core A.3). Where it pops and pushes the same types
//! again, the operands stay and keep their places; only in code that cannot be reached they are really pushed anew.

use crate::locals::Locals;
use crate::{Control, ControlKind, Fault, FuncType, Info, Operands, Reader, Sink};
use wrt_foundation::{ValType, limits};
use wrt_instructions::table::{ADDR, ELEM, Imm, row};

const I32: &[u32] = &[ValType::I32.bits()];

/// The state of one pass.
pub(crate) struct Body<'b, 's, 'x, S> {
    pub(crate) r: Reader<'b>,
    pub(crate) info: Info<'x>,
    pub(crate) locals: Locals<'x>,
    pub(crate) s: Operands<'s>,
    pub(crate) sink: &'x mut S,
    pub(crate) max_depth: u32,
    /// What `return` takes.
    results: &'x [u32],
    /// Of the innermost frame: operands below it.
    height: u32,
    /// Of the innermost frame: operands may be taken from an empty stack.
    unreachable: bool,
    /// The sink hears of what comes: neither unreachable nor in a block opened in unreachable code.
    live: bool,
}

impl<'b, 's, 'x, S: Sink> Body<'b, 's, 'x, S> {
    pub(crate) fn new(r: Reader<'b>, info: Info<'x>, locals: Locals<'x>, s: Operands<'s>, sink: &'x mut S) -> Self {
        Body { r, info, locals, s, sink, max_depth: 0, results: &[], height: 0, unreachable: false, live: true }
    }
    /// Opens the outermost frame, whose results `block_type` gives.
    pub(crate) fn open(&mut self, block_type: u32) -> Result<(), Fault> {
        self.results = self.ty(block_type)?.results;
        let cell = self.s.next_cell();
        let kind = ControlKind::Func;
        self.enter(Control { kind, unreachable: false, dead: false, height: 0, cell, block_type, user: [0; 6] })
    }

    fn ty(&self, block_type: u32) -> Result<FuncType<'x>, Fault> {
        self.info.block_type(block_type).ok_or(Fault::UnknownType)
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    /// The operands below the last `skip` ones have these types, the last type on top.
    fn check(&self, types: &[u32], skip: u32) -> Result<(), Fault> {
        let have = self.s.len().wrapping_sub(self.height).wrapping_sub(skip);
        let mut types = types;
        if have < types.len() as u32 {
            if !self.unreachable {
                return Err(Fault::TypeMismatch);
            }
            types = types.get(types.len().wrapping_sub(have as usize)..).unwrap_or(&[]);
        }
        let operands = self.s.last(types.len() as u32, skip).unwrap_or(&[]);
        for (operand, ty) in operands.iter().zip(types) {
            if operand[0] != *ty && operand[0] != ValType::BOTTOM.bits() {
                return Err(Fault::TypeMismatch);
            }
        }
        Ok(())
    }
    /// Removes `n` operands that have been checked.
    fn cut(&mut self, n: u32) {
        let n = if self.unreachable { n.min(self.s.len().wrapping_sub(self.height)) } else { n };
        self.s.cut(n);
    }
    fn push_all(&mut self, types: &[u32]) -> Result<(), Fault> {
        types.iter().try_for_each(|ty| self.s.push(ValType::from_bits(*ty)))
    }
    /// An `i32` is on top: how many operands to skip to look below it. In unreachable code it is removed already.
    fn index(&mut self) -> Result<u32, Fault> {
        self.check(I32, 0)?;
        if self.unreachable {
            self.cut(1);
            return Ok(0);
        }
        Ok(1)
    }

    // ---- control frames ----------------------------------------------------------------------------------------

    fn enter(&mut self, c: Control) -> Result<(), Fault> {
        self.s.push_control(c)?;
        self.max_depth = self.max_depth.max(self.s.depth());
        if self.s.depth() > limits::NESTING {
            return Err(Fault::TooDeep);
        }
        self.adopt(&c);
        Ok(())
    }
    /// `c` is the innermost frame now.
    fn adopt(&mut self, c: &Control) {
        self.height = c.height;
        self.unreachable = c.unreachable;
        self.live = !c.unreachable && !c.dead;
    }
    fn innermost(&self) -> Result<Control, Fault> {
        self.s.control(0).ok_or(Fault::UnexpectedEnd)
    }
    /// The types that a branch to label `n` takes.
    fn label(&self, n: u32) -> Result<&'x [u32], Fault> {
        let c = self.s.control(n).ok_or(Fault::UnknownLabel)?;
        let ty = self.ty(c.block_type)?;
        Ok(if c.kind == ControlKind::Loop { ty.params } else { ty.results })
    }
    /// The rest of the innermost block cannot be reached.
    fn never(&mut self) -> Result<(), Fault> {
        let c = Control { unreachable: true, ..self.innermost()? };
        self.s.set_control(0, c);
        self.s.truncate(c.height, c.cell);
        self.adopt(&c);
        Ok(())
    }
    fn block(&mut self, kind: ControlKind) -> Result<(), Fault> {
        let block_type = self.r.block_type()?;
        let params = self.ty(block_type)?.params;
        let skip = if kind == ControlKind::If { self.index()? } else { 0 };
        self.check(params, skip)?;
        let n = params.len() as u32;
        if self.unreachable {
            self.cut(n);
            let (height, cell) = (self.s.len(), self.s.next_cell());
            self.push_all(params)?;
            return self.enter(Control { kind, unreachable: false, dead: true, height, cell, block_type, user: [0; 6] });
        }
        let height = self.s.len().wrapping_sub(n).wrapping_sub(skip);
        let cell = self.s.cell(height);
        let mut c = Control { kind, unreachable: false, dead: !self.live, height, cell, block_type, user: [0; 6] };
        if self.live {
            self.sink.block(&self.info, &mut self.s, &mut c)?;
        }
        self.s.cut(skip);
        self.enter(c)
    }
    /// The operands of the frame are just `results`.
    fn check_all(&self, results: &[u32]) -> Result<(), Fault> {
        if self.s.len().wrapping_sub(self.height) > results.len() as u32 {
            return Err(Fault::TypeMismatch);
        }
        self.check(results, 0)
    }
    fn else_(&mut self) -> Result<(), Fault> {
        let mut c = self.innermost()?;
        if c.kind != ControlKind::If {
            return Err(Fault::MisplacedElse);
        }
        let ty = self.ty(c.block_type)?;
        self.check_all(ty.results)?;
        if !c.dead {
            self.sink.else_(&self.info, &mut self.s, &mut c, self.live)?;
        }
        c = Control { kind: ControlKind::Else, unreachable: false, ..c };
        self.s.set_control(0, c);
        self.adopt(&c);
        self.s.truncate(c.height, c.cell);
        self.push_all(ty.params)
    }
    /// `end` of a block; tells whether it was the outermost.
    fn end(&mut self) -> Result<bool, Fault> {
        let c = self.innermost()?;
        let ty = self.ty(c.block_type)?;
        self.check_all(ty.results)?;
        if c.kind == ControlKind::If && ty.params != ty.results {
            return Err(Fault::TypeMismatch);
        }
        let live = self.live;
        self.s.pop_control();
        if c.kind == ControlKind::Func {
            self.sink.func_end(&self.info, &mut self.s, &c, live)?;
            return Ok(true);
        }
        if !c.dead {
            self.sink.end(&self.info, &mut self.s, &c, live)?;
        }
        self.s.truncate(c.height, c.cell);
        self.push_all(ty.results)?;
        let outer = self.innermost()?;
        self.adopt(&outer);
        Ok(false)
    }
    fn br_table(&mut self) -> Result<(), Fault> {
        let n = self.r.count(u32::MAX, Fault::UnexpectedEnd)?;
        let skip = self.index()?;
        let first = self.label(self.r.clone().u32()?)?;
        let arity = first.len() as u32;
        self.check(first, skip)?;
        if self.live {
            self.sink.br_table(&self.info, &mut self.s, n, arity)?;
        }
        for _ in 0..=n {
            let label = self.r.u32()?;
            let types = self.label(label)?;
            if types.len() as u32 != arity {
                return Err(Fault::TypeMismatch);
            }
            self.check(types, skip)?;
            if self.live {
                self.sink.br_table_label(&self.info, &mut self.s, label, arity)?;
            }
        }
        if self.live {
            self.sink.br_table_end(&self.info, &mut self.s, arity)?;
        }
        self.never()
    }

    // ---- instructions ------------------------------------------------------------------------------------------

    /// The body of a function, to its end.
    pub(crate) fn run(&mut self) -> Result<(), Fault> {
        loop {
            let at = self.r.pos();
            let op = self.r.byte().map_err(|_| Fault::EndExpected)?;
            match op {
                0x0b => {
                    if self.end()? {
                        return if self.r.is_empty() { Ok(()) } else { Err(Fault::EndExpected) };
                    }
                    continue;
                }
                0x05 => {
                    self.else_()?;
                    continue;
                }
                _ => self.sink.instruction(at)?,
            }
            match op {
                0x00 => {
                    if self.live {
                        self.sink.unreachable(&mut self.s)?;
                    }
                    self.never()?;
                }
                0x01 => {}
                0x02 => self.block(ControlKind::Block)?,
                0x03 => self.block(ControlKind::Loop)?,
                0x04 => self.block(ControlKind::If)?,
                0x0c => {
                    let label = self.r.u32()?;
                    let types = self.label(label)?;
                    self.check(types, 0)?;
                    if self.live {
                        self.sink.br(&self.info, &mut self.s, label, types.len() as u32)?;
                    }
                    self.never()?;
                }
                0x0d => {
                    let label = self.r.u32()?;
                    let types = self.label(label)?;
                    let skip = self.index()?;
                    self.check(types, skip)?;
                    if self.live {
                        self.sink.br_if(&self.info, &mut self.s, label, types.len() as u32)?;
                    }
                    self.s.cut(skip);
                    if self.unreachable {
                        self.cut(types.len() as u32);
                        self.push_all(types)?;
                    }
                }
                0x0e => self.br_table()?,
                0x0f => {
                    self.check(self.results, 0)?;
                    if self.live {
                        self.sink.return_(&self.info, &mut self.s, self.results.len() as u32)?;
                    }
                    self.never()?;
                }
                0x10 => {
                    let func = self.r.u32()?;
                    let ty = self.info.func_type(func).ok_or(Fault::UnknownFunction)?;
                    self.check(ty.params, 0)?;
                    if self.live {
                        self.sink.call(&self.info, &mut self.s, func)?;
                    }
                    self.cut(ty.params.len() as u32);
                    self.push_all(ty.results)?;
                }
                0x11 => self.call_indirect()?,
                0x1a => {
                    if self.s.len() == self.height {
                        self.bottom()?;
                    } else {
                        if self.live {
                            self.sink.drop(&mut self.s)?;
                        }
                        self.s.cut(1);
                    }
                }
                0x1b => self.select(None)?,
                0x1c => {
                    if self.r.u32()? != 1 {
                        return Err(Fault::ResultArity);
                    }
                    let ty = self.r.val_type()?;
                    self.select(Some(ty))?;
                }
                0x20 => {
                    let local = self.r.u32()?;
                    let (ty, cell) = self.locals.get(local)?;
                    self.s.push(ty)?;
                    if self.live {
                        self.sink.local_get(&mut self.s, cell)?;
                    }
                }
                0x21 => {
                    let local = self.r.u32()?;
                    let (ty, cell) = self.locals.get(local)?;
                    self.check(&[ty.bits()], 0)?;
                    if self.live {
                        self.sink.local_set(&mut self.s, cell)?;
                    }
                    self.cut(1);
                }
                0x22 => {
                    let local = self.r.u32()?;
                    let (ty, cell) = self.locals.get(local)?;
                    self.check(&[ty.bits()], 0)?;
                    if self.live {
                        self.sink.local_tee(&mut self.s, cell)?;
                    } else {
                        self.cut(1);
                        self.s.push(ty)?;
                    }
                }
                0x23 => {
                    let global = self.r.u32()?;
                    let ty = self.info.global(global).ok_or(Fault::UnknownGlobal)?;
                    self.global_get(global, ty.ty)?;
                }
                0x24 => {
                    let global = self.r.u32()?;
                    let ty = self.info.global(global).ok_or(Fault::UnknownGlobal)?;
                    if !ty.mutable {
                        return Err(Fault::GlobalIsImmutable);
                    }
                    self.check(&[ty.ty.bits()], 0)?;
                    if self.live {
                        self.sink.global_set(&self.info, &mut self.s, global)?;
                    }
                    self.cut(1);
                }
                0x41..=0x44 | 0xd0 => self.constant(op)?,
                0xd1 => self.ref_is_null()?,
                0xd2 => {
                    let func = self.r.u32()?;
                    if func >= self.info.funcs() {
                        return Err(Fault::UnknownFunction);
                    }
                    if !self.info.declared(func) {
                        return Err(Fault::UndeclaredFunction);
                    }
                    self.ref_func(func)?;
                }
                0xfc => {
                    let sub = self.r.u32()?;
                    self.plain(0xfc00 | sub.min(0xff) as u16)?;
                }
                _ => self.plain(op as u16)?,
            }
        }
    }

    /// A constant expression, to its end. Returns the function that it refers to.
    pub(crate) fn run_const(&mut self) -> Result<Option<u32>, Fault> {
        let mut declared = None;
        loop {
            match self.r.byte()? {
                0x0b => return self.check_all(self.results).map(|()| declared),
                op @ (0x41..=0x44 | 0xd0) => self.constant(op)?,
                0x23 => {
                    let global = self.r.u32()?;
                    if global >= self.info.imported_globals() {
                        return Err(Fault::UnknownGlobal);
                    }
                    let ty = self.info.global(global).ok_or(Fault::UnknownGlobal)?;
                    if ty.mutable {
                        return Err(Fault::ConstantRequired);
                    }
                    self.global_get(global, ty.ty)?;
                }
                0xd2 => {
                    let func = self.r.u32()?;
                    if func >= self.info.funcs() {
                        return Err(Fault::UnknownFunction);
                    }
                    declared = Some(func);
                    self.ref_func(func)?;
                }
                0x6a..=0x6c | 0x7c..=0x7e => return Err(Fault::NeedsExtendedConst),
                0x00..=0x05 | 0x0c..=0x11 | 0x1a..=0x1c | 0x20..=0x24 | 0xd1 | 0xfc => return Err(Fault::ConstantRequired),
                op if row(op as u16).is_some() => return Err(Fault::ConstantRequired),
                op => return Err(no_opcode(op as u16)),
            }
        }
    }

    /// An operand is taken from an empty stack: allowed in unreachable code only.
    fn bottom(&self) -> Result<ValType, Fault> {
        if self.unreachable { Ok(ValType::BOTTOM) } else { Err(Fault::TypeMismatch) }
    }
    fn global_get(&mut self, global: u32, ty: ValType) -> Result<(), Fault> {
        self.s.push(ty)?;
        if self.live { self.sink.global_get(&self.info, &mut self.s, global) } else { Ok(()) }
    }
    fn ref_func(&mut self, func: u32) -> Result<(), Fault> {
        self.s.push(ValType::FUNCREF)?;
        if self.live { self.sink.ref_func(&mut self.s, func) } else { Ok(()) }
    }
    /// `i32.const` to `f64.const` and `ref.null`.
    fn constant(&mut self, op: u8) -> Result<(), Fault> {
        let (ty, bits) = match op {
            0x41 => (ValType::I32, self.r.i32()? as u32 as u64),
            0x42 => (ValType::I64, self.r.i64()? as u64),
            0x43 | 0x44 if !cfg!(feature = "float") => return Err(Fault::NeedsFloat),
            0x43 => (ValType::F32, u32::from_le_bytes(self.r.array()?) as u64),
            0x44 => (ValType::F64, u64::from_le_bytes(self.r.array()?)),
            _ => (self.r.ref_type()?, 0),
        };
        self.s.push(ty)?;
        if self.live { self.sink.constant(&mut self.s, bits) } else { Ok(()) }
    }
    fn call_indirect(&mut self) -> Result<(), Fault> {
        let (index, table) = (self.r.u32()?, self.r.u32()?);
        if self.info.table(table).ok_or(Fault::UnknownTable)?.elem != ValType::FUNCREF {
            return Err(Fault::TypeMismatch);
        }
        let ty = self.info.ty(index).ok_or(Fault::UnknownType)?;
        let skip = self.index()?;
        self.check(ty.params, skip)?;
        if self.live {
            self.sink.call_indirect(&self.info, &mut self.s, index, table)?;
        }
        self.cut(skip.wrapping_add(ty.params.len() as u32));
        self.push_all(ty.results)
    }
    /// `select`, with the type that it names.
    fn select(&mut self, named: Option<ValType>) -> Result<(), Fault> {
        let skip = self.index()?;
        let ty = match named {
            Some(ty) => ty,
            None => {
                let have = self.s.len().wrapping_sub(self.height).wrapping_sub(skip);
                let one = if have > 0 { self.s.top(skip).map_or(ValType::BOTTOM, |o| o.ty) } else { self.bottom()? };
                let below = skip.wrapping_add(1);
                let two = if have > 1 { self.s.top(below).map_or(ValType::BOTTOM, |o| o.ty) } else { self.bottom()? };
                let ty = if one == ValType::BOTTOM { two } else { one };
                if ty.is_ref() {
                    return Err(Fault::TypeMismatch);
                }
                ty
            }
        };
        if ty != ValType::BOTTOM {
            self.check(&[ty.bits(), ty.bits()], skip)?;
        }
        if self.live {
            self.sink.select(&mut self.s, ty)?;
        }
        self.cut(skip.wrapping_add(2));
        self.s.push(ty)
    }
    fn ref_is_null(&mut self) -> Result<(), Fault> {
        let have = self.s.len().wrapping_sub(self.height);
        let ty = if have > 0 { self.s.top(0).map_or(ValType::BOTTOM, |o| o.ty) } else { self.bottom()? };
        if !ty.is_ref() && ty != ValType::BOTTOM {
            return Err(Fault::TypeMismatch);
        }
        if self.live {
            self.sink.ref_is_null(&mut self.s)?;
        }
        self.cut(1);
        self.s.push(ValType::I32)
    }

    fn memory(&mut self) -> Result<(), Fault> {
        if self.r.byte()? != 0 {
            return Err(Fault::ZeroByteExpected);
        }
        if self.info.memories() == 0 { Err(Fault::UnknownMemory) } else { Ok(()) }
    }
    fn table(&mut self) -> Result<(u32, u32), Fault> {
        let table = self.r.u32()?;
        let ty = self.info.table(table).ok_or(Fault::UnknownTable)?;
        Ok((table, ty.elem.bits()))
    }
    fn elem(&self, i: u32) -> Result<u32, Fault> {
        self.info.elem_type(i).map(ValType::bits).ok_or(Fault::UnknownElem)
    }
    /// An instruction that has a row in the table.
    fn plain(&mut self, op: u16) -> Result<(), Fault> {
        let Some(row) = row(op) else { return Err(no_opcode(op)) };
        let (mut x, mut y, mut elem) = (0, 0, 0);
        match row.imm {
            Imm::None => {}
            Imm::MemArg(natural) => {
                let align = self.r.u32()?;
                y = self.r.u32()?;
                if align >= 32 {
                    return Err(Fault::MalformedMemopFlags);
                }
                if self.info.memories() == 0 {
                    return Err(Fault::UnknownMemory);
                }
                if align > natural as u32 {
                    return Err(Fault::AlignmentTooLarge);
                }
            }
            Imm::Memory => self.memory()?,
            Imm::Memory2 => {
                self.memory()?;
                self.memory()?;
            }
            Imm::DataMemory => {
                x = self.r.u32()?;
                self.memory()?;
                self.info.data(x)?;
            }
            Imm::Data => {
                x = self.r.u32()?;
                self.info.data(x)?;
            }
            Imm::Table => (x, elem) = self.table()?,
            Imm::Table2 => {
                (x, elem) = self.table()?;
                let (from, ty) = self.table()?;
                if ty != elem {
                    return Err(Fault::TypeMismatch);
                }
                y = from;
            }
            Imm::ElemTable => {
                x = self.r.u32()?;
                (y, elem) = self.table()?;
                if self.elem(x)? != elem {
                    return Err(Fault::TypeMismatch);
                }
            }
            Imm::Elem => {
                x = self.r.u32()?;
                self.elem(x)?;
            }
        }
        if !cfg!(feature = "float") && (is_float(row.push) || row.pops.iter().any(|ty| is_float(*ty))) {
            return Err(Fault::NeedsFloat);
        }
        let real = |code: u8| match code {
            ELEM => elem,
            ADDR => ValType::I32.bits(),
            code => code as u32,
        };
        let pops = row.pops.map(real);
        let n = row.pops.iter().take_while(|ty| **ty != 0).count();
        self.check(pops.get(..n).unwrap_or(&[]), 0)?;
        let result = if row.push != 0 { Some(ValType::from_bits(real(row.push))) } else { None };
        if self.live {
            self.sink.plain(&self.info, &mut self.s, op, x, y as u64, n as u32, result)?;
        }
        self.cut(n as u32);
        match result {
            Some(ty) => self.s.push(ty),
            None => Ok(()),
        }
    }
}

fn is_float(code: u8) -> bool {
    ValType::from_bits(code as u32).is_float()
}

/// Why there is no such opcode: which proposal it belongs to, if any.
#[cold]
fn no_opcode(op: u16) -> Fault {
    match op {
        0x06..=0x0a | 0x18 | 0x19 | 0x1f => Fault::NeedsExceptions,
        0x12 | 0x13 => Fault::NeedsTailCall,
        0x14 | 0x15 | 0xd4..=0xd6 => Fault::NeedsFunctionReferences,
        0xd3 | 0xfb => Fault::NeedsGc,
        0xfd => Fault::NeedsSimd,
        0xfe => Fault::NeedsThreads,
        0xfc13..=0xfc16 => Fault::NeedsWideArithmetic,
        _ => Fault::IllegalOpcode,
    }
}
