//! A rollout that may take all pods away before a new one is ready: when the new ones fail, none of before serves on.
//!
//! Told with the trouble of the new pods, as a clue and the end of its sentence. A strategy `Recreate` is meant so.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{AnyFault, Finding};

use super::rivals::MOST_AWAY;
use super::scene::Scene;
use super::words::entry;
use crate::Root;

/// Counts the templates that a Deployment had.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Reasons of the condition `Progressing` of a rollout that is not done.
const UNDER_WAY: [&str; 4] =
    ["ReplicaSetUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet", "ProgressDeadlineExceeded"];

/// The finding with the word that the rollout itself took all pods away.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let of = &finding.subject;
    let is_own = matches!(finding.fault, AnyFault::Workload(_));
    let Some(Root::Deployment(owner)) =
        scene.workload(&of.kind, &of.namespace, &of.name).filter(|_| is_own)
    else {
        return finding;
    };
    let Some(most) = all_away(owner).filter(|_| is_down(owner)) else { return finding };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!(
        "{cause}; none of the pods of before serves on, since the rollout may take all away at once (maxUnavailable \
         {most})."
    );
    Finding { cause, ..finding }.clue(MOST_AWAY, &most)
}

/// How many pods a rollout may take away before their successors are ready, where that is all of them.
fn all_away(owner: &Deployment) -> Option<String> {
    let spec = owner.spec.as_ref()?;
    let strategy = spec.strategy.as_ref()?;
    if strategy.type_.as_deref() == Some("Recreate") {
        return None;
    }
    let replicas = i64::from(spec.replicas.unwrap_or(1));
    match strategy.rolling_update.as_ref()?.max_unavailable.as_ref()? {
        IntOrString::Int(number) => {
            (replicas <= i64::from(*number)).then(|| format!("{number} of {replicas}"))
        }
        IntOrString::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            (100 <= percent).then(|| text.clone())
        }
    }
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
