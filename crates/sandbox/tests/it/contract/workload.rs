//! The objects that claims are made with.

use serde_json::{Value, json};

/// The container `app`: a busybox that sleeps, unless it says otherwise.
pub(crate) fn app(container: Value) -> Value {
    let mut res = json!({"name": "app", "image": "busybox:1.36", "command": ["sleep", "100000"]});
    for (key, value) in container.as_object().unwrap() {
        res[key] = value.clone();
        if value.is_null() {
            res.as_object_mut().unwrap().remove(key);
        }
    }
    res
}

/// What a container does that runs a script.
pub(crate) fn shell(script: &str) -> Value {
    json!({"command": ["sh", "-c", script]})
}

/// A web server: nginx with its own command.
pub(crate) fn nginx() -> Value {
    json!({"image": "nginx:1.27", "command": null})
}

/// A pod with the container `app`, labelled with its name, that stops at once.
pub(crate) fn pod(name: &str, container: Value) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [app(container)]},
    })
}

/// A deployment of one such pod.
pub(crate) fn deployment(name: &str, container: Value) -> Value {
    let mut template = pod(name, container);
    template["metadata"] = json!({"labels": {"app": name}});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template},
    })
}

/// A job of one such pod.
pub(crate) fn job(name: &str, container: Value, spec: Value) -> Value {
    let mut template = pod(name, container);
    template["metadata"] = json!({"labels": {"app": name}});
    template["spec"]["restartPolicy"] = json!("Never");
    let mut res = json!({"metadata": {"name": name}, "spec": {"template": template}});
    for (key, value) in spec.as_object().unwrap() {
        res["spec"][key] = value.clone();
    }
    res
}

/// A config map with this data.
pub(crate) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}
