//! The pods that hold the place that a pod waits for: by its own wish to stand alone, by theirs, or by a host port.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{AnyFault, Fault, Finding};

use super::edges::{failing, unschedulable};
use super::scene::{Scene, is_over, name, namespace, selects};
use super::slip::escaped;
use super::words::{entry, listed};
use crate::Root;

/// Tells the revisions of a Deployment apart.
pub(super) const REVISION: &str = "pod-template-hash";
/// The label of the waiting pod that the holders of the places do not want beside them.
fn unwanted<'p>(
    pod: &'p Pod,
    said: &str,
    holders: &[&Pod],
    scene: &Scene<'_>,
) -> Option<(&'p str, &'p str)> {
    let terms = holders.iter().flat_map(|it| terms(it).iter().map(move |term| (*it, term)));
    let mut terms = terms.filter(|it| said.contains(THEIR_WISH) && takes(it.1, it.0, pod, scene));
    let selector = terms.next()?.1.label_selector.as_ref()?;
    let labels = pod.metadata.labels.as_ref()?;
    let key = selector.match_labels.iter().flatten().map(|it| it.0).next().or_else(|| {
        let mut wanted = selector.match_expressions.iter().flatten().map(|it| &it.key);
        wanted.find(|it| labels.contains_key(*it))
    })?;
    labels.get_key_value(key).map(|it| (it.0.as_str(), it.1.as_str()))
}

fn at_label(finding: Finding, key: &str, value: &str) -> Finding {
    let base = match finding.subject.kind.as_str() {
        "Pod" => "/metadata/labels",
        "CronJob" => "/spec/jobTemplate/spec/template/metadata/labels",
        _ => "/spec/template/metadata/labels",
    };
    let field = format!("{base}/{}", escaped(key));
    finding.clue(field.clone(), value).at(field)
}

/// How many pods a rollout may take away before their successors are ready.
pub(super) const MOST_AWAY: &str = "/spec/strategy/rollingUpdate/maxUnavailable";
/// What the scheduler says of a pod that may not stand beside others.
const OWN_WISH: &str = "didn't match pod anti-affinity rules";
/// What it says of a pod that others do not want beside them.
const THEIR_WISH: &str = "existing pods anti-affinity rules";
/// What it says of a pod whose host port is taken.
const PORTS: &str = "didn't have free ports";

/// The finding with the pods that hold the place, where there are some.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    if finding.fault != AnyFault::Workload(Fault::Unschedulable) {
        return finding;
    }
    let waiting = failing(&finding, scene);
    let waiting = waiting.into_iter().find_map(|it| Some((it, unschedulable(it)?)));
    let Some((pod, said)) = waiting else { return finding };
    let holders = holders(pod, said, scene);
    let shown: Vec<_> = holders.iter().map(|it| shown(it)).collect();
    // The workload's own rule names a stranger that has the port.
    if shown.is_empty() || holders.iter().any(|it| finding.cause.contains(&full_name(it))) {
        return finding;
    }
    let whose = whose(&holders, pod, &finding, scene);
    let kept = matches!(whose, Whose::Old).then(|| kept(&finding, scene)).flatten();
    let words = match whose {
        Whose::Others => format!("the places are held by {}", listed(&shown)),
        Whose::Own => format!("each place has one of its own pods: {}", listed(&shown)),
        Whose::Old => format!("its own pods of before hold the places ({})", listed(&shown)),
    };
    let never = if kept.is_some() { ", and the rollout takes none of them away first" } else { "" };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{cause}; {words}{never}.");
    let finding = Finding { cause, ..finding }.clue("held by", &listed(&shown));
    let finding = match unwanted(pod, said, &holders, scene) {
        Some((key, value)) if finding.field.is_none() => at_label(finding, key, value),
        Some(_) | None => finding,
    };
    match kept {
        Some(value) => finding.clue(MOST_AWAY, &value).at(MOST_AWAY),
        None => finding,
    }
}

/// How many pods a rollout may take away before their successors are ready, where that comes to none.
pub(super) fn kept(finding: &Finding, scene: &Scene<'_>) -> Option<String> {
    let of = &finding.subject;
    let Root::Deployment(owner) = scene.workload(&of.kind, &of.namespace, &of.name)? else {
        return None;
    };
    let spec = owner.spec.as_ref()?;
    let strategy = spec.strategy.as_ref();
    if strategy.and_then(|it| it.type_.as_deref()) == Some("Recreate") {
        return None;
    }
    let rolling = strategy.and_then(|it| it.rolling_update.as_ref());
    // The API server writes 25% where nothing is said, and what is less than one pod is none.
    let most = rolling.and_then(|it| it.max_unavailable.clone());
    let replicas = i64::from(spec.replicas.unwrap_or(1));
    match most.unwrap_or_else(|| IntOrString::String("25%".to_owned())) {
        IntOrString::Int(number) => (number == 0).then(|| number.to_string()),
        IntOrString::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            (percent.saturating_mul(replicas) < 100)
                .then(|| format!("{text} of {replicas}, which is none"))
        }
    }
}

/// Whose the pods are that hold the places.
enum Whose {
    Others,
    Own,
    /// Of an earlier revision of the same workload.
    Old,
}

fn whose(holders: &[&Pod], waiting: &Pod, finding: &Finding, scene: &Scene<'_>) -> Whose {
    let revision = |it: &Pod| entry(it.metadata.labels.as_ref(), REVISION).map(str::to_owned);
    let is_own = |it: &&&Pod| scene.root_of(it) == finding.subject;
    if holders.iter().filter(is_own).count() < holders.len() {
        Whose::Others
    } else if holders.iter().all(|it| revision(it).is_some() && revision(it) != revision(waiting)) {
        Whose::Old
    } else {
        Whose::Own
    }
}

/// `Pod shop/web-1 on node-1`
fn shown(pod: &Pod) -> String {
    let node = pod.spec.as_ref().and_then(|it| it.node_name.as_deref()).unwrap_or_default();
    format!("{} on {node}", full_name(pod))
}

fn full_name(pod: &Pod) -> String {
    format!("Pod {}/{}", namespace(&pod.metadata), name(&pod.metadata))
}

/// The pods on nodes that keep this one away, in the order of their names.
fn holders<'a>(pod: &Pod, said: &str, scene: &Scene<'a>) -> Vec<&'a Pod> {
    let all = scene.all.pods.iter().map(|it| &**it);
    let placed =
        all.filter(|it| it.spec.as_ref().is_some_and(|it| it.node_name.is_some()) && !is_done(it));
    let mine = terms(pod);
    let ports = host_ports(pod);
    let mut holders: Vec<_> = placed
        .filter(|it| {
            let by_own =
                said.contains(OWN_WISH) && mine.iter().any(|term| takes(term, pod, it, scene));
            let by_theirs = said.contains(THEIR_WISH)
                && terms(it).iter().any(|term| takes(term, it, pod, scene));
            let by_port = said.contains(PORTS) && !ports.is_disjoint(&host_ports(it));
            by_own || by_theirs || by_port
        })
        .collect();
    holders.sort_by_key(|it| (namespace(&it.metadata), name(&it.metadata)));
    holders
}

/// One that is on its way out holds its place to the end.
fn is_done(pod: &Pod) -> bool {
    is_over(pod) && pod.metadata.deletion_timestamp.is_none()
}

fn host_ports(pod: &Pod) -> BTreeSet<i32> {
    let containers = pod.spec.iter().flat_map(|it| it.containers.iter());
    let ports = containers.flat_map(|it| it.ports.iter().flatten());
    ports.filter_map(|it| it.host_port.filter(|it| *it != 0)).collect()
}

/// The pods that this one must not stand beside.
fn terms(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = pod.spec.as_ref().and_then(|it| it.affinity.as_ref());
    let apart = affinity.and_then(|it| it.pod_anti_affinity.as_ref());
    let required =
        apart.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    required.map_or(&[], Vec::as_slice)
}

/// Whether a term of `of` is about `other`.
fn takes(term: &PodAffinityTerm, of: &Pod, other: &Pod, scene: &Scene<'_>) -> bool {
    let space = namespace(&other.metadata);
    let listed = term.namespaces.as_deref().unwrap_or_default();
    let is_near = match &term.namespace_selector {
        None if listed.is_empty() => space == namespace(&of.metadata),
        None => listed.iter().any(|it| it == space),
        Some(selector) => {
            let mut all = scene.all.namespaces.iter().flatten();
            let found = all.find(|it| name(&it.metadata) == space);
            listed.iter().any(|it| it == space)
                || found.is_some_and(|it| selects(selector, it.metadata.labels.as_ref()))
        }
    };
    let labels = other.metadata.labels.as_ref();
    is_near && term.label_selector.as_ref().is_some_and(|it| selects(it, labels))
}
