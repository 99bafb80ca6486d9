// SPDX-License-Identifier: MIT
//! Compiles the C kernels with the machine's C compiler and lists all kernels for `main.rs`.

use std::fmt::Write;
use std::path::Path;

fn main() {
    let kernels = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kernels");
    println!("cargo::rerun-if-changed={}", kernels.display());
    let names = |folder: &str| {
        let files = std::fs::read_dir(kernels.join(folder)).expect("a folder of kernels");
        let mut paths: Vec<_> = files.map(|f| f.expect("a folder of kernels").path()).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "c" || e == "rs"));
        paths.sort();
        paths.into_iter().map(|p| (p.file_stem().expect("a name").to_string_lossy().into_owned(), p))
    };
    let (mut declared, mut modules, mut rows) = (String::new(), String::new(), String::new());
    let mut c = cc::Build::new();
    // cargo's level is that of the Rust kernels; these are compiled as the wasm is.
    c.opt_level(2).flag("-ffp-contract=off").flag("-fno-math-errno").define("KERNEL_NATIVE", None);
    for (name, path) in names("c") {
        c.file(path);
        writeln!(declared, "    fn run_{name}(n: i32) -> i64;").expect("a string");
        // SAFETY of the generated call: see `Kernel` in main.rs.
        writeln!(rows, "    (\"{name}\", Kernel::C(run_{name})),").expect("a string");
    }
    c.compile("kernels");
    for (name, path) in names("rust") {
        // On wasm32 a kernel is a crate of its own, and its `pub` is reachable.
        writeln!(modules, "#[path = {:?}]\n#[allow(unreachable_pub)]\nmod {name};", path.display().to_string()).expect("a string");
        writeln!(rows, "    (\"{name}\", Kernel::Rust({name}::run)),").expect("a string");
    }
    let text =
        format!("{modules}\nunsafe extern \"C\" {{\n{declared}}}\n\n/// Every kernel.\nconst KERNELS: &[(&str, Kernel)] = &[\n{rows}];\n");
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    std::fs::write(Path::new(&out).join("kernels.rs"), text).expect("a file in OUT_DIR");
}
