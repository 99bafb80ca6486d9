// SPDX-License-Identifier: MIT
//! Structures, arrays, integers of 31 bits and casts: opcodes that begin with 0xfb, and `ref.eq` (spec: core 3.4.5 to
//! 3.4.9).

use crate::types::{MUTABLE, unpacked};
use crate::validate::{Body, no_opcode};
use crate::{Fault, Sink};
use wrt_foundation::{Feature, ValType, limits};

const I32: u32 = ValType::I32.bits();

/// The opcode of instruction `n` after 0xfb.
const fn opcode(n: u32) -> u16 {
    0xfb00 | n as u16
}

impl<'x, S: Sink> Body<'_, '_, 'x, S> {
    /// The rest of an opcode that begins with 0xfb; `constant`: in a constant expression.
    #[inline(never)]
    pub(crate) fn gc(&mut self, constant: bool) -> Result<(), Fault> {
        self.sink.uses(Feature::Gc);
        let n = self.r.u32()?;
        if constant && !matches!(n, 0 | 1 | 6..=8 | 26..=28) {
            return Err(if n <= 30 { Fault::ConstantRequired } else { Fault::IllegalOpcode });
        }
        match n {
            0 | 1 => self.struct_new(n),
            2..=4 => self.struct_get(n),
            5 => self.struct_set(),
            6..=8 => self.array_new(n),
            9 | 10 => self.array_new_segment(n),
            11..=13 => self.array_get(n),
            14 => {
                let (ty, element) = self.element(true)?;
                self.gc_plain(n, ty, 0, &[self.nullable(ty)?, I32, unpacked(element).bits()], None)
            }
            15 => self.gc_plain(n, 0, 0, &[ValType::ARRAYREF.bits()], Some(ValType::I32)),
            16 => {
                let (ty, element) = self.element(true)?;
                self.gc_plain(n, ty, 0, &[self.nullable(ty)?, I32, unpacked(element).bits(), I32], None)
            }
            17 => self.array_copy(),
            18 | 19 => self.array_init(n),
            20..=23 => self.ref_test(n),
            24 | 25 => self.br_on_cast(n == 25),
            26 | 27 => self.convert(n),
            28 => self.gc_plain(n, 0, 0, &[I32], Some(ValType::I31REF.non_null())),
            29 | 30 => self.gc_plain(n, 0, 0, &[ValType::I31REF.bits()], Some(ValType::I32)),
            _ => Err(no_opcode(0xff)),
        }
    }
    pub(crate) fn ref_eq(&mut self) -> Result<(), Fault> {
        let eq = ValType::EQREF.bits();
        self.check(&[eq, eq], 0)?;
        if self.live {
            self.sink.plain(&self.info, &mut self.s, 0xd3, 0, 0, 2, Some(ValType::I32))?;
        }
        self.cut(2);
        self.s.push(ValType::I32)
    }

    /// Checks operands, tells the sink, leaves the result.
    fn gc_plain(&mut self, n: u32, x: u32, y: u32, pops: &[u32], result: Option<ValType>) -> Result<(), Fault> {
        self.check(pops, 0)?;
        if self.live {
            self.sink.plain(&self.info, &mut self.s, opcode(n), x, y, pops.len() as u32, result)?;
        }
        self.cut(pops.len());
        result.map_or(Ok(()), |ty| self.s.push(ty))
    }
    /// A type index.
    fn type_index(&mut self) -> Result<u32, Fault> {
        let i = self.r.u32()?;
        self.info.canonical(i).ok_or(Fault::UnknownType)
    }
    /// The nullable reference to type `ty`.
    fn nullable(&self, ty: u32) -> Result<u32, Fault> {
        self.info.reference(ty, true).map(ValType::bits).ok_or(Fault::UnknownType)
    }
    fn non_null(&self, ty: u32) -> Result<ValType, Fault> {
        self.info.reference(ty, false).ok_or(Fault::UnknownType)
    }
    /// An array type and its element; `mutable`: it has to be.
    fn element(&mut self, mutable: bool) -> Result<(u32, u32), Fault> {
        let ty = self.type_index()?;
        let element = self.info.element(ty).ok_or(Fault::TypeMismatch)?;
        if mutable && element & MUTABLE == 0 {
            return Err(Fault::ImmutableArray);
        }
        Ok((ty, element))
    }
    /// A structure type and its fields.
    fn structure(&mut self) -> Result<(u32, &'x [u32]), Fault> {
        let ty = self.type_index()?;
        Ok((ty, self.info.fields(ty).ok_or(Fault::TypeMismatch)?))
    }
    /// A structure type, a field's index and the field.
    fn field(&mut self) -> Result<(u32, u32, u32), Fault> {
        let (ty, fields) = self.structure()?;
        let i = self.r.u32()?;
        let field = *fields.get(i as usize).ok_or(Fault::UnknownField)?;
        Ok((ty, i, field))
    }

    fn struct_new(&mut self, n: u32) -> Result<(), Fault> {
        let (ty, fields) = self.structure()?;
        let result = self.non_null(ty)?;
        if n == 1 {
            if !fields.iter().all(|f| unpacked(*f).is_defaultable()) {
                return Err(Fault::TypeMismatch);
            }
            return self.gc_plain(n, ty, 0, &[], Some(result));
        }
        // From the last to the first: they need not be written down anywhere.
        for (above, field) in fields.iter().rev().enumerate() {
            self.check_below(unpacked(*field), above)?;
        }
        if self.live {
            self.sink.plain(&self.info, &mut self.s, opcode(n), ty, 0, fields.len() as u32, Some(result))?;
        }
        self.cut(fields.len());
        self.s.push(result)
    }
    /// The operand below the last `above` ones has type `ty`.
    fn check_below(&self, ty: ValType, above: usize) -> Result<(), Fault> {
        if self.have() <= above {
            return self.bottom().map(|_| ());
        }
        if self.info.matches(self.type_at(above), ty) { Ok(()) } else { Err(Fault::TypeMismatch) }
    }
    /// Whether `get`, or its kin `_s` and `_u`, is right for a field.
    fn reads(field: u32, extending: bool) -> Result<(), Fault> {
        let packed = field & !MUTABLE != unpacked(field).bits();
        if packed == extending { Ok(()) } else { Err(Fault::TypeMismatch) }
    }
    fn struct_get(&mut self, n: u32) -> Result<(), Fault> {
        let (ty, i, field) = self.field()?;
        Self::reads(field, n != 2)?;
        self.gc_plain(n, ty, i, &[self.nullable(ty)?], Some(unpacked(field)))
    }
    fn struct_set(&mut self) -> Result<(), Fault> {
        let (ty, i, field) = self.field()?;
        if field & MUTABLE == 0 {
            return Err(Fault::ImmutableField);
        }
        self.gc_plain(5, ty, i, &[self.nullable(ty)?, unpacked(field).bits()], None)
    }

    /// `array.new`, `array.new_default` and `array.new_fixed`.
    fn array_new(&mut self, n: u32) -> Result<(), Fault> {
        let (ty, element) = self.element(false)?;
        let (element, result) = (unpacked(element), self.non_null(ty)?);
        match n {
            6 => self.gc_plain(n, ty, 0, &[element.bits(), I32], Some(result)),
            7 if !element.is_defaultable() => Err(Fault::TypeMismatch),
            7 => self.gc_plain(n, ty, 0, &[I32], Some(result)),
            _ => {
                let len = self.r.u32()?;
                if len > limits::FIELDS {
                    return Err(Fault::TooManyFields);
                }
                for above in 0..len as usize {
                    self.check_below(element, above)?;
                }
                if self.live {
                    self.sink.plain(&self.info, &mut self.s, opcode(n), ty, len, len, Some(result))?;
                }
                self.cut(len as usize);
                self.s.push(result)
            }
        }
    }
    /// A segment that `array.new_data`, `array.new_elem` and `array.init_*` read: `elem`, or data.
    fn segment(&mut self, element: u32, elem: bool) -> Result<u32, Fault> {
        let segment = self.r.u32()?;
        let ty = unpacked(element);
        if elem {
            let have = self.info.elem_type(segment).ok_or(Fault::UnknownElem)?;
            if !self.info.matches(have, ty) {
                return Err(Fault::TypeMismatch);
            }
        } else {
            self.info.data(segment)?;
            if ty.is_ref() {
                return Err(Fault::NotNumeric);
            }
        }
        Ok(segment)
    }
    fn array_new_segment(&mut self, n: u32) -> Result<(), Fault> {
        let (ty, element) = self.element(false)?;
        let segment = self.segment(element, n == 10)?;
        let result = self.non_null(ty)?;
        self.gc_plain(n, ty, segment, &[I32, I32], Some(result))
    }
    fn array_init(&mut self, n: u32) -> Result<(), Fault> {
        let (ty, element) = self.element(true)?;
        let segment = self.segment(element, n == 19)?;
        self.gc_plain(n, ty, segment, &[self.nullable(ty)?, I32, I32, I32], None)
    }
    fn array_get(&mut self, n: u32) -> Result<(), Fault> {
        let (ty, element) = self.element(false)?;
        Self::reads(element, n != 11)?;
        self.gc_plain(n, ty, 0, &[self.nullable(ty)?, I32], Some(unpacked(element)))
    }
    fn array_copy(&mut self) -> Result<(), Fault> {
        let (to, into) = self.element(true)?;
        let (from, out_of) = self.element(false)?;
        let (into, out_of) = (into & !MUTABLE, out_of & !MUTABLE);
        if into != out_of && !self.info.matches(ValType::from_bits(out_of), ValType::from_bits(into)) {
            return Err(Fault::ArrayTypes);
        }
        self.gc_plain(17, to, from, &[self.nullable(to)?, I32, self.nullable(from)?, I32, I32], None)
    }

    /// `ref.test` and `ref.cast`, each without and with null.
    fn ref_test(&mut self, n: u32) -> Result<(), Fault> {
        let heap = self.r.heap_type()?;
        let heap = self.info.resolve(heap)?;
        let ty = if n & 1 == 0 { heap.non_null() } else { heap };
        let result = if n < 22 { ValType::I32 } else { ty };
        let top = ty.family();
        self.gc_plain(n, ty.bits(), 0, &[top.bits()], Some(result))
    }
    fn br_on_cast(&mut self, fail: bool) -> Result<(), Fault> {
        let flags = self.r.byte()?;
        if flags > 3 {
            return Err(Fault::MalformedCast);
        }
        let label = self.r.u32()?;
        let mut heap = |nullable: bool| {
            let ty = self.r.heap_type()?;
            let ty = self.info.resolve(ty)?;
            Ok(if nullable { ty } else { ty.non_null() })
        };
        let (from, to) = (heap(flags & 1 != 0)?, heap(flags & 2 != 0)?);
        if !self.info.matches(to, from) {
            return Err(Fault::TypeMismatch);
        }
        let types = self.label(label)?;
        let (last, others) = types.split_last().ok_or(Fault::TypeMismatch)?;
        // What is left of the type when the cast fails.
        let rest = if to.is_nullable() { from.non_null() } else { from };
        let (taken, stays) = if fail { (rest, to) } else { (to, rest) };
        if !self.info.matches(taken, ValType::from_bits(*last)) {
            return Err(Fault::TypeMismatch);
        }
        self.check(&[from.bits()], 0)?;
        self.reference()?;
        self.check(others, 1)?;
        if self.live {
            self.sink.br_on_cast(&self.info, &mut self.s, label, types.len() as u32, to, fail)?;
        }
        if self.unreachable {
            self.cut(1);
            self.cut(others.len());
            self.push_all(others)?;
            return self.s.push(stays);
        }
        self.retype(others, 1);
        self.retype(&[stays.bits()], 0);
        Ok(())
    }
    /// `any.convert_extern` and `extern.convert_any`.
    fn convert(&mut self, n: u32) -> Result<(), Fault> {
        let (from, to) = if n == 26 { (ValType::EXTERNREF, ValType::ANYREF) } else { (ValType::ANYREF, ValType::EXTERNREF) };
        self.check(&[from.bits()], 0)?;
        let nullable = self.reference()?.is_nullable();
        self.gc_plain(n, 0, 0, &[from.bits()], Some(if nullable { to } else { to.non_null() }))
    }
}
