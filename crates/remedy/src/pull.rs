//! Why an image cannot be pulled, and which tag of it the registry has instead.

use jiff::SignedDuration;
use types::{ContainerFacts, Evidence, PodFacts};

use crate::image::{Image, is_tag};
use crate::near::are_siblings;

/// Words of registries, runtimes and networks for a trouble that passes.
const PASSING: [&str; 12] = [
    "toomanyrequests",
    "too many requests",
    "429",
    "i/o timeout",
    "timed out",
    "deadline exceeded",
    "connection refused",
    "connection reset",
    "no such host",
    "temporary failure",
    "service unavailable",
    "bad gateway",
];

/// Reasons of a waiting container that are part of an ordinary start.
const ORDINARY_WAITS: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// A pull that takes longer than this is not waited for any more.
const LONGEST_PULL: SignedDuration = SignedDuration::from_hours(6);

/// Whether the image is still being pulled: nobody refused it.
pub(crate) fn is_under_way(container: &ContainerFacts) -> bool {
    container.state.waiting.as_deref().is_some_and(|it| ORDINARY_WAITS.contains(&it))
}

/// Whether the image has been pulled for hours, and is not there.
pub(crate) fn is_overdue(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let is_awaited =
        |it: &PodFacts| it.current && !it.ready && !it.terminating && it.phase == "Pending";
    let took = |it: &PodFacts| it.prepared_at.map(|at| evidence.taken_at.duration_since(at));
    let mut awaited = evidence.pods.iter().filter(|it| is_awaited(it)).filter_map(took);
    is_under_way(container) && awaited.any(|it| LONGEST_PULL <= it)
}

/// Whether the image cannot be pulled for a reason that passes, or is not pulled yet.
pub(crate) fn passes_by_itself(container: &ContainerFacts) -> bool {
    if is_under_way(container) {
        return true;
    }
    let said = container.state.waiting_message.as_deref().unwrap_or_default().to_lowercase();
    PASSING.iter().any(|it| said.contains(it))
}

/// Whether its node asks the registry at all (`imagePullPolicy: Never`).
pub(crate) fn is_pulled(container: &ContainerFacts) -> bool {
    container.state.waiting.as_deref() != Some("ErrImageNeverPull")
}

/// The tag that the registry has and that was meant here, where it may be put at all: never `latest`, never another
/// number.
pub(crate) fn meant_tag<'a>(
    container: &ContainerFacts,
    wanted: &Image<'_>,
    evidence: &'a Evidence,
) -> Option<&'a str> {
    let listed = evidence.registry_tags.as_ref()?;
    let meant = listed.meant.as_deref()?;
    let is_its = listed.container == container.name && listed.repository == wanted.repository;
    let is_there = is_tag(meant) && meant != "latest" && listed.tags.iter().any(|it| it == meant);
    let is_slip = is_pulled(container)
        && wanted.digest.is_none()
        && wanted.tag.is_some_and(|it| it != meant && !are_siblings(it, meant));
    (is_its && is_there && is_slip).then_some(meant)
}
