//! Facts of one container: what the template wants, and the worst that a pod shows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Quantity, SpotFacts};

/// Which list of the pod spec a container stands in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ContainerRole {
    /// `containers`.
    App,
    /// `initContainers`.
    Init,
}

impl ContainerRole {
    /// The list of a pod spec that such containers stand in.
    pub fn list(self) -> &'static str {
        match self {
            Self::App => "containers",
            Self::Init => "initContainers",
        }
    }
}

/// Where a container is in its life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContainerState {
    /// The reason it waits, such as `CrashLoopBackOff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// The message beside that reason, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_message: Option<String>,
    /// When it started, if it runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_since: Option<Timestamp>,
    /// The reason of its newest end, current or before, such as `OOMKilled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exit: Option<String>,
    /// The exit code of that end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The message of that end, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_message: Option<String>,
    /// When that end was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_at: Option<Timestamp>,
    /// When the run began that came to that end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
}

/// A limit that a pod was made with and its template does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GivenLimit {
    /// How much.
    pub amount: Quantity,
    /// The request beside it, where the template states none either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Quantity>,
    /// The limit range whose default it is; `None` where something else gave it, such as a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_of: Option<DefaultOf>,
}

/// A request that a pod was made with and its template does not state, nor a limit that would count as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GivenRequest {
    /// `cpu` or `memory`.
    pub resource: String,
    /// How much.
    pub amount: Quantity,
    /// The limit range whose default it is; `None` where something else gave it, such as a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_of: Option<DefaultOf>,
}

/// A default of a limit range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DefaultOf {
    /// The name of the limit range.
    pub limit_range: String,
    /// The field there: `/spec/limits/0/default/memory`.
    pub path: String,
}

/// One container of the template and the worst of what its pods show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContainerFacts {
    /// Its name.
    pub name: String,
    /// Which list it stands in.
    pub role: ContainerRole,
    /// Its place in that list.
    pub index: usize,
    /// Whether it is an init container that goes on beside the others (`restartPolicy: Always`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sidecar: bool,
    /// The image as the template names it.
    pub image: String,
    /// The pod that this state was read from; empty when no pod exists.
    pub pod: String,
    /// Whether it is ready there.
    pub ready: bool,
    /// How often it was restarted there.
    pub restarts: u32,
    /// Where it is in its life.
    #[serde(flatten)]
    pub state: ContainerState,
    /// `resources.limits.memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<Quantity>,
    /// `resources.requests.memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<Quantity>,
    /// `resources.limits.cpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Quantity>,
    /// `resources.requests.cpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<Quantity>,
    /// The memory limit that its pod has where the template sets none: what it is held to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_memory_limit: Option<GivenLimit>,
    /// What its pod asks for where the template asks for nothing; at most two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_requests: Vec<GivenRequest>,
    /// Memory in use, in bytes, when a metrics server tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_used: Option<u64>,
    /// CPU in use, in millicores, when a metrics server tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_used: Option<u64>,
    /// Where a volume in memory without a size is mounted that it may write to, and its log counts up without an
    /// end until it was killed for memory: it probably fills that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fills_memory: Option<String>,
    /// The names of its variables, without their values; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Which of the fields that decide how it starts the template sets: `command`, `args`, `workingDir`,
    /// `lifecycle` (a `postStart` hook), `envFrom`, and `valueFrom` of any variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// The addresses that its command waits for in a loop: `mq:5672`; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// Whether its command has other work to do after that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub works_after: bool,
    /// What its command does where it does nothing but sleep for ten minutes or more: `sleep 86400`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sleeps: Option<String>,
    /// The files that ConfigMaps put into it, by path; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// A path in a volume that lives as long as the pod (`emptyDir`), where its last words say that something was
    /// left behind: a lock, the file of a process id. It outlives a restart of the container, and not the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<String>,
    /// Whether that is a lock, a socket or the file of a process id, in a volume that is mounted where programs
    /// keep nothing else: a folder called `run`, `pids`, `tmp` or `lock`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_in_scratch: bool,
    /// The line of its log by which a part of its process has died, or waits for ever, while the process lives on.
    /// `None` where any line tells of a call that is not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wedged: Option<String>,
    /// Whether the last that its log says is how far it is with some work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_work: bool,
    /// The Services of its namespace that plain values of its variables, or its log, name; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// The variables whose plain value, or a word of it, its log shows, each with that; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quoted: Vec<(String, String)>,
    /// The fields of the template that its words or its probes are about; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spots: Vec<SpotFacts>,
    /// The variables whose plain value names a host that its log names, each with that host; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<(String, String)>,
    /// The ports that its words or its command say it listens at, in order; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listens: Vec<u16>,
    /// Its declared ports: name (may be empty) and number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<(String, u16)>,
    /// Its probes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeFacts>,
    /// The last lines of its current log, redacted; at most 40 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// The last lines of the log before its last restart, redacted; at most 40 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous_log: Vec<String>,
}

/// Which probe.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// `startupProbe`.
    Startup,
    /// `livenessProbe`.
    Liveness,
    /// `readinessProbe`.
    Readiness,
}

impl ProbeKind {
    /// The field of a container that holds such a probe.
    pub fn field(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }
}

/// A probe as the template has it. Times are in seconds; `None` means absent in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProbeFacts {
    /// Which probe.
    pub kind: ProbeKind,
    /// What it does, in words: `GET :8080/healthz`, `TCP :5432`, `exec`, `gRPC :9090`.
    pub action: String,
    /// The port it asks, as the manifest has it: a number or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The host that it asks instead of the pod, where the manifest names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path that an HTTP probe asks for, where the manifest names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `HTTP` or `HTTPS`, where the manifest says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// `initialDelaySeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_delay_secs: Option<u32>,
    /// `timeoutSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<u32>,
    /// `periodSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_secs: Option<u32>,
    /// `failureThreshold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<u32>,
    /// The newest message of its failure, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The command that it runs, of an `exec` probe. Never leaves the process: it is not redacted.
    #[serde(skip)]
    pub command: Vec<String>,
}

impl ProbeFacts {
    /// `periodSeconds` where a manifest does not say.
    pub const PERIOD: u32 = 10;
    /// `failureThreshold` where a manifest does not say.
    pub const TRIES: u32 = 3;
    /// `timeoutSeconds` where a manifest does not say.
    pub const TIMEOUT: u32 = 1;

    /// How many seconds lie between two tries.
    pub fn period(&self) -> u32 {
        self.period_secs.unwrap_or(Self::PERIOD)
    }

    /// How often it asks in vain before it gives up.
    pub fn tries(&self) -> u32 {
        self.failure_threshold.unwrap_or(Self::TRIES)
    }

    /// How many seconds the kubelet waits for an answer.
    pub fn timeout(&self) -> u32 {
        self.timeout_secs.unwrap_or(Self::TIMEOUT)
    }

    /// How many seconds pass before it is asked for the first time.
    pub fn initial_delay(&self) -> u32 {
        self.initial_delay_secs.unwrap_or(0)
    }
}
