// SPDX-License-Identifier: MIT
//! Images of random modules with words changed, the check value put right for most: loading, verifying, instantiating and
//! running them, with collections too, ends, and never with a panic.

use differential::modules::with_everything;
use wrt_replay_tests::images::change_and_load;
use wrt_replay_tests::random::Random;

/// Changed copies of one image.
const CHANGED: usize = 40;

fn main() {
    differential::run("images", |seed, counts| {
        let Some(wasm) = with_everything(seed) else { return Ok(()) };
        let image = wrt_replay_tests::wrt::image(&wasm);
        *counts.entry("modules").or_default() += 1;
        let mut random = Random(seed);
        for _ in 0..CHANGED {
            let begun = std::time::Instant::now();
            change_and_load(&image, &mut random, counts);
            let took = begun.elapsed();
            if took.as_secs() >= 10 {
                return Err((format!("took {} s", took.as_secs()), wasm));
            }
        }
        Ok(())
    });
}
