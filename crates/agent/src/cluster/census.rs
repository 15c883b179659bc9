//! How much of the cluster is healthy, counted from the caches.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use diagnosis::Root;
use k8s_openapi::api::core::v1::Pod;

use super::caches::Caches;
use super::changes::key;

/// So many namespaces may be of one hand: together they make no more of a storm for others than all the rest does.
const OF_ONE_HAND: usize = 2;

/// Root owners of the whole cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// How many each namespace has.
    pub namespaces: BTreeMap<String, Share>,
}

/// How many workloads count, and how many of them are not healthy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that are not healthy.
    pub unhealthy: usize,
    /// All that count.
    pub workloads: usize,
}

impl Share {
    fn and(self, other: Self) -> Self {
        Self {
            unhealthy: self.unhealthy.saturating_add(other.unhealthy),
            workloads: self.workloads.saturating_add(other.workloads),
        }
    }

    /// Whether more of them are sick than well.
    fn is_sick(self) -> bool {
        self.workloads < self.unhealthy.saturating_mul(2)
    }
}

impl Census {
    /// As it counts for a fix in this namespace. Of any two other namespaces no more unhealthy workloads count than of
    /// all the rest together, this one among them: whoever lets a thousand pods crash in a namespace of his, or in two,
    /// makes a storm there and for nobody else. All count where nothing at all is healthy, and where most namespaces
    /// are sick, which takes three: that is nobody's doing.
    pub fn seen_from(&self, namespace: &str) -> Share {
        let all = self.namespaces.values().fold(Share::default(), |sum, it| sum.and(*it));
        if all.workloads <= all.unhealthy || self.is_everywhere() {
            return all;
        }
        let others = self.namespaces.iter().filter(|it| it.0 != namespace);
        let mut others: Vec<usize> = others.map(|it| it.1.unhealthy).collect();
        others.sort_unstable_by_key(|it| Reverse(*it));
        let most = others.iter().take(OF_ONE_HAND).fold(0_usize, |sum, it| sum.saturating_add(*it));
        let surplus = most.saturating_sub(all.unhealthy.saturating_sub(most));
        Share {
            unhealthy: all.unhealthy.saturating_sub(surplus),
            workloads: all.workloads.saturating_sub(surplus),
        }
    }

    /// Whether more namespaces are sick than well, and more of them than one hand may have.
    fn is_everywhere(&self) -> bool {
        let inhabited = || self.namespaces.values().filter(|it| 0 < it.workloads);
        let n_sick = inhabited().filter(|it| it.is_sick()).count();
        OF_ONE_HAND < n_sick && inhabited().count() < n_sick.saturating_mul(2)
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
    let mut namespaces: BTreeMap<String, Share> = BTreeMap::new();
    for (namespace, workloads) in caches.n_workloads() {
        namespaces.entry(namespace).or_default().workloads = workloads;
    }
    for root in unhealthy {
        namespaces.entry(root.namespace).or_default().unhealthy += 1;
    }
    Census { namespaces }
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

    /// The share as it is seen from `shop`: of so many workloads, those that are not healthy, by namespace. All others
    /// are in a namespace where nothing is wrong.
    #[track_caller]
    fn check(namespaces: &[(&str, usize, usize)], expected: (usize, usize)) {
        assert_eq!(seen_from("shop", namespaces), expected);
    }

    fn seen_from(place: &str, namespaces: &[(&str, usize, usize)]) -> (usize, usize) {
        let share = |unhealthy, workloads| Share { unhealthy, workloads };
        let all = namespaces.iter().map(|(of, sick, all)| ((*of).to_owned(), share(*sick, *all)));
        let seen = Census { namespaces: all.collect() }.seen_from(place);
        (seen.unhealthy, seen.workloads)
    }

    #[test]
    fn two_namespaces_make_no_storm_for_the_others() {
        check(&[("evil", 1000, 1000), ("web", 0, 100)], (0, 100));
        check(&[("evil", 1000, 1000), ("web", 3, 100)], (0, 97));
        check(&[("evil", 500, 500), ("evil-stage", 500, 500), ("web", 0, 100)], (0, 100));
        check(&[("evil", 500, 500), ("evil-stage", 500, 500), ("web", 3, 100)], (6, 103));
        check(&[("evil", 500, 500), ("evil-stage", 500, 500), ("shop", 2, 100)], (4, 102));
        // Nor for the cluster as a whole.
        let two = [("evil", 500, 500), ("evil-stage", 500, 500), ("shop", 0, 50), ("web", 0, 50)];
        assert_eq!(seen_from("", &two), (0, 100));
        // There it is one.
        assert_eq!(seen_from("evil", &two), (1000, 1100));
    }

    #[test]
    fn what_is_sick_here_or_in_three_namespaces_counts_whole() {
        check(&[("shop", 60, 60), ("web", 0, 40)], (60, 100));
        check(&[("shop", 30, 30), ("web", 30, 70)], (60, 100));
        check(&[("db", 20, 20), ("mq", 20, 20), ("web", 20, 60)], (40, 80));
        check(&[("db", 20, 40), ("mq", 20, 40), ("web", 40, 80), ("api", 20, 40)], (80, 180));
    }

    #[test]
    fn where_most_namespaces_are_sick_nothing_is_left_out() {
        check(&[("db", 90, 100), ("mq", 90, 100), ("shop", 3, 5), ("web", 0, 50)], (183, 255));
        // Two of them may be of one hand, and half of them are not most.
        check(&[("db", 90, 100), ("mq", 90, 100), ("shop", 0, 5)], (0, 25));
        let half = [("a", 9, 9), ("b", 9, 9), ("c", 9, 9), ("x", 0, 9), ("y", 0, 9), ("z", 0, 9)];
        check(&half, (18, 45));
    }

    #[test]
    fn when_nothing_is_healthy_all_count() {
        check(&[("shop", 1, 1), ("web", 40, 40)], (41, 41));
        check(&[("web", 40, 40)], (40, 40));
        check(&[], (0, 0));
    }
}
