// SPDX-License-Identifier: MIT
//! The module `spectest` (spec: interpreter/README, "Spectest host module").

use wrt_foundation::{Trap, ValType, Value};
use wrt_runtime::image::{MemoryType, TableType};
use wrt_runtime::shared::{SharedMem, SharedRef};
use wrt_runtime::{Caller, Exit, Extern, Flow, HostTable, LinkError, StackId, Store};

/// `print` and its like, which print nothing.
pub(crate) struct Silent;

impl HostTable<()> for Silent {
    fn call(&self, _: u32, _: &mut Caller<'_, '_, ()>) -> Result<Flow, Trap> {
        Ok(Flow::Ready)
    }
    // There is one thread: nobody can be woken, and who waits does so in vain.
    fn serve(&self, store: &mut Store<'_>, stack: StackId, exit: Exit, _: bool) -> Option<Exit> {
        let answer = if matches!(exit, Exit::Wait { .. }) { 2 } else { 0 };
        store.answer_thread(stack, answer);
        None
    }
}

/// The type of `shared_memory`.
pub const SHARED: MemoryType = MemoryType { shared: true, ..MemoryType::new(1, Some(2)) };

/// What it exports.
pub(crate) type Spectest = [(&'static str, Extern<'static>); 15];

/// Makes it in a new store.
pub(crate) fn spectest<'m>(store: &mut Store<'m>, shared: &'m SharedMem<'m>) -> Result<Spectest, LinkError> {
    use ValType as V;
    let print = |params| Extern::Host { index: 0, params, results: &[] };
    Ok([
        ("print", print(&[])),
        ("print_i32", print(&[V::I32])),
        ("print_i64", print(&[V::I64])),
        ("print_f32", print(&[V::F32])),
        ("print_f64", print(&[V::F64])),
        ("print_i32_f32", print(&[V::I32, V::F32])),
        ("print_f64_f64", print(&[V::F64, V::F64])),
        ("global_i32", store.add_global(false, Value::I32(666))?),
        ("global_i64", store.add_global(false, Value::I64(666))?),
        ("global_f32", store.add_global(false, Value::F32(666.6))?),
        ("global_f64", store.add_global(false, Value::F64(666.6))?),
        ("table", store.add_table(TableType::new(V::FUNCREF, 10, Some(20)), 20)?),
        ("table64", store.add_table(TableType { is64: true, ..TableType::new(V::FUNCREF, 10, Some(20)) }, 20)?),
        ("shared_memory", store.add_shared_memory(SharedRef::Lent(shared))?),
        ("memory", store.add_memory(MemoryType::new(1, Some(2)), 2 << 16)?),
    ])
}
