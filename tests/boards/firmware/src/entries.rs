// SPDX-License-Identifier: MIT
//! The entries of a pack, read from the host one by one.

use crate::semihosting::File;
use script::format::lengths;

/// What has not been read yet.
pub(crate) struct Entries {
    file: File,
    at_end: bool,
}

impl Entries {
    pub(crate) fn open(path: &str) -> Option<Entries> {
        Some(Entries { file: File::read(path)?, at_end: false })
    }
    /// Reads name and body of the next entry into `buffer`. `None` at the end, and when something is wrong.
    pub(crate) fn next<'b>(&mut self, buffer: &'b mut [u8]) -> Option<(&'b str, &'b [u8])> {
        let mut head = [0; 8];
        if self.file.fill(&mut head).is_none() {
            self.at_end = true;
            return None;
        }
        let (name, body) = lengths(head);
        let bytes = buffer.get_mut(..name.checked_add(body)?)?;
        self.file.fill(bytes)?;
        let (name, body) = bytes.split_at_checked(name)?;
        Some((core::str::from_utf8(name).ok()?, body))
    }
    /// Whether all were read.
    pub(crate) fn at_end(&self) -> bool {
        self.at_end
    }
}
