// SPDX-License-Identifier: MIT
//! Backtraces: names from the image, bytes by translating once more, lines by the module's DWARF if it has any.
//!
//! DWARF of a module counts addresses from the first byte of the code section's content.

use addr2line::gimli;
use std::borrow::Cow;
use std::fmt::Write;
use wrt::runtime::image::WINDOW;
use wrt::runtime::translate::{locate_in, sections};
use wrt::{Frame, ModuleInstance};

/// Frames that are shown; of endless recursion there are thousands.
const SHOWN: usize = 24;
/// Words of scratch for `locate_in`: more than any module needs that has been translated in a few.
const SCRATCH: usize = 1 << 20;

type Section<'b> = gimli::EndianSlice<'b, gimli::LittleEndian>;

/// One line per frame, each after a line break; two or more where the compiler has inlined functions.
pub(crate) fn lines(instance: &ModuleInstance, wasm: &[u8]) -> String {
    let source = Source::of(wasm);
    let mut text = String::new();
    for frame in instance.frames().take(SHOWN) {
        source.frame(&mut text, &frame);
    }
    match instance.frames().count().saturating_sub(SHOWN) {
        0 => {}
        more => text += &format!("\n  and {more} more"),
    }
    text
}

/// What people call a frame's function.
pub(crate) fn name(frame: &Frame) -> String {
    match (&frame.name, frame.func) {
        // A plain "f" would be C++'s `float`.
        (Some(name), _) if name.starts_with('_') => addr2line::demangle_auto(Cow::from(name), None).into_owned(),
        (Some(name), _) => name.into(),
        (None, Some(func)) => format!("function {func}"),
        (None, None) => "initialisation".into(),
    }
}

/// What a .wasm tells about its code; an image tells nothing.
pub(crate) struct Source<'b> {
    wasm: Option<&'b [u8]>,
    /// Where the content of the code section begins.
    code: u64,
    lines: Option<addr2line::Context<Section<'b>>>,
}

impl<'b> Source<'b> {
    pub(crate) fn of(bytes: &'b [u8]) -> Source<'b> {
        let wasm = Some(bytes).filter(|b| !b.starts_with(b"WRTI"));
        let code = wasm.and_then(|w| sections(w).find(|s| s.id == 10)).map_or(0, |s| s.at.into());
        let lines = wasm.filter(|w| sections(w).any(|s| s.name == b".debug_line")).and_then(|w| {
            let section = |id: gimli::SectionId| {
                let found = sections(w).find(|s| s.name == id.name().as_bytes());
                Ok::<_, gimli::Error>(Section::new(found.map_or(&[], |s| s.bytes), gimli::LittleEndian))
            };
            addr2line::Context::from_dwarf(gimli::Dwarf::load(section).ok()?).ok()
        });
        Source { wasm, code, lines }
    }

    /// Whether it knows lines.
    pub(crate) fn has_lines(&self) -> bool {
        self.lines.is_some()
    }

    /// `file:line` of a word of a function's code. Takes as long as a translation of the module.
    pub(crate) fn line(&self, func: u32, offset: u32) -> Option<String> {
        let byte = locate_in(WINDOW, self.wasm?, &mut vec![0; SCRATCH], func, offset)?;
        let (_, line) = self.inlined(byte).into_iter().next()?;
        Some(line.trim().to_string()).filter(|line| !line.is_empty())
    }

    fn frame(&self, text: &mut String, frame: &Frame) {
        let name = name(frame);
        // The initialiser is the translator's own: no instruction of the module has its place.
        let byte = frame.func.zip(self.wasm).and_then(|(f, w)| locate_in(WINDOW, w, &mut vec![0; SCRATCH], f, frame.offset));
        let place = match (byte, &frame.name, frame.func) {
            (Some(byte), ..) => format!("wasm byte {byte:#x}"),
            // What `wrt inspect --at` wants to know.
            (None, Some(_), Some(func)) => format!("function {func}, word {}", frame.offset),
            _ => format!("word {}", frame.offset),
        };
        let inlined = byte.map_or(Vec::new(), |byte| self.inlined(byte));
        // The innermost of the inlined functions stands where it is; those around it, where they call.
        let mut lines = inlined.into_iter().peekable();
        while let Some((inner, line)) = lines.next() {
            match lines.peek() {
                Some(_) => _ = write!(text, "\n  at {} (inlined){line}", inner.as_deref().unwrap_or("?")),
                None => {
                    _ = write!(text, "\n  at {name} ({place}){line}");
                    return;
                }
            }
        }
        _ = write!(text, "\n  at {name} ({place})");
    }

    /// Name, and ` file:line` or nothing, of the functions at this byte, innermost first.
    fn inlined(&self, byte: u32) -> Vec<(Option<String>, String)> {
        let Some(context) = &self.lines else { return Vec::new() };
        let mut found = Vec::new();
        let Some(address) = u64::from(byte).checked_sub(self.code) else { return found };
        let Ok(mut frames) = context.find_frames(address).skip_all_loads() else { return found };
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.and_then(|f| f.demangle().ok().map(Cow::into_owned));
            let line = frame.location.and_then(|l| Some(format!(" {}:{}", l.file?, l.line?))).unwrap_or_default();
            found.push((name, line));
        }
        found
    }
}
