// SPDX-License-Identifier: MIT
//! A program that knows nothing of WRT: rustc --target wasm32-wasip1 -O hello.rs
use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    println!("hello from Rust {args:?}");
    let numbers: HashMap<u32, f64> = (0..3).map(|n| (n, f64::from(n) * 1.5)).collect();
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(2));
    print!("{:?} slept {} ", numbers.get(&2), begun.elapsed() >= Duration::from_millis(2));
    std::io::stdout().flush().unwrap();
    println!("{:?}", std::env::var("NAME"));
    eprintln!("and to stderr");
    std::process::exit(3);
}
