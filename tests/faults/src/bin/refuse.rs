// SPDX-License-Identifier: MIT
//! One scenario of the Rust API in which the allocator refuses one request, or all from that one on:
//! `refuse SCENARIO N once|on`. Prints what came of it. `tests/refuse.rs` runs it for every N; a program of its own each time,
//! because Rust's own collections end a program for which there is no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering::Relaxed};
use wrt::platform::LinuxAllocator;
use wrt::{ImportMap, Limits, Memory, Module, ModuleInstance, ValType, Value, WrtResult};

struct Refusing;

/// Requests so far, since `COUNTING`.
static REQUESTS: AtomicU64 = AtomicU64::new(0);
/// The first request to refuse.
static FIRST: AtomicU64 = AtomicU64::new(u64::MAX);
/// And all after it.
static ALL: AtomicBool = AtomicBool::new(false);
static COUNTING: AtomicBool = AtomicBool::new(false);
/// Bytes that are allocated.
static LIVE: AtomicIsize = AtomicIsize::new(0);

fn refused() -> bool {
    if !COUNTING.load(Relaxed) {
        return false;
    }
    let n = REQUESTS.fetch_add(1, Relaxed);
    let first = FIRST.load(Relaxed);
    n == first || (n > first && ALL.load(Relaxed))
}

// SAFETY: it hands all calls on to the system's allocator, or answers NULL, as an allocator may.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refused() {
            return std::ptr::null_mut();
        }
        LIVE.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refused() {
            return std::ptr::null_mut();
        }
        LIVE.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        if refused() {
            return std::ptr::null_mut();
        }
        LIVE.fetch_add(new as isize - layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, new) }
    }
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

const GUEST: &str = r#"(module
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (memory (export "m") 1 8) (table $t (export "t") 4 64 funcref)
    (type $s (struct (field i32) (field (ref null $s))))
    (global $g (mut (ref null $s)) (ref.null $s))
    (data (i32.const 0) "hello") (elem (i32.const 0) $add)
    (func (export "work") (param $n i32) (result i32) (local $i i32)
        (loop $l
            (global.set $g (struct.new $s (local.get $i) (global.get $g)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (drop (memory.grow (i32.const 3)))
        (drop (table.grow $t (ref.null func) (i32.const 20)))
        (call $add (i32.const 40) (struct.get $s 0 (global.get $g))))
    (func (export "trap") (drop (i32.load (i32.const -1)))))"#;

const SHARED: &str = r#"(module (memory (export "m") 1 4 shared)
    (func (export "work") (param i32) (result i32)
        (drop (memory.grow (i32.const 2)))
        (i32.atomic.rmw.add (i32.const 8) (local.get 0))))"#;

const HOSTED: &str = r#"(module (import "host" "m" (memory 1 8))
    (func (export "work") (param i32) (result i32)
        (drop (memory.grow (i32.const 2)))
        (i32.store (i32.const 100000) (local.get 0)) (i32.load (i32.const 100000))))"#;

const LIMITS: Limits = Limits { cells: 4096, frames: 64, memory_bytes: 1 << 20 };

/// What the host offers; made before anything is refused, because making it cannot fail.
fn imports() -> ImportMap {
    let mut imports = ImportMap::new();
    imports.define("host", "add", &[ValType::I32, ValType::I32], &[ValType::I32], |_, args, results| {
        if let ([Value::I32(a), Value::I32(b)], [result]) = (args, results) {
            *result = Value::I32(a.wrapping_add(*b));
        }
        Ok(())
    });
    imports
}

/// Loads, runs, and drops everything; whatever is refused on the way.
fn work(wasm: &[u8], imports: ImportMap) -> WrtResult<i32> {
    let module = Module::from_bytes(wasm)?;
    let mut instance = ModuleInstance::with_limits(module, imports, LIMITS)?;
    let result = instance.invoke("work", &[Value::I32(3)]);
    // After a refusal the guest goes on, if it has not trapped for it.
    let again = instance.invoke("work", &[Value::I32(3)]);
    let _ = instance.invoke("trap", &[]);
    match (result?, again?) {
        (Value::I32(a), Value::I32(_)) => Ok(a),
        other => panic!("{other:?}"),
    }
}

fn scenario(name: &str, wasm: &[u8], image: &[u8], imports: ImportMap) -> WrtResult<i32> {
    match name {
        "module" | "shared" => work(wasm, imports),
        "image" => {
            let mut instance = ModuleInstance::with_limits(Module::from_image_bytes(image)?, imports, LIMITS)?;
            instance.invoke("work", &[Value::I32(3)]).map(|_| 42)
        }
        "memory" => {
            let memory = Memory::new(LinuxAllocator::new(16)?, 1, Some(8))?;
            let mut imports = imports;
            imports.define_memory("host", "m", &memory);
            work(wasm, imports)
        }
        other => panic!("no scenario {other}"),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, name, n, how] = &args[..] else { panic!("SCENARIO N once|on") };
    let text = match name.as_str() {
        "shared" => SHARED,
        "memory" => HOSTED,
        _ => GUEST,
    };
    let wasm = wat::parse_str(text).unwrap();
    let (image, _) = wrt_runtime::translate::translate_vec(&wasm).unwrap();
    let image: Vec<u8> = image.iter().flat_map(|w| w.to_le_bytes()).collect();
    // Once without: what a process makes once for all is there then.
    let expected = scenario(name, &wasm, &image, imports()).unwrap();
    let given = imports();
    let before = LIVE.load(Relaxed);
    FIRST.store(n.parse().unwrap(), Relaxed);
    ALL.store(how == "on", Relaxed);
    COUNTING.store(true, Relaxed);
    let outcome = scenario(name, &wasm, &image, given).map_err(|e| e.kind());
    COUNTING.store(false, Relaxed);
    let requests = REQUESTS.load(Relaxed);
    // What the host offered was dropped with the instance; the same is made and dropped again to count it.
    let offered = {
        let before = LIVE.load(Relaxed);
        let made = imports();
        let bytes = LIVE.load(Relaxed) - before;
        drop(made);
        bytes
    };
    let left = LIVE.load(Relaxed) + offered - before;
    assert_eq!(left, 0, "{left} bytes are left: {outcome:?}");
    let usable = scenario(name, &wasm, &image, imports()).expect("the runtime is usable");
    assert_eq!(usable, expected);
    let met = requests > FIRST.load(Relaxed);
    let came = match outcome {
        Ok(v) if v == expected => "same".to_string(),
        Ok(v) => format!("other {v}"),
        Err(kind) => format!("error {kind:?}"),
    };
    println!("{} {came}", if met { "met" } else { "end" });
}
