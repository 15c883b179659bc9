//! A Service selects no pod, or none that is ready.
//!
//! ## What it looks for
//! A selector that takes no pod of its namespace, with the one workload that it was probably meant for; or
//! pods of which none is ready: then the workload's own trouble is the cause.
//!
//! ## What it does not see
//! A Service without a selector, whose endpoints somebody else keeps, and one that names a host (`ExternalName`).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, is_over, is_ready, namespace, subject};
use crate::near_miss::near_miss;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.services.iter().flatten().filter_map(|it| of_service(it, scene)).collect()
}

fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let spec = service.spec.as_ref()?;
    let selector = spec.selector.as_ref().filter(|it| !it.is_empty())?;
    if spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    let space = namespace(&service.metadata);
    let pods: Vec<_> =
        scene.pods_with(space, selector).into_iter().filter(|it| !is_over(it)).collect();
    if pods.iter().any(|it| is_ready(it)) {
        return None;
    }
    let about = subject("Service", &service.metadata);
    if pods.is_empty() {
        return Some(nobody(about, selector, scene));
    }
    let mut roots: Vec<Subject> = pods.iter().map(|it| scene.root_of(it)).collect();
    roots.sort();
    roots.dedup();
    let names: Vec<_> = roots.iter().map(ToString::to_string).collect();
    let cause = format!("None of the pods behind it is ready: {}.", names.join(", "));
    let finding = finding(about, cause).clue("pods.ready", &format!("0 of {}", pods.len()));
    Some(roots.into_iter().fold(finding, Finding::because_of))
}

/// The selector takes no pod. A workload that is scaled to nothing on purpose is no trouble of the Service.
fn nobody(about: Subject, selector: &BTreeMap<String, String>, scene: &Scene<'_>) -> Finding {
    let workloads = scene.all.workloads.iter();
    let mut here = workloads.filter(|it| namespace(it.metadata()) == about.namespace);
    let meant = here.find(|it| it.takes(selector));
    if let Some(root) = meant {
        let scaled_to_nothing = root.desired() == Some(0);
        let root = Subject::from(&root.object_ref());
        if scaled_to_nothing {
            let cause = format!("{root} is scaled to 0, so nobody answers.");
            let finding = Finding { severity: Severity::Notice, ..finding(about, cause) };
            return finding.clue("workload.desired", "0").because_of(root);
        }
        let cause = format!("{root} has no pod.");
        return finding(about, cause).because_of(root);
    }
    let shown = shown(selector);
    let finding = |cause: String| finding(about.clone(), cause).clue("/spec/selector", &shown);
    if let Some((key, value, wanted)) = slip(selector, &about.namespace, scene) {
        let cause = format!(
            "Its selector {shown} takes no pod; with {key}={wanted} instead of {value} it would."
        );
        return finding(cause).at(format!("/spec/selector/{}", escaped(&key)));
    }
    finding(format!("Its selector {shown} takes no pod.")).at("/spec/selector").sure(0.9)
}

/// The one label of the selector that keeps all pods out, with the one value that would let some in.
fn slip(
    selector: &BTreeMap<String, String>,
    namespace: &str,
    scene: &Scene<'_>,
) -> Option<(String, String, String)> {
    let mut found = selector.iter().filter_map(|(key, value)| {
        let mut others = selector.clone();
        others.remove(key);
        let pods = scene.pods_with(namespace, &others);
        let labels = pods.iter().filter_map(|it| it.metadata.labels.as_ref()?.get(key));
        let mut values: Vec<_> = labels.map(String::as_str).collect();
        values.sort_unstable();
        values.dedup();
        let only = match values.as_slice() {
            [only] if !others.is_empty() => Some((*only).to_owned()),
            _ => near_miss(value, values.iter().copied()),
        };
        only.map(|it| (key.clone(), value.clone(), it))
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn finding(about: Subject, cause: String) -> Finding {
    let fault = cluster(ClusterFault::ServiceWithoutEndpoints);
    Finding::new(about, Severity::Critical, fault, cause)
}

fn shown(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// A name as one step of a JSON Pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
