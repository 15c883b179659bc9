//! The contract between the two services, as the integration guide promises it.
//!
//! Field names, types and status codes are fixed. Fields below a line "added" are ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Execution, Incident, Mode};

/// The namespace of a request that names none.
pub fn default_namespace() -> String {
    "default".to_owned()
}

/// `POST /api/v1/k8sgpt-analyze`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"pod_name": "test-pod", "namespace": "default"}))]
pub struct K8sGptAnalyzeRequest {
    /// The pod's name.
    #[schema(
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        max_length = 253
    )]
    pub pod_name: String,
    /// Its namespace.
    #[serde(default = "default_namespace")]
    #[schema(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length = 63)]
    pub namespace: String,
}

/// Answer of `POST /api/v1/k8sgpt-analyze`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct K8sGptAnalyzeResponse {
    /// Whether the analysis ran.
    pub success: bool,
    /// `subject`, `diagnoses`, `offers`, `context`, `evidence`, `spec_hash`, `cluster`; `caused_by`, the objects beyond
    /// the workload whose own trouble explains this; `findings`, what the workload suffers from that its own rules
    /// cannot see, as a scan would tell it; `incident` holds the id of the incident that is open for the subject, where
    /// there is one. `healthy`: all that is wanted is there and nothing is wrong. `on_its_way`: nothing is wrong so
    /// far, and not all of it is there. Neither: something is wrong, told in `diagnoses`, or in `findings`.
    #[schema(value_type = Object)]
    pub analysis: Map<String, Value>,
    /// Confidence of the first diagnosis, or of the first finding that is more than a notice, between 0 and 1; 0.5 for
    /// a pod that is on its way, 1 for a healthy one.
    pub confidence: f64,
    /// The first diagnosis as Kubernetes names it, or the fault of that finding; empty for a pod that is healthy or on
    /// its way.
    pub error_type: String,
    /// RFC 3339.
    pub timestamp: String,
}

/// `POST /api/v1/execute-fix`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"pod_name": "web-0", "namespace": "default", "strategy": {"type": "image_tag_replacement", "parameters": {"new_tag": "1.27"}}}))]
#[serde(deny_unknown_fields)]
pub struct ExecuteFixRequest {
    /// The pod's name.
    #[schema(
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        max_length = 253
    )]
    pub pod_name: String,
    /// Its namespace.
    #[serde(default = "default_namespace")]
    #[schema(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length = 63)]
    pub namespace: String,
    /// `type`: one of the seed's four or a registered name; `parameters`: its dose.
    #[schema(value_type = Object)]
    pub strategy: Map<String, Value>,
    // added
    /// Show what would be done and write nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// How long to wait for a final state before answering; 0 answers when the write was made. At most 300.
    #[serde(default)]
    pub wait_seconds: u32,
    /// The incident that this answers. While it is open, its workload is meant where there is no such pod (any more).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Uuid>,
    /// Why this is ordered, for whoever reads about it later. Kept redacted, 500 characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What decided: a record, a model, a rule. Kept redacted, 100 characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// The probability with which this choice was made, between 0 and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub propensity: Option<f64>,
}

/// Answer of `POST /api/v1/execute-fix`; a fix that failed is still status 200 with `success: false`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecuteFixResponse {
    /// True when the write was made or, in a dry run, could be made. Never for what was refused or failed.
    pub success: bool,
    /// The id to ask `/api/v1/executions/{id}` for.
    pub execution_id: String,
    /// `state` (`proposed`, `verifying`, `verified`, `undone`, `stranded`), `strategy`, `diff`, `undo`, `pod_name`,
    /// `message`.
    #[schema(value_type = Object)]
    pub result: Map<String, Value>,
    /// Why not; absent on success.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// RFC 3339.
    pub timestamp: String,
}

/// Answer of `GET /api/v1/pod-status/{podName}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PodStatusResponse {
    /// The pod's phase.
    pub status: String,
    /// Whether all its containers are ready.
    pub containers_ready: bool,
    /// Restarts of all its containers.
    pub restart_count: i32,
    /// When it became ready, RFC 3339; absent while it is not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ready_time: String,
    /// Per container and probe (`app/readiness`): `passing`, `failing: …`, `pending` or `not configured`.
    pub health_checks: BTreeMap<String, String>,
    /// RFC 3339.
    pub timestamp: String,
}

/// Answer of `GET /api/v1/cluster-metrics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClusterMetricsResponse {
    /// CPU of all ready nodes, in percent of what is allocatable (0 to 100).
    pub cpu_usage: f64,
    /// Whether a node reports memory pressure, or memory is nearly used up.
    pub memory_pressure: bool,
    /// Fixes under way.
    pub concurrent_ops: i64,
    /// Nodes.
    pub node_count: i64,
    /// Pods.
    pub pod_count: i64,
    /// RFC 3339.
    pub timestamp: String,
    // added
    /// Where `cpu_usage` comes from: `metrics-server` (used) or `requests` (asked for).
    pub source: String,
    /// Memory in percent of what is allocatable (0 to 100), from the same source.
    pub memory_usage: f64,
}

/// Answer of `GET /api/v1/recent-events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentEventsResponse {
    /// The newest events first, at most 50.
    pub events: Vec<KubernetesEvent>,
    /// How many there are in `events`.
    pub count: usize,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KubernetesEvent {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Its reason.
    pub reason: String,
    /// Its message, redacted.
    pub message: String,
    /// `Pod/web-1`
    pub object: String,
    /// When it was last seen, RFC 3339.
    pub timestamp: String,
    // added
    /// The object's namespace.
    #[serde(default)]
    pub namespace: String,
    /// How often it was seen.
    #[serde(default)]
    pub count: u32,
}

/// Answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthResponse {
    /// `ok`, or `degraded` with a reason in `checks`.
    pub status: String,
    /// RFC 3339.
    pub timestamp: String,
    /// The version, as in the build.
    pub version: String,
    // added
    /// Each part and how it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
}

/// Answer of `GET /api/v1/incidents`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentsResponse {
    /// Newest first.
    pub incidents: Vec<Incident>,
    /// How many there are in `incidents`.
    pub count: usize,
}

/// Answer of `GET /api/v1/executions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionsResponse {
    /// Newest first.
    pub executions: Vec<Execution>,
    /// How many there are in `executions`.
    pub count: usize,
}

/// Body of `PUT /api/v1/mode` and answer of `GET`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeBody {
    /// What the agent may do.
    pub mode: Mode,
    /// Why; kept in the journal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `POST /api/v1/reflexion/process`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"pod_name": "test-pod", "namespace": "default", "error_type": "ImagePullBackOff"}))]
pub struct ProcessRequest {
    /// The pod's name.
    #[schema(
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        max_length = 253
    )]
    pub pod_name: String,
    /// Its namespace.
    #[serde(default = "default_namespace")]
    #[schema(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length = 63)]
    pub namespace: String,
    /// What the caller thinks is wrong, in Kubernetes' words. The agent's diagnosis decides.
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$", min_length = 1, max_length = 200)]
    pub error_type: String,
    /// Names this run, so that a repeat of the same call is answered and not run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$", min_length = 1, max_length = 200)]
    pub thread_id: Option<String>,
}

/// Answer of `POST /api/v1/reflexion/process`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProcessResponse {
    /// The run, to ask `/api/v1/reflexion/workflow/{id}` for.
    pub workflow_id: String,
    /// Whether the workload recovered, verified over time (or was healthy already).
    pub success: bool,
    /// The pod's name.
    pub pod_name: String,
    /// The strategy that was tried last; empty when none was.
    #[schema(value_type = Object)]
    pub final_strategy: Map<String, Value>,
    /// Seconds from the request to the final state.
    pub resolution_time: f64,
    /// Whether a person has to look.
    pub requires_human_intervention: bool,
    /// What was learned.
    pub reflexion_summary: ReflexionSummary,
    /// Why not; absent on success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a run learned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReflexionSummary {
    /// Reflections made in this run.
    pub reflections_performed: u32,
    /// Strategies whose record this run changed.
    pub strategies_learned: u32,
    /// How well predictions match outcomes: 1 minus the Brier score over the last 100 episodes.
    pub self_awareness_level: f64,
    /// First-try success of the last 20 incidents minus that of the 20 before; between -1 and 1.
    pub learning_velocity: f64,
    // added
    /// Calls of a language model in this run.
    #[serde(default)]
    pub model_calls: u32,
    /// Whether the choice came from memory.
    #[serde(default)]
    pub from_memory: bool,
    /// The lessons of this run.
    #[serde(default)]
    pub lessons: Vec<String>,
}
