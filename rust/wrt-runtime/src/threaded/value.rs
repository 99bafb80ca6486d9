// SPDX-License-Identifier: MIT
//! Values of one or two cells, and the accumulator: the value that the operation before has made.

use super::Cells;

/// What of the accumulator is in registers for floats: to bring a value there from one for integers takes as long as the operation.
#[derive(Clone, Copy)]
pub(super) struct Floats {
    #[cfg(feature = "float")]
    double: f64,
    #[cfg(feature = "float")]
    single: f32,
}

impl Floats {
    pub(super) const NOTHING: Floats = Floats {
        #[cfg(feature = "float")]
        double: 0.0,
        #[cfg(feature = "float")]
        single: 0.0,
    };
}

/// The accumulator. Its bits, and the float of an operation whose result is one. Functions that are called take the two apart, or they
/// would find them in memory.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) bits: u64,
    pub(super) fp: Floats,
}

impl Held {
    pub(super) const NOTHING: Held = Held { bits: 0, fp: Floats::NOTHING };
}

/// A number as cells and integers hold it.
pub(super) trait Bits: Copy {
    fn read(fr: &Cells, r: usize) -> Self;
    fn write(self, fr: &Cells, r: usize);
    fn narrow(bits: u64) -> Self;
    fn widen(self) -> u64;
    /// The constant in the upper half of a word.
    fn immediate(w: u64) -> Self;
}
impl Bits for u32 {
    #[inline(always)]
    fn read(fr: &Cells, r: usize) -> u32 {
        fr[r].get()
    }
    #[inline(always)]
    fn write(self, fr: &Cells, r: usize) {
        fr[r].set(self);
    }
    #[inline(always)]
    fn narrow(bits: u64) -> u32 {
        bits as u32
    }
    #[inline(always)]
    fn widen(self) -> u64 {
        self.into()
    }
    #[inline(always)]
    fn immediate(w: u64) -> u32 {
        (w >> 32) as u32
    }
}
impl Bits for u64 {
    #[inline(always)]
    fn read(fr: &Cells, r: usize) -> u64 {
        u64::from(fr[r].get()) | u64::from(fr[r + 1].get()) << 32
    }
    #[inline(always)]
    fn write(self, fr: &Cells, r: usize) {
        fr[r].set(self as u32);
        fr[r + 1].set((self >> 32) as u32);
    }
    #[inline(always)]
    fn narrow(bits: u64) -> u64 {
        bits
    }
    #[inline(always)]
    fn widen(self) -> u64 {
        self
    }
    #[inline(always)]
    fn immediate(w: u64) -> u64 {
        (w as i64 >> 32) as u64
    }
}

/// A value of one or two cells, of the type that an operation takes it for: loads, stores and moves take floats for integers.
pub(super) trait Value: Copy {
    /// What [`num`](wrt_instructions::num) has in its place.
    type Bits: Bits;
    fn bits(self) -> Self::Bits;
    fn of_bits(bits: Self::Bits) -> Self;
    #[inline(always)]
    fn get(fr: &Cells, r: usize) -> Self {
        Self::of_bits(Self::Bits::read(fr, r))
    }
    #[inline(always)]
    fn set(self, fr: &Cells, r: usize) {
        self.bits().write(fr, r);
    }
    #[inline(always)]
    fn immediate(w: u64) -> Self {
        Self::of_bits(Self::Bits::immediate(w))
    }
    /// The accumulator, whatever made it.
    #[inline(always)]
    fn from_bits_of(acc: Held) -> Self {
        Self::of_bits(Self::Bits::narrow(acc.bits))
    }
    /// The accumulator, which an operation made whose result has this type.
    #[inline(always)]
    fn from_accumulator(acc: Held) -> Self {
        Self::from_bits_of(acc)
    }
    /// The accumulator with this in it, after `before`.
    #[inline(always)]
    fn accumulator(self, before: Held) -> Held {
        Held { bits: self.bits().widen(), ..before }
    }
}
macro_rules! integer {
    ($ty:ident) => {
        impl Value for $ty {
            type Bits = $ty;
            #[inline(always)]
            fn bits(self) -> $ty {
                self
            }
            #[inline(always)]
            fn of_bits(bits: $ty) -> $ty {
                bits
            }
        }
    };
}
integer!(u32);
integer!(u64);
#[cfg(feature = "float")]
macro_rules! float {
    ($ty:ident, $bits:ident, $register:ident) => {
        impl Value for $ty {
            type Bits = $bits;
            #[inline(always)]
            fn bits(self) -> $bits {
                self.to_bits()
            }
            #[inline(always)]
            fn of_bits(bits: $bits) -> $ty {
                $ty::from_bits(bits)
            }
            #[inline(always)]
            fn from_accumulator(acc: Held) -> $ty {
                acc.fp.$register
            }
            #[inline(always)]
            fn accumulator(self, before: Held) -> Held {
                Held { bits: self.bits().widen(), fp: Floats { $register: self, ..before.fp } }
            }
        }
    };
}
#[cfg(feature = "float")]
float!(f32, u32, single);
#[cfg(feature = "float")]
float!(f64, u64, double);
