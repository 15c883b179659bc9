//! Which fields a kind has: unknown ones are dropped, and refused or warned about.

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::autoscaling::v2 as autoscaling;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::{coordination, discovery, networking, policy, rbac, scheduling, storage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Call;
use crate::json::at;
use crate::quantity;
use crate::resources::Resource;
use crate::status::StatusError;

/// Drops what the kind does not have, and says what that was as the client asked for it.
pub(super) fn known(
    call: &Call,
    resource: &Resource,
    object: Value,
) -> Result<(Value, Vec<String>), StatusError> {
    let (object, unknown) = prune(resource, object)?;
    let told: Vec<_> = unknown.iter().map(|it| format!("unknown field {it:?}")).collect();
    match call.param("fieldValidation") {
        Some("Strict") if !told.is_empty() => Err(StatusError::bad_request(format!(
            "{}: strict decoding error: {}",
            handled(resource),
            told.join(", ")
        ))),
        Some("Ignore") => Ok((object, Vec::new())),
        _ => Ok((object, told)),
    }
}

fn handled(resource: &Resource) -> String {
    let (kind, version) = (resource.kind, resource.version);
    format!("{kind} in version {version:?} cannot be handled as a {kind}")
}

/// Drops what the kind does not have; the second part is the paths of what was dropped.
pub(super) fn prune(
    resource: &Resource,
    mut object: Value,
) -> Result<(Value, Vec<String>), StatusError> {
    quantity::canonical(&mut object)
        .map_err(|why| StatusError::bad_request(format!("{}: {why}", handled(resource))))?;
    let typed = typed(resource, &object)
        .map_err(|error| StatusError::bad_request(misfit(resource, &object, &error)))?;
    let mut unknown = Vec::new();
    if let Some(typed) = typed {
        drop_unknown(&mut object, &typed, "", &mut unknown);
    }
    Ok((object, unknown))
}

type Misfit = serde_path_to_error::Error<serde_json::Error>;

/// A value of the wrong type, in the words of the real server's parser as far as they are known.
fn misfit(resource: &Resource, object: &Value, error: &Misfit) -> String {
    let path: Vec<_> = error.path().iter().map(ToString::to_string).collect();
    let found = path.iter().try_fold(object, |it, step| match it.as_array() {
        Some(items) => items.get(step.trim_matches(['[', ']']).parse::<usize>().ok()?),
        None => it.get(step),
    });
    let wanted = error.inner().to_string();
    let wanted = wanted.rsplit("expected ").next().unwrap_or_default();
    let wanted = match wanted {
        "a string" => "string",
        "i32" => "int32",
        "i64" => "int64",
        "a boolean" => "bool",
        other => other,
    };
    let maps = ["data", "labels", "annotations", "matchLabels", "nodeSelector"];
    let end =
        path.iter().position(|it| maps.contains(&it.as_str())).map_or(path.len(), |it| it + 1);
    let steps: Vec<_> = path.into_iter().take(end).filter(|it| !it.starts_with('[')).collect();
    let holder = match steps.as_slice() {
        [only, _] if only == "spec" => format!("{}Spec", resource.kind),
        [only, _] if only == "metadata" => "ObjectMeta".to_owned(),
        [.., list, _] if list == "containers" || list == "initContainers" => "Container".to_owned(),
        [.., template, spec, _] if template == "template" && spec == "spec" => "PodSpec".to_owned(),
        _ => resource.kind.to_owned(),
    };
    let found = found.map_or("value", super::decode::json_kind);
    let place = steps.join(".");
    format!(
        "{}: json: cannot unmarshal {found} into Go struct field {holder}.{place} of type {wanted}",
        handled(resource)
    )
}

fn drop_unknown(object: &mut Value, typed: &Value, path: &str, unknown: &mut Vec<String>) {
    match object {
        Value::Object(map) => {
            map.retain(|key, value| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let known = typed.get(key);
                match known {
                    Some(typed) => drop_unknown(value, typed, &path, unknown),
                    None => unknown.push(path),
                }
                known.is_some()
            });
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let typed = typed.get(index).unwrap_or(&Value::Null);
                drop_unknown(item, typed, &format!("{path}[{index}]"), unknown);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The object as its Rust type sees it.
fn round<T: Serialize + DeserializeOwned>(object: &Value) -> Result<Option<Value>, Misfit> {
    let typed: T = serde_path_to_error::deserialize(object)?;
    // What was read can be written again.
    Ok(serde_json::to_value(typed).ok())
}

fn typed(resource: &Resource, object: &Value) -> Result<Option<Value>, Misfit> {
    let of_group = (resource.group, resource.plural);
    match of_group {
        ("", plural) => typed_core(plural, object),
        ("apps", "deployments") => round::<apps::Deployment>(object),
        ("apps", "replicasets") => round::<apps::ReplicaSet>(object),
        ("apps", "statefulsets") => round::<apps::StatefulSet>(object),
        ("apps", "daemonsets") => round::<apps::DaemonSet>(object),
        (_, "jobs") => round::<batch::Job>(object),
        (_, "cronjobs") => round::<batch::CronJob>(object),
        (_, "horizontalpodautoscalers") => round::<autoscaling::HorizontalPodAutoscaler>(object),
        (_, "poddisruptionbudgets") => round::<policy::v1::PodDisruptionBudget>(object),
        (_, "endpointslices") => round::<discovery::v1::EndpointSlice>(object),
        (_, "leases") => round::<coordination::v1::Lease>(object),
        (_, "ingresses") => round::<networking::v1::Ingress>(object),
        (_, "networkpolicies") => round::<networking::v1::NetworkPolicy>(object),
        (_, "storageclasses") => round::<storage::v1::StorageClass>(object),
        (_, "priorityclasses") => round::<scheduling::v1::PriorityClass>(object),
        (_, "roles") => round::<rbac::v1::Role>(object),
        (_, "rolebindings") => round::<rbac::v1::RoleBinding>(object),
        (_, "clusterroles") => round::<rbac::v1::ClusterRole>(object),
        (_, "clusterrolebindings") => round::<rbac::v1::ClusterRoleBinding>(object),
        _ => Ok(None),
    }
}

fn typed_core(plural: &str, object: &Value) -> Result<Option<Value>, Misfit> {
    match plural {
        "pods" => round::<core::Pod>(object),
        "services" => round::<core::Service>(object),
        "endpoints" => round::<core::Endpoints>(object),
        "configmaps" => round::<core::ConfigMap>(object),
        "secrets" => round::<core::Secret>(object),
        "namespaces" => round::<core::Namespace>(object),
        "nodes" => round::<core::Node>(object),
        "serviceaccounts" => round::<core::ServiceAccount>(object),
        "persistentvolumeclaims" => round::<core::PersistentVolumeClaim>(object),
        "persistentvolumes" => round::<core::PersistentVolume>(object),
        "limitranges" => round::<core::LimitRange>(object),
        "resourcequotas" => round::<core::ResourceQuota>(object),
        "replicationcontrollers" => round::<core::ReplicationController>(object),
        "podtemplates" => round::<core::PodTemplate>(object),
        "events" if !at(object, "involvedObject").is_null() => round::<core::Event>(object),
        _ => Ok(None),
    }
}

/// The object, when its kind has all of its fields; otherwise why not, in the words of apply.
pub(crate) fn declared(resource: &Resource, object: Value) -> Result<Value, String> {
    let (object, unknown) = prune(resource, object).map_err(|error| error.message)?;
    match unknown.first() {
        Some(field) => Err(crate::patch::apply::undeclared(field)),
        None => Ok(object),
    }
}
