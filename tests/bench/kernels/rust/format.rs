// SPDX-License-Identifier: MIT
//! Numbers to text and back, as programs that print have it: `format!`, `parse`, padding, hexadecimal, floats.

use std::fmt::Write;

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let (mut state, mut sum, mut line) = (n as u32 | 1, 0u64, String::new());
    for round in 0..n {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        line.clear();
        let part = f64::from(state % 100_000) / 64.0;
        if write!(line, "{round:>6} {state:#010x} {part:.3} {:<8}|{:e}", state as i32, f64::from(state)).is_err() {
            return -1;
        }
        for word in line.split_whitespace() {
            let value = match word.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).unwrap_or(1),
                None => match word.trim_end_matches('|').parse::<i64>() {
                    Ok(value) => value as u64,
                    Err(_) => word.parse::<f64>().map_or(word.len() as u64, f64::to_bits),
                },
            };
            sum = (sum ^ value).wrapping_mul(0x9e3779b97f4a7c15).rotate_left(23);
        }
    }
    sum as i64
}
