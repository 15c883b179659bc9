//! What a template names: ConfigMaps, Secrets, claims, classes, labels of nodes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a reference of the template points at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    /// A ConfigMap, or a key of it.
    ConfigMap,
    /// A Secret, or a key of it. Secrets are never read.
    Secret,
    /// A persistent volume claim.
    Claim,
    /// A service account.
    ServiceAccount,
    /// A priority class.
    PriorityClass,
    /// A runtime class.
    RuntimeClass,
    /// A claim of devices.
    ResourceClaim,
    /// A template of such claims.
    ResourceClaimTemplate,
    /// A scheduler.
    Scheduler,
    /// The key of a label that nodes are selected by.
    NodeLabelKey,
    /// The value of such a label.
    NodeLabelValue,
}

impl ReferenceKind {
    /// Whether what it points at holds keys that a template takes one by one.
    pub fn holds_keys(self) -> bool {
        match self {
            Self::ConfigMap | Self::Secret => true,
            Self::Claim
            | Self::ServiceAccount
            | Self::PriorityClass
            | Self::RuntimeClass
            | Self::ResourceClaim
            | Self::ResourceClaimTemplate
            | Self::Scheduler
            | Self::NodeLabelKey
            | Self::NodeLabelValue => false,
        }
    }

    /// Whether what it points at belongs to a namespace.
    pub fn is_of_namespace(self) -> bool {
        match self {
            Self::ConfigMap
            | Self::Secret
            | Self::Claim
            | Self::ServiceAccount
            | Self::ResourceClaim
            | Self::ResourceClaimTemplate => true,
            Self::PriorityClass
            | Self::RuntimeClass
            | Self::Scheduler
            | Self::NodeLabelKey
            | Self::NodeLabelValue => false,
        }
    }
}

/// One reference by name in the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReferenceFacts {
    /// What it points at.
    pub kind: ReferenceKind,
    /// The name it points at.
    pub name: String,
    /// The key of it, where one is named; of a node label what stands beside it: the key of a value, the value of a
    /// key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The field of the owner that holds the name or, when only the key is wrong, the key.
    pub path: String,
    /// Whether what it names is there; `None` when that is not read (Secrets, claims of devices).
    pub exists: Option<bool>,
    /// The one name (or key) in the same namespace that is one or two edits away, if there is just one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_miss: Option<String>,
    /// What else is there that may have been meant, as the end of a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike: Option<String>,
    /// The name, or the key, that these words give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<String>,
    /// What speaks for the name that is meant, or that has the same words in another order, as a sentence: a ready
    /// workload of the same group that refers to the ConfigMap, or that nobody uses the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vouched: Option<String>,
    /// The label by which that one belongs to something else than the subject: `team=finance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs_to: Option<String>,
    /// Whether the template says that it may be absent.
    pub optional: bool,
    /// When somebody last wrote values of it, of a ConfigMap, as far as the API server remembers; `None` where that was
    /// when the subject was made, or before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

impl ReferenceFacts {
    /// Whether it is a key that is wrong, and not the name of what should hold it. A mount names a key by its
    /// `subPath`.
    pub fn is_about_key(&self) -> bool {
        self.kind.holds_keys() && (self.path.ends_with("/key") || self.is_of_mount())
    }

    /// Whether it is the `subPath` of a mount.
    pub fn is_of_mount(&self) -> bool {
        self.kind == ReferenceKind::ConfigMap && self.path.ends_with("/subPath")
    }
}
