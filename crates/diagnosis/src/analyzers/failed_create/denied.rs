//! The field that a policy or a webhook is about, by the words with which it denies a pod.

use types::{Clue, ContainerFacts, Evidence};

use super::wording;

/// Where a field is that a word stands for.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Beside the pod's spec.
    Metadata(&'static str),
    Pod(&'static str),
    Container(&'static str),
}

/// Words in small letters, and what they are about. The first that stands in a denial decides.
const WORDS: [(&str, Place); 21] = [
    ("label", Place::Metadata("labels")),
    ("annotation", Place::Metadata("annotations")),
    ("hostpath", Place::Pod("volumes")),
    ("hostnetwork", Place::Pod("hostNetwork")),
    ("host network", Place::Pod("hostNetwork")),
    ("hostpid", Place::Pod("hostPID")),
    ("hostipc", Place::Pod("hostIPC")),
    ("service account", Place::Pod("serviceAccountName")),
    ("serviceaccount", Place::Pod("serviceAccountName")),
    ("toleration", Place::Pod("tolerations")),
    ("readinessprobe", Place::Container("readinessProbe")),
    ("livenessprobe", Place::Container("livenessProbe")),
    ("privilege", Place::Container("securityContext")),
    ("runas", Place::Container("securityContext")),
    ("as root", Place::Container("securityContext")),
    ("securitycontext", Place::Container("securityContext")),
    ("capabilit", Place::Container("securityContext")),
    ("resource", Place::Container("resources")),
    ("limit", Place::Container("resources")),
    ("image", Place::Container("image")),
    ("registry", Place::Container("image")),
];

/// The field as a clue; `None` where the words name none.
pub(super) fn field(evidence: &Evidence, denial: &str) -> Option<Clue> {
    let words = denial.to_lowercase();
    let place = WORDS.iter().find(|it| words.contains(it.0))?.1;
    let path = match place {
        Place::Metadata(name) => {
            let spec = evidence.subject.kind.pod_spec_path()?.to_string();
            format!("{}/metadata/{name}", spec.strip_suffix("/spec")?)
        }
        Place::Pod(name) => wording::pod_field(evidence, name)?,
        Place::Container(name) => {
            let named = |it: &&ContainerFacts| quotes(denial, &it.name);
            let all = &evidence.containers;
            let container = all.iter().find(named).or(all.first())?;
            wording::field(evidence, container, name)?
        }
    };
    Some(Clue::new(path, denial))
}

/// Whether the words have the name in quotes.
fn quotes(words: &str, name: &str) -> bool {
    ['"', '\'', '`', '<'].iter().any(|it| words.contains(&format!("{it}{name}")))
}
