// SPDX-License-Identifier: MIT
//! The packed form. A pack is a list of entries: two little-endian words with the lengths of name and body, then both.
//! The body of a script is a list of records; numbers are unsigned LEB128, texts and modules have their length in front.
//!
//! | record | kind | content |
//! |---|---|---|
//! | module that becomes instance `slot` | [`MODULE`] | slot, reserves, module |
//! | module that is valid | [`VALID`] | module |
//! | register instance `slot` | [`REGISTER`] | slot, name |
//! | do something, results ignored | [`RUN`] | action |
//! | do something that returns | [`RETURN`] | action, number of patterns, patterns |
//! | do something that traps | [`TRAP`] | traps allowed (bit `n`: [`Trap`](wrt_foundation::Trap) `n`), action |
//! | module that is refused | [`REFUSED`] | [`MALFORMED`] ..., module |
//!
//! In front of each: the number of the directive in the script, from 0, and the kind.
//!
//! | action | kind | content |
//! |---|---|---|
//! | call a function | [`INVOKE`] | slot, name, number of values, values |
//! | read a global | [`GET`] | slot, name |
//! | instantiate a module that nobody will name | [`INSTANTIATE`] | module |
//!
//! A value is the byte of its type and its cells as little-endian words. A pattern is the byte of its type, a byte that
//! says what is compared, and for [`BITS`] the cells; for [`LANES_32`] and [`LANES_64`] the cells, and a byte with
//! two bits per lane, the first lowest: [`BITS`], [`CANONICAL`] or [`ARITHMETIC`]; for [`EITHER`] the number of patterns of
//! which one has to match, and these. Reserves: what the memories (bytes) and tables (elements) of the instance grow to in
//! this script.

use wrt_decoder::{Fault, Reader};
use wrt_foundation::bounded::BoundedVec;
use wrt_foundation::{ErrorKind, ValType, Value};
use wrt_runtime::Options;

/// Kind of record.
pub const MODULE: u8 = 1;
/// Kind of record.
pub const VALID: u8 = 2;
/// Kind of record.
pub const REGISTER: u8 = 3;
/// Kind of record.
pub const RUN: u8 = 4;
/// Kind of record.
pub const RETURN: u8 = 5;
/// Kind of record.
pub const TRAP: u8 = 6;
/// Kind of record.
pub const REFUSED: u8 = 7;

/// Kind of action.
pub const INVOKE: u8 = 0;
/// Kind of action.
pub const GET: u8 = 1;
/// Kind of action.
pub const INSTANTIATE: u8 = 2;

/// Refused for what its bytes are.
pub const MALFORMED: u8 = 0;
/// Refused by validation.
pub const INVALID: u8 = 1;
/// Refused by linking.
pub const UNLINKABLE: u8 = 2;

/// Pattern: these bits.
pub const BITS: u8 = 0;
/// Pattern: a canonical NaN.
pub const CANONICAL: u8 = 1;
/// Pattern: an arithmetic NaN.
pub const ARITHMETIC: u8 = 2;
/// Pattern: a reference that is not null.
pub const NOT_NULL: u8 = 3;
/// Pattern: null, of any type.
pub const NULL: u8 = 4;

/// Pattern: each lane of 32 bits has its own.
pub const LANES_32: u8 = 5;
/// Pattern: each lane of 64 bits has its own.
pub const LANES_64: u8 = 6;
/// Pattern: one of several.
pub const EITHER: u8 = 7;

/// Arguments, or results, of a call that a script can hold.
pub const VALUES: usize = 32;
/// Some values.
pub type Values = BoundedVec<Value, VALUES>;

/// Lengths of name and body of an entry, as its first bytes tell.
pub fn lengths(head: [u8; 8]) -> (usize, usize) {
    let [a, b, c, d, e, f, g, h] = head;
    (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize)
}

/// One record, and which directive of the script it is.
pub struct Record<'a> {
    /// The directive's number in the script.
    pub number: u32,
    /// What to do.
    pub directive: Directive<'a>,
}

/// What a record says. See the table above.
#[allow(missing_docs, clippy::large_enum_variant)] // the table has it; one at a time, and nothing to box it with
pub enum Directive<'a> {
    Module { slot: u32, reserve: Options, wasm: &'a [u8] },
    Valid { wasm: &'a [u8] },
    Register { slot: u32, name: &'a str },
    Run(Action<'a>),
    Return { action: Action<'a>, patterns: Patterns },
    Trap { allowed: u32, action: Action<'a> },
    Refused { kind: ErrorKind, wasm: &'a [u8] },
}

/// What a directive does.
#[allow(missing_docs, clippy::large_enum_variant)] // likewise
pub enum Action<'a> {
    Invoke { slot: u32, name: &'a str, args: Values },
    Get { slot: u32, name: &'a str },
    Instantiate { wasm: &'a [u8] },
}

/// What results are compared with: for each result the patterns of which one has to match.
pub struct Patterns {
    all: BoundedVec<Pattern, VALUES>,
    /// Where those of each result end.
    ends: BoundedVec<usize, VALUES>,
}

impl Patterns {
    /// Results there have to be.
    #[allow(clippy::len_without_is_empty)] // nobody asks
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    /// What result `i` may be.
    pub fn of(&self, i: usize) -> &[Pattern] {
        let start = i.checked_sub(1).and_then(|i| self.ends.get(i)).copied().unwrap_or(0);
        self.ends.get(i).and_then(|end| self.all.get(start..*end)).unwrap_or(&[])
    }
}

/// What one result is compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Pattern {
    /// This value, bit by bit.
    Bits(Value),
    /// A canonical NaN of this type.
    Canonical(ValType),
    /// An arithmetic NaN of this type.
    Arithmetic(ValType),
    /// A reference of this type that is not null.
    NotNull(ValType),
    /// Null.
    Null,
    /// A vector of floats of 64 or 32 bits, each with its own pattern: these bits, or by two bits per lane.
    Lanes {
        /// Whether lanes have 64 bits.
        wide: bool,
        /// The vector.
        bits: [u8; 16],
        /// Two bits per lane.
        tests: u8,
    },
}

/// Whether `have` is what the test says, which is about floats of the width of `want`.
fn lane_matches(wide: bool, test: u8, want: u64, have: u64) -> bool {
    let value = if wide { Value::F64(f64::from_bits(have)) } else { Value::F32(f32::from_bits(have as u32)) };
    let ty = if wide { ValType::F64 } else { ValType::F32 };
    match test {
        BITS => want == have,
        CANONICAL => Pattern::Canonical(ty).matches(&value),
        _ => Pattern::Arithmetic(ty).matches(&value),
    }
}

impl Pattern {
    /// Whether `value` is what it allows (spec: interpreter/README, "Scripts").
    pub fn matches(&self, value: &Value) -> bool {
        match (*self, *value) {
            (Pattern::Bits(want), have) => want.ty() == have.ty() && want.to_cells() == have.to_cells(),
            (Pattern::Canonical(ValType::F32), Value::F32(v)) => v.to_bits() & !(1 << 31) == 0x7fc0_0000,
            (Pattern::Canonical(ValType::F64), Value::F64(v)) => v.to_bits() & !(1 << 63) == 0x7ff8_0000_0000_0000,
            (Pattern::Arithmetic(ValType::F32), Value::F32(v)) => v.to_bits() & 0x7fc0_0000 == 0x7fc0_0000,
            (Pattern::Arithmetic(ValType::F64), Value::F64(v)) => v.to_bits() & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
            (Pattern::NotNull(ty), Value::FuncRef(v) | Value::ExternRef(v) | Value::AnyRef(v)) => value.ty() == Some(ty) && !v.is_null(),
            (Pattern::Lanes { wide: false, bits, tests }, Value::V128(v)) => {
                let lanes = bits.as_chunks().0.iter().zip(v.as_chunks().0).zip([0, 2, 4, 6]);
                let number = |b: &[u8; 4]| u32::from_le_bytes(*b).into();
                lanes.into_iter().all(|((want, have), shift)| lane_matches(false, tests >> shift & 3, number(want), number(have)))
            }
            (Pattern::Lanes { wide: true, bits, tests }, Value::V128(v)) => {
                let lanes = bits.as_chunks().0.iter().zip(v.as_chunks().0).zip([0, 2]);
                let number = |b: &[u8; 8]| u64::from_le_bytes(*b);
                lanes.into_iter().all(|((want, have), shift)| lane_matches(true, tests >> shift & 3, number(want), number(have)))
            }
            (Pattern::Null, Value::FuncRef(v) | Value::ExternRef(v) | Value::AnyRef(v) | Value::ExnRef(v)) => v.is_null(),
            _ => false,
        }
    }
}

/// The records of a script's body, in order. Ends with the first one that it does not understand, as an error.
pub struct Records<'a>(Reader<'a>);

/// The pack is damaged, or of another version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadPack;

impl From<Fault> for BadPack {
    fn from(_: Fault) -> BadPack {
        BadPack
    }
}

impl<'a> Records<'a> {
    /// The records of `body`.
    pub fn new(body: &'a [u8]) -> Records<'a> {
        Records(Reader::new(body))
    }

    fn bytes(&mut self) -> Result<&'a [u8], BadPack> {
        let n = self.0.u32()?;
        Ok(self.0.split(n).ok_or(BadPack)?.take_rest())
    }
    fn text(&mut self) -> Result<&'a str, BadPack> {
        core::str::from_utf8(self.bytes()?).map_err(|_| BadPack)
    }
    fn value(&mut self, ty: ValType) -> Result<Value, BadPack> {
        let mut cells = [0; 4];
        for cell in cells.iter_mut().take(ty.cells() as usize) {
            *cell = u32::from_le_bytes(self.0.array()?);
        }
        Value::from_cells(ty, &cells).ok_or(BadPack)
    }
    fn ty(&mut self) -> Result<ValType, BadPack> {
        Ok(ValType::from_bits(self.0.byte()?.into()))
    }
    fn action(&mut self) -> Result<Action<'a>, BadPack> {
        Ok(match self.0.byte()? {
            INVOKE => {
                let (slot, name) = (self.0.u32()?, self.text()?);
                let mut args = Values::new();
                for _ in 0..self.0.u32()? {
                    let ty = self.ty()?;
                    args.push(self.value(ty)?).map_err(|_| BadPack)?;
                }
                Action::Invoke { slot, name, args }
            }
            GET => Action::Get { slot: self.0.u32()?, name: self.text()? },
            INSTANTIATE => Action::Instantiate { wasm: self.bytes()? },
            _ => return Err(BadPack),
        })
    }
    fn patterns(&mut self) -> Result<Patterns, BadPack> {
        let mut patterns = Patterns { all: BoundedVec::new(), ends: BoundedVec::new() };
        for _ in 0..self.0.u32()? {
            self.pattern(&mut patterns)?;
            patterns.ends.push(patterns.all.len()).map_err(|_| BadPack)?;
        }
        Ok(patterns)
    }
    /// Appends what one result may be.
    fn pattern(&mut self, to: &mut Patterns) -> Result<(), BadPack> {
        let ty = self.ty()?;
        let pattern = match self.0.byte()? {
            BITS => Pattern::Bits(self.value(ty)?),
            CANONICAL => Pattern::Canonical(ty),
            ARITHMETIC => Pattern::Arithmetic(ty),
            NOT_NULL => Pattern::NotNull(ty),
            NULL => Pattern::Null,
            kind @ (LANES_32 | LANES_64) => Pattern::Lanes { wide: kind == LANES_64, bits: self.0.array()?, tests: self.0.byte()? },
            EITHER => {
                // One in another would be one list too.
                return (0..self.0.u32()?).try_for_each(|_| self.pattern(to));
            }
            _ => return Err(BadPack),
        };
        to.all.push(pattern).map_err(|_| BadPack)
    }
    fn directive(&mut self) -> Result<Directive<'a>, BadPack> {
        Ok(match self.0.byte()? {
            MODULE => {
                let slot = self.0.u32()?;
                let reserve = Options { memory_reserve: self.0.u32()?, table_reserve: self.0.u32()? };
                Directive::Module { slot, reserve, wasm: self.bytes()? }
            }
            VALID => Directive::Valid { wasm: self.bytes()? },
            REGISTER => Directive::Register { slot: self.0.u32()?, name: self.text()? },
            RUN => Directive::Run(self.action()?),
            RETURN => Directive::Return { action: self.action()?, patterns: self.patterns()? },
            TRAP => Directive::Trap { allowed: self.0.u32()?, action: self.action()? },
            REFUSED => {
                let kind = match self.0.byte()? {
                    MALFORMED => ErrorKind::Malformed,
                    INVALID => ErrorKind::Invalid,
                    UNLINKABLE => ErrorKind::Unlinkable,
                    _ => return Err(BadPack),
                };
                Directive::Refused { kind, wasm: self.bytes()? }
            }
            _ => return Err(BadPack),
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, BadPack>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut one = || Ok(Record { number: self.0.u32()?, directive: self.directive()? });
        let record = one();
        if record.is_err() {
            self.0.take_rest();
        }
        Some(record)
    }
}
