//! The error answers of a Kubernetes API server, with its words.

use serde_json::{Value, json};

/// Why a request was refused; rendered as a Kubernetes `Status`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct StatusError {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason, such as `NotFound`.
    pub reason: String,
    /// The sentence for a person.
    pub message: String,
    /// Which object, and which causes; `null` when there is nothing to say.
    pub details: Value,
}

/// One field that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The reason, such as `FieldValueRequired`.
    pub reason: &'static str,
    /// The sentence without the field's path.
    pub message: String,
    /// The field's path, such as `spec.containers[0].name`.
    pub field: String,
}

impl Cause {
    /// A field is missing.
    pub fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() {
            "Required value".to_owned()
        } else {
            format!("Required value: {why}")
        };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    /// A field holds what it may not hold.
    pub fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {}: {why}", shown(value));
        Self { reason: "FieldValueInvalid", message, field: field.into() }
    }

    /// A field may not be set or changed.
    pub fn forbidden(field: impl Into<String>, why: &str) -> Self {
        let message = format!("Forbidden: {why}");
        Self { reason: "FieldValueForbidden", message, field: field.into() }
    }

    /// A field holds none of the words that it may hold.
    pub fn unsupported(field: impl Into<String>, value: &Value, allowed: &[&str]) -> Self {
        let allowed: Vec<_> = allowed.iter().map(|it| format!("{it:?}")).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            shown(value),
            allowed.join(", ")
        );
        Self { reason: "FieldValueNotSupported", message, field: field.into() }
    }

    /// A field repeats what another already says.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Duplicate value: {}", shown(value));
        Self { reason: "FieldValueDuplicate", message, field: field.into() }
    }

    /// A field points at something that is not there.
    pub fn not_found(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Not found: {}", shown(value));
        Self { reason: "FieldValueNotFound", message, field: field.into() }
    }

    fn line(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    }
}

impl StatusError {
    /// An error without details.
    pub fn plain(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self { code, reason: reason.to_owned(), message: message.into(), details: Value::Null }
    }

    /// An error that is about no object.
    pub fn general(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self { details: json!({}), ..Self::plain(code, reason, message) }
    }

    /// 404: nothing is served there.
    pub fn not_served() -> Self {
        let why = "the server could not find the requested resource";
        Self::general(404, "NotFound", why)
    }

    /// 404: there is no object of that name. `resource` is `pods` or `deployments.apps`.
    pub fn not_found(resource: &str, name: &str) -> Self {
        Self::about(404, "NotFound", resource, name, format!("{resource} {name:?} not found"))
    }

    /// 409: there is already an object of that name.
    pub fn already_exists(resource: &str, name: &str) -> Self {
        let message = format!("{resource} {name:?} already exists");
        Self::about(409, "AlreadyExists", resource, name, message)
    }

    /// 409: the object is not the one that the request was made for.
    pub fn conflict(resource: &str, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        Self::about(409, "Conflict", resource, name, message)
    }

    /// 403: a rule of the cluster forbids it.
    pub fn forbidden(resource: &str, name: &str, why: &str) -> Self {
        let message = format!("{resource} {name:?} is forbidden: {why}");
        Self::about(403, "Forbidden", resource, name, message)
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, "BadRequest", message)
    }

    /// 422: the object breaks the rules of its kind. `kind` is `Pod` or `Deployment.apps`.
    pub fn invalid(kind: &str, name: &str, causes: &[Cause]) -> Self {
        let mut lines: Vec<_> = causes.iter().map(Cause::line).collect();
        lines.dedup();
        let text = match lines.as_slice() {
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let (short, group) = kind.split_once('.').unwrap_or((kind, ""));
        let causes = causes
            .iter()
            .map(|it| json!({"reason": it.reason, "message": it.message, "field": it.field}));
        let mut details = json!({"causes": causes.collect::<Vec<_>>()});
        for (member, value) in [("name", name), ("kind", short)] {
            if !value.is_empty() {
                crate::json::set(&mut details, member, value);
            }
        }
        if !group.is_empty() {
            crate::json::set(&mut details, "group", group);
        }
        Self {
            code: 422,
            reason: "Invalid".to_owned(),
            message: format!("{kind} {name:?} is invalid: {text}"),
            details,
        }
    }

    /// 410: the history that the request needs is gone.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::plain(410, "Expired", message)
    }

    /// 409: the object is not the one that its deletion was meant for. `kind` is `Pod`.
    pub fn precondition(kind: &str, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {kind} {name:?}: {why}");
        Self::about(409, "Conflict", kind, name, message)
    }

    fn about(code: u16, reason: &str, resource: &str, name: &str, message: String) -> Self {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        let mut details = json!({"name": name, "kind": plural});
        if !group.is_empty() {
            crate::json::set(&mut details, "group", group);
        }
        Self { code, reason: reason.to_owned(), message, details }
    }

    /// The `Status` object that a client reads.
    pub fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            crate::json::set(&mut status, "reason", self.reason.clone());
        }
        if !self.details.is_null() {
            crate::json::set(&mut status, "details", self.details.clone());
        }
        status
    }
}
