// SPDX-License-Identifier: MIT
//! What `port.rs` declares is what `wrt/port.h` declares: each function is declared a second time in C, from the Rust text.
#![cfg(feature = "std")]

const HEADER: &str = include_str!("../include/wrt/port.h");
const SOURCE: &str = include_str!("../src/port.rs");

fn in_c(ty: &str) -> &'static str {
    match ty.trim() {
        "u64" => "uint64_t",
        "usize" => "size_t",
        "c_int" => "int",
        "*mut c_void" => "void *",
        "*mut *mut c_void" => "void **",
        "*mut PortParker" => "wrt_port_parker_t *",
        "" => "void",
        other => panic!("what is {other} in C?"),
    }
}

#[test]
fn declarations_are_the_header_s() {
    let block = SOURCE.split_once("unsafe extern \"C\" {").unwrap().1.split_once("\n}").unwrap().0;
    let mut c = String::from("#include <wrt/port.h>\n");
    let mut n = 0;
    for line in block.lines().filter_map(|l| l.trim().strip_prefix("fn ")) {
        let (name, rest) = line.split_once('(').unwrap();
        let (params, result) = rest.trim_end_matches(';').split_once(')').unwrap();
        let params: Vec<_> = params.split(',').filter_map(|p| Some(in_c(p.split_once(':')?.1))).collect();
        let params = if params.is_empty() { "void".to_string() } else { params.join(", ") };
        c += &format!("{} {name}({params});\n", in_c(result.trim().strip_prefix("->").unwrap_or("")));
        // The header has it: without its declaration this one would be all there is.
        assert!(HEADER.contains(&format!(" {name}(")), "{name} is not in the header");
        n += 1;
    }
    assert_eq!(n, 10);
    c += "_Static_assert(sizeof(wrt_port_parker_t) == 29 * sizeof(uintptr_t) && WRT_PORT_FOREVER == UINT64_MAX, \"parker\");\n";
    c += "_Static_assert(WRT_PORT_ENOTSUP == -95 && WRT_PORT_EINVAL == -22 && WRT_PORT_ETIMEDOUT == -116, \"codes\");\n";
    let path = std::env::temp_dir().join(format!("wrt-port-{}.c", std::process::id()));
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include");
    let accepts = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let ran = std::process::Command::new("cc").args(["-std=c11", "-fsyntax-only", include]).arg(&path).output();
        std::fs::remove_file(&path).unwrap();
        ran.map(|o| (o.status.success(), String::from_utf8_lossy(&o.stderr).into_owned()))
    };
    match accepts(&c) {
        Ok((accepted, text)) => assert!(accepted, "{text}"),
        Err(e) => return println!("skipped: cc: {e}"),
    }
    assert!(
        !accepts(&c.replace("int wrt_port_park(wrt_port_parker_t *, uint64_t);", "int wrt_port_park(wrt_port_parker_t *, int);"))
            .unwrap()
            .0
    );
}
