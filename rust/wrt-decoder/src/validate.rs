// SPDX-License-Identifier: MIT
//! One pass over a function body or a constant expression: checks types and indexes and tells the sink.
//!
//! The algorithm is that of the specification's appendix (spec: core A.3). Where it pops and pushes the same types
//! again, the operands stay and keep their places; only in code that cannot be reached they are really pushed anew.

use crate::locals::Locals;
use crate::operand::OPERAND;
use crate::{Control, ControlKind, Fault, FuncType, Info, Operands, Reader, Sink};
use wrt_foundation::{ValType, limits};
use wrt_instructions::table::{ADDR, ELEM, Imm, Row, row};

// A row of the instruction table in one word: immediates in bits 3:0, types of the operands in bits 10:4, 17:11 and 24:18,
// of the result in bits 31:25. All memories and tables have 32-bit addresses.
const NONE: u32 = 0;
const MEM_ARG: u32 = 1;
const MEMORY: u32 = 5;
const MEMORY2: u32 = 6;
const DATA_MEMORY: u32 = 7;
const DATA: u32 = 8;
const TABLE: u32 = 9;
const TABLE2: u32 = 10;
const ELEM_TABLE: u32 = 11;
const ELEMENTS: u32 = 12;
/// Not an immediate: the instruction is about floats and this build has none.
const NO_FLOAT: u32 = 13;
/// Not a row: the opcode goes on.
const PREFIX: u32 = 14;
/// The type that marks an operand or result of the element type.
const ELEMENT: u32 = ELEM as u32;

const fn is_float(code: u8) -> bool {
    ValType::from_bits(code as u32).is_float()
}

const fn pack(row: &Row) -> u32 {
    const fn ty(code: u8) -> u32 {
        if code == ADDR { ValType::I32.bits() } else { code as u32 }
    }
    let imm = match row.imm {
        Imm::None => NONE,
        Imm::MemArg(natural) => MEM_ARG + natural as u32,
        Imm::Memory => MEMORY,
        Imm::Memory2 => MEMORY2,
        Imm::DataMemory => DATA_MEMORY,
        Imm::Data => DATA,
        Imm::Table => TABLE,
        Imm::Table2 => TABLE2,
        Imm::ElemTable => ELEM_TABLE,
        Imm::Elem => ELEMENTS,
    };
    let [a, b, c] = row.pops;
    if !cfg!(feature = "float") && (is_float(a) || is_float(b) || is_float(c) || is_float(row.push)) {
        return NO_FLOAT;
    }
    imm | ty(a) << 4 | ty(b) << 11 | ty(c) << 18 | ty(row.push) << 25
}

/// The packed rows of the opcodes of one byte (0 where there is none), then of those that begin with 0xfc.
static ROWS: [u32; 256 + 18] = {
    let mut rows = [0; 256 + 18];
    let mut i = 0;
    while i < rows.len() {
        if let Some(row) = row(if i < 256 { i as u16 } else { 0xfc00 + (i as u16 - 256) }) {
            rows[i] = pack(row);
        }
        i += 1;
    }
    rows[0xfc] = PREFIX;
    rows
};

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
    /// Of the innermost frame: word of its first operand.
    base: usize,
    /// Of the innermost frame: operands may be taken from an empty stack.
    unreachable: bool,
    /// The sink hears of what comes: neither unreachable nor in a block opened in unreachable code.
    live: bool,
}

impl<'b, 's, 'x, S: Sink> Body<'b, 's, 'x, S> {
    pub(crate) fn new(r: Reader<'b>, info: Info<'x>, locals: Locals<'x>, s: Operands<'s>, sink: &'x mut S) -> Self {
        Body { r, info, locals, s, sink, max_depth: 0, results: &[], base: 0, unreachable: false, live: true }
    }
    /// Opens the outermost frame, whose results `block_type` gives.
    pub(crate) fn open(&mut self, block_type: u32) -> Result<(), Fault> {
        self.results = self.ty(block_type)?.results;
        let cell = self.s.next_cell();
        let kind = ControlKind::Func;
        self.enter(Control { kind, unreachable: false, dead: false, height: 0, cell, block_type, user: [0; 6] })
    }

    #[inline]
    fn ty(&self, block_type: u32) -> Result<FuncType<'x>, Fault> {
        if block_type == u32::MAX {
            return Ok(FuncType { params: &[], results: &[] });
        }
        self.info.block_type(block_type).ok_or(Fault::UnknownType)
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    /// Operands of the innermost frame.
    #[inline]
    fn have(&self) -> u32 {
        (self.s.end().wrapping_sub(self.base) / OPERAND) as u32
    }
    /// The operands below the last `skip` ones have these types, the last type on top.
    #[inline]
    fn check(&self, types: &[u32], skip: u32) -> Result<(), Fault> {
        if types.is_empty() { Ok(()) } else { self.check_some(types, skip) }
    }
    #[inline(never)]
    fn check_some(&self, types: &[u32], skip: u32) -> Result<(), Fault> {
        let have = self.have().wrapping_sub(skip);
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
    /// The last operand has this type.
    #[inline]
    fn check_top(&self, ty: ValType) -> Result<(), Fault> {
        let mut peek = self.s.peek();
        if peek.next_is(ty.bits()) && peek.left() >= self.base { Ok(()) } else { self.check_some(&[ty.bits()], 0) }
    }
    /// Removes `n` operands that have been checked.
    fn cut(&mut self, n: u32) {
        self.s.cut(n, self.base);
    }
    fn push_all(&mut self, types: &[u32]) -> Result<(), Fault> {
        types.iter().try_for_each(|ty| self.s.push(ValType::from_bits(*ty)))
    }
    /// An `i32` is on top: how many operands to skip to look below it. In unreachable code it is removed already.
    fn index(&mut self) -> Result<u32, Fault> {
        self.check_top(ValType::I32)?;
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
        self.base = (c.height as usize).wrapping_mul(OPERAND);
        self.unreachable = false;
        self.live = !c.dead;
        Ok(())
    }
    /// Another frame is the innermost now, or it has changed.
    fn adopt(&mut self) {
        if let Some((base, unreachable, dead)) = self.s.innermost() {
            self.base = base;
            self.unreachable = unreachable;
            self.live = !unreachable && !dead;
        }
    }
    /// The types that a branch to label `n` takes.
    fn label(&self, n: u32) -> Result<&'x [u32], Fault> {
        let (is_loop, block_type) = self.s.label(n).ok_or(Fault::UnknownLabel)?;
        let ty = self.ty(block_type)?;
        Ok(if is_loop { ty.params } else { ty.results })
    }
    /// The rest of the innermost block cannot be reached.
    fn never(&mut self) {
        self.s.never();
        self.unreachable = true;
        self.live = false;
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
        self.cut(skip);
        self.enter(c)
    }
    /// The operands of the frame are just `results`.
    fn check_all(&self, results: &[u32]) -> Result<(), Fault> {
        if self.have() > results.len() as u32 {
            return Err(Fault::TypeMismatch);
        }
        self.check(results, 0)
    }
    fn else_(&mut self) -> Result<(), Fault> {
        let mut c = self.s.control(0).ok_or(Fault::MisplacedElse)?;
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
        self.adopt();
        self.s.truncate(c.height, c.cell);
        self.push_all(ty.params)
    }
    /// `end` of a block; tells whether it was the outermost.
    fn end(&mut self) -> Result<bool, Fault> {
        let c = self.s.pop_control().ok_or(Fault::EndExpected)?;
        let ty = self.ty(c.block_type)?;
        self.check_all(ty.results)?;
        if c.kind == ControlKind::If && ty.params != ty.results {
            return Err(Fault::TypeMismatch);
        }
        let live = self.live;
        if c.kind == ControlKind::Func {
            self.sink.func_end(&self.info, &mut self.s, &c, live)?;
            return Ok(true);
        }
        if !c.dead {
            self.sink.end(&self.info, &mut self.s, &c, live)?;
        }
        self.s.truncate(c.height, c.cell);
        self.push_all(ty.results)?;
        self.adopt();
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
        self.never();
        Ok(())
    }

    // ---- instructions ------------------------------------------------------------------------------------------

    /// The body of a function, to its end.
    pub(crate) fn run(&mut self) -> Result<(), Fault> {
        loop {
            let at = self.r.pos();
            let op = self.r.byte().map_err(|_| Fault::EndExpected)?;
            let packed = ROWS[op as usize];
            if packed != 0 {
                self.sink.instruction(at)?;
                self.plain(op as u16, packed)?;
                continue;
            }
            if op != 0x0b && op != 0x05 {
                self.sink.instruction(at)?;
            }
            match op {
                0x0b => {
                    if self.end()? {
                        return if self.r.is_empty() { Ok(()) } else { Err(Fault::EndExpected) };
                    }
                }
                0x05 => self.else_()?,
                0x00 => {
                    if self.live {
                        self.sink.unreachable(&mut self.s)?;
                    }
                    self.never();
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
                    self.never();
                }
                0x0d => {
                    let label = self.r.u32()?;
                    let types = self.label(label)?;
                    let skip = self.index()?;
                    self.check(types, skip)?;
                    if self.live {
                        self.sink.br_if(&self.info, &mut self.s, label, types.len() as u32)?;
                    }
                    self.cut(skip);
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
                    self.never();
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
                    if self.have() == 0 {
                        self.bottom()?;
                    } else {
                        if self.live {
                            self.sink.drop(&mut self.s)?;
                        }
                        self.cut(1);
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
                    self.check_top(ty)?;
                    if self.live {
                        self.sink.local_set(&mut self.s, cell)?;
                    }
                    self.cut(1);
                }
                0x22 => {
                    let local = self.r.u32()?;
                    let (ty, cell) = self.locals.get(local)?;
                    self.check_top(ty)?;
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
                    self.check_top(ty.ty)?;
                    if self.live {
                        self.sink.global_set(&self.info, &mut self.s, global)?;
                    }
                    self.cut(1);
                }
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
                0x41 => {
                    let bits = self.r.i32()? as u32;
                    self.s.push(ValType::I32)?;
                    if self.live {
                        self.sink.constant(&mut self.s, bits as u64)?;
                    }
                }
                0x42..=0x44 | 0xd0 => self.constant(op)?,
                _ => return Err(no_opcode(op as u16)),
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
                0x00..=0x05 | 0x0c..=0x11 | 0x1a..=0x1c | 0x20..=0x24 | 0xd1 => return Err(Fault::ConstantRequired),
                op if ROWS[op as usize] != 0 => return Err(Fault::ConstantRequired),
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
                let have = self.have().wrapping_sub(skip);
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
        let have = self.have();
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
    #[inline(always)]
    fn plain(&mut self, mut op: u16, mut row: u32) -> Result<(), Fault> {
        let (mut x, mut y, mut elem) = (0, 0, 0);
        match row & 0xf {
            NONE => {}
            natural @ MEM_ARG..MEMORY => {
                let align = self.r.u32()?;
                y = self.r.u32()?;
                if align >= 32 {
                    return Err(Fault::MalformedMemopFlags);
                }
                if self.info.memories() == 0 {
                    return Err(Fault::UnknownMemory);
                }
                if align > natural.wrapping_sub(MEM_ARG) {
                    return Err(Fault::AlignmentTooLarge);
                }
            }
            _ => {
                if row == PREFIX {
                    (op, row) = self.prefixed()?;
                }
                (x, y, elem) = self.indexes(row & 0xf)?;
            }
        }
        let ty = |shift: u32| match row >> shift & 0x7f {
            ELEMENT => elem,
            ty => ty,
        };
        let mut peek = self.s.peek();
        let (at, cell) = if peek.next_is(ty(18)) && peek.next_is(ty(11)) && peek.next_is(ty(4)) && peek.left() >= self.base {
            (peek.left(), peek.cell)
        } else {
            self.check_unreachable([ty(4), ty(11), ty(18)])?
        };
        let result = if row >> 25 != 0 { Some(ValType::from_bits(ty(25))) } else { None };
        if self.live {
            let n = (self.s.end().wrapping_sub(at) / OPERAND) as u32;
            self.sink.plain(&self.info, &mut self.s, op, x, y as u64, n, result)?;
        }
        self.s.cut_to(at, cell);
        match result {
            Some(ty) => self.s.push(ty),
            None => Ok(()),
        }
    }
    /// The rest of an opcode that begins with 0xfc.
    fn prefixed(&mut self) -> Result<(u16, u32), Fault> {
        let sub = self.r.u32()?;
        let op = 0xfc00 | sub.min(0xff) as u16;
        match ROWS.get((sub as usize).saturating_add(256)) {
            Some(row) => Ok((op, *row)),
            None => Err(no_opcode(op)),
        }
    }
    /// Index immediates, and the element type that operands refer to.
    fn indexes(&mut self, imm: u32) -> Result<(u32, u32, u32), Fault> {
        let (mut x, mut y, mut elem) = (0, 0, 0);
        match imm {
            NONE => {}
            MEMORY => self.memory()?,
            MEMORY2 => {
                self.memory()?;
                self.memory()?;
            }
            DATA_MEMORY => {
                x = self.r.u32()?;
                self.memory()?;
                self.info.data(x)?;
            }
            DATA => {
                x = self.r.u32()?;
                self.info.data(x)?;
            }
            TABLE => (x, elem) = self.table()?,
            TABLE2 => {
                (x, elem) = self.table()?;
                let (from, ty) = self.table()?;
                if ty != elem {
                    return Err(Fault::TypeMismatch);
                }
                y = from;
            }
            ELEM_TABLE => {
                x = self.r.u32()?;
                (y, elem) = self.table()?;
                if self.elem(x)? != elem {
                    return Err(Fault::TypeMismatch);
                }
            }
            ELEMENTS => {
                x = self.r.u32()?;
                self.elem(x)?;
            }
            _ => return Err(Fault::NeedsFloat),
        }
        Ok((x, y, elem))
    }
    /// The operands are not `types` (0: none), but in unreachable code some may be missing. Word and cell where those
    /// that are there begin.
    #[cold]
    #[inline(never)]
    fn check_unreachable(&self, types: [u32; 3]) -> Result<(usize, u32), Fault> {
        let n = types.iter().take_while(|ty| **ty != 0).count();
        self.check(types.get(..n).unwrap_or(&[]), 0)?;
        let left = self.s.len().wrapping_sub(self.have().min(n as u32));
        Ok(((left as usize).wrapping_mul(OPERAND), self.s.cell(left)))
    }
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
