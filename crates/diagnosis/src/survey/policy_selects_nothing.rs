//! A network policy selects no pod.
//!
//! ## What it looks for
//! A pod selector that takes no pod of its namespace and none that a workload there would make. Where one label keeps
//! all pods out, the value that was probably meant is named: then pods that should be protected are not.
//!
//! ## What it does not see
//! Pods that somebody makes by hand now and then.

use k8s_openapi::api::networking::v1::NetworkPolicy;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::mend::relabelled;
use super::scene::{Scene, is_over, name, namespace, selects, subject};
use super::slip::{escaped, slip};
use crate::confidence;

/// How long a policy may stand before its pods come, in seconds: what is installed together comes one after
/// the other.
const PATIENCE_SECS: i64 = 60;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.network_policies.iter().flatten().filter_map(|it| of_policy(it, scene)).collect()
}

fn of_policy(policy: &NetworkPolicy, scene: &Scene<'_>) -> Option<Finding> {
    let selector = policy.spec.as_ref()?.pod_selector.as_ref()?;
    let labels = selector.match_labels.as_ref().filter(|it| !it.is_empty());
    let expressions = selector.match_expressions.iter().flatten().count();
    // An empty selector is about every pod that will ever be.
    if labels.is_none() && expressions == 0 {
        return None;
    }
    let space = namespace(&policy.metadata);
    let taken = scene.pods(space).iter().any(|it| selects(selector, it.metadata.labels.as_ref()));
    let mut here = scene.workloads(space);
    let is_wanted = taken || here.any(|it| selects(selector, it.pod_labels()));
    if is_wanted || scene.is_new(&policy.metadata, PATIENCE_SECS) {
        return None;
    }
    let finding = |severity, cause| {
        let about = subject("NetworkPolicy", &policy.metadata);
        Finding::new(about, severity, cluster(ClusterFault::PolicySelectsNothing), cause)
    };
    let slip = labels
        .filter(|_| expressions == 0)
        .and_then(|it| slip(it, (space, name(&policy.metadata)), scene));
    if let Some(slip) = slip {
        let words = slip.words();
        let cause = format!("Its selector takes no pod, so it protects nothing; {words} it would.");
        let field = format!("/spec/podSelector/matchLabels/{}", escaped(&slip.key));
        let finding = finding(Severity::Warning, cause).clue(field.clone(), &slip.value);
        let finding = finding.at(field).sure(confidence::FOLLOWS);
        return Some(relabelled(finding, "/spec/podSelector/matchLabels", &slip));
    }
    let living = scene.pods(space).iter().filter(|it| !is_over(it)).count();
    let cause = "Its selector takes no pod, so it protects nothing.".to_owned();
    let finding = finding(Severity::Notice, cause).at("/spec/podSelector");
    Some(finding.clue(format!("Namespace {space}.pods"), &living).sure(confidence::WORDED))
}
