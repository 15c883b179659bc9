//! `GET /api/v1/executions/{id}/explain`: why this was done, and why nothing else was.

use actix_web::{get, web};
use service::auth::Reader;
use service::problem::Failure;
use types::{Explanation, Problem};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::executions::{journal_failure, person_failure};
use crate::fix::{Fixer, PersonError};

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(explain);
}

/// Explains an execution.
///
/// Its evidence as it was, what the rules said of it, who ordered it and why, what else was offered and what the guard
/// said of that, the patch and its undo, the checks, the verdict, and the entries of the journal.
#[utoipa::path(operation_id = "explain_execution", tag = "executions", responses(
    (status = 200, body = Explanation),
    (status = 404, description = "No such execution", body = Problem),
    (status = 503, description = "The journal does not answer", body = Problem),
))]
#[get("/api/v1/executions/{id}/explain")]
async fn explain(
    _: Reader,
    fixer: web::Data<Fixer>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Explanation>, Failure> {
    let found = fixer.explain(*id).await.map_err(|it| journal_failure(&it))?;
    found.map(web::Json).ok_or_else(|| person_failure(&PersonError::Unknown))
}
