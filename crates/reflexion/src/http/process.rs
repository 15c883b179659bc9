//! `POST /api/v1/reflexion/process`: heal this pod, and say what came of it.

mod analysis;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{post, web};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::auth::Actor;
use service::input::Body;
use service::problem::Failure;
use types::wire::{K8sGptAnalyzeRequest, ProcessRequest, ProcessResponse, ReflexionSummary};
use types::{Problem, names};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{agent_failure, heal_failure, store_failure};
use crate::Reflexion;
use crate::agent::{Agent, AgentError};
use crate::desk::{Occasion, Patient};
use crate::heal::{A_MOMENT, members};
use crate::run::{Run, RunState};
use analysis::{Analysis, Told, incident};

/// How long a caller is kept who comes while somebody's change has its time: no longer than a heal may take anyway.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Why nothing is done for what is healthy.
const HEALTHY: &str = "it is healthy: there is nothing to do";
/// Why nothing is done for what may still come.
const ON_ITS_WAY: &str =
    "it is on its way: nothing is wrong so far, and not all of it is there; ask again in a minute";
/// The longest words that a caller may name a fault or a run with.
const MAX_WORD: usize = 200;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(process).service(process_async).service(process_with_data);
}

/// Heals a pod's workload: analyses, chooses by experience, orders a fix, waits until it is judged, and learns.
///
/// The agent's diagnosis decides, not the caller's. A repeat with the same `thread_id` is answered
/// and not run again; a heal that is under way already is joined. Members that are not listed here are
/// ignored, as the original contract has it.
#[utoipa::path(
    tag = "seed",
    request_body = ProcessRequest,
    responses(
        (status = 200, body = ProcessResponse),
        (status = 400, description = "Malformed JSON or names", body = Problem),
        (status = 404, description = "No such pod", body = Problem),
        (status = 502, description = "The agent answers something else", body = Problem),
        (status = 503, description = "The agent does not answer", body = Problem),
    )
)]
#[post("/api/v1/reflexion/process")]
async fn process(
    _: Actor,
    reflexion: web::Data<Reflexion>,
    request: Body<ProcessRequest>,
) -> Result<web::Json<ProcessResponse>, Failure> {
    let request = request.into_inner();
    check(&request)?;
    let started = Instant::now();
    let run = reflexion.process(&request).await?.run;
    Ok(web::Json(answer(&reflexion, &request.pod_name, &run, started)))
}

/// Answer of `POST /api/v1/reflexion/process-async`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct AsyncResponse {
    /// The run, to ask `/api/v1/reflexion/workflow/{id}` for.
    workflow_id: String,
    /// `processing`.
    status: String,
    /// What to do next.
    message: String,
}

/// Begins to heal a pod's workload and answers at once.
#[utoipa::path(
    tag = "reflexion",
    request_body = ProcessRequest,
    responses(
        (status = 200, body = AsyncResponse),
        (status = 400, description = "Malformed JSON or names", body = Problem),
        (status = 404, description = "No such pod", body = Problem),
        (status = 503, description = "The agent does not answer", body = Problem),
    )
)]
#[post("/api/v1/reflexion/process-async")]
async fn process_async(
    _: Actor,
    reflexion: web::Data<Reflexion>,
    request: Body<ProcessRequest>,
) -> Result<web::Json<AsyncResponse>, Failure> {
    check(&request)?;
    let run = match reflexion.admit(&request).await?.0 {
        Admitted::Dismissed(run) => *run,
        Admitted::Sick(patient) => {
            let run = reflexion.run_of(&patient).await?;
            reflexion.begin(*patient, Occasion::Asked);
            run
        }
    };
    let workflow_id = run.id.to_string();
    Ok(web::Json(AsyncResponse {
        message: format!("see /api/v1/reflexion/workflow/{workflow_id}"),
        status: "processing".to_owned(),
        workflow_id,
    }))
}

/// `POST /api/v1/reflexion/process-with-k8s-data`
#[derive(Debug, Deserialize, ToSchema)]
struct ProcessWithDataRequest {
    /// The request.
    #[serde(flatten)]
    request: ProcessRequest,
    /// What the caller saw: `pod_spec`, `events`, `logs`, `container_statuses`.
    ///
    /// Accepted and not believed: the agent reads the cluster itself.
    #[serde(default, rename = "real_k8s_data")]
    #[schema(value_type = Object)]
    _data: Map<String, Value>,
}

/// Answer of `POST /api/v1/reflexion/process-with-k8s-data`.
#[derive(Debug, Serialize, ToSchema)]
struct ProcessWithDataResponse {
    /// The same as for `process`; its summary also says `used_real_k8s_data`: whether this answer rests on
    /// evidence that the agent read from the cluster for it. False for a repeat with the same `thread_id`.
    #[serde(flatten)]
    #[schema(value_type = ProcessResponse)]
    response: Map<String, Value>,
}

/// The same as `process`. The evidence is what the agent reads from the cluster, whatever the caller sends.
#[utoipa::path(
    tag = "reflexion",
    request_body = ProcessWithDataRequest,
    responses(
        (status = 200, body = ProcessWithDataResponse),
        (status = 400, description = "Malformed JSON or names", body = Problem),
        (status = 404, description = "No such pod", body = Problem),
        (status = 503, description = "The agent does not answer", body = Problem),
    )
)]
#[post("/api/v1/reflexion/process-with-k8s-data")]
async fn process_with_data(
    _: Actor,
    reflexion: web::Data<Reflexion>,
    request: Body<ProcessWithDataRequest>,
) -> Result<web::Json<ProcessWithDataResponse>, Failure> {
    let request = request.into_inner().request;
    check(&request)?;
    let started = Instant::now();
    let Processed { run, read } = reflexion.process(&request).await?;
    let answer = answer(&reflexion, &request.pod_name, &run, started);
    let Ok(Value::Object(mut response)) = serde_json::to_value(answer) else {
        return Err(Failure::new(500, "answer", "no answer", "this is a bug: report it"));
    };
    if let Some(Value::Object(summary)) = response.get_mut("reflexion_summary") {
        summary.insert("used_real_k8s_data".to_owned(), Value::Bool(read));
    }
    Ok(web::Json(ProcessWithDataResponse { response }))
}

fn check(request: &ProcessRequest) -> Result<(), Failure> {
    let bad = |what: &str, next: &str| {
        Err(Failure::new(400, "bad-name", format!("{what} is not valid"), next))
    };
    if !names::is_pod_name(&request.pod_name) {
        return bad("pod_name", "give the name of a pod: lower case letters, digits, `-` and `.`");
    }
    if !names::is_namespace(&request.namespace) {
        return bad(
            "namespace",
            "give the name of a namespace: lower case letters, digits and `-`",
        );
    }
    let is_word =
        |it: &str| !it.is_empty() && it.len() <= MAX_WORD && !it.contains(char::is_control);
    if !is_word(&request.error_type) {
        return bad("error_type", "name the error as `kubectl get pods` shows it");
    }
    if !request.thread_id.as_deref().is_none_or(is_word) {
        return bad("thread_id", "give a name of 1 to 200 characters, or none");
    }
    Ok(())
}

/// A pod that somebody wants healed.
enum Admitted {
    /// There is nothing that we could do for it.
    Dismissed(Box<Run>),
    Sick(Box<Patient>),
}

/// What came of a request.
struct Processed {
    run: Run,
    /// Whether the cluster was read for it.
    read: bool,
}

impl Reflexion {
    /// The run that heals this pod, at its end, or where it waits for somebody.
    async fn process(&self, request: &ProcessRequest) -> Result<Processed, Failure> {
        if let Some(run) = self.known(request).await? {
            return Ok(Processed { run, read: false });
        }
        let (admitted, read) = self.admit(request).await?;
        let run = match admitted {
            Admitted::Dismissed(run) => *run,
            Admitted::Sick(patient) => self.heal_now(*patient, Occasion::Asked).await?,
        };
        // What is on its way, and what somebody may mend by hand, may be asked about again by the same name.
        let may_change = matches!(run.state, RunState::OnItsWay | RunState::Untreatable);
        let named = request.thread_id.as_ref().filter(|_| !may_change);
        if let Some(thread) = named {
            let named = self.memory.store.name_run(thread, run.id).await;
            named.map_err(|it| store_failure(&it))?;
        }
        Ok(Processed { run, read })
    }

    /// The run that this caller named before.
    async fn known(&self, request: &ProcessRequest) -> Result<Option<Run>, Failure> {
        let Some(thread) = &request.thread_id else { return Ok(None) };
        let run = self.memory.store.run_of_thread(thread).await;
        let Some(run) = run.map_err(|it| store_failure(&it))? else { return Ok(None) };
        if run.state != RunState::Healing {
            return Ok(Some(run));
        }
        let agent = self.agents.iter().find(|it| it.url() == run.agent);
        let Some(agent) = agent.map(Arc::clone) else { return Ok(Some(run)) };
        let patient = Patient { agent, incident: run.incident, published: run.published };
        Ok(Some(self.heal_now(patient, Occasion::Resumed).await?))
    }

    /// Heals, and waits for the end: also until somebody's change has had its time, where that is soon.
    async fn heal_now(&self, patient: Patient, occasion: Occasion) -> Result<Run, Failure> {
        let run = self.heal_once(&patient, occasion).await?;
        let pause = run.goes_on_at().map(|it| it.duration_since(Timestamp::now()));
        let Some(pause) = pause.filter(|it| *it <= LONGEST_PAUSE) else { return Ok(run) };
        tokio::time::sleep(Duration::try_from(pause).unwrap_or_default() + A_MOMENT).await;
        self.heal_once(&patient, Occasion::Due).await
    }

    /// Heals, or joins a heal that is under way, and waits until it ends or waits for somebody.
    async fn heal_once(&self, patient: &Patient, occasion: Occasion) -> Result<Run, Failure> {
        let incident = patient.incident.id;
        // A heal that is joined may find nothing to do; asked once more, it is this caller's own.
        for _ in 0..2 {
            let mut ending = self.begin(patient.clone(), occasion);
            let ended = ending.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
            match ended {
                Some(Ok(Some(run))) => return Ok(run),
                Some(Err(error)) => return Err(heal_failure(&error)),
                Some(Ok(None)) | None => {}
            }
        }
        let run = self.memory.store.run_of_incident(incident).await;
        run.map_err(|it| store_failure(&it))?.ok_or_else(|| {
            Failure::new(500, "no-heal", "the heal came to no end", "try again; see the log")
        })
    }

    /// Asks the agents about the pod; the first that knows it is its agent. Also whether it read the cluster for it.
    async fn admit(&self, request: &ProcessRequest) -> Result<(Admitted, bool), Failure> {
        let asked = K8sGptAnalyzeRequest {
            pod_name: request.pod_name.clone(),
            namespace: request.namespace.clone(),
        };
        let mut unknown = None;
        for agent in self.agents.iter() {
            match agent.analyze(asked.clone()).await {
                Ok(answer) => {
                    let analysis = serde_json::from_value(Value::Object(answer.analysis));
                    let analysis: Analysis = analysis.map_err(|it| unreadable(&**agent, &it))?;
                    let read = !analysis.evidence.is_empty();
                    return Ok((self.examine(agent, analysis, request).await?, read));
                }
                Err(error) if error.is_not_found() => unknown = Some(error),
                Err(error) => return Err(agent_failure(&error)),
            }
        }
        Err(unknown.map_or_else(
            || Failure::new(503, "no-agent", "no agent is configured", "set AGENT_URL"),
            |it| agent_failure(&it),
        ))
    }

    async fn examine(
        &self,
        agent: &Arc<dyn Agent>,
        analysis: Analysis,
        request: &ProcessRequest,
    ) -> Result<Admitted, Failure> {
        let published = analysis.incident.is_some();
        let told = analysis.told();
        let incident = incident(analysis, request, &told);
        let (state, reason) = match told {
            Told::Sick => {
                let agent = Arc::clone(agent);
                return Ok(Admitted::Sick(Box::new(Patient { agent, incident, published })));
            }
            Told::Healthy => (RunState::Healthy, HEALTHY.to_owned()),
            Told::OnItsWay => (RunState::OnItsWay, ON_ITS_WAY.to_owned()),
            Told::Beside(cause) => (RunState::Untreatable, cause),
        };
        let mut run = Run::new(agent.url(), incident, false, Timestamp::now());
        (run.state, run.reason) = (state, reason);
        let saved = self.memory.store.save_dismissed(&run).await;
        saved.map_err(|it| store_failure(&it))?;
        Ok(Admitted::Dismissed(Box::new(run)))
    }

    /// The run of this patient, kept before anything is done, so that its id can be told.
    async fn run_of(&self, patient: &Patient) -> Result<Run, Failure> {
        let store = &self.memory.store;
        let found = store.run_of_incident(patient.incident.id).await;
        if let Some(run) = found.map_err(|it| store_failure(&it))? {
            return Ok(run);
        }
        let url = patient.agent.url();
        let run = Run::new(url, patient.incident.clone(), patient.published, Timestamp::now());
        store.save_run(&run, None).await.map_err(|it| store_failure(&it))?;
        Ok(run)
    }
}

fn unreadable(agent: &dyn Agent, error: &serde_json::Error) -> Failure {
    agent_failure(&AgentError::Unreadable {
        url: agent.url().to_owned(),
        reason: error.to_string(),
    })
}

fn answer(reflexion: &Reflexion, pod: &str, run: &Run, started: Instant) -> ProcessResponse {
    let success = run.is_success();
    let newest = run.attempts.last();
    let judged = run.tried().len();
    let progress = reflexion.memory.progress();
    ProcessResponse {
        workflow_id: run.id.to_string(),
        success,
        pod_name: pod.to_owned(),
        final_strategy: newest.map(|it| members(&it.choice.strategy)).unwrap_or_default(),
        resolution_time: started.elapsed().as_secs_f64(),
        requires_human_intervention: run.needs_person(),
        reflexion_summary: ReflexionSummary {
            reflections_performed: run.reflections,
            strategies_learned: u32::try_from(judged).unwrap_or(u32::MAX),
            self_awareness_level: progress.self_awareness(),
            learning_velocity: progress.learning_velocity(),
            model_calls: run.model_calls,
            from_memory: newest.is_some_and(|it| it.choice.from_memory),
            lessons: run.lessons.clone(),
        },
        error: (!success).then(|| run.reason.clone()),
    }
}
