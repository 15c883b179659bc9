//! The guard: a pure function that answers with an approved plan or a refusal with a stable code.

use jiff::Timestamp;
use types::{Evidence, FixPlan, Mode, ObjectRef, Verdict};

use crate::Policy;

/// Who wants the plan carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// Reflexion, or any caller that only orders: the policy decides alone.
    Automation,
    /// A person who said yes to this very plan, by the name behind the token.
    Person(String),
}

/// A write of ours in the past, from the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct PastWrite {
    /// When.
    pub at: Timestamp,
    /// The root owner that was written.
    pub subject: ObjectRef,
    /// Hash over its template before the write.
    pub spec_hash: String,
    /// The strategy's key.
    pub strategy: String,
    /// How it ended; `None` while it is under way.
    pub verdict: Option<Verdict>,
    /// Whether it was taken back, whole.
    pub undone: bool,
}

/// What the guard has to know of the world. Unknown counts as the worst.
#[derive(Debug, Clone)]
pub struct World<'a> {
    /// When.
    pub now: Timestamp,
    /// What the agent may do.
    pub mode: Mode,
    /// Who wants it.
    pub authority: Authority,
    /// Whether callers of the API are authenticated.
    pub authenticated: bool,
    /// Whether a policy was given by the operator.
    pub policy_given: bool,
    /// Whether the namespace carries the enrolment label.
    pub enrolled: bool,
    /// The facts that the plan was made from, not older than the policy's time to live.
    pub evidence: &'a Evidence,
    /// Our writes of the last four hours, any order.
    pub writes: &'a [PastWrite],
    /// Workloads of the cluster that are not healthy.
    pub unhealthy: usize,
    /// Workloads of the cluster; 0 when they could not be counted.
    pub workloads: usize,
    /// The namespace that the agent runs in, when it runs in the cluster: never written.
    pub own_namespace: Option<&'a str>,
    /// When [`Policy::is_stormy`] was last true, if it was since the start.
    pub last_storm: Option<Timestamp>,
}

/// A plan that the guard let through. Only [`approve`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovedPlan(FixPlan);

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &FixPlan {
        &self.0
    }

    /// What takes it back: approved with it.
    #[must_use]
    pub fn undo(&self) -> Self {
        Self(self.0.undo())
    }
}

/// Why the guard did not let a plan through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Mode is `observe`.
    Observing,
    /// It needs a person's yes. The only refusal that a yes can answer.
    NeedsApproval(String),
}

impl Refusal {
    /// Stable, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Observing => "observing",
            Self::NeedsApproval(_) => "needs_approval",
        }
    }

    /// For people, with what to do next.
    pub fn detail(&self) -> String {
        match self {
            Self::Observing => "the agent only observes; set mode `suggest` or `auto`".to_owned(),
            Self::NeedsApproval(reason) => reason.clone(),
        }
    }
}

/// The plan, if policy and world allow it.
pub fn approve(
    plan: FixPlan,
    _policy: &Policy,
    world: &World<'_>,
) -> Result<ApprovedPlan, Refusal> {
    if world.mode == Mode::Observe { Err(Refusal::Observing) } else { Ok(ApprovedPlan(plan)) }
}
