//! What is wrong, and the facts that say so.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is wrong with a workload or a Service. Kubernetes' own word where it has one.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Fault {
    /// The registry has no such repository or tag.
    ImageNotFound,
    /// The image exists or may exist, but cannot be pulled: denied, throttled or unreachable.
    ImageNotPullable,
    /// The image name is not a valid reference.
    InvalidImageName,
    /// The kernel killed the container for its memory limit.
    OomKilled,
    /// A ConfigMap, Secret or key that the template refers to is not there.
    ConfigNotFound,
    /// The runtime cannot start the container's command.
    ContainerCannotRun,
    /// The liveness probe fails and the kubelet kills the container.
    LivenessProbeFailing,
    /// The startup probe fails and the kubelet kills the container.
    StartupProbeFailing,
    /// The container exits by itself again and again.
    CrashLoopBackOff,
    /// No node can take the pod.
    Unschedulable,
    /// The readiness probe fails; the pod runs and gets no traffic.
    ReadinessProbeFailing,
    /// The owner may not make its pods: quota, limit range, admission, missing service account.
    FailedCreate,
    /// A pod and its containers are ready, and a readiness gate of it is not met.
    ReadinessGateNotMet,
    /// A pod was put off its node: by pressure, by its own limits, by a taint or by a person.
    Evicted,
    /// The node cannot make the pod's sandbox: network, addresses, runtime.
    SandboxNotCreated,
    /// A volume cannot be attached or mounted.
    VolumeNotMounted,
    /// The pod is kept from being scheduled, on purpose.
    SchedulingGated,
    /// An init container runs and does not come to its end.
    InitNotDone,
    /// The rollout missed its deadline, and no container says why.
    RolloutStuck,
    /// The job gave up.
    JobFailed,
    /// The node of its pods is not ready, and nobody hears of them.
    NodeDown,
    /// A Service selects no pod, or none that is ready.
    ServiceWithoutEndpoints,
    /// A Service sends traffic to a port that its pods do not declare.
    ServicePortMismatch,
    /// It is not healthy, and the facts do not say why.
    Unknown,
}

impl Fault {
    /// Every fault, in the order of the enum.
    pub const ALL: [Self; 24] = [
        Self::ImageNotFound,
        Self::ImageNotPullable,
        Self::InvalidImageName,
        Self::OomKilled,
        Self::ConfigNotFound,
        Self::ContainerCannotRun,
        Self::LivenessProbeFailing,
        Self::StartupProbeFailing,
        Self::CrashLoopBackOff,
        Self::Unschedulable,
        Self::ReadinessProbeFailing,
        Self::ReadinessGateNotMet,
        Self::FailedCreate,
        Self::Evicted,
        Self::SandboxNotCreated,
        Self::VolumeNotMounted,
        Self::SchedulingGated,
        Self::InitNotDone,
        Self::RolloutStuck,
        Self::JobFailed,
        Self::NodeDown,
        Self::ServiceWithoutEndpoints,
        Self::ServicePortMismatch,
        Self::Unknown,
    ];

    /// The fault as one word, as it stands in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImageNotFound => "ImageNotFound",
            Self::ImageNotPullable => "ImageNotPullable",
            Self::InvalidImageName => "InvalidImageName",
            Self::OomKilled => "OomKilled",
            Self::ConfigNotFound => "ConfigNotFound",
            Self::ContainerCannotRun => "ContainerCannotRun",
            Self::LivenessProbeFailing => "LivenessProbeFailing",
            Self::StartupProbeFailing => "StartupProbeFailing",
            Self::CrashLoopBackOff => "CrashLoopBackOff",
            Self::Unschedulable => "Unschedulable",
            Self::ReadinessProbeFailing => "ReadinessProbeFailing",
            Self::ReadinessGateNotMet => "ReadinessGateNotMet",
            Self::FailedCreate => "FailedCreate",
            Self::Evicted => "Evicted",
            Self::SandboxNotCreated => "SandboxNotCreated",
            Self::VolumeNotMounted => "VolumeNotMounted",
            Self::SchedulingGated => "SchedulingGated",
            Self::InitNotDone => "InitNotDone",
            Self::RolloutStuck => "RolloutStuck",
            Self::JobFailed => "JobFailed",
            Self::NodeDown => "NodeDown",
            Self::ServiceWithoutEndpoints => "ServiceWithoutEndpoints",
            Self::ServicePortMismatch => "ServicePortMismatch",
            Self::Unknown => "Unknown",
        }
    }

    /// The `error_type` of the wire contract: the word that `kubectl get pods` would show, where there is one.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::ImageNotFound | Self::ImageNotPullable => "ImagePullBackOff",
            Self::InvalidImageName => "InvalidImageName",
            Self::OomKilled => "OOMKilled",
            Self::ConfigNotFound => "CreateContainerConfigError",
            Self::ContainerCannotRun => "RunContainerError",
            Self::LivenessProbeFailing
            | Self::StartupProbeFailing
            | Self::ReadinessProbeFailing => "Unhealthy",
            Self::CrashLoopBackOff => "CrashLoopBackOff",
            Self::Unschedulable => "Unschedulable",
            // The reason of the pod's condition.
            Self::ReadinessGateNotMet => "ReadinessGatesNotReady",
            Self::FailedCreate => "FailedCreate",
            Self::Evicted => "Evicted",
            Self::SandboxNotCreated => "FailedCreatePodSandBox",
            Self::VolumeNotMounted => "FailedMount",
            Self::SchedulingGated => "SchedulingGated",
            Self::InitNotDone => "PodInitializing",
            Self::RolloutStuck => "ProgressDeadlineExceeded",
            Self::JobFailed => "BackoffLimitExceeded",
            // The reason of the event about each of its pods.
            Self::NodeDown => "NodeNotReady",
            // Nothing that `kubectl` lists has a word for these.
            Self::ServiceWithoutEndpoints => "ServiceWithoutEndpoints",
            Self::ServicePortMismatch => "ServicePortMismatch",
            Self::Unknown => "Unknown",
        }
    }

    /// The faults that a word of Kubernetes, of the wire contract or of ours may stand for, likeliest first.
    pub fn from_error_type(error_type: &str) -> Vec<Self> {
        let wanted = match error_type {
            "ErrImagePull" => "ImagePullBackOff",
            "CreateContainerError" => "RunContainerError",
            "PodPending" => "Unschedulable",
            "FailedAttachVolume" => "FailedMount",
            "DeadlineExceeded" => "BackoffLimitExceeded",
            other => other,
        };
        Self::ALL
            .into_iter()
            .filter(|it| it.as_str() == wanted || it.error_type() == wanted)
            .collect()
    }
}

/// `out of memory`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ImageNotFound => "image not found",
            Self::ImageNotPullable => "image not pullable",
            Self::InvalidImageName => "invalid image name",
            Self::OomKilled => "out of memory",
            Self::ConfigNotFound => "configuration not found",
            Self::ContainerCannotRun => "container cannot run",
            Self::LivenessProbeFailing => "liveness probe failing",
            Self::StartupProbeFailing => "startup probe failing",
            Self::CrashLoopBackOff => "crash loop",
            Self::Unschedulable => "unschedulable",
            Self::ReadinessProbeFailing => "readiness probe failing",
            Self::ReadinessGateNotMet => "readiness gate not met",
            Self::FailedCreate => "pods refused",
            Self::Evicted => "evicted",
            Self::SandboxNotCreated => "sandbox not created",
            Self::VolumeNotMounted => "volume not mounted",
            Self::SchedulingGated => "scheduling gated",
            Self::InitNotDone => "init container not done",
            Self::RolloutStuck => "rollout stuck",
            Self::JobFailed => "job failed",
            Self::NodeDown => "node down",
            Self::ServiceWithoutEndpoints => "service without endpoints",
            Self::ServicePortMismatch => "service port mismatch",
            Self::Unknown => "unhealthy for an unknown reason",
        })
    }
}

/// What is wrong with the subject, in one sentence, with the facts that say so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// What is wrong.
    pub fault: Fault,
    /// The container it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The cause in one sentence.
    pub cause: String,
    /// The facts that say so.
    pub clues: Vec<Clue>,
    /// How sure the rule is, between 0 and 1, by the kind of its proof: how often fault, object and field are those
    /// that are found while everything is known, where facts are missing. Measured on the casebook and on the cases
    /// of `K8sGPT`, in bands: `NUMBERS=confidence scripts/numbers.sh`. Of an unknown cause it says nothing.
    pub confidence: f64,
}

impl Diagnosis {
    /// The word by which a person is told that it is less sure than near certain; none of a cause that is unknown.
    pub fn doubt(&self) -> Option<&'static str> {
        crate::confidence::doubt(self.confidence).filter(|_| self.fault != Fault::Unknown)
    }
}

/// A pointer at a fact of the evidence, with its value for the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Clue {
    /// Where the fact stands: `containers[app].last_exit`.
    pub fact: String,
    /// What it says, redacted.
    pub value: String,
}

impl Clue {
    /// A clue that shows a fact's value.
    pub fn new(fact: impl Into<String>, value: &(impl fmt::Display + ?Sized)) -> Self {
        Self { fact: fact.into(), value: value.to_string() }
    }
}

/// The diagnosis as a person on call reads it.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fault)?;
        if let Some(doubt) = self.doubt() {
            write!(f, " ({doubt})")?;
        }
        write!(f, ": {}", self.cause)?;
        for clue in &self.clues {
            write!(f, "\n  {} = {}", clue.fact, clue.value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_ours_leads_back_to_its_fault() {
        for fault in Fault::ALL {
            assert!(Fault::from_error_type(fault.as_str()).contains(&fault));
            assert!(Fault::from_error_type(fault.error_type()).contains(&fault));
        }
    }

    #[test]
    fn a_word_nobody_knows_names_no_fault() {
        assert!(Fault::from_error_type("Nonsense").is_empty());
    }
}
