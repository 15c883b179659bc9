//! The image name is not a valid reference.
//!
//! ## What it looks for
//! A container that waits with `InvalidImageName` or `ImageInspectError`; what of the name is wrong, and the name
//! that was probably meant, with who runs it.
//!
//! ## What it does not see
//! A valid name that is not the one that was meant.

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault};

use super::wording;
use crate::image_name::{broken, short};
use crate::redact::shortened;

/// Characters of what the runtime says that are quoted.
const MAX_SAID: usize = 200;

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
        cause: if is_valid(container) {
            let said = container.state.waiting_message.as_deref().map(said).unwrap_or_default();
            format!(
                "The runtime of its node cannot tell what image {image} of container {name} is{said}."
            )
        } else {
            format!("{image} is not a valid image name, so container {name} cannot be made{words}.")
        },
        clues,
        confidence: if is_valid(container) { 0.7 } else { 0.99 },
    })
}

/// Whether only the runtime stumbles over the name, and nothing is known to be wrong with it.
fn is_valid(container: &ContainerFacts) -> bool {
    container.state.waiting.as_deref() == Some("ImageInspectError")
        && broken(&container.image).is_none()
}

/// What the runtime says, on one line, as the end of a sentence.
fn said(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = shortened(&line, MAX_SAID);
    if line.is_empty() { line } else { format!(": {}", line.trim_end_matches('.')) }
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
