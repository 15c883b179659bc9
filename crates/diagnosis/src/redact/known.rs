//! Values that are hidden where they stand under a secret's name, and then wherever else they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::Arc;

use super::{MARK, Redactor, between, inside_mark, values};

/// Values of one workload that are looked for: each is a search through every text.
const MAX_SECRETS: usize = 200;
/// Forms of the values of many workloads that are looked for in one text.
const MAX_FORMS: usize = 4000;
/// Bytes of a value that is looked for: a key of 4096 bits as PEM has three thousand.
const MAX_LENGTH: usize = 4096;
/// Characters of a value that is looked for: shorter ones are in every log.
const MIN_LENGTH: usize = 6;
/// Characters of one that is looked for inside words as well.
const LONG: usize = 12;
/// Characters of a line of a value that is looked for by itself.
const MIN_LINE: usize = 24;

/// Words that are often a password and oftener none: whoever set one of them keeps no secret, and without them no log
/// could be read.
const COMMON: [&str; 26] = [
    "password",
    "passwort",
    "passwd",
    "secret",
    "postgres",
    "postgresql",
    "mariadb",
    "mongodb",
    "rabbitmq",
    "elastic",
    "grafana",
    "database",
    "default",
    "changeme",
    "change-me",
    "changeit",
    "example",
    "enabled",
    "disabled",
    "optional",
    "required",
    "anonymous",
    "kubernetes",
    "localhost",
    "minioadmin",
    "strict",
];

/// Values that are secrets, in every form in which they are looked for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Arc<[Form]>);

/// Something that was hidden once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hidden {
    /// The whole of it.
    pub(crate) text: String,
    /// Whether it is one though it is a plain word.
    pub(crate) is_word: bool,
}

/// One form of a secret.
#[derive(Clone, PartialEq, Eq)]
struct Form {
    text: String,
    /// The secret that it is a form of: it has the mark of that.
    of: Arc<str>,
    place: Place,
}

/// Where a secret is taken for one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anywhere, also within a word.
    Anywhere,
    /// Where neither a letter nor a digit is next to it.
    Apart,
    /// Where it is a word of its own, and no part of a name.
    Word,
}

impl Secrets {
    /// What of this is looked for. What `names` has is a name of the cluster: it says nothing, and much would be
    /// hidden with it.
    pub(crate) fn of(hidden: impl IntoIterator<Item = Hidden>, names: &BTreeSet<&str>) -> Self {
        let mut forms = BTreeMap::new();
        for it in hidden.into_iter().take(MAX_SECRETS) {
            let Some(place) = place(&it, names) else { continue };
            let of: Arc<str> = it.text.as_str().into();
            for text in forms_of(&it.text) {
                forms.entry(text.clone()).or_insert(Form { text, of: Arc::clone(&of), place });
            }
        }
        Self::sorted(forms)
    }

    /// These and those.
    pub(super) fn with(&self, more: &Self) -> Self {
        if self.0.is_empty() {
            return more.clone();
        }
        Self::all([self, more])
    }

    /// A longer one may hold a shorter one.
    fn sorted(forms: BTreeMap<String, Form>) -> Self {
        let mut forms: Vec<_> = forms.into_values().collect();
        forms.sort_by_key(|it| std::cmp::Reverse(it.text.len()));
        Self(forms.into())
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of these together, as many as are looked for in one text.
    pub fn all<'s>(secrets: impl IntoIterator<Item = &'s Self>) -> Self {
        let forms = secrets.into_iter().flat_map(|it| it.0.iter()).take(MAX_FORMS);
        Self::sorted(forms.map(|it| (it.text.clone(), it.clone())).collect())
    }

    /// The text with a mark in the place of each.
    pub(super) fn hidden_in(&self, text: &str, redactor: &Redactor) -> String {
        let mut text = text.to_owned();
        for form in self.0.iter() {
            if text.contains(&form.text) {
                text = form.hidden_in(&text, redactor);
            }
        }
        text
    }
}

/// Without what they are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Form {
    fn hidden_in(&self, text: &str, redactor: &Redactor) -> String {
        let mut res = String::with_capacity(text.len());
        let mut copied = 0;
        for (start, found) in text.match_indices(&self.text) {
            let end = start + found.len();
            let before = between(text, 0, start).chars().next_back();
            let behind = between(text, end, text.len()).chars().next();
            let is_apart = self.place.is_apart(before) && self.place.is_apart(behind);
            if is_apart && !inside_mark(text, start) {
                res.push_str(between(text, copied, start));
                res.push_str(&redactor.mark(&self.of));
                copied = end;
            }
        }
        res.push_str(between(text, copied, text.len()));
        res
    }
}

impl Place {
    fn is_apart(self, next: Option<char>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Apart => next.is_none_or(|it| !it.is_alphanumeric()),
            Self::Word => {
                next.is_none_or(|it| !it.is_alphanumeric() && !matches!(it, '-' | '_' | '/'))
            }
        }
    }
}

/// Where something that was hidden is taken for the secret that it is; `None` where it may be anything.
fn place(hidden: &Hidden, names: &BTreeSet<&str>) -> Option<Place> {
    let text = hidden.text.trim();
    let n = text.chars().count();
    if n < MIN_LENGTH || MAX_LENGTH < text.len() || text.contains(MARK) {
        return None;
    }
    let host = text.rsplit_once(':').map_or(text, |it| it.0);
    if values::is_harmless(text) || is_setting(text) || names.contains(text) || names.contains(host)
    {
        return None;
    }
    let is_number = text.chars().all(|it| it.is_ascii_digit());
    if is_number || !values::looks_random(text) {
        let is_word = hidden.is_word && !COMMON.contains(&&*text.to_ascii_lowercase());
        return is_word.then_some(Place::Word);
    }
    Some(if n < LONG { Place::Apart } else { Place::Anywhere })
}

/// Whether it is an address, a path or an amount of time: something that names of secrets are also given to, and that
/// is in logs for its own sake. The password in an address is hidden for itself.
fn is_setting(text: &str) -> bool {
    let is_small = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let host = text.rsplit_once(':').filter(|it| it.1.bytes().all(|it| it.is_ascii_digit()));
    let host = host.map_or(text, |it| it.0);
    let (_, last) = host.rsplit_once('.').unwrap_or_default();
    let is_host = 2 <= last.len()
        && last.bytes().all(|it| it.is_ascii_lowercase())
        && host.split('.').all(|it| !it.is_empty() && it.chars().all(is_small));
    let is_path = text.starts_with('/')
        && text.chars().all(|it| is_small(it) || matches!(it, '/' | '.' | '_'));
    text.contains("://") || host.parse::<IpAddr>().is_ok() || is_host || is_path || is_span(text)
}

/// `90s`, `1h30m`.
fn is_span(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        let behind = unit.trim_start_matches(|it: char| it.is_ascii_lowercase());
        let length = unit.len() - behind.len();
        if unit.len() == rest.len() || !(1..=2).contains(&length) {
            return false;
        }
        rest = behind;
    }
    true
}

/// The forms in which a text may repeat it: as it is, within JSON, within a URL; each long line of a key.
fn forms_of(secret: &str) -> BTreeSet<String> {
    let text = secret.trim();
    let mut forms = BTreeSet::from([text.to_owned()]);
    let json = serde_json::Value::from(text).to_string();
    forms.extend(json.strip_prefix('"').and_then(|it| it.strip_suffix('"')).map(str::to_owned));
    forms.insert(percent_encoded(text));
    let lines = text.lines().map(str::trim).filter(|it| MIN_LINE <= it.len());
    let is_drawn = |it: &&str| {
        let is_of_key = |it: u8| it.is_ascii_alphanumeric() || b"+/=_-".contains(&it);
        values::looks_random(it) && it.bytes().all(is_of_key)
    };
    forms.extend(lines.filter(is_drawn).map(str::to_owned));
    forms
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Hidden {
        Hidden { text: text.to_owned(), is_word: true }
    }

    fn redacted(secret: &str, text: &str) -> String {
        let secrets = Secrets::of([hidden(secret)], &BTreeSet::from(["shop-db2"]));
        Redactor::new([0; 32]).knowing(&secrets).redact(text)
    }

    #[track_caller]
    fn gone(secret: &str, text: &str) {
        let redacted = redacted(secret, text);
        assert!(!redacted.contains(secret), "{redacted}");
        assert!(redacted.contains(&Redactor::new([0; 32]).mark(secret)), "{redacted}");
        assert_eq!(self::redacted(secret, &redacted), redacted);
    }

    #[track_caller]
    fn kept(secret: &str, text: &str) {
        assert_eq!(redacted(secret, text), text);
    }

    #[test]
    fn a_value_that_was_hidden_once_is_hidden_wherever_it_stands() {
        gone("Sommer2024", "connecting with Sommer2024");
        gone("Sommer2024", "user=shop,Sommer2024;x");
        gone("sommerregen", "cannot log in with sommerregen.");
        gone("84629175", "the code was 84629175");
        gone("Zq7canaryW4x", "got xZq7canaryW4x9 back");
    }

    #[test]
    fn it_is_hidden_within_json_and_within_an_address_too() {
        for text in [r#"{"with":"Som\"mer/2024"}"#, "GET /login?x=Som%22mer%2F2024"] {
            let redacted = redacted("Som\"mer/2024", text);
            assert!(redacted.contains("[redacted:") && !redacted.contains("2024"), "{redacted}");
        }
        let key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEAabcdefgh0123\n-----END KEY-----";
        assert!(!redacted(key, "x MIIEpAIBAAKCAQEAabcdefgh0123 y").contains("MIIE"));
    }

    #[test]
    fn what_may_be_anything_stays() {
        kept("postgres", "FATAL: role postgres does not exist");
        kept("shop-db2", "lookup shop-db2: no such host");
        kept("shop-db2:5432", "dial shop-db2:5432: refused");
        kept("keycloak.auth2.svc:8080", "dial keycloak.auth2.svc:8080: refused");
        kept("http://keycloak2:8080", "GET http://keycloak2:8080 500");
        kept("/etc/auth2/conf.d", "open /etc/auth2/conf.d: no such file");
        kept("1h30m0s", "waits 1h30m0s");
        kept("10.0.0.17:80", "dial 10.0.0.17:80");
        kept("hunt2", "hunt2");
        kept("$(PASSWORD_2)", "$(PASSWORD_2)");
        kept("Sommer2024", "image shop/Sommer2024x");
        kept("sommerregen", "pod sommerregen-1 of sommerregens");
    }

    #[test]
    fn a_mark_stays_a_mark() {
        kept("redacted", "a [redacted:0123abcd] b");
        kept("0123ab", "a [redacted:0123abcd] b");
    }

    #[test]
    fn a_long_hostile_text_is_read_to_its_end() {
        let secrets = (0..500).map(|it| hidden(&format!("{}Zq7{it}", "a".repeat(it % 50))));
        let secrets = Secrets::of(secrets, &BTreeSet::new());
        let text = "a".repeat(64 << 10) + " aZq7101 ";

        let redacted = Redactor::new([0; 32]).knowing(&secrets).redact(&text);

        assert!(!redacted.contains("Zq7101"));
        assert!(secrets.0.len() <= MAX_SECRETS);
    }
}
