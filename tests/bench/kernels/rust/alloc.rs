// SPDX-License-Identifier: MIT
//! Allocation: trees of boxes and vectors that grow, are handed on and dropped.

struct Node {
    value: u32,
    children: Vec<Node>,
    next: Option<Box<Node>>,
}

fn grow(depth: u32, state: &mut u32) -> Node {
    *state = state.wrapping_mul(1664525).wrapping_add(1013904223);
    let value = *state >> 16;
    let mut children = Vec::new();
    if depth > 0 {
        for _ in 0..1 + (value & 3) {
            children.push(grow(depth - 1, state));
        }
    }
    let next = (value & 4 != 0).then(|| Box::new(Node { value: value ^ depth, children: Vec::new(), next: None }));
    Node { value, children, next }
}

fn fold(node: &Node) -> u32 {
    let own = node.value.wrapping_add(node.next.as_ref().map_or(1, |n| fold(n)));
    node.children.iter().fold(own, |sum, child| sum.wrapping_mul(17).wrapping_add(fold(child)))
}

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let (mut state, mut sum) = (n as u32, 0u32);
    let mut held: Vec<Option<Node>> = (0..8).map(|_| None).collect();
    for round in 0..n as usize {
        let tree = grow(4, &mut state);
        sum = sum.wrapping_mul(31).wrapping_add(fold(&tree));
        // The one that was there is dropped, so free blocks lie between used ones.
        held[round % 8] = Some(tree);
    }
    held.iter().flatten().fold(sum, |sum, tree| sum ^ fold(tree)) as i64
}
