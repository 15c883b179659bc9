//! A Secret that pods should pull their images with is not there, and they run from what their nodes hold.
//!
//! ## What it looks for
//! Recent events of the kubelet about a ready pod that it finds no such Secret. A notice for each workload: an image
//! that anybody may pull needs none, and the next node or the next image shows which it is.
//!
//! ## What it does not see
//! A pod that cannot pull: the workload's own rules tell that, and the Secret with it. Whether the Secret is there by
//! now: Secrets are not read.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Event, Pod};
use types::{AnyFault, Fault, Finding, Severity, Subject};

use super::scene::{Scene, is_over, is_ready, name};
use super::words::{listed, quoted};
use crate::Root;
use crate::confidence;

/// The kubelet's word.
const REASON: &str = "FailedToRetrieveImagePullSecret";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<Subject, (&Event, &Pod)> = BTreeMap::new();
    let is_it = |it: &&Event| it.reason.as_deref() == Some(REASON) && scene.is_recent(it);
    for event in scene.all.events.iter().map(|it| &**it).filter(is_it) {
        let about = &event.involved_object;
        let (Some(space), Some(pod)) = (&about.namespace, &about.name) else { continue };
        let Some(pod) = scene.pod(space, pod).filter(|it| is_ready(it) && !is_over(it)) else {
            continue;
        };
        let root = scene.root_of(pod);
        if !scene.is_in_trouble(&root) {
            found.entry(root).or_insert((event, pod));
        }
    }
    found.into_iter().filter_map(|(root, (event, pod))| told(root, event, pod, scene)).collect()
}

/// The finding, where the kubelet names a Secret that the pod is to be pulled with.
fn told(root: Subject, event: &Event, pod: &Pod, scene: &Scene<'_>) -> Option<Finding> {
    let message = event.message.as_deref().unwrap_or_default();
    let said = message.split_once('(')?.1.split_once(')')?.0;
    let said: Vec<_> = said.split(", ").collect();
    let secrets = pod.spec.iter().flat_map(|it| it.image_pull_secrets.iter().flatten());
    let missing = secrets.filter(|it| said.contains(&it.name.as_str()));
    let missing: Vec<_> = missing.map(|it| it.name.clone()).collect();
    let first = missing.first()?;
    let names = quoted(&listed(&missing), scene);
    let cause = format!(
        "Pull secret {names} is not there; its pods run all the same, from images that their nodes hold or that anybody \
         may pull; where it is the former, the next node cannot pull them."
    );
    let field = field(&root, first, scene);
    let fault = AnyFault::Workload(Fault::ImageNotPullable);
    let finding = Finding::new(root, Severity::Notice, fault, cause).sure(confidence::GUESSED);
    let finding = finding.clue(format!("pods[{}].events[{REASON}]", name(&pod.metadata)), &names);
    Some(match field {
        Some(field) => finding.clue(field.clone(), first).at(field),
        None => finding,
    })
}

/// Where the workload itself names the Secret; its account may do so in its place.
fn field(of: &Subject, secret: &str, scene: &Scene<'_>) -> Option<String> {
    let root: &Root = scene.workload(&of.kind, &of.namespace, &of.name)?;
    let named = root.pod_spec()?.image_pull_secrets.as_ref()?;
    let index = named.iter().position(|it| it.name == secret)?;
    let path = root.kind().pod_spec_path()?.child("imagePullSecrets");
    Some(format!("{path}/{index}/name"))
}
