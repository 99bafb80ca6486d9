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
    #[cfg(feature = "kernels")]
    kernels(board);
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

/// Compiles the C kernels as the .wasm of them, and lists them for `kernels.rs`. Those with floats are left out.
#[cfg(feature = "kernels")]
fn kernels(board: &str) {
    use std::fmt::Write;
    let (compiler, flags): (_, &[&str]) = match board {
        "mps2-an385" => ("arm-none-eabi-gcc", &["-mcpu=cortex-m3", "-mthumb"]),
        _ => ("riscv64-unknown-elf-gcc", &["-march=rv32imac", "-mabi=ilp32", "-mcmodel=medany"]),
    };
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/kernels/c");
    println!("cargo:rerun-if-changed={}", dir.display());
    let mut c = cc::Build::new();
    // Memory functions and 64-bit division are those of Rust's library, which WRT has here too.
    c.compiler(compiler).no_default_flags(true).flag("-O2").flag("-ffreestanding").flag("-ffunction-sections");
    for flag in flags {
        c.flag(flag);
    }
    let (mut declared, mut rows) = (String::new(), String::new());
    for entry in std::fs::read_dir(&dir).expect("a folder of kernels") {
        let path = entry.expect("a folder of kernels").path();
        let text = std::fs::read_to_string(&path).expect("a kernel");
        if path.extension().is_some_and(|e| e == "c") && !text.contains("float") && !text.contains("double") {
            let name = path.file_stem().expect("a name").to_string_lossy();
            writeln!(declared, "    fn run_{name}(n: i32) -> i64;").expect("a string");
            writeln!(rows, "    (\"{name}\", run_{name}),").expect("a string");
            c.file(&path);
        }
    }
    c.compile("kernels");
    let text = format!(
        "unsafe extern \"C\" {{\n{declared}}}\n\n/// Each kernel.\nstatic NATIVE: &[(&str, unsafe extern \"C\" fn(i32) -> i64)] = &[\n{rows}];\n"
    );
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    std::fs::write(std::path::Path::new(&out).join("kernels.rs"), text).expect("a file in OUT_DIR");
}
