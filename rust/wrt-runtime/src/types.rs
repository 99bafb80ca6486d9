// SPDX-License-Identifier: MIT
//! Types across instances: each group of types that a store has seen has numbers of its own, the same for equal groups
//! of all modules, so that types are the same exactly when their numbers are (spec: core 3.1.4, 4.2.2).

use crate::image::{Image, Kind, MUTABLE, Type, Word};
use crate::store::{NONE, Store, TypeSource, place};
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

/// The number of a type in a store.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    /// Type ids of the instance that is being made.
    new: &'a [u32],
    /// Its number.
    inst: u32,
}

impl<'m> Store<'m> {
    /// Gives each type of `image`, which becomes instance `inst`, its number; they go to the words from `at` on.
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
            let first = match self.known_group(image, Numbers { new: self.type_words(at, n), inst }, t, start, len) {
                Some(known) => known,
                None => {
                    let first = self.used.types;
                    for i in start..start.wrapping_add(len) {
                        let Some(t) = image.full_type(i) else { return Known::Damaged };
                        let source = self.source(image, inst, at, (start, len, first), i, t.hash);
                        if place_type(self, source).is_none() {
                            return Known::NoRoom;
                        }
                    }
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
    #[cfg(not(feature = "function-references"))]
    fn source(&self, _: Image<'_>, inst: u32, _: u32, _: (u32, u32, u32), ty: u32, hash: u32) -> TypeSource {
        TypeSource { hash, inst, ty }
    }
    /// Type `ty` of the image, in the group that begins at type `start` and gets the numbers from `first` on.
    #[cfg(feature = "function-references")]
    fn source(&self, image: Image<'_>, inst: u32, at: u32, (start, len, first): (u32, u32, u32), ty: u32, hash: u32) -> TypeSource {
        let sup = match image.full_type(ty).and_then(|t| t.supertype) {
            None => NONE,
            Some(sup) if sup >= start && sup < start.wrapping_add(len) => first.wrapping_add(sup.wrapping_sub(start)),
            Some(sup) => self.words.get(at.wrapping_add(sup) as usize).copied().unwrap_or(NONE),
        };
        TypeSource { hash, inst, ty, sup }
    }

    /// The number of the first type of an equal group.
    fn known_group(&self, image: Image<'_>, numbers: Numbers<'_>, t: Type<'_>, start: u32, len: u32) -> Option<u32> {
        let used = self.types.get(..self.used.types as usize)?;
        let equal = |(i, source): (usize, &TypeSource)| {
            let known = |k: u32| Some(*used.get(i.checked_add(k as usize)?)?);
            source.hash == t.hash
                && (0..len).all(|k| {
                    known(k).is_some_and(|there| {
                        there.inst == source.inst && self.same(numbers, image, start.wrapping_add(k), start, there, source.ty, len)
                    })
                })
        };
        used.iter().enumerate().find(|t| equal(*t)).map(|(i, _)| i as u32)
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
    /// The number of the type of function `number`.
    pub(crate) fn func_type_id(&self, number: u32, hint: u32) -> Option<u32> {
        let (inst, f) = self.locate(number, hint)?;
        let inst = self.insts.get(inst as usize)?;
        inst.type_id(inst.image().func_type_index(f)?)
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

fn place_type(store: &mut Store<'_>, source: TypeSource) -> Option<u32> {
    place(&mut store.types, &mut store.used.types, source)
}

impl Defined for Store<'_> {
    fn kind(&self, i: u32) -> Option<ValType> {
        self.type_by_id(i).map(|t| match t.kind {
            Kind::Func => ValType::FUNCREF,
            Kind::Struct => ValType::STRUCTREF,
            Kind::Array => ValType::ARRAYREF,
        })
    }
    #[cfg(feature = "function-references")]
    fn supertype(&self, i: u32) -> Option<u32> {
        self.types.get(..self.used.types as usize)?.get(i as usize).map(|t| t.sup).filter(|sup| *sup != NONE)
    }
    #[cfg(not(feature = "function-references"))]
    fn supertype(&self, _: u32) -> Option<u32> {
        None
    }
}
