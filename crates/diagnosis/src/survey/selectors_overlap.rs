//! Two workloads of a namespace select each other's pods.
//!
//! ## What it looks for
//! Deployments, ReplicaSets, `StatefulSet`s and `DaemonSet`s of a namespace that each select the pods of the
//! other's template. Their controllers tell them apart by their owners only: autoscalers, budgets, an orphan that
//! is adopted and whoever looks for pods by labels do not.
//!
//! ## What it does not see
//! One that selects more than its own, while the other does not select it: a canary with a label more. What is
//! scaled to nothing has no pods that anybody could take, and one that selects by expressions alone is not
//! compared.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, namespace, selects};
use super::slip::shown;
use super::words::listed;
use crate::Root;
use crate::confidence;

/// The field that both have.
const SELECTOR: &str = "/spec/selector";

/// A workload with what takes its pods.
struct Owner<'a> {
    about: Subject,
    root: &'a Root,
    selector: &'a LabelSelector,
}

/// The owners of a namespace that have a label, its name and value.
type ByLabel<'s> = BTreeMap<(&'s str, &'s str), Vec<&'s Owner<'s>>>;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut spaces: BTreeMap<&str, Vec<Owner<'_>>> = BTreeMap::new();
    for root in &scene.all.workloads {
        let is_there = root.metadata().deletion_timestamp.is_none() && root.desired() != Some(0);
        if let Some(selector) = selector(root).filter(|_| is_there) {
            let about = Subject::from(&root.object_ref());
            spaces.entry(namespace(root.metadata())).or_default().push(Owner {
                about,
                root,
                selector,
            });
        }
    }
    spaces.into_values().flat_map(of_space).collect()
}

fn of_space(mut owners: Vec<Owner<'_>>) -> Vec<Finding> {
    owners.sort_by(|a, b| a.about.cmp(&b.about));
    let mut by_label: ByLabel<'_> = BTreeMap::new();
    for owner in &owners {
        for (key, value) in owner.root.pod_labels().into_iter().flatten() {
            by_label.entry((key, value)).or_default().push(owner);
        }
    }
    let found = owners.iter().filter_map(|own| {
        let takes = |of: &Owner<'_>, it: &Owner<'_>| selects(of.selector, it.root.pod_labels());
        let others = candidates(own, &by_label).into_iter().filter(|it| it.about != own.about);
        let mut rivals: Vec<_> =
            others.filter(|it| takes(own, it) && takes(it, own)).map(|it| &it.about).collect();
        rivals.sort();
        told(&own.about, own.selector, &rivals)
    });
    found.collect()
}

/// Who has the rarest of the labels that somebody selects by: a namespace may have thousands that all have one.
fn candidates<'s>(own: &Owner<'_>, by_label: &ByLabel<'s>) -> Vec<&'s Owner<'s>> {
    let labels = own.selector.match_labels.iter().flatten();
    let lists = labels.map(|(key, value)| by_label.get(&(key.as_str(), value.as_str())));
    let rarest = lists.min_by_key(|it| it.map_or(0, Vec::len)).flatten();
    rarest.cloned().unwrap_or_default()
}

/// It is one trouble of them all, told of the first.
fn told(about: &Subject, selector: &LabelSelector, rivals: &[&Subject]) -> Option<Finding> {
    if rivals.first().is_none_or(|it| *it < about) {
        return None;
    }
    let names: Vec<_> = rivals.iter().map(ToString::to_string).collect();
    let verb = if names.len() == 1 { "selects" } else { "select" };
    let cause = format!(
        "It is not alone: {} {verb} its pods as well, and it theirs; what looks for pods by these labels takes those of both.",
        listed(&names)
    );
    let fault = cluster(ClusterFault::SelectorsOverlap);
    let finding =
        Finding::new(about.clone(), Severity::Warning, fault, cause).sure(confidence::WORDED);
    let labels = selector.match_labels.as_ref().map(shown).unwrap_or_default();
    let finding = finding.clue(SELECTOR, &labels).at(SELECTOR);
    Some(Finding { explains: rivals.iter().map(|it| (*it).clone()).collect(), ..finding })
}

/// What takes the pods of a workload.
fn selector(root: &Root) -> Option<&LabelSelector> {
    match root {
        Root::Deployment(it) => it.spec.as_ref().map(|it| &it.selector),
        Root::ReplicaSet(it) => it.spec.as_ref().map(|it| &it.selector),
        Root::StatefulSet(it) => it.spec.as_ref().map(|it| &it.selector),
        Root::DaemonSet(it) => it.spec.as_ref().map(|it| &it.selector),
        // The API server makes that of a job, and a CronJob has none.
        Root::Pod(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => None,
    }
}
