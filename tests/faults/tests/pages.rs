// SPDX-License-Identifier: MIT
//! A page allocator that refuses one of its calls, each in turn: the memory or its growth is refused, everything is given back,
//! and what comes after works.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use wrt::platform::{LinuxAllocator, PageAllocator, Properties};
use wrt::{Error, ErrorKind, ImportMap, Memory, Module, ModuleInstance, Value, WrtResult};

/// Counts down to the call that is refused; and pages that are out.
#[derive(Default)]
struct Fate {
    calls: AtomicI64,
    pages: AtomicUsize,
}

struct Refusing {
    pages: LinuxAllocator,
    fate: Arc<Fate>,
    /// Whether a region may grow in place, or blocks move.
    in_place: bool,
}

impl Refusing {
    fn allowed(&self) -> WrtResult<()> {
        if self.fate.calls.fetch_sub(1, Relaxed) == 0 { Err(Error::new(ErrorKind::Memory, "refused")) } else { Ok(()) }
    }
    fn note(&self) {
        self.fate.pages.store(self.pages.allocated_pages(), Relaxed);
    }
}

impl PageAllocator for Refusing {
    fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
        self.allowed()?;
        let made = self.pages.allocate_pages(pages);
        self.note();
        made
    }
    fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
        let done = self.pages.deallocate_pages(ptr, pages);
        self.note();
        done
    }
    fn grow_pages(&mut self, ptr: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>, Error> {
        self.allowed()?;
        let grown = self.pages.grow_pages(ptr, old, new);
        self.note();
        grown
    }
    fn allocated_pages(&self) -> usize {
        self.pages.allocated_pages()
    }
    fn max_pages(&self) -> usize {
        self.pages.max_pages()
    }
    fn allocate(&mut self, initial: u32, maximum: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        self.allowed()?;
        let made = self.pages.allocate(initial, maximum);
        self.note();
        made
    }
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        let done = self.pages.deallocate(ptr, size);
        self.note();
        done
    }
    fn properties(&self) -> Properties {
        Properties { grow_in_place: self.in_place, ..self.pages.properties() }
    }
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        self.pages.bytes(ptr, pages)
    }
}

const GUEST: &str = r#"(module (import "host" "m" (memory 1 8))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "last") (result i32)
        (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 7))
        (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))))"#;

/// Results of the growths, or the error of the memory; and whether the call to be refused came.
fn play(module: &Module, refuse: i64, in_place: bool) -> (Result<Vec<i32>, ErrorKind>, bool, usize) {
    let fate = Arc::new(Fate { calls: AtomicI64::new(refuse), ..Fate::default() });
    let played = (|| {
        let allocator = Refusing { pages: LinuxAllocator::new(8)?, fate: fate.clone(), in_place };
        let memory = Memory::new(allocator, 1, Some(8))?;
        let mut imports = ImportMap::new();
        imports.define_memory("host", "m", &memory);
        let mut guest = ModuleInstance::new(module.clone(), imports)?;
        let mut seen = Vec::new();
        for delta in [1, 2, 0, 3, 4] {
            let Value::I32(old) = guest.invoke("grow", &[Value::I32(delta)])? else { panic!() };
            // What there is can be used, whatever was refused.
            assert_eq!(guest.invoke("last", &[])?, Value::I32(7));
            seen.push(old);
        }
        assert_eq!(fate.pages.load(Relaxed), memory.size() as usize);
        Ok(seen)
    })();
    let left = fate.pages.load(Relaxed);
    (played.map_err(|e: Error| e.kind()), fate.calls.load(Relaxed) < 0, left)
}

#[test]
fn each_call_refused_is_told_and_leaks_no_page() {
    let module = Module::from_bytes(&wat::parse_str(GUEST).unwrap()).unwrap();
    for in_place in [true, false] {
        let whole = Ok(vec![1, 2, 4, 4, -1]);
        let (mut refused, mut errors) = (0, 0);
        for n in 0.. {
            let (played, met, left) = play(&module, n, in_place);
            assert_eq!(left, 0, "refusing call {n}");
            if !met {
                assert_eq!(played, whole);
                break;
            }
            match played {
                Err(kind) => {
                    assert_eq!(kind, ErrorKind::Memory);
                    errors += 1;
                }
                Ok(seen) => {
                    assert!(seen.iter().filter(|old| **old == -1).count() >= 1, "{seen:?}");
                    refused += 1;
                }
            }
            assert_eq!(play(&module, -1, in_place).0, whole, "after refusing call {n}");
        }
        assert!(errors >= 1 && refused >= 2, "{errors} {refused}");
    }
}
