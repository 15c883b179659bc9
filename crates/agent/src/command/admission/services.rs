//! The policy for Services: where their traffic goes, one label or target port at a time, and nothing else.

use remedy::FIX_ID_ANNOTATION;

use super::{Claim, Held, SUBRESOURCE, Scope, common_claims, metadata, or_empty, rule, same_but};

/// What holds for every Service that the executor writes.
pub(super) fn held(scope: Scope<'_>) -> Held {
    let rule = rule("", &["services", "services/status"]);
    let mut variables = metadata();
    variables.extend([
        ("labels", or_empty("object.spec.selector", "{}")),
        ("labelsBefore", or_empty("oldObject.spec.selector", "{}")),
        ("changed", changed()),
        ("ports", or_empty("object.spec.ports", "[]")),
        ("portsBefore", or_empty("oldObject.spec.ports", "[]")),
    ]);
    let mut claims: Vec<Claim> = vec![(
        format!("request.operation == 'UPDATE' && {SUBRESOURCE} == ''"),
        "Services are edited, never made or deleted",
    )];
    claims.extend(common_claims(scope));
    claims.extend([
        (format!("'{FIX_ID_ANNOTATION}' in variables.notes"), "a write carries its fix id"),
        (
            same_but("object.spec", "oldObject.spec", &["selector", "ports"]),
            "of a Service only its selector and its target ports are edited",
        ),
        (
            one_label(),
            "one label of a selector is changed at a time or two values change places, none is added and none dropped",
        ),
        (target_ports(), "the target of one port is edited at a time, and nothing else of it"),
    ]);
    Held { rules: vec![rule], variables, claims }
}

/// As many labels as before, and all the same but one, or but two that have each other's value: a selector that
/// asked for nothing stays so.
fn one_label() -> String {
    "variables.labels.size() == variables.labelsBefore.size() && (variables.changed.size() <= 1 || \
     (variables.changed.size() == 2 && variables.changed.all(k, k in variables.labels) && \
     variables.labels[variables.changed[0]] == variables.labelsBefore[variables.changed[1]] && \
     variables.labels[variables.changed[1]] == variables.labelsBefore[variables.changed[0]]))"
        .to_owned()
}

/// The keys of the labels that are not what they were.
fn changed() -> String {
    "variables.labelsBefore.filter(k, !(k in variables.labels) || \
     variables.labels[k] != variables.labelsBefore[k])"
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
