//! A field of the template that was probably mistyped, and what was probably meant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Edit;

/// What was mistyped.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SlipKind {
    /// The repository of an image.
    Image,
    /// A word of `command` or `args` that names a program.
    Command,
    /// A flag in `command` or `args`.
    Flag,
    /// The name of a variable.
    Variable,
    /// The literal value of a variable.
    Value,
    /// What a shell is given to run.
    Script,
    /// Where or what a volume mounts.
    Mount,
    /// The unit of an amount that no node has.
    Unit,
    /// An amount that the namespace demands and that is not stated, or too small.
    Amount,
    /// Who may do what with the files of a volume.
    Mode,
    /// The key of a Secret.
    Key,
    /// How many pods a rollout may have more and fewer.
    Rollout,
    /// What a probe asks for, or what a container makes for it.
    Probe,
    /// A label by which pods are told that others must stand beside, or are spread among.
    Label,
}

/// A field that no machine writes, and what the facts say was meant there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SlipFacts {
    /// The container that it stands in; empty for what is said of the pod as a whole.
    pub container: String,
    /// What was mistyped.
    pub kind: SlipKind,
    /// The field that holds it, of the owner or of the ConfigMap.
    pub path: String,
    /// The ConfigMap of the same namespace that holds it; `None` where the owner does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    /// What says so, in redacted words.
    pub shown_by: String,
    /// Whether another workload runs the same image with what is meant, where it is an amount that no node has, or
    /// a path that a probe asks for in vain and nothing says that this container is told to be another thing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alike: bool,
    /// The edits that correct it. Never leave the process: values are not redacted.
    #[serde(skip)]
    pub edits: Vec<Edit>,
}
