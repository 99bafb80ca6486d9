// SPDX-License-Identifier: MIT
//! Random modules.

use crate::rewrite::{Rewrite, rewrite};
use arbitrary::Unstructured;
use wasm_smith::{Config, Module};
use wrt_replay_tests::random::Random;

/// Whether the modules of this seed for wasmi compute with floats: every fourth. Conversions may give any NaN, and WRT's is
/// always the canonical one, so of these modules only results and traps are compared, and integers that are bits of a NaN are
/// all the same.
pub fn has_floats(seed: u64) -> bool {
    seed.is_multiple_of(4)
}

/// Every other module has vectors and 128-bit arithmetic. None of them has floats too: a vector shows the sign of a NaN
/// in too many ways.
fn has_vectors(seed: u64) -> bool {
    !has_floats(seed) && !seed.is_multiple_of(3)
}

/// Whether the modules of this seed for wasmtime may have shared memories.
pub fn has_threads(seed: u64) -> bool {
    seed & 12 == 4
}

fn base(random: &mut Random, seed: u64) -> Config {
    Config {
        max_imports: 0,
        min_funcs: 1,
        max_funcs: 12,
        max_instructions: 1 << (random.next() % 5 + 6),
        max_memories: 3,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        memory_max_size_required: true,
        max_table_elements: 1000,
        max_tables: 4,
        table_max_size_required: true,
        export_everything: true,
        memory64_enabled: true,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        shared_everything_threads_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        limit_arrays_in_const_exprs: true,
        canonicalize_nans: false,
        disallow_traps: seed % 2 == 1,
        ..Config::default()
    }
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let size = 1 << (random.next() % 6 + 8);
    (0..size).flat_map(|_| random.next().to_le_bytes()).collect()
}

/// It ends, waits for nobody, and every other one computes most of its addresses.
fn terminating(config: Config, bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut made = Module::new(config, &mut Unstructured::new(bytes)).ok()?;
    made.ensure_termination(2000).ok()?;
    rewrite(&made.to_bytes(), seed, if seed & 2 == 0 { Rewrite::All } else { Rewrite::Waits })
}

/// A module of what wasmi has.
pub fn for_wasmi(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random(seed);
    let bytes = bytes(&mut random);
    let config = Config {
        simd_enabled: has_vectors(seed),
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        wide_arithmetic_enabled: has_vectors(seed),
        canonicalize_nans: true,
        allow_floats: has_floats(seed),
        ..base(&mut random, seed)
    };
    terminating(config, &bytes, seed)
}

/// A module with every proposal that WRT runs, but for the old encoding of exceptions, which wasm-smith cannot make: `validation`
/// finds its opcodes by changing bytes, and its execution is tested by scripts only. Every fourth has shared memories and
/// atomic instructions, for one thread; every NaN that an instruction makes has to be the canonical one.
pub fn with_everything(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random(seed ^ 0x5bd1_e995 << 32);
    let bytes = bytes(&mut random);
    let vectors = random.next().is_multiple_of(4);
    let config = Config {
        simd_enabled: vectors,
        relaxed_simd_enabled: vectors,
        wide_arithmetic_enabled: random.next().is_multiple_of(4),
        allow_floats: vectors || random.next().is_multiple_of(4),
        exceptions_enabled: !random.next().is_multiple_of(4),
        max_types: 1 + random.below(30),
        max_tags: 1 + random.below(8),
        threads_enabled: has_threads(seed),
        ..base(&mut random, seed)
    };
    terminating(config, &bytes, seed)
}

/// A module that need not end, may import, and has what only validation looks at; every fourth with bodies of random bytes.
pub fn for_validation(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random(seed ^ 0x1b87_3593 << 32);
    let bytes = bytes(&mut random);
    let config = Config {
        max_imports: 10,
        max_memory32_bytes: 1 << 32,
        max_memory64_bytes: 1 << 64,
        memory_max_size_required: false,
        max_table_elements: 1_000_000,
        table_max_size_required: false,
        export_everything: random.next().is_multiple_of(2),
        allow_invalid_funcs: random.next().is_multiple_of(4),
        custom_page_sizes_enabled: random.next().is_multiple_of(4),
        min_uleb_size: 1 + random.below(5) as u8,
        disallow_traps: false,
        ..base(&mut random, seed)
    };
    Some(Module::new(config, &mut Unstructured::new(&bytes)).ok()?.to_bytes())
}
