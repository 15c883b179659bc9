//! The registry has no such repository or no such tag.
//!
//! ## What it looks for
//! A container that waits for its image, with a message that says that it is not there.
//!
//! ## What it does not see
//! A registry that answers "denied" for what does not exist; then access and absence look alike.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, message) = wording::unpulled(evidence)?;
    let never = container.state.waiting.as_deref() == Some("ErrImageNeverPull");
    let name = &container.name;
    let image = &container.image;
    let cause = if never {
        format!("Container {name} may not pull image {image}, and its node does not have it.")
    } else {
        format!("The registry does not have image {image} of container {name}.")
    };
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    clues.extend(wording::waiting(container));
    clues.extend(wording::rollout(evidence));
    Some(Diagnosis {
        fault: Fault::ImageNotFound,
        container: Some(name.clone()),
        cause,
        clues,
        // Without a message that says so it is the likeliest of several reasons.
        confidence: if message.contains("not found") || never { 0.98 } else { 0.7 },
    })
}
