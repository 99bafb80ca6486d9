// SPDX-License-Identifier: MIT
//! Shortest paths on a grid with a binary heap of the standard library.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

const SIDE: usize = 24;

fn route(cost: &[u8], from: usize) -> Vec<u32> {
    let mut best = vec![u32::MAX; SIDE * SIDE];
    let mut open = BinaryHeap::from([Reverse((0, from))]);
    best[from] = 0;
    while let Some(Reverse((so_far, at))) = open.pop() {
        if so_far > best[at] {
            continue;
        }
        let (x, y) = (at % SIDE, at / SIDE);
        let neighbours = [(x > 0, at.wrapping_sub(1)), (x + 1 < SIDE, at + 1), (y > 0, at.wrapping_sub(SIDE)), (y + 1 < SIDE, at + SIDE)];
        for (_, next) in neighbours.into_iter().filter(|(inside, _)| *inside) {
            let total = so_far + u32::from(cost[next]);
            if total < best[next] {
                best[next] = total;
                open.push(Reverse((total, next)));
            }
        }
    }
    best
}

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let (mut state, mut sum) = (n as u32 | 1, 0u64);
    let mut cost = vec![0u8; SIDE * SIDE];
    for round in 0..n as usize {
        for c in &mut cost {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            *c = 1 + (state >> 24) as u8 % 60;
        }
        let best = route(&cost, round % (SIDE * SIDE));
        sum = best.iter().fold(sum, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
    }
    sum as i64
}
