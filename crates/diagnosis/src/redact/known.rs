//! Values that are hidden where they stand under a secret's name, and then wherever else they stand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use super::place::{Place, place};
use super::search::Search;
use super::{Redactor, between, inside_mark, values};

/// Values of one workload that are looked for, and forms of them: whoever writes a template writes as many as he likes.
const MAX_SECRETS: usize = 200;
/// Bytes of the forms of one workload.
const MAX_BYTES: usize = 32 << 10;
/// Forms of the values of many workloads that are looked for in one text.
const MAX_FORMS: usize = 2000;
/// Bytes of a form that go before longer ones: a few large files must not push the passwords out.
const SHORT: usize = 256;
/// Bytes that a form takes beside its text, with its part of the search.
const BYTES_BESIDE: usize = 512;
/// Characters of a line of a value that is looked for by itself.
const MIN_LINE: usize = 24;

/// Values that are secrets, in every form in which they are looked for.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Forms>);

/// The forms, the longest first, since it may hold a shorter one; and what finds them, from the first text on.
#[derive(Default)]
struct Forms {
    forms: Vec<Form>,
    search: OnceLock<Search>,
}

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
    /// How many forms of the same workload go before this one.
    rank: usize,
}

impl Secrets {
    /// What of this is looked for. What `names` has is a name of the cluster: it says nothing, and much would be
    /// hidden with it.
    pub(crate) fn of(hidden: impl IntoIterator<Item = Hidden>, names: &BTreeSet<&str>) -> Self {
        let known = hidden.into_iter().filter_map(|it| {
            let place = place(&it, names)?;
            Some((place, SHORT < it.text.len(), Reverse(it.text.len()), it.text))
        });
        // What is surely a secret first, and what is none takes nobody's room.
        let known: BTreeSet<_> = known.collect();
        let mut forms: BTreeMap<String, (usize, Place, Arc<str>)> = BTreeMap::new();
        for (place, .., text) in known.into_iter().take(MAX_SECRETS) {
            let of: Arc<str> = text.as_str().into();
            for (round, text) in forms_of(&text).into_iter().enumerate() {
                forms.entry(text).or_insert_with(|| (round, place, Arc::clone(&of)));
            }
        }
        // One form of each before the second of any.
        let mut forms: Vec<_> = forms.into_iter().collect();
        forms.sort_by_key(|(text, it)| (it.0, it.1, SHORT < text.len(), Reverse(text.len())));
        let mut bytes = 0;
        forms.retain(|(text, _)| {
            let fits = bytes + text.len() <= MAX_BYTES;
            bytes += if fits { text.len() } else { 0 };
            fits
        });
        let forms = forms.into_iter().take(MAX_SECRETS).enumerate();
        Self::sorted(forms.map(|(rank, (text, (_, place, of)))| Form { text, of, place, rank }))
    }

    /// These and those.
    pub(super) fn with(&self, more: &Self) -> Self {
        if self.is_empty() {
            return more.clone();
        }
        if more.is_empty() {
            return self.clone();
        }
        Self::all([self, more])
    }

    /// A longer one may hold a shorter one.
    fn sorted(forms: impl Iterator<Item = Form>) -> Self {
        let mut forms: Vec<_> = forms.collect();
        forms.sort_by(|one, other| {
            let length = other.text.len().cmp(&one.text.len());
            length.then_with(|| one.text.cmp(&other.text))
        });
        Self(Arc::new(Forms { forms, search: OnceLock::new() }))
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.forms.is_empty()
    }

    /// About how many bytes of memory they take.
    pub fn n_bytes(&self) -> usize {
        self.0.forms.iter().map(|it| it.text.len() + it.of.len() + BYTES_BESIDE).sum()
    }

    /// All of these together, as many as are looked for in one text, as many of each.
    pub fn all<'s>(secrets: impl IntoIterator<Item = &'s Self>) -> Self {
        let mut forms: Vec<_> = secrets.into_iter().flat_map(|it| &it.0.forms).collect();
        // Forms of the same rank stay in the order of their workloads.
        forms.sort_by_key(|it| it.rank);
        let mut seen = BTreeSet::new();
        forms.retain(|it| seen.insert(&*it.text));
        Self::sorted(forms.into_iter().take(MAX_FORMS).cloned())
    }

    /// The text with a mark in the place of each.
    pub(super) fn hidden_in(&self, text: &str, redactor: &Redactor) -> String {
        let forms = &self.0.forms;
        if forms.is_empty() {
            return text.to_owned();
        }
        let texts = || forms.iter().map(|it| &*it.text);
        let search = self.0.search.get_or_init(|| Search::of(texts()));
        let mut text = text.to_owned();
        for form in search.may_be_in(&text, forms.len()).into_iter().filter_map(|it| forms.get(it))
        {
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
        write!(f, "{} secrets", self.0.forms.len())
    }
}

impl Form {
    fn hidden_in(&self, text: &str, redactor: &Redactor) -> String {
        let mut res = String::with_capacity(text.len());
        let mut copied = 0;
        let mark = redactor.mark(&self.of);
        for (start, found) in text.match_indices(&self.text) {
            let end = start + found.len();
            let before = between(text, 0, start).chars().next_back();
            let behind = between(text, end, text.len()).chars().next();
            let is_apart = self.place.is_apart(before) && self.place.is_apart(behind);
            if is_apart && !inside_mark(text, start) {
                res.push_str(between(text, copied, start));
                res.push_str(&mark);
                copied = end;
            }
        }
        res.push_str(between(text, copied, text.len()));
        res
    }
}

/// The forms in which a text may repeat it: as it is, each long line of a key, within JSON, within a URL.
fn forms_of(secret: &str) -> Vec<String> {
    let text = secret.trim();
    let lines = text.lines().map(str::trim).filter(|it| MIN_LINE <= it.len());
    let is_drawn = |it: &&str| {
        let is_of_key = |it: u8| it.is_ascii_alphanumeric() || b"+/=_-".contains(&it);
        values::looks_random(it) && it.bytes().all(is_of_key)
    };
    let mut forms = vec![text.to_owned()];
    forms.extend(lines.filter(is_drawn).map(str::to_owned));
    let json = serde_json::Value::from(text).to_string();
    forms.extend(json.strip_prefix('"').and_then(|it| it.strip_suffix('"')).map(str::to_owned));
    forms.push(percent_encoded(text));
    let mut seen = BTreeSet::new();
    forms.retain(|it| seen.insert(it.clone()));
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
        let text = "a".repeat(64 << 10) + "Zq7149 ";

        let redacted = Redactor::new([0; 32]).knowing(&secrets).redact(&text);

        assert!(!redacted.contains("Zq7149"));
        assert!(secrets.0.forms.len() <= MAX_SECRETS);
    }

    #[test]
    fn what_one_workload_may_have_hidden_is_bounded_and_every_value_has_its_part() {
        let line = |it: usize| format!("MIIEpAIBAAKCAQEAabcdefgh{it:07}Zq7");
        let file =
            |of: usize| (0..90).map(|it| line(1000 * of + it)).collect::<Vec<_>>().join("\n");
        let files = (0..50).map(|it| hidden(&file(it)));
        let secrets = Secrets::of(files.chain([hidden("Sommer2024")]), &BTreeSet::new());

        assert!(secrets.0.forms.len() <= MAX_SECRETS);
        let bytes: usize = secrets.0.forms.iter().map(|it| it.text.len()).sum();
        assert!(bytes <= MAX_BYTES && MAX_BYTES / 2 < bytes, "{bytes}");
        let redactor = Redactor::new([0; 32]).knowing(&secrets);
        assert!(!redactor.redact("got Sommer2024 back").contains("Sommer2024"));
    }

    #[test]
    fn what_is_no_secret_takes_no_room_of_one() {
        let short = (0..300).map(|it| hidden(&format!("a{it}")));
        let words = (0..300).map(|it| hidden(&format!("wort{}", "x".repeat(it))));
        let all = short.chain(words).chain([hidden("zZq7canaryW4x")]);
        let secrets = Secrets::of(all, &BTreeSet::new());
        let redactor = Redactor::new([0; 32]).knowing(&secrets);

        assert!(!redactor.redact("got zZq7canaryW4x back").contains("Zq7canary"));
    }

    #[test]
    fn a_workload_with_many_secrets_leaves_room_for_those_of_the_next() {
        let many = |of: usize| {
            let all = (0..200).map(move |it| hidden(&format!("Zq7canary{of:02}W4x{it:03}")));
            Secrets::of(all, &BTreeSet::new())
        };
        let hostile: Vec<_> = (0..15).map(many).collect();
        let last = Secrets::of([hidden("Sommer2024")], &BTreeSet::new());

        let all = Secrets::all(hostile.iter().chain([&last]));

        assert_eq!(all.0.forms.len(), MAX_FORMS);
        let redactor = Redactor::new([0; 32]).knowing(&all);
        assert!(!redactor.redact("got Sommer2024 back").contains("Sommer2024"));
    }
}
