//! What a fix needs around it: the journal, the policy, the mode, and what is under way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diagnosis::Patience;
use jiff::{SignedDuration, Timestamp};
use remedy::Policy;
use tokio::sync::{Semaphore, watch};
use types::{Execution, ExecutionState, RefusalReport, StreamEvent};
use uuid::Uuid;

use super::mode::{Switch, first_mode, unarmed};
use crate::Agent;
use crate::cluster::{ClusterError, STOP_OBJECT};
use crate::config::Config;
use crate::journal::{BrokenChain, Journal, JournalError, Stored};
use crate::lead::{Lead, NotLeading};

/// How long the journal is left alone after it refused, growing with each time.
const JOURNAL_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two tries to write the journal.
const MAX_JOURNAL_PAUSE: Duration = Duration::from_secs(30);

/// Carries out fixes, one per workload at a time, and keeps their journal.
pub struct Fixer {
    pub(super) agent: Agent,
    pub(super) journal: Journal,
    pub(super) lead: Arc<Lead>,
    pub(super) policy: Policy,
    pub(super) policy_given: bool,
    pub(super) authenticated: bool,
    pub(super) patience: Patience,
    pub(super) own_namespaces: Vec<String>,
    /// One decision at a time: between reading the caps and journalling the intent nobody else decides.
    pub(super) deciding: Semaphore,
    /// When a storm was last seen, by the namespace from which.
    pub(super) last_storms: Mutex<BTreeMap<String, Timestamp>>,
    pub(super) switch: Switch,
    under_way: Mutex<BTreeMap<Uuid, Execution>>,
    reached: watch::Sender<u64>,
}

/// Why fixes cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal was changed by somebody else.
    #[error("{0}; keep the file as evidence, and start again with an empty data directory")]
    Chain(BrokenChain),
    /// The policy file cannot be read.
    #[error("policy file {path} cannot be read")]
    PolicyFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The policy does not say what a policy has to say.
    #[error("policy file {path}: {problems}; docs/policy.md explains every field")]
    Policy {
        /// The file.
        path: String,
        /// What is wrong with it.
        problems: String,
    },
    /// The stop object is in the cluster.
    #[error("the ConfigMap {STOP_OBJECT} in the cluster stops all writing; delete it first")]
    Held,
    /// Somebody stopped all writing while a higher mode was being set.
    #[error("all writing was stopped while the mode was being set, so it stays stopped")]
    Overtaken,
    /// The mode holds here, and another replica may not know of it.
    #[error("the mode is set here, and another replica may not know of it")]
    NotShared(#[source] NotLeading),
    /// The Lease is ours and could not be written.
    #[error("the Lease could not be written")]
    Lease(#[source] ClusterError),
    /// Mode `auto` lacks what it wants.
    #[error("mode auto wants {0}; give it, or start with --mode observe, which always counts")]
    Unarmed(&'static str),
}

impl Fixer {
    /// Opens the journal and the policy, and goes on with what an earlier life of the process left.
    pub async fn open(agent: Agent, config: &Config, lead: Lead) -> Result<Arc<Self>, OpenError> {
        let journal = Journal::open(&config.data).await?;
        journal.verify_chain().await?.map_err(OpenError::Chain)?;
        let policy = config.policy.as_deref().map(read_policy).transpose()?;
        let (policy_given, authenticated) = (policy.is_some(), config.authenticates());
        let mode = first_mode(&journal, config).await?;
        if let Some(missing) = unarmed(mode, policy_given, authenticated) {
            return Err(OpenError::Unarmed(missing));
        }
        let storms = journal.storms().await?;
        let policy = policy.unwrap_or_default();
        // A second life in the same process has the same policy, or offers what its guard refuses.
        drop(agent.caps.set(policy.caps.clone()));
        let fixer = Arc::new(Self {
            agent,
            journal,
            lead: Arc::new(lead),
            policy,
            policy_given,
            authenticated,
            patience: Patience {
                settle: signed(config.settle()),
                deadline: signed(config.verify()),
            },
            own_namespaces: own_namespaces(config),
            deciding: Semaphore::new(1),
            last_storms: Mutex::new(storms),
            switch: Switch::new(mode),
            under_way: Mutex::default(),
            reached: watch::Sender::new(0),
        });
        fixer.recall().await?;
        fixer.resume().await?;
        fixer.recall_yeses().await?;
        Ok(fixer)
    }

    /// How many fixes are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The executions that have not reached a final state, for a reader that joins the stream.
    pub fn unfinished(&self) -> Vec<Execution> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// What all parts of the process share.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The policy, as it was read at the start.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The journal, for readers.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Tells everybody about the state that an execution has reached.
    pub(super) fn publish(&self, execution: &Execution) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let was_under_way =
            if execution.state.is_final() || execution.state == ExecutionState::Proposed {
                under_way.remove(&execution.id)
            } else {
                under_way.insert(execution.id, execution.clone())
            };
        drop(under_way);
        let is_taking_hold =
            matches!(execution.state, ExecutionState::Applying | ExecutionState::Verifying);
        // A proposal or a refusal says nothing of the fix that may be under way beside it; what the cluster
        // refuses, or what was overtaken, was under way itself.
        if is_taking_hold || was_under_way.is_some() || execution.applied_at.is_some() {
            self.agent.incidents.hold(&execution.subject, is_taking_hold);
        }
        self.agent.measures.execution(execution);
        self.tell(execution);
        self.agent.feed.publish(StreamEvent::Execution(Box::new(execution.clone())));
        self.reached.send_modify(|it| *it += 1);
        tracing::info!(
            execution = %execution.id, subject = %execution.subject, state = %execution.state,
            strategy = execution.strategy.key(), "execution"
        );
    }

    /// Moves an execution to a state, in the journal first, and publishes it. Waits for a journal that refuses:
    /// the cluster was written already, and what was written has to be known.
    pub(super) async fn reach(&self, fix: &mut Stored, state: ExecutionState) {
        fix.execution.state = state;
        if state.is_final() {
            fix.execution.finished_at = Some(Timestamp::now());
        }
        let mut pause = JOURNAL_PAUSE;
        while let Err(error) = self.journal.update(fix, None).await {
            tracing::error!(
                error = service::telemetry::chain(&error),
                "the journal refuses; trying again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_JOURNAL_PAUSE);
        }
        self.note_for_others(fix);
        self.publish(&fix.execution);
    }

    /// The end of a fix.
    pub(super) async fn report(&self, mut fix: Stored, state: ExecutionState) {
        self.reach(&mut fix, state).await;
    }

    /// What the fix was made for is over, and it stays; what is seen behind it is told at once, for it is answered
    /// by itself.
    pub(super) async fn keep(&self, mut fix: Stored) {
        let behind = fix.execution.checks.last().map(|it| it.note.clone()).unwrap_or_default();
        fix.execution.refusal = Some(RefusalReport::new("fault_behind", behind));
        let subject = &fix.execution.subject;
        self.agent.incidents.hold(subject, false);
        match self.objects(subject).await {
            Ok(objects) => crate::triage::report_anew(&self.agent, &objects).await,
            // The next change brings it.
            Err(error) => {
                let error = self.words(subject, &error);
                tracing::warn!(error, %subject, "the workload cannot be looked at");
            }
        }
        self.report(fix, ExecutionState::Verified).await;
    }

    /// The workload went away while its fix was verified: neither a win nor a loss, and nothing is left to take back.
    pub(super) async fn report_gone(&self, mut fix: Stored) {
        let detail = "the workload was deleted while its fix was verified";
        fix.execution.refusal = Some(RefusalReport::new("gone", detail));
        self.reach(&mut fix, ExecutionState::Undone).await;
    }

    /// Waits until the execution has ended or waits for a person, at most so long; as it is then.
    pub async fn wait(&self, id: Uuid, limit: Duration) -> Result<Option<Execution>, JournalError> {
        let mut reached = self.reached.subscribe();
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let found = self.journal.find(id).await?.map(|it| it.execution);
            let rests = found
                .as_ref()
                .is_none_or(|it| it.state.is_final() || it.state == ExecutionState::Proposed);
            let changed = tokio::time::timeout_at(deadline, reached.changed());
            if rests || !matches!(changed.await, Ok(Ok(()))) {
                return Ok(found);
            }
        }
    }
}

/// What can be known to be wrong before the journal is opened.
pub(crate) fn check_settings(config: &Config) -> Result<(), OpenError> {
    let policy = config.policy.as_deref().map(read_policy).transpose()?;
    match unarmed(config.mode.into(), policy.is_some(), config.authenticates()) {
        Some(missing) => Err(OpenError::Unarmed(missing)),
        None => Ok(()),
    }
}

/// The policy of this file, or what is wrong with it.
pub(crate) fn read_policy(path: &Path) -> Result<Policy, OpenError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| OpenError::PolicyFile { path: shown.clone(), source })?;
    let policy: Policy = serde_yaml_ng::from_str(&text)
        .map_err(|it| OpenError::Policy { path: shown.clone(), problems: it.to_string() })?;
    let problems = policy.validate();
    if problems.is_empty() {
        Ok(policy)
    } else {
        Err(OpenError::Policy { path: shown, problems: problems.join("; ") })
    }
}

/// The namespace that this process runs in, when it runs in a pod.
pub(crate) fn own_namespace() -> Option<String> {
    let file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    std::fs::read_to_string(file).ok().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}

/// Where the agent is at home, wherever its process runs: its pods, the account that writes for it, the Lease by
/// which its replicas agree, and the object that stops it.
fn own_namespaces(config: &Config) -> Vec<String> {
    let set = [
        own_namespace(),
        config.executor.as_ref().map(|it| it.namespace.clone()),
        config.restorer.as_ref().map(|it| it.namespace.clone()),
        config.lease.as_ref().map(|it| it.namespace.clone()),
        config.stop_namespace.clone(),
    ];
    let mut res: Vec<String> = set.into_iter().flatten().collect();
    res.sort();
    res.dedup();
    res
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn an_agent_outside_of_the_cluster_is_at_home_where_its_settings_lead() {
        let set = ["agent", "--executor", "writers/executor", "--lease", "leases/agent"];
        let stop = ["--stop-namespace", "writers"];

        let config = Config::try_parse_from(set.iter().chain(&stop)).unwrap();
        let nothing = Config::try_parse_from(["agent"]).unwrap();

        assert_eq!(own_namespaces(&config), ["leases", "writers"]);
        assert!(own_namespaces(&nothing).is_empty());
    }
}
