// SPDX-License-Identifier: MIT
//! Every request for memory refused, one at a time, and every one from there on.

use std::collections::BTreeMap;
use std::process::Command;

/// What came of every refusal of a scenario.
fn refusals(scenario: &str, how: &str) -> BTreeMap<String, Vec<u64>> {
    let mut seen: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for n in 0.. {
        let ran = Command::new(env!("CARGO_BIN_EXE_refuse")).args([scenario, &n.to_string(), how]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        let came = match out.trim().split_once(' ') {
            Some(("end", _)) => {
                assert!(n > 5, "{scenario}: hardly a request");
                return seen;
            }
            Some(("met", came)) if ran.status.success() => came.to_string(),
            _ => match err.lines().find(|l| l.contains("memory allocation of")) {
                Some(line) => format!("ended: {line}"),
                None => panic!("{scenario} {n} {how}: {}\n{out}{err}", ran.status),
            },
        };
        seen.entry(came).or_default().push(n);
    }
    unreachable!()
}

/// What Rust's standard library cannot make without ending the program, and is asked for by a constructor of the API: the
/// counters of an `Arc` or a `Box` around a few words, and names that the host gives. Never anything whose size a guest chooses.
const FIXED: [(&str, usize); 4] = [("module", 3), ("image", 3), ("shared", 4), ("memory", 9)];

#[test]
fn every_request_refused_is_an_error_and_leaks_nothing() {
    for (scenario, fixed) in FIXED {
        for how in ["once", "on"] {
            let seen = refusals(scenario, how);
            let (mut ended, mut all) = (0, 0);
            for (came, requests) in &seen {
                all += requests.len();
                if let Some(line) = came.strip_prefix("ended: memory allocation of ") {
                    let bytes: usize = line.split(' ').next().unwrap().parse().unwrap();
                    assert!(bytes <= 256, "{scenario}, {how}: {came}, request {requests:?}");
                    ended += requests.len();
                } else {
                    assert!(came == "same" || came.starts_with("error "), "{scenario}, {how}: {came}, request {requests:?}");
                }
            }
            println!("{scenario}, {how}: {all} requests, {ended} of a fixed size end the program: {seen:?}");
            assert!(ended <= fixed, "{scenario}, {how}: {seen:#?}");
        }
    }
}
