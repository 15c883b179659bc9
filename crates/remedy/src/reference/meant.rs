//! What was meant by another word for the same thing.

use types::kind_words::{LEAST_STEM, OF_CLAIMS, OF_CONFIG_MAPS, differ_in_kind_word};
use types::{ReferenceFacts, ReferenceKind};

use crate::near::are_swapped;

/// What others call those that most machines are of.
const SYNONYMS: [(&str, &str); 7] = [
    ("x86_64", "amd64"),
    ("x86-64", "amd64"),
    ("x64", "amd64"),
    ("aarch64", "arm64"),
    ("armv8", "arm64"),
    ("arm64v8", "arm64"),
    ("arm64-v8a", "arm64"),
];
/// The architecture that nodes have and that this label calls by another name: no node anywhere has that one.
pub(crate) fn synonym(reference: &ReferenceFacts) -> Option<&str> {
    let is_arch = reference.kind == ReferenceKind::NodeLabelValue
        && reference.key.as_deref() == Some("kubernetes.io/arch");
    let meant = reference.meant.as_deref().filter(|_| is_arch)?;
    let wrong = reference.name.to_ascii_lowercase();
    SYNONYMS.contains(&(wrong.as_str(), meant)).then_some(meant)
}

/// What is there under the same name with another word for its kind, or without one, where the one that is named is
/// not: a ConfigMap that is nobody else's, or a claim that nobody uses.
pub(crate) fn of_kind(reference: &ReferenceFacts) -> Option<&str> {
    let (words, is_open) = match reference.kind {
        ReferenceKind::ConfigMap => (OF_CONFIG_MAPS, !reference.is_about_key()),
        ReferenceKind::Claim => (OF_CLAIMS, reference.vouched.is_some()),
        ReferenceKind::Secret
        | ReferenceKind::ServiceAccount
        | ReferenceKind::PriorityClass
        | ReferenceKind::RuntimeClass
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler
        | ReferenceKind::NodeLabelKey
        | ReferenceKind::NodeLabelValue => return None,
    };
    let is_known = reference.exists == Some(false)
        && reference.near_miss.is_none()
        && reference.belongs_to.is_none();
    let meant = reference.meant.as_deref().filter(|_| is_open && is_known)?;
    differ_in_kind_word(&reference.name, meant, words).then_some(meant)
}

/// Whether a ConfigMap that is there has the name of the one that is not, with the word for its kind in another place,
/// and a ready workload of the same group reads it.
pub(crate) fn is_turned_round(reference: &ReferenceFacts, near: &str) -> bool {
    let is_vouched = reference.vouched.is_some() && reference.belongs_to.is_none();
    let is_known = reference.exists == Some(false) && reference.near_miss.as_deref() == Some(near);
    reference.kind == ReferenceKind::ConfigMap
        && !reference.is_about_key()
        && is_vouched
        && is_known
        && differ_in_place_of_kind_word(&reference.name, near, OF_CONFIG_MAPS)
}

/// Whether two names are one but for the place of the word that says what kind of thing it is: `config-web` and
/// `web-config`. Other words in another order may say something else: `eu-to-us` and `us-to-eu`.
fn differ_in_place_of_kind_word(left: &str, right: &str, words: &[&str]) -> bool {
    let stem = |it: &str| -> Option<(String, String)> {
        let all: Vec<&str> = it.split(['-', '_', '.']).collect();
        let (first, last) = (*all.first()?, *all.last()?);
        let (kind, rest) = match (words.contains(&first), words.contains(&last)) {
            (true, false) => (first, all.get(1..)?),
            (false, true) => (last, all.get(..all.len() - 1)?),
            (true, true) | (false, false) => return None,
        };
        Some((kind.to_owned(), rest.join("-")))
    };
    let own = stem(left).filter(|it| LEAST_STEM <= it.1.chars().count());
    are_swapped(left, right) && own.is_some() && own == stem(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_the_kind_in_another_place_is_told_from_words_that_changed_places() {
        let words = ["config", "cfg"];
        for (left, right) in [("config-web", "web-config"), ("web-api-cfg", "cfg-web-api")] {
            assert!(differ_in_place_of_kind_word(left, right, &words), "{left} {right}");
            assert!(differ_in_place_of_kind_word(right, left, &words), "{right} {left}");
        }
        for (left, right) in [
            ("web-config", "web-config"),
            ("api-web-config", "web-api-config"),
            ("config-api-web", "web-api-config"),
            ("config-web", "web-cfg"),
            ("web-config-eu", "config-web-eu"),
            ("config-web-config", "web-config-config"),
            ("config-a", "a-config"),
            ("secret-web", "web-secret"),
        ] {
            assert!(!differ_in_place_of_kind_word(left, right, &words), "{left} {right}");
        }
    }
}
