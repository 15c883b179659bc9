//! The doors in the API server that each strategy needs: what an executor's role is made of.

use std::collections::BTreeSet;

use types::Strategy;

use crate::policy::{Consent, Policy};

/// One verb on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    /// The API group; empty for the core one.
    pub group: &'static str,
    /// The resource, with its subresource: `pods/resize`.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
}

const fn right(group: &'static str, resource: &'static str, verb: &'static str) -> Right {
    Right { group, resource, verb }
}

const DEPLOYMENTS: Right = right("apps", "deployments", "patch");
const REPLICA_SETS: Right = right("apps", "replicasets", "patch");
const STATEFUL_SETS: Right = right("apps", "statefulsets", "patch");
const DAEMON_SETS: Right = right("apps", "daemonsets", "patch");
const CRON_JOBS: Right = right("batch", "cronjobs", "patch");
const SERVICES: Right = right("", "services", "patch");
const PODS: Right = right("", "pods", "patch");
const RESIZE: Right = right("", "pods/resize", "patch");
const EVICTION: Right = right("", "pods/eviction", "create");

/// An edit of a template, and the eviction of pods that do not follow it.
const TEMPLATES: &[Right] =
    &[DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, CRON_JOBS, EVICTION];

/// What carries out and takes back every plan of the strategy of this name; nothing for a name that is none.
pub fn rights_of(strategy: &str) -> BTreeSet<Right> {
    let templates = TEMPLATES.iter().copied();
    match strategy {
        // The image of a pod is one of the few fields that can be changed where it runs.
        "replace_image_tag" => templates.chain([PODS]).collect(),
        "raise_memory_limit" | "lower_requests" | "raise_cpu_limit" => {
            templates.chain([RESIZE]).collect()
        }
        "fix_reference" | "fix_probe_port" | "relax_probe" => templates.collect(),
        "fix_selector" | "fix_service_port" => [SERVICES].into(),
        "roll_back" => [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, CRON_JOBS, EVICTION].into(),
        "restart_rollout" => [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS].into(),
        "restart_pod" | "clear_leftovers" => [EVICTION].into(),
        _ => BTreeSet::new(),
    }
}

/// What a policy makes necessary: the rights of every strategy that it does not switch off.
pub fn rights_under(policy: &Policy) -> BTreeSet<Right> {
    let is_on = |it: &&&str| policy.strategies.get(**it) != Some(&Consent::Off);
    Strategy::NAMES.iter().filter(is_on).flat_map(|it| rights_of(it)).collect()
}
