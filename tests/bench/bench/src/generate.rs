// SPDX-License-Identifier: MIT
//! Modules that are made to be loaded: a tiny one, and one of about 1 MB, always the same.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, MemArg, MemArgTarget, MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection,
    ValType,
};

/// What `run(n)` of both modules gives.
pub(crate) fn result(n: i32) -> i64 {
    i64::from(n) * 3 + 1
}

/// Functions of the large module.
const FUNCTIONS: u32 = 2700;
/// Parameters, then locals, of each: i32, i32, i32, i32, i64, f64.
const I32_LOCALS: u32 = 4;
const I64_LOCAL: u32 = 4;
const F64_LOCAL: u32 = 5;
/// Types of the modules.
const RUN_TYPE: u32 = 0;
const WORK_TYPE: u32 = 1;

/// `(func (export "run") (param i32) (result i64))` alone.
pub(crate) fn tiny() -> Vec<u8> {
    module(0)
}

/// That and many functions such as programs have.
pub(crate) fn large() -> Vec<u8> {
    module(FUNCTIONS)
}

fn module(functions: u32) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9);
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I64]);
    if functions > 0 {
        types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
    }
    let mut declared = FunctionSection::new();
    declared.function(RUN_TYPE);
    for _ in 0..functions {
        declared.function(WORK_TYPE);
    }
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0);
    let mut code = CodeSection::new();
    let mut run = Function::new([]);
    run.instructions().local_get(0).i64_extend_i32_s().i64_const(3).i64_mul().i64_const(1).i64_add().end();
    code.function(&run);
    for index in 1..=functions {
        let mut f = Function::new([(2, ValType::I32), (1, ValType::I64), (1, ValType::F64)]);
        let mut writer = Writer { f: &mut f, random: &mut random, callees: index };
        for _ in 0..8 {
            writer.statement(0);
        }
        writer.f.instructions().local_get(2).end();
        code.function(&f);
        if index % 50 == 0 {
            exports.export(&format!("function_{index}"), ExportKind::Func, index);
        }
    }
    module.section(&types).section(&declared);
    if functions > 0 {
        let table = TableType { element_type: RefType::FUNCREF, table64: false, minimum: 64, maximum: Some(64), shared: false };
        module.section(TableSection::new().table(table));
        let memory = MemoryType { minimum: 4, maximum: None, memory64: false, shared: false, page_size_log2: None };
        module.section(MemorySection::new().memory(memory));
        let global = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        module.section(GlobalSection::new().global(global, &ConstExpr::i32_const(65536)));
    }
    module.section(&exports);
    if functions > 0 {
        let entries: Vec<u32> = (1..=64).map(|i| i * functions / 64).collect();
        module.section(ElementSection::new().active(None, &ConstExpr::i32_const(0), Elements::Functions(entries.into())));
    }
    module.section(&code);
    if functions > 0 {
        let text: Vec<u8> = (0..40_000).map(|_| b' ' + random.below(90) as u8).collect();
        module.section(DataSection::new().active(0, &ConstExpr::i32_const(1024), text));
    }
    module.finish()
}

struct Random(u32);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 3) % end
    }
}

/// Writes one function; it may call those with a lower number.
struct Writer<'a> {
    f: &'a mut Function,
    random: &'a mut Random,
    callees: u32,
}

impl Writer<'_> {
    fn local(&mut self) -> u32 {
        self.random.below(I32_LOCALS)
    }

    fn place(&mut self) -> MemArg {
        MemArg { offset: u64::from(self.random.below(64)) * 4, align: 2, target: MemArgTarget::Memory(0), ordering: None }
    }

    /// Pushes an i32.
    fn value(&mut self, depth: u32) {
        match self.random.below(if depth > 2 { 2 } else { 8 }) {
            0 => {
                let local = self.local();
                self.f.instructions().local_get(local);
            }
            1 => {
                let value = self.random.below(5000) as i32 - 100;
                self.f.instructions().i32_const(value);
            }
            2 => {
                let (local, place) = (self.local(), self.place());
                self.f.instructions().local_get(local).i32_load(place);
            }
            3 => {
                self.f.instructions().local_get(I64_LOCAL).i32_wrap_i64();
            }
            kind => {
                self.value(depth + 1);
                self.value(depth + 1);
                let mut at = self.f.instructions();
                match (kind, self.random.below(4)) {
                    (4, 0) => at.i32_sub(),
                    (4, _) => at.i32_add(),
                    (5, 0) => at.i32_mul(),
                    (5, 1) => at.i32_and(),
                    (5, 2) => at.i32_xor(),
                    (5, _) => at.i32_or(),
                    (6, 0) => at.i32_shl(),
                    (6, _) => at.i32_shr_u(),
                    (_, 0) => at.i32_eq(),
                    (_, 1) => at.i32_lt_u(),
                    (_, 2) => at.i32_gt_s(),
                    (_, _) => at.i32_ne(),
                };
            }
        }
    }

    fn statement(&mut self, depth: u32) {
        let local = self.local();
        match self.random.below(if depth > 2 { 4 } else { 10 }) {
            0 => {
                self.value(0);
                self.f.instructions().local_set(local);
            }
            1 => {
                let place = self.place();
                self.f.instructions().local_get(local);
                self.value(1);
                self.f.instructions().i32_store(place);
            }
            2 => {
                self.value(1);
                self.f
                    .instructions()
                    .i64_extend_i32_u()
                    .local_get(I64_LOCAL)
                    .i64_add()
                    .i64_const(0x1_0000_0001)
                    .i64_mul()
                    .local_set(I64_LOCAL);
            }
            3 => {
                self.f
                    .instructions()
                    .local_get(F64_LOCAL)
                    .local_get(local)
                    .f64_convert_i32_s()
                    .f64_add()
                    .f64_const(0.5.into())
                    .f64_mul()
                    .local_set(F64_LOCAL);
            }
            4 | 5 => {
                self.value(0);
                self.f.instructions().if_(BlockType::Empty);
                self.statement(depth + 1);
                if self.random.below(2) == 0 {
                    self.f.instructions().else_();
                    self.statement(depth + 1);
                }
                self.f.instructions().end();
            }
            6 => {
                // do { ... } while (--local)
                self.f.instructions().loop_(BlockType::Empty);
                self.statement(depth + 1);
                self.f.instructions().local_get(local).i32_const(1).i32_sub().local_tee(local).br_if(0).end();
            }
            7 => {
                // A switch of three cases and a default.
                self.f.instructions().block(BlockType::Empty).block(BlockType::Empty).block(BlockType::Empty).block(BlockType::Empty);
                self.value(1);
                self.f.instructions().br_table([0u32, 1, 2], 3).end();
                self.statement(depth + 1);
                self.f.instructions().br(2).end();
                self.statement(depth + 1);
                self.f.instructions().br(1).end();
                self.statement(depth + 1);
                self.f.instructions().end();
            }
            8 => {
                self.value(1);
                self.value(1);
                // Function 0 is run itself, of another type.
                if self.callees == 1 {
                    self.f.instructions().i32_add().local_set(local);
                } else {
                    let callee = 1 + self.random.below(self.callees - 1);
                    self.f.instructions().call(callee).local_set(local);
                }
            }
            _ => {
                self.value(1);
                self.value(1);
                self.f
                    .instructions()
                    .local_get(local)
                    .i32_const(63)
                    .i32_and()
                    .call_indirect(0, WORK_TYPE)
                    .global_get(0)
                    .i32_add()
                    .local_set(local);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert!(tiny().len() < 100);
        assert!((900_000..1_100_000).contains(&large().len()), "{}", large().len());
        assert_eq!(large(), large());
    }
}
