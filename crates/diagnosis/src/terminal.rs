//! Text without what only a terminal understands.

use std::iter::Peekable;
use std::str::Chars;

/// The text without colours, movements of the cursor and other control characters. What was overwritten becomes a line
/// of its own.
pub(crate) fn plain(text: &str) -> String {
    let mut res = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_sequence(&mut rest),
            '\r' if rest.peek().is_some_and(|it| *it != '\n') => res.push('\n'),
            '\n' | '\t' => res.push(sign),
            other if other.is_control() => {}
            other => res.push(other),
        }
    }
    res
}

/// Whether this begins what only a terminal understands, or is a sign that none shows.
pub(crate) fn begins_escape(sign: char) -> bool {
    matches!(sign, '\u{1b}' | '\u{9b}' | '\0' | '\u{8}')
}

/// What follows an escape, by ECMA-48: a sequence, a string with its terminator, or one sign.
fn skip_escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_sequence(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(sign) = rest.next_if(|it| *it != '\n') {
                if matches!(sign, '\u{7}' | '\\' | '\u{9c}') {
                    break;
                }
            }
        }
        Some('(' | ')' | '#' | '%' | ' ') => {
            rest.next();
            rest.next_if(|it| *it != '\n');
        }
        Some(_) => {
            rest.next_if(|it| !it.is_control());
        }
        None => {}
    }
}

/// Parameters up to the letter that ends them.
fn skip_sequence(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|it| ('\u{20}'..='\u{3f}').contains(it)).is_some() {}
    rest.next_if(|it| ('\u{40}'..='\u{7e}').contains(it));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text), expected, "{text:?}");
    }

    #[test]
    fn colours_and_movements_are_gone() {
        check("\u{1b}[31;1mERROR\u{1b}[0m plan \u{1b}[36mgold\u{1b}[m", "ERROR plan gold");
        check("\u{1b}[2K\u{1b}[1Gdone\u{1b}[?25h", "done");
        check("\u{9b}32mINFO\u{9b}0m up", "INFO up");
        check("\u{1b}]0;title\u{7}hello", "hello");
        check("\u{1b}]8;;http://x\u{1b}\\link", "link");
        check("\u{1b}(Bplain\u{1b}Mtext", "plaintext");
    }

    #[test]
    fn what_is_overwritten_is_a_line_of_its_own() {
        check("10 %\r20 %\r\nnext\n", "10 %\n20 %\nnext\n");
        check("a\u{0}b\u{8}c\td", "abc\td");
    }

    #[test]
    fn what_is_cut_ends_with_its_line() {
        check("\u{1b}]0;no end\nnext", "\nnext");
        check("\u{1b}[31", "");
        check("\u{1b}", "");
        check("\u{1b}[31\nnext", "\nnext");
    }
}
