//! An agent and a model that do what a script says.

mod analysis;
mod scripted_model;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::StreamExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use reflexion::agent::{Agent, AgentError, Heard, Order, Stream};
use serde_json::{Map, Value};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use types::wire::{ExecuteFixResponse, K8sGptAnalyzeRequest, K8sGptAnalyzeResponse};
use types::{
    Context, Diagnosis, Execution, ExecutionState, Fault, Incident, IncidentState, Kind, ObjectRef,
    Offer, Problem, RefusalReport, Risk, Strategy, StreamEvent, Verdict,
};
use uuid::Uuid;

pub(crate) use scripted_model::ScriptedModel;

pub(crate) const URL: &str = "http://agent.test";
pub(crate) const GENTLE: Strategy = Strategy::RaiseMemoryLimit { halves: 1 };
pub(crate) const STRONG: Strategy = Strategy::RaiseMemoryLimit { halves: 2 };

pub(crate) fn offer(strategy: Strategy) -> Offer {
    Offer {
        fault: None,
        backed: false,
        title: strategy.to_string(),
        because: "the container passed its limit".to_owned(),
        risk: Risk::Auto,
        diff: "/spec: 1 -> 2".to_owned(),
        reversible: true,
        strategy,
        owner: None,
        patch: None,
        manifest: None,
    }
}

/// A Deployment that runs out of memory, with two doses on offer.
pub(crate) fn incident(name: &str) -> Incident {
    Incident {
        id: Uuid::now_v7(),
        cluster: "one".to_owned(),
        subject: ObjectRef::named(Kind::Deployment, "shop", name),
        pod: Some(format!("{name}-1")),
        since: Timestamp::now(),
        updated_at: Timestamp::now(),
        seen_at: None,
        state: IncidentState::Open,
        fault: Fault::OomKilled,
        error_type: "OOMKilled".to_owned(),
        diagnoses: vec![Diagnosis {
            fault: Fault::OomKilled,
            container: Some("app".to_owned()),
            cause: "Container app needs more memory than its limit allows.".to_owned(),
            clues: vec![],
            confidence: 0.95,
        }],
        caused_by: vec![],
        offers: vec![offer(GENTLE), offer(STRONG)],
        context: Context {
            owner_kind: Kind::Deployment,
            image_family: "web".to_owned(),
            workload_class: "service".to_owned(),
            since_rollout: false,
        },
        spec_hash: format!("spec-of-{name}"),
        evidence: None,
    }
}

/// How each strategy ends; what is not named is verified.
pub(crate) type Script = BTreeMap<String, (ExecutionState, &'static str)>;

#[derive(Default)]
struct State {
    incidents: BTreeMap<Uuid, Incident>,
    executions: BTreeMap<Uuid, Execution>,
    by_key: BTreeMap<String, Uuid>,
    script: Script,
    orders: Vec<Order>,
    sequence: u64,
    resumed_after: Vec<Option<String>>,
    away: bool,
    not_now: Option<Problem>,
    no_pod: bool,
    said: Map<String, Value>,
}

pub(crate) struct ScriptedAgent {
    state: Mutex<State>,
    live: broadcast::Sender<Heard>,
}

impl ScriptedAgent {
    pub(crate) fn new(script: &[(Strategy, ExecutionState, &'static str)]) -> Arc<Self> {
        let script = script.iter().map(|(a, b, c)| (a.key(), (*b, *c))).collect();
        let state = State { script, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), live: broadcast::channel(64).0 })
    }

    /// Publishes the incident, as an agent does when it sees or loses one.
    pub(crate) fn publish(&self, incident: &Incident) {
        self.state.lock().unwrap().incidents.insert(incident.id, incident.clone());
        self.tell(StreamEvent::Incident(Box::new(incident.clone())));
    }

    fn tell(&self, event: StreamEvent) {
        let mut state = self.state.lock().unwrap();
        state.sequence += 1;
        let _ = self.live.send(Heard { id: state.sequence.to_string(), event });
    }

    /// Everything that is under way ends like this, and nobody is told.
    pub(crate) fn finish(&self, to: ExecutionState) {
        let mut state = self.state.lock().unwrap();
        for execution in state.executions.values_mut().filter(|it| !it.state.is_final()) {
            execution.state = to;
            execution.finished_at = Some(Timestamp::now());
        }
    }

    /// A person decides about what waits.
    pub(crate) fn decide(&self, to: ExecutionState) {
        for execution in self.change(ExecutionState::Proposed, to) {
            self.tell(StreamEvent::Execution(Box::new(execution)));
        }
    }

    /// A person wants back what was verified; it ends like this.
    pub(crate) fn take_back(&self, to: ExecutionState) {
        for execution in self.change(ExecutionState::Verified, to) {
            self.tell(StreamEvent::Execution(Box::new(execution)));
        }
    }

    /// The same while nobody listens.
    pub(crate) fn take_back_unheard(&self, to: ExecutionState) {
        self.change(ExecutionState::Verified, to);
    }

    /// From now on this strategy ends like this.
    pub(crate) fn script(&self, strategy: &Strategy, to: ExecutionState, code: &'static str) {
        self.state.lock().unwrap().script.insert(strategy.key(), (to, code));
    }

    fn change(&self, from: ExecutionState, to: ExecutionState) -> Vec<Execution> {
        let mut state = self.state.lock().unwrap();
        let all = state.executions.values_mut().filter(|it| it.state == from);
        all.map(|it| {
            it.state = to;
            it.clone()
        })
        .collect()
    }

    /// From now on it answers that it cannot, for this reason.
    pub(crate) fn set_not_now(&self, problem: Problem) {
        self.state.lock().unwrap().not_now = Some(problem);
    }

    /// From now on these members of its analyses are others.
    pub(crate) fn set_said(&self, said: &Value) {
        self.state.lock().unwrap().said.clone_from(said.as_object().unwrap());
    }

    /// Whether it says that there is no such pod.
    pub(crate) fn set_no_pod(&self, no_pod: bool) {
        self.state.lock().unwrap().no_pod = no_pod;
    }

    /// What it was ordered about: each time the name in place of a pod's, and the incident.
    pub(crate) fn ordered(&self) -> Vec<(String, Option<Uuid>)> {
        let state = self.state.lock().unwrap();
        let of = |it: &Order| (it.request.pod_name.clone(), it.request.incident);
        state.orders.iter().map(of).collect()
    }

    /// Every execution of this strategy: its state and the code of its refusal.
    pub(crate) fn ends_of(&self, strategy: &Strategy) -> Vec<(ExecutionState, String)> {
        let code = |it: &Execution| it.refusal.as_ref().map(|it| it.code.clone());
        let state = self.state.lock().unwrap();
        let all = state.executions.values().filter(|it| it.strategy == *strategy);
        all.map(|it| (it.state, code(it).unwrap_or_default())).collect()
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.state.lock().unwrap().away = away;
    }

    pub(crate) fn orders(&self) -> Vec<(String, String)> {
        let key = |it: &Order| {
            let strategy = it.request.strategy.clone().into();
            let strategy: Strategy = serde_json::from_value(strategy).unwrap();
            (it.idempotency_key.clone(), strategy.key())
        };
        self.state.lock().unwrap().orders.iter().map(key).collect()
    }

    pub(crate) fn strategies(&self) -> Vec<String> {
        self.orders().into_iter().map(|it| it.1).collect()
    }

    /// After which message each connection wanted to read on.
    pub(crate) fn resumed_after(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().resumed_after.clone()
    }

    fn here(&self) -> Result<(), AgentError> {
        if self.state.lock().unwrap().away {
            return Err(AgentError::Unreachable { url: URL.to_owned(), source: "away".into() });
        }
        if let Some(problem) = self.state.lock().unwrap().not_now.clone() {
            return Err(AgentError::NotNow { url: URL.to_owned(), problem: Box::new(problem) });
        }
        Ok(())
    }

    fn carry_out(&self, order: &Order) -> Execution {
        let mut state = self.state.lock().unwrap();
        state.orders.push(order.clone());
        if let Some(id) = state.by_key.get(&order.idempotency_key) {
            return state.executions[id].clone();
        }
        let strategy = order.request.strategy.clone().into();
        let strategy: Strategy = serde_json::from_value(strategy).unwrap();
        let outcome = state.script.get(&strategy.key()).copied();
        let (end, code) = outcome.unwrap_or((ExecutionState::Verified, ""));
        let pod = Some(order.request.pod_name.clone());
        let is_it = |it: &&Incident| Some(it.id) == order.request.incident || it.pod == pod;
        let incident = state.incidents.values().find(is_it).unwrap().clone();
        let execution = execution(&incident, strategy, end, code);
        if execution.is_progress() {
            // The template is another with the fix.
            let behind =
                Incident { spec_hash: format!("{}-behind", incident.spec_hash), ..incident };
            state.incidents.insert(behind.id, behind);
            state.script.remove(&execution.strategy.key());
        }
        state.by_key.insert(order.idempotency_key.clone(), execution.id);
        state.executions.insert(execution.id, execution.clone());
        execution
    }
}

pub(crate) fn execution(
    incident: &Incident,
    strategy: Strategy,
    state: ExecutionState,
    code: &str,
) -> Execution {
    let now = Timestamp::now();
    let passes = ["too_often", "storm", "just_changed"].contains(&code);
    let refusal = RefusalReport {
        retry_secs: passes.then_some(1),
        ..RefusalReport::new(code, format!("because of {code}"))
    };
    Execution {
        id: Uuid::now_v7(),
        incident: Some(incident.id),
        cluster: incident.cluster.clone(),
        subject: incident.subject.clone(),
        pod: incident.pod.clone().unwrap_or_else(|| incident.subject.name.clone()),
        fault: incident.fault,
        context: incident.context.clone(),
        spec_hash: incident.spec_hash.clone(),
        strategy,
        risk: Risk::Auto,
        diff: String::new(),
        undo: String::new(),
        state,
        dry_run: false,
        requested_by: "reflexion".to_owned(),
        decided_by: None,
        undone_by: None,
        requested_at: now,
        applied_at: Some(now),
        finished_at: state.is_final().then_some(now),
        verdict: (code == "fault_behind").then_some(Verdict::Progress),
        refusal: (!code.is_empty()).then_some(refusal),
        checks: vec![],
        again: false,
        result_hash: None,
        seen_hash: None,
    }
}

impl Agent for ScriptedAgent {
    fn url(&self) -> &'static str {
        URL
    }

    fn check(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async { self.here() }.boxed()
    }

    fn follow(&self, after: Option<String>) -> BoxFuture<'_, Result<Stream, AgentError>> {
        async move {
            self.here()?;
            self.state.lock().unwrap().resumed_after.push(after);
            let live = BroadcastStream::new(self.live.subscribe());
            Ok(live.map(|it| Ok(it.unwrap())).boxed())
        }
        .boxed()
    }

    fn analyze(
        &self,
        request: K8sGptAnalyzeRequest,
    ) -> BoxFuture<'_, Result<K8sGptAnalyzeResponse, AgentError>> {
        async move {
            self.here()?;
            let pod = Some(request.pod_name);
            let state = self.state.lock().unwrap();
            let Some(incident) = state.incidents.values().rev().find(|it| it.pod == pod) else {
                let problem = Problem::new(404, "pod-not-found", "no such pod", "");
                return Err(AgentError::Problem(Box::new(problem)));
            };
            Ok(analysis::analysis(incident, &state.said))
        }
        .boxed()
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Result<ExecuteFixResponse, AgentError>> {
        async move {
            self.here()?;
            if self.state.lock().unwrap().no_pod {
                let problem = Problem::new(404, "pod-not-found", "Pod shop/web-1 is not there", "");
                return Err(AgentError::Problem(Box::new(problem)));
            }
            let execution = self.carry_out(&order);
            Ok(ExecuteFixResponse {
                success: execution.state != ExecutionState::Refused,
                execution_id: execution.id.to_string(),
                result: Map::new(),
                error: String::new(),
                timestamp: String::new(),
            })
        }
        .boxed()
    }

    fn execution(&self, id: Uuid) -> BoxFuture<'_, Result<Execution, AgentError>> {
        async move {
            self.here()?;
            Ok(self.state.lock().unwrap().executions[&id].clone())
        }
        .boxed()
    }

    fn withdraw(&self, id: Uuid) -> BoxFuture<'_, Result<Execution, AgentError>> {
        async move {
            self.here()?;
            let mut state = self.state.lock().unwrap();
            let execution = state.executions.get_mut(&id).unwrap();
            if execution.state != ExecutionState::Proposed {
                let problem = Problem::new(409, "too-late", "decided", "");
                return Err(AgentError::Problem(Box::new(problem)));
            }
            execution.state = ExecutionState::Rejected;
            execution.refusal = Some(RefusalReport::new("superseded", "another takes its place"));
            Ok(execution.clone())
        }
        .boxed()
    }

    fn incident(&self, id: Uuid) -> BoxFuture<'_, Result<Incident, AgentError>> {
        async move {
            self.here()?;
            Ok(self.state.lock().unwrap().incidents[&id].clone())
        }
        .boxed()
    }
}
