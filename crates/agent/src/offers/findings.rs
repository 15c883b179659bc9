//! What mends a finding, as it is shown: nobody carries it out but a person.

use diagnosis::Redactor;
use types::Finding;

use super::Text;

/// The finding with what mends it, for a commit, where its facts determine that; none of more than 64 KiB.
pub(crate) fn with_patch(finding: Finding, redactor: &Redactor) -> Finding {
    let patch = Text::of(remedy::finding_patch(&finding), redactor).shown();
    let owner = finding.owner.as_ref().filter(|_| patch.is_some()).map(|it| redactor.redact(it));
    Finding { patch, owner, ..finding }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use types::{AnyFault, ClusterFault, Edit, FieldPath, Severity, Subject};

    use super::super::MAX_TEXT;
    use super::*;

    fn shown(from: &str) -> (Finding, String) {
        let about = Subject::new("Ingress", "shop", "web");
        let fault = AnyFault::Cluster(ClusterFault::IngressClassMissing);
        let mut finding = Finding::new(about, Severity::Critical, fault, String::new());
        finding.owner = Some("argocd".to_owned());
        let path = FieldPath::root().child("spec").child("ingressClassName");
        let (from, to) = (Some(Value::from(from)), Some(Value::from("nginx")));
        finding.edits = vec![Edit { path, from, to }];
        let finding = with_patch(finding, &Redactor::new([0; 32]));
        let told = serde_json::to_string(&finding).unwrap();
        (finding, told)
    }

    #[test]
    fn a_patch_is_redacted_as_that_of_an_offer_and_the_edits_stay_here() {
        let (finding, told) = shown("nginz");
        assert!(finding.patch.unwrap().contains(r#""op":"test","path":"/spec/ingressClassName""#));
        assert_eq!(finding.owner.as_deref(), Some("argocd"));
        assert!(!told.contains("\"edits\""), "{told}");

        let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let (_, told) = shown(token);
        assert!(told.contains("[redacted:") && !told.contains(token), "{told}");
    }

    #[test]
    fn a_patch_that_is_too_long_is_not_shown_nor_said_to_be_kept_by_anybody() {
        let (finding, _) = shown(&"a".repeat(MAX_TEXT));
        assert_eq!((finding.patch, finding.owner), (None, None));
    }
}
