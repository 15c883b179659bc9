//! Events about the subject and what it owns.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use types::EventFacts;

use crate::redact::cut;
use crate::{Objects, Redactor};

/// More events than this say nothing new.
const MAX_EVENTS: usize = 50;
/// What a client puts before the newest of many messages that differ little.
const COMBINED: &str = "(combined from similar events): ";
/// Characters of a message that are kept.
const MAX_CHARS: usize = 1000;

/// Facts of the events, newest first.
pub(super) fn facts(objects: &Objects, redactor: &Redactor) -> Vec<EventFacts> {
    let mut events: Vec<_> = objects.events.iter().collect();
    events.sort_by_key(|it| std::cmp::Reverse((last_seen(it), it.metadata.name.clone())));
    events.into_iter().take(MAX_EVENTS).map(|it| event_facts(it, redactor)).collect()
}

fn event_facts(event: &Event, redactor: &Redactor) -> EventFacts {
    let word = |it: &Option<String>| it.clone().unwrap_or_default();
    let object = &event.involved_object;
    let series = event.series.as_ref().and_then(|it| it.count);
    let message = redactor.redact(message(event));
    EventFacts {
        type_: word(&event.type_),
        reason: word(&event.reason),
        message: cut(&message, MAX_CHARS).to_owned(),
        object: format!(
            "{} {}/{}",
            word(&object.kind),
            word(&object.namespace),
            word(&object.name)
        ),
        count: series.or(event.count).and_then(|it| u32::try_from(it).ok()).unwrap_or(1),
        first_seen: first_seen(event),
        last_seen: last_seen(event),
    }
}

/// The message of an event, without the words that say that several were put together.
pub(crate) fn message(event: &Event) -> &str {
    let message = event.message.as_deref().unwrap_or_default();
    message.strip_prefix(COMBINED).unwrap_or(message)
}

/// When an event was first seen; of a series, as far as it goes back.
fn first_seen(event: &Event) -> Option<Timestamp> {
    let first = event.first_timestamp.as_ref().map(|it| it.0);
    first.or(event.event_time.as_ref().map(|it| it.0))
}

/// When an event was last seen, by whichever of its clocks is set.
pub(crate) fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|it| it.last_observed_time.as_ref()).map(|it| it.0);
    let last = event.last_timestamp.as_ref().map(|it| it.0);
    let first = event.first_timestamp.as_ref().map(|it| it.0);
    let made = event.metadata.creation_timestamp.as_ref().map(|it| it.0);
    series.or(last).or(event.event_time.as_ref().map(|it| it.0)).or(first).or(made)
}
