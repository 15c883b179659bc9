//! What each strategy may do to which object, checked on the steps themselves, whoever planned them.

use types::{Action, Evidence, FixPlan, Kind, PodFacts, Risk, Step, Strategy, Subresource};

use super::{Refusal, World, fields, traffic};
use crate::Policy;
use crate::leftover::{fills_a_quota, is_leftover};
use crate::place;
use crate::privilege;
use crate::raise::is_alive;
use crate::revision;

/// Steps of one plan: one edit, and what makes its pods follow it.
const MAX_STEPS: usize = 3;

/// What a step is aimed at.
#[derive(Clone, Copy, PartialEq)]
enum Target<'a> {
    /// The incident's own workload or Service.
    Subject,
    /// One of its pods.
    Pod(&'a PodFacts),
}

pub(super) fn steps_are_in_scope(
    plan: &FixPlan,
    policy: &Policy,
    world: &World<'_>,
) -> Result<(), Refusal> {
    if MAX_STEPS < plan.steps.len() {
        return Err(outside(plan.strategy.name(), "a plan has at most three steps"));
    }
    let is_repeated = |index: usize, step: &Step| {
        plan.steps.iter().skip(index + 1).any(|it| it.target.is_same(&step.target))
    };
    if plan.steps.iter().enumerate().any(|(index, it)| is_repeated(index, it)) {
        return Err(outside(plan.strategy.name(), "each object is written once"));
    }
    let subject_steps =
        plan.steps.iter().filter(|it| it.target.is_same(&world.evidence.subject)).count();
    if 1 < subject_steps {
        return Err(outside(plan.strategy.name(), "the workload is written once"));
    }
    for step in &plan.steps {
        let target = target(step, world.evidence)?;
        match &step.action {
            Action::Edit(edits) => {
                edit_is_in_scope(plan, step, target, world.evidence)?;
                let kind = step.target.kind;
                let (risk, evidence) = (plan.risk, world.evidence);
                let scene = fields::Scene { kind, risk, evidence, policy, world };
                match plan.strategy {
                    Strategy::RollBack => {
                        is_own_revision(edits, world.evidence)?;
                        gives_no_rights(plan, edits, world.evidence)?;
                    }
                    Strategy::FixSelector | Strategy::FixServicePort => {
                        traffic::is_in_scope(plan, edits, world.evidence)?;
                    }
                    Strategy::ReplaceImageTag { .. }
                    | Strategy::RaiseMemoryLimit { .. }
                    | Strategy::LowerRequests
                    | Strategy::RaiseCpuLimit { .. }
                    | Strategy::CorrectTypo
                    | Strategy::RestoreReplicas
                    | Strategy::ClearLeftovers
                    | Strategy::RerunJob
                    | Strategy::RemoveTaint
                    | Strategy::RelaxProbe
                    | Strategy::FixProbePort
                    | Strategy::FixReference
                    | Strategy::RestartPod
                    | Strategy::RestartRollout
                    | Strategy::Wait => fields::are_in_scope(&plan.strategy, edits, &scene)?,
                }
            }
            Action::Evict => eviction_is_in_scope(plan, target, world.evidence)?,
            Action::Restart => restart_is_in_scope(plan, step, target)?,
        }
    }
    Ok(())
}

/// The object as it was read: same uid, same resourceVersion, both known.
fn target<'a>(step: &Step, evidence: &'a Evidence) -> Result<Target<'a>, Refusal> {
    let wanted = &step.target;
    if wanted.uid.is_empty() || wanted.resource_version.is_empty() {
        return Err(Refusal::Unidentified(wanted.to_string()));
    }
    if *wanted == evidence.subject {
        return Ok(Target::Subject);
    }
    let is_ours = wanted.kind == Kind::Pod && wanted.namespace == evidence.subject.namespace;
    evidence
        .pods
        .iter()
        .find(|it| {
            is_ours
                && it.name == wanted.name
                && it.uid == wanted.uid
                && it.resource_version == wanted.resource_version
        })
        .map(Target::Pod)
        .ok_or_else(|| Refusal::ForeignTarget(wanted.to_string()))
}

fn edit_is_in_scope(
    plan: &FixPlan,
    step: &Step,
    target: Target<'_>,
    evidence: &Evidence,
) -> Result<(), Refusal> {
    let name = plan.strategy.name();
    let kind = evidence.subject.kind;
    let is_batch = matches!(kind, Kind::Job | Kind::CronJob);
    let fits = match (&plan.strategy, target, step.subresource) {
        (Strategy::ReplaceImageTag { .. }, Target::Pod(_), None) => is_batch,
        (
            Strategy::RaiseMemoryLimit { .. }
            | Strategy::LowerRequests
            | Strategy::RaiseCpuLimit { .. },
            Target::Subject,
            Some(Subresource::Resize),
        ) => kind == Kind::Pod,
        (
            Strategy::RaiseMemoryLimit { .. } | Strategy::RaiseCpuLimit { .. },
            Target::Pod(pod),
            Some(Subresource::Resize),
        ) => resize_is_in_scope(plan, pod, evidence),
        (Strategy::ReplaceImageTag { .. }, Target::Subject, None) => {
            has_template(kind) || kind == Kind::Pod
        }
        (
            Strategy::RaiseMemoryLimit { .. }
            | Strategy::LowerRequests
            | Strategy::RaiseCpuLimit { .. }
            | Strategy::RelaxProbe
            | Strategy::FixProbePort
            | Strategy::FixReference,
            Target::Subject,
            None,
        ) => has_template(kind),
        (Strategy::RollBack, Target::Subject, None) => {
            let may_return = || plan.risk != Risk::Auto || evidence.workload.never_worked.is_some();
            has_revisions(kind) || kind == Kind::CronJob && may_return()
        }
        (Strategy::FixSelector | Strategy::FixServicePort, Target::Subject, None) => {
            kind == Kind::Service
        }
        (
            Strategy::RestartPod
            | Strategy::RestartRollout
            | Strategy::Wait
            | Strategy::CorrectTypo
            | Strategy::RestoreReplicas
            | Strategy::ClearLeftovers
            | Strategy::RerunJob
            | Strategy::RemoveTaint,
            _,
            _,
        )
        | (_, Target::Pod(_), _)
        | (_, Target::Subject, Some(Subresource::Resize)) => false,
    };
    if fits { Ok(()) } else { Err(outside(name, "this strategy does not edit such an object")) }
}

/// A broken pod that runs and that an edit of its template does not reach: beside that edit, or alone where the
/// template cannot be edited at all.
fn resize_is_in_scope(plan: &FixPlan, pod: &PodFacts, evidence: &Evidence) -> bool {
    let kind = evidence.subject.kind;
    let edits_template = plan
        .steps
        .first()
        .is_some_and(|it| it.target == evidence.subject && matches!(it.action, Action::Edit(_)));
    let stays = place::pods_stay(evidence) || kind == Kind::CronJob;
    let is_alone = kind == Kind::Job && !edits_template;
    is_alive(pod) && (stays && edits_template || is_alone)
}

/// A broken pod of an owner that makes it again: as the whole remedy, or so that it follows an edit.
fn eviction_is_in_scope(
    plan: &FixPlan,
    target: Target<'_>,
    evidence: &Evidence,
) -> Result<(), Refusal> {
    let kind = evidence.subject.kind;
    let Target::Pod(pod) = target else {
        return Err(outside("evict", "nothing would make this pod again"));
    };
    if plan.strategy == Strategy::ClearLeftovers {
        return leftover_is_in_scope(pod, evidence);
    }
    if pod.ready || pod.terminating || !(has_revisions(kind) || kind == Kind::ReplicaSet) {
        return Err(outside("evict", "only a broken pod that its owner makes again is evicted"));
    }
    let is_left =
        matches!(kind, Kind::StatefulSet | Kind::ReplicaSet) || place::pods_stay(evidence);
    let follows_edit =
        is_left && plan.steps.first().is_some_and(|it| matches!(it.action, Action::Edit(_)));
    let is_held_up = || {
        let held_up = place::held_up(evidence);
        let uids = held_up.iter().map(|it| it.uid.as_str());
        uids.eq(plan.steps.iter().map(|it| it.target.uid.as_str()))
    };
    let is_remedy =
        plan.strategy == Strategy::RestartPod && (plan.steps.len() == 1 || is_held_up());
    if follows_edit || is_remedy {
        Ok(())
    } else {
        Err(outside("evict", "this strategy does not evict"))
    }
}

/// A pod that is over, of an owner that is no job, and that has all its pods again or gets none for want of a quota
/// which counts this one.
fn leftover_is_in_scope(pod: &PodFacts, evidence: &Evidence) -> Result<(), Refusal> {
    let kind = evidence.subject.kind;
    let makes_others = has_revisions(kind) || kind == Kind::ReplicaSet;
    let was_replaced = place::is_whole(evidence) && is_leftover(pod, evidence);
    if makes_others && (was_replaced || fills_a_quota(pod, evidence)) {
        Ok(())
    } else {
        Err(outside("evict", "only what is over and was replaced is cleared away"))
    }
}

fn restart_is_in_scope(plan: &FixPlan, step: &Step, target: Target<'_>) -> Result<(), Refusal> {
    let is_whole = plan.strategy == Strategy::RestartRollout && plan.steps.len() == 1;
    if is_whole && target == Target::Subject && has_revisions(step.target.kind) {
        Ok(())
    } else {
        Err(outside("restart", "this strategy does not roll such an object"))
    }
}

/// Exactly the edits that lead to an own earlier revision that was ready, at most three back; of a CronJob to what
/// a job was made from that ended well.
fn is_own_revision(edits: &[types::Edit], evidence: &Evidence) -> Result<(), Refusal> {
    let is_aim = revision::earlier(evidence).any(|it| it.was_ready && it.edits == edits);
    let template = evidence.subject.kind.template_path();
    let is_of_pods = |it: &types::Edit| template.as_ref().is_some_and(|of| it.path.is_within(of));
    if is_aim && !edits.is_empty() && edits.iter().all(is_of_pods) {
        Ok(())
    } else {
        Err(outside("roll_back", "a rollback leads to an own earlier revision that was ready"))
    }
}

/// No right of a pod is given, and none is taken away unasked: the undo could not give it back.
fn gives_no_rights(
    plan: &FixPlan,
    edits: &[types::Edit],
    evidence: &Evidence,
) -> Result<(), Refusal> {
    let mounts_host = evidence.revisions.iter().any(|it| it.mounts_host && it.edits == edits);
    if mounts_host || privilege::gives(edits, &evidence.containers) {
        return Err(outside(
            "roll_back",
            "a rollback gives the pods no right that they have not got",
        ));
    }
    if let Some(field) = privilege::held(edits) {
        return Err(outside(field, "who a pod is, what it may and what runs in it stays as it is"));
    }
    if plan.risk == Risk::Auto && evidence.subject.kind == Kind::CronJob && privilege::tells(edits)
    {
        return Err(outside(
            "roll_back",
            "what a job is told to do goes back after a person's yes",
        ));
    }
    let unmounts_host = evidence.revisions.iter().any(|it| it.unmounts_host && it.edits == edits);
    if plan.risk == Risk::Auto && (unmounts_host || privilege::takes(edits, &evidence.containers)) {
        return Err(outside(
            "roll_back",
            "what no machine may give back is taken away after a person's yes alone",
        ));
    }
    Ok(())
}

fn has_revisions(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
}

fn has_template(kind: Kind) -> bool {
    has_revisions(kind) || matches!(kind, Kind::ReplicaSet | Kind::CronJob)
}

fn outside(what: &str, rule: &'static str) -> Refusal {
    Refusal::OutOfScope { what: what.to_owned(), rule }
}
