// SPDX-License-Identifier: MIT
//! Types across instances: each group of types that a store has seen has numbers of its own, the same for equal groups
//! of all modules, so that types are the same exactly when their numbers are (spec: core 3.1.4, 4.2.2).

use crate::image::{Image, Word};
#[cfg(feature = "function-references")]
use crate::image::{Kind, MUTABLE, Type};
#[cfg(feature = "function-references")]
use crate::store::NONE;
#[cfg(not(feature = "function-references"))]
use crate::store::place;
use crate::store::{Store, TypeSource};
#[cfg(feature = "function-references")]
use wrt_foundation::{Buf, limits};
use wrt_foundation::{Defined, Ref, ValType};

/// What became of a type's number.
pub(crate) enum Known {
    /// All types have one.
    Done,
    /// No slot is left.
    NoRoom,
    /// The image contradicts itself.
    Damaged,
}

/// The numbers of an instance's types.
#[cfg(feature = "function-references")]
#[derive(Clone, Copy)]
struct Numbers<'a> {
    /// Type ids of the instance that is being made.
    new: &'a [u32],
    /// Its number.
    inst: u32,
}

impl<'m> Store<'m> {
    /// The number of the type of function `number`.
    pub(crate) fn func_type_id(&self, number: u32, hint: u32) -> Option<u32> {
        let (inst, f) = self.locate(number, hint)?;
        let inst = self.insts.get(inst as usize)?;
        inst.type_id(inst.image().func_type_index(f)?)
    }
}

/// Without typed references a type is its words.
#[cfg(not(feature = "function-references"))]
impl<'m> Store<'m> {
    /// Gives each type of `image`, which becomes instance `inst`, its number; they go to the words from `at` on.
    #[inline(always)]
    pub(crate) fn number_types(&mut self, image: Image<'_>, inst: u32, at: u32) -> Known {
        for ty in 0..image.get(Word::Types) {
            let Some((hash, want)) = image.hash(ty).zip(image.ty(ty)) else { return Known::Damaged };
            let same = |t: &TypeSource| {
                let other = if t.inst == inst { Some(image) } else { self.insts.get(t.inst as usize).map(|i| i.image()) };
                t.hash == hash && other.and_then(|image| image.ty(t.ty)).is_some_and(|have| have == want)
            };
            let known = self.types.get(..self.used.types as usize).and_then(|used| used.iter().position(same));
            let id = match known {
                Some(i) => i as u32,
                None => match place(&mut self.types, &mut self.used.types, TypeSource { hash, inst, ty }) {
                    Some(id) => id,
                    None => return Known::NoRoom,
                },
            };
            if let Some(word) = self.words.get_mut(at.wrapping_add(ty) as usize) {
                *word = id;
            }
        }
        Known::Done
    }
    /// Takes the types from number `keep` on away again.
    pub(crate) fn forget_types(&mut self, keep: u32) {
        self.used.types = keep;
    }
    /// A type of instance `inst` as the store has it.
    pub(crate) fn type_of(&self, _: u32, ty: ValType) -> ValType {
        ty
    }
    /// Whether `r` is a value of type `ty`.
    pub fn is_of_type(&self, r: Ref, ty: ValType) -> bool {
        r.is_null() || ty != ValType::FUNCREF || r.as_func().is_some()
    }
}

#[cfg(feature = "function-references")]
impl<'m> Store<'m> {
    /// Gives each type of `image`, which becomes instance `inst`, its number; they go to the words from `at` on.
    #[inline(always)]
    pub(crate) fn number_types(&mut self, image: Image<'_>, inst: u32, at: u32) -> Known {
        let n = image.get(Word::Types);
        let mut last = 0;
        for ty in 0..n {
            // A type that stands where an earlier one does is never asked for by this index.
            let Some(place) = image.type_place(ty) else { return Known::Damaged };
            if place <= last {
                continue;
            }
            last = place;
            let Some(t) = image.full_type(ty) else { return Known::Damaged };
            let (start, len) = t.group.unwrap_or((ty, 1));
            if start != ty {
                continue;
            }
            if start.checked_add(len).is_none_or(|end| end > n) {
                return Known::Damaged;
            }
            let Some(hash) = self.group_hash(image, at, start, len) else { return Known::Damaged };
            let first = match self.known_group(image, Numbers { new: self.type_words(at, n), inst }, hash, start, len) {
                Err(known) => return known,
                Ok(Some(known)) => known,
                Ok(None) => {
                    let first = self.used.types;
                    for i in start..start.wrapping_add(len) {
                        let source = self.source(image, inst, at, (start, len, first), i, hash);
                        if self.place_type(source).is_none() {
                            return Known::NoRoom;
                        }
                    }
                    self.link_group(first);
                    first
                }
            };
            for i in 0..len {
                if let Some(word) = self.words.get_mut(at.wrapping_add(start).wrapping_add(i) as usize) {
                    *word = first.wrapping_add(i);
                }
            }
        }
        Known::Done
    }
    fn type_words(&self, at: u32, n: u32) -> &[u32] {
        self.words.get(at as usize..at.wrapping_add(n) as usize).unwrap_or(&[])
    }
    /// Type `ty` of the image, in the group that begins at type `start` and gets the numbers from `first` on.
    fn source(&self, image: Image<'_>, inst: u32, at: u32, (start, len, first): (u32, u32, u32), ty: u32, hash: u32) -> TypeSource {
        let sup = match image.full_type(ty).and_then(|t| t.supertype) {
            None => NONE,
            Some(sup) if sup >= start && sup < start.wrapping_add(len) => first.wrapping_add(sup.wrapping_sub(start)),
            Some(sup) => self.words.get(at.wrapping_add(sup) as usize).copied().unwrap_or(NONE),
        };
        TypeSource { hash, inst, ty, sup, head: 0, next: NONE }
    }

    /// Hash of a group of the new image: equal groups of all modules have equal ones.
    fn group_hash(&self, image: Image<'_>, at: u32, start: u32, len: u32) -> Option<u32> {
        let mut h = len;
        let mut mix = |w: u32| {
            h = (h ^ w).wrapping_mul(0x85eb_ca6b);
            h ^= h >> 15;
        };
        for i in start..start.wrapping_add(len) {
            let t = image.full_type(i)?;
            mix(t.hash);
            mix(match t.supertype {
                None => NONE,
                Some(sup) if sup >= start && sup < start.wrapping_add(len) => sup.wrapping_sub(start) | 1 << 31,
                Some(sup) => self.words.get(at.wrapping_add(sup) as usize).copied()?,
            });
        }
        Some(h)
    }
    /// Which slot begins the chain of groups with this hash.
    fn bucket(&self, hash: u32) -> usize {
        ((u64::from(hash.wrapping_mul(0x9e37_79b9)) * self.types.len() as u64) >> 32) as usize
    }
    /// Puts a type into the next slot, which may be the begin of a chain already.
    fn place_type(&mut self, source: TypeSource) -> Option<u32> {
        let i = self.used.types;
        if i as usize >= self.types.len() && !self.more_types() {
            return None;
        }
        let slot = self.types.get_mut(i as usize)?;
        *slot = TypeSource { head: slot.head, ..source };
        self.used.types = i.wrapping_add(1);
        Some(i)
    }
    /// Twice as many slots, if they are owned, and the chains for that number.
    fn more_types(&mut self) -> bool {
        if matches!(self.types, Buf::Lent(_)) || !self.types.reserve(self.types.len().saturating_mul(2).max(8)) {
            return false;
        }
        self.types.iter_mut().for_each(|t| t.head = 0);
        for i in 0..self.used.types {
            if self.types.get(i as usize).is_some_and(|t| t.next != NONE) {
                self.link_group(i);
            }
        }
        true
    }
    /// Puts the group that begins with type `first` at the begin of its chain.
    fn link_group(&mut self, first: u32) {
        let Some(hash) = self.types.get(first as usize).map(|t| t.hash) else { return };
        let bucket = self.bucket(hash);
        let head = self.types.get_mut(bucket).map_or(0, |t| core::mem::replace(&mut t.head, first.wrapping_add(1)));
        if let Some(t) = self.types.get_mut(first as usize) {
            t.next = head;
        }
    }
    /// Takes the types from number `keep` on away again.
    pub(crate) fn forget_types(&mut self, keep: u32) {
        // The last one of a chain comes first in it.
        for i in (keep..self.used.types).rev() {
            let Some((hash, next)) = self.types.get(i as usize).map(|t| (t.hash, t.next)) else { break };
            let bucket = self.bucket(hash);
            if let Some(t) = self.types.get_mut(bucket).filter(|t| t.head == i.wrapping_add(1)) {
                t.head = next;
            }
        }
        self.used.types = keep;
    }

    /// The number of the first type of an equal group.
    fn known_group(&self, image: Image<'_>, numbers: Numbers<'_>, hash: u32, start: u32, len: u32) -> Result<Option<u32>, Known> {
        let used = self.types.get(..self.used.types as usize).unwrap_or(&[]);
        let equal = |first: u32, source: &TypeSource| {
            (0..len).all(|k| {
                used.get(first.wrapping_add(k) as usize).is_some_and(|there| {
                    there.inst == source.inst && self.same(numbers, image, start.wrapping_add(k), start, *there, source.ty, len)
                })
            })
        };
        let mut next = self.types.get(self.bucket(hash)).map_or(0, |t| t.head);
        for _ in 0..limits::EQUAL_HASHES {
            let Some(first) = next.checked_sub(1) else { return Ok(None) };
            let Some(source) = used.get(first as usize) else { return Err(Known::Damaged) };
            if source.hash == hash && equal(first, source) {
                return Ok(Some(first));
            }
            next = source.next;
        }
        Err(Known::NoRoom)
    }

    /// Whether type `ty` of the new image, in the group from `start` on, is like `there`, in one from `there_start` on.
    #[allow(clippy::too_many_arguments)] // two types, each with its group
    fn same(&self, numbers: Numbers<'_>, image: Image<'_>, ty: u32, start: u32, there: TypeSource, there_start: u32, len: u32) -> bool {
        let own = there.inst == numbers.inst;
        let other = if own { Some(image) } else { self.insts.get(there.inst as usize).map(|i| i.image()) };
        let (Some(a), Some(b)) = (image.full_type(ty), other.and_then(|image| image.full_type(there.ty))) else { return false };
        // A type by index: in the group, how far from its begin; else its number.
        let relative = |i: u32, start: u32, own: bool| match i.checked_sub(start).filter(|i| *i < len) {
            Some(i) => (true, Some(i)),
            None if own => (false, numbers.new.get(i as usize).copied()),
            None => (false, self.insts.get(there.inst as usize).and_then(|inst| inst.type_id(i))),
        };
        let word = |(x, y): (&u32, &u32)| {
            let (x_ty, y_ty) = (ValType::from_bits(x & !MUTABLE), ValType::from_bits(y & !MUTABLE));
            match (x_ty.index(), y_ty.index()) {
                (Some(i), Some(j)) => {
                    x_ty.with_index(0) == y_ty.with_index(0)
                        && x & MUTABLE == y & MUTABLE
                        && relative(i, start, true) == relative(j, there_start, own)
                }
                _ => x == y,
            }
        };
        let words = |x: &[u32], y: &[u32]| x.len() == y.len() && x.iter().zip(y).all(word);
        let above = match (a.supertype, b.supertype) {
            (Some(i), Some(j)) => relative(i, start, true) == relative(j, there_start, own),
            (a, b) => a == b,
        };
        let group = |t: &Type<'_>, ty: u32| t.group.unwrap_or((ty, 1));
        a.hash == b.hash
            && (a.kind, a.is_final) == (b.kind, b.is_final)
            && group(&b, there.ty) == (there_start, len)
            && ty.wrapping_sub(start) == there.ty.wrapping_sub(there_start)
            && above
            && words(a.first, b.first)
            && words(a.results, b.results)
    }

    /// A type of instance `inst` as the store has it.
    pub(crate) fn type_of(&self, inst: u32, ty: ValType) -> ValType {
        let id = |i| self.insts.get(inst as usize).and_then(|inst| inst.type_id(i)).unwrap_or(NONE >> 10);
        ty.index().map_or(ty, |i| ty.with_index(id(i)))
    }
    /// What type number `id` is.
    pub(crate) fn type_by_id(&self, id: u32) -> Option<Type<'_>> {
        let source = self.types.get(..self.used.types as usize)?.get(id as usize)?;
        self.insts.get(source.inst as usize)?.image().full_type(source.ty)
    }

    /// Whether `r` is a value of type `ty`, whose index, if it has one, is a type's number in this store.
    pub fn is_of_type(&self, r: Ref, ty: ValType) -> bool {
        if r.is_null() {
            return ty.is_nullable();
        }
        let family = ty.family();
        if family == ValType::EXTERNREF {
            return ty.heap() == ValType::EXTERNREF.heap() && r.as_func().is_none();
        }
        let have = if let Some(number) = r.as_func() {
            self.func_type_id(number, NONE).map(|id| ValType::defined(ValType::DEFINED_FUNC, id))
        } else if r.as_i31().is_some() {
            Some(ValType::I31REF)
        } else if r.as_object().is_some() {
            #[cfg(any(feature = "gc", feature = "exceptions"))]
            let ty = self.object_type(r);
            #[cfg(not(any(feature = "gc", feature = "exceptions")))]
            let ty = None;
            ty
        } else if r.as_host().is_some() {
            None
        } else {
            Some(ValType::ANYREF)
        };
        have.is_some_and(|have| self.heap_matches(have, ty))
    }
}

#[cfg(feature = "function-references")]
impl Defined for Store<'_> {
    fn kind(&self, i: u32) -> Option<ValType> {
        self.type_by_id(i).map(|t| match t.kind {
            Kind::Func => ValType::FUNCREF,
            Kind::Struct => ValType::STRUCTREF,
            Kind::Array => ValType::ARRAYREF,
        })
    }
    fn supertype(&self, i: u32) -> Option<u32> {
        self.types.get(..self.used.types as usize)?.get(i as usize).map(|t| t.sup).filter(|sup| *sup != NONE)
    }
}

#[cfg(not(feature = "function-references"))]
impl Defined for Store<'_> {
    fn kind(&self, _: u32) -> Option<ValType> {
        None
    }
    fn supertype(&self, _: u32) -> Option<u32> {
        None
    }
    fn matches(&self, sub: ValType, sup: ValType) -> bool {
        sub == sup
    }
    fn descends(&self, i: u32, j: u32) -> bool {
        i == j
    }
}
