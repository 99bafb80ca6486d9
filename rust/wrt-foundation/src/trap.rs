// SPDX-License-Identifier: MIT
//! Why execution stopped for good, in the words of the specification's test suite.

/// One cause of a trap (spec: core 4.4, "trap"). The number is stable and crosses the C ABI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[repr(u32)]
pub enum Trap {
    /// `unreachable` was executed.
    Unreachable = 1,
    /// A memory access past the end.
    MemoryOutOfBounds = 2,
    /// A table access past the end (`table.get`, `table.set`, bulk operations).
    TableOutOfBounds = 3,
    /// An indirect call through an index past the table's end.
    UndefinedElement = 4,
    /// An indirect call through a null element.
    UninitializedElement = 5,
    /// An indirect call whose function has another type.
    IndirectCallTypeMismatch = 6,
    /// Integer division or remainder by zero.
    DivideByZero = 7,
    /// The quotient or converted number does not fit.
    IntegerOverflow = 8,
    /// NaN converted to an integer.
    InvalidConversion = 9,
    /// Cells or frames of the stack are used up.
    StackExhausted = 10,
    /// The image is damaged: an unknown operation, or an index past a table of the image.
    BadImage = 11,
    /// A host function reported an error.
    Host = 12,
    /// A host function asked to be suspended where only a nested call could be (DESIGN: host barrier).
    CannotSuspend = 13,
    /// Host functions called each other through the guest deeper than the limit.
    HostNesting = 14,
    /// The guest asked to end the program (WASI `proc_exit`); not an error of the guest.
    Exit = 15,
    /// A null reference was called.
    NullFunction = 16,
    /// A field of a null reference to a structure.
    NullStructure = 17,
    /// An element of a null reference to an array.
    NullArray = 18,
    /// `i31.get` of null.
    NullI31 = 19,
    /// `ref.as_non_null` of null.
    NullReference = 20,
    /// An array access past the end.
    ArrayOutOfBounds = 21,
    /// `ref.cast` to a type that the reference does not have.
    CastFailure = 22,
    /// `throw_ref` of null.
    NullException = 23,
    /// An exception that nobody caught.
    UncaughtException = 24,
    /// The heap has no room for the object, even after everything unreachable was collected.
    HeapExhausted = 25,
    /// An atomic access at an address that is no multiple of its width.
    UnalignedAtomic = 26,
    /// `memory.atomic.wait` in a memory that is not shared.
    NotShared = 27,
}

impl Trap {
    /// All of them, by number: number 1 is the first.
    pub const ALL: [Trap; 27] = [
        Trap::Unreachable,
        Trap::MemoryOutOfBounds,
        Trap::TableOutOfBounds,
        Trap::UndefinedElement,
        Trap::UninitializedElement,
        Trap::IndirectCallTypeMismatch,
        Trap::DivideByZero,
        Trap::IntegerOverflow,
        Trap::InvalidConversion,
        Trap::StackExhausted,
        Trap::BadImage,
        Trap::Host,
        Trap::CannotSuspend,
        Trap::HostNesting,
        Trap::Exit,
        Trap::NullFunction,
        Trap::NullStructure,
        Trap::NullArray,
        Trap::NullI31,
        Trap::NullReference,
        Trap::ArrayOutOfBounds,
        Trap::CastFailure,
        Trap::NullException,
        Trap::UncaughtException,
        Trap::HeapExhausted,
        Trap::UnalignedAtomic,
        Trap::NotShared,
    ];
    /// The text that the official test suite expects.
    pub const fn message(self) -> &'static str {
        match self {
            Trap::Unreachable => "unreachable",
            Trap::MemoryOutOfBounds => "out of bounds memory access",
            Trap::TableOutOfBounds => "out of bounds table access",
            Trap::UndefinedElement => "undefined element",
            Trap::UninitializedElement => "uninitialized element",
            Trap::IndirectCallTypeMismatch => "indirect call type mismatch",
            Trap::DivideByZero => "integer divide by zero",
            Trap::IntegerOverflow => "integer overflow",
            Trap::InvalidConversion => "invalid conversion to integer",
            Trap::StackExhausted => "call stack exhausted",
            Trap::BadImage => "damaged image",
            Trap::Host => "host function failed",
            Trap::CannotSuspend => "host function cannot be suspended here",
            Trap::HostNesting => "host calls nested too deeply",
            Trap::Exit => "program ended itself",
            Trap::NullFunction => "null function reference",
            Trap::NullStructure => "null structure reference",
            Trap::NullArray => "null array reference",
            Trap::NullI31 => "null i31 reference",
            Trap::NullReference => "null reference",
            Trap::ArrayOutOfBounds => "out of bounds array access",
            Trap::CastFailure => "cast failure",
            Trap::NullException => "null exception reference",
            Trap::UncaughtException => "uncaught exception",
            Trap::HeapExhausted => "heap exhausted",
            Trap::UnalignedAtomic => "unaligned atomic",
            Trap::NotShared => "expected shared memory",
        }
    }
}

impl core::fmt::Display for Trap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}
