// SPDX-License-Identifier: MIT
//! A small assembler for images: records as the header describes them, code by the word.
#![allow(dead_code, unreachable_pub)] // each test file uses a part

use wrt_foundation::{ExternKind, ValType, Value};
use wrt_runtime::image::{self, FUEL_VERSION, HEADER, MAGIC, PADDING, VERSION, WINDOW, Word, type_hash};
use wrt_runtime::op;

pub fn w(op: u8, a: u32, b: u32, c: u32) -> u32 {
    op as u32 | (a & 0xff) << 8 | (b & 0xff) << 16 | (c & 0xff) << 24
}
/// An operation with the 16-bit number `bc`.
pub fn wbc(op: u8, a: u32, bc: u32) -> u32 {
    op as u32 | (a & 0xff) << 8 | bc << 16
}
pub fn jump(disp: i32, cost: i32) -> u32 {
    disp as u32 & 0xffff | (cost as u32) << 16
}

#[derive(Clone, Default)]
pub struct Asm {
    pub types: Vec<(Vec<ValType>, Vec<ValType>)>,
    imports: Vec<(String, String, ExternKind, u32)>,
    imported_funcs: Vec<u32>,
    funcs: Vec<(u32, Vec<u32>)>,
    tables: Vec<[u32; 4]>,
    imported_tables: u32,
    memories: Vec<[u32; 4]>,
    imported_memories: u32,
    globals: Vec<[u32; 2]>,
    imported_globals: u32,
    global_cells: u32,
    exports: Vec<(String, ExternKind, u32)>,
    elems: Vec<Vec<u32>>,
    datas: Vec<Vec<u8>>,
    init: Vec<u32>,
}

impl Asm {
    pub fn new() -> Asm {
        Asm::default()
    }
    pub fn ty(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        self.types.push((params.to_vec(), results.to_vec()));
        self.types.len() as u32 - 1
    }
    fn import(&mut self, name: &str, kind: ExternKind, index: u32) -> u32 {
        self.imports.push(("env".into(), name.into(), kind, index));
        index
    }
    pub fn import_func(&mut self, name: &str, ty: u32) -> u32 {
        assert!(self.funcs.is_empty());
        self.imported_funcs.push(ty);
        self.import(name, ExternKind::Func, self.imported_funcs.len() as u32 - 1)
    }
    pub fn import_memory(&mut self, name: &str, min: u32) -> u32 {
        let i = self.memory(min, None);
        self.imported_memories += 1;
        self.import(name, ExternKind::Memory, i)
    }
    pub fn import_table(&mut self, name: &str, min: u32) -> u32 {
        let i = self.table(min, None);
        self.imported_tables += 1;
        self.import(name, ExternKind::Table, i)
    }
    pub fn import_global(&mut self, name: &str, ty: ValType, mutable: bool) -> u32 {
        self.globals.push([ty.bits(), mutable as u32]);
        self.imported_globals += 1;
        self.import(name, ExternKind::Global, self.globals.len() as u32 - 1)
    }
    pub fn memory(&mut self, min: u32, max: Option<u32>) -> u32 {
        self.memories.push([max.is_some() as u32 | 16 << 8, min, max.unwrap_or(0), 0]);
        self.memories.len() as u32 - 1
    }
    pub fn table(&mut self, min: u32, max: Option<u32>) -> u32 {
        self.tables.push([ValType::FUNCREF.bits(), max.is_some() as u32, min, max.unwrap_or(0)]);
        self.tables.len() as u32 - 1
    }
    /// A global; its first cell.
    pub fn global(&mut self, ty: ValType, mutable: bool) -> u32 {
        let cell = self.global_cells;
        self.globals.push([ty.bits(), mutable as u32 | cell << 1]);
        self.global_cells += ty.cells();
        cell
    }
    pub fn func(&mut self, ty: u32, code: &[u32]) -> u32 {
        self.funcs.push((ty, code.to_vec()));
        (self.imported_funcs.len() + self.funcs.len()) as u32 - 1
    }
    /// A function that is exported.
    pub fn export_func(&mut self, name: &str, ty: u32, code: &[u32]) -> u32 {
        let f = self.func(ty, code);
        self.export(name, ExternKind::Func, f);
        f
    }
    pub fn export(&mut self, name: &str, kind: ExternKind, index: u32) {
        self.exports.push((name.into(), kind, index));
    }
    pub fn elem(&mut self, items: &[u32]) -> u32 {
        self.elems.push(items.to_vec());
        self.elems.len() as u32 - 1
    }
    pub fn data(&mut self, bytes: &[u8]) -> u32 {
        self.datas.push(bytes.to_vec());
        self.datas.len() as u32 - 1
    }
    /// Code of the initialiser; `RETURN` is added.
    pub fn init(&mut self, code: &[u32]) {
        self.init = code.to_vec();
    }

    pub fn build(&self) -> Vec<u32> {
        let mut v = vec![0; HEADER as usize];
        let mut set = vec![];
        fn text(v: &mut Vec<u32>, s: &[u8]) -> u32 {
            let at = v.len() as u32;
            v.push(s.len() as u32);
            bytes(v, s);
            at
        }
        fn bytes(v: &mut Vec<u32>, s: &[u8]) {
            for c in s.chunks(4) {
                let mut b = [0; 4];
                b[..c.len()].copy_from_slice(c);
                v.push(u32::from_le_bytes(b));
            }
        }
        let mut types = vec![];
        for (p, r) in &self.types {
            types.push(v.len() as u32);
            let (p, r): (Vec<u32>, Vec<u32>) = (p.iter().map(|t| t.bits()).collect(), r.iter().map(|t| t.bits()).collect());
            v.push((p.len() | r.len() << 16) as u32);
            v.push(type_hash(&p, &r, &[], |w| w));
            v.extend(p);
            v.extend(r);
        }
        let imports: Vec<u32> =
            self.imports.iter().flat_map(|(m, n, k, i)| [text(&mut v, m.as_bytes()), text(&mut v, n.as_bytes()), *k as u32, *i]).collect();
        let exports: Vec<u32> = self.exports.iter().flat_map(|(n, k, i)| [text(&mut v, n.as_bytes()), *k as u32, *i]).collect();
        let mut elems = vec![];
        for e in &self.elems {
            elems.extend([v.len() as u32, e.len() as u32, ValType::FUNCREF.bits()]);
            v.extend(e);
        }
        let mut datas = vec![];
        for d in &self.datas {
            datas.extend([v.len() as u32, d.len() as u32]);
            bytes(&mut v, d);
        }
        let code_at = v.len() as u32;
        let mut entries = vec![];
        for (_, code) in &self.funcs {
            entries.push(v.len() as u32);
            v.extend(code);
        }
        set.push((Word::Init, v.len() as u32));
        v.extend(&self.init);
        v.push(w(op::RETURN, 0, 0, 0));
        set.extend([(Word::CodeAt, code_at), (Word::CodeEnd, v.len() as u32)]);
        let func_types: Vec<u32> = self.imported_funcs.iter().copied().chain(self.funcs.iter().map(|f| f.0)).collect();
        let mut section = |count, at, n: usize, words: Vec<u32>| {
            set.extend([(count, n as u32), (at, v.len() as u32)]);
            v.extend(words);
        };
        section(Word::Types, Word::TypesAt, types.len(), types);
        section(Word::Funcs, Word::FuncTypesAt, func_types.len(), func_types);
        section(Word::Tables, Word::TablesAt, self.tables.len(), self.tables.concat());
        section(Word::Memories, Word::MemoriesAt, self.memories.len(), self.memories.concat());
        section(Word::Globals, Word::GlobalsAt, self.globals.len(), self.globals.concat());
        section(Word::Imports, Word::ImportsAt, self.imports.len(), imports);
        section(Word::Exports, Word::ExportsAt, self.exports.len(), exports);
        section(Word::Elems, Word::ElemsAt, self.elems.len(), elems);
        section(Word::Datas, Word::DatasAt, self.datas.len(), datas);
        set.push((Word::EntriesAt, v.len() as u32));
        v.extend(entries);
        v.extend([0; PADDING as usize]);
        set.extend([
            (Word::Magic, MAGIC),
            (Word::Version, VERSION),
            (Word::Fuel, FUEL_VERSION | WINDOW << 16),
            (Word::Length, v.len() as u32),
            (Word::ImportedFuncs, self.imported_funcs.len() as u32),
            (Word::ImportedTables, self.imported_tables),
            (Word::ImportedMemories, self.imported_memories),
            (Word::ImportedGlobals, self.imported_globals),
            (Word::GlobalCells, self.global_cells),
        ]);
        for (word, value) in set {
            v[word as usize] = value;
        }
        let check = image::checksum(&v);
        v[Word::Check as usize] = check;
        v
    }
}

pub fn i32s(values: &[i32]) -> Vec<Value> {
    values.iter().map(|v| Value::I32(*v)).collect()
}
