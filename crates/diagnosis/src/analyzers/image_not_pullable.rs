//! The image may exist, but it cannot be pulled: denied, throttled or out of reach.
//!
//! ## What it looks for
//! A container that waits for its image, with a message about access, limits or the network.
//!
//! ## What it does not see
//! Whether credentials are wrong or the image is private by mistake: Secrets are not read.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;

/// What a message says, and what it means.
const MEANINGS: [(&str, &str); 17] = [
    ("toomanyrequests", "the registry throttles pulls"),
    ("too many requests", "the registry throttles pulls"),
    ("429", "the registry throttles pulls"),
    ("pull rate limit", "the registry throttles pulls"),
    ("unauthorized", "the registry wants credentials that the pod does not have"),
    ("authentication required", "the registry wants credentials that the pod does not have"),
    ("denied", "the registry denies access, or has no such repository"),
    ("authorization failed", "the registry denies access, or has no such repository"),
    ("403 forbidden", "the registry denies access"),
    ("no such host", "the registry's name cannot be resolved"),
    ("connection refused", "the registry refuses connections"),
    ("i/o timeout", "the registry does not answer"),
    ("deadline exceeded", "the registry does not answer"),
    ("network is unreachable", "the registry cannot be reached"),
    ("tls: ", "the registry's certificate is not trusted"),
    ("x509", "the registry's certificate is not trusted"),
    ("no match for platform", "the image is not made for this kind of node"),
];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, message) = wording::unpulled(evidence)?;
    let words = message.to_lowercase();
    // "not found" decides: a registry that says so has answered.
    if words.contains(": not found") {
        return None;
    }
    let meaning = MEANINGS.iter().find(|it| words.contains(it.0))?.1;
    let (name, image) = (&container.name, &container.image);
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    clues.extend(wording::waiting(container));
    if container.state.waiting_message.as_deref() != Some(message) {
        clues.push(Clue::new("events[Failed].message", message));
    }
    Some(Diagnosis {
        fault: Fault::ImageNotPullable,
        container: Some(name.clone()),
        cause: format!("Image {image} of container {name} cannot be pulled: {meaning}."),
        clues,
        confidence: 0.9,
    })
}
