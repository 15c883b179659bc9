//! `POST /api/v1/execute-fix`: asks for a fix.

use std::time::Duration;

use actix_web::{HttpRequest, post, web};
use jiff::Timestamp;
use remedy::RequestError;
use serde_json::{Map, json};
use service::auth::Orderer;
use service::input::Body;
use service::problem::Failure;
use sha2::{Digest, Sha256};
use types::wire::{ExecuteFixRequest, ExecuteFixResponse};
use types::{Execution, ExecutionState, OrderReason, Problem};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::executions::{journal_failure, not_leading};
use super::{failure, names};
use crate::fix::{FixError, Fixer, Order};
use crate::journal::{JournalError, RequestKey};

/// The longest time that an answer is held back.
const MAX_WAIT_SECONDS: u32 = 300;
/// The longest name that a caller may give to a request.
const MAX_KEY: usize = 200;

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 500;
/// The longest word for what decided.
const MAX_DECIDER: usize = 100;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(execute_fix);
}

/// Orders a fix. Needs role `order`.
///
/// Answers when the write was made (or, with `wait_seconds`, when the fix has ended). A fix that was refused or
/// failed is status 200 with `success: false`. The same `Idempotency-Key` with the same body is answered and not
/// run again.
#[utoipa::path(
    tag = "seed",
    request_body = ExecuteFixRequest,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]([ -~]{0,198}[!-~])?$", description = "The caller's own name for this request, kept for a day")),
    responses(
        (status = 200, body = ExecuteFixResponse),
        (status = 400, description = "Malformed JSON or names", body = Problem),
        (status = 404, description = "No such pod", body = Problem),
        (status = 409, description = "The key was used for another request", body = Problem),
        (status = 429, description = "60 orders of this caller about this workload came to nothing within the hour", body = Problem),
        (status = 503, description = "The API server or the journal does not answer, or another replica leads; nothing was written", body = Problem),
    )
)]
#[post("/api/v1/execute-fix")]
async fn execute_fix(
    caller: Orderer,
    fixer: web::Data<Fixer>,
    request: HttpRequest,
    body: Body<ExecuteFixRequest>,
) -> Result<web::Json<ExecuteFixResponse>, Failure> {
    names::namespace(&body.namespace)?;
    names::pod(&body.pod_name)?;
    fixer.lead().check().map_err(|it| not_leading(&it))?;
    let key = request_key(&request, &caller.name, &body)?;
    let wait = Duration::from_secs(u64::from(body.wait_seconds.min(MAX_WAIT_SECONDS)));
    let order = Order {
        namespace: body.namespace.clone(),
        pod: body.pod_name.clone(),
        strategy: body.strategy.clone(),
        dry_run: body.dry_run,
        incident: body.incident,
        reason: reason(&fixer, &caller.name, &body),
        key: key.clone(),
    };
    let execution = match answered_before(&fixer, key.as_ref()).await? {
        Some(execution) => execution,
        None => match fixer.clone().into_inner().order(order).await {
            Ok(execution) => execution,
            Err(FixError::Request(error)) => return Ok(web::Json(not_a_plan(error))),
            Err(error) => already_begun(&fixer, key.as_ref(), &error).await?,
        },
    };
    let ended = if wait.is_zero() {
        None
    } else {
        fixer.wait(execution.id, wait).await.map_err(|it| journal_failure(&it))?
    };
    Ok(web::Json(response(&ended.unwrap_or(execution))))
}

/// Why it is ordered, as the caller says: hostile text, so redacted first and cut then.
fn reason(fixer: &Fixer, by: &str, body: &ExecuteFixRequest) -> OrderReason {
    let redactor = &fixer.agent().redactor;
    let kept = |text: &Option<String>, longest: usize| -> String {
        let text = redactor.redact(text.as_deref().unwrap_or_default());
        text.chars().filter(|it| !it.is_control()).take(longest).collect()
    };
    OrderReason {
        by: by.to_owned(),
        decided_by: kept(&body.decided_by, MAX_DECIDER),
        reason: kept(&body.reason, MAX_REASON),
        propensity: body.propensity.filter(|it| (0.0..=1.0).contains(it)),
    }
}

/// Of two equal requests at once one comes too late, and gets the answer of the other.
async fn already_begun(
    fixer: &Fixer,
    key: Option<&RequestKey>,
    error: &FixError,
) -> Result<Execution, Failure> {
    let lost_race = matches!(error, FixError::Journal(JournalError::KeyUsed));
    let first = if lost_race { answered_before(fixer, key).await? } else { None };
    first.ok_or_else(|| fix_failure(error))
}

/// The execution that this very request led to before.
async fn answered_before(
    fixer: &Fixer,
    key: Option<&RequestKey>,
) -> Result<Option<Execution>, Failure> {
    let Some(key) = key else { return Ok(None) };
    let journal = fixer.journal();
    let named = journal.named(&key.caller, &key.key).await.map_err(|it| journal_failure(&it))?;
    let Some((id, body_hash)) = named else { return Ok(None) };
    if body_hash != key.body_hash {
        return Err(Failure::new(
            409,
            "key-used",
            "this Idempotency-Key was used for another request",
            "use a new key for a new request",
        ));
    }
    let found = journal.find(id).await.map_err(|it| journal_failure(&it))?;
    Ok(found.map(|it| it.execution))
}

fn request_key(
    request: &HttpRequest,
    caller: &str,
    body: &ExecuteFixRequest,
) -> Result<Option<RequestKey>, Failure> {
    let Some(header) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key = header.to_str().ok().filter(|it| !it.is_empty() && it.len() <= MAX_KEY);
    let key = key.ok_or_else(|| {
        let next = format!("use 1 to {MAX_KEY} visible ASCII characters");
        Failure::new(400, "bad-key", "the Idempotency-Key cannot be used", next)
    })?;
    let body = serde_json::to_vec(body)
        .map_err(|it| Failure::new(400, "bad-json", it.to_string(), "see /docs"))?;
    let body_hash =
        Sha256::digest(body).iter().fold(String::new(), |text, it| format!("{text}{it:02x}"));
    Ok(Some(RequestKey { caller: caller.to_owned(), key: key.to_owned(), body_hash }))
}

/// A request that names no plan fails as the contract says: with status 200, an id of its own, and the reason.
fn not_a_plan(error: RequestError) -> ExecuteFixResponse {
    let words = match error {
        RequestError::TypeIsNoString => "invalid strategy type".to_owned(),
        RequestError::NotApplicable(reason) | RequestError::BadParameters(reason) => reason,
    };
    ExecuteFixResponse {
        success: false,
        execution_id: Uuid::now_v7().to_string(),
        result: Map::new(),
        error: words,
        timestamp: Timestamp::now().to_string(),
    }
}

/// The execution as the contract answers it.
fn response(execution: &Execution) -> ExecuteFixResponse {
    let (success, message) = outcome(execution);
    let mut result = Map::new();
    result.insert("state".to_owned(), json!(execution.state.as_str()));
    result.insert("strategy".to_owned(), json!(execution.strategy.name()));
    result.insert("title".to_owned(), json!(execution.strategy.to_string()));
    result.insert("diff".to_owned(), json!(execution.diff));
    result.insert("undo".to_owned(), json!(execution.undo));
    result.insert("pod_name".to_owned(), json!(execution.pod));
    result.insert("subject".to_owned(), json!(execution.subject.to_string()));
    result.insert("dry_run".to_owned(), json!(execution.dry_run));
    result.insert("message".to_owned(), json!(message));
    if let Some(refusal) = &execution.refusal {
        result.insert("refusal".to_owned(), json!(refusal));
    }
    if let Some(verdict) = execution.verdict {
        result.insert("verdict".to_owned(), json!(verdict));
    }
    ExecuteFixResponse {
        success,
        execution_id: execution.id.to_string(),
        result,
        error: if success { String::new() } else { message },
        timestamp: Timestamp::now().to_string(),
    }
}

/// Whether it is a success so far, and what there is to say about it.
fn outcome(execution: &Execution) -> (bool, String) {
    let reason = || execution.refusal.as_ref().map(|it| it.detail.clone()).unwrap_or_default();
    let look = format!("GET /api/v1/executions/{}", execution.id);
    match execution.state {
        ExecutionState::Proposed if execution.dry_run && execution.refusal.is_none() => {
            (true, "a dry run: the cluster would accept it, and nothing was written".to_owned())
        }
        ExecutionState::Proposed => (
            false,
            format!(
                "waits for approval ({}): POST /api/v1/executions/{}/approve",
                reason(),
                execution.id
            ),
        ),
        ExecutionState::Verifying => (true, format!("written; it is being verified: {look}")),
        ExecutionState::Verified if execution.refusal.is_some() => (true, reason()),
        ExecutionState::Verified => (true, "written, and the workload recovered".to_owned()),
        ExecutionState::Applying => {
            (false, format!("whether it was written is not known yet: {look}"))
        }
        ExecutionState::Undoing if execution.refusal.is_some() => {
            (false, format!("{}: {look}", reason()))
        }
        ExecutionState::Undoing => {
            (false, format!("it did not help and is being taken back: {look}"))
        }
        ExecutionState::Undone if execution.refusal.is_none() => {
            (false, "it did not help and was taken back".to_owned())
        }
        ExecutionState::Undone
        | ExecutionState::Stranded
        | ExecutionState::Refused
        | ExecutionState::Rejected => (false, reason()),
    }
}

/// What an order that led to no execution looks like from outside.
pub(super) fn fix_failure(error: &FixError) -> Failure {
    match error {
        FixError::Cluster(error) => failure(error),
        FixError::Journal(error) => journal_failure(error),
        FixError::TooOften => {
            let next = "GET /api/v1/executions says why; order it again in an hour";
            Failure::new(429, "too-many-orders", error.to_string(), next)
        }
        FixError::Request(_) | FixError::CutOff => {
            Failure::new(500, "cut-off", error.to_string(), "see /api/v1/executions")
        }
    }
}
