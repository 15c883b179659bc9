//! The field of the template that the words of a container are about, by what they tell of.

use types::{Clue, ContainerFacts, Evidence, SpotFacts, SpotTopic};

use super::wording;
use crate::evidence::address_in;
use crate::log::reading::{Reading, Trouble};

/// What the template has to do with what the log of a container says.
pub(super) fn of<'c>(
    container: &'c ContainerFacts,
    reading: Option<&Reading<'_>>,
) -> Option<&'c SpotFacts> {
    let on = |topic: SpotTopic| container.spots.iter().find(|it| it.topic == topic);
    // What was never put in explains whatever comes of it.
    let known = || on(topic(reading?.trouble)?);
    let first = on(SpotTopic::Expansion).or_else(|| outdated(container));
    first.or_else(known).or_else(|| on(SpotTopic::Variable))
}

/// That a ConfigMap says something else since the container took from it what it fails by.
pub(super) fn outdated(container: &ContainerFacts) -> Option<&SpotFacts> {
    container.spots.iter().find(|it| it.topic == SpotTopic::Outdated)
}

/// The field by which it took that.
pub(super) fn outdated_clue(container: &ContainerFacts) -> Option<Clue> {
    let fact = wording::fact(container, "outdated");
    outdated(container).map(|it| Clue::new(fact, &it.path))
}

/// The key of a ConfigMap that holds what would have to change, with what stands there by the words of the program.
pub(super) fn source(
    evidence: &Evidence,
    container: &ContainerFacts,
    reading: Option<&Reading<'_>>,
) -> Option<Clue> {
    let key = of(container, reading)?.key.as_ref()?;
    let space = &evidence.subject.namespace;
    let name = key.key.replace('~', "~0").replace('/', "~1");
    let words = reading.map_or_else(|| "stands in its last words".to_owned(), Reading::words);
    Some(Clue::new(format!("ConfigMap {space}/{} /data/{name}", key.config_map), &words))
}

/// The field as a clue.
pub(super) fn clue(container: &ContainerFacts, reading: Option<&Reading<'_>>) -> Option<Clue> {
    of(container, reading).map(|it| Clue::new(it.path.clone(), &it.value))
}

/// Where the address stands that it waits for.
pub(super) fn needs(container: &ContainerFacts) -> Option<Clue> {
    let needs = container.spots.iter().find(|it| it.topic == SpotTopic::Needs);
    needs.map(|it| Clue::new(it.path.clone(), &it.value))
}

/// What it means, as the end of a sentence.
pub(super) fn words<'c>(container: &'c ContainerFacts, reading: Option<&Reading<'_>>) -> &'c str {
    of(container, reading).map_or("", |it| it.words.as_str())
}

/// The host that it probably calls, by the one variable that names any.
pub(super) fn host(container: &ContainerFacts, reading: &Reading<'_>) -> Option<String> {
    let spot = of(container, Some(reading)).filter(|_| reading.lacks_host())?;
    let is_of_host = spot.topic == SpotTopic::Needs;
    is_of_host.then(|| address_in(&spot.value).unwrap_or_else(|| spot.value.clone()))
}

/// Where the program was told to listen, and not where a probe asks.
pub(super) fn listens(container: &ContainerFacts) -> Option<&SpotFacts> {
    let on = |topic: SpotTopic| container.spots.iter().find(|it| it.topic == topic);
    on(SpotTopic::Loopback).or_else(|| on(SpotTopic::Listens))
}

fn topic(trouble: Trouble) -> Option<SpotTopic> {
    match trouble {
        Trouble::ReadOnly | Trouble::DiskFull => Some(SpotTopic::ReadOnly),
        Trouble::Denied | Trouble::Mode => Some(SpotTopic::Denied),
        Trouble::InUse => Some(SpotTopic::InUse),
        Trouble::File
        | Trouble::Unopened
        | Trouble::Malformed
        | Trouble::Config
        | Trouble::Platform
        | Trouble::Argument
        | Trouble::Command
        | Trouble::Flag
        | Trouble::Memory
        | Trouble::Module
        | Trouble::Part
        | Trouble::NotEmpty
        | Trouble::Rejected
        | Trouble::HostKey
        | Trouble::Syntax
        | Trouble::Database
        | Trouble::Role
        | Trouble::Anonymous
        | Trouble::Script => Some(SpotTopic::Program),
        Trouble::Unresolved | Trouble::Refused | Trouble::Unanswered => Some(SpotTopic::Needs),
        Trouble::Barred
        | Trouble::Schema
        | Trouble::Ungranted
        | Trouble::Crowded
        | Trouble::Forbidden
        | Trouble::Certificate => None,
        Trouble::Unset => Some(SpotTopic::Variable),
    }
}
