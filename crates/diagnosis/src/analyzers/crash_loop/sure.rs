//! How sure it is what ends a container.

use types::{ContainerFacts, ContainerRole};

use super::words;
use crate::confidence;

/// How sure it is what ends it: by what it says of it itself, by its last words whatever they mean, by how it ends.
pub(super) fn sure(container: &ContainerFacts, is_said: bool) -> f64 {
    let is_worker = container.sidecar || container.role == ContainerRole::App;
    match container.state.exit_code {
        _ if is_said => confidence::WORDED,
        // What has nothing to do ends by itself.
        Some(0) if is_worker => confidence::LIKELY,
        // Who kills it is not seen.
        Some(137 | 143) => confidence::STOPPED,
        _ if words(container).is_some() => confidence::FOLLOWS,
        Some(_) => confidence::SYMPTOM,
        None => confidence::UNSEEN,
    }
}
