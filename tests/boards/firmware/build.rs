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
    #[cfg(feature = "freertos")]
    freertos(board);
}

/// Compiles the FreeRTOS kernel with the task that the firmware runs in.
#[cfg(feature = "freertos")]
fn freertos(board: &str) {
    assert_eq!(board, "mps2-an385", "its port of FreeRTOS is the one that is built here");
    println!("cargo:rerun-if-env-changed=FREERTOS_KERNEL_PATH");
    println!("cargo:rerun-if-changed=freertos");
    let kernel = std::path::PathBuf::from(std::env::var_os("FREERTOS_KERNEL_PATH").expect("FREERTOS_KERNEL_PATH: the kernel's folder"));
    let port = kernel.join("portable/GCC/ARM_CM3");
    let mut c = cc::Build::new();
    c.compiler("arm-none-eabi-gcc").no_default_flags(true).flag("-mcpu=cortex-m3").flag("-mthumb");
    c.flag("-Os").flag("-ffreestanding").flag("-ffunction-sections").flag("-fdata-sections");
    c.include("freertos").include(kernel.join("include")).include(&port);
    c.file("freertos/task.c").file(kernel.join("tasks.c")).file(kernel.join("list.c")).file(port.join("port.c"));
    c.link_lib_modifier("+whole-archive").compile("freertos");
}
