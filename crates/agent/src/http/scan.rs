//! `POST /api/v1/scan`: what is wrong in a namespace or in the whole cluster.

use actix_web::{post, web};
use diagnosis::Redactor;
use jiff::Timestamp;
use service::auth::Reader;
use service::health::Probes;
use service::problem::Failure;
use types::{Problem, ScanRequest, ScanResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use super::executions::journal_failure;
use super::{names, need_watches};
use crate::cluster::{Caches, WATCHED};
use crate::fix::Fixer;
use crate::scan::BadScan;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(scan);
}

/// Scans a namespace or the whole cluster.
///
/// Says what is wrong with objects of every kind that is understood, one finding for each cause; what a cause
/// explains is told with it. Nothing is written, and no incident is opened.
#[utoipa::path(
    tag = "scan",
    request_body = ScanRequest,
    responses(
        (status = 200, description = "What is wrong, the worst first", body = ScanResponse),
        (status = 400, description = "Malformed JSON, namespace or label selector, or a kind that is none", body = Problem),
        (status = 404, description = "No such namespace", body = Problem),
        (status = 503, description = "The watches are not up to date", body = Problem),
    )
)]
#[post("/api/v1/scan")]
async fn scan(
    _: Reader,
    caches: web::Data<Caches>,
    fixer: web::Data<Fixer>,
    probes: web::Data<Probes>,
    request: web::Json<ScanRequest>,
) -> Result<web::Json<ScanResponse>, Failure> {
    if let Some(namespace) = &request.namespace {
        names::namespace(namespace)?;
    }
    need_watches(&probes, &WATCHED)?;
    let accepted = fixer.journal().accepted(Timestamp::now()).await;
    let accepted = accepted.map_err(|it| journal_failure(&it))?;
    let redactor = fixer.agent().redactor.clone();
    let (agent, caches) = (fixer.agent().clone(), caches.into_inner());
    let answer = crate::scan::scan_apart(agent, caches, request.into_inner(), accepted).await;
    let answer = answer.map_err(|it| {
        Failure::new(500, "scan-broke-off", it.to_string(), "report this, with the agent's log")
    })?;
    answer.map(web::Json).map_err(|it| refused(&it, &redactor))
}

fn refused(bad: &BadScan, redactor: &Redactor) -> Failure {
    let (status, reason, next) = match bad {
        BadScan::Labels(_) => (
            400,
            "bad-labels",
            "write `labels` as kubectl does: app=web,tier!=db,stage in (test,live),!old",
        ),
        BadScan::Kind(_) => (
            400,
            "unknown-kind",
            "write `kinds` as in a manifest, or as kubectl takes them: Deployment, deploy, pvc",
        ),
        BadScan::Namespace(_) => {
            (404, "no-namespace", "look for its name with `kubectl get namespaces`")
        }
    };
    // It repeats what was asked.
    Failure::new(status, reason, redactor.redact(&bad.to_string()), next)
}
