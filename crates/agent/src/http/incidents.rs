//! `/api/v1/incidents`: what is wrong now and what was, and one of them with its evidence.

use actix_web::{get, web};
use serde::Deserialize;
use service::auth::Reader;
use service::problem::Failure;
use types::wire::IncidentsResponse;
use types::{Incident, IncidentState, Problem};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::names;
use crate::Agent;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(list).service(one);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Only in this state: `open`, `resolved` or `gone`.
    state: Option<IncidentState>,
    /// Only of this namespace.
    namespace: Option<String>,
}

/// All open incidents and the last 500 closed ones, newest first.
#[utoipa::path(
    operation_id = "list_incidents",
    tag = "incidents",
    params(
        ("state" = Option<IncidentState>, Query, description = "Only in this state"),
        ("namespace" = Option<String>, Query, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length = 63, description = "Only of this namespace"),
    ),
    responses((status = 200, body = IncidentsResponse), (status = 400, body = Problem))
)]
#[get("/api/v1/incidents")]
async fn list(
    _: Reader,
    agent: web::Data<Agent>,
    query: web::Query<Filter>,
) -> Result<web::Json<IncidentsResponse>, Failure> {
    if let Some(namespace) = &query.namespace {
        names::namespace(namespace)?;
    }
    let mut incidents = agent.incidents.all();
    incidents.retain(|it| {
        query.state.is_none_or(|state| state == it.state)
            && query.namespace.as_ref().is_none_or(|namespace| *namespace == it.subject.namespace)
    });
    Ok(web::Json(IncidentsResponse { count: incidents.len(), incidents }))
}

/// One incident with its evidence.
#[utoipa::path(
    operation_id = "find_incident",
    tag = "incidents",
    params(("id" = Uuid, Path, description = "The incident's id")),
    responses(
        (status = 200, body = Incident),
        (status = 400, description = "No id", body = Problem),
        (status = 404, description = "No such incident", body = Problem),
    )
)]
#[get("/api/v1/incidents/{id}")]
async fn one(
    _: Reader,
    agent: web::Data<Agent>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Incident>, Failure> {
    let Some(incident) = agent.incidents.find(*id) else {
        let detail = format!("there is no incident {id}");
        return Err(Failure::new(404, "incident-not-found", detail, "see /api/v1/incidents"));
    };
    if incident.evidence.is_some() || incident.state != IncidentState::Open {
        return Ok(web::Json(incident));
    }
    // In a storm the facts of older incidents are not kept; they are read again where somebody asks.
    let objects = agent.cluster.objects(&incident.subject).await;
    let evidence = objects.ok().map(|it| Box::new(agent.examine(&it).0));
    Ok(web::Json(Incident { evidence, ..incident }))
}
