// SPDX-License-Identifier: MIT
//! The heap and its collector: what is lost is reclaimed, what can be reached never, wherever a stack is paused.
#![cfg(all(feature = "gc", feature = "exceptions", feature = "loader", feature = "alloc"))]

use std::sync::Arc;
use wrt_foundation::{Buf, Ref, Shared, Trap, Value};
use wrt_runtime::translate::translate_vec;
use wrt_runtime::{Caller, Exit, Extern, Flow, HostFn, InstanceId, Options, Stack, StackId, Store, drive};

/// `env.pause` suspends; `env.id` gives its argument back.
const HOSTS: [HostFn<()>; 2] = [
    |_: &mut Caller<'_, '_, ()>| Ok(Flow::Suspend),
    |c| {
        let r = c.arg(0);
        c.ret(0, r)?;
        Ok(Flow::Ready)
    },
];

struct Machine {
    store: Store<'static>,
    instance: InstanceId,
    stacks: [StackId; 2],
}

impl Machine {
    /// With a lent heap of `bytes`.
    fn new(wat: &str, bytes: usize) -> Machine {
        let (words, _) = translate_vec(&wat::parse_str(wat).unwrap()).unwrap();
        let heap = vec![0u32; bytes / 4].leak();
        let mut store = Store::owned(1 << 20);
        *store.heap() = wrt_runtime::heap::Heap::new(Buf::Lent(heap));
        let stacks = [(); 2].map(|()| store.add_stack(Stack::owned(4096, 64).unwrap()).unwrap());
        let any = [wrt_foundation::ValType::ANYREF];
        let any: &'static [_] = Box::leak(Box::new(any));
        let mut resolve = |_: &Store<'_>, import: wrt_runtime::image::Import<'_>| {
            Some(match import.name.to_string_lossy().as_str() {
                "pause" => Extern::Host { index: 0, params: any, results: any },
                _ => Extern::Host { index: 1, params: any, results: any },
            })
        };
        let image = Shared::Arc(Arc::from(words));
        let instance = store.instantiate(image, &mut resolve, &Options::default()).unwrap();
        store.enter_init(stacks[0], instance).unwrap();
        let mut m = Machine { store, instance, stacks };
        assert_eq!(m.drive(0, i64::MAX), Exit::Done);
        m
    }
    fn func(&self, name: &str) -> u32 {
        match self.store.export(self.instance, name) {
            Some(Extern::Func(f)) => f,
            _ => panic!("no {name}"),
        }
    }
    fn enter(&mut self, stack: usize, name: &str, args: &[Value]) {
        let f = self.func(name);
        self.store.enter(self.stacks[stack], f, args).unwrap();
    }
    fn drive(&mut self, stack: usize, mut budget: i64) -> Exit {
        drive(&mut self.store, self.stacks[stack], &HOSTS, &mut (), &mut budget)
    }
    /// Collects at each of a few allocations on the second stack.
    fn churn(&mut self) {
        self.store.heap().set_stress(true);
        self.enter(1, "churn", &[]);
        assert_eq!(self.drive(1, i64::MAX), Exit::Done);
        self.store.heap().set_stress(false);
    }
    fn result(&self, stack: usize, name: &str) -> Value {
        let mut result = [Value::Unit];
        self.store.results(self.stacks[stack], self.func(name), &mut result).unwrap();
        result[0]
    }
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Value, Trap> {
        self.enter(0, name, args);
        match self.drive(0, i64::MAX) {
            Exit::Done => Ok(self.result(0, name)),
            Exit::Trap(t) => Err(t),
            exit => panic!("{exit:?}"),
        }
    }
}

const LISTS: &str = r#"(module
  (type $node (struct (field $value i32) (field $next (mut (ref null $node)))))
  (type $bytes (array (mut i8)))
  (global $kept (mut (ref null $node)) (ref.null $node))
  ;; n pairs that refer to each other, and an array each; all of them are lost
  (func (export "lose") (param $n i32) (result i32)
    (local $a (ref null $node)) (local $sum i32)
    (loop $again
      (local.set $a (struct.new $node (local.get $n) (ref.null $node)))
      (struct.set $node $next (local.get $a) (struct.new $node (i32.const 1) (local.get $a)))
      (local.set $sum (i32.add (local.get $sum)
        (array.len (array.new $bytes (local.get $n) (i32.and (local.get $n) (i32.const 63))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  ;; a list of n that stays; gives the sum of all that are in the global's list
  (func (export "keep") (param $n i32) (result i32)
    (local $l (ref null $node)) (local $sum i32)
    (loop $again
      (global.set $kept (struct.new $node (local.get $n) (global.get $kept)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.set $l (global.get $kept))
    (block $end (loop $next
      (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (br_on_null $end (local.get $l)))))
      (local.set $l (struct.get $node $next (local.get $l)))
      (br $next)))
    (local.get $sum))
  (func (export "drop_all") (result i32) (global.set $kept (ref.null $node)) (i32.const 0)))"#;

#[test]
fn a_program_allocates_a_hundred_times_its_heap() {
    let mut m = Machine::new(LISTS, 8 << 10);
    assert_eq!(m.call("keep", &[Value::I32(20)]), Ok(Value::I32(210)));
    // Each round takes 40 bytes and some 45 for the array.
    let n = 10_000;
    let sum: i32 = (1..=n).map(|n| n & 63).sum();
    assert_eq!(m.call("lose", &[Value::I32(n)]), Ok(Value::I32(sum)));
    assert!(m.store.heap().collections > 50, "{}", m.store.heap().collections);
    assert_eq!(m.call("keep", &[Value::I32(1)]), Ok(Value::I32(211)));
}

#[test]
fn a_full_heap_traps_and_can_be_used_again() {
    let mut m = Machine::new(LISTS, 4 << 10);
    assert_eq!(m.call("keep", &[Value::I32(10_000)]), Err(Trap::HeapExhausted));
    assert_eq!(m.call("drop_all", &[]), Ok(Value::I32(0)));
    assert_eq!(m.call("keep", &[Value::I32(100)]), Ok(Value::I32(5050)));
}

/// A function for every way in which references are in cells, locals, tables and objects when a stack pauses.
const PATHS: &str = r#"(module
  (import "env" "pause" (func $pause (param anyref) (result anyref)))
  (import "env" "id" (func $id (param anyref) (result anyref)))
  (type $s (sub (struct (field $v i32))))
  (type $big (sub $s (struct (field $v i32) (field $w i64) (field $r (mut (ref null $s))))))
  (type $list (array (mut (ref null $s))))
  (type $wide (array (mut i64)))
  (tag $e (param (ref $s) i64))
  (table $t 4 20 (ref null $s))
  (elem $items (ref null $s) (struct.new $s (i32.const 3)) (struct.new $s (i32.const 4)) (ref.null $s))
  (func $new (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
  (func $get (param (ref null $s)) (result i32) (struct.get $s $v (local.get 0)))
  (func $plus (param (ref null $s) i32) (result i32) (i32.add (call $get (local.get 0)) (local.get 1)))
  (func $two (param i32) (result (ref $s) (ref $s))
    (call $new (local.get 0)) (call $new (i32.add (local.get 0) (i32.const 1))))
  (func (export "operands") (result i32)
    (call $get (call $new (i32.const 1)))
    (call $get (call $new (i32.const 2)))
    (call $two (i32.const 3))
    (call $new (i32.const 5))
    (call $get) (drop) (call $get) (drop) (call $get) (drop) (i32.add))
  (func (export "sum") (result i32) (local $i i32) (local $sum i32)
    (call $new (i32.const 1)) (call $new (i32.const 10)) (call $new (i32.const 100))
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $get (call $new (local.get $i)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
    (call $get) (local.set $sum (i32.add (local.get $sum)))
    (call $get) (local.set $sum (i32.add (local.get $sum)))
    (call $get) (i32.add (local.get $sum)))
  (func (export "blocks") (param $n i32) (result i32)
    (call $new (i32.const 1000))
    (block $out (result (ref $s))
      (block $b (result (ref $s))
        (call $new (i32.const 7))
        (br_if $out (call $new (i32.const 9)) (local.get $n))
        (drop) (drop) (call $new (i32.const 11)))
      (if (result (ref $s)) (i32.eqz (local.get $n))
        (then (call $new (i32.const 13)))
        (else (call $new (i32.const 17))))
      (drop))
    (call $get) (call $plus))
  (func (export "table") (param $n i32) (result i32)
    (call $new (i32.const 1000))
    (block $c (result (ref $s)) (block $b (result (ref $s)) (block $a (result (ref $s))
      (call $new (i32.const 5))
      (br_table $a $b $c (local.get $n)))
      (call $get) (drop) (call $new (i32.const 6)))
      (call $get) (drop) (call $new (i32.const 8)))
    (call $get) (call $plus))
  (func (export "casts") (result i32) (local $any anyref)
    (local.set $any (struct.new $big (i32.const 5) (i64.const 1) (call $new (i32.const 6))))
    (call $new (i32.const 1))
    (block $hit (result (ref $big))
      (br_on_cast $hit anyref (ref $big) (local.get $any))
      (unreachable))
    (struct.get $big $r) (call $get) (i32.add (call $get (ref.cast (ref $s) (call $id (local.get $any)))))
    (call $plus))
  (func (export "arrays") (result i32) (local $a (ref null $list)) (local $w (ref null $wide))
    (local.set $a (array.new $list (call $new (i32.const 2)) (i32.const 700)))
    (local.set $w (array.new_default $wide (i32.const 300)))
    (array.set $list (local.get $a) (i32.const 699) (call $new (i32.const 40)))
    (array.fill $list (local.get $a) (i32.const 10) (call $new (i32.const 500)) (i32.const 600))
    (array.copy $list $list (local.get $a) (i32.const 0) (local.get $a) (i32.const 20) (i32.const 600))
    (call $get (array.get $list (local.get $a) (i32.const 0)))
    (call $get (array.get $list (local.get $a) (i32.const 699)))
    (call $get (array.get $list (array.new_elem $list $items (i32.const 0) (i32.const 3)) (i32.const 1)))
    (call $get (array.get $list (array.new_fixed $list 2 (call $new (i32.const 1000)) (call $new (i32.const 2000))) (i32.const 1)))
    (i32.add) (i32.add) (i32.add))
  (func (export "tables") (result i32)
    (table.set $t (i32.const 0) (call $new (i32.const 1)))
    (drop (table.grow $t (call $new (i32.const 10)) (i32.const 8)))
    (table.fill $t (i32.const 1) (call $new (i32.const 100)) (i32.const 2))
    (table.init $t $items (i32.const 9) (i32.const 0) (i32.const 3))
    (call $get (call $new (i32.const 3000)))
    (call $get (table.get $t (i32.const 0))) (call $get (table.get $t (i32.const 5)))
    (call $get (table.get $t (i32.const 2))) (call $get (table.get $t (i32.const 10)))
    (i32.add) (i32.add) (i32.add) (i32.add))
  (func $thrower (param i32) (throw $e (call $new (local.get 0)) (i64.const 5)))
  (func (export "throws") (result i32) (local $x exnref)
    (call $new (i32.const 1000))
    (block $h (result (ref $s) i64 exnref)
      (try_table (catch_ref $e $h) (call $thrower (i32.const 7)))
      (unreachable))
    (local.set $x) (drop) (call $get)
    (block $h2 (result (ref $s) i64)
      (try_table (catch $e $h2) (throw_ref (local.get $x)))
      (unreachable))
    (drop) (call $get) (i32.add) (call $plus))
  (func $tail (param $n i32) (param $a (ref $s)) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (call $get (local.get $a)))))
    (return_call $tail (i32.sub (local.get $n) (i32.const 1)) (call $new (i32.add (call $get (local.get $a)) (i32.const 1)))))
  (func (export "tails") (result i32) (call $get (call $new (i32.const 8))) (call $tail (i32.const 9) (call $new (i32.const 100))) (i32.add))
  (func (export "host") (result i32)
    (call $new (i32.const 1000))
    (call $get (ref.cast (ref $s) (call $pause (call $new (i32.const 33)))))
    (call $plus))
  (func (export "churn") (result i32) (local $i i32)
    (loop $l
      (drop (array.new $wide (i64.const -1) (i32.const 5)))
      (drop (struct.new $s (i32.const -1)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
    (i32.const 0)))"#;

#[test]
fn what_a_paused_stack_refers_to_stays() {
    let cases = [
        ("operands", None, 3),
        ("sum", None, 121),
        ("blocks", Some(0), 1011),
        ("blocks", Some(1), 1009),
        ("table", Some(0), 1008),
        ("table", Some(1), 1008),
        ("table", Some(2), 1005),
        ("casts", None, 12),
        ("arrays", None, 500 + 40 + 4 + 2000),
        ("tables", None, 3000 + 1 + 10 + 100 + 4),
        ("throws", None, 1014),
        ("tails", None, 8 + 109),
        ("host", None, 1033),
    ];
    for (name, arg, expected) in cases {
        let mut m = Machine::new(PATHS, 64 << 10);
        // Before each instruction of the one, the other collects and overwrites what was freed.
        m.enter(0, name, &arg.map(Value::I32).into_iter().collect::<Vec<_>>());
        for steps in 0.. {
            assert!(steps < 100_000, "{name} does not end");
            match m.drive(0, 1) {
                Exit::Done => break,
                Exit::OutOfBudget => {}
                Exit::HostCall { .. } => {
                    m.churn();
                    let r = m.store.host_arg(m.stacks[0], 0).unwrap();
                    m.store.answer(m.stacks[0], &[r]).unwrap();
                }
                exit => panic!("{name}: {exit:?}"),
            }
            m.churn();
        }
        assert_eq!(m.result(0, name), Value::I32(expected), "{name}({arg:?})");
    }
}

#[test]
fn held_references_stay() {
    let mut m = Machine::new(
        r#"(module (type $s (struct (field i32)))
          (func (export "new") (param i32) (result anyref) (struct.new $s (local.get 0)))
          (func (export "get") (param anyref) (result i32) (struct.get $s 0 (ref.cast (ref $s) (local.get 0)))))"#,
        1 << 10,
    );
    m.store.heap().set_stress(true);
    let Ok(Value::AnyRef(r)) = m.call("new", &[Value::I32(42)]) else { panic!() };
    let held = m.store.hold(r).unwrap();
    for i in 0..100 {
        m.call("new", &[Value::I32(i)]).unwrap();
    }
    assert_eq!(m.call("get", &[Value::AnyRef(r)]), Ok(Value::I32(42)));
    m.store.release(held);
    for i in 0..100 {
        m.call("new", &[Value::I32(i)]).unwrap();
    }
    assert_eq!(m.call("get", &[Value::AnyRef(Ref::i31(1))]), Err(Trap::CastFailure));
    assert_eq!(m.call("get", &[Value::AnyRef(Ref::NULL)]), Err(Trap::CastFailure));
}

/// Each word of an image of array operations gets a false lowest byte: the kind of element is among them.
#[test]
fn false_kinds_of_elements_end() {
    use wrt_runtime::image::{Word, checksum};
    let wat = r#"(module (type $a (array (mut i32))) (type $b (array (mut i8)))
      (data $d "0123456789abcdef")
      (func (export "f") (local $x (ref null $a)) (local $y (ref null $b))
        (local.set $x (array.new $a (i32.const 7) (i32.const 900)))
        (array.fill $a (local.get $x) (i32.const 1) (i32.const 5) (i32.const 800))
        (array.copy $a $a (local.get $x) (i32.const 0) (local.get $x) (i32.const 1) (i32.const 800))
        (array.set $a (local.get $x) (i32.const 3) (array.get $a (local.get $x) (i32.const 2)))
        (local.set $y (array.new_data $b $d (i32.const 1) (i32.const 8)))
        (array.init_data $b $d (local.get $y) (i32.const 0) (i32.const 1) (i32.const 4))
        (drop (array.new_fixed $a 2 (i32.const 1) (i32.const 2)))
        (drop (array.new_default $a (i32.const 600)))))"#;
    let (good, _) = translate_vec(&wat::parse_str(wat).unwrap()).unwrap();
    let mut refused = 0;
    for at in wrt_runtime::image::HEADER as usize..good.len() {
        for kind in [5, 12, 31, 32, 63, 64, 255] {
            let mut words = good.clone();
            words[at] = words[at] & !0xff | kind;
            words[Word::Check as usize] = checksum(&words);
            let mut store = Store::owned(1 << 20);
            let stack = store.add_stack(Stack::owned(4096, 64).unwrap()).unwrap();
            let Ok(instance) = store.instantiate(Shared::Arc(words.into()), &mut |_, _| None, &Options::default()) else { continue };
            let go = |store: &mut Store<'_>| drive(store, stack, &HOSTS, &mut (), &mut 100_000);
            if store.enter_init(stack, instance).is_err() || go(&mut store) != Exit::Done {
                continue;
            }
            let Some(Extern::Func(f)) = store.export(instance, "f") else { continue };
            if store.enter(stack, f, &[]).is_ok() {
                refused += u32::from(go(&mut store) == Exit::Trap(Trap::BadImage));
            }
        }
    }
    assert!(refused > 40, "{refused}");
}

/// As many lent slots as there are types: they are found again, whatever was tried and given up in between.
#[test]
fn types_are_found_again() {
    let kinds = ["i32", "i64", "f32", "f64", "v128", "i8", "i16", "anyref"];
    let field = |n: usize| format!("(field {})", kinds[n % 8]);
    let make = |range: std::ops::Range<usize>, import: &str| {
        let types: Vec<String> = range
            .map(|i| {
                format!("(rec (type (struct)) (type (sub (struct {} {} {} {}))))", field(i), field(i / 8), field(i / 64), field(i / 512))
            })
            .collect();
        translate_vec(&wat::parse_str(format!("(module {} {import})", types.concat())).unwrap()).unwrap().0
    };
    let parts = wrt_runtime::StoreParts {
        types: Buf::Lent(vec![Default::default(); 2 * 1500].leak()),
        instances: Buf::Own(Vec::new()),
        words: Buf::Own(Vec::new()),
        ..Default::default()
    };
    for parts in [
        parts,
        wrt_runtime::StoreParts {
            types: Buf::Own(Vec::new()),
            instances: Buf::Own(Vec::new()),
            words: Buf::Own(Vec::new()),
            ..Default::default()
        },
    ] {
        let mut store = Store::new(parts);
        let mut add = |range, import| {
            let image = Shared::Arc(make(range, import).into());
            store.instantiate(image, &mut |_, _| None, &Options::default()).is_ok()
        };
        assert!(add(0..500, ""));
        assert!(!add(0..1500, "(import \"\" \"\" (memory 1))"));
        assert!(!add(1000..1400, "(import \"\" \"\" (memory 1))"));
        assert!(add(400..1000, ""));
        assert!(add(0..1000, ""));
        assert!(add(900..1500, ""));
        assert!(add(0..1500, ""));
    }
}

/// Maps of what refers to objects cannot make an image of a hundred times its module's size.
#[test]
fn maps_are_limited() {
    let many = |n: usize, m: usize| {
        let code = ["(struct.new $s)".repeat(n), "(drop (struct.new $s))".repeat(m)].concat();
        translate_vec(&wat::parse_str(format!("(module (type $s (struct)) (func {code} unreachable))")).unwrap())
    };
    assert!(many(5_000, 500).is_ok());
    assert!(many(60, 20_000).is_ok());
    let e = many(5_000, 10_000).unwrap_err();
    assert_eq!(e.to_string(), "unsupported: too many operands and locals where code can pause (50000000)");
}
