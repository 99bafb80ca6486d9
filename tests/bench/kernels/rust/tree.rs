// SPDX-License-Identifier: MIT
//! Ordered maps: keys are inserted, ranged over and removed in a B-tree of the standard library.

use std::collections::BTreeMap;

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let (mut state, mut sum) = (n as u64 | 1, 0u64);
    let mut map: BTreeMap<u32, u64> = BTreeMap::new();
    for round in 0..n as u64 {
        for _ in 0..32 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let key = (state >> 40) as u32 % 4096;
            match state >> 33 & 3 {
                0 | 1 => *map.entry(key).or_insert(round) += state >> 60,
                2 => sum = sum.wrapping_add(map.remove(&key).unwrap_or(7)),
                _ => sum = map.range(key..key + 64).take(8).fold(sum, |sum, (k, v)| sum.wrapping_mul(31).wrapping_add(u64::from(*k) ^ v)),
            }
        }
    }
    sum.wrapping_mul(31).wrapping_add(map.len() as u64) as i64
}
