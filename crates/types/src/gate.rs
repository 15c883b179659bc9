//! A readiness gate: a condition that a pod waits for besides its containers, and that somebody else sets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A readiness gate that keeps a pod from being ready although its containers are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GateFacts {
    /// The condition that it waits for.
    pub condition: String,
    /// The field of the owner that names it; `None` where somebody put it into the pod alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Reason or message of the condition, redacted; `None` where nobody has ever set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Since when the pod's containers are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}
