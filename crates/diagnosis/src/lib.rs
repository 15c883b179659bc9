//! What is wrong with a workload or a Service: Kubernetes objects become evidence, evidence becomes a diagnosis.
//!
//! Pure: no IO, no clock, no chance. The agent hands in [`Objects`] and gets values back.

#![deny(clippy::disallowed_methods)]

mod objects;
mod root;
mod bound;
mod marks;
mod outline;
mod all_pods;
mod redact;
mod near_file;
mod near_miss;
mod node_state;
mod same_program;
mod same_words;
mod image_name;
mod patterns;
mod properties;
mod quoting;
mod terminal;
mod texts;
mod registry;
mod scheduling;
mod refusal;
mod log;
mod evidence;
mod even_lives;
mod stopped;
mod confidence;
mod analyzers;
mod judge;
mod lasting;
mod suspicion;
mod k8sgpt;
mod policy_report;
mod snapshot;
mod survey;

pub use all_pods::AllPods;
pub use analyzers::diagnose;
pub use evidence::{
    context, facts, forget_unmounted_secrets, gather, named_secrets, secrets, secrets_of_pod, whose,
};
pub use image_name::tagged;
pub use judge::{
    Health, Look, Patience, healthy, judge, look, look_at_growth, look_at_start, look_behind, meet,
    paused_and_well, shown_after,
};
pub use k8sgpt::{K8sgptResult, with_reports};
pub use lasting::{LASTING, needed_readiness};
pub use marks::{Marks, ServiceOutline};
pub use objects::{ConfigMapKeys, Log, NodeMate, Objects, Root, Usage};
pub use outline::PodOutline;
pub use policy_report::BrokenPolicy;
pub use redact::{Redactor, Secrets, shortened};
pub use registry::{TagList, nearest};
pub use snapshot::{ConfigMapSize, Hardening, Rights, Snapshot, Webhook};
pub use survey::{
    ClaimAnew, VolumeFreed, accept, accepted_trouble, are_about_claims, are_about_webhooks,
    asked_for, beside, causes_beyond, claims_anew, explained, of_workload, reach, service_address,
    survey, tells_of_refusals, told_of_keys, told_why, volumes_freed,
};
pub use suspicion::{
    PATIENCE, RECENT, is_quiet, lacks_pods, suspicious_pod, suspicious_workload,
    tells_of_unmade_job, tells_of_webhook, waits_for_claims,
};
pub use texts::Texts;
