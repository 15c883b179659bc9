//! How much of the cluster is healthy, counted from the caches.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::Root;
use k8s_openapi::api::core::v1::Pod;

use super::caches::Caches;
use super::changes::key;

/// Root owners of the whole cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// How many are not healthy, by namespace.
    pub unhealthy: BTreeMap<String, usize>,
    /// How many there are.
    pub workloads: usize,
}

/// How many workloads count, and how many of them are not healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Those that are not healthy.
    pub unhealthy: usize,
    /// All that count.
    pub workloads: usize,
}

impl Census {
    /// As it counts for a fix in this namespace. Of the one other namespace with the most unhealthy workloads no
    /// more count than of the next, or of this one: whoever lets a thousand pods crash in a namespace of his makes
    /// a storm there and for nobody else. When nothing at all is healthy, all count.
    pub fn seen_from(&self, namespace: &str) -> Share {
        let all = self.unhealthy.values().fold(0_usize, |sum, it| sum.saturating_add(*it));
        let (mut own, mut most, mut next) = (0, 0, 0);
        for (of, count) in &self.unhealthy {
            if of == namespace {
                own = *count;
            } else if most < *count {
                (most, next) = (*count, most);
            } else {
                next = next.max(*count);
            }
        }
        let surplus = if self.workloads <= all { 0 } else { most.saturating_sub(next.max(own)) };
        Share {
            unhealthy: all.saturating_sub(surplus),
            workloads: self.workloads.saturating_sub(surplus),
        }
    }
}

/// Counts the root owners, and those that have fewer ready replicas than they want.
pub(super) fn take(caches: &Caches) -> Census {
    // What is quiet is healthy: it need not be looked at.
    let mut unhealthy = BTreeSet::new();
    for pod in caches.pods.restless().iter().filter(|it| is_failing(it)) {
        if let Ok(root) = caches.root_of_pod(pod) {
            unhealthy.insert(key(&root));
        }
    }
    let workloads = caches.restless_workloads();
    unhealthy.extend(workloads.iter().filter(|it| is_short(it)).map(|it| key(&it.object_ref())));
    let mut by_namespace = BTreeMap::new();
    for root in unhealthy {
        *by_namespace.entry(root.namespace).or_default() += 1;
    }
    Census { unhealthy: by_namespace, workloads: caches.n_workloads() }
}

/// Whether fewer replicas are ready than are wanted.
fn is_short(root: &Root) -> bool {
    let short = |ready: Option<i32>, wanted: Option<i32>| ready.unwrap_or(0) < wanted.unwrap_or(1);
    match root {
        Root::Deployment(it) => short(
            it.status.as_ref().and_then(|it| it.ready_replicas),
            it.spec.as_ref().and_then(|it| it.replicas),
        ),
        Root::ReplicaSet(it) => short(
            it.status.as_ref().and_then(|it| it.ready_replicas),
            it.spec.as_ref().and_then(|it| it.replicas),
        ),
        Root::StatefulSet(it) => short(
            it.status.as_ref().and_then(|it| it.ready_replicas),
            it.spec.as_ref().and_then(|it| it.replicas),
        ),
        Root::DaemonSet(it) => {
            it.status.as_ref().is_some_and(|it| it.number_ready < it.desired_number_scheduled)
        }
        // Their pods tell: a job that runs is not short of anything.
        Root::Pod(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => false,
    }
}

/// Whether the pod is neither ready, nor done, nor on its way out, nor simply new.
fn is_failing(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return false };
    let phase = status.phase.as_deref().unwrap_or_default();
    let ready =
        status.conditions.iter().flatten().any(|it| it.type_ == "Ready" && it.status == "True");
    pod.metadata.deletion_timestamp.is_none() && phase != "Succeeded" && !ready
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share as it is seen from `shop`: of so many workloads, those that are not healthy by namespace.
    #[track_caller]
    fn check(workloads: usize, unhealthy: &[(&str, usize)], expected: (usize, usize)) {
        let unhealthy = unhealthy.iter().map(|(of, count)| ((*of).to_owned(), *count)).collect();
        let seen = Census { unhealthy, workloads }.seen_from("shop");
        assert_eq!((seen.unhealthy, seen.workloads), expected);
    }

    #[test]
    fn one_namespace_makes_no_storm_for_the_others() {
        check(1100, &[("evil", 1000)], (0, 100));
        check(1100, &[("evil", 1000), ("web", 3)], (6, 103));
        check(1100, &[("evil", 1000), ("shop", 2)], (4, 102));
    }

    #[test]
    fn what_is_sick_here_or_in_several_namespaces_counts_whole() {
        check(100, &[("shop", 60)], (60, 100));
        check(100, &[("shop", 30), ("web", 30)], (60, 100));
        check(100, &[("db", 30), ("shop", 1), ("web", 30)], (61, 100));
        check(100, &[("db", 40), ("web", 30)], (60, 90));
    }

    #[test]
    fn when_nothing_is_healthy_all_count() {
        check(41, &[("shop", 1), ("web", 40)], (41, 41));
        check(40, &[("web", 40)], (40, 40));
        check(0, &[], (0, 0));
    }
}
