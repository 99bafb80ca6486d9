// SPDX-License-Identifier: MIT
//! Header and library are the same interface; operations do what the interpreter's do.

use crate::memory::{FAILED, Memory, NO_MAXIMUM, SHARED, Type, WIDE, wrt_memory_copy, wrt_memory_delete, wrt_memory_fill};
use crate::memory::{wrt_memory_grow, wrt_memory_new, wrt_memory_pages};
use std::fmt::Write;
use std::mem::offset_of;
use std::ptr::null_mut;
use wrt::{ImportMap, Limits, Module, ModuleInstance, Value};

const HEADER: &str = include_str!("../../wrt-capi/include/wrt_helper.h");
const SOURCES: [&str; 3] = [include_str!("lib.rs"), include_str!("memory.rs"), include_str!("wait.rs")];

/// What a type of the Rust side is in C.
fn in_c(ty: &str) -> &'static str {
    match ty.trim() {
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "i64" => "int64_t",
        "usize" => "size_t",
        "c_int" => "int",
        "*const c_char" => "const char *",
        "*mut c_void" => "void *",
        "*mut u32" => "uint32_t *",
        "*mut Memory" => "wrt_memory_t *",
        "*const Memory" => "const wrt_memory_t *",
        "*const Type" => "const wrt_memory_type_t *",
        "*mut Waits" => "wrt_waits_t *",
        "*mut *mut Waits" => "wrt_waits_t **",
        "" => "void",
        other => panic!("what is {other} in C?"),
    }
}

/// The exported functions as declarations of C, by name.
fn declarations() -> Vec<(String, String)> {
    let exported = SOURCES.iter().flat_map(|s| s.split("#[unsafe(no_mangle)]").skip(1));
    let mut all: Vec<_> = exported
        .map(|text| {
            let head = text[..text.find('{').unwrap()].split_once("fn ").unwrap().1;
            let (name, rest) = head.split_once('(').unwrap();
            let (params, result) = rest.split_once(')').unwrap();
            let params: Vec<_> = params.split(',').filter_map(|p| Some(in_c(p.split_once(':')?.1))).collect();
            let params = if params.is_empty() { "void".to_string() } else { params.join(", ") };
            let result = in_c(result.trim().strip_prefix("->").unwrap_or(""));
            (name.to_string(), format!("{result} {name}({params});"))
        })
        .collect();
    all.sort();
    all
}

#[test]
#[cfg_attr(miri, ignore = "reads a text")]
fn every_function_is_there_and_no_other() {
    let code: String = HEADER.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code)).collect();
    let mut code: String = code.lines().filter(|l| !l.starts_with('#')).flat_map(|l| [l, "\n"]).collect();
    while let Some(at) = code.find("static inline") {
        let end = at + code[at..].find("\n}").unwrap();
        code.replace_range(at..end, "");
    }
    let mut declared: Vec<&str> = code
        .split(';')
        .filter_map(|d| d.split_once('(')?.0.split_whitespace().last())
        .map(|name| name.trim_start_matches('*'))
        .filter(|name| name.starts_with("wrt_"))
        .collect();
    declared.sort();
    let exported = declarations();
    assert_eq!(declared.len(), 13, "{declared:?}");
    assert_eq!(declared, exported.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
}

#[test]
#[cfg_attr(miri, ignore = "reads a text")]
fn numbers_are_the_header_s() {
    let defined = |name: &str| -> i64 {
        let prefix = format!("#define {name} ");
        let rest = HEADER.lines().find_map(|l| l.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{name} is not defined"));
        rest.split_whitespace().next().unwrap().trim_matches(['(', ')', 'u']).parse().unwrap()
    };
    assert_eq!(defined("WRT_HELPER_VERSION"), crate::VERSION.into());
    let codes = [("OK", crate::OK), ("EINVAL", crate::EINVAL), ("ENOMEM", crate::ENOMEM), ("ENOTSUP", crate::ENOTSUP)];
    for (name, code) in codes {
        assert_eq!(defined(&format!("WRT_HELPER_{name}")), code.into());
    }
    assert_eq!((defined("WRT_MEMORY_64"), defined("WRT_MEMORY_SHARED")), (WIDE.into(), SHARED.into()));
    let traps: Vec<_> = HEADER.lines().filter_map(|l| l.strip_prefix("#define WRT_TRAP_")?.split_whitespace().next()).collect();
    assert_eq!(traps.len(), crate::TRAPS.len() + 1, "{traps:?}");
    for trap in crate::TRAPS {
        let name: String = format!("{trap:?}").chars().flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain([c])).collect();
        assert_eq!(defined(&format!("WRT_TRAP{}", name.to_uppercase())), *trap as i64);
    }
    let outcomes = [("WOKEN", 0), ("NOT_EQUAL", 1), ("TIMED_OUT", 2)];
    for (name, code) in outcomes {
        assert_eq!(defined(&format!("WRT_WAIT_{name}")), code);
    }
}

/// C that a compiler accepts if prototypes and layouts are those of Rust: each function is declared a second time.
fn assertions() -> String {
    let mut c = String::from("#include <wrt.h>\n#include <wrt_helper.h>\n");
    for (_, declaration) in declarations() {
        writeln!(c, "{declaration}").unwrap();
    }
    macro_rules! layout {
        ($rust:ty, $c:literal: $($field:ident)*) => {
            writeln!(c, "_Static_assert(sizeof({}) == {}, \"size of {}\");", $c, size_of::<$rust>(), $c).unwrap();
            writeln!(c, "_Static_assert(_Alignof({}) == {}, \"alignment of {}\");", $c, align_of::<$rust>(), $c).unwrap();
            $(writeln!(c, "_Static_assert(offsetof({}, {}) == {}, \"{}\");", $c, stringify!($field), offset_of!($rust, $field), stringify!($field)).unwrap();)*
        };
    }
    layout!(Type, "wrt_memory_type_t": min_pages max_pages page_log2 flags);
    layout!(Memory, "wrt_memory_t": base bytes room max_pages page_log2 flags from_system reserved source);
    writeln!(c, "_Static_assert(WRT_NO_MAXIMUM == UINT64_MAX && WRT_GROW_FAILED == UINT64_MAX, \"no maximum\");").unwrap();
    c
}

#[test]
#[cfg_attr(miri, ignore = "runs a compiler")]
fn prototypes_and_layouts_are_the_header_s() {
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/../wrt-capi/include");
    let accepts = |text: &str, n: u32| {
        let path = std::env::temp_dir().join(format!("wrt-helper-layout-{}-{n}.c", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let output = std::process::Command::new("cc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", include])
            .arg(&path)
            .output();
        std::fs::remove_file(&path).unwrap();
        output.map(|o| (o.status.success(), String::from_utf8_lossy(&o.stderr).into_owned()))
    };
    let good = assertions();
    match accepts(&good, 0) {
        Ok((accepted, text)) => assert!(accepted, "{text}"),
        Err(e) => return println!("skipped: cc: {e}"),
    }
    // And it refuses another parameter, and another size.
    assert!(!accepts(&good.replace("int64_t, uint32_t *);", "uint64_t, uint32_t *);"), 1).unwrap().0);
    let size = format!("sizeof(wrt_memory_t) == {}", size_of::<Memory>());
    assert!(!accepts(&good.replace(&size, "sizeof(wrt_memory_t) == 8"), 2).unwrap().0);
}

/// A memory in a buffer, or in pages of the system, that is deleted at the end.
struct Made(Box<Memory>, #[expect(dead_code, reason = "holds the bytes")] Vec<u128>);
impl Made {
    fn new(ty: Type, buffer: Option<usize>, limit: usize) -> Result<Made, i32> {
        let mut bytes = vec![u128::MAX; buffer.unwrap_or(0) / 16];
        let mut memory = Box::<Memory>::new_uninit();
        let at = if buffer.is_some() { bytes.as_mut_ptr().cast() } else { null_mut() };
        // SAFETY: the memory and the buffer live as long as `Made`.
        let code = unsafe { wrt_memory_new(memory.as_mut_ptr(), &ty, at, buffer.unwrap_or(limit)) };
        // SAFETY: written when it says so.
        if code == 0 { Ok(Made(unsafe { memory.assume_init() }, bytes)) } else { Err(code) }
    }
    fn bytes(&self) -> Vec<u8> {
        let (at, n) = self.0.range(0, self.0.len() as u64).unwrap();
        // SAFETY: inside the memory, which nobody else uses.
        unsafe { std::slice::from_raw_parts(at, n) }.to_vec()
    }
}
impl Drop for Made {
    fn drop(&mut self) {
        // SAFETY: nobody uses it any more; a second time does nothing.
        unsafe {
            wrt_memory_delete(&mut *self.0);
            wrt_memory_delete(&mut *self.0);
        }
    }
}

const LITTLE: Limits = Limits { cells: 1024, frames: 8, memory_bytes: 1000 };
const SMALL: Type = Type { min_pages: 300, max_pages: 900, page_log2: 0, flags: 0 };

/// Random growth, copies and fills, next to the same in the interpreter.
#[test]
fn operations_do_what_the_interpreter_s_do() {
    let text = |shared: &str| {
        format!(
            r#"(module (memory (export "m") 300 900 {shared} (pagesize 1))
                (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
                (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
                (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#
        )
    };
    for (flags, in_buffer) in [(0, true), (SHARED, true), (0, false), (SHARED, false)] {
        if cfg!(miri) && !in_buffer {
            continue;
        }
        let wasm = wat::parse_str(text(if flags == SHARED { "shared" } else { "" })).unwrap();
        let mut guest = ModuleInstance::with_limits(Module::from_bytes(&wasm).unwrap(), ImportMap::new(), LITTLE).unwrap();
        let made = Made::new(Type { flags, ..SMALL }, in_buffer.then_some(912), 900).unwrap();
        let m: *mut Memory = (&raw const *made.0).cast_mut();
        let mut seed = 7u64 + u64::from(flags);
        let mut random = |n: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        let (mut trapped, mut grown, mut refused) = (0, 0, 0);
        for round in 0..if cfg!(miri) { 96 } else { 4000 } {
            let len = made.0.len() as u64;
            let (x, y, n) = (random(len + 20), random(len + 20), random(if round % 3 == 0 { len + 20 } else { 40 }));
            let args = [Value::I32(x as i32), Value::I32(y as i32), Value::I32(n as i32)];
            let status = match round % 8 {
                // SAFETY: the memory lives and only this thread uses it.
                0 => unsafe {
                    let delta = random(if round > 2000 { 600 } else { 3 });
                    let old = wrt_memory_grow(m, delta);
                    let expected = guest.invoke("grow", &[Value::I32(delta as i32)]).unwrap();
                    assert_eq!(Value::I32(old as i32), expected, "{delta}");
                    if old == FAILED {
                        refused += 1
                    } else {
                        grown += u32::from(delta > 0)
                    }
                    continue;
                },
                // SAFETY: as above.
                1 | 2 => unsafe {
                    let status = wrt_memory_fill(m, x, y as u32, n);
                    assert_eq!(guest.invoke("fill", &args).err().and_then(|e| e.trap()).map_or(0, |t| t as u32), status, "{x} {n}");
                    status
                },
                // SAFETY: as above.
                _ => unsafe {
                    let status = wrt_memory_copy(m, x, m, y, n);
                    assert_eq!(guest.invoke("copy", &args).err().and_then(|e| e.trap()).map_or(0, |t| t as u32), status, "{x} {y} {n}");
                    status
                },
            };
            trapped += u32::from(status != 0);
            let mut theirs = vec![0; made.0.len()];
            guest.memory("m").unwrap().read_into(0, &mut theirs).unwrap();
            assert_eq!(made.bytes(), theirs, "round {round}");
        }
        assert!(trapped > 5 && grown > 2 && (cfg!(miri) || refused > 5), "{trapped} {grown} {refused}");
    }
}

#[test]
fn limits_are_kept() {
    let refused = |ty: Type, buffer, limit| Made::new(ty, buffer, limit).err();
    let ty = Type { min_pages: 1, max_pages: NO_MAXIMUM, page_log2: 16, flags: 0 };
    assert_eq!(refused(Type { page_log2: 12, ..ty }, Some(1 << 16), 0), Some(crate::EINVAL));
    assert_eq!(refused(Type { flags: 4, ..ty }, Some(1 << 16), 0), Some(crate::EINVAL));
    assert_eq!(refused(Type { flags: SHARED, ..ty }, Some(1 << 16), 0), Some(crate::EINVAL));
    assert_eq!(refused(Type { max_pages: 0, ..ty }, Some(1 << 16), 0), Some(crate::EINVAL));
    assert_eq!(refused(Type { max_pages: 65537, ..ty }, Some(1 << 16), 0), Some(crate::EINVAL));
    assert_eq!(refused(ty, Some(65520), 0), Some(crate::ENOMEM));
    // A 64-bit memory may declare more than there is; it grows to its room.
    let wide = Made::new(Type { max_pages: 1 << 40, flags: WIDE, ..ty }, Some(2 << 16), 0).unwrap();
    let m: *mut Memory = (&raw const *wide.0).cast_mut();
    // SAFETY: the memory lives and only this thread uses it.
    unsafe {
        assert_eq!(
            (wrt_memory_grow(m, u64::MAX), wrt_memory_grow(m, 2), wrt_memory_grow(m, 1), wrt_memory_grow(m, 0)),
            (FAILED, FAILED, 1, 2)
        );
        assert_eq!((wrt_memory_pages(m), wrt_memory_fill(m, u64::MAX, 0, 2), wrt_memory_fill(m, 1 << 17, 0, 0)), (2, 2, 0));
        assert_eq!(wrt_memory_pages(std::ptr::null()), 0);
    }
    let none = Made::new(Type { min_pages: 0, max_pages: 0, ..ty }, None, 1 << 20).unwrap();
    assert!(none.bytes().is_empty() && !none.0.base.load(std::sync::atomic::Ordering::Relaxed).is_null());
}

#[test]
#[cfg_attr(miri, ignore = "maps memory")]
fn pages_of_the_system_stay_where_they_are() {
    let made = Made::new(Type { min_pages: 0, max_pages: 40, page_log2: 16, flags: 0 }, None, usize::MAX).unwrap();
    let m: *mut Memory = (&raw const *made.0).cast_mut();
    // SAFETY: the memory lives and only this thread uses it.
    unsafe {
        assert_eq!((wrt_memory_grow(m, 1), wrt_memory_fill(m, 0, 7, 65536)), (0, 0));
        let first = made.0.range(0, 1).unwrap().0;
        assert_eq!((wrt_memory_grow(m, 40), wrt_memory_grow(m, 39)), (FAILED, 1));
        assert_eq!(made.0.range(0, 1).unwrap().0, first);
    }
    let bytes = made.bytes();
    assert!(bytes[..65536].iter().all(|b| *b == 7) && bytes[65536..].iter().all(|b| *b == 0) && bytes.len() == 40 << 16);
}
