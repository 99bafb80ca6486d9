// SPDX-License-Identifier: MIT
//! Strings in a hash map of the standard library: words of a text are counted and sorted by number.

use std::collections::HashMap;

const SYLLABLES: [&str; 16] = ["ta", "ri", "mo", "ne", "lu", "ka", "so", "be", "vi", "do", "pa", "ge", "fu", "li", "wa", "ze"];

fn random(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1664525).wrapping_add(1013904223);
    *state >> 10
}

fn text(state: &mut u32) -> String {
    let mut text = String::new();
    for _ in 0..200 {
        // Short words are frequent.
        let r = random(state);
        for k in 0..1 + (r & r >> 2 & 3) {
            text.push_str(SYLLABLES[(r >> (4 + k * 4)) as usize % if k == 0 { 6 } else { 16 }]);
        }
        text.push_str(if r & 0x700 == 0 { ", " } else { " " });
    }
    text
}

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let (mut state, mut sum) = (n as u32, 0u64);
    for _ in 0..n {
        let text = text(&mut state);
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in text.split([' ', ',']).filter(|w| !w.is_empty()) {
            *counts.entry(word).or_default() += 1;
        }
        let mut sorted: Vec<_> = counts.into_iter().collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        for (rank, (word, count)) in sorted.iter().take(10).enumerate() {
            sum = sum.wrapping_mul(31).wrapping_add(u64::from(*count) * word.len() as u64 + rank as u64 + u64::from(word.as_bytes()[0]));
        }
    }
    sum as i64
}
