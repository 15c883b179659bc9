//! Gives claims their volumes.

use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use crate::clock::Moment;
use crate::fields::{Fields, put};
use crate::world::World;

/// The annotation of the class that claims get when they name none.
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
/// A claim without a volume is told about this often.
const AGAIN: Duration = Duration::from_secs(15);

/// Registers the class of storage that every sandbox has.
pub(super) fn register(world: &World) {
    let class = json!({
        "metadata": {"name": "standard", "annotations": {DEFAULT: "true"}},
        "provisioner": "sandbox.k8s-reflexion.io/memory", "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    });
    // A class that is there already serves as well.
    drop(world.store.written_by("kube-controller-manager").create("storageclasses", "", class));
}

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let claim = desk.world.store.get("persistentvolumeclaims", namespace, name)?;
    if claim.text("/status/phase") == "Bound" || claim.is_going() {
        return None;
    }
    let recorder = &desk.world.volume;
    let Some(class) = class(desk, &claim) else {
        let text = "no persistent volumes available for this claim and no storage class is set";
        recorder.normal(&claim, "FailedBinding", text);
        desk.report("persistentvolumeclaims", &claim, json!({"phase": "Pending"}));
        return Some(desk.now + AGAIN);
    };
    if desk.world.store.get("storageclasses", "", &class).is_none() {
        let text = format!("storageclass.storage.k8s.io {class:?} not found");
        recorder.warning(&claim, "ProvisioningFailed", &text);
        desk.report("persistentvolumeclaims", &claim, json!({"phase": "Pending"}));
        return Some(desk.now + AGAIN);
    }
    let volume = format!("pvc-{}", claim.uid());
    let store = desk.world.store.written_by("kube-controller-manager");
    let capacity = claim.at("/spec/resources/requests");
    let object = json!({
        "metadata": {"name": volume},
        "spec": {
            "accessModes": claim.at("/spec/accessModes"), "capacity": capacity,
            "storageClassName": class, "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name, "uid": claim.uid()},
        },
        "status": {"phase": "Bound"},
    });
    // A volume that is there already is the claim's own.
    drop(store.create("persistentvolumes", "", object));
    let spec = store.update("persistentvolumeclaims", namespace, name, |it| {
        put(it, &["spec", "volumeName"], json!(volume));
        put(it, &["spec", "storageClassName"], json!(class));
        Ok(())
    });
    if let Ok(claim) = spec {
        let modes = claim.at("/spec/accessModes");
        let status = json!({"phase": "Bound", "accessModes": modes, "capacity": capacity});
        desk.report("persistentvolumeclaims", &claim, status);
    }
    None
}

/// The class that a claim names, or the default one; `None` when it wants none.
fn class(desk: &Desk<'_>, claim: &Value) -> Option<String> {
    match claim.at("/spec/storageClassName").as_str() {
        Some("") => None,
        Some(name) => Some(name.to_owned()),
        None => {
            let (classes, _) = desk.world.store.list("storageclasses", None);
            let default = classes.iter().find(|it| {
                it.at("/metadata/annotations").get(DEFAULT).and_then(Value::as_str) == Some("true")
            });
            default.map(|it| it.name().to_owned())
        }
    }
}
