// SPDX-License-Identifier: MIT
//! The C interface as a C program uses it, in Rust so that Miri can watch: raw pointers only, and host functions that come
//! back through every function of the header while the guest is suspended under them.
//!
//!     cargo +nightly miri test -p wrt-capi --test miri      (and with MIRIFLAGS=-Zmiri-tree-borrows)
//!
//! The library is a staticlib, which Rust cannot link; its modules are compiled in here.
#![allow(missing_docs, unused_unsafe, clippy::undocumented_unsafe_blocks)] // a C program says nothing of its pointers

#[path = "../src/call.rs"]
pub mod call;
#[path = "../src/carver.rs"]
mod carver;
#[path = "../src/error.rs"]
pub mod error;
#[path = "../src/host.rs"]
pub mod host;
#[path = "../src/memory.rs"]
pub mod memory;
#[path = "../src/module.rs"]
pub mod module;
#[path = "../src/store.rs"]
pub mod store;
#[cfg_attr(feature = "threads", path = "../src/threads.rs")]
#[cfg_attr(not(feature = "threads"), path = "../src/no_threads.rs")]
pub mod threads;

use call::*;
use core::ffi::{CStr, c_int, c_void};
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use error::*;
use host::*;
use memory::*;
use module::*;
use std::sync::{Mutex, OnceLock};
use store::*;
use threads::*;

const GUEST: &str = r#"(module
  (import "host" "work" (func $work (param i32 i64) (result i64)))
  (import "host" "later" (func $later (result i32)))
  (memory (export "memory") 1 2)
  (data (i32.const 8) "guest")
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func (export "work") (param i32 i64) (result i64) (i64.add (call $work (local.get 0) (local.get 1)) (i64.const 1)))
  (func (export "later") (result i32) (i32.add (call $later) (i32.const 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "spin") (loop $l (br $l))))"#;

const NEEDS: Config = Config {
    instances: 2,
    memories: 2,
    tables: 0,
    types: 8,
    stacks: 2,
    frames: 16,
    cells: 256,
    words: 64,
    memory_bytes: 3 << 16,
    heap_bytes: 0,
};

/// What a C program holds: raw memory of its own.
struct Program {
    buffer: *mut u64,
    words: usize,
    interrupt: *mut Interrupt,
    module: *const Module,
    hosts: *const Host,
    user: *mut User,
}

/// What the host functions share; only reached through the pointer that they are given.
#[derive(Default)]
struct User {
    interrupt: Option<&'static Interrupt>,
    calls: u32,
}

/// Memory of a C program: never freed, so kept where the check for leaks finds it.
fn keep<T: Send + 'static>(value: T) -> *mut T {
    static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
    struct Kept(#[allow(dead_code, reason = "only there to be found")] *mut u8);
    unsafe impl Send for Kept {}
    let p = Box::into_raw(Box::new(value));
    KEPT.lock().unwrap().push(Kept(p.cast()));
    p
}

/// The guest's image, made once: Miri takes its time for it.
fn image() -> &'static [u32] {
    static IMAGE: OnceLock<Vec<u32>> = OnceLock::new();
    IMAGE.get_or_init(|| wrt_runtime::translate::translate_vec(&wat::parse_str(GUEST).unwrap()).unwrap().0)
}

/// A host table or module: pointers that no thread minds.
#[repr(transparent)]
struct Constant<T>(T);
unsafe impl<T> Send for Constant<T> {}

fn no_interrupt() -> Interrupt {
    Interrupt { word: AtomicU32::new(0), waiting: AtomicUsize::new(0) }
}

fn program() -> Program {
    let image = image();
    let user = keep(User::default());
    let interrupt = keep(no_interrupt());
    unsafe { (*user).interrupt = interrupt.as_ref() };
    let host = |name: &'static CStr, signature: &'static CStr, call: HostFn| Host {
        module: c"host".as_ptr(),
        name: name.as_ptr(),
        signature: signature.as_ptr(),
        call: Some(call),
        user: user.cast(),
    };
    let hosts = keep(Constant([host(c"work", c"(iI)I", work), host(c"later", c"()i", later)])).cast::<Host>();
    let module = keep(Constant(Module {
        data: image.as_ptr().cast(),
        bytes: 4 * image.len() as u32,
        image_words: image.len() as u32,
        scratch_words: 0,
        needs: Config { memory_bytes: 1 << 16, ..NEEDS },
        load: Some(wrt_load_image),
    }))
    .cast::<Module>();
    let words = unsafe { wrt_store_size(&NEEDS) }.div_ceil(8);
    let buffer = unsafe { (*keep(vec![0u64; words])).as_mut_ptr() };
    Program { buffer, words, interrupt, module, hosts, user }
}

impl Program {
    fn store(&self) -> *mut CStore {
        let (mut store, mut need) = (null_mut(), 0);
        let r = unsafe { wrt_store_init(self.buffer.cast(), 8 * self.words, &NEEDS, self.interrupt, &mut store, &mut need) };
        assert_eq!((r, need.div_ceil(8)), (OK, self.words));
        store
    }
    fn load(&self, store: *mut CStore) -> u32 {
        let mut instance = 0;
        let load = unsafe { (*self.module).load }.unwrap();
        assert_eq!(unsafe { load(store, self.module, null(), self.hosts, 2, &mut instance) }, OK);
        instance
    }
}

fn find(store: *mut CStore, instance: u32, name: &CStr) -> u32 {
    let mut func = 0;
    assert_eq!(unsafe { wrt_find_func(store, instance, name.as_ptr(), &mut func) }, OK);
    func
}

fn i32(v: i32) -> Val {
    Val { ty: 0x7f, of: v as u32 as u64 }
}

fn call<const N: usize>(store: *mut CStore, func: u32, args: &[Val], results: &mut [Val; N]) -> c_int {
    unsafe { wrt_call(store, func, args.as_ptr(), args.len(), results.as_mut_ptr(), N) }
}

fn message(store: *const CStore) -> &'static str {
    unsafe { CStr::from_ptr((*wrt_last_error(store)).message) }.to_str().unwrap()
}

/// `work(n, v)`: everything that a host function may do, then with n > 0 a nested `work(n - 1, v + 1)`.
unsafe extern "C" fn work(caller: *mut Caller, user: *mut c_void, args: *mut u64) -> c_int {
    unsafe {
        let (store, instance, user) = (wrt_caller_store(caller), wrt_caller_instance(caller), user.cast::<User>());
        (*user).calls += 1;
        let (n, v) = (args.read() as u32, args.add(1).read());

        // Two addresses into the guest's memory, used alternately with each other and with calls.
        let (a, b) = (wrt_mem_base(store, instance, 8, 5).cast::<u8>(), wrt_mem_base(store, instance, 9, 4).cast::<u8>());
        assert_eq!(core::slice::from_raw_parts(a, 5), b"guest");
        b.write(b'U');
        let mut text = [0u8; 5];
        assert_eq!(wrt_mem_read(store, instance, 8, text.as_mut_ptr().cast(), 5), OK);
        assert_eq!(&text, b"gUest");
        assert_eq!(wrt_mem_write(store, instance, 9, b"u".as_ptr().cast(), 1), OK);
        a.write(b'g');
        assert_eq!(b.read(), b'u');
        assert_eq!(wrt_mem_write(store, instance, 100, a.cast(), 5), OK);
        assert!(wrt_mem_size(store, instance) >= 65536);
        assert!(wrt_mem_base(store, instance, u32::MAX, 1).is_null());

        // What is refused, and the error.
        let mut other = 0;
        assert_eq!(wrt_load_image(store, null(), null(), null(), 0, &mut other), EINVAL);
        assert_eq!((wrt_resume(store, null_mut(), 0), wrt_answer(store, null(), 0), wrt_cancel(store)), (EINVAL, EINVAL, EINVAL));
        assert_eq!(message(store), CStr::from_ptr(wrt_strerror(EINVAL)).to_str().unwrap());

        // Nested calls: done, trapped, paused and resumed, interrupted and cancelled, paused and given up.
        let mut r = [i32(0)];
        assert_eq!(call(store, find(store, instance, c"add"), &[i32(40), i32(2)], &mut r), OK);
        assert_eq!(r[0].of, 42);
        assert_eq!(call(store, find(store, instance, c"div"), &[i32(1), i32(0)], &mut r), ETRAP);
        assert_eq!(((*wrt_last_error(store)).trap, message(store)), (7, "integer divide by zero"));
        let (mut frame, mut name) = (core::mem::MaybeUninit::<CFrame>::uninit(), [0; 8]);
        // Of this call, of the ones that led here, and of their own.
        assert!(wrt_backtrace(store, frame.as_mut_ptr(), 1) >= 2);
        let frame = frame.assume_init();
        assert_eq!((frame.instance, frame.offset, frame.from_host), (instance, (*wrt_last_error(store)).offset, 1));
        assert_eq!(wrt_func_name(store, frame.instance, frame.func, name.as_mut_ptr(), 8), 3);
        assert_eq!(CStr::from_ptr(name.as_ptr()), c"div");
        assert_eq!(call(store, find(store, instance, c"add"), &[i32(1)], &mut r), ETYPE);
        assert_eq!(message(store), "wrong number of values");
        assert_eq!(call(store, find(store, instance, c"later"), &[], &mut r), ETRAP);
        let left = wrt_fuel(store);
        assert_eq!(wrt_set_fuel(store, 100), OK);
        let spin = find(store, instance, c"spin");
        assert_eq!(call(store, spin, &[], &mut []), EPAUSED);
        assert_eq!(wrt_set_fuel(store, 100), OK);
        assert_eq!(wrt_resume(store, null_mut(), 0), EPAUSED);
        assert_eq!(wrt_set_fuel(store, left), OK);
        let interrupt = (*user).interrupt.unwrap();
        interrupt.word.store(1, Relaxed);
        assert_eq!(wrt_resume(store, null_mut(), 0), EINTERRUPTED);
        assert_eq!((wrt_cancel(store), wrt_cancel(store)), (OK, EINVAL));
        assert_eq!(call(store, spin, &[], &mut []), EINTERRUPTED);
        interrupt.word.store(0, Relaxed);

        let mut deeper = v;
        if n > 0 {
            let r = &mut [i32(0)];
            assert_eq!(call(store, find(store, instance, c"work"), &[i32(n as i32 - 1), Val { ty: 0x7e, of: v + 1 }], r), OK);
            deeper = r[0].of;
            assert_eq!(call(store, find(store, instance, c"grow"), &[], &mut [i32(0)]), OK);
        }
        // What the guest passed is still there.
        assert_eq!((args.read() as u32, args.add(1).read()), (n, v));
        args.write(deeper);
        OK
    }
}

/// `later()`: cannot answer at once.
unsafe extern "C" fn later(caller: *mut Caller, user: *mut c_void, _: *mut u64) -> c_int {
    unsafe {
        (*user.cast::<User>()).calls += 1;
        assert!(wrt_mem_size(wrt_caller_store(caller), wrt_caller_instance(caller)) > 0);
    }
    ESUSPENDED
}

#[test]
fn host_functions_come_back_through_every_function() {
    let p = program();
    let store = p.store();
    let (first, second) = (p.load(store), p.load(store));
    for (instance, depth) in [(first, 2), (second, 0)] {
        let mut r = [i32(0)];
        assert_eq!(call(store, find(store, instance, c"work"), &[i32(depth), Val { ty: 0x7e, of: 70 }], &mut r), OK, "{}", message(store));
        // Every level adds 1 on the way down and 1 on the way up.
        assert_eq!((r[0].ty, r[0].of), (0x7e, 70 + 2 * depth as u64 + 1));
    }
    assert_eq!(unsafe { (*p.user).calls }, 3 + 1 + 4);
}

#[test]
fn a_call_waits_while_others_run() {
    let p = program();
    let store = p.store();
    let instance = p.load(store);
    let mut r = [i32(0)];
    assert_eq!(call(store, find(store, instance, c"later"), &[], &mut r), ESUSPENDED);
    assert_eq!(call(store, find(store, instance, c"work"), &[i32(1), Val { ty: 0x7e, of: 0 }], &mut r), OK);
    assert_eq!(unsafe { wrt_resume(store, r.as_mut_ptr(), 1) }, ESUSPENDED);
    assert_eq!(unsafe { wrt_answer(store, &7, 1) }, OK);
    assert_eq!(unsafe { wrt_resume(store, r.as_mut_ptr(), 1) }, OK);
    assert_eq!(r[0].of, 8);
    // A new store in the same buffer.
    let again = p.store();
    assert_eq!(call(again, find(again, p.load(again), c"add"), &[i32(1), i32(2)], &mut r), OK);
    assert_eq!(unsafe { wrt_mem_read(again, instance, 0, null_mut(), 0) }, EINVAL_HANDLE);
}

#[test]
fn a_wasm_is_translated_into_the_callers_memory() {
    let p = program();
    let store = p.store();
    // (module (func (export "two") (result i32) (i32.const 2)))
    let wasm = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03two\0\0\x0a\x06\x01\x04\0\x41\x02\x0b";
    let [image, scratch] = [(); 2].map(|()| unsafe { (*keep(vec![0u32; 256])).as_mut_ptr() });
    let memory = LoaderMemory { image, image_words: 256, scratch, scratch_words: 256 };
    let module = Module { data: wasm.as_ptr().cast(), bytes: wasm.len() as u32, ..unsafe { *p.module } };
    let (mut instance, mut words) = (0, 0);
    unsafe {
        let few = LoaderMemory { image_words: 3, ..memory };
        assert_eq!(wrt_load_wasm(store, &module, &few, null(), 0, &mut instance), ENOMEM);
        assert_eq!(message(store), "the image does not fit");
        assert_eq!(wrt_load_wasm(store, &module, &memory, null(), 0, &mut instance), OK);
        assert_eq!(
            wrt_translate(
                wasm.as_ptr(),
                wasm.len(),
                &LoaderMemory { image: null_mut(), image_words: 0, ..memory },
                &mut words,
                null_mut(),
                null_mut()
            ),
            ENOMEM
        );
        assert_eq!(words * 4, (*wrt_last_error(store)).at);
    }
    let mut r = [i32(0)];
    assert_eq!(call(store, find(store, instance, c"two"), &[], &mut r), OK);
    assert_eq!(r[0].of, 2);
}

/// Two instances share a memory: an address through one stays good while C reads and writes through the other.
#[test]
fn a_linked_memory_has_one_address() {
    const USER: &str = r#"(module
      (import "lib" "memory" (memory 1))
      (import "lib" "add" (func $add (param i32 i32) (result i32)))
      (func (export "poke") (param i32) (i32.store8 (local.get 0) (call $add (i32.const 60) (i32.const 5)))))"#;
    let p = program();
    let store = p.store();
    let (mut lib, mut user, mut poke) = (0, 0, 0);
    let image = keep(wrt_runtime::translate::translate_vec(&wat::parse_str(USER).unwrap()).unwrap().0);
    unsafe {
        assert_eq!(wrt_load_image(store, p.module, null(), p.hosts, 2, &mut lib), OK);
        let module =
            keep(Constant(Module { data: (*image).as_ptr().cast(), bytes: 4 * (*image).len() as u32, ..*p.module })).cast::<Module>();
        let links = [Link { module: c"lib".as_ptr(), instance: lib }];
        assert_eq!(wrt_link_image(store, module, null(), null(), 0, links.as_ptr(), 1, &mut user), OK);
        let here = wrt_mem_base(store, lib, 8, 5).cast::<u8>();
        let there = wrt_mem_base(store, user, 8, 5).cast::<u8>();
        assert_eq!(here, there);
        let mut text = [0u8; 5];
        assert_eq!(wrt_mem_read(store, user, 8, text.as_mut_ptr().cast(), 5), OK);
        assert_eq!(&text, b"guest");
        here.write(b'G');
        assert_eq!(wrt_mem_write(store, user, 9, c"U".as_ptr().cast(), 1), OK);
        assert_eq!((there.read(), here.add(1).read()), (b'G', b'U'));
        assert_eq!(wrt_find_func(store, user, c"poke".as_ptr(), &mut poke), OK);
        let at = Val { ty: 0x7f, of: 8 };
        assert_eq!(wrt_call(store, poke, &at, 1, null_mut(), 0), OK);
        assert_eq!(wrt_mem_base(store, lib, 8, 1).cast::<u8>().read(), 65);
    }
}

/// A port that spins: Miri switches threads where one yields.
#[cfg(feature = "threads")]
mod spinning {
    use super::*;
    use core::sync::atomic::Ordering::SeqCst;

    static LOCK: AtomicU32 = AtomicU32::new(0);

    unsafe extern "C" fn now_ns() -> u64 {
        1
    }
    unsafe extern "C" fn lock() {
        while LOCK.swap(1, SeqCst) != 0 {
            std::thread::yield_now();
        }
    }
    unsafe extern "C" fn unlock() {
        LOCK.store(0, SeqCst);
    }
    fn flag<'a>(parker: *mut Parker) -> &'a AtomicUsize {
        unsafe { AtomicUsize::from_ptr(parker.cast::<usize>().add(1)) }
    }
    unsafe extern "C" fn init(parker: *mut Parker) -> c_int {
        unsafe { parker.cast::<usize>().write(parker.expose_provenance()) };
        flag(parker).store(0, SeqCst);
        0
    }
    unsafe extern "C" fn park(parker: *mut Parker, deadline_ns: u64) -> c_int {
        while flag(parker).swap(0, SeqCst) == 0 {
            if deadline_ns <= 1 {
                return -116;
            }
            std::thread::yield_now();
        }
        0
    }
    unsafe extern "C" fn unpark(parker: *mut Parker) {
        flag(parker).store(1, SeqCst);
    }
    unsafe extern "C" fn done(_: *mut Parker) {}

    /// `wrt_port_interrupt()`.
    pub(super) fn interrupt(i: &Interrupt) {
        i.word.store(1, SeqCst);
        let handle = i.waiting.load(SeqCst);
        if handle != 0 {
            unsafe { unpark(core::ptr::with_exposed_provenance_mut(handle)) };
        }
    }

    pub(super) static WAITING: Waiting = Waiting {
        now_ns: Some(now_ns),
        lock: Some(lock),
        unlock: Some(unlock),
        init: Some(init),
        park: Some(park),
        unpark: Some(unpark),
        done: Some(done),
    };
}

#[test]
#[cfg(feature = "threads")]
fn stores_in_two_threads_share_a_memory() {
    const WORKER: &str = r#"(module
      (import "env" "memory" (memory 64 64 shared (pagesize 1)))
      (func (export "take") (result i32)
        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
        (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (func (export "give") (result i32)
        (i32.atomic.store (i32.const 0) (i32.const 1))
        (memory.atomic.notify (i32.const 0) (i32.const -1))))"#;
    static IMAGE: OnceLock<Vec<u32>> = OnceLock::new();
    let image = IMAGE.get_or_init(|| wrt_runtime::translate::translate_vec(&wat::parse_str(WORKER).unwrap()).unwrap().0);
    let config = SharedConfig { pages: 64, max_pages: 64, threads: 2, ..SharedConfig::default() };
    let bytes = unsafe { wrt_shared_size(&config) };
    let buffer = unsafe { (*keep(vec![0u64; bytes.div_ceil(8)])).as_mut_ptr() };
    let mut shared = null_mut();
    assert_eq!(unsafe { wrt_shared_init(buffer.cast(), bytes, &config, &spinning::WAITING, &mut shared) }, OK);

    struct Common(*mut CShared);
    unsafe impl Sync for Common {}
    let common = Common(shared);
    let common = &common;
    let guest = |interrupt: *mut Interrupt| {
        let needs = Config { memory_bytes: 0, ..NEEDS };
        let words = unsafe { wrt_store_size(&needs) }.div_ceil(8);
        let buffer = unsafe { (*keep(vec![0u64; words])).as_mut_ptr() };
        let (mut store, mut instance) = (null_mut(), 0);
        let share = keep(Constant(unsafe { core::mem::MaybeUninit::<Share>::zeroed().assume_init() })).cast::<Share>();
        let module =
            Module { data: image.as_ptr().cast(), bytes: 4 * image.len() as u32, image_words: 0, scratch_words: 0, needs, load: None };
        unsafe {
            ((*share).shared, (*share).module, (*share).name) = (common.0, c"env".as_ptr(), c"memory".as_ptr());
            assert_eq!(wrt_store_init(buffer.cast(), 8 * words, &needs, interrupt, &mut store, null_mut()), OK);
            assert_eq!(wrt_share(store, share), OK);
            assert_eq!(wrt_load_image(store, &module, null(), null(), 0, &mut instance), OK);
        }
        (store, instance)
    };
    let interrupt: &Interrupt = unsafe { &*keep(no_interrupt()) };
    std::thread::scope(|s| {
        let waiter = s.spawn(|| {
            let (store, instance) = guest(&raw const *interrupt as *mut Interrupt);
            let r = &mut [i32(7)];
            assert_eq!(call(store, find(store, instance, c"take"), &[], r), EINTERRUPTED);
            interrupt.word.store(0, Relaxed);
            assert_eq!(unsafe { wrt_resume(store, r.as_mut_ptr(), 1) }, OK);
            assert_eq!(r[0].of, 0);
        });
        while unsafe { wrt_shared_waiting(common.0, 0) } == 0 {
            std::thread::yield_now();
        }
        spinning::interrupt(interrupt);
        while interrupt.word.load(Relaxed) == 1 || unsafe { wrt_shared_waiting(common.0, 0) } == 0 {
            std::thread::yield_now();
        }
        let (store, instance) = guest(null_mut());
        let r = &mut [i32(0)];
        assert_eq!((call(store, find(store, instance, c"give"), &[], r), r[0].of), (OK, 1));
        waiter.join().unwrap();
        let mut word = 0u32;
        assert_eq!(unsafe { wrt_shared_read(common.0, 4, (&raw mut word).cast(), 4) }, OK);
        assert_eq!(word, 1);
        assert_eq!(unsafe { wrt_unshare(store) }, OK);
    });
}
