//! A scan: what is wrong with any object of a namespace or a cluster, causes with what they explain.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Clue, ClusterFault, Edit, Fault, ObjectRef, Suppression};

/// An object that is spoken about. Of any kind, unlike an [`ObjectRef`], which names what may be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// Its kind as written in a manifest.
    pub kind: String,
    /// Its namespace; empty for objects that have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Subject {
    /// An object of this kind and name.
    pub fn new(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }
}

impl From<&ObjectRef> for Subject {
    fn from(object: &ObjectRef) -> Self {
        Self::new(object.kind.as_str(), object.namespace.clone(), object.name.clone())
    }
}

/// `Service shop/web`, `Node node-1`
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// How much a finding matters, the worst first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work that should.
    Critical,
    /// Something works less well than it should, or soon will not.
    Warning,
    /// Nothing suffers; a reviewer would point at it.
    Notice,
}

impl Severity {
    /// The severity as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with an object of any kind. One word in JSON.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(untagged)]
pub enum AnyFault {
    /// Of what can have an incident: a workload or a Service.
    Workload(Fault),
    /// Of another object.
    Cluster(ClusterFault),
}

impl AnyFault {
    /// The fault as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workload(it) => it.as_str(),
            Self::Cluster(it) => it.as_str(),
        }
    }
}

impl fmt::Display for AnyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(it) => it.fmt(f),
            Self::Cluster(it) => it.fmt(f),
        }
    }
}

/// Whose finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingSource {
    /// One of our rules.
    Rules,
    /// K8sGPT: a `Result` object of its operator, or what its command line reports. Its words are not checked.
    K8sgpt,
}

/// One thing that is wrong with one object, with the facts that say so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The same for the same trouble of the same object, however often it is scanned: 16 hexadecimal digits.
    pub fingerprint: String,
    /// The object that would have to change.
    pub subject: Subject,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub fault: AnyFault,
    /// The container it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The field of the subject that is to blame, as a JSON Pointer, where the facts name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The cause in one sentence.
    pub cause: String,
    /// The facts that say so, redacted.
    pub clues: Vec<Clue>,
    /// How sure the rule is, between 0 and 1: as of a diagnosis.
    pub confidence: f64,
    /// What this comes from, where that is another object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caused_by: Vec<Subject>,
    /// What suffers because of this and is not reported for itself; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explains: Vec<Subject>,
    /// The edits of the subject that mend it, where the facts leave one candidate. Never leave the process: `patch`
    /// is what is shown.
    #[serde(skip)]
    pub edits: Vec<Edit>,
    /// What mends it as `patches` of a kustomization, redacted: ready to be committed, and written by nobody else. Of a
    /// volume the operations of a JSON patch, for `kubectl patch pv NAME --type=json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// Who keeps the subject as somebody declared it, where a patch is shown, so that it has to be committed where
    /// he takes it from: `argocd`, `flux`, `helm`. By the marks of the object: who set single fields of it last a scan
    /// does not look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whose finding it is.
    pub source: FindingSource,
    /// Who accepted it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
}

impl Finding {
    /// A finding of a rule, without a fingerprint yet: that comes with the others of its scan.
    pub fn new(subject: Subject, severity: Severity, fault: AnyFault, cause: String) -> Self {
        Self {
            fingerprint: String::new(),
            subject,
            severity,
            fault,
            container: None,
            field: None,
            cause,
            clues: vec![],
            confidence: crate::READ,
            caused_by: vec![],
            explains: vec![],
            edits: vec![],
            patch: None,
            owner: None,
            source: FindingSource::Rules,
            suppressed: None,
        }
    }

    /// The word by which a person is told that it is less sure than near certain; none of a cause that is unknown.
    pub fn doubt(&self) -> Option<&'static str> {
        let is_known = self.fault != AnyFault::Workload(Fault::Unknown);
        crate::confidence::doubt(self.confidence).filter(|_| is_known)
    }

    /// The same, with the field that is to blame.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The same, with one more fact that says so.
    #[must_use]
    pub fn clue(mut self, fact: impl Into<String>, value: &(impl fmt::Display + ?Sized)) -> Self {
        self.clues.push(Clue::new(fact, value));
        self
    }

    /// The same, caused by another object.
    #[must_use]
    pub fn because_of(mut self, subject: Subject) -> Self {
        self.caused_by.push(subject);
        self
    }

    /// The same, with another confidence than of what is read off the objects.
    #[must_use]
    pub fn sure(self, confidence: f64) -> Self {
        Self { confidence, ..self }
    }
}

/// The finding as a person on call reads it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.subject, self.fault)?;
        if let Some(doubt) = self.doubt() {
            write!(f, " ({doubt})")?;
        }
        write!(f, ": {}", self.cause)?;
        if let Some(field) = &self.field {
            write!(f, "\n  at {field}")?;
        }
        for edit in &self.edits {
            write!(f, "\n  edit {edit}")?;
        }
        if let Some(owner) = &self.owner {
            write!(f, "\n  to commit where {owner} takes it from")?;
        }
        for clue in &self.clues {
            write!(f, "\n  {} = {}", clue.fact, clue.value)?;
        }
        for subject in &self.caused_by {
            write!(f, "\n  caused by {subject}")?;
        }
        for subject in &self.explains {
            write!(f, "\n  explains {subject}")?;
        }
        Ok(())
    }
}

/// What is scanned. Everything, when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// Only what is in this namespace, and what explains something there: a node, or an object of another namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Only objects of these kinds, as in a manifest or as `kubectl` takes them: `deploy`, `pvc`, `services`. All, when
    /// empty.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only objects with these labels, as `kubectl` writes them: `app=web,tier!=db`. All, when empty. An object whose
    /// labels are not read never fits, also not what is excluded.
    #[serde(default)]
    pub labels: String,
    /// Whether notices are told as well.
    #[serde(default)]
    pub notices: bool,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScanResponse {
    /// The cluster's name.
    pub cluster: String,
    /// When the objects were read.
    pub taken_at: Timestamp,
    /// How many objects were looked at.
    pub n_objects: usize,
    /// What is wrong, the worst first; what is accepted stands last.
    pub findings: Vec<Finding>,
    /// What could not be read, with reason: nothing is claimed about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_back_to_its_fault() {
        let of = |it: &str| serde_json::from_value::<AnyFault>(it.into()).unwrap();

        assert_eq!(of("OomKilled"), AnyFault::Workload(Fault::OomKilled));
        assert_eq!(of("NodeNotReady"), AnyFault::Cluster(ClusterFault::NodeNotReady));
    }
}
