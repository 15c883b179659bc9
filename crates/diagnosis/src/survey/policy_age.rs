//! When a network policy was made or last changed, for a finding about it: a fact for the reader, and no proof.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use types::{Finding, Subject};

use super::scene::{Scene, is_ready, name, subject};

/// How long before its trouble a change is news.
const NEWS: SignedDuration = SignedDuration::from_hours(1);
/// What is said of pods that crash or whose probe fails, again and again.
const REASONS: [&str; 2] = ["BackOff", "Unhealthy"];

/// The finding with the time at which its policy was written, where that was right before the trouble began.
pub(super) fn told(finding: Finding, begin: Option<Timestamp>, scene: &Scene<'_>) -> Finding {
    let mut policies = scene.policies(&finding.subject.namespace);
    let policy = policies.find(|it| name(&it.metadata) == finding.subject.name);
    let written = policy.and_then(written).zip(begin);
    let is_news = |at: Timestamp, begin: Timestamp| at <= begin && begin.duration_since(at) < NEWS;
    let Some(((at, how), _)) = written.filter(|((at, _), begin)| is_news(*at, *begin)) else {
        return finding;
    };
    finding.clue("written", &format!("it was {how} at {at}"))
}

/// When these workloads began to fail, by the first that is told of their pods.
pub(super) fn begin(workloads: &[&Subject], scene: &Scene<'_>) -> Option<Timestamp> {
    let pods = workloads.iter().flat_map(|it| scene.pods_of(it)).filter(|it| !is_ready(it));
    let begins = pods.filter_map(|pod| {
        let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
        let unready = conditions.filter(|it| it.type_ == "Ready" && it.status == "False");
        let lost = unready.filter_map(|it| it.last_transition_time.as_ref()).map(|it| it.0);
        let about = subject("Pod", &pod.metadata);
        let said: Vec<_> = scene.events(&about).iter().filter_map(|it| first_seen(it)).collect();
        lost.chain(said).min()
    });
    begins.min()
}

fn first_seen(event: &Event) -> Option<Timestamp> {
    let is_trouble = event.reason.as_deref().is_some_and(|it| REASONS.contains(&it));
    let first = event.first_timestamp.as_ref().map(|it| it.0);
    first.or(event.event_time.as_ref().map(|it| it.0)).filter(|_| is_trouble)
}

/// When a policy was last written, and whether it was made then. A writer of its labels has written its rules as well
/// as far as the API server tells.
fn written(policy: &NetworkPolicy) -> Option<(Timestamp, &'static str)> {
    let made = policy.metadata.creation_timestamp.as_ref()?.0;
    let writers = policy.metadata.managed_fields.iter().flatten();
    let of_rules =
        writers.filter(|it| it.fields_v1.as_ref().is_some_and(|it| it.0.get("f:spec").is_some()));
    let last = of_rules.filter_map(|it| it.time.as_ref()).map(|it| it.0).max();
    Some(last.filter(|it| made < *it).map_or((made, "made"), |it| (it, "changed")))
}
