//! What shares a node with a workload's pods: workloads of other namespaces, which a fix can starve.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::NeighbourFacts;

/// A workload of another namespace that has pods on a node with pods of the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeMateFacts {
    /// The workload as a whole. Whether it is steady is said of its pods on these nodes.
    pub workload: NeighbourFacts,
    /// What befell its pods there that are not ready, as far as their node explains it; at most one of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strains: Vec<StrainFacts>,
}

/// What befell a pod that its node explains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct StrainFacts {
    /// What it was.
    pub kind: StrainKind,
    /// Since when, at the earliest.
    pub at: Timestamp,
    /// The node.
    pub node: String,
}

/// In which way a node fails its pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrainKind {
    /// The kubelet put the pod off its node.
    Evicted,
    /// The kernel killed a container that has no memory limit of its own to pass.
    KilledForMemory,
    /// The pod lost readiness while its probes were not answered in time: it waits for CPU.
    AnswersLate,
    /// The pod lost readiness while its node reports that it runs out of memory, disk or process ids.
    NodeUnderPressure,
    /// The pod lost readiness with its node.
    NodeNotReady,
}

impl StrainKind {
    /// Whether the node itself or its kubelet says so. The rest is told by the pod, and whoever owns a pod can let
    /// it say that whenever he likes.
    pub fn is_said_by_node(self) -> bool {
        match self {
            Self::Evicted | Self::NodeUnderPressure | Self::NodeNotReady => true,
            Self::KilledForMemory | Self::AnswersLate => false,
        }
    }
}

impl std::fmt::Display for StrainFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let node = &self.node;
        match self.kind {
            StrainKind::Evicted => write!(f, "a pod of it was evicted from {node}"),
            StrainKind::KilledForMemory => {
                write!(f, "a container of it was killed because {node} ran out of memory")
            }
            StrainKind::AnswersLate => {
                write!(f, "a pod of it on {node} does not answer its probes in time")
            }
            StrainKind::NodeUnderPressure => write!(f, "{node} is under pressure"),
            StrainKind::NodeNotReady => write!(f, "{node} is not ready"),
        }
    }
}
