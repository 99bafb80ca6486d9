// SPDX-License-Identifier: MIT
//! Why a module was refused: one variant per cause, with the wording of the specification's test suite. Causes that only a
//! part of WRT has are there with it.

use wrt_foundation::{ErrorKind, Feature};

macro_rules! faults {
    ($($kind:ident { $($name:ident $message:literal $((only $feature:literal))?)* })*) => {
        /// One cause to refuse a module. The text of each variant is [`Fault::message`]. A word wide, so that a result with
        /// a number comes back in registers.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $message] $(#[cfg(feature = $feature)])? $name,)*)*
        }
        impl Fault {
            /// All of them, by number.
            pub const ALL: &[Fault] = &[$($($(#[cfg(feature = $feature)])? Fault::$name,)*)*];
            /// One sentence without a full stop; for malformed and invalid modules the test suite's wording.
            pub const fn message(self) -> &'static str {
                match self { $($($(#[cfg(feature = $feature)])? Fault::$name => $message,)*)* }
            }
            /// What kind of failure it is.
            pub const fn kind(self) -> ErrorKind {
                match self { $($($(#[cfg(feature = $feature)])? Fault::$name => ErrorKind::$kind,)*)* }
            }
        }
    };
}

faults! {
    Malformed {
        MagicNotDetected "magic header not detected"
        UnknownVersion "unknown binary version"
        UnexpectedEnd "unexpected end"
        LengthOutOfBounds "length out of bounds"
        IntegerTooLong "integer representation too long"
        IntegerTooLarge "integer too large"
        MalformedUtf8 "malformed UTF-8 encoding"
        MalformedSectionId "malformed section id"
        UnexpectedContent "unexpected content after last section"
        SectionSizeMismatch "section size mismatch"
        MalformedType "malformed type definition"
        MalformedValueType "malformed value type"
        MalformedReferenceType "malformed reference type"
        MalformedHeapType "malformed heap type"
        MalformedBlockType "malformed block type"
        MalformedImportKind "malformed import kind"
        MalformedExportKind "malformed export kind"
        MalformedMutability "malformed mutability"
        MalformedElementKind "malformed element kind"
        MalformedElementSegment "malformed elements segment kind"
        MalformedCast "malformed br_on_cast flags"
        MalformedCatch "malformed catch clause"
        MalformedTag "malformed tag attribute"
        MalformedDataSegment "malformed data segment kind"
        MalformedMemopFlags "malformed memop flags"
        MalformedPageSize "invalid custom page size"
        ZeroByteExpected "zero byte expected"
        IllegalOpcode "illegal opcode"
        MisplacedElse "misplaced ELSE opcode"
        MisplacedCatch "misplaced CATCH or DELEGATE opcode" (only "legacy-exceptions")
        EndExpected "END opcode expected"
        LocalsOverflow "too many locals"
        FunctionAndCodeCount "function and code section have inconsistent lengths"
        DataCountMismatch "data count and data section have inconsistent lengths"
        DataCountRequired "data count section required"
    }
    Invalid {
        TypeMismatch "type mismatch"
        UnknownType "unknown type"
        UnknownFunction "unknown function"
        UnknownTable "unknown table"
        UnknownMemory "unknown memory"
        UnknownGlobal "unknown global"
        UnknownElem "unknown elem segment"
        UnknownData "unknown data segment"
        UnknownLocal "unknown local"
        UnknownLabel "unknown label"
        GlobalIsImmutable "global is immutable"
        AlignmentTooLarge "alignment must not be larger than natural"
        AtomicAlignment "atomic alignment must be natural"
        UndeclaredFunction "undeclared function reference"
        ConstantRequired "constant expression required"
        DuplicateExport "duplicate export name"
        StartFunction "start function"
        MinimumAboveMaximum "size minimum must not be greater than maximum"
        MemorySize "memory size must be at most 65536 pages (4GiB)"
        MemorySize64 "memory size must be at most 2^48 pages (2^64 bytes)"
        TableSize "table size must be at most 2^32-1"
        SharedWithoutMaximum "shared memory must have maximum"
        OffsetOutOfRange "offset out of range"
        InvalidPageSize "invalid custom page size"
        ResultArity "invalid result arity"
        SubType "sub type does not match its super type"
        SeveralSupertypes "sub type with several super types"
        UninitializedLocal "uninitialized local"
        UnknownField "unknown field"
        ImmutableField "immutable field"
        ImmutableArray "immutable array"
        ArrayTypes "array types do not match"
        NotNumeric "array type is not numeric or vector"
        UnknownTag "unknown tag"
        TagResults "non-empty tag result type"
        InvalidLane "invalid lane index"
        RethrowLabel "invalid rethrow label" (only "legacy-exceptions")
    }
    Memory {
        ScratchFull "decode scratch is too small"
    }
    Unsupported {
        ModuleTooLarge "the module has 4 GiB or more"
        JumpTooFar "a jump is too long"
        Internal "the decoder and its sink disagree"
        FrameTooLarge "too many cells in one frame (60000)"
        TooManyTypes "too many types (100000)"
        TypesCollide "too many types with one hash (256)"
        TooManyMapped "too many operands and locals where code can pause (50000000)"
        TooManyWide "too many operands of instructions with many of them (20000000)"
        TooManyParams "too many parameters (1000)"
        TooManyResults "too many results (1000)"
        TooManyFunctions "too many functions (1000000)"
        TooManyImports "too many imports (100000)"
        TooManyExports "too many exports (100000)"
        TooManyGlobals "too many globals (65535)"
        TooManyTables "too many tables (65535)"
        TooManyFields "too many fields (10000)"
        TooManySupertypes "too many supertypes above one type (63)"
        TooManyClauses "too many clauses in one try_table (21800)"
        TooManyTags "too many tags (65535)"
        TooManyMemories "too many memories (65535)"
        TooManySegments "too many segments (100000)"
        TooManyLocals "too many locals in one function (50000)"
        TooDeep "blocks nested too deep (10000)"
        BodyTooLarge "function body too large (7654321 bytes)"
        NeedsFloat "needs float"
        NeedsSimd "needs simd"
        NeedsRelaxedSimd "needs relaxed-simd"
        NeedsTailCall "needs tail-call"
        NeedsFunctionReferences "needs function-references"
        NeedsGc "needs gc"
        NeedsExceptions "needs exceptions"
        NeedsMultiMemory "needs multi-memory"
        NeedsMemory64 "needs memory64"
        NeedsThreads "needs threads"
        NeedsCustomPageSizes "needs custom-page-sizes"
        NeedsWideArithmetic "needs wide-arithmetic"
        NeedsLegacyExceptions "needs legacy-exceptions"
    }
}

impl Fault {
    /// The refusal of a module that needs `feature`.
    pub const fn needs(feature: Feature) -> Fault {
        match feature {
            Feature::Float => Fault::NeedsFloat,
            Feature::Simd => Fault::NeedsSimd,
            Feature::RelaxedSimd => Fault::NeedsRelaxedSimd,
            Feature::TailCall => Fault::NeedsTailCall,
            Feature::FunctionReferences => Fault::NeedsFunctionReferences,
            Feature::Gc => Fault::NeedsGc,
            Feature::Exceptions => Fault::NeedsExceptions,
            Feature::MultiMemory => Fault::NeedsMultiMemory,
            Feature::Memory64 => Fault::NeedsMemory64,
            Feature::Threads => Fault::NeedsThreads,
            Feature::CustomPageSizes => Fault::NeedsCustomPageSizes,
            Feature::WideArithmetic => Fault::NeedsWideArithmetic,
            Feature::LegacyExceptions => Fault::NeedsLegacyExceptions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_named_right() {
        for &feature in Feature::ALL {
            assert_eq!(Fault::needs(feature).message(), feature.needs());
            assert_eq!(Fault::needs(feature).kind(), ErrorKind::Unsupported);
            // The C interface finds the sentence so.
            assert_eq!(Fault::ALL.len() - Fault::needs(feature) as usize, Feature::ALL.len() - feature as usize);
        }
        assert!(Fault::ALL.iter().enumerate().all(|(i, fault)| i == *fault as usize));
    }
    use wrt_foundation::limits;

    #[test]
    fn limits_are_named_right() {
        for (fault, limit) in [
            (Fault::FrameTooLarge, limits::FRAME_CELLS),
            (Fault::TooManyTypes, limits::TYPES),
            (Fault::TypesCollide, limits::EQUAL_HASHES),
            (Fault::TooManyMapped, limits::MAPPED),
            (Fault::TooManyWide, limits::WIDE),
            (Fault::TooManyParams, limits::PARAMS),
            (Fault::TooManyResults, limits::RESULTS),
            (Fault::TooManyFunctions, limits::FUNCTIONS),
            (Fault::TooManyImports, limits::IMPORTS),
            (Fault::TooManyExports, limits::IMPORTS),
            (Fault::TooManyGlobals, limits::GLOBALS),
            (Fault::TooManyTables, limits::TABLES),
            (Fault::TooManyFields, limits::FIELDS),
            (Fault::TooManySupertypes, limits::SUBTYPE_DEPTH),
            (Fault::TooManyTags, limits::TAGS),
            (Fault::TooManyMemories, limits::MEMORIES),
            (Fault::TooManySegments, limits::SEGMENTS),
            (Fault::TooManyLocals, limits::LOCALS),
            (Fault::TooDeep, limits::NESTING),
            (Fault::BodyTooLarge, limits::BODY_BYTES),
        ] {
            let number: u32 = fault.message().chars().filter(char::is_ascii_digit).fold(0, |n, c| n * 10 + c as u32 - 48);
            assert_eq!(number, limit, "{fault:?}");
            assert_eq!(fault.kind(), ErrorKind::Unsupported);
        }
    }
}
