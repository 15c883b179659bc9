//! The words of the product: what crosses the wire and what the domain is made of.
//!
//! In reading order: an [`Incident`] is opened on an [`ObjectRef`]; [`Evidence`] is gathered;
//! a [`Diagnosis`] points at its facts; a [`FixPlan`] says how to mend it and carries its own
//! undo; an [`Execution`] is a plan on its way through the cluster; an [`Episode`] is what is
//! remembered of all that. [`wire`] is the contract that the two services promised to keep.

mod object;
mod quantity;
mod containers;
mod spot;
mod gate;
mod hands;
mod evidence;
mod references;
mod images;
mod nodes;
mod node_mates;
mod room;
mod slip;
mod registry;
mod confidence;
mod diagnosis;
mod plan;
mod strategy;
mod incident;
mod cluster_fault;
mod scan;
mod scanned_kind;
mod suppression;
mod traffic;
mod labels;
mod execution;
mod explanation;
mod episode;
mod problem;
pub mod kind_words;
pub mod names;
pub mod wire;

pub use cluster_fault::ClusterFault;
pub use confidence::{NEAR_CERTAIN, READ};
pub use containers::{
    ContainerFacts, ContainerRole, ContainerState, DefaultOf, GivenLimit, GivenRequest, ProbeFacts,
    ProbeKind,
};
pub use diagnosis::{Clue, Diagnosis, Fault};
pub use episode::{Correction, Episode, Observation, Record, Reflection, ReflectionSource};
pub use evidence::{
    EventFacts, Evidence, FailedFix, NeighbourFacts, PodFacts, RevisionFacts, ServiceFacts,
    VERTICAL_AUTOSCALERS, WorkloadFacts,
};
pub use execution::{Check, Execution, ExecutionState, Mode, RefusalReport, Verdict};
pub use explanation::{
    Alternative, DecisionRecord, Explanation, JournalEntry, OrderReason, ShownStep,
};
pub use gate::GateFacts;
pub use hands::{LastChange, OtherHand, Owner};
pub use images::{HeldImage, ImageFacts};
pub use incident::{Context, Incident, IncidentState, Offer, StreamEvent};
pub use labels::{BadLabelQuery, LabelQuery};
pub use node_mates::{NodeMateFacts, StrainFacts, StrainKind};
pub use nodes::{
    DemandFacts, DownNode, NodeFacts, PortFacts, SelectedNodes, SelectorFacts, StrayTaint,
};
pub use object::{FieldPath, Kind, ObjectRef};
pub use plan::{Action, Edit, FixPlan, Risk, Step, Subresource};
pub use problem::Problem;
pub use quantity::Quantity;
pub use references::{ReferenceFacts, ReferenceKind};
pub use registry::RegistryTags;
pub use room::{LeftoverFacts, ResourceRoom, RoomFacts};
pub use scan::{AnyFault, Finding, FindingSource, ScanRequest, ScanResponse, Severity, Subject};
pub use scanned_kind::{UnknownKind, scanned_kind};
pub use slip::{SlipFacts, SlipKind};
pub use spot::{KeyFacts, SpotFacts, SpotTopic};
pub use strategy::{SeedStrategy, Strategy};
pub use suppression::{Suppression, SuppressionOrder, Suppressions, is_fingerprint};
pub use traffic::{
    LabelSlip, MeantPort, PortTarget, ServicePortFacts, SurplusLabel, SwappedLabels, TrafficFacts,
};
