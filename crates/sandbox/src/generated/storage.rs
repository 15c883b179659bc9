//! Claims with their volumes, and the class of both.

use serde_json::{Value, json};

use super::events::warn;
use super::statuses::Trouble;
use super::workloads::App;
use super::{Draw, written_by};

const DAY: usize = 24 * 60 * 60;
/// The class of every volume, and who makes them.
const CLASS: &str = "gp3";
const DRIVER: &str = "ebs.csi.aws.com";
/// What a claim asks for.
const AMOUNT: &str = "20Gi";

/// The class of volumes.
pub(super) fn class(draw: &mut Draw) {
    let mut metadata = draw.metadata("", CLASS, 50 * DAY);
    metadata["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    draw.declare(
        "storageclasses",
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata,
            "provisioner": DRIVER, "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": true}),
    );
}

/// In a few namespaces a claim of a class that is not there.
pub(super) fn of_namespace(draw: &mut Draw, namespace: &str) {
    if !draw.is_wrong() {
        return;
    }
    let mut claim = claim(draw, namespace, "scratch", 2 * DAY);
    claim["spec"]["storageClassName"] = json!("fast-ssd");
    written_by(&mut claim, "helm", ("kube-controller-manager", json!({"phase": "Pending"})));
    let words = ("ProvisioningFailed", "storageclass.storage.k8s.io \"fast-ssd\" not found");
    warn(draw, &claim, "persistentvolume-controller", words);
    draw.put("persistentvolumeclaims", claim);
}

/// The claim of a pod and the volume that it is bound to; a claim alone for a pod that no node has room for.
pub(super) fn put(draw: &mut Draw, app: &App, name: &str) {
    let mut claim = claim(draw, &app.namespace, name, app.age);
    claim["metadata"]["labels"] = app.selector();
    if app.trouble == Some(Trouble::TooLarge) {
        written_by(&mut claim, "helm", ("kube-controller-manager", json!({"phase": "Pending"})));
        draw.put("persistentvolumeclaims", claim);
        return;
    }
    let volume = format!("pvc-{}", claim["metadata"]["uid"].as_str().unwrap_or_default());
    claim["spec"]["volumeName"] = json!(volume);
    claim["metadata"]["annotations"] = json!({"pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes", "volume.kubernetes.io/storage-provisioner": DRIVER});
    let status = json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": AMOUNT}});
    written_by(&mut claim, "kube-controller-manager", ("kube-controller-manager", status));
    let mut metadata = draw.metadata("", &volume, app.age);
    metadata["annotations"] = json!({"pv.kubernetes.io/provisioned-by": DRIVER});
    let zone = json!([{"matchExpressions": [{"key": "topology.kubernetes.io/region", "operator": "In",
        "values": ["eu-central-1"]}]}]);
    let mut object = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": AMOUNT}, "storageClassName": CLASS,
        "persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem",
        "csi": {"driver": DRIVER, "fsType": "ext4", "volumeHandle": format!("vol-{}", draw.chance.digits(17))},
        "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": app.namespace,
            "name": name, "uid": claim["metadata"]["uid"]},
        "nodeAffinity": {"required": {"nodeSelectorTerms": zone}}}});
    written_by(
        &mut object,
        "csi-provisioner",
        ("kube-controller-manager", json!({"phase": "Bound"})),
    );
    draw.put("persistentvolumeclaims", claim);
    draw.put("persistentvolumes", object);
}

fn claim(draw: &mut Draw, namespace: &str, name: &str, age: usize) -> Value {
    let metadata = draw.metadata(namespace, name, age);
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": AMOUNT}},
        "storageClassName": CLASS, "volumeMode": "Filesystem"}})
}
