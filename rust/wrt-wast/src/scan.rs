// SPDX-License-Identifier: MIT
//! Finds the directives of a script by its parentheses alone, independently of the parser.

use crate::{Directive, Verdict};

/// Words that begin a directive (spec: interpreter/README, "Scripts"). [`Directive::head`] is one of them.
pub const HEADS: [&str; 16] = [
    "module",
    "component",
    "register",
    "invoke",
    "thread",
    "wait",
    "assert_malformed",
    "assert_malformed_custom",
    "assert_invalid",
    "assert_invalid_custom",
    "assert_unlinkable",
    "assert_trap",
    "assert_return",
    "assert_exhaustion",
    "assert_exception",
    "assert_suspension",
];

/// The directives of `text`: line and first word. A text that does not begin with a directive is the inside of one
/// module.
pub fn directives(text: &str) -> Vec<(u32, &str)> {
    let forms = forms(text);
    match forms.first() {
        Some((_, head)) if HEADS.contains(head) => forms,
        _ => vec![(1, "module")],
    }
}

/// Line and first word of all outermost parentheses.
fn forms(text: &str) -> Vec<(u32, &str)> {
    let bytes = text.as_bytes();
    let (mut found, mut depth, mut line, mut at) = (Vec::new(), 0u32, 1u32, 0);
    while at < bytes.len() {
        let end = token_end(bytes, at);
        match bytes[at] {
            b'(' if !is_comment(bytes, at) => {
                depth += 1;
                if depth == 1 {
                    found.push((line, ""));
                }
            }
            b')' => depth = depth.saturating_sub(1),
            b'a'..=b'z' if depth == 1 => {
                if let Some((at_line, head @ "")) = found.last_mut() {
                    (*at_line, *head) = (line, &text[at..end]);
                }
            }
            _ => {}
        }
        line += newlines(&bytes[at..end]);
        at = end;
    }
    found
}

fn is_comment(bytes: &[u8], at: usize) -> bool {
    bytes[at..].starts_with(b"(;")
}

/// Where the comment, string, word, parenthesis or space that begins at `at` ends.
pub(crate) fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let length = match rest {
        [b';', b';', ..] => rest.iter().position(|b| matches!(b, b'\n' | b'\r')),
        [b'(', b';', ..] => block_comment(rest),
        [b'"', ..] => string(rest),
        [b'(' | b')' | b' ' | b'\t' | b'\r' | b'\n' | b';', ..] => Some(1),
        _ => rest.iter().position(|b| matches!(b, b'(' | b')' | b' ' | b'\t' | b'\r' | b'\n' | b';' | b'"')),
    };
    at + length.unwrap_or(rest.len())
}

/// Length of the nesting comment that `bytes` begin with.
fn block_comment(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0u32, 0);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"(;" => depth += 1,
            b";)" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Length of the string that `bytes` begin with, quotes included.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The line, from 1, of byte `offset` of `text`.
pub fn line(text: &str, offset: usize) -> u32 {
    1 + text.as_bytes().get(..offset).map_or(0, newlines)
}

/// Line ends in `bytes`.
pub(crate) fn newlines(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|b| **b == b'\n').count() as u32
}

/// Compares what was carried out with what the text holds, by line and first word; a difference is a failure.
pub fn first_difference(text: &str, seen: &[Directive]) -> Option<Directive> {
    let there = directives(text);
    let pairs = there.iter().zip(seen).enumerate();
    let difference = pairs.into_iter().find(|(_, (t, s))| **t != (s.line, s.head)).map(|(i, _)| i);
    let at = match difference {
        Some(at) => at,
        None if there.len() == seen.len() => return None,
        None => there.len().min(seen.len()),
    };
    let text = |d: Option<(u32, &str)>| d.map_or("nothing".into(), |(line, head)| format!("{head} in line {line}"));
    let (expected, got) = (there.get(at), seen.get(at));
    let verdict = Verdict::Failed(format!(
        "of {} directives {} were carried out: {} is there, {} was carried out",
        there.len(),
        seen.len(),
        text(expected.copied()),
        text(got.map(|d| (d.line, d.head)))
    ));
    Some(Directive { line: expected.map_or(0, |e| e.0), head: "script", verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_hide_parentheses() {
        let text = r#";; (module)
(module (; (invoke ; ";) (func) (; (; ;) ") ;) (data ")\")(") )
( (; c ;) assert_return (invoke "(a" (i32.const 1))
  (i32.const 2)) (register ";;" $m);;(module)
(assert_malformed (module quote "(; \"") "unclosed")
"#;
        let expected = [(2, "module"), (3, "assert_return"), (4, "register"), (5, "assert_malformed")];
        assert_eq!(directives(text), expected);
    }

    #[test]
    fn a_text_without_directives_is_one_module() {
        assert_eq!(directives("(func) (memory 0)"), [(1, "module")]);
        assert_eq!(directives("\n;; nothing"), [(1, "module")]);
        assert_eq!(directives("\n(module)"), [(2, "module")]);
    }

    #[test]
    fn a_lost_directive_is_found() {
        let text = "(module)\n(invoke \"a\")\n(invoke \"b\")";
        let seen = |line, head| Directive { line, head, verdict: Verdict::Passed };
        let all = [seen(1, "module"), seen(2, "invoke"), seen(3, "invoke")];
        assert!(first_difference(text, &all).is_none());
        assert_eq!(first_difference(text, &all[..2]).unwrap().line, 3);
        assert_eq!(first_difference(text, &[seen(1, "module"), seen(3, "invoke")]).unwrap().line, 2);
        assert!(first_difference("(module)", &all).is_some());
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!((line("a\nb\n", 0), line("a\nb\n", 2), line("a\nb\n", 4)), (1, 2, 3));
    }
}
