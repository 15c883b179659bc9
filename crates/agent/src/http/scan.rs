//! `POST /api/v1/scan`: what is wrong in a namespace or in the whole cluster.

use actix_web::{post, web};
use service::auth::Reader;
use service::health::Probes;
use service::problem::Failure;
use types::{Problem, ScanRequest, ScanResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{names, need_watches};
use crate::Agent;
use crate::cluster::{Caches, WATCHED};

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
        (status = 400, description = "Malformed JSON, namespace or label selector", body = Problem),
        (status = 503, description = "The watches are not up to date", body = Problem),
    )
)]
#[post("/api/v1/scan")]
async fn scan(
    _: Reader,
    agent: web::Data<Agent>,
    caches: web::Data<Caches>,
    probes: web::Data<Probes>,
    request: web::Json<ScanRequest>,
) -> Result<web::Json<ScanResponse>, Failure> {
    if let Some(namespace) = &request.namespace {
        names::namespace(namespace)?;
    }
    need_watches(&probes, &WATCHED)?;
    let (agent, caches) = (Agent::clone(&agent), caches.into_inner());
    let answer = crate::scan::scan_apart(agent, caches, request.into_inner()).await;
    let answer = answer.map_err(|it| {
        Failure::new(500, "scan-broke-off", it.to_string(), "report this, with the agent's log")
    })?;
    answer.map(web::Json).map_err(|it| {
        let next = "write `labels` as kubectl does: app=web,tier!=db,stage in (test,live),!old";
        Failure::new(400, "bad-labels", it.to_string(), next)
    })
}
