//! Redaction: what looks like a secret is replaced by a keyed, stable mark.

use std::borrow::Cow;
use std::sync::LazyLock;

use hmac::{Hmac, Mac};
use regex::{Captures, Regex};
use sha2::Sha256;

/// Replaces what looks like a secret. The same secret gives the same mark under the same key.
///
/// A text is redacted before it is cut, so that half a secret never looks like none.
#[derive(Clone)]
pub struct Redactor {
    key: [u8; 32],
}

/// What a mark begins with.
const MARK: &str = "[redacted:";

/// Names whose values are secret: `DB_PASSWORD`, `apiKey`, `client-secret`.
const SECRET_NAME: &str = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|auth(?:orization)?|session[-_]?id|signature|conn(?:ection)?[-_]?str(?:ing)?|dsn)";

/// Shapes of secrets. The part to replace is the group `secret`.
static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let name = SECRET_NAME;
    let shapes = [
        // PEM blocks, whole or cut off.
        r"(?s)(?P<secret>-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\z))".to_owned(),
        r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})".to_owned(),
        // A literal value of an environment variable in a diff: never shown.
        r#"/env/\d+/value: (?P<secret>"(?:[^"\\]|\\.)*"|nothing) -> "#.to_owned(),
        r#"/env/\d+/value: \S+ -> (?P<secret>"(?:[^"\\]|\\.)*")"#.to_owned(),
        // `{"name":"DB_PASSWORD","value":"…"}` in either order.
        format!(r#"(?i)"name"\s*:\s*"[^"]*{name}[^"]*"\s*,\s*"value"\s*:\s*"(?P<secret>(?:[^"\\]|\\.)+)""#),
        format!(r#"(?i)"value"\s*:\s*"(?P<secret>(?:[^"\\]|\\.)+)"\s*,\s*"name"\s*:\s*"[^"]*{name}[^"]*""#),
        // `"password": "…"`, `password: …`, `PASSWORD=…`, `--password …`
        format!(r#"(?i)["'][\w.-]*{name}[\w.-]*["']\s*[:=]\s*["'](?P<secret>[^"']+)["']"#),
        format!(r#"(?i)\b[\w.-]*{name}[\w.-]*\s*=\s*["']?(?P<secret>[^\s"',;&]+)"#),
        format!(r#"(?i)\b[\w.-]*{name}[\w.-]*:\s+["']?(?P<secret>[^\s"',;&]{{3,}})"#),
        format!(r#"(?i)--[\w-]*{name}[\w-]*\s+["']?(?P<secret>[^\s"']{{3,}})"#),
        // `scheme://user:password@host`
        r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]*:(?P<secret>[^\s@/]+)@".to_owned(),
        // JSON Web Tokens.
        r"\b(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)".to_owned(),
        // Keys of clouds and services, by their prefixes.
        r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b".to_owned(),
        r"\b(?P<secret>AIza[A-Za-z0-9_-]{30,})".to_owned(),
        r"\b(?P<secret>(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})".to_owned(),
        r"\b(?P<secret>xox[abeprs]-[A-Za-z0-9-]{8,})".to_owned(),
        r"\b(?P<secret>(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,})".to_owned(),
        r"\b(?P<secret>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24})\b".to_owned(),
    ];
    shapes.iter().filter_map(|it| Regex::new(it).ok()).collect()
});

impl Redactor {
    /// A redactor whose marks are keyed: 32 random bytes that the agent keeps.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The text without secrets.
    pub fn redact(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for shape in SHAPES.iter() {
            let replaced = shape.replace_all(&text, |found: &Captures<'_>| self.replaced(found));
            if let Cow::Owned(replaced) = replaced {
                text = Cow::Owned(replaced);
            }
        }
        text.into_owned()
    }

    /// What was found, with its secret part replaced by the mark.
    fn replaced(&self, found: &Captures<'_>) -> String {
        let whole = found.get(0).map_or("", |it| it.as_str());
        let (Some(all), Some(secret)) = (found.get(0), found.name("secret")) else {
            return whole.to_owned();
        };
        if secret.as_str().contains(MARK) || secret.as_str() == "nothing" {
            return whole.to_owned();
        }
        let before = whole.get(..secret.start() - all.start()).unwrap_or_default();
        let after = whole.get(secret.end() - all.start()..).unwrap_or_default();
        format!("{before}{}{after}", self.mark(secret.as_str()))
    }

    /// What stands for a secret: `[redacted:1f3a5b7c]`, the same for the same secret.
    pub fn mark(&self, secret: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return format!("{MARK}]");
        };
        mac.update(secret.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let word = bytes.iter().take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        format!("{MARK}{word:08x}]")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact(text: &str) -> String {
        Redactor::new([7; 32]).redact(text)
    }

    #[test]
    fn every_shape_is_a_valid_pattern() {
        assert_eq!(SHAPES.len(), 18);
    }

    #[track_caller]
    fn check(text: &str, secret: &str) {
        let redacted = redact(text);
        assert!(!redacted.contains(secret), "{redacted}");
        assert!(redacted.contains(MARK), "{redacted}");
    }

    #[test]
    fn secrets_of_many_shapes_are_replaced() {
        check("DB_PASSWORD=hunter2 started", "hunter2");
        check(r#"{"name":"DB_PASSWORD","value":"hunter2"}"#, "hunter2");
        check(r#"{"password": "hunter2"}"#, "hunter2");
        check("api_key: abcd1234", "abcd1234");
        check("curl -H 'Authorization: Bearer abcdefgh12345678'", "abcdefgh12345678");
        check("postgres://app:hunter2@db:5432/shop", "hunter2");
        check("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature_1", "eyJzdWIiOiIxIn0");
        check("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE");
        check("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc", "MIIEow");
        check("ghp_0123456789abcdefghij0123456789", "ghp_0123456789");
        check("sk-proj-0123456789abcdefghij", "0123456789abcdefghij");
        check("mail from ana@example.com failed", "ana@example.com");
        check("login --password hunter2", "hunter2");
        check(r#"/spec/template/spec/containers/0/env/3/value: "plain" -> "other""#, "plain");
        check(r#"/spec/template/spec/containers/0/env/3/value: "plain" -> "other""#, "other");
    }

    #[test]
    fn the_words_of_kubernetes_stay() {
        for text in [
            "Back-off restarting failed container app in pod web-5d8f7c9b6-x2x1z_shop(0b1c)",
            "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available",
            r#"configmap "api-setings" not found"#,
            "Readiness probe failed: HTTP probe failed with statuscode: 404",
            r#"failed to pull and unpack image "docker.io/library/nginx:1.72": not found"#,
            "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            r#"/spec/template/spec/containers/0/image: "nginx:1.72" -> "nginx:1.27""#,
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn the_same_secret_has_the_same_mark_and_another_key_another_mark() {
        let one = redact("PASSWORD=hunter2");

        assert_eq!(one, redact("PASSWORD=hunter2"));
        assert_ne!(one, redact("PASSWORD=hunter3"));
        assert_ne!(one, Redactor::new([8; 32]).redact("PASSWORD=hunter2"));
    }

    proptest! {
        #[test]
        fn redacting_twice_changes_nothing_more(text in "\\PC{0,200}") {
            let once = redact(&text);
            prop_assert_eq!(redact(&once), once);
        }
    }
}
