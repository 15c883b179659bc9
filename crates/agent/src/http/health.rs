//! `GET /health`: the seed's health check, with each part beside it.

use actix_web::{get, web};
use jiff::Timestamp;
use service::health::Probes;
use types::wire::HealthResponse;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(health);
}

/// Whether the agent is well; always 200 while it answers. `/readyz` is for load balancers.
#[utoipa::path(tag = "seed", responses((status = 200, body = HealthResponse)))]
#[get("/health")]
async fn health(probes: web::Data<Probes>) -> web::Json<HealthResponse> {
    let status = if probes.is_ready() { "ok" } else { "degraded" };
    web::Json(HealthResponse {
        status: status.to_owned(),
        timestamp: Timestamp::now().to_string(),
        version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        checks: probes.checks(),
    })
}
