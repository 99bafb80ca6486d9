// SPDX-License-Identifier: MIT
//! Builds and runs the C11 program in `tests/helper` under AddressSanitizer and UndefinedBehaviorSanitizer, with every C
//! compiler that is there, against: the library on Linux (debug assertions on, and as shipped beside the interpreter's
//! library), on a port, with nothing of a system, and as a shared library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/helper")
}
fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// A library of a package with these features, built apart so that nothing else chooses its features; of the kind
/// `staticlib` or `cdylib`.
fn library(package: &str, kind: &str, profile: &str, features: &str) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(()); // one after the other: they write the same files
    let _making = MAKING.lock().unwrap();
    let target = scratch().join("archive");
    let mut c = Command::new(env!("CARGO"));
    c.args(["rustc", "--quiet", "--locked", "-p", package, "--lib", "--no-default-features", "--features", features]);
    c.args(["--profile", profile, "--crate-type", kind, "--target-dir"]).arg(&target);
    c.env_remove("CARGO_BUILD_TARGET").current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = c.status().unwrap();
    assert!(status.success(), "cargo rustc: {status}");
    let (stem, ending) = (if package == "wrt-helper" { "libwrt_helper" } else { "libwrt" }, if kind == "cdylib" { "so" } else { "a" });
    // The next features make another one of that name.
    let own = scratch().join(format!("{stem}-{profile}-{features}.{ending}"));
    std::fs::copy(target.join(if profile == "dev" { "debug" } else { profile }).join(format!("{stem}.{ending}")), &own).unwrap();
    own
}

fn run(name: &str, options: &[&str], sources: &[&str], libraries: &[PathBuf]) {
    let works = |cc: &&str| Command::new(cc).arg("--version").output().is_ok_and(|o| o.status.success());
    let compilers: Vec<_> = ["gcc", "clang"].into_iter().filter(works).collect();
    if compilers.is_empty() {
        println!("skipped: neither gcc nor clang is there");
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for cc in compilers {
        let program = scratch().join(format!("{cc}-{name}"));
        let mut c = Command::new(cc);
        c.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-pthread", "-D_DEFAULT_SOURCE"]);
        c.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]).args(options);
        c.arg("-I").arg(here.join("../wrt-capi/include")).arg("-I").arg(here.join("../wrt-platform/include"));
        c.args(sources.iter().map(|s| folder().join(s))).args(libraries).arg("-o").arg(&program);
        let built = c.output().unwrap();
        assert!(built.status.success(), "{cc}: {}", String::from_utf8_lossy(&built.stderr));
        let ran = Command::new(&program).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && out == "all passed\n", "{cc}, {name}: {}\n{out}{err}", ran.status);
    }
}

const BOTH: &[&str] = &["-DHAS_PAGES", "-DHAS_WAITS"];

#[test]
fn program_passes_on_linux() {
    run("linux", BOTH, &["main.c"], &[library("wrt-helper", "staticlib", "dev", "std")]);
}

/// Two Rust archives in one program: neither brings what the other has.
#[test]
fn program_passes_as_shipped_beside_the_interpreter() {
    let libraries = [library("wrt-helper", "staticlib", "release", "std"), library("wrt-capi", "staticlib", "release", "loader,float")];
    run("both", &[BOTH, &["-DWITH_WRT"]].concat(), &["main.c"], &libraries);
}

#[test]
fn program_passes_on_a_port() {
    let options = [BOTH, &["-DWITH_PORT"]].concat();
    run("port", &options, &["main.c", "port_posix.c"], &[library("wrt-helper", "staticlib", "release", "port")]);
}

#[test]
fn without_a_system_it_says_what_it_lacks() {
    run("none", &[], &["main.c"], &[library("wrt-helper", "staticlib", "release", "")]);
}

#[test]
fn program_passes_with_the_shared_library() {
    run("shared", BOTH, &["main.c"], &[library("wrt-helper", "cdylib", "release", "std")]);
}
