// SPDX-License-Identifier: MIT
//! The allocators that need no system, against the suite for ports; also runs under Miri.

use core::ptr::NonNull;
use wrt_platform::*;

/// Fewer under Miri, which takes its time.
const STEPS: usize = if cfg!(miri) { 20 } else { 2000 };

#[test]
fn static_pages_conform() {
    for alignment in [16, WASM_PAGE_SIZE] {
        let mut buffer = vec![0xff; 9 * WASM_PAGE_SIZE];
        // At 1 the buffer is misaligned.
        let builder = StaticAllocatorBuilder::new().with_static_buffer(&mut buffer[1..]).with_alignment(alignment);
        let mut a = builder.build().unwrap();
        assert_eq!((a.max_pages(), a.properties().alignment), (8, alignment));
        conformance::memory::all(&mut a);
        for seed in 2..if cfg!(miri) { 3 } else { 30 } {
            conformance::memory::model(&mut a, seed, STEPS);
        }
    }
}

#[test]
fn static_pages_within_a_limit() {
    let mut buffer = vec![0xff; 9 * WASM_PAGE_SIZE];
    let mut a = StaticAllocatorBuilder::new().with_static_buffer(&mut buffer).with_maximum_pages(4).build().unwrap();
    assert_eq!(a.max_pages(), 4);
    conformance::memory::all(&mut a);
}

#[test]
fn static_buffers_that_will_not_do() {
    let mut buffer = vec![0; 2 * WASM_PAGE_SIZE];
    let kind = |b: StaticAllocatorBuilder<'_>| b.build().unwrap_err().kind();
    assert_eq!(kind(StaticAllocatorBuilder::new()), ErrorKind::Usage);
    for alignment in [0, 8, 24, 2 * WASM_PAGE_SIZE] {
        assert_eq!(kind(StaticAllocatorBuilder::new().with_static_buffer(&mut buffer).with_alignment(alignment)), ErrorKind::Usage);
    }
    assert_eq!(kind(StaticAllocatorBuilder::new().with_static_buffer(&mut buffer).with_maximum_pages(3)), ErrorKind::Memory);
    assert_eq!(kind(StaticAllocatorBuilder::new().with_static_buffer(&mut [0; 100])), ErrorKind::Memory);
    let e = StaticAllocatorBuilder::new().with_static_buffer(&mut buffer).with_alignment(16).with_maximum_pages(3).build().unwrap_err();
    assert!((3 * WASM_PAGE_SIZE..3 * WASM_PAGE_SIZE + 16).contains(&(e.at() as usize)), "{e}");
}

#[test]
fn a_static_block_moves_where_there_is_room() {
    let mut buffer = vec![0; 8 * WASM_PAGE_SIZE];
    let mut a = StaticAllocatorBuilder::new().with_static_buffer(&mut buffer).with_alignment(16).build().unwrap();
    let total = a.max_pages();
    let first = a.allocate_pages(1).unwrap();
    let second = a.allocate_pages(1).unwrap();
    a.bytes(first, 1).unwrap().fill(1);
    a.bytes(second, 1).unwrap().fill(2);
    let moved = a.grow_pages(first, 1, 3).unwrap();
    assert!(moved > second, "behind the other block, as there is no room in front of it");
    let bytes = a.bytes(moved, 3).unwrap();
    assert!(bytes[..WASM_PAGE_SIZE] == [1; WASM_PAGE_SIZE] && bytes[WASM_PAGE_SIZE..] == [0; 2 * WASM_PAGE_SIZE]);
    assert_eq!(a.allocated_pages(), 4);
    // Where it was is free, and zero.
    let again = a.allocate_pages(1).unwrap();
    assert_eq!(again, first);
    assert!(a.bytes(again, 1).unwrap() == [0; WASM_PAGE_SIZE]);
    assert_eq!(a.grow_pages(second, 1, total).unwrap_err().kind(), ErrorKind::Memory);
    assert!(a.bytes(second, 1).unwrap() == [2; WASM_PAGE_SIZE]);
}

#[test]
fn pointers_stay_good() {
    // Who writes through the pointers, as C does, does not depend on what others do with the allocator.
    let mut buffer = vec![0; 4 * WASM_PAGE_SIZE];
    let mut a = StaticAllocatorBuilder::new().with_static_buffer(&mut buffer).with_alignment(16).build().unwrap();
    let (x, y) = (a.allocate_pages(1).unwrap(), a.allocate_pages(1).unwrap());
    // SAFETY: the first bytes of two blocks that are not lent as slices now.
    unsafe { (x.write(1), y.write(2)) };
    a.grow_pages(y, 1, 2).unwrap();
    assert_eq!(a.bytes(x, 1).unwrap()[0], 1);
    // SAFETY: as above.
    unsafe { x.write(3) };
    assert_eq!((a.bytes(x, 1).unwrap()[0], a.bytes(y, 2).unwrap()[0]), (3, 2));
}

#[test]
fn blocks_of_a_static_allocator_run_out() {
    let mut buffer = vec![0; 11 * WASM_PAGE_SIZE];
    let mut a = StaticAllocator::new(&mut buffer).unwrap();
    let blocks: Vec<_> = (0..static_memory::BLOCKS).map(|_| a.allocate_pages(1).unwrap()).collect();
    assert_eq!(a.allocate_pages(1).unwrap_err().kind(), ErrorKind::Memory);
    blocks.into_iter().for_each(|b| a.deallocate_pages(b, 1).unwrap());
    a.allocate_pages(10).unwrap();
}

#[test]
fn a_region_is_taken_once() {
    static PAGES: StaticRegion<{ 2 * WASM_PAGE_SIZE }> = StaticRegion::new();
    let bytes = PAGES.take().unwrap();
    assert_eq!((bytes.len(), bytes.as_ptr().addr() % WASM_PAGE_SIZE), (2 * WASM_PAGE_SIZE, 0));
    assert!(PAGES.take().is_none());
    assert_eq!(StaticAllocator::new(bytes).unwrap().max_pages(), 2);
}

/// A port with the five methods and slices: from the allocator of the system, moving whenever it grows.
struct Moving {
    blocks: Vec<Vec<u8>>,
    max: usize,
}

impl Moving {
    fn find(&mut self, ptr: NonNull<u8>, pages: usize) -> WrtResult<usize> {
        let i = self.blocks.iter().position(|b| b.as_ptr() == ptr.as_ptr());
        i.filter(|i| self.blocks[*i].len() == pages * WASM_PAGE_SIZE).ok_or(Error::new(ErrorKind::Usage, "no such block"))
    }
}

impl PageAllocator for Moving {
    fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
        if pages == 0 {
            return Err(Error::new(ErrorKind::Usage, "no pages"));
        }
        if pages > self.max - self.allocated_pages() {
            return Err(Error::new(ErrorKind::Memory, "Page limit exceeded"));
        }
        self.blocks.push(vec![0; pages * WASM_PAGE_SIZE]);
        Ok(NonNull::from(&mut self.blocks.last_mut().unwrap()[0]))
    }
    fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
        let i = self.find(ptr, pages)?;
        self.blocks.swap_remove(i);
        Ok(())
    }
    fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error> {
        let i = self.find(old_ptr, old_pages)?;
        let more = new_pages.checked_sub(old_pages).ok_or(Error::new(ErrorKind::Usage, "shrinks"))?;
        if more > self.max - self.allocated_pages() {
            return Err(Error::new(ErrorKind::Memory, "Page limit exceeded"));
        }
        if more > 0 {
            let mut grown = vec![0; new_pages * WASM_PAGE_SIZE];
            grown[..old_pages * WASM_PAGE_SIZE].copy_from_slice(&self.blocks[i]);
            self.blocks[i] = grown;
        }
        Ok(NonNull::from(&mut self.blocks[i][0]))
    }
    fn allocated_pages(&self) -> usize {
        self.blocks.iter().map(|b| b.len() / WASM_PAGE_SIZE).sum()
    }
    fn max_pages(&self) -> usize {
        self.max
    }
    fn properties(&self) -> Properties {
        Properties { alignment: 16, grow_in_place: false, protect_granule: 0 }
    }
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        self.blocks.iter_mut().find(|b| b.as_ptr() == ptr.as_ptr())?.get_mut(..pages * WASM_PAGE_SIZE)
    }
}

#[test]
#[cfg_attr(miri, ignore)] // vectors of bytes are aligned to 1 there
fn a_port_of_five_methods_conforms() {
    let mut a = Moving { blocks: Vec::new(), max: 6 };
    conformance::memory::all(&mut a);
    conformance::memory::model(&mut &mut a, 5, STEPS);
    #[cfg(feature = "alloc")]
    boxed(a);
}

#[cfg(feature = "alloc")]
fn boxed(a: Moving) {
    let mut boxed: Box<dyn PageAllocator> = Box::new(a);
    assert_eq!(format!("{boxed:?}"), "PageAllocator(0 of 6 pages)");
    conformance::memory::all(&mut boxed);
}

/// A port of the other kind: one region.
struct OneRegion(Vec<u8>, usize);

impl RegionAllocator for OneRegion {
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        let most = maximum_pages.unwrap_or(initial_pages) as usize * WASM_PAGE_SIZE;
        self.1 = initial_pages as usize * WASM_PAGE_SIZE;
        self.0 = vec![0; most];
        Ok((NonNull::from(&mut self.0[0]), self.1))
    }
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
        assert_eq!(current_pages as usize * WASM_PAGE_SIZE, self.1);
        self.1 += additional_pages as usize * WASM_PAGE_SIZE;
        Ok(current_pages)
    }
    fn protect(&mut self, _: usize, _: usize, _: Protection) -> WrtResult<()> {
        Err(Error::new(ErrorKind::Unsupported, "no MMU"))
    }
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        assert_eq!((ptr.as_ptr().cast_const(), size), (self.0.as_ptr(), self.1));
        self.0 = Vec::new();
        Ok(())
    }
    fn bytes(&mut self, _: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        self.0.get_mut(..pages * WASM_PAGE_SIZE)
    }
}

#[test]
#[cfg_attr(miri, ignore)] // vectors of bytes are aligned to 1 there
fn a_port_of_four_methods_conforms() {
    conformance::memory::all(&mut FromRegion::new(OneRegion(Vec::new(), 0), 6, 16, 0));
}

/// The suite finds what it is there for.
#[test]
#[cfg_attr(miri, ignore)] // panics are slow there
fn wrong_ports_do_not_conform() {
    /// What is wrong with it.
    struct Wrong(&'static str, StaticAllocator<'static>, usize);
    impl PageAllocator for Wrong {
        fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
            if self.0 == "gives above its limit" && pages == self.1.max_pages() + 1 {
                return self.1.allocate_pages(1);
            }
            let at = self.1.allocate_pages(pages)?;
            match self.0 {
                "dirty pages" => self.1.bytes(at, pages).unwrap()[pages * WASM_PAGE_SIZE - 1] = 1,
                "counts reservations" => self.2 += 1,
                "misaligned" => return Ok(NonNull::new(at.as_ptr().wrapping_add(8)).unwrap()),
                _ => {}
            }
            Ok(at)
        }
        fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
            match self.0 {
                "takes any size" => self.1.deallocate_pages(ptr, 1),
                "forgets to count" => {
                    self.2 += pages;
                    self.1.deallocate_pages(ptr, pages)
                }
                _ => self.1.deallocate_pages(ptr, pages),
            }
        }
        fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error> {
            let at = self.1.grow_pages(old_ptr, old_pages, new_pages)?;
            match self.0 {
                "dirty tail" if new_pages > old_pages => self.1.bytes(at, new_pages).unwrap()[old_pages * WASM_PAGE_SIZE] = 1,
                "forgets contents" => self.1.bytes(at, new_pages).unwrap().fill(0),
                _ => {}
            }
            Ok(at)
        }
        fn allocated_pages(&self) -> usize {
            self.1.allocated_pages() + self.2
        }
        fn max_pages(&self) -> usize {
            self.1.max_pages()
        }
        fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()> {
            if self.0 == "protection that does nothing" { Ok(()) } else { self.1.protect(offset, size, protection) }
        }
        fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
            self.1.bytes(ptr, if self.0 == "lends too little" { pages - 1 } else { pages })
        }
        fn properties(&self) -> Properties {
            Properties { grow_in_place: false, ..self.1.properties() }
        }
    }
    let wrongs = [
        "dirty pages",
        "counts reservations",
        "misaligned",
        "gives above its limit",
        "takes any size",
        "forgets to count",
        "dirty tail",
        "forgets contents",
        "protection that does nothing",
        "lends too little",
    ];
    for wrong in wrongs.into_iter().chain(["nothing"]) {
        let result = std::panic::catch_unwind(|| {
            let buffer = vec![0; 9 * WASM_PAGE_SIZE].leak();
            conformance::memory::all(&mut Wrong(wrong, StaticAllocator::new(buffer).unwrap(), 0));
        });
        assert_eq!(result.is_err(), wrong != "nothing", "{wrong}");
    }
}

#[test]
fn a_region_on_either_kind() {
    let mut buffer = vec![0; 7 * WASM_PAGE_SIZE];
    let mut fixed = StaticAllocator::new(&mut buffer).unwrap();
    let mut moving = Moving { blocks: Vec::new(), max: 6 };
    let ports: [&mut dyn PageAllocator; 2] = [&mut fixed, &mut moving];
    for port in ports {
        {
            let mut region = Region::new(&mut *port, 0, Some(3)).unwrap();
            assert_eq!((region.pages(), region.max_pages(), region.as_mut_slice().len()), (0, 3, 0));
            assert_eq!(region.grow(1).unwrap(), 0);
            region.as_mut_slice()[WASM_PAGE_SIZE - 1] = 5;
            assert_eq!(region.grow(2).unwrap(), 1);
            assert_eq!(region.grow(1).unwrap_err().kind(), ErrorKind::Memory);
            assert_eq!(region.grow(u32::MAX).unwrap_err().kind(), ErrorKind::Memory);
            assert_eq!((region.pages(), region.as_mut_slice().len()), (3, 3 * WASM_PAGE_SIZE));
            assert_eq!(region.as_mut_slice()[WASM_PAGE_SIZE - 1], 5);
            assert_eq!(region.allocator().allocated_pages(), 3);
        }
        assert_eq!(port.allocated_pages(), 0, "a region gives its pages back");
        assert_eq!(Region::new(&mut *port, 2, Some(1)).unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(Region::new(&mut *port, 1, Some(7)).unwrap_err().kind(), ErrorKind::Memory);
        assert_eq!(Region::new(&mut *port, 7, None).unwrap_err().kind(), ErrorKind::Memory);
        assert_eq!(Region::new(&mut *port, 1, None).unwrap().max_pages(), 6);
        assert_eq!(Region::new(&mut *port, 0, Some(0)).unwrap().pages(), 0);
        assert_eq!(port.allocated_pages(), 0, "so does one that was not made");
    }
}

/// Says where blocks are, and lends nothing or too little.
#[derive(Debug)]
struct Liar(Vec<u8>);

impl PageAllocator for Liar {
    fn allocate_pages(&mut self, _: usize) -> Result<NonNull<u8>, Error> {
        Ok(NonNull::dangling())
    }
    fn deallocate_pages(&mut self, _: NonNull<u8>, _: usize) -> Result<(), Error> {
        Ok(())
    }
    fn grow_pages(&mut self, old_ptr: NonNull<u8>, _: usize, _: usize) -> Result<NonNull<u8>, Error> {
        Ok(old_ptr)
    }
    fn allocated_pages(&self) -> usize {
        0
    }
    fn max_pages(&self) -> usize {
        10
    }
    fn bytes(&mut self, _: NonNull<u8>, _: usize) -> Option<&mut [u8]> {
        (!self.0.is_empty()).then_some(&mut self.0)
    }
}

#[test]
fn a_wrong_port_is_an_error() {
    for lends in [0, 100] {
        assert_eq!(Region::new(Liar(vec![0; lends]), 1, None).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let mut region = Region::new(Liar(Vec::new()), 0, None).unwrap();
    assert_eq!(region.grow(1).unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(region.as_mut_slice().is_empty());
}

#[test]
fn a_loan_is_with_one_at_a_time() {
    let loan = Loan::new(String::from("one"));
    let value = loan.take().unwrap();
    assert!(loan.take().is_none());
    loan.put(value).unwrap();
    assert_eq!(loan.put("two".into()).unwrap_err(), "two", "it is here already");
    // Threads that fight for it: nobody has it twice, nothing is lost.
    let loan = Loan::new(0);
    let wins: usize = std::thread::scope(|s| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                s.spawn(|| {
                    let mut wins = 0;
                    for _ in 0..if cfg!(miri) { 50 } else { 100_000 } {
                        if let Some(n) = loan.take() {
                            loan.put(n + 1).unwrap();
                            wins += 1;
                        }
                    }
                    wins
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(loan.take(), Some(wins));
}
