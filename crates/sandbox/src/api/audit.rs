//! A line of JSON for each request: who asked for what, and what became of it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::call::Call;
use super::reviews;
use super::target::Place;
use crate::json::set;

/// Where requests are written down, if anywhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit(Option<Arc<Mutex<File>>>);

impl Audit {
    /// Writes to a file, which is added to when it is there.
    pub(crate) fn to_file(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self(Some(Arc::new(Mutex::new(file)))))
    }

    /// Writes down one request.
    pub(crate) fn write(&self, call: &Call, place: Option<&Place>, code: u16) {
        let Some(file) = &self.0 else { return };
        let mut line = json!({
            "at": jiff::Timestamp::now().to_string(), "verb": verb(call, place), "path": call.path,
            "code": code, "userAgent": call.user_agent, "manager": call.manager(),
        });
        if let Some(user) = reviews::user(&call.token) {
            set(&mut line, "user", user);
        }
        if call.rehearsal() {
            set(&mut line, "dryRun", true);
        }
        if let Some(Place::Resource(target)) = place {
            set(&mut line, "resource", target.resource.qualified());
            set(&mut line, "namespace", target.namespace.clone().filter(|it| !it.is_empty()));
            set(&mut line, "name", target.name.clone());
            set(&mut line, "subresource", target.subresource.clone());
        }
        if !call.body.is_empty() {
            set(&mut line, "contentType", call.content_type.clone());
            let body = serde_json::from_slice::<Value>(&call.body);
            let text = || json!(String::from_utf8_lossy(&call.body));
            set(&mut line, "body", body.unwrap_or_else(|_| text()));
        }
        if let Ok(mut file) = file.lock()
            && let Err(error) = writeln!(file, "{line}")
        {
            tracing::warn!(%error, "a request was not written down");
        }
    }
}

/// What a request does, in the words of the API.
fn verb(call: &Call, place: Option<&Place>) -> &'static str {
    let named = matches!(place, Some(Place::Resource(target)) if target.name.is_some());
    match (call.method.as_str(), named) {
        ("GET", _) if call.flag("watch") => "watch",
        ("GET", true) => "get",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "other",
    }
}
