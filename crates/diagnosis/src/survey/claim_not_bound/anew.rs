//! A claim whose storage class is misspelt, as a manifest to make it anew: the field cannot be changed.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::{Value, json};
use types::{Finding, Subject};

use super::class_names;
use crate::Snapshot;
use crate::near_miss::near_miss;
use crate::survey::scene::{name, namespace};

/// The field that is wrong.
const CLASS: &str = "/spec/storageClassName";
/// Where annotations begin that machines make.
const OF_MACHINES: [&str; 4] = [
    "kubectl.kubernetes.io/",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
];

/// A claim as it was probably meant.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimAnew {
    /// The claim.
    pub claim: Subject,
    /// The class that it asks for.
    pub wanted: String,
    /// The class that was probably meant.
    pub meant: String,
    /// The claim with that class. Not redacted: redact before it leaves the process.
    pub manifest: Value,
}

/// The claims of which one of these findings says that their class is not there, where just one is as near. Those
/// that a template made are not among them: it would make them anew as they are.
pub fn claims_anew(around: &Snapshot, findings: &[Finding]) -> Vec<ClaimAnew> {
    let of_class = findings.iter().filter(|it| it.field.as_deref() == Some(CLASS));
    of_class.filter(|it| it.caused_by.is_empty()).filter_map(|it| anew(around, it)).collect()
}

fn anew(around: &Snapshot, finding: &Finding) -> Option<ClaimAnew> {
    let about = &finding.subject;
    let is_it = |it: &&PersistentVolumeClaim| {
        about.kind == "PersistentVolumeClaim"
            && name(&it.metadata) == about.name
            && namespace(&it.metadata) == about.namespace
    };
    let claim = around.claims.iter().flatten().find(is_it)?;
    let wanted = claim.spec.as_ref()?.storage_class_name.clone()?;
    let meant = near_miss(&wanted, class_names(around)).filter(|it| *it != wanted)?;
    let mut spec = serde_json::to_value(claim.spec.as_ref()?).ok()?;
    let members = spec.as_object_mut()?;
    members.remove("volumeName");
    members.insert("storageClassName".to_owned(), meant.clone().into());
    let mut metadata = json!({"name": about.name, "namespace": about.namespace});
    let kept = claim.metadata.annotations.iter().flatten();
    let kept: serde_json::Map<String, Value> = kept
        .filter(|it| !OF_MACHINES.iter().any(|machine| it.0.starts_with(machine)))
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    let of_metadata = metadata.as_object_mut()?;
    if let Some(labels) = &claim.metadata.labels {
        of_metadata.insert("labels".to_owned(), json!(labels));
    }
    if !kept.is_empty() {
        of_metadata.insert("annotations".to_owned(), kept.into());
    }
    let manifest = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec,
    });
    Some(ClaimAnew { claim: about.clone(), wanted, meant, manifest })
}
