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

/// The strategy that puts a whole template back.
const ROLL_BACK: &str = "roll_back";

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
        ROLL_BACK => [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, CRON_JOBS, EVICTION].into(),
        "restart_rollout" => [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS].into(),
        "restart_pod" | "clear_leftovers" => [EVICTION].into(),
        _ => BTreeSet::new(),
    }
}

/// Who carries a plan out, and takes it back.
///
/// A rollback puts back whatever an earlier template had, so nothing that is known beforehand can hold its fields.
/// Whoever carries out all else can be held to them, as long as he makes no rollbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// Carries out everything but rollbacks.
    Executor,
    /// Carries out rollbacks, and nothing else.
    Restorer,
}

impl Writer {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Executor, Self::Restorer];

    /// Who carries out the plans of this strategy.
    pub fn of(strategy: &Strategy) -> Self {
        Self::of_named(strategy.name())
    }

    fn of_named(strategy: &str) -> Self {
        if strategy == ROLL_BACK { Self::Restorer } else { Self::Executor }
    }

    /// What he is called, also as a service account where nothing else is set.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executor => "executor",
            Self::Restorer => "restorer",
        }
    }

    /// What a policy makes necessary for him: the rights of every strategy of his that it does not switch off.
    pub fn rights_under(self, policy: &Policy) -> BTreeSet<Right> {
        let is_his = |it: &&&str| Self::of_named(it) == self && is_on(policy, it);
        Strategy::NAMES.iter().filter(is_his).flat_map(|it| rights_of(it)).collect()
    }
}

/// Whether a policy lets anything be rolled back.
pub fn rolls_back(policy: &Policy) -> bool {
    is_on(policy, ROLL_BACK)
}

fn is_on(policy: &Policy, strategy: &str) -> bool {
    policy.strategies.get(strategy) != Some(&Consent::Off)
}
