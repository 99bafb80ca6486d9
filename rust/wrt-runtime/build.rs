// SPDX-License-Identifier: MIT
//! Decides whether the engine has the threaded loop (`src/threaded`): where the compiler makes jumps of calls in tail
//! position. That is a 64-bit processor with registers for six arguments, and an optimising build. `--cfg wrt_loop` is for
//! tests of the other one.

use std::env::var;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(wrt_threaded)");
    let set = |name: &str| var(name).unwrap_or_default();
    let arch = set("CARGO_CFG_TARGET_ARCH");
    let fit = (arch == "x86_64" && set("CARGO_CFG_TARGET_OS") != "windows") || arch == "aarch64";
    let optimised = matches!(set("OPT_LEVEL").as_str(), "2" | "3");
    let wanted = var("CARGO_FEATURE_THREADED").is_ok() && var("CARGO_CFG_MIRI").is_err() && var("CARGO_CFG_WRT_LOOP").is_err();
    if fit && optimised && wanted {
        println!("cargo::rustc-cfg=wrt_threaded");
    }
    // At "z" all that makes the plain loop quicker and larger is left out.
    println!("cargo::rustc-check-cfg=cfg(wrt_quick)");
    if set("OPT_LEVEL") != "z" {
        println!("cargo::rustc-cfg=wrt_quick");
    }
    // One comparison for a load or store takes a register, which Arm's loop has better uses for.
    println!("cargo::rustc-check-cfg=cfg(wrt_edge)");
    if set("OPT_LEVEL") != "z" && arch != "arm" {
        println!("cargo::rustc-cfg=wrt_edge");
    }
    println!("cargo::rustc-check-cfg=cfg(wrt_unbounded)");
    if var("CARGO_FEATURE_OPTIMIZE").is_ok() {
        if fit && optimised && wanted {
            println!("cargo::rustc-cfg=wrt_unbounded");
        } else {
            println!("cargo::warning=`optimize` changes nothing here: threading takes x86-64 or AArch64 and opt-level 2 or 3");
        }
    }
}
