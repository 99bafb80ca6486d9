// SPDX-License-Identifier: MIT
//! Parts of WebAssembly that a build may lack: one cargo feature, one Kconfig symbol and one bit of an image each.

macro_rules! features {
    ($($number:literal $name:ident $text:literal;)*) => {
        /// One of them; the number is its bit in an image's header.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Feature {
            $(#[doc = concat!("`", $text, "`")] $name = $number,)*
        }
        impl Feature {
            /// All of them.
            pub const ALL: &[Feature] = &[$(Feature::$name),*];
            /// The word that cargo, Kconfig and messages use.
            pub const fn name(self) -> &'static str {
                match self { $(Feature::$name => $text,)* }
            }
            /// What to say of a module when this build lacks it.
            pub const fn needs(self) -> &'static str {
                match self { $(Feature::$name => concat!("needs ", $text),)* }
            }
        }
    };
}

features! {
    0 Float "float";
    1 Simd "simd";
    2 RelaxedSimd "relaxed-simd";
    3 TailCall "tail-call";
    4 FunctionReferences "function-references";
    5 Gc "gc";
    6 Exceptions "exceptions";
    7 MultiMemory "multi-memory";
    8 Memory64 "memory64";
    9 Threads "threads";
    10 CustomPageSizes "custom-page-sizes";
    11 WideArithmetic "wide-arithmetic";
    12 LegacyExceptions "legacy-exceptions";
}

impl Feature {
    /// Its bit.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
    /// The first feature whose bit is set in `bits`.
    pub fn first_of(bits: u32) -> Option<Feature> {
        Self::ALL.iter().copied().find(|f| bits & f.bit() != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::Feature;

    #[test]
    fn bits_are_found() {
        assert_eq!(Feature::first_of(Feature::Gc.bit() | Feature::Threads.bit()), Some(Feature::Gc));
        assert_eq!(Feature::first_of(1 << 31), None);
        assert_eq!(Feature::ALL.iter().fold(0, |all, f| all + f.bit()), (1 << Feature::ALL.len()) - 1);
        assert_eq!(Feature::Simd.needs(), "needs simd");
    }
}
