// SPDX-License-Identifier: MIT
//! Linear memories that several threads use at once, each with a store of its own (spec: threads proposal).
//!
//! A [`SharedMem`] is words, all of them atomics, so nothing here can be undefined, whatever guests do. Plain accesses are
//! relaxed; they may tear where the specification lets them, and narrow stores leave their neighbours alone.
//!
//! **64-bit atomics** are two words, and one location cannot be accessed with two sizes in safe Rust. So once a module
//! that uses them is linked to the memory, every *atomic* access takes its lock, of whatever width; plain ones never do.
//! The lock is held for a few instructions; who does not get it at once leaves the loop ([`crate::Exit::Contended`]),
//! because on one core its holder may be a thread of lower priority. Link such modules before guests use the memory: an
//! atomic access that is under way at that moment has not taken the lock.
//!
//! **Growth** only raises the length. All words that there can be exist from the start and are zero.

use crate::atomic::compute;
use crate::image::{Limit, MemoryType};
use crate::stack::{Registers, copy, register};
use crate::store::{Declared, MemSlot};
use crate::waiters::Waiters;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};
use wrt_foundation::Trap;
use wrt_instructions::table::atomic::Kind;

/// Bytes that are copied between two places at once.
const PIECE: usize = 64;
/// Tries to get the lock.
const SPINS: u32 = 128;

/// A memory that threads share: its words, and what all of them have to agree on.
#[derive(Debug)]
pub struct SharedMem<'m> {
    words: Words<'m>,
    /// Length in bytes.
    len: AtomicUsize,
    /// 1: somebody is in an atomic access that takes the lock.
    lock: AtomicU32,
    /// 1: atomic accesses take the lock.
    wide: AtomicU32,
    waiters: Waiters,
    pub(crate) declared: Declared,
}

#[derive(Debug)]
enum Words<'m> {
    Lent(&'m [AtomicU32]),
    #[cfg(feature = "alloc")]
    Own(alloc::boxed::Box<[AtomicU32]>),
}

/// A store's hold on a [`SharedMem`].
#[derive(Clone, Debug)]
pub enum SharedRef<'m> {
    /// Lent by the caller.
    Lent(&'m SharedMem<'m>),
    /// Counted.
    #[cfg(feature = "alloc")]
    Counted(alloc::sync::Arc<SharedMem<'static>>),
}

impl<'m> core::ops::Deref for SharedRef<'m> {
    type Target = SharedMem<'m>;
    fn deref(&self) -> &SharedMem<'m> {
        match self {
            SharedRef::Lent(memory) => memory,
            #[cfg(feature = "alloc")]
            SharedRef::Counted(memory) => memory,
        }
    }
}

/// The lock is somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contended;

/// Unlocks when it is dropped.
struct Held<'a>(&'a AtomicU32);
impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store(0, Release);
    }
}

/// Bytes that such a memory has at first, and at most; `None`: it has no maximum, or sizes that no address reaches.
pub(crate) fn sizes(ty: &MemoryType) -> Option<(usize, usize)> {
    let bytes = |pages: Limit| MemSlot::bytes_of(pages, ty.page_log2, ty.is64);
    let first = bytes(ty.min)?;
    let most = bytes(ty.max?).unwrap_or(usize::MAX);
    (first <= most).then_some((first, most))
}

impl<'m> SharedMem<'m> {
    fn with(words: Words<'m>, ty: &MemoryType, first: usize) -> SharedMem<'m> {
        let declared = Declared::new(ty.is64, ty.max, ty.page_log2);
        let word = || AtomicU32::new(0);
        SharedMem { words, len: AtomicUsize::new(first), lock: word(), wide: word(), waiters: Waiters::unknown(), declared }
    }

    /// A memory of type `ty` in the caller's words, which are set to zero: all that it can ever grow to. `None` when they
    /// are fewer than its first pages, or it has no maximum.
    pub fn new(words: &'m [AtomicU32], ty: &MemoryType) -> Option<SharedMem<'m>> {
        let (first, _) = sizes(ty)?;
        if first.div_ceil(4) > words.len() {
            return None;
        }
        words.iter().for_each(|word| word.store(0, Relaxed));
        Some(SharedMem::with(Words::Lent(words), ty, first))
    }

    /// A memory of type `ty` with words of its own: as many as it may grow to, but not more than `limit` bytes beyond its
    /// first ones. `None` when the allocator has no room, or it has no maximum.
    #[cfg(feature = "alloc")]
    pub fn owned(ty: &MemoryType, limit: usize) -> Option<SharedMem<'static>> {
        let (first, most) = sizes(ty)?;
        let n = most.min(first.max(limit)).div_ceil(4);
        // Zeros from the allocator become atomics where they are, and optimized code does not touch them: 2 GiB take 6 us.
        let words = wrt_foundation::buf::zeroed::<u32>(n)?.into_iter().map(AtomicU32::new).collect();
        Some(SharedMem::with(Words::Own(words), ty, first))
    }

    fn words(&self) -> &[AtomicU32] {
        match &self.words {
            Words::Lent(words) => words,
            #[cfg(feature = "alloc")]
            Words::Own(words) => words,
        }
    }

    /// Its length in bytes. It may be more a moment later, never less.
    pub fn len(&self) -> usize {
        self.len.load(Acquire)
    }
    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Its length in pages.
    pub fn pages(&self) -> u32 {
        self.len().checked_shr(self.declared.page_log2.into()).unwrap_or(0) as u32
    }
    /// Most pages, as declared.
    pub fn max(&self) -> Option<Limit> {
        self.declared.max()
    }
    /// Adds pages; the number before, or `None` when it cannot have so many.
    pub fn grow(&self, delta: u32) -> Option<u32> {
        let Declared { is64, page_log2, .. } = self.declared;
        let most = self.declared.max().unwrap_or(0);
        let larger = |len: usize| {
            let pages = Limit::from(delta).checked_add(len.checked_shr(page_log2.into())? as Limit).filter(|n| *n <= most)?;
            MemSlot::bytes_of(pages, page_log2, is64).filter(|n| n.div_ceil(4) <= self.words().len())
        };
        let old = self.len.fetch_update(AcqRel, Acquire, larger).ok()?;
        old.checked_shr(page_log2.into()).map(|pages| pages as u32)
    }
    /// A number that tells the byte at `at` from all others of this process: what threads that wait there have in common.
    pub fn key(&self, at: usize) -> Option<u64> {
        let word = self.words().get(at / 4)?;
        Some((core::ptr::from_ref(word).addr() as u64).wrapping_add(at as u64 & 3))
    }
    /// From now on atomic accesses take the lock.
    pub(crate) fn widen(&self) {
        self.wide.store(1, SeqCst);
    }

    // ---- plain accesses ----------------------------------------------------------------------------------------

    /// Whether `n` bytes from `at` on are inside.
    fn inside(&self, at: usize, n: usize) -> bool {
        at.checked_add(n).is_some_and(|end| end <= self.len())
    }
    /// `n` bytes from `at` on, up to eight.
    #[inline]
    fn load(&self, at: usize, n: usize) -> Option<u64> {
        if !self.inside(at, n) {
            return None;
        }
        let mut words = self.words().get(at / 4..)?.iter();
        let mut next = || words.next().map(|word| u64::from(word.load(Relaxed)));
        let mut have = 4usize.wrapping_sub(at % 4);
        let mut v = next()?.wrapping_shr((at % 4 * 8) as u32);
        while have < n {
            v |= next()?.wrapping_shl((have as u32).wrapping_mul(8));
            have = have.wrapping_add(4);
        }
        Some(v)
    }
    /// The low `n` bytes of `v`, up to eight, to `at`.
    #[inline]
    fn store(&self, at: usize, n: usize, v: u64) -> Option<()> {
        if !self.inside(at, n) {
            return None;
        }
        let (mut at, mut n, mut v) = (at, n, v);
        while n > 0 {
            let word = self.words().get(at / 4)?;
            let (shift, part) = ((at % 4 * 8) as u32, n.min(4usize.wrapping_sub(at % 4)));
            if part == 4 {
                word.store(v as u32, Relaxed);
            } else {
                let mask = (1u32 << part.wrapping_mul(8)).wrapping_sub(1) << shift;
                let bits = (v as u32) << shift & mask;
                let _ = word.fetch_update(Relaxed, Relaxed, |old| Some(old & !mask | bits));
            }
            v = v.wrapping_shr((part as u32).wrapping_mul(8));
            (at, n) = (at.wrapping_add(part), n.wrapping_sub(part));
        }
        Some(())
    }

    /// The load or store whose word is `w`, of the bytes from `at` on.
    pub(crate) fn plain(&self, fr: &mut impl Registers, w: u32, at: usize) -> Result<(), Trap> {
        const OUT: Trap = Trap::MemoryOutOfBounds;
        let (a, op) = (register(w >> 8), w as u8);
        let n = match op {
            0x2c | 0x2d | 0x30 | 0x31 | 0x3a => 1,
            0x2e | 0x2f | 0x32 | 0x33 | 0x3b => 2,
            0x29 | 0x2b | 0x37 | 0x39 => 8,
            0x28..=0x3b => 4,
            _ => return Err(Trap::BadImage),
        };
        if op >= 0x36 {
            return self.store(at, n, fr.cell64(a)).ok_or(OUT);
        }
        let v = self.load(at, n).ok_or(OUT)?;
        let free = 64u32.wrapping_sub((n as u32).wrapping_mul(8));
        let v = match op {
            0x2c | 0x2e | 0x30 | 0x32 | 0x34 => (v.wrapping_shl(free) as i64).wrapping_shr(free) as u64,
            _ => v.wrapping_shl(free).wrapping_shr(free),
        };
        match op {
            0x29 | 0x2b | 0x30..=0x35 => fr.set_cell64(a, v),
            _ => fr.set_cell(a, v as u32),
        }
        Ok(())
    }

    /// Copies the bytes from `at` on out of it; `None`: out of bounds.
    pub fn read_into(&self, at: usize, to: &mut [u8]) -> Option<()> {
        if !self.inside(at, to.len()) {
            return None;
        }
        let mut at = at;
        let mut rest = to;
        while !rest.is_empty() {
            let n = rest.len().min(4usize.wrapping_sub(at % 4));
            let bytes = self.load(at, n)?.to_le_bytes();
            let (part, behind) = core::mem::take(&mut rest).split_at_mut_checked(n)?;
            copy(part, &bytes);
            (rest, at) = (behind, at.wrapping_add(n));
        }
        Some(())
    }
    /// Copies bytes into it, from `at` on; `None`: out of bounds, and nothing is copied.
    pub fn write_from(&self, at: usize, from: &[u8]) -> Option<()> {
        if !self.inside(at, from.len()) {
            return None;
        }
        let mut at = at;
        let mut rest = from;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at_checked(rest.len().min(4usize.wrapping_sub(at % 4)))?;
            let v = part.iter().rev().fold(0, |v, byte| v << 8 | u64::from(*byte));
            self.store(at, part.len(), v)?;
            (rest, at) = (behind, at.wrapping_add(part.len()));
        }
        Some(())
    }
    /// Sets `n` bytes from `at` on; `None`: out of bounds, and none is set.
    pub fn fill(&self, at: usize, byte: u8, n: usize) -> Option<()> {
        self.pieces(at, n, false, |at, part| self.write_from(at, [byte; PIECE].get(..part)?))
    }
    /// Copies `n` bytes within it, which may overlap; `None`: out of bounds, and nothing is copied.
    pub fn copy(&self, from: usize, to: usize, n: usize) -> Option<()> {
        self.copy_from(to, self, from, n)
    }
    /// Copies `n` bytes to `to` of this memory from `from` of `other`, which may be this one.
    pub(crate) fn copy_from(&self, to: usize, other: &SharedMem<'_>, from: usize, n: usize) -> Option<()> {
        if !other.inside(from, n) {
            return None;
        }
        self.pieces(to, n, from < to, |at, part| {
            let mut buffer = [0; PIECE];
            let buffer = buffer.get_mut(..part)?;
            other.read_into(from.wrapping_add(at.wrapping_sub(to)), buffer)?;
            self.write_from(at, buffer)
        })
    }
    /// Pieces of `n` bytes from `at` on, the last one first if `back`.
    fn pieces(&self, at: usize, n: usize, back: bool, mut with: impl FnMut(usize, usize) -> Option<()>) -> Option<()> {
        if !self.inside(at, n) {
            return None;
        }
        let mut rest = n;
        while rest > 0 {
            let part = rest.min(PIECE);
            let done = if back { rest.wrapping_sub(part) } else { n.wrapping_sub(rest) };
            with(at.wrapping_add(done), part)?;
            rest = rest.wrapping_sub(part);
        }
        Some(())
    }

    // ---- atomic accesses ---------------------------------------------------------------------------------------

    fn locked(&self) -> Result<Held<'_>, Contended> {
        for _ in 0..SPINS {
            if self.lock.compare_exchange_weak(0, 1, Acquire, Relaxed).is_ok() {
                return Ok(Held(&self.lock));
            }
            spin_loop();
        }
        Err(Contended)
    }

    /// Access of `kind` to the `1 << log2` bytes at `at`, which is aligned; the value before. `None`: out of bounds.
    pub(crate) fn atomic(&self, at: usize, kind: Kind, log2: u8, x: u64, y: u64) -> Result<Option<u64>, Contended> {
        let n = 1usize.wrapping_shl(log2.into());
        let Some(words) = self.words().get(at / 4..).filter(|_| self.inside(at, n)) else { return Ok(None) };
        if n == 8 {
            let [low, high, ..] = words else { return Ok(None) };
            let _held = self.locked()?;
            let old = u64::from(low.load(SeqCst)) | u64::from(high.load(SeqCst)) << 32;
            if let Some(new) = compute(kind, old, x, y) {
                low.store(new as u32, SeqCst);
                high.store((new >> 32) as u32, SeqCst);
            }
            return Ok(Some(old));
        }
        let Some(word) = words.first() else { return Ok(None) };
        let _held = if self.wide.load(SeqCst) != 0 { Some(self.locked()?) } else { None };
        let shift = (at % 4 * 8) as u32;
        let mask = u32::MAX >> 32u32.wrapping_sub((n as u32).wrapping_mul(8));
        let old = word.fetch_update(SeqCst, SeqCst, |all| {
            let new = compute(kind, (all >> shift & mask).into(), x, y)? as u32;
            Some(all & !(mask << shift) | (new & mask) << shift)
        });
        let (Ok(all) | Err(all)) = old;
        Ok(Some((all >> shift & mask).into()))
    }

    /// Has its notifications leave the loop only while somebody may wait. Whoever serves waits on it, in any store, calls
    /// [`SharedMem::will_wait`] and [`SharedMem::waited`] around each.
    #[must_use]
    pub fn with_counted_waits(self) -> Self {
        SharedMem { waiters: Waiters::counted(), ..self }
    }
    /// Before a wait compares the value.
    pub fn will_wait(&self) {
        self.waiters.enter();
    }
    /// After it has ended: once for each `will_wait`.
    pub fn waited(&self) {
        self.waiters.leave();
    }
    /// Whether there is nobody whom a notification could wake.
    pub(crate) fn has_no_waiter(&self) -> bool {
        self.waiters.none()
    }

    /// Whether the 4 bytes at `at`, or 8 if `wide`, are `expected` now: what a wait asks under the lock of the table that
    /// it waits in. It never blocks.
    pub fn holds(&self, at: usize, wide: bool, expected: u64) -> bool {
        // A 64-bit access that is under way is followed by its notification, which needs the table's lock.
        let _held = if wide { self.locked().ok() } else { None };
        let Some([low, rest @ ..]) = self.words().get(at / 4..) else { return false };
        let high = match rest.first() {
            Some(high) if wide => high.load(SeqCst),
            _ => 0,
        };
        u64::from(low.load(SeqCst)) | u64::from(high) << 32 == expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros<const N: usize>() -> [AtomicU32; N] {
        [const { AtomicU32::new(7) }; N]
    }
    const BYTES: MemoryType = MemoryType { is64: false, shared: true, page_log2: 0, min: 40, max: Some(60) };

    #[test]
    fn accesses_of_all_sizes_at_all_places() {
        let words = zeros::<15>();
        let m = SharedMem::new(&words, &BYTES).unwrap();
        let mut model = [0u8; 40];
        let mut seed = 1u64;
        for round in 0..400usize {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (n, at) = ([1, 2, 4, 8][round % 4], (seed >> 33) as usize % 44);
            let inside = at + n <= 40;
            assert_eq!(m.store(at, n, seed).is_some(), inside, "{at} {n}");
            if inside {
                model[at..at + n].copy_from_slice(&seed.to_le_bytes()[..n]);
            }
            let mut bytes = [0; 8];
            if let Some(v) = m.load(at, n) {
                bytes[..n].copy_from_slice(&model[at..at + n]);
                let mask = u64::MAX >> (64 - n * 8);
                assert_eq!(v & mask, u64::from_le_bytes(bytes), "{at} {n}");
            } else {
                assert!(!inside);
            }
        }
        let mut all = [0; 40];
        m.read_into(0, &mut all).unwrap();
        assert_eq!(all, model);
    }

    #[test]
    fn bytes_are_moved() {
        let words = zeros::<150>();
        let ty = MemoryType { min: 600, max: Some(600), ..BYTES };
        let m = SharedMem::new(&words, &ty).unwrap();
        let mut model: [u8; 600] = core::array::from_fn(|i| i as u8);
        m.write_from(0, &model).unwrap();
        for (from, to, n) in [(3, 5, 500), (5, 3, 500), (0, 0, 600), (1, 300, 299), (600, 600, 0), (17, 16, 3)] {
            m.copy(from, to, n).unwrap();
            model.copy_within(from..from + n, to);
            let mut all = [0; 600];
            m.read_into(0, &mut all).unwrap();
            assert_eq!(all, model, "{from} {to} {n}");
        }
        m.fill(1, 9, 130).unwrap();
        let mut all = [0; 132];
        m.read_into(0, &mut all).unwrap();
        assert!(all[1..131].iter().all(|b| *b == 9) && all[0] == model[0] && all[131] == model[131]);
        assert_eq!((m.copy(0, 1, 600), m.fill(600, 0, 1), m.write_from(usize::MAX, &[1])), (None, None, None));
    }

    #[test]
    fn it_grows_to_its_words_and_its_maximum() {
        let words = zeros::<13>();
        assert!(SharedMem::new(&words, &MemoryType { max: None, ..BYTES }).is_none(), "it needs a maximum");
        assert!(SharedMem::new(&words[..9], &BYTES).is_none());
        let m = SharedMem::new(&words, &BYTES).unwrap();
        assert_eq!((m.len(), m.pages(), m.load(39, 2)), (40, 40, None));
        assert_eq!((m.grow(12), m.grow(1), m.grow(0), m.load(51, 1)), (Some(40), None, Some(52), Some(0)));
        assert_ne!(m.key(3), m.key(4));
    }

    #[test]
    fn narrow_atomics_leave_their_neighbours_alone() {
        let words = zeros::<10>();
        let m = SharedMem::new(&words, &BYTES).unwrap();
        for wide in [false, true] {
            m.fill(0, 0xff, 16).unwrap();
            if wide {
                m.widen();
            }
            assert_eq!(m.atomic(1, Kind::Add, 0, 3, 0), Ok(Some(0xff)));
            assert_eq!(m.atomic(2, Kind::Exchange, 1, 0x1234_5678, 0), Ok(Some(0xffff)));
            assert_eq!(m.atomic(8, Kind::Sub, 3, 1, 0), Ok(Some(u64::MAX)));
            assert_eq!(m.atomic(12, Kind::CompareExchange, 2, 0xffff_ffff, 5), Ok(Some(0xffff_ffff)));
            assert_eq!(m.atomic(12, Kind::CompareExchange, 2, 0xffff_ffff, 6), Ok(Some(5)));
            assert_eq!((m.load(0, 8), m.load(8, 8)), (Some(0xffff_ffff_5678_02ff), Some(0x5_ffff_fffe)));
            assert!(m.holds(8, true, 0x5_ffff_fffe) && m.holds(12, false, 5) && !m.holds(12, false, 6));
            assert_eq!(m.atomic(40, Kind::Load, 2, 0, 0), Ok(None));
        }
        m.lock.store(1, Relaxed);
        assert_eq!((m.atomic(0, Kind::Load, 2, 0, 0), m.atomic(0, Kind::Load, 3, 0, 0)), (Err(Contended), Err(Contended)));
        assert!(m.holds(12, false, 5));
    }
}
