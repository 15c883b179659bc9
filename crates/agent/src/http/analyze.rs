//! `POST /api/v1/k8sgpt-analyze`: what is wrong with a pod, with its evidence.

use actix_web::{post, web};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use service::auth::Reader;
use service::input::Body;
use service::problem::Failure;
use types::wire::{K8sGptAnalyzeRequest, K8sGptAnalyzeResponse};
use types::{AnyFault, Diagnosis, Evidence, Finding, Problem, Severity};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{failure, names};
use crate::Agent;
use crate::offers::offers;
use crate::triage::caused_by;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(analyze);
}

/// Says what is wrong with a pod's workload, and what could be done about it.
#[utoipa::path(
    tag = "seed",
    request_body = K8sGptAnalyzeRequest,
    responses(
        (status = 200, body = K8sGptAnalyzeResponse),
        (status = 400, description = "Malformed JSON or names", body = Problem),
        (status = 404, description = "No such pod", body = Problem),
        (status = 500, description = "The analysis failed", body = Problem),
        (status = 503, description = "The API server does not answer", body = Problem),
    )
)]
#[post("/api/v1/k8sgpt-analyze")]
async fn analyze(
    _: Reader,
    agent: web::Data<Agent>,
    request: Body<K8sGptAnalyzeRequest>,
) -> Result<web::Json<K8sGptAnalyzeResponse>, Failure> {
    names::namespace(&request.namespace)?;
    names::pod(&request.pod_name)?;
    let root = agent.cluster.root_of(&request.namespace, &request.pod_name).await;
    let subject = root.map_err(|it| failure(&it))?;
    let objects = agent.cluster.objects(&subject).await.map_err(|it| failure(&it))?;

    let (evidence, diagnoses) = agent.examine_and_ask(&objects).await;
    let around = agent.cluster.around(&subject.namespace).await;
    let own = diagnosis::of_workload(&evidence, &diagnoses);
    let redactor = agent.redactor_of(&subject);
    let findings = diagnosis::beside(&around, &subject, own, &redactor);
    let plans = remedy::plans(&diagnoses, &evidence);
    let others = agent.incidents.said_beside(&subject);
    let diagnoses = diagnosis::told_of_keys(diagnoses, &evidence, &others);
    let diagnoses = diagnosis::explained(&around, &evidence, diagnoses, &redactor);
    let diagnoses = diagnosis::told_why(diagnoses, &findings);
    let diagnoses = agent.with_reports(diagnoses, &evidence).await;
    let said = Said::of(&evidence, &diagnoses, &findings);
    let mut analysis = Map::new();
    analysis.insert("healthy".to_owned(), json!(said.is_healthy()));
    analysis.insert("on_its_way".to_owned(), json!(said.is_on_its_way()));
    analysis.insert("cluster".to_owned(), json!(*agent.name));
    analysis.insert("subject".to_owned(), member(&evidence.subject)?);
    analysis.insert("diagnoses".to_owned(), member(&diagnoses)?);
    let caused_by = caused_by(&agent, &around, (&evidence, &diagnoses));
    analysis.insert("caused_by".to_owned(), member(&caused_by)?);
    analysis.insert("findings".to_owned(), member(&findings)?);
    analysis.insert("offers".to_owned(), member(&offers(&plans, &evidence, &redactor))?);
    analysis.insert("context".to_owned(), member(&diagnosis::context(&evidence))?);
    analysis.insert("spec_hash".to_owned(), json!(evidence.workload.spec_hash));
    analysis.insert("evidence".to_owned(), member(&evidence)?);
    if let Some(incident) = agent.incidents.open_of(&subject) {
        analysis.insert("incident".to_owned(), json!(incident.id));
    }
    Ok(web::Json(K8sGptAnalyzeResponse {
        success: true,
        analysis,
        confidence: said.confidence(),
        error_type: said.error_type().to_owned(),
        timestamp: Timestamp::now().to_string(),
    }))
}

/// How sure an answer is that a pod is on its way: it may come, and it may fail.
const ON_ITS_WAY: f64 = 0.5;

/// What an analysis comes to.
enum Said {
    /// Something is wrong.
    Wrong { confidence: f64, error_type: &'static str },
    /// Nothing is wrong so far, and not all that is wanted is there.
    OnItsWay,
    /// All is as it should be.
    Healthy,
}

impl Said {
    /// The workload's own diagnosis comes first; what lies beside it counts where something suffers by it.
    fn of(evidence: &Evidence, diagnoses: &[Diagnosis], findings: &[Finding]) -> Self {
        if let Some(it) = diagnoses.first() {
            return Self::Wrong { confidence: it.confidence, error_type: it.fault.error_type() };
        }
        if let Some(it) = findings.iter().find(|it| it.severity < Severity::Notice) {
            let error_type = match it.fault {
                AnyFault::Workload(it) => it.error_type(),
                AnyFault::Cluster(it) => it.as_str(),
            };
            return Self::Wrong { confidence: it.confidence, error_type };
        }
        let is_well = diagnosis::healthy(evidence) || diagnosis::paused_and_well(evidence);
        if is_well { Self::Healthy } else { Self::OnItsWay }
    }

    fn is_healthy(&self) -> bool {
        matches!(self, Self::Healthy)
    }

    fn is_on_its_way(&self) -> bool {
        matches!(self, Self::OnItsWay)
    }

    fn confidence(&self) -> f64 {
        match self {
            Self::Wrong { confidence, .. } => *confidence,
            Self::OnItsWay => ON_ITS_WAY,
            Self::Healthy => 1.0,
        }
    }

    fn error_type(&self) -> &'static str {
        match self {
            Self::Wrong { error_type, .. } => error_type,
            Self::OnItsWay | Self::Healthy => "",
        }
    }
}

fn member(value: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value)
        .map_err(|it| Failure::new(500, "analysis", it.to_string(), "this is a bug: report it"))
}
