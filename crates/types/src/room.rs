//! How much more a namespace lets its containers have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Kind;

/// How much more the namespace lets its containers have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomFacts {
    /// Of memory, in bytes.
    pub memory: ResourceRoom,
    /// Of CPU, in millicores.
    pub cpu: ResourceRoom,
}

/// A pod that is over and that its owner has replaced, or a job that is over and of nobody, and that a quota which is
/// used up counts still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftoverFacts {
    /// Whether it is a pod or a job.
    #[serde(default = "pod")]
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Why it ended, such as `Evicted`; of a job its condition, such as `Complete`.
    pub reason: String,
    /// The root owner, such as `Deployment shop/web`; a job is its own.
    pub owner: String,
    /// Whether that is the subject itself.
    pub own: bool,
}

/// What is left over was a pod, before jobs were told as well.
fn pod() -> Kind {
    Kind::Pod
}

/// The bounds of one resource. `None` is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceRoom {
    /// The most that the limit of one container may be (`max` of a LimitRange for containers).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_max: Option<u64>,
    /// The most that the limits of one pod may be together (`max` of a LimitRange for pods).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_max: Option<u64>,
    /// How many times its request a limit may be, in thousandths (`maxLimitRequestRatio`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_thousandths: Option<u64>,
    /// What the tightest ResourceQuota has left for limits: hard less used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits_left: Option<u64>,
    /// The same for requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_left: Option<u64>,
    /// The highest limit that the policy lets be written, where who plans knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u64>,
}
