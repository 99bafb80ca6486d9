// SPDX-License-Identifier: MIT
//! Each limit of a module from both sides: as many are accepted, one more is refused, by the limit's name.

use wrt_decoder::{Fault, validate};
use wrt_foundation::limits;

fn leb(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

/// A vector of `n` equal items.
fn items(n: u32, item: &[u8]) -> Vec<u8> {
    [leb(n.into()), item.repeat(n as usize)].concat()
}

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

/// `(type (func))`.
const FUNC: (u8, [u8; 4]) = (1, [1, 0x60, 0, 0]);

fn func() -> (u8, Vec<u8>) {
    (FUNC.0, FUNC.1.to_vec())
}

/// One function without parameters whose locals and code these are.
fn body(content: Vec<u8>) -> Vec<u8> {
    let code = [vec![1], leb(content.len() as u64), content].concat();
    module(&[func(), (3, vec![1, 0]), (10, code)])
}

/// `n` names, all different.
fn exports(n: u32) -> Vec<u8> {
    let names: Vec<Vec<u8>> = (0..n)
        .map(|i| {
            let name = i.to_string();
            [leb(name.len() as u64), name.into_bytes(), vec![3, 0]].concat()
        })
        .collect();
    module(&[(6, vec![1, 0x7f, 0, 0x41, 0, 0x0b]), (7, list(&names))])
}

/// A chain of types, each the subtype of the one before.
fn subtypes(n: u32) -> Vec<u8> {
    let first = vec![0x50, 0, 0x60, 0, 0];
    let rest = (0..n).map(|i| [vec![0x50, 1], leb(i.into()), vec![0x60, 0, 0]].concat());
    module(&[(1, list(&std::iter::once(first).chain(rest).collect::<Vec<_>>()))])
}

/// A body of `n` bytes: no locals, nops, an end.
fn nops(n: u32) -> Vec<u8> {
    body([vec![0], vec![0x01; n as usize - 2], vec![0x0b]].concat())
}

/// Nested blocks.
fn blocks(n: u32) -> Vec<u8> {
    body([vec![0], [0x02, 0x40].repeat(n as usize), vec![0x0b; n as usize + 1]].concat())
}

/// Two functions with branches of 1000 results each, which look at `n` operands, or at a few more.
fn wide(n: u32) -> Vec<u8> {
    // The end of the block looks at them too.
    let half = |branches: u32| {
        let code =
            [vec![0, 0x02, 1], [0x41, 0].repeat(1000), [0x41, 0, 0x0d, 0].repeat(branches as usize - 1), vec![0x0b, 0x00, 0x0b]].concat();
        [leb(code.len() as u64), code].concat()
    };
    let all = n.div_ceil(1000);
    let types = list(&[vec![0x60, 0, 0], [vec![0x60, 0], items(1000, &[0x7f])].concat()]);
    module(&[(1, types), (3, vec![2, 0, 0]), (10, list(&[half(all / 2), half(all - all / 2)]))])
}

/// What makes a module of so many.
type Make = fn(u32) -> Vec<u8>;

const LIMITS: [(&str, u32, Fault, Make); 18] = [
    ("types", limits::TYPES, Fault::TooManyTypes, |n| module(&[(1, items(n, &[0x60, 0, 0]))])),
    ("parameters", limits::PARAMS, Fault::TooManyParams, |n| module(&[(1, [vec![1, 0x60], items(n, &[0x7f]), vec![0]].concat())])),
    ("results", limits::RESULTS, Fault::TooManyResults, |n| module(&[(1, [vec![1, 0x60, 0], items(n, &[0x7f])].concat())])),
    ("fields", limits::FIELDS, Fault::TooManyFields, |n| module(&[(1, [vec![1, 0x5f], items(n, &[0x7f, 0])].concat())])),
    ("supertypes", limits::SUBTYPE_DEPTH, Fault::TooManySupertypes, subtypes),
    ("tags", limits::TAGS, Fault::TooManyTags, |n| module(&[func(), (13, items(n, &[0, 0]))])),
    ("functions", limits::FUNCTIONS, Fault::TooManyFunctions, |n| module(&[func(), (3, items(n, &[0])), (10, items(n, &[2, 0, 0x0b]))])),
    ("imports", limits::IMPORTS, Fault::TooManyImports, |n| module(&[func(), (2, items(n, &[0, 0, 0, 0]))])),
    ("exports", limits::IMPORTS, Fault::TooManyExports, exports),
    ("globals", limits::GLOBALS, Fault::TooManyGlobals, |n| module(&[(6, items(n, &[0x7f, 0, 0x41, 0, 0x0b]))])),
    ("tables", limits::TABLES, Fault::TooManyTables, |n| module(&[(4, items(n, &[0x70, 0, 0]))])),
    ("memories", limits::MEMORIES, Fault::TooManyMemories, |n| module(&[(5, items(n, &[0, 0]))])),
    ("data segments", limits::SEGMENTS, Fault::TooManySegments, |n| module(&[(11, items(n, &[1, 0]))])),
    ("element segments", limits::SEGMENTS, Fault::TooManySegments, |n| module(&[(9, items(n, &[1, 0, 0]))])),
    ("locals", limits::LOCALS, Fault::TooManyLocals, |n| body([vec![1], leb(n.into()), vec![0x7f, 0x0b]].concat())),
    ("nesting", limits::NESTING, Fault::TooDeep, |n| blocks(n - 1)), // the body is a block
    ("operands of instructions that take many", limits::WIDE, Fault::TooManyWide, wide),
    ("bytes of a body", limits::BODY_BYTES, Fault::BodyTooLarge, nops),
];

#[test]
fn as_many_as_the_limit_and_no_more() {
    let mut scratch = vec![0; 16 << 18];
    for (name, limit, fault, make) in LIMITS {
        if let Err(e) = validate(&make(limit), &mut scratch) {
            panic!("{limit} {name}: {e:?}");
        }
        match validate(&make(limit + 1), &mut scratch) {
            Err(e) => assert_eq!(e.fault, fault, "{name}"),
            Ok(_) => panic!("{} {name} are accepted", limit + 1),
        }
    }
}

/// What a count claims is not believed: no time and no scratch is spent on it.
#[test]
fn billions_of_locals() {
    for groups in [vec![1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f], [vec![200, 1], [0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f].repeat(200)].concat()] {
        let mut scratch = vec![0; 1 << 12];
        let e = validate(&body([groups, vec![0x0b]].concat()), &mut scratch).unwrap_err();
        assert!(matches!(e.fault, Fault::TooManyLocals | Fault::LocalsOverflow), "{e:?}");
    }
}
