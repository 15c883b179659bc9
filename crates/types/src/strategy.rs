//! The closed list of remedies, each with its dose.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of remedy a plan is. Together with the fault it is the key of experience.
///
/// On the wire a strategy is `{"type": "...", "parameters": {...}}`; the names are in [`Strategy::name`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "parameters", rename_all = "snake_case", deny_unknown_fields)]
pub enum Strategy {
    /// Return to the last revision of the template whose pods were ready.
    RollBack,
    /// Put a tag of the same repository that is known to run.
    ReplaceImageTag {
        /// The tag; the repository never changes.
        new_tag: String,
    },
    /// Raise the memory limit to `(2 + halves) / 2` times: 1 is one and a half times, 2 is double, 6 is four times.
    RaiseMemoryLimit {
        /// Halves of the limit that are added; 1 or 2, and once double was too little 6 or 14. 0 is as much as
        /// there is room for, where less than the next of these is left; 255 what was probably meant, where the
        /// limit lost its unit.
        halves: u8,
    },
    /// Lower the requests to what a node has left.
    LowerRequests,
    /// Raise the CPU limit to `(2 + halves) / 2` times.
    RaiseCpuLimit {
        /// Halves of the limit that are added; 1 or 2, and once double was too little 6.
        halves: u8,
    },
    /// Show the exact patch for a slip in a field that no machine writes: always advice.
    CorrectTypo,
    /// Show how the workload that is called, and was scaled to nothing, gets its declared replicas back: always advice.
    RestoreReplicas,
    /// Clear away finished pods that a workload left behind which is well again.
    ClearLeftovers,
    /// Show a copy of the failed job under a new name, for it is immutable: always advice.
    RerunJob,
    /// Show how a taint that nobody tolerates is taken off the node that would take the pod: always advice.
    RemoveTaint,
    /// Give the probe up to four times the time it has; its handler stays.
    RelaxProbe,
    /// Point the probe at a port that the container declares, or at a path that it answers.
    FixProbePort,
    /// Point a reference at the one near miss that exists.
    FixReference,
    /// Let a Service ask for the label that the pods of the one workload have that it was meant for.
    FixSelector,
    /// Let a port of a Service lead to the one port that its pods declare.
    FixServicePort,
    /// Evict the failing pod so that its controller makes a new one.
    RestartPod,
    /// Roll all pods of the owner once.
    RestartRollout,
    /// Change nothing and look again: for what heals by itself.
    Wait,
}

/// The four strategy types of the seed's contract.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SeedStrategy {
    /// Another tag of the same image.
    ImageTagReplacement,
    /// More memory, or requests that fit.
    ResourceAdjustment,
    /// Probe times, or patience.
    TemporalOptimization,
    /// What the facts of this very case call for: rollback, reference, restart.
    ContextAdaptive,
}

impl SeedStrategy {
    /// The type as written in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImageTagReplacement => "image_tag_replacement",
            Self::ResourceAdjustment => "resource_adjustment",
            Self::TemporalOptimization => "temporal_optimization",
            Self::ContextAdaptive => "context_adaptive",
        }
    }

    /// The type that a word of the contract names.
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::ImageTagReplacement,
            Self::ResourceAdjustment,
            Self::TemporalOptimization,
            Self::ContextAdaptive,
        ]
        .into_iter()
        .find(|it| it.as_str() == word)
    }
}

impl Strategy {
    /// The dose of `raise_memory_limit` that is as much as there is room for.
    pub const AS_MUCH_AS_FITS: u8 = 0;
    /// The dose of `raise_memory_limit` that is what was probably meant by a limit in which nothing can run.
    pub const AS_MEANT: u8 = u8::MAX;
    /// The other doses of `raise_memory_limit`, in halves that are added: one and a half times, double, four and
    /// eight times.
    pub const MEMORY_DOSES: [u8; 4] = [1, 2, 6, 14];
    /// The doses of `raise_cpu_limit`, in halves that are added: one and a half times, double and four times.
    pub const CPU_DOSES: [u8; 3] = [1, 2, 6];

    /// The largest of [`Self::MEMORY_DOSES`]: how many times as much memory one write gives at most.
    pub const MEMORY_TIMES: u64 = 8;
    /// The same of [`Self::CPU_DOSES`].
    pub const CPU_TIMES: u64 = 4;

    /// The registered names, in the order of the enum.
    pub const NAMES: [&'static str; 18] = [
        "roll_back",
        "replace_image_tag",
        "raise_memory_limit",
        "lower_requests",
        "raise_cpu_limit",
        "correct_typo",
        "restore_replicas",
        "clear_leftovers",
        "rerun_job",
        "remove_taint",
        "relax_probe",
        "fix_probe_port",
        "fix_reference",
        "fix_selector",
        "fix_service_port",
        "restart_pod",
        "restart_rollout",
        "wait",
    ];

    /// The name without the dose, as on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RollBack => "roll_back",
            Self::ReplaceImageTag { .. } => "replace_image_tag",
            Self::RaiseMemoryLimit { .. } => "raise_memory_limit",
            Self::LowerRequests => "lower_requests",
            Self::RaiseCpuLimit { .. } => "raise_cpu_limit",
            Self::CorrectTypo => "correct_typo",
            Self::RestoreReplicas => "restore_replicas",
            Self::ClearLeftovers => "clear_leftovers",
            Self::RerunJob => "rerun_job",
            Self::RemoveTaint => "remove_taint",
            Self::RelaxProbe => "relax_probe",
            Self::FixProbePort => "fix_probe_port",
            Self::FixReference => "fix_reference",
            Self::FixSelector => "fix_selector",
            Self::FixServicePort => "fix_service_port",
            Self::RestartPod => "restart_pod",
            Self::RestartRollout => "restart_rollout",
            Self::Wait => "wait",
        }
    }

    /// The name with the dose under which experience is kept: `raise_memory_limit@1.5`.
    ///
    /// A tag is no dose: which tag is right differs from image to image.
    pub fn key(&self) -> String {
        match self {
            Self::RaiseMemoryLimit { halves: Self::AS_MUCH_AS_FITS } => {
                format!("{}@room", self.name())
            }
            Self::RaiseMemoryLimit { halves: Self::AS_MEANT } => format!("{}@meant", self.name()),
            Self::RaiseMemoryLimit { halves } | Self::RaiseCpuLimit { halves } => {
                format!("{}@{}", self.name(), factor(*halves))
            }
            Self::RollBack
            | Self::ReplaceImageTag { .. }
            | Self::LowerRequests
            | Self::CorrectTypo
            | Self::RestoreReplicas
            | Self::ClearLeftovers
            | Self::RerunJob
            | Self::RemoveTaint
            | Self::RelaxProbe
            | Self::FixProbePort
            | Self::FixReference
            | Self::FixSelector
            | Self::FixServicePort
            | Self::RestartPod
            | Self::RestartRollout
            | Self::Wait => self.name().to_owned(),
        }
    }

    /// The type of the seed's contract that this strategy belongs to.
    pub fn seed(&self) -> SeedStrategy {
        match self {
            Self::ReplaceImageTag { .. } => SeedStrategy::ImageTagReplacement,
            Self::RaiseMemoryLimit { .. } | Self::LowerRequests | Self::RaiseCpuLimit { .. } => {
                SeedStrategy::ResourceAdjustment
            }
            Self::RelaxProbe | Self::Wait => SeedStrategy::TemporalOptimization,
            Self::RollBack
            | Self::CorrectTypo
            | Self::RestoreReplicas
            | Self::ClearLeftovers
            | Self::RerunJob
            | Self::RemoveTaint
            | Self::FixProbePort
            | Self::FixReference
            | Self::FixSelector
            | Self::FixServicePort
            | Self::RestartPod
            | Self::RestartRollout => SeedStrategy::ContextAdaptive,
        }
    }
}

/// `1.5` for one half, `2` for two.
fn factor(halves: u8) -> String {
    let whole = 1 + halves / 2;
    if halves.is_multiple_of(2) { whole.to_string() } else { format!("{whole}.5") }
}

/// `raise the memory limit to 1.5 times`
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RollBack => f.write_str("roll back to the last revision that was ready"),
            Self::ReplaceImageTag { new_tag } => write!(f, "replace the image tag by {new_tag}"),
            Self::RaiseMemoryLimit { halves: Self::AS_MUCH_AS_FITS } => {
                f.write_str("raise the memory limit as far as there is room")
            }
            Self::RaiseMemoryLimit { halves: Self::AS_MEANT } => {
                f.write_str("raise the memory limit to what was probably meant")
            }
            Self::RaiseMemoryLimit { halves } => {
                write!(f, "raise the memory limit to {} times", factor(*halves))
            }
            Self::LowerRequests => f.write_str("lower the requests to what a node has left"),
            Self::RaiseCpuLimit { halves } => {
                write!(f, "raise the CPU limit to {} times", factor(*halves))
            }
            Self::CorrectTypo => f.write_str("correct the slip"),
            Self::RestoreReplicas => f.write_str("give back the declared replicas"),
            Self::ClearLeftovers => f.write_str("clear away finished pods"),
            Self::RerunJob => f.write_str("run a copy of the job"),
            Self::RemoveTaint => f.write_str("take the stray taint off the node"),
            Self::RelaxProbe => f.write_str("give the probe more time"),
            Self::FixProbePort => f.write_str("point the probe at what the container serves"),
            Self::FixReference => f.write_str("point the reference at the name that exists"),
            Self::FixSelector => f.write_str("select the pods that were meant"),
            Self::FixServicePort => f.write_str("lead the port to the one that the pods declare"),
            Self::RestartPod => f.write_str("evict the pod"),
            Self::RestartRollout => f.write_str("restart the rollout"),
            Self::Wait => f.write_str("wait and look again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strategy_reads_as_the_contract_writes_it() {
        let wire = json!({"type": "raise_memory_limit", "parameters": {"halves": 1}});

        let strategy: Strategy = serde_json::from_value(wire.clone()).unwrap();

        assert_eq!(strategy, Strategy::RaiseMemoryLimit { halves: 1 });
        assert_eq!(serde_json::to_value(&strategy).unwrap(), wire);
        assert_eq!(strategy.key(), "raise_memory_limit@1.5");
    }

    #[test]
    fn each_dose_has_a_name_of_its_own() {
        let key = |halves| Strategy::RaiseMemoryLimit { halves }.key();
        let special = [Strategy::AS_MUCH_AS_FITS, Strategy::AS_MEANT].map(key);
        let others = Strategy::MEMORY_DOSES.map(key);

        assert_eq!(special, ["raise_memory_limit@room", "raise_memory_limit@meant"]);
        assert_eq!(others, ["1.5", "2", "4", "8"].map(|it| format!("raise_memory_limit@{it}")));
        let most = |doses: &[u8]| doses.iter().max().map(|it| 1 + u64::from(*it) / 2);
        assert_eq!(most(&Strategy::MEMORY_DOSES), Some(Strategy::MEMORY_TIMES));
        assert_eq!(most(&Strategy::CPU_DOSES), Some(Strategy::CPU_TIMES));
        let meant = Strategy::RaiseMemoryLimit { halves: Strategy::AS_MEANT };
        assert_eq!(meant.to_string(), "raise the memory limit to what was probably meant");
    }

    #[test]
    fn a_strategy_without_dose_needs_no_parameters() {
        let strategy: Strategy = serde_json::from_value(json!({"type": "roll_back"})).unwrap();

        assert_eq!(strategy, Strategy::RollBack);
    }
}
