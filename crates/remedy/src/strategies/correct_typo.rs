//! Show the exact patch for a slip in a field that no machine writes.
//!
//! ## When it helps
//! A program, a flag, the name or the value of a variable, an image or a mount is a letter or two away from what is
//! known to work: `ngnix` for `nginx`; or a file has another ending that means the same: `site.tmpl` for
//! `site.template`. So is the tag of an image where nothing but a node that holds another one speaks for that: nobody
//! saw it run, so that no machine puts it. Or an amount in a unit that no node has or in which nothing can run, one
//! that a quota demands and that the container stated before or others of the same image state (a limit that nobody
//! knows is what the container asks for), one in place of a default that no node has, the mode of a script that nobody
//! may execute or of a key that others may read. Or what a probe asks for, where the container has nearly the same
//! elsewhere; the label of the pods that others must stand beside, where a pod waits for one that nobody has; the key
//! of a Secret, which nobody reads, where the variable that takes it has nearly its name; the same in a ConfigMap,
//! whose key then is patched, where nothing in that key is to be hidden; how long a job may take, or how often it may
//! try, where its twin came to its end with far more; a ConfigMap that is asked for where a Secret of that very name is
//! there, or the other way round; or shared memory that is smaller than what the log asks for, or how many pods a
//! rollout takes away first, where the new one waits for what an old one has.
//!
//! ## When it does not
//! Nothing near is known, or more than one thing is.
//!
//! ## Risk
//! Advice, whatever a policy or a plan says: commands, arguments, literal values and repositories decide what runs,
//! and a machine that writes them can be made to run anything. Bound: the guard lets no plan of this strategy
//! through. There is nothing to undo or to verify. Attack: a slip in a field of another container, or of another
//! fault, yields no plan.

use serde_json::Value;
use types::{
    Action, Diagnosis, Evidence, Fault, FixPlan, Kind, ObjectRef, Risk, SlipFacts, SlipKind, Step,
    Strategy,
};

use crate::image::Image;
use crate::place;
use crate::twin::{is_alike, is_of_path};

/// What a program that starts and ends may have been told wrong.
const OF_PROGRAMS: &[SlipKind] = &[
    SlipKind::Command,
    SlipKind::Flag,
    SlipKind::Variable,
    SlipKind::Value,
    SlipKind::Script,
    SlipKind::Mount,
    SlipKind::Mode,
];
/// What is wrong with the whole pod, so that no diagnosis names a container.
const OF_PODS: [SlipKind; 4] =
    [SlipKind::Unit, SlipKind::Amount, SlipKind::Label, SlipKind::Rollout];

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let kinds = kinds(diagnosis.fault);
    let name = place::container(diagnosis, evidence).map(|it| it.name.as_str());
    let is_of_pod = |it: &SlipFacts| {
        diagnosis.container.is_none() && (OF_PODS.contains(&it.kind) || is_of_volume(it))
    };
    let is_meant = |it: &&SlipFacts| {
        is_of_job(it, diagnosis.fault)
            || (is_of_pod(it) || Some(it.container.as_str()) == name)
                && (!is_of_limit(diagnosis.fault) || it.path.contains("/limits/"))
                && kinds.contains(&it.kind)
                && !is_outranked(it, evidence)
                && !is_known(it, evidence)
                && !is_of_path(it)
                && !is_lowered(it, diagnosis, evidence)
    };
    evidence.slips.iter().find(is_meant).map(|it| plan_for(evidence, it)).into_iter().collect()
}

fn plan_for(evidence: &Evidence, slip: &SlipFacts) -> FixPlan {
    if let Some(map) = &slip.config_map {
        return plan_for_map(evidence, slip, map);
    }
    let because = if place::has_editable_template(evidence.subject.kind) {
        let why = if is_of_tag(slip) {
            "No machine puts a tag that was not seen to run"
        } else if OF_PODS.contains(&slip.kind) {
            "No machine makes this change"
        } else {
            "No machine writes this field"
        };
        format!("{} {why}: apply or commit the patch.", slip.shown_by)
    } else {
        let kind = evidence.subject.kind;
        format!("{} A {kind} cannot be changed so: make it anew with this edit.", slip.shown_by)
    };
    let step = Step {
        target: evidence.subject.clone(),
        subresource: None,
        action: Action::Edit(slip.edits.clone()),
    };
    FixPlan { strategy: Strategy::CorrectTypo, risk: Risk::Advice, because, steps: vec![step] }
}

/// The patch of the ConfigMap that says it: others may take the same key, and nobody knows of them here.
fn plan_for_map(evidence: &Evidence, slip: &SlipFacts, map: &str) -> FixPlan {
    let because = format!(
        "{} It stands in ConfigMap {map}, which no machine writes: apply or commit the patch. Variables are read when a \
         container starts: restart the pods that take this key afterwards.",
        slip.shown_by
    );
    let step = Step {
        target: ObjectRef::named(Kind::ConfigMap, &evidence.subject.namespace, map),
        subresource: None,
        action: Action::Edit(slip.edits.clone()),
    };
    FixPlan { strategy: Strategy::CorrectTypo, risk: Risk::Advice, because, steps: vec![step] }
}

/// Whether it is how long a job may take, or how often it may try.
fn is_of_job(slip: &SlipFacts, fault: Fault) -> bool {
    let fields = ["/spec/activeDeadlineSeconds", "/spec/backoffLimit"];
    fault == Fault::JobFailed && slip.container.is_empty() && fields.contains(&slip.path.as_str())
}

/// Whether a container that is held to its limit has this fault, whatever it requests.
fn is_of_limit(fault: Fault) -> bool {
    matches!(fault, Fault::OomKilled | Fault::SandboxNotCreated)
}

/// Whether it is what a volume is made from: without it none of the containers starts, and none is named.
fn is_of_volume(slip: &SlipFacts) -> bool {
    slip.kind == SlipKind::Key && slip.edits.iter().any(|it| it.path.as_str().contains("/volumes/"))
}

/// Whether it is the tag of an image that is shown, its repository staying.
fn is_of_tag(slip: &SlipFacts) -> bool {
    let [edit] = slip.edits.as_slice() else { return false };
    let from = edit.from.as_ref().and_then(Value::as_str).and_then(Image::parse);
    let to = edit.to.as_ref().and_then(Value::as_str).and_then(Image::parse);
    let is_kept = from.zip(to).is_some_and(|it| it.0.repository == it.1.repository);
    slip.kind == SlipKind::Image && is_kept
}

/// Whether the registry of the image was asked for its tags: it has the word then, and not a node that holds one.
fn is_outranked(slip: &SlipFacts, evidence: &Evidence) -> bool {
    let listed = evidence.registry_tags.as_ref();
    listed.is_some_and(|it| it.container == slip.container) && is_of_tag(slip)
}

/// Whether `lower_requests` makes this very change.
fn is_lowered(slip: &SlipFacts, diagnosis: &Diagnosis, evidence: &Evidence) -> bool {
    diagnosis.fault == Fault::Unschedulable
        && place::has_editable_template(evidence.subject.kind)
        && slip.edits.iter().all(|it| is_alike(it, evidence))
}

/// Whether what is really there is known, so that `fix_reference` points at it.
fn is_known(slip: &SlipFacts, evidence: &Evidence) -> bool {
    slip.kind == SlipKind::Key
        && evidence.references.iter().any(|it| it.path == slip.path && it.near_miss.is_some())
}

/// The slips that may bring this fault about.
fn kinds(fault: Fault) -> &'static [SlipKind] {
    match fault {
        Fault::ImageNotFound | Fault::ImageNotPullable | Fault::InvalidImageName => {
            &[SlipKind::Image]
        }
        Fault::ContainerCannotRun => {
            &[SlipKind::Command, SlipKind::Mount, SlipKind::Mode, SlipKind::Unit]
        }
        Fault::Unschedulable => {
            &[SlipKind::Unit, SlipKind::Amount, SlipKind::Label, SlipKind::Rollout]
        }
        Fault::VolumeNotMounted => &[SlipKind::Rollout],
        Fault::SandboxNotCreated => &[SlipKind::Unit],
        Fault::OomKilled | Fault::FailedCreate => &[SlipKind::Unit, SlipKind::Amount],
        Fault::LivenessProbeFailing | Fault::StartupProbeFailing | Fault::ReadinessProbeFailing => {
            &[SlipKind::Probe]
        }
        Fault::CrashLoopBackOff | Fault::InitNotDone | Fault::JobFailed => OF_PROGRAMS,
        Fault::ConfigNotFound => &[SlipKind::Key],
        Fault::Evicted
        | Fault::SchedulingGated
        | Fault::ReadinessGateNotMet
        | Fault::RolloutStuck
        | Fault::NodeDown
        | Fault::ServiceWithoutEndpoints
        | Fault::ServicePortMismatch
        | Fault::Unknown => &[],
    }
}
