//! Discovery: what this server serves, in both forms that clients ask for.

use serde_json::{Value, json};

use super::call::Call;
use super::{Answer, Body};
use crate::json::set;
use crate::resources::{ALL, Resource};

/// The version that the sandbox claims to be.
pub(crate) const VERSION: &str = "v1.36.2";

/// Answers a question about the server itself.
pub(super) fn answer(call: &Call) -> Option<Answer> {
    let aggregated = call.accept.contains("as=APIGroupDiscoveryList");
    let parts: Vec<&str> = call.path.split('/').filter(|it| !it.is_empty()).collect();
    let value = match parts.as_slice() {
        ["version"] => version(),
        ["api"] if aggregated => return Some(aggregate(&[""], Form::wanted(call))),
        ["apis"] if aggregated => return Some(aggregate(&groups(), Form::wanted(call))),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": []}),
        ["apis"] => {
            let groups: Vec<_> = groups().into_iter().filter_map(group).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["api", version] => resources("", version)?,
        ["apis", name] => {
            let mut group = group(name)?;
            set(&mut group, "kind", "APIGroup");
            set(&mut group, "apiVersion", "v1");
            group
        }
        ["apis", group, version] => resources(group, version)?,
        [] => json!({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2",
            "/openapi/v3", "/readyz", "/version"]}),
        _ => return None,
    };
    Some(Answer::json(200, value))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "",
        "platform": "linux/amd64",
    })
}

/// The named groups, each once, in the table's order.
fn groups() -> Vec<&'static str> {
    let mut groups = Vec::new();
    for resource in ALL.iter().filter(|it| !it.group.is_empty()) {
        if !groups.contains(&resource.group) {
            groups.push(resource.group);
        }
    }
    groups
}

fn group(name: &str) -> Option<Value> {
    let resource = ALL.iter().find(|it| it.group == name && !name.is_empty())?;
    let version = json!({"groupVersion": resource.api_version(), "version": resource.version});
    Some(json!({"name": name, "versions": [version], "preferredVersion": version}))
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let of_group = |it: &&Resource| it.group == group && it.version == version;
    let first = ALL.iter().find(of_group)?;
    let mut rows = Vec::new();
    for resource in ALL.iter().filter(of_group) {
        rows.push(row(resource));
        rows.extend(resource.subresources.iter().map(|it| subresource_row(resource, it)));
    }
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(),
        "resources": rows,
    }))
}

fn row(resource: &Resource) -> Value {
    let mut row = json!({
        "name": resource.plural, "singularName": resource.kind.to_lowercase(),
        "namespaced": resource.namespaced, "kind": resource.kind, "verbs": resource.verbs(),
    });
    if !resource.short.is_empty() {
        set(&mut row, "shortNames", json!(resource.short));
    }
    if resource.in_all() {
        set(&mut row, "categories", json!(["all"]));
    }
    row
}

fn subresource_row(resource: &Resource, subresource: &str) -> Value {
    let (group, version, kind) = subresource_kind(resource, subresource);
    let mut row = json!({
        "name": format!("{}/{subresource}", resource.plural), "singularName": "",
        "namespaced": resource.namespaced, "kind": kind, "verbs": subresource_verbs(subresource),
    });
    if group != resource.group {
        set(&mut row, "group", group);
        set(&mut row, "version", version);
    }
    row
}

fn subresource_kind<'a>(resource: &'a Resource, subresource: &str) -> (&'a str, &'a str, &'a str) {
    match subresource {
        "scale" => ("autoscaling", "v1", "Scale"),
        "eviction" => ("policy", "v1", "Eviction"),
        "binding" => ("", "v1", "Binding"),
        "attach" => ("", "v1", "PodAttachOptions"),
        "exec" => ("", "v1", "PodExecOptions"),
        _ => (resource.group, resource.version, resource.kind),
    }
}

fn subresource_verbs(subresource: &str) -> &'static [&'static str] {
    match subresource {
        "eviction" | "binding" => &["create"],
        "attach" | "exec" => &["create", "get"],
        "log" => &["get"],
        _ => &["get", "patch", "update"],
    }
}

/// The versions of the aggregated form: clients of before 1.30 ask for the beta.
#[derive(Clone, Copy)]
struct Form {
    api_version: &'static str,
    media: &'static str,
}

impl Form {
    fn wanted(call: &Call) -> Self {
        let stable = call.accept.contains("v=v2;") || call.accept.contains("v=v2,");
        if stable || !call.accept.contains("v=v2beta1") {
            Self {
                api_version: "apidiscovery.k8s.io/v2",
                media: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            }
        } else {
            Self {
                api_version: "apidiscovery.k8s.io/v2beta1",
                media: "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
            }
        }
    }
}

fn aggregate(groups: &[&str], form: Form) -> Answer {
    let items: Vec<_> = groups.iter().map(|group| aggregated_group(group)).collect();
    let value = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": form.api_version, "metadata": {},
        "items": items,
    });
    Answer { code: 200, body: Body::Typed(form.media, value), warnings: Vec::new() }
}

fn aggregated_group(group: &str) -> Value {
    let of_group = || ALL.iter().filter(|it| it.group == group);
    let rows: Vec<_> = of_group().map(aggregated_row).collect();
    let versions: Vec<_> = of_group()
        .take(1)
        .map(|it| json!({"version": it.version, "resources": rows, "freshness": "Current"}))
        .collect();
    let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
    json!({"metadata": metadata, "versions": versions})
}

fn aggregated_row(resource: &Resource) -> Value {
    let subresources: Vec<_> = resource
        .subresources
        .iter()
        .map(|subresource| {
            let (group, version, kind) = subresource_kind(resource, subresource);
            json!({
                "subresource": subresource, "verbs": subresource_verbs(subresource),
                "responseKind": {"group": group, "version": version, "kind": kind},
            })
        })
        .collect();
    let mut row = json!({
        "resource": resource.plural, "singularResource": resource.kind.to_lowercase(),
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" }, "verbs": resource.verbs(),
    });
    if !resource.short.is_empty() {
        set(&mut row, "shortNames", json!(resource.short));
    }
    if resource.in_all() {
        set(&mut row, "categories", json!(["all"]));
    }
    if !subresources.is_empty() {
        set(&mut row, "subresources", json!(subresources));
    }
    row
}
