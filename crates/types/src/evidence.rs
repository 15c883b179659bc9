//! Evidence: what was seen of one root object and what hangs on it, redacted where it is made.
//!
//! A fact lives here once; a diagnosis points at it. `None` means that nobody could know,
//! never that all is well.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    ContainerFacts, DemandFacts, Edit, FieldPath, GateFacts, HeldImage, ImageFacts, Kind,
    LastChange, LeftoverFacts, NodeFacts, NodeMateFacts, ObjectRef, OtherHand, Owner,
    ReferenceFacts, RegistryTags, RoomFacts, SlipFacts, TrafficFacts,
};

/// Everything that was seen of one root object at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// When the objects were read; the only clock of the pure crates.
    pub taken_at: Timestamp,
    /// The cluster's name.
    pub cluster: String,
    /// The root owner.
    pub subject: ObjectRef,
    /// What the owner wants and has.
    pub workload: WorkloadFacts,
    /// The containers of the template, with the worst state that a pod of the newest revision shows.
    pub containers: Vec<ContainerFacts>,
    /// The pods, newest first; at most 50.
    pub pods: Vec<PodFacts>,
    /// Events about the subject and what it owns, newest first; at most 50.
    pub events: Vec<EventFacts>,
    /// Revisions of the template, newest first; at most 10.
    pub revisions: Vec<RevisionFacts>,
    /// What the template refers to by name; at most 200.
    pub references: Vec<ReferenceFacts>,
    /// Images that run ready elsewhere in the cluster or ran ready here, with the same repository.
    pub images: Vec<ImageFacts>,
    /// Images that nodes hold, named like one that a container waits for in vain or nearly so; nearest first, at
    /// most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_nodes: Vec<HeldImage>,
    /// What the nodes could still take; `None` when nodes cannot be read.
    pub nodes: Option<NodeFacts>,
    /// What stands beside it in its namespace; at most 50.
    pub neighbours: Vec<NeighbourFacts>,
    /// Workloads of other namespaces on the nodes of its pods, those in trouble first; at most 100. Looked for only
    /// where a fix is decided and judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_mates: Vec<NodeMateFacts>,
    /// The Services of its namespace, by which a program may call what stands behind them; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceFacts>,
    /// What a Service that is the subject itself asks for and gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<TrafficFacts>>,
    /// Reads that failed, each with its reason: what is not known here, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Fixes of ours of this workload that did not help and were taken back, of the last hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedFix>,
    /// Fields that no machine writes and that were probably mistyped; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slips: Vec<SlipFacts>,
    /// What the registry of an image that is not there says of its tags; `None` where it was not asked or did not
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_tags: Option<RegistryTags>,
    /// How much more the namespace lets its containers have; `None` when that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomFacts>,
    /// Pods and jobs of the namespace that are over and fill a quota for their number, where one has nothing left; at
    /// most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<LeftoverFacts>,
    /// The minor version of the API server: 33 of Kubernetes 1.33; `None` when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_minor: Option<u32>,
    /// The subject as a manifest, where it is a job that is not done. Never leaves the process: it is not redacted.
    #[serde(skip)]
    pub manifest: Option<Value>,
}

/// A fix of ours that did not help and was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FailedFix {
    /// When it was written.
    pub at: Timestamp,
    /// The strategy's key.
    pub strategy: String,
    /// Hash over the template before it.
    pub spec_hash: String,
    /// Hash over the template with it, where that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_hash: Option<String>,
    /// Whether the very fault that it was made for was seen again with it, in the same container.
    pub again: bool,
    /// What it wrote in the workload. Never leaves the process: values are not redacted.
    #[serde(skip)]
    pub edits: Vec<Edit>,
}

/// What the root owner wants and has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkloadFacts {
    /// Replicas wanted; 1 for a bare pod, completions for a job; 1 for a Service that should have endpoints, else 0.
    pub desired: u32,
    /// Replicas ready now (succeeded ones for a job); endpoints that are ready on all ports for a Service.
    pub ready: u32,
    /// Replicas of the newest template.
    pub updated: u32,
    /// Whether the owner is paused or suspended on purpose.
    pub paused: bool,
    /// What was changed since in the template that the pods of a paused Deployment have; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<String>,
    /// Whether a rollout is on its way that its controller has not given up.
    pub rolling_out: bool,
    /// When the newest revision was made; of a CronJob, its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_out_at: Option<Timestamp>,
    /// When a CronJob makes its next job; `None` where that is not known, is more than an hour away, or waits for a job
    /// that is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Timestamp>,
    /// Hash over the pod template, or over selector and ports of a Service: what "the same spec" means; 16 hexadecimal
    /// digits.
    pub spec_hash: String,
    /// Whether a pod of this owner was ever seen ready.
    pub was_ready: bool,
    /// A condition that the owner itself reports as failed, such as `ProgressDeadlineExceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_condition: Option<String>,
    /// The message of that condition, or of a refusal to make pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_message: Option<String>,
    /// Whether the workload asked to be left alone by annotation.
    pub opted_out: bool,
    /// Where it says that it is under maintenance: `annotation example.com/maintenance`, `variable MAINTENANCE`. It
    /// may be unready on purpose then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<String>,
    /// The fields of the template, as JSON Pointers, that hold again what they held before the revision before, by
    /// nobody's hand of ours: two owners take turns. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turned_back: Vec<String>,
    /// Who else set fields of its spec than the one who set most of it: two may write here. Neither a person with
    /// `kubectl` nor we; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_hands: Vec<OtherHand>,
    /// Who else writes this object: Argo CD, Flux, Helm, an autoscaler.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
    /// The newest change of its spec by somebody else than us, as far as that can be told: to scale it is none, and
    /// neither is what the control plane writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<LastChange>,
    /// The fix id that the object carries, if a fix of ours was the last to write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_id: Option<String>,
    /// Whether a StatefulSet waits for each pod before it goes on (`OrderedReady`).
    pub ordered: bool,
    /// The names of the volumes of its template, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// What its template asks of its node beyond CPU, memory and labels; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demands: Vec<DemandFacts>,
    /// Whether its pods are replaced only when somebody deletes them (`OnDelete`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_delete: bool,
    /// The job of a CronJob that was made from an earlier template, waits in vain, and lets no other one start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// What says that the present template of a CronJob never came to anything, as a sentence: no container of its jobs
    /// has started, or two of them failed and none succeeded. `None` where a program may have run to some effect, and
    /// where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_worked: Option<String>,
    /// How long a pod of a rollout may take to become ready (`progressDeadlineSeconds` of a Deployment), in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_secs: Option<u32>,
    /// Pods that a rollout makes beside the old ones (`maxSurge` of a Deployment).
    #[serde(default)]
    pub surge: u32,
}

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PodFacts {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its resourceVersion when it was read.
    pub resource_version: String,
    /// Its phase, as Kubernetes says it.
    pub phase: String,
    /// `status.reason`, such as `Evicted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `status.message`, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The gates that keep it from being scheduled, on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<String>,
    /// The readiness gates that alone keep it from being ready; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet_gates: Vec<GateFacts>,
    /// Whether its condition `Ready` is true.
    pub ready: bool,
    /// When it became ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_since: Option<Timestamp>,
    /// Since when that condition is false, where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unready_since: Option<Timestamp>,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// Whether it was given a node.
    pub scheduled: bool,
    /// What the scheduler said, when it found none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unschedulable: Option<String>,
    /// The scheduler that it wants, where that is not the cluster's own and no pod that names it has a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<String>,
    /// Its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Whether its node is not ready and nobody has heard of it since: what else is known of it is from before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_off: bool,
    /// Whether it belongs to the newest revision.
    pub current: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Since when its volumes are mounted and its sandbox is ready, so that its containers can be pulled and made
    /// (`PodReadyToStartContainers`); `None` while they are not, and where the kubelet does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared_at: Option<Timestamp>,
    /// When the last of its containers ended, where all of them have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// One event, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventFacts {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Its reason.
    pub reason: String,
    /// Its message, redacted.
    pub message: String,
    /// What it is about, such as `Pod shop/web-1`.
    pub object: String,
    /// How often it was seen.
    pub count: u32,
    /// When it was first seen, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// What a failed read of [`Evidence::unread`] begins with that would have said what else sets amounts of containers.
pub const VERTICAL_AUTOSCALERS: &str = "vertical autoscalers";

impl Evidence {
    /// Whether nobody knows if a vertical autoscaler sets what the containers ask for.
    pub fn may_be_scaled(&self) -> bool {
        let is_it = |it: &String| {
            it.strip_prefix(VERTICAL_AUTOSCALERS).is_some_and(|it| it.starts_with(':'))
        };
        self.unread.iter().any(is_it)
    }
}

/// A former or the current template of the owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RevisionFacts {
    /// The ReplicaSet or ControllerRevision that holds it; of a CronJob, the newest Job that was made from it.
    pub name: String,
    /// Its number; of a CronJob, counted from its oldest Job that is still there.
    pub revision: i64,
    /// Whether this is what the owner wants now.
    pub current: bool,
    /// Whether a pod of it was seen ready; of the current one, for ten seconds at least, and of one whose containers
    /// end again and again for longer than between two ends. Never of one that a fix of ours made that did not
    /// help. Of a CronJob, whether a Job made from it came to its end.
    pub was_ready: bool,
    /// Hash over its template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spec_hash: String,
    /// What a return to it changes, in redacted words: `path: from -> to`; at most 20.
    pub changed: Vec<String>,
    /// Whether a return to it would mount files of the host where none are mounted now, or let them be written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mounts_host: bool,
    /// Whether a return to it would mount files of the host no more, or only to be read: no machine takes that back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmounts_host: bool,
    /// The edits that a return to it needs. Never leaves the process: values are not redacted.
    #[serde(skip)]
    pub edits: Vec<Edit>,
    /// The fields among them whose values may be shown: a plain word of a variable takes the place of another one,
    /// and its name tells of a choice and of no secret.
    #[serde(skip)]
    pub plain: Vec<FieldPath>,
}

/// Something beside the subject whose health must not suffer from a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NeighbourFacts {
    /// The root owner.
    pub object: ObjectRef,
    /// Replicas wanted.
    pub desired: u32,
    /// Replicas ready.
    pub ready: u32,
    /// Restarts of all its pods.
    pub restarts: u32,
    /// Whether all its pods were ready for a minute and none of their containers ended in the last ten:
    /// what comes and goes by itself is no witness.
    #[serde(default)]
    pub steady: bool,
    /// `metadata.generation`, or a number made of selector and ports of a Service: another one means that somebody
    /// changed what it wants.
    #[serde(default)]
    pub generation: i64,
    /// The fewest replicas that its autoscaler keeps, or else those that its own declaration states (`kubectl
    /// apply`), while it is scaled to nothing. `None` where KEDA scales it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<u32>,
    /// Age of its newest pod in seconds, while it has fewer ready ones than it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_pod_secs: Option<u64>,
}

/// A Service, and the workloads whose pods it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Whether it has a selector: without one somebody else says who stands behind it.
    pub selects: bool,
    /// The workloads that its selector takes, such as `Deployment db`.
    pub behind: Vec<String>,
    /// The ports of its pods that it sends to: numbers or names, in order; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

impl Evidence {
    /// The container facts by name.
    pub fn container(&self, name: &str) -> Option<&ContainerFacts> {
        self.containers.iter().find(|it| it.name == name)
    }

    /// A pod that shows the trouble: of the newest revision and not ready, else any that is not ready. One that is cut
    /// off stands last: nobody there shows anything, or can be asked for anything.
    pub fn failing_pod(&self) -> Option<&PodFacts> {
        let failing = |it: &&PodFacts| !it.ready && !it.terminating && it.phase != "Succeeded";
        self.pods.iter().filter(failing).min_by_key(|it| (it.cut_off, !it.current))
    }

    /// Whether the subject is a pod that nothing owns.
    pub fn is_bare_pod(&self) -> bool {
        self.subject.kind == Kind::Pod
    }
}
