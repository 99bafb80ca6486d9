// SPDX-License-Identifier: MIT
//! What the decoder tells whoever makes something of the module, in the order of the binary format.
//!
//! Every call comes after the validator has accepted what it is about. In code, calls come for reachable instructions
//! only, and the operands named are still on the stack: the last operand is `s.top(0)`. After the call the validator
//! pops them and pushes results as [`Place::Cell`](crate::Place), in the lowest popped operand's cell upwards. Constants
//! are pushed as [`Place::Const`](crate::Place) without a call. What an instruction only looks at stays with the places
//! that the sink gave it: the parameters of a block as it is opened, and what `br_if` would take along.

use crate::{Control, Fault, FuncType, Info, Locals, Operands};
use wrt_foundation::{ExternKind, Feature, ValType};

/// What a constant expression is for (spec: core 3.3.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConstFor {
    /// The value of the global with this index, which begins at cell `.1` of the module's own.
    Global(u32, u32),
    /// The value of the first `.1` elements of the table with this index, which is not known yet.
    Table(u32, u64),
    /// One item of the element segment with this index.
    ElemItem(u32),
    /// The offset of the active element segment with this index into table `.1`.
    ElemOffset(u32, u32),
    /// The offset of the active data segment with this index into memory `.1`.
    DataOffset(u32, u32),
}

/// One clause of a `try_table`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Catch {
    /// The tag that it is for; `None`: all.
    pub tag: Option<u32>,
    /// Whether it hands over the exception itself after its values.
    pub exception: bool,
}

/// Listens to a module. A method that returns an error ends the decoding with it.
pub trait Sink {
    /// The module uses `feature`, which this build has. Told of floats for vector instructions only.
    fn uses(&mut self, feature: Feature);

    // ---- module ------------------------------------------------------------------------------------------------
    /// The import section has `n` imports.
    fn imports(&mut self, n: u32) -> Result<(), Fault>;
    /// One import; `index` is its index in the index space of its kind. `info` already has its type.
    fn import(&mut self, info: &Info<'_>, module: &[u8], name: &[u8], kind: ExternKind, index: u32) -> Result<(), Fault>;
    /// The export section has `n` exports.
    fn exports(&mut self, n: u32) -> Result<(), Fault>;
    /// One export.
    fn export(&mut self, name: &[u8], kind: ExternKind, index: u32) -> Result<(), Fault>;
    /// The start function.
    fn start(&mut self, func: u32) -> Result<(), Fault>;
    /// The element section has `n` segments.
    fn elems(&mut self, n: u32) -> Result<(), Fault>;
    /// Items follow for segment `index`: `n` of them, each by [`Sink::elem_func`] or as a constant expression. For an
    /// active segment its offset has been told by then (`active`: the table); `declared`: it is dropped at once.
    fn elem(&mut self, index: u32, ty: ValType, n: u32, active: Option<u32>, declared: bool) -> Result<(), Fault>;
    /// The next item is function `func`.
    fn elem_func(&mut self, func: u32) -> Result<(), Fault>;
    /// All items of segment `index` have been told.
    fn elem_end(&mut self, index: u32) -> Result<(), Fault>;
    /// Everything before the code is known. Called exactly once, with or without a code section.
    fn before_code(&mut self, info: &Info<'_>) -> Result<(), Fault>;
    /// There are `n` data segments.
    fn datas(&mut self, n: u32) -> Result<(), Fault>;
    /// Data segment `index`; for an active one (`active`: the memory) its offset has been told.
    fn data(&mut self, index: u32, active: Option<u32>, bytes: &[u8]) -> Result<(), Fault>;
    /// The module has been read to its end and is valid.
    fn finish(&mut self, info: &Info<'_>) -> Result<(), Fault>;

    // ---- constant expressions: `const_begin`, instructions as in code, `const_end` with the value as `s.top(0)` --
    /// A constant expression begins.
    fn const_begin(&mut self, info: &Info<'_>, what: ConstFor) -> Result<(), Fault>;
    /// It ends; its value is the one operand.
    fn const_end(&mut self, info: &Info<'_>, what: ConstFor, s: &mut Operands<'_>) -> Result<(), Fault>;

    // ---- code --------------------------------------------------------------------------------------------------
    /// Whether to skip the body of function `func`, whose size stands at byte `at` of the module: then it is neither told of
    /// nor validated, and [`decode_body`](crate::decode_body) reads it later. `size` is its length in bytes.
    #[inline(always)]
    fn skip(&mut self, _info: &Info<'_>, _func: u32, _at: u32, _size: u32) -> bool {
        false
    }
    /// Cells that the sink keeps for itself, between locals and operands, in the frame of a function whose locals have so many, those
    /// of parameters not counted.
    #[inline(always)]
    fn own_cells(_local_cells: u32) -> u32 {
        0
    }
    /// The body of function `func` begins. `param_cells` and `local_cells` (without parameters) make up the locals;
    /// `body_bytes` is the length of its code in the module.
    #[allow(clippy::too_many_arguments)] // one call per function
    fn func_begin(
        &mut self,
        info: &Info<'_>,
        func: u32,
        locals: &Locals<'_>,
        param_cells: u32,
        local_cells: u32,
        body_bytes: u32,
    ) -> Result<(), Fault>;
    /// Its last `end`; `results`: so many are on the stack, and control falls off the end, if it can get there.
    fn func_end(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &Control, results: Option<u32>) -> Result<(), Fault>;
    /// An opcode at byte `at` of the module is about to be told or skipped. It counts as `n` instructions: one, but none
    /// for `end` and `else` (spec: core 2.4). Not called in constant expressions.
    fn instruction(&mut self, s: &Operands<'_>, at: u32, n: u32) -> Result<(), Fault>;

    /// `unreachable`
    fn unreachable(&mut self, s: &mut Operands<'_>) -> Result<(), Fault>;
    /// `block`, `loop`, `try` or `if` (whose condition is `s.top(0)`); `control` is not on the stack yet and its `user` words
    /// are the sink's to fill. The block's parameters are the operands above `control.height`, below the condition.
    fn block(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &mut Control) -> Result<(), Fault>;
    /// `else` of the innermost frame `control`, still of kind `If` and on the stack, where it is replaced afterwards;
    /// `results`: so many of the first arm are on the stack, if its end can be reached. Afterwards the parameters are
    /// pushed anew.
    fn else_(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &mut Control, results: Option<u32>) -> Result<(), Fault>;
    /// `end` of a block; `control` has been taken off; `results`: so many are on the stack, if the end can be reached.
    /// Afterwards the operands are cut to `control.height` and the results pushed as cells. Also called for blocks whose
    /// end cannot be reached.
    fn end(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &Control, results: Option<u32>) -> Result<(), Fault>;
    /// `br`: to label `label` with the last `arity` operands.
    fn br(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault>;
    /// `br_if`: the same, with the condition on top of them.
    fn br_if(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault>;
    /// `br_table` begins: index on top; `n` labels and the default follow, each by [`Sink::br_table_label`].
    fn br_table(&mut self, info: &Info<'_>, s: &mut Operands<'_>, n: u32, arity: u32) -> Result<(), Fault>;
    /// One label of it, the default last.
    fn br_table_label(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault>;
    /// All labels have been told.
    fn br_table_end(&mut self, info: &Info<'_>, s: &mut Operands<'_>, arity: u32) -> Result<(), Fault>;
    /// `return` with the last `arity` operands.
    fn return_(&mut self, info: &Info<'_>, s: &mut Operands<'_>, arity: u32) -> Result<(), Fault>;
    /// `call` of function `func`, which has type `ty`.
    fn call(&mut self, s: &mut Operands<'_>, func: u32, ty: &FuncType<'_>) -> Result<(), Fault>;
    /// `call_indirect` by type `index`, which is `ty`; element index on top.
    fn call_indirect(&mut self, s: &mut Operands<'_>, index: u32, table: u32, ty: &FuncType<'_>) -> Result<(), Fault>;
    /// `return_call` of function `func`, which has type `ty`.
    fn return_call(&mut self, s: &mut Operands<'_>, func: u32, ty: &FuncType<'_>) -> Result<(), Fault>;
    /// `return_call_indirect` by type `index`, which is `ty`; element index on top.
    fn return_call_indirect(&mut self, s: &mut Operands<'_>, index: u32, table: u32, ty: &FuncType<'_>) -> Result<(), Fault>;
    /// `call_ref`, or `return_call_ref` if `tail`, by a type which is `ty`; the function reference is on top.
    fn call_ref(&mut self, s: &mut Operands<'_>, ty: &FuncType<'_>, tail: bool) -> Result<(), Fault>;
    /// `ref.as_non_null`
    fn ref_as_non_null(&mut self, s: &mut Operands<'_>) -> Result<(), Fault>;
    /// `br_on_null`: to label `label` with `arity` operands below the reference on top, which stays if it is not null.
    fn br_on_null(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault>;
    /// `br_on_non_null`: to label `label` with the last `arity` operands; the reference on top goes if it is null.
    fn br_on_non_null(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Result<(), Fault>;
    /// `br_on_cast`, or `br_on_cast_fail` if `fail`: to label `label` with the last `arity` operands, if the one on top is,
    /// or is not, of type `ty`. It stays.
    #[allow(clippy::too_many_arguments)] // the immediates of the instruction
    fn br_on_cast(&mut self, info: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32, ty: ValType, fail: bool) -> Result<(), Fault>;
    /// `throw` of an exception with tag `tag` and the last `arity` operands.
    fn throw(&mut self, info: &Info<'_>, s: &mut Operands<'_>, tag: u32, arity: u32) -> Result<(), Fault>;
    /// `throw_ref` of the exception on top.
    fn throw_ref(&mut self, info: &Info<'_>, s: &mut Operands<'_>) -> Result<(), Fault>;
    /// `try_table` with `n` clauses begins, as [`Sink::block`]. Its clauses follow, then [`Sink::try_body`].
    fn try_table(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &mut Control, n: u32) -> Result<(), Fault>;
    /// A clause: it jumps to label `label`, counted from outside of the block, with `arity` operands. They are on the
    /// stack instead of the block's parameters, whose places are lost.
    fn catch(&mut self, info: &Info<'_>, s: &mut Operands<'_>, catch: Catch, label: u32, arity: u32) -> Result<(), Fault>;
    /// All clauses have been told; the parameters are in their cells.
    fn try_body(&mut self, control: &mut Control) -> Result<(), Fault>;
    /// The body of a `try`, or the part after one of its `catch`es, ends, and a `catch` or `catch_all` follows. `control` is
    /// still of that part's kind and on the stack, where it is replaced afterwards; `results`: so many are on the stack, if
    /// the end can be reached.
    fn legacy_part(&mut self, s: &mut Operands<'_>, control: &mut Control, results: Option<u32>) -> Result<(), Fault>;
    /// `catch` of exceptions with tag `tag`, or `catch_all`, begins in the innermost frame. On the stack, in their cells,
    /// are the exception and its `arity` values.
    fn legacy_catch(&mut self, s: &mut Operands<'_>, tag: Option<u32>, arity: u32) -> Result<(), Fault>;
    /// `rethrow` of the exception that is operand `i`, counted from the bottom.
    fn rethrow(&mut self, s: &mut Operands<'_>, i: u32) -> Result<(), Fault>;
    /// `delegate` to the frame `target` ends the body of the `try` with the frame `control`. [`Sink::end`] follows.
    fn delegate(&mut self, control: &Control, target: &Control) -> Result<(), Fault>;
    /// `drop`
    fn drop(&mut self, s: &mut Operands<'_>) -> Result<(), Fault>;
    /// `select`, both forms: two values of type `ty`, condition on top.
    fn select(&mut self, s: &mut Operands<'_>, ty: ValType) -> Result<(), Fault>;
    /// `local.get`: the new operand has been pushed, its place being the local.
    fn local_get(&mut self, s: &mut Operands<'_>) -> Result<(), Fault>;
    /// `local.set`; `cell` is the local's.
    fn local_set(&mut self, s: &mut Operands<'_>, cell: u32) -> Result<(), Fault>;
    /// `local.tee`: the operand stays; its place is the sink's to set.
    fn local_tee(&mut self, s: &mut Operands<'_>, cell: u32) -> Result<(), Fault>;
    /// `ref.func`: the operand has been pushed.
    fn ref_func(&mut self, s: &mut Operands<'_>, func: u32) -> Result<(), Fault>;
    /// `ref.is_null`
    fn ref_is_null(&mut self, s: &mut Operands<'_>) -> Result<(), Fault>;
    /// `global.get`: the operand has been pushed.
    fn global_get(&mut self, info: &Info<'_>, s: &mut Operands<'_>, global: u32) -> Result<(), Fault>;
    /// `global.set`
    fn global_set(&mut self, info: &Info<'_>, s: &mut Operands<'_>, global: u32) -> Result<(), Fault>;
    /// A numeric instruction with one operand.
    fn unary(&mut self, s: &mut Operands<'_>, op: u16, result: ValType) -> Result<(), Fault>;
    /// A numeric instruction with two operands of one type.
    fn binary(&mut self, s: &mut Operands<'_>, op: u8, result: ValType) -> Result<(), Fault>;
    /// A load of a value of type `result` from memory 0, which has 32-bit addresses; the address is on top.
    fn load(&mut self, s: &mut Operands<'_>, op: u8, offset: u32, result: ValType) -> Result<(), Fault>;
    /// A store of the value on top to memory 0, which has 32-bit addresses; the address is below it.
    fn store(&mut self, s: &mut Operands<'_>, op: u8, offset: u32) -> Result<(), Fault>;
    /// A load, or without `result` a store, in any memory; the address is an `i32` or `i64`.
    fn access(&mut self, s: &mut Operands<'_>, op: u8, memory: u32, offset: u64, result: Option<ValType>) -> Result<(), Fault>;
    /// Vector instruction `n` (its number after the prefix 0xfd) without an access to memory: with `pops`
    /// operands, and `lane` where it has one.
    fn vector(&mut self, s: &mut Operands<'_>, n: u16, lane: u8, pops: u32, result: ValType) -> Result<(), Fault>;
    /// A vector instruction that loads or stores: the address is the first operand, the vector, if it takes one, the second.
    fn vector_access(&mut self, s: &mut Operands<'_>, n: u16, memory: u32, offset: u64, lane: u8) -> Result<(), Fault>;
    /// `v128.const` and `i8x16.shuffle`, with their bytes.
    fn vector_bytes(&mut self, s: &mut Operands<'_>, n: u16, bytes: [u8; 16]) -> Result<(), Fault>;
    /// Atomic instruction `n` (its number after the prefix 0xfe), with `pops` operands, of which an address is the first;
    /// `atomic.fence` has none.
    fn atomic(&mut self, s: &mut Operands<'_>, n: u8, memory: u32, offset: u64, pops: u32, result: Option<ValType>) -> Result<(), Fault>;
    /// Any other instruction with a row in `wrt_instructions::table`. `x` and `y` are its indexes in the order of the
    /// row's immediates, `pops` the number of operands, `result` the type it leaves; `None` also for two `i64`.
    #[allow(clippy::too_many_arguments)] // what the validator has in registers, without a structure in between
    fn plain(
        &mut self,
        info: &Info<'_>,
        s: &mut Operands<'_>,
        op: u16,
        x: u32,
        y: u32,
        pops: u32,
        result: Option<ValType>,
    ) -> Result<(), Fault>;
}

/// The sink that makes nothing of a module: decoding into it checks the module only.
#[derive(Clone, Copy, Default, Debug)]
pub struct Validate;

macro_rules! ignore {
    ($($name:ident($($ty:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $(_: $ty),*) -> Result<(), Fault> { Ok(()) })*
    };
}

impl Sink for Validate {
    #[inline]
    fn uses(&mut self, _: Feature) {}
    ignore! {
        imports(u32);
        import(&Info<'_>, &[u8], &[u8], ExternKind, u32);
        exports(u32);
        export(&[u8], ExternKind, u32);
        start(u32);
        elems(u32);
        elem(u32, ValType, u32, Option<u32>, bool);
        elem_func(u32);
        elem_end(u32);
        before_code(&Info<'_>);
        datas(u32);
        data(u32, Option<u32>, &[u8]);
        finish(&Info<'_>);
        const_begin(&Info<'_>, ConstFor);
        const_end(&Info<'_>, ConstFor, &mut Operands<'_>);
        func_begin(&Info<'_>, u32, &Locals<'_>, u32, u32, u32);
        func_end(&Info<'_>, &mut Operands<'_>, &Control, Option<u32>);
        instruction(&Operands<'_>, u32, u32);
        unreachable(&mut Operands<'_>);
        block(&Info<'_>, &mut Operands<'_>, &mut Control);
        else_(&Info<'_>, &mut Operands<'_>, &mut Control, Option<u32>);
        end(&Info<'_>, &mut Operands<'_>, &Control, Option<u32>);
        br(&Info<'_>, &mut Operands<'_>, u32, u32);
        br_if(&Info<'_>, &mut Operands<'_>, u32, u32);
        br_table(&Info<'_>, &mut Operands<'_>, u32, u32);
        br_table_label(&Info<'_>, &mut Operands<'_>, u32, u32);
        br_table_end(&Info<'_>, &mut Operands<'_>, u32);
        return_(&Info<'_>, &mut Operands<'_>, u32);
        call(&mut Operands<'_>, u32, &FuncType<'_>);
        call_indirect(&mut Operands<'_>, u32, u32, &FuncType<'_>);
        return_call(&mut Operands<'_>, u32, &FuncType<'_>);
        return_call_indirect(&mut Operands<'_>, u32, u32, &FuncType<'_>);
        call_ref(&mut Operands<'_>, &FuncType<'_>, bool);
        ref_as_non_null(&mut Operands<'_>);
        br_on_null(&Info<'_>, &mut Operands<'_>, u32, u32);
        br_on_non_null(&Info<'_>, &mut Operands<'_>, u32, u32);
        br_on_cast(&Info<'_>, &mut Operands<'_>, u32, u32, ValType, bool);
        throw(&Info<'_>, &mut Operands<'_>, u32, u32);
        throw_ref(&Info<'_>, &mut Operands<'_>);
        try_table(&Info<'_>, &mut Operands<'_>, &mut Control, u32);
        catch(&Info<'_>, &mut Operands<'_>, Catch, u32, u32);
        try_body(&mut Control);
        legacy_part(&mut Operands<'_>, &mut Control, Option<u32>);
        legacy_catch(&mut Operands<'_>, Option<u32>, u32);
        rethrow(&mut Operands<'_>, u32);
        delegate(&Control, &Control);
        drop(&mut Operands<'_>);
        select(&mut Operands<'_>, ValType);
        local_get(&mut Operands<'_>);
        local_set(&mut Operands<'_>, u32);
        local_tee(&mut Operands<'_>, u32);
        ref_func(&mut Operands<'_>, u32);
        ref_is_null(&mut Operands<'_>);
        global_get(&Info<'_>, &mut Operands<'_>, u32);
        global_set(&Info<'_>, &mut Operands<'_>, u32);
        unary(&mut Operands<'_>, u16, ValType);
        binary(&mut Operands<'_>, u8, ValType);
        load(&mut Operands<'_>, u8, u32, ValType);
        store(&mut Operands<'_>, u8, u32);
        access(&mut Operands<'_>, u8, u32, u64, Option<ValType>);
        vector(&mut Operands<'_>, u16, u8, u32, ValType);
        vector_access(&mut Operands<'_>, u16, u32, u64, u8);
        vector_bytes(&mut Operands<'_>, u16, [u8; 16]);
        atomic(&mut Operands<'_>, u8, u32, u64, u32, Option<ValType>);
        plain(&Info<'_>, &mut Operands<'_>, u16, u32, u32, u32, Option<ValType>);
    }
}
