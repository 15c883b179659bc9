//! The field of the template that the words of a container are about, by what they tell of.

use types::{Clue, ContainerFacts, SpotFacts, SpotTopic};

use super::log_reading::{Reading, Trouble};

/// What the template has to do with what the log of a container says.
pub(super) fn of<'c>(
    container: &'c ContainerFacts,
    reading: Option<&Reading<'_>>,
) -> Option<&'c SpotFacts> {
    let on = |topic: SpotTopic| container.spots.iter().find(|it| it.topic == topic);
    // What was never put in explains whatever comes of it.
    on(SpotTopic::Expansion).or_else(|| on(topic(reading?.trouble)?))
}

/// The field as a clue.
pub(super) fn clue(container: &ContainerFacts, reading: Option<&Reading<'_>>) -> Option<Clue> {
    of(container, reading).map(|it| Clue::new(it.path.clone(), &it.value))
}

/// What it means, as the end of a sentence.
pub(super) fn words<'c>(container: &'c ContainerFacts, reading: Option<&Reading<'_>>) -> &'c str {
    of(container, reading).map_or("", |it| it.words.as_str())
}

/// Where the program was told to listen, and not where a probe asks.
pub(super) fn listens(container: &ContainerFacts) -> Option<&SpotFacts> {
    let on = |topic: SpotTopic| container.spots.iter().find(|it| it.topic == topic);
    on(SpotTopic::Loopback).or_else(|| on(SpotTopic::Listens))
}

fn topic(trouble: Trouble) -> Option<SpotTopic> {
    match trouble {
        Trouble::ReadOnly | Trouble::DiskFull => Some(SpotTopic::ReadOnly),
        Trouble::Denied => Some(SpotTopic::Denied),
        Trouble::InUse => Some(SpotTopic::InUse),
        Trouble::File | Trouble::Malformed | Trouble::Config | Trouble::Platform => {
            Some(SpotTopic::Program)
        }
        Trouble::Unresolved | Trouble::Refused | Trouble::Unanswered => Some(SpotTopic::Needs),
        Trouble::Barred
        | Trouble::Argument
        | Trouble::Rejected
        | Trouble::Database
        | Trouble::Schema
        | Trouble::Forbidden
        | Trouble::Certificate
        | Trouble::Module
        | Trouble::Command
        | Trouble::Unset
        | Trouble::Flag
        | Trouble::Syntax
        | Trouble::Memory => None,
    }
}
