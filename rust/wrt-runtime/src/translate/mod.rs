// SPDX-License-Identifier: MIT
//! From validated instructions to the image, in one pass and without a buffer of its own.
//!
//! Operands stay lazy: `local.get` and constants cost nothing until somebody needs them, the last operation's
//! destination is changed when its result goes to a local, comparisons join the branch that tests them. Every other
//! operand lives in its own cell, so labels need no bookkeeping but "everything in its cell".
//!
//! **Cells and registers.** Cells are numbered without gaps by the validator. One operation can name cells below 256, or
//! 128 with the small window; cells below `near` are those registers, the rest lies [`HOLE`] further up, and the
//! registers between serve as scratch when a far cell has to pass through an operation.
//!
//! **Cost.** `run_length` counts instructions since the last point where the counter was charged. A jump taken from
//! count p to a label at count q charges p - q, calls and returns charge p. So straight code pays nothing, every path
//! pays exactly its instructions, and a `CHARGE` stands only where [`MAX_RUN`] instructions follow each other.
//!
//! When the output ends, everything goes on counting, so that the words needed are reported exactly.

mod atomic;
mod condition;
mod extended;
#[cfg(feature = "threaded")]
#[cfg_attr(not(wrt_threaded), path = "at_once.rs")]
pub mod lazy;
mod legacy;
mod names;
mod simd;
mod sink;
#[cfg(feature = "threaded")]
mod validated;
mod writer;

use condition::{GE_U, I32_EQ, I32_EQZ, if_not_zero, if_zero, opposite};
use simd::{STRADDLE, VECTORS};
use writer::{Writer, word, word16};

use crate::image::{self, HEADER, PADDING, Word};
use crate::op;
use crate::run::{LATENCY, SLICE};
use crate::store::STEP;
#[cfg(feature = "threaded")]
pub use validated::Validated;
pub use wrt_decoder::custom::{Section, sections};
use wrt_decoder::types::Kind;
use wrt_decoder::{ConstFor, Control, ControlKind, FuncType, Info, Operand, Operands, Pair, Place, Sink, decode};
pub use wrt_decoder::{DecodeError, Fault};
use wrt_foundation::{Error, ErrorKind, ExternKind, Feature, ValType, limits};

/// Cells below this are registers of the same number. With `--cfg wrt_far`, a test build, nearly nothing is near: the
/// official suite then goes through everything that is written for large functions.
const fn near_cells(window: u32) -> u32 {
    if cfg!(wrt_far) {
        6
    } else if window < image::LARGE_WINDOW {
        image::SMALL_WINDOW - 8 - HOLE
    } else {
        image::LARGE_WINDOW - 8 - HOLE
    }
}
/// Cells that are not near lie this much further up in the frame.
pub const HOLE: u32 = 16;
/// Most instructions in a row without a charge: bounds the debt of the counter and the latency of an interrupt.
pub const MAX_RUN: u32 = if cfg!(wrt_far) { 5 } else { 224 };
/// Results of a function that are moved one by one.
const FEW: u32 = 4;
/// Operands that are put into their cells without a look at the counter.
const MANY: u32 = 64;
// A run that a jump leaves may end in the middle of another, and a step of a bulk operation be charged before both.
const _: () = assert!(SLICE + 2 * MAX_RUN as i64 + (STEP / 64) as i64 <= LATENCY);
/// Bodies of this many bytes or more use jumps of 32 bits, which take longer. A byte becomes 0.3 to 0.5 words, and 16 bits reach 32,767.
const FAR_BODY: u32 = if cfg!(wrt_far) { 0 } else { 60_000 };
/// The same where jumps of 16 bits have turned out too short in a body of fewer bytes than `far_body`.
const fn less_far(far_body: u32) -> u32 {
    if far_body > 12_000 { 12_000 } else { 0 }
}
/// The registers from `near` on are for far operands, two cells each, and for results.
const SCRATCH_RESULT: u32 = 6;
/// Operands that a `local.set` looks through at most.
const LAZY: u32 = 32;
/// Whether there are 64-bit addresses.
const WIDE: bool = cfg!(feature = "memory64");
/// `i64.extend_i32_s` and `i64.extend_i32_u`
const EXTEND_S: u8 = 0xac;
const EXTEND_U: u8 = 0xad;

/// What a translation took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translated {
    /// Words of the image.
    pub words: u32,
    /// Words of scratch used.
    pub scratch_words: u32,
}

/// Why there is no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranslateError {
    /// The module was refused.
    Module(DecodeError),
    /// The output has too few words for the image; how many it needs, exactly.
    Output(Translated),
}

impl From<TranslateError> for Error {
    fn from(e: TranslateError) -> Error {
        match e {
            TranslateError::Module(e) => e.into(),
            TranslateError::Output(t) => Error::at_offset(ErrorKind::Memory, "the image does not fit", t.words.saturating_mul(4)),
        }
    }
}

/// Decodes, validates and translates `wasm` into `out`, which holds the image afterwards. `scratch` is used during the
/// call only; what both need is in `wrt inspect`, and in the error.
///
/// # Errors
/// [`TranslateError::Module`]: malformed, invalid or unsupported, or scratch too short. [`TranslateError::Output`]:
/// valid, but `out` is too short.
pub fn translate(wasm: &[u8], scratch: &mut [u32], out: &mut [u32]) -> Result<Translated, TranslateError> {
    code(Wanted::default(), wasm, scratch, out)
}

/// What an image is to be like; by default, for this engine and without names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The engine's window: [`image::LARGE_WINDOW`] or [`image::SMALL_WINDOW`].
    pub window: u32,
    /// Whether it has the names of functions, for [`Image::func_name`](image::Image::func_name).
    pub names: bool,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { window: image::WINDOW, names: false }
    }
}

/// [`translate`] to such an image.
///
/// # Errors
/// As [`translate`]. The words that names take are counted when there is room for everything else.
pub fn translate_for(wanted: Wanted, wasm: &[u8], scratch: &mut [u32], out: &mut [u32]) -> Result<Translated, TranslateError> {
    let mut done = code(wanted, wasm, scratch, out)?;
    if wanted.names {
        done.words = names::add(wasm, out, done.words, true);
    }
    if done.words as usize > out.len() { Err(TranslateError::Output(done)) } else { Ok(done) }
}

/// Everything but the names; if there will be some, without a check value.
fn code(wanted: Wanted, wasm: &[u8], scratch: &mut [u32], out: &mut [u32]) -> Result<Translated, TranslateError> {
    let run = |scratch: &mut [u32], out: &mut [u32], far_body| {
        let mut t = Translator::<false>::new(Writer::new(out), wanted.window, far_body);
        t.w.reserve(HEADER);
        #[cfg(feature = "alloc")]
        {
            t.unchecked = wanted.names;
        }
        let decoded = decode(wasm, scratch, &mut t).map_err(TranslateError::Module)?;
        let done = Translated { words: t.w.pos, scratch_words: decoded.scratch_words };
        if t.w.pos as usize > t.w.out.len() { Err(TranslateError::Output(done)) } else { Ok(done) }
    };
    let mut far_body = FAR_BODY;
    loop {
        match run(scratch, out, far_body) {
            Err(TranslateError::Module(e)) if e.fault == Fault::JumpTooFar && far_body != 0 => far_body = less_far(far_body),
            done => return done,
        }
    }
}

/// The byte of `wasm` where the instruction starts that the image word `pc` belongs to; `None` when `wasm` is not valid
/// or `pc` not in its code. For messages about traps: the image itself holds no such table. `window` is the image's.
pub fn locate(window: u32, wasm: &[u8], scratch: &mut [u32], pc: u32) -> Option<u32> {
    watch(window, wasm, scratch, u32::MAX, pc)
}

/// The same for word `offset` of the code of function `func`, imports counted, wherever that stands in an image.
pub fn locate_in(window: u32, wasm: &[u8], scratch: &mut [u32], func: u32, offset: u32) -> Option<u32> {
    watch(window, wasm, scratch, func, offset)
}

fn watch(window: u32, wasm: &[u8], scratch: &mut [u32], func: u32, word: u32) -> Option<u32> {
    let mut far_body = FAR_BODY;
    loop {
        let mut t = Translator::<true>::new(Writer::new(&mut []), window, far_body);
        t.w.reserve(HEADER);
        (t.watch_in, t.watch) = (func, if func == u32::MAX { word } else { 0 });
        t.watch_offset = word;
        match decode(wasm, scratch, &mut t) {
            Ok(_) => return (t.watched != 0).then_some(t.watched),
            Err(e) if e.fault == Fault::JumpTooFar && far_body != 0 => far_body = less_far(far_body),
            Err(_) => return None,
        }
    }
}

/// [`translate`] into a vector of exactly the image's length.
///
/// # Errors
/// As [`translate`]; [`ErrorKind::Memory`] only when the allocator has no room.
#[cfg(feature = "alloc")]
pub fn translate_vec(wasm: &[u8]) -> Result<(alloc::vec::Vec<u32>, Translated), Error> {
    translate_vec_for(Wanted::default(), wasm)
}

/// [`translate_vec`] to such an image.
///
/// # Errors
/// As [`translate_vec`].
#[cfg(feature = "alloc")]
pub fn translate_vec_for(wanted: Wanted, wasm: &[u8]) -> Result<(alloc::vec::Vec<u32>, Translated), Error> {
    let words = |n: usize| {
        wrt_foundation::buf::zeroed::<u32>(n).ok_or(Error::at_offset(ErrorKind::Memory, "out of memory", (n as u32).saturating_mul(4)))
    };
    // More than nearly all modules need: what is not used of it is never touched.
    let mut scratch = words(4096usize.max(wasm.len() / 4))?;
    let mut out = words((HEADER as usize + 64).saturating_add(wasm.len()))?;
    loop {
        match translate_for(wanted, wasm, &mut scratch, &mut out) {
            Ok(t) => {
                // Not `shrink_to_fit`: that ends the program where there is no memory.
                let mut exact = words(t.words as usize)?;
                exact.copy_from_slice(out.get(..t.words as usize).unwrap_or(&[]));
                return Ok((exact, t));
            }
            Err(TranslateError::Output(t)) => {
                drop(core::mem::take(&mut out));
                out = words(t.words as usize)?;
            }
            Err(TranslateError::Module(e)) if e.fault == Fault::ScratchFull => {
                let more = scratch.len().saturating_mul(2).max(e.scratch_words as usize);
                drop(core::mem::take(&mut scratch));
                scratch = words(more)?;
            }
            Err(e) => return Err(e.into()),
        }
    }
}

fn is_i8(v: u32) -> bool {
    v as i32 == v as i8 as i32
}
fn is_i16(v: u32) -> bool {
    v as i32 == v as i16 as i32
}

/// Whether constant `k`, or if so its opposite, is the sign extension of its lower half `low`.
#[inline(never)]
fn is_sign_extended(k: Operand<'_>, low: u32, negate: bool) -> bool {
    let Place::Const(k) = k.place() else { return false };
    let k = if negate { k.wrapping_neg() } else { k };
    k as i64 == low as i32 as i64
}

/// What the last operation computed, while nothing has been written after it.
#[derive(Clone, Copy)]
struct Last {
    /// The operation's word and where it stands.
    word: u32,
    at: u32,
    /// The word after it; [`NOWHERE`] when there is no such operation.
    end: u32,
    /// The cell that has the result.
    cell: u32,
    made: Made,
    /// For [`Made::Test`]: where to cut when a branch takes it over, and the first word of that branch.
    from: u32,
    other: u32,
}

/// No place in the output.
const NOWHERE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Some value.
    Value,
    /// A comparison that a branch can take over.
    Test,
}
/// Instead of a cell in [`Last`]: the result has gone to a local, and is no operand's.
const ASSIGNED: u32 = u32::MAX;

// What becomes of a binary instruction with a constant operand: bits 7:0 are the operation, above them a kind and flags.
const KIND: u16 = 7 << 8;
/// There is no such operation.
const NO_FORM: u16 = 0;
/// A branch can take it over.
const COMPARISON: u16 = 1 << 8;
/// There is none, and the engine has to have floats.
const FLOAT: u16 = 2 << 8;
/// Of 32 bits, with a shorter operation for small constants.
const SUM: u16 = 3 << 8;
/// Of 32 bits.
const SINGLE: u16 = 4 << 8;
/// Of 64 bits: the word is sign-extended.
const DOUBLE: u16 = 5 << 8;
/// A shift of 32 or 64 bits.
const SHIFT: u16 = 6 << 8;
const SHIFT2: u16 = 7 << 8;
/// The operation takes the opposite of the constant: to subtract is to add, to rotate right is to rotate left.
const NEGATE: u16 = 1 << 11;
/// The operands may be exchanged.
const COMMUTES: u16 = 1 << 12;
/// By the lower seven bits of the opcode; `i32.eq` is the first of them and the last is less than that much further.
static BINARY: [u16; 128] = {
    use op::*;
    // add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr
    let forms = [
        [
            SUM | COMMUTES | I32_ADD_I as u16,
            SUM | NEGATE | I32_ADD_I as u16,
            SINGLE | COMMUTES | I32_MUL_I as u16,
            0,
            0,
            0,
            0,
            SINGLE | COMMUTES | I32_AND_I as u16,
            SINGLE | COMMUTES | I32_OR_I as u16,
            SINGLE | COMMUTES | I32_XOR_I as u16,
            SHIFT | I32_SHL_I as u16,
            SHIFT | I32_SHR_S_I as u16,
            SHIFT | I32_SHR_U_I as u16,
            SHIFT | I32_ROTL_I as u16,
            SHIFT | NEGATE | I32_ROTL_I as u16,
        ],
        [
            DOUBLE | COMMUTES | I64_ADD_I as u16,
            DOUBLE | NEGATE | I64_ADD_I as u16,
            DOUBLE | COMMUTES | I64_MUL_I as u16,
            0,
            0,
            0,
            0,
            DOUBLE | COMMUTES | I64_AND_I as u16,
            DOUBLE | COMMUTES | I64_OR_I as u16,
            DOUBLE | COMMUTES | I64_XOR_I as u16,
            SHIFT2 | I64_SHL_I as u16,
            SHIFT2 | I64_SHR_S_I as u16,
            SHIFT2 | I64_SHR_U_I as u16,
            0,
            0,
        ],
    ];
    let mut table = [NO_FORM; 128];
    let mut opcode = I32_EQ as u16;
    while opcode < 0xa7 {
        table[(opcode & 0x7f) as usize] = match opcode {
            0x6a..=0x78 => forms[0][opcode as usize - 0x6a],
            0x7c..=0x8a => forms[1][opcode as usize - 0x7c],
            _ if opcode <= GE_U as u16 => COMPARISON,
            _ if uses_float(opcode) => FLOAT,
            _ => NO_FORM,
        };
        opcode += 1;
    }
    table
};

/// `WATCH`: for [`locate`].
struct Translator<'o, const WATCH: bool> {
    w: Writer<'o>,
    last: Last,
    /// Instructions since the counter was charged.
    run_length: u32,
    /// The run length after which a look at the counter is due: [`MAX_RUN`] less the words for far cells and halves of vectors.
    run_limit: u32,
    live: bool,
    /// The cell that is zero while the function runs, or [`NOWHERE`] if it has none; the `ENTER` that zeroes it.
    zero: u32,
    enter_at: u32,
    /// No operand below this one is a lazy local.
    lazy_floor: u32,
    far_body: u32,
    far: bool,
    frame_too_large: bool,
    /// Operands and locals that maps looked at.
    mapped: u32,
    near: u32,
    window: u32,
    frame_cells: u32,
    features: u32,
    entries_at: u32,
    imported_funcs: u32,
    imports_at: u32,
    imports: u32,
    exports_at: u32,
    exports: u32,
    elems_at: u32,
    elems: u32,
    datas_at: u32,
    datas: u32,
    code_at: u32,
    code_end: u32,
    /// First word of the initialiser, and the jump at the end of its last piece.
    init_at: u32,
    init_tail: u32,
    start: Option<u32>,
    /// The constant expression at hand is one item of an element segment, and nothing but the function or global of this item.
    constant_item: Option<u32>,
    /// It is more than that.
    computed: bool,
    /// Output and begin of the initialiser before it.
    before_item: (u32, u32),
    /// The piece of the initialiser that an active element segment's offset begins: its first word; tail and begin of the
    /// initialiser before it.
    offset_piece: (u32, u32, u32),
    /// That piece's first word and tail, while items of the segment are told.
    active_piece: Option<(u32, u32)>,
    /// Where the next item of an element segment goes.
    item_at: u32,
    /// Cells, after those of the module's own globals, for items that are computed.
    item_cells: u32,
    /// `try_table` and `try`: where the innermost and the last one's operation stands, and where the next clause goes; how many there are.
    enclosing_try: u32,
    last_try: u32,
    clause_at: u32,
    handlers: u32,
    /// Cells of the offset of the active segment at hand.
    offset_cells: u32,
    next_record: u32,
    /// The open `br_table`: where its entries stand, how many were told, and the last block of moves written for one.
    table_at: u32,
    table_n: u32,
    table_stub: (u32, u32),
    /// [`locate`]: the function and the word in it, or the word of the image, that is looked for, and the byte found.
    watch_in: u32,
    watch_offset: u32,
    watch: u32,
    watched: u32,
    /// The byte where the instruction begins that is being translated, while a word is watched.
    begun: u32,
    /// The check value is somebody else's.
    #[cfg(feature = "alloc")]
    unchecked: bool,
    /// Functions are left out, see [`lazy`]; the table of where their bodies are, and bytes of them so far.
    #[cfg(wrt_threaded)]
    lazily: bool,
    #[cfg(wrt_threaded)]
    bodies_at: u32,
    #[cfg(wrt_threaded)]
    later: u32,
}

type Done = Result<(), Fault>;

// Words of `Control::user`.
/// Head of the list of forward jumps to the block's end; the first word of a loop.
const EXITS: usize = 0;
/// `if`: head of the list of the jump to its `else`. `try_table`: where its operation stands.
const SKIPS: usize = 1;
/// Run length at the first word of a loop, or at that jump. `try`: where the word for its next clause stands.
const RUN: usize = 2;
/// Where the operation of the `try_table` or `try` around it stands; of a block only if there is `try`.
const ENCLOSING: usize = 3;
/// Whether this build has the old encoding of exceptions.
const LEGACY: bool = cfg!(feature = "legacy-exceptions");

impl<'o, const WATCH: bool> Translator<'o, WATCH> {
    fn new(w: Writer<'o>, window: u32, far_body: u32) -> Self {
        Translator {
            w,
            last: Last { word: 0, at: 0, end: NOWHERE, cell: 0, made: Made::Value, from: 0, other: 0 },
            run_length: 0,
            run_limit: MAX_RUN,
            live: false,
            zero: NOWHERE,
            enter_at: NOWHERE,
            lazy_floor: 0,
            far_body,
            far: false,
            frame_too_large: false,
            mapped: 0,
            near: near_cells(window),
            window,
            frame_cells: window,
            features: 0,
            entries_at: 0,
            imported_funcs: 0,
            imports_at: 0,
            imports: 0,
            exports_at: 0,
            exports: 0,
            elems_at: 0,
            elems: 0,
            datas_at: 0,
            datas: 0,
            code_at: 0,
            code_end: 0,
            init_at: 0,
            init_tail: 0,
            start: None,
            constant_item: None,
            computed: false,
            before_item: (0, 0),
            offset_piece: (0, 0, 0),
            active_piece: None,
            item_at: 0,
            item_cells: 0,
            enclosing_try: 0,
            last_try: 0,
            clause_at: 0,
            handlers: 0,
            offset_cells: 1,
            next_record: 0,
            table_at: 0,
            table_n: 0,
            table_stub: (u32::MAX, 0),
            watch_in: u32::MAX,
            watch_offset: 0,
            watch: 0,
            watched: 0,
            begun: 0,
            #[cfg(feature = "alloc")]
            unchecked: false,
            #[cfg(wrt_threaded)]
            lazily: false,
            #[cfg(wrt_threaded)]
            bodies_at: 0,
            #[cfg(wrt_threaded)]
            later: 0,
        }
    }

    // ---- cells and registers ------------------------------------------------------------------------------------

    /// Whether a value of `cells` cells at `cell` is in registers.
    #[inline(always)]
    fn near(&self, cell: u32, cells: u32) -> bool {
        cell.wrapping_add(cells) <= self.near
    }

    /// An instruction takes a word more: a look at the counter is due the earlier.
    fn second_word(&mut self) {
        self.run_limit = self.run_limit.saturating_sub(1);
    }

    /// Where cell `cell` of a value of `cells` cells lies in the frame.
    fn lies(&mut self, cell: u32, cells: u32) -> u32 {
        if self.near(cell, cells) {
            return cell;
        }
        self.second_word();
        let at = cell.saturating_add(HOLE);
        let end = at.saturating_add(cells);
        if end > self.frame_cells {
            self.frame_cells = end;
            self.frame_too_large |= end > limits::FRAME_CELLS;
        }
        at
    }

    /// Copies a value between cells.
    fn copy(&mut self, to: u32, from: u32, cells: u32) {
        if to == from {
            return;
        }
        if self.near(to, cells) && self.near(from, cells) {
            if VECTORS && cells == 4 {
                return self.copy_vector(to, from);
            }
            self.w.put(word(if cells == 2 { op::COPY2 } else { op::COPY }, to, from, 0));
        } else {
            let (to, from) = (self.lies(to, cells), self.lies(from, cells));
            self.far_copy(to, from, cells);
        }
    }

    /// Copies cells that lie at `from` to `to`, in pieces that an overlap downwards survives.
    fn far_copy(&mut self, mut to: u32, mut from: u32, mut cells: u32) {
        while cells > 0 {
            let n = cells.min(255);
            self.w.put(word(op::FAR_COPY, 0, n, 0));
            self.w.put(to & 0xffff | from << 16);
            to = to.wrapping_add(n);
            from = from.wrapping_add(n);
            cells = cells.wrapping_sub(n);
        }
    }

    /// Adds cells to a piece that is to be copied (to, from, cells) if they lie behind it in both places; else copies it and begins
    /// another. No cells end it.
    fn far_piece(&mut self, piece: (u32, u32, u32), to: u32, from: u32, cells: u32) -> (u32, u32, u32) {
        let (first_to, first_from, n) = piece;
        if cells > 0 && n > 0 && first_to.wrapping_add(n) == to && first_from.wrapping_add(n) == from {
            return (first_to, first_from, n.wrapping_add(cells));
        }
        self.far_copy(first_to, first_from, n);
        (to, from, cells)
    }

    /// Puts a constant into a register.
    fn constant_to(&mut self, reg: u32, bits: u64, cells: u32) {
        let lo = bits as u32;
        if cells == 1 {
            if is_i16(lo) {
                self.w.put(word16(op::CONST_S, reg, lo));
            } else {
                self.w.put(word(op::CONST, reg, 0, 0));
                self.w.put(lo);
            }
        } else if is_i16(lo) && bits as i64 == lo as i32 as i64 {
            self.w.put(word16(op::CONST2_S, reg, lo));
        } else {
            self.w.put(word(op::CONST2, reg, 0, 0));
            self.w.put(lo);
            self.w.put((bits >> 32) as u32);
        }
    }

    fn far_set(&mut self, cell: u32, reg: u32, cells: u32) {
        let at = self.lies(cell, cells);
        self.w.put(word(op::FAR_SET, reg, cells, 0));
        self.w.put(at);
    }

    /// Puts the value of `o`, or its lower cell, into the `cells` cells from `to` on.
    fn move_to(&mut self, to: u32, o: Operand<'_>, cells: u32) {
        match o.place() {
            Place::Cell => self.copy(to, o.cell(), cells),
            Place::Local(from) => self.copy(to, from, cells),
            Place::Const(bits) if self.near(to, cells) => self.constant_to(to, bits, cells),
            Place::Const(bits) => {
                let scratch = self.near.wrapping_add(SCRATCH_RESULT);
                self.constant_to(scratch, bits, cells);
                self.far_set(to, scratch, cells);
            }
        }
    }

    /// `i32.wrap_i64`: the lower cell of the operand, which costs nothing where it is in its place already. A value of
    /// two cells may lie beyond the hole where one of a single cell does not.
    fn wrap(&mut self, o: Operand<'_>) {
        self.last.end = NOWHERE; // its result is wider than the operand is now
        let from = match o.place() {
            Place::Cell => o.cell(),
            Place::Local(from) => from,
            Place::Const(_) => return self.move_to(o.cell(), o, 1),
        };
        let (to, from) = (self.lies(o.cell(), 1), self.lies(from, 2));
        if to != from && to < self.near && from < self.near {
            self.w.put(word(op::COPY, to, from, 0));
        } else if to != from {
            self.far_copy(to, from, 1);
        }
    }

    /// Puts the operand `n` below the top into its own cell.
    #[inline]
    fn settle(&mut self, s: &mut Operands<'_>, n: u32) {
        if let Some(o) = s.top(n)
            && o.place() != Place::Cell
        {
            self.move_to(o.cell(), o, o.ty().cells());
            s.set_top_place(n, Place::Cell);
        }
    }

    /// A register that holds operand `o`, the `nth` of the operation.
    #[inline(always)]
    fn reg(&mut self, o: Operand<'_>, nth: usize) -> u32 {
        match o.stands() {
            // Whether it has one cell or two.
            Some(cell) if self.near(cell, 2) => cell,
            _ => self.reg_made(o, nth),
        }
    }
    /// The same, when it may have to be made.
    #[inline(never)]
    fn reg_made(&mut self, o: Operand<'_>, nth: usize) -> u32 {
        self.reg_at(o, self.near.wrapping_add(nth.wrapping_mul(2) as u32))
    }
    /// The same, in this scratch register if it lies far away.
    fn reg_at(&mut self, o: Operand<'_>, scratch: u32) -> u32 {
        let cells = o.ty().cells();
        let cell = match o.place() {
            Place::Cell => o.cell(),
            Place::Local(cell) => cell,
            Place::Const(0) if cells == 1 && self.zero != NOWHERE => return self.zero(),
            Place::Const(bits) => {
                let reg = if self.near(o.cell(), cells) { o.cell() } else { scratch };
                self.constant_to(reg, bits, cells);
                return reg;
            }
        };
        if self.near(cell, cells) {
            return cell;
        }
        let at = self.lies(cell, cells);
        self.w.put(word(op::FAR_GET, scratch, cells, 0));
        self.w.put(at);
        scratch
    }

    /// The cell that is zero, which the function's `ENTER` sees to.
    fn zero(&mut self) -> u32 {
        if self.enter_at != NOWHERE {
            let enter = self.w.get(self.enter_at);
            self.w.set(self.enter_at, enter.wrapping_add(1 << 24));
            self.enter_at = NOWHERE;
        }
        self.zero
    }
    /// A register and an offset for the address `o`, of 32 bits, and this offset: a constant becomes part of the offset.
    #[inline(always)]
    fn address(&mut self, o: Operand<'_>, offset: u32) -> (u32, u32) {
        match offset.checked_add(o.low()) {
            Some(sum) if o.is_const() && self.zero != NOWHERE => (self.zero(), sum),
            _ => (self.reg(o, 0), offset),
        }
    }

    /// Writes an operation whose result, of type `ty`, belongs to `cell`, and remembers it. Field `a` of `first` is 0.
    #[inline]
    fn define(&mut self, first: u32, cell: u32, ty: ValType) {
        if !self.near(cell, 2) {
            return self.define_far(first, None, cell, ty);
        }
        let first = first | cell << 8;
        let at = self.w.pos;
        self.w.put(first);
        self.defined(first, at, cell);
    }
    /// The same, of two words.
    #[inline]
    fn define2(&mut self, first: u32, second: u32, cell: u32, ty: ValType) {
        if !self.near(cell, 2) {
            return self.define_far(first, Some(second), cell, ty);
        }
        let first = first | cell << 8;
        let at = self.w.pos;
        self.w.put2([first, second]);
        self.defined(first, at, cell);
    }
    #[inline(never)]
    fn define_far(&mut self, first: u32, second: Option<u32>, cell: u32, ty: ValType) {
        let cells = ty.cells();
        let is_near = self.near(cell, cells);
        let scratch = self.near.wrapping_add(SCRATCH_RESULT);
        let first = first | if is_near { cell } else { scratch } << 8;
        let at = self.w.pos;
        self.w.put(first);
        if let Some(second) = second {
            self.w.put(second);
        }
        if is_near {
            self.defined(first, at, cell);
        } else {
            self.far_set(cell, scratch, cells);
            self.last.end = NOWHERE;
        }
    }
    /// The operation `word` at `at`, just written, has the value of `cell`.
    #[inline(always)]
    fn defined(&mut self, word: u32, at: u32, cell: u32) {
        let last = &mut self.last;
        (last.word, last.at, last.end, last.cell, last.made) = (word, at, self.w.pos, cell, Made::Value);
    }

    /// Whether nothing was written since the last operation, and it made the operand `o`.
    #[inline(always)]
    fn made(&self, o: Operand<'_>) -> bool {
        self.last.end == self.w.pos && o.is_in(self.last.cell)
    }

    /// Takes back the addition of a constant, if that is the last operation, and the shift to the left under it, for a load or
    /// store whose address it has made: register, shift, constant.
    #[inline(always)]
    fn unmake(&mut self) -> Option<(u32, u32, u32)> {
        let Last { word, at, .. } = self.last;
        let (shift, k) = match word as u8 {
            op::I32_ADD_S => (0, (word as i32 >> 24) as u32),
            op::I32_ADD_I => (0, self.w.get(at.wrapping_add(1))),
            op::I32_SHL_ADD if word >> 24 < 8 => (word >> 24, self.w.get(at.wrapping_add(1))),
            _ => return None,
        };
        self.cut(at);
        Some((word >> 16 & 0xff, shift, k))
    }

    /// Takes the operations from word `at` on back: the one that is about to be written does their work.
    #[inline(always)]
    fn cut(&mut self, at: u32) {
        if at == self.w.pos {
            return;
        }
        (self.w.pos, self.last.end) = (at, NOWHERE);
        if WATCH && at <= self.watch {
            self.watched = self.begun;
        }
    }

    /// Puts all lazy locals from operand `lazy_floor` up to `end` (not included) into their cells.
    fn flush(&mut self, s: &mut Operands<'_>, end: u32) {
        for i in self.lazy_floor..end {
            if let Some(o) = s.get(i)
                && let Place::Local(_) = o.place()
            {
                self.move_to(o.cell(), o, o.ty().cells());
                s.set_place(i, Place::Cell);
            }
        }
        self.lazy_floor = self.lazy_floor.max(end);
    }

    /// The operand on top has become a lazy local.
    #[inline]
    fn lazy(&mut self, s: &Operands<'_>) {
        self.lazy_floor = self.lazy_floor.min(s.len().wrapping_sub(1));
    }

    // ---- cost, jumps and labels ---------------------------------------------------------------------------------

    fn charge(&mut self) -> u32 {
        core::mem::take(&mut self.run_length)
    }
    /// Charges all instructions but the one that is about to begin; or, where instructions of several words are many, only has the
    /// counter looked at, by a jump to what follows: it costs nothing.
    #[cold]
    #[inline(never)]
    fn charge_run(&mut self, s: &Operands<'_>) {
        self.run_limit = MAX_RUN;
        if self.run_length > MAX_RUN {
            if self.live {
                self.w.put(word16(op::CHARGE, 0, MAX_RUN));
                self.map_here(s);
            }
            self.run_length = 1;
        } else if self.live {
            self.w.put(word(if self.far { op::BR_FAR } else { op::BR }, 0, 0, 0));
            let site = self.w.reserve(if self.far { 2 } else { 1 });
            (0..if self.far { 2 } else { 1 }).for_each(|i| self.w.set(site.wrapping_add(i), 0));
            self.last.end = NOWHERE;
            self.map_here(s);
        }
    }

    /// Writes the place where a jump's target will be and hangs it into the list `head`; the list's new head.
    fn site(&mut self, head: u32) -> Result<u32, Fault> {
        let site = self.w.pos;
        if self.far {
            self.w.reserve(2);
        } else {
            self.w.reserve(1);
        }
        self.hang(site, head)
    }

    /// Hangs a site into a list.
    #[inline]
    fn hang(&mut self, site: u32, head: u32) -> Result<u32, Fault> {
        if self.far {
            self.w.set(site, head);
            self.w.set(site.wrapping_add(1), self.run_length);
        } else {
            let back = if head == 0 { 0 } else { site.wrapping_sub(head) };
            if back > 0xffff {
                return Err(Fault::JumpTooFar);
            }
            self.w.set(site, back | self.run_length << 16);
        }
        Ok(site)
    }

    /// Fills a site: the jump goes to `target`, whose run length is `run`, from run length `from`.
    #[inline]
    fn aim(&mut self, site: u32, target: u32, run: u32, from: u32) -> Done {
        let cost = from.wrapping_sub(run);
        if self.far {
            self.w.set(site, target.wrapping_sub(site).wrapping_sub(2));
            self.w.set(site.wrapping_add(1), cost);
            return Ok(());
        }
        let disp = target.wrapping_sub(site).wrapping_sub(1);
        if !is_i16(disp) {
            return Err(Fault::JumpTooFar);
        }
        self.w.set(site, disp & 0xffff | cost << 16);
        Ok(())
    }

    /// Sends all jumps of a list here.
    fn land(&mut self, mut head: u32) -> Done {
        let (target, run) = (self.w.pos, self.run_length);
        if head != 0 {
            self.last.end = NOWHERE;
        }
        while head != 0 {
            let w = self.w.get(head);
            let (next, from) = if self.far {
                (w, self.w.get(head.wrapping_add(1)))
            } else {
                (if w & 0xffff == 0 { 0 } else { head.wrapping_sub(w & 0xffff) }, w >> 16)
            };
            self.aim(head, target, run, from)?;
            // The output may have ended: then there is no list, and no use for it.
            head = if next < head { next } else { 0 };
        }
        Ok(())
    }

    /// Points a site at label `n`, now or when its end comes.
    fn point(&mut self, s: &mut Operands<'_>, n: u32, site: u32) -> Done {
        let Some((is_loop, _, user)) = s.target(n) else { return Err(Fault::Internal) };
        if is_loop {
            return self.aim(site, user[EXITS], user[RUN], self.run_length);
        }
        user[EXITS] = self.hang(site, user[EXITS])?;
        Ok(())
    }

    /// An unconditional jump to label `n`.
    fn jump(&mut self, s: &mut Operands<'_>, n: u32) -> Done {
        self.w.put(word(if self.far { op::BR_FAR } else { op::BR }, 0, 0, 0));
        let site = self.w.reserve(if self.far { 2 } else { 1 });
        self.point(s, n, site)
    }

    /// The first words of a jump on a condition, which begins with `branch`; where its site is.
    fn jump_if(&mut self, branch: u32) -> u32 {
        if self.far {
            // Over the long jump.
            self.w.put2([opposite(branch), 3]);
            self.w.put(word(op::BR_FAR, 0, 0, 0));
            return self.w.reserve(2);
        }
        self.w.put2([branch, 0]);
        self.w.pos.wrapping_sub(1)
    }

    /// Whether the last `arity` operands, `above` more on top of them, have to move to be from `cell` on, where a label wants
    /// them.
    fn must_move(&self, s: &Operands<'_>, cell: u32, arity: u32, above: u32) -> bool {
        arity != 0 && s.top(arity.wrapping_add(above).wrapping_sub(1)).is_some_and(|o| o.cell() != cell)
    }

    /// Puts the last `arity` operands, `above` more on top of them, into their own cells for good.
    fn settle_all(&mut self, s: &mut Operands<'_>, arity: u32, above: u32) {
        if arity > MANY {
            return self.settle_many(s, arity, above);
        }
        for n in (above..above.wrapping_add(arity)).rev() {
            self.settle(s, n);
        }
    }

    /// The same of so many that, where they are lazy, the counter has to be looked at meanwhile; of a few it does nothing.
    #[cold]
    #[inline(never)]
    fn settle_many(&mut self, s: &mut Operands<'_>, arity: u32, above: u32) {
        let operands = if arity > MANY { (above..above.wrapping_add(arity)).rev() } else { (0..0).rev() };
        for n in operands {
            self.settle(s, n);
            self.second_word();
            if self.run_limit == 0 {
                self.charge_run(s);
            }
        }
    }

    /// Moves the last `arity` operands (`above` more on top) to the cells from `to` on. Places stay as they are.
    fn moves(&mut self, s: &Operands<'_>, to: u32, arity: u32, above: u32) {
        let mut to = to;
        let mut n = above.wrapping_add(arity);
        let all_cells = arity > 2 && (above..n).all(|i| s.top(i).is_some_and(|o| o.place() == Place::Cell));
        if all_cells && let (Some(first), Some(end)) = (s.top(n.wrapping_sub(1)), s.top(above)) {
            let cells = end.end().wrapping_sub(first.cell());
            if self.near(end.end(), 0) && self.near(to.wrapping_add(cells), 0) && first.cell() != to {
                return self.far_copy(to, first.cell(), cells);
            }
            if first.cell() >= self.near && to >= self.near && first.cell() != to {
                let (to, from) = (self.lies(to, cells), self.lies(first.cell(), cells));
                return self.far_copy(to, from, cells);
            }
        }
        let mut piece = (0, 0, 0);
        while n > above {
            n = n.wrapping_sub(1);
            let Some(o) = s.top(n) else { return };
            let cells = o.ty().cells();
            if all_cells && arity > MANY && to != o.cell() {
                let (to, from) = (self.lies(to, cells), self.lies(o.cell(), cells));
                piece = self.far_piece(piece, to, from, cells);
            } else {
                self.move_to(to, o, cells);
            }
            to = to.wrapping_add(cells);
        }
        self.far_piece(piece, 0, 0, 0);
    }

    /// A branch to label `label` with `arity` operands, `above` more on top of them, on the condition of `first`, its first word.
    fn branch(&mut self, s: &mut Operands<'_>, first: u32, label: u32, arity: u32, above: u32) -> Done {
        self.settle_all(s, arity, above);
        let (_, cell, _) = s.target(label).ok_or(Fault::Internal)?;
        let body = self.is_body(s, label);
        if !body && !self.must_move(s, cell, arity, above) {
            let site = self.jump_if(first);
            self.point(s, label, site)?;
        } else {
            self.w.put2([opposite(first), 0]);
            let over = self.w.pos.wrapping_sub(1);
            if body {
                self.leave(s, arity, above);
            } else {
                self.moves(s, cell, arity, above);
                self.jump(s, label)?;
            }
            let disp = self.w.pos.wrapping_sub(over).wrapping_sub(1);
            if disp > i16::MAX as u32 {
                return Err(Fault::JumpTooFar);
            }
            self.w.set(over, disp);
            self.map_here(s);
        }
        self.last.end = NOWHERE;
        Ok(())
    }

    /// Returns with the last `arity` operands, `above` more on top of them.
    fn leave(&mut self, s: &Operands<'_>, arity: u32, above: u32) {
        let cost = self.run_length;
        if arity == 0 {
            self.w.put(word16(op::RETURN, 0, cost));
            return;
        }
        if arity == 1
            && let Some(o) = s.top(above)
        {
            let cells = o.ty().cells();
            if VECTORS && cells == 4 {
                self.return_vector(o);
                self.w.put(word16(op::RETURN, 0, cost));
            } else if let Place::Const(bits) = o.place() {
                self.constant_to(0, bits, cells);
                self.w.put(word16(op::RETURN, 0, cost));
            } else {
                let reg = self.reg(o, 0);
                self.w.put(word16(if cells == 2 { op::RETURN2 } else { op::RETURN1 }, reg, cost));
            }
            return;
        }
        // Results overwrite locals and, beyond the near cells, the scratch registers: first what is lazy goes to its own
        // cell, which lies above every result's.
        // Many go together: a word for each would take longer than the guest has paid for.
        let together = arity > FEW && (above..above.wrapping_add(arity)).any(|n| s.top(n).is_some_and(|o| !o.is_const()));
        let mut to = 0u32;
        for n in (above..above.wrapping_add(arity)).rev() {
            let Some(o) = s.top(n) else { return };
            let cells = o.ty().cells();
            match o.place() {
                Place::Local(from) => self.copy(o.cell(), from, cells),
                Place::Const(_) if together || !self.near(to, cells) => self.move_to(o.cell(), o, cells),
                _ => {}
            }
            to = to.wrapping_add(cells);
        }
        let (mut to, mut piece) = (0u32, (0, 0, 0));
        for n in (above..above.wrapping_add(arity)).rev() {
            let Some(o) = s.top(n) else { return };
            let cells = o.ty().cells();
            match o.place() {
                _ if together => {
                    let from = self.lies(o.cell(), cells);
                    piece = self.far_piece(piece, to, from, if from == to { 0 } else { cells });
                }
                Place::Const(bits) if self.near(to, cells) => self.constant_to(to, bits, cells),
                _ if self.near(to, cells) && self.near(o.cell(), cells) => self.copy(to, o.cell(), cells),
                _ => {
                    // Results lie without the hole: the caller expects them side by side.
                    let from = self.lies(o.cell(), cells);
                    self.far_copy(to, from, cells);
                }
            }
            to = to.wrapping_add(cells);
        }
        self.far_piece(piece, 0, 0, 0);
        self.frame_cells = self.frame_cells.max(to);
        self.w.put(word16(op::RETURN, 0, cost));
    }

    fn is_body(&self, s: &Operands<'_>, label: u32) -> bool {
        label.wrapping_add(1) == s.depth()
    }

    // ---- calls --------------------------------------------------------------------------------------------------

    /// Arguments into place, the call, results into place. `call` gets the operand on top, the frame's cell and whether
    /// that is far.
    fn call_with(
        &mut self,
        s: &mut Operands<'_>,
        t: &FuncType<'_>,
        above: u32,
        call: impl FnOnce(&mut Self, Option<Operand<'_>>, u32, bool),
    ) {
        let n = t.params.len() as u32;
        let width = |types: &[u32]| types.iter().fold(0u32, |w, t| w.wrapping_add(ValType::from_bits(*t).cells()));
        let (params, results) = (width(t.params), width(t.results));
        self.settle_all(s, n, above);
        let base = match s.top(n.wrapping_add(above).wrapping_sub(1)) {
            Some(o) if n.wrapping_add(above) > 0 => o.cell(),
            _ => s.next_cell(),
        };
        let end = base.wrapping_add(params.max(results));
        if end <= self.near {
            call(self, s.top(0), base, false);
            self.map_call(s, t, n.wrapping_add(above), base);
            return;
        }
        if base >= self.near {
            let at = self.lies(base, params.max(results));
            call(self, s.top(0), at, true);
            self.map_call(s, t, n.wrapping_add(above), at);
            return;
        }
        // Across the hole: a frame of its own above everything.
        let frame = s.next_cell().max(end).max(self.near).wrapping_add(HOLE);
        self.frame_cells = self.frame_cells.max(frame.wrapping_add(params.max(results)));
        let (mut from, mut to, mut piece) = (base, frame, (0, 0, 0));
        for t in t.params {
            let cells = ValType::from_bits(*t).cells();
            let lies = self.lies(from, cells);
            piece = self.far_piece(piece, to, lies, cells);
            (from, to) = (from.wrapping_add(cells), to.wrapping_add(cells));
        }
        piece = self.far_piece(piece, 0, 0, 0);
        call(self, s.top(0), frame, true);
        self.map_call(s, t, n.wrapping_add(above), frame);
        let (mut from, mut to) = (frame, base);
        for t in t.results {
            let cells = ValType::from_bits(*t).cells();
            let lies = self.lies(to, cells);
            piece = self.far_piece(piece, lies, from, cells);
            (from, to) = (from.wrapping_add(cells), to.wrapping_add(cells));
        }
        self.far_piece(piece, 0, 0, 0);
    }

    /// After a call whose frame is at the frame's cell `at`: maps while it is under way, and of its results.
    fn map_call(&mut self, s: &Operands<'_>, t: &FuncType<'_>, above: u32, at: u32) {
        self.map(s, above);
        if cfg!(any(feature = "gc", feature = "exceptions")) && t.results.iter().any(|ty| ValType::from_bits(*ty).is_ref()) {
            self.map_operands(s, s.len().saturating_sub(above), t.results, at, op::MAP_HERE);
        }
    }

    // ---- plain instructions -------------------------------------------------------------------------------------

    /// An operation on two operands.
    #[inline(always)]
    fn compute(&mut self, opcode: u8, operands: Pair<'_>, result: ValType) {
        let [l, r] = operands.both();
        let b = self.reg(l, 0);
        let c = self.reg(r, 1);
        self.define(word(opcode, 0, b, c), l.cell(), result);
    }
    /// The same where there may be a form of it with a constant, which one of the operands is. `form` is its entry in
    /// [`BINARY`].
    #[inline(never)]
    fn with_immediate(&mut self, opcode: u8, form: u16, operands: Pair<'_>) {
        let [l, r] = operands.both();
        // That of the result too.
        let ty = l.ty();
        let (x, k) = if r.is_const() { (l, r) } else { (r, l) };
        if form & COMMUTES == 0 && !r.is_const() {
            return self.compute(opcode, operands, ty);
        }
        let imm = if form & NEGATE != 0 { k.low().wrapping_neg() } else { k.low() };
        let kind = form & KIND;
        if kind == DOUBLE && !is_sign_extended(k, imm, form & NEGATE != 0) {
            return self.compute(opcode, operands, ty);
        }
        if self.last_shifts() && self.made(x) {
            let op = match (self.last.word as u8, form as u8) {
                (op::I32_SHL_I, op::I32_ADD_I) => op::I32_SHL_ADD,
                (op::I32_SHR_U_I, op::I32_AND_I) => op::I32_SHR_U_AND,
                _ => 0,
            };
            if op != 0 {
                let shift = self.last.word & 0xffff_0000;
                self.cut(self.last.at);
                return self.define2(shift | u32::from(op), imm, l.cell(), ty);
            }
        }
        let b = self.reg(x, 0);
        let (op, c) = match kind {
            SHIFT => (form as u8, imm & 31),
            SHIFT2 => (form as u8, imm & 63),
            SUM if is_i8(imm) => (op::I32_ADD_S, imm),
            _ => return self.define2(word(form as u8, 0, b, 0), imm, l.cell(), ty),
        };
        self.define(word(op, 0, b, c), l.cell(), ty);
    }

    /// Whether the last operation is a shift of 32 bits by a constant, which may be part of the next one.
    #[inline(always)]
    fn last_shifts(&self) -> bool {
        matches!(self.last.word as u8, op::I32_SHL_I | op::I32_SHR_U_I) && self.last.end == self.w.pos
    }
    /// Whether an operation on two operands takes in the shift that was the last one and made one of them.
    #[inline(never)]
    fn with_shifted(&mut self, opcode: u8, operands: Pair<'_>) -> bool {
        let [l, r] = operands.both();
        let other = match (self.made(l), self.made(r)) {
            (_, true) => l,
            (true, _) => r,
            _ => return false,
        };
        let shift = self.last.word;
        let op = match (opcode, shift as u8) {
            (0x6a, op::I32_SHL_I) => op::I32_ADD_SHL,
            (0x72, op::I32_SHL_I) => op::I32_OR_SHL,
            (0x73, op::I32_SHL_I) => op::I32_XOR_SHL,
            (0x73, op::I32_SHR_U_I) => op::I32_XOR_SHR_U,
            _ => return false,
        };
        let Some(b) = other.stands().filter(|cell| self.near(*cell, 1)) else { return false };
        self.cut(self.last.at);
        self.define2(word(op, 0, b, shift >> 16), shift >> 24, l.cell(), ValType::I32);
        true
    }

    /// An operation on `pops` temporaries side by side, the first of which may receive a result.
    fn on_temporaries(&mut self, s: &mut Operands<'_>, op: u8, bc: u32, more: u32, pops: u32, result: Option<ValType>) -> Done {
        self.settle_all(s, pops, 0);
        let first = s.top(pops.wrapping_sub(1)).ok_or(Fault::Internal)?;
        // The result of `table.grow` takes the place of its value.
        let above = if op == op::TABLE_GROW { pops } else { 0 };
        let all = if WIDE { s.next_cell().wrapping_sub(first.cell()) } else { pops };
        if self.near(first.cell(), all) {
            self.w.put(word16(op, first.cell(), bc));
            self.w.put(more);
            self.map(s, above);
            return Ok(());
        }
        let mut to = self.near;
        for n in (0..pops).rev() {
            let o = s.top(n).ok_or(Fault::Internal)?;
            let cells = if WIDE { o.ty().cells() } else { 1 };
            let from = self.lies(o.cell(), cells);
            self.far_copy(to, from, cells);
            to = to.wrapping_add(cells);
        }
        let first = first.cell();
        self.w.put(word16(op, self.near, bc));
        self.w.put(more);
        self.map(s, above);
        if let Some(ty) = result {
            self.far_set(first, self.near, if WIDE { ty.cells() } else { 1 });
        }
        Ok(())
    }

    /// The same on indexes of tables, of which there may be some with 64 bits.
    fn on_indexes(&mut self, s: &mut Operands<'_>, op: u8, bc: u32, more: u32, pops: u32, result: Option<ValType>) -> Done {
        if !WIDE || (0..pops).all(|n| s.top(n).is_some_and(|o| o.ty() != ValType::I64)) {
            return self.on_temporaries(s, op, bc, more, pops, result);
        }
        self.settle_all(s, pops, 0);
        let first = s.top(pops.wrapping_sub(1)).ok_or(Fault::Internal)?;
        let (cell, end) = (first.cell(), s.next_cell());
        let is_near = self.near(cell, end.wrapping_sub(cell));
        // From below: what is narrowed lies no further up than it was, and a reference stays where it is.
        let at = if is_near { cell.wrapping_add(first.ty().cells()).wrapping_sub(1) } else { self.near };
        let mut to = at;
        for n in (0..pops).rev() {
            let o = s.top(n).ok_or(Fault::Internal)?;
            let cells = o.ty().cells();
            let mut from = o.cell();
            if !is_near {
                let lies = self.lies(from, cells);
                self.far_copy(to, lies, cells);
                from = to;
            }
            if cells == 2 {
                self.w.put(word(op::TABLE_INDEX, to, from, 0));
            } else if to != from {
                self.w.put(word(op::COPY, to, from, 0));
            }
            to = to.wrapping_add(1);
        }
        self.w.put(word16(op, at, bc));
        self.w.put(more);
        self.map(s, if op == op::TABLE_GROW { pops } else { 0 });
        if let Some(ty) = result {
            if ty == ValType::I64 {
                self.w.put(word(EXTEND_S, at, at, 0));
            }
            if !is_near {
                self.far_set(cell, at, ty.cells());
            }
        }
        Ok(())
    }

    /// A register that holds `o`, the index of a table element. One of 64 bits that 32 do not hold lies outside of every
    /// table, as the largest of 32 bits does.
    #[inline(always)]
    fn index(&mut self, o: Operand<'_>, nth: usize) -> u32 {
        if WIDE && o.ty() == ValType::I64 { self.narrowed(o, nth) } else { self.reg(o, nth) }
    }
    #[cold]
    #[inline(never)]
    fn narrowed(&mut self, o: Operand<'_>, nth: usize) -> u32 {
        let b = self.reg(o, nth);
        let a = if self.near(o.cell(), 2) { o.cell() } else { self.near.wrapping_add(nth.wrapping_mul(2) as u32) };
        self.w.put(word(op::TABLE_INDEX, a, b, 0));
        a
    }

    /// `memory.size` and `table.size`.
    fn size(&mut self, op: u8, cell: u32, of: u32, ty: ValType) {
        if !WIDE || ty != ValType::I64 {
            return self.define2(word(op, 0, 0, 0), of, cell, ty);
        }
        let reg = if self.near(cell, 2) { cell } else { self.near };
        self.w.put2([word(op, reg, 0, 0), of]);
        self.define(word(EXTEND_U, 0, reg, 0), cell, ty);
    }

    // ---- initialiser --------------------------------------------------------------------------------------------

    /// Goes on with the initialiser here.
    fn init_open(&mut self) {
        self.init_join(self.w.pos);
        self.run_length = 0;
        self.live = true;
        self.last.end = NOWHERE;
    }

    /// The initialiser goes on at word `at`.
    fn init_join(&mut self, at: u32) {
        if self.init_tail == 0 {
            self.init_at = at;
        } else {
            let disp = at.wrapping_sub(self.init_tail).wrapping_sub(2);
            self.w.set(self.init_tail, disp);
        }
    }

    /// Ends a piece of it with a jump to the next.
    fn init_close(&mut self) {
        self.w.put(word(op::BR_FAR, 0, 0, 0));
        self.init_tail = self.w.reserve(2);
        self.live = false;
    }

    fn type_records(&mut self, info: &Info<'_>) -> Result<(u32, u32), Fault> {
        let at = self.w.reserve(info.types());
        let mut most = 0u32;
        for i in 0..info.types() {
            let canonical = info.canonical(i).ok_or(Fault::Internal)?;
            if canonical != i {
                self.w.set(at.wrapping_add(i), self.w.get(at.wrapping_add(canonical)));
                continue;
            }
            self.w.set(at.wrapping_add(i), self.w.pos);
            let t = info.sub_type(i).ok_or(Fault::Internal)?;
            let (start, len) = t.group;
            let plain = t.kind == Kind::Func && t.is_final && t.supertype.is_none() && len == 1;
            let group = [t.is_final as u32 | t.supertype.map_or(0, |sup| sup.wrapping_add(1)) << 1, start, len];
            // A reference into the group counts from its begin, any other by the hash of what it refers to.
            let of = |w: u32| match ValType::from_bits(w & !image::MUTABLE).index() {
                Some(i) if i >= start => i.wrapping_sub(start),
                Some(i) => self.w.get(self.w.get(at.wrapping_add(i)).wrapping_add(1)),
                None => w,
            };
            let own = [t.kind as u32, t.is_final as u32, i.wrapping_sub(start), len];
            let hash = image::type_hash(t.first, t.results, if plain { &[] } else { &own }, of);
            let flags = (t.kind as u32) << 28 | if plain { 0 } else { image::IN_GROUP };
            self.w.put2([t.first.len() as u32 | (t.results.len() as u32) << 16 | flags, hash]);
            if !plain {
                group.iter().for_each(|w| self.w.put(*w));
            }
            for list in [t.first, t.results] {
                list.iter().for_each(|v| self.w.put(*v));
                self.see(list);
                if t.kind == Kind::Func {
                    most = most.max(list.iter().fold(0, |n, v| n.wrapping_add(ValType::from_bits(*v).cells())));
                }
            }
        }
        Ok((at, most))
    }

    /// The next item of the element segment at hand.
    fn item(&mut self, item: u32) {
        self.w.set(self.item_at, item);
        self.item_at = self.item_at.wrapping_add(1);
    }

    /// Cells of the globals that are not imported.
    fn own_cells(&self, info: &Info<'_>) -> u32 {
        let last = info.globals().wrapping_sub(1);
        let end = |cell: u32| cell.wrapping_add(info.global(last).map_or(0, |g| g.ty.cells()));
        info.own_global_cell(last).map_or(0, end)
    }

    /// Marks the image if these types are not of all builds.
    fn see(&mut self, types: &[u32]) {
        if VECTORS && types.iter().any(|ty| *ty as u8 == ValType::V128.bits() as u8) {
            self.features |= Feature::Simd.bit();
        }
    }

    fn header(&mut self, w: Word, value: u32) {
        self.w.set(w as u32, value);
    }
}

/// Whether an opcode computes with floats, so that the engine needs them.
const fn uses_float(op: u16) -> bool {
    matches!(op, 0x5b..=0x66 | 0x8b..=0xa6 | 0xa8..=0xab | 0xae..=0xbb | 0xfc00..=0xfc07)
}

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// `local.set` of the operand on top; whether the operation that made it now writes the local itself.
    #[inline]
    fn assign(&mut self, s: &mut Operands<'_>, cell: u32) -> Result<bool, Fault> {
        let below = s.len().wrapping_sub(1);
        if self.lazy_floor < below {
            self.unlazy(s, below, cell);
        }
        let value = s.top(0).ok_or(Fault::Internal)?;
        if self.made(value) && self.near(cell, 2) {
            self.last.word = self.last.word & !0xff00 | cell << 8;
            self.last.cell = ASSIGNED;
            self.w.set(self.last.at, self.last.word);
            return Ok(true);
        }
        self.assign_moved(value, cell)
    }
    /// The same, when the value stands elsewhere.
    #[inline(never)]
    fn assign_moved(&mut self, value: Operand<'_>, cell: u32) -> Result<bool, Fault> {
        let cells = value.ty().cells();
        if self.made(value) && self.near(cell, cells) {
            self.w.set(self.last.at, self.last.word & !0xff00 | cell << 8);
            self.last.end = NOWHERE;
            return Ok(true);
        }
        if VECTORS && cells == 4 && self.assign_vector(value, cell) {
            self.last.end = NOWHERE;
            return Ok(true);
        }
        if value.place() != Place::Local(cell) {
            self.move_to(cell, value, cells);
        }
        self.last.end = NOWHERE;
        Ok(false)
    }
    /// The local at `cell` changes: lazy copies of its old value are made now. `below`: operands that can be lazy.
    #[inline(never)]
    fn unlazy(&mut self, s: &mut Operands<'_>, below: u32, cell: u32) {
        let many = below.saturating_sub(self.lazy_floor) > LAZY;
        if many || (self.lazy_floor..below).any(|i| s.get(i).is_some_and(|o| o.place() == Place::Local(cell))) {
            self.flush(s, below);
        }
    }
}
