//! Events: of starts, and of what is broken.

use serde_json::{Value, json};

use super::statuses::Trouble;
use super::workloads::App;
use super::{Draw, written_by};

/// The API server keeps events for an hour.
const KEPT: usize = 60 * 60;
/// How long ago what is wrong was last told, in seconds.
const LATELY: usize = 60;

/// What the events of a healthy pod say.
const ORDINARY: [(&str, &str); 4] = [
    ("Pulled", "Container image already present on machine and can be accessed by the pod"),
    ("Created", "Container created"),
    ("Started", "Container started"),
    ("Killing", "Stopping container app"),
];

/// Puts a warning about an object that is no pod, from this component.
pub(super) fn warn(draw: &mut Draw, about: &Value, component: &str, words: (&str, &str)) {
    let metadata = &about["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or("default").to_owned();
    let name = metadata["name"].as_str().unwrap_or_default();
    let name = format!("{name}.{}", draw.chance.digits(16));
    let involved = json!({"apiVersion": about["apiVersion"], "kind": about["kind"],
        "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]});
    let (metadata, at) = (draw.metadata(&namespace, &name, LATELY), draw.ago(LATELY));
    draw.declare(
        "events",
        json!({"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": involved,
            "reason": words.0, "message": words.1, "type": "Warning", "count": 12, "eventTime": null,
            "firstTimestamp": at, "lastTimestamp": at, "source": {"component": component},
            "reportingComponent": component, "reportingInstance": ""}),
    );
}

/// Puts as many events as there shall be: one warning for each pod that is broken, the rest ordinary.
pub(super) fn put(draw: &mut Draw) {
    let pods = draw.objects.iter().filter(|it| it.0 == "pods");
    let abouts: Vec<(Value, bool)> =
        pods.filter(|it| it.1["status"]["phase"] != "Succeeded").map(about).collect();
    let broken = abouts.iter().filter(|it| it.1).cloned().collect::<Vec<_>>();
    let told = draw.objects.iter().filter(|it| it.0 == "events").count();
    let n_events = draw.size.events.saturating_sub(told);
    let mut chosen = broken;
    chosen.truncate(n_events);
    while chosen.len() < n_events {
        let Some((about, _)) = abouts.get(draw.chance.below(abouts.len())) else { return };
        chosen.push((about.clone(), false));
    }
    for (about, is_broken) in chosen {
        let event = event(draw, &about, is_broken);
        draw.put("events", event);
    }
}

/// What an event about this pod needs to know, and whether the pod is broken.
fn about((_, pod): &(&'static str, Value)) -> (Value, bool) {
    let conditions = pod["status"]["conditions"].as_array();
    let ready =
        conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True");
    let metadata = &pod["metadata"];
    let about = json!({"apiVersion": "v1", "kind": "Pod", "namespace": metadata["namespace"],
        "name": metadata["name"], "uid": metadata["uid"], "resourceVersion": "100",
        "fieldPath": "spec.containers{app}", "node": pod["spec"]["nodeName"],
        "app": metadata["labels"]["app.kubernetes.io/name"], "trouble": reason(pod)});
    (about, !ready)
}

/// The reason why the first container of a pod does not run.
fn reason(pod: &Value) -> Value {
    let status = &pod["status"]["containerStatuses"][0];
    match status["state"]["waiting"]["reason"].as_str() {
        Some(reason) => json!(reason),
        None if status.is_null() => json!("Unschedulable"),
        None => json!("NotReady"),
    }
}

fn event(draw: &mut Draw, about: &Value, is_broken: bool) -> Value {
    let text = |field: &str| about[field].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    let (reason, message) = if is_broken {
        warning(&namespace, &text("app"), &text("trouble"))
    } else {
        let (reason, message) = draw.chance.one_of(&ORDINARY, ORDINARY[0]);
        (reason, message.to_owned())
    };
    let age = if is_broken { LATELY } else { draw.chance.below(KEPT) };
    let event_name = format!("{name}.{}", draw.chance.digits(16));
    let metadata = draw.metadata(&namespace, &event_name, age);
    let mut involved = about.clone();
    for extra in ["node", "app", "trouble"] {
        if let Some(fields) = involved.as_object_mut() {
            fields.remove(extra);
        }
    }
    let at = draw.ago(age);
    let mut object = json!({"apiVersion": "v1", "kind": "Event", "metadata": metadata,
        "involvedObject": involved, "reason": reason, "message": message,
        "type": if is_broken { "Warning" } else { "Normal" }, "count": 1, "eventTime": null,
        "firstTimestamp": at, "lastTimestamp": at,
        "source": {"component": "kubelet", "host": about["node"]},
        "reportingComponent": "kubelet", "reportingInstance": about["node"]});
    written_by(&mut object, "kubelet", ("", Value::Null));
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    object
}

/// What the event about a pod says that waits for this reason.
fn warning(namespace: &str, name: &str, reason: &str) -> (&'static str, String) {
    let trouble = match reason {
        "ImagePullBackOff" => Trouble::NoImage,
        "CreateContainerConfigError" => Trouble::KeyMissing,
        "Unschedulable" => Trouble::TooLarge,
        "NotReady" => Trouble::NotReady,
        _ => Trouble::Crash,
    };
    let app = App {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        replicas: 1,
        version: 2,
        trouble: Some(trouble),
        age: 0,
        sidecar: false,
        headless: false,
        account: String::new(),
    };
    trouble.event(&app)
}
