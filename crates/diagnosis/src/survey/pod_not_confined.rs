//! A container is privileged, shares what belongs to its node, or may run as root.
//!
//! ## What it looks for
//! In the template of each workload, the worst of: a privileged container, the processes or the memory of the node
//! shared with its pods, a container that is told to run as root, one that nothing keeps from it. All are notices.
//!
//! ## What it does not see
//! As whom an image runs by itself; what admission adds to the pods. The cluster's own namespaces, whose programs need
//! such rights, and what is scaled to nothing or done.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use types::{ClusterFault, FieldPath, Finding, Severity};

use super::cluster;
use super::scene::{Scene, is_done, is_system, name, namespace, subject};
use super::words::listed;
use crate::Root;
use crate::confidence;
use crate::root::placed;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.all.hardening.is_none() {
        return vec![];
    }
    let workloads = scene.all.workloads.iter();
    let mut roots: Vec<_> = workloads.filter(|it| is_looked_at(it)).collect();
    roots.sort_by_key(|it| (namespace(it.metadata()), it.kind(), name(it.metadata())));
    roots.into_iter().filter_map(of_root).collect()
}

fn is_looked_at(root: &Root) -> bool {
    !is_done(root) && !is_system(namespace(root.metadata())) && root.desired() != Some(0)
}

fn of_root(root: &Root) -> Option<Finding> {
    let spec = root.pod_spec()?;
    let path = root.kind().pod_spec_path()?;
    let weakness =
        privileged(spec, &path).or_else(|| shared(spec, &path)).or_else(|| as_root(spec, &path))?;
    let about = subject(root.kind().as_str(), root.metadata());
    let fault = cluster(ClusterFault::PodNotConfined);
    let finding = Finding::new(about, Severity::Notice, fault, weakness.cause);
    let finding = finding.clue(weakness.field.clone(), weakness.value).at(weakness.field);
    Some(finding.sure(weakness.sure))
}

/// Where a template leaves room.
struct Weakness {
    cause: String,
    field: String,
    value: &'static str,
    sure: f64,
}

/// A container of a template with its place.
type Placed<'s> = (FieldPath, &'s Container);

fn names(all: &[&Placed<'_>]) -> String {
    let names: Vec<_> = all.iter().map(|it| it.1.name.clone()).collect();
    let word = if names.len() == 1 { "container" } else { "containers" };
    format!("{word} {}", listed(&names))
}

fn privileged(spec: &PodSpec, path: &FieldPath) -> Option<Weakness> {
    let is_so = |it: &&Placed<'_>| {
        it.1.security_context.as_ref().is_some_and(|it| it.privileged == Some(true))
    };
    let all: Vec<_> = placed(spec, path).collect();
    let found: Vec<_> = all.iter().filter(is_so).collect();
    let first = found.first()?;
    Some(Weakness {
        cause: format!("Privileged {}: who breaks out of it has the whole node.", names(&found)),
        field: first.0.child("securityContext").child("privileged").to_string(),
        value: "true",
        sure: confidence::READ,
    })
}

fn shared(spec: &PodSpec, path: &FieldPath) -> Option<Weakness> {
    let (field, what) = if spec.host_pid == Some(true) {
        ("hostPID", "processes")
    } else if spec.host_ipc == Some(true) {
        ("hostIPC", "shared memory")
    } else {
        return None;
    };
    Some(Weakness {
        cause: format!("Its pods see the {what} of their node."),
        field: path.child(field).to_string(),
        value: "true",
        sure: confidence::READ,
    })
}

/// Containers that run as root, or that nothing keeps from it.
fn as_root(spec: &PodSpec, path: &FieldPath) -> Option<Weakness> {
    let is_windows = spec.os.as_ref().is_some_and(|it| it.name == "windows");
    // Root of a user namespace of its own is nobody on the node.
    if is_windows || spec.host_users == Some(false) {
        return None;
    }
    let of_pod = spec.security_context.as_ref();
    let user = |it: &Container| {
        let own = it.security_context.as_ref().and_then(|it| it.run_as_user);
        own.or(of_pod.and_then(|it| it.run_as_user))
    };
    let is_kept = |it: &Container| {
        let own = it.security_context.as_ref().and_then(|it| it.run_as_non_root);
        own.or(of_pod.and_then(|it| it.run_as_non_root)) == Some(true)
    };
    let all: Vec<_> = placed(spec, path).collect();
    let told: Vec<_> = all.iter().filter(|it| !is_kept(it.1) && user(it.1) == Some(0)).collect();
    if let Some(first) = told.first() {
        let own = first.1.security_context.as_ref().and_then(|it| it.run_as_user);
        let at = if own.is_some() { &first.0 } else { path };
        return Some(Weakness {
            cause: format!("It tells {} to run as root.", names(&told)),
            field: at.child("securityContext").child("runAsUser").to_string(),
            value: "0",
            sure: confidence::READ,
        });
    }
    let open: Vec<_> = all.iter().filter(|it| !is_kept(it.1) && user(it.1).is_none()).collect();
    open.first()?;
    Some(Weakness {
        cause: format!(
            "Nothing keeps {} from running as root: neither runAsNonRoot nor runAsUser is set.",
            names(&open)
        ),
        field: path.child("securityContext").child("runAsNonRoot").to_string(),
        value: "not set",
        // As whom the image runs by itself is not known.
        sure: confidence::LIKELY,
    })
}
