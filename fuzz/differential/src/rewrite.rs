// SPDX-License-Identifier: MIT
//! Random modules, made richer in what random code seldom has: loads and stores whose address is computed as that of an
//! array's element, `(x << c) + base`. And made fit for one thread: nothing waits, because nobody would wake it.

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, Function, Instruction, MemArg, ValType};
use wasmparser::{FunctionBody, MemArgTarget, Operator, Parser, Validator, WasmFeatures, types::Types};
use wrt_replay_tests::random::Random;

/// What is rewritten.
#[derive(Clone, Copy, PartialEq)]
pub enum Rewrite {
    /// Addresses, and what waits.
    All,
    /// What waits only.
    Waits,
}

struct Rewriter {
    random: Random,
    what: Rewrite,
    types: Types,
    /// The function whose body comes next; none is imported.
    func: u32,
    /// Whether memory 0 is missing or has addresses of 64 bits.
    far: bool,
}

impl Rewriter {
    /// Makes another address of the `i32` on top, with the help of local `t`.
    fn address(&mut self, f: &mut Function, t: u32) {
        let way = self.random.next();
        if way & 1 != 0 {
            f.instruction(&Instruction::I32Const([7, 0x3f, 0xff, 0xfff][self.random.below(4)])).instruction(&Instruction::I32And);
        }
        let shift = if self.random.below(8) == 0 { self.random.below(40) } else { self.random.below(4) } as i32;
        let base = match self.random.below(8) {
            0 => self.random.next() as i32,
            1 => -(self.random.below(64) as i32),
            2 => 0,
            _ => self.random.below(0x8000) as i32,
        };
        // A local that is read late, the same that something else reads, or an operand.
        match way >> 1 & 3 {
            0 => {
                f.instruction(&Instruction::LocalSet(t));
                let first = way & 8 != 0;
                if first {
                    f.instruction(&Instruction::I32Const(base));
                }
                f.instruction(&Instruction::LocalGet(t)).instruction(&Instruction::I32Const(shift)).instruction(&Instruction::I32Shl);
                if !first {
                    f.instruction(&Instruction::I32Const(base));
                }
                f.instruction(&Instruction::I32Add);
                return;
            }
            1 => {
                f.instruction(&Instruction::LocalTee(t));
            }
            _ => {}
        }
        if way & 0x30 != 0 {
            f.instruction(&Instruction::I32Const(shift)).instruction(&Instruction::I32Shl);
        }
        if way & 0xc0 != 0 {
            f.instruction(&Instruction::I32Const(base)).instruction(&Instruction::I32Add);
        }
        if way & 0x700 == 0 {
            f.instruction(&Instruction::LocalTee(t));
        }
    }
}

impl Rewriter {
    /// Loads what the `i32` on top is replaced by, or stores it, at an address that is made of it.
    fn element(&mut self, f: &mut Function, t: u32) {
        let m = MemArg { offset: 0, align: 0, target: wasm_encoder::MemArgTarget::Memory(0), ordering: None };
        let value = t + 1;
        f.instruction(&Instruction::LocalTee(value)).instruction(&Instruction::I32Const(0xff)).instruction(&Instruction::I32And);
        self.address(f, t);
        match self.random.below(8) {
            0 => f.instruction(&Instruction::I32Load(m)),
            1 => f.instruction(&Instruction::I32Load8S(m)),
            2 => f.instruction(&Instruction::I32Load8U(m)),
            3 => f.instruction(&Instruction::I32Load16S(m)),
            4 => f.instruction(&Instruction::I32Load16U(m)),
            5 => f.instruction(&Instruction::I64Load(m)).instruction(&Instruction::I32WrapI64),
            n => {
                f.instruction(&Instruction::LocalGet(value));
                f.instruction(&if n == 6 { Instruction::I32Store(m) } else { Instruction::I32Store8(m) });
                f.instruction(&Instruction::LocalGet(value))
            }
        };
    }
}

/// A load or store of a number, as far as it matters here: where it goes, and the value under which a store has its address.
fn access<'o>(op: &'o mut Operator<'_>) -> Option<(&'o mut wasmparser::MemArg, Option<ValType>)> {
    Some(match op {
        Operator::I32Load { memarg }
        | Operator::I64Load { memarg }
        | Operator::F32Load { memarg }
        | Operator::F64Load { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load16S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I64Load8S { memarg }
        | Operator::I64Load16U { memarg }
        | Operator::I64Load32U { memarg } => (memarg, None),
        Operator::I32Store { memarg } | Operator::I32Store8 { memarg } | Operator::I32Store16 { memarg } => (memarg, Some(ValType::I32)),
        Operator::I64Store { memarg } | Operator::I64Store8 { memarg } | Operator::I64Store32 { memarg } => (memarg, Some(ValType::I64)),
        Operator::F32Store { memarg } => (memarg, Some(ValType::F32)),
        Operator::F64Store { memarg } => (memarg, Some(ValType::F64)),
        _ => return None,
    })
}

/// Locals that each body has in addition: for addresses, and for the values of stores.
const MORE: [ValType; 5] = [ValType::I32, ValType::I32, ValType::I64, ValType::F32, ValType::F64];

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error<Self::Error>> {
        let mut locals = Vec::new();
        for group in body.get_locals_reader()? {
            let (n, ty) = group?;
            locals.push((n, self.val_type(ty)?));
        }
        let ty = self.types.as_ref().core_function_at(self.func);
        self.func += 1;
        let params = self.types[ty].unwrap_func().params().len() as u32;
        let first: u32 = params + locals.iter().map(|(n, _)| n).sum::<u32>();
        let addresses = self.what == Rewrite::All && !self.far && self.random.below(4) != 0;
        if addresses {
            locals.extend(MORE.map(|ty| (1, ty)));
        }
        let mut f = Function::new(locals);
        let ops = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        for (i, op) in ops.iter().enumerate() {
            let mut changed = op.clone();
            match (op, access(&mut changed)) {
                // Of the same operands and result, but for the time, which comes last.
                (Operator::MemoryAtomicWait32 { memarg }, _) => {
                    let m: MemArg = self.mem_arg(*memarg)?;
                    f.instruction(&Instruction::Drop).instruction(&Instruction::I32AtomicRmwAdd(m));
                    continue;
                }
                (Operator::MemoryAtomicWait64 { memarg }, _) => {
                    let m: MemArg = self.mem_arg(*memarg)?;
                    f.instruction(&Instruction::Drop).instruction(&Instruction::I64AtomicRmwXchg(m));
                    f.instruction(&Instruction::I32WrapI64);
                    continue;
                }
                (_, Some((memarg, value)))
                    if addresses && matches!(memarg.target, MemArgTarget::Memory(0)) && self.random.below(8) != 0 =>
                {
                    let kept = value.and_then(|ty| Some(first + 1 + MORE[1..].iter().position(|t| *t == ty)? as u32));
                    if let Some(kept) = kept {
                        f.instruction(&Instruction::LocalSet(kept));
                    }
                    self.address(&mut f, first);
                    if let Some(kept) = kept {
                        f.instruction(&Instruction::LocalGet(kept));
                    }
                    // Only where there is no other offset is the address computed by the operation itself.
                    if self.random.below(4) != 0 {
                        memarg.offset = 0;
                    }
                    f.instruction(&self.instruction(changed)?);
                    continue;
                }
                _ => {}
            }
            // But for the step of the global that makes every loop end.
            let step = matches!(ops.get(i + 1..i + 3), Some([Operator::I32Sub, Operator::GlobalSet { .. }]));
            let constant = matches!(op, Operator::I32Const { .. }) && !step;
            f.instruction(&self.instruction(op.clone())?);
            if constant && addresses && self.random.below(3) != 0 {
                self.element(&mut f, first);
            }
        }
        code.function(&f);
        Ok(())
    }
}

/// The module, which imports no function, rewritten. None where it is not valid.
pub fn rewrite(wasm: &[u8], seed: u64, what: Rewrite) -> Option<Vec<u8>> {
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).ok()?;
    let far = types.as_ref().memory_count() == 0 || types.as_ref().memory_at(0).memory64;
    let mut rewriter = Rewriter { random: Random(seed), what, types, func: 0, far };
    let mut module = wasm_encoder::Module::new();
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm).ok()?;
    Some(module.finish())
}

#[cfg(test)]
mod tests {
    use crate::modules::with_everything;
    use wasmparser::{Operator, Parser, Payload};

    #[test]
    fn modules_have_such_addresses_and_atomics_and_nothing_waits() {
        let (mut addresses, mut atomics) = (0, 0);
        for wasm in (0..400).filter_map(with_everything) {
            for payload in Parser::new(0).parse_all(&wasm) {
                let Ok(Payload::CodeSectionEntry(body)) = payload else { continue };
                let ops: Vec<Operator> = body.get_operators_reader().unwrap().into_iter().map(|op| op.unwrap()).collect();
                let scaled = |w: &[Operator]| matches!(w, [Operator::I32Shl, Operator::I32Const { .. }, Operator::I32Add, load] if super::access(&mut load.clone()).is_some());
                addresses += ops.windows(4).filter(|w| scaled(w)).count();
                atomics += ops.iter().filter(|op| format!("{op:?}").contains("Atomic")).count();
                assert!(!ops.iter().any(|op| matches!(op, Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. })));
            }
        }
        assert!(addresses > 100 && atomics > 100, "{addresses} addresses, {atomics} atomic instructions");
    }
}
