//! Objects are cut on arrival to what anybody reads from the caches, so that memory stays small.
//!
//! The root owner of an incident is read again and whole, so nothing is lost here that a fix needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerImage, Event, Node, Pod, PodSpec, PodStatus, SecurityContext,
    Service, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

/// The longest message of an event that is kept, in bytes: its first kilobyte tells.
const MAX_MESSAGE: usize = 1024;
/// The annotation in which `kubectl apply` repeats the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The annotation of pods whose resources a vertical autoscaler has set.
const VPA_UPDATES: &str = "vpaUpdates";
/// Conditions of a pod that is well which say something where they are true.
const TOLD_WHEN_TRUE: [&str; 3] = ["Ready", "PodScheduled", "PodResizePending"];
/// Programs with a longer name than this are scripts.
const MAX_PROGRAM: usize = 64;

/// The most names of images that are kept of one node: a kubelet reports fifty images unless it is told to report all
/// (`nodeStatusMaxImages`), and most have one tag.
const MAX_IMAGES: usize = 100;

/// An object that can be cut to what is read from the caches.
pub trait Prune {
    /// Drops what nobody reads.
    fn prune(&mut self);

    /// Drops what is nothing beside a part that is cut later: only a whole object tells.
    fn weed(&mut self) {}

    /// The object as it comes from the API server, cut.
    fn arrived(mut self) -> Arc<Self>
    where
        Self: Sized,
    {
        self.weed();
        self.pruned()
    }

    /// The object, cut, which may have been before.
    fn pruned(mut self) -> Arc<Self>
    where
        Self: Sized,
    {
        self.prune();
        Arc::new(self)
    }
}

impl Prune for Pod {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        let owned = self.metadata.owner_references.as_ref().is_some_and(|it| !it.is_empty());
        if let Some(spec) = &mut self.spec {
            cut_spec(spec);
        }
        if owned {
            self.spec.iter_mut().for_each(|it| it.host_aliases = None);
            // What its template says is read there.
            keep_mark_of_autoscaler(&mut self.metadata);
            for container in self.spec.iter_mut().flat_map(|it| &mut it.containers) {
                container.security_context = None;
                container.volume_mounts = None;
                if let Some(env) = &mut container.env {
                    env.retain(|it| it.value_from.is_some());
                    env.shrink_to_fit();
                }
            }
            let first = self.spec.iter_mut().flat_map(|it| it.init_containers.iter_mut());
            for container in first.flatten() {
                container.security_context = None;
            }
        }
        if let Some(status) = &mut self.status {
            cut_status(status);
        }
    }

    fn weed(&mut self) {
        self.spec.iter_mut().for_each(diagnosis::forget_unmounted_secrets);
    }
}

impl Prune for Deployment {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        if let Some(spec) = self.spec.as_mut().and_then(|it| it.template.spec.as_mut()) {
            cut_spec(spec);
        }
    }
}

impl Prune for ReplicaSet {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        let owned = self.metadata.owner_references.as_ref().is_some_and(|it| !it.is_empty());
        let template = self.spec.as_mut().and_then(|it| it.template.as_mut());
        match template {
            // The revisions of a Deployment are read fresh when they are needed.
            Some(template) if owned => template.spec = None,
            Some(template) => template.spec.iter_mut().for_each(cut_spec),
            None => {}
        }
    }
}

impl Prune for StatefulSet {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        if let Some(spec) = self.spec.as_mut().and_then(|it| it.template.spec.as_mut()) {
            cut_spec(spec);
        }
    }
}

impl Prune for DaemonSet {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        if let Some(spec) = self.spec.as_mut().and_then(|it| it.template.spec.as_mut()) {
            cut_spec(spec);
        }
    }
}

impl Prune for Job {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        if let Some(spec) = self.spec.as_mut().and_then(|it| it.template.spec.as_mut()) {
            cut_spec(spec);
        }
    }
}

impl Prune for CronJob {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        let job = self.spec.job_template.spec.as_mut();
        if let Some(spec) = job.and_then(|it| it.template.spec.as_mut()) {
            cut_spec(spec);
        }
    }
}

impl Prune for Service {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        // Whoever has to know more reads it anew.
        self.metadata.labels = None;
        self.metadata.annotations = None;
        self.metadata.owner_references = None;
        self.status = None;
    }
}

impl Prune for Event {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        self.related = None;
        if let Some(message) = &mut self.message {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE));
            message.shrink_to_fit();
        }
    }
}

impl Prune for Node {
    fn prune(&mut self) {
        cut_metadata(&mut self.metadata);
        if let Some(status) = &mut self.status {
            cut_images(&mut status.images);
            status.volumes_attached = None;
            status.volumes_in_use = None;
        }
    }
}

/// Of the images on a node only what tells what somebody may have meant: the names with a tag, as people write them, in
/// one list whichever image bears them. Fifty of them are four kilobytes.
fn cut_images(images: &mut Option<Vec<ContainerImage>>) {
    let all = images.iter().flatten().flat_map(|it| it.names.iter().flatten());
    let names: BTreeSet<&str> = all.filter_map(|it| diagnosis::tagged(it)).collect();
    let names: Vec<String> = names.into_iter().take(MAX_IMAGES).map(str::to_owned).collect();
    let kept = ContainerImage { names: Some(names), size_bytes: None };
    *images = kept.names.as_ref().is_some_and(|it| !it.is_empty()).then(|| vec![kept]);
}

/// Drops who wrote which field, and what only tools read.
pub(super) fn cut_metadata(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
    metadata.self_link = None;
    metadata.generate_name = None;
    fit(&mut metadata.owner_references);
    if let Some(annotations) = &mut metadata.annotations
        && let Some(declaration) = annotations.remove(LAST_APPLIED)
        && let Some(replicas) = declared_replicas(&declaration)
    {
        annotations.insert(LAST_APPLIED.to_owned(), replicas);
    }
}

/// Drops all annotations but the one by which a vertical autoscaler says that it set the pod's resources.
fn keep_mark_of_autoscaler(metadata: &mut ObjectMeta) {
    let mark = metadata.annotations.as_ref().is_some_and(|it| it.contains_key(VPA_UPDATES));
    metadata.annotations = mark.then(|| BTreeMap::from([(VPA_UPDATES.to_owned(), String::new())]));
}

/// Of what was declared only the replicas: what is scaled to nothing does not say any more how many it had.
fn declared_replicas(declaration: &str) -> Option<String> {
    let declaration: Value = serde_json::from_str(declaration).ok()?;
    let replicas = declaration.pointer("/spec/replicas")?.as_u64()?;
    Some(json!({"spec": {"replicas": replicas}}).to_string())
}

fn cut_status(status: &mut PodStatus) {
    status.host_ips = None;
    status.pod_ips = None;
    let first = status.init_container_statuses.iter_mut().flatten();
    for container in first.chain(status.container_statuses.iter_mut().flatten()) {
        container.allocated_resources = None;
        container.resources = None;
        container.volume_mounts = None;
        container.container_id = None;
        container.image_id = String::new();
    }
    fit(&mut status.conditions);
    fit(&mut status.container_statuses);
    fit(&mut status.init_container_statuses);
}

/// Lists grow by doubling while they are read: nothing is added to them any more.
fn fit<T>(list: &mut Option<Vec<T>>) {
    if let Some(list) = list {
        list.shrink_to_fit();
    }
}

fn fit_container(container: &mut Container) {
    fit(&mut container.env);
    fit(&mut container.env_from);
    fit(&mut container.ports);
}

fn cut_spec(spec: &mut PodSpec) {
    spec.affinity = spec.affinity.take().and_then(apart);
    cut_tolerations(spec);
    spec.topology_spread_constraints = None;
    spec.dns_config = None;
    spec.ephemeral_containers = None;
    spec.containers.iter_mut().for_each(cut_container);
    spec.init_containers.iter_mut().flatten().for_each(cut_container);
    if let Some(volumes) = &mut spec.volumes {
        volumes.retain(refers_by_name);
    }
    fit(&mut spec.volumes);
    fit(&mut spec.init_containers);
    spec.containers.shrink_to_fit();
    spec.containers.iter_mut().for_each(fit_container);
}

/// What is tolerated by name stays: it says that a taint is meant. What the cluster makes every pod tolerate does not.
fn cut_tolerations(spec: &mut PodSpec) {
    if let Some(tolerations) = &mut spec.tolerations {
        let own = |it: &str| !it.is_empty() && !it.starts_with("node.kubernetes.io/");
        tolerations.retain(|it| it.key.as_deref().is_some_and(own));
        tolerations.shrink_to_fit();
    }
    spec.tolerations.take_if(|it| it.is_empty());
}

/// Beside whom it must not stand: who holds the places that a pod waits for is told by that.
fn apart(affinity: Affinity) -> Option<Affinity> {
    let mut apart = affinity.pod_anti_affinity?;
    apart.preferred_during_scheduling_ignored_during_execution = None;
    apart.required_during_scheduling_ignored_during_execution.as_ref()?;
    Some(Affinity { pod_anti_affinity: Some(apart), ..Affinity::default() })
}

/// Literal values of environment variables go first, for they may be secrets: which Service one names is all that
/// is read of it.
fn cut_container(container: &mut Container) {
    for variable in container.env.iter_mut().flatten() {
        let value = variable.value.take();
        variable.value = value.and_then(|it| diagnosis::service_address(&variable.name, &it));
    }
    // What it runs says what a neighbour that is misspelt was meant to run; with what, does not.
    if let Some(command) = &mut container.command {
        command.truncate(1);
        command.retain(|it| it.len() <= MAX_PROGRAM);
        command.shrink_to_fit();
    }
    container.args = None;
    cut_mounts(container);
    container.security_context = container.security_context.as_ref().and_then(cut_security);
    container.lifecycle = None;
    container.termination_message_path = None;
    container.termination_message_policy = None;
}

/// Single files of a volume stay: they do not follow what the volume is made from.
fn cut_mounts(container: &mut Container) {
    let is_file = |it: &VolumeMount| it.sub_path.is_some() || it.sub_path_expr.is_some();
    if let Some(mounts) = &mut container.volume_mounts {
        mounts.retain(is_file);
        mounts.shrink_to_fit();
    }
    container.volume_mounts.take_if(|it| it.is_empty());
}

/// As whom it runs, and whether it has the whole node: nothing that takes room.
fn cut_security(security: &SecurityContext) -> Option<SecurityContext> {
    let kept = SecurityContext {
        privileged: security.privileged,
        run_as_non_root: security.run_as_non_root,
        run_as_user: security.run_as_user,
        ..SecurityContext::default()
    };
    (kept != SecurityContext::default()).then_some(kept)
}

/// Cuts a pod that is well and was made from a template: what it refers to is there, and is named by the template.
/// Names of Secrets stay: that a ready pod uses one is how we know of it.
pub(super) fn thin_pod(pod: &mut Pod) {
    if pod.metadata.owner_references.as_ref().is_none_or(Vec::is_empty) {
        return;
    }
    if let Some(spec) = &mut pod.spec {
        spec.security_context = None;
        spec.tolerations = None;
        spec.affinity = None;
        let first = spec.init_containers.iter_mut().flatten();
        for container in first.chain(&mut spec.containers) {
            thin_container(container);
        }
        if let Some(volumes) = &mut spec.volumes {
            volumes.retain(|it| it.config_map.is_none());
        }
    }
    let conditions = pod.status.as_mut().and_then(|it| it.conditions.as_mut());
    if let Some(conditions) = conditions {
        conditions.retain(|it| it.status != "True" || TOLD_WHEN_TRUE.contains(&&*it.type_));
    }
}

fn thin_container(container: &mut Container) {
    if let Some(env) = &mut container.env {
        env.retain(|it| it.value_from.as_ref().is_some_and(|it| it.secret_key_ref.is_some()));
    }
    if let Some(whole) = &mut container.env_from {
        whole.retain(|it| it.secret_ref.is_some());
    }
    // What it may use and asks for stays: whether that is what its template says is seen on pods that are well, too.
    if let Some(resources) = &mut container.resources {
        resources.claims = None;
    }
}

fn refers_by_name(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.persistent_volume_claim.is_some()
        || volume.ephemeral.is_some()
        || volume.projected.as_ref().is_some_and(|it| {
            it.sources.iter().flatten().any(|it| it.secret.is_some())
                || !volume.name.starts_with("kube-api-access-")
        })
}

#[cfg(test)]
mod tests;
