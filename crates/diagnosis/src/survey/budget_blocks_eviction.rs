//! A disruption budget allows no disruption although all is well, protects nothing, or gets in another's way.
//!
//! ## What it looks for
//! A selector that takes no pod; a budget whose pods are all healthy and that still allows none of them to go:
//! a drain of their node would wait for ever. Where that is plainly wanted (the only pod there is, or "none" by its
//! number) and nobody waits, it is a notice. A budget that counts by the scale of controllers and takes pods that have
//! none; two budgets that take the same pod, which then cannot be evicted at all.
//!
//! ## What it does not see
//! A budget that allows nothing because pods are not healthy: that is the pods' trouble, and the budget does its work.

mod uncounted;
mod waited;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::mend::relabelled;
use super::scene::{Scene, is_over, name, namespace, selects, subject};
use super::slip::{escaped, slip};
use super::words::listed;
use crate::confidence;

/// How many may be away, and how many have to be there.
const MOST: &str = "maxUnavailable";
const LEAST: &str = "minAvailable";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let budgets = scene.all.budgets.iter().flatten();
    let mut found: Vec<_> = budgets.filter_map(|it| of_budget(it, scene)).collect();
    found.extend(overlaps(scene));
    found
}

fn of_budget(budget: &PodDisruptionBudget, scene: &Scene<'_>) -> Option<Finding> {
    let spec = budget.spec.as_ref()?;
    let selector = spec.selector.as_ref()?;
    if taken(budget, scene).is_none_or(|mut it| it.next().is_none()) {
        if waits_for_pods(budget, selector, scene) {
            return None;
        }
        let space = namespace(&budget.metadata);
        let labels =
            selector.match_labels.as_ref().filter(|_| selector.match_expressions.is_none());
        let slip = labels.and_then(|it| slip(it, (space, name(&budget.metadata)), scene));
        if let Some(slip) = slip.filter(|it| it.meant.is_some()) {
            let words = slip.words();
            let cause =
                format!("Its selector takes no pod, so it protects nothing; {words} it would.");
            let field = format!("/spec/selector/matchLabels/{}", escaped(&slip.key));
            let finding =
                finding(budget, Severity::Warning, cause).clue(field.clone(), &slip.value);
            let finding = finding.at(field).sure(confidence::FOLLOWS);
            return Some(relabelled(finding, "/spec/selector/matchLabels", &slip));
        }
        let cause = "Its selector takes no pod, so it protects nothing.";
        let finding = finding(budget, Severity::Notice, cause.to_owned());
        return Some(finding.clue("pods of its selector", "none").at("/spec/selector"));
    }
    uncounted::told(budget, scene).or_else(|| blocks(budget, spec, scene))
}

/// All its pods are healthy, and it lets none of them go.
fn blocks(
    budget: &PodDisruptionBudget,
    spec: &PodDisruptionBudgetSpec,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let status = budget.status.as_ref()?;
    let (expected, healthy) = (status.expected_pods?, status.current_healthy?);
    let all_well = 0 < expected && expected <= healthy;
    if status.disruptions_allowed != Some(0) || !all_well {
        return None;
    }
    let waited = waited::of(budget, scene);
    let short = too_few(spec, expected);
    let severity =
        if waited.is_some() || short.is_some() { Severity::Warning } else { Severity::Notice };
    let begin = "It lets none of its pods go although all are healthy";
    let cause = match (&waited, short) {
        (Some(waited), Some(short)) => format!("{begin}, since {short}: {}.", waited.words),
        (Some(waited), None) => format!("{begin}: {}.", waited.words),
        (None, Some(short)) => {
            format!("{begin}, since {short}: a drain of a node waits for ever.")
        }
        (None, None) => format!("{begin}: a drain of a node waits for ever."),
    };
    let (field, _) = bound(spec)?;
    let pods = format!("{healthy} of {expected} healthy");
    let finding = finding(budget, severity, cause).at(format!("/spec/{field}"));
    let finding =
        finding.clue("status.disruptionsAllowed", "0").clue("status.currentHealthy", &pods);
    Some(waited.into_iter().fold(finding, |it, waited| it.clue(waited.fact, &waited.value)))
}

/// Why a budget that lets some go by its words never does, with this many pods. One that says itself that none may go
/// is meant so, and so is one that keeps the only pod there is.
fn too_few(spec: &PodDisruptionBudgetSpec, expected: i32) -> Option<String> {
    let (field, value) = bound(spec).filter(|it| it.0 == LEAST)?;
    let shown = shown(value);
    if matches!(value, IntOrString::Int(wanted) if expected < *wanted) {
        return Some(match expected {
            1 => format!("{field}: {shown} is more than the only pod that there is"),
            _ => format!("{field}: {shown} is more than the {expected} pods that there are"),
        });
    }
    let is_meant = expected == 1 || says_none(spec);
    (!is_meant).then(|| format!("{field}: {shown} is all of the {expected} pods that there are"))
}

/// The field that says how many may go, and its value.
fn bound(spec: &PodDisruptionBudgetSpec) -> Option<(&'static str, &IntOrString)> {
    let most = spec.max_unavailable.as_ref().map(|it| (MOST, it));
    most.or_else(|| spec.min_available.as_ref().map(|it| (LEAST, it)))
}

/// Whether its own words are that no pod may go, however many there are.
fn says_none(spec: &PodDisruptionBudgetSpec) -> bool {
    match bound(spec) {
        Some((MOST, value)) => matches!(shown(value).as_str(), "0" | "0%"),
        Some((_, value)) => shown(value) == "100%",
        None => false,
    }
}

/// `1`, `50%`
fn shown(value: &IntOrString) -> String {
    match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    }
}

/// The pods that a budget takes.
fn taken<'s, 'a>(
    budget: &'s PodDisruptionBudget,
    scene: &'s Scene<'a>,
) -> Option<impl Iterator<Item = &'a Pod> + use<'s, 'a>> {
    let selector = budget.spec.as_ref()?.selector.as_ref()?;
    let pods = scene.pods(namespace(&budget.metadata)).iter().copied();
    Some(pods.filter(|it| !is_over(it) && selects(selector, it.metadata.labels.as_ref())))
}

/// Whether a workload is there whose pods it would take: one that is scaled to nothing, or waits for its time.
fn waits_for_pods(
    budget: &PodDisruptionBudget,
    selector: &LabelSelector,
    scene: &Scene<'_>,
) -> bool {
    let labels = selector.match_labels.clone().unwrap_or_default();
    let mut here = scene.workloads(namespace(&budget.metadata));
    !labels.is_empty() && here.any(|it| it.takes(&labels))
}

/// Budgets that take a pod together, each group once.
fn overlaps(scene: &Scene<'_>) -> Vec<Finding> {
    let mut budgets: Vec<_> = scene.all.budgets.iter().flatten().collect();
    budgets.sort_by_key(|it| (namespace(&it.metadata), name(&it.metadata)));
    let mut found: Vec<Finding> = vec![];
    for (at, first) in budgets.iter().enumerate() {
        let Some(pods) = taken(first, scene) else { continue };
        let pods: Vec<_> = pods.collect();
        let rest = budgets.iter().skip(at + 1);
        let others = rest.take_while(|it| namespace(&it.metadata) == namespace(&first.metadata));
        for other in others {
            let selector = other.spec.as_ref().and_then(|it| it.selector.as_ref());
            let both =
                |it: &&&Pod| selector.is_some_and(|of| selects(of, it.metadata.labels.as_ref()));
            let mut roots: Vec<_> =
                pods.iter().filter(both).map(|it| scene.root_of(it).to_string()).collect();
            roots.sort();
            roots.dedup();
            if roots.is_empty() {
                continue;
            }
            let other = subject("PodDisruptionBudget", &other.metadata);
            let cause = format!(
                "It takes the same pods as {other}, those of {}: the API server refuses to evict them.",
                listed(&roots)
            );
            let finding = finding(first, Severity::Warning, cause).at("/spec/selector");
            let fact = format!("pods of both budgets, {other} the other");
            found.push(finding.clue(fact, &listed(&roots)));
        }
    }
    // One finding a budget: more would say the same field again.
    found.dedup_by(|a, b| a.subject == b.subject);
    found
}

fn finding(budget: &PodDisruptionBudget, severity: Severity, cause: String) -> Finding {
    let about = subject("PodDisruptionBudget", &budget.metadata);
    Finding::new(about, severity, cluster(ClusterFault::BudgetBlocksEviction), cause)
}
