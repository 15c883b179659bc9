//! What of a survey somebody asked for.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use types::{Finding, LabelQuery, ScanRequest, Severity, Subject};

use super::scene::{name, namespace};
use crate::Snapshot;

/// The findings that are about what was asked for, or that explain trouble of it.
///
/// An object that is itself the cause lies often elsewhere: a node has no namespace.
pub fn asked_for(
    found: Vec<Finding>,
    request: &ScanRequest,
    labels: &LabelQuery,
    snapshot: &Snapshot,
) -> Vec<Finding> {
    let wants = |subject: &Subject| {
        let in_namespace = request.namespace.as_ref().is_none_or(|it| *it == subject.namespace);
        let of_kind = request.kinds.is_empty()
            || request.kinds.iter().any(|it| it.eq_ignore_ascii_case(&subject.kind));
        in_namespace
            && of_kind
            && (*labels == LabelQuery::default() || labels.takes(labels_of(subject, snapshot)))
    };
    let mut found = found;
    found.retain(|it| request.notices || it.severity != Severity::Notice);
    found.retain(|it| wants(&it.subject) || it.explains.iter().any(wants));
    found
}

/// The labels of an object of the snapshot; `None` where it has none or is not in it.
fn labels_of<'a>(
    subject: &Subject,
    snapshot: &'a Snapshot,
) -> Option<&'a BTreeMap<String, String>> {
    let is_it = |it: &&ObjectMeta| namespace(it) == subject.namespace && name(it) == subject.name;
    let found = match subject.kind.as_str() {
        "Pod" => snapshot.pods.iter().map(|it| &it.metadata).find(is_it),
        "Node" => snapshot.nodes.iter().map(|it| &it.metadata).find(is_it),
        "Service" => snapshot.services.iter().flatten().map(|it| &it.metadata).find(is_it),
        "Ingress" => snapshot.ingresses.iter().flatten().map(|it| &it.metadata).find(is_it),
        "PersistentVolumeClaim" => {
            snapshot.claims.iter().flatten().map(|it| &it.metadata).find(is_it)
        }
        "HorizontalPodAutoscaler" => {
            snapshot.autoscalers.iter().flatten().map(|it| &it.metadata).find(is_it)
        }
        "PodDisruptionBudget" => {
            snapshot.budgets.iter().flatten().map(|it| &it.metadata).find(is_it)
        }
        "NetworkPolicy" => {
            snapshot.network_policies.iter().flatten().map(|it| &it.metadata).find(is_it)
        }
        kind => {
            let workloads = snapshot.workloads.iter().filter(|it| it.kind().as_str() == kind);
            workloads.map(crate::Root::metadata).find(is_it)
        }
    };
    found?.labels.as_ref()
}
