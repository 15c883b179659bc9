//! The image name is not a valid reference.
//!
//! ## What it looks for
//! A container that waits with `InvalidImageName` or `ImageInspectError`; what of the name is wrong, and the name
//! that was probably meant, with who runs it.
//!
//! ## What it does not see
//! A valid name that is not the one that was meant.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;
use crate::image_name::{broken, short};

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| {
        matches!(it.state.waiting.as_deref(), Some("InvalidImageName" | "ImageInspectError"))
    })?;
    let (name, image) = (&container.name, &container.image);
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    let (words, clue) = why(evidence, image);
    clues.extend(clue);
    clues.extend(wording::waiting(container));
    clues.extend(wording::rollout(evidence, &["image"]));
    Some(Diagnosis {
        fault: Fault::InvalidImageName,
        container: Some(name.clone()),
        cause: format!(
            "{image} is not a valid image name, so container {name} cannot be made{words}."
        ),
        clues,
        confidence: 0.99,
    })
}

/// What is wrong with the name and what was meant, as the end of a sentence, and who runs that.
fn why(evidence: &Evidence, image: &str) -> (String, Option<Clue>) {
    let Some(broken) = broken(image) else { return (String::new(), None) };
    let why = broken.why;
    let Some(meant) = broken.meant else { return (format!(": {why}"), None) };
    let runs = evidence.images.iter().find(|it| short(&it.image) == short(&meant));
    match runs {
        Some(it) => {
            let verb = if it.own { "ran ready before" } else { "runs ready" };
            let words =
                format!(": {why}; {meant}, which {verb} in {}, was probably meant", it.seen_in);
            let fact = format!("images[{}].seen_in", it.image);
            (words, Some(Clue::new(fact, &it.seen_in)))
        }
        None => (format!(": {why}; {meant} was probably meant"), None),
    }
}
