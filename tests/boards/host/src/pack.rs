// SPDX-License-Identifier: MIT
//! From the text of a script to its packed form (see [`script::format`]).
//!
//! A directive that does not pass on the host is left out: what the text parser refuses, and what `expectations.txt`
//! of `tests/spec` lists. Names of instances become slot numbers, texts of traps the traps that have such a text.

use script::format;
use std::collections::HashMap;
use wast::core::{NanPattern, V128Const, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};
use wrt_foundation::{Ref, Trap, ValType, Value};
use wrt_wast::{Directive, Report, Verdict, value};

/// What memories (bytes) and tables (elements) of the instance in a slot grow to.
pub(crate) type Reserves = HashMap<u32, (u32, u32)>;

/// A script, packed.
pub(crate) struct Packed {
    /// As in the suite.
    pub(crate) file: String,
    /// The records.
    pub(crate) body: Vec<u8>,
    /// The modules that are instantiated, in order.
    pub(crate) modules: Vec<Vec<u8>>,
    /// All directives of the script, and what came of them on the host.
    pub(crate) directives: Vec<Directive>,
}

impl Packed {
    /// Whether directive `i` is in the pack.
    pub(crate) fn has(&self, i: usize) -> bool {
        self.directives.get(i).is_some_and(passed)
    }
    /// Directives in the pack.
    pub(crate) fn len(&self) -> usize {
        self.directives.iter().filter(|d| passed(d)).count()
    }
    /// Whether directive `i` asserts something.
    pub(crate) fn asserts(&self, i: usize) -> bool {
        self.directives.get(i).is_some_and(|d| d.head.starts_with("assert"))
    }
}

fn passed(d: &Directive) -> bool {
    matches!(d.verdict, Verdict::Passed | Verdict::OtherText { .. })
}

/// Why a script cannot be packed.
pub(crate) type Unpackable = String;

/// Packs the script `text`, of which `report` tells what came of it on the host.
pub(crate) fn pack(text: &str, report: &Report, reserves: &Reserves) -> Result<Packed, Unpackable> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let message = |e: wast::Error| format!("{}: {}", report.file, e.message());
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(message)?;
    let directives = parser::parse::<Wast<'_>>(&buffer).map_err(message)?.directives;
    if directives.len() != report.directives.len() {
        return Err(format!("{}: {} directives, {} carried out", report.file, directives.len(), report.directives.len()));
    }
    let mut packer = Packer::new(reserves);
    for (i, (directive, seen)) in directives.into_iter().zip(&report.directives).enumerate() {
        if !passed(seen) {
            continue;
        }
        packer.number(i as u32);
        packer.directive(directive).map_err(|e| format!("{}:{}: {e}", report.file, seen.line))?;
    }
    let Packer { body, modules, .. } = packer;
    Ok(Packed { file: report.file.clone(), body, modules, directives: report.directives.clone() })
}

struct Packer<'r> {
    reserves: &'r Reserves,
    body: Vec<u8>,
    modules: Vec<Vec<u8>>,
    /// The slot that directives mean which name none.
    current: Option<u32>,
    slots: HashMap<String, u32>,
    /// Modules that are defined and not instantiated; the newest also under the empty name.
    definitions: HashMap<String, Vec<u8>>,
}

impl<'r> Packer<'r> {
    fn new(reserves: &'r Reserves) -> Packer<'r> {
        let (body, modules, slots, definitions) = Default::default();
        Packer { reserves, body, modules, current: None, slots, definitions }
    }

    // ---- numbers, bytes, values ------------------------------------------------------------------------------

    fn number(&mut self, mut n: u32) {
        while n >= 0x80 {
            self.body.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.body.push(n as u8);
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u32);
        self.body.extend_from_slice(bytes);
    }
    fn cells(&mut self, value: Value) {
        let (cells, n) = value.to_cells();
        self.body.extend(cells.iter().take(n as usize).flat_map(|c| c.to_le_bytes()));
    }
    fn ty(&mut self, ty: ValType) {
        self.body.push(ty.bits() as u8);
    }

    // ---- directives ------------------------------------------------------------------------------------------

    fn directive(&mut self, directive: WastDirective<'_>) -> Result<(), Unpackable> {
        use WastDirective::*;
        match directive {
            Module(mut module) => {
                let wasm = encode(&mut module)?;
                self.module(module.name(), wasm);
            }
            ModuleDefinition(mut module) => {
                let wasm = encode(&mut module)?;
                self.body.push(format::VALID);
                self.bytes(&wasm);
                if let Some(id) = module.name() {
                    self.definitions.insert(id.name().into(), wasm.clone());
                }
                self.definitions.insert(String::new(), wasm);
            }
            ModuleInstance { instance, module, .. } => {
                let definition = self.definitions.get(module.map_or("", |id| id.name())).cloned();
                self.module(instance, definition.ok_or("no such module definition")?);
            }
            Register { name, module, .. } => {
                let slot = self.find(module)?;
                self.body.push(format::REGISTER);
                self.number(slot);
                self.bytes(name.as_bytes());
            }
            Invoke(call) => {
                self.body.push(format::RUN);
                self.invoke(call)?;
            }
            AssertReturn { exec, results, .. } => {
                self.body.push(format::RETURN);
                self.execute(exec)?;
                self.number(results.len() as u32);
                results.iter().try_for_each(|pattern| self.pattern(pattern))?;
            }
            AssertTrap { exec, message, .. } => {
                self.body.push(format::TRAP);
                self.number(traps(message)?);
                self.execute(exec)?;
            }
            AssertExhaustion { call, .. } => {
                self.body.push(format::TRAP);
                self.number(1 << Trap::StackExhausted as u32);
                self.invoke(call)?;
            }
            AssertException { exec, .. } => {
                self.body.push(format::TRAP);
                self.number(1 << Trap::UncaughtException as u32);
                self.execute(exec)?;
            }
            AssertMalformed { mut module, .. } => self.refused(format::MALFORMED, &encode(&mut module)?),
            AssertInvalid { mut module, .. } => self.refused(format::INVALID, &encode(&mut module)?),
            AssertUnlinkable { module, .. } => self.refused(format::UNLINKABLE, &encode(&mut QuoteWat::Wat(module))?),
            _ => return Err("a directive that has no packed form".into()),
        }
        Ok(())
    }

    /// The next slot is for `wasm`.
    fn module(&mut self, id: Option<Id<'_>>, wasm: Vec<u8>) {
        let slot = self.modules.len() as u32;
        let (memory, table) = self.reserves.get(&slot).copied().unwrap_or_default();
        self.body.push(format::MODULE);
        self.number(slot);
        self.number(memory);
        self.number(table);
        self.bytes(&wasm);
        self.modules.push(wasm);
        self.current = Some(slot);
        if let Some(id) = id {
            self.slots.insert(id.name().into(), slot);
        }
    }
    fn refused(&mut self, kind: u8, wasm: &[u8]) {
        self.body.extend([format::REFUSED, kind]);
        self.bytes(wasm);
    }
    fn find(&self, id: Option<Id<'_>>) -> Result<u32, Unpackable> {
        let slot = match id {
            Some(id) => self.slots.get(id.name()).copied(),
            None => self.current,
        };
        slot.ok_or("there is no such instance".into())
    }
    fn execute(&mut self, exec: WastExecute<'_>) -> Result<(), Unpackable> {
        match exec {
            WastExecute::Invoke(call) => return self.invoke(call),
            WastExecute::Get { module, global, .. } => {
                let slot = self.find(module)?;
                self.body.push(format::GET);
                self.number(slot);
                self.bytes(global.as_bytes());
            }
            WastExecute::Wat(module) => {
                let wasm = encode(&mut QuoteWat::Wat(module))?;
                self.body.push(format::INSTANTIATE);
                self.bytes(&wasm);
            }
        }
        Ok(())
    }
    fn invoke(&mut self, call: WastInvoke<'_>) -> Result<(), Unpackable> {
        let slot = self.find(call.module)?;
        self.body.push(format::INVOKE);
        self.number(slot);
        self.bytes(call.name.as_bytes());
        if call.args.len() > format::VALUES {
            return Err("too many arguments".into());
        }
        self.number(call.args.len() as u32);
        for arg in &call.args {
            let value = value::argument(arg).ok_or("an argument of a type that WRT does not have")?;
            self.ty(value.ty().unwrap_or(ValType::I32));
            self.cells(value);
        }
        Ok(())
    }
    fn vector(&mut self, pattern: &V128Pattern) {
        self.ty(ValType::V128);
        let lanes = |p: &mut Self, kind: u8, bytes: usize, lanes: &[(u64, u8)]| {
            p.body.push(kind);
            lanes.iter().for_each(|(bits, _)| p.body.extend_from_slice(&bits.to_le_bytes()[..bytes]));
            p.body.push(lanes.iter().rev().fold(0, |tests, (_, test)| tests << 2 | test));
        };
        let whole = match pattern {
            V128Pattern::F32x4(p) => return lanes(self, format::LANES_32, 4, &p.each_ref().map(|p| lane(p, |v| v.bits.into()))),
            V128Pattern::F64x2(p) => return lanes(self, format::LANES_64, 8, &p.each_ref().map(|p| lane(p, |v| v.bits))),
            V128Pattern::I8x16(v) => V128Const::I8x16(*v),
            V128Pattern::I16x8(v) => V128Const::I16x8(*v),
            V128Pattern::I32x4(v) => V128Const::I32x4(*v),
            V128Pattern::I64x2(v) => V128Const::I64x2(*v),
        };
        self.body.push(format::BITS);
        self.cells(Value::V128(whole.to_le_bytes()));
    }
    fn pattern(&mut self, pattern: &WastRet<'_>) -> Result<(), Unpackable> {
        let WastRet::Core(pattern) = pattern else { return Err("a result of a component".into()) };
        self.core_pattern(pattern)
    }
    fn core_pattern(&mut self, pattern: &WastRetCore<'_>) -> Result<(), Unpackable> {
        let bits = |p: &mut Self, value: Value| {
            p.ty(value.ty().unwrap_or(ValType::I32));
            p.body.push(format::BITS);
            p.cells(value);
        };
        let other = |p: &mut Self, ty: ValType, test: u8| {
            p.ty(ty);
            p.body.push(test);
        };
        match pattern {
            WastRetCore::I32(v) => bits(self, Value::I32(*v)),
            WastRetCore::I64(v) => bits(self, Value::I64(*v)),
            WastRetCore::F32(NanPattern::Value(v)) => bits(self, Value::F32(f32::from_bits(v.bits))),
            WastRetCore::F32(NanPattern::CanonicalNan) => other(self, ValType::F32, format::CANONICAL),
            WastRetCore::F32(NanPattern::ArithmeticNan) => other(self, ValType::F32, format::ARITHMETIC),
            WastRetCore::F64(NanPattern::Value(v)) => bits(self, Value::F64(f64::from_bits(v.bits))),
            WastRetCore::F64(NanPattern::CanonicalNan) => other(self, ValType::F64, format::CANONICAL),
            WastRetCore::F64(NanPattern::ArithmeticNan) => other(self, ValType::F64, format::ARITHMETIC),
            WastRetCore::V128(pattern) => self.vector(pattern),
            WastRetCore::Either(patterns) => {
                other(self, ValType::I32, format::EITHER);
                self.number(patterns.len() as u32);
                patterns.iter().try_for_each(|p| self.core_pattern(p))?;
            }
            WastRetCore::RefNull(None) => other(self, ValType::EXTERNREF, format::NULL),
            WastRetCore::RefNull(Some(ty)) => {
                // An argument of that type is the value itself.
                let null = value::argument(&wast::WastArg::Core(WastArgCore::RefNull(*ty)));
                bits(self, null.ok_or("null of a type that WRT does not have")?);
            }
            WastRetCore::RefExtern(Some(n)) if *n < Ref::LIMIT => bits(self, Value::ExternRef(Ref::host(*n))),
            WastRetCore::RefExtern(None) => other(self, ValType::EXTERNREF, format::NOT_NULL),
            WastRetCore::RefFunc(None) => other(self, ValType::FUNCREF, format::NOT_NULL),
            WastRetCore::RefHost(n) if *n < Ref::LIMIT => bits(self, Value::AnyRef(Ref::host(*n).internalize())),
            // The host looks at what it is; here it is something.
            WastRetCore::RefAny | WastRetCore::RefEq | WastRetCore::RefI31 | WastRetCore::RefStruct | WastRetCore::RefArray => {
                other(self, ValType::ANYREF, format::NOT_NULL);
            }
            _ => return Err("a result that has no packed form".into()),
        }
        Ok(())
    }
}

/// Bits and test of a lane's pattern.
fn lane<T>(pattern: &NanPattern<T>, bits: impl Fn(&T) -> u64) -> (u64, u8) {
    match pattern {
        NanPattern::Value(v) => (bits(v), format::BITS),
        NanPattern::CanonicalNan => (0, format::CANONICAL),
        NanPattern::ArithmeticNan => (0, format::ARITHMETIC),
    }
}

fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, Unpackable> {
    if matches!(module, QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..)) {
        return Err("component".into());
    }
    module.encode().map_err(|e| e.message())
}

/// The traps with this text, as bits; the suite's texts are sometimes longer ("uninitialized element 2").
fn traps(message: &str) -> Result<u32, Unpackable> {
    use Trap::*;
    let all = [
        Unreachable,
        MemoryOutOfBounds,
        TableOutOfBounds,
        UndefinedElement,
        UninitializedElement,
        IndirectCallTypeMismatch,
        DivideByZero,
        IntegerOverflow,
        InvalidConversion,
        StackExhausted,
        NullFunction,
        NullStructure,
        NullArray,
        NullI31,
        NullReference,
        NullException,
        ArrayOutOfBounds,
        CastFailure,
        UnalignedAtomic,
        NotShared,
    ];
    let same = |trap: &Trap| message.starts_with(trap.message()) || (!message.is_empty() && trap.message().starts_with(message));
    match all.iter().filter(|t| same(t)).fold(0, |bits, t| bits | 1 << *t as u32) {
        0 => Err(format!("no trap is called \"{message}\"")),
        bits => Ok(bits),
    }
}

/// Appends an entry to a pack.
pub(crate) fn entry(pack: &mut Vec<u8>, name: &str, body: &[u8]) {
    pack.extend_from_slice(&(name.len() as u32).to_le_bytes());
    pack.extend_from_slice(&(body.len() as u32).to_le_bytes());
    pack.extend_from_slice(name.as_bytes());
    pack.extend_from_slice(body);
}
