// SPDX-License-Identifier: MIT
//! `cargo xtask size`: flash, RAM and load cost on Cortex-M3, as the README has them.
//!
//! Flash of WRT is what the link map shows of `libwrt.a`: code, constants, and the arithmetic library that the Rust
//! compiler brings along (soft floats, 64-bit shifts), and the board's memcpy, memset and memcmp, which nobody else calls. The
//! board's start code, the sample's `main.c` and the guest's image are not in it.

use crate::boards::{self, BARE, Board};
use crate::{hello, setup, tool};
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A firmware: what it is, features of the library, load mode, `WRT_OPTIMIZE`, most KiB of flash.
struct Variant {
    name: &'static str,
    features: &'static str,
    mode: &'static str,
    optimize: &'static str,
    flash_kib: u32,
}

const VARIANTS: [Variant; 7] = [
    Variant { name: "loader, no floats", features: "loader;custom-page-sizes", mode: "interp", optimize: "size", flash_kib: 64 },
    Variant { name: "loader, floats", features: "loader;float;custom-page-sizes", mode: "interp", optimize: "size", flash_kib: 88 },
    Variant { name: "image only, no floats", features: "custom-page-sizes", mode: "image", optimize: "size", flash_kib: 24 },
    Variant {
        name: "image only, no floats, small window",
        features: "small-window;custom-page-sizes",
        mode: "image",
        optimize: "size",
        flash_kib: 24,
    },
    Variant { name: "image only, floats", features: "float;custom-page-sizes", mode: "image", optimize: "size", flash_kib: 40 },
    Variant { name: "image only, no floats", features: "custom-page-sizes", mode: "image", optimize: "balanced", flash_kib: 28 },
    Variant { name: "image only, no floats", features: "custom-page-sizes", mode: "image", optimize: "speed", flash_kib: 28 },
];
/// Most bytes of static RAM of WRT beyond what the caller gives.
const STATIC_RAM: u32 = 256;
/// Most bytes that hello takes beyond its linear memory, C stack included, from an image, with the small window.
const HELLO_RAM: u32 = 2048;
/// Bytes that the large window takes in addition.
const LARGE_WINDOW: u32 = 512;
/// Most executed instructions per byte of module.
const LOAD: f64 = 70.0;

/// Bytes of `libwrt.a`, and of the C library's functions that it calls, in a firmware.
#[derive(Default, Debug, PartialEq)]
struct Library {
    flash: u32,
    ram: u32,
}

/// Prints the table; fails when a symbol is there that must not be.
pub(crate) fn run() -> Result<()> {
    println!("{}", check()?);
    println!("{}", load_cost()?);
    Ok(())
}

/// Builds and measures the variants, looks for symbols that must not be there; the table.
pub(crate) fn check() -> Result<String> {
    let board = Board::Bare(&BARE[0]);
    board.prepare()?;
    setup::packages(&[setup::GCC_ARM])?;
    let mut table =
        String::from("| Cortex-M3 firmware | WRT_OPTIMIZE | flash of WRT | at most | static RAM of WRT |\n|---|---|---|---|---|\n");
    let mut hello_ram = String::new();
    for v in &VARIANTS {
        let features = format!("-DWRT_FEATURES={}", v.features);
        let optimize = format!("-DWRT_OPTIMIZE={}", v.optimize);
        let options = [&*features, &*optimize, "-DWRT_REPORT=ON"];
        let text = hello::boot(&board, v.mode, &options)?;
        let elf = board.folder(v.mode, &options).join("samples/hello_wasm/hello_wasm.elf");
        let library = library(&elf)?;
        symbols(&elf, v)?;
        let verdict = if library.flash <= v.flash_kib * 1024 { "" } else { " (missed)" };
        let kib = f64::from(library.flash) / 1024.0;
        writeln!(
            table,
            "| {} | {} | {} B ({kib:.1} KiB){verdict} | {} KiB | {} B |",
            v.name, v.optimize, library.flash, v.flash_kib, library.ram
        )?;
        if library.ram > STATIC_RAM {
            bail!("{}: {} bytes of static RAM, at most {STATIC_RAM}", v.name, library.ram);
        }
        if v.mode == "image" {
            let (store, stack, memory) = ram(&text)?;
            let beyond = store + stack - memory;
            let most = if v.features.contains("small-window") { HELLO_RAM } else { HELLO_RAM + LARGE_WINDOW };
            let verdict = if beyond <= most { "" } else { " (missed)" };
            writeln!(
                hello_ram,
                "hello, {}, {}: {beyond} bytes of RAM beyond its {memory} bytes of linear memory, at most {most}{verdict} \
                 (store {} and C stack {stack})",
                v.name,
                v.optimize,
                store - memory
            )?;
        }
    }
    Ok(format!("{table}\n{hello_ram}"))
}

/// What all builds of [`features`] have.
const BASE: &str = "loader;float;custom-page-sizes";
/// Proposals, each with what it implies, and all of them together; most KiB of flash where there is an aim.
const PROPOSALS: [(&str, &str, Option<u32>); 14] = [
    ("none", "", None),
    ("tail-call", ";tail-call", None),
    ("multi-memory", ";multi-memory", None),
    ("memory64", ";memory64", None),
    ("function-references", ";function-references", None),
    ("exceptions", ";exceptions", None),
    ("legacy-exceptions", ";legacy-exceptions", None),
    ("gc", ";gc", None),
    ("wide-arithmetic", ";wide-arithmetic", None),
    ("simd", ";simd", None),
    ("relaxed-simd", ";relaxed-simd", None),
    ("threads", ";threads", None),
    ("Core 3.0 without vectors", ";tail-call;multi-memory;memory64;gc;exceptions", Some(130)),
    ("Core 3.0", ";tail-call;multi-memory;memory64;gc;exceptions;relaxed-simd", Some(180)),
];

/// Prints what each proposal adds to a firmware that loads modules with floats.
pub(crate) fn features() -> Result<()> {
    let board = Board::Bare(&BARE[0]);
    board.prepare()?;
    setup::packages(&[setup::GCC_ARM])?;
    println!("| Cortex-M3, {} | flash of WRT | more | at most |\n|---|---|---|---|", BASE.replace(';', ", "));
    let mut none = 0;
    for (name, features, most) in PROPOSALS {
        let options = [&*format!("-DWRT_FEATURES={BASE}{features}"), "-DWRT_OPTIMIZE=size", "-DWRT_REPORT=ON"];
        hello::boot(&board, "interp", &options)?;
        let flash = library(&board.folder("interp", &options).join("samples/hello_wasm/hello_wasm.elf"))?.flash;
        if features.is_empty() {
            none = flash;
        }
        let aim = match most {
            Some(kib) if flash <= kib * 1024 => format!("{kib} KiB"),
            Some(kib) => format!("{kib} KiB (missed)"),
            None => String::new(),
        };
        println!("| {name} | {flash} B ({:.1} KiB) | {} B | {aim} |", f64::from(flash) / 1024.0, flash - none);
    }
    Ok(())
}

/// Options of samples/hello_wasm on Zephyr, and most KiB of flash above Zephyr's samples/hello_world.
const ZEPHYR: [(&str, &[&str], u32); 4] = [
    ("no floats, size", &["-DCONFIG_WRT_FLOAT=n"], 24),
    ("no floats, balanced", &["-DCONFIG_WRT_FLOAT=n", "-DCONFIG_WRT_OPTIMIZE_BALANCED=y"], 24),
    ("floats, size", &[], 40),
    ("floats, balanced", &["-DCONFIG_WRT_OPTIMIZE_BALANCED=y"], 40),
];
/// Most bytes of RAM above hello_world and beyond linear memory.
const ZEPHYR_RAM: u32 = 4096;

/// Prints what samples/hello_wasm takes on Zephyr above Zephyr's own hello_world: all of it, sample and image too.
pub(crate) fn zephyr() -> Result<()> {
    let board = Board::named("zephyr:qemu_cortex_m3")?;
    board.prepare()?;
    let (kernel, wrt) = (boards::zephyr()?, hello::wrt()?);
    let dir = tool::scratch().join("hello_world-zephyr");
    let world = kernel.join("samples/hello_world");
    drop(boards::west("qemu_cortex_m3", &kernel, &dir, &world.to_string_lossy(), &[])?);
    let (flash, ram) = zephyr_sizes(&dir)?;
    println!("hello_world: {flash} B of flash, {ram} B of RAM\n");
    let (_, stack, memory) = self::ram(&hello::boot(&board, "image", &["-DCONFIG_WRT_REPORT=y"])?)?;
    println!(
        "| hello_wasm above hello_world | flash | at most | RAM beyond {memory} B of linear memory | at most |\n|---|---|---|---|---|"
    );
    for (name, options, kib) in ZEPHYR {
        drop(board.build("image", &wrt, options)?);
        let (more, beyond) = zephyr_sizes(&board.folder("image", options))?;
        let (more, beyond) = (more - flash, beyond - ram - memory);
        let missed = |is: u32, most: u32| if is <= most { "" } else { " (missed)" };
        println!(
            "| {name} | {more} B ({:.1} KiB){} | {kib} KiB | {beyond} B{} | {ZEPHYR_RAM} B |",
            f64::from(more) / 1024.0,
            missed(more, kib * 1024),
            missed(beyond, ZEPHYR_RAM)
        );
    }
    println!("\nC stack used: {stack} B");
    Ok(())
}

/// Flash and RAM of a Zephyr application.
fn zephyr_sizes(build: &Path) -> Result<(u32, u32)> {
    let text = tool::run(tool::command("arm-none-eabi-size", [build.join("zephyr/zephyr.elf")]))?;
    let numbers: Vec<u32> = text.lines().nth(1).unwrap_or_default().split_whitespace().map_while(|w| w.parse().ok()).collect();
    let [code, data, bss, ..] = numbers[..] else { bail!("not understood: {text}") };
    Ok((code + data, data + bss))
}

/// Prints what kernels that use no proposal execute in builds with each of them, on the host and on Cortex-M3.
pub(crate) fn instructions() -> Result<()> {
    setup::target(BARE[0].target)?;
    setup::packages(&[setup::QEMU_ARM, setup::VALGRIND])?;
    let manifest = "tests/boards/Cargo.toml";
    print!("{}", tool::cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path", manifest, "-p", "host", "--", "cost"])?);
    Ok(())
}

/// Store, peak C stack and linear memory from the sample's report.
fn ram(text: &str) -> Result<(u32, u32, u32)> {
    let number = |after: &str| -> Result<u32> {
        let rest = text.split(after).nth(1).with_context(|| format!("\"{after}\" is missing in\n{text}"))?;
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().with_context(|| format!("no number after \"{after}\""))
    };
    Ok((number("report: store")?, number("report: C stack")?, number("report: linear memory")?))
}

/// What the link map shows of `libwrt.a`.
fn library(elf: &Path) -> Result<Library> {
    let map = PathBuf::from(format!("{}.map", elf.display()));
    let text = std::fs::read_to_string(&map).with_context(|| map.display().to_string())?;
    let found = parse_map(&text);
    if found.flash == 0 {
        bail!("{} shows nothing of libwrt.a", map.display());
    }
    Ok(found)
}

/// Input sections of `libwrt.a` and of the memory functions that were kept: ` .text.name  0xaddress  0xsize  path`, the name on a line of its own when
/// it is long.
fn parse_map(text: &str) -> Library {
    let mut library = Library::default();
    let Some(kept) = text.split("Linker script and memory map").nth(1) else { return library };
    let mut section = "";
    for line in kept.lines() {
        let mut words = line.split_whitespace().peekable();
        if let Some(name) = words.next_if(|w| w.starts_with('.')) {
            section = if line.starts_with(' ') { name } else { "" };
        }
        let (Some(address), Some(size), Some(path)) = (words.next(), words.next(), words.next()) else { continue };
        let hex = |w: &str| w.strip_prefix("0x").and_then(|h| u64::from_str_radix(h, 16).ok());
        let (Some(address), Some(size)) = (hex(address), hex(size)) else { continue };
        let counts = path.contains("libwrt.a") || path.contains("/bare/memory.c");
        if !counts || address == 0 && !section.starts_with(".text") {
            continue;
        }
        if section.starts_with(".text") || section.starts_with(".rodata") || section.starts_with(".ARM.ex") {
            library.flash += size as u32;
        } else if section.starts_with(".data") {
            library.flash += size as u32;
            library.ram += size as u32;
        } else if section.starts_with(".bss") {
            library.ram += size as u32;
        }
        section = "";
    }
    library
}

/// The first line of `nm` that has one of the names.
fn find(symbols: &str, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| symbols.lines().find(|l| l.contains(name)).map(|line| format!("{name}: {line}")))
}

/// A panic or an allocator among the symbols of a firmware or library.
pub(crate) fn bad_symbol(symbols: &str) -> Option<String> {
    find(symbols, &["core::panicking", "__rust_alloc", "__rg_alloc", "alloc::", "malloc"])
}

/// Names that a firmware must not have: panics and allocators ever, the loader in image-only firmware. The code words
/// have to lie in flash.
fn symbols(elf: &Path, v: &Variant) -> Result<()> {
    let text = tool::run(tool::command("arm-none-eabi-nm", ["-C", &elf.to_string_lossy()]))?;
    let loader: &[&str] = if v.mode == "image" { &["wrt_decoder", "wrt_runtime::translate"] } else { &[] };
    if let Some(bad) = bad_symbol(&text).or(find(&text, loader)) {
        bail!("{} firmware has {bad}", v.name);
    }
    if v.mode == "image" {
        let module = text.lines().find(|l| l.ends_with(" wrt_module_hello")).context("wrt_module_hello is missing")?;
        let address = u64::from_str_radix(module.split(' ').next().unwrap_or_default(), 16)?;
        if address >= 0x2000_0000 {
            bail!("the image lies in RAM: {module}");
        }
    }
    Ok(())
}

/// Executed instructions per byte of module, from the board tests.
fn load_cost() -> Result<String> {
    let manifest = "tests/boards/Cargo.toml";
    let text = tool::cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path", manifest, "-p", "host", "--", "load"])?;
    Ok(format!("loading, at most {LOAD} executed instructions per byte of module:\n{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read() {
        let map = "\
Discarded input sections
 .text._gone    0x00000000       0x40 lib/libwrt.a(wrt.o)
Linker script and memory map
.text           0x00000000     0x1000
 .text.short    0x00000100       0x20 lib/libwrt.a(wrt.o)
 .text._RNvNtNtCs_a_long_name
                0x00000120       0x0c lib/libwrt.a(wrt.o)
                0x00000121                wrt_version
 .rodata.main   0x00000200       0x99 main.o
 .text.memcpy   0x00000280       0x40 wrt_board.dir/cmake/bare/memory.c.obj
 .rodata.x      0x00000300        0x4 lib/libwrt.a(core.o)
 .bss.y         0x20000000        0x8 lib/libwrt.a(core.o)
 .debug_info    0x00000000     0x9000 lib/libwrt.a(core.o)
";
        assert_eq!(parse_map(map), Library { flash: 0x20 + 0xc + 0x40 + 4, ram: 8 });
    }
}
