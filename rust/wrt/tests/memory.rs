// SPDX-License-Identifier: MIT
//! `Memory`: one linear memory for host and guests.
#![cfg(all(feature = "alloc", feature = "loader", feature = "float"))]

use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use wrt::platform::{PageAllocator, StaticAllocator, StaticAllocatorBuilder, WASM_PAGE_SIZE};
use wrt::prelude::*;

const GUEST: &str = r#"(module
    (import "env" "memory" (memory 1 4))
    (import "env" "host" (func $host (result i32)))
    (export "again" (memory 0))
    (data (i32.const 8) "data")
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "size") (result i32) (memory.size))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "ask") (result i32)
        (i32.store8 (i32.const 0) (i32.const 11))
        (i32.add (i32.mul (call $host) (i32.const 100)) (i32.load8_u (i32.const 0))))
    (func (export "spin") (loop (br_if 0 (i32.eqz (i32.load8_u (i32.const 0)))))))"#;

fn pages(n: usize) -> StaticAllocator<'static> {
    let buffer = vec![0xff; n * WASM_PAGE_SIZE + 16].leak();
    StaticAllocatorBuilder::new().with_static_buffer(buffer).with_alignment(16).build().unwrap()
}

/// An instance of [`GUEST`] on `memory` whose host function is `host`.
fn guest(memory: &Memory, host: impl Fn(&mut wrt::HostCaller<'_, '_>) -> i32 + 'static) -> WrtResult<ModuleInstance> {
    let mut imports = ImportMap::new();
    imports.define_memory("env", "memory", memory);
    imports.define("env", "host", &[], &[ValType::I32], move |caller, _, results| {
        results[0] = Value::I32(host(caller));
        Ok(())
    });
    ModuleInstance::new(Module::from_bytes(&wat::parse_str(GUEST).unwrap())?, imports)
}

fn call(guest: &mut ModuleInstance, name: &str, args: &[i32]) -> WrtResult<i32> {
    let args: Vec<Value> = args.iter().map(|v| Value::I32(*v)).collect();
    Ok(if let Value::I32(v) = guest.invoke(name, &args)? { v } else { 0 })
}

#[test]
fn host_and_guest_see_the_same_bytes() {
    let memory = Memory::new(pages(4), 1, Some(4)).unwrap();
    memory.write_from(1000, b"host").unwrap();
    let mut g = guest(&memory, |_| 0).unwrap();
    let mut word = [0; 4];
    memory.read_into(8, &mut word).unwrap();
    assert_eq!(&word, b"data", "the guest's segment");
    assert_eq!(call(&mut g, "load", &[1003]).unwrap(), i32::from(b't'));
    memory.write_from(1003, b"!").unwrap();
    assert_eq!(call(&mut g, "load", &[1003]).unwrap(), i32::from(b'!'));
    call(&mut g, "store", &[65535, 77]).unwrap();
    call(&mut g, "fill", &[2000, 5, 3000]).unwrap();
    call(&mut g, "copy", &[10_000, 4000, 2000]).unwrap();
    let sums =
        memory.with(|b| (b.len(), b[65535], b[2000..5000].iter().all(|x| *x == 5), b[10_000..12_000].iter().filter(|x| **x == 5).count()));
    assert_eq!(sums.unwrap(), (65536, 77, true, 1000));
    assert_eq!(call(&mut g, "load", &[65536]).unwrap_err().kind(), ErrorKind::Trap(Trap::MemoryOutOfBounds));
    // The guest's own view of it, from outside.
    let mut view = g.memory("again").unwrap();
    assert_eq!((view.len(), view.is_empty(), view.as_slice()), (65536, false, None), "no slice of what others may change");
    view.write_from(1, b"xyz").unwrap();
    view.copy(1, 2, 3).unwrap();
    view.fill(1, b'-', 1).unwrap();
    view.read_into(1, &mut word).unwrap();
    assert_eq!(&word, b"-xyz");
    assert!(view.write_from(65534, b"xyz").is_none() && view.read_into(65533, &mut word).is_none());
}

#[test]
fn growth_of_either_is_seen_by_both() {
    let memory = Memory::new(pages(5), 1, Some(4)).unwrap();
    let mut g = guest(&memory, |_| 0).unwrap();
    assert_eq!(call(&mut g, "grow", &[1]).unwrap(), 1);
    assert_eq!((memory.size(), memory.max()), (2, Some(4)));
    memory.write_from(0x1_ffff, &[9]).unwrap();
    assert_eq!(call(&mut g, "load", &[0x1_ffff]).unwrap(), 9);
    assert_eq!(memory.grow(1).unwrap(), 2);
    assert_eq!(call(&mut g, "size", &[]).unwrap(), 3);
    assert_eq!(call(&mut g, "load", &[0x2_ffff]).unwrap(), 0, "fresh pages are zero");
    // Beyond the maximum neither can.
    for delta in [2, -1] {
        assert_eq!(call(&mut g, "grow", &[delta]).unwrap(), -1);
        assert_eq!(memory.grow(delta as u32).unwrap_err().kind(), ErrorKind::Memory);
    }
    assert_eq!((memory.size(), call(&mut g, "grow", &[1]).unwrap(), call(&mut g, "grow", &[0]).unwrap()), (3, 3, 4));
    assert_eq!(memory.grow(0).unwrap(), 4);
}

#[test]
fn growth_costs_what_it_costs_in_a_memory_of_the_guests_own() {
    let own = r#"(module (memory 1 4) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let mut own = ModuleInstance::new(Module::from_bytes(&wat::parse_str(own).unwrap()).unwrap(), ImportMap::new()).unwrap();
    let mut g = guest(&Memory::new(pages(4), 1, Some(4)).unwrap(), |_| 0).unwrap();
    let mut used = [0; 2];
    for (i, used) in [&mut own, &mut g].into_iter().zip(&mut used) {
        i.set_fuel(1_000_000).unwrap();
        assert_eq!(call(i, "grow", &[2]).unwrap(), 1);
        *used = 1_000_000 - i.fuel();
        // In slices of 7 units it comes to the same.
        i.set_fuel(0).unwrap();
        let mut result = i.invoke_multi("grow", &[Value::I32(1)]);
        while result.is_err() {
            i.set_fuel(7).unwrap();
            result = i.resume();
        }
        assert_eq!(result.unwrap(), [Value::I32(3)]);
    }
    assert_eq!(used[0], used[1]);
    assert!(used[0] > 2 * 1024, "{used:?}");
}

#[test]
fn two_instances_share_it() {
    let memory = Memory::new(pages(4), 1, Some(4)).unwrap();
    let (mut a, mut b) = (guest(&memory, |_| 0).unwrap(), guest(&memory, |_| 0).unwrap());
    call(&mut a, "store", &[5, 55]).unwrap();
    assert_eq!(call(&mut b, "load", &[5]).unwrap(), 55);
    call(&mut b, "grow", &[1]).unwrap();
    call(&mut a, "store", &[0x1_0000, 66]).unwrap();
    assert_eq!((call(&mut a, "size", &[]).unwrap(), call(&mut b, "load", &[0x1_0000]).unwrap()), (2, 66));
    drop(a);
    assert_eq!(call(&mut b, "load", &[5]).unwrap(), 55, "what an instance leaves behind stays");
    drop(b);
    memory.with(|bytes| assert_eq!((bytes.len(), bytes[5]), (0x2_0000, 55))).unwrap();
}

#[test]
fn one_memory_of_two_names_is_one_memory() {
    let wat = r#"(module
        (import "a" "memory" (memory 1))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"#;
    let memory = Memory::new(pages(2), 1, None).unwrap();
    let other = Memory::new(pages(2), 1, None).unwrap();
    let mut imports = ImportMap::new();
    imports.define_memory("a", "memory", &other);
    imports.define_memory("a", "memory", &memory).define_memory("b", "memory", &memory);
    let mut i = ModuleInstance::new(Module::from_bytes(&wat::parse_str(wat).unwrap()).unwrap(), imports).unwrap();
    call(&mut i, "store", &[3, 33]).unwrap();
    assert_eq!((memory.with(|b| b[3]).unwrap(), other.with(|b| b[3]).unwrap()), (33, 0), "the later definition counts");
}

#[test]
fn a_host_function_may_use_the_handle() {
    let memory = Memory::new(pages(4), 1, Some(4)).unwrap();
    let handle = memory.clone();
    let mut g = guest(&memory, move |caller| {
        let before = handle.with(|b| std::mem::replace(&mut b[0], 22)).unwrap();
        handle.grow(1).unwrap();
        // The guest's view and the handle in turn.
        let mut word = [0; 1];
        caller.memory().unwrap().read_into(0, &mut word).unwrap();
        assert_eq!(word, [22]);
        caller.memory().unwrap().write_from(0, &[23]).unwrap();
        handle.read_into(0, &mut word).unwrap();
        assert_eq!(word, [23]);
        i32::from(before)
    })
    .unwrap();
    assert_eq!(call(&mut g, "ask", &[]).unwrap(), 1123);
    assert_eq!(call(&mut g, "size", &[]).unwrap(), 2);
}

#[test]
fn two_at_once_is_an_error() {
    let memory = Memory::new(pages(4), 1, Some(4)).unwrap();
    let mut g = guest(&memory, |_| 0).unwrap();
    let paused = memory
        .with(|_| {
            assert_eq!(memory.grow(1).unwrap_err().kind(), ErrorKind::Usage);
            assert_eq!(memory.with(|_| ()).unwrap_err().kind(), ErrorKind::Usage);
            assert!(g.memory("again").unwrap().write_from(0, b"x").is_none());
            assert_eq!(memory.size(), 1, "the size is known all the same");
            g.invoke("size", &[]).unwrap_err()
        })
        .unwrap();
    assert_eq!((paused.kind(), paused.message()), (ErrorKind::Paused, "a memory that it imports is in use"));
    assert_eq!(g.resume().unwrap(), [Value::I32(1)], "it goes on when the memory is free");
    // A panic in `with` does not keep it.
    let handle = memory.clone();
    std::panic::catch_unwind(AssertUnwindSafe(|| handle.with(|_| panic!("on purpose")))).unwrap_err();
    assert_eq!(memory.grow(1).unwrap(), 1);
}

#[test]
fn threads_take_turns() {
    let memory = Memory::new(pages(4), 1, Some(4)).unwrap();
    let handle = memory.clone();
    let (running, is_running) = mpsc::channel();
    std::thread::scope(|s| {
        let other = s.spawn(move || {
            let mut g = guest(&handle, |_| 0).unwrap();
            g.set_fuel(1 << 16).unwrap();
            running.send(()).unwrap();
            let mut rounds = 0;
            let mut result = g.invoke_multi("spin", &[]);
            // Between two slices, and only there, the other thread can write the byte that ends it.
            while let Err(e) = result {
                assert_eq!(e.kind(), ErrorKind::Paused);
                rounds += 1;
                g.set_fuel(1 << 16).unwrap();
                result = g.resume();
            }
            rounds
        });
        is_running.recv().unwrap();
        while let Err(e) = memory.write_from(0, &[1]) {
            assert_eq!(e.kind(), ErrorKind::Usage);
        }
        other.join().unwrap();
    });
}

#[test]
fn imports_match_limits() {
    let refused = |initial, max| {
        let e = guest(&Memory::new(pages(6), initial, max).unwrap(), |_| 0).err();
        e.map(|e| (e.kind(), e.message().to_string()))
    };
    let incompatible = Some((ErrorKind::Unlinkable, "incompatible import type".to_string()));
    assert_eq!(refused(1, Some(4)), None);
    assert_eq!(refused(2, Some(3)), None);
    assert_eq!(refused(1, Some(5)), incompatible, "its maximum is above the module's");
    assert_eq!(refused(1, None), incompatible, "it has none");
    assert_eq!(refused(0, Some(4)), incompatible, "it is too small");
    let none = ModuleInstance::new(Module::from_bytes(&wat::parse_str(GUEST).unwrap()).unwrap(), ImportMap::new());
    assert_eq!(none.err().unwrap().to_string(), "unlinkable: unknown import: env.memory (memory)");
}

#[test]
fn memories_that_cannot_be() {
    let kind = |initial, max| Memory::new(pages(3), initial, max).unwrap_err().kind();
    assert_eq!(kind(2, Some(1)), ErrorKind::Usage);
    assert_eq!(kind(1, Some(65537)), ErrorKind::Usage);
    assert_eq!(kind(4, None), ErrorKind::Memory);
    assert_eq!(kind(1, Some(4)), ErrorKind::Memory, "the allocator could not keep its promise");
    assert_eq!(Memory::new(pages(3), 0, Some(0)).unwrap().grow(1).unwrap_err().kind(), ErrorKind::Memory);
    let open = Memory::new(pages(3), 0, None).unwrap();
    assert_eq!((open.max(), open.grow(3).unwrap(), open.size()), (None, 0, 3));
    assert_eq!(open.grow(1).unwrap_err().kind(), ErrorKind::Memory);
    assert_eq!(open.write_from(3 * 65536 - 1, b"ab").unwrap_err().kind(), ErrorKind::Usage);
}

/// Counts what is given back.
struct Counting(StaticAllocator<'static>, mpsc::Sender<usize>);

impl PageAllocator for Counting {
    fn allocate_pages(&mut self, pages: usize) -> Result<std::ptr::NonNull<u8>, Error> {
        self.0.allocate_pages(pages)
    }
    fn deallocate_pages(&mut self, ptr: std::ptr::NonNull<u8>, pages: usize) -> Result<(), Error> {
        self.1.send(pages).unwrap();
        self.0.deallocate_pages(ptr, pages)
    }
    fn grow_pages(&mut self, ptr: std::ptr::NonNull<u8>, old: usize, new: usize) -> Result<std::ptr::NonNull<u8>, Error> {
        self.0.grow_pages(ptr, old, new)
    }
    fn allocated_pages(&self) -> usize {
        self.0.allocated_pages()
    }
    fn max_pages(&self) -> usize {
        self.0.max_pages()
    }
    fn bytes(&mut self, ptr: std::ptr::NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        self.0.bytes(ptr, pages)
    }
}

#[test]
fn pages_are_given_back_with_the_last_handle() {
    let (sender, given_back) = mpsc::channel();
    // The five methods only: growth by `grow_pages`, which moves here.
    let mut allocator = Counting(pages(5), sender);
    allocator.allocate_pages(1).unwrap();
    let memory = Memory::new(allocator, 1, Some(3)).unwrap();
    let mut g = guest(&memory, |_| 0).unwrap();
    drop(memory);
    call(&mut g, "store", &[5, 55]).unwrap();
    assert_eq!(call(&mut g, "grow", &[2]).unwrap(), 1);
    assert_eq!(call(&mut g, "load", &[5]).unwrap(), 55);
    assert!(given_back.try_recv().is_err(), "the instance holds it");
    drop(g);
    assert_eq!(given_back.try_recv(), Ok(3));
}

#[cfg(all(target_os = "linux", feature = "platform-linux"))]
#[test]
fn on_linux_a_memory_has_guards_and_never_moves() {
    use wrt::platform::LinuxAllocatorBuilder;
    let memory = Memory::new(LinuxAllocatorBuilder::new().with_guard_pages(true).build().unwrap(), 1, Some(4)).unwrap();
    let at = memory.with(|b| b.as_ptr().addr()).unwrap();
    let mut g = guest(&memory, |_| 0).unwrap();
    assert_eq!(call(&mut g, "grow", &[3]).unwrap(), 1);
    call(&mut g, "store", &[0x3_ffff, 99]).unwrap();
    assert_eq!(memory.with(|b| (b.as_ptr().addr(), b[0x3_ffff])).unwrap(), (at, 99));
    assert!(g.invoke("load", &[Value::I32(0x4_0000)]).is_err(), "out of bounds is a trap, not a fault");
}
