// SPDX-License-Identifier: MIT
//! Links for the board that the target stands for, with the scripts of `tests/boards`.

fn main() {
    let board = match std::env::var("TARGET").as_deref() {
        Ok("thumbv7m-none-eabi") => "mps2-an385",
        Ok("riscv32imac-unknown-none-elf") => "riscv32-virt",
        _ => return,
    };
    let script = format!("{}/../../boards/firmware/link/{board}.x", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rerun-if-changed={script}");
    println!("cargo:rustc-link-arg-bins=-T{script}");
    println!("cargo:rustc-link-arg-bins=-zmax-page-size=16");
    #[cfg(feature = "native")]
    kernels(board);
    #[cfg(feature = "wasm3")]
    wasm3(board);
}

/// A C compiler for the board, without libraries.
#[cfg(any(feature = "native", feature = "wasm3"))]
fn compiler(board: &str) -> cc::Build {
    let (compiler, flags): (_, &[&str]) = match board {
        "mps2-an385" => ("arm-none-eabi-gcc", &["-mcpu=cortex-m3", "-mthumb"]),
        // Debian has newlib's headers beside it, and not in its path.
        _ => ("riscv64-unknown-elf-gcc", &["-march=rv32imac", "-mabi=ilp32", "-mcmodel=medany", "-idirafter/usr/include/newlib"]),
    };
    let mut c = cc::Build::new();
    c.compiler(compiler).no_default_flags(true).warnings(false).flag("-ffunction-sections").flag("-fdata-sections");
    for flag in flags {
        c.flag(flag);
    }
    c
}

/// Compiles wasm3 as crates.io has it, with `src/wasm3.c`, at this build's level.
#[cfg(feature = "wasm3")]
fn wasm3(board: &str) {
    let cargo = std::env::var_os("CARGO").expect("cargo sets it");
    let output = std::process::Command::new(cargo).args(["metadata", "--format-version=1", "--locked"]).output().expect("cargo starts");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|p| p["name"] == "wasm3-sys").expect("the lock file has it");
    let manifest = std::path::Path::new(package["manifest_path"].as_str().expect("a path"));
    let sources = manifest.with_file_name("wasm3").join("source");
    let mut c = compiler(board);
    c.flag(format!("-O{}", std::env::var("OPT_LEVEL").expect("cargo sets it")))
        .define("d_m3LogOutput", "0")
        .define("ARDUINO", "1")
        .include(&sources);
    for entry in std::fs::read_dir(&sources).expect("a folder of sources") {
        let path = entry.expect("a folder of sources").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        // All but what links host functions.
        if name.ends_with(".c") && !name.starts_with("m3_api") {
            c.file(&path);
        }
    }
    println!("cargo:rerun-if-changed=src/wasm3.c");
    c.file("src/wasm3.c").compile("wasm3");
}

/// Compiles the C kernels as the .wasm of them, and lists them for `native.rs`.
#[cfg(feature = "native")]
fn kernels(board: &str) {
    use std::fmt::Write;
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels/c");
    println!("cargo:rerun-if-changed={}", dir.display());
    let mut c = compiler(board);
    // Memory functions, 64-bit division and soft floats are those of Rust's library, which the engines have here too.
    c.flag("-O2").flag("-ffreestanding").flag("-fno-math-errno").flag("-ffp-contract=off");
    let (mut declared, mut rows) = (String::new(), String::new());
    for entry in std::fs::read_dir(&dir).expect("a folder of kernels") {
        let path = entry.expect("a folder of kernels").path();
        if path.extension().is_some_and(|e| e == "c") {
            let name = path.file_stem().expect("a name").to_string_lossy();
            writeln!(declared, "    fn run_{name}(n: i32) -> i64;").expect("a string");
            writeln!(rows, "    (\"{name}\", run_{name}),").expect("a string");
            c.file(&path);
        }
    }
    c.compile("kernels");
    let text = format!(
        "unsafe extern \"C\" {{\n{declared}}}\n\n/// Each kernel.\nstatic KERNELS: &[(&str, unsafe extern \"C\" fn(i32) -> i64)] = &[\n{rows}];\n"
    );
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    std::fs::write(std::path::Path::new(&out).join("kernels.rs"), text).expect("a file in OUT_DIR");
}
