//! What the agent says of a pod, and what it comes to for us.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use types::wire::ProcessRequest;
use types::{
    Context, Diagnosis, Fault, Finding, Incident, IncidentState, ObjectRef, Offer, Severity,
    Subject,
};
use uuid::Uuid;

/// What the agent says of a pod, in an analysis.
#[derive(Debug, Deserialize)]
pub(super) struct Analysis {
    cluster: String,
    subject: ObjectRef,
    diagnoses: Vec<Diagnosis>,
    #[serde(default)]
    caused_by: Vec<Subject>,
    /// What is wrong beside it and has no fix.
    #[serde(default)]
    findings: Vec<Finding>,
    /// Whether it may still come. An older agent does not say so.
    #[serde(default)]
    on_its_way: bool,
    offers: Vec<Offer>,
    context: Context,
    spec_hash: String,
    pub(super) incident: Option<Uuid>,
    /// The facts. Only whether there are any matters here.
    #[serde(default)]
    pub(super) evidence: Map<String, Value>,
}

/// What an analysis comes to.
pub(super) enum Told {
    /// It has a fault that we know how to treat, or to hand on.
    Sick,
    /// It suffers from something beside it, for which there is no fix: the cause.
    Beside(String),
    /// Nothing is wrong so far, and not all of it is there.
    OnItsWay,
    /// All is as it should be.
    Healthy,
}

impl Analysis {
    /// What it comes to.
    pub(super) fn told(&self) -> Told {
        if !self.diagnoses.is_empty() {
            return Told::Sick;
        }
        let beside = self.findings.iter().find(|it| it.severity < Severity::Notice);
        match beside {
            Some(it) => Told::Beside(format!("{}: {}", it.subject, it.cause)),
            None if self.on_its_way => Told::OnItsWay,
            None => Told::Healthy,
        }
    }
}

/// The incident that this is about. One that nothing is done for is nobody else's: it gets an id of its own.
pub(super) fn incident(analysis: Analysis, request: &ProcessRequest, told: &Told) -> Incident {
    let now = Timestamp::now();
    let first = analysis.diagnoses.first().map(|it| it.fault);
    let fault = first.unwrap_or(Fault::Unknown);
    let (published, state) = match told {
        Told::Sick => (analysis.incident, IncidentState::Open),
        Told::Beside(_) | Told::OnItsWay => (None, IncidentState::Open),
        Told::Healthy => (None, IncidentState::Resolved),
    };
    Incident {
        id: published.unwrap_or_else(Uuid::now_v7),
        cluster: analysis.cluster,
        subject: analysis.subject,
        pod: Some(request.pod_name.clone()),
        since: now,
        updated_at: now,
        seen_at: None,
        state,
        fault,
        error_type: fault.error_type().to_owned(),
        diagnoses: analysis.diagnoses,
        caused_by: analysis.caused_by,
        offers: analysis.offers,
        context: analysis.context,
        spec_hash: analysis.spec_hash,
        evidence: None,
    }
}
