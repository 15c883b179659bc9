//! Credentials on the command lines of clients, and in what clients say to servers.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, drawn, group};

/// In order: `redis-cli -a`; `mysql -p`; a line of a Redis configuration; `curl -u`, apart and in one; `docker login`
/// and its like; `sshpass`; `openssl … pass:`; what FTP, Redis, SMTP and IMAP are told;
/// a line of `.pgpass`.
const PATTERNS: [&str; 13] = [
    r"\bredis-cli\b[^\r\n|;]{0,200}?\s(?:-a|--pass)[ =](?P<secret>\S+)",
    r"\b(?:mysql|mariadb)(?:dump|admin|import|-dump|-admin)?\b[^\r\n|;]{0,200}?\s-p(?P<secret>[^\s=-]\S*)",
    r#"(?:^|[\s"'])(?:requirepass|masterauth)[ \t]{1,8}(?P<secret>\S+)"#,
    r"(?:\s|^)(?:-u|--user|--proxy-user)[ =][^\s:/]{1,200}:(?P<secret>\S+)",
    r#"\bcurl\b[^\r\n|;]{0,200}?\s-[a-zA-Z]{0,8}u[ \t]{0,4}["']?[^\s:/"']{1,200}:(?P<secret>[^\s"']+)"#,
    r#"\b(?:docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|az|oc|argocd)\b[^\r\n|;]{0,200}?\slogin\b[^\r\n|;]{0,200}?\s-p[ =]?["']?(?P<secret>[^\s"'-][^\s"']*)"#,
    r#"\bsshpass\s{1,8}-p\s{0,8}["']?(?P<secret>[^\s"']+)"#,
    r"\s-?-pass(?:in|out|word)?\s{1,8}pass:(?P<secret>\S+)",
    r"\b(?:openssl|keytool)\b[^\r\n|;]{0,200}?\spass:(?P<secret>\S+)",
    r"(?:>|<<<|USER[ \t]{1,8}\S{1,64})[ \t]{0,8}PASS[ \t]{1,8}(?P<secret>\S+)",
    r#"(?:^|[>\s"'])AUTH(?:ENTICATE)?[ \t]{1,8}(?:(?:PLAIN|LOGIN|default)[ \t]{1,8})?["']?(?P<drawn>(?P<secret>[^\s"']{6,512}))"#,
    r#"(?:^|[>\s"'])(?:LOGIN[ \t]{1,8}\S{1,64}|PASS)[ \t]{1,8}["']?(?P<drawn>(?P<secret>[^\s"']{8,512}))"#,
    r"(?:^|\s)[A-Za-z0-9_.*-]{1,128}:(?:[0-9]{2,5}|\*):[A-Za-z0-9_*-]{1,64}:[A-Za-z0-9_.*-]{1,64}:(?P<drawn>(?P<secret>[^\s:]{8,512}))",
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_secret)
}

/// `PASS` is also what a test says that went well.
fn is_secret(found: &Captures<'_>) -> bool {
    let drawn = group(found, "drawn");
    drawn.is_empty() || drawn::is_drawn(drawn)
}
