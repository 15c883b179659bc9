//! Incidents, executions and episodes for the tests of this crate; they hold only what a claim needs.

use jiff::Timestamp;
use types::{
    Context, Episode, Execution, ExecutionState, Fault, Incident, IncidentState, Kind, ObjectRef,
    Observation, Offer, Reflection, ReflectionSource, Risk, Strategy,
};
use uuid::Uuid;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn context() -> Context {
    Context {
        owner_kind: Kind::Deployment,
        image_family: "web".to_owned(),
        workload_class: "service".to_owned(),
        since_rollout: false,
    }
}

pub(crate) fn offer(strategy: Strategy) -> Offer {
    Offer {
        fault: None,
        backed: false,
        title: strategy.to_string(),
        because: String::new(),
        risk: Risk::Auto,
        diff: String::new(),
        reversible: true,
        strategy,
        owner: None,
        patch: None,
        manifest: None,
    }
}

pub(crate) fn incident(fault: Fault, offers: Vec<Offer>) -> Incident {
    Incident {
        id: Uuid::nil(),
        cluster: "one".to_owned(),
        subject: ObjectRef::named(Kind::Deployment, "shop", "web"),
        pod: Some("web-1".to_owned()),
        since: at(0),
        updated_at: at(0),
        seen_at: None,
        state: IncidentState::Open,
        fault,
        error_type: fault.error_type().to_owned(),
        diagnoses: vec![],
        caused_by: vec![],
        offers,
        context: context(),
        spec_hash: "0123456789abcdef".to_owned(),
        evidence: None,
    }
}

pub(crate) fn execution(strategy: Strategy, state: ExecutionState) -> Execution {
    Execution {
        id: Uuid::nil(),
        incident: None,
        cluster: "one".to_owned(),
        subject: ObjectRef::named(Kind::Deployment, "shop", "web"),
        pod: "web-1".to_owned(),
        fault: Fault::OomKilled,
        context: context(),
        spec_hash: "0123456789abcdef".to_owned(),
        strategy,
        risk: Risk::Auto,
        diff: String::new(),
        undo: String::new(),
        state,
        dry_run: false,
        requested_by: "reflexion".to_owned(),
        decided_by: None,
        undone_by: None,
        requested_at: at(5),
        applied_at: Some(at(6)),
        finished_at: Some(at(36)),
        verdict: None,
        refusal: None,
        checks: vec![],
        again: false,
        result_hash: None,
        seen_hash: None,
    }
}

pub(crate) fn episode(execution: Execution, lesson: &str) -> Episode {
    let recovered = execution.state == ExecutionState::Verified;
    Episode {
        id: Uuid::nil(),
        at: at(40),
        execution,
        diagnosis: None,
        observation: Observation {
            recovered,
            took_secs: Some(36),
            verify_secs: Some(30),
            attempt: 1,
            tried_before: 0,
            won_before: 0,
            expected: 0.7,
            surprising: false,
            comparison: String::new(),
            anomalies: vec![],
        },
        reflection: Reflection {
            lesson: lesson.to_owned(),
            source: ReflectionSource::Rules,
            insights: vec![],
        },
        propensity: 1.0,
        correction: None,
    }
}
