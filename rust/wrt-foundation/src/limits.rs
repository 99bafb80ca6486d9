// SPDX-License-Identifier: MIT
//! Maxima of one module. Each refusal names its limit; values follow the ones that browsers agreed on where there
//! are any (spec: core appendix A.2, implementation limitations).

/// Types of one module.
pub const TYPES: u32 = 100_000;
/// Groups of types in one chain of a table by hash, in a module and in a store: more than this are made on purpose.
pub const EQUAL_HASHES: u32 = 256;
/// Operands and reference locals that the maps of references of one module look at, beyond 64 at one place, so that hostile code cannot have an
/// image that is a hundred times as large.
pub const MAPPED: u32 = 50_000_000;
/// Operands that the instructions of one module's functions take together, where one takes over 64: two bytes of hostile code can call for a
/// thousand of them to be looked at.
pub const WIDE: u32 = 20_000_000;
/// Parameters of one function.
pub const PARAMS: u32 = 1_000;
/// Results of one function.
pub const RESULTS: u32 = 1_000;
/// Fields of one structure.
pub const FIELDS: u32 = 10_000;
/// Supertypes above one type.
pub const SUBTYPE_DEPTH: u32 = 63;
/// Tags of one module.
pub const TAGS: u32 = 65_535;
/// Functions of one module, imports included.
pub const FUNCTIONS: u32 = 1_000_000;
/// Imports, and exports, of one module.
pub const IMPORTS: u32 = 100_000;
/// Globals of one module.
pub const GLOBALS: u32 = 65_535;
/// Tables of one module.
pub const TABLES: u32 = 65_535;
/// Memories of one module.
pub const MEMORIES: u32 = 65_535;
/// Element and data segments of one module, each.
pub const SEGMENTS: u32 = 100_000;
/// Locals of one function, parameters included.
pub const LOCALS: u32 = 50_000;
/// Cells of one frame: locals and operands together.
pub const FRAME_CELLS: u32 = 60_000;
/// Nested blocks of one function, its body included.
pub const NESTING: u32 = 10_000;
/// Elements of one table.
pub const TABLE_ELEMENTS: u32 = 10_000_000;
/// Bytes of one function body.
pub const BODY_BYTES: u32 = 7_654_321;
