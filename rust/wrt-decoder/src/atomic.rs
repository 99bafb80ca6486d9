// SPDX-License-Identifier: MIT
//! Atomic instructions: immediates and types, after their rows in `wrt_instructions::table::atomic` (spec: threads,
//! "Validation").

use crate::validate::Body;
use crate::{Fault, Sink};
use wrt_foundation::ValType;
use wrt_instructions::table::atomic::{NOTIFY, WAIT32, WAIT64, access};

/// For [`Body::mem_arg`]: any alignment that there can be.
const ANY_ALIGNMENT: u32 = 7 << 5;

/// Log2 of the bytes that instruction `n` is about, its operands behind the address, and its result.
fn shape(n: u8) -> Option<(u8, [u32; 2], Option<ValType>)> {
    use wrt_instructions::table::atomic::Kind;
    const I32: u32 = ValType::I32.bits();
    const I64: u32 = ValType::I64.bits();
    Some(match n {
        NOTIFY => (2, [I32, 0], Some(ValType::I32)),
        WAIT32 => (2, [I32, I64], Some(ValType::I32)),
        WAIT64 => (3, [I64, I64], Some(ValType::I32)),
        _ => {
            let (kind, log2, wide) = access(n)?;
            let ty = if wide { ValType::I64 } else { ValType::I32 };
            match kind {
                Kind::Load => (log2, [0, 0], Some(ty)),
                Kind::Store => (log2, [ty.bits(), 0], None),
                Kind::CompareExchange => (log2, [ty.bits(), ty.bits()], Some(ty)),
                _ => (log2, [ty.bits(), 0], Some(ty)),
            }
        }
    })
}

impl<S: Sink> Body<'_, '_, '_, S> {
    /// The rest of an instruction that begins with 0xfe.
    pub(crate) fn atomic(&mut self) -> Result<(), Fault> {
        let n = u8::try_from(self.r.u32()?).map_err(|_| Fault::IllegalOpcode)?;
        if n == wrt_instructions::table::atomic::FENCE {
            if self.r.byte()? != 0 {
                return Err(Fault::ZeroByteExpected);
            }
            return if self.live { self.sink.atomic(&mut self.s, n, 0, 0, 0, None) } else { Ok(()) };
        }
        let (log2, [first, second], result) = shape(n).ok_or(Fault::IllegalOpcode)?;
        let flags = self.r.u32()?;
        let (memory, offset, address) = self.mem_arg(ANY_ALIGNMENT, flags)?;
        if flags & 0x3f != log2.into() {
            return Err(Fault::AtomicAlignment);
        }
        let types = [address.bits(), first, second];
        let pops = types.iter().take_while(|ty| **ty != 0).count();
        self.check(types.get(..pops).unwrap_or(&[]), 0)?;
        if self.live {
            self.sink.atomic(&mut self.s, n, memory, offset, pops as u32, result)?;
        }
        self.cut(pops);
        result.map_or(Ok(()), |ty| self.s.push(ty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wrt_instructions::table::{Imm, atomic};

    #[test]
    fn shapes_are_those_of_the_table() {
        for n in (NOTIFY..=WAIT64).chain(atomic::FIRST..atomic::NUMBERS) {
            let (row, (log2, pops, result)) = (atomic::row(n).unwrap(), shape(n).unwrap());
            assert_eq!(row.imm, Imm::MemArg(log2));
            assert_eq!(row.pops[1..3], pops.map(|ty| ty as u8));
            assert_eq!(row.push[0], result.map_or(0, |ty| ty.bits() as u8));
        }
        assert_eq!((shape(0x04), shape(atomic::NUMBERS)), (None, None));
    }
}
