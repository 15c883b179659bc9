//! The policy for Leases: the one by which replicas agree, and no other.

use super::{Held, SUBRESOURCE, or_empty, rule};
use crate::cluster::LEASE;

/// What holds for every Lease that the executor of this namespace writes. A role cannot name what is made.
pub(super) fn held(namespace: &str) -> Held {
    let rule = rule("coordination.k8s.io", &["leases"]);
    let (finalizers, owners) = (Field("finalizers"), Field("ownerReferences"));
    let claims = vec![
        (
            format!("request.operation in ['CREATE', 'UPDATE'] && {SUBRESOURCE} == ''"),
            "the Lease of the agent is made and renewed, never deleted",
        ),
        (
            format!(
                "request.namespace == '{namespace}' && request.operation != 'DELETE' && \
                 has(object.metadata.name) && object.metadata.name == '{LEASE}'"
            ),
            "of all Leases only that of the agent is written",
        ),
        (
            format!(
                "request.operation == 'DELETE' || \
                 (request.operation == 'CREATE' ? ({} && {}) : ({} && {}))",
                finalizers.is_empty(),
                owners.is_empty(),
                finalizers.is_kept(),
                owners.is_kept(),
            ),
            "finalizers and owners of the Lease stay as they are",
        ),
    ];
    Held { rules: vec![rule], variables: vec![], claims }
}

/// A list of the metadata.
struct Field(&'static str);

impl Field {
    fn of(&self, object: &str) -> String {
        or_empty(&format!("{object}.metadata.{}", self.0), "[]")
    }

    fn is_empty(&self) -> String {
        format!("{}.size() == 0", self.of("object"))
    }

    fn is_kept(&self) -> String {
        format!("{} == {}", self.of("object"), self.of("oldObject"))
    }
}
