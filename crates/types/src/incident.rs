//! An incident: one trouble of one root object or Service, with what is known and what is offered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Diagnosis, Evidence, Execution, Fault, Kind, ObjectRef, Risk, Strategy, Subject};

/// One trouble of one root object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Incident {
    /// Its id, sortable by time.
    pub id: Uuid,
    /// The cluster's name.
    pub cluster: String,
    /// The root owner, or the Service.
    pub subject: ObjectRef,
    /// A pod that shows the trouble, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// When the trouble was first seen.
    pub since: Timestamp,
    /// When this report was made.
    pub updated_at: Timestamp,
    /// When the status change that led to this report reached the agent; for latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// Whether it is still there.
    pub state: IncidentState,
    /// The cause that stands first.
    pub fault: Fault,
    /// The same, as the seed's contract names it.
    pub error_type: String,
    /// All diagnoses, causes before symptoms.
    pub diagnoses: Vec<Diagnosis>,
    /// What explains the trouble from beyond the subject, where the facts name it: the node that is down, the Service
    /// or the workload that is called and does not answer, a claim, a quota. The same object in many incidents is one
    /// trouble.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caused_by: Vec<Subject>,
    /// What could be done, best first by rule.
    pub offers: Vec<Offer>,
    /// What kind of workload this is, for learning.
    pub context: Context,
    /// Hash over the pod template, or over selector and ports of a Service, when this was seen: a fix that failed
    /// on it is not repeated.
    pub spec_hash: String,
    /// The facts; present where one incident is asked for, absent in lists and on the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

/// Whether the trouble is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// It is.
    Open,
    /// The workload is healthy again.
    Resolved,
    /// The object is gone; that is not a success.
    Gone,
}

/// What experience is kept under besides fault and strategy. Few, coarse values, so that counts can grow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct Context {
    /// The kind of the root owner.
    pub owner_kind: Kind,
    /// The last part of the image repository, without registry, path and tag: `nginx`.
    pub image_family: String,
    /// `service`, `daemon`, `batch` or `pod`; `traffic` for a Service.
    pub workload_class: String,
    /// Whether the trouble began with the newest rollout.
    pub since_rollout: bool,
}

/// A plan as it is shown: what it would do, who may say yes, and what the guard says today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// The strategy to ask for in `execute-fix`.
    pub strategy: Strategy,
    /// The fault that it answers; that of the incident where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Whether the facts speak for this very change, and not the fault alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backed: bool,
    /// What it does, in words.
    pub title: String,
    /// Why it is offered.
    pub because: String,
    /// Who may say yes.
    pub risk: Risk,
    /// The change, redacted, one line an edit; of more than 64 KiB the rest is a mark.
    pub diff: String,
    /// Whether it can be taken back.
    pub reversible: bool,
    /// Who writes the fields himself, so that the change has to be committed where he takes them from:
    /// `argocd`, `flux`, `helm`, `keda`, or a field manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The change as `patches` of a kustomization, redacted: ready to be committed. Of a node, which is in none,
    /// the operations of a JSON patch, for `kubectl patch node NAME --type=json`; so of a volume. None where no field
    /// of a manifest is edited, or where it would be longer than 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// What would have to be made anew, as a manifest (JSON), redacted: a copy of a job that gave up. None of more than
    /// 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

/// What the agent publishes on its stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum StreamEvent {
    /// An incident was opened, changed or closed.
    Incident(Box<Incident>),
    /// An execution changed its state.
    Execution(Box<Execution>),
}
