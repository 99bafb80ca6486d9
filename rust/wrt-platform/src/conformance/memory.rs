// SPDX-License-Identifier: MIT
//! Rules of a [`PageAllocator`]. Each function takes one that has nothing allocated and at least four pages to give, and
//! leaves it so.

use super::Random;
use crate::{ErrorKind, PageAllocator, Protection, WASM_PAGE_SIZE, WrtResult};
use core::ptr::NonNull;

const PAGE: usize = WASM_PAGE_SIZE;

/// All rules, and 200 random operations.
pub fn all(a: &mut dyn PageAllocator) {
    properties(a);
    blocks(a);
    growth(a);
    refusal(a);
    region(a);
    protection(a);
    model(a, 1, 200);
}

fn assert_zero(bytes: &[u8]) {
    const ZEROS: [u8; 1024] = [0; 1024];
    for (i, part) in bytes.chunks(ZEROS.len()).enumerate() {
        assert!(part == &ZEROS[..part.len()], "fresh pages are zero: not in the 1024 bytes from {}", i * ZEROS.len());
    }
}

fn assert_kind<T>(result: WrtResult<T>, kind: ErrorKind, what: &str) {
    match result {
        Ok(_) => panic!("{what} has to be refused"),
        Err(e) => assert_eq!(e.kind(), kind, "{what}: {e}"),
    }
}

/// The bytes of a block, which have to be there.
fn bytes(a: &mut dyn PageAllocator, ptr: NonNull<u8>, pages: usize) -> &mut [u8] {
    let bytes = a.bytes(ptr, pages).expect("bytes() lends an open block");
    assert_eq!(bytes.len(), pages * PAGE);
    assert_eq!(bytes.as_ptr(), ptr.as_ptr().cast_const(), "the slice begins where the block does");
    bytes
}

/// Alignment and limits make sense.
pub fn properties(a: &mut dyn PageAllocator) {
    let p = a.properties();
    assert!(p.alignment.is_power_of_two() && p.alignment >= 16, "{p:?}");
    assert!(p.protect_granule == 0 || p.protect_granule.is_power_of_two() && p.protect_granule <= PAGE, "{p:?}");
    assert!(a.max_pages() >= 4, "this suite needs four pages");
    assert_eq!(a.allocated_pages(), 0, "nothing is allocated when a rule begins");
}

/// A block is aligned, zero, counted, apart from others, and zero again when it comes back.
pub fn blocks(a: &mut dyn PageAllocator) {
    let alignment = a.properties().alignment;
    for round in 0..2 {
        let one = a.allocate_pages(1).unwrap();
        assert_eq!((one.addr().get() % alignment, a.allocated_pages()), (0, 1));
        assert_zero(bytes(a, one, 1));
        bytes(a, one, 1).fill(0xa5);
        match a.allocate_pages(2) {
            Ok(two) => {
                assert_eq!((two.addr().get() % alignment, a.allocated_pages()), (0, 3));
                let (x, y) = (one.addr().get(), two.addr().get());
                assert!(x + PAGE <= y || y + 2 * PAGE <= x, "blocks overlap: {x:#x} and {y:#x}");
                assert_zero(bytes(a, two, 2));
                bytes(a, two, 2).fill(0x5a);
                assert!(bytes(a, one, 1).iter().step_by(61).all(|b| *b == 0xa5), "another block was written");
                a.deallocate_pages(two, 2).unwrap();
                assert!(a.bytes(two, 2).is_none(), "what was given back is not lent");
            }
            // A port may have one block only.
            Err(e) => assert_eq!(e.kind(), ErrorKind::Memory, "{e}"),
        }
        assert_eq!(a.allocated_pages(), 1, "round {round}");
        assert!(bytes(a, one, 1).iter().step_by(61).all(|b| *b == 0xa5));
        a.deallocate_pages(one, 1).unwrap();
        assert_eq!(a.allocated_pages(), 0);
    }
}

/// Growth keeps what was there, adds zeros, counts; in place if the allocator says so.
pub fn growth(a: &mut dyn PageAllocator) {
    let mut at = a.allocate_pages(1).unwrap();
    for pages in 1..4 {
        bytes(a, at, pages)[(pages - 1) * PAGE..].fill(pages as u8);
        let grown = a.grow_pages(at, pages, pages + 1).unwrap();
        if grown != at {
            assert!(a.bytes(at, 1).is_none(), "the old place is no block any more");
        }
        at = grown;
        assert_eq!((at.addr().get() % a.properties().alignment, a.allocated_pages()), (0, pages + 1));
        assert_zero(&bytes(a, at, pages + 1)[pages * PAGE..]);
        for p in 0..pages {
            let page = &bytes(a, at, pages + 1)[p * PAGE..(p + 1) * PAGE];
            assert!(page.iter().step_by(61).chain(page.last()).all(|b| *b == p as u8 + 1), "page {p} of {pages} has changed");
        }
    }
    assert_eq!(a.grow_pages(at, 4, 4).unwrap(), at, "growing by nothing");
    a.deallocate_pages(at, 4).unwrap();
    assert_eq!(a.allocated_pages(), 0);

    if a.properties().grow_in_place {
        let (at, size) = a.allocate(1, Some(4)).unwrap();
        assert_eq!((size, a.allocated_pages()), (PAGE, 1), "room that is only reserved does not count");
        bytes(a, at, 1).fill(7);
        assert_eq!(a.grow_pages(at, 1, 4).unwrap(), at, "up to its maximum a region stays where it is");
        assert_zero(&bytes(a, at, 4)[PAGE..]);
        bytes(a, at, 4).fill(8);
        a.deallocate(at, 4 * PAGE).unwrap();
        let (at, _) = a.allocate(0, Some(4)).unwrap();
        assert_eq!((bytes(a, at, 0).len(), a.allocated_pages()), (0, 0));
        assert_eq!(a.grow(0, 4).unwrap(), 0);
        assert_zero(bytes(a, at, 4));
        a.deallocate(at, 4 * PAGE).unwrap();
    }
}

/// What is beyond the limit or no block is refused, and the refusal changes nothing.
pub fn refusal(a: &mut dyn PageAllocator) {
    use ErrorKind::{Memory, Usage};
    let max = a.max_pages();
    assert_kind(a.allocate_pages(0), Usage, "a block of no pages");
    for pages in [max + 1, usize::MAX / PAGE, usize::MAX / PAGE + 1, usize::MAX] {
        assert_kind(a.allocate_pages(pages), Memory, "a block above the limit");
        assert_eq!(a.allocated_pages(), 0);
    }
    let one = a.allocate_pages(1).unwrap();
    bytes(a, one, 1).fill(0xee);
    for pages in [max, max + 1, usize::MAX] {
        assert_kind(a.allocate_pages(pages), Memory, "more than is left");
    }
    for pages in [max + 1, usize::MAX] {
        assert_kind(a.grow_pages(one, 1, pages), Memory, "growth above the limit");
    }
    assert_kind(a.grow_pages(one, 1, 0), Usage, "shrinking");
    assert_kind(a.grow_pages(one, 2, 3), Usage, "growth of a block of another size");
    assert_kind(a.deallocate_pages(one, 2), Usage, "more pages than the block has");
    assert_kind(a.deallocate_pages(one, 0), Usage, "fewer pages than the block has");
    let foreign = NonNull::from(&mut 0u8);
    assert_kind(a.deallocate_pages(foreign, 1), Usage, "what is no block");
    assert_kind(a.grow_pages(foreign, 1, 2), Usage, "growth of what is no block");
    let inside = NonNull::new(one.as_ptr().wrapping_add(16)).unwrap_or(foreign);
    assert_kind(a.deallocate_pages(inside, 1), Usage, "an address inside of a block");
    assert!(a.bytes(foreign, 1).is_none() && a.bytes(inside, 1).is_none(), "no bytes of what is no block");
    assert!(a.bytes(one, 2).is_none(), "no bytes beyond the block");
    assert_eq!(a.allocated_pages(), 1, "refusals are not counted");
    assert!(bytes(a, one, 1).iter().step_by(61).all(|b| *b == 0xee), "a refusal has written");
    a.deallocate_pages(one, 1).unwrap();
    assert_kind(a.deallocate_pages(one, 1), Usage, "giving back twice");
    assert!(a.bytes(one, 1).is_none());
}

/// The four methods for one region.
pub fn region(a: &mut dyn PageAllocator) {
    use ErrorKind::{Memory, Usage};
    assert_kind(a.allocate(2, Some(1)), Usage, "a maximum below the initial size");
    assert_kind(a.allocate(0, None), Usage, "a region of no pages");
    assert_kind(a.allocate(1, Some(u32::MAX)), Memory, "a maximum above the limit");
    assert_eq!(a.allocated_pages(), 0);
    let (at, size) = a.allocate(1, Some(3)).unwrap();
    assert_eq!((size, at.addr().get() % a.properties().alignment), (PAGE, 0));
    assert_zero(bytes(a, at, 1));
    bytes(a, at, 1).fill(3);
    assert_eq!(a.grow(1, 2).unwrap(), 1);
    assert!(bytes(a, at, 3)[..PAGE].iter().step_by(61).all(|b| *b == 3));
    assert_zero(&bytes(a, at, 3)[PAGE..]);
    assert_eq!(a.grow(3, 0).unwrap(), 3);
    for (have, more) in [(3, 1), (3, u32::MAX), (2, 1)] {
        if have == 3 || a.properties().grow_in_place {
            assert!(a.grow(have, more).is_err(), "grow({have}, {more})");
        }
    }
    assert_eq!(a.allocated_pages(), 3);
    a.deallocate(at, 3 * PAGE).unwrap();
    assert_eq!(a.allocated_pages(), 0);
}

/// `protect` does what it says or says that it cannot. Whether a forbidden access faults, a port tests for itself.
pub fn protection(a: &mut dyn PageAllocator) {
    let granule = a.properties().protect_granule;
    let (at, _) = a.allocate(2, Some(4)).unwrap();
    bytes(a, at, 2).fill(9);
    if granule == 0 {
        for p in [Protection::None, Protection::Read, Protection::ReadWrite] {
            assert_kind(a.protect(0, PAGE, p), ErrorKind::Unsupported, "protection");
        }
    } else {
        for p in [Protection::None, Protection::Read] {
            a.protect(PAGE, PAGE, p).unwrap();
            assert!(a.bytes(at, 2).is_none(), "bytes that may not be written are not lent");
            assert_eq!(a.bytes(at, 1).map(|b| b.len()), Some(PAGE), "what is in front of them is");
            a.protect(PAGE, PAGE, Protection::ReadWrite).unwrap();
            assert!(bytes(a, at, 2).iter().step_by(61).all(|b| *b == 9), "protection keeps contents");
        }
        for (offset, size) in [(1, granule), (0, granule + 1), (0, 5 * PAGE), (usize::MAX - granule + 1, granule)] {
            assert_kind(a.protect(offset, size, Protection::None), ErrorKind::Usage, "protection of odd places");
        }
        assert_kind(a.protect(2 * PAGE, PAGE, Protection::ReadWrite), ErrorKind::Usage, "access beyond the size");
        a.protect(3 * PAGE, PAGE, Protection::None).unwrap();
        assert_eq!(a.grow(2, 1).unwrap(), 2);
        assert_kind(a.grow(3, 1), ErrorKind::Usage, "growth over a protected page");
        assert_zero(&bytes(a, at, 3)[2 * PAGE..]);
        a.deallocate(at, 3 * PAGE).unwrap();
        return assert_eq!(a.allocated_pages(), 0);
    }
    let pages = a.allocated_pages(); // the default of `allocate` takes the maximum
    a.deallocate(at, if a.properties().grow_in_place { 2 } else { pages } * PAGE).unwrap();
    assert_eq!(a.allocated_pages(), 0);
}

/// Random operations next to a model: which blocks there are, what is in them, how many pages that is.
pub fn model(a: &mut dyn PageAllocator, seed: u64, steps: usize) {
    /// Where, pages, what its bytes are.
    type Block = (NonNull<u8>, usize, u8);
    const STRIDE: usize = 4093;
    let mut random = Random::new(seed);
    let mut blocks: [Option<Block>; 4] = [None; 4];
    let limit = a.max_pages().min(12);
    for step in 0..steps {
        let have: usize = blocks.iter().flatten().map(|b| b.1).sum();
        let slot = random.below(blocks.len());
        let stamp = step as u8 | 1;
        blocks[slot] = match blocks[slot] {
            None => {
                let pages = 1 + random.below(limit);
                match a.allocate_pages(pages) {
                    Ok(at) => {
                        assert!(have + pages <= a.max_pages(), "step {step}: above the limit");
                        assert_zero(bytes(a, at, pages));
                        Some((at, pages, stamp))
                    }
                    Err(e) => {
                        assert_eq!(e.kind(), ErrorKind::Memory, "step {step}: {e}");
                        assert!(have > 0 || pages > a.max_pages(), "step {step}: an empty allocator gives {pages} pages");
                        None
                    }
                }
            }
            Some((at, pages, was)) if random.below(2) == 0 => {
                let new = pages + random.below(3);
                match a.grow_pages(at, pages, new) {
                    Ok(at) => {
                        assert!(have - pages + new <= a.max_pages(), "step {step}: above the limit");
                        assert_zero(&bytes(a, at, new)[pages * PAGE..]);
                        assert!(bytes(a, at, pages).iter().step_by(STRIDE).all(|b| *b == was), "step {step}: growth has changed bytes");
                        Some((at, new, stamp))
                    }
                    Err(e) => {
                        assert_eq!(e.kind(), ErrorKind::Memory, "step {step}: {e}");
                        assert!(new > pages, "step {step}: growing by nothing");
                        Some((at, pages, was))
                    }
                }
            }
            Some((at, pages, _)) => {
                a.deallocate_pages(at, pages).unwrap();
                None
            }
        };
        if let Some((at, pages, s)) = blocks[slot]
            && s == stamp
        {
            bytes(a, at, pages).fill(stamp);
        }
        assert_eq!(a.allocated_pages(), blocks.iter().flatten().map(|b| b.1).sum::<usize>(), "step {step}");
        for (at, pages, stamp) in blocks.into_iter().flatten() {
            let have = bytes(a, at, pages);
            assert!(have.iter().step_by(STRIDE).chain(have.last()).all(|b| *b == stamp), "step {step}: another block was written");
        }
    }
    for (at, pages, _) in blocks.into_iter().flatten() {
        a.deallocate_pages(at, pages).unwrap();
    }
    assert_eq!(a.allocated_pages(), 0);
}
