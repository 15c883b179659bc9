//! What may be done without asking, where, and how often.

use serde::{Deserialize, Serialize};

/// The label on a Namespace that enrols it: `"true"`.
pub const MANAGED_LABEL: &str = "k8s-reflexion.io/managed";
/// The annotation on a workload that keeps it out: `"true"`.
pub const OPT_OUT_ANNOTATION: &str = "k8s-reflexion.io/opt-out";

/// What may be done without asking, where, and how often. Read from a file at start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {}
