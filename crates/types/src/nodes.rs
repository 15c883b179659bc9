//! What the nodes of a cluster could take, and what keeps a template off them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ObjectRef;

/// What the nodes of the cluster could take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeFacts {
    /// Nodes that are ready and take pods.
    pub ready: u32,
    /// All nodes.
    pub total: u32,
    /// The largest allocatable memory of one node, in bytes.
    pub largest_memory: u64,
    /// The largest allocatable CPU of one node, in millicores.
    pub largest_cpu: u64,
    /// The most memory that one node has left beside the requests of its pods, in bytes.
    pub free_memory: u64,
    /// The most CPU that one node has left beside the requests of its pods, in millicores.
    pub free_cpu: u64,
    /// Nodes that are not ready; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<String>,
    /// Nodes of the subject's pods that say that they run out of something, or that somebody has closed to new pods; at
    /// most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strained: Vec<String>,
    /// Those of the nodes that are not ready that have pods of the subject of which nobody hears since; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut_off: Vec<DownNode>,
    /// Taints that keep the template away, such as `dedicated=gpu:NoSchedule`; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<String>,
    /// Those of them that stand alone between the template and a node that would take it, and that nobody seems to have
    /// meant; at most 20, by node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stray: Vec<StrayTaint>,
    /// The labels that the template selects nodes by; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selectors: Vec<SelectorFacts>,
    /// The nodes with all the labels that the template selects, where each of them has a taint that it does not
    /// tolerate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<SelectedNodes>,
    /// Host ports that the template wants and another pod has; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_ports: Vec<PortFacts>,
}

/// A node that is not ready, with pods of the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DownNode {
    /// Its name.
    pub name: String,
    /// What its condition `Ready` says: `False`, or `Unknown` where its kubelet says nothing any more.
    pub ready: String,
    /// The reason of that condition.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Its message, redacted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Since when it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl DownNode {
    /// Whether its kubelet says nothing any more.
    pub fn is_silent(&self) -> bool {
        self.ready == "Unknown"
    }
}

/// A taint that keeps the template off a node which would take it, and that nobody seems to have meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StrayTaint {
    /// The node, as it was read.
    pub node: ObjectRef,
    /// Where it stands among the taints of the node.
    pub index: usize,
    /// Its key.
    pub key: String,
    /// Its value. Never leaves the process: it is not redacted.
    #[serde(skip)]
    pub value: Option<String>,
    /// `NoSchedule` or `NoExecute`.
    pub effect: String,
    /// When it was put there, where the node says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
}

/// A host port that another pod has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortFacts {
    /// The field of the owner that wants it.
    pub path: String,
    /// The port.
    pub port: i32,
    /// The pod that has it: `Pod shop/web-1`.
    pub holder: String,
}

/// One label that the template selects nodes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SelectorFacts {
    /// The field of the owner that holds it.
    pub path: String,
    /// What it wants: `disk=ssd`, `disk In ssd, nvme`.
    pub wanted: String,
    /// How many nodes have that.
    pub nodes: u32,
    /// The one label of a node that is one or two edits away, where no node has what is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_miss: Option<String>,
    /// The one value that all nodes have under the same key, where none has what is wanted: `kubernetes.io/arch=arm64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_have: Option<String>,
}

/// The nodes that have all the labels which a template selects, and that are kept from its pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SelectedNodes {
    /// How many.
    pub nodes: u32,
    /// The first of them by name.
    pub first: String,
    /// Their taints that the template does not tolerate, such as `dedicated=gpu:NoSchedule`; at most 20.
    pub taints: Vec<String>,
}

/// Something that the template asks of its node beyond CPU, memory and labels: the node itself by name, an operating
/// system, a kernel setting, an amount of another resource or for the pod as a whole, other pods on it or none of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DemandFacts {
    /// The field of the owner that asks for it.
    pub path: String,
    /// What it asks for: `node-7`, `windows`, `1Gi`, `app=web`.
    pub value: String,
    /// Whether there is such a node; `None` for what is no node, and where nodes cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// The one node whose name is one or two edits away, where there is no such node; or the one label of pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_miss: Option<String>,
}
