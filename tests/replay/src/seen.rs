// SPDX-License-Identifier: MIT
//! What can be seen of a run, in words that all engines use.

/// The end of one call.
#[derive(PartialEq, Debug, Clone)]
pub enum Seen {
    /// It came back; its results, or at the end of a run the state of everything exported.
    Results(Vec<String>),
    /// It trapped, for this cause, in the words of [`wrt_foundation::Trap`]; "trap" where an engine does not say.
    Trapped(String),
    /// Stack, heap, memory or fuel is used up: each engine has its own limits, so nothing after it is compared.
    Limit,
}

/// How numbers are shown.
#[derive(Clone, Copy, Default)]
pub struct Show {
    /// Every NaN is the same, also one whose bits an integer has.
    pub any_nan: bool,
    /// The causes of traps are not compared.
    pub any_trap: bool,
}

impl Show {
    /// A number of `bits`.
    pub fn number(self, ty: &str, bits: u64) -> String {
        let nan = match ty {
            "i32" | "f32" => f32::from_bits(bits as u32).is_nan(),
            "i64" => f64::from_bits(bits).is_nan() || f32::from_bits(bits as u32).is_nan(),
            "f64" => f64::from_bits(bits).is_nan(),
            _ => false,
        };
        if nan && self.any_nan { format!("{ty} nan") } else { format!("{ty} {bits:x}") }
    }
    /// A vector: any of its lanes may be a NaN of either width.
    pub fn vector(self, v: u128) -> String {
        let nan = (0..4).any(|i| f32::from_bits((v >> (32 * i)) as u32).is_nan())
            || (0..2).any(|i| f64::from_bits((v >> (64 * i)) as u64).is_nan());
        if nan && self.any_nan { "v128 nan".into() } else { format!("v128 {v:x}") }
    }
    /// A trap.
    pub fn trap(self, cause: &str) -> Seen {
        Seen::Trapped(if self.any_trap { "trap" } else { cause }.into())
    }
}

/// A reference: null, a 31-bit integer, or anything else.
pub fn reference(null: bool, i31: Option<i32>) -> String {
    match i31 {
        _ if null => "null".into(),
        Some(n) => format!("i31 {n}"),
        None => "ref".into(),
    }
}

/// The bytes of a memory.
pub fn memory(bytes: &[u8]) -> String {
    let h = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    format!("memory {} {h:x}", bytes.len())
}

/// What is compared of two runs: both up to the first limit of either, and if `state` what is left at the end too.
pub fn same<'a>(a: &'a [Seen], b: &'a [Seen], state: bool) -> Result<(), (&'a [Seen], &'a [Seen])> {
    let limit = |s: &[Seen]| s.iter().position(|s| *s == Seen::Limit).unwrap_or(usize::MAX);
    let end = if state { usize::MAX } else { b.len().saturating_sub(1) };
    let n = limit(a).min(limit(b)).min(end);
    let (a, b) = (&a[..a.len().min(n)], &b[..b.len().min(n)]);
    if a == b { Ok(()) } else { Err((a, b)) }
}

/// An argument number `i` of type `ty`, in bits: mostly small, sometimes at an edge.
pub fn argument(ty: &str, i: usize, seed: u64) -> u64 {
    let mut random = crate::random::Random(seed.wrapping_mul(31).wrapping_add(i as u64));
    let pick = random.next();
    match (ty, pick % 8) {
        ("f32", _) => [0, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0x4f00_0000][(pick >> 8) as usize % 5],
        ("f64", _) => [0, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000, 0x43e0_0000_0000_0000][(pick >> 8) as usize % 4],
        (_, 0..=3) => (pick >> 8) % 16,
        (_, 4) => u64::MAX,
        (_, 5) => (pick >> 8) % 0x10000,
        ("i64", 6) => 1 << 63,
        (_, 6) => 0x8000_0000,
        _ => random.next(),
    }
}

/// A short text that is the same for runs that look the same.
pub fn fingerprint(seen: &[Seen]) -> String {
    let text = format!("{seen:?}");
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)))
}
