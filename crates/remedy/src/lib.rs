//! What to do about a diagnosis: plans, the guard that approves one, and the patch that carries it out.
//!
//! Pure: no IO, no clock, no chance. Nothing reaches a cluster but an [`ApprovedPlan`], and what takes a
//! [`WrittenPlan`] back.

#![deny(clippy::disallowed_methods)]

mod strategies;
mod place;
mod request;
mod policy;
mod rights;
mod commit;
mod guard;
mod written;
mod patch;
mod image;
mod near;
mod amount;
mod room;
mod probe;
mod service;
mod reference;
mod twin;
mod pull;
mod revision;
mod leftover;
mod needs;
mod wedged;
mod raise;
mod privilege;
mod job_copy;
mod shown;

pub use commit::{
    finding_patch, kustomize_patch, node_patch, operations_of, owner_of, volume_patch,
};
pub use guard::{ApprovedPlan, Authority, Past, PastWrite, Refusal, World, approve, budget_spent};
pub use job_copy::job_copy;
pub use patch::{FIX_ID_ANNOTATION, RESTARTED_BY_ANNOTATION, json_patch, undo_patch};
pub use place::pods_follow;
pub use policy::{
    Caps, Consent, ErrorBudget, HARD_DENIED, Lock, MANAGED_LABEL, OPT_OUT_ANNOTATION, Policy, Storm,
};
pub use privilege::{INNER_VOLUMES, TELLING_ANNOTATIONS};
pub use request::{RequestError, requested};
pub use rights::{Right, Writer, rights_of, rolls_back};
pub use shown::as_shown;
pub use strategies::{answered, is_backed, plans, unknown_image};
pub use written::WrittenPlan;
