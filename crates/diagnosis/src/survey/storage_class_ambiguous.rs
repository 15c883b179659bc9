//! Several storage classes are the default.
//!
//! ## What it looks for
//! More than one class with the annotation of the default. The newest decides, which nobody sees in a manifest.
//!
//! ## What it does not see
//! Which of them was meant.

use k8s_openapi::api::storage::v1::StorageClass;
use types::{Clue, ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, name, subject};
use super::words::{entry, listed};

/// Mark the class that a claim without one gets; the second is old and still holds.
const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// Classes that are shown with when they were made, the newest first.
const MAX_SHOWN: usize = 5;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let classes = scene.all.storage_classes.iter().flatten();
    let mut defaults: Vec<_> = classes.filter(|it| is_default(it)).collect();
    // The newest decides; of several of the same second the first by name.
    defaults.sort_by_key(|it| {
        let made = it.metadata.creation_timestamp.as_ref().map(|it| it.0);
        (std::cmp::Reverse(made), name(&it.metadata))
    });
    let [newest, _, ..] = defaults.as_slice() else { return vec![] };
    let mut names: Vec<_> = defaults.iter().map(|it| name(&it.metadata).to_owned()).collect();
    names.sort();
    let cause = format!(
        "{} storage classes are the default: {}; the newest, {}, decides.",
        names.len(),
        listed(&names),
        name(&newest.metadata)
    );
    let fault = cluster(ClusterFault::StorageClassAmbiguous);
    let finding =
        Finding::new(subject("StorageClass", &newest.metadata), Severity::Warning, fault, cause);
    let field = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
    let made = |it: &StorageClass| {
        let made = it.metadata.creation_timestamp.as_ref().map(|it| it.0.to_string());
        made.unwrap_or_else(|| "unknown".to_owned())
    };
    let shown = defaults.iter().take(MAX_SHOWN).map(|it| {
        Clue::new(format!("StorageClass {}.creationTimestamp", name(&it.metadata)), &made(it))
    });
    let finding = finding.clue(field, "true").at(field);
    vec![Finding { clues: finding.clues.iter().cloned().chain(shown).collect(), ..finding }]
}

/// Whether claims without a class get this one.
pub(super) fn is_default(class: &StorageClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    DEFAULT.iter().any(|it| entry(annotations, it) == Some("true"))
}
