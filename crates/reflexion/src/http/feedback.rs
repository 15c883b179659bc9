//! `POST /api/v1/reflexion/execution-feedback`: what a caller says of an outcome, answered with what was verified.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::auth::Actor;
use service::input::Body;
use service::problem::Failure;
use types::{Problem, wire};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{id, store_failure};
use crate::Reflexion;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(feedback);
}

/// `POST /api/v1/reflexion/execution-feedback`
#[derive(Debug, Deserialize, ToSchema)]
struct FeedbackRequest {
    /// The run.
    #[schema(value_type = uuid::Uuid)]
    workflow_id: String,
    /// The pod.
    #[serde(rename = "pod_name")]
    _pod_name: String,
    /// Its namespace.
    #[serde(rename = "namespace", default = "wire::default_namespace")]
    _namespace: String,
    /// What the caller thinks was wrong.
    #[serde(rename = "error_type")]
    _error_type: String,
    /// What the caller thinks was tried.
    #[serde(rename = "strategy_used")]
    #[schema(value_type = Object)]
    _strategy_used: Map<String, Value>,
    /// What the caller thinks came of it.
    #[schema(value_type = Object)]
    execution_result: Map<String, Value>,
    /// RFC 3339.
    #[serde(rename = "timestamp")]
    _timestamp: String,
}

/// Answer of `POST /api/v1/reflexion/execution-feedback`.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackResponse {
    workflow_id: String,
    /// Whether the run is known.
    feedback_processed: bool,
    /// Whether its outcome is part of what was learned.
    reflexion_updated: bool,
    /// The same: confidence follows verified outcomes alone, never this call.
    strategy_confidence_updated: bool,
    learning_summary: LearningSummary,
    message: String,
}

/// What was learned of the run's newest attempt.
#[derive(Debug, Serialize, ToSchema)]
struct LearningSummary {
    /// The strategy's key; empty when nothing was tried.
    strategy_id: String,
    /// The posterior mean when it was chosen.
    original_confidence: f64,
    /// The posterior mean now.
    confidence: f64,
    /// `success`, `failure` or `pending`, as verified.
    learning_outcome: String,
    /// Whether the caller says the same.
    agrees: bool,
    /// Whether an episode was remembered.
    reflexion_cycle_completed: bool,
}

/// Says what was verified of a run. A caller's word changes no record: only the agent's verified outcome does.
#[utoipa::path(
    tag = "reflexion",
    request_body = FeedbackRequest,
    responses(
        (status = 200, body = FeedbackResponse),
        (status = 404, description = "No such run", body = Problem),
    )
)]
#[post("/api/v1/reflexion/execution-feedback")]
async fn feedback(
    _: Actor,
    reflexion: web::Data<Reflexion>,
    request: Body<FeedbackRequest>,
) -> Result<web::Json<FeedbackResponse>, Failure> {
    let id = id(&request.workflow_id, "a workflow")?;
    let run = reflexion.memory.store.run(id).await;
    let Some(run) = run.map_err(|it| store_failure(&it))? else {
        let detail = format!("there is no workflow {id}");
        let next = "use the workflow_id of an answer";
        return Err(Failure::new(404, "workflow-not-found", detail, next));
    };
    let newest = run.attempts.last();
    let verified = newest.and_then(|it| it.execution.as_ref()).and_then(learning::Experience::of);
    let outcome = match verified.as_ref().map(|it| it.recovered) {
        Some(true) => "success",
        Some(false) => "failure",
        None => "pending",
    };
    let said = request.execution_result.get("success").and_then(Value::as_bool);
    let confidence = verified.as_ref().map_or(0.0, |it| {
        let ledger = reflexion.memory.ledger();
        ledger.posterior(it.fault, &it.context, &it.strategy).belief.mean()
    });
    Ok(web::Json(FeedbackResponse {
        workflow_id: run.id.to_string(),
        feedback_processed: true,
        reflexion_updated: verified.is_some(),
        strategy_confidence_updated: verified.is_some(),
        learning_summary: LearningSummary {
            strategy_id: newest.map(|it| it.choice.strategy.key()).unwrap_or_default(),
            original_confidence: newest.map_or(0.0, |it| it.choice.mean),
            confidence,
            learning_outcome: outcome.to_owned(),
            agrees: said == verified.as_ref().map(|it| it.recovered),
            reflexion_cycle_completed: verified.is_some(),
        },
        message: "records follow what the agent verified; this call changed none".to_owned(),
    }))
}
