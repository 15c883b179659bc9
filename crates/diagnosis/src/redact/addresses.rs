//! Credentials in addresses: URLs, data source names, e-mail.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Marking, compiled, group, values};

/// A URL with a password; one with a `/`, `?` or `#` in its password, which only an ill-formed URL has, and which
/// is no port then; the same with a password that begins like a port, where no web server is asked; a URL with a
/// key for a user; `user:password@tcp(host)`; `user:password@host/`; Oracle's `user/password@`; an e-mail address.
const PATTERNS: [&str; 8] = [
    r#"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^\s/:@?\#"'<>]*):(?P<secret>[^\s/"'<>]+)@"#,
    r#"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^\s/:@?\#"'<>\[]*):(?P<secret>(?:[0-9]*[^\s"'<>@/?\#0-9][^\s"'<>@/?\#]*)?[/?\#][^\s"'<>]*)@"#,
    r#"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/:@?\#"'<>\[]*):(?P<secret>[0-9]+[/?\#][^\s"'<>,]*)@"#,
    r#"[A-Za-z][A-Za-z0-9+.-]*://(?P<shaped>(?P<secret>[^\s/:@?\#"'<>]{16,}))@"#,
    r#"[A-Za-z0-9_.-]+:(?P<secret>[^\s:/"'@]+)@(?:tcp|udp|unix)\("#,
    r#"[A-Za-z0-9_.-]+:(?P<secret>[^\s:/"'@]+)@(?P<host>[A-Za-z0-9.-]+)(?::[0-9]{1,5})?/"#,
    r"(?i)jdbc:oracle:[a-z]{1,8}:[^\s/@]{1,60}/(?P<secret>[^\s@]{1,200})@",
    r"(?P<email>(?P<secret>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?P<top>[A-Za-z]{2,24})))\b",
];

/// Schemes of addresses in whose path an `@` is nothing special.
const WEB: [&str; 4] = ["http", "https", "ws", "wss"];
/// Endings of systemd units, which look like e-mail addresses.
const UNITS: [&str; 7] = ["service", "slice", "scope", "mount", "timer", "socket", "target"];

static ADDRESSES: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    ADDRESSES.iter().fold(text.to_owned(), |text, it| marks.replace(&text, it, is_secret))
}

fn is_secret(found: &Captures<'_>) -> bool {
    let shaped = group(found, "shaped");
    let is_path = WEB.iter().any(|it| it.eq_ignore_ascii_case(group(found, "scheme")));
    !is_path
        && !UNITS.contains(&group(found, "top"))
        && (shaped.is_empty() || values::looks_random(shaped))
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(ADDRESSES.len(), PATTERNS.len());
}
