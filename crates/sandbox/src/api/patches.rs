//! Changing a part of an object: four kinds of patch.

use serde_json::{Value, json};

use super::call::Call;
use super::target::Target;
use super::views::View;
use super::writes::{Write, change, check_place};
use super::{Answer, Api, decode, events, fields};
use crate::json::{remove, set};
use crate::patch;
use crate::resources::Resource;
use crate::status::{Cause, StatusError};

/// The kinds of patch, by their media types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Kind {
    fn of(call: &Call) -> Result<Self, StatusError> {
        match call.content_type.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            _ => {
                let why = "415: Unsupported Media Type";
                Err(StatusError::general(415, "UnsupportedMediaType", why))
            }
        }
    }
}

impl Api {
    /// Patches an object.
    pub(super) fn patch(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let kind = Kind::of(call)?;
        decode::check_options(call, "PatchOptions")?;
        check_force(call, kind)?;
        if kind == Kind::Apply {
            return self.apply(call, target);
        }
        let view = View::of(call)?;
        let patch = read(call, kind)?;
        let mut warnings = Vec::new();
        let after = change(&self.writer(call), target, Write::Patch, |before| {
            let before = events::outward(target.resource, before.clone());
            let (new, told) = next(call, target.resource, kind, &before, &patch)?;
            warnings = told;
            check_place(target, &new)?;
            Ok(events::inward(target.resource, new))
        })?;
        Ok(Answer::json(200, view.object(target.resource, &after)).warned(warnings))
    }

    fn apply(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let view = View::of(call)?;
        let resource = target.resource;
        let mut wanted = patch::apply::read(call, resource)?;
        if crate::json::text(&wanted, "metadata.name").is_empty() {
            set(&mut wanted, "metadata.name", target.name());
        }
        check_place(target, &wanted)?;
        let manager = patch::apply::Manager {
            name: call.manager(),
            force: call.flag("force"),
            subresource: target.subresource.clone().unwrap_or_default(),
        };
        // Ownership is worked out by the patch itself.
        let store = if call.rehearsal() { self.store.rehearsal() } else { self.store.clone() };
        if self.found(target).is_err() && target.subresource.is_none() {
            let mut object = wanted;
            patch::apply::claim(&mut object, &manager);
            let created = super::writes::create_applied(&store, target, object)?;
            return Ok(Answer::json(201, view.object(resource, &created)));
        }
        let after = change(&store, target, Write::Patch, |before| {
            patch::apply::apply(resource, before, &wanted, &manager).map(decode::without_nulls)
        })?;
        Ok(Answer::json(200, view.object(resource, &after)))
    }
}

/// The object after the patch, and what the client should be told.
fn next(
    call: &Call,
    resource: &Resource,
    kind: Kind,
    before: &Value,
    patch: &Value,
) -> Result<(Value, Vec<String>), StatusError> {
    let mut new = before.clone();
    match kind {
        Kind::Json => patch::json::apply(&mut new, patch)?,
        Kind::Merge => patch::merge(&mut new, patch),
        Kind::Strategic | Kind::Apply => patch::strategic::apply(&mut new, patch)?,
    }
    // Events of the core group carry empty times, which are no nulls of a client.
    let new = if resource.plural == "events" { new } else { decode::without_nulls(new) };
    fields::known(call, resource, new).map_err(|error| rejected(kind, patch, before, &error))
}

/// A patch whose result is no object of its kind.
fn rejected(kind: Kind, patch: &Value, before: &Value, error: &StatusError) -> StatusError {
    let why =
        error.message.split_once("cannot be handled as a ").map_or(&*error.message, |it| it.1);
    let why = why.split_once(": ").map_or(why, |it| it.1);
    let shown =
        if kind == Kind::Strategic { patch::strategic::go_map(patch) } else { before.to_string() };
    let cause = Cause::invalid("patch", &json!(shown), why);
    StatusError::invalid("", "", &[cause])
}

fn read(call: &Call, kind: Kind) -> Result<Value, StatusError> {
    let patch = match kind {
        Kind::Json => patch::json::read(&call.body),
        Kind::Merge | Kind::Strategic | Kind::Apply => serde_json::from_slice(&call.body),
    };
    let patch: Value = patch.map_err(|error| {
        StatusError::bad_request(format!("error decoding patch: {}", decode::parse_words(&error)))
    })?;
    let expected = match kind {
        Kind::Json => patch.is_array(),
        Kind::Merge | Kind::Strategic | Kind::Apply => patch.is_object(),
    };
    if expected {
        return Ok(patch);
    }
    let found = if patch.is_array() { "array" } else { "object" };
    let wanted = match kind {
        Kind::Json => "[]handlers.jsonPatchOp",
        Kind::Merge | Kind::Strategic | Kind::Apply => "map[string]interface {}",
    };
    Err(StatusError::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}"
    )))
}

fn check_force(call: &Call, kind: Kind) -> Result<(), StatusError> {
    let cause = if kind == Kind::Apply && call.param("fieldManager").is_none() {
        Cause::required("fieldManager", "is required for apply patch")
    } else if kind != Kind::Apply && call.flag("force") {
        Cause::forbidden("force", "may not be specified for non-apply patch")
    } else {
        return Ok(());
    };
    Err(StatusError::invalid("PatchOptions.meta.k8s.io", "", &[cause]))
}

/// The part of a scale that a patch changes; scales have no store of their own.
pub(super) fn scale(call: &Call, before: &Value) -> Result<Value, StatusError> {
    let kind = Kind::of(call)?;
    let patch = read(call, kind)?;
    let mut new = before.clone();
    match kind {
        Kind::Json => patch::json::apply(&mut new, &patch)?,
        Kind::Merge | Kind::Strategic | Kind::Apply => patch::merge(&mut new, &patch),
    }
    remove(&mut new, "status");
    let replicas = crate::json::at(&new, "spec.replicas");
    if !replicas.is_null() && replicas.as_i64().is_none() {
        let why = format!(
            "Invalid value: {:?}: json: cannot unmarshal {} into Go struct field ScaleSpec.spec.replicas of type int32",
            before.to_string(),
            decode::json_kind(replicas)
        );
        let cause = Cause { reason: "FieldValueInvalid", message: why, field: "patch".to_owned() };
        return Err(StatusError::invalid("", "", &[cause]));
    }
    Ok(new)
}
