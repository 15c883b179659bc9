//! The workload that is called like a Service, and whose pods differ from its selector in one value.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use types::Subject;

use crate::Root;
use crate::survey::scene::{Scene, name, namespace};

/// Such a workload, and the label that it has.
pub(super) struct Alike {
    pub(super) whose: Subject,
    pub(super) key: String,
    pub(super) value: String,
}

/// The one workload of this name, where nothing but the value of one label keeps the Service from taking its pods.
/// It is only told: a name says less than a label.
pub(super) fn of(
    service: &Service,
    selector: &BTreeMap<String, String>,
    scene: &Scene<'_>,
) -> Option<Alike> {
    let meta = &service.metadata;
    let is_it = |it: &&Root| serves(it) && name(it.metadata()) == name(meta);
    let mut called = scene.workloads(namespace(meta)).filter(is_it);
    let root = called.next().filter(|_| called.next().is_none())?;
    let labels = root.template_metadata()?.labels.as_ref()?;
    let mut wrong = selector.iter().filter(|it| labels.get(it.0) != Some(it.1));
    let key = wrong.next().filter(|_| wrong.next().is_none())?.0;
    let value = labels.get(key)?.clone();
    Some(Alike { whose: Subject::from(&root.object_ref()), key: key.clone(), value })
}

/// Whether its pods are there to be called.
fn serves(root: &Root) -> bool {
    match root {
        Root::Deployment(_) | Root::StatefulSet(_) | Root::DaemonSet(_) => true,
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            false
        }
    }
}
