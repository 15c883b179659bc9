//! What a probe asks for, where its container has nearly the same elsewhere.

use types::{Clue, ContainerFacts, ProbeFacts, SpotTopic};

use super::Failure;

/// With what was probably meant, where the template tells.
pub(super) fn otherwise(
    failure: Failure,
    container: &ContainerFacts,
    probe: &ProbeFacts,
) -> Failure {
    let mut spots = container.spots.iter().filter(|it| it.topic == SpotTopic::Probe);
    let own = format!("/{}/", probe.kind.field());
    let is_meant = |path: &str| path.contains(&own) || !path.contains("Probe/");
    let Some(spot) = spots.find(|it| is_meant(&it.path)) else { return failure };
    let clue = Clue::new(spot.path.clone(), &spot.value);
    let words = format!("{}{}", failure.words, spot.words);
    Failure { words, start: Some((clue, true)), ..failure }
}
