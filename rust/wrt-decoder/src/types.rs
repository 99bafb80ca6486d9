// SPDX-License-Identifier: MIT
//! The type section: function, structure and array types, recursion groups, which types are the same and which are
//! subtypes of others (spec: core 2.3, 3.1, 3.3, 5.3).
//!
//! A type is a record in the scratch words. Groups that are equal to an earlier one leave none: their type indexes name
//! the earlier records, so that from the end of its group on every type has one index, its *canonical* one, and types are
//! the same exactly when their words are. Without typed references there is nothing but the record of a function type.

use crate::module::Decoder;
use crate::{Fault, FuncType, Info, Reader, Sink};
use wrt_foundation::{Defined, Feature, ValType, limits};

/// Whether types can refer to types.
pub(crate) const TYPED: bool = cfg!(feature = "function-references");

// Words of a record before the place that the type's entry names.
const KIND: usize = 1;
const SUPER: usize = 2;
const INDEX: usize = 3;
const GROUP: usize = 4;
/// The nullable reference to the type; before it the other one.
const REF: usize = 5;
const REF_NON_NULL: usize = 6;
const HASH: usize = 7;
const NEXT: usize = 8;
/// All of them.
const HEAD: u32 = if TYPED { 8 } else { 0 };

// `KIND`: the kind, and
const FINAL: u32 = 4;
const DEPTH: u32 = 8;

/// Whether this build has structures and arrays.
const GC: bool = cfg!(feature = "gc");

/// In the word of a field: it can be changed.
pub const MUTABLE: u32 = 1 << 31;
/// The word of a field of 8 bits.
pub const I8: u32 = 0x78;
/// The word of a field of 16 bits.
pub const I16: u32 = 0x77;

/// The type of a field's value once it is an operand.
pub fn unpacked(field: u32) -> ValType {
    match field & !MUTABLE {
        I8 | I16 => ValType::I32,
        ty => ValType::from_bits(ty),
    }
}

/// What a type describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Kind {
    /// Functions.
    Func = 0,
    /// Structures.
    Struct = 1,
    /// Arrays.
    Array = 2,
}

/// One type with everything that makes it equal to others.
#[derive(Clone, Copy, Debug)]
pub struct SubType<'a> {
    /// What it describes.
    pub kind: Kind,
    /// Whether it can have subtypes.
    pub is_final: bool,
    /// Canonical index of its supertype.
    pub supertype: Option<u32>,
    /// Types of its group: index of the first, number.
    pub group: (u32, u32),
    /// Parameters, or fields.
    pub first: &'a [u32],
    /// Results.
    pub results: &'a [u32],
}

impl<'a> Info<'a> {
    fn record(&self, i: u32) -> Option<usize> {
        // There are no imported types.
        let i = Some(i).filter(|i| *i < self.spaces.types.count)?;
        self.words.get(self.spaces.types.own_at.wrapping_add(i) as usize).map(|at| *at as usize)
    }
    fn head(&self, at: usize, word: usize) -> u32 {
        if !TYPED {
            return 0;
        }
        self.words.get(at.wrapping_sub(word)).copied().unwrap_or(0)
    }
    fn body(&self, at: usize) -> Option<(&'a [u32], &'a [u32])> {
        let counts = *self.words.get(at)? as usize;
        let first = at.wrapping_add(1);
        let results = first.wrapping_add(counts & 0xffff);
        let end = results.wrapping_add(counts >> 16);
        Some((self.words.get(first..results)?, self.words.get(results..end)?))
    }
    fn kind_at(&self, at: usize) -> Kind {
        match self.head(at, KIND) & 3 {
            0 => Kind::Func,
            1 => Kind::Struct,
            _ => Kind::Array,
        }
    }
    /// Types.
    pub fn types(&self) -> u32 {
        self.spaces.types.count
    }
    /// The function type `i`; `None` also if it is of another kind.
    pub fn ty(&self, i: u32) -> Option<FuncType<'a>> {
        let at = self.record(i)?;
        if TYPED && self.kind_at(at) != Kind::Func {
            return None;
        }
        self.body(at).map(|(params, results)| FuncType { params, results })
    }
    /// The fields of structure type `i`: types, with [`MUTABLE`]; [`I8`] and [`I16`] may stand for types.
    pub fn fields(&self, i: u32) -> Option<&'a [u32]> {
        let at = self.record(i).filter(|at| self.kind_at(*at) == Kind::Struct)?;
        self.body(at).map(|(fields, _)| fields)
    }
    /// The field of array type `i`.
    pub fn element(&self, i: u32) -> Option<u32> {
        let at = self.record(i).filter(|at| self.kind_at(*at) == Kind::Array)?;
        self.words.get(at.wrapping_add(1)).copied()
    }
    /// The one index that type `i` has in all words of types.
    pub fn canonical(&self, i: u32) -> Option<u32> {
        let at = self.record(i)?;
        Some(if TYPED { self.head(at, INDEX) } else { i })
    }
    /// Everything about type `i`.
    pub fn sub_type(&self, i: u32) -> Option<SubType<'a>> {
        let at = self.record(i)?;
        let (first, results) = self.body(at)?;
        if !TYPED {
            return Some(SubType { kind: Kind::Func, is_final: true, supertype: None, group: (i, 1), first, results });
        }
        let start = self.head(at, GROUP);
        let same = |j: u32| self.record(j).is_some_and(|at| self.head(at, GROUP) == start && self.head(at, INDEX) == j);
        // The types of a group stand in a row: of all from its first one on, those that are in it come before those that are not.
        let (mut end, mut past) = (start, self.types());
        while end < past {
            let middle = end.wrapping_add(past) / 2;
            if same(middle) {
                end = middle.wrapping_add(1);
            } else {
                past = middle;
            }
        }
        let head = self.head(at, KIND);
        Some(SubType {
            kind: self.kind_at(at),
            is_final: head & FINAL != 0,
            supertype: self.head(at, SUPER).checked_sub(1),
            group: (start, end.wrapping_sub(start)),
            first,
            results,
        })
    }
    /// The reference to type `i`.
    pub fn reference(&self, i: u32, nullable: bool) -> Option<ValType> {
        let at = self.record(i)?;
        Some(ValType::from_bits(self.head(at, if nullable { REF } else { REF_NON_NULL })))
    }
    /// A type as it was read, with the canonical index if it has one.
    #[inline]
    pub(crate) fn resolve(&self, ty: ValType) -> Result<ValType, Fault> {
        match ty.index() {
            None => Ok(ty),
            Some(_) if !TYPED => Err(Fault::UnknownType),
            Some(i) => self.reference(i, ty.is_nullable()).ok_or(Fault::UnknownType),
        }
    }
    /// `results` of a block with this one result.
    pub(crate) fn one(&self, ty: ValType) -> Option<&'a [u32]> {
        const N: usize = if TYPED { 64 } else { 32 };
        static CODES: [u32; N] = {
            let mut codes = [0; N];
            let mut i = 0;
            while i < 32 {
                codes[i] = 0x60 + i as u32;
                if TYPED {
                    codes[i + 32] = ValType::from_bits(0x60 + i as u32).non_null().bits();
                }
                i += 1;
            }
            codes
        };
        if !TYPED {
            return CODES.get((ty.heap().wrapping_sub(0x60) & 31) as usize..)?.get(..1);
        }
        if let Some(i) = ty.index() {
            let at = self.record(i)?.wrapping_sub(if ty.is_nullable() { REF } else { REF_NON_NULL });
            return self.words.get(at..)?.get(..1);
        }
        let at = ty.heap().wrapping_sub(0x60) as usize & 31;
        CODES.get(at.wrapping_add(if ty.is_nullable() { 0 } else { 32 })..)?.get(..1)
    }

    /// Whether every value of type `sub` is one of type `sup` (spec: core 3.3, matching).
    #[inline(never)]
    pub fn matches(&self, sub: ValType, sup: ValType) -> bool {
        if TYPED { Defined::matches(self, sub, sup) } else { sub == sup || sub == ValType::BOTTOM }
    }
}

impl Defined for Info<'_> {
    fn kind(&self, i: u32) -> Option<ValType> {
        self.record(i).map(|at| match self.kind_at(at) {
            Kind::Func => ValType::FUNCREF,
            Kind::Struct => ValType::STRUCTREF,
            Kind::Array => ValType::ARRAYREF,
        })
    }
    fn supertype(&self, i: u32) -> Option<u32> {
        self.record(i).and_then(|at| self.head(at, SUPER).checked_sub(1))
    }
}

/// Reads over one subtype, to count types.
fn skip_sub_type(r: &mut Reader<'_>) -> Result<(), Fault> {
    let mut form = r.byte()?;
    if matches!(form, 0x4f | 0x50) {
        for _ in 0..r.u32()? {
            r.u32()?;
        }
        form = r.byte()?;
    }
    match form {
        0x60 => {
            for _ in 0..2 {
                for _ in 0..r.u32()? {
                    r.val_type()?;
                }
            }
        }
        0x5f => {
            for _ in 0..r.u32()? {
                field(r)?;
            }
        }
        0x5e => {
            field(r)?;
        }
        _ => {}
    }
    Ok(())
}

/// A field: its type, or [`I8`] or [`I16`], and whether it is mutable.
fn field(r: &mut Reader<'_>) -> Result<(ValType, u32), Fault> {
    let ty = match r.clone().byte()? {
        b @ (0x77 | 0x78) => {
            r.byte()?;
            ValType::from_bits(b.into())
        }
        _ => r.val_type()?,
    };
    match r.byte()? {
        0 => Ok((ty, 0)),
        1 => Ok((ty, MUTABLE)),
        _ => Err(Fault::MalformedMutability),
    }
}

impl<S: Sink> Decoder<'_, '_, S> {
    fn info(&self) -> Info<'_> {
        Info::new(self.words, &self.spaces)
    }

    /// The type section.
    pub(crate) fn types(&mut self) -> Result<(), Fault> {
        let groups = self.r.count(limits::TYPES, Fault::TooManyTypes)?;
        let mut n = groups;
        if GC && self.r.clone().take_rest().contains(&0x4e) {
            n = self.count_types(groups)?;
        }
        self.spaces.types.own_at = self.alloc(n)?;
        if TYPED {
            let heads = n.next_power_of_two().min(1 << 16);
            self.group_heads = (self.alloc(heads)?, heads.wrapping_sub(1));
        }
        for _ in 0..groups {
            self.group()?;
        }
        Ok(())
    }
    fn count_types(&mut self, groups: u32) -> Result<u32, Fault> {
        let mut ahead = self.r.clone();
        let mut n = 0u32;
        for _ in 0..groups {
            let mut len = 1;
            if ahead.clone().byte()? == 0x4e {
                ahead.byte()?;
                len = ahead.count(limits::TYPES, Fault::TooManyTypes)?;
            }
            n = n.saturating_add(len);
            if n > limits::TYPES {
                return Err(Fault::TooManyTypes);
            }
            for _ in 0..len {
                // What is wrong is found when the section is read.
                if skip_sub_type(&mut ahead).is_err() {
                    return Ok(n);
                }
            }
        }
        Ok(n)
    }

    /// One recursion group; most are a single type.
    fn group(&mut self) -> Result<(), Fault> {
        let begin = self.used;
        let start = self.spaces.types.count;
        let mut len = 1;
        if self.r.clone().byte()? == 0x4e {
            if !GC {
                return Err(Fault::NeedsGc);
            }
            self.sink.uses(Feature::Gc);
            self.r.byte()?;
            len = self.r.count(limits::TYPES, Fault::TooManyTypes)?;
        }
        // Types of the group are known from its begin on.
        self.group_end = start.wrapping_add(len);
        for i in start..self.group_end {
            self.sub_type(i, start)?;
        }
        if !TYPED {
            return Ok(());
        }
        self.settle_references(begin, start)?;
        for i in start..self.group_end {
            self.check_supertype(i)?;
        }
        self.canonicalize(begin, start, len)
    }

    fn sub_type(&mut self, i: u32, start: u32) -> Result<(), Fault> {
        let (mut sup, mut flags) = (0, FINAL);
        let mut form = self.r.byte()?;
        if matches!(form, 0x4f | 0x50 | 0x5e | 0x5f) {
            if !GC {
                return Err(Fault::NeedsGc);
            }
            self.sink.uses(Feature::Gc);
        }
        if GC && matches!(form, 0x4f | 0x50) {
            flags = if form == 0x4f { FINAL } else { 0 };
            match self.r.u32()? {
                0 => {}
                1 => {
                    let named = self.r.u32()?;
                    if named >= i {
                        return Err(Fault::UnknownType);
                    }
                    sup = self.info().canonical(named).ok_or(Fault::UnknownType)?.wrapping_add(1);
                }
                _ => return Err(Fault::SeveralSupertypes),
            }
            form = self.r.byte()?;
        }
        self.alloc(HEAD)?;
        let at = self.alloc(1)?;
        let mut kind = Kind::Func;
        let counts = match form {
            0x60 => {
                let params = self.val_types(limits::PARAMS, Fault::TooManyParams)?;
                params | self.val_types(limits::RESULTS, Fault::TooManyResults)? << 16
            }
            0x5e | 0x5f if GC => {
                kind = if form == 0x5f { Kind::Struct } else { Kind::Array };
                let n = if kind == Kind::Struct { self.r.count(limits::FIELDS, Fault::TooManyFields)? } else { 1 };
                let at = self.alloc(n)?;
                for i in 0..n {
                    let (ty, mutable) = field(&mut self.r)?;
                    let ty = self.known(ty)?;
                    self.set(at.wrapping_add(i), ty.bits() | mutable);
                }
                n
            }
            0x80.. => return Err(Fault::IntegerTooLong),
            _ => return Err(Fault::MalformedType),
        };
        self.set(at, counts);
        if TYPED {
            let code = if kind == Kind::Func { ValType::DEFINED_FUNC } else { ValType::DEFINED_DATA };
            let reference = ValType::defined(code, i);
            for (word, value) in [
                (KIND, kind as u32 | flags),
                (SUPER, sup),
                (INDEX, i),
                (GROUP, start),
                (REF, reference.bits()),
                (REF_NON_NULL, reference.non_null().bits()),
            ] {
                self.set(at.wrapping_sub(word as u32), value);
            }
        }
        self.set(self.spaces.types.own_at.wrapping_add(i), at);
        self.spaces.types.count = i.wrapping_add(1);
        Ok(())
    }
    fn val_types(&mut self, limit: u32, fault: Fault) -> Result<u32, Fault> {
        let n = self.r.count(limit, fault)?;
        let at = self.alloc(n)?;
        for i in 0..n {
            let ty = self.r.val_type()?;
            let ty = self.known(ty)?;
            self.set(at.wrapping_add(i), ty.bits());
        }
        Ok(n)
    }
    /// A type within a group: the canonical one, or one of the group whose kind is not known yet.
    fn known(&mut self, ty: ValType) -> Result<ValType, Fault> {
        if ty.index().is_some_and(|i| i >= self.spaces.types.count && i < self.group_end) {
            return Ok(ty);
        }
        self.resolve(ty)
    }
    /// A type outside of the type section, as the module has it from now on.
    pub(crate) fn resolve(&mut self, ty: ValType) -> Result<ValType, Fault> {
        if TYPED && ty.is_ref() && !matches!(ty, ValType::FUNCREF | ValType::EXTERNREF) {
            self.sink.uses(Feature::FunctionReferences);
        }
        self.info().resolve(ty)
    }

    /// All types of the group are known now: references forward get their kind.
    fn settle_references(&mut self, begin: u32, start: u32) -> Result<(), Fault> {
        let mut at = begin;
        for _ in start..self.group_end {
            let body = at.wrapping_add(HEAD);
            let counts = self.words.get(body as usize).copied().unwrap_or(0);
            let n = (counts & 0xffff).wrapping_add(counts >> 16);
            for word in body.wrapping_add(1)..body.wrapping_add(1).wrapping_add(n) {
                let old = self.words.get(word as usize).copied().unwrap_or(0);
                let ty = ValType::from_bits(old & !MUTABLE);
                if ty.index().is_some_and(|i| i >= start) {
                    let ty = self.info().resolve(ty)?;
                    self.set(word, ty.bits() | old & MUTABLE);
                }
            }
            at = body.wrapping_add(1).wrapping_add(n);
        }
        Ok(())
    }

    /// Type `i` may have the supertype that it names (spec: core 3.2.8).
    fn check_supertype(&mut self, i: u32) -> Result<(), Fault> {
        let info = self.info();
        let at = info.record(i).ok_or(Fault::Internal)?;
        let Some(sup) = info.head(at, SUPER).checked_sub(1) else { return Ok(()) };
        let above = info.record(sup).ok_or(Fault::UnknownType)?;
        let depth = (info.head(above, KIND) >> DEPTH).wrapping_add(1);
        let ((a, ra), (b, rb)) = info.body(at).zip(info.body(above)).ok_or(Fault::Internal)?;
        let word = ValType::from_bits;
        let values =
            |sub: &[u32], sup: &[u32]| sub.len() == sup.len() && sub.iter().zip(sup).all(|(a, b)| info.matches(word(*a), word(*b)));
        let fields = |(a, b): (&u32, &u32)| {
            // A mutable field is read and written: the same type both ways.
            a & MUTABLE == b & MUTABLE && (a == b || (b & MUTABLE == 0 && info.matches(word(*a), word(*b))))
        };
        let kind = info.kind_at(at);
        let fits = kind == info.kind_at(above)
            && match kind {
                Kind::Func => values(b, a) && values(ra, rb),
                _ => a.len() >= b.len() && a.iter().zip(b).all(fields),
            };
        if !fits || info.head(above, KIND) & FINAL != 0 {
            return Err(Fault::SubType);
        }
        if depth > limits::SUBTYPE_DEPTH {
            return Err(Fault::TooManySupertypes);
        }
        let head = info.head(at, KIND);
        self.set((at as u32).wrapping_sub(KIND as u32), head & 0xff | depth << DEPTH);
        Ok(())
    }

    /// If the group, `start` on, equals an earlier one its types become those; its record words, `begin` on, are free again.
    fn canonicalize(&mut self, begin: u32, start: u32, len: u32) -> Result<(), Fault> {
        if len == 0 {
            return Ok(());
        }
        let info = self.info();
        let at = info.record(start).ok_or(Fault::Internal)?;
        let hash = self.group_hash(start, len);
        let (heads, mask) = self.group_heads;
        let head = heads.wrapping_add(hash & mask);
        let mut known = self.words.get(head as usize).copied().unwrap_or(0);
        let first = known;
        let mut looked_at = 0;
        while known != 0 {
            looked_at += 1;
            if looked_at > limits::EQUAL_HASHES {
                return Err(Fault::TypesCollide);
            }
            let there = known as usize;
            let earlier = info.head(there, INDEX);
            if info.head(there, HASH) == hash && self.same_group(earlier, start, len) {
                for i in 0..len {
                    let entry = self.spaces.types.own_at.wrapping_add(earlier).wrapping_add(i);
                    let record = self.words.get(entry as usize).copied().unwrap_or(0);
                    self.set(self.spaces.types.own_at.wrapping_add(start).wrapping_add(i), record);
                }
                self.used = begin;
                return Ok(());
            }
            known = info.head(there, NEXT);
        }
        let at = at as u32;
        self.set(at.wrapping_sub(HASH as u32), hash);
        self.set(at.wrapping_sub(NEXT as u32), first);
        self.set(head, at);
        Ok(())
    }
    /// Words of a type as they are compared: references into the group count from its begin.
    fn relative(word: u32, start: u32) -> u32 {
        let ty = ValType::from_bits(word & !MUTABLE);
        match ty.index() {
            Some(i) if i >= start => {
                let to = ValType::defined(if ty.is_nullable() { 1 } else { 2 }, i.wrapping_sub(start));
                to.bits() | word & MUTABLE
            }
            _ => word,
        }
    }
    fn group_hash(&self, start: u32, len: u32) -> u32 {
        let info = self.info();
        let mut h = 0x9e37_79b9u32 ^ len;
        let mut mix = |w: u32| {
            h = (h ^ w).wrapping_mul(0x85eb_ca6b);
            h ^= h >> 15;
        };
        for i in start..start.wrapping_add(len) {
            let Some(at) = info.record(i) else { break };
            let Some((first, results)) = info.body(at) else { break };
            mix(info.head(at, KIND));
            mix(first.len() as u32);
            mix(match info.head(at, SUPER) {
                sup if sup > start => sup.wrapping_sub(start) | 1 << 31,
                sup => sup,
            });
            first.iter().chain(results).for_each(|w| mix(Self::relative(*w, start)));
        }
        h
    }
    fn same_group(&self, a: u32, b: u32, len: u32) -> bool {
        let info = self.info();
        if info.record(a).is_none_or(|at| info.head(at, GROUP) != a) {
            return false;
        }
        (0..len).all(|i| {
            let (Some(x), Some(y)) = (info.record(a.wrapping_add(i)), info.record(b.wrapping_add(i))) else { return false };
            let (Some((xf, xr)), Some((yf, yr))) = (info.body(x), info.body(y)) else { return false };
            let sup = |at: usize, start: u32| match info.head(at, SUPER) {
                sup if sup > start => sup.wrapping_sub(start) | 1 << 31,
                sup => sup,
            };
            let words =
                |x: &[u32], y: &[u32]| x.len() == y.len() && x.iter().zip(y).all(|(x, y)| Self::relative(*x, a) == Self::relative(*y, b));
            info.head(x, GROUP) == a && info.head(x, KIND) == info.head(y, KIND) && sup(x, a) == sup(y, b) && words(xf, yf) && words(xr, yr)
        }) && info.record(a.wrapping_add(len)).is_none_or(|at| info.head(at, GROUP) != a || info.head(at, INDEX) != a.wrapping_add(len))
    }
}
