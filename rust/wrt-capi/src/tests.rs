// SPDX-License-Identifier: MIT
//! Header and library say the same: functions, numbers, layouts.

use crate::call::Val;
use crate::error::{self, CFrame, LastError};
use crate::host::{Host, MAX_VALUES};
use crate::module::{LoaderMemory, Module};
use crate::store::Config;
use core::mem::offset_of;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEADER: &str = include_str!("../include/wrt.h");
const SOURCES: [&str; 7] = [
    include_str!("call.rs"),
    include_str!("error.rs"),
    include_str!("host.rs"),
    include_str!("memory.rs"),
    include_str!("module.rs"),
    include_str!("store.rs"),
    include_str!("threads.rs"),
];

/// Name and number of parameters of what follows each `before` and goes on to `after` behind the closing parenthesis.
fn functions(text: &str, before: &str, after: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (at, _) in text.match_indices(before) {
        let rest = text[at..].trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        let Some((name, rest)) = rest.split_once('(') else { continue };
        let Some((params, behind)) = rest.split_once(')') else { continue };
        if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && behind.trim_start().starts_with(after) {
            let params = params.trim().trim_end_matches(',');
            let n = if params.is_empty() || params == "void" { 0 } else { params.split(',').count() };
            found.insert(name.to_string(), n);
        }
    }
    found
}

/// The header without its comments.
fn code() -> String {
    let parts = HEADER.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code));
    parts
        .collect::<String>()
        .lines()
        .filter(|l| !l.trim_start().starts_with('#') && !l.contains("inline"))
        .fold(String::new(), |t, l| t + l + "\n")
}

#[test]
fn every_function_is_there_and_no_other() {
    let declared = functions(&code(), "wrt_", ";");
    let exported: BTreeMap<_, _> = SOURCES
        .iter()
        .flat_map(|s| s.split("#[unsafe(no_mangle)]").skip(1))
        .flat_map(|s| functions(&s[..s.find('{').unwrap()], "wrt_", "->"))
        .collect();
    assert_eq!(declared.len(), 36, "{declared:?}");
    assert_eq!(declared, exported);
}

/// The library without threads has the same functions.
#[test]
fn without_threads_there_are_the_same_functions() {
    let exported = |s: &'static str| -> BTreeMap<_, _> {
        s.split("#[unsafe(no_mangle)]").skip(1).flat_map(|s| functions(&s[..s.find('{').unwrap()], "wrt_", "->")).collect()
    };
    assert_eq!(exported(include_str!("threads.rs")), exported(include_str!("no_threads.rs")));
}

#[test]
fn codes_are_the_header_s() {
    let codes = [
        ("WRT_OK", error::OK),
        ("WRT_EPAUSED", error::EPAUSED),
        ("WRT_EINTERRUPTED", error::EINTERRUPTED),
        ("WRT_ESUSPENDED", error::ESUSPENDED),
        ("WRT_EWAITING", error::EWAITING),
        ("WRT_ETRAP", error::ETRAP),
        ("WRT_EINVAL", error::EINVAL),
        ("WRT_EINVAL_HANDLE", error::EINVAL_HANDLE),
        ("WRT_ENOMEM", error::ENOMEM),
        ("WRT_ENOENT", error::ENOENT),
        ("WRT_ETYPE", error::ETYPE),
        ("WRT_EMALFORMED", error::EMALFORMED),
        ("WRT_EINVALID", error::EINVALID),
        ("WRT_EIMAGE", error::EIMAGE),
        ("WRT_ENOTSUP", error::ENOTSUP),
        ("WRT_EBUSY", error::EBUSY),
    ];
    let defined: Vec<_> = HEADER
        .lines()
        .filter_map(|l| l.strip_prefix("#define ")?.split_once(' '))
        .filter(|(name, _)| name.starts_with("WRT_E") || *name == "WRT_OK")
        .map(|(name, rest)| (name, rest.split_whitespace().next().unwrap().trim_matches(['(', ')']).parse().unwrap()))
        .collect();
    assert_eq!(defined, codes);
    assert!(HEADER.contains(&format!("#define WRT_HOST_MAX_VALUES {MAX_VALUES}u")));
}

/// A C file that a compiler accepts if the layouts are those of Rust.
fn assertions() -> String {
    let mut c = String::from("#include <wrt.h>\n");
    macro_rules! layout {
        ($rust:ty, $c:literal: $($field:ident $name:literal)*) => {
            writeln!(c, "_Static_assert(sizeof({}) == {}, \"size of {}\");", $c, size_of::<$rust>(), $c).unwrap();
            writeln!(c, "_Static_assert(_Alignof({}) == {}, \"alignment of {}\");", $c, align_of::<$rust>(), $c).unwrap();
            $(writeln!(c, "_Static_assert(offsetof({}, {}) == {}, \"{}\");", $c, $name, offset_of!($rust, $field), $name).unwrap();)*
        };
    }
    layout!(Config, "wrt_config_t": instances "instances" memories "memories" tables "tables" types "types" stacks "stacks"
        frames "frames" cells "cells" words "words" memory_bytes "memory_bytes");
    layout!(Val, "wrt_val_t": ty "type" of "of");
    layout!(Host, "wrt_host_t": module "module" name "name" signature "signature" call "call" user "user");
    layout!(LoaderMemory, "wrt_loader_memory_t": image "image" image_words "image_words" scratch "scratch" scratch_words "scratch_words");
    layout!(Module, "wrt_module_t": data "data" bytes "bytes" image_words "image_words" scratch_words "scratch_words" needs "needs" load "load");
    layout!(LastError, "wrt_error_t": code "code" host_code "host_code" trap "trap" func "func" offset "offset" at "at" message "message");
    layout!(CFrame, "wrt_frame_t": instance "instance" func "func" offset "offset" from_host "from_host");
    layout!(crate::threads::Interrupt, "wrt_interrupt_t": word "word" waiting "waiting");
    #[cfg(feature = "threads")]
    {
        use crate::threads::{Share, SharedConfig, Wait, Waiting};
        layout!(Waiting, "wrt_waiting_t": now_ns "now_ns" lock "lock" unlock "unlock" init "init" park "park" unpark "unpark" done "done");
        layout!(SharedConfig, "wrt_shared_config_t": pages "pages" max_pages "max_pages" memory_bytes "memory_bytes"
            threads "threads" page_log2 "page_log2" zero "zero");
        layout!(Wait, "wrt_wait_t": kind "kind" count "count" shared "shared" address "address" expected "expected" timeout_ns "timeout_ns");
        layout!(Share, "wrt_share_t": shared "shared" module "module" name "name");
    }
    c
}

#[test]
#[cfg_attr(miri, ignore = "runs a compiler")]
fn layouts_are_the_header_s() {
    let path = std::env::temp_dir().join(format!("wrt-capi-layout-{}.c", std::process::id()));
    std::fs::write(&path, assertions()).unwrap();
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include");
    match std::process::Command::new("cc").args(["-std=c11", "-fsyntax-only", include]).arg(&path).output() {
        Ok(o) => assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr)),
        Err(e) => println!("skipped: cc: {e}"),
    }
    std::fs::remove_file(&path).unwrap();
}
