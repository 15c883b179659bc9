//! An autoscaler wants more replicas than it may have.
//!
//! ## What it looks for
//! The condition `ScalingLimited` with the reason `TooManyReplicas`, for longer than a peak.
//!
//! ## What it does not see
//! One that rests at its minimum, which is what a minimum is for, and one whose minimum is its maximum on purpose.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use types::{ClusterFault, Finding, Severity};

use super::autoscaler_cannot_scale::condition;
use super::cluster;
use super::scene::{Scene, subject};

/// How long it may want more, in seconds, before that is more than a peak.
const PEAK_SECS: i64 = 60;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.autoscalers.iter().flatten().filter_map(|it| of_autoscaler(it, scene)).collect()
}

fn of_autoscaler(autoscaler: &HorizontalPodAutoscaler, scene: &Scene<'_>) -> Option<Finding> {
    let spec = &autoscaler.spec;
    let limited = condition(autoscaler, "ScalingLimited").filter(|it| it.status == "True")?;
    let is_active = condition(autoscaler, "ScalingActive").is_none_or(|it| it.status == "True");
    let is_fixed = spec.min_replicas.unwrap_or(1) == spec.max_replicas;
    if limited.reason.as_deref() != Some("TooManyReplicas") || !is_active || is_fixed {
        return None;
    }
    let since = limited.last_transition_time.as_ref().map(|it| it.0);
    if since.is_some() && scene.age_secs(since) < PEAK_SECS {
        return None;
    }
    let since = since.map(|it| format!(" since {it}")).unwrap_or_default();
    let most = spec.max_replicas;
    let cause = format!("It wants more than the {most} replicas that it may have{since}.");
    let fault = cluster(ClusterFault::AutoscalerAtLimit);
    let about = subject("HorizontalPodAutoscaler", &autoscaler.metadata);
    let finding = Finding::new(about, Severity::Warning, fault, cause).at("/spec/maxReplicas");
    let finding = finding.clue("/spec/maxReplicas", &most);
    Some(finding.clue("status.conditions[ScalingLimited].reason", "TooManyReplicas"))
}
