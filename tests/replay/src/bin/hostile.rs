// SPDX-License-Identifier: MIT
//! `hostile [NAME]`: modules of about a megabyte that are made to be slow or large to load. Prints what each takes to validate,
//! translate and instantiate, in seconds of CPU time, and ends with 1 if any takes over a second or 16 MiB of scratch. What takes most
//! takes a quarter of a second where nothing else runs.

use rustix::time::{ClockId, clock_gettime};
use wrt_foundation::{Error, Shared};
use wrt_runtime::{Options, Store};

const MEGABYTE: usize = 1 << 20;
const SECONDS: f64 = 1.0;
const BYTES: usize = 16 << 20;

fn leb(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let b = (n & 0x7f) as u8;
        n >>= 7;
        if n == 0 {
            bytes.push(b);
            return bytes;
        }
        bytes.push(b | 0x80);
    }
}
/// A signed LEB128 of a type index.
fn sleb(n: u64) -> Vec<u8> {
    let mut bytes = leb(n);
    if bytes.last().is_some_and(|b| b & 0x40 != 0) {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push(0);
    }
    bytes
}
/// A vector of `items`, or a section's content.
fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [leb(items.len() as u64), items.concat()].concat()
}
fn module(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut m = b"\0asm\x01\0\0\0".to_vec();
    for (id, content) in sections {
        m.push(*id);
        m.extend(leb(content.len() as u64));
        m.extend(content);
    }
    m
}
fn types(types: &[Vec<u8>]) -> Vec<u8> {
    module(&[(1, list(types))])
}
/// One function `(func)` with this body, behind `prefix` in the type section.
fn body(code: &[u8]) -> Vec<u8> {
    let code = [leb(code.len() as u64 + 2), vec![0], code.to_vec(), vec![0x0b]].concat();
    module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
}
/// A structure with one field of each type.
fn fields(tys: &[Vec<u8>]) -> Vec<u8> {
    let tys: Vec<Vec<u8>> = tys.iter().map(|t| [t.clone(), vec![0]].concat()).collect();
    [vec![0x5f], list(&tys)].concat()
}
/// The i-th of many structures that are all different: which of six types its 7 fields have.
fn different(i: usize) -> Vec<Vec<u8>> {
    const TYS: [u8; 8] = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x78, 0x77, 0x70];
    (0..6).map(|k| vec![TYS[i >> (3 * k) & 7]]).collect()
}
/// The types of 1000 parameters or results.
fn many() -> Vec<u8> {
    [leb(1000), vec![0x7f; 1000]].concat()
}
fn constants(n: usize) -> Vec<u8> {
    [0x41, 0].repeat(n)
}
/// One function with this code; type 1 begins as given and has 1000 results.
fn wide(ty: Vec<u8>, code: Vec<u8>) -> Vec<u8> {
    let code = [leb(code.len() as u64 + 2), vec![0], code, vec![0x0b]].concat();
    module(&[(1, list(&[vec![0x60, 0, 0], [ty, many()].concat()])), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
}
fn group(types: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x4e], list(types)].concat()
}

/// Structures whose hashes have equal low bits.
fn colliding() -> Vec<Vec<u8>> {
    const TYS: [u32; 8] = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x6e];
    const FIELDS: usize = 12;
    let step = |h: u32, w: u32| {
        let h = (h ^ w).wrapping_mul(0x85eb_ca6b);
        h ^ h >> 15
    };
    fn search(h: u32, tys: &mut Vec<u32>, step: &dyn Fn(u32, u32) -> u32, made: &mut Vec<Vec<u8>>) {
        for ty in TYS {
            let h = step(h, ty);
            tys.push(ty);
            if tys.len() < FIELDS {
                search(h, tys, step, made);
            } else if h & 0xffff == 0 {
                made.push(fields(&tys.iter().map(|t| vec![*t as u8]).collect::<Vec<_>>()));
            }
            tys.pop();
            if made.len() >= 30_000 {
                return;
            }
        }
    }
    let begin = [1, 1 | 4, FIELDS as u32, 0];
    let h = begin[1..].iter().fold(0x9e37_79b9u32 ^ begin[0], |h, w| step(h, *w));
    let mut made = Vec::new();
    search(h, &mut Vec::new(), &step, &mut made);
    made
}

fn reference(i: u64) -> Vec<u8> {
    [vec![0x63], sleb(i)].concat()
}

type Maker = fn() -> Vec<u8>;
const MODULES: &[(&str, Maker)] = &[
    ("100000 equal types", || types(&vec![vec![0x60, 1, 0x7f, 1, 0x7e]; 100_000])),
    ("100000 different types", || types(&(0..100_000).map(|i| fields(&different(i))).collect::<Vec<_>>())),
    ("types that collide", || types(&colliding())),
    ("100000 different function types", || {
        types(
            &(0..100_000)
                .map(|i| {
                    [
                        vec![0x60],
                        list(&different(i).iter().map(|t| vec![t[0].max(0x7b)]).collect::<Vec<_>>()),
                        leb(1),
                        vec![[0x7f, 0x7e, 0x7d, 0x7c][i % 4]],
                    ]
                    .concat()
                })
                .collect::<Vec<_>>(),
        )
    }),
    ("50000 groups that differ in the second type", || {
        types(&(0..50_000).map(|i| group(&[vec![0x5f, 0], fields(&different(i))])).collect::<Vec<_>>())
    }),
    ("types that differ in the supertype", || {
        let mut all: Vec<Vec<u8>> = (0..40_000).map(|i| [vec![0x50, 0], fields(&different(i))].concat()).collect();
        all.extend((0..40_000usize).map(|i| [vec![0x50, 1], leb(i as u64), fields(&different(i))].concat()));
        types(&all)
    }),
    ("a chain of references to the type before", || {
        types(&(0..100_000u64).map(|i| if i == 0 { fields(&[]) } else { fields(&[reference(i - 1)]) }).collect::<Vec<_>>())
    }),
    ("one group of 100000 types that refer around", || {
        types(&[group(&(0..99_999u64).map(|i| fields(&[reference((i + 1) % 99_999)])).collect::<Vec<_>>())])
    }),
    ("equal groups of 1000", || {
        types(
            &(0..100)
                .map(|g: u64| group(&(0..1000).map(|i| fields(&[reference(g * 1000 + (i + 7) % 1000)])).collect::<Vec<_>>()))
                .collect::<Vec<_>>(),
        )
    }),
    ("subtypes 60 deep, 10000 fields", || {
        let wide = fields(&vec![vec![0x7f]; 8_000]);
        types(
            &(0..60u64)
                .map(|i| if i == 0 { [vec![0x50, 0], wide.clone()].concat() } else { [vec![0x50, 1], leb(i - 1), wide.clone()].concat() })
                .collect::<Vec<_>>(),
        )
    }),
    ("wide types that differ in the last field", || {
        types(
            &(0..500)
                .map(|i| fields(&(0..1000).map(|k| if k < 994 { vec![0x7f] } else { different(i)[k - 994].clone() }).collect::<Vec<_>>()))
                .collect::<Vec<_>>(),
        )
    }),
    ("casts along 60 supertypes", || {
        let mut all: Vec<Vec<u8>> = vec![vec![0x60, 0, 0]];
        for i in 0..60u64 {
            all.push(if i == 0 { vec![0x50, 0, 0x5f, 0] } else { [vec![0x50, 1], leb(i), vec![0x5f, 0]].concat() });
        }
        // ref.null of the deepest into a block whose result is the highest
        let one = [vec![0x02, 0x63], sleb(1), vec![0xd0], sleb(60), vec![0x0b, 0x1a]].concat();
        let code = one.repeat(MEGABYTE / one.len());
        let code = [leb(code.len() as u64 + 2), vec![0], code, vec![0x0b]].concat();
        module(&[(1, list(&all)), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
    }),
    ("nested blocks", || body(&[[0x02, 0x40].repeat(9_990), vec![0x0b; 9_990]].concat())),
    ("nested blocks with br_table to all", || {
        let depth = 1000u64;
        let table = [vec![0x41, 0, 0x0e], leb(depth), (0..depth).flat_map(leb).collect(), vec![0]].concat();
        body(
            &[[0x02, 0x40].repeat(depth as usize), [table, vec![0x02, 0x40, 0x0b]].concat().repeat(1), vec![0x0b; depth as usize]].concat(),
        )
    }),
    ("br_tables of 300000 labels", || body(&[vec![0x41, 0, 0x0e], leb(1_000_000), vec![0; 1_000_001]].concat())),
    ("many br_tables", || {
        body(
            &[
                vec![0x02, 0x40],
                [vec![0x02, 0x40, 0x41, 0, 0x0e, 10], vec![0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0], vec![0x0b]].concat().repeat(MEGABYTE / 18),
                vec![0x0b],
            ]
            .concat(),
        )
    }),
    ("try_tables of 1000 clauses, nested", || {
        let one = [vec![0x1f, 0x40], leb(1000), [0x02, 0].repeat(1000)].concat();
        body(&[one.repeat(450), vec![0x0b; 450]].concat())
    }),
    ("billions of locals", || {
        let groups = 20_000u64;
        let locals = [leb(groups), [leb(0xffff_ffff), vec![0x7f]].concat().repeat(groups as usize)].concat();
        let code = [locals, vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&[vec![0]])), (10, [vec![1], leb(code.len() as u64), code].concat())])
    }),
    ("functions with 49999 locals in two groups each", || {
        let one = [leb(2), leb(24_999), vec![0x7f], leb(25_000), vec![0x6e], vec![0x0b]].concat();
        let n = MEGABYTE / (one.len() + 2);
        let one = [leb(one.len() as u64), one].concat();
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&vec![vec![0]; n])), (10, list(&vec![one; n]))])
    }),
    ("functions with 40000 non-null locals", || {
        let one = [leb(1), leb(40_000), vec![0x64, 0x6c], vec![0x0b]].concat();
        let n = MEGABYTE / (one.len() + 2);
        let one = [leb(one.len() as u64), one].concat();
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&vec![vec![0]; n])), (10, list(&vec![one; n]))])
    }),
    ("non-null locals set in many blocks", || {
        let set = [vec![0x02, 0x40, 0x41, 0, 0xfb, 0x1c, 0x21], leb(300), vec![0x0b]].concat();
        let code =
            [leb(2), leb(300), vec![0x64, 0x6c], leb(19_000), vec![0x64, 0x6c], set.repeat(MEGABYTE / set.len()), vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&[vec![0]])), (10, [vec![1], leb(code.len() as u64), code].concat())])
    }),
    ("locals in 20000 groups, the last one used", || {
        let groups: Vec<u8> = (0..20_000).flat_map(|i| [1, if i % 2 == 0 { 0x7f } else { 0x7e }]).collect();
        let code = [leb(20_000), groups, [vec![0x20], leb(19_999), vec![0x1a]].concat().repeat(MEGABYTE / 5), vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&[vec![0]])), (10, [vec![1], leb(code.len() as u64), code].concat())])
    }),
    ("operands 29000 high", || body(&[[0x41, 0].repeat(29_000), [0x1a].repeat(29_000)].concat())),
    ("operands 29000 high, then branches", || {
        body(&[[0x41, 0].repeat(29_000), [vec![0x02, 0x40, 0x41, 0, 0x0d, 0, 0x0b]].concat().repeat(100_000), vec![0x00]].concat())
    }),
    ("local.set under 15000 operands that are the local", || {
        let mut code = vec![1, 1, 0x7f];
        code.extend([0x20, 0].repeat(15_000));
        code.extend([0x41, 0, 0x21, 0, 0x20, 0].repeat(MEGABYTE / 8));
        code.extend([0x00, 0x0b]);
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&[vec![0]])), (10, [vec![1], leb(code.len() as u64), code].concat())])
    }),
    ("allocations under 29000 objects", || {
        let one = vec![0xfb, 0x01, 1];
        let code = [one.repeat(29_000), [one, vec![0x1a]].concat().repeat(200_000), vec![0x00]].concat();
        let code = [leb(code.len() as u64 + 2), vec![0], code, vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0], vec![0x5f, 0]])), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
    }),
    ("calls under 29000 objects", || {
        let code = [[0xfb, 0x01, 1].repeat(29_000), [0x10, 0].repeat(400_000), vec![0x00]].concat();
        let code = [leb(code.len() as u64 + 2), vec![0], code, vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0], vec![0x5f, 0]])), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
    }),
    ("blocks under 29000 objects", || {
        let code = [[0xfb, 0x01, 1].repeat(29_000), [0x02, 0x40, 0x0b].repeat(300_000), vec![0x00]].concat();
        let code = [leb(code.len() as u64 + 2), vec![0], code, vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0], vec![0x5f, 0]])), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
    }),
    ("lazy locals under many sets", || {
        let code = [
            vec![1],
            leb(2),
            vec![0x7f],
            [0x20, 0].repeat(25_000),
            [0x20, 1, 0x21, 0, 0x20, 0, 0x1a].repeat(MEGABYTE / 8),
            vec![0x00, 0x0b],
        ]
        .concat();
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&[vec![0]])), (10, [vec![1], leb(code.len() as u64), code].concat())])
    }),
    ("calls with 1000 parameters", || {
        let call = [[0x41, 0].repeat(1000), vec![0x10, 1]].concat();
        let code = call.repeat(MEGABYTE / call.len());
        let code = [leb(code.len() as u64 + 2), vec![0], code, vec![0x0b]].concat();
        let wide = [vec![0x60], leb(1000), vec![0x7f; 1000], vec![0]].concat();
        module(&[
            (1, list(&[vec![0x60, 0, 0], wide])),
            (3, list(&[vec![0], vec![1]])),
            (10, [vec![2], code, vec![3, 0, 0x00, 0x0b]].concat()),
        ])
    }),
    ("blocks of 1000 results in dead code", || {
        let ty = [vec![0x60, 0], leb(1000), vec![0x7f; 1000]].concat();
        let one = [0x02, 1, 0x00, 0x0b];
        let code = [vec![0x00], one.repeat(50), vec![0x0c, 0]].concat();
        let blocks = [vec![0x02, 0x40], code, vec![0x0b]].concat().repeat(4000);
        let code = [leb(blocks.len() as u64 + 2), vec![0], blocks, vec![0x0b]].concat();
        module(&[(1, list(&[vec![0x60, 0, 0], ty])), (3, list(&[vec![0]])), (10, [vec![1], code].concat())])
    }),
    ("branches with 1000 results", || {
        wide(vec![0x60, 0], [vec![0x02, 1], constants(1000), [0x41, 0, 0x0d, 0].repeat(MEGABYTE / 4), vec![0x0b, 0x00]].concat())
    }),
    ("a br_table of a million labels with 1000 results", || {
        let code = [
            vec![0x02, 1, 0x02, 1],
            constants(1001),
            vec![0x0e],
            leb(MEGABYTE as u64),
            [0, 1].repeat(MEGABYTE / 2),
            vec![0, 0x0b, 0x0b, 0x00],
        ];
        wide(vec![0x60, 0], code.concat())
    }),
    ("blocks of 1000 parameters and results", || {
        wide([vec![0x60], many()].concat(), [constants(1000), [0x02, 1, 0x0b].repeat(MEGABYTE / 3), vec![0x00]].concat())
    }),
    ("blocks of 1000 results without operands", || wide(vec![0x60, 0], [0x02, 0x40, 0x02, 1, 0x00, 0x0b, 0x00, 0x0b].repeat(MEGABYTE / 8))),
    ("calls with 1000 parameters and results", || {
        let code = [constants(1000), [0x10, 1].repeat(MEGABYTE / 2), vec![0x00, 0x0b]].concat();
        let code = [leb(code.len() as u64 + 1), vec![0], code].concat();
        let types = list(&[vec![0x60, 0, 0], [vec![0x60], many(), many()].concat()]);
        module(&[(1, types), (3, list(&[vec![0], vec![1]])), (10, [vec![2], code, vec![3, 0, 0x00, 0x0b]].concat())])
    }),
    ("100000 exports", || {
        let names: Vec<Vec<u8>> = (0..100_000)
            .map(|i| {
                let name = format!("{i:x}");
                [leb(name.len() as u64), name.into_bytes(), vec![3, 0]].concat()
            })
            .collect();
        module(&[(6, list(&[vec![0x7f, 0, 0x41, 0, 0x0b]])), (7, list(&names))])
    }),
    ("65535 globals that name the one before", || {
        let globals: Vec<Vec<u8>> = (0..65_535u64)
            .map(|i| if i == 0 { vec![0x7f, 0, 0x41, 0, 0x0b] } else { [vec![0x7f, 0, 0x23], leb(i - 1), vec![0x0b]].concat() })
            .collect();
        module(&[(6, list(&globals))])
    }),
    ("a constant expression of 300000 additions", || {
        let expr = [vec![0x41, 0], [0x41, 1, 0x6a].repeat(300_000), vec![0x0b]].concat();
        module(&[(6, [vec![1, 0x7f, 0], expr].concat())])
    }),
    ("an array of 10000 in each of many constants", || {
        let expr = [[0x41, 0].repeat(9_999), vec![0xfb, 0x08, 0], leb(9_999), vec![0x0b]].concat();
        let one = [vec![0x63, 0, 0], expr].concat();
        module(&[(1, list(&[vec![0x5e, 0x7f, 0]])), (6, list(&vec![one; 50]))])
    }),
    ("a million functions", || {
        module(&[(1, list(&[vec![0x60, 0, 0]])), (3, list(&vec![vec![0]; 260_000])), (10, list(&vec![vec![2, 0, 0x0b]; 260_000]))])
    }),
    ("element segments that declare all functions", || {
        let items: Vec<u8> = (0..100_000u64).flat_map(leb).collect();
        let elem = [vec![1, 3, 0], leb(100_000), items].concat();
        module(&[
            (1, list(&[vec![0x60, 0, 0]])),
            (3, list(&vec![vec![0]; 100_000])),
            (9, elem),
            (10, list(&vec![vec![2, 0, 0x0b]; 100_000])),
        ])
    }),
    ("counts without content", || module(&[(1, leb(0xffff_ffff))])),
    ("overlong counts", || [b"\0asm\x01\0\0\0\x01".to_vec(), vec![0xff; MEGABYTE]].concat()),
    ("custom sections", || [b"\0asm\x01\0\0\0".to_vec(), [0, 1, 0].repeat(MEGABYTE / 3)].concat()),
];

/// CPU time of this thread so far: what else runs on the machine does not count.
fn seconds() -> f64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

fn main() {
    let only = std::env::args().nth(1);
    let mut bad = 0;
    println!("{:>9} {:>9} {:>9} {:>11} {:>9}  module", "bytes", "valid s", "image s", "memory", "start s");
    for (name, make) in MODULES.iter().filter(|(name, _)| only.as_ref().is_none_or(|o| name.contains(o.as_str()))) {
        let wasm = make();
        let mut scratch = vec![0u32; 4 * BYTES / 4];
        let now = seconds();
        let verdict = wrt_decoder::validate(&wasm, &mut scratch);
        let valid = seconds() - now;
        let used = 4 * verdict.map_or_else(|e| e.scratch_words, |d| d.scratch_words) as usize;
        drop(scratch);
        let now = seconds();
        let image = verdict.ok().map(|_| wrt_runtime::translate::translate_vec(&wasm));
        let translated = seconds() - now;
        // Both are there while a module is translated.
        let used = used + image.as_ref().and_then(|image| image.as_ref().ok()).map_or(0, |(image, _)| 4 * image.len());
        let now = seconds();
        let started = image.map(|image| {
            let mut store = Store::owned(1 << 24);
            image.map_err(|e| e.to_string()).and_then(|(image, _)| {
                store.instantiate(Shared::Arc(image.into()), &mut |_, _| None, &Options::default()).map_err(|e| Error::from(e).to_string())
            })
        });
        let start = seconds() - now;
        let slow = valid > SECONDS || translated > SECONDS || start > SECONDS || used > BYTES;
        bad += u32::from(slow);
        let what = match (&verdict, &started) {
            (Err(e), _) => format!("{:?}", e.fault),
            (_, Some(Err(e))) => e.clone(),
            _ => String::new(),
        };
        println!(
            "{:9} {valid:9.3} {translated:9.3} {used:11} {start:9.3}  {name}{}{what}{}",
            wasm.len(),
            if what.is_empty() { "" } else { ": " },
            if slow { "  <-- TOO SLOW OR LARGE" } else { "" }
        );
    }
    if bad > 0 {
        std::process::exit(1);
    }
}
