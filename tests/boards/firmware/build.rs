// SPDX-License-Identifier: MIT
//! Links for the board that the target stands for.

fn main() {
    let board = match std::env::var("TARGET").as_deref() {
        Ok("thumbv7m-none-eabi") => "mps2-an385",
        Ok("riscv32imac-unknown-none-elf") => "riscv32-virt",
        _ => return,
    };
    let script = format!("{}/link/{board}.x", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rerun-if-changed={script}");
    println!("cargo:rustc-link-arg-bins=-T{script}");
    println!("cargo:rustc-link-arg-bins=-zmax-page-size=16");
}
