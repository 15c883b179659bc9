//! What an application does once it runs, as a catalogue entry or an annotation describes it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The annotation on a pod that gives its containers a behaviour.
pub(crate) const ANNOTATION: &str = "sandbox.k8s-reflexion.io/behaviour";

/// What an application needs and does; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Which container an annotation speaks of; all when left out.
    pub container: Option<String>,
    /// How much memory it comes to use, as a quantity; more than the limit is an out-of-memory kill.
    pub memory_need: Option<String>,
    /// After how many seconds it uses that much.
    pub memory_after: f64,
    /// How much CPU it wants for as long as it runs, as a quantity; with a lower limit it is made to wait, and answers
    /// too late.
    pub cpu_need: Option<String>,
    /// After how many seconds it answers on its ports.
    pub ready_after: f64,
    /// The ports that it listens on.
    pub ports: Vec<u16>,
    /// The paths that it answers with 200; all of them when left out.
    pub paths: Option<Vec<String>>,
    /// Other answers, such as `{"/healthz": 500}`.
    pub statuses: BTreeMap<String, u16>,
    /// Environment variables without which it stops at once.
    pub needs_env: Vec<String>,
    /// Files without which it stops at once.
    pub needs_files: Vec<String>,
    /// Names of services without which it stops at once.
    pub needs_services: Vec<String>,
    /// With which code it ends by itself.
    pub exit_code: Option<i32>,
    /// After how many seconds it ends.
    pub exit_after: f64,
    /// What it writes at its start.
    pub log: Vec<String>,
    /// What it writes to standard error just before it ends.
    pub error: Option<String>,
    /// After how many seconds it stops to answer.
    pub hangs_after: Option<f64>,
    /// Whether it ignores a request to stop.
    pub ignores_term: bool,
    /// With which code it obeys a request to stop.
    pub term_code: i32,
}

impl Behaviour {
    /// A server that answers on these ports.
    pub fn server(ports: &[u16]) -> Self {
        Self { ports: ports.to_vec(), ..Self::default() }
    }
}
