//! What of a survey somebody asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use types::{Finding, LabelQuery, ScanRequest, Severity, Subject};

use super::scene::{name, namespace};
use crate::{Snapshot, Webhook};

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
            && (*labels == LabelQuery::default()
                || labels_of(subject, snapshot).is_some_and(|it| labels.takes(Some(&it))))
    };
    let mut found = found;
    found.retain(|it| request.notices || it.severity != Severity::Notice);
    found.retain(|it| wants(&it.subject) || it.explains.iter().any(wants));
    found
}

/// The labels of an object of the snapshot; `None` where they are not known, and nothing can be said of them.
fn labels_of(subject: &Subject, snapshot: &Snapshot) -> Option<BTreeMap<String, String>> {
    let typed = metadata_of(subject, snapshot).map(|it| it.labels.clone().unwrap_or_default());
    typed.or_else(|| of_part(subject, snapshot)).or_else(|| {
        let object = added(subject, snapshot)?;
        let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
        let pairs = labels.into_iter().flatten();
        Some(pairs.filter_map(|it| Some((it.0.clone(), it.1.as_str()?.to_owned()))).collect())
    })
}

/// The labels of an object of which only a part is kept.
fn of_part(subject: &Subject, snapshot: &Snapshot) -> Option<BTreeMap<String, String>> {
    let labels = if subject.kind == "ConfigMap" {
        let mut maps = snapshot.config_maps.iter().flatten();
        &maps.find(|it| it.namespace == subject.namespace && it.name == subject.name)?.labels
    } else {
        let mut webhooks = snapshot.webhooks.iter().flatten();
        let is_it = |it: &&Webhook| it.kind == subject.kind && it.configuration == subject.name;
        &webhooks.find(is_it)?.labels
    };
    Some(labels.clone().unwrap_or_default())
}

/// The metadata of an object of a kind that Kubernetes has.
fn metadata_of<'a>(subject: &Subject, snapshot: &'a Snapshot) -> Option<&'a ObjectMeta> {
    let all = snapshot;
    match subject.kind.as_str() {
        "Pod" => among(&all.pods, subject),
        "Node" => among(&all.nodes, subject),
        "Job" => among(&all.jobs, subject).or_else(|| workload(subject, all)),
        "Service" => of(all.services.as_ref(), subject),
        "Ingress" => of(all.ingresses.as_ref(), subject),
        "IngressClass" => of(all.ingress_classes.as_ref(), subject),
        "NetworkPolicy" => of(all.network_policies.as_ref(), subject),
        "PersistentVolumeClaim" => of(all.claims.as_ref(), subject),
        "PersistentVolume" => of(all.volumes.as_ref(), subject),
        "StorageClass" => of(all.storage_classes.as_ref(), subject),
        "HorizontalPodAutoscaler" => of(all.autoscalers.as_ref(), subject),
        "PodDisruptionBudget" => of(all.budgets.as_ref(), subject),
        "ResourceQuota" => of(all.quotas.as_ref(), subject),
        "LimitRange" => of(all.limit_ranges.as_ref(), subject),
        "Namespace" => of(all.namespaces.as_ref(), subject),
        "ServiceAccount" => of(all.service_accounts.as_ref(), subject),
        "Role" => of(all.rights.as_ref()?.roles.as_ref(), subject),
        "RoleBinding" => of(all.rights.as_ref()?.role_bindings.as_ref(), subject),
        "ClusterRole" => of(all.rights.as_ref()?.cluster_roles.as_ref(), subject),
        "ClusterRoleBinding" => of(all.rights.as_ref()?.cluster_role_bindings.as_ref(), subject),
        _ => workload(subject, all),
    }
}

fn workload<'a>(subject: &Subject, snapshot: &'a Snapshot) -> Option<&'a ObjectMeta> {
    let mut workloads = snapshot.workloads.iter().filter(|it| it.kind().as_str() == subject.kind);
    workloads.find(|it| is_it(it.metadata(), subject)).map(crate::Root::metadata)
}

fn of<'a, K: Metadata<Ty = ObjectMeta>>(
    objects: Option<&'a Vec<K>>,
    subject: &Subject,
) -> Option<&'a ObjectMeta> {
    objects?.iter().map(Metadata::metadata).find(|it| is_it(it, subject))
}

fn among<'a, K: Metadata<Ty = ObjectMeta>>(
    objects: &'a [Arc<K>],
    subject: &Subject,
) -> Option<&'a ObjectMeta> {
    objects.iter().map(|it| K::metadata(it)).find(|it| is_it(it, subject))
}

fn is_it(metadata: &ObjectMeta, subject: &Subject) -> bool {
    namespace(metadata) == subject.namespace && name(metadata) == subject.name
}

/// An object of a kind that somebody added to the cluster.
fn added<'a>(subject: &Subject, snapshot: &'a Snapshot) -> Option<&'a Value> {
    let lists = match subject.kind.as_str() {
        "GatewayClass" => [&snapshot.gateway_classes, &None],
        "Gateway" => [&snapshot.gateways, &None],
        "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" => [&snapshot.routes, &None],
        "Certificate" => [&snapshot.certificates, &None],
        "Issuer" | "ClusterIssuer" => [&snapshot.issuers, &None],
        "ScaledObject" | "ScaledJob" => [&snapshot.scaled_objects, &None],
        "Prometheus" | "Alertmanager" => [&snapshot.monitors, &None],
        "Application" => [&snapshot.applications, &None],
        _ => [&snapshot.deliveries, &snapshot.sources],
    };
    let says = |it: &Value, field: &str, word: &str| {
        it.pointer(field).and_then(Value::as_str).unwrap_or_default() == word
    };
    // Objects of a list need not say of which kind they are.
    let is_it = |it: &&Value| {
        (it.get("kind").is_none() || says(it, "/kind", &subject.kind))
            && says(it, "/metadata/namespace", &subject.namespace)
            && says(it, "/metadata/name", &subject.name)
    };
    lists.into_iter().flatten().flatten().find(is_it)
}

#[cfg(test)]
mod tests;
