//! Who writes an object beside us.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody else who writes the object, and what he owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Owner {
    /// `argocd`, `flux`, `helm`, `hpa`, `vpa`, `keda` or the name of the field manager.
    pub name: String,
    /// What says so: an annotation, a label, or an object.
    pub mark: String,
    /// The fields that are his, as JSON Pointers; empty means the whole object.
    pub fields: Vec<String>,
}

/// Somebody who set fields of an object that is another's for the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OtherHand {
    /// His field manager.
    pub name: String,
    /// The field manager of most of the rest; `kubectl` for all of a person's.
    pub rest: String,
    /// The fields that he set last, as JSON Pointers.
    pub fields: Vec<String>,
}

/// Somebody's change of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastChange {
    /// When, by the clock of the API server.
    pub at: Timestamp,
    /// His field manager, `kubectl` for all of a person's; `None` where that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}
