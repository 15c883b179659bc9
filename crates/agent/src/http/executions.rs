//! `/api/v1/executions`: what was done, is being done, and waits for a person.

use actix_web::{get, post, web};
use serde::Deserialize;
use service::auth::{Actor, Orderer, Reader, Role};
use service::problem::Failure;
use types::wire::ExecutionsResponse;
use types::{Execution, ExecutionState, Problem};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::execute_fix::fix_failure;
use crate::fix::{Fixer, No, PersonError};
use crate::journal::JournalError;
use crate::lead::NotLeading;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(list).service(find).service(approve).service(reject).service(undo);
}

/// Which executions are listed.
#[derive(Debug, Deserialize)]
struct Filter {
    /// Only those in this state.
    state: Option<ExecutionState>,
    /// At most so many, the newest first; 100 when nothing is said, 500 at the most.
    limit: Option<u32>,
}

/// Lists executions, newest first.
#[utoipa::path(operation_id = "list_executions", tag = "executions", params(
    ("state" = Option<ExecutionState>, Query, description = "Only those in this state"),
    ("limit" = Option<u32>, Query, description = "At most so many; 100 when absent, 500 at the most"),
), responses(
    (status = 200, body = ExecutionsResponse),
    (status = 503, description = "The journal does not answer", body = Problem),
))]
#[get("/api/v1/executions")]
async fn list(
    _: Reader,
    fixer: web::Data<Fixer>,
    filter: web::Query<Filter>,
) -> Result<web::Json<ExecutionsResponse>, Failure> {
    let executions = fixer.journal().list(filter.state, filter.limit.unwrap_or(100)).await;
    let executions = executions.map_err(|it| journal_failure(&it))?;
    Ok(web::Json(ExecutionsResponse { count: executions.len(), executions }))
}

/// One execution, with every look of its verification.
#[utoipa::path(operation_id = "find_execution", tag = "executions", responses(
    (status = 200, body = Execution),
    (status = 404, description = "No such execution", body = Problem),
))]
#[get("/api/v1/executions/{id}")]
async fn find(
    _: Reader,
    fixer: web::Data<Fixer>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Execution>, Failure> {
    let found = fixer.journal().find(*id).await.map_err(|it| journal_failure(&it))?;
    let found = found.ok_or_else(|| person_failure(&PersonError::Unknown))?;
    Ok(web::Json(found.execution))
}

/// Says yes to a proposal (role `act`): once, and only while what it was made for is as it was.
#[utoipa::path(operation_id = "approve_execution", tag = "executions", responses(
    (status = 200, body = Execution),
    (status = 404, description = "No such execution", body = Problem),
    (status = 409, description = "It does not wait, has expired, or the workload has changed", body = Problem),
    (status = 503, description = "Another replica leads, or the API server or the journal does not answer", body = Problem),
))]
#[post("/api/v1/executions/{id}/approve")]
async fn approve(
    caller: Actor,
    fixer: web::Data<Fixer>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Execution>, Failure> {
    let done = fixer.clone().into_inner().approved_by(*id, &caller.name).await;
    done.map(web::Json).map_err(|it| person_failure(&it))
}

/// Why a proposal is turned down.
#[derive(Debug, Deserialize)]
struct Turning {
    /// Whether it is withdrawn, since the trouble is another one by now.
    #[serde(default)]
    superseded: bool,
}

/// Says no to a proposal. Needs role `act`; for one that the caller ordered himself, `order`.
#[utoipa::path(operation_id = "reject_execution", tag = "executions", params(
    ("superseded" = Option<bool>, Query, description = "Withdraw it, since the trouble is another one by now"),
), responses(
    (status = 200, body = Execution),
    (status = 404, description = "No such execution", body = Problem),
    (status = 409, description = "It does not wait", body = Problem),
))]
#[post("/api/v1/executions/{id}/reject")]
async fn reject(
    caller: Orderer,
    fixer: web::Data<Fixer>,
    id: web::Path<Uuid>,
    turning: web::Query<Turning>,
) -> Result<web::Json<Execution>, Failure> {
    if !fixer.is_order_of(*id, &caller.name).await.map_err(|it| person_failure(&it))? {
        caller.needs(Role::Act)?;
    }
    let why = if turning.superseded { No::Superseded } else { No::Said };
    let done = fixer.rejected_by(*id, &caller.name, why).await;
    done.map(web::Json).map_err(|it| person_failure(&it))
}

/// Takes a verified fix back. Needs role `act`.
#[utoipa::path(operation_id = "undo_execution", tag = "executions", responses(
    (status = 200, body = Execution),
    (status = 404, description = "No such execution", body = Problem),
    (status = 409, description = "It is not verified, or the agent only observes", body = Problem),
    (status = 503, description = "Another replica leads, or the journal does not answer", body = Problem),
))]
#[post("/api/v1/executions/{id}/undo")]
async fn undo(
    caller: Actor,
    fixer: web::Data<Fixer>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Execution>, Failure> {
    let done = fixer.clone().into_inner().undone_by(*id, &caller.name).await;
    done.map(web::Json).map_err(|it| person_failure(&it))
}

pub(super) fn person_failure(error: &PersonError) -> Failure {
    let detail = error.to_string();
    match error {
        PersonError::Unknown => {
            Failure::new(404, "no-such-execution", detail, "GET /api/v1/executions lists them")
        }
        PersonError::TooLate(_) => {
            Failure::new(409, "too-late", detail, "GET /api/v1/executions/{id} says how it stands")
        }
        PersonError::Expired => Failure::new(409, "expired", detail, "POST /api/v1/execute-fix"),
        PersonError::Changed => Failure::new(409, "changed", detail, "POST /api/v1/execute-fix"),
        PersonError::Observing => Failure::new(409, "observing", detail, "PUT /api/v1/mode"),
        PersonError::NotLeading(error) => not_leading(error),
        PersonError::Fix(error) => fix_failure(error),
    }
}

/// What a replica says that does not lead.
pub(super) fn not_leading(error: &NotLeading) -> Failure {
    let next =
        "send it to the replica that holds the Lease; GET /leading says of each whether it does";
    Failure::new(503, "not-leading", error.to_string(), next)
}

/// What a failure of the journal looks like from outside.
pub(super) fn journal_failure(error: &JournalError) -> Failure {
    tracing::error!(error = service::telemetry::chain(error), "the journal failed");
    Failure::new(
        503,
        "journal-unavailable",
        "the journal cannot be read or written, so nothing is written to the cluster",
        "check the disk of the data directory; the log says why",
    )
}
