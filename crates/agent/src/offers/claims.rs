//! Claims that have to be made anew, and volumes that have to be kept for another one, as offers to be read.

use diagnosis::{ClaimAnew, Redactor, Snapshot, VolumeFreed};
use types::{Fault, Finding, Offer, Risk, Strategy};

use super::Text;

/// What is offered for claims whose class these findings say is not there, or whose volume is kept for another one.
pub(crate) fn of_claims(
    around: &Snapshot,
    findings: &[Finding],
    redactor: &Redactor,
) -> Vec<Offer> {
    let anew = diagnosis::claims_anew(around, findings);
    let freed = diagnosis::volumes_freed(around, findings);
    let freed = freed.iter().map(|it| of_volume(it, redactor));
    anew.iter().map(|it| offer(it, redactor)).chain(freed).collect()
}

/// No strategy writes a volume: it is shown as what a person corrects.
fn of_volume(it: &VolumeFreed, redactor: &Redactor) -> Offer {
    let VolumeFreed { claim, volume, kept_for, was_bound, edits } = it;
    let why = if *was_bound {
        format!(
            "The volume {volume} is still kept for the claim {kept_for} that is gone. With this it is kept for {}, which then \
             sees the data of the claim of old.",
            claim.name
        )
    } else {
        format!(
            "The volume {volume} is kept for the claim {kept_for}, which is not there; {} was probably meant.",
            claim.name
        )
    };
    let how = format!(
        "A person carries it out: kubectl patch pv {volume} --type=json -p, with the patch."
    );
    let shown = edits.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Offer {
        strategy: Strategy::CorrectTypo,
        fault: Some(Fault::Unschedulable),
        backed: false,
        title: format!("keep volume {volume} for claim {}", claim.name),
        because: redactor.redact(&format!("{why} {how}")),
        risk: Risk::Advice,
        diff: redactor.redact(&shown),
        reversible: false,
        owner: None,
        patch: Text::of(remedy::volume_patch(edits), redactor).shown(),
        manifest: None,
    }
}

fn offer(it: &ClaimAnew, redactor: &Redactor) -> Offer {
    let ClaimAnew { claim, wanted, meant, manifest } = it;
    let (space, name) = (&claim.namespace, &claim.name);
    let because = format!(
        "There is no storage class {wanted}, there is {meant}, and the field cannot be changed. Nothing is on the claim yet: \
         kubectl -n {space} delete pvc {name}, then kubectl create with the manifest; both at once: kubectl replace --force."
    );
    let text = serde_json::to_string_pretty(manifest).ok();
    Offer {
        strategy: Strategy::CorrectTypo,
        fault: Some(Fault::Unschedulable),
        backed: false,
        title: format!("make claim {name} anew with the storage class that was meant"),
        because: redactor.redact(&because),
        risk: Risk::Advice,
        diff: String::new(),
        reversible: false,
        owner: None,
        patch: None,
        manifest: Text::of(text, redactor).shown(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use types::{AnyFault, ClusterFault, Severity, Subject};

    use super::*;

    fn offered(class: &str) -> Vec<Offer> {
        let mut around = Snapshot::at("2026-01-01T00:00:00Z".parse().unwrap(), "test");
        let claim = json!({
            "metadata": {"name": "data", "namespace": "shop", "uid": "u", "labels": {"app": "web"},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "a"}},
            "spec": {"storageClassName": "fats", "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Pending"},
        });
        let class = json!({"metadata": {"name": class}, "provisioner": "disk.example.com"});
        around.claims = Some(vec![serde_json::from_value(claim).unwrap()]);
        around.storage_classes = Some(vec![serde_json::from_value(class).unwrap()]);
        let about = Subject::new("PersistentVolumeClaim", "shop", "data");
        let fault = AnyFault::Cluster(ClusterFault::ClaimNotBound);
        let finding = Finding::new(about, Severity::Critical, fault, String::new());
        of_claims(&around, &[finding.at("/spec/storageClassName")], &Redactor::new([0; 32]))
    }

    #[test]
    fn a_claim_with_a_misspelt_class_is_offered_as_a_manifest_to_make_anew() {
        let offer = offered("fast").remove(0);

        assert_eq!((offer.risk, offer.reversible, &offer.patch), (Risk::Advice, false, &None));
        let manifest: Value = serde_json::from_str(&offer.manifest.unwrap()).unwrap();
        assert_eq!(
            manifest,
            json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": "data", "namespace": "shop", "labels": {"app": "web"},
                    "annotations": {"team": "a"}},
                "spec": {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}}},
            })
        );
    }

    /// What is offered for a claim whose namesake of old left this volume behind.
    fn freed(policy: &str) -> Vec<Offer> {
        let mut around = Snapshot::at("2026-01-01T00:00:00Z".parse().unwrap(), "test");
        let spec = json!({"volumeName": "disk-1", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}});
        let claim = json!({"metadata": {"name": "data", "namespace": "shop", "uid": "new"},
            "spec": spec, "status": {"phase": "Pending"}});
        let kept_for = json!({"namespace": "shop", "name": "data", "uid": "old-uid"});
        let spec = json!({"claimRef": kept_for, "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"}, "persistentVolumeReclaimPolicy": policy});
        let volume = json!({"metadata": {"name": "disk-1"}, "spec": spec,
            "status": {"phase": "Released"}});
        around.claims = Some(vec![serde_json::from_value(claim).unwrap()]);
        around.volumes = Some(vec![serde_json::from_value(volume).unwrap()]);
        let about = Subject::new("PersistentVolumeClaim", "shop", "data");
        let fault = AnyFault::Cluster(ClusterFault::ClaimNotBound);
        let finding = Finding::new(about, Severity::Critical, fault, String::new());
        of_claims(&around, &[finding], &Redactor::new([0; 32]))
    }

    #[test]
    fn a_volume_of_the_claim_of_old_is_offered_as_a_patch_to_apply_with_what_it_means() {
        let offer = freed("Retain").remove(0);

        assert_eq!((offer.risk, offer.reversible), (Risk::Advice, false));
        assert!(offer.because.contains("sees the data of the claim of old"), "{}", offer.because);
        let patch: Value = serde_json::from_str(&offer.patch.unwrap()).unwrap();
        assert_eq!(
            patch,
            json!([{"op": "test", "path": "/spec/claimRef/uid", "value": "old-uid"},
                {"op": "remove", "path": "/spec/claimRef/uid"}])
        );
        assert_eq!(freed("Delete"), vec![]);
    }

    #[test]
    fn where_no_class_is_near_nothing_is_offered() {
        assert_eq!(offered("archive"), vec![]);
    }
}
