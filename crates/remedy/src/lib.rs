//! What to do about a diagnosis: plans, the guard that approves one, and the patch that carries it out.
//!
//! Pure: no IO, no clock, no chance. Nothing reaches a cluster but an [`ApprovedPlan`].

#![deny(clippy::disallowed_methods)]

mod strategies;
mod request;
mod policy;
mod guard;
mod patch;

pub use guard::{ApprovedPlan, Authority, PastWrite, Refusal, World, approve};
pub use patch::{FIX_ID_ANNOTATION, json_patch};
pub use policy::{MANAGED_LABEL, OPT_OUT_ANNOTATION, Policy};
pub use request::{RequestError, requested};
pub use strategies::plans;
