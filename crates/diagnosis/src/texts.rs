//! What the ConfigMaps of a failing workload say, while its evidence is made: searched for the words of a log, and
//! dropped.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::ConfigMap;

/// Bytes of one ConfigMap that are searched.
const MAX_BYTES: usize = 256 * 1024;
/// Keys of one ConfigMap that are searched.
const MAX_KEYS: usize = 64;

/// The texts of one ConfigMap, by its keys: as many as are searched.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<String, String>);

impl Texts {
    /// The first texts of a ConfigMap that are small enough together; nothing of what is binary.
    pub fn of(map: &ConfigMap) -> Self {
        let mut left = MAX_BYTES;
        let mut texts = BTreeMap::new();
        for (key, text) in map.data.iter().flatten().take(MAX_KEYS) {
            if text.len() <= left {
                left -= text.len();
                texts.insert(key.clone(), text.clone());
            }
        }
        Self(texts)
    }

    /// What this key says.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Every key, with what it says.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|it| (it.0.as_str(), it.1.as_str()))
    }
}

/// Without what they say: a text may hold a password, and what is shown of a value may reach a log.
impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(data: impl IntoIterator<Item = (String, String)>) -> Texts {
        let data = Some(data.into_iter().collect());
        Texts::of(&ConfigMap { data, ..ConfigMap::default() })
    }

    #[test]
    fn what_is_searched_is_bounded() {
        let long = |length| "x".repeat(length);
        let three = [("a", 200), ("b", 100), ("c", 50)];
        let kept = texts(three.map(|it| (it.0.to_owned(), long(it.1 * 1024))));
        assert_eq!(kept.iter().map(|it| it.0).collect::<Vec<_>>(), ["a", "c"]);

        let many = texts((0..100).map(|it| (format!("{it:03}"), long(1))));
        assert_eq!(many.iter().count(), MAX_KEYS);
    }

    #[test]
    fn what_it_says_is_not_shown_to_who_debugs() {
        let shown = format!("{:?}", texts([("url".to_owned(), "pg://u:hunter2@db".to_owned())]));
        assert_eq!(shown, r#"{"url"}"#);
    }
}
