//! Calls of a webhook that failed, in the words of the API server.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use types::Subject;

use super::Trouble;
use crate::Webhook;
use crate::confidence;
use crate::survey::scene::{Scene, last_seen};
use crate::survey::words::quoted;

/// What the API server says, what that means, and the member of the webhook's `clientConfig` that it is about.
const MEANINGS: [(&str, &str, &str); 12] = [
    ("x509:", "the API server does not trust its certificate", "/caBundle"),
    ("tls:", "the API server does not trust its certificate", "/caBundle"),
    ("no service port", "its Service has no such port", "/service/port"),
    ("no endpoints available", "nobody is ready behind its Service", "/service/name"),
    ("gave http response to https", "it speaks no TLS on that port", "/service/port"),
    ("could not find the requested resource", "it answers nothing on that path", "/service/path"),
    ("connection refused", "nobody listens on that port", "/service/port"),
    ("no such host", "its host is not known by that name", "/service"),
    ("no route to host", "its host cannot be reached", "/service"),
    ("network is unreachable", "its host cannot be reached", "/service"),
    ("deadline exceeded", "it does not answer in time", "/service"),
    ("timeout", "it does not answer in time", "/service"),
];

/// What the API server says about a Service, its port and its pods: that is seen in the objects themselves.
const SEEN: [&str; 2] = ["no service port", "no endpoints available"];

/// The webhooks that a message says could not be called: those of the name that it tells, and where several
/// configurations have one, those of the address that was asked.
pub(in crate::survey) fn called<'w>(message: &str, webhooks: &'w [Webhook]) -> Vec<&'w Webhook> {
    let Some((_, rest)) = message.split_once("failed calling webhook \"") else { return vec![] };
    let Some((name, rest)) = rest.split_once('"') else { return vec![] };
    let named: Vec<_> = webhooks.iter().filter(|it| it.name == name).collect();
    let asked = rest.split_once("Post \"").and_then(|it| it.1.split_once("://"));
    let asked = asked.and_then(|it| it.1.split(['/', '?', '"']).next()).unwrap_or_default();
    let at: Vec<_> = named.iter().filter(|it| is_at(it, asked)).copied().collect();
    if at.is_empty() { named } else { at }
}

/// Whether a webhook is asked at this host and port.
fn is_at(webhook: &Webhook, asked: &str) -> bool {
    match &webhook.service {
        Some((space, name, port)) => {
            let host = format!("{name}.{space}.svc");
            asked == host || asked == format!("{host}:{port}")
        }
        None => webhook.host.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(asked)),
    }
}

/// A call that failed: where that is said, and what is said.
pub(super) struct Failure {
    fact: String,
    why: String,
}

/// A webhook: kind and name of its configuration, and its place there.
type Key<'a> = (&'a str, &'a str, usize);

/// The failed calls of webhooks.
pub(super) struct Failures<'a>(BTreeMap<Key<'a>, Failure>);

impl Failures<'_> {
    /// That of this one.
    pub(super) fn of<'s>(&'s self, webhook: &'s Webhook) -> Option<&'s Failure> {
        self.0.get(&key(webhook))
    }
}

fn key(webhook: &Webhook) -> Key<'_> {
    (&webhook.kind, &webhook.configuration, webhook.index)
}

/// The newest failed call of each webhook: as recent events tell, and else what workloads suffer from. A condition of
/// a workload keeps the words of the first failure, an event has those of the last.
pub(super) fn failures<'a>(scene: &Scene<'a>) -> Failures<'a> {
    let webhooks = scene.all.webhooks.as_deref().unwrap_or_default();
    let mut events: Vec<_> = scene.all.events.iter().filter(|it| scene.is_recent(it)).collect();
    events.sort_by_key(|it| (Reverse(last_seen(it)), &it.metadata.name));
    let mut failures = BTreeMap::new();
    let mut add = |message: &str, fact: String| {
        for webhook in called(message, webhooks) {
            let failure = || Failure { fact: fact.clone(), why: why(message, scene) };
            failures.entry(key(webhook)).or_insert_with(failure);
        }
    };
    for event in events {
        let fact = format!("events[{}].message", event.reason.as_deref().unwrap_or_default());
        add(event.message.as_deref().unwrap_or_default(), fact);
    }
    for finding in &scene.workload_findings {
        for clue in &finding.clues {
            add(&clue.value, format!("{}.{}", finding.subject, clue.fact));
        }
    }
    Failures(failures)
}

/// What went wrong, without the address that was asked.
fn why(message: &str, scene: &Scene<'_>) -> String {
    let after = message.split_once("failed to call webhook: ").map_or(message, |it| it.1);
    let after = if after.starts_with("Post \"") {
        after.split_once("\": ").map_or(after, |it| it.1)
    } else {
        after
    };
    quoted(after, scene)
}

/// The trouble of a webhook that could not be called though its Service looks well now; `None` where the words
/// are about a Service that did not look well then.
pub(super) fn trouble(webhook: &Webhook, failure: &Failure, scene: &Scene<'_>) -> Option<Trouble> {
    let words = failure.why.to_lowercase();
    let was_seen = webhook.service.is_some() && scene.all.services.is_some();
    let is_about_service =
        words.starts_with("service \"") || SEEN.iter().any(|it| words.contains(it));
    if was_seen && is_about_service {
        return None;
    }
    let meaning = MEANINGS.iter().find(|it| words.contains(it.0));
    let client = format!("/webhooks/{}/clientConfig", webhook.index);
    let field = match (meaning, &webhook.service) {
        (Some(meaning), Some(_)) => format!("{client}{}", meaning.2),
        (Some(("x509:" | "tls:", _, member)), None) => format!("{client}{member}"),
        (_, None) => format!("{client}/url"),
        (None, Some(_)) => format!("{client}/service"),
    };
    let at = webhook.host.as_ref().map(|it| format!(" at {}", scene.redact(it)));
    let begin = format!("The API server cannot call it{}", at.unwrap_or_default());
    let cause = match meaning {
        Some((_, meaning, _)) => format!("{begin}: {meaning}"),
        None => format!("{begin}: {}", failure.why),
    };
    // What the Service itself cannot help is none of its doing.
    let is_its_own = meaning.is_some_and(|it| matches!(it.2, "/caBundle" | "/service/path"));
    let service = webhook.service.as_ref().filter(|_| !is_its_own);
    let causes = service.map(|it| Subject::new("Service", it.0.clone(), it.1.clone()));
    Some(Trouble {
        cause,
        field,
        clues: vec![(failure.fact.clone(), failure.why.clone())],
        causes: causes.into_iter().collect(),
        meant: None,
        sure: if meaning.is_some() { confidence::READ } else { confidence::FOLLOWS },
    })
}
