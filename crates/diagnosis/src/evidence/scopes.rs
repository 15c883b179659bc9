//! Which quotas are for other pods than those of a template, by their scopes
//! (<https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes>).

use k8s_openapi::api::core::v1::{
    PodAffinityTerm, PodSpec, ResourceQuota, ResourceRequirements,
    ScopedResourceSelectorRequirement,
};

/// What is known of the pods that a template makes.
pub(super) struct Pods<'a> {
    /// The template.
    pub(super) spec: &'a PodSpec,
    /// The priority class that its pods get: `None` where that is not known, `Some("")` where they get none.
    pub(super) class: Option<&'a str>,
}

/// Whether the quota plainly is for other pods: one of its scopes does not hold for these. What cannot be decided
/// is taken for a quota that counts.
pub(super) fn is_for_others(quota: &ResourceQuota, pods: &Pods<'_>) -> bool {
    let spec = quota.spec.iter();
    let plain = spec.clone().flat_map(|it| it.scopes.iter().flatten());
    let selected = spec
        .flat_map(|it| it.scope_selector.iter())
        .flat_map(|it| it.match_expressions.iter().flatten());
    plain
        .map(|it| holds(it, None, pods))
        .chain(selected.map(|it| holds(&it.scope_name, Some(it), pods)))
        .any(|it| it == Some(false))
}

/// Whether one scope holds for the pods; `None` where that is not known.
fn holds(
    scope: &str,
    selector: Option<&ScopedResourceSelectorRequirement>,
    pods: &Pods<'_>,
) -> Option<bool> {
    match scope {
        "Terminating" => Some(has_deadline(pods.spec)),
        "NotTerminating" => Some(!has_deadline(pods.spec)),
        // A limit range may give amounts to a template that has none.
        "BestEffort" => has_amounts(pods.spec).then_some(false),
        "NotBestEffort" => has_amounts(pods.spec).then_some(true),
        "PriorityClass" => pods.class.and_then(|it| is_selected(it, selector)),
        "CrossNamespacePodAffinity" => Some(looks_elsewhere(pods.spec)),
        // A scope of claims.
        "VolumeAttributesClass" => Some(false),
        _ => None,
    }
}

/// Of the pod itself; that of a job is something else.
fn has_deadline(spec: &PodSpec) -> bool {
    spec.active_deadline_seconds.is_some_and(|it| 0 <= it)
}

/// Whether the quality of service of the pods is surely better than `BestEffort`.
fn has_amounts(spec: &PodSpec) -> bool {
    let has = |it: &ResourceRequirements| {
        let amounts = it.requests.iter().chain(&it.limits).flatten();
        amounts
            .filter(|it| it.0 == "cpu" || it.0 == "memory")
            .any(|it| types::Quantity(it.1.0.clone()).thousandths().is_some_and(|it| 0 < it))
    };
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let of_containers = containers.filter_map(|it| it.resources.as_ref());
    of_containers.chain(&spec.resources).any(has)
}

/// Without a selector any class is meant.
fn is_selected(class: &str, selector: Option<&ScopedResourceSelectorRequirement>) -> Option<bool> {
    let Some(selector) = selector else { return Some(!class.is_empty()) };
    let is_listed = || selector.values.iter().flatten().any(|it| it == class);
    match selector.operator.as_str() {
        "In" => Some(!class.is_empty() && is_listed()),
        "NotIn" => Some(class.is_empty() || !is_listed()),
        "Exists" => Some(!class.is_empty()),
        "DoesNotExist" => Some(class.is_empty()),
        _ => None,
    }
}

/// Whether a term of the affinity to pods names other namespaces.
fn looks_elsewhere(spec: &PodSpec) -> bool {
    let is_elsewhere = |it: &PodAffinityTerm| {
        it.namespaces.as_ref().is_some_and(|it| !it.is_empty()) || it.namespace_selector.is_some()
    };
    let near = spec.affinity.iter().filter_map(|it| it.pod_affinity.as_ref());
    let far = spec.affinity.iter().filter_map(|it| it.pod_anti_affinity.as_ref());
    let required = near
        .clone()
        .flat_map(|it| it.required_during_scheduling_ignored_during_execution.iter().flatten())
        .chain(far.clone().flat_map(|it| {
            it.required_during_scheduling_ignored_during_execution.iter().flatten()
        }));
    let preferred = near
        .flat_map(|it| it.preferred_during_scheduling_ignored_during_execution.iter().flatten())
        .chain(far.flat_map(|it| {
            it.preferred_during_scheduling_ignored_during_execution.iter().flatten()
        }));
    required.chain(preferred.map(|it| &it.pod_affinity_term)).any(is_elsewhere)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Whether a quota with this spec is left out for a pod of this spec and class.
    #[track_caller]
    fn check(quota: &Value, pod: &Value, class: Option<&str>, is_out: bool) {
        let spec: PodSpec = serde_json::from_value(pod.clone()).unwrap();
        let read = serde_json::from_value(json!({"spec": quota})).unwrap();
        let pods = Pods { spec: &spec, class };
        assert_eq!(is_for_others(&read, &pods), is_out, "{quota} for {pod}, class {class:?}");
    }

    fn scoped(scope: &str) -> Value {
        json!({"scopes": [scope]})
    }

    fn selected(scope: &str, operator: &str, values: &[&str]) -> Value {
        json!({"scopeSelector": {"matchExpressions": [
            {"scopeName": scope, "operator": operator, "values": values}]}})
    }

    #[test]
    fn a_scope_of_time_or_of_quality_leaves_out_the_quota_that_is_plainly_for_others() {
        let plain = json!({"containers": [{"name": "app"}]});
        let bounded =
            json!({"containers": [{"name": "app", "resources": {"limits": {"memory": "64Mi"}}}]});
        let zero =
            json!({"containers": [{"name": "app", "resources": {"limits": {"memory": "0"}}}]});
        let whole = json!({"containers": [], "resources": {"requests": {"cpu": "1"}}});
        let short = json!({"containers": [], "activeDeadlineSeconds": 60});
        for (scope, pod, is_out) in [
            ("Terminating", &plain, true),
            ("Terminating", &short, false),
            ("NotTerminating", &plain, false),
            ("NotTerminating", &short, true),
            ("BestEffort", &bounded, true),
            ("BestEffort", &whole, true),
            // A limit range may bound it.
            ("BestEffort", &plain, false),
            ("NotBestEffort", &bounded, false),
            ("NotBestEffort", &plain, false),
            ("NotBestEffort", &zero, false),
            ("VolumeAttributesClass", &plain, true),
            ("SomethingNew", &plain, false),
        ] {
            check(&scoped(scope), pod, Some(""), is_out);
            check(&selected(scope, "Exists", &[]), pod, Some(""), is_out);
        }
    }

    #[test]
    fn a_quota_for_priority_classes_counts_unless_the_class_is_known_to_be_another() {
        let pod = json!({"containers": []});
        let of = |operator: &str, values: &[&str]| selected("PriorityClass", operator, values);
        for (quota, class, is_out) in [
            (of("In", &["high"]), Some("high"), false),
            (of("In", &["high"]), Some("low"), true),
            (of("In", &["high"]), Some(""), true),
            (of("In", &["high"]), None, false),
            (of("NotIn", &["high"]), Some("high"), true),
            (of("NotIn", &["high"]), Some("low"), false),
            (of("NotIn", &["high"]), Some(""), false),
            (of("Exists", &[]), Some("low"), false),
            (of("Exists", &[]), Some(""), true),
            (of("DoesNotExist", &[]), Some("low"), true),
            (of("DoesNotExist", &[]), Some(""), false),
            (of("Near", &[]), Some("low"), false),
            (scoped("PriorityClass"), Some("low"), false),
            (scoped("PriorityClass"), Some(""), true),
            (scoped("PriorityClass"), None, false),
        ] {
            check(&quota, &pod, class, is_out);
        }
    }

    #[test]
    fn a_quota_for_affinity_across_namespaces_is_for_pods_that_have_one() {
        let with = |kind: &str, term: Value| {
            let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
            json!({"containers": [], "affinity": {kind: required}})
        };
        let term = |more: Value| {
            let mut term = json!({"topologyKey": "zone"});
            term.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            term
        };
        let quota = scoped("CrossNamespacePodAffinity");
        check(&quota, &json!({"containers": []}), None, true);
        check(&quota, &with("podAffinity", term(json!({}))), None, true);
        check(&quota, &with("podAffinity", term(json!({"namespaces": ["b"]}))), None, false);
        check(
            &quota,
            &with("podAntiAffinity", term(json!({"namespaceSelector": {}}))),
            None,
            false,
        );
        let preferred = json!({"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": term(json!({"namespaces": ["b"]}))}]});
        let pod = json!({"containers": [], "affinity": {"podAntiAffinity": preferred}});
        check(&quota, &pod, None, false);
    }

    #[test]
    fn one_scope_that_does_not_hold_is_enough_and_no_scope_is_for_all() {
        let pod = json!({"containers": []});
        check(&json!({"scopes": ["NotTerminating", "Terminating"]}), &pod, None, true);
        check(
            &json!({"scopes": ["NotTerminating"], "scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}}),
            &pod,
            Some("low"),
            true,
        );
        check(&json!({"hard": {"memory": "1Gi"}}), &pod, Some(""), false);
        check(&json!({}), &pod, None, false);
    }
}
