//! From the bytes of a body to an object that the rest can rely on.

use serde_json::{Map, Value};

use super::call::Call;
use super::{events, fields};
use crate::json::{at, has, text};
use crate::resources::Resource;
use crate::status::{Cause, StatusError};

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// Lists and maps that a server leaves out when there is nothing in them.
const EMPTY_IS_NOTHING: [&str; 16] = [
    "annotations",
    "args",
    "binaryData",
    "command",
    "env",
    "envFrom",
    "finalizers",
    "imagePullSecrets",
    "initContainers",
    "labels",
    "nodeSelector",
    "ownerReferences",
    "ports",
    "tolerations",
    "volumeMounts",
    "volumes",
];

/// An object, and what a client should be told about it.
pub(super) struct Decoded {
    pub(super) object: Value,
    pub(super) warnings: Vec<String>,
}

/// Reads the object of a write.
pub(super) fn object(call: &Call, resource: &Resource) -> Result<Decoded, StatusError> {
    let object = document(call, resource.kind)?;
    check_type(resource, &object)?;
    let (object, warnings) = fields::known(call, resource, object)?;
    Ok(Decoded { object: events::inward(resource, object), warnings })
}

/// Reads a body as JSON or YAML.
pub(super) fn document(call: &Call, kind: &str) -> Result<Value, StatusError> {
    let shown = || String::from_utf8_lossy(&call.body).chars().take(200).collect::<String>();
    let unreadable = |why: String| {
        StatusError::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): \
             couldn't get version/kind; json parse error: {why}"
        ))
    };
    let media = call.content_type.split(';').next().unwrap_or_default().trim();
    let value: Value = match media {
        "" | "application/json" => {
            if call.body.is_empty() {
                return Err(unreadable("unexpected end of JSON input (<empty>)".to_owned()));
            }
            serde_json::from_slice(&call.body)
                .map_err(|error| unreadable(format!("{} ({})", parse_words(&error), shown())))?
        }
        PROTOBUF => super::protobuf::read(&call.body).ok_or_else(unknown_format)?,
        "application/yaml" | "application/apply-patch+yaml" => {
            serde_yaml_ng::from_slice(&call.body).map_err(|error| unreadable(error.to_string()))?
        }
        _ => return Err(unknown_format()),
    };
    if !value.is_object() {
        return Err(unreadable("cannot unmarshal the document into an object".to_owned()));
    }
    Ok(without_nulls(value))
}

fn unknown_format() -> StatusError {
    StatusError::plain(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: \
         application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )
}

fn check_type(resource: &Resource, object: &Value) -> Result<(), StatusError> {
    let version = resource.api_version();
    let (kind, given) = (text(object, "kind"), text(object, "apiVersion"));
    let wrong_version = !given.is_empty() && given != version;
    let wrong_kind = !kind.is_empty() && kind != resource.kind;
    let handled = format!(
        "{} in version {:?} cannot be handled as a {}",
        if kind.is_empty() { resource.kind } else { kind },
        resource.version,
        resource.kind
    );
    if wrong_version {
        return Err(StatusError::bad_request(format!(
            "{handled}: no kind {kind:?} is registered for version {given:?} in scheme"
        )));
    }
    if wrong_kind {
        let group = if resource.group.is_empty() { "core" } else { resource.group };
        return Err(StatusError::bad_request(format!(
            "{handled}: converting ({}.{kind}) to ({group}.{}): unknown conversion",
            resource.version, resource.kind
        )));
    }
    if has(object, "metadata") && !at(object, "metadata").is_object() {
        return Err(StatusError::bad_request(format!(
            "{handled}: json: cannot unmarshal into Go struct field {}.metadata of type v1.ObjectMeta",
            resource.kind
        )));
    }
    Ok(())
}

/// What is wrong with a JSON text, in the words of the real server's parser where they are known.
pub(super) fn parse_words(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

/// What a JSON value is called by the real server's parser.
pub(super) fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A member that is null is a member that is not there, and so is a list of metadata or of a
/// container that has nothing in it.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(key, value)| !stands_for_nothing(key, value));
            Value::Object(
                kept.map(|(key, value)| (key, without_nulls(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn stands_for_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && EMPTY_IS_NOTHING.contains(&key),
        Value::Object(map) => map.is_empty() && EMPTY_IS_NOTHING.contains(&key),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Checks the parameters that all writes share; `options` is their kind, such as `CreateOptions`.
pub(super) fn check_options(call: &Call, options: &str) -> Result<(), StatusError> {
    let options = format!("{options}.meta.k8s.io");
    if let Some(value) = call.param("dryRun").filter(|it| *it != "All") {
        let cause = Cause::unsupported("dryRun", &serde_json::json!([value]), &["All"]);
        return Err(StatusError::invalid(&options, "", &[cause]));
    }
    let known = ["", "Ignore", "Strict", "Warn"];
    if let Some(value) = call.param("fieldValidation").filter(|it| !known.contains(it)) {
        let cause = Cause::unsupported("fieldValidation", &value.into(), &known);
        return Err(StatusError::invalid(&options, "", &[cause]));
    }
    Ok(())
}
