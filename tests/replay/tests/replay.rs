// SPDX-License-Identifier: MIT
//! Random modules for which wasmtime and WRT agreed, kept small: WRT still does the same, however it is paused and
//! whenever it collects, and changed copies of them and of their images do no harm. The fuzz target `wasmtime` makes the corpus.

use std::fs;
use std::path::Path;
use wrt_replay_tests::random::Random;
use wrt_replay_tests::seen::{Show, fingerprint};
use wrt_replay_tests::wrt::{Way, callable, execute_all_ways, image};
use wrt_replay_tests::{Counts, change, images};

/// Each module with the seed of its arguments, and what was seen of its run.
fn corpus() -> Vec<(Vec<u8>, u64, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let list = fs::read_to_string(dir.join("expected.txt")).unwrap();
    let all: Vec<_> = list
        .lines()
        .map(|line| {
            let (seed, seen) = line.split_once(' ').unwrap();
            (fs::read(dir.join(format!("{seed}.wasm"))).unwrap(), seed.parse().unwrap(), seen.to_string())
        })
        .collect();
    assert!(all.len() > 20);
    all
}

#[test]
fn modules_run_as_they_did() {
    for (wasm, seed, expected) in corpus() {
        let way = Way { slice: 0, stress: false, fuel: i64::MAX / 2, seed, show: Show::default() };
        let seen = execute_all_ways(&wasm, &callable(&image(&wasm)), way).unwrap_or_else(|e| panic!("{seed}: {e}"));
        assert_eq!(fingerprint(&seen), expected, "{seed}: {seen:?}");
    }
}

#[test]
fn changed_modules_and_images_do_no_harm() {
    let mut scratch = vec![0; 1 << 16];
    let (mut counts, mut valid) = (Counts::new(), 0);
    for (wasm, seed, _) in corpus() {
        let mut random = Random(seed);
        for _ in 0..200 {
            let mut changed = wasm.clone();
            change::module(&mut changed, &mut random);
            if wrt_decoder::validate(&changed, &mut scratch).is_ok() {
                valid += 1;
                image(&changed);
            }
        }
        let image = image(&wasm);
        for _ in 0..100 {
            images::change_and_load(&image, &mut random, &mut counts);
        }
    }
    println!("{valid} changed modules are valid; of changed images: {counts:?}");
    assert!(valid > 100 && counts["initialised"] > 100);
}
