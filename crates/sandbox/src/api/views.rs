//! How an answer is shown: whole objects, tables for a terminal, or metadata alone.

use serde_json::{Value, json};

use super::call::Call;
use super::events;
use crate::json::{at, remove, set};
use crate::resources::Resource;
use crate::status::StatusError;
use crate::table;

pub(crate) const YAML: &str = "application/yaml";

/// What the client asked to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The objects.
    Whole,
    /// Rows and columns, with what each row carries of its object.
    Table(Include),
    /// Only the metadata.
    Metadata,
}

/// What a row of a table carries of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    None,
    Metadata,
    Object,
}

impl View {
    /// Reads the `Accept` header.
    pub(super) fn of(call: &Call) -> Result<Self, StatusError> {
        if call.accept.is_empty() {
            return Ok(Self::Whole);
        }
        for offer in call.accept.split(',').map(str::trim) {
            let mut parts = offer.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | YAML | "application/*" | "*/*") {
                continue;
            }
            let kind = parts.find_map(|it| it.strip_prefix("as="));
            return match kind {
                Some("Table") => Ok(Self::Table(include(call))),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Ok(Self::Metadata),
                _ => Ok(Self::Whole),
            };
        }
        Err(StatusError::general(
            406,
            "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, \
             application/yaml, application/vnd.kubernetes.protobuf",
        ))
    }

    /// One object.
    pub(super) fn object(self, resource: &Resource, object: &Value) -> Value {
        let object = events::outward(resource, object.clone());
        match self {
            Self::Whole => object,
            Self::Table(include) => {
                let version = at(&object, "metadata.resourceVersion").clone();
                let rows = [row(resource, &object, include)];
                sheet(resource, &rows, &json!({"resourceVersion": version}))
            }
            Self::Metadata => partial(&object),
        }
    }

    /// A list of objects.
    pub(super) fn list(self, resource: &Resource, items: &[Value], metadata: &Value) -> Value {
        let items = items.iter().map(|it| events::outward(resource, it.clone()));
        match self {
            Self::Whole => {
                let items: Vec<_> = items.map(untyped).collect();
                json!({
                    "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(),
                    "metadata": metadata, "items": items,
                })
            }
            Self::Table(include) => {
                let rows: Vec<_> = items.map(|it| row(resource, &it, include)).collect();
                sheet(resource, &rows, metadata)
            }
            Self::Metadata => {
                let items: Vec<_> = items.map(|it| partial(&it)).collect();
                json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata, "items": items,
                })
            }
        }
    }
}

fn include(call: &Call) -> Include {
    match call.param("includeObject") {
        Some("None") => Include::None,
        Some("Object") => Include::Object,
        _ => Include::Metadata,
    }
}

/// In a list the type is said once, by the list.
fn untyped(mut object: Value) -> Value {
    remove(&mut object, "apiVersion");
    remove(&mut object, "kind");
    object
}

fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": at(object, "metadata"),
    })
}

fn row(resource: &Resource, object: &Value, include: Include) -> Value {
    let mut row = json!({"cells": table::cells(resource, object)});
    let carried = match include {
        Include::None => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => object.clone(),
    };
    set(&mut row, "object", carried);
    row
}

fn sheet(resource: &Resource, rows: &[Value], metadata: &Value) -> Value {
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": table::columns(resource), "rows": rows,
    })
}
