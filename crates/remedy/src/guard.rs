//! The guard: a pure function that answers with an approved plan or a refusal with a stable code.

mod refusal;
mod scope;
mod fields;
mod images;
mod traffic;
mod amounts;
mod causes;
mod names;
mod windows;
mod repeats;
mod restarts;
mod taken_back;
mod just_changed;

use jiff::Timestamp;
use types::{
    Action, Edit, Evidence, FieldPath, FixPlan, Mode, ObjectRef, Owner, Risk, Step, Strategy,
    Suppression, Verdict,
};

pub use refusal::Refusal;
pub use windows::budget_spent;

use crate::patch::restart_path;
use crate::place;
use crate::policy::HARD_DENIED;
use crate::{Policy, raise};

/// How far the clock of the evidence may run ahead of the guard's.
const CLOCK_SKEW_SECS: i64 = 5;

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
    /// Whether it has not ended yet.
    pub under_way: bool,
    /// What it did; `None` while it is under way, and where nobody could tell.
    pub verdict: Option<Verdict>,
    /// Whether it was taken back, whole, or left nothing to take back (an eviction, a restart).
    pub undone: bool,
    /// Whether the very fault that it was made for was seen again with it, in the same container.
    pub again: bool,
    /// Hash over the template with it, where that was seen.
    pub result_hash: Option<String>,
    /// What it wrote in the workload.
    pub edits: Vec<Edit>,
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
    /// What lies longer ago.
    pub past: Past<'a>,
    /// Workloads of the cluster that are not healthy.
    pub unhealthy: usize,
    /// Workloads of the cluster; 0 when they could not be counted.
    pub workloads: usize,
    /// The namespaces that the agent is at home in: never written.
    pub own_namespaces: Vec<&'a str>,
    /// When [`Policy::is_stormy`] was last true, as far as anybody looked.
    pub last_storm: Option<Timestamp>,
    /// Who accepted this trouble, where somebody did.
    pub accepted: Option<&'a Suppression>,
}

/// What counts of what lies longer ago than four hours.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past<'a> {
    /// Our writes before that: those of the workload, and as many as the window of the error budget may reach back
    /// to. What they wrote may be left out.
    pub writes: &'a [PastWrite],
    /// When a person last set mode `auto`: what was written before, he has looked at, and it is not held against
    /// automation again.
    pub armed_at: Option<Timestamp>,
}

/// A plan that the guard let through. Only [`approve`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovedPlan(FixPlan);

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &FixPlan {
        &self.0
    }
}

type Check = fn(&FixPlan, &Policy, &World<'_>) -> Result<(), Refusal>;

/// What every plan has to pass, whoever asks.
const FOR_ALL: &[Check] = &[
    mode_acts,
    strategy_is_on,
    facts_are_fresh,
    namespace_is_open,
    workload_takes_part,
    scope::steps_are_in_scope,
    nobody_else_owns_the_fields,
];

/// What a plan that writes has to pass too, whoever asks.
const FOR_WRITES: &[Check] =
    &[windows::nothing_is_in_flight, repeats::has_not_failed_before, windows::caps_hold];

/// What a machine that writes has to pass besides. A person's yes answers these.
const FOR_MACHINES: &[Check] = &[
    windows::is_not_stranded,
    windows::is_not_locked,
    windows::no_storm_rages,
    windows::budget_is_left,
    trouble_is_not_accepted,
    repeats::was_not_put_back,
    machine_may_act,
    // The last: it is told where nothing else but time is missing.
    just_changed::nobody_is_at_it,
];

/// The plan, if policy and world allow it. What is not allowed in so many words is refused.
pub fn approve(plan: FixPlan, policy: &Policy, world: &World<'_>) -> Result<ApprovedPlan, Refusal> {
    let mut checks = FOR_ALL.to_vec();
    if plan.writes() {
        checks.extend(FOR_WRITES);
        match &world.authority {
            Authority::Automation => checks.extend(FOR_MACHINES),
            Authority::Person(_) => {}
        }
    }
    checks.into_iter().try_for_each(|check| check(&plan, policy, world))?;
    Ok(ApprovedPlan(plan))
}

fn mode_acts(_: &FixPlan, _: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    match world.mode {
        Mode::Observe => Err(Refusal::Observing),
        Mode::Suggest | Mode::Auto => Ok(()),
    }
}

/// Who may say yes, by the policy's word on the strategy, and on that of references where the plan mends some as well.
fn consent(plan: &FixPlan, policy: &Policy) -> Result<Risk, Refusal> {
    let beside = images::mends_references(plan).then_some(Strategy::FixReference);
    let strategies = std::iter::once(&plan.strategy).chain(&beside);
    let consents = strategies
        .map(|it| policy.consent(it, plan.risk).ok_or_else(|| Refusal::SwitchedOff(it.name())));
    consents.collect::<Result<Vec<_>, _>>().map(|it| it.into_iter().max().unwrap_or(Risk::Advice))
}

fn strategy_is_on(plan: &FixPlan, policy: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    // What nothing could prove in time is advice, whatever the plan says.
    let plan = place::provable(plan.clone(), world.evidence);
    match consent(&plan, policy)? {
        Risk::Advice => Err(Refusal::AdviceOnly),
        Risk::Auto | Risk::Ask => Ok(()),
    }
}

fn facts_are_fresh(_: &FixPlan, policy: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    let age_secs = world.now.as_second().saturating_sub(world.evidence.taken_at.as_second());
    let ttl_secs = i64::try_from(policy.evidence_ttl_seconds).unwrap_or(i64::MAX);
    if (-CLOCK_SKEW_SECS..=ttl_secs).contains(&age_secs) {
        Ok(())
    } else {
        Err(Refusal::StaleEvidence { age_secs, ttl_secs })
    }
}

fn namespace_is_open(plan: &FixPlan, policy: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    let targets = plan.steps.iter().map(|it| &it.target).chain([&world.evidence.subject]);
    for namespace in targets.map(|it| it.namespace.as_str()) {
        let is_denied = namespace.is_empty()
            || HARD_DENIED.contains(&namespace)
            || world.own_namespaces.contains(&namespace)
            || policy.denied_namespaces.iter().any(|it| it == namespace);
        if is_denied {
            return Err(Refusal::NamespaceDenied(namespace.to_owned()));
        }
    }
    Ok(())
}

fn workload_takes_part(_: &FixPlan, _: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    let workload = &world.evidence.workload;
    if workload.opted_out {
        Err(Refusal::OptedOut)
    } else if workload.paused {
        Err(Refusal::Paused)
    } else {
        Ok(())
    }
}

/// An eviction writes no field; a pod has no other owner than the one that owns its whole template.
fn nobody_else_owns_the_fields(
    plan: &FixPlan,
    _: &Policy,
    world: &World<'_>,
) -> Result<(), Refusal> {
    for step in &plan.steps {
        if let Some((owner, path)) = owner_of_step(step, world.evidence) {
            let field = path.as_str().to_owned();
            return Err(Refusal::OwnedElsewhere { owner: owner.name.clone(), field });
        }
    }
    Ok(())
}

/// Who else writes a field of this step, and which.
pub(crate) fn owner_of_step<'a>(
    step: &Step,
    evidence: &'a Evidence,
) -> Option<(&'a Owner, FieldPath)> {
    let paths = match &step.action {
        Action::Edit(edits) => edits.iter().map(|it| it.path.clone()).collect(),
        Action::Restart => vec![restart_path()],
        Action::Evict => vec![],
    };
    let owners = &evidence.workload.owners;
    paths.into_iter().find_map(|path| {
        let owner = owners.iter().find(|it| owns(it, &path))?;
        Some((owner, path))
    })
}

/// Whether the field, part of it or what it lies in is his. A field that cannot be read is all of it.
fn owns(owner: &Owner, path: &FieldPath) -> bool {
    let touches = |it: &String| {
        FieldPath::parse(it).is_none_or(|it| path.is_within(&it) || it.is_within(path))
    };
    owner.fields.is_empty() || owner.fields.iter().any(touches)
}

/// Somebody knows of this trouble, and said that it may stay.
fn trouble_is_not_accepted(_: &FixPlan, _: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    let Some(accepted) = world.accepted else { return Ok(()) };
    Err(Refusal::Accepted { by: accepted.by.clone(), until: accepted.until })
}

/// What a write unasked needs: mode, policy, authentication, enrolment, and a plan that may go unasked.
fn machine_may_act(plan: &FixPlan, policy: &Policy, world: &World<'_>) -> Result<(), Refusal> {
    if world.mode != Mode::Auto {
        return Err(Refusal::NeedsApproval("mode is `suggest`".to_owned()));
    }
    if !world.policy_given {
        return Err(Refusal::PolicyMissing);
    }
    if !world.authenticated {
        return Err(Refusal::NotAuthenticated);
    }
    if !world.enrolled {
        return Err(Refusal::NamespaceNotEnrolled(world.evidence.subject.namespace.clone()));
    }
    if let Some(why) = asks_by_facts(plan, policy, world.evidence) {
        return Err(Refusal::NeedsApproval(why));
    }
    match consent(plan, policy)? {
        Risk::Auto => Ok(()),
        Risk::Ask if is_vouched_for(plan, policy) => Ok(()),
        Risk::Ask | Risk::Advice => Err(Refusal::NeedsApproval(format!(
            "the strategy `{}` asks a person here",
            plan.strategy.name()
        ))),
    }
}

/// What the facts hold against going unasked, whatever the policy says.
fn asks_by_facts(plan: &FixPlan, policy: &Policy, evidence: &Evidence) -> Option<String> {
    if let Some(said) = &evidence.workload.maintenance {
        return Some(format!(
            "it says that it is under maintenance ({said}), and may be as it should be"
        ));
    }
    if let Some(field) = place::turned_back(plan, evidence) {
        return Some(format!(
            "{field} was turned back before and holds again what it held then: two owners take turns"
        ));
    }
    if let Some(why) = place::other_hand(plan, evidence) {
        return Some(why);
    }
    let why = if raise::sets_amounts(&plan.strategy) && evidence.may_be_scaled() {
        "whether a VerticalPodAutoscaler sets its amounts could not be read"
    } else if raise::is_unsure(plan, evidence) {
        "its log alone speaks for more memory, or against it"
    } else if images::is_only_listed(plan, policy, evidence) {
        "only the registry says that there is such a tag; it never ran here"
    } else if restarts::is_unbacked(plan, policy, evidence) {
        "nothing that is known says that a new pod would do better than this one"
    } else {
        taken_back::is_for_good(plan, policy, evidence)?
    };
    Some(why.to_owned())
}

/// Whether all it does is to put images that the operator listed, and he did not ask to be asked.
fn is_vouched_for(plan: &FixPlan, policy: &Policy) -> bool {
    let is_replacement = matches!(plan.strategy, Strategy::ReplaceImageTag { .. })
        && !policy.strategies.contains_key(plan.strategy.name());
    is_replacement
        && plan.steps.iter().all(|step| match &step.action {
            Action::Edit(edits) => edits.iter().all(|it| {
                let image = it.to.as_ref().and_then(serde_json::Value::as_str);
                image.is_some_and(|it| policy.allowed_images.iter().any(|listed| listed == it))
            }),
            Action::Evict => true,
            Action::Restart => false,
        })
}
