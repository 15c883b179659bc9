//! Where a remedy is written: in the owner's template, in the live pod, or nowhere by machine.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use types::{
    Action, ContainerFacts, Diagnosis, Edit, Evidence, FieldPath, FixPlan, Kind, ObjectRef,
    PodFacts, Risk, Step, Strategy, Subresource,
};

/// Broken pods of one owner that one plan evicts; with the edit itself a plan has at most three steps.
const MAX_EVICTIONS: usize = 2;

/// Whether the pods of this owner are made from a template that may be edited.
pub(crate) fn has_editable_template(kind: Kind) -> bool {
    match kind {
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::CronJob => true,
        // The template of a Job and nearly all of a pod's spec are immutable.
        Kind::Pod
        | Kind::Job
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => false,
    }
}

/// The container that the diagnosis is about; the only one when it names none.
pub(crate) fn container<'a>(
    diagnosis: &Diagnosis,
    evidence: &'a Evidence,
) -> Option<&'a ContainerFacts> {
    match (&diagnosis.container, evidence.containers.as_slice()) {
        (Some(name), _) => evidence.container(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// The field of an object of this kind that holds the container.
pub(crate) fn container_path(kind: Kind, container: &ContainerFacts) -> Option<FieldPath> {
    kind.container_path(container.role, container.index)
}

/// An edit of a field that is there, or that is not there yet.
pub(crate) fn edit(path: FieldPath, from: Option<Value>, to: impl Into<Value>) -> Edit {
    Edit { path, from, to: Some(to.into()) }
}

/// The edit of the owner's template, and what makes its pods follow it.
///
/// A StatefulSet that waits for each pod does not replace a pod that never becomes ready, and a ReplicaSet, or a set
/// whose pods are deleted by hand, replaces none at all: there the broken pods are evicted too.
pub(crate) fn in_template(evidence: &Evidence, edits: Vec<Edit>) -> Vec<Step> {
    let mut steps = vec![Step {
        target: evidence.subject.clone(),
        subresource: None,
        action: Action::Edit(edits),
    }];
    if !pods_follow(evidence) {
        let broken = evidence.pods.iter().filter(|it| is_broken(it)).take(MAX_EVICTIONS);
        steps.extend(broken.map(|it| on_pod(evidence, it, None, Action::Evict)));
    }
    steps
}

/// Whether broken pods follow an edit of their template by themselves.
pub fn pods_follow(evidence: &Evidence) -> bool {
    let waits = evidence.subject.kind == Kind::StatefulSet && evidence.workload.ordered;
    !waits && !pods_stay(evidence)
}

/// Whether nobody replaces the pods of this owner when its template changes.
pub(crate) fn pods_stay(evidence: &Evidence) -> bool {
    match evidence.subject.kind {
        Kind::ReplicaSet => true,
        Kind::StatefulSet | Kind::DaemonSet => evidence.workload.on_delete,
        Kind::Pod
        | Kind::Deployment
        | Kind::Job
        | Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => false,
    }
}

/// Evictions of the broken pods that a template left behind which was put back since.
///
/// They came after `before`. Those of a StatefulSet name their template; those of a ReplicaSet do not, but none
/// comes from the template that was put back before one goes.
pub(crate) fn left_behind(before: &Evidence, now: &Evidence) -> Vec<Step> {
    let has_names = now.subject.kind == Kind::StatefulSet && !now.workload.on_delete;
    let is_old = |pod: &PodFacts| before.pods.iter().any(|it| it.uid == pod.uid);
    let broken =
        now.pods.iter().filter(|it| !it.ready && !it.terminating && it.phase != "Succeeded");
    broken
        .filter(|it| !(is_old(it) || has_names && it.current))
        .take(MAX_EVICTIONS)
        .map(|it| on_pod(now, it, None, Action::Evict))
        .collect()
}

/// Pods that are not ready and hold up an ordered set, of which none has its newest template by now: from the last
/// on. While one of them is left, the set makes those before it from the earlier template again.
pub(crate) fn held_up(evidence: &Evidence) -> Vec<&PodFacts> {
    let is_ordered = evidence.subject.kind == Kind::StatefulSet && evidence.workload.ordered;
    let is_failing = |it: &&PodFacts| !it.ready && !it.terminating && it.phase != "Succeeded";
    let mut failing: Vec<_> = evidence.pods.iter().filter(is_failing).collect();
    if !is_ordered || failing.iter().any(|it| it.current) {
        return vec![];
    }
    let ordinal = |it: &PodFacts| it.name.rsplit('-').next().and_then(|it| it.parse::<u32>().ok());
    failing.sort_by_key(|it| std::cmp::Reverse(ordinal(it)));
    failing.truncate(MAX_EVICTIONS);
    failing
}

/// A pod of the newest template that is there and not ready.
pub(crate) fn is_broken(pod: &PodFacts) -> bool {
    pod.current && !pod.ready && !pod.terminating && pod.phase != "Succeeded"
}

/// A step on one of the pods.
pub(crate) fn on_pod(
    evidence: &Evidence,
    pod: &PodFacts,
    subresource: Option<Subresource>,
    action: Action,
) -> Step {
    let target = ObjectRef {
        kind: Kind::Pod,
        namespace: evidence.subject.namespace.clone(),
        name: pod.name.clone(),
        uid: pod.uid.clone(),
        resource_version: pod.resource_version.clone(),
    };
    Step { target, subresource, action }
}

/// The live pod that shows this container's trouble.
pub(crate) fn live_pod<'a>(
    evidence: &'a Evidence,
    container: &ContainerFacts,
) -> Option<&'a PodFacts> {
    let named = evidence.pods.iter().find(|it| it.name == container.pod && !it.terminating);
    named.or_else(|| evidence.failing_pod())
}

/// A plan that only shows the edits: for templates that nobody can change in place.
pub(crate) fn advice(
    strategy: Strategy,
    because: &str,
    evidence: &Evidence,
    edits: Vec<Edit>,
) -> FixPlan {
    let kind = evidence.subject.kind;
    let because = format!("{because} A {kind} cannot be changed so: make it anew with this edit.");
    let step =
        Step { target: evidence.subject.clone(), subresource: None, action: Action::Edit(edits) };
    FixPlan { strategy, risk: Risk::Advice, because, steps: vec![step] }
}

/// How far away the next run of a CronJob may be that has to prove a fix.
const NEXT_RUN: SignedDuration = SignedDuration::from_mins(15);

/// The plan as it may be carried out. What only a later run of a CronJob can prove is advice where that run is too far
/// away, or nobody knows when it comes: it would be taken back before it could help.
pub(crate) fn provable(plan: FixPlan, evidence: &Evidence) -> FixPlan {
    let is_proven_now = evidence.subject.kind != Kind::CronJob
        || plan.steps.is_empty()
        || plan.steps.iter().any(|it| it.target.kind == Kind::Pod);
    if is_proven_now || plan.risk == Risk::Advice || runs_soon(evidence) {
        return plan;
    }
    let because = format!(
        "{} Only its next run could prove it, and none is known to come within a quarter of an hour: apply or commit \
         the patch.",
        plan.because
    );
    FixPlan { risk: Risk::Advice, because, ..plan }
}

/// A field that the plan writes and that somebody turns back again and again.
pub(crate) fn turned_back<'e>(plan: &FixPlan, evidence: &'e Evidence) -> Option<&'e str> {
    let mut fields = evidence.workload.turned_back.iter();
    fields.find(|it| writes(plan, it, evidence)).map(String::as_str)
}

/// Who set a field last that the plan writes, where the rest of the object is of another hand: as a sentence.
pub(crate) fn other_hand(plan: &FixPlan, evidence: &Evidence) -> Option<String> {
    evidence.workload.other_hands.iter().find_map(|hand| {
        let field = hand.fields.iter().find(|it| writes(plan, it, evidence))?;
        let (name, rest) = (&hand.name, &hand.rest);
        Some(format!("{name} set {field} last, the rest is {rest}'s: two may write here"))
    })
}

/// Whether the plan writes this field of the subject, part of it or what it lies in. A field that cannot be read is
/// any.
fn writes(plan: &FixPlan, field: &str, evidence: &Evidence) -> bool {
    let mut edits = plan.steps.iter().flat_map(|it| match &it.action {
        Action::Edit(edits) if it.target.kind == evidence.subject.kind => edits.as_slice(),
        Action::Edit(_) | Action::Evict | Action::Restart => &[],
    });
    let field = FieldPath::parse(field);
    let touches = |it: &Edit| {
        field.as_ref().is_none_or(|field| it.path.is_within(field) || field.is_within(&it.path))
    };
    edits.any(touches)
}

/// The plan as it may be carried out where two owners take turns, or may: a person has to say who is right.
pub(crate) fn unfought(plan: FixPlan, evidence: &Evidence) -> FixPlan {
    let turned = turned_back(&plan, evidence).map(|field| {
        format!("{field} was turned back before: find out who writes it again and again, or it will not last")
    });
    let Some(why) = turned.or_else(|| other_hand(&plan, evidence)) else { return plan };
    if plan.risk == Risk::Advice {
        return plan;
    }
    let because = format!("{} {why}.", plan.because);
    FixPlan { risk: Risk::Ask, because, ..plan }
}

/// Whether a CronJob is known to run again before long.
pub(crate) fn runs_soon(evidence: &Evidence) -> bool {
    let is_soon = |it: Timestamp| it.duration_since(evidence.taken_at) <= NEXT_RUN;
    evidence.workload.next_run.is_some_and(is_soon)
}

/// Whether the newest template never had a ready pod and an earlier one had: a new pod would be like the one that
/// fails.
pub(crate) fn lies_in_template(evidence: &Evidence) -> bool {
    let is_new = evidence.revisions.iter().any(|it| it.current && !it.was_ready);
    is_new && evidence.revisions.iter().any(|it| !it.current && it.was_ready)
}

/// Reasons of pods that ended whole, by no fault of their containers.
const PUT_OFF: [&str; 5] =
    ["Evicted", "NodeShutdown", "Terminated", "Preempting", "UnexpectedAdmissionError"];

/// A pod that is over and that its owner keeps for nothing: it runs no container any more.
pub(crate) fn is_over(pod: &PodFacts) -> bool {
    let was_put_off = pod.reason.as_deref().is_some_and(|it| PUT_OFF.contains(&it));
    let is_over = pod.phase == "Succeeded" || pod.phase == "Failed" && was_put_off;
    is_over && !pod.ready && !pod.terminating
}

/// Whether the owner has all the pods that it wants, so that those that are over were replaced.
pub(crate) fn is_whole(evidence: &Evidence) -> bool {
    0 < evidence.workload.desired && evidence.workload.desired <= evidence.workload.ready
}
