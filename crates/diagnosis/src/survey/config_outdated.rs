//! Pods were started before what they are configured with was changed, and do not see the change.
//!
//! ## What it looks for
//! Containers that take variables from a ConfigMap, or mount a single file of it with `subPath`, and were started
//! before its values were last written: both are read when a container starts and never again. The same of a Secret
//! that cert-manager has renewed since. A notice; a warning where the very container is in trouble.
//!
//! ## What it does not see
//! Which key was changed, and changes of any other Secret: those are never read. Changes by who writes labels or
//! annotations of the ConfigMap as well, as most installers do: which of them he changed last is not told. Whole
//! volumes, which follow. What is being rolled out, or replaces its pods by itself.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use types::{Clue, ClusterFault, FieldPath, Finding, ReferenceKind, Severity, Subject};

use super::cluster;
use super::json::text;
use super::scene::{Scene, is_over, name, namespace, subject};
use crate::Root;
use crate::confidence;

/// How long after a change pods may well be about to be replaced.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);
/// What is installed together comes in any order within this time.
const TOGETHER: SignedDuration = SignedDuration::from_secs(30);

/// When what has values was last changed: by kind, namespace and name.
type Changes<'a> = BTreeMap<(ReferenceKind, &'a str, &'a str), Timestamp>;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let changes = changes(scene);
    let mut found: Vec<_> =
        scene.all.workloads.iter().flat_map(|it| of_root(it, &changes, scene)).collect();
    found.sort_by(|a, b| (&a.subject, &a.field).cmp(&(&b.subject, &b.field)));
    found
}

fn changes<'a>(scene: &Scene<'a>) -> Changes<'a> {
    let maps = scene.all.config_maps.iter().flatten().filter_map(|it| {
        Some(((ReferenceKind::ConfigMap, &*it.namespace, &*it.name), it.changed_at?))
    });
    let secrets = scene.all.certificates.iter().flatten().filter_map(|it| {
        let issued: Timestamp = text(it, "/status/notBefore").parse().ok()?;
        let key = (text(it, "/metadata/namespace"), text(it, "/spec/secretName"));
        Some(((ReferenceKind::Secret, key.0, key.1), issued))
    });
    let is_settled = |it: &(_, Timestamp)| PATIENCE < scene.all.taken_at.duration_since(it.1);
    maps.chain(secrets).filter(is_settled).collect()
}

/// What a container takes when it starts, and never again.
struct Taken<'s> {
    kind: ReferenceKind,
    name: &'s str,
    container: &'s str,
    field: String,
    how: &'static str,
}

fn of_root(root: &Root, changes: &Changes<'_>, scene: &Scene<'_>) -> Vec<Finding> {
    let batch = matches!(root, Root::Job(_) | Root::CronJob(_));
    let (Some(spec), Some(path)) = (root.pod_spec(), root.kind().pod_spec_path()) else {
        return vec![];
    };
    let space = namespace(root.metadata());
    let about = subject(root.kind().as_str(), root.metadata());
    let taken: Vec<_> = taken(spec, &path)
        .into_iter()
        .filter_map(|it| Some((*changes.get(&(it.kind, space, it.name))?, it)))
        .collect();
    if batch || taken.is_empty() {
        return vec![];
    }
    let pods: Vec<_> = scene.pods_of(&about).iter().filter(|it| !is_over(it)).copied().collect();
    let mut found: Vec<Finding> = vec![];
    for (changed, it) in taken {
        let stale = pods.iter().find_map(|pod| Some((*pod, started(pod, it.container)?)));
        let stale = stale.filter(|pod| pod.1 + TOGETHER < changed && is_old(&pods, &it, changed));
        let Some((pod, since)) = stale else { continue };
        if is_told(&about, &it, scene) {
            continue;
        }
        let finding = told(root, &it, (pod, since, changed), scene);
        // Ten variables of one ConfigMap are one trouble.
        if found.iter().all(|it| it.cause != finding.cause) {
            found.push(finding);
        }
    }
    found
}

/// Whether the workload's own rules say that the container fails by what it took of this before.
fn is_told(about: &Subject, taken: &Taken<'_>, scene: &Scene<'_>) -> bool {
    let fact = format!("containers[{}].outdated", taken.container);
    let is_it = |it: &Clue| it.fact == fact;
    let own = scene.workload_findings.iter().filter(|it| it.subject == *about);
    own.flat_map(|it| &it.clues).any(is_it)
}

/// Whether every container of this name was started before: else somebody replaces them already.
fn is_old(pods: &[&Pod], taken: &Taken<'_>, changed: Timestamp) -> bool {
    let mut starts = pods.iter().filter_map(|it| started(it, taken.container));
    starts.all(|it| it + TOGETHER < changed)
}

/// Since when a container of a pod runs.
fn started(pod: &Pod, container: &str) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let status = statuses.iter().find(|it| it.name == container)?;
    Some(status.state.as_ref()?.running.as_ref()?.started_at.as_ref()?.0)
}

fn told(
    root: &Root,
    taken: &Taken<'_>,
    (pod, since, changed): (&Pod, Timestamp, Timestamp),
    scene: &Scene<'_>,
) -> Finding {
    let about = subject(root.kind().as_str(), root.metadata());
    let is_its = |it: &Finding| {
        it.subject == about && it.container.as_deref().is_none_or(|it| it == taken.container)
    };
    let is_in_trouble = scene.workload_findings.iter().any(is_its);
    let severity = if is_in_trouble { Severity::Warning } else { Severity::Notice };
    let kind = if taken.kind == ReferenceKind::Secret { "Secret" } else { "ConfigMap" };
    let (named, container, how) = (taken.name, taken.container, taken.how);
    let cause = format!(
        "Container {container} takes {how} from {kind} {named} when it starts, and that was changed since: it still has the \
         old content."
    );
    let fault = cluster(ClusterFault::ConfigOutdated);
    let finding = Finding::new(about, severity, fault, cause).sure(confidence::GUESSED);
    let finding = finding.clue(taken.field.clone(), named).at(taken.field.clone());
    let finding = finding.clue(format!("{kind} {named} changed"), &changed);
    let fact = format!("Pod {} {container} started", name(&pod.metadata));
    Finding { container: Some(container.to_owned()), ..finding.clue(fact, &since) }
}

/// What the containers of a template take when they start.
fn taken<'s>(spec: &'s PodSpec, path: &FieldPath) -> Vec<Taken<'s>> {
    let mut found = vec![];
    for (index, container) in spec.containers.iter().enumerate() {
        let path = path.child("containers").index(index);
        variables(container, &path, &mut found);
        files(container, spec, &path, &mut found);
    }
    found
}

fn variables<'s>(container: &'s Container, path: &FieldPath, found: &mut Vec<Taken<'s>>) {
    let mut add = |kind, name: &'s str, path: FieldPath| {
        let (container, field) = (container.name.as_str(), path.to_string());
        found.push(Taken { kind, name, container, field, how: "variables" });
    };
    for (index, it) in container.env_from.iter().flatten().enumerate() {
        let path = path.child("envFrom").index(index);
        if let Some(it) = &it.config_map_ref {
            add(ReferenceKind::ConfigMap, &it.name, path.child("configMapRef").child("name"));
        } else if let Some(it) = &it.secret_ref {
            add(ReferenceKind::Secret, &it.name, path.child("secretRef").child("name"));
        }
    }
    for (index, it) in container.env.iter().flatten().enumerate() {
        let Some(from) = &it.value_from else { continue };
        let path = path.child("env").index(index).child("valueFrom");
        if let Some(it) = &from.config_map_key_ref {
            add(ReferenceKind::ConfigMap, &it.name, path.child("configMapKeyRef").child("name"));
        } else if let Some(it) = &from.secret_key_ref {
            add(ReferenceKind::Secret, &it.name, path.child("secretKeyRef").child("name"));
        }
    }
}

/// Single files of a volume: they are mounted as they are, while a whole volume follows.
fn files<'s>(
    container: &'s Container,
    spec: &'s PodSpec,
    path: &FieldPath,
    found: &mut Vec<Taken<'s>>,
) {
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        if mount.sub_path.is_none() && mount.sub_path_expr.is_none() {
            continue;
        }
        let Some(volume) = spec.volumes.iter().flatten().find(|it| it.name == mount.name) else {
            continue;
        };
        let of_map = volume.config_map.as_ref().map(|it| (ReferenceKind::ConfigMap, &*it.name));
        let of_secret = volume.secret.as_ref().and_then(|it| it.secret_name.as_deref());
        let of_secret = of_secret.map(|it| (ReferenceKind::Secret, it));
        let Some((kind, name)) = of_map.or(of_secret) else { continue };
        let field = path.child("volumeMounts").index(index).child("subPath").to_string();
        found.push(Taken { kind, name, container: &container.name, field, how: "a single file" });
    }
}
