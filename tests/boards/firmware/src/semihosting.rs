// SPDX-License-Identifier: MIT
//! Files, output and the end of the program, by semihosting.

use crate::board::semihost;
use core::fmt;

// Operations (Arm, "Semihosting for AArch32 and AArch64", chapter 7).
const OPEN: usize = 0x01;
const WRITE: usize = 0x05;
const READ: usize = 0x06;
const GET_CMDLINE: usize = 0x15;
const EXIT_EXTENDED: usize = 0x20;
/// ADP_Stopped_ApplicationExit
const APPLICATION_EXIT: usize = 0x20026;

fn call(operation: usize, block: &[usize]) -> usize {
    semihost(operation, block.as_ptr() as usize)
}

/// What the host calls this program with, in `buffer`.
pub(crate) fn command_line(buffer: &mut [u8]) -> &str {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    let failed = semihost(GET_CMDLINE, block.as_mut_ptr() as usize) != 0;
    // The host writes to the block.
    let n = if failed { 0 } else { core::hint::black_box(block)[1] };
    buffer.get(..n).and_then(|b| core::str::from_utf8(b).ok()).unwrap_or("").trim_end_matches('\0')
}

/// A file of the host's.
pub(crate) struct File(usize);

impl File {
    /// Opens `path`; `mode` 1 reads bytes, 4 writes.
    fn open(path: &str, mode: usize) -> Option<File> {
        let mut name = [0; 512];
        name.get_mut(..path.len())?.copy_from_slice(path.as_bytes());
        match call(OPEN, &[name.as_ptr() as usize, mode, path.len()]) {
            usize::MAX => None,
            handle => Some(File(handle)),
        }
    }
    /// Opens `path` for reading.
    pub(crate) fn read(path: &str) -> Option<File> {
        File::open(path, 1)
    }
    /// Fills `to`; `None` when the file ends before.
    pub(crate) fn fill(&mut self, to: &mut [u8]) -> Option<()> {
        let left = call(READ, &[self.0, to.as_mut_ptr() as usize, to.len()]);
        core::hint::black_box(&to);
        (left == 0).then_some(())
    }
}

/// Standard output of the emulator, line by line.
pub(crate) struct Out {
    file: File,
    line: [u8; 256],
    used: usize,
}

impl Out {
    pub(crate) fn new() -> Out {
        Out { file: File::open(":tt", 4).unwrap_or(File(1)), line: [0; 256], used: 0 }
    }
    /// Prints a line. Nobody hears when that fails.
    pub(crate) fn say(&mut self, line: fmt::Arguments<'_>) {
        let _ = fmt::write(self, line);
        let _ = fmt::Write::write_char(self, '\n');
    }
    fn flush(&mut self) {
        call(WRITE, &[self.file.0, self.line.as_ptr() as usize, self.used]);
        self.used = 0;
    }
}

impl fmt::Write for Out {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for b in s.bytes() {
            if let Some(to) = self.line.get_mut(self.used) {
                *to = b;
                self.used += 1;
            }
            if b == b'\n' || self.used == self.line.len() {
                self.flush();
            }
        }
        Ok(())
    }
}

/// Ends the emulator with this code.
pub(crate) fn exit(code: usize) -> ! {
    loop {
        call(EXIT_EXTENDED, &[APPLICATION_EXIT, code]);
    }
}
