// SPDX-License-Identifier: MIT
//! Functions that are translated when they are first called: for computers, where a program calls few of its functions.
//!
//! The image is complete but for the code. Each function has a place of so many words per byte of its body, which are zeros
//! until then, and the allocator gives zeros that take no memory before they are written. So entries are sorted and fixed
//! like those of any image, calls are what they always are, and nothing but threaded code looks for
//! zeros: when it is about to expand a function. Whoever carries out images by `loop { match }` never sees one.
//!
//! A function with parameters that can be references is translated at once: a collection of garbage may come between a call
//! and the first word of the function, which says where its references are.

use super::validated::Validated;
use super::*;
use crate::image::Image;
use crate::store::Instance;
use alloc::sync::Arc;
use alloc::vec::Vec;
use wrt_decoder::{Kept, decode_body, decode_keeping, validate};
use wrt_foundation::Shared;
use wrt_foundation::buf::zeroed;

/// Whether this build can translate functions when they are called.
pub const AVAILABLE: bool = true;

/// Words of a function's place: several times what compilers' code takes, and for what is small anyway.
fn room(body_bytes: u32) -> u32 {
    body_bytes.saturating_mul(4).saturating_add(16)
}

fn no_memory() -> Error {
    Error::new(ErrorKind::Memory, "out of memory")
}

/// A module whose functions are translated when they are first called. Its instances share nothing but this.
#[derive(Debug)]
pub struct Template<'m> {
    wasm: Shared<'m, u8>,
    kept: Kept,
    /// The decoder's words.
    info: Vec<u32>,
    /// The image; its functions are zeros.
    image: Arc<Vec<u32>>,
    /// Where the table begins that has, for each function, the byte of its body; 0: it is translated. Behind it one that has the
    /// end of what was translated later.
    bodies_at: u32,
}

impl<'m> Template<'m> {
    /// Reads a module. `None`: translate it at once, because this build has no threaded code, or because shared memories
    /// have to know all of it.
    ///
    /// # Errors
    /// As [`translate`]. What an image cannot hold ([`Fault::FrameTooLarge`] and the like) is found when a function is called.
    pub fn new(wasm: Shared<'m, u8>, wanted: Wanted, validated: Validated) -> Result<Option<Template<'m>>, Error> {
        let mut scratch = zeroed(4096usize.max(wasm.len() / 4)).ok_or_else(no_memory)?;
        let mut out = zeroed((HEADER as usize + 1024).saturating_add(wasm.len().saturating_mul(6))).ok_or_else(no_memory)?;
        let mut validated = validated == Validated::WhenCalled;
        loop {
            let result =
                if validated { Self::head(&wasm, wanted, &mut scratch, &mut out) } else { validate(&wasm, &mut scratch).map(|_| None) };
            match result {
                Ok(None) => validated = true,
                Ok(Some((kept, bodies_at, words))) if words as usize <= out.len() => {
                    if Image::trusted(&out).has_shared_memory() {
                        return Ok(None);
                    }
                    out.truncate(words as usize);
                    // Not `shrink_to_fit`: that ends the program where there is no memory.
                    let mut info = zeroed(kept.words() as usize).ok_or_else(no_memory)?;
                    info.copy_from_slice(scratch.get(..kept.words() as usize).unwrap_or(&[]));
                    return Ok(Some(Template { wasm, kept, info, image: Arc::new(out), bodies_at }));
                }
                Ok(Some((.., words))) => out = zeroed(words as usize).ok_or_else(no_memory)?,
                Err(e) if e.fault == Fault::ScratchFull => {
                    scratch = zeroed(scratch.len().saturating_mul(2).max(e.scratch_words as usize)).ok_or_else(no_memory)?;
                }
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The image without the code: what the decoder keeps, where the table of bodies begins, and words of the image.
    #[allow(clippy::type_complexity)] // of one caller
    fn head(wasm: &[u8], wanted: Wanted, scratch: &mut [u32], out: &mut [u32]) -> Result<Option<(Kept, u32, u32)>, DecodeError> {
        let mut t = Translator::<false>::new(Writer::new(out), wanted.window, FAR_BODY);
        t.w.reserve(HEADER);
        (t.lazily, t.unchecked) = (true, true);
        let (_, kept) = decode_keeping(wasm, scratch, &mut t)?;
        let (bodies_at, mut words) = (t.bodies_at, t.w.pos);
        if wanted.names {
            words = names::add(wasm, out, words, false);
        }
        Ok(Some((kept, bodies_at, words)))
    }

    /// The image. There is no code in it.
    pub fn image(&self) -> &Arc<Vec<u32>> {
        &self.image
    }

    /// A copy for one instance: of what is not zero, so that the rest takes no memory.
    pub(crate) fn copied(&self) -> Option<Vec<u32>> {
        let mut words = zeroed::<u32>(self.image.len())?;
        let image = Image::trusted(&self.image);
        let (code_at, code_end) = (image.get(Word::CodeAt), image.get(Word::CodeEnd));
        let handlers = image.get(Word::HandlersAt).saturating_add(image.get(Word::Handlers));
        let names = image.get(Word::NamesAt).max(handlers);
        let bodies = self.image.get(self.bodies_at as usize..).unwrap_or(&[]);
        let entries = image.entries();
        let ends = entries.iter().skip(1).copied().chain([code_end]);
        let translated = entries.iter().zip(ends).zip(bodies).filter(|(_, body)| **body == 0).map(|((begin, end), _)| (*begin, end));
        for (begin, end) in [(0, code_at), (code_end, handlers), (names, image.get(Word::Length))].into_iter().chain(translated) {
            let range = begin as usize..end as usize;
            if let (Some(to), Some(from)) = (words.get_mut(range.clone()), self.image.get(range)) {
                to.copy_from_slice(from);
            }
        }
        Some(words)
    }
}

/// What an instance needs to translate its functions.
#[derive(Debug)]
pub(crate) struct Lazy<'m> {
    template: Arc<Template<'m>>,
    scratch: Vec<u32>,
    /// Why the last function was not translated.
    error: Option<Error>,
}

impl<'m> Lazy<'m> {
    pub(crate) fn new(template: Arc<Template<'m>>) -> Lazy<'m> {
        Lazy { template, scratch: Vec::new(), error: None }
    }
    pub(crate) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Scratch of this length or more, with the decoder's words.
    fn scratch(&mut self, words: usize) -> Result<(), Error> {
        if self.scratch.len() >= words {
            return Ok(());
        }
        self.scratch = zeroed(words).ok_or_else(no_memory)?;
        let kept = &self.template.info;
        self.scratch.get_mut(..kept.len()).ok_or_else(no_memory)?.copy_from_slice(kept);
        Ok(())
    }

    /// Translates own function `own` unless it is; the place of its code.
    fn function(&mut self, image: &mut [u32], own: u32) -> Result<Option<(u32, u32)>, Error> {
        let view = Image::trusted(image);
        let func = view.get(Word::ImportedFuncs).saturating_add(own);
        let Some((begin, end)) = view.func_range(func) else { return Ok(None) };
        let template = Arc::clone(&self.template);
        let word = |image: &[u32], at: u32| image.get(at as usize).copied().unwrap_or(0);
        let body_at = template.bodies_at.saturating_add(own);
        let end_at = body_at.saturating_add(view.entries().len() as u32);
        let body = word(image, body_at);
        if body == 0 {
            return Ok(Some((begin, end)));
        }
        if word(image, end_at) != 0 {
            return Ok(Some((begin, word(image, end_at))));
        }
        let header = |w: Word| word(image, w as u32);
        let (window, imported, entries_at) = (view.window(), header(Word::ImportedFuncs), header(Word::EntriesAt));
        let (frame_cells, handlers_at, handlers) = (header(Word::FrameCells), header(Word::HandlersAt), header(Word::Handlers));
        self.scratch(template.info.len().saturating_add(4096))?;
        let mut far_body = FAR_BODY;
        loop {
            let Some(out) = image.get_mut(..end as usize) else { return Ok(None) };
            let mut t = Translator::<false>::new(Writer::new(out), window, far_body);
            (t.w.pos, t.imported_funcs, t.entries_at, t.frame_cells) = (begin, imported, entries_at, frame_cells);
            let result = decode_body(&template.kept, &template.wasm, &mut self.scratch, func, body, &mut t);
            let (to, frame_cells, mut next, tries) = (t.w.pos, t.frame_cells, t.last_try, t.handlers);
            let fault = match result {
                Ok(_) if to <= end => {
                    let all = handlers.saturating_add(tries);
                    for (at, value) in [(end_at, to), (Word::FrameCells as u32, frame_cells), (Word::Handlers as u32, all)] {
                        if let Some(w) = image.get_mut(at as usize) {
                            *w = value;
                        }
                    }
                    let at = handlers_at.saturating_add(handlers);
                    for i in at..at.saturating_add(tries) {
                        let before = word(image, next.saturating_add(5));
                        if let Some(w) = image.get_mut(i as usize) {
                            *w = next;
                        }
                        next = before;
                    }
                    // Of all functions, in the order of their places.
                    if tries > 0
                        && let Some(all) = image.get_mut(handlers_at as usize..at.saturating_add(tries) as usize)
                    {
                        all.sort_unstable();
                    }
                    return Ok(Some((begin, to)));
                }
                Ok(_) => Err(Error::new(ErrorKind::Unsupported, "the code of a function is too large to be translated lazily")),
                Err(e) if e.fault == Fault::JumpTooFar && far_body != 0 => Ok(e),
                Err(e) if e.fault == Fault::ScratchFull => Ok(e),
                Err(e) => Err(e.into()),
            };
            if let Some(all) = image.get_mut(begin as usize..to.min(end) as usize) {
                all.fill(0);
            }
            match fault? {
                DecodeError { fault: Fault::JumpTooFar, .. } => far_body = less_far(far_body),
                e => self.scratch(self.scratch.len().saturating_mul(2).max(e.scratch_words as usize))?,
            }
        }
    }
}

/// Has the function translated that holds the word at `pc`, if it is one of an instance that translates lazily; where its code
/// begins and ends.
pub(crate) fn code_at(inst: &mut Instance<'_>, pc: u32) -> Result<Option<(u32, u32)>, wrt_foundation::Trap> {
    let (Some(lazy), Shared::Arc(image)) = (&mut inst.lazy, &mut inst.image) else { return Ok(None) };
    let view = Image::trusted(image);
    if pc >= view.get(Word::CodeEnd) {
        return Ok(None);
    }
    let Some(own) = view.entries().partition_point(|entry| *entry <= pc).checked_sub(1) else { return Ok(None) };
    let made = Arc::get_mut(image).ok_or_else(no_memory).and_then(|image| lazy.function(image, own as u32));
    made.map_err(|e| {
        lazy.error = Some(e);
        wrt_foundation::Trap::BadImage
    })
}

/// Has all functions translated of which that is possible, for a loop that does not look for those that are not.
pub(crate) fn all(inst: &mut Instance<'_>) {
    if let (Some(lazy), Shared::Arc(image)) = (&mut inst.lazy, &mut inst.image)
        && let Some(image) = Arc::get_mut(image)
    {
        for own in 0..Image::trusted(image).entries().len() as u32 {
            lazy.error = lazy.function(image, own).err().or(lazy.error.take());
        }
    }
}

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// Leaves room for the tables of [`Template::bodies_at`].
    pub(super) fn bodies(&mut self, funcs: u32) {
        if self.lazily {
            self.bodies_at = self.w.reserve(funcs.saturating_mul(2));
        }
    }
    /// Leaves room for a function, if it can be translated later.
    pub(super) fn leave_room(&mut self, info: &Info<'_>, func: u32, at: u32, size: u32) -> bool {
        let takes_references = |ty: FuncType<'_>| ty.params.iter().any(|ty| ValType::from_bits(*ty).is_ref());
        if !self.lazily || info.func_type(func).is_none_or(takes_references) {
            return false;
        }
        let own = func.wrapping_sub(self.imported_funcs);
        self.w.set(self.entries_at.wrapping_add(own), self.w.pos);
        self.w.set(self.bodies_at.wrapping_add(own), at);
        self.w.skip(room(size));
        self.code_end = self.w.pos;
        self.later = self.later.saturating_add(size);
        true
    }
    /// Leaves room for the handlers of functions: each `try` has several bytes.
    pub(super) fn room_for_handlers(&mut self) {
        self.w.skip(self.later / 3);
    }
}
