//! The change that mends a finding, where the facts leave one candidate. It is shown to people and never carried out.

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize as _;
use serde_json::Value;
use types::{Edit, FieldPath, Finding, Subject};

use super::json;
use super::scene::{Scene, name, namespace};
use super::slip::{Slip, escaped, may_be_meant};
use crate::evidence::owners;

/// Edits of one finding: an Ingress that names a missing Service in more places is no slip.
const MAX_EDITS: usize = 100;
/// The longest name there is: a label's key with its prefix.
const MAX_NAME: usize = 317;
/// The longest text that an edit tests for.
const MAX_FROM: usize = 1024;

/// The finding with the change of its own field from what it says, `Null` where it says nothing, to what was meant.
pub(super) fn mended(finding: Finding, from: Value, to: Option<Value>) -> Finding {
    let field = finding.field.clone().unwrap_or_default();
    edited(finding, &field, from, to)
}

/// The same, of another field.
pub(super) fn edited(mut finding: Finding, field: &str, from: Value, to: Option<Value>) -> Finding {
    let path = FieldPath::parse(field).filter(|it| !it.as_str().is_empty());
    // What is absent may as well be empty: it is set without a test.
    let is_nothing = from.is_null() || from.as_str().is_some_and(str::is_empty);
    let is_short = from.as_str().is_none_or(|it| it.len() <= MAX_FROM);
    let to = to.filter(|it| is_name(it) && *it != from);
    if let (Some(path), Some(to), true) = (path, to, is_short) {
        finding.edits.push(Edit { path, from: (!is_nothing).then_some(from), to: Some(to) });
    }
    finding
}

/// The finding with the label of the selector at `labels` changed to the one that was meant, where there is one.
/// Another value has to be nearly the same, or what the selecting object is called: that pods have no other may be
/// chance.
pub(super) fn relabelled(mut finding: Finding, labels: &str, slip: &Slip) -> Finding {
    let Some((key, value)) = &slip.meant else { return finding };
    let path = |key: &str| format!("{labels}/{}", escaped(key));
    let (from, to) = (Value::from(slip.value.as_str()), Value::from(value.as_str()));
    if *key == slip.key {
        let is_near = may_be_meant(&slip.value, value);
        let to = Some(to).filter(|_| is_near || *value == finding.subject.name);
        return edited(finding, &path(key), from, to);
    }
    let are_names = is_name(&Value::from(key.as_str())) && is_name(&to);
    if let (Some(wrong), Some(right), true) =
        (FieldPath::parse(&path(&slip.key)), FieldPath::parse(&path(key)), are_names)
    {
        finding.edits.push(Edit { path: right, from: None, to: Some(to) });
        finding.edits.push(Edit { path: wrong, from: Some(from), to: None });
    }
    finding
}

/// Adds a finding to those of the same object. Ten places that name one missing Service are one trouble, to be
/// mended in each of them.
pub(super) fn gather(found: &mut Vec<Finding>, mut finding: Finding) {
    match found.iter_mut().find(|it| it.cause == finding.cause) {
        Some(known) => known.edits.append(&mut finding.edits),
        None => found.push(finding),
    }
}

/// The findings with who keeps what is to be changed. Where there is too much of it, it is no slip of a finger.
pub(super) fn kept(found: Vec<Finding>, scene: &Scene<'_>) -> Vec<Finding> {
    let kept = found.into_iter().map(|mut it| {
        if MAX_EDITS < it.edits.len() {
            it.edits.clear();
        }
        let owner = if it.edits.is_empty() { None } else { owner(&it.subject, scene) };
        Finding { owner, ..it }
    });
    kept.collect()
}

/// Whether this can be a name, a port, or an object of such: nothing else of a cluster gets into a patch.
fn is_name(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Array(_) => false,
        Value::Number(_) => true,
        Value::String(text) => {
            let is_part = |it: char| it.is_ascii_alphanumeric() || "-._/".contains(it);
            let is_edge = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
            text.len() <= MAX_NAME
                && text.chars().all(is_part)
                && is_edge(text.chars().next())
                && is_edge(text.chars().next_back())
        }
        Value::Object(members) => !members.is_empty() && members.values().all(is_name),
    }
}

/// Who keeps the object as somebody declared it, as its marks say.
fn owner(about: &Subject, scene: &Scene<'_>) -> Option<String> {
    let all = scene.all;
    let metadata = match about.kind.as_str() {
        "Certificate" => of_json(all.certificates.as_deref(), about),
        "Gateway" => of_json(all.gateways.as_deref(), about),
        "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" => {
            of_json(all.routes.as_deref(), about)
        }
        "HorizontalPodAutoscaler" => of(all.autoscalers.as_deref(), about),
        "Ingress" => of(all.ingresses.as_deref(), about),
        "PersistentVolume" => of(all.volumes.as_deref(), about),
        "NetworkPolicy" => of(all.network_policies.as_deref(), about),
        "PodDisruptionBudget" => of(all.budgets.as_deref(), about),
        "ScaledObject" => of_json(all.scaled_objects.as_deref(), about),
        "Service" => of(all.services.as_deref(), about),
        kind => {
            let mut webhooks = all.webhooks.iter().flatten();
            let of = webhooks.find(|it| it.kind == kind && it.configuration == about.name)?;
            return of.owner.clone();
        }
    };
    owners::claimant(&metadata?)
}

fn of<K: Metadata<Ty = ObjectMeta>>(objects: Option<&[K]>, about: &Subject) -> Option<ObjectMeta> {
    let mut all = objects.into_iter().flatten().map(Metadata::metadata);
    all.find(|it| name(it) == about.name && namespace(it) == about.namespace).cloned()
}

fn of_json(objects: Option<&[Value]>, about: &Subject) -> Option<ObjectMeta> {
    let mut all = objects.into_iter().flatten();
    let object = all.find(|it| json::subject(&about.kind, it) == *about)?;
    ObjectMeta::deserialize(object.get("metadata")?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::{AnyFault, ClusterFault, Severity};

    use super::*;

    fn edits(from: Value, to: Value) -> Vec<String> {
        let about = Subject::new("Ingress", "shop", "web");
        let fault = AnyFault::Cluster(ClusterFault::IngressBackendMissing);
        let finding = Finding::new(about, Severity::Critical, fault, String::new()).at("/spec/a");
        mended(finding, from, Some(to)).edits.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_patch_holds_names_and_ports_and_nothing_else_of_a_cluster() {
        assert_eq!(edits(json!("wbe"), json!("web")), [r#"/spec/a: "wbe" -> "web""#]);
        assert_eq!(edits(json!(""), json!("apps/v1")), [r#"/spec/a: nothing -> "apps/v1""#]);
        assert_eq!(edits(json!({"name": "x"}), json!({"number": 80})).len(), 1);
        let long = "a".repeat(MAX_NAME + 1);
        for to in ["", "web\n- op: remove", "-web", "*.example.com", "$(id)", "wéb", &long] {
            assert_eq!(edits(json!("wbe"), json!(to)), [""; 0], "{to}");
        }
        assert_eq!(edits(json!("web"), json!("web")), [""; 0]);
        assert_eq!(edits(json!("a".repeat(MAX_FROM + 1)), json!("web")), [""; 0]);
    }

    /// What becomes of the label `app` of a policy called `front`.
    fn labels(value: &str, (key, meant): (&str, &str)) -> Vec<String> {
        let about = Subject::new("NetworkPolicy", "shop", "front");
        let fault = AnyFault::Cluster(ClusterFault::PolicySelectsNothing);
        let finding = Finding::new(about, Severity::Warning, fault, String::new());
        let meant = Some((key.to_owned(), meant.to_owned()));
        let slip = Slip { key: "app".to_owned(), value: value.to_owned(), meant };
        let edits = relabelled(finding, "/spec/s", &slip).edits;
        edits.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_label_under_another_key_comes_and_the_wrong_one_goes() {
        let right = r#"/spec/s/app.kubernetes.io~1name: nothing -> "web""#;
        let meant = ("app.kubernetes.io/name", "web");
        assert_eq!(labels("web", meant), [right, r#"/spec/s/app: "web" -> nothing"#]);
    }

    #[test]
    fn a_label_is_changed_to_what_is_nearly_the_same_or_the_name_of_who_selects() {
        assert_eq!(labels("wbe", ("app", "web")), [r#"/spec/s/app: "wbe" -> "web""#]);
        assert_eq!(labels("db", ("app", "front")), [r#"/spec/s/app: "db" -> "front""#]);
        assert_eq!(labels("db", ("app", "web")), [""; 0]);
    }
}
