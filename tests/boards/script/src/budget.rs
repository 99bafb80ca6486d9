// SPDX-License-Identifier: MIT
//! THE RAM budget of a script, the same on each board and on the host when it is compared with them: what is lent to the
//! store and to the translation. There is no allocator.
//!
//! mps2-an385 has 4 MiB for all but the linear memories and 16 MiB for those; riscv32-virt is started with 32 MiB.

use wrt_runtime::stack::WINDOW;

/// The script at hand, or the module.
pub const SCRIPT: usize = 1 << 20;
/// Images of its modules.
pub const IMAGE_WORDS: usize = (3 << 19) / 4;
/// Scratch of the translation.
pub const SCRATCH_WORDS: usize = (256 << 10) / 4;
/// Globals, links and table elements of its instances.
pub const STORE_WORDS: usize = (512 << 10) / 4;
/// Its structures, arrays and exceptions.
pub const HEAP_WORDS: usize = (64 << 10) / 4;
/// The shared memory that it can import: two pages.
pub const SHARED_WORDS: usize = (2 << 16) / 4;
/// Its other linear memories.
pub const MEMORY_BYTES: usize = (16 << 20) - SHARED_WORDS * 4;
/// Cells of the stack: as many as on the host.
pub const CELLS: usize = (1 << 16) + WINDOW;
/// Nested calls: as many as on the host.
pub const FRAMES: usize = 1 << 10;
/// Slots of the store: instances and the host's globals.
pub const INSTANCES: usize = 512;
/// Slots of the store.
pub const MEMORIES: usize = 128;
/// Slots of the store.
pub const TABLES: usize = 128;
/// Slots of the store.
pub const TYPES: usize = 256;
