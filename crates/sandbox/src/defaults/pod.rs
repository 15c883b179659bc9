//! What the API server fills into pods and pod templates.

use serde_json::{Value, json};

use crate::json::{at, default, each, find, has, list, object, place, set, text};

/// The mode of projected files: readable by all, 0644.
const FILE_MODE: i64 = 420;

/// Fills in a pod.
pub(super) fn fill(pod: &mut Value) {
    requests_from_limits(pod);
    let spec = place(pod, "spec");
    fill_spec(spec);
    default(spec, "enableServiceLinks", true);
    default(pod, "status.phase", "Pending");
    if !has(pod, "status.qosClass") {
        let class = quality(at(pod, "spec"));
        set(pod, "status.qosClass", class);
    }
}

/// What a container may use it also asks for, unless it says less.
fn requests_from_limits(pod: &mut Value) {
    for path in ["spec.containers", "spec.initContainers"] {
        for container in each(pod, path) {
            let limits = at(container, "resources.limits").clone();
            for (key, value) in limits.as_object().into_iter().flatten() {
                object(place(container, "resources.requests"))
                    .entry(key.clone())
                    .or_insert(value.clone());
            }
        }
    }
}

/// The class by which a node in need chooses whom to evict.
pub(crate) fn quality(spec: &Value) -> &'static str {
    let mut guaranteed = true;
    let mut anything = false;
    for container in list(spec, "containers").iter().chain(list(spec, "initContainers")) {
        for resource in ["cpu", "memory"] {
            let limit = at(container, "resources.limits").get(resource);
            let request = at(container, "resources.requests").get(resource);
            anything |= limit.is_some() || request.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (anything, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// Fills in a pod's spec, in a pod or in a template.
pub(super) fn fill_spec(spec: &mut Value) {
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "restartPolicy", "Always");
    default(spec, "schedulerName", "default-scheduler");
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30);
    if has(spec, "serviceAccountName") {
        let account = at(spec, "serviceAccountName").clone();
        default(spec, "serviceAccount", account);
    }
    for path in ["containers", "initContainers", "ephemeralContainers"] {
        for container in each(spec, path) {
            fill_container(container);
        }
    }
    if at(spec, "hostNetwork") == true {
        host_ports(spec);
    }
    for volume in each(spec, "volumes") {
        fill_volume(volume);
    }
}

fn fill_container(container: &mut Value) {
    default(container, "resources", json!({}));
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    let policy = pull_policy(text(container, "image"));
    default(container, "imagePullPolicy", policy);
    for port in each(container, "ports") {
        default(port, "protocol", "TCP");
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = find(container, probe) {
            fill_probe(probe);
        }
    }
    for hook in ["lifecycle.postStart.httpGet", "lifecycle.preStop.httpGet"] {
        if let Some(request) = find(container, hook) {
            fill_request(request);
        }
    }
    for variable in each(container, "env") {
        if let Some(field) = find(variable, "valueFrom.fieldRef") {
            default(field, "apiVersion", "v1");
        }
        if let Some(field) = find(variable, "valueFrom.resourceFieldRef") {
            default(field, "divisor", "0");
        }
    }
}

/// An image without a fixed tag may change, so it is asked for each time.
fn pull_policy(image: &str) -> &'static str {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    if image.contains('@') {
        return "IfNotPresent";
    }
    match tag {
        None | Some("latest") => "Always",
        Some(_) => "IfNotPresent",
    }
}

fn fill_probe(probe: &mut Value) {
    default(probe, "failureThreshold", 3);
    default(probe, "periodSeconds", 10);
    default(probe, "successThreshold", 1);
    default(probe, "timeoutSeconds", 1);
    if let Some(request) = find(probe, "httpGet") {
        fill_request(request);
    }
    if let Some(request) = find(probe, "grpc") {
        default(request, "service", "");
    }
}

fn fill_request(request: &mut Value) {
    default(request, "path", "/");
    default(request, "scheme", "HTTP");
}

/// On the host's network a port of the container is a port of the host.
fn host_ports(spec: &mut Value) {
    for path in ["containers", "initContainers"] {
        for port in each(spec, path).flat_map(|it| each(it, "ports")) {
            let number = at(port, "containerPort").clone();
            default(port, "hostPort", number);
        }
    }
}

fn fill_volume(volume: &mut Value) {
    if members(volume) == 0 {
        set(volume, "emptyDir", json!({}));
    }
    for source in ["configMap", "secret", "projected", "downwardAPI"] {
        if let Some(source) = find(volume, source) {
            default(source, "defaultMode", FILE_MODE);
        }
    }
    if let Some(path) = find(volume, "hostPath") {
        default(path, "type", "");
    }
    for source in each(volume, "projected.sources") {
        if let Some(token) = find(source, "serviceAccountToken") {
            default(token, "expirationSeconds", 3600);
        }
    }
    for item in each(volume, "downwardAPI.items") {
        if let Some(field) = find(item, "fieldRef") {
            default(field, "apiVersion", "v1");
        }
    }
}

/// How many members besides the name a volume has: its source, if any.
fn members(volume: &Value) -> usize {
    volume.as_object().map_or(0, |it| it.keys().filter(|key| *key != "name").count())
}
