//! When what the template refers to was changed.

use jiff::{SignedDuration, Timestamp};
use types::ReferenceKind;

use crate::{ConfigMapKeys, Objects};

/// What is installed together comes in any order within this time.
const TOGETHER: SignedDuration = SignedDuration::from_secs(30);

/// When values of a ConfigMap were last written, unless that was when the subject was made, or before: what is
/// installed together was not changed.
pub(super) fn changed_at(objects: &Objects, kind: ReferenceKind, name: &str) -> Option<Timestamp> {
    let mut maps = objects.config_maps.iter().flatten();
    let is_it = |it: &&ConfigMapKeys| kind == ReferenceKind::ConfigMap && it.name == name;
    let changed = maps.find(is_it)?.changed_at?;
    let made = objects.root.metadata().creation_timestamp.as_ref()?.0;
    (made + TOGETHER < changed).then_some(changed)
}
