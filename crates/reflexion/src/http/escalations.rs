//! `GET /api/v1/escalations`: what needs a person now.

use actix_web::{get, web};
use serde::Serialize;
use service::auth::Reader;
use service::problem::Failure;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::store_failure;
use super::workflow::Workflow;
use crate::Reflexion;
use crate::run::RunState;

/// More than this nobody works through.
const LIMIT: u32 = 200;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(list_escalations);
}

/// Answer of `GET /api/v1/escalations`.
#[derive(Debug, Serialize, ToSchema)]
struct Escalations {
    /// The newest first; those that wait for approval are among them.
    escalations: Vec<Workflow>,
    /// How many there are in `escalations`.
    count: usize,
}

/// Incidents that a person has to look at, and fixes that wait for a yes.
#[utoipa::path(tag = "reflexion", responses((status = 200, body = Escalations)))]
#[get("/api/v1/escalations")]
async fn list_escalations(
    _: Reader,
    reflexion: web::Data<Reflexion>,
) -> Result<web::Json<Escalations>, Failure> {
    let states = [RunState::Escalated, RunState::Waiting];
    let runs = reflexion.memory.store.runs_in(&states, LIMIT).await;
    let escalations: Vec<_> =
        runs.map_err(|it| store_failure(&it))?.into_iter().map(Workflow::of).collect();
    Ok(web::Json(Escalations { count: escalations.len(), escalations }))
}
