// SPDX-License-Identifier: MIT
//! The one error type of the API. Inner layers use small enums of their own and become an [`Error`] at the edge.

use crate::Trap;
use core::fmt;

/// What kind of failure it is, and so what a caller can do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not a module (spec: core 5). [`Error::at`] is the byte offset.
    Malformed,
    /// The module breaks a rule of validation (spec: core 3). [`Error::at`] is the byte offset.
    Invalid,
    /// An import is missing or has another type. [`Error::at`] is the number of the import.
    Unlinkable,
    /// Execution trapped.
    Trap(Trap),
    /// The memory given is too small. [`Error::at`] is the number of bytes needed.
    Memory,
    /// A damaged, truncated or foreign-version image.
    Image,
    /// The caller's mistake: no such export, wrong arguments, a stale handle.
    Usage,
    /// Execution stopped and can be continued: fuel is used up or it was interrupted.
    Paused,
    /// The build, the module or the platform does not offer this.
    Unsupported,
    /// A wait ended by its deadline.
    Timeout,
    /// The operating system said no.
    Platform,
}

impl ErrorKind {
    /// One or two words for it.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorKind::Malformed => "malformed module",
            ErrorKind::Invalid => "invalid module",
            ErrorKind::Unlinkable => "unlinkable",
            ErrorKind::Trap(_) => "trap",
            ErrorKind::Memory => "not enough memory",
            ErrorKind::Image => "bad image",
            ErrorKind::Usage => "usage",
            ErrorKind::Paused => "paused",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Platform => "platform",
        }
    }
}

/// Texts of [`Error::with_context`] that are kept; more push the oldest out.
const CONTEXTS: usize = 3;

/// A failure: its kind, one sentence, a number whose meaning the kind gives, and what the callers added.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: &'static str,
    at: u32,
    context: [&'static str; CONTEXTS],
    #[cfg(feature = "alloc")]
    detail: Option<alloc::boxed::Box<str>>,
}

/// The name of [`Error`] in the API's documents.
pub type WrtError = Error;
/// What fallible calls return.
pub type WrtResult<T> = Result<T, Error>;

impl Error {
    /// An error with a sentence; [`Error::at`] is 0.
    pub const fn new(kind: ErrorKind, message: &'static str) -> Error {
        Error::at_offset(kind, message, 0)
    }
    /// An error with the number that its kind asks for.
    pub const fn at_offset(kind: ErrorKind, message: &'static str, at: u32) -> Error {
        Error {
            kind,
            message,
            at,
            context: [""; CONTEXTS],
            #[cfg(feature = "alloc")]
            detail: None,
        }
    }
    /// Adds a text of the caller's, outermost last. The three newest are kept.
    #[must_use]
    pub fn with_context(mut self, text: &'static str) -> Error {
        match self.context.iter_mut().find(|c| c.is_empty()) {
            Some(free) => *free = text,
            None => {
                self.context.rotate_left(1);
                if let Some(last) = self.context.last_mut() {
                    *last = text;
                }
            }
        }
        self
    }
    /// Adds text made at run time: the name of an import, a path.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn with_detail(mut self, text: impl Into<alloc::string::String>) -> Error {
        self.detail = Some(text.into().into_boxed_str());
        self
    }
    /// The same from what `format_args!` makes. Without memory for it there is none: an error about memory does not need more.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn with_detail_fmt(mut self, text: fmt::Arguments<'_>) -> Error {
        self.detail = boxed(text);
        self
    }
    /// What kind of failure it is.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// The sentence; for malformed and invalid modules and traps, the specification's wording.
    pub const fn message(&self) -> &'static str {
        self.message
    }
    /// Byte offset, bytes needed or import number: see [`ErrorKind`].
    pub const fn at(&self) -> u32 {
        self.at
    }
    /// The trap, if it is one.
    pub const fn trap(&self) -> Option<Trap> {
        match self.kind {
            ErrorKind::Trap(t) => Some(t),
            _ => None,
        }
    }
}

/// The text, if the allocator has room for it.
#[cfg(feature = "alloc")]
fn boxed(text: fmt::Arguments<'_>) -> Option<alloc::boxed::Box<str>> {
    struct Length(usize);
    impl fmt::Write for Length {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            self.0 = self.0.saturating_add(s.len());
            Ok(())
        }
    }
    /// Writes into the room that it has.
    struct Within(alloc::string::String);
    impl fmt::Write for Within {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            if s.len() > self.0.capacity().saturating_sub(self.0.len()) {
                return Err(fmt::Error);
            }
            self.0.push_str(s);
            Ok(())
        }
    }
    let mut length = Length(0);
    fmt::write(&mut length, text).ok()?;
    let mut within = Within(alloc::string::String::new());
    within.0.try_reserve_exact(length.0).ok()?;
    fmt::write(&mut within, text).ok()?;
    Some(within.0.into_boxed_str())
}

impl From<Trap> for Error {
    fn from(t: Trap) -> Error {
        Error::new(ErrorKind::Trap(t), t.message())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in self.context.iter().rev().filter(|c| !c.is_empty()) {
            write!(f, "{text}: ")?;
        }
        write!(f, "{}: {}", self.kind.name(), self.message)?;
        match self.kind {
            ErrorKind::Malformed | ErrorKind::Invalid => write!(f, " (at byte {})", self.at)?,
            ErrorKind::Memory if self.at != 0 => write!(f, " ({} bytes needed)", self.at)?,
            _ => {}
        }
        #[cfg(feature = "alloc")]
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn texts_stand_outermost_first() {
        let e = Error::at_offset(ErrorKind::Invalid, "type mismatch", 41).with_context("loading app").with_context("boot");
        assert_eq!(e.to_string(), "boot: loading app: invalid module: type mismatch (at byte 41)");
        let e = e.with_context("3").with_context("4");
        assert_eq!(e.to_string(), "4: 3: boot: invalid module: type mismatch (at byte 41)");
        assert_eq!(Error::from(Trap::DivideByZero).trap(), Some(Trap::DivideByZero));
        let e = Error::new(ErrorKind::Usage, "no").with_detail_fmt(format_args!("{}.{}", "a", 7));
        assert_eq!(e.to_string().rsplit_once(": ").unwrap().1, "a.7");
    }
}
