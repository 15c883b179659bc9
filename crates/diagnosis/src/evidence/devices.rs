//! The claims of devices that a template names. Neither they nor their templates are read.

use k8s_openapi::api::core::v1::PodSpec;
use types::{FieldPath, ReferenceFacts, ReferenceKind};

/// Facts of the claims of devices of the pod spec at `path`.
pub(super) fn facts(spec: &PodSpec, path: &FieldPath) -> Vec<ReferenceFacts> {
    let claims = spec.resource_claims.iter().flatten().enumerate();
    let facts = claims.filter_map(|(at, claim)| {
        let named = claim.resource_claim_name.as_ref();
        let (kind, field, name) = match (named, &claim.resource_claim_template_name) {
            (Some(name), _) => (ReferenceKind::ResourceClaim, "resourceClaimName", name),
            (None, Some(name)) => {
                (ReferenceKind::ResourceClaimTemplate, "resourceClaimTemplateName", name)
            }
            (None, None) => return None,
        };
        Some(ReferenceFacts {
            kind,
            name: name.clone(),
            // By which the containers call it, and events.
            key: Some(claim.name.clone()),
            path: path.child("resourceClaims").index(at).child(field).to_string(),
            exists: None,
            near_miss: None,
            alike: None,
            meant: None,
            vouched: None,
            belongs_to: None,
            optional: false,
            changed_at: None,
        })
    });
    facts.collect()
}
