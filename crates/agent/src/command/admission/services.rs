//! The policy for Services: where their traffic goes, one label or target port at a time, and nothing else.

use remedy::FIX_ID_ANNOTATION;
use serde_json::json;

use super::{Claim, Held, SUBRESOURCE, common_claims, metadata, or_empty, same_but};

/// What holds for every Service that the executor of this namespace writes.
pub(super) fn held(namespace: &str) -> Held {
    let rule = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["services", "services/status"],
    });
    let mut variables = metadata();
    variables.extend([
        ("labels", or_empty("object.spec.selector", "{}")),
        ("labelsBefore", or_empty("oldObject.spec.selector", "{}")),
        ("ports", or_empty("object.spec.ports", "[]")),
        ("portsBefore", or_empty("oldObject.spec.ports", "[]")),
    ]);
    let mut claims: Vec<Claim> = vec![(
        format!("request.operation == 'UPDATE' && {SUBRESOURCE} == ''"),
        "Services are edited, never made or deleted",
    )];
    claims.extend(common_claims(namespace));
    claims.extend([
        (format!("'{FIX_ID_ANNOTATION}' in variables.notes"), "a write carries its fix id"),
        (
            same_but("object.spec", "oldObject.spec", &["selector", "ports"]),
            "of a Service only its selector and its target ports are edited",
        ),
        (
            one_label(),
            "one label of a selector is changed at a time, none is added and none dropped",
        ),
        (target_ports(), "the target of one port is edited at a time, and nothing else of it"),
    ]);
    Held { rules: vec![rule], variables, claims }
}

/// As many labels as before, and all but one the same: a selector that asked for nothing stays so.
fn one_label() -> String {
    "variables.labels.size() == variables.labelsBefore.size() && \
     variables.labelsBefore.filter(k, !(k in variables.labels) || \
     variables.labels[k] != variables.labelsBefore[k]).size() <= 1"
        .to_owned()
}

/// The same ports as before, but for where one of them leads.
fn target_ports() -> String {
    let same = same_but("p", "b", &["targetPort"]);
    format!(
        "variables.ports.size() == variables.portsBefore.size() && \
         variables.ports.all(p, variables.portsBefore.exists(b, {same})) && \
         variables.ports.filter(p, !(p in variables.portsBefore)).size() <= 1"
    )
}
