// SPDX-License-Identifier: MIT
//! The 32-bit encoding of references, fixed for all proposals (spec: core 4.2.1, reference values).
//!
//! | bits | meaning |
//! |---|---|
//! | `0` | null |
//! | `……xxx1` | `i31`, payload in bits 31:1 |
//! | `…x 000`, not 0 | object of the heap, handle in bits 31:3 |
//! | `…x 010` | function, number in bits 31:3 (function base of its instance + local index) |
//! | `…x 100` | host reference (`externref`), the host's number in bits 31:3 |
//! | `…x 110` | host reference inside (`any.convert_extern`), the host's number in bits 31:3 |

/// A reference in one cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ref(u32);

impl Ref {
    /// The null reference of every type.
    pub const NULL: Ref = Ref(0);
    /// Numbers of functions and host references are below this: 2^29.
    pub const LIMIT: u32 = 1 << 29;

    /// The cell's bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
    /// The reference that a cell holds.
    pub const fn from_bits(bits: u32) -> Ref {
        Ref(bits)
    }
    /// Whether it is null.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }
    /// Function number `n` of a store; `n` is below [`Ref::LIMIT`].
    pub const fn func(n: u32) -> Ref {
        Ref(n << 3 | 2)
    }
    /// The function number, if it is a function.
    pub const fn as_func(self) -> Option<u32> {
        if self.0 & 7 == 2 { Some(self.0 >> 3) } else { None }
    }
    /// How many functions after function `first` of a store this one is. What is no function, or one before it, is so many after
    /// it that the store has fewer.
    pub const fn functions_after(self, first: Ref) -> u32 {
        // Bits that tell of another kind come to the top.
        self.0.wrapping_sub(first.0).rotate_right(3)
    }
    /// The host's reference `n`; `n` is below [`Ref::LIMIT`].
    pub const fn host(n: u32) -> Ref {
        Ref(n << 3 | 4)
    }
    /// The lower 31 bits of `n`.
    pub const fn i31(n: i32) -> Ref {
        Ref((n as u32) << 1 | 1)
    }
    /// The integer, sign-extended, if it is one of 31 bits.
    pub const fn as_i31(self) -> Option<i32> {
        if self.0 & 1 != 0 { Some(self.0 as i32 >> 1) } else { None }
    }
    /// Object of the heap with this handle, which is neither 0 nor [`Ref::LIMIT`] or more.
    pub const fn object(handle: u32) -> Ref {
        Ref(handle << 3)
    }
    /// The handle, if it is an object of the heap.
    pub const fn as_object(self) -> Option<u32> {
        if self.0 & 7 == 0 && self.0 != 0 { Some(self.0 >> 3) } else { None }
    }
    /// `any.convert_extern`: a host reference becomes one of the inside; all others were inside before.
    pub const fn internalize(self) -> Ref {
        if self.0 & 7 == 4 { Ref(self.0 | 2) } else { self }
    }
    /// `extern.convert_any`, the opposite.
    pub const fn externalize(self) -> Ref {
        if self.0 & 7 == 6 { Ref(self.0 & !2) } else { self }
    }
    /// The host's number, if it is a host reference.
    pub const fn as_host(self) -> Option<u32> {
        if self.0 & 7 == 4 { Some(self.0 >> 3) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::Ref;

    #[test]
    fn functions_are_numbered_from_the_first() {
        for first in [0, 1, 1000, Ref::LIMIT - 10] {
            // A store that ends where numbers do has so many functions from the first on.
            let functions = Ref::LIMIT - first;
            let after = |r: Ref| r.functions_after(Ref::func(first));
            assert_eq!((after(Ref::func(first)), after(Ref::func(Ref::LIMIT - 1))), (0, functions - 1));
            let before = Ref::func(first.saturating_sub(1));
            for other in [Ref::NULL, Ref::host(first), Ref::host(first + 1), Ref::i31(first as i32), Ref::i31(-1)] {
                assert!(after(other) >= functions, "{other:?} after {first}");
            }
            assert!(first == 0 || after(before) >= functions && after(Ref::func(0)) >= functions);
        }
    }

    #[test]
    fn kinds_do_not_mix() {
        for n in [0, 1, 77, Ref::LIMIT - 1] {
            assert_eq!(Ref::func(n).as_func(), Some(n));
            assert_eq!(Ref::host(n).as_host(), Some(n));
            assert_eq!(Ref::func(n).as_host(), None);
            assert_eq!(Ref::host(n).as_func(), None);
            assert!(!Ref::func(n).is_null() && !Ref::host(n).is_null());
        }
        assert!(Ref::NULL.as_func().is_none() && Ref::NULL.as_host().is_none() && Ref::NULL.as_object().is_none());
        for n in [0, 1, -1, i32::MAX >> 1, i32::MIN >> 1] {
            assert_eq!(Ref::i31(n).as_i31(), Some(n));
            assert!(Ref::i31(n).as_func().is_none() && Ref::i31(n).as_object().is_none() && !Ref::i31(n).is_null());
        }
        assert_eq!(Ref::object(5).as_object(), Some(5));
        let inside = Ref::host(7).internalize();
        assert!(inside.as_host().is_none() && inside.as_object().is_none());
        assert_eq!(inside.externalize(), Ref::host(7));
        assert_eq!((Ref::object(5).externalize(), Ref::NULL.internalize()), (Ref::object(5), Ref::NULL));
    }
}
