//! A rollout that may take all pods away before a new one is ready: when the new ones fail, none of before serves on.
//!
//! Told with the trouble of the new pods of a Deployment, a DaemonSet or a StatefulSet, as a clue and the end of its
//! sentence. The strategies `Recreate` and `OnDelete` are meant so.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{AnyFault, Finding};

use super::rivals::MOST_AWAY;
use super::scene::{Scene, is_over};
use super::words::entry;
use crate::Root;

/// Counts the templates that a Deployment had.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The same of a DaemonSet.
const GENERATION: &str = "deprecated.daemonset.template.generation";
/// How many pods a rollout of a DaemonSet or StatefulSet may take away before their successors are ready.
const MOST_AWAY_OF_SET: &str = "/spec/updateStrategy/rollingUpdate/maxUnavailable";
/// A pod that became ready did so later after its start than this, in seconds.
const AT_START_SECS: i64 = 5;
/// Reasons of the condition `Progressing` of a rollout that is not done.
const UNDER_WAY: [&str; 4] =
    ["ReplicaSetUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet", "ProgressDeadlineExceeded"];

/// The finding with the word that the rollout itself took all pods away.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let of = &finding.subject;
    let is_own = matches!(finding.fault, AnyFault::Workload(_));
    let owner = scene.workload(&of.kind, &of.namespace, &of.name).filter(|_| is_own);
    let found = match owner {
        Some(Root::Deployment(it)) => {
            all_away(it).filter(|_| is_down(it)).map(|it| (MOST_AWAY, it))
        }
        Some(Root::DaemonSet(it)) => {
            let pods = scene.pods_of(of);
            all_of_daemons(it)
                .filter(|_| daemons_are_down(it, pods))
                .map(|it| (MOST_AWAY_OF_SET, it))
        }
        Some(Root::StatefulSet(it)) => {
            all_of_set(it).filter(|_| set_is_down(it)).map(|it| (MOST_AWAY_OF_SET, it))
        }
        Some(
            Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Pod(_) | Root::Service(_),
        )
        | None => None,
    };
    let Some((field, most)) = found else { return finding };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!(
        "{cause}; none of the pods of before serves on, since the rollout may take all away at once (maxUnavailable \
         {most})."
    );
    Finding { cause, ..finding }.clue(field, &most)
}

/// How many pods a rollout may take away before their successors are ready, where that is all of them.
fn all_away(owner: &Deployment) -> Option<String> {
    let spec = owner.spec.as_ref()?;
    let strategy = spec.strategy.as_ref()?;
    if strategy.type_.as_deref() == Some("Recreate") {
        return None;
    }
    let replicas = i64::from(spec.replicas.unwrap_or(1));
    let most = strategy.rolling_update.as_ref()?.max_unavailable.as_ref()?;
    reaches(most, replicas, replicas)
}

/// The same of a DaemonSet, which rounds a percentage up. That the only pod of one node goes first is how it is made.
fn all_of_daemons(owner: &DaemonSet) -> Option<String> {
    let strategy = owner.spec.as_ref()?.update_strategy.as_ref()?;
    let rolling = strategy.rolling_update.as_ref()?;
    let adds_first = match &rolling.max_surge {
        Some(IntOrString::Int(number)) => *number != 0,
        Some(IntOrString::String(text)) => percent(text) != Some(0),
        None => false,
    };
    let wanted = i64::from(owner.status.as_ref()?.desired_number_scheduled);
    if adds_first || wanted < 2 || strategy.type_.as_deref() == Some("OnDelete") {
        return None;
    }
    // The last pod is reached by rounding up what is more than all but one.
    reaches(rolling.max_unavailable.as_ref()?, wanted, wanted - 1)
}

/// The same of a StatefulSet, of which no pod is kept back. That the only pod goes first is how it is made.
fn all_of_set(owner: &StatefulSet) -> Option<String> {
    let spec = owner.spec.as_ref()?;
    let strategy = spec.update_strategy.as_ref()?;
    let rolling = strategy.rolling_update.as_ref()?;
    let wanted = i64::from(spec.replicas.unwrap_or(1));
    let keeps = rolling.partition.is_some_and(|it| 0 < it);
    if keeps || wanted < 2 || strategy.type_.as_deref() == Some("OnDelete") {
        return None;
    }
    reaches(rolling.max_unavailable.as_ref()?, wanted, wanted)
}

/// Whether a rollout is under way that is not the first, and no pod is ready.
fn is_down(owner: &Deployment) -> bool {
    let Some(status) = &owner.status else { return false };
    let revision = entry(owner.metadata.annotations.as_ref(), REVISION);
    let is_first = revision.and_then(|it| it.parse::<u64>().ok()).is_none_or(|it| it < 2);
    let is_under_way = status.conditions.iter().flatten().any(|it| {
        let reason = it.reason.as_deref().unwrap_or_default();
        it.type_ == "Progressing" && UNDER_WAY.contains(&reason)
    });
    let is_wanted = owner.spec.as_ref().is_some_and(|it| it.replicas != Some(0));
    !is_first && is_under_way && is_wanted && status.ready_replicas.unwrap_or(0) == 0
}

/// Whether all pods are of a template that is not the first, and none of them has been ready.
fn daemons_are_down(owner: &DaemonSet, pods: &[&Pod]) -> bool {
    let Some(status) = &owner.status else { return false };
    let generation = entry(owner.metadata.annotations.as_ref(), GENERATION);
    let is_first = generation.and_then(|it| it.parse::<u64>().ok()).is_none_or(|it| it < 2);
    let are_new = status.desired_number_scheduled <= status.updated_number_scheduled.unwrap_or(0);
    let mut living = pods.iter().filter(|it| !is_over(it));
    !is_first && are_new && status.number_ready == 0 && living.all(|it| was_never_ready(it))
}

/// The same of a StatefulSet, which says of itself what it rolls out until all of that is ready.
fn set_is_down(owner: &StatefulSet) -> bool {
    let Some(status) = &owner.status else { return false };
    let is_under_way = status.current_revision.is_some()
        && status.update_revision.is_some()
        && status.current_revision != status.update_revision;
    is_under_way && status.ready_replicas.unwrap_or(0) == 0
}

/// Whether a pod has not been ready since it was started: its condition says since when it is not.
fn was_never_ready(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return true };
    let ready = status.conditions.iter().flatten().find(|it| it.type_ == "Ready");
    let Some(ready) = ready else { return true };
    let started = status.start_time.as_ref().or(pod.metadata.creation_timestamp.as_ref());
    let (Some(turned), Some(started)) = (&ready.last_transition_time, started) else {
        return false;
    };
    ready.status != "True" && turned.0.duration_since(started.0).as_secs() <= AT_START_SECS
}

/// How many of so many may be away, where that is all of them; a percentage, where it is more than `below` of them.
fn reaches(number: &IntOrString, wanted: i64, below: i64) -> Option<String> {
    match number {
        IntOrString::Int(number) => {
            (wanted <= i64::from(*number)).then(|| format!("{number} of {wanted}"))
        }
        IntOrString::String(text) => {
            let percent = percent(text)?;
            let is_all =
                100 <= percent || below.saturating_mul(100) < percent.saturating_mul(wanted);
            is_all.then(|| text.clone())
        }
    }
}

fn percent(text: &str) -> Option<i64> {
    text.strip_suffix('%')?.parse().ok()
}
