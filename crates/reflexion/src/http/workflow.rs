//! `/api/v1/reflexion/workflow/{id}`: where a run is.

use actix_web::{get, web};
use serde::Serialize;
use service::auth::Reader;
use service::problem::Failure;
use types::{Execution, Problem};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{id, store_failure};
use crate::Reflexion;
use crate::run::{MAX_ATTEMPTS, Run, RunState};

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(workflow);
}

/// A run, as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the contract's name")]
pub(super) struct Workflow {
    /// The run.
    workflow_id: String,
    /// `running`, `waiting`, `completed`, `escalated` or `closed`.
    status: String,
    /// The arrow of the story that it is at.
    current_step: String,
    /// From 0 to 1: attempts made of those allowed; 1 at an end.
    progress: f64,
    /// What was learned so far.
    reflexion_metrics: WorkflowMetrics,
    /// The object that is healed.
    subject: String,
    /// Its cluster.
    cluster: String,
    /// The incident.
    incident: Uuid,
    /// What is wrong.
    error_type: String,
    /// Why it is where it is.
    reason: String,
    /// When it began, RFC 3339.
    started_at: String,
    /// When something last happened, RFC 3339.
    updated_at: String,
    /// What was tried, oldest first.
    attempts: Vec<WorkflowAttempt>,
}

/// What a run learned so far.
#[derive(Debug, Serialize, ToSchema)]
struct WorkflowMetrics {
    reflections_performed: u32,
    model_calls: u32,
    lessons: Vec<String>,
}

/// One attempt, as it is shown.
#[derive(Debug, Serialize, ToSchema)]
struct WorkflowAttempt {
    /// Its number.
    attempt: u32,
    /// The strategy's key.
    strategy: String,
    /// Why it was chosen.
    reason: String,
    /// The posterior mean when it was chosen.
    confidence: f64,
    /// Whether memory alone chose it.
    from_memory: bool,
    /// How it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<Execution>,
    /// Why nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Workflow {
    pub(super) fn of(run: Run) -> Self {
        let made = f64::from(u32::try_from(run.tried().len()).unwrap_or(u32::MAX));
        let allowed = f64::from(u32::try_from(MAX_ATTEMPTS).unwrap_or(u32::MAX));
        let (status, step, progress) = match run.state {
            RunState::Healing if run.not_before.is_some() => ("running", "put_off", made / allowed),
            RunState::Healing if run.attempts.is_empty() => ("running", "choose", 0.0),
            RunState::Healing => ("running", "execute", made / allowed),
            RunState::Waiting => ("waiting", "approve", made / allowed),
            RunState::Healed => ("completed", "remember", 1.0),
            RunState::Escalated => ("escalated", "escalate", 1.0),
            RunState::Closed => ("closed", "closed", 1.0),
            RunState::Healthy => ("completed", "healthy", 1.0),
            RunState::OnItsWay => ("closed", "on_its_way", 1.0),
            RunState::Untreatable => ("escalated", "untreatable", 1.0),
        };
        Self {
            workflow_id: run.id.to_string(),
            status: status.to_owned(),
            current_step: step.to_owned(),
            progress: progress.min(1.0),
            subject: run.subject().to_string(),
            cluster: run.incident.cluster.clone(),
            incident: run.incident.id,
            error_type: run.incident.error_type.clone(),
            started_at: run.started_at.to_string(),
            updated_at: run.updated_at.to_string(),
            reflexion_metrics: WorkflowMetrics {
                reflections_performed: run.reflections,
                model_calls: run.model_calls,
                lessons: run.lessons,
            },
            reason: run.reason,
            attempts: run
                .attempts
                .into_iter()
                .map(|it| WorkflowAttempt {
                    attempt: it.number,
                    strategy: it.choice.strategy.key(),
                    reason: it.choice.reason,
                    confidence: it.choice.mean,
                    from_memory: it.choice.from_memory,
                    execution: it.execution,
                    refused: it.refused,
                })
                .collect(),
        }
    }
}

/// Where a run is, with every attempt.
#[utoipa::path(
    tag = "reflexion",
    params(("id" = Uuid, Path, description = "The workflow id that `process` answered with")),
    responses(
        (status = 200, body = Workflow),
        (status = 404, description = "No such run", body = Problem),
    )
)]
#[get("/api/v1/reflexion/workflow/{id}")]
async fn workflow(
    _: Reader,
    reflexion: web::Data<Reflexion>,
    path: web::Path<String>,
) -> Result<web::Json<Workflow>, Failure> {
    let id = id(&path, "a workflow")?;
    let run = reflexion.memory.store.run(id).await.map_err(|it| store_failure(&it))?;
    run.map(|it| web::Json(Workflow::of(it))).ok_or_else(|| {
        let detail = format!("there is no workflow {id}");
        Failure::new(404, "workflow-not-found", detail, "use the workflow_id of an answer")
    })
}
