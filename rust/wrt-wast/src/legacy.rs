// SPDX-License-Identifier: MIT
//! The folded form of `try`, `(try (do ...) (catch $t ...))`, which the text parser does not know (exception-handling
//! proposal, legacy): rewritten as the plain form, line by line as before.

use crate::scan::token_end;
use std::borrow::Cow;

/// What an open parenthesis is.
enum Open {
    /// Not part of a `try`.
    Other,
    /// `(try`; whether its `(delegate` has come, which ends it.
    Try { ended: bool },
    /// `(do`, `(catch`, `(catch_all` or `(delegate` in it.
    Part,
}

/// `text` without the folded form.
pub(crate) fn unfold(text: &str) -> Cow<'_, str> {
    if !text.contains("(try") {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut open, mut at) = (String::with_capacity(text.len()), Vec::new(), 0);
    while at < text.len() {
        let end = token_end(text.as_bytes(), at);
        let next = token_end(text.as_bytes(), end.min(text.len()));
        let token = &text[at..end];
        let (shown, end) = match (token, &text[end..next]) {
            ("(", "try") => {
                open.push(Open::Try { ended: false });
                (" ", end)
            }
            ("(", word @ ("do" | "catch" | "catch_all" | "delegate")) if matches!(open.last(), Some(Open::Try { .. })) => {
                if word == "delegate" {
                    open.pop();
                    open.push(Open::Try { ended: true });
                }
                open.push(Open::Part);
                (" ", if word == "do" { next } else { end })
            }
            ("(", _) => {
                open.push(Open::Other);
                ("(", end)
            }
            (")", _) => match open.pop() {
                Some(Open::Try { ended: false }) => (" end ", end),
                Some(Open::Try { ended: true } | Open::Part) => (" ", end),
                Some(Open::Other) | None => (")", end),
            },
            _ => (token, end),
        };
        plain.push_str(shown);
        at = end;
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::unfold;

    #[test]
    fn folded_is_plain() {
        let plain = |text| unfold(text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            plain("(func (try $l (result i32)\n(do (a) b)\n(catch $e (drop) c) (catch_all d)))"),
            "(func try $l (result i32) (a) b catch $e (drop) c catch_all d end )"
        );
        assert_eq!(plain("(try (do (try (do x) (delegate 0))) (catch_all))"), "try try x delegate 0 catch_all end");
        assert_eq!(
            plain(r#"(module quote "(try (do))") (; (try (do)) ;) (try_table (do))"#),
            r#"(module quote "(try (do))") (; (try (do)) ;) (try_table (do))"#
        );
        assert_eq!(unfold("(try\n(do)\n)").lines().count(), 3);
    }
}
