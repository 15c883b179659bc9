//! `POST /api/v1/debug/simulate-reflection`: a reflection over a made-up attempt, which is not remembered.

use actix_web::{post, web};
use jiff::{SignedDuration, Timestamp};
use learning::{Attempt, Choice};
use serde::{Deserialize, Serialize};
use service::auth::Actor;
use service::problem::Failure;
use types::{
    Context, Execution, ExecutionState, Fault, Incident, IncidentState, Kind, ObjectRef, Problem,
    Reflection, Risk, Strategy, Verdict,
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::faults;
use crate::Reflexion;

/// How long the made-up fix takes when nothing is said, in seconds.
const TOOK: f64 = 30.0;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(simulate);
}

#[derive(Debug, Deserialize)]
struct Simulation {
    error_type: Option<String>,
    success: Option<bool>,
    resolution_time: Option<f64>,
}

/// Answer of `POST /api/v1/debug/simulate-reflection`.
#[derive(Debug, Serialize, ToSchema)]
struct SimulationResponse {
    /// True: this is a simulation, and nothing was remembered.
    debug_reflection: bool,
    /// How well predictions match outcomes, over what was really experienced.
    self_awareness_level: f64,
    /// How many insights the reflection has.
    insights_generated: usize,
    /// From 0 to 1: the share of lesson, insights, comparison and prediction that it fills.
    reflection_quality: f64,
    /// RFC 3339.
    timestamp: String,
    // added
    /// The reflection itself.
    reflection: Reflection,
}

/// Reflects on an attempt that never was, with what is really known of the fault. Stores nothing.
#[utoipa::path(
    tag = "seed",
    params(
        ("error_type" = Option<String>, Query, description = "As `kubectl get pods` shows it; ImagePullBackOff when absent"),
        ("success" = Option<bool>, Query, description = "Whether the made-up fix helps; false when absent"),
        ("resolution_time" = Option<f64>, Query, description = "How long it takes, in seconds; 30 when absent"),
    ),
    responses(
        (status = 200, body = SimulationResponse),
        (status = 400, description = "No such error type", body = Problem),
    )
)]
#[post("/api/v1/debug/simulate-reflection")]
async fn simulate(
    _: Actor,
    reflexion: web::Data<Reflexion>,
    query: web::Query<Simulation>,
) -> Result<web::Json<SimulationResponse>, Failure> {
    let word = query.error_type.as_deref().unwrap_or("ImagePullBackOff");
    let fault = faults(Some(word))?.first().copied().unwrap_or(Fault::Unknown);
    let took = query.resolution_time.unwrap_or(TOOK);
    let took = SignedDuration::try_from_secs_f64(took.clamp(0.0, 86_400.0)).unwrap_or_default();
    Ok(web::Json(reflexion.simulate(fault, query.success.unwrap_or(false), took).await))
}

impl Reflexion {
    async fn simulate(
        &self,
        fault: Fault,
        success: bool,
        took: SignedDuration,
    ) -> SimulationResponse {
        let incident = made_up(fault);
        let (choice, execution) = self.attempt(&incident, success, took);
        let observation = learning::observe(&Attempt {
            execution: &execution,
            choice: &choice,
            since: incident.since,
            number: 1,
            earlier: &[],
            typical_secs: None,
        });
        let mut reflection = learning::reflect_by_rules(&execution, &observation, None);
        let worth_a_call = !success || observation.surprising;
        if let Some(counsel) = self.adviser().filter(|_| worth_a_call) {
            let prompt = learning::reflect(&incident, &execution, &observation, &[]);
            if let Ok(lesson) = counsel.lesson(prompt).await.answer {
                reflection = lesson.reflection();
            }
        }
        let filled = [
            !reflection.lesson.is_empty(),
            !reflection.insights.is_empty(),
            !observation.comparison.is_empty(),
            0 < choice.tries,
        ];
        let parts = filled.iter().filter(|it| **it).count();
        SimulationResponse {
            debug_reflection: true,
            self_awareness_level: self.memory.progress().self_awareness(),
            insights_generated: reflection.insights.len(),
            reflection_quality: f64::from(u32::try_from(parts).unwrap_or(0)) / 4.0,
            timestamp: Timestamp::now().to_string(),
            reflection,
        }
    }

    /// What experience would try, and a made-up execution of it.
    fn attempt(
        &self,
        incident: &Incident,
        success: bool,
        took: SignedDuration,
    ) -> (Choice, Execution) {
        let records = self.memory.ledger().records();
        let known = records.into_iter().find(|it| it.fault == incident.fault);
        let record = known.map(|it| it.record);
        let (tries, wins, mean) =
            record.as_ref().map_or((0, 0, 0.5), |it| (it.tries, it.wins, it.mean));
        let choice = Choice {
            strategy: Strategy::RollBack,
            risk: Risk::Ask,
            propensity: 1.0,
            mean,
            low: record.as_ref().map_or(0.0, |it| it.low),
            high: record.as_ref().map_or(1.0, |it| it.high),
            tries,
            wins,
            reason: "a simulation".to_owned(),
            from_memory: false,
            advised: false,
        };
        let applied = incident.since;
        let execution = Execution {
            id: Uuid::now_v7(),
            incident: Some(incident.id),
            cluster: incident.cluster.clone(),
            subject: incident.subject.clone(),
            pod: incident.subject.name.clone(),
            fault: incident.fault,
            context: incident.context.clone(),
            spec_hash: String::new(),
            strategy: Strategy::RollBack,
            risk: Risk::Ask,
            diff: String::new(),
            undo: String::new(),
            state: if success { ExecutionState::Verified } else { ExecutionState::Undone },
            dry_run: true,
            requested_by: "simulation".to_owned(),
            decided_by: None,
            undone_by: None,
            requested_at: applied,
            applied_at: Some(applied),
            finished_at: applied.checked_add(took).ok(),
            verdict: Some(if success { Verdict::Recovered } else { Verdict::Unchanged }),
            refusal: None,
            checks: vec![],
            again: false,
            result_hash: None,
            seen_hash: None,
        };
        (choice, execution)
    }
}

fn made_up(fault: Fault) -> Incident {
    let now = Timestamp::now();
    Incident {
        id: Uuid::now_v7(),
        cluster: "simulation".to_owned(),
        subject: ObjectRef::named(Kind::Deployment, "simulation", "simulated"),
        pod: None,
        since: now,
        updated_at: now,
        seen_at: None,
        state: IncidentState::Open,
        fault,
        error_type: fault.error_type().to_owned(),
        diagnoses: vec![],
        caused_by: vec![],
        offers: vec![],
        context: Context {
            owner_kind: Kind::Deployment,
            image_family: "simulated".to_owned(),
            workload_class: "service".to_owned(),
            since_rollout: true,
        },
        spec_hash: String::new(),
        evidence: None,
    }
}
