//! The image may exist, but it cannot be pulled: denied, throttled, out of reach or made for other nodes.
//!
//! ## What it looks for
//! A container that waits for its image, with a message about access, limits, the network or the processor. Where the
//! repository or its registry may be misspelt, one with nearly the same name that runs here is named, else one that a
//! node holds.
//!
//! ## What it does not see
//! Whether credentials are wrong or the image is private by mistake: Secrets are not read.

use types::{Clue, Diagnosis, Evidence, Fault, ReferenceKind};

use super::pull_reading::{self, Pull};
use super::wording;
use crate::confidence;
use crate::evidence::{Held, instead};

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, message) = wording::unpulled(evidence)?;
    let image = &container.image;
    let pull = pull_reading::read(message, image).filter(|it| !it.is_absence())?;
    let mut cause = format!(
        "Image {image} of {} cannot be pulled: {}",
        wording::named(container),
        pull.words()
    );
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    if matches!(pull, Pull::Private | Pull::Credentials | Pull::Denied) {
        let missing = wording::missing_pull_secret(evidence, &container.pod);
        let (more, clue) = missing
            .map_or_else(|| access(evidence, image, pull), |(words, clue)| (words, Some(clue)));
        cause.push_str(&more);
        clues.extend(clue);
    } else if pull == Pull::Unresolved
        && let Some((more, clue)) = another_repository(evidence, image)
    {
        cause.push_str(&more);
        clues.push(clue);
    }
    cause.push('.');
    clues.extend(wording::waiting(container));
    if container.state.waiting_message.as_deref() != Some(message) {
        clues.push(Clue::new("events[Failed].message", message));
    }
    clues.extend(wording::rollout(evidence, &["image", "imagePullSecrets"]));
    Some(Diagnosis {
        fault: Fault::ImageNotPullable,
        container: Some(container.name.clone()),
        cause,
        clues,
        confidence: if pull == Pull::Private { confidence::FOLLOWS } else { confidence::SEEN },
    })
}

/// Which image was probably meant, or which Secret the pod pulls with.
fn access(evidence: &Evidence, image: &str, pull: Pull) -> (String, Option<Clue>) {
    let near = pull_reading::meant(evidence, image).filter(|it| !it.own && pull == Pull::Private);
    if let Some(near) = near {
        let more = format!("; {} runs in {} and was probably meant", near.image, near.seen_in);
        return (more, Some(Clue::new(format!("images[{}].seen_in", near.image), &near.seen_in)));
    }
    if pull == Pull::Private
        && let Some((more, clue)) = another_repository(evidence, image)
    {
        return (more, Some(clue));
    }
    let secret = evidence
        .references
        .iter()
        .find(|it| it.kind == ReferenceKind::Secret && it.path.contains("/imagePullSecrets/"));
    match secret {
        Some(it) => {
            let near = it.near_miss.as_ref();
            let near = near.map(|it| format!(", and there is {it}")).unwrap_or_default();
            (
                format!("; the pod pulls with Secret {}{near}", it.name),
                Some(Clue::new(&it.path, &it.name)),
            )
        }
        None => ("; the template names no imagePullSecrets".to_owned(), None),
    }
}

/// The repository of an image that a node holds, where that is what was probably meant: of tags nobody says
/// anything yet.
fn another_repository(evidence: &Evidence, image: &str) -> Option<(String, Clue)> {
    let held =
        instead(evidence, image).filter(|it| matches!(it, Held::Repository(_) | Held::Whole(_)));
    held.map(|it| wording::held(it, image))
}
