// SPDX-License-Identifier: MIT
//! One pass over a function body or a constant expression: checks types and indexes and tells the sink.
//!
//! The algorithm is that of the specification's appendix (spec: core A.3). Where it pops and pushes the same types
//! again, the operands stay and keep their places; only in code that cannot be reached they are really pushed anew.

use crate::info::WIDE;
use crate::locals::{Local, Locals};
use crate::reader::signed;
use crate::types::TYPED;
use crate::{Control, ControlKind, Fault, FuncType, Info, Operands, Reader, Sink};
#[cfg(feature = "wide-arithmetic")]
use wrt_foundation::Feature;
use wrt_foundation::{ValType, limits};
use wrt_instructions::table::{ADDR, ELEM, Imm, Row, row};

// A word for each opcode: in bits 4:0 which function below it is for, in bit 31 whether it counts as an instruction, and
// for those that have a row in the table what that function asks for.
//
// | class | 7:5 | 11:8 | 15:12 | 30:16 |
// |---|---|---|---|---|
// | `UNARY`, `BINARY`: operands of one type, one result | | cells of the result | | type of the result, of the operands |
// | `LOAD`, `STORE` | natural alignment | cells of the result | | type of the result, of the value stored |
// | `PLAIN`: all others | | | immediates | 3 bits for each operand and the result |
const END: u32 = 0;
const ELSE: u32 = 1;
const UNARY: u32 = 2;
const BINARY: u32 = 3;
const LOAD: u32 = 4;
const STORE: u32 = 5;
const PLAIN: u32 = 6;
const LOCAL_GET: u32 = 7;
const LOCAL_SET: u32 = 8;
const LOCAL_TEE: u32 = 9;
const I32_CONST: u32 = 10;
const CONST: u32 = 11;
const BLOCK: u32 = 12;
const LOOP: u32 = 13;
const IF: u32 = 14;
const BR: u32 = 15;
const BR_IF: u32 = 16;
const BR_TABLE: u32 = 17;
const RETURN: u32 = 18;
const CALL: u32 = 19;
const CALL_INDIRECT: u32 = 20;
const UNREACHABLE: u32 = 21;
const NOP: u32 = 22;
const DROP: u32 = 23;
const SELECT: u32 = 24;
const SELECT_TYPED: u32 = 25;
const GLOBAL_GET: u32 = 26;
const GLOBAL_SET: u32 = 27;
const REF_IS_NULL: u32 = 28;
const REF_FUNC: u32 = 29;
const PREFIX: u32 = 30;
const NO_OPCODE: u32 = 31;
const CLASS: u32 = 31;
/// The shift for what an instruction counts; `end`, `else` and what ends a part of `try` are none.
const COUNT: u32 = 31;

// Immediates of `PLAIN`.
const NONE: u32 = 0;
const MEMORY: u32 = 1;
const MEMORY2: u32 = 2;
const DATA_MEMORY: u32 = 3;
const DATA: u32 = 4;
const TABLE: u32 = 5;
const TABLE2: u32 = 6;
const ELEM_TABLE: u32 = 7;
const ELEMENTS: u32 = 8;
/// Not an immediate: the instruction is about floats and this build has none.
const NO_FLOAT: u32 = 9;

// Types of `PLAIN`: 0 none, 1 the element type of the table, 2 the address type of memory or table, 4 to 7 `i32` to `f64`.
const ELEMENT: u32 = 1;
const ADDRESS: u32 = 2;

const fn class(op: u8) -> u32 {
    match op {
        0x00 => UNREACHABLE,
        0x01 => NOP,
        0x02 => BLOCK,
        0x03 => LOOP,
        0x04 => IF,
        0x05 => ELSE,
        0x0b => END,
        0x0c => BR,
        0x0d => BR_IF,
        0x0e => BR_TABLE,
        0x0f => RETURN,
        0x10 => CALL,
        0x11 => CALL_INDIRECT,
        0x1a => DROP,
        0x1b => SELECT,
        0x1c => SELECT_TYPED,
        0x20 => LOCAL_GET,
        0x21 => LOCAL_SET,
        0x22 => LOCAL_TEE,
        0x23 => GLOBAL_GET,
        0x24 => GLOBAL_SET,
        0x41 => I32_CONST,
        0x42..=0x44 | 0xd0 => CONST,
        0xd1 => REF_IS_NULL,
        0xd2 => REF_FUNC,
        0xfc => PREFIX,
        0xfd if cfg!(feature = "simd") => PREFIX,
        _ => NO_OPCODE,
    }
}

const fn is_float(code: u8) -> bool {
    ValType::from_bits(code as u32).is_float()
}

const fn pack(row: &Row) -> u32 {
    const fn short(code: u8) -> u32 {
        match code {
            0 => 0,
            ELEM => ELEMENT,
            ADDR => ADDRESS,
            n => 4 + ValType::I32.bits() - n as u32,
        }
    }
    let ([a, b, c, _], [result, _]) = (row.pops, row.push);
    if !cfg!(feature = "float") && (is_float(a) || is_float(b) || is_float(c) || is_float(result)) {
        return PLAIN | NO_FLOAT << 12;
    }
    let (a, b, result) = (a as u32, b as u32, result as u32);
    let types = ValType::from_bits(result).cells() << 8 | result << 16;
    let imm = match row.imm {
        Imm::None if b == 0 => return UNARY | types | a << 24,
        Imm::None => return BINARY | types | a << 24,
        Imm::MemArg(natural) if result != 0 => return LOAD | (natural as u32) << 5 | types,
        Imm::MemArg(natural) => return STORE | (natural as u32) << 5 | b << 24,
        Imm::Memory => MEMORY,
        Imm::Memory2 => MEMORY2,
        Imm::DataMemory => DATA_MEMORY,
        Imm::Data => DATA,
        Imm::Table => TABLE,
        Imm::Table2 => TABLE2,
        Imm::ElemTable => ELEM_TABLE,
        Imm::Elem => ELEMENTS,
        // Of vector instructions, which are not here.
        Imm::MemArgLane(_) | Imm::Lane(_) | Imm::Shuffle | Imm::Const => NONE,
    };
    let ([a, b, c, _], [result, _]) = (row.pops, row.push);
    PLAIN | imm << 12 | short(a) << 16 | short(b) << 19 | short(c) << 22 | short(result) << 25
}

/// The words of the opcodes of one byte, then of those that begin with 0xfc.
static ROWS: [u32; 256 + 18] = {
    let mut rows = [0; 256 + 18];
    let mut i = 0;
    while i < rows.len() {
        rows[i] = match row(if i < 256 { i as u16 } else { 0xfc00 + (i as u16 - 256) }) {
            Some(row) => pack(row) | 1 << COUNT,
            None => match class(i as u8) {
                none @ (END | ELSE) => none,
                // `catch`, `delegate`, `catch_all`
                none if matches!(i, 0x07 | 0x18 | 0x19) => none,
                class => class | 1 << COUNT,
            },
        };
        i += 1;
    }
    rows
};

/// An unsigned number, in places where it matters: nearly always it is one byte long, and neither a call nor a result
/// that has to be taken apart.
macro_rules! number {
    ($r:expr) => {
        match $r.byte()? {
            b @ 0..0x80 => b as u32,
            b => $r.u32_from(b)?,
        }
    };
}

/// Operands that an instruction takes without being counted: far more than code that compilers make.
const USUAL: usize = 64;

/// The state of one pass.
pub(crate) struct Body<'b, 's, 'x, S> {
    pub(crate) r: Reader<'b>,
    pub(crate) info: Info<'x>,
    pub(crate) locals: Locals<'x>,
    pub(crate) s: Operands<'s>,
    pub(crate) sink: &'x mut S,
    pub(crate) max_depth: u32,
    /// Operands checked so far by instructions that take many of them, in this body and those before.
    pub(crate) wide: u32,
    /// If a local has no value from the start: for each the number of the frame that gave it one, or 0.
    inits: &'x mut [u32],
    /// The local named last, if locals have such words.
    local: u32,
    /// What `return` takes.
    pub(crate) results: &'x [u32],
    /// Of the innermost frame: number of its first operand.
    pub(crate) base: usize,
    /// Of the innermost frame: operands may be taken from an empty stack.
    pub(crate) unreachable: bool,
    /// The sink hears of what comes: neither unreachable nor in a block opened in unreachable code.
    pub(crate) live: bool,
    /// There is a memory 0, with 32-bit addresses.
    memory: bool,
}

impl<'b, 's, 'x, S: Sink> Body<'b, 's, 'x, S> {
    pub(crate) fn new(r: Reader<'b>, info: Info<'x>, locals: Locals<'x>, inits: &'x mut [u32], s: Operands<'s>, sink: &'x mut S) -> Self {
        let memory = info.memory_address(0) == Some(ValType::I32);
        Body {
            r,
            info,
            locals,
            s,
            sink,
            max_depth: 0,
            wide: 0,
            inits,
            local: 0,
            results: &[],
            base: 0,
            unreachable: false,
            live: true,
            memory,
        }
    }
    /// Opens the outermost frame, whose results `block_type` gives.
    pub(crate) fn open(&mut self, block_type: u32) -> Result<(), Fault> {
        self.results = self.ty(block_type)?.results;
        let cell = self.s.next_cell();
        self.enter(&Control::new(ControlKind::Func, false, 0, cell, block_type))
    }

    #[inline]
    pub(crate) fn ty(&self, block_type: u32) -> Result<FuncType<'x>, Fault> {
        if block_type == u32::MAX {
            return Ok(FuncType { params: &[], results: &[] });
        }
        self.info.block_type(block_type).ok_or(Fault::UnknownType)
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    /// Operands of the innermost frame.
    #[inline]
    pub(crate) fn have(&self) -> usize {
        (self.s.len() as usize).wrapping_sub(self.base)
    }
    /// The operands below the last `skip` ones have these types, the last type on top.
    #[inline]
    pub(crate) fn check(&mut self, types: &[u32], skip: usize) -> Result<(), Fault> {
        if types.is_empty() { Ok(()) } else { self.check_some(types, skip) }
    }
    #[inline(never)]
    fn check_some(&mut self, types: &[u32], skip: usize) -> Result<(), Fault> {
        if types.len() > USUAL {
            self.wide = self.wide.saturating_add(types.len() as u32);
            if self.wide > limits::WIDE {
                return Err(Fault::TooManyWide);
            }
        }
        let have = self.have().wrapping_sub(skip);
        let mut types = types;
        if have < types.len() {
            if !self.unreachable {
                return Err(Fault::TypeMismatch);
            }
            types = types.get(types.len().wrapping_sub(have)..).unwrap_or(&[]);
        }
        let operands = self.s.range(types.len(), skip).unwrap_or(&[]);
        for ([operand, ..], ty) in operands.iter().zip(types) {
            if operand != ty && !self.info.matches(ValType::from_bits(*operand), ValType::from_bits(*ty)) {
                return Err(Fault::TypeMismatch);
            }
        }
        Ok(())
    }
    /// The operands that were checked have just these types from now on, not subtypes.
    #[inline]
    pub(crate) fn retype(&mut self, types: &[u32], skip: usize) {
        if TYPED && !types.is_empty() {
            self.s.retype(types, skip);
        }
    }
    /// Whether an operand of type `top` is one of type `ty` by being a subtype of it.
    #[cold]
    #[inline(never)]
    fn is_subtype(&self, top: u32, ty: ValType) -> bool {
        TYPED && top != ValType::BOTTOM.bits() && self.info.matches(ValType::from_bits(top), ty)
    }
    /// The last operand has this type.
    #[inline]
    pub(crate) fn check_top(&mut self, ty: ValType) -> Result<(), Fault> {
        match self.s.last(self.base) {
            Some((_, &[[top, ..]])) if top == ty.bits() => Ok(()),
            _ => self.check_some(&[ty.bits()], 0),
        }
    }
    /// Removes `n` operands that have been checked.
    pub(crate) fn cut(&mut self, n: usize) {
        self.s.cut((self.s.len() as usize).saturating_sub(n).max(self.base));
    }
    #[inline]
    pub(crate) fn push_all(&mut self, types: &[u32]) -> Result<(), Fault> {
        if types.is_empty() { Ok(()) } else { self.push_some(types) }
    }
    #[inline(never)]
    fn push_some(&mut self, types: &[u32]) -> Result<(), Fault> {
        types.iter().try_for_each(|ty| self.s.push(ValType::from_bits(*ty)))
    }
    /// The operands are not just `types`, but in unreachable code some may be missing: replaces them by the result.
    #[cold]
    #[inline(never)]
    fn unreachable_operands(&mut self, types: &[u32], result: u32) -> Result<(), Fault> {
        self.check_some(types, 0)?;
        self.cut(types.len());
        if result == 0 { Ok(()) } else { self.s.push(ValType::from_bits(result)) }
    }
    /// An `i32` is on top: how many operands to skip to look below it. In unreachable code it is removed already.
    pub(crate) fn index(&mut self) -> Result<usize, Fault> {
        self.index_of(ValType::I32)
    }
    /// The same for one of type `ty`.
    pub(crate) fn index_of(&mut self, ty: ValType) -> Result<usize, Fault> {
        self.check_top(ty)?;
        if self.unreachable {
            self.cut(1);
            return Ok(0);
        }
        Ok(1)
    }

    // ---- control frames ----------------------------------------------------------------------------------------

    #[inline(always)]
    pub(crate) fn enter(&mut self, c: &Control) -> Result<(), Fault> {
        self.s.push_control(c)?;
        self.max_depth = self.max_depth.max(self.s.depth());
        if self.max_depth > limits::NESTING {
            return Err(Fault::TooDeep);
        }
        self.base = c.height as usize;
        self.unreachable = false;
        self.live = !c.is_dead();
        Ok(())
    }
    /// Another frame is the innermost now, or it has changed.
    #[inline]
    pub(crate) fn adopt(&mut self) {
        if let Some((base, unreachable, dead)) = self.s.innermost() {
            self.base = base;
            self.unreachable = unreachable;
            self.live = !unreachable && !dead;
        }
    }
    /// The types that a branch to label `n` takes.
    #[inline(always)]
    pub(crate) fn label(&self, n: u32) -> Result<&'x [u32], Fault> {
        let (is_loop, block_type) = self.s.label(n).ok_or(Fault::UnknownLabel)?;
        if block_type == u32::MAX {
            return Ok(&[]);
        }
        let ty = self.ty(block_type)?;
        Ok(if is_loop { ty.params } else { ty.results })
    }
    /// The rest of the innermost block cannot be reached.
    pub(crate) fn never(&mut self) {
        self.s.never();
        self.unreachable = true;
        self.live = false;
    }
    #[inline(never)]
    pub(crate) fn block(&mut self, kind: ControlKind) -> Result<(), Fault> {
        let block_type = self.block_type()?;
        let params = self.params(block_type)?;
        let skip = if kind == ControlKind::If { self.index()? } else { 0 };
        self.check(params, skip)?;
        let n = params.len();
        let mut c;
        if self.unreachable {
            self.cut(n);
            c = Control::new(kind, true, self.s.len(), self.s.next_cell(), block_type);
            self.push_all(params)?;
        } else {
            let height = self.s.len().wrapping_sub(n.wrapping_add(skip) as u32);
            c = Control::new(kind, !self.live, height, self.s.cell(height), block_type);
            if self.live {
                self.sink.block(&self.info, &mut self.s, &mut c)?;
            }
            if skip != 0 {
                self.cut(skip);
            }
            self.retype(params, 0);
        }
        self.enter(&c)
    }
    /// A block type, with canonical indexes.
    #[inline(always)]
    pub(crate) fn block_type(&mut self) -> Result<u32, Fault> {
        if self.r.skip_if(0x40) {
            return Ok(u32::MAX);
        }
        let block_type = self.r.block_type()?;
        if !TYPED || block_type == u32::MAX || block_type >> 31 == 0 {
            return Ok(block_type);
        }
        let ty = self.info.resolve(ValType::from_bits(block_type & !(1 << 31)))?;
        Ok(ty.bits() | 1 << 31)
    }
    /// The parameters of a block.
    #[inline(always)]
    pub(crate) fn params(&self, block_type: u32) -> Result<&'x [u32], Fault> {
        // Only types by index have parameters.
        if block_type >> 31 != 0 { Ok(&[]) } else { self.ty(block_type).map(|ty| ty.params) }
    }
    /// The operands of the frame are just `results`.
    pub(crate) fn check_all(&mut self, results: &[u32]) -> Result<(), Fault> {
        if self.have() > results.len() {
            return Err(Fault::TypeMismatch);
        }
        self.check(results, 0)
    }
    fn else_(&mut self) -> Result<(), Fault> {
        let mut c = self.s.control(0).ok_or(Fault::MisplacedElse)?;
        if c.kind() != ControlKind::If {
            return Err(Fault::MisplacedElse);
        }
        let ty = self.ty(c.block_type)?;
        self.check_all(ty.results)?;
        if !c.is_dead() {
            let results = if self.live { Some(ty.results.len() as u32) } else { None };
            self.sink.else_(&self.info, &mut self.s, &mut c, results)?;
        }
        self.s.set_control(&c.turned(ControlKind::Else));
        self.adopt();
        self.s.truncate(c.height, c.cell);
        self.push_all(ty.params)
    }
    /// `end` of a block.
    #[inline(never)]
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        let c = self.s.pop_control().ok_or(Fault::EndExpected)?;
        let ty = self.ty(c.block_type)?;
        self.check_all(ty.results)?;
        let is_if = c.kind() == ControlKind::If && c.block_type != u32::MAX;
        if is_if && ty.params != ty.results && !(TYPED && self.all_match(ty.params, ty.results)) {
            return Err(Fault::TypeMismatch);
        }
        let results = if self.live { Some(ty.results.len() as u32) } else { None };
        if c.kind() == ControlKind::Func {
            return self.sink.func_end(&self.info, &mut self.s, &c, results);
        }
        if !c.is_dead() {
            self.sink.end(&self.info, &mut self.s, &c, results)?;
        }
        self.s.truncate(c.height, c.cell);
        self.push_all(ty.results)?;
        self.adopt();
        Ok(())
    }
    /// Whether values of types `sub` can stand for those of types `sup`.
    #[cold]
    pub(crate) fn all_match(&self, sub: &[u32], sup: &[u32]) -> bool {
        let matches = |(a, b): (&u32, &u32)| self.info.matches(ValType::from_bits(*a), ValType::from_bits(*b));
        sub.len() == sup.len() && sub.iter().zip(sup).all(matches)
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
        // What is left is here while an instruction is handled in place; all others find it where it belongs. On computers it
        // is there all the time: they would load its begin and end at once, right after the begin was written alone, and
        // an x86 waits then until the write has left its buffer.
        const HERE: bool = cfg!(target_pointer_width = "32");
        let mut rest = self.r.rest.clone();
        // Else the compiler would make up the address again for each instruction; on computers that costs nothing.
        let rows = if cfg!(target_pointer_width = "64") { &ROWS } else { core::hint::black_box(&ROWS) };
        macro_rules! away {
            ($done:expr) => {{
                self.r.rest = rest.clone();
                $done;
                if HERE {
                    rest = self.r.rest.clone();
                }
            }};
        }
        loop {
            if !HERE {
                rest = self.r.rest.clone();
            }
            let at = self.r.end.wrapping_sub(rest.len() as u32);
            let Some(&op) = rest.next() else {
                self.r.rest = rest;
                return Err(Fault::EndExpected);
            };
            let row = rows[op as usize];
            if let Err(fault) = self.sink.instruction(&self.s, at, row >> COUNT) {
                self.r.rest = rest;
                return Err(fault);
            }
            match row & CLASS {
                END => {
                    away!(self.end()?);
                    if self.s.depth() == 0 {
                        return if self.r.is_empty() { Ok(()) } else { Err(Fault::EndExpected) };
                    }
                }
                ELSE => away!(self.else_()?),
                UNARY => away!(self.unary(op.into(), row)?),
                BINARY => away!(self.binary(op, row)?),
                LOAD => away!(self.load(op, row)?),
                STORE => away!(self.store(op, row)?),
                PLAIN => away!(self.plain(op.into(), row)?),
                // The two commonest. Nearly always the number is a byte, the local one of the first and the operand not the
                // highest so far: no call then.
                LOCAL_GET => {
                    let mut ahead = rest.clone();
                    match ahead.next().and_then(|b| self.locals.first(*b)) {
                        Some(local) if self.s.push_local_quickly(local) => {
                            rest = ahead;
                            if !HERE {
                                self.r.rest = rest.clone();
                            }
                            if self.live {
                                self.sink.local_get(&mut self.s)?;
                            }
                        }
                        _ => away!(self.local_get()?),
                    }
                }
                LOCAL_SET => away!(self.local_set()?),
                LOCAL_TEE => away!(self.local_tee()?),
                I32_CONST => {
                    let mut ahead = rest.clone();
                    match ahead.next() {
                        Some(&b @ 0..0x80) if self.s.push_const_quickly(ValType::I32, signed(b) as u32) => {
                            rest = ahead;
                            if !HERE {
                                self.r.rest = rest.clone();
                            }
                        }
                        _ => away!(self.i32_const()?),
                    }
                }
                CONST => away!(self.constant(op)?),
                BLOCK => away!(self.block(ControlKind::Block)?),
                LOOP => away!(self.block(ControlKind::Loop)?),
                IF => away!(self.block(ControlKind::If)?),
                BR => away!(self.br()?),
                BR_IF => away!(self.br_if()?),
                BR_TABLE => away!(self.br_table()?),
                RETURN => away!(self.return_()?),
                CALL => away!(self.call()?),
                CALL_INDIRECT => away!(self.call_indirect()?),
                UNREACHABLE => away!({
                    if self.live {
                        self.sink.unreachable(&mut self.s)?;
                    }
                    self.never();
                }),
                NOP => away!({}),
                DROP => away!(self.drop()?),
                SELECT => away!(self.select(None)?),
                SELECT_TYPED => away!(self.select_typed()?),
                GLOBAL_GET => away!({
                    let global = self.r.u32()?;
                    let ty = self.info.global(global).ok_or(Fault::UnknownGlobal)?;
                    self.global_get(global, ty.ty)?;
                }),
                GLOBAL_SET => away!(self.global_set()?),
                REF_IS_NULL => away!(self.ref_is_null()?),
                REF_FUNC => away!({
                    let func = self.r.u32()?;
                    if func >= self.info.funcs() {
                        return Err(Fault::UnknownFunction);
                    }
                    if !self.info.declared(func) {
                        return Err(Fault::UndeclaredFunction);
                    }
                    self.ref_func(func)?;
                }),
                PREFIX => away!(self.prefixed(op)?),
                _ => away!(self.other(op)?),
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
                op @ (0x6a..=0x6c | 0x7c..=0x7e) => self.binary(op, ROWS[op as usize])?,
                0xfb if cfg!(feature = "gc") => self.gc(true)?,
                #[cfg(feature = "simd")]
                0xfd => self.simd_const()?,
                op if ROWS[op as usize] & CLASS != NO_OPCODE => return Err(Fault::ConstantRequired),
                op => return Err(no_opcode(op as u16)),
            }
        }
    }

    // Each of the next functions is one call away from the loop: inlined there, none of them would have enough registers.

    #[inline(never)]
    fn local_get(&mut self) -> Result<(), Fault> {
        let b = self.r.byte()?;
        let local = self.local_from(b)?;
        if TYPED && !self.inits.is_empty() && !local.ty().is_defaultable() && !self.is_initialized() {
            return Err(Fault::UninitializedLocal);
        }
        self.s.push_local(local)?;
        if self.live { self.sink.local_get(&mut self.s) } else { Ok(()) }
    }
    /// Whether the local named last has a value here: one was given in a block that is still open.
    fn is_initialized(&self) -> bool {
        self.inits.get(self.local as usize).is_some_and(|number| *number != 0 && self.s.is_open(*number))
    }
    /// The local named last gets a value.
    #[inline(always)]
    fn initialize(&mut self) {
        if TYPED && !self.inits.is_empty() {
            self.initialize_slowly();
        }
    }
    #[cold]
    #[inline(never)]
    fn initialize_slowly(&mut self) {
        let number = self.s.frame_number();
        if !self.is_initialized()
            && let Some(w) = self.inits.get_mut(self.local as usize)
        {
            *w = number;
        }
    }
    /// The local whose index begins with byte `b`.
    #[inline(always)]
    fn local(&mut self) -> Result<Local, Fault> {
        let b = self.r.byte()?;
        match self.locals.first(b) {
            Some(local) => Ok(local),
            None => self.local_from(b),
        }
    }
    #[inline(never)]
    fn local_from(&mut self, b: u8) -> Result<Local, Fault> {
        self.local = self.r.u32_from(b)?;
        self.locals.get(self.local)
    }
    #[inline(never)]
    fn i32_const(&mut self) -> Result<(), Fault> {
        let bits = self.r.i32()? as u32;
        if self.s.push_const_quickly(ValType::I32, bits) { Ok(()) } else { self.s.push_const(ValType::I32, bits.into()) }
    }
    #[inline(never)]
    fn local_set(&mut self) -> Result<(), Fault> {
        let local = self.local()?;
        match self.s.last(self.base) {
            Some((at, &[[top, ..]])) if top == local.ty().bits() || self.is_subtype(top, local.ty()) => {
                self.initialize();
                if self.live {
                    self.sink.local_set(&mut self.s, local.cell())?;
                }
                self.s.cut(at);
                Ok(())
            }
            _ => {
                self.initialize();
                self.unreachable_operands(&[local.ty().bits()], 0)
            }
        }
    }
    #[inline(never)]
    fn local_tee(&mut self) -> Result<(), Fault> {
        let local = self.local()?;
        match self.s.last(self.base) {
            Some((at, &[[top, ..]])) if top == local.ty().bits() || self.is_subtype(top, local.ty()) => {
                self.initialize();
                if TYPED && top != local.ty().bits() {
                    self.s.retype(&[local.ty().bits()], 0);
                }
                if self.live {
                    return self.sink.local_tee(&mut self.s, local.cell());
                }
                self.s.replace(at, local.ty(), local.cells());
                Ok(())
            }
            _ => {
                self.initialize();
                self.unreachable_operands(&[local.ty().bits()], local.ty().bits())
            }
        }
    }
    /// A numeric instruction with one operand.
    #[inline(never)]
    fn unary(&mut self, op: u16, row: u32) -> Result<(), Fault> {
        let (result, operand) = (row >> 16 & 0xff, row >> 24 & 0x7f);
        match self.s.last(self.base) {
            Some((at, &[[top, ..]])) if top == operand => {
                if self.live {
                    self.sink.unary(&mut self.s, op, ValType::from_bits(result))?;
                }
                self.s.replace(at, ValType::from_bits(result), row >> 8 & 0xf);
                Ok(())
            }
            _ => self.unreachable_operands(&[operand], result),
        }
    }
    /// A numeric instruction with two operands of one type.
    #[inline(never)]
    fn binary(&mut self, op: u8, row: u32) -> Result<(), Fault> {
        let (result, operand) = (row >> 16 & 0xff, row >> 24 & 0x7f);
        match self.s.last(self.base) {
            Some((at, &[[left, ..], [right, ..]])) if left == operand && right == operand => {
                if self.live {
                    self.sink.binary(&mut self.s, op, ValType::from_bits(result))?;
                }
                self.s.replace(at, ValType::from_bits(result), row >> 8 & 0xf);
                Ok(())
            }
            _ => self.unreachable_operands(&[operand, operand], result),
        }
    }
    #[inline(never)]
    fn load(&mut self, op: u8, row: u32) -> Result<(), Fault> {
        let offset = match self.r.rest.as_slice() {
            [flags, offset @ 0..0x80, rest @ ..] if u32::from(*flags) <= row >> 5 & 7 && self.memory => {
                self.r.rest = rest.iter();
                (*offset).into()
            }
            _ => match self.offset(row)? {
                (flags, None) => return self.access(op, row, flags),
                (_, Some(offset)) => offset,
            },
        };
        let result = row >> 16 & 0xff;
        match self.s.last(self.base) {
            Some((at, &[[address, ..]])) if address == ValType::I32.bits() => {
                if self.live {
                    self.sink.load(&mut self.s, op, offset, ValType::from_bits(result))?;
                }
                self.s.replace(at, ValType::from_bits(result), row >> 8 & 0xf);
                Ok(())
            }
            _ => self.unreachable_operands(&[ValType::I32.bits()], result),
        }
    }
    #[inline(never)]
    fn store(&mut self, op: u8, row: u32) -> Result<(), Fault> {
        let offset = match self.r.rest.as_slice() {
            [flags, offset @ 0..0x80, rest @ ..] if u32::from(*flags) <= row >> 5 & 7 && self.memory => {
                self.r.rest = rest.iter();
                (*offset).into()
            }
            _ => match self.offset(row)? {
                (flags, None) => return self.access(op, row, flags),
                (_, Some(offset)) => offset,
            },
        };
        let ty = row >> 24 & 0x7f;
        match self.s.last(self.base) {
            Some((at, &[[address, ..], [value, ..]])) if address == ValType::I32.bits() && value == ty => {
                if self.live {
                    self.sink.store(&mut self.s, op, offset)?;
                }
                self.s.cut(at);
                Ok(())
            }
            _ => self.unreachable_operands(&[ValType::I32.bits(), ty], 0),
        }
    }
    /// Memory, offset and address type of a load or store, `flags` having been read; any memory, any mistake.
    pub(crate) fn mem_arg(&mut self, row: u32, flags: u32) -> Result<(u32, u64, ValType), Fault> {
        const WITH_INDEX: u32 = 0x40;
        if flags >= if cfg!(feature = "multi-memory") { 0x80 } else { 32 } {
            return Err(Fault::MalformedMemopFlags);
        }
        let memory = if cfg!(feature = "multi-memory") && flags & WITH_INDEX != 0 { self.r.u32()? } else { 0 };
        let offset = if cfg!(feature = "memory64") { self.r.u64()? } else { self.r.u32()?.into() };
        let address = self.address(memory)?;
        if flags & !WITH_INDEX > row >> 5 & 7 {
            return Err(Fault::AlignmentTooLarge);
        }
        if address == ValType::I32 && offset > u32::MAX.into() {
            return Err(Fault::OffsetOutOfRange);
        }
        Ok((memory, offset, address))
    }
    /// A load or store in another memory than one with the number 0 and 32-bit addresses; what is wrong with one in that.
    #[cold]
    #[inline(never)]
    fn access(&mut self, op: u8, row: u32, flags: u32) -> Result<(), Fault> {
        let (memory, offset, address) = self.mem_arg(row, flags)?;
        if !cfg!(any(feature = "multi-memory", feature = "memory64")) {
            return Err(Fault::Internal);
        }
        let result = Some(ValType::from_bits(row >> 16 & 0xff)).filter(|_| row & CLASS == LOAD);
        let types = [address.bits(), row >> 24 & 0x7f];
        let pops = if result.is_some() { 1 } else { 2 };
        self.check(types.get(..pops).unwrap_or(&[]), 0)?;
        if self.live {
            self.sink.access(&mut self.s, op, memory, offset, result)?;
        }
        self.cut(pops);
        result.map_or(Ok(()), |ty| self.s.push(ty))
    }
    /// Flags of a load or store, and its offset if it is in memory 0 and that has 32-bit addresses.
    #[inline(never)]
    fn offset(&mut self, row: u32) -> Result<(u32, Option<u32>), Fault> {
        let flags = number!(self.r);
        if flags > row >> 5 & 7 || !self.memory {
            return Ok((flags, None));
        }
        if !cfg!(feature = "memory64") {
            return Ok((flags, Some(self.r.u32()?)));
        }
        let offset = u32::try_from(self.r.u64()?).map_err(|_| Fault::OffsetOutOfRange)?;
        Ok((flags, Some(offset)))
    }
    #[inline(never)]
    fn br(&mut self) -> Result<(), Fault> {
        let label = number!(self.r);
        let types = self.label(label)?;
        self.check(types, 0)?;
        if self.live {
            self.sink.br(&self.info, &mut self.s, label, types.len() as u32)?;
        }
        self.never();
        Ok(())
    }
    #[inline(never)]
    fn br_if(&mut self) -> Result<(), Fault> {
        let label = number!(self.r);
        let types = self.label(label)?;
        let skip = self.index()?;
        self.check(types, skip)?;
        if self.live {
            self.sink.br_if(&self.info, &mut self.s, label, types.len() as u32)?;
        }
        self.cut(skip);
        if self.unreachable {
            self.cut(types.len());
            self.push_all(types)?;
        } else {
            self.retype(types, 0);
        }
        Ok(())
    }
    fn select_typed(&mut self) -> Result<(), Fault> {
        if self.r.u32()? != 1 {
            return Err(Fault::ResultArity);
        }
        let ty = self.r.val_type()?;
        let ty = self.info.resolve(ty)?;
        self.select(Some(ty))
    }
    fn return_(&mut self) -> Result<(), Fault> {
        self.check(self.results, 0)?;
        if self.live {
            self.sink.return_(&self.info, &mut self.s, self.results.len() as u32)?;
        }
        self.never();
        Ok(())
    }
    #[inline(never)]
    fn call(&mut self) -> Result<(), Fault> {
        let func = number!(self.r);
        let ty = self.info.func_type(func).ok_or(Fault::UnknownFunction)?;
        self.check(ty.params, 0)?;
        if self.live {
            self.sink.call(&mut self.s, func, &ty)?;
        }
        self.cut(ty.params.len());
        self.push_all(ty.results)
    }
    fn drop(&mut self) -> Result<(), Fault> {
        if self.have() == 0 {
            return self.bottom().map(|_| ());
        }
        if self.live {
            self.sink.drop(&mut self.s)?;
        }
        self.cut(1);
        Ok(())
    }

    /// An operand is taken from an empty stack: allowed in unreachable code only.
    pub(crate) fn bottom(&self) -> Result<ValType, Fault> {
        if self.unreachable { Ok(ValType::BOTTOM) } else { Err(Fault::TypeMismatch) }
    }
    pub(crate) fn type_at(&self, below: usize) -> ValType {
        self.s.top(below as u32).map_or(ValType::BOTTOM, |o| o.ty())
    }
    fn global_get(&mut self, global: u32, ty: ValType) -> Result<(), Fault> {
        self.s.push(ty)?;
        if self.live { self.sink.global_get(&self.info, &mut self.s, global) } else { Ok(()) }
    }
    fn global_set(&mut self) -> Result<(), Fault> {
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
        Ok(())
    }
    fn ref_func(&mut self, func: u32) -> Result<(), Fault> {
        let index = self.info.func_type_index(func).ok_or(Fault::UnknownFunction)?;
        let ty = if TYPED { self.info.reference(index, false).unwrap_or(ValType::BOTTOM) } else { ValType::FUNCREF };
        self.s.push(ty)?;
        if self.live { self.sink.ref_func(&mut self.s, func) } else { Ok(()) }
    }
    /// `i32.const` to `f64.const` and `ref.null`.
    fn constant(&mut self, op: u8) -> Result<(), Fault> {
        let (ty, bits) = match op {
            0x41 => return self.i32_const(),
            0x42 => (ValType::I64, self.r.i64()? as u64),
            0x43 | 0x44 if !cfg!(feature = "float") => return Err(Fault::NeedsFloat),
            0x43 => (ValType::F32, u32::from_le_bytes(self.r.array()?) as u64),
            0x44 => (ValType::F64, u64::from_le_bytes(self.r.array()?)),
            _ => {
                let ty = self.r.heap_type()?;
                (self.info.resolve(ty)?, 0)
            }
        };
        self.s.push_const(ty, bits)
    }
    fn call_indirect(&mut self) -> Result<(), Fault> {
        let (index, table, ty, address) = self.indirect()?;
        let skip = self.index_of(address)?;
        self.check(ty.params, skip)?;
        if self.live {
            self.sink.call_indirect(&mut self.s, index, table, &ty)?;
        }
        self.cut(skip.wrapping_add(ty.params.len()));
        self.push_all(ty.results)
    }
    /// The immediates of an indirect call: type, table, what the type is, and the type of the table's indexes.
    pub(crate) fn indirect(&mut self) -> Result<(u32, u32, FuncType<'x>, ValType), Fault> {
        let (index, table) = (self.r.u32()?, self.r.u32()?);
        let (elem, address) = self.info.table_elem(table).ok_or(Fault::UnknownTable)?;
        if !ValType::from_bits(elem).is_func_ref() {
            return Err(Fault::TypeMismatch);
        }
        let index = self.info.canonical(index).ok_or(Fault::UnknownType)?;
        Ok((index, table, self.info.ty(index).ok_or(Fault::UnknownType)?, address))
    }
    /// `select`, with the type that it names.
    fn select(&mut self, named: Option<ValType>) -> Result<(), Fault> {
        let skip = self.index()?;
        let ty = match named {
            Some(ty) => ty,
            None => {
                let have = self.have().wrapping_sub(skip);
                let one = if have > 0 { self.type_at(skip) } else { self.bottom()? };
                let two = if have > 1 { self.type_at(skip.wrapping_add(1)) } else { self.bottom()? };
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
        let ty = if have > 0 { self.type_at(0) } else { self.bottom()? };
        if !ty.is_ref() && ty != ValType::BOTTOM {
            return Err(Fault::TypeMismatch);
        }
        if self.live {
            self.sink.ref_is_null(&mut self.s)?;
        }
        self.cut(1);
        self.s.push(ValType::I32)
    }

    /// The address type of a memory.
    fn address(&self, memory: u32) -> Result<ValType, Fault> {
        match self.memory && memory == 0 {
            true => Ok(ValType::I32),
            false => self.info.memory_address(memory).ok_or(Fault::UnknownMemory),
        }
    }
    /// The index of a memory, and its address type.
    fn memory(&mut self) -> Result<(u32, ValType), Fault> {
        let memory = if cfg!(feature = "multi-memory") { self.r.u32()? } else { self.r.byte()?.into() };
        if !cfg!(feature = "multi-memory") && memory != 0 {
            return Err(Fault::ZeroByteExpected);
        }
        Ok((memory, self.address(memory)?))
    }
    /// The index of a table, the type of its elements and that of its indexes.
    fn table(&mut self) -> Result<(u32, u32, ValType), Fault> {
        let table = self.r.u32()?;
        let (elem, address) = self.info.table_elem(table).ok_or(Fault::UnknownTable)?;
        Ok((table, elem, address))
    }
    fn elem(&self, i: u32) -> Result<u32, Fault> {
        self.info.elem_type(i).map(ValType::bits).ok_or(Fault::UnknownElem)
    }
    /// Any other instruction that has a row in the table.
    fn plain(&mut self, op: u16, row: u32) -> Result<(), Fault> {
        let mut address = [ValType::I32; 3];
        let (x, y, elem) = self.indexes(row >> 12 & 0xf, &mut address)?;
        let [address, from, length] = address;
        let ty = |shift: u32, address: ValType| match row >> shift & 7 {
            0 => 0,
            ELEMENT => elem,
            ADDRESS => address.bits(),
            short => (ValType::I32.bits() + 4).wrapping_sub(short),
        };
        let types = [ty(16, address), ty(19, from), ty(22, length)];
        let n = types.iter().take_while(|ty| **ty != 0).count();
        self.check(types.get(..n).unwrap_or(&[]), 0)?;
        let result = Some(ValType::from_bits(ty(25, address))).filter(|ty| *ty != ValType::BOTTOM);
        if self.live {
            self.sink.plain(&self.info, &mut self.s, op, x, y, n as u32, result)?;
        }
        self.cut(n);
        result.map_or(Ok(()), |ty| self.s.push(ty))
    }
    /// The rest of an opcode that begins with 0xfc, or 0xfd.
    fn prefixed(&mut self, prefix: u8) -> Result<(), Fault> {
        #[cfg(feature = "simd")]
        if prefix == 0xfd {
            return self.simd();
        }
        let _ = prefix; // the only one, without vectors
        let sub = self.r.u32()?;
        #[cfg(feature = "wide-arithmetic")]
        if let 0x13..=0x16 = sub {
            return self.wide(0xfc00 | sub as u16);
        }
        let op = 0xfc00 | sub.min(0xff) as u16;
        match ROWS.get((sub as usize).saturating_add(256)) {
            Some(row) if row & CLASS == UNARY => self.unary(op, *row),
            Some(row) => self.plain(op, *row),
            None => Err(no_opcode(op)),
        }
    }
    /// 128-bit arithmetic, the only instructions with two results.
    #[cfg(feature = "wide-arithmetic")]
    fn wide(&mut self, op: u16) -> Result<(), Fault> {
        const I64: [u32; 4] = [ValType::I64.bits(); 4];
        let pops = if op < 0xfc15 { 4 } else { 2 };
        self.check(I64.get(..pops).unwrap_or(&[]), 0)?;
        self.sink.uses(Feature::WideArithmetic);
        if self.live {
            self.sink.plain(&self.info, &mut self.s, op, 0, 0, pops as u32, None)?;
        }
        self.cut(pops);
        self.push_all(&[ValType::I64.bits(); 2])
    }
    /// Index immediates, and the element type that operands refer to; `address` gets the types of first, second and third
    /// operand that are addresses or lengths.
    fn indexes(&mut self, imm: u32, address: &mut [ValType; 3]) -> Result<(u32, u32, u32), Fault> {
        let (mut x, mut y, mut elem) = (0u32, 0u32, 0u32);
        let (mut to, mut from) = (ValType::I32, None);
        match imm {
            NONE => {}
            MEMORY => (x, to) = self.memory()?,
            MEMORY2 => {
                (x, to) = self.memory()?;
                let (memory, ty) = self.memory()?;
                (y, from) = (memory, Some(ty));
            }
            DATA_MEMORY => {
                x = self.r.u32()?;
                (y, to) = self.memory()?;
                self.info.data(x)?;
            }
            DATA => {
                x = self.r.u32()?;
                self.info.data(x)?;
            }
            TABLE => (x, elem, to) = self.table()?,
            TABLE2 => {
                (x, elem, to) = self.table()?;
                let (table, of_source, ty) = self.table()?;
                if !self.info.matches(ValType::from_bits(of_source), ValType::from_bits(elem)) {
                    return Err(Fault::TypeMismatch);
                }
                (y, from) = (table, Some(ty));
            }
            ELEM_TABLE => {
                x = self.r.u32()?;
                (y, elem, to) = self.table()?;
                if !self.info.matches(ValType::from_bits(self.elem(x)?), ValType::from_bits(elem)) {
                    return Err(Fault::TypeMismatch);
                }
            }
            ELEMENTS => {
                x = self.r.u32()?;
                self.elem(x)?;
            }
            NO_FLOAT => return Err(Fault::NeedsFloat),
            _ => return Err(Fault::Internal),
        }
        if WIDE {
            // The length of a copy has the smaller type.
            let from = from.unwrap_or(to);
            *address = [to, from, if from == ValType::I32 { from } else { to }];
        }
        Ok((x, y, elem))
    }
}

/// Why there is no such opcode: which proposal it belongs to, if any.
#[cold]
pub(crate) fn no_opcode(op: u16) -> Fault {
    match op {
        0x08 | 0x0a | 0x1f => Fault::NeedsExceptions,
        0x06 | 0x07 | 0x09 | 0x18 | 0x19 => Fault::NeedsLegacyExceptions,
        0x12 | 0x13 => Fault::NeedsTailCall,
        0x14 | 0x15 | 0xd4..=0xd6 => Fault::NeedsFunctionReferences,
        0xd3 | 0xfb => Fault::NeedsGc,
        0xfd => Fault::NeedsSimd,
        0xfe => Fault::NeedsThreads,
        0xfc13..=0xfc16 => Fault::NeedsWideArithmetic,
        _ => Fault::IllegalOpcode,
    }
}
