//! `/api/v1/suppressions`: findings that somebody accepted.

use actix_web::{HttpResponse, delete, get, post, web};
use jiff::{SignedDuration, Timestamp};
use service::auth::{Actor, Reader};
use service::input::Body;
use service::problem::Failure;
use types::{Problem, Suppression, SuppressionOrder, Suppressions, is_fingerprint};
use utoipa_actix_web::service_config::ServiceConfig;

use super::executions::journal_failure;
use crate::fix::Fixer;
use crate::journal::JournalError;

/// The longest time that a finding may be accepted for, in days.
const MAX_DAYS: u16 = 366;
/// The longest reason, in characters.
const MAX_REASON: usize = 500;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(list).service(accept).service(tell_again);
}

/// The findings that are accepted now.
#[utoipa::path(operation_id = "list_suppressions", tag = "scan", responses(
    (status = 200, body = Suppressions),
    (status = 503, description = "The journal does not answer", body = Problem),
))]
#[get("/api/v1/suppressions")]
async fn list(_: Reader, fixer: web::Data<Fixer>) -> Result<web::Json<Suppressions>, Failure> {
    let suppressions = fixer.journal().accepted(Timestamp::now()).await;
    let suppressions = suppressions.map_err(|it| journal_failure(&it))?;
    Ok(web::Json(Suppressions { suppressions }))
}

/// Accepts a finding for a time (role `act`): scans tell it last, and its workload is not mended unasked.
#[utoipa::path(operation_id = "accept_finding", tag = "scan", request_body = SuppressionOrder, responses(
    (status = 200, body = Suppression),
    (status = 400, description = "No fingerprint, no reason, or too long a time", body = Problem),
    (status = 409, description = "Too many findings are accepted already", body = Problem),
    (status = 503, description = "The journal does not answer", body = Problem),
))]
#[post("/api/v1/suppressions")]
async fn accept(
    caller: Actor,
    fixer: web::Data<Fixer>,
    order: Body<SuppressionOrder>,
) -> Result<web::Json<Suppression>, Failure> {
    let now = Timestamp::now();
    let accepted = accepted(order.into_inner(), &caller.name, now)?;
    match fixer.journal().accept(&accepted, now).await {
        Ok(()) => Ok(web::Json(accepted)),
        Err(error @ JournalError::Full) => {
            let next = "DELETE /api/v1/suppressions/{fingerprint} takes one back";
            Err(Failure::new(409, "too-many", error.to_string(), next))
        }
        Err(error) => Err(journal_failure(&error)),
    }
}

/// Takes the acceptance of a finding back (role `act`): it is told again like any other.
#[utoipa::path(operation_id = "tell_finding_again", tag = "scan", responses(
    (status = 204, description = "It is told again"),
    (status = 404, description = "It was not accepted", body = Problem),
    (status = 503, description = "The journal does not answer", body = Problem),
))]
#[delete("/api/v1/suppressions/{fingerprint}")]
async fn tell_again(
    caller: Actor,
    fixer: web::Data<Fixer>,
    fingerprint: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let was = fixer.journal().tell_again(&fingerprint, &caller.name, Timestamp::now()).await;
    if was.map_err(|it| journal_failure(&it))? {
        return Ok(HttpResponse::NoContent().finish());
    }
    let next = "GET /api/v1/suppressions lists what is accepted";
    Err(Failure::new(404, "not-found", "this finding is not accepted", next))
}

fn accepted(order: SuppressionOrder, by: &str, now: Timestamp) -> Result<Suppression, Failure> {
    let bad = |detail: String, next: &str| Failure::new(400, "bad-suppression", detail, next);
    if !is_fingerprint(&order.fingerprint) {
        let detail = "`fingerprint` is no fingerprint: those have 16 hexadecimal digits";
        return Err(bad(detail.to_owned(), "take it from a finding of POST /api/v1/scan"));
    }
    let reason = order.reason.trim();
    if reason.is_empty() || MAX_REASON < reason.chars().count() {
        let detail = format!("`reason` wants 1 to {MAX_REASON} characters");
        return Err(bad(detail, "say why it is accepted: who reads it later will ask"));
    }
    if !(1..=MAX_DAYS).contains(&order.days) {
        let detail = format!("`days` is {}, and has to lie between 1 and {MAX_DAYS}", order.days);
        return Err(bad(detail, "nothing is accepted for ever; say it again when it ends"));
    }
    Ok(Suppression {
        fingerprint: order.fingerprint,
        reason: reason.to_owned(),
        by: by.to_owned(),
        until: now + SignedDuration::from_hours(24 * i64::from(order.days)),
    })
}
