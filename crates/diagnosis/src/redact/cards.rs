//! Numbers of payment cards and of accounts.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, group};

/// A number in groups; one without gaps, where the line speaks of cards: numbers of traces are as long; the number of
/// an account.
const PATTERNS: [&str; 3] = [
    r"(?:^|[^0-9A-Za-z.-])(?P<secret>(?:[3-6][0-9]{3}|2[2-7][0-9]{2})(?:(?:-[0-9]{4}){3}|(?: [0-9]{4}){3}|-[0-9]{6}-[0-9]{5}| [0-9]{6} [0-9]{5}))(?:[^0-9A-Za-z-]|$)",
    r"(?i)\b(?:card|pan|visa|mastercard|amex|maestro|payment|charge|charged)\b[^\n]{0,80}?[^0-9A-Za-z.-](?P<secret>[2-6][0-9]{12,18})(?:[^0-9A-Za-z-]|$)",
    r"\b(?P<account>(?P<secret>[A-Z]{2}[0-9]{2}[A-Z0-9]{4}[0-9]{7}[A-Z0-9]{0,16}))\b",
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_card)
}

/// Whether an issuer gives such numbers, and the last digit is right (ISO/IEC 7812-1, Luhn).
fn is_card(found: &Captures<'_>) -> bool {
    if let Some(account) = found.name("account") {
        return is_account(account.as_str());
    }
    let digits: Vec<u32> =
        group(found, "secret").chars().filter_map(|it| it.to_digit(10)).collect();
    let begins = |n: usize| digits.iter().take(n).fold(0, |sum, it| 10 * sum + it);
    let is_issued = match digits.len() {
        13 | 19 => begins(1) == 4 || begins(1) == 6 && digits.len() == 19,
        15 => matches!(begins(2), 34 | 37),
        16 => {
            begins(1) == 4
                || matches!(begins(2), 51..=55 | 65)
                || matches!(begins(4), 2221..=2720 | 6011 | 3528..=3589)
                || matches!(begins(3), 644..=649)
        }
        _ => false,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, it)| luhn(i, *it)).sum();
    is_issued && sum.is_multiple_of(10)
}

/// Whether the two digits at the beginning are right (ISO 13616).
fn is_account(number: &str) -> bool {
    let (head, body) = number.split_at(4);
    let values = body.chars().chain(head.chars()).filter_map(|it| it.to_digit(36));
    let rest =
        values.fold(0, |rest, it| (if it < 10 { 10 * rest + it } else { 100 * rest + it }) % 97);
    rest == 1
}

fn luhn(place: usize, digit: u32) -> u32 {
    let doubled = if place % 2 == 1 { 2 * digit } else { digit };
    if 9 < doubled { doubled - 9 } else { doubled }
}
