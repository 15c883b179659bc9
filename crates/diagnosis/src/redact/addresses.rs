//! Credentials in addresses: URLs, data source names, e-mail.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, MARK, Marking, Stage, group, values};

/// A URL of a database or a mail server whose password holds an `@` and more, up to the last one before a host; a URL
/// whose user has a host of its own; a URL with a password; one with a `/`, `?` or `#` in its password, which only an
/// ill-formed URL has, and which is no port then; the same with a password that begins like a port, where no web server
/// is asked; a URL with a key for a user; `user:password@tcp(host)`; `user:password@host/`; Oracle's `user/password@`;
/// an e-mail address.
const PATTERNS: [&str; 10] = [
    r#"(?i:mysql|mariadb|postgres|postgresql|mongodb|redis|rediss|amqp|amqps|smtp|smtps|kafka|nats|ldap|clickhouse|sqlserver|mssql)(?:\+[a-z0-9]{1,16})?://(?P<user>[^\s/:@?\#"'<>]*):(?P<secret>[^\s"'<>?,@:]*@[^\s"'<>?,:]*)@[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?\s"',]|$)"#,
    r#"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^\s/:?\#"'<>@]+@[^\s/:@?\#"'<>]+):(?P<secret>[^\s/"'<>@]+)@"#,
    r#"[A-Za-z][A-Za-z0-9+.-]*:(?:\\?/){2}(?P<user>[^\s/:@?\#"'<>]*):(?P<secret>[^\s/"'<>]+)@"#,
    r#"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^\s/:@?\#"'<>\[]*):(?P<secret>(?:[0-9]*[^\s"'<>@/?\#0-9][^\s"'<>@/?\#]*)?[/?\#][^\s"'<>]*)@"#,
    r#"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/:@?\#"'<>\[]*):(?P<secret>[0-9]+[/?\#][^\s"'<>,]*)@"#,
    r#"[A-Za-z][A-Za-z0-9+.-]*://(?P<shaped>(?P<secret>[^\s/:@?\#"'<>]{16,}))@"#,
    r#"[A-Za-z0-9_.-]+:(?P<secret>[^\s:/"'@]+)@(?:tcp|udp|unix)?\("#,
    r#"[A-Za-z0-9_.-]+:(?P<secret>[^\s:/"'@]+)@(?P<host>[A-Za-z0-9.-]+)(?::[0-9]{1,5})?/"#,
    r"(?i)jdbc:oracle:[a-z]{1,8}:[^\s/@]{1,60}/(?P<secret>[^\s@]{1,200})@",
    r"(?P<email>(?P<secret>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?P<top>[A-Za-z]{2,24})))\b",
];

/// Schemes of addresses in whose path an `@` is nothing special.
const WEB: [&str; 4] = ["http", "https", "ws", "wss"];
/// Endings of systemd units, which look like e-mail addresses.
const UNITS: [&str; 7] = ["service", "slice", "scope", "mount", "timer", "socket", "target"];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    if !text.contains('@') {
        return text;
    }
    marks.replace_all(text, patterns, is_secret)
}

/// Whether this is an address in which nothing more has to be hidden: it has no password, or a mark in its place.
pub(super) fn is_open(value: &str) -> bool {
    let rest = value.split_once("://").map(|it| it.1);
    let marked = value.contains("]@") && value.contains(MARK);
    // `host=db password=[redacted:…]`
    let is_list = value.contains("=[redacted:");
    marked || is_list || rest.is_some_and(|it| !it.contains('@'))
}

fn is_secret(found: &Captures<'_>) -> bool {
    let shaped = group(found, "shaped");
    let is_path = WEB.iter().any(|it| it.eq_ignore_ascii_case(group(found, "scheme")));
    !is_path
        && !UNITS.contains(&group(found, "top"))
        && (shaped.is_empty() || values::looks_random(shaped))
}
