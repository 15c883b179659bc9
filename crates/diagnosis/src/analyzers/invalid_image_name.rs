//! The image name is not a valid reference.
//!
//! ## What it looks for
//! A container that waits with `InvalidImageName` or `ImageInspectError`.
//!
//! ## What it does not see
//! A valid name that is not the one that was meant.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| {
        matches!(it.state.waiting.as_deref(), Some("InvalidImageName" | "ImageInspectError"))
    })?;
    let (name, image) = (&container.name, &container.image);
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    clues.extend(wording::waiting(container));
    clues.extend(wording::rollout(evidence, &["image"]));
    Some(Diagnosis {
        fault: Fault::InvalidImageName,
        container: Some(name.clone()),
        cause: format!("{image} is not a valid image name, so container {name} cannot be made."),
        clues,
        confidence: 0.99,
    })
}
