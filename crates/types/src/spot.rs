//! A spot: the field of the template that the words of a container are about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a spot answers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SpotTopic {
    /// Why the container cannot be made: the kubelet names what a field asks for.
    Start,
    /// Why a file cannot be written.
    ReadOnly,
    /// Why a file, or a port, is not permitted.
    Denied,
    /// Who has a port already.
    InUse,
    /// Where an address comes from that the program needs.
    Needs,
    /// What stands for a variable that nobody sets: `$(PORTT)`.
    Expansion,
    /// Where a program, a script, a file or a value comes from.
    Program,
    /// Which variable, or key of a ConfigMap that brings one, its words name.
    Variable,
    /// What takes of its memory besides the program.
    Memory,
    /// Which other port the program was told to listen at.
    Listens,
    /// That the program was told to listen where only its own pod can ask.
    Loopback,
    /// That a ConfigMap says something else since the container took a variable from it.
    Outdated,
    /// What a probe asks for that is not there, while its container has nearly the same elsewhere.
    Probe,
}

/// A field of the template that what a container says, or does not answer, is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpotFacts {
    /// What it answers.
    pub topic: SpotTopic,
    /// The field of the owner.
    pub path: String,
    /// What stands there, redacted.
    pub value: String,
    /// What that means, as the end of a sentence, redacted; empty where the field says it all.
    pub words: String,
    /// The key of a ConfigMap that holds what would have to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyFacts>,
}

/// A key of a ConfigMap of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyFacts {
    /// The name of the ConfigMap.
    pub config_map: String,
    /// The key.
    pub key: String,
    /// What it says of what the log names: a short value, else the line with the word; redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
}
