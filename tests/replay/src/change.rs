// SPDX-License-Identifier: MIT
//! Modules and images that are nearly right.

use crate::random::Random;

/// Changes a few bytes: other values, bytes moved, repeated or left out.
pub fn module(bytes: &mut [u8], random: &mut Random) {
    const TELLING: [u8; 32] = [
        0, 1, 2, 3, 0x05, 0x0b, 0x12, 0x14, 0x1f, 0x20, 0x40, 0x4e, 0x4f, 0x50, 0x5e, 0x5f, 0x60, 0x63, 0x64, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
        0x6e, 0x70, 0x71, 0x73, 0x7f, 0x80, 0xfb, 0xff,
    ];
    for _ in 0..1 + random.below(3) {
        if bytes.len() < 10 {
            return;
        }
        // The preamble says nothing.
        let i = 8 + random.below(bytes.len() - 8);
        let j = 8 + random.below(bytes.len() - 8);
        match random.below(8) {
            0 => bytes[i] = random.next() as u8,
            1 => bytes[i] ^= 1 << random.below(8),
            2 | 3 => bytes[i] = TELLING[random.below(TELLING.len())],
            4 => bytes[i] = bytes[j],
            5 => bytes[i] = bytes[i].wrapping_add(if random.below(2) == 0 { 1 } else { 0xff }),
            6 => bytes.swap(i, j),
            _ => {
                // The same length, so that sections keep theirs.
                let n = (1 + random.below(6)).min(bytes.len() - i.max(j));
                let part = bytes[j..j + n].to_vec();
                bytes[i..i + n].copy_from_slice(&part);
            }
        }
    }
}

/// Changes a few words of an image.
pub fn image(words: &mut [u32], random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        // The header is looked at in most detail, and code is longest.
        let i = if random.below(8) == 0 { random.below(40) } else { random.below(words.len()) };
        let v = words[i];
        words[i] = match random.below(9) {
            0 => v ^ 1 << random.below(32),
            1 => v.wrapping_add(1),
            2 => v.wrapping_sub(1),
            3 => random.next() as u32,
            4 => v & !0xff | random.below(256) as u32,
            5 => v & !0xff00 | (random.below(256) as u32) << 8,
            6 => v & 0xffff | (random.below(65536) as u32) << 16,
            7 => [0, 1, u32::MAX, 1 << 31, 0x7fff_ffff][random.below(5)],
            _ => words[random.below(words.len())],
        };
    }
}
