// SPDX-License-Identifier: MIT
//! What the translator makes of each thing that the decoder tells.

use super::*;
use wrt_decoder::{Catch, Locals};

impl<const WATCH: bool> Sink for Translator<'_, WATCH> {
    fn uses(&mut self, feature: Feature) {
        self.features |= feature.bit();
    }
    fn imports(&mut self, n: u32) -> Done {
        self.imports = n;
        self.imports_at = self.w.reserve(n.wrapping_mul(4));
        self.next_record = self.imports_at;
        Ok(())
    }
    fn import(&mut self, _: &Info<'_>, module: &[u8], name: &[u8], kind: ExternKind, index: u32) -> Done {
        let record = self.next_record;
        self.next_record = record.wrapping_add(4);
        let (module, name) = (self.w.text(module), self.w.text(name));
        for (i, w) in [module, name, kind as u32, index].into_iter().enumerate() {
            self.w.set(record.wrapping_add(i as u32), w);
        }
        Ok(())
    }
    fn exports(&mut self, n: u32) -> Done {
        self.exports = n;
        self.exports_at = self.w.reserve(n.wrapping_mul(3));
        self.next_record = self.exports_at;
        Ok(())
    }
    fn export(&mut self, name: &[u8], kind: ExternKind, index: u32) -> Done {
        let record = self.next_record;
        self.next_record = record.wrapping_add(3);
        let name = self.w.text(name);
        for (i, w) in [name, kind as u32, index].into_iter().enumerate() {
            self.w.set(record.wrapping_add(i as u32), w);
        }
        Ok(())
    }
    fn start(&mut self, func: u32) -> Done {
        self.start = Some(func);
        Ok(())
    }
    fn elems(&mut self, n: u32) -> Done {
        self.elems = n;
        self.elems_at = self.w.reserve(n.wrapping_mul(3));
        Ok(())
    }
    fn elem(&mut self, index: u32, ty: ValType, n: u32, active: Option<u32>, declared: bool) -> Done {
        let record = self.elems_at.wrapping_add(index.wrapping_mul(3));
        if let Some(table) = active {
            self.w.put(word16(op::CONST_S, 1, 0));
            self.constant_to(2, n as u64, 1);
            self.w.put(word16(op::TABLE_INIT, 0, table));
            self.w.put(index);
        }
        if active.is_some() || declared {
            if declared {
                self.init_open();
            }
            self.w.put(word(op::ELEM_DROP, 0, 0, 0));
            self.w.put(index);
            self.init_close();
        }
        if active.is_some() {
            // Items that are computed come first: they are hung in before this piece.
            let (start, tail, first) = self.offset_piece;
            self.active_piece = Some((start, core::mem::replace(&mut self.init_tail, tail)));
            self.init_at = first;
        }
        self.item_at = self.w.reserve(n);
        for (i, w) in [self.item_at, n, ty.bits()].into_iter().enumerate() {
            self.w.set(record.wrapping_add(i as u32), w);
        }
        Ok(())
    }
    fn elem_func(&mut self, func: u32) -> Done {
        self.item(func << 2 | 1);
        Ok(())
    }
    fn elem_end(&mut self, _: u32) -> Done {
        if let Some((start, tail)) = self.active_piece.take() {
            self.init_join(start);
            self.init_tail = tail;
        }
        Ok(())
    }
    fn before_code(&mut self, info: &Info<'_>) -> Done {
        use Word::*;
        let (types_at, arguments) = self.type_records(info)?;
        let func_types_at = self.w.pos;
        for i in 0..info.funcs() {
            self.w.put(info.func_type_index(i).ok_or(Fault::Internal)?);
        }
        self.imported_funcs = info.imported_funcs();
        self.entries_at = self.w.reserve(info.funcs().wrapping_sub(info.imported_funcs()));
        let tables_at = self.w.pos;
        for i in 0..info.tables() {
            let t = info.table(i).ok_or(Fault::Internal)?;
            for w in [t.elem.bits(), flags(t.max, t.is64), t.min as u32, t.max.unwrap_or(0) as u32] {
                self.w.put(w);
            }
        }
        let limits = |t: wrt_decoder::TableType| (t.is64, t.min, t.max);
        self.upper_words(info.tables(), |i| info.table(i).map(limits));
        let memories_at = self.w.pos;
        for i in 0..info.memories() {
            let m = info.memory(i).ok_or(Fault::Internal)?;
            let shared = if m.shared { image::SHARED } else { 0 };
            for w in [flags(m.max, m.is64) | shared | (m.page_log2 as u32) << 8, m.min as u32, m.max.unwrap_or(0) as u32, 0] {
                self.w.put(w);
            }
        }
        let limits = |m: wrt_decoder::MemoryType| (m.is64, m.min, m.max);
        self.upper_words(info.memories(), |i| info.memory(i).map(limits));
        let tags_at = self.w.pos;
        for i in 0..info.tags() {
            self.w.put(info.tag_type_index(i).ok_or(Fault::Internal)?);
        }
        let globals_at = self.w.pos;
        let cells = self.own_cells(info).wrapping_add(self.item_cells);
        for i in 0..info.globals() {
            let g = info.global(i).ok_or(Fault::Internal)?;
            let cell = info.own_global_cell(i);
            self.see(&[g.ty.bits()]);
            self.w.put(g.ty.bits());
            self.w.put(g.mutable as u32 | cell.unwrap_or(0) << 1);
        }
        for (w, v) in [
            (ArgumentCells, arguments),
            (Types, info.types()),
            (TypesAt, types_at),
            (Funcs, info.funcs()),
            (FuncTypesAt, func_types_at),
            (ImportedFuncs, info.imported_funcs()),
            (EntriesAt, self.entries_at),
            (Tables, info.tables()),
            (TablesAt, tables_at),
            (ImportedTables, info.imported_tables()),
            (Memories, info.memories()),
            (MemoriesAt, memories_at),
            (ImportedMemories, info.imported_memories()),
            (Globals, info.globals()),
            (GlobalsAt, globals_at),
            (ImportedGlobals, info.imported_globals()),
            (GlobalCells, cells),
            (Tags, info.tags()),
            (TagsAt, tags_at),
            (ImportedTags, info.imported_tags()),
        ] {
            self.header(w, v);
        }
        #[cfg(wrt_threaded)]
        self.bodies(info.funcs().wrapping_sub(info.imported_funcs()));
        self.code_at = self.w.pos;
        self.code_end = self.w.pos;
        Ok(())
    }
    fn datas(&mut self, n: u32) -> Done {
        self.datas = n;
        self.datas_at = self.w.reserve(n.wrapping_mul(2));
        Ok(())
    }
    fn data(&mut self, index: u32, active: Option<u32>, bytes: &[u8]) -> Done {
        if let Some(memory) = active {
            let cells = self.offset_cells;
            self.w.put(word16(op::CONST_S, cells, 0));
            self.constant_to(cells.wrapping_add(1), bytes.len() as u64, 1);
            self.w.put(word16(op::MEMORY_INIT, 0, memory));
            self.w.put(index | if cells == 2 { 1 << 31 } else { 0 });
            self.w.put(word(op::DATA_DROP, 0, 0, 0));
            self.w.put(index);
            self.init_close();
        }
        let record = self.datas_at.wrapping_add(index.wrapping_mul(2));
        self.w.set(record, self.w.pos);
        self.w.set(record.wrapping_add(1), bytes.len() as u32);
        self.w.bytes(bytes);
        Ok(())
    }
    fn finish(&mut self, _: &Info<'_>) -> Done {
        use Word::*;
        self.init_open();
        if let Some(f) = self.start {
            self.w.put(word16(op::CALL, 0, 0));
            self.w.put(f);
        }
        self.w.put(word16(op::RETURN, 0, 0));
        let handlers_at = self.handler_records();
        #[cfg(wrt_threaded)]
        self.room_for_handlers();
        self.w.reserve(PADDING);
        for (w, v) in [
            (Magic, image::MAGIC),
            (Version, image::VERSION),
            (Features, self.features),
            (Fuel, image::FUEL_VERSION | self.window << 16),
            (Length, self.w.pos),
            (FrameCells, self.frame_cells),
            (Imports, self.imports),
            (ImportsAt, self.imports_at),
            (Exports, self.exports),
            (ExportsAt, self.exports_at),
            (Elems, self.elems),
            (ElemsAt, self.elems_at),
            (Datas, self.datas),
            (DatasAt, self.datas_at),
            (Init, self.init_at),
            (CodeAt, self.code_at),
            (CodeEnd, self.code_end),
            (Handlers, self.handlers),
            (HandlersAt, handlers_at),
        ] {
            self.header(w, v);
        }
        #[cfg(feature = "alloc")]
        if self.unchecked {
            return Ok(());
        }
        if let Some(all) = self.w.out.get(..self.w.pos as usize) {
            let check = image::checksum(all);
            self.header(Check, check);
        }
        Ok(())
    }

    fn const_begin(&mut self, _: &Info<'_>, what: ConstFor) -> Done {
        if matches!(what, ConstFor::ElemOffset(..)) {
            self.offset_piece = (self.w.pos, self.init_tail, self.init_at);
        }
        (self.constant_item, self.computed) = (None, false);
        self.before_item = (self.w.pos, self.init_at);
        self.init_open();
        Ok(())
    }
    fn const_end(&mut self, info: &Info<'_>, what: ConstFor, s: &mut Operands<'_>) -> Done {
        let value = s.top(0).ok_or(Fault::Internal)?;
        match what {
            ConstFor::Global(_, cell) => {
                let cells = value.ty().cells();
                if VECTORS && cells == 4 {
                    self.set_vector(value, Some(cell), 0);
                    self.init_close();
                    return Ok(());
                }
                let reg = self.reg(value, 0);
                self.w.put(word16(if cells == 2 { op::GLOBAL_SET2 } else { op::GLOBAL_SET }, reg, cell));
                self.init_close();
            }
            ConstFor::Table(table, min) => {
                self.move_to(1, value, 1);
                self.constant_to(0, 0, 1);
                self.constant_to(2, min, 1);
                self.w.put2([word(op::TABLE_FILL, 0, 0, 0), table]);
                self.init_close();
            }
            ConstFor::ElemItem(_) if !self.computed => {
                let item = if value.is_const() { 0 } else { self.constant_item.ok_or(Fault::Internal)? };
                (self.w.pos, self.init_at) = self.before_item;
                self.live = false;
                self.item(item);
            }
            ConstFor::ElemItem(_) => {
                let cell = self.own_cells(info).wrapping_add(self.item_cells);
                if cell > limits::GLOBALS {
                    return Err(Fault::TooManyGlobals);
                }
                self.item_cells = self.item_cells.wrapping_add(1);
                let reg = self.reg(value, 0);
                self.w.put(word16(op::GLOBAL_SET, reg, cell));
                self.init_close();
                self.item(cell << 2 | 3);
            }
            ConstFor::ElemOffset(..) => {
                self.settle(s, 0);
                if WIDE && s.top(0).is_some_and(|o| o.ty() == ValType::I64) {
                    self.w.put(word(op::TABLE_INDEX, 0, 0, 0));
                }
            }
            ConstFor::DataOffset(..) => {
                self.offset_cells = if WIDE { value.ty().cells() } else { 1 };
                self.settle(s, 0);
            }
        }
        Ok(())
    }

    #[cfg(wrt_threaded)]
    fn skip(&mut self, info: &Info<'_>, func: u32, at: u32, size: u32) -> bool {
        self.leave_room(info, func, at, size)
    }
    /// One that is zero, where an `ENTER` can see to it.
    fn own_cells(local_cells: u32) -> u32 {
        u32::from(local_cells != 0)
    }
    fn func_begin(&mut self, _: &Info<'_>, func: u32, locals: &Locals<'_>, param_cells: u32, local_cells: u32, body_bytes: u32) -> Done {
        let entry = self.entries_at.wrapping_add(func.wrapping_sub(self.imported_funcs));
        self.w.set(entry, self.w.pos);
        if WATCH && func == self.watch_in {
            self.watch = self.w.pos.saturating_add(self.watch_offset);
        }
        self.run_length = 0;
        self.run_limit = MAX_RUN;
        self.live = true;
        self.last.end = NOWHERE;
        (self.zero, self.enter_at) = (NOWHERE, NOWHERE);
        self.lazy_floor = 0;
        self.far = body_bytes >= self.far_body;
        self.enclosing_try = 0;
        self.map_locals(locals);
        let total = param_cells.saturating_add(local_cells);
        if total.saturating_add(HOLE) > limits::FRAME_CELLS {
            return Err(Fault::FrameTooLarge);
        }
        if total > self.near {
            // Everything from the hole on lies further up; parameters arrive without it.
            let at = self.near.wrapping_add(HOLE).wrapping_sub(STRADDLE);
            let end = self.lies(total, 0).max(total.wrapping_add(HOLE));
            self.frame_cells = self.frame_cells.max(end);
            if param_cells > self.near {
                // A value of several cells may begin just below the hole: its first cells have to move too, and moving
                // them when there is none is harmless.
                let (mut from, mut cells) = (param_cells, param_cells.wrapping_sub(self.near).wrapping_add(STRADDLE));
                self.w.put(word(op::ENTER_FAR, 0, 0, 0));
                self.w.put(end);
                self.w.put(0);
                while cells > 0 {
                    let n = cells.min(HOLE);
                    from = from.wrapping_sub(n);
                    cells = cells.wrapping_sub(n);
                    self.far_copy(from.wrapping_add(HOLE), from, n);
                }
                if local_cells > 0 {
                    self.w.put(word(op::ENTER_FAR, 0, 0, 0));
                    self.w.put(end);
                    self.w.put(param_cells.wrapping_add(HOLE) | local_cells << 16);
                }
                return Ok(());
            }
            self.w.put(word(op::ENTER_FAR, 0, 0, 0));
            self.w.put(end);
            self.w.put(at | end.wrapping_sub(at) << 16);
        }
        let near_cells = total.min(self.near).saturating_sub(param_cells);
        if near_cells > 0 {
            if total < self.near {
                (self.zero, self.enter_at) = (total, self.w.pos);
            }
            self.w.put(word(op::ENTER, 0, param_cells, near_cells));
        }
        Ok(())
    }
    fn func_end(&mut self, _: &Info<'_>, s: &mut Operands<'_>, _: &Control, results: Option<u32>) -> Done {
        if let Some(arity) = results {
            self.settle_many(s, arity, 0);
            self.leave(s, arity, 0);
        }
        self.live = false;
        self.zero = NOWHERE;
        self.code_end = self.w.pos;
        if self.frame_too_large {
            return Err(Fault::FrameTooLarge);
        }
        if self.mapped > limits::MAPPED { Err(Fault::TooManyMapped) } else { Ok(()) }
    }
    #[inline(always)]
    fn instruction(&mut self, s: &Operands<'_>, at: u32, n: u32) -> Done {
        if WATCH && self.w.pos <= self.watch {
            self.watched = at;
        }
        if WATCH {
            self.begun = at;
        }
        // What is counted where nothing can run is in no jump's way: a label has the count that it is reached with.
        self.run_length = self.run_length.wrapping_add(n);
        if self.run_length > self.run_limit {
            self.charge_run(s);
        }
        Ok(())
    }

    fn unreachable(&mut self, _: &mut Operands<'_>) -> Done {
        self.w.put(word(op::UNREACHABLE, 0, 0, 0));
        self.live = false;
        Ok(())
    }
    fn block(&mut self, _: &Info<'_>, s: &mut Operands<'_>, control: &mut Control) -> Done {
        let is_if = control.kind() == ControlKind::If;
        let branch = if is_if { self.condition(s) } else { 0 };
        let below = s.len().wrapping_sub(is_if as u32);
        if self.lazy_floor < below {
            self.flush(s, below);
        }
        if below > control.height {
            self.settle_all(s, below.wrapping_sub(control.height), is_if as u32);
        }
        let mut first = 0;
        if control.kind() == ControlKind::Loop {
            first = self.w.pos;
            self.map_here(s);
        }
        control.user = [first, 0, self.run_length, if LEGACY { self.enclosing_try } else { 0 }];
        if is_if {
            let site = self.jump_if(opposite(branch));
            control.user[SKIPS] = self.hang(site, 0)?;
        }
        if LEGACY && control.kind() == ControlKind::LegacyTry {
            self.legacy_try(control);
        }
        self.last.end = NOWHERE;
        Ok(())
    }
    fn else_(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &mut Control, results: Option<u32>) -> Done {
        let [mut exits, skips, run, enclosing] = control.user;
        if let Some(arity) = results {
            self.settle_many(s, arity, 0);
            self.moves(s, control.cell, arity, 0);
            self.w.put(word(if self.far { op::BR_FAR } else { op::BR }, 0, 0, 0));
            exits = self.site(exits)?;
        }
        self.run_length = run;
        self.land(skips)?;
        let params = info.block_type(control.block_type).map_or(&[][..], |ty| ty.params);
        self.map_block(s, control.height, params, control.cell);
        control.user = [exits, 0, 0, if LEGACY { enclosing } else { 0 }];
        self.live = true;
        self.last.end = NOWHERE;
        Ok(())
    }
    #[inline]
    fn end(&mut self, info: &Info<'_>, s: &mut Operands<'_>, control: &Control, results: Option<u32>) -> Done {
        let user = control.user;
        if let Some(arity @ 1..) = results {
            self.settle_many(s, arity, 0);
            self.moves(s, control.cell, arity, 0);
        }
        if control.kind() == ControlKind::If {
            self.land(user[SKIPS])?;
        }
        if matches!(control.kind(), ControlKind::Try | ControlKind::LegacyTry) {
            self.try_end(control);
        }
        if control.kind() != ControlKind::Loop {
            let jumps = user[EXITS] | if control.kind() == ControlKind::If { user[SKIPS] } else { 0 };
            self.land(user[EXITS])?;
            if jumps != 0 && (control.height != 0 || control.block_type != u32::MAX) {
                let results = info.block_type(control.block_type).map_or(&[][..], |ty| ty.results);
                self.map_block(s, control.height, results, control.cell);
            }
        }
        self.live = true;
        self.last.end = NOWHERE;
        Ok(())
    }
    fn br(&mut self, _: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        self.settle_many(s, arity, 0);
        if self.is_body(s, label) {
            self.leave(s, arity, 0);
        } else {
            let (_, cell, _) = s.target(label).ok_or(Fault::Internal)?;
            self.moves(s, cell, arity, 0);
            self.jump(s, label)?;
        }
        self.live = false;
        Ok(())
    }
    fn br_if(&mut self, _: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        let first = self.condition(s);
        self.branch(s, first, label, arity, 1)
    }
    fn br_table(&mut self, _: &Info<'_>, s: &mut Operands<'_>, n: u32, arity: u32) -> Done {
        self.settle_all(s, arity, 1);
        let a = self.reg(s.top(0).ok_or(Fault::Internal)?, 0);
        self.w.put(word(if self.far { op::BR_TABLE_FAR } else { op::BR_TABLE }, a, 0, 0));
        self.w.put(n);
        self.table_n = 0;
        self.table_stub = (u32::MAX, 0);
        let entries = n.wrapping_add(1);
        self.table_at = self.w.reserve(if self.far { entries.wrapping_mul(2) } else { entries });
        Ok(())
    }
    fn br_table_label(&mut self, _: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        let n = self.table_n;
        self.table_n = n.wrapping_add(1);
        let site = self.table_at.wrapping_add(if self.far { n.wrapping_mul(2) } else { n });
        let (_, cell, _) = s.target(label).ok_or(Fault::Internal)?;
        let body = self.is_body(s, label);
        if !body && !self.must_move(s, cell, arity, 1) {
            return self.point(s, label, site);
        }
        let (known, at) = self.table_stub;
        let stub = if known == label { at } else { self.w.pos };
        self.aim(site, stub, self.run_length, self.run_length)?;
        if known != label {
            self.table_stub = (label, stub);
            self.map_here(s);
            if body {
                self.leave(s, arity, 1);
            } else {
                self.moves(s, cell, arity, 1);
                self.jump(s, label)?;
            }
        }
        Ok(())
    }
    fn br_table_end(&mut self, _: &Info<'_>, _: &mut Operands<'_>, _: u32) -> Done {
        self.live = false;
        self.last.end = NOWHERE;
        Ok(())
    }
    fn return_(&mut self, _: &Info<'_>, s: &mut Operands<'_>, arity: u32) -> Done {
        self.settle_many(s, arity, 0);
        self.leave(s, arity, 0);
        self.live = false;
        Ok(())
    }
    fn call(&mut self, s: &mut Operands<'_>, func: u32, ty: &FuncType<'_>) -> Done {
        self.call_with(s, ty, 0, |t, _, at, far| {
            let cost = t.charge();
            t.w.put2([word16(if far { op::CALL_FAR } else { op::CALL }, at, cost), func]);
            if far {
                t.w.put(at);
            }
        });
        Ok(())
    }
    fn call_indirect(&mut self, s: &mut Operands<'_>, index: u32, table: u32, ty: &FuncType<'_>) -> Done {
        self.call_with(s, ty, 1, |t, element, at, far| {
            let element = element.map_or(0, |o| t.index(o, 0));
            let cost = t.charge();
            t.w.put(word(if far { op::CALL_INDIRECT_FAR } else { op::CALL_INDIRECT }, at, element, 0));
            t.w.put2([index, table | cost << 16]);
            if far {
                t.w.put(at);
            }
        });
        Ok(())
    }
    fn return_call(&mut self, s: &mut Operands<'_>, func: u32, ty: &FuncType<'_>) -> Done {
        self.tail_call(s, func, ty)
    }
    fn return_call_indirect(&mut self, s: &mut Operands<'_>, index: u32, table: u32, ty: &FuncType<'_>) -> Done {
        self.tail_call_indirect(s, index, table, ty)
    }
    fn call_ref(&mut self, s: &mut Operands<'_>, ty: &FuncType<'_>, tail: bool) -> Done {
        self.call_reference(s, ty, tail)
    }
    fn ref_as_non_null(&mut self, s: &mut Operands<'_>) -> Done {
        self.non_null(s)
    }
    fn br_on_null(&mut self, _: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        self.branch_on_null(s, label, arity)
    }
    fn br_on_non_null(&mut self, _: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        self.branch_on_non_null(s, label, arity)
    }
    fn br_on_cast(&mut self, _: &Info<'_>, s: &mut Operands<'_>, label: u32, arity: u32, ty: ValType, fail: bool) -> Done {
        self.branch_on_cast(s, label, arity, ty, fail)
    }
    fn throw(&mut self, _: &Info<'_>, s: &mut Operands<'_>, tag: u32, arity: u32) -> Done {
        self.throw_tag(s, tag, arity)
    }
    fn throw_ref(&mut self, _: &Info<'_>, s: &mut Operands<'_>) -> Done {
        self.throw_again(s)
    }
    fn try_table(&mut self, _: &Info<'_>, s: &mut Operands<'_>, control: &mut Control, n: u32) -> Done {
        self.try_begin(s, control, n)
    }
    fn catch(&mut self, _: &Info<'_>, s: &mut Operands<'_>, catch: Catch, label: u32, arity: u32) -> Done {
        self.try_clause(s, catch, label, arity)
    }
    fn try_body(&mut self, control: &mut Control) -> Done {
        self.try_opened(control);
        Ok(())
    }
    fn legacy_part(&mut self, s: &mut Operands<'_>, control: &mut Control, results: Option<u32>) -> Done {
        self.legacy_part_end(s, control, results)
    }
    fn legacy_catch(&mut self, s: &mut Operands<'_>, tag: Option<u32>, arity: u32) -> Done {
        self.legacy_clause(s, tag, arity)
    }
    fn rethrow(&mut self, s: &mut Operands<'_>, i: u32) -> Done {
        self.throw_operand(s, i)
    }
    fn delegate(&mut self, control: &Control, target: &Control) -> Done {
        self.legacy_delegate(control, target);
        Ok(())
    }
    fn drop(&mut self, _: &mut Operands<'_>) -> Done {
        Ok(())
    }
    fn select(&mut self, s: &mut Operands<'_>, ty: ValType) -> Done {
        let (Some(x), Some(y), Some(c)) = (s.top(2), s.top(1), s.top(0)) else { return Err(Fault::Internal) };
        if VECTORS && ty == ValType::V128 {
            self.select_vector([x, y, c]);
            return Ok(());
        }
        let (b, d, cond) = (self.reg(x, 0), self.reg(y, 1), self.reg(c, 2));
        self.define2(word(if ty.cells() == 2 { op::SELECT2 } else { op::SELECT }, 0, b, d), cond, x.cell(), ty);
        Ok(())
    }
    #[inline]
    fn local_get(&mut self, s: &mut Operands<'_>) -> Done {
        self.lazy(s);
        Ok(())
    }
    fn local_set(&mut self, s: &mut Operands<'_>, cell: u32) -> Done {
        self.assign(s, cell).map(|_| ())
    }
    fn local_tee(&mut self, s: &mut Operands<'_>, cell: u32) -> Done {
        if self.assign(s, cell)? {
            s.set_top_place(0, Place::Local(cell));
            self.lazy(s);
        }
        Ok(())
    }
    fn ref_func(&mut self, s: &mut Operands<'_>, func: u32) -> Done {
        self.constant_item = Some(func << 2 | 1);
        let o = s.top(0).ok_or(Fault::Internal)?;
        self.define2(word(op::REF_FUNC, 0, 0, 0), func, o.cell(), ValType::FUNCREF);
        Ok(())
    }
    fn ref_is_null(&mut self, s: &mut Operands<'_>) -> Done {
        self.unary(s, I32_EQZ.into(), ValType::I32)
    }
    fn global_get(&mut self, info: &Info<'_>, s: &mut Operands<'_>, global: u32) -> Done {
        self.constant_item = Some(global << 2 | 2);
        let o = s.top(0).ok_or(Fault::Internal)?;
        let cells = o.ty().cells();
        if VECTORS && cells == 4 {
            self.get_vector(o.cell(), info.own_global_cell(global), global);
            return Ok(());
        }
        match info.own_global_cell(global) {
            Some(cell) => self.define(word16(if cells == 2 { op::GLOBAL_GET2 } else { op::GLOBAL_GET }, 0, cell), o.cell(), o.ty()),
            None => self.define2(word(op::GLOBAL_GET_X, 0, cells, 0), global, o.cell(), o.ty()),
        }
        Ok(())
    }
    fn global_set(&mut self, info: &Info<'_>, s: &mut Operands<'_>, global: u32) -> Done {
        let o = s.top(0).ok_or(Fault::Internal)?;
        let cells = o.ty().cells();
        if VECTORS && cells == 4 {
            self.set_vector(o, info.own_global_cell(global), global);
            return Ok(());
        }
        let a = self.reg(o, 0);
        match info.own_global_cell(global) {
            Some(cell) => self.w.put(word16(if cells == 2 { op::GLOBAL_SET2 } else { op::GLOBAL_SET }, a, cell)),
            None => {
                self.w.put(word(op::GLOBAL_SET_X, a, cells, 0));
                self.w.put(global);
            }
        }
        Ok(())
    }
    fn unary(&mut self, s: &mut Operands<'_>, opcode: u16, result: ValType) -> Done {
        if uses_float(opcode) {
            self.features |= Feature::Float.bit();
        }
        let o = s.top(0).ok_or(Fault::Internal)?;
        if opcode == 0xa7 {
            self.wrap(o);
            return Ok(());
        }
        // Same bits in the same cells.
        if matches!(opcode, 0xbc..=0xbf) {
            if o.place() != Place::Cell {
                self.move_to(o.cell(), o, result.cells());
            }
            return Ok(());
        }
        let op = match opcode {
            0xfc00.. => op::I32_TRUNC_SAT_F32_S.wrapping_add(opcode as u8),
            op => op as u8,
        };
        let b = self.reg(o, 0);
        let (from, branch) = if op == I32_EQZ { self.sum_tested(s, 1, b, if_zero(b)) } else { (self.w.pos, 0) };
        self.define(word(op, 0, b, 0), o.cell(), result);
        if op == I32_EQZ {
            self.is_test(from, branch);
        }
        Ok(())
    }
    #[inline(always)]
    fn binary(&mut self, s: &mut Operands<'_>, opcode: u8, result: ValType) -> Done {
        let operands = s.pair().ok_or(Fault::Internal)?;
        let [l, r] = operands.both();
        let form = BINARY[usize::from(opcode & 0x7f)];
        match form & KIND {
            NO_FORM => {}
            COMPARISON => {
                self.compare(s, opcode, operands);
                return Ok(());
            }
            FLOAT => self.features |= Feature::Float.bit(),
            _ if l.is_const() || r.is_const() => {
                self.with_immediate(opcode, form, operands);
                return Ok(());
            }
            SUM | SINGLE if self.last_shifts() && self.with_shifted(opcode, operands) => return Ok(()),
            _ => {}
        }
        self.compute(opcode, operands, result);
        Ok(())
    }
    #[inline(always)]
    fn load(&mut self, s: &mut Operands<'_>, opcode: u8, offset: u32, result: ValType) -> Done {
        let op = as_integer(opcode);
        let address = s.top(0).ok_or(Fault::Internal)?;
        if offset == 0
            && self.made(address)
            && let Some(form) = op::scaled(op)
            && let Some((b, shift, k)) = self.unmake()
        {
            self.define2(word(form, 0, b, shift), k, address.cell(), result);
            return Ok(());
        }
        let (b, offset) = self.address(address, offset);
        self.define2(word(op, 0, b, 0), offset, address.cell(), result);
        Ok(())
    }
    #[inline(always)]
    fn store(&mut self, s: &mut Operands<'_>, opcode: u8, offset: u32) -> Done {
        let op = as_integer(opcode);
        let [address, value] = s.tops().ok_or(Fault::Internal)?;
        if offset == 0
            && self.made(address)
            && let Some(form) = op::scaled(op)
            && let Some((b, shift, k)) = self.unmake()
        {
            let a = self.reg(value, 1);
            self.w.put2([word(form, a, b, shift), k]);
            return Ok(());
        }
        let (b, offset) = self.address(address, offset);
        let a = self.reg(value, 1);
        self.w.put2([word(op, a, b, 0), offset]);
        Ok(())
    }
    #[inline(never)]
    fn access(&mut self, s: &mut Operands<'_>, opcode: u8, memory: u32, offset: u64, result: Option<ValType>) -> Done {
        let op = as_integer(opcode);
        let address = s.top(result.is_none().into()).ok_or(Fault::Internal)?;
        let b = self.reg(address, 0);
        let a = match s.top(0) {
            Some(value) if result.is_none() => self.reg(value, 1),
            _ => 0,
        };
        if address.ty() == ValType::I64 {
            self.w.put2([word16(op::MEMORY_64, 0, memory), (offset >> 32) as u32]);
        } else if memory != 0 {
            self.w.put(word16(op::MEMORY_OTHER, 0, memory));
        }
        // The inner word names the result, so that it can go to a local as any other's.
        match result {
            Some(ty) => self.define2(word(op, 0, b, 0), offset as u32, address.cell(), ty),
            None => self.w.put2([word(op, a, b, 0), offset as u32]),
        }
        Ok(())
    }
    fn plain(&mut self, info: &Info<'_>, s: &mut Operands<'_>, opcode: u16, x: u32, y: u32, pops: u32, result: Option<ValType>) -> Done {
        // Which of the operands have 64 bits: bit 0 is for the deepest.
        let wide = |s: &Operands<'_>| {
            let bit = |n: u32| s.top(n).is_some_and(|o| WIDE && o.ty() == ValType::I64) as u32;
            (0..pops).fold(0, |bits, n| bits << 1 | bit(n))
        };
        match opcode {
            0xfb00..=0xfb1e if cfg!(feature = "gc") => {
                self.computed = true;
                self.object(info, s, opcode as u8, x, y, pops, result)
            }
            // ref.eq compares bits.
            0xd3 if cfg!(feature = "gc") => self.binary(s, I32_EQ, ValType::I32),
            0x25 => {
                let index = s.top(0).ok_or(Fault::Internal)?;
                let b = self.index(index, 0);
                self.define2(word(op::TABLE_GET, 0, b, 0), x, index.cell(), ValType::FUNCREF);
                Ok(())
            }
            0x26 => {
                let (Some(index), Some(value)) = (s.top(1), s.top(0)) else { return Err(Fault::Internal) };
                let a = self.index(index, 0);
                let b = self.reg(value, 1);
                self.w.put(word(op::TABLE_SET, a, b, 0));
                self.w.put(x);
                Ok(())
            }
            0x3f | 0xfc10 => {
                let op = if opcode == 0x3f { op::MEMORY_SIZE } else { op::TABLE_SIZE };
                self.size(op, s.next_cell(), x, result.unwrap_or(ValType::I32));
                Ok(())
            }
            0x40 => self.on_temporaries(s, op::MEMORY_GROW, wide(s), x, pops, result),
            0xfc0f => self.on_indexes(s, op::TABLE_GROW, 0, x, pops, result),
            // Indexes in the order of the binary format: segment, then memory or table; destination, then source.
            0xfc08 => self.on_temporaries(s, op::MEMORY_INIT, y, x | wide(s) << 31, pops, None),
            0xfc0c => self.on_indexes(s, op::TABLE_INIT, y, x, pops, None),
            0xfc0a => self.on_temporaries(s, op::MEMORY_COPY, wide(s), x | y << 16, pops, None),
            0xfc0e => self.on_indexes(s, op::TABLE_COPY, 0, x | y << 16, pops, None),
            0xfc0b => self.on_temporaries(s, op::MEMORY_FILL, wide(s), x, pops, None),
            0xfc11 => self.on_indexes(s, op::TABLE_FILL, 0, x, pops, None),
            0xfc09 | 0xfc0d => {
                self.w.put(word(if opcode == 0xfc09 { op::DATA_DROP } else { op::ELEM_DROP }, 0, 0, 0));
                self.w.put(x);
                Ok(())
            }
            0xfc13..=0xfc16 if cfg!(feature = "wide-arithmetic") => self.wide(s, opcode, pops),
            _ => Err(Fault::Internal),
        }
    }
    fn atomic(&mut self, s: &mut Operands<'_>, n: u8, memory: u32, offset: u64, pops: u32, result: Option<ValType>) -> Done {
        self.atomic_access(s, n, memory, offset, pops, result)
    }
    fn vector(&mut self, s: &mut Operands<'_>, n: u16, lane: u8, pops: u32, result: ValType) -> Done {
        self.vector_numeric(s, n, lane, pops, result)
    }
    fn vector_access(&mut self, s: &mut Operands<'_>, n: u16, memory: u32, offset: u64, lane: u8) -> Done {
        self.vector_memory(s, n, memory, offset, lane)
    }
    fn vector_bytes(&mut self, s: &mut Operands<'_>, n: u16, bytes: [u8; 16]) -> Done {
        self.vector_of_bytes(s, n, bytes)
    }
}

/// The load or store that does the same: floats are integers of their size, and part of a 64-bit integer is part of its lower half.
fn as_integer(opcode: u8) -> u8 {
    match opcode {
        0x2a | 0x2b | 0x38 | 0x39 | 0x3c | 0x3d => opcode.wrapping_sub(2),
        0x3e => 0x36,
        _ => opcode,
    }
}

/// Flags of a table or memory in the image.
fn flags(max: Option<u64>, is64: bool) -> u32 {
    let max = if max.is_some() { image::HAS_MAX } else { 0 };
    if is64 { max | image::IS64 } else { max }
}

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// Upper words of minimum and maximum of `n` tables or memories, if any of them has 64-bit addresses.
    fn upper_words(&mut self, n: u32, limits: impl Fn(u32) -> Option<(bool, u64, Option<u64>)>) {
        if !WIDE || !(0..n).any(|i| limits(i).is_some_and(|(is64, ..)| is64)) {
            return;
        }
        for (_, min, max) in (0..n).filter_map(limits) {
            self.w.put2([(min >> 32) as u32, (max.unwrap_or(0) >> 32) as u32]);
        }
    }
}
