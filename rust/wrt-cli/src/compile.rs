// SPDX-License-Identifier: MIT
//! `wrt compile`: an image file, or C source for `wrt_add_module()`.

use crate::inspect::Needs;
use crate::{Failure, Outcome, Window, image_words, read};
use clap::ValueEnum;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use wrt::runtime::image::Image;
use wrt::runtime::shrink::shrink;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Emit {
    /// An image file (.wrti)
    Image,
    /// A C source and, beside it, its header
    C,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Mode {
    /// The firmware gets the image and runs it in place
    Image,
    /// The firmware gets the .wasm and translates it on the device
    Interp,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A module (.wasm) or an image (.wrti)
    file: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value = "image")]
    emit: Emit,
    /// Where to write it; default: beside FILE, with .wrti or .c
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name in C: `wrt_module_NAME`; default: the file's
    #[arg(long)]
    name: Option<String>,
    /// With --emit c: what the firmware gets
    #[arg(long, value_enum, default_value = "image")]
    mode: Mode,
    /// Keep the names of functions for backtraces: 4 bytes of flash each, and the name's, rounded up to 4
    #[arg(long)]
    names: bool,
    /// A memory that ends at the exported `__heap_base`, or after BYTES, for a module that neither grows it nor asks for its
    /// size; an address beyond traps then. The engine needs custom page sizes
    #[arg(long, value_name = "BYTES", num_args = 0..=1, require_equals = true)]
    shrink: Option<Option<u32>>,
    #[command(flatten)]
    window: Window,
}

pub(crate) fn run(args: &Args) -> Outcome {
    if args.names && args.mode == Mode::Interp {
        return Err(Failure::usage("--names is for images: a device that translates keeps no names"));
    }
    if args.shrink.is_some() && args.mode == Mode::Interp {
        return Err(Failure::usage("--shrink is for images: a device that translates takes the module's own limits"));
    }
    let (mut words, loaded) = image_words(&args.file, &args.window, args.names)?;
    if let Some(bytes) = args.shrink {
        shrink(&mut words, bytes).map_err(|e| Failure::of(&args.file, &e))?;
    }
    let extension = if args.emit == Emit::C { "c" } else { "wrti" };
    let output = args.output.clone().unwrap_or_else(|| args.file.with_extension(extension));
    if args.emit == Emit::Image {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        return write(&output, &bytes).map(|()| 0);
    }
    let stem = args.file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let name = args.name.clone().unwrap_or(stem);
    if !is_c_name(&name) {
        return Err(Failure::usage(format!("\"{name}\" is no C identifier; give one with --name")));
    }
    let image = Image::new(&words).map_err(|e| Failure::of(&args.file, &e.into()))?;
    let source = Source { name: &name, words: &words, needs: Needs::of(image), scratch: loaded.map_or(0, |l| l.scratch_words) };
    let wasm = match args.mode {
        Mode::Image => None,
        Mode::Interp => {
            let bytes = read(&args.file)?;
            if bytes.starts_with(b"WRTI") {
                return Err(Failure::usage("--mode interp needs a .wasm"));
            }
            Some(bytes)
        }
    };
    write(&output, source.code(wasm.as_deref(), &header_name(&output)).as_bytes())?;
    write(&output.with_extension("h"), source.header(wasm.is_some()).as_bytes())?;
    Ok(0)
}

fn header_name(output: &Path) -> String {
    output.with_extension("h").file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| Failure::file(path, &e))
}

fn is_c_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Source<'a> {
    name: &'a str,
    words: &'a [u32],
    needs: Needs,
    scratch: u32,
}

impl Source<'_> {
    /// instances, memories, tables, types, stacks, frames, cells, words, memory_bytes; heap_bytes stands apart
    fn config(&self) -> [u64; 9] {
        let n = &self.needs;
        let [frames, cells] = [n.stack.frames, n.stack.cells].map(u64::from);
        [1, n.memories.into(), n.tables.into(), n.types.into(), 1, frames, cells, n.words.into(), n.memory_bytes]
    }

    fn config_text(&self) -> String {
        self.config().map(|n| format!("{n}u")).join(", ")
    }

    fn header(&self, interp: bool) -> String {
        let (name, upper) = (self.name, self.name.to_uppercase());
        let config = self.config_text();
        let heap = self.needs.heap_bytes;
        let (image_words, scratch) = if interp { (self.words.len(), self.scratch) } else { (0, 0) };
        format!(
            "/* Made by `wrt compile`, do not edit. */\n#ifndef WRT_MODULE_{upper}_H\n#define WRT_MODULE_{upper}_H\n#include <wrt.h>\n\n\
             /* Bytes of a store for this module alone, and what it holds. */\n\
             #define WRT_{upper}_STORE_BYTES (WRT_STORE_BYTES({config}) + {heap}u)\n\
             #define WRT_{upper}_CONFIG {{ {config}, {heap}u }}\n\
             /* 4-byte words for the image and for scratch, if the device translates the module; else 0. */\n\
             #define WRT_{upper}_IMAGE_WORDS {image_words}u\n#define WRT_{upper}_SCRATCH_WORDS {scratch}u\n\n\
             extern const wrt_module_t wrt_module_{name};\n\n#endif\n"
        )
    }

    fn code(&self, wasm: Option<&[u8]>, header: &str) -> String {
        let name = self.name;
        let mut c = format!("/* Made by `wrt compile`, do not edit. */\n#include \"{header}\"\n\n");
        let (ty, bytes, load) = match wasm {
            Some(wasm) => ("uint8_t", wasm.len(), "wrt_load_wasm"),
            None => ("uint32_t", self.words.len() * 4, "wrt_load_image"),
        };
        let _ = write!(c, "static const {ty} data[] = {{");
        let items: Vec<String> = match wasm {
            Some(wasm) => wasm.iter().map(|b| format!("{b}")).collect(),
            None => self.words.iter().map(|w| format!("0x{w:08x}u")).collect(),
        };
        for line in items.chunks(if wasm.is_some() { 24 } else { 10 }) {
            let _ = write!(c, "\n    {},", line.join(", "));
        }
        let scratch = if wasm.is_some() { self.scratch } else { 0 };
        let _ = write!(
            c,
            "\n}};\n\nconst wrt_module_t wrt_module_{name} = {{ data, {bytes}u, {}u, {scratch}u, {{ {} }}, {load} }};\n",
            self.words.len(),
            format_args!("{}, {}u", self.config_text(), self.needs.heap_bytes)
        );
        c
    }
}
