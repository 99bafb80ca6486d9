// SPDX-License-Identifier: MIT
//! The engine on hand-made images: what it computes, charges, links, suspends and survives.
#![cfg(feature = "alloc")]

mod asm;

use asm::{Asm, i32s, jump, w, wbc};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use wrt_foundation::{Buf, ExternKind, Ref, Shared, Trap, ValType, Value};
use wrt_runtime::image::{Import, MemoryType, TableType};
use wrt_runtime::op::*;
use wrt_runtime::stack::{Frame, Status};
use wrt_runtime::*;

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;
const ALL: i64 = i64::MAX;
const ADD: u8 = 0x6a;
const LOAD: u8 = 0x28;
const STORE: u8 = 0x36;

struct Machine {
    store: Store<'static>,
    stack: StackId,
}

fn nothing(_: &Store<'static>, _: Import<'_>) -> Option<Extern<'static>> {
    None
}

impl Machine {
    fn new() -> Machine {
        let mut store = Store::owned(1 << 24);
        let stack = store.add_stack(Stack::owned(2000, 50).unwrap()).unwrap();
        Machine { store, stack }
    }
    fn add(&mut self, asm: &Asm, resolve: &mut dyn FnMut(&Store<'static>, Import<'_>) -> Option<Extern<'static>>) -> InstanceId {
        let i = self.store.instantiate(Shared::Arc(asm.build().into()), resolve, &Options::default()).unwrap();
        self.store.enter_init(self.stack, i).unwrap();
        assert_eq!(run(&mut self.store, self.stack, &mut { ALL }), Exit::Done);
        i
    }
    fn func(&self, i: InstanceId, name: &str) -> u32 {
        let Some(Extern::Func(f)) = self.store.export(i, name) else { panic!("no function {name}") };
        f
    }
    fn results(&self, f: u32) -> Vec<Value> {
        let mut v = vec![Value::Unit; self.store.func_type(f).unwrap().results.len()];
        self.store.results(self.stack, f, &mut v).unwrap();
        v
    }
    fn call(&mut self, f: u32, args: &[i32]) -> Result<Vec<Value>, Trap> {
        self.call_with(f, &i32s(args), &NO_HOST)
    }
    fn call_with(&mut self, f: u32, args: &[Value], hosts: &dyn HostTable<Vec<i32>>) -> Result<Vec<Value>, Trap> {
        self.store.enter(self.stack, f, args).unwrap();
        match drive(&mut self.store, self.stack, hosts, &mut vec![], &mut { ALL }) {
            Exit::Done => Ok(self.results(f)),
            Exit::Trap(t) => Err(t),
            e => panic!("{e:?}"),
        }
    }
    /// Result and total cost, the budget given in slices.
    fn sliced(&mut self, f: u32, args: &[i32], slice: i64, hosts: &dyn HostTable<Vec<i32>>) -> (Exit, i64) {
        self.store.enter(self.stack, f, &i32s(args)).unwrap();
        let (mut budget, mut given) = (0i64, 0i64);
        loop {
            budget += slice;
            given += slice;
            let exit = drive(&mut self.store, self.stack, hosts, &mut vec![], &mut budget);
            if exit != Exit::OutOfBudget {
                return (exit, given - budget);
            }
            assert!(budget <= 0);
        }
    }
}
static NO_HOST: [HostFn<Vec<i32>>; 0] = [];

/// sum(n) = 1 + ... + n: cells 0 n, 1 sum; 3 per round, 2 at the end
fn sum(asm: &mut Asm) -> u32 {
    let ty = asm.ty(&[I32], &[I32]);
    asm.export_func(
        "sum",
        ty,
        &[w(ENTER, 0, 1, 1), w(ADD, 1, 1, 0), w(I32_ADD_S, 0, 0, 0xff), w(BR_IF, 0, 0, 0), jump(-4, 3), wbc(RETURN1, 1, 5)],
    )
}

/// fib(n), recursive
fn fib(asm: &mut Asm) -> u32 {
    let ty = asm.ty(&[I32], &[I32]);
    asm.export_func(
        "fib",
        ty,
        &[
            wbc(BR_GE_S_I, 0, 2),
            jump(1, 2),
            wbc(RETURN1, 0, 3),
            w(I32_ADD_S, 3, 0, 0xff),
            wbc(CALL, 3, 4),
            0,
            w(I32_ADD_S, 4, 0, 0xfe),
            wbc(CALL, 4, 3),
            0,
            w(ADD, 0, 3, 4),
            wbc(RETURN, 0, 2),
        ],
    )
}

#[test]
fn loop_calls_and_exact_fuel() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    fib(&mut asm);
    sum(&mut asm);
    let i = m.add(&asm, &mut nothing);
    let (fib, sum) = (m.func(i, "fib"), m.func(i, "sum"));
    for (f, n, result) in [(sum, 1000, 500_500), (fib, 15, 610)] {
        let (exit, cost) = m.sliced(f, &[n], ALL / 4, &NO_HOST);
        assert_eq!((exit, m.results(f)), (Exit::Done, i32s(&[result])));
        if f == sum {
            assert_eq!(cost, 3 * 999 + 5);
        }
        for slice in 1..=97 {
            assert_eq!(m.sliced(f, &[n], slice, &NO_HOST), (Exit::Done, cost), "slice {slice}");
            assert_eq!(m.results(f), i32s(&[result]));
        }
    }
}

#[test]
fn endless_recursion_ends_and_the_stack_goes_on() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let ty = asm.ty(&[], &[]);
    let f = asm.export_func("deep", ty, &[wbc(CALL, 1, 1), 0, wbc(RETURN, 0, 1)]);
    let wide = asm.export_func("wide", ty, &[wbc(CALL_FAR, 0, 1), 1, 500, wbc(RETURN, 0, 1)]);
    let far = asm.export_func("far", ty, &[w(ENTER_FAR, 0, 0, 0), 5000, 0, wbc(RETURN, 0, 1)]);
    sum(&mut asm);
    let i = m.add(&asm, &mut nothing);
    for f in [f, wide, far] {
        assert_eq!(m.call(f, &[]), Err(Trap::StackExhausted));
        let (inst, func, pc) = m.store.trap_site(m.stack).unwrap();
        assert_eq!((inst, func), (i, Some(f)));
        assert_eq!(pc, m.store.image(i).unwrap().entries()[f as usize]);
    }
    let sum = m.func(i, "sum");
    assert_eq!(m.call(sum, &[10]), Ok(i32s(&[55])));
    assert_eq!(m.store.trap_site(m.stack), None);
}

#[test]
fn sixty_four_bits_tables_of_branches_and_far_cells() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let t64 = asm.ty(&[I64, I64], &[I64]);
    for (name, op) in [("add", 0x7c), ("mul", 0x7e), ("div", 0x7f), ("rem", 0x81), ("shl", 0x86), ("rotr", 0x8a), ("sub", 0x7d)] {
        asm.export_func(name, t64, &[w(op, 4, 0, 2), wbc(RETURN2, 4, 1)]);
    }
    let t = asm.ty(&[I32], &[I32]);
    // 0 -> 10, 1 -> 20, else 30
    asm.export_func(
        "table",
        t,
        &[
            w(BR_TABLE, 0, 0, 0),
            2,
            jump(2, 1),
            jump(3, 1),
            jump(4, 1),
            wbc(CONST_S, 0, 10),
            wbc(RETURN, 0, 1),
            wbc(CONST_S, 0, 20),
            wbc(RETURN, 0, 1),
            wbc(CONST_S, 0, 30),
            wbc(RETURN, 0, 1),
        ],
    );
    // the argument by way of cells 900 and 901
    asm.export_func(
        "far",
        t,
        &[
            w(ENTER_FAR, 0, 0, 0),
            1000,
            900 | 100 << 16,
            w(FAR_SET, 0, 1, 0),
            900,
            w(FAR_COPY, 0, 1, 0),
            901 | 900 << 16,
            w(FAR_GET, 0, 1, 0),
            901,
            wbc(RETURN, 0, 1),
        ],
    );
    let i = m.add(&asm, &mut nothing);
    let mut go = |name: &str, a: i64, b: i64| {
        let f = m.func(i, name);
        m.call_with(f, &[Value::I64(a), Value::I64(b)], &NO_HOST).map(|v| v[0])
    };
    let big = 0x1234_5678_9abc_def0;
    assert_eq!(go("add", big, -1), Ok(Value::I64(big - 1)));
    assert_eq!(go("sub", 0, big), Ok(Value::I64(-big)));
    assert_eq!(go("mul", big, 3), Ok(Value::I64(big.wrapping_mul(3))));
    assert_eq!(go("div", big, -1000), Ok(Value::I64(big / -1000)));
    assert_eq!(go("rem", i64::MIN, -1), Ok(Value::I64(0)));
    assert_eq!(go("shl", big, 68), Ok(Value::I64(big << 4)));
    assert_eq!(go("rotr", big, 4), Ok(Value::I64(big.rotate_right(4))));
    assert_eq!(go("div", i64::MIN, -1), Err(Trap::IntegerOverflow));
    assert_eq!(go("div", 1, 0), Err(Trap::DivideByZero));
    let (table, far) = (m.func(i, "table"), m.func(i, "far"));
    assert_eq!([0, 1, 2, -1].map(|n| m.call(table, &[n]).unwrap()[0]), [10, 20, 30, 30].map(Value::I32));
    assert_eq!(m.call(far, &[77]), Ok(i32s(&[77])));
}

/// Exports: memory, table of 4, global g (i32, mutable), put(x): memory[0] = g = x, returns 2x.
fn library() -> Asm {
    let mut asm = Asm::new();
    let t = asm.ty(&[I32], &[I32]);
    let memory = asm.memory(1, Some(3));
    let table = asm.table(4, None);
    let g = asm.global(I32, true);
    let put =
        asm.export_func("put", t, &[wbc(CONST_S, 1, 0), w(STORE, 0, 1, 0), 0, wbc(GLOBAL_SET, 0, g), w(ADD, 0, 0, 0), wbc(RETURN, 0, 5)]);
    asm.export("memory", ExternKind::Memory, memory);
    asm.export("table", ExternKind::Table, table);
    asm.export("g", ExternKind::Global, 0);
    let e = asm.elem(&[put << 2 | 1]);
    asm.init(&[wbc(CONST_S, 0, 1), wbc(CONST_S, 1, 0), wbc(CONST_S, 2, 1), wbc(TABLE_INIT, 0, 0), e, w(ELEM_DROP, 0, 0, 0), e]);
    asm
}

#[test]
fn instances_share_functions_memory_table_and_globals() {
    let mut m = Machine::new();
    let lib = m.add(&library(), &mut nothing);
    let mut asm = Asm::new();
    asm.ty(&[], &[]);
    let t = asm.ty(&[I32], &[I32]);
    let put = asm.import_func("put", t);
    asm.import_memory("memory", 1);
    asm.import_memory("memory", 1);
    asm.import_table("table", 4);
    let g = asm.import_global("g", I32, true);
    // put(x) + memory[0] + g, then g = 1000
    asm.export_func(
        "go",
        t,
        &[
            w(COPY, 1, 0, 0),
            wbc(CALL, 1, 3),
            put,
            wbc(CONST_S, 2, 0),
            w(LOAD, 3, 2, 0),
            0,
            w(ADD, 1, 1, 3),
            w(GLOBAL_GET_X, 3, 1, 0),
            g,
            w(ADD, 1, 1, 3),
            wbc(CONST_S, 3, 1000),
            w(GLOBAL_SET_X, 3, 1, 0),
            g,
            wbc(RETURN1, 1, 9),
        ],
    );
    // element 1 of the library's table, by way of its type in this module
    asm.export_func("indirect", t, &[wbc(CONST_S, 2, 1), w(CALL_INDIRECT, 0, 2, 0), t, 3 << 16, wbc(RETURN, 0, 2)]);
    asm.export("again", ExternKind::Func, put);
    asm.export("g", ExternKind::Global, g);
    let user = m.add(&asm, &mut |s, import| s.export(lib, &import.name.to_string_lossy()));
    let (go, indirect) = (m.func(user, "go"), m.func(user, "indirect"));
    assert_eq!(m.call(go, &[21]), Ok(i32s(&[84])));
    assert_eq!(m.call(indirect, &[5]), Ok(i32s(&[10])));
    assert_eq!(m.func(user, "again"), m.func(lib, "put"), "an import is its definer's function");
    assert_eq!(m.store.export(user, "g"), m.store.export(lib, "g"));
    let Some(Extern::Global { instance, cell, ty, .. }) = m.store.export(lib, "g") else { panic!() };
    assert_eq!(m.store.global_get(instance, cell, ty), Some(Value::I32(5)));
    let Some(Extern::Memory(slot)) = m.store.export(lib, "memory") else { panic!() };
    let mut b = [0];
    m.store.memory(slot).unwrap().read_into(0, &mut b).unwrap();
    assert_eq!(b, [5]);
    // costs do not depend on slices when instances change in between
    let (_, cost) = m.sliced(go, &[3], 1 << 40, &NO_HOST);
    for slice in 1..40 {
        assert_eq!(m.sliced(go, &[3], slice, &NO_HOST), (Exit::Done, cost));
    }
}

#[test]
fn indirect_calls_trap() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let t = asm.ty(&[I32], &[I32]);
    let same = asm.ty(&[I32], &[I32]);
    let other = asm.ty(&[I64], &[I32]);
    asm.table(4, Some(10));
    let id = asm.func(t, &[wbc(RETURN, 0, 1)]);
    let sized = asm.func(other, &[wbc(RETURN, 0, 1)]);
    let twin = asm.func(same, &[w(ADD, 0, 0, 0), wbc(RETURN, 0, 1)]);
    asm.export_func("call", t, &[w(COPY, 1, 0, 0), w(CALL_INDIRECT, 1, 0, 0), t, 2 << 16, wbc(RETURN1, 1, 1)]);
    // table.grow by n of the function `id`, table.size
    asm.export_func("grow", t, &[w(COPY, 2, 0, 0), w(REF_FUNC, 1, 0, 0), id, w(TABLE_GROW, 1, 0, 0), 0, wbc(RETURN1, 1, 1)]);
    let e = asm.elem(&[id << 2 | 1, sized << 2 | 1, 0, twin << 2 | 1]);
    asm.init(&[wbc(CONST_S, 0, 0), wbc(CONST_S, 1, 0), wbc(CONST_S, 2, 4), wbc(TABLE_INIT, 0, 0), e]);
    let i = m.add(&asm, &mut nothing);
    let (call, grow) = (m.func(i, "call"), m.func(i, "grow"));
    assert_eq!(m.call(call, &[0]), Ok(i32s(&[0])));
    assert_eq!(m.call(call, &[3]), Ok(i32s(&[6])), "an equal type of another index");
    assert_eq!(m.call(call, &[1]), Err(Trap::IndirectCallTypeMismatch));
    assert_eq!(m.call(call, &[2]), Err(Trap::UninitializedElement));
    assert_eq!(m.call(call, &[4]), Err(Trap::UndefinedElement));
    assert_eq!(m.call(call, &[-1]), Err(Trap::UndefinedElement));
    assert_eq!(m.call(grow, &[5]), Ok(i32s(&[4])));
    assert_eq!(m.call(call, &[8]), Ok(i32s(&[8])));
    assert_eq!(m.call(grow, &[2]), Ok(i32s(&[-1])), "beyond the maximum");
    assert_eq!(m.call(call, &[9]), Err(Trap::UndefinedElement));
}

fn echo(c: &mut Caller<'_, '_, Vec<i32>>) -> Result<Flow, Trap> {
    let v = c.arg_i32(0);
    c.data.push(v);
    c.ret(0, v + 1)?;
    Ok(Flow::Ready)
}
fn nested(c: &mut Caller<'_, '_, Vec<i32>>) -> Result<Flow, Trap> {
    // the guest's exported `sum`, then `bad`, which traps, then `sum` again
    let n = c.arg_i32(0);
    let f = |c: &Caller<'_, '_, Vec<i32>>, name: &str| match c.store.export(c.instance(), name) {
        Some(Extern::Func(f)) => Ok(f),
        _ => Err(Trap::Host),
    };
    let (sum, bad) = (f(c, "sum")?, f(c, "bad")?);
    let mut r = [Value::Unit];
    let mut exit = c.invoke(sum, &[Value::I32(n)], &mut r).map_err(|_| Trap::Host)?;
    while exit == Exit::OutOfBudget {
        assert!(c.budget() <= 0);
        c.add_budget(7);
        exit = c.resume(&mut r).map_err(|_| Trap::Host)?;
    }
    assert_eq!((exit, r[0]), (Exit::Done, Value::I32(n * (n + 1) / 2)));
    c.add_budget(10);
    assert_eq!(c.invoke(bad, &[], &mut []).map_err(|_| Trap::Host)?, Exit::Trap(Trap::Unreachable));
    assert_eq!(c.arg_i32(0), n, "arguments stay");
    let mut b = [0; 4];
    c.memory().ok_or(Trap::Host)?.read_into(0, &mut b).ok_or(Trap::MemoryOutOfBounds)?;
    assert_eq!(b, [0; 4]);
    c.ret(0, 100 + n)?;
    Ok(Flow::Ready)
}
fn fail(_: &mut Caller<'_, '_, Vec<i32>>) -> Result<Flow, Trap> {
    Err(Trap::Exit)
}
fn later(_: &mut Caller<'_, '_, Vec<i32>>) -> Result<Flow, Trap> {
    Ok(Flow::Suspend)
}
/// Calls the guest's `go` again: deeper and deeper.
fn dive(c: &mut Caller<'_, '_, Vec<i32>>) -> Result<Flow, Trap> {
    let n = c.arg_i32(0);
    let Some(Extern::Func(go)) = c.store.export(c.instance(), "go") else { return Err(Trap::Host) };
    c.data.push(n);
    let mut r = [Value::Unit];
    match c.invoke(go, &[Value::I32(n + 1)], &mut r) {
        Ok(Exit::Done) => c.ret(0, r[0])?,
        Ok(Exit::Trap(t)) => return Err(t),
        Ok(_) => return Err(Trap::Host),
        Err(e) => return Err(e.trap().unwrap_or(Trap::Host)),
    }
    Ok(Flow::Ready)
}
static HOSTS: [HostFn<Vec<i32>>; 5] = [echo, nested, fail, later, dive];

/// go(x) = host(x) + 1
fn with_host() -> Asm {
    let mut asm = Asm::new();
    let t = asm.ty(&[I32], &[I32]);
    let none = asm.ty(&[], &[]);
    let host = asm.import_func("host", t);
    asm.memory(1, None);
    asm.table(1, None);
    asm.export_func("go", t, &[w(COPY, 2, 0, 0), wbc(CALL, 2, 2), host, w(I32_ADD_S, 0, 2, 1), wbc(RETURN, 0, 3)]);
    sum(&mut asm);
    asm.export_func("bad", none, &[w(UNREACHABLE, 0, 0, 0)]);
    asm.export("host", ExternKind::Func, host);
    asm.export_func("through", t, &[wbc(CONST_S, 1, 0), w(CALL_INDIRECT, 0, 1, 0), t, 1 << 16, wbc(RETURN, 0, 1)]);
    let e = asm.elem(&[host << 2 | 1]);
    asm.init(&[wbc(CONST_S, 0, 0), wbc(CONST_S, 1, 0), wbc(CONST_S, 2, 1), wbc(TABLE_INIT, 0, 0), e]);
    asm
}
fn link_host(m: &mut Machine, index: u32) -> InstanceId {
    m.add(&with_host(), &mut |_, import| {
        assert!(import.module.is("env") && import.name.is("host"));
        Some(Extern::Host { index, params: &[ValType::I32], results: &[ValType::I32] })
    })
}

#[test]
fn host_calls_and_nested_invocations() {
    let mut m = Machine::new();
    let ids: Vec<_> = (0..5).map(|h| link_host(&mut m, h)).collect();
    let go: Vec<_> = ids.iter().map(|i| m.func(*i, "go")).collect();
    let args = i32s(&[6]);
    assert_eq!(m.call_with(go[0], &args, &HOSTS), Ok(i32s(&[8])));
    assert_eq!(m.call_with(go[1], &args, &HOSTS), Ok(i32s(&[107])));
    assert_eq!(m.call_with(go[2], &args, &HOSTS), Err(Trap::Exit));
    let (inst, func, pc) = m.store.trap_site(m.stack).unwrap();
    assert_eq!((inst, func), (ids[2], Some(1)));
    assert_eq!(m.store.image(inst).unwrap().words()[pc as usize] as u8, CALL, "at the call");
    for name in ["through", "host"] {
        let f = m.func(ids[0], name);
        assert_eq!(m.call_with(f, &args, &HOSTS), Ok(i32s(&[7])), "{name}");
    }
    assert_eq!(m.call_with(go[4], &args, &HOSTS), Err(Trap::HostNesting));
    // every host call happens once, whatever the slices
    for go in [go[0], go[1], m.func(ids[0], "through"), m.func(ids[0], "host")] {
        let (_, cost) = m.sliced(go, &[6], 1 << 40, &HOSTS);
        for slice in 1..50 {
            m.store.enter(m.stack, go, &args).unwrap();
            let (mut budget, mut calls, mut given) = (0, vec![], 0);
            while let exit = drive(&mut m.store, m.stack, &HOSTS, &mut calls, &mut budget)
                && exit != Exit::Done
            {
                assert_eq!(exit, Exit::OutOfBudget);
                budget += slice;
                given += slice;
            }
            if go != m.func(ids[1], "go") {
                assert_eq!((calls, given - budget), (vec![6], cost));
            }
        }
    }
}

#[test]
fn suspended_host_call() {
    let mut m = Machine::new();
    let (i, outer) = (link_host(&mut m, 3), link_host(&mut m, 4));
    let go = m.func(i, "go");
    m.store.enter(m.stack, go, &i32s(&[6])).unwrap();
    let mut budget = 1000;
    let exit = drive(&mut m.store, m.stack, &HOSTS, &mut vec![], &mut budget);
    assert!(matches!(exit, Exit::HostCall { host: 3, instance: 0, .. }));
    assert_eq!(m.store.host_arg(m.stack, 0), Some(Value::I32(6)));
    assert!(m.store.answer(m.stack, &[Value::I64(1)]).is_err());
    assert!(m.store.answer(m.stack, &[]).is_err());
    // another stack runs meanwhile
    let second = m.store.add_stack(Stack::owned(300, 4).unwrap()).unwrap();
    let sum = m.func(i, "sum");
    m.store.enter(second, sum, &i32s(&[4])).unwrap();
    assert_eq!(run(&mut m.store, second, &mut budget), Exit::Done);
    // and the first one too, above its host call
    let kept = m.store.stack(m.stack).unwrap().run;
    assert_eq!(m.call(sum, &[3]), Ok(i32s(&[6])));
    m.store.stack_mut(m.stack).unwrap().run = kept;
    m.store.answer(m.stack, &i32s(&[40])).unwrap();
    assert_eq!(drive(&mut m.store, m.stack, &HOSTS, &mut vec![], &mut budget), Exit::Done);
    assert_eq!((m.results(go), budget), (i32s(&[41]), 1000 - 5 - 14));
    // under a host function nobody can be suspended: `dive` is called by the guest and calls it again
    let (a, b) = (m.func(outer, "go"), i);
    fn suspend_inside(c: &mut Caller<'_, '_, Vec<i32>>) -> Result<Flow, Trap> {
        let Some(Extern::Func(go)) = c.store.export(InstanceId(0), "go") else { return Err(Trap::Host) };
        match c.invoke(go, &[Value::I32(1)], &mut [Value::Unit]) {
            Ok(Exit::Trap(t)) => Err(t),
            _ => Err(Trap::Host),
        }
    }
    let table: [HostFn<Vec<i32>>; 5] = [echo, nested, fail, later, suspend_inside];
    assert_eq!((m.call_with(a, &i32s(&[1]), &table), b), (Err(Trap::CannotSuspend), InstanceId(0)));
}

/// copy(dst, src, n) and fill(dst, byte, n) on memory 0 <- 1; both imported
fn mover() -> Asm {
    let mut asm = Asm::new();
    let t = asm.ty(&[I32, I32, I32], &[]);
    asm.import_memory("a", 1);
    asm.import_memory("b", 1);
    asm.export_func("copy", t, &[w(MEMORY_COPY, 0, 0, 0), 1 << 16, wbc(RETURN, 0, 4)]);
    asm.export_func("fill", t, &[w(MEMORY_FILL, 0, 0, 0), 1, wbc(RETURN, 0, 4)]);
    asm
}

#[test]
fn copies_overlap_in_steps_also_through_two_imports_of_one_memory() {
    const N: usize = 65536;
    for twice in [true, false] {
        let mut m = Machine::new();
        let a = m.store.add_memory(MemoryType::new(1, None), 0).unwrap();
        let b = if twice { a } else { m.store.add_memory(MemoryType::new(1, None), 0).unwrap() };
        let i = m.add(&mover(), &mut |_, import| Some(if import.name.is("a") { a } else { b }));
        let (copy, fill) = (m.func(i, "copy"), m.func(i, "fill"));
        let (Extern::Memory(a), Extern::Memory(b)) = (a, b) else { panic!() };
        let pattern: Vec<u8> = (0..N).map(|i| (i * 7 + i / 256) as u8).collect();
        for (dst, src, n) in [(8, 5, 10_000), (5, 8, 10_000), (3000, 100, 5000), (100, 3000, 5000), (0, 0, N), (N, 0, 0), (7, 7, 50)] {
            m.store.memory(b).unwrap().write_from(0, &pattern).unwrap();
            m.store.memory(a).unwrap().write_from(0, &pattern).unwrap();
            let mut want = pattern.clone();
            want.copy_within(src..src + n, dst);
            let (exit, cost) = m.sliced(copy, &[dst as i32, src as i32, n as i32], 1, &NO_HOST);
            assert_eq!((exit, cost), (Exit::Done, (n / 1024 * 16 + n % 1024 / 64) as i64 + 4));
            assert!(m.store.memory(a).unwrap().as_slice().unwrap() == want, "{dst} {src} {n}");
        }
        m.sliced(fill, &[100, 0x1ab, 3000], 1, &NO_HOST);
        let memory = m.store.memory(b).unwrap();
        assert_eq!(memory.as_slice().unwrap()[99..3102].iter().filter(|b| **b == 0xab).count(), 3000);
        let before = m.store.memory(a).unwrap().as_slice().unwrap().to_vec();
        for (dst, src, n) in [(0, N - 10, 11), (N - 2000, 0, 2001), (1, 0, -1i32 as usize), (N + 1, 0, 0)] {
            assert_eq!(m.call(copy, &[dst as i32, src as i32, n as i32]), Err(Trap::MemoryOutOfBounds));
        }
        assert!(m.store.memory(a).unwrap().as_slice().unwrap() == before, "a trap writes nothing");
    }
}

#[test]
fn memories_grow_and_others_than_the_first_are_reached() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let t = asm.ty(&[I32], &[I32]);
    asm.memory(1, None);
    asm.memory(0, Some(2));
    asm.export_func("grow", t, &[w(MEMORY_GROW, 0, 0, 0), 1, wbc(RETURN, 0, 2)]);
    asm.export_func("size", t, &[w(MEMORY_SIZE, 0, 0, 0), 1, wbc(RETURN, 0, 2)]);
    // the 16-bit signed load of what a 64-bit store left at x + 4 of memory 1
    let code = [
        wbc(CONST2_S, 2, 0xfedc),
        wbc(MEMORY_OTHER, 0, 1),
        w(0x37, 2, 0, 0),
        4,
        wbc(MEMORY_OTHER, 0, 1),
        w(0x2e, 0, 0, 0),
        4,
        wbc(RETURN, 0, 3),
    ];
    asm.export_func("other", t, &code);
    let i = m.add(&asm, &mut nothing);
    let (grow, size, other) = (m.func(i, "grow"), m.func(i, "size"), m.func(i, "other"));
    assert_eq!(m.call(other, &[0]), Err(Trap::MemoryOutOfBounds));
    assert_eq!(m.sliced(grow, &[1], 1, &NO_HOST), (Exit::Done, 1024 + 2));
    assert_eq!(m.call(size, &[9]), Ok(i32s(&[1])));
    assert_eq!(m.call(other, &[65524]), Ok(i32s(&[0xfedcu16 as i16 as i32])));
    assert_eq!(m.call(other, &[65525]), Err(Trap::MemoryOutOfBounds));
    assert_eq!([2, 1, 0, 1, -1].map(|n| m.call(grow, &[n]).unwrap()[0]), [-1, 1, 2, -1, -1].map(Value::I32));
    // the store's limit, for both memories together
    let Some(Extern::Memory(slot)) = m.store.item(i, ExternKind::Memory, 0) else { panic!() };
    assert_eq!(m.store.memory_grow(slot, 254), None);
    assert_eq!(m.store.memory_grow(slot, 253), Some(1));
    assert_eq!((m.store.memory_pages(slot), m.store.memory_grow(slot, 1)), (Some(254), None));
}

#[test]
fn segments_are_checked_and_dropped() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let t = asm.ty(&[I32, I32, I32], &[]);
    let none = asm.ty(&[], &[]);
    asm.memory(1, None);
    asm.elem(&[0]);
    let bytes: Vec<u8> = (0..3001u32).map(|i| (i % 251) as u8).collect();
    let d = asm.data(&bytes);
    asm.export_func("init", t, &[wbc(MEMORY_INIT, 0, 0), d, wbc(RETURN, 0, 4)]);
    asm.export_func("drop", none, &[w(DATA_DROP, 0, 0, 0), d, wbc(RETURN, 0, 1)]);
    let i = m.add(&asm, &mut nothing);
    let (init, drop) = (m.func(i, "init"), m.func(i, "drop"));
    for (dst, src, n) in [(0, 0, 3001), (65533, 6, 3), (1000, 1, 2999), (5, 3001, 0)] {
        assert_eq!(m.sliced(init, &[dst, src, n], 1, &NO_HOST).0, Exit::Done);
        let mut b = vec![0; n as usize];
        m.store.memory(0).unwrap().read_into(dst as u32, &mut b).unwrap();
        assert!(b[..] == bytes[src as usize..][..n as usize], "{dst} {src} {n}");
    }
    for (dst, src, n) in [(0, 0, 3002), (0, 3002, 0), (65534, 0, 3), (0, -1, 1)] {
        assert_eq!(m.call(init, &[dst, src, n]), Err(Trap::MemoryOutOfBounds));
    }
    m.call(drop, &[]).unwrap();
    assert_eq!(m.call(init, &[0, 0, 0]), Ok(vec![]));
    assert_eq!(m.call(init, &[0, 0, 1]), Err(Trap::MemoryOutOfBounds));
}

#[test]
fn interrupts_and_copies_of_a_stack() {
    let mut m = Machine::new();
    let word = Box::leak(Box::new([AtomicU32::new(0)]));
    m.store.set_interrupt(Shared::Ref(word));
    let mut asm = Asm::new();
    sum(&mut asm);
    let i = m.add(&asm, &mut nothing);
    let f = m.func(i, "sum");
    m.store.enter(m.stack, f, &i32s(&[1000])).unwrap();
    assert_eq!(run(&mut m.store, m.stack, &mut 500), Exit::OutOfBudget);
    let mut copy = Stack::owned(2000, 50).unwrap();
    assert!(copy.copy_from(m.store.stack(m.stack).unwrap()));
    assert!(!Stack::owned(1, 50).unwrap().copy_from(&copy));
    word[0].store(1, Relaxed);
    assert_eq!(run(&mut m.store, m.stack, &mut 500), Exit::Interrupted);
    word[0].store(0, Relaxed);
    assert_eq!(m.store.enter(m.stack, f, &i32s(&[1])).unwrap_err(), CallError::Busy);
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Done);
    assert_eq!(m.results(f), i32s(&[500_500]));
    m.stack = m.store.add_stack(copy).unwrap();
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Done);
    assert_eq!(m.results(f), i32s(&[500_500]));
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Trap(Trap::BadImage), "nothing to run");
}

#[test]
fn continuations_take_steps() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    sum(&mut asm);
    let i = m.add(&asm, &mut nothing);
    let f = m.func(i, "sum");
    let stack = m.store.stack_mut(m.stack).unwrap();
    stack.push_continuation(7).unwrap();
    m.store.enter_above(m.stack, f, &i32s(&[3])).unwrap();
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Step { tag: 7 });
    assert_eq!(m.results(f), i32s(&[6]));
    let stack = m.store.stack_mut(m.stack).unwrap();
    assert_eq!((stack.run.status, stack.run.depth), (Status::Step, 0));
    // a second step, above a barrier this time
    stack.run.status = Status::Idle;
    m.store.enter(m.stack, f, &i32s(&[2])).unwrap();
    m.store.stack_mut(m.stack).unwrap().run.status = Status::Idle;
    m.store.stack_mut(m.stack).unwrap().push_continuation(8).unwrap();
    m.store.enter_above(m.stack, f, &i32s(&[4])).unwrap();
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Step { tag: 8 });
    m.store.stack_mut(m.stack).unwrap().end_step();
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Done);
    assert_eq!(m.store.stack(m.stack).unwrap().run.depth, 0);
}

#[test]
fn imports_have_to_match() {
    let mut m = Machine::new();
    let lib = m.add(&library(), &mut nothing);
    let refuse = |m: &mut Machine, asm: &Asm, offer: Option<Extern<'static>>| {
        let used = m.store.stack(m.stack).unwrap().run;
        let e = m.store.instantiate(Shared::Arc(asm.build().into()), &mut |_, _| offer, &Options::default()).unwrap_err();
        assert_eq!(used, m.store.stack(m.stack).unwrap().run);
        e
    };
    let one = |f: &dyn Fn(&mut Asm)| {
        let mut asm = Asm::new();
        f(&mut asm);
        asm
    };
    let export = |m: &Machine, name: &str| m.store.export(lib, name);
    let func = one(&|a| {
        let t = a.ty(&[I32], &[]);
        a.import_func("x", t);
    });
    let memory = one(&|a| {
        a.import_memory("x", 2);
    });
    let table = one(&|a| {
        a.import_table("x", 5);
    });
    let global = one(&|a| {
        a.import_global("x", I32, false);
    });
    let wide = one(&|a| {
        a.import_global("x", I64, true);
    });
    for asm in [&func, &memory, &table, &global, &wide] {
        assert_eq!(refuse(&mut m, asm, None), LinkError::UnknownImport(0));
        for name in ["put", "memory", "table", "g"] {
            let offer = export(&m, name);
            assert_eq!(refuse(&mut m, asm, offer), LinkError::IncompatibleImport(0), "{name}");
        }
    }
    let offer = Extern::Host { index: 0, params: &[I32], results: &[I32] };
    assert_eq!(refuse(&mut m, &func, Some(offer)), LinkError::IncompatibleImport(0));
    let g = m.store.add_global(false, Value::I32(9)).unwrap();
    m.add(&global, &mut |_, _| Some(g));
    let g = m.store.add_global(true, Value::I64(-9)).unwrap();
    m.add(&wide, &mut |_, _| Some(g));
    let big = m.store.add_memory(MemoryType::new(2, Some(7)), 0).unwrap();
    m.add(&memory, &mut |_, _| Some(big));
    let big = m.store.add_table(TableType::new(ValType::FUNCREF, 5, None), 0).unwrap();
    m.add(&table, &mut |_, _| Some(big));
    let Extern::Table(slot) = big else { panic!() };
    assert_eq!(m.store.table_grow(slot, 1000, Ref::NULL), Some(5));
    assert_eq!(m.store.table_set(slot, 1004, Ref::func(0)), Some(()));
    assert_eq!((m.store.table_get(slot, 1004), m.store.table_get(slot, 1005)), (Some(Ref::func(0)), None));
    let again = m.add(&library(), &mut nothing);
    assert!(m.func(again, "put") > m.func(lib, "put"));
}

#[test]
fn everything_lent() {
    let image = library().build();
    let mut asm = Asm::new();
    asm.memory(1, Some(1));
    let refused = asm.build();
    let (mut insts, mut mems, mut tables) =
        (<[store::Instance; 2]>::default(), <[store::MemSlot; 3]>::default(), <[store::Table; 2]>::default());
    let (mut types, mut stacks) = ([store::TypeSource::default(); 4], <[Stack; 1]>::default());
    let (mut words, mut bytes) = ([0x5555_5555u32; 40], vec![0xaa; 3 * 65536 + 100]);
    let (mut cells, mut frames) = ([0x5555_5555; 300], [Frame::default(); 3]);
    let mut store = Store::new(StoreParts {
        instances: Buf::Lent(&mut insts),
        memories: Buf::Lent(&mut mems),
        tables: Buf::Lent(&mut tables),
        types: Buf::Lent(&mut types),
        stacks: Buf::Lent(&mut stacks),
        words: Buf::Lent(&mut words),
        bytes: Buf::Lent(&mut bytes),
        ..StoreParts::default()
    });
    let stack = store.add_stack(Stack::new(&mut cells, &mut frames)).unwrap();
    assert!(store.add_stack(Stack::default()).is_none());
    // four pages asked for, capped by the maximum of three; too many elements first, which takes nothing
    let options = Options { memory_reserve: 4 * 65536, table_reserve: 1000 };
    let e = store.instantiate(Shared::Ref(&image), &mut |_, _| None, &options).unwrap_err();
    assert_eq!(e, LinkError::NoRoom { what: Pool::Words, bytes: (5 + 1000) * 4 });
    let options = Options { memory_reserve: 4 * 65536, table_reserve: 10 };
    let i = store.instantiate(Shared::Ref(&image), &mut |_, _| None, &options).unwrap();
    store.enter_init(stack, i).unwrap();
    let mut budget = 100;
    assert_eq!(run(&mut store, stack, &mut budget), Exit::Done);
    assert_eq!(store.memory(0).unwrap().as_slice().unwrap(), [0; 65536]);
    assert_eq!((store.table_get(0, 0), store.table_get(0, 1)), (Some(Ref::NULL), Some(Ref::func(0))));
    assert_eq!((store.memory_grow(0, 2), store.memory_grow(0, 1)), (Some(1), None));
    assert!(store.memory(0).unwrap().as_slice().unwrap().iter().all(|b| *b == 0));
    assert_eq!((store.table_grow(0, 6, Ref::func(0)), store.table_grow(0, 1, Ref::NULL)), (Some(4), None));
    let e = store.instantiate(Shared::Ref(&refused), &mut |_, _| None, &Options::default()).unwrap_err();
    assert_eq!(e, LinkError::NoRoom { what: Pool::Bytes, bytes: 65536 });
    let Some(Extern::Func(put)) = store.export(i, "put") else { panic!() };
    store.enter(stack, put, &i32s(&[4])).unwrap();
    assert_eq!(run(&mut store, stack, &mut 100), Exit::Done);
    let mut r = [Value::Unit];
    store.results(stack, put, &mut r).unwrap();
    assert_eq!(r, [Value::I32(8)]);
}

#[test]
fn cycles_that_cost_nothing_end() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let t = asm.ty(&[], &[]);
    asm.export_func("zero", t, &[w(BR, 0, 0, 0), jump(-2, 0)]);
    asm.export_func("negative", t, &[w(BR, 0, 0, 0), jump(-2, -5)]);
    asm.export_func("cancel", t, &[w(BR, 0, 0, 0), jump(0, -900), w(BR, 0, 0, 0), jump(-4, 900)]);
    asm.export_func("forward", t, &[w(BR, 0, 0, 0), jump(0, -1), w(BR, 0, 0, 0), jump(-4, 1)]);
    asm.export_func("far", t, &[w(BR_FAR, 0, 0, 0), -3i32 as u32, i32::MIN as u32]);
    // calls that cost nothing: each function calls the next one twice, 30 deep
    for f in 5..35 {
        asm.export_func(&format!("f{f}"), t, &[wbc(CALL, 0, 0), f + 1, wbc(CALL, 0, 0), f + 1, wbc(RETURN, 0, 0)]);
    }
    asm.func(t, &[wbc(RETURN, 0, 0)]);
    let i = m.add(&asm, &mut nothing);
    for name in ["zero", "negative", "cancel", "forward", "far", "f5"] {
        let f = m.func(i, name);
        m.store.enter(m.stack, f, &[]).unwrap();
        let exit = run(&mut m.store, m.stack, &mut 1_000_000);
        assert!([Exit::OutOfBudget, Exit::Trap(Trap::BadImage)].contains(&exit), "{name}: {exit:?}");
        m.store.abort(m.stack, Trap::Host);
    }
}

/// Numbers from a seed (xorshift).
struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Loads an image that may be anything, and runs whatever it exports.
fn survive(words: Vec<u32>) -> (bool, u32) {
    let mut m = Machine::new();
    let lib = m.add(&library(), &mut nothing);
    let host = Extern::Host { index: 0, params: &[I32], results: &[I32] };
    let mut resolve = |s: &Store<'static>, import: Import<'_>| {
        if import.name.is("host") { Some(host) } else { s.export(lib, &import.name.to_string_lossy()) }
    };
    let Ok(i) = m.store.instantiate(Shared::Arc(words.into()), &mut resolve, &Options::default()) else { return (false, 0) };
    let mut ends = 0;
    let go = |m: &mut Machine| {
        let mut budget = 3000;
        drive(&mut m.store, m.stack, &HOSTS, &mut vec![], &mut budget)
    };
    if m.store.enter_init(m.stack, i).is_ok() {
        ends += (go(&mut m) == Exit::Done) as u32;
    }
    let names: Vec<String> = m.store.image(i).unwrap().exports().take(20).map(|e| e.name.to_string_lossy()).collect();
    for name in names {
        let stack = m.store.stack_mut(m.stack).unwrap();
        stack.run = Default::default();
        let Some(Extern::Func(f)) = m.store.export(i, &name) else { continue };
        let Some(ty) = m.store.func_type(f) else { continue };
        let args: Vec<Value> = ty.params.iter().map(|t| Value::default_of(ValType::from_bits(*t))).collect();
        if m.store.enter(m.stack, f, &args).is_ok() {
            ends += (go(&mut m) == Exit::Done) as u32;
        }
    }
    (true, ends)
}

#[test]
fn damaged_images_never_panic() {
    let mut asm = with_host();
    fib(&mut asm);
    let t = asm.types.len() as u32;
    asm.ty(&[I32, I32, I32], &[]);
    asm.memory(1, Some(2));
    asm.global(I64, true);
    for op in [MEMORY_COPY, MEMORY_FILL, TABLE_COPY, TABLE_FILL, MEMORY_GROW, TABLE_GROW] {
        asm.export_func(&format!("op{op}"), t, &[w(op, 0, 0, 0), 0, wbc(RETURN, 0, 4)]);
    }
    let d = asm.data(&[1; 100]);
    asm.export_func("data", t, &[wbc(MEMORY_INIT, 0, 0), d, w(GLOBAL_SET2, 0, 0, 0), w(GLOBAL_GET2, 4, 0, 0), wbc(RETURN, 0, 4)]);
    let good = asm.build();
    assert!(survive(good.clone()).1 > 5);
    let rounds = if cfg!(miri) { 30 } else { 20_000 };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut loaded, mut ends) = (0, 0);
    for _ in 0..rounds {
        let mut words = good.clone();
        for _ in 0..1 + random.below(4) {
            let i = random.below(words.len());
            let v = words[i];
            words[i] = match random.below(6) {
                0 => v ^ 1 << random.below(32),
                1 => v.wrapping_add(1),
                2 => v.wrapping_sub(1),
                3 => random.next() as u32,
                4 => v & !0xff | random.below(256) as u32,
                _ => words[random.below(words.len())],
            };
        }
        let (ok, n) = survive(words);
        loaded += ok as u32;
        ends += n;
    }
    assert!(cfg!(miri) || loaded > rounds / 4 && ends > rounds, "{loaded} {ends}");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes() {
    use std::mem::size_of;
    // A wait has numbers of 64 bits.
    let exit = if cfg!(feature = "threads") { 32 } else { 20 };
    assert_eq!((size_of::<Frame>(), size_of::<stack::Run>(), size_of::<Exit>()), (12, 56, exit));
}

#[test]
fn a_backtrace_crosses_instances_and_host_functions() {
    // low: mid(x) = div(100, x); high: top(x) = host(x), and the host calls mid(x) again above it.
    let mut m = Machine::new();
    let mut low = Asm::new();
    let unary = low.ty(&[I32], &[I32]);
    let div = low.func(unary, &[w(CONST_S, 1, 100, 0), w(0x6e, 0, 1, 0), wbc(RETURN1, 0, 2)]);
    low.export_func("mid", unary, &[w(COPY, 1, 0, 0), wbc(CALL, 1, 2), div, wbc(RETURN1, 1, 1)]);
    let low = m.add(&low, &mut nothing);
    let mid = m.func(low, "mid");
    let mut high = Asm::new();
    let unary = high.ty(&[I32], &[I32]);
    let nest = high.import_func("nest", unary);
    high.export_func("top", unary, &[w(COPY, 1, 0, 0), wbc(CALL, 1, 1), nest, wbc(RETURN1, 1, 1)]);
    let high = m.add(&high, &mut |_, _| Some(Extern::Host { index: 0, params: &[I32], results: &[I32] }));
    let top = m.func(high, "top");
    let entry = |m: &Machine, i: InstanceId, f: u32| m.store.image(i).unwrap().func_range(f).unwrap().0;
    let (d, mi, t) = (entry(&m, low, 0), entry(&m, low, 1), entry(&m, high, 1));
    let frame = |instance: InstanceId, func: u32, pc: u32, from_host| {
        let offset = pc - [[d, mi], [t; 2]][(instance == high) as usize][func as usize % 2];
        FrameInfo { instance, func: Some(func), pc, offset, from_host }
    };

    let inner = [frame(low, 0, d + 1, false), frame(low, 1, mi + 2, true)];
    assert_eq!(m.call(mid, &[0]), Err(Trap::DivideByZero));
    assert!(m.store.backtrace(m.stack).eq(inner));
    assert_eq!(m.store.backtrace(m.stack).left(), 2);
    let copy = {
        let mut copy = Stack::owned(2000, 50).unwrap();
        assert!(copy.copy_from(m.store.stack(m.stack).unwrap()));
        m.store.add_stack(copy).unwrap()
    };
    assert_eq!(m.call(mid, &[50]), Ok(i32s(&[2])));
    assert_eq!(m.store.backtrace(m.stack).left(), 0);
    assert!(m.store.backtrace(copy).eq(inner));

    // Paused: at the operation that comes next, as often as it pauses.
    m.store.enter(m.stack, mid, &i32s(&[1])).unwrap();
    let mut places = vec![];
    while run(&mut m.store, m.stack, &mut 1) == Exit::OutOfBudget {
        places.push(m.store.backtrace(m.stack).map(|f| (f.func.unwrap(), f.pc)).collect::<Vec<_>>());
    }
    assert_eq!(places, [vec![(0, d), (1, mi + 2)], vec![(1, mi + 3)]]);

    // In the host function, after the trap of what it called, and after its own.
    m.store.enter(m.stack, top, &i32s(&[0])).unwrap();
    assert!(matches!(run(&mut m.store, m.stack, &mut { ALL }), Exit::HostCall { .. }));
    let outer = frame(high, 1, t + 1, true);
    assert!(m.store.backtrace(m.stack).eq([outer]));
    let kept = m.store.stack(m.stack).unwrap().run;
    m.store.enter(m.stack, mid, &i32s(&[0])).unwrap();
    assert_eq!(run(&mut m.store, m.stack, &mut { ALL }), Exit::Trap(Trap::DivideByZero));
    assert!(m.store.backtrace(m.stack).eq(inner.into_iter().chain([outer])));
    m.store.stack_mut(m.stack).unwrap().run = kept;
    assert_eq!(m.store.abort(m.stack, Trap::Host), Exit::Trap(Trap::Host));
    assert!(m.store.backtrace(m.stack).eq([outer]));
    assert_eq!(m.store.trap_site(m.stack), Some((high, Some(1), t + 1)));

    // A host function that the host calls has no place in code.
    let Some(Extern::Func(f)) = m.store.item(high, ExternKind::Func, 0) else { panic!() };
    m.store.enter(m.stack, f, &i32s(&[0])).unwrap();
    assert!(matches!(run(&mut m.store, m.stack, &mut { ALL }), Exit::HostCall { .. }));
    m.store.abort(m.stack, Trap::Host);
    assert_eq!((m.store.backtrace(m.stack).next(), m.store.trap_site(m.stack)), (None, None));
}

#[test]
fn deep_recursion_has_as_many_frames() {
    let mut m = Machine::new();
    let mut asm = Asm::new();
    let ty = asm.ty(&[], &[]);
    let f = asm.export_func("deep", ty, &[wbc(CALL, 1, 1), 0, wbc(RETURN, 0, 1)]);
    m.add(&asm, &mut nothing);
    assert_eq!(m.call(f, &[]), Err(Trap::StackExhausted));
    let trace = m.store.backtrace(m.stack);
    assert_eq!(trace.clone().left(), 50);
    assert_eq!((trace.clone().filter(|t| t.func == Some(f)).count(), trace.filter(|t| t.from_host).count()), (50, 1));
}
