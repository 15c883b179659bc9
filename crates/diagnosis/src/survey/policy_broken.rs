//! A policy engine reports that an object breaks a policy.
//!
//! ## What it looks for
//! Results that failed in the reports of Kyverno and others, one finding for each object, with the engine's words.
//!
//! ## What it does not see
//! Anything, unless notices are asked for. Pods and ReplicaSets whose owner breaks the same policy, and what only
//! warns.

use std::collections::BTreeMap;

use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::Scene;
use super::words::{listed, quoted};
use crate::confidence;
use crate::policy_report::BrokenPolicy;

/// Policies that are told with their words; the others are counted.
const TOLD: usize = 3;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let broken = scene.all.hardening.iter().filter_map(|it| it.broken_policies.as_ref()).flatten();
    let mut by_object: BTreeMap<&Subject, Vec<&BrokenPolicy>> = BTreeMap::new();
    for broken in broken {
        by_object.entry(&broken.subject).or_default().push(broken);
    }
    let own = |it: &&(&Subject, Vec<&BrokenPolicy>)| !is_made_by_another(it.0, scene);
    let by_object: Vec<_> = by_object.into_iter().collect();
    by_object.iter().filter(own).map(|(about, broken)| finding(about, broken, scene)).collect()
}

/// What an owner makes breaks what its template breaks.
fn is_made_by_another(about: &Subject, scene: &Scene<'_>) -> bool {
    match about.kind.as_str() {
        "Pod" => {
            let pod = scene.pod(&about.namespace, &about.name);
            // One that has gone since breaks nothing any more.
            pod.is_none_or(|it| it.metadata.owner_references.is_some())
        }
        "ReplicaSet" | "Job" => {
            scene.workload(&about.kind, &about.namespace, &about.name).is_none()
        }
        _ => false,
    }
}

fn finding(about: &Subject, broken: &[&BrokenPolicy], scene: &Scene<'_>) -> Finding {
    let mut broken = broken.to_vec();
    broken.sort();
    broken.dedup();
    let mut names: Vec<String> = broken.iter().map(|it| scene.redact(&it.policy)).collect();
    names.dedup();
    let engine = broken.first().map(|it| scene.redact(&it.engine)).filter(|it| !it.is_empty());
    let engine = engine.unwrap_or_else(|| "A policy engine".to_owned());
    let policies = if names.len() == 1 { "the policy" } else { "the policies" };
    let cause = format!("{engine} reports that it breaks {policies} {}.", listed(&names));
    let fault = cluster(ClusterFault::PolicyBroken);
    let mut res =
        Finding::new(about.clone(), Severity::Notice, fault, cause).sure(confidence::WORDED);
    for it in broken.iter().take(TOLD) {
        let fact = format!("results[{}/{}]", scene.redact(&it.policy), scene.redact(&it.rule));
        res = res.clue(fact, &quoted(&it.message, scene));
    }
    res
}
