//! What was meant by another word for the same thing.

use types::kind_words::{OF_CLAIMS, OF_CONFIG_MAPS, differ_in_kind_word};
use types::{ReferenceFacts, ReferenceKind};

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
