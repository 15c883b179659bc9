//! Reading: one object, or a list of them, page by page.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::selectors::Selection;
use super::target::Target;
use super::views::View;
use super::{Answer, Api};
use crate::json::{set, text};
use crate::status::{Cause, StatusError};

impl Api {
    /// Answers with one object.
    pub(super) fn get(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let view = View::of(call)?;
        check_exact_read(call)?;
        let object = self.found(target)?;
        Ok(Answer::json(200, view.object(target.resource, &object)))
    }

    /// The object that a request is about.
    pub(super) fn found(&self, target: &Target) -> Result<Arc<Value>, StatusError> {
        self.store
            .get(target.resource.plural, target.namespace(), target.name())
            .ok_or_else(|| StatusError::not_found(&target.resource.qualified(), target.name()))
    }

    /// Answers with a list.
    pub(super) fn list(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let view = View::of(call)?;
        let selection = Selection::of(call, target.resource)?;
        let (objects, version) = self.store.list(target.resource.plural, scope(target));
        check_version(call, version)?;
        let mut selected: Vec<_> = objects.into_iter().filter(|it| selection.takes(it)).collect();
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if let Some(token) = call.param("continue") {
            let after = self.read_token(token)?;
            selected.retain(|it| after < key(it));
        }
        let limit = call.number("limit")?.and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
        if 0 < limit && limit < selected.len() {
            let left = selected.len() - limit;
            selected.truncate(limit);
            let last = selected.last().map(|it| key(it)).unwrap_or_default();
            set(&mut metadata, "continue", format!("{version}:{}/{}", last.0, last.1));
            set(&mut metadata, "remainingItemCount", left);
        }
        let items: Vec<_> = selected.iter().map(|it| Value::clone(it)).collect();
        Ok(Answer::json(200, view.list(target.resource, &items, &metadata)))
    }

    fn read_token(&self, token: &str) -> Result<(String, String), StatusError> {
        let parts = token.split_once(':').and_then(|(version, rest)| {
            let (namespace, name) = rest.split_once('/')?;
            Some((version.parse::<u64>().ok()?, namespace.to_owned(), name.to_owned()))
        });
        let Some((version, namespace, name)) = parts else {
            return Err(StatusError::bad_request(format!(
                "invalid continue token: continue key is not valid: {token}"
            )));
        };
        if self.store.watch_all(version).is_err() {
            return Err(StatusError::expired(
                "The provided continue parameter is too old to display a consistent list result. \
                 You can start a new list without the continue parameter.",
            ));
        }
        Ok((namespace, name))
    }
}

/// The namespace to look into; `None` is all of them.
pub(super) fn scope(target: &Target) -> Option<&str> {
    target.namespace.as_deref()
}

fn key(object: &Value) -> (String, String) {
    (text(object, "metadata.namespace").to_owned(), text(object, "metadata.name").to_owned())
}

/// One object is always read at its newest; a version that is none is refused all the same.
fn check_exact_read(call: &Call) -> Result<(), StatusError> {
    match call.param("resourceVersion") {
        Some(asked) => super::watches::version(asked).map(drop),
        None => Ok(()),
    }
}

/// A list can only be as new as the store, and only the newest state is kept.
fn check_version(call: &Call, version: u64) -> Result<(), StatusError> {
    let Some(asked) = call.param("resourceVersion") else {
        if call.param("resourceVersionMatch").is_none() || call.param("continue").is_some() {
            return Ok(());
        }
        let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        let cause = Cause::forbidden("resourceVersionMatch", why);
        return Err(StatusError::invalid("ListOptions.meta.k8s.io", "", &[cause]));
    };
    let Ok(asked) = asked.parse::<u64>() else {
        return Err(StatusError::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {asked:?}: strconv.ParseUint: parsing {asked:?}: invalid syntax"
        )));
    };
    if version < asked {
        let message = format!("Too large resource version: {asked}, current: {version}");
        let mut error = StatusError::plain(504, "Timeout", format!("Timeout: {message}"));
        error.details = json!({"causes": [{"reason": "ResourceVersionTooLarge",
            "message": "Too large resource version"}], "retryAfterSeconds": 1});
        return Err(error);
    }
    if call.param("resourceVersionMatch") == Some("Exact") && asked != version && asked != 0 {
        let why = "The resourceVersion for the provided list is too old.";
        return Err(StatusError::expired(why));
    }
    Ok(())
}
