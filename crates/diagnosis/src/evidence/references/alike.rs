//! What may have been meant by a name that is no slip of the finger.

use types::ReferenceKind;
use types::kind_words::{OF_ACCOUNTS, OF_CONFIG_MAPS, OF_SECRETS};

use super::{Known, Reference};
use crate::near_miss::written_alike;
use crate::same_words::of_same_words;

/// Names shorter than this begin too many others.
const MIN_CHARS: usize = 3;
/// What stands between the words of a name.
const BETWEEN: [char; 3] = ['-', '_', '.'];

impl Known<'_> {
    /// What is there in the place of what is missing, as the end of a sentence, with its name where it is of the kind
    /// that is asked for.
    pub(super) fn alike(&self, it: &Reference) -> Option<(String, Option<String>)> {
        let is_used = it.kind == ReferenceKind::Secret && self.secrets.contains_key(&it.name);
        if self.named(it) == Some(true) || is_used {
            return self.key_of_its_variable(it).or_else(|| self.other_key(it));
        }
        if let Some(kind) = self.of_other_kind(it) {
            return Some((format!("there is a {kind} of this name"), None));
        }
        let names = if it.kind == ReferenceKind::Secret {
            self.secrets.keys().map(String::as_str).collect()
        } else {
            self.names(it.kind)?
        };
        let kinds = kind_words(it.kind);
        let longer = continued_or_of_kind(&it.name, &names, kinds)
            .or_else(|| of_same_words(&it.name, names.iter().copied(), kinds))?;
        Some((format!("there is {longer}, which may have been meant"), Some(longer.to_owned())))
    }

    /// The kind of an object of this name, where that is another one than is asked for.
    fn of_other_kind(&self, it: &Reference) -> Option<&'static str> {
        let is_map = || {
            let mut maps = self.objects.config_maps.iter().flatten();
            maps.any(|map| map.name == it.name)
        };
        match it.kind {
            ReferenceKind::Secret => is_map().then_some("ConfigMap"),
            ReferenceKind::ConfigMap => self.secrets.contains_key(&it.name).then_some("Secret"),
            ReferenceKind::Claim
            | ReferenceKind::ServiceAccount
            | ReferenceKind::PriorityClass
            | ReferenceKind::RuntimeClass
            | ReferenceKind::ResourceClaim
            | ReferenceKind::ResourceClaimTemplate
            | ReferenceKind::Scheduler
            | ReferenceKind::NodeLabelKey
            | ReferenceKind::NodeLabelValue => None,
        }
    }

    /// The keys that are known of what it names: all of a ConfigMap, of a Secret those that others take.
    fn keys(&self, it: &Reference) -> Option<Vec<&str>> {
        if it.kind == ReferenceKind::Secret {
            return Some(self.secrets.get(&it.name)?.iter().map(String::as_str).collect());
        }
        let mut maps = self.objects.config_maps.iter().flatten();
        let map = maps.find(|map| map.name == it.name)?;
        Some(map.keys.iter().map(String::as_str).collect())
    }

    /// The one key that has the name of the variable that is to take it.
    fn key_of_its_variable(&self, it: &Reference) -> Option<(String, Option<String>)> {
        let (key, variable) = (it.key.as_deref()?, it.variable.as_deref()?);
        let keys = self.keys(it)?;
        let is_called = |it: &&&str| **it == variable || written_alike(it, variable);
        let mut called = keys.iter().filter(is_called);
        let only = called.next().filter(|it| called.next().is_none() && **it != key)?;
        let words = format!("its key {only} has the name of the variable that takes it");
        Some((words, Some((*only).to_owned())))
    }

    /// The only key, the only one with this name before the dot, or the only one that says the same.
    fn other_key(&self, it: &Reference) -> Option<(String, Option<String>)> {
        let key = it.key.as_deref()?;
        let all = self.keys(it)?;
        let same = of_same_words(key, all.iter().copied(), &[]);
        if let Some(same) = same {
            let words = format!("it has {same}, which may have been meant");
            return Some((words, Some(same.to_owned())));
        }
        // Of a Secret more may be there than is known.
        let mut maps = self.objects.config_maps.iter().flatten();
        let keys =
            &maps.find(|map| map.name == it.name && it.kind == ReferenceKind::ConfigMap)?.keys;
        let stem = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
        let of_stem: Vec<_> = keys.iter().filter(|it| stem(it) == stem(key)).collect();
        match (keys.as_slice(), of_stem.as_slice()) {
            ([only], [_]) => Some((format!("it has only {only}"), Some(only.clone()))),
            // With another name it may be the wrong map.
            ([only], _) => Some((format!("it has only {only}"), None)),
            (_, [only]) => {
                Some((format!("it has {only}, which may have been meant"), Some((*only).clone())))
            }
            _ => None,
        }
    }
}

/// What people put at the end of a name for the kind of the thing: it is left out or written otherwise as easily.
fn kind_words(kind: ReferenceKind) -> &'static [&'static str] {
    match kind {
        ReferenceKind::ConfigMap => OF_CONFIG_MAPS,
        ReferenceKind::Secret => OF_SECRETS,
        // What is told and never written may differ in words that say a little more.
        ReferenceKind::Claim => &["pvc", "claim", "data", "volume", "storage"],
        ReferenceKind::ServiceAccount => OF_ACCOUNTS,
        ReferenceKind::PriorityClass
        | ReferenceKind::RuntimeClass
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler
        | ReferenceKind::NodeLabelKey
        | ReferenceKind::NodeLabelValue => &[],
    }
}

/// The name without the word for its kind at its end.
pub(super) fn stem(name: &str, kind: ReferenceKind) -> String {
    types::kind_words::stem(name, kind_words(kind)).to_owned()
}

/// The one name that is this one with more or fewer words, or with another word for the kind at its end.
fn continued_or_of_kind<'a>(name: &str, names: &[&'a str], words: &[&str]) -> Option<&'a str> {
    let bare = |it: &'_ str| -> Option<String> {
        let (stem, word) = it.rsplit_once(BETWEEN)?;
        let is_kind = words.contains(&word) && MIN_CHARS <= stem.chars().count();
        is_kind.then(|| stem.to_owned())
    };
    let own = bare(name);
    let is_it = |it: &&&str| own.is_some() && bare(it) == own;
    let mut same = names.iter().filter(is_it);
    match (same.next(), continued(name, names)) {
        (Some(same_kind), None) => same.next().is_none().then_some(*same_kind),
        (None, longer) => longer,
        (Some(_), Some(_)) => None,
    }
}

/// The one name that is this one with words behind or before it, or the beginning or the end of it.
pub(crate) fn continued<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let holds = |long: &str, short: &str| {
        let is_first = long.strip_prefix(short).is_some_and(|it| it.starts_with(BETWEEN));
        let is_last = long.strip_suffix(short).is_some_and(|it| it.ends_with(BETWEEN));
        MIN_CHARS <= short.chars().count() && (is_first || is_last)
    };
    let mut found = names.iter().filter(|it| holds(it, name) || holds(name, it));
    let only = found.next()?;
    found.next().is_none().then_some(*only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_word_for_the_kind_is_the_same_name_where_only_one_has_it() {
        let meant = |name: &str, names: &[&'static str], kind| {
            continued_or_of_kind(name, names, kind_words(kind))
        };
        let of_map =
            |name: &str, names: &[&'static str]| meant(name, names, ReferenceKind::ConfigMap);
        assert_eq!(of_map("api-configmap", &["api-config", "web-config"]), Some("api-config"));
        assert_eq!(of_map("review-api-cm", &["review-api-conf"]), Some("review-api-conf"));
        assert_eq!(of_map("api-config", &["api", "web"]), Some("api"));
        assert_eq!(
            meant("shop-db-creds", &["shop-db-secret", "shop-tls"], ReferenceKind::Secret),
            Some("shop-db-secret")
        );
        // Two of them, another kind's word, another name, too short.
        assert_eq!(of_map("api-configmap", &["api-config", "api-cm"]), None);
        assert_eq!(of_map("api-config", &["api-cfg", "api"]), None);
        assert_eq!(of_map("api-secret", &["api-config"]), None);
        assert_eq!(of_map("api-configmap", &["app-config"]), None);
        assert_eq!(of_map("a-cm", &["a-config"]), None);
    }

    #[test]
    fn a_name_that_goes_on_is_alike_and_one_of_two_is_not() {
        assert_eq!(continued("prom-rules", &["prom-rules-v2", "web"]), Some("prom-rules-v2"));
        assert_eq!(continued("media-data", &["media", "web"]), Some("media"));
        // Two of them, half a word, too short.
        assert_eq!(continued("prom", &["prom-a", "prom-b"]), None);
        assert_eq!(continued("prom", &["prometheus"]), None);
        assert_eq!(continued("db-data", &["db"]), None);
    }
}
