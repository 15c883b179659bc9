//! The Kubernetes API: from a request to an answer.

use std::pin::Pin;

use actix_web::web::Bytes;
use futures::Stream;
use serde_json::Value;

use crate::status::StatusError;
use crate::store::Store;

pub(crate) mod audit;
mod call;
mod decode;
mod deletes;
mod discovery;
mod events;
mod fields;
mod lists;
mod metrics;
mod openapi;
mod patches;
mod pods;
mod protobuf;
pub(crate) mod reviews;
mod roles;
mod scale;
mod selectors;
mod target;
mod views;
mod watches;
mod writes;

use audit::Audit;
pub(crate) use call::Call;
pub(crate) use decode::without_nulls;
pub(crate) use fields::declared;
pub(crate) use scale::{labels, selector};
pub(crate) use selectors::matches;
use target::{Place, Target};
pub(crate) use views::YAML;

/// Everything that a request is answered from.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) audit: Audit,
}

/// A stream of chunks of a body.
pub(crate) type Lines = Pin<Box<dyn Stream<Item = Result<Bytes, std::convert::Infallible>>>>;

/// What an answer carries.
pub(crate) enum Body {
    /// One document.
    Json(Value),
    /// One document of a media type of its own.
    Typed(&'static str, Value),
    /// Text of a media type.
    Text(&'static str, String),
    /// A watch: one document per line, for as long as it lasts.
    Lines(Lines),
    /// A log that is followed.
    TextLines(Lines),
}

/// A response, before HTTP.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Body,
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    /// A document.
    pub(crate) fn json(code: u16, value: Value) -> Self {
        Self { code, body: Body::Json(value), warnings: Vec::new() }
    }

    /// A refusal.
    pub(crate) fn failed(error: &StatusError) -> Self {
        Self::json(error.code, error.to_status())
    }

    fn text(text: String) -> Self {
        Self { code: 200, body: Body::Text("text/plain", text), warnings: Vec::new() }
    }

    fn lines(lines: Lines) -> Self {
        Self { code: 200, body: Body::Lines(lines), warnings: Vec::new() }
    }

    fn warned(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}

impl Api {
    /// Answers from a store.
    pub(crate) fn new(store: Store, audit: Audit) -> Self {
        Self { store, audit }
    }

    /// Answers one request.
    pub(crate) fn answer(&self, call: &Call) -> Answer {
        let target = target::parse(&call.path);
        let answer = match &target {
            Ok(Place::Resource(target)) => self.on_resource(call, target),
            Ok(Place::Other) => self
                .review(call)
                .or_else(|| self.usage(call).map(Ok))
                .unwrap_or_else(|| Ok(other(call))),
            Err(error) => Err(error.clone()),
        };
        let answer = answer.unwrap_or_else(|error| Answer::failed(&error));
        self.audit.write(call, target.as_ref().ok(), answer.code);
        answer
    }

    fn on_resource(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        if let Some(subresource) = &target.subresource {
            return self.on_subresource(call, target, subresource);
        }
        match (call.method.as_str(), target.name.is_some()) {
            ("GET" | "HEAD", true) if call.flag("watch") => self.watch(call, target),
            ("GET" | "HEAD", false) if call.flag("watch") || target.watch => {
                self.watch(call, target)
            }
            ("GET" | "HEAD", true) => self.get(call, target),
            ("GET" | "HEAD", false) => self.list(call, target),
            ("POST", false) => self.create(call, target),
            ("PUT", true) => self.replace(call, target),
            ("PATCH", true) => self.patch(call, target),
            ("DELETE", true) => self.delete(call, target),
            ("DELETE", false)
                if target.namespace.is_some()
                    && target.resource.verbs().contains(&"deletecollection") =>
            {
                self.delete_collection(call, target)
            }
            _ => Err(not_allowed()),
        }
    }

    fn on_subresource(
        &self,
        call: &Call,
        target: &Target,
        subresource: &str,
    ) -> Result<Answer, StatusError> {
        if (target.resource.plural, subresource) == ("serviceaccounts", "token")
            && call.method == "POST"
        {
            return self.give_token(call, target);
        }
        if !target.resource.subresources.contains(&subresource) {
            return Err(StatusError::not_served());
        }
        match (subresource, call.method.as_str()) {
            ("status" | "resize" | "ephemeralcontainers", "GET") => self.get(call, target),
            ("status" | "resize" | "ephemeralcontainers", "PUT") => self.replace(call, target),
            ("status" | "resize" | "ephemeralcontainers", "PATCH") => self.patch(call, target),
            ("scale", "GET") => self.get_scale(target),
            ("scale", "PUT") => self.put_scale(call, target),
            ("scale", "PATCH") => self.patch_scale(call, target),
            ("log", "GET") => self.log(call, target),
            ("eviction", "POST") => self.evict(call, target),
            ("binding", "POST") => self.bind(call, target),
            _ => Err(not_allowed()),
        }
    }
}

fn not_allowed() -> StatusError {
    StatusError::general(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    )
}

fn other(call: &Call) -> Answer {
    if let Some(answer) = discovery::answer(call) {
        return answer;
    }
    if let Some(answer) = openapi::answer(call) {
        return answer;
    }
    match call.path.as_str() {
        "/healthz" | "/livez" | "/readyz" => Answer::text("ok".to_owned()),
        _ => Answer { code: 404, ..Answer::text("404 page not found\n".to_owned()) },
    }
}
