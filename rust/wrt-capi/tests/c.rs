// SPDX-License-Identifier: MIT
//! Builds and runs the C program in `tests/capi` under AddressSanitizer and UndefinedBehaviorSanitizer, with every C
//! compiler that is there, against the archive with std (debug assertions on) and the one without (as CMake builds it);
//! `least.c` against one without loader and float, with the small window.
//! The modules come from the .wat files beside it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use wrt_runtime::image::{LARGE_WINDOW, SMALL_WINDOW};
use wrt_runtime::translate::{Wanted, translate_vec_for};

const MODULES: [&str; 18] = [
    "calc",
    "empty",
    "floats",
    "hosts",
    "start_traps",
    "start_runs",
    "start_waits",
    "data_outside",
    "memory_import",
    "memories",
    "vectors",
    "link_lib",
    "link_user",
    "link_tags",
    "link_catch",
    "wrong_kind",
    "threads",
    "threads_start",
];
const SOURCES: [&str; 9] = ["main.c", "store.c", "modules.c", "link.c", "calls.c", "hosts.c", "memory.c", "errors.c", "refused.c"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/capi")
}

fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// The modules as C: each as .wasm and as image for such a window.
fn modules(window: u32) -> PathBuf {
    let mut c = String::from("#include \"check.h\"\n");
    for name in MODULES {
        let wasm = wat::parse_file(folder().join(format!("{name}.wat"))).unwrap();
        // One has names; a device translates without.
        let wanted = Wanted { window, names: name == "start_traps" };
        let (image, took) = translate_vec_for(wanted, &wasm).unwrap();
        let (image_words, scratch_words) = (took.words, took.scratch_words);
        writeln!(c, "static const uint8_t {name}_wasm[] = {{{}}};", list(wasm.iter())).unwrap();
        writeln!(c, "static const uint32_t {name}_image[] = {{{}}};", list(image.iter().map(|w| format!("{w}u")))).unwrap();
        let needs = "{1, 1, 1, 24, 1, 24, 512, 256, 65536, 0}";
        writeln!(c, "const struct both {name} = {{").unwrap();
        writeln!(c, "  {{{name}_wasm, sizeof {name}_wasm, {image_words}, {scratch_words}, {needs}, wrt_load_wasm}},").unwrap();
        writeln!(c, "  {{{name}_image, sizeof {name}_image, {image_words}, 0, {needs}, wrt_load_image}} }};").unwrap();
    }
    let path = scratch().join(format!("wat_modules_{window}.c"));
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&c) {
        std::fs::write(&path, c).unwrap();
    }
    path
}

fn list(items: impl Iterator<Item: ToString>) -> String {
    items.map(|i| i.to_string()).collect::<Vec<_>>().join(",")
}

/// The archive of a profile with these features, built apart so that nothing else chooses its features.
fn archive(profile: &str, features: &str) -> PathBuf {
    let target = scratch().join("archive");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "-p",
            "wrt-capi",
            "--lib",
            "--no-default-features",
            "--features",
            features,
            "--profile",
            profile,
        ])
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_BUILD_TARGET")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "cargo build: {status}");
    // The next features make another one of that name.
    let own = scratch().join(format!("libwrt-{profile}-{}.a", features.replace(',', "-")));
    std::fs::copy(target.join(if profile == "dev" { "debug" } else { profile }).join("libwrt.a"), &own).unwrap();
    own
}

fn compilers() -> Vec<&'static str> {
    let works = |cc: &&str| Command::new(cc).arg("--version").output().is_ok_and(|o| o.status.success());
    ["gcc", "clang"].into_iter().filter(works).collect()
}

fn run(profile: &str, features: &str, sources: &[&str]) {
    run_with(profile, features, sources, &[]);
}

fn run_with(profile: &str, features: &str, sources: &[&str], more: &[&str]) {
    let compilers = compilers();
    if compilers.is_empty() {
        println!("skipped: neither gcc nor clang is there");
        return;
    }
    // One after the other: they write the same files.
    static MAKING: Mutex<()> = Mutex::new(());
    let made = MAKING.lock().unwrap();
    let window = if features.contains("small-window") { SMALL_WINDOW } else { LARGE_WINDOW };
    let (archive, modules) = (archive(profile, features), modules(window));
    drop(made);
    for cc in compilers {
        let first = sources.first().copied().unwrap_or_default().trim_end_matches(".c");
        let program = scratch().join(format!("{cc}-{first}-{}", archive.file_stem().unwrap().display()));
        let mut c = Command::new(cc);
        c.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"])
            .args(more);
        c.arg("-I").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include")).arg("-I").arg(folder());
        if window == SMALL_WINDOW {
            c.arg("-DWRT_SMALL_WINDOW");
        }
        if !["proposals", "references", "gc", "exceptions"].iter().any(|f| features.contains(f)) {
            c.arg("-DWRT_NO_OBJECTS");
        }
        c.args(sources.iter().map(|s| folder().join(s))).arg(&modules).arg(&archive).arg("-o").arg(&program);
        let built = c.output().unwrap();
        assert!(built.status.success(), "{cc}: {}", String::from_utf8_lossy(&built.stderr));
        let ran = Command::new(&program).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && out.ends_with("all passed\n"), "{cc}, {profile}: {}\n{out}{err}", ran.status);
    }
}

#[test]
fn program_passes_with_debug_assertions() {
    run("dev", "loader,float,linking,std", &SOURCES);
    run("dev", "loader,float,linking,std,proposals", &SOURCES);
}

#[test]
fn program_passes_as_shipped() {
    run("release", "loader,float,linking", &SOURCES);
}

#[test]
fn the_least_library_says_what_it_lacks() {
    run("dev", "std,small-window", &["least.c"]);
}

/// Guests in several threads, over the port for POSIX.
#[test]
#[cfg(target_os = "linux")]
fn threads_pass() {
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/../wrt-platform/include");
    let more = [include, "-DWRT_PORT", "-pthread"];
    let sources = ["threads.c", "../../posix/port.c"];
    run_with("dev", "std,threads", &sources, &more);
    run_with("release", "loader,float,threads", &sources, &more);
    run_with("dev", "std,proposals,linking,loader,float", &sources, &more);
}
