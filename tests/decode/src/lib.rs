// SPDX-License-Identifier: MIT
//! What the tests of this crate share.

use wrt_decoder::{Catch, ConstFor, Control, DecodeError, Decoded, Fault, FuncType, Info, Locals, Operands, Place, Sink, decode};
use wrt_foundation::{ExternKind, Feature, ValType};

/// Scratch words that are enough for every module of the test suite.
pub const SCRATCH: usize = 1 << 16;

/// A sink that asserts what the decoder promises about operands and the order of calls.
#[derive(Default, Debug)]
pub struct Watch {
    /// Cells of the locals of the function at hand.
    locals: u32,
    /// Depth of the control frames that were told.
    depth: u32,
    before_code: u32,
    finish: u32,
}

impl Watch {
    fn stack(&self, s: &Operands<'_>, at_least: u32) {
        assert!(s.len() >= at_least);
        let mut cell = self.locals;
        for i in 0..s.len() {
            let o = s.get(i).unwrap();
            assert_eq!(o.cell(), cell);
            assert_ne!(o.ty(), ValType::BOTTOM);
            match o.place() {
                Place::Cell => {}
                Place::Local(local) => assert!(local + o.ty().cells() <= self.locals),
                Place::Const(bits) => assert!(o.ty().cells() == 2 || bits >> 32 == 0),
            }
            cell = o.end();
        }
        assert_eq!(s.next_cell(), cell);
    }
    fn arity(&self, info: &Info<'_>, s: &Operands<'_>, label: u32, arity: u32, above: u32) {
        self.stack(s, arity + above);
        assert!(s.depth() == self.depth && label < self.depth);
        let c = s.control(label).unwrap();
        let ty = info.block_type(c.block_type).unwrap();
        let types = if c.kind() == wrt_decoder::ControlKind::Loop { ty.params } else { ty.results };
        assert_eq!(types.len() as u32, arity);
        for (i, ty) in types.iter().rev().enumerate() {
            assert!(info.matches(s.top(above + i as u32).unwrap().ty(), ValType::from_bits(*ty)));
        }
    }
    fn arguments(&self, s: &Operands<'_>, ty: &FuncType<'_>, above: u32) {
        self.stack(s, ty.params.len() as u32 + above);
        for (i, ty) in ty.params.iter().rev().enumerate() {
            let (have, want) = (s.top(above + i as u32).unwrap().ty(), ValType::from_bits(*ty));
            assert!(have == want || (have.is_ref() && want.is_ref() && have.family() == want.family()));
        }
    }
    fn top(&self, s: &Operands<'_>, ty: ValType) {
        self.stack(s, 1);
        assert_eq!(s.top(0).unwrap().ty().family(), ty.family());
    }
}

/// Operands under those of a `catch`.
fn hidden(c: &Control) -> u32 {
    matches!(c.kind(), wrt_decoder::ControlKind::Catch | wrt_decoder::ControlKind::CatchAll) as u32
}

impl Sink for Watch {
    fn uses(&mut self, _: Feature) {}
    fn imports(&mut self, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn import(&mut self, info: &Info<'_>, _: &[u8], _: &[u8], kind: ExternKind, index: u32) -> Result<(), Fault> {
        match kind {
            ExternKind::Func => assert!(info.func_type(index).is_some() && index < info.imported_funcs()),
            ExternKind::Table => assert!(info.table(index).is_some() && index < info.imported_tables()),
            ExternKind::Memory => assert!(info.memory(index).is_some() && index < info.imported_memories()),
            ExternKind::Global => assert!(info.global(index).is_some() && index < info.imported_globals()),
            ExternKind::Tag => assert!(info.tag(index).is_some() && index < info.imported_tags()),
        }
        Ok(())
    }
    fn exports(&mut self, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn export(&mut self, _: &[u8], _: ExternKind, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn start(&mut self, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn elems(&mut self, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn elem(&mut self, _: u32, ty: ValType, _: u32, _: Option<u32>, _: bool) -> Result<(), Fault> {
        assert!(ty.is_ref());
        Ok(())
    }
    fn elem_func(&mut self, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn elem_end(&mut self, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn before_code(&mut self, info: &Info<'_>) -> Result<(), Fault> {
        self.before_code += 1;
        for i in 0..info.funcs() {
            assert!(info.func_type(i).is_some());
        }
        for i in 0..info.elems() {
            assert!(info.elem_type(i).unwrap().is_ref());
        }
        assert!((0..info.globals()).all(|i| info.global(i).is_some()));
        assert!((0..info.tables()).all(|i| info.table(i).is_some()));
        assert!((0..info.memories()).all(|i| info.memory(i).is_some()));
        assert!(info.func_type(info.funcs()).is_none() && info.table(info.tables()).is_none());
        Ok(())
    }
    fn datas(&mut self, _: u32) -> Result<(), Fault> {
        assert_eq!(self.before_code, 1);
        Ok(())
    }
    fn data(&mut self, _: u32, _: Option<u32>, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }
    fn finish(&mut self, _: &Info<'_>) -> Result<(), Fault> {
        self.finish += 1;
        assert_eq!((self.before_code, self.finish), (1, 1));
        Ok(())
    }
    fn const_begin(&mut self, _: &Info<'_>, _: ConstFor) -> Result<(), Fault> {
        self.locals = 0;
        self.depth = 1;
        Ok(())
    }
    fn const_end(&mut self, _: &Info<'_>, _: ConstFor, s: &mut Operands<'_>) -> Result<(), Fault> {
        self.stack(s, 1);
        assert_eq!(s.len(), 1);
        Ok(())
    }
    fn func_begin(&mut self, info: &Info<'_>, func: u32, all: &Locals<'_>, params: u32, locals: u32, _: u32) -> Result<(), Fault> {
        let mut last = None;
        all.each_reference(|ty, cell| {
            assert!(ty.is_ref() && last < Some(cell) && cell < params + locals);
            last = Some(cell);
        });
        assert_eq!(self.before_code, 1);
        let cells = info.func_type(func).unwrap().params.iter().map(|ty| ValType::from_bits(*ty).cells()).sum();
        assert_eq!(params, cells);
        self.locals = params + locals;
        self.depth = 1;
        Ok(())
    }
    fn func_end(&mut self, info: &Info<'_>, s: &mut Operands<'_>, c: &Control, results: Option<u32>) -> Result<(), Fault> {
        assert_eq!((self.depth, s.depth()), (1, 0));
        if let Some(results) = results {
            self.stack(s, 0);
            assert_eq!((s.len(), info.block_type(c.block_type).unwrap().results.len() as u32), (results, results));
        }
        Ok(())
    }
    fn instruction(&mut self, _: &Operands<'_>, _: u32, _: u32) -> Result<(), Fault> {
        Ok(())
    }
    fn unreachable(&mut self, s: &mut Operands<'_>) -> Result<(), Fault> {
        self.stack(s, 0);
        Ok(())
    }
    fn block(&mut self, info: &Info<'_>, s: &mut Operands<'_>, c: &mut Control) -> Result<(), Fault> {
        let cond = (c.kind() == wrt_decoder::ControlKind::If) as u32;
        let params = info.block_type(c.block_type).unwrap().params.len() as u32;
        self.stack(s, cond + params);
        assert_eq!(c.height, s.len() - cond - params);
        assert_eq!(c.cell, s.get(c.height).map_or(s.next_cell(), |o| o.cell()));
        assert!(!c.is_dead() && !c.is_unreachable());
        c.user = [self.depth; 4];
        self.depth += 1;
        Ok(())
    }
    fn legacy_part(&mut self, s: &mut Operands<'_>, c: &mut Control, results: Option<u32>) -> Result<(), Fault> {
        assert_eq!(c.user, [self.depth - 1; 4]);
        if let Some(results) = results {
            self.stack(s, results);
            assert_eq!(s.len() - c.height - hidden(c), results);
        }
        Ok(())
    }
    fn legacy_catch(&mut self, s: &mut Operands<'_>, _: Option<u32>, arity: u32) -> Result<(), Fault> {
        self.stack(s, arity + 1);
        let c = s.control(0).unwrap();
        assert_eq!((hidden(&c), s.len() - c.height), (1, arity + 1));
        self.rethrow(s, c.height)
    }
    fn rethrow(&mut self, s: &mut Operands<'_>, i: u32) -> Result<(), Fault> {
        let o = s.get(i).unwrap();
        assert_eq!((o.ty(), o.place()), (ValType::EXNREF.non_null(), Place::Cell));
        Ok(())
    }
    fn delegate(&mut self, c: &Control, target: &Control) -> Result<(), Fault> {
        assert_eq!(c.kind(), wrt_decoder::ControlKind::LegacyTry);
        assert!(!target.is_dead());
        Ok(())
    }
    fn else_(&mut self, info: &Info<'_>, s: &mut Operands<'_>, c: &mut Control, results: Option<u32>) -> Result<(), Fault> {
        assert_eq!(c.user, [self.depth - 1; 4]);
        if let Some(results) = results {
            self.arity(info, s, 0, s.len() - c.height, 0);
            assert_eq!(s.len() - c.height, results);
        }
        Ok(())
    }
    fn end(&mut self, info: &Info<'_>, s: &mut Operands<'_>, c: &Control, results: Option<u32>) -> Result<(), Fault> {
        self.depth -= 1;
        assert_eq!((c.user, s.depth()), ([self.depth; 4], self.depth));
        if let Some(results) = results {
            self.stack(s, 0);
            assert_eq!((s.len() - c.height - hidden(c), info.block_type(c.block_type).unwrap().results.len() as u32), (results, results));
        }
        Ok(())
    }
    fn br(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault> {
        self.arity(info, s, label, arity, 0);
        Ok(())
    }
    fn br_if(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault> {
        self.arity(info, s, label, arity, 1);
        Ok(())
    }
    fn br_table(&mut self, _: &Info<'_>, s: &mut Operands<'_>, _: u32, arity: u32) -> Result<(), Fault> {
        self.top(s, ValType::I32);
        self.stack(s, 1 + arity);
        Ok(())
    }
    fn br_table_label(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault> {
        self.arity(info, s, label, arity, 1);
        Ok(())
    }
    fn br_table_end(&mut self, _: &Info<'_>, s: &mut Operands<'_>, arity: u32) -> Result<(), Fault> {
        self.stack(s, 1 + arity);
        Ok(())
    }
    fn return_(&mut self, info: &Info<'_>, s: &mut Operands<'_>, arity: u32) -> Result<(), Fault> {
        self.arity(info, s, self.depth - 1, arity, 0);
        Ok(())
    }
    fn call(&mut self, s: &mut Operands<'_>, _: u32, ty: &FuncType<'_>) -> Result<(), Fault> {
        self.arguments(s, ty, 0);
        Ok(())
    }
    fn call_indirect(&mut self, s: &mut Operands<'_>, _: u32, _: u32, ty: &FuncType<'_>) -> Result<(), Fault> {
        self.top(s, ValType::I32);
        self.arguments(s, ty, 1);
        Ok(())
    }
    fn return_call(&mut self, s: &mut Operands<'_>, _: u32, ty: &FuncType<'_>) -> Result<(), Fault> {
        self.arguments(s, ty, 0);
        Ok(())
    }
    fn return_call_indirect(&mut self, s: &mut Operands<'_>, _: u32, _: u32, ty: &FuncType<'_>) -> Result<(), Fault> {
        self.top(s, ValType::I32);
        self.arguments(s, ty, 1);
        Ok(())
    }
    fn call_ref(&mut self, s: &mut Operands<'_>, ty: &FuncType<'_>, _: bool) -> Result<(), Fault> {
        assert!(s.top(0).unwrap().ty().is_ref());
        self.arguments(s, ty, 1);
        Ok(())
    }
    fn ref_as_non_null(&mut self, s: &mut Operands<'_>) -> Result<(), Fault> {
        self.ref_is_null(s)
    }
    fn br_on_null(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault> {
        self.arity(info, s, label, arity, 1);
        self.ref_is_null(s)
    }
    fn br_on_non_null(&mut self, _: &Info<'_>, s: &mut Operands<'_>, _: u32, arity: u32) -> Result<(), Fault> {
        self.stack(s, arity);
        self.ref_is_null(s)
    }
    fn br_on_cast(&mut self, info: &Info<'_>, s: &mut Operands<'_>, _: u32, arity: u32, ty: ValType, _: bool) -> Result<(), Fault> {
        self.stack(s, arity);
        assert!(info.matches(ty.nullable(), ty.family()));
        self.ref_is_null(s)
    }
    fn throw(&mut self, info: &Info<'_>, s: &mut Operands<'_>, tag: u32, _: u32) -> Result<(), Fault> {
        self.arguments(s, &info.tag(tag).unwrap(), 0);
        Ok(())
    }
    fn throw_ref(&mut self, _: &Info<'_>, s: &mut Operands<'_>) -> Result<(), Fault> {
        self.ref_is_null(s)
    }
    fn try_table(&mut self, info: &Info<'_>, s: &mut Operands<'_>, c: &mut Control, _: u32) -> Result<(), Fault> {
        self.block(info, s, c)
    }
    fn catch(&mut self, _: &Info<'_>, s: &mut Operands<'_>, _: Catch, label: u32, arity: u32) -> Result<(), Fault> {
        self.stack(s, arity);
        assert!(label + 1 < self.depth);
        Ok(())
    }
    fn try_body(&mut self, c: &mut Control) -> Result<(), Fault> {
        assert_eq!(c.user, [self.depth - 1; 4]);
        Ok(())
    }
    fn drop(&mut self, s: &mut Operands<'_>) -> Result<(), Fault> {
        self.stack(s, 1);
        Ok(())
    }
    fn select(&mut self, s: &mut Operands<'_>, ty: ValType) -> Result<(), Fault> {
        self.top(s, ValType::I32);
        assert_eq!((s.top(1).unwrap().ty().family(), s.top(2).unwrap().ty().family()), (ty.family(), ty.family()));
        Ok(())
    }
    fn local_get(&mut self, s: &mut Operands<'_>) -> Result<(), Fault> {
        self.stack(s, 1);
        assert!(matches!(s.top(0).unwrap().place(), Place::Local(_)));
        Ok(())
    }
    fn local_set(&mut self, s: &mut Operands<'_>, cell: u32) -> Result<(), Fault> {
        self.stack(s, 1);
        assert!(cell + s.top(0).unwrap().ty().cells() <= self.locals);
        Ok(())
    }
    fn local_tee(&mut self, s: &mut Operands<'_>, cell: u32) -> Result<(), Fault> {
        self.local_set(s, cell)
    }
    fn ref_func(&mut self, s: &mut Operands<'_>, _: u32) -> Result<(), Fault> {
        self.top(s, ValType::FUNCREF);
        Ok(())
    }
    fn ref_is_null(&mut self, s: &mut Operands<'_>) -> Result<(), Fault> {
        assert!(s.top(0).unwrap().ty().is_ref());
        Ok(())
    }
    fn global_get(&mut self, info: &Info<'_>, s: &mut Operands<'_>, global: u32) -> Result<(), Fault> {
        self.top(s, info.global(global).unwrap().ty);
        Ok(())
    }
    fn global_set(&mut self, info: &Info<'_>, s: &mut Operands<'_>, global: u32) -> Result<(), Fault> {
        assert!(info.global(global).unwrap().mutable);
        self.global_get(info, s, global)
    }
    fn unary(&mut self, s: &mut Operands<'_>, _: u16, _: ValType) -> Result<(), Fault> {
        self.stack(s, 1);
        assert!(s.top(0).unwrap().ty().is_num());
        Ok(())
    }
    fn binary(&mut self, s: &mut Operands<'_>, op: u8, result: ValType) -> Result<(), Fault> {
        self.stack(s, 2);
        let [l, r] = s.tops().unwrap();
        assert!(l.ty() == r.ty() && (result == l.ty() || result == ValType::I32), "{op:#x}");
        Ok(())
    }
    fn load(&mut self, s: &mut Operands<'_>, _: u8, _: u32, result: ValType) -> Result<(), Fault> {
        self.top(s, ValType::I32);
        assert!(result.is_num());
        Ok(())
    }
    fn store(&mut self, s: &mut Operands<'_>, _: u8, _: u32) -> Result<(), Fault> {
        self.stack(s, 2);
        assert_eq!(s.top(1).unwrap().ty(), ValType::I32);
        Ok(())
    }
    fn access(&mut self, s: &mut Operands<'_>, _: u8, _: u32, offset: u64, result: Option<ValType>) -> Result<(), Fault> {
        let below = result.is_none().into();
        self.stack(s, below + 1);
        assert!(result.is_none_or(|ty| ty.is_num()));
        match s.top(below).unwrap().ty() {
            ValType::I32 => assert_eq!(offset >> 32, 0),
            ty => assert_eq!(ty, ValType::I64),
        }
        Ok(())
    }
    fn atomic(&mut self, s: &mut Operands<'_>, n: u8, _: u32, _: u64, pops: u32, result: Option<ValType>) -> Result<(), Fault> {
        self.stack(s, pops);
        assert!((n == 3) == (pops == 0) && pops < 4 && result.is_none_or(|ty| ty == ValType::I32 || ty == ValType::I64));
        let address = |pops: u32| s.top(pops - 1).unwrap().ty();
        assert!(pops == 0 || address(pops) == ValType::I32 || address(pops) == ValType::I64);
        Ok(())
    }
    fn vector(&mut self, s: &mut Operands<'_>, _: u16, _: u8, pops: u32, result: ValType) -> Result<(), Fault> {
        self.stack(s, pops);
        assert!((1..4).contains(&pops) && (result.is_num() || result == ValType::V128));
        Ok(())
    }
    fn vector_access(&mut self, s: &mut Operands<'_>, n: u16, _: u32, _: u64, lane: u8) -> Result<(), Fault> {
        let vector = matches!(n, 0x0b | 0x54..=0x5b);
        self.stack(s, 1 + u32::from(vector));
        let address = s.top(vector.into()).unwrap().ty();
        assert!(address == ValType::I32 || address == ValType::I64);
        assert!(lane < 16 && (!vector || s.top(0).unwrap().ty() == ValType::V128));
        Ok(())
    }
    fn vector_bytes(&mut self, s: &mut Operands<'_>, n: u16, bytes: [u8; 16]) -> Result<(), Fault> {
        self.stack(s, if n == 0x0d { 2 } else { 0 });
        assert!(n == 0x0c || n == 0x0d && bytes.iter().all(|lane| *lane < 32));
        Ok(())
    }
    fn plain(
        &mut self,
        _: &Info<'_>,
        s: &mut Operands<'_>,
        _: u16,
        _: u32,
        _: u32,
        pops: u32,
        result: Option<ValType>,
    ) -> Result<(), Fault> {
        self.stack(s, pops);
        assert!(result.is_none_or(|ty| ty != ValType::BOTTOM));
        Ok(())
    }
}

/// Decodes with [`Watch`] listening.
pub fn watch(bytes: &[u8], scratch: &mut [u32]) -> Result<Decoded, DecodeError> {
    decode(bytes, scratch, &mut Watch::default())
}
