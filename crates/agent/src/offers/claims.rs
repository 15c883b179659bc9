//! Claims that have to be made anew, as offers to be read.

use diagnosis::{ClaimAnew, Redactor, Snapshot};
use types::{Fault, Finding, Offer, Risk, Strategy};

use super::Text;

/// What is offered for claims whose class these findings say is not there.
pub(crate) fn of_claims(
    around: &Snapshot,
    findings: &[Finding],
    redactor: &Redactor,
) -> Vec<Offer> {
    diagnosis::claims_anew(around, findings).iter().map(|it| offer(it, redactor)).collect()
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

    #[test]
    fn where_no_class_is_near_nothing_is_offered() {
        assert_eq!(offered("archive"), vec![]);
    }
}
