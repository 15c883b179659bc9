//! `GET /api/v1/pod-status/{podName}`: phase, readiness, restarts, and the state of each probe.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{get, web};
use diagnosis::Redactor;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Event, Pod, Probe};
use serde::Deserialize;
use service::auth::Reader;
use service::problem::Failure;
use types::wire::{PodStatusResponse, default_namespace};
use types::{Kind, Problem};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{failure, names};
use crate::Agent;
use crate::cluster::{Caches, last_seen};

/// The longest message of a failing probe that is shown, in characters.
const MAX_MESSAGE: usize = 300;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(pod_status);
}

#[derive(Debug, Deserialize)]
struct Place {
    /// The pod's namespace.
    #[serde(default = "default_namespace")]
    namespace: String,
}

/// How a pod is: phase, readiness, restarts, and the state of each probe.
#[utoipa::path(
    tag = "seed",
    params(
        ("podName" = String, Path, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length = 253, description = "The pod's name"),
        ("namespace" = Option<String>, Query, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length = 63, description = "Its namespace; `default` when absent"),
    ),
    responses(
        (status = 200, body = PodStatusResponse),
        (status = 400, description = "No valid name", body = Problem),
        (status = 404, description = "No such pod", body = Problem),
        (status = 503, description = "The API server does not answer", body = Problem),
    )
)]
#[get("/api/v1/pod-status/{podName}")]
async fn pod_status(
    _: Reader,
    agent: web::Data<Agent>,
    caches: web::Data<Caches>,
    name: web::Path<String>,
    query: web::Query<Place>,
) -> Result<web::Json<PodStatusResponse>, Failure> {
    names::namespace(&query.namespace)?;
    names::pod(&name)?;
    let pod = agent.cluster.pod(&query.namespace, &name).await.map_err(|it| failure(&it))?;
    let events = caches.events_about(Kind::Pod, &query.namespace, &name);
    let secrets = diagnosis::secrets_of_pod(&pod, &agent.redactor);
    Ok(web::Json(answer(&pod, &events, &agent.redactor.knowing(&secrets))))
}

fn answer(pod: &Pod, events: &[Arc<Event>], redactor: &Redactor) -> PodStatusResponse {
    let status = pod.status.as_ref();
    let containers = status.and_then(|it| it.container_statuses.as_deref()).unwrap_or_default();
    let wanted = pod.spec.as_ref().map_or(0, |it| it.containers.len());
    let n_ready = containers.iter().filter(|it| it.ready).count();
    let ready = status
        .and_then(|it| it.conditions.as_ref())
        .and_then(|it| it.iter().find(|it| it.type_ == "Ready" && it.status == "True"));
    PodStatusResponse {
        status: status.and_then(|it| it.phase.clone()).unwrap_or_else(|| "Unknown".to_owned()),
        containers_ready: 0 < wanted && wanted == n_ready,
        restart_count: containers.iter().map(|it| it.restart_count).sum(),
        ready_time: ready
            .and_then(|it| it.last_transition_time.as_ref())
            .map_or(String::new(), |it| it.0.to_string()),
        health_checks: health_checks(pod, events, redactor),
        timestamp: Timestamp::now().to_string(),
    }
}

fn health_checks(
    pod: &Pod,
    events: &[Arc<Event>],
    redactor: &Redactor,
) -> BTreeMap<String, String> {
    let statuses = pod.status.as_ref().and_then(|it| it.container_statuses.as_deref());
    let statuses = statuses.unwrap_or_default();
    let mut checks = BTreeMap::new();
    for container in pod.spec.iter().flat_map(|it| &it.containers) {
        let status = statuses.iter().find(|it| it.name == container.name);
        for (kind, probe) in probes(container) {
            let look = Look { container: &container.name, kind, status, events };
            let words = probe.map_or_else(
                || "not configured".to_owned(),
                |_| redactor.redact(&look.state()).chars().take(MAX_MESSAGE).collect(),
            );
            checks.insert(format!("{}/{kind}", container.name), words);
        }
    }
    checks
}

fn probes(container: &Container) -> [(&'static str, Option<&Probe>); 3] {
    [
        ("startup", container.startup_probe.as_ref()),
        ("liveness", container.liveness_probe.as_ref()),
        ("readiness", container.readiness_probe.as_ref()),
    ]
}

/// One probe, and what is known of it: the status has the result, events have the reason.
struct Look<'a> {
    container: &'a str,
    kind: &'static str,
    status: Option<&'a ContainerStatus>,
    events: &'a [Arc<Event>],
}

impl Look<'_> {
    fn state(&self) -> String {
        let pending = || "pending".to_owned();
        let Some(status) = self.status else { return pending() };
        let running = status.state.as_ref().and_then(|it| it.running.as_ref());
        let since = running.and_then(|it| it.started_at.as_ref()).map(|it| it.0);
        let started = status.started == Some(true);
        let passing = match self.kind {
            "readiness" => status.ready,
            "startup" => started,
            _ => running.is_some() && started,
        };
        // A liveness probe that fails shows in events alone, until it has failed often enough.
        let failure = self.failure(since.filter(|_| self.kind != "readiness"));
        match failure {
            Some(message) if !passing || self.kind == "liveness" => format!("failing: {message}"),
            Some(_) | None if passing => "passing".to_owned(),
            Some(_) | None => pending(),
        }
    }

    /// The newest message of its failure, not older than `since`.
    fn failure(&self, since: Option<Timestamp>) -> Option<String> {
        let field = format!("{{{}}}", self.container);
        let is_mine = |it: &&Arc<Event>| {
            let path = it.involved_object.field_path.as_deref().unwrap_or_default();
            let message = it.message.as_deref().unwrap_or_default().to_ascii_lowercase();
            it.reason.as_deref() == Some("Unhealthy")
                && path.ends_with(&field)
                && message.starts_with(self.kind)
        };
        self.events
            .iter()
            .filter(is_mine)
            .filter(|it| since <= last_seen(it))
            .max_by_key(|it| last_seen(it))
            .and_then(|it| it.message.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(ready: bool) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"containers": [{"name": "app", "readinessProbe": {}, "livenessProbe": {}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready",
                    "status": if ready { "True" } else { "False" },
                    "lastTransitionTime": "2026-01-01T00:00:05Z"}],
                "containerStatuses": [{"name": "app", "image": "i", "imageID": "", "ready": ready,
                    "started": true, "restartCount": 2,
                    "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}))
        .unwrap()
    }

    fn unhealthy(message: &str, at: &str) -> Arc<Event> {
        let event = json!({"metadata": {}, "reason": "Unhealthy", "message": message,
            "lastTimestamp": at, "involvedObject": {"kind": "Pod", "namespace": "shop",
                "name": "web", "fieldPath": "spec.containers{app}"}});
        Arc::new(serde_json::from_value(event).unwrap())
    }

    #[track_caller]
    fn check(ready: bool, events: &[Arc<Event>], probe: &str, expected: &str) {
        let answer = answer(&pod(ready), events, &Redactor::new([0; 32]));
        assert_eq!(answer.health_checks[&format!("app/{probe}")], expected);
    }

    #[test]
    fn each_probe_says_how_it_is() {
        let readiness = unhealthy("Readiness probe failed: 503", "2026-01-01T00:01:00Z");
        let liveness = unhealthy("Liveness probe failed: 500", "2026-01-01T00:01:00Z");
        let of_the_life_before = unhealthy("Liveness probe failed: 500", "2025-12-31T00:00:00Z");

        check(true, &[], "readiness", "passing");
        check(false, &[], "readiness", "pending");
        check(false, &[readiness], "readiness", "failing: Readiness probe failed: 503");
        check(true, &[], "liveness", "passing");
        check(true, &[liveness], "liveness", "failing: Liveness probe failed: 500");
        check(true, &[of_the_life_before], "liveness", "passing");
        check(true, &[], "startup", "not configured");
    }

    #[test]
    fn readiness_restarts_and_ready_time_are_the_pods() {
        let ready = answer(&pod(true), &[], &Redactor::new([0; 32]));
        let not_ready = answer(&pod(false), &[], &Redactor::new([0; 32]));

        assert_eq!((ready.status.as_str(), ready.restart_count), ("Running", 2));
        assert!(ready.containers_ready && !not_ready.containers_ready);
        assert_eq!(ready.ready_time, "2026-01-01T00:00:05Z");
        assert_eq!(not_ready.ready_time, "");
    }
}
