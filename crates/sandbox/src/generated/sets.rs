//! StatefulSets with their volumes, and DaemonSets.

use serde_json::{Value, json};

use super::pods::{self, Birth, template};
use super::statuses::Trouble;
use super::workloads::{App, word};
use super::{Draw, SYSTEM, TELEMETRY, owner, services, storage, team, written_by};

/// Pods of a StatefulSet.
pub(super) const REPLICAS: usize = 3;
/// DaemonSets that belong to the cluster itself; the rest watches it.
const OF_THE_SYSTEM: usize = 4;

/// Puts the StatefulSet of this number, with its pods, their claims, its Service and its ConfigMap.
pub(super) fn stateful(draw: &mut Draw, n: usize) {
    let namespace = team(n % draw.size.namespaces());
    let name = format!("{}-db-{n}", word(draw));
    let app = App::new(draw, namespace, name);
    let app = App { replicas: REPLICAS, headless: true, ..app };
    let hash = draw.chance.letters(10);
    let template = template(&app, 0);
    let set = stateful_set(draw, &app, (&template, &hash));
    let owned = owner(&set);
    draw.put("statefulsets", set);
    for index in 0..REPLICAS {
        let name = format!("{}-{index}", app.name);
        let claim = format!("data-{name}");
        let mut template = template.clone();
        let labels = &mut template["metadata"]["labels"];
        labels["apps.kubernetes.io/pod-index"] = json!(index.to_string());
        labels["statefulset.kubernetes.io/pod-name"] = json!(name);
        labels["controller-revision-hash"] = json!(format!("{}-{hash}", app.name));
        let spec = &mut template["spec"];
        spec["hostname"] = json!(name);
        spec["subdomain"] = json!(app.name);
        push(
            &mut spec["volumes"],
            json!({"name": "data", "persistentVolumeClaim": {"claimName": claim}}),
        );
        let mount = json!({"name": "data", "mountPath": "/var/lib/data"});
        push(&mut spec["containers"][0]["volumeMounts"], mount);
        storage::put(draw, &app, &claim);
        pods::put(draw, &app, &template, &Birth::of(&owned, name));
    }
    services::put(draw, &app);
}

fn push(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

fn stateful_set(draw: &mut Draw, app: &App, (template, hash): (&Value, &str)) -> Value {
    let mut template = template.clone();
    let mount = json!({"name": "data", "mountPath": "/var/lib/data"});
    push(&mut template["spec"]["containers"][0]["volumeMounts"], mount);
    let spec = json!({"replicas": app.replicas, "serviceName": app.name, "podManagementPolicy": "Parallel",
        "revisionHistoryLimit": 10, "selector": {"matchLabels": app.selector()}, "template": template,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "volumeClaimTemplates": [{"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3",
                "resources": {"requests": {"storage": "20Gi"}}, "volumeMode": "Filesystem"}}]});
    let revision = format!("{}-{hash}", app.name);
    let status = json!({"observedGeneration": 1, "replicas": app.replicas, "readyReplicas": app.ready(),
        "availableReplicas": app.ready(), "currentReplicas": app.replicas, "updatedReplicas": app.replicas,
        "currentRevision": revision, "updateRevision": revision, "collisionCount": 0});
    workload(draw, app, "StatefulSet", (&spec, status))
}

/// Puts the DaemonSet of this number, with its pods and its ConfigMap.
pub(super) fn daemon(draw: &mut Draw, n: usize) {
    let namespace = if n < OF_THE_SYSTEM { SYSTEM } else { TELEMETRY };
    let app = App::new(draw, namespace.to_owned(), format!("node-agent-{n}"));
    // What no node has room for would be another trouble than that of a Deployment.
    let trouble = app.trouble.filter(|it| *it != Trouble::TooLarge);
    let app = App { replicas: draw.size.nodes, trouble, sidecar: false, ..app };
    let hash = draw.chance.letters(10);
    let mut template = template(&app, 0);
    template["spec"]["hostNetwork"] = json!(n < OF_THE_SYSTEM);
    let tolerations = json!([{"operator": "Exists"}]);
    template["spec"]["tolerations"] = tolerations;
    let set = daemon_set(draw, &app, &template);
    let owned = owner(&set);
    draw.put("daemonsets", set);
    template["metadata"]["labels"]["controller-revision-hash"] = json!(hash);
    template["metadata"]["labels"]["pod-template-generation"] = json!("1");
    for node in 0..draw.size.nodes {
        let prefix = format!("{}-", app.name);
        let name = format!("{prefix}{}", draw.chance.letters(5));
        let birth = Birth { prefix, node: Some(node), ..Birth::of(&owned, name) };
        pods::put(draw, &app, &template, &birth);
    }
    services::config(draw, &app);
}

fn daemon_set(draw: &mut Draw, app: &App, template: &Value) -> Value {
    let spec = json!({"revisionHistoryLimit": 10, "selector": {"matchLabels": app.selector()},
        "template": template,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}});
    let (all, ready) = (app.replicas, app.ready());
    let status = json!({"observedGeneration": 1, "currentNumberScheduled": all, "desiredNumberScheduled": all,
        "updatedNumberScheduled": all, "numberMisscheduled": 0, "numberReady": ready,
        "numberAvailable": ready, "numberUnavailable": all - ready});
    workload(draw, app, "DaemonSet", (&spec, status))
}

fn workload(draw: &mut Draw, app: &App, kind: &str, (spec, status): (&Value, Value)) -> Value {
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["generation"] = json!(1);
    metadata["labels"] = app.labels();
    metadata["annotations"] = json!({"meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace});
    let mut object =
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec});
    written_by(&mut object, "helm", ("kube-controller-manager", status));
    object
}
