//! `GET /api/v1/recent-events`: the newest events of all namespaces, or of those that are asked for.

use std::sync::Arc;

use actix_web::{get, web};
use diagnosis::Redactor;
use k8s_openapi::api::core::v1::Event;
use serde::Deserialize;
use service::auth::Reader;
use service::health::Probes;
use service::problem::Failure;
use types::Problem;
use types::wire::{KubernetesEvent, RecentEventsResponse};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{names, need_watches};
use crate::Agent;
use crate::cluster::{Caches, about, last_seen};

/// The most events in one answer, as in the contract.
const LIMIT: usize = 50;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(recent_events);
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Only of this namespace.
    namespace: Option<String>,
    /// Only `Normal` or `Warning`.
    #[serde(rename = "type")]
    type_: Option<EventType>,
    /// Only with this reason, such as `BackOff`.
    reason: Option<String>,
    /// Only about this object: `web-1` or `Pod/web-1`.
    object: Option<String>,
    /// At most so many, up to 50.
    limit: Option<usize>,
}

/// The types that Kubernetes has for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
enum EventType {
    /// All is well.
    Normal,
    /// Something may be wrong.
    Warning,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// The newest events first, at most 50.
#[utoipa::path(
    tag = "seed",
    params(
        ("namespace" = Option<String>, Query, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length = 63, description = "Only of this namespace"),
        ("type" = inline(Option<EventType>), Query, description = "Only `Normal` or `Warning`"),
        ("reason" = Option<String>, Query, description = "Only with this reason: `BackOff`"),
        ("object" = Option<String>, Query, description = "Only about `web-1` or `Pod/web-1`"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 50, description = "At most so many, up to 50"),
    ),
    responses(
        (status = 200, body = RecentEventsResponse),
        (status = 400, description = "A filter that cannot be", body = Problem),
        (status = 503, description = "The watch is not up to date", body = Problem),
    )
)]
#[get("/api/v1/recent-events")]
async fn recent_events(
    _: Reader,
    agent: web::Data<Agent>,
    caches: web::Data<Caches>,
    probes: web::Data<Probes>,
    query: web::Query<Filter>,
) -> Result<web::Json<RecentEventsResponse>, Failure> {
    if let Some(namespace) = &query.namespace {
        names::namespace(namespace)?;
    }
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT).contains(&limit) {
        let detail = format!("limit is {limit}");
        return Err(Failure::new(400, "bad-limit", detail, "use 1 to 50"));
    }
    need_watches(&probes, &["events"])?;
    let events = match &query.namespace {
        Some(namespace) => caches.events.of(namespace),
        None => caches.events.all(),
    };
    let events = newest(events, &query, limit);
    let redactor = |event: &Event| match caches.root_of_event(event) {
        Some(root) => agent.redactor_of(&root),
        None => agent.redactor.clone(),
    };
    let events: Vec<_> = events.iter().map(|it| shown(it, &redactor(it))).collect();
    Ok(web::Json(RecentEventsResponse { count: events.len(), events }))
}

fn newest(mut events: Vec<Arc<Event>>, query: &Filter, limit: usize) -> Vec<Arc<Event>> {
    events.retain(|it| is_asked_for(it, query));
    events.sort_by_cached_key(|it| std::cmp::Reverse(last_seen(it)));
    events.truncate(limit);
    events
}

fn is_asked_for(event: &Event, query: &Filter) -> bool {
    let fits = |wanted: &Option<String>, it: &Option<String>| wanted.is_none() || wanted == it;
    let object = query.object.as_ref().is_none_or(|wanted| {
        event.involved_object.name.as_ref() == Some(wanted) || about(event) == *wanted
    });
    let type_ = query.type_.is_none_or(|it| event.type_.as_deref() == Some(it.as_str()));
    object && type_ && fits(&query.reason, &event.reason)
}

fn shown(event: &Event, redactor: &Redactor) -> KubernetesEvent {
    let about_namespace = event.involved_object.namespace.clone();
    let series = event.series.as_ref().and_then(|it| it.count);
    let count = series.or(event.count).unwrap_or(1);
    KubernetesEvent {
        type_: event.type_.clone().unwrap_or_default(),
        reason: event.reason.clone().unwrap_or_default(),
        message: redactor.redact(event.message.as_deref().unwrap_or_default()),
        object: about(event),
        timestamp: last_seen(event).map_or(String::new(), |it| it.to_string()),
        namespace: about_namespace.or_else(|| event.metadata.namespace.clone()).unwrap_or_default(),
        count: u32::try_from(count).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, type_: &str, second: u32) -> Arc<Event> {
        let event = json!({"metadata": {"name": name}, "type": type_, "reason": "R",
            "lastTimestamp": format!("2026-01-01T00:00:{second:02}Z"),
            "involvedObject": {"kind": "Pod", "name": name}});
        Arc::new(serde_json::from_value(event).unwrap())
    }

    fn names(events: &[Arc<Event>]) -> Vec<String> {
        events.iter().map(|it| about(it)).collect()
    }

    #[test]
    fn the_newest_come_first_and_the_rest_is_cut() {
        let events =
            vec![event("a", "Normal", 1), event("b", "Normal", 3), event("c", "Normal", 2)];

        assert_eq!(names(&newest(events, &Filter::default(), 2)), ["Pod/b", "Pod/c"]);
    }

    #[test]
    fn filters_are_all_meant() {
        let events = || vec![event("a", "Normal", 1), event("b", "Warning", 2)];
        let warnings = Filter { type_: Some(EventType::Warning), ..Filter::default() };
        let about_a = Filter { object: Some("Pod/a".to_owned()), ..Filter::default() };
        let neither = Filter { object: Some("a".to_owned()), ..warnings_like(&warnings) };

        assert_eq!(names(&newest(events(), &warnings, 50)), ["Pod/b"]);
        assert_eq!(names(&newest(events(), &about_a, 50)), ["Pod/a"]);
        assert!(newest(events(), &neither, 50).is_empty());
    }

    fn warnings_like(query: &Filter) -> Filter {
        Filter { type_: query.type_, ..Filter::default() }
    }
}
