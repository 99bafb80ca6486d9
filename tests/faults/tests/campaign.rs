// SPDX-License-Identifier: MIT
//! A part of the campaign that `cargo xtask faults` runs in whole.

use wrt_fault_tests::campaign::{Came, TARGETS, campaign};

#[test]
fn flipped_bits_do_not_escape() {
    let (table, escaped) = campaign(61, |_, _| ());
    assert!(escaped.is_empty(), "{escaped:#?}");
    let of = |name: &str, came| table[name].get(&came).copied().unwrap_or(0);
    let all = |name: &str| table[name].values().sum::<u64>();
    // Every target was met, the check value finds every flip of an image, and some of what came is of each kind.
    assert!(TARGETS.iter().all(|(name, _)| all(name) > 0), "{table:?}");
    assert_eq!(of("image", Came::Refused), all("image"));
    let forged = "image, check value made right";
    for came in [Came::Refused, Came::Trapped, Came::Stopped, Came::Same, Came::Wrong] {
        assert!(of(forged, came) > 0, "{came:?}: {table:?}");
    }
    assert!(of("stack cells", Came::Wrong) > 0 && of("call frames", Came::Trapped) > 0);
}
