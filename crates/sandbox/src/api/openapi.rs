//! As much of an OpenAPI document as clients need: which writes validate their fields on the server.

use serde_json::{Map, Value, json};

use super::Answer;
use super::call::Call;
use crate::resources::{ALL, Resource};

/// Answers with a document, or with the list of documents.
pub(super) fn answer(call: &Call) -> Option<Answer> {
    let value = match call.path.as_str() {
        "/openapi/v2" if call.accept.contains("application/json") => swagger(),
        "/openapi/v2" => return Some(Answer::json(406, Value::Null)),
        "/openapi/v3" => index(),
        path => document(path.strip_prefix("/openapi/v3/")?)?,
    };
    Some(Answer::json(200, value))
}

fn swagger() -> Value {
    let info = json!({"title": "Kubernetes", "version": super::discovery::VERSION});
    let mut all = Map::new();
    for resource in ALL {
        all.extend(paths(resource));
    }
    json!({"swagger": "2.0", "info": info, "paths": all, "definitions": {}})
}

fn index() -> Value {
    let mut paths = Map::new();
    for resource in ALL {
        let place = place(resource);
        let url = format!("/openapi/v3/{place}?hash={}", super::discovery::VERSION);
        paths.insert(place, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

fn document(wanted: &str) -> Option<Value> {
    let mut all = Map::new();
    for resource in ALL.iter().filter(|it| place(it) == wanted) {
        all.extend(paths(resource));
    }
    if all.is_empty() {
        return None;
    }
    let info = json!({"title": "Kubernetes", "version": super::discovery::VERSION});
    let schemas: Map<String, Value> =
        ALL.iter().filter(|it| place(it) == wanted).map(schema).collect();
    Some(
        json!({"openapi": "3.0.0", "info": info, "paths": all, "components": {"schemas": schemas}}),
    )
}

/// A kind by its name; what is in it is said by nobody here.
fn schema(resource: &Resource) -> (String, Value) {
    let group = match resource.group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    };
    let name = format!("io.k8s.api.{group}.{}.{}", resource.version, resource.kind);
    let text = json!({"type": "string"});
    let schema = json!({
        "type": "object",
        "description": format!("{} of {}.", resource.kind, resource.api_version()),
        "properties": {"apiVersion": text, "kind": text, "metadata": {"type": "object"},
            "spec": {"type": "object"}, "status": {"type": "object"}},
        "x-kubernetes-group-version-kind": [
            {"group": resource.group, "version": resource.version, "kind": resource.kind}],
    });
    (name, schema)
}

fn place(resource: &Resource) -> String {
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", resource.api_version())
}

fn paths(resource: &Resource) -> [(String, Value); 2] {
    let scope = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let url = format!("/{}{scope}/{}", place(resource), resource.plural);
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let operation = |action: &str| {
        json!({
            "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
            "responses": {}, "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {
                "group": resource.group, "version": resource.version, "kind": resource.kind},
        })
    };
    let one = json!({"patch": operation("patch"), "put": operation("put")});
    [(format!("{url}/{{name}}"), one), (url, json!({"post": operation("post")}))]
}
