//! What may be done without asking, where, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{Quantity, Risk, Strategy};
use utoipa::ToSchema;

/// The label on a Namespace that enrols it: `"true"`.
pub const MANAGED_LABEL: &str = "k8s-reflexion.io/managed";
/// The annotation on a workload that keeps it out: `"true"`.
pub const OPT_OUT_ANNOTATION: &str = "k8s-reflexion.io/opt-out";

/// Namespaces that no policy can open.
pub const HARD_DENIED: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Strategies that a policy may turn from `ask` to `auto`. What replaces every pod at once, or changes
/// whose data and rights a pod uses, is not among them.
pub(crate) const MAY_BE_LOOSENED: [&str; 5] =
    ["lower_requests", "raise_memory_limit", "relax_probe", "replace_image_tag", "restart_pod"];

/// The longest lock, and the span in which the failures lie that lead to one: the journal has to hand the guard twice
/// as much of a workload.
pub(crate) const LONGEST_LOCK_SECS: u64 = 4 * 3600;

/// The longest time for which a machine holds back after a change: after an hour nobody is at it any more.
const LONGEST_GRACE_SECS: u64 = 3600;

/// What may be done without asking, where, and how often. Read from a file at start.
///
/// The default is the reference policy. `docs/policy.md` explains each number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Namespaces that are never written, besides `kube-system`, `kube-public`, `kube-node-lease`
    /// and the agent's own, which cannot be opened.
    pub denied_namespaces: Vec<String>,
    /// How much may be written in what time.
    pub caps: Caps,
    /// When attempts have failed too often for a machine to go on.
    pub lock: Lock,
    /// When so much is sick that it is likelier the cluster, or our view of it, than the workloads.
    pub storm: Storm,
    /// How often automation may be wrong before a person has to look.
    pub error_budget: ErrorBudget,
    /// Seconds after which facts are too old to act on.
    pub evidence_ttl_seconds: u64,
    /// Seconds for which a machine leaves alone what somebody else has just changed; 0 for none, at most 3600.
    pub change_grace_seconds: u64,
    /// Who may say yes, by strategy name, where it differs from what the plan says.
    pub strategies: BTreeMap<String, Consent>,
    /// Images that the operator vouches for: `registry/repository:tag`.
    pub allowed_images: Vec<String>,
}

/// How much may be written in what time. Every window slides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    /// Writes in the cluster within 60 s.
    pub global_per_60s: usize,
    /// Writes in a namespace within 60 s.
    pub namespace_per_60s: usize,
    /// Fixes of one workload under way at the same time.
    pub workload_in_flight: usize,
    /// Fixes of one workload within 5 minutes that were not taken back.
    pub workload_per_5min: usize,
    /// Attempts at one workload within 5 minutes, when those before were taken back.
    pub workload_attempts_per_5min: usize,
    /// Fixes of one workload within an hour, whatever became of them.
    pub workload_per_hour: usize,
    /// The highest memory limit that may be written.
    pub memory: Quantity,
    /// The highest CPU limit that may be written.
    pub cpu: Quantity,
}

/// When attempts have failed too often for a machine to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    /// Failed fixes of one workload in a row that lock it.
    pub after_failures: usize,
    /// Seconds that it stays locked after the last of them; a person may still say yes.
    pub seconds: u64,
    /// Seconds that it stays locked where all of them changed nothing and were taken back: more of the same is not
    /// likely to do better before somebody looked.
    pub ineffective_seconds: u64,
}

/// When most of the cluster looks sick, the system does less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storm {
    /// The share of unhealthy workloads from which it is a storm.
    pub unhealthy_fraction: f64,
    /// Workloads below which a share says nothing: one sick workload of one is no storm.
    pub from_workloads: usize,
    /// Up to this many workloads a storm stops all automation.
    pub stop_up_to_workloads: usize,
    /// In a larger cluster, seconds between two writes during a storm.
    pub seconds_between: u64,
    /// Seconds after a storm during which nothing is written yet.
    pub exit_seconds: u64,
}

/// How often automation may be wrong before a person has to look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorBudget {
    /// How many troubles (a workload with a spec hash) are looked back.
    pub window: usize,
    /// How many there have to be before a share says something.
    pub min: usize,
    /// The share of them that may have stayed unhealed after all attempts.
    pub allowed_not_better: f64,
    /// How many writes among them may have made something worse.
    pub allowed_worse: usize,
}

/// Who may say yes to plans of one strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// The policy alone, where the strategy may be loosened so far.
    Auto,
    /// A person.
    Ask,
    /// Nobody.
    Off,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            denied_namespaces: vec![],
            caps: Caps::default(),
            lock: Lock::default(),
            storm: Storm::default(),
            error_budget: ErrorBudget::default(),
            evidence_ttl_seconds: 120,
            change_grace_seconds: 20,
            strategies: BTreeMap::new(),
            allowed_images: vec![],
        }
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            global_per_60s: 6,
            namespace_per_60s: 2,
            workload_in_flight: 1,
            workload_per_5min: 1,
            workload_attempts_per_5min: 3,
            workload_per_hour: 3,
            memory: Quantity("2Gi".to_owned()),
            cpu: Quantity("2".to_owned()),
        }
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self { after_failures: 3, seconds: 3600, ineffective_seconds: 4 * 3600 }
    }
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            unhealthy_fraction: 0.55,
            from_workloads: 10,
            stop_up_to_workloads: 50,
            seconds_between: 100,
            exit_seconds: 60,
        }
    }
}

impl Default for ErrorBudget {
    fn default() -> Self {
        Self { window: 20, min: 5, allowed_not_better: 0.4, allowed_worse: 1 }
    }
}

impl Policy {
    /// What is wrong with the policy, one sentence a problem; empty when it can be used.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = self.strategy_problems();
        let share = |it: f64| (0.0..=1.0).contains(&it);
        if !share(self.storm.unhealthy_fraction) {
            problems.push("storm.unhealthy_fraction must lie between 0 and 1".to_owned());
        }
        if !share(self.error_budget.allowed_not_better) {
            problems.push("error_budget.allowed_not_better must lie between 0 and 1".to_owned());
        }
        if self.caps.memory.units().is_none_or(|it| it == 0) {
            problems.push(format!("caps.memory: `{}` is no amount of memory", self.caps.memory));
        }
        if self.caps.cpu.milli_units().is_none_or(|it| it == 0) {
            problems.push(format!("caps.cpu: `{}` is no amount of CPU", self.caps.cpu));
        }
        if self.lock.after_failures == 0 {
            problems.push("lock.after_failures must be at least 1".to_owned());
        }
        let locks = [
            ("lock.seconds", self.lock.seconds),
            ("lock.ineffective_seconds", self.lock.ineffective_seconds),
        ];
        for (name, _) in locks.iter().filter(|it| LONGEST_LOCK_SECS < it.1) {
            problems.push(format!("{name} must be at most {LONGEST_LOCK_SECS}"));
        }
        if self.evidence_ttl_seconds == 0 {
            problems.push("evidence_ttl_seconds must be at least 1".to_owned());
        }
        if LONGEST_GRACE_SECS < self.change_grace_seconds {
            problems.push(format!("change_grace_seconds must be at most {LONGEST_GRACE_SECS}"));
        }
        problems.extend(self.allowed_images.iter().filter_map(|it| image_problem(it)));
        problems
    }

    /// Who may say yes to a plan: what the plan says, as the policy tightens or loosens it.
    /// `None` when the strategy is switched off.
    pub fn consent(&self, strategy: &Strategy, risk: Risk) -> Option<Risk> {
        match (self.strategies.get(strategy.name()), risk) {
            (Some(Consent::Off), _) => None,
            // Whatever a plan says of itself.
            (_, Risk::Auto | Risk::Ask) if ALWAYS_ADVICE.contains(&strategy.name()) => {
                Some(Risk::Advice)
            }
            (_, Risk::Advice) => Some(Risk::Advice),
            (_, Risk::Auto | Risk::Ask) if ALWAYS_ASKED.contains(&strategy.name()) => {
                Some(Risk::Ask)
            }
            (Some(Consent::Ask), Risk::Auto | Risk::Ask) => Some(Risk::Ask),
            (Some(Consent::Auto), Risk::Ask) if MAY_BE_LOOSENED.contains(&strategy.name()) => {
                Some(Risk::Auto)
            }
            (Some(Consent::Auto) | None, Risk::Auto | Risk::Ask) => Some(risk),
        }
    }

    /// Whether so many workloads are unhealthy that automation has to hold back.
    ///
    /// A cluster of no workloads is one that could not be counted.
    pub fn is_stormy(&self, unhealthy: usize, workloads: usize) -> bool {
        if workloads == 0 {
            return true;
        }
        workloads >= self.storm.from_workloads
            && share(unhealthy, workloads) >= self.storm.unhealthy_fraction
    }

    fn strategy_problems(&self) -> Vec<String> {
        let mut problems = vec![];
        for (name, consent) in &self.strategies {
            if !Strategy::NAMES.contains(&name.as_str()) {
                let known = Strategy::NAMES.join(", ");
                problems.push(format!("strategies: `{name}` is none of {known}"));
            } else if *consent != Consent::Off && ALWAYS_ADVICE.contains(&name.as_str()) {
                problems.push(format!("strategies: `{name}` is advice, and may only be `off`"));
            } else if *consent == Consent::Auto
                && !MAY_BE_LOOSENED.contains(&name.as_str())
                && !ALWAYS_MAY_BE_AUTO.contains(&name.as_str())
            {
                problems.push(format!("strategies: `{name}` may be `ask` or `off`, never `auto`"));
            }
        }
        problems
    }
}

/// Strategies whose plans may be `auto` by themselves: saying so in a policy changes nothing.
const ALWAYS_MAY_BE_AUTO: [&str; 7] = [
    "fix_probe_port",
    "fix_reference",
    "fix_selector",
    "fix_service_port",
    "raise_cpu_limit",
    "roll_back",
    "wait",
];

/// Strategies whose every plan asks a person: they replace all pods at once, or clear away what a pod said.
const ALWAYS_ASKED: [&str; 2] = ["clear_leftovers", "restart_rollout"];

/// Strategies that show what to do and never do it: they write what no machine may.
const ALWAYS_ADVICE: [&str; 4] = ["correct_typo", "remove_taint", "rerun_job", "restore_replicas"];

/// `part / whole`; what is too large to count exactly is a storm anyway.
#[expect(clippy::cast_precision_loss, reason = "counts of workloads are far below 2^52")]
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn image_problem(image: &str) -> Option<String> {
    let problem = crate::image::Image::parse(image).is_none_or(|it| it.tag.is_none());
    problem.then(|| format!("allowed_images: `{image}` is no `registry/repository:tag`"))
}
