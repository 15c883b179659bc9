//! `GET /health`: the seed's health check, with each part beside it.

use actix_web::{get, web};
use jiff::Timestamp;
use types::wire::HealthResponse;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Reflexion;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(health);
}

/// Whether reflexion is well; always 200 while it answers. `/readyz` is for load balancers.
///
/// A model that rests or is not configured does not make it degraded: rules choose then.
#[utoipa::path(tag = "seed", responses((status = 200, body = HealthResponse)))]
#[get("/health")]
async fn health(reflexion: web::Data<Reflexion>) -> web::Json<HealthResponse> {
    let status = if reflexion.probes.is_ready() { "ok" } else { "degraded" };
    let mut checks = reflexion.probes.checks();
    let model = match &reflexion.counsel {
        None => "none: rules choose and reflect".to_owned(),
        Some(counsel) => counsel
            .unavailable()
            .unwrap_or_else(|| format!("{}, asked at depth {}", counsel.name(), reflexion.depth())),
    };
    checks.insert("model".to_owned(), model);
    web::Json(HealthResponse {
        status: status.to_owned(),
        timestamp: Timestamp::now().to_string(),
        version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        checks,
    })
}
