// SPDX-License-Identifier: MIT
//! `wrt inspect`, and the numbers that `wrt compile --emit c` writes into headers.

use crate::{Failure, Loaded, Outcome, Window, image_words};
use std::path::PathBuf;
use wrt::ValType;
use wrt::error::ErrorKind;
use wrt::runtime::image::{Image, Word};
use wrt::runtime::inspect::{StackNeed, StackNeeds, StraightPath, Unbounded};
use wrt_foundation::{ExternKind, Feature};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A module (.wasm) or an image (.wrti)
    file: PathBuf,
    /// Tell which byte of the .wasm a trap came from: FUNCTION:OFFSET as wrt_error_t or `wrt run` report them
    #[arg(long, value_name = "FUNCTION:OFFSET")]
    at: Option<String>,
    /// What it costs: size of the image, longest path between two points where it can be stopped, worst stack of each export
    #[arg(long, conflicts_with = "at")]
    costs: bool,
    #[command(flatten)]
    window: Window,
}

/// Bytes of a frame.
const FRAME_BYTES: u32 = 12;

/// Cells and frames that are given when the call graph has no bound.
const UNBOUNDED: StackNeed = StackNeed { cells: 4096, frames: 64 };

/// Heap of a module that makes structures, arrays or exceptions.
const HEAP_BYTES: u32 = 4096;

/// What a store for one instance of an image needs: the fields of `wrt_config_t`.
pub(crate) struct Needs {
    pub(crate) memories: u32,
    pub(crate) tables: u32,
    pub(crate) types: u32,
    pub(crate) stack: StackNeed,
    pub(crate) bounded: Result<(), Unbounded>,
    pub(crate) words: u32,
    pub(crate) memory_bytes: u64,
    /// What is given when the module can make objects; nobody can tell how much it needs.
    pub(crate) heap_bytes: u32,
}

impl Needs {
    pub(crate) fn of(image: Image<'_>) -> Needs {
        let own = |all, imported| image.get(all) - image.get(imported);
        let mut stacks = StackNeeds::new(image);
        let mut stack = stacks.of_init();
        for e in image.exports().filter(|e| e.kind == ExternKind::Func) {
            stack = match (stack, stacks.of(e.index)) {
                (Ok(a), Ok(b)) => Ok(a.max(b)),
                (Err(e), _) | (_, Err(e)) => Err(e),
            };
        }
        let tables: u32 =
            (image.get(Word::ImportedTables)..image.get(Word::Tables)).filter_map(|i| image.table(i)).map(|t| t.min as u32).sum();
        let memory_bytes = (image.get(Word::ImportedMemories)..image.get(Word::Memories))
            .filter_map(|i| image.memory(i))
            .fold(0, |sum: u64, m| sum.saturating_add(m.min.saturating_mul(1 << m.page_log2)));
        let words = image.get(Word::GlobalCells)
            + image.get(Word::Memories)
            + image.get(Word::Tables)
            + image.get(Word::ImportedFuncs)
            + 2 * image.get(Word::ImportedGlobals)
            + image.get(Word::Types)
            + 2 * image.get(Word::Tags)
            + (image.get(Word::Elems) + image.get(Word::Datas)).div_ceil(32)
            + tables;
        let objects = Feature::Gc.bit() | Feature::Exceptions.bit();
        Needs {
            heap_bytes: if image.get(Word::Features) & objects == 0 { 0 } else { HEAP_BYTES },
            memories: own(Word::Memories, Word::ImportedMemories),
            tables: own(Word::Tables, Word::ImportedTables),
            types: image.get(Word::Types),
            stack: stack.unwrap_or(UNBOUNDED),
            bounded: stack.map(drop),
            words,
            memory_bytes,
        }
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (words, loaded) = image_words(&args.file, &args.window, false)?;
    let image = Image::new(&words).map_err(|e| Failure::of(&args.file, &e.into()))?;
    if let Some(at) = &args.at {
        return locate(args, image, at);
    }
    if args.costs {
        costs(args, image);
    } else {
        report(args, image, loaded.as_ref());
    }
    Ok(0)
}

fn costs(args: &Args, image: Image<'_>) {
    let bytes = |words: u32| words * 4;
    let code = image.get(Word::CodeEnd) - image.get(Word::CodeAt);
    let data = (0..image.get(Word::Datas)).filter_map(|i| image.data(i)).map(|(words, _)| words.len() as u32).sum::<u32>();
    let elements = (0..image.get(Word::Elems)).filter_map(|i| image.elem(i)).map(|items| items.len() as u32).sum::<u32>();
    let names = image.get(Word::Names);
    let all = image.words().len() as u32;
    println!("{}", args.file.display());
    println!("image, in bytes of flash");
    let rest = all - code - data - elements - names;
    let parts = [("code", code), ("data segments", data), ("element segments", elements), ("names", names), ("everything else", rest)];
    for (what, words) in parts.into_iter().chain([("together", all)]) {
        println!("  {what:<18}{:>10}", bytes(words));
    }
    let mut stacks = StackNeeds::new(image);
    let functions = image.get(Word::ImportedFuncs)..image.get(Word::Funcs);
    let path = functions.fold(StraightPath::default(), |longest, f| longest.max(stacks.longest_in(f)));
    println!("longest straight path between two charges");
    if path.operations > 0 {
        println!("  {} operations, in function {}; a charge is for {} instructions at most", path.operations, path.func, path.charge);
    } else {
        println!("  there are no functions");
    }
    println!("worst stack             cells  frames     bytes  longest path");
    println!("  {:<18}{}", "initialisation", stack(stacks.of_init()));
    for e in image.exports().filter(|e| e.kind == ExternKind::Func) {
        let path = match stacks.longest_path(e.index) {
            StraightPath { operations: 0, .. } => "imported".to_string(),
            path => format!("{} in function {}", path.operations, path.func),
        };
        println!("  {:<18}{}  {path}", e.name.to_string_lossy(), stack(stacks.of(e.index)));
    }
    println!("A stack has a window of {} bytes more. \"∞\": recursion, or calls that lead anywhere.", bytes(args.window.cells()));
}

/// Cells, frames and bytes in columns.
fn stack(need: Result<StackNeed, Unbounded>) -> String {
    match need {
        Ok(need) => format!("{:>9}{:>8}{:>10}", need.cells, need.frames, need.cells * 4 + need.frames * FRAME_BYTES),
        Err(_) => format!("{:>9}{:>8}{:>10}", "∞", "∞", "∞"),
    }
}

fn report(args: &Args, image: Image<'_>, loaded: Option<&Loaded>) {
    let n = Needs::of(image);
    println!("{}", args.file.display());
    if let Some(l) = loaded {
        println!("  module          {} bytes", l.wasm_bytes);
    }
    let code = image.get(Word::CodeEnd) - image.get(Word::CodeAt);
    println!("  image           {} bytes, of which code {}", image.words().len() * 4, code * 4);
    if image.get(Word::Names) > 0 {
        println!("  of which names  {} bytes", image.get(Word::Names) * 4);
    }
    println!("  functions       {} and {} imported", image.entries().len(), image.get(Word::ImportedFuncs));
    println!("imports");
    for i in image.imports() {
        println!("  {} {}.{}{}", i.kind.name(), i.module, i.name, ty(image, i.kind, i.index));
    }
    println!("exports");
    for e in image.exports() {
        println!("  {} {}{}", e.kind.name(), e.name, ty(image, e.kind, e.index));
    }
    println!("RAM of one instance with a stack");
    println!("  linear memory   {} bytes", n.memory_bytes);
    println!("  cells           {} bytes ({} cells)", n.stack.cells * 4, n.stack.cells);
    println!("  window of slack {} bytes", args.window.cells() * 4);
    println!("  frames          {} bytes ({} frames)", n.stack.frames * FRAME_BYTES, n.stack.frames);
    println!("  words           {} bytes (globals, tables, links)", n.words * 4);
    if n.heap_bytes > 0 {
        println!("  heap            {} bytes to begin with: how much it needs depends on what it does", n.heap_bytes);
    }
    if let Some(l) = loaded {
        println!("  image           {} bytes, if translated on the device; 0 from flash", image.words().len() * 4);
        println!("  scratch         {} bytes, while it is translated on the device", l.scratch_words * 4);
    }
    match n.bounded {
        Ok(()) => println!("  The stack is exact: the deepest path of any export or of initialisation."),
        Err(Unbounded::Recursion(f)) => {
            println!("  The stack has no bound: function {f} may call itself; {} cells are assumed.", UNBOUNDED.cells);
        }
        Err(Unbounded::Table(f)) => {
            println!("  The stack has no bound: function {f} calls through a shared table; {} cells are assumed.", UNBOUNDED.cells);
        }
        Err(Unbounded::Reference(f)) => {
            println!("  The stack has no bound: function {f} calls a reference; {} cells are assumed.", UNBOUNDED.cells);
        }
    }
}

/// The type of an import or export, as the text format has it.
fn ty(image: Image<'_>, kind: ExternKind, index: u32) -> String {
    let names = |list: &[u32]| list.iter().map(|t| ValType::from_bits(*t).name()).collect::<Vec<_>>().join(" ");
    let limits = |is64: bool, min: u64, max: Option<u64>| {
        let address = if is64 { "i64 " } else { "" };
        max.map_or(format!("{address}{min}.."), |max| format!("{address}{min}..{max}"))
    };
    let text = match kind {
        ExternKind::Func => image.func_type(index).map(|t| format!("[{}] -> [{}]", names(t.params), names(t.results))),
        ExternKind::Table => image.table(index).map(|t| format!("{} elements of {}", limits(t.is64, t.min, t.max), t.elem)),
        ExternKind::Memory => {
            image.memory(index).map(|m| format!("{} pages of {} bytes", limits(m.is64, m.min, m.max), 1u64 << m.page_log2))
        }
        ExternKind::Global => image.global(index).map(|g| format!("{}{}", if g.mutable { "mut " } else { "" }, g.ty)),
        ExternKind::Tag => None,
    };
    text.map_or(String::new(), |t| format!(": {t}"))
}

fn locate(args: &Args, image: Image<'_>, at: &str) -> Outcome {
    let parsed = at.split_once(':').and_then(|(f, o)| Some((f.parse::<u32>().ok()?, o.parse::<u32>().ok()?)));
    let (func, offset) = parsed.ok_or_else(|| Failure::usage("--at takes FUNCTION:OFFSET, two numbers"))?;
    let wasm = crate::read(&args.file)?;
    if wasm.starts_with(b"WRTI") {
        return Err(Failure::usage("--at needs the .wasm that the image was made of"));
    }
    let (begin, end) = image.func_range(func).ok_or_else(|| Failure::usage(format!("the module has no code of function {func}")))?;
    let pc = begin.saturating_add(offset);
    match wrt::runtime::translate::locate(image.window(), &wasm, &mut vec![0; 1 << 20], pc) {
        Some(byte) if pc < end => {
            println!("function {func}, word {offset}: byte {byte} (0x{byte:x}) of {}", args.file.display());
            Ok(0)
        }
        _ => Err(Failure::of(&args.file, &wrt::Error::new(ErrorKind::Usage, "no code at that offset"))),
    }
}
