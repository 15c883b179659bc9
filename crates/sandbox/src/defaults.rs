//! The values that the API server fills in when a client leaves them out.

use serde_json::{Value, json};

use crate::json::{at, default, each, find, has, list, number, place, set, text};
use crate::resources::Resource;

mod pod;
pub(crate) use pod::quality;
mod service;

/// Fills in what is missing. Doing it twice changes nothing.
pub(crate) fn fill(resource: &Resource, object: &mut Value) {
    match resource.plural {
        "pods" => pod::fill(object),
        "podtemplates" => template(object, "template"),
        "deployments" => deployment(object),
        "replicasets" => replicas(object),
        "replicationcontrollers" => replication_controller(object),
        "statefulsets" => stateful_set(object),
        "daemonsets" => daemon_set(object),
        "jobs" => job(object),
        "cronjobs" => cron_job(object),
        "services" => service::fill(object),
        "namespaces" => namespace(object),
        "nodes" => node(object),
        "secrets" => secret(object),
        "persistentvolumeclaims" => claim(object),
        "persistentvolumes" => volume(object),
        "storageclasses" => {
            default(object, "reclaimPolicy", "Delete");
            default(object, "volumeBindingMode", "Immediate");
        }
        "priorityclasses" => default(object, "preemptionPolicy", "PreemptLowerPriority"),
        "horizontalpodautoscalers" => autoscaler(object),
        "limitranges" => limit_range(object),
        "networkpolicies" => default(object, "spec.policyTypes", policy_types(object)),
        "events" => event(object),
        _ => {}
    }
}

/// Fills in the pod template at a path.
fn template(object: &mut Value, path: &str) {
    let metadata = place(object, &format!("{path}.metadata"));
    if metadata.is_null() {
        *metadata = json!({});
    }
    pod::fill_spec(place(object, &format!("{path}.spec")));
}

fn replicas(object: &mut Value) {
    default(object, "spec.replicas", 1);
    template(object, "spec.template");
}

fn deployment(object: &mut Value) {
    replicas(object);
    default(object, "spec.progressDeadlineSeconds", 600);
    default(object, "spec.revisionHistoryLimit", 10);
    default(object, "spec.strategy.type", "RollingUpdate");
    if text(object, "spec.strategy.type") == "RollingUpdate" {
        default(object, "spec.strategy.rollingUpdate.maxSurge", "25%");
        default(object, "spec.strategy.rollingUpdate.maxUnavailable", "25%");
    }
}

fn replication_controller(object: &mut Value) {
    replicas(object);
    if !has(object, "spec.selector") {
        let labels = at(object, "spec.template.metadata.labels").clone();
        set(object, "spec.selector", labels);
    }
}

fn stateful_set(object: &mut Value) {
    replicas(object);
    default(object, "spec.podManagementPolicy", "OrderedReady");
    default(object, "spec.revisionHistoryLimit", 10);
    default(object, "spec.updateStrategy.type", "RollingUpdate");
    if text(object, "spec.updateStrategy.type") == "RollingUpdate" {
        default(object, "spec.updateStrategy.rollingUpdate.partition", 0);
    }
    default(object, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "Retain");
    default(object, "spec.persistentVolumeClaimRetentionPolicy.whenScaled", "Retain");
    for claim in each(object, "spec.volumeClaimTemplates") {
        default(claim, "apiVersion", "v1");
        default(claim, "kind", "PersistentVolumeClaim");
        default(claim, "status.phase", "Pending");
        self::claim(claim);
    }
}

fn daemon_set(object: &mut Value) {
    template(object, "spec.template");
    default(object, "spec.revisionHistoryLimit", 10);
    default(object, "spec.updateStrategy.type", "RollingUpdate");
    if text(object, "spec.updateStrategy.type") == "RollingUpdate" {
        default(object, "spec.updateStrategy.rollingUpdate.maxSurge", 0);
        default(object, "spec.updateStrategy.rollingUpdate.maxUnavailable", 1);
    }
}

fn job(object: &mut Value) {
    template(object, "spec.template");
    if !has(object, "spec.completions") && !has(object, "spec.parallelism") {
        set(object, "spec.completions", 1);
    }
    default(object, "spec.parallelism", 1);
    default(object, "spec.backoffLimit", 6);
    default(object, "spec.completionMode", "NonIndexed");
    default(object, "spec.suspend", false);
    default(object, "spec.manualSelector", false);
    default(
        object,
        "spec.podReplacementPolicy",
        if has(object, "spec.podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" },
    );
    own_selector(object);
}

/// A job finds its pods by its own uid, so that no two jobs ever share them.
fn own_selector(job: &mut Value) {
    let uid = text(job, "metadata.uid").to_owned();
    let manual = at(job, "spec.manualSelector") == true;
    if manual || uid.is_empty() || has(job, "spec.selector") {
        return;
    }
    let name = text(job, "metadata.name").to_owned();
    set(job, "spec.selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    let labels = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    for path in ["spec.template.metadata.labels", "metadata.labels"] {
        // The job's own labels default to those of its template.
        if path == "metadata.labels" && has(job, path) {
            continue;
        }
        let place = crate::json::object(place(job, path));
        for (key, value) in labels {
            place.insert(key.to_owned(), json!(value));
        }
    }
}

fn cron_job(object: &mut Value) {
    default(object, "spec.concurrencyPolicy", "Allow");
    default(object, "spec.failedJobsHistoryLimit", 1);
    default(object, "spec.successfulJobsHistoryLimit", 3);
    default(object, "spec.suspend", false);
    default(object, "spec.jobTemplate.metadata", json!({}));
    template(object, "spec.jobTemplate.spec.template");
}

fn namespace(object: &mut Value) {
    let name = text(object, "metadata.name").to_owned();
    crate::json::object(place(object, "metadata.labels"))
        .insert("kubernetes.io/metadata.name".to_owned(), json!(name));
    if !has(object, "metadata.deletionTimestamp") {
        default(object, "spec.finalizers", json!(["kubernetes"]));
    }
    default(object, "status.phase", "Active");
}

fn node(object: &mut Value) {
    default(object, "spec", json!({}));
    let name = text(object, "metadata.name").to_owned();
    crate::json::object(place(object, "metadata.labels"))
        .entry("kubernetes.io/hostname")
        .or_insert(json!(name));
}

/// Text secrets are kept encoded, as binary ones are.
fn secret(object: &mut Value) {
    default(object, "type", "Opaque");
    let Some(texts) = crate::json::remove(object, "stringData") else { return };
    let data = crate::json::object(place(object, "data"));
    for (key, value) in texts.as_object().into_iter().flatten() {
        let encoded = k8s_openapi::ByteString(value.as_str().unwrap_or_default().into());
        data.insert(key.clone(), serde_json::to_value(encoded).unwrap_or_default());
    }
}

fn claim(object: &mut Value) {
    default(object, "spec.volumeMode", "Filesystem");
    default(object, "status.phase", "Pending");
}

fn volume(object: &mut Value) {
    default(object, "spec.volumeMode", "Filesystem");
    default(object, "spec.persistentVolumeReclaimPolicy", "Retain");
    default(object, "status.phase", "Pending");
}

fn autoscaler(object: &mut Value) {
    default(object, "spec.minReplicas", 1);
    if list(object, "spec.metrics").is_empty() {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        set(object, "spec.metrics", json!([metric]));
    }
}

/// A container's limit stands for its default and its request when these are not given.
fn limit_range(object: &mut Value) {
    for limit in each(object, "spec.limits") {
        if text(limit, "type") != "Container" {
            continue;
        }
        for (from, to) in
            [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")]
        {
            inherit(limit, from, to);
        }
    }
}

fn inherit(limit: &mut Value, from: &str, to: &str) {
    let Some(values) = find(limit, from).and_then(|it| it.as_object().cloned()) else { return };
    let target = crate::json::object(place(limit, to));
    for (key, value) in values {
        target.entry(key).or_insert(value);
    }
}

fn policy_types(object: &Value) -> Value {
    if has(object, "spec.egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) }
}

fn event(object: &mut Value) {
    for field in ["firstTimestamp", "lastTimestamp", "eventTime"] {
        crate::json::object(object).entry(field).or_insert(Value::Null);
    }
    for field in ["reportingComponent", "reportingInstance"] {
        default(object, field, "");
    }
    if number(object, "count").is_none() && has(object, "firstTimestamp") {
        set(object, "count", 1);
    }
    default(object, "source", json!({}));
    default(object, "type", "Normal");
}
