// SPDX-License-Identifier: MIT
//! The bytes not read yet, and how numbers, names and types are read from them: the only LEB128 reader there is.
//!
//! Spec: core 5.2 (values) and 5.3 (types).

use crate::Fault;
use crate::types::TYPED;
use wrt_foundation::ValType;

/// A position in the module, and the end of the part that may be read: module, section or function body.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    // An iterator: with its end instead of a length there is less to write back.
    pub(crate) rest: core::slice::Iter<'b, u8>,
    /// Offset of the end of `rest` in the module.
    pub(crate) end: u32,
}

impl<'b> Reader<'b> {
    /// At the first of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Reader { rest: bytes.iter(), end: bytes.len() as u32 }
    }
    /// At byte `at` of `bytes`, which may be past their end.
    pub fn at(bytes: &'b [u8], at: u32) -> Self {
        Reader { rest: bytes.get(at as usize..).unwrap_or(&[]).iter(), end: bytes.len() as u32 }
    }
    /// Offset of the next byte in the module.
    #[inline]
    pub fn pos(&self) -> u32 {
        self.end.wrapping_sub(self.rest.len() as u32)
    }
    /// Bytes left.
    #[inline]
    pub fn left(&self) -> u32 {
        self.rest.len() as u32
    }
    /// Whether everything has been read.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rest.as_slice().is_empty()
    }
    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Fault> {
        self.rest.next().copied().ok_or(Fault::UnexpectedEnd)
    }
    /// Skips the next byte if it is `b`; whether it was.
    #[inline(always)]
    pub(crate) fn skip_if(&mut self, b: u8) -> bool {
        let is = self.rest.as_slice().first() == Some(&b);
        if is {
            self.rest.next();
        }
        is
    }
    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (first, rest) = self.rest.as_slice().split_first_chunk().ok_or(Fault::UnexpectedEnd)?;
        self.rest = rest.iter();
        Ok(*first)
    }
    /// A reader of the next `n` bytes, which this one skips; `None` if there are fewer.
    pub fn split(&mut self, n: u32) -> Option<Reader<'b>> {
        let end = self.pos().wrapping_add(n);
        let (first, rest) = self.rest.as_slice().split_at_checked(n as usize)?;
        self.rest = rest.iter();
        Some(Reader { rest: first.iter(), end })
    }
    /// The rest, all of it.
    pub fn take_rest(&mut self) -> &'b [u8] {
        core::mem::take(&mut self.rest).as_slice()
    }

    /// An unsigned 32-bit number.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Fault> {
        let b = self.byte()?;
        self.u32_from(b)
    }
    /// The same, when its first byte has been read.
    #[inline]
    pub(crate) fn u32_from(&mut self, b: u8) -> Result<u32, Fault> {
        if b < 0x80 { Ok(b.into()) } else { self.leb32(b, false) }
    }
    /// A signed 32-bit number.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, Fault> {
        let b = self.byte()?;
        self.i32_from(b)
    }
    /// The same, when its first byte has been read.
    #[inline]
    pub(crate) fn i32_from(&mut self, b: u8) -> Result<i32, Fault> {
        if b < 0x80 { Ok(signed(b)) } else { self.leb32(b, true).map(|v| v as i32) }
    }
    /// A signed 33-bit number.
    pub fn i33(&mut self) -> Result<i64, Fault> {
        self.leb64(5, 0x70)
    }
    /// A signed 64-bit number.
    pub fn i64(&mut self) -> Result<i64, Fault> {
        self.leb64(10, 0x7f)
    }
    /// An unsigned 64-bit number.
    #[inline(never)]
    pub fn u64(&mut self) -> Result<u64, Fault> {
        // Nearly all of more than one byte have two.
        if let [first @ 0x80..=0xff, second @ 0..0x80, rest @ ..] = self.rest.as_slice() {
            self.rest = rest.iter();
            return Ok(u64::from(first & 0x7f) | u64::from(*second) << 7);
        }
        let mut b = self.byte()?;
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            value |= ((b & 0x7f) as u64).wrapping_shl(shift);
            if shift == 63 && b > 1 {
                return Err(if b >= 0x80 { Fault::IntegerTooLong } else { Fault::IntegerTooLarge });
            }
            if b < 0x80 {
                return Ok(value);
            }
            shift = shift.wrapping_add(7);
            b = self.byte()?;
        }
    }
    /// A number of more than one byte, after its first.
    #[inline(never)]
    fn leb32(&mut self, first: u8, signed: bool) -> Result<u32, Fault> {
        let first = (first & 0x7f) as u32;
        // Nearly all of them have two bytes.
        if let Some(&b @ 0..0x80) = self.rest.as_slice().first() {
            self.rest.next();
            let value = first | (b as u32) << 7;
            return Ok(if signed { ((value << 18) as i32 >> 18) as u32 } else { value });
        }
        let (mut value, mut shift) = (first, 7u32);
        loop {
            let b = self.byte()?;
            value |= ((b & 0x7f) as u32).wrapping_shl(shift);
            if shift == 28 {
                let high = b & if signed { 0x78 } else { 0x70 };
                return match b {
                    0x80.. => Err(Fault::IntegerTooLong),
                    _ if high == 0 || (signed && high == 0x78) => Ok(value),
                    _ => Err(Fault::IntegerTooLarge),
                };
            }
            shift = shift.wrapping_add(7);
            if b < 0x80 {
                let unused = 32u32.wrapping_sub(shift);
                let extended = (value.wrapping_shl(unused) as i32).wrapping_shr(unused) as u32;
                return Ok(if signed { extended } else { value });
            }
        }
    }
    /// Signed, at most `bytes` long; the bits `high` of the last possible byte are copies of the sign.
    #[inline(never)]
    fn leb64(&mut self, bytes: u32, high: u8) -> Result<i64, Fault> {
        let last = bytes.wrapping_sub(1).wrapping_mul(7);
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            let b = self.byte()?;
            value |= ((b & 0x7f) as u64).wrapping_shl(shift);
            if shift == last {
                if b >= 0x80 {
                    return Err(Fault::IntegerTooLong);
                }
                if b & high != 0 && b & high != high {
                    return Err(Fault::IntegerTooLarge);
                }
            }
            shift = shift.wrapping_add(7);
            if b < 0x80 {
                let unused = 64u32.saturating_sub(shift);
                return Ok((value.wrapping_shl(unused) as i64).wrapping_shr(unused));
            }
        }
    }

    /// A name: its bytes, which are well-formed UTF-8 (spec: core 5.2.4).
    pub fn name(&mut self) -> Result<&'b [u8], Fault> {
        let n = self.u32()?;
        let bytes = self.split(n).ok_or(Fault::LengthOutOfBounds)?.take_rest();
        match core::str::from_utf8(bytes) {
            Ok(_) => Ok(bytes),
            Err(_) => Err(Fault::MalformedUtf8),
        }
    }
    /// The length of a vector whose items take at least one byte each: at most `limit`, else `fault`.
    pub fn count(&mut self, limit: u32, fault: Fault) -> Result<u32, Fault> {
        match self.u32()? {
            n if n > self.left() => Err(Fault::UnexpectedEnd),
            n if n > limit => Err(fault),
            n => Ok(n),
        }
    }
    /// A value type; an index in it is not checked.
    pub fn val_type(&mut self) -> Result<ValType, Fault> {
        match self.byte()? {
            b @ (0x63 | 0x64) => self.typed_ref(b),
            b => val_type(b),
        }
    }
    /// The rest of a reference type that names what it refers to (spec: core 5.3.5).
    #[cold]
    fn typed_ref(&mut self, b: u8) -> Result<ValType, Fault> {
        if !TYPED {
            return Err(Fault::NeedsFunctionReferences);
        }
        let heap = self.heap_type()?;
        Ok(if b == 0x64 { heap.non_null() } else { heap })
    }
    /// A heap type, as the nullable reference to it; an index is not checked (spec: core 5.3.4).
    pub fn heap_type(&mut self) -> Result<ValType, Fault> {
        match self.rest.as_slice().first() {
            Some(&b @ 0x40..=0x7f) => {
                self.byte()?;
                match val_type(b) {
                    Ok(ty) if ty.is_ref() => Ok(ty),
                    Ok(_) | Err(Fault::MalformedValueType) => Err(Fault::MalformedHeapType),
                    Err(fault) => Err(fault),
                }
            }
            _ if !TYPED => self.byte().and(Err(Fault::MalformedReferenceType)),
            _ => match self.i33()? {
                // More types than the limit allows need no exact number.
                n @ 0.. => Ok(ValType::defined(ValType::DEFINED_FUNC, n.min(0x3f_ffff) as u32)),
                _ => Err(Fault::MalformedHeapType),
            },
        }
    }
    /// A reference type; an index in it is not checked.
    pub fn ref_type(&mut self) -> Result<ValType, Fault> {
        match self.val_type() {
            Ok(ty) if ty.is_ref() => Ok(ty),
            Ok(_) | Err(Fault::MalformedValueType) => Err(Fault::MalformedReferenceType),
            Err(fault) => Err(fault),
        }
    }
    /// A block type, as in [`Control::block_type`](crate::Control::block_type); indexes are not checked.
    pub fn block_type(&mut self) -> Result<u32, Fault> {
        match self.rest.as_slice().first() {
            Some(0x40) => self.byte().map(|_| u32::MAX),
            Some(0x41..=0x7f) => self.val_type().map(|ty| ty.bits() | 1 << 31),
            _ => match self.i33()? {
                // More types than the limit allows need no exact number.
                n @ 0.. => Ok(n.min(0x7fff_ffff) as u32),
                _ => Err(Fault::MalformedBlockType),
            },
        }
    }
}

/// A signed number of one byte.
#[inline]
pub(crate) fn signed(b: u8) -> i32 {
    ((b as i8) << 1 >> 1).into()
}

/// The value type of this code (spec: core 5.3.1 to 5.3.4).
fn val_type(code: u8) -> Result<ValType, Fault> {
    let needs = match code {
        0x7c | 0x7d if !cfg!(feature = "float") => Fault::NeedsFloat,
        0x7c..=0x7f | 0x6f | 0x70 => return Ok(ValType::from_bits(code as u32)),
        0x7b if cfg!(feature = "simd") => return Ok(ValType::V128),
        0x7b => Fault::NeedsSimd,
        0x69 | 0x74 if !cfg!(feature = "exceptions") => Fault::NeedsExceptions,
        0x6a..=0x6e | 0x71..=0x73 if !cfg!(feature = "gc") => Fault::NeedsGc,
        0x69..=0x74 => return Ok(ValType::from_bits(code as u32)),
        _ => Fault::MalformedValueType,
    };
    Err(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn u32(bytes: &[u8]) -> Result<u32, Fault> {
        Reader::new(bytes).u32()
    }
    fn i32(bytes: &[u8]) -> Result<i32, Fault> {
        Reader::new(bytes).i32()
    }
    fn i33(bytes: &[u8]) -> Result<i64, Fault> {
        Reader::new(bytes).i33()
    }
    fn i64(bytes: &[u8]) -> Result<i64, Fault> {
        Reader::new(bytes).i64()
    }

    #[test]
    fn unsigned_numbers() {
        assert_eq!(u32(&[0]), Ok(0));
        assert_eq!(u32(&[0x7f]), Ok(127));
        assert_eq!(u32(&[0x80, 1]), Ok(128));
        assert_eq!(u32(&[0x83, 0x80, 0x80, 0x80, 0]), Ok(3));
        assert_eq!(u32(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX));
        assert_eq!(u32(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Err(Fault::IntegerTooLarge));
        assert_eq!(u32(&[0x80, 0x80, 0x80, 0x80, 0x70]), Err(Fault::IntegerTooLarge));
        assert_eq!(u32(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), Err(Fault::IntegerTooLong));
        assert_eq!(u32(&[0x80, 0x80]), Err(Fault::UnexpectedEnd));
        assert_eq!(u32(&[]), Err(Fault::UnexpectedEnd));
    }

    #[test]
    fn long_unsigned_numbers() {
        let u64 = |bytes: &[u8]| Reader::new(bytes).u64();
        assert_eq!((u64(&[0x7f]), u64(&[0x80, 1]), u64(&[0x83, 0x80, 0])), (Ok(127), Ok(128), Ok(3)));
        let mut bytes = [0xff; 10];
        for (last, value) in [
            (1, Ok(u64::MAX)),
            (0, Ok(u64::MAX >> 1)),
            (2, Err(Fault::IntegerTooLarge)),
            (0x7f, Err(Fault::IntegerTooLarge)),
            (0x81, Err(Fault::IntegerTooLong)),
        ] {
            bytes[9] = last;
            assert_eq!(u64(&bytes), value);
        }
        assert_eq!((u64(&[0x80; 10]), u64(&[0x80; 9])), (Err(Fault::IntegerTooLong), Err(Fault::UnexpectedEnd)));
    }

    #[test]
    fn signed_numbers() {
        for v in [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, i32::MAX, i32::MIN] {
            let (mut bytes, mut n, mut rest) = ([0u8; 10], 0, v);
            loop {
                let b = (rest & 0x7f) as u8;
                rest >>= 7;
                let last = (rest == 0 && b & 0x40 == 0) || (rest == -1 && b & 0x40 != 0);
                bytes[n] = if last { b } else { b | 0x80 };
                n += 1;
                if last {
                    break;
                }
            }
            assert_eq!(i32(&bytes[..n]), Ok(v));
            assert_eq!(i33(&bytes[..n]), Ok(v as i64));
            assert_eq!(i64(&bytes[..n]), Ok(v as i64));
        }
        assert_eq!(i32(&[0xff, 0xff, 0xff, 0xff, 0x7f]), Ok(-1));
        assert_eq!(i32(&[0xff, 0xff, 0xff, 0xff, 0x07]), Ok(i32::MAX));
        assert_eq!(i32(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Err(Fault::IntegerTooLarge));
        assert_eq!(i32(&[0x80, 0x80, 0x80, 0x80, 0x70]), Err(Fault::IntegerTooLarge));
        assert_eq!(i32(&[0xff, 0xff, 0xff, 0xff, 0xff, 0]), Err(Fault::IntegerTooLong));
        assert_eq!(i33(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX as i64));
        assert_eq!(i33(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Err(Fault::IntegerTooLarge));
        assert_eq!(i64(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]), Ok(i64::MIN));
        assert_eq!(i64(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e]), Err(Fault::IntegerTooLarge));
        assert_eq!(i64(&[0x80; 11]), Err(Fault::IntegerTooLong));
    }

    #[test]
    fn parts_know_where_they_are() {
        let mut r = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!(r.byte(), Ok(1));
        let mut part = r.split(2).unwrap();
        assert_eq!((part.pos(), r.pos()), (1, 3));
        assert_eq!(part.array(), Ok([2, 3]));
        assert_eq!((part.pos(), part.byte()), (3, Err(Fault::UnexpectedEnd)));
        assert!(r.split(3).is_none());
        assert_eq!(r.left(), 2);
    }

    #[test]
    fn names_are_utf8() {
        assert_eq!(Reader::new(&[3, 0xe2, 0x82, 0xac]).name(), Ok("€".as_bytes()));
        assert_eq!(Reader::new(&[2, 0xc0, 0x80]).name(), Err(Fault::MalformedUtf8));
        assert_eq!(Reader::new(&[3, 0xed, 0xa0, 0x80]).name(), Err(Fault::MalformedUtf8));
        assert_eq!(Reader::new(&[3, b'a', b'b']).name(), Err(Fault::LengthOutOfBounds));
    }
}
