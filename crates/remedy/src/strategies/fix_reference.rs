//! Point a reference at the one near miss that is known to exist in the same namespace.
//!
//! ## When it helps
//! A name or key is a letter or two away from one that exists: `web-cofig` for `web-config`; the `subPath` of a
//! mount is such a key. So is the label that a pod selects nodes by, its priority class or its scheduler.
//!
//! ## When it does not
//! Nothing near exists, or more than one thing does; then a person has to make it or say which. A name with more
//! words, or fewer, is shown: only the word for the kind of a ConfigMap or a claim may differ (`rates-cfg` for
//! `rates-config`).
//!
//! ## Risk
//! Bound: the fields that hold the names or keys, and only the near misses in the facts, at most two letters away or
//! the same letters in another style of writing. Auto for labels of nodes, and for config maps and secrets where the
//! names differ as by a slip of the finger, or an earlier revision that was ready had the near miss in that very
//! field. Else a person is asked where data or scheduling change hands (claims,
//! schedulers, zones, and priority classes of which more than the style of writing differs; not where no node anywhere
//! is of such an architecture or system, as `amd46`, or `x86_64` for `amd64`) and where the difference may be on
//! purpose, as that of siblings is: in digits, in the last letter, in a short word such as `eu` and `us`; and where
//! labels say that the near miss belongs to another application or team. So with another word for the kind: of a
//! ConfigMap a person is asked unless a ready workload of the same group refers to that one (and so where that word
//! stands in another place, as in `config-rates`), of a claim always, and only where nobody uses it. A service account
//! and a runtime class are advice: they say what a pod may do and how isolated it is. So is a class of the system,
//! which no machine gives. Undo: the former name. Verified by the pods'
//! health over time. Attack: a near miss with a slash, a line break or more than two letters away, and not the same
//! but for such a word, yields no plan.

use std::collections::BTreeSet;

use serde_json::Value;
use types::{
    Action, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan, Kind, ReferenceFacts,
    ReferenceKind, Risk, Step, Strategy,
};

use crate::near::is_near;
use crate::place;
use crate::reference::{
    OF_THE_SYSTEM, is_name, is_turned_round, of_kind, risk_of_reference, synonym, was_so,
};

/// References that one plan mends.
const MAX_REFERENCES: usize = 10;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let mut broken: Vec<_> = evidence
        .references
        .iter()
        .filter(|it| !it.optional && is_broken(it, evidence) && explains(it, diagnosis.fault))
        .collect();
    // What is known not to be there stands before what is only not known.
    broken.sort_by_key(|it| it.exists.is_none());
    // Each key of what is not there names the same field.
    let mut seen = BTreeSet::new();
    broken.retain(|it| seen.insert(it.path.as_str()));
    let mut plans = broken.into_iter().filter_map(|it| plan_for(evidence, it));
    let Some(first) = plans.next() else { return vec![] };
    // One after the other would not help: the pods stay as they are until the last one is mended.
    vec![plans.take(MAX_REFERENCES - 1).fold(first, joined)]
}

/// A plan that edits the template, with the edits of ConfigMaps that are known not to be there: without them the plan
/// would not help, and would be taken back. Whoever has to say yes to one of the edits has to say yes to the whole.
pub(super) fn beside(mut plan: FixPlan, evidence: &Evidence) -> FixPlan {
    // The pod of a job that is there keeps its references.
    let keeps_pods = evidence.subject.kind == Kind::CronJob;
    if keeps_pods || !place::has_editable_template(evidence.subject.kind) {
        return plan;
    }
    let mut broken: Vec<_> = evidence
        .references
        .iter()
        .filter(|it| {
            !it.optional && it.exists == Some(false) && it.kind == ReferenceKind::ConfigMap
        })
        .collect();
    let mut seen = BTreeSet::new();
    broken.retain(|it| seen.insert(it.path.as_str()));
    for it in broken.into_iter().take(MAX_REFERENCES).filter_map(|it| plan_for(evidence, it)) {
        let together = FixPlan { risk: plan.risk.max(it.risk), ..plan.clone() };
        plan = joined(together.clone(), FixPlan { risk: together.risk, ..it });
    }
    plan
}

/// The first plan with the edits of the other, where the same person would have to say yes to both.
fn joined(mut plan: FixPlan, other: FixPlan) -> FixPlan {
    let (Some(step), Some(more)) = (plan.steps.first_mut(), other.steps.into_iter().next()) else {
        return plan;
    };
    if plan.risk != other.risk || step.target != more.target || step.subresource != more.subresource
    {
        return plan;
    }
    let (Action::Edit(edits), Action::Edit(more)) = (&mut step.action, more.action) else {
        return plan;
    };
    let is_rename = |it: &Edit| it.to.is_none() || it.from.is_none();
    if edits.iter().chain(&more).any(is_rename) {
        return plan;
    }
    edits.extend(more);
    if !plan.because.contains(&other.because) {
        plan.because = format!("{} {}", plan.because, other.because);
    }
    plan
}

/// Whether a broken reference of this kind brings the fault about.
fn explains(reference: &ReferenceFacts, fault: Fault) -> bool {
    // The kubelet makes a folder where the program looks for a file, and says nothing.
    let by_mount = matches!(
        fault,
        Fault::ContainerCannotRun | Fault::CrashLoopBackOff | Fault::InitNotDone | Fault::JobFailed
    );
    if reference.is_of_mount() && by_mount {
        return true;
    }
    match reference.kind {
        ReferenceKind::ConfigMap
        | ReferenceKind::Secret
        | ReferenceKind::Claim
        | ReferenceKind::ServiceAccount => matches!(
            fault,
            Fault::ConfigNotFound
                | Fault::FailedCreate
                | Fault::Unschedulable
                | Fault::ImageNotPullable
        ),
        ReferenceKind::PriorityClass | ReferenceKind::RuntimeClass => fault == Fault::FailedCreate,
        // They are not read, so that nothing is known to be near.
        ReferenceKind::ResourceClaim | ReferenceKind::ResourceClaimTemplate => false,
        ReferenceKind::Scheduler | ReferenceKind::NodeLabelKey | ReferenceKind::NodeLabelValue => {
            fault == Fault::Unschedulable
        }
    }
}

/// Whether it is known to point at nothing. A Secret is never read, but its near miss is a hint; that a key of it is
/// not there, somebody has to have said.
fn is_broken(reference: &ReferenceFacts, evidence: &Evidence) -> bool {
    let is_secret = reference.kind == ReferenceKind::Secret;
    let is_hint = || match reference.key.as_deref().filter(|_| reference.is_about_key()) {
        Some(key) => is_said(key, evidence),
        None => true,
    };
    reference.exists == Some(false) || reference.exists.is_none() && is_secret && is_hint()
}

/// Whether the kubelet says that there is no such key.
fn is_said(key: &str, evidence: &Evidence) -> bool {
    let names = |it: &str| it.contains("key") && it.split([' ', ':', '"']).any(|word| word == key);
    messages(evidence).any(names)
}

/// What the kubelet says of a container that waits, and of a volume that is not mounted.
fn messages(evidence: &Evidence) -> impl Iterator<Item = &str> {
    let waiting = evidence.containers.iter().filter_map(|it| it.state.waiting_message.as_deref());
    let mounts = evidence.events.iter().filter(|it| it.reason == "FailedMount");
    waiting.chain(mounts.map(|it| it.message.as_str()))
}

fn plan_for(evidence: &Evidence, reference: &ReferenceFacts) -> Option<FixPlan> {
    let same = synonym(reference).or(of_kind(reference));
    let Some(near) = reference.near_miss.as_deref().or(same) else {
        return likely(evidence, reference);
    };
    let path = FieldPath::parse(&reference.path).filter(|it| *it != FieldPath::root())?;
    let wrong = pointed_at(reference)?;
    let is_raised =
        reference.kind == ReferenceKind::PriorityClass && near.starts_with(OF_THE_SYSTEM);
    let is_meant = is_near(wrong, near) || same == Some(near);
    if !is_name(near, reference.kind) || wrong == near || !is_meant {
        return None;
    }
    if is_raised {
        return edits(reference, &path, wrong, near).map(|it| given_by_people(evidence, near, it));
    }

    let place = if reference.kind.is_of_namespace() { " in the namespace" } else { "" };
    let because = match &reference.belongs_to {
        _ if was_so(reference, (wrong, near), evidence) => {
            format!("{near} exists{place}, and an earlier revision that was ready had it there.")
        }
        Some(mark) => {
            format!("{near} exists{place}, but is marked {mark}: it may be somebody else's.")
        }
        None if of_kind(reference) == Some(near) => match &reference.vouched {
            Some(why) => {
                format!("{near} is the same name with another word for its kind, and {why}.")
            }
            None => format!("{near} is the same name with another word for its kind."),
        },
        None if same == Some(near) => {
            format!("Nodes call the architecture {near}, and none is ever called {wrong}.")
        }
        None if is_turned_round(reference, near) => {
            let why = reference.vouched.as_deref().unwrap_or_default();
            format!("{near} is the same name with its words in another order, and {why}.")
        }
        None => format!("{near} exists{place}, and nothing else is as near."),
    };
    let edits = edits(reference, &path, wrong, near)?;
    if !place::has_editable_template(evidence.subject.kind) {
        return Some(place::advice(Strategy::FixReference, &because, evidence, edits));
    }
    let risk = risk_of_reference(reference, (wrong, near), evidence);
    let steps = if risk == Risk::Advice {
        let action = Action::Edit(edits);
        vec![Step { target: evidence.subject.clone(), subresource: None, action }]
    } else {
        place::in_template(evidence, edits)
    };
    Some(FixPlan { strategy: Strategy::FixReference, risk, because, steps })
}

/// A class of the system lets a pod push any other away: the patch is shown, and no machine is asked to write it.
fn given_by_people(evidence: &Evidence, near: &str, edits: Vec<Edit>) -> FixPlan {
    let because = format!(
        "{near} exists, and nothing else is as near. It is a class of the system, which only people give: apply or commit \
         the patch."
    );
    if !place::has_editable_template(evidence.subject.kind) {
        return place::advice(Strategy::FixReference, &because, evidence, edits);
    }
    let target = evidence.subject.clone();
    let step = Step { target, subresource: None, action: Action::Edit(edits) };
    let (strategy, risk) = (Strategy::FixReference, Risk::Advice);
    FixPlan { strategy, risk, because, steps: vec![step] }
}

/// What is named like what is missing, with words before or behind it, for a person to say: nothing else is.
fn likely(evidence: &Evidence, reference: &ReferenceFacts) -> Option<FixPlan> {
    let is_plain = match reference.kind {
        ReferenceKind::ConfigMap
        | ReferenceKind::Secret
        | ReferenceKind::Claim
        | ReferenceKind::ServiceAccount
        | ReferenceKind::NodeLabelValue => true,
        ReferenceKind::PriorityClass => {
            reference.meant.as_deref().is_some_and(|it| !it.starts_with(OF_THE_SYSTEM))
        }
        ReferenceKind::RuntimeClass
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler
        | ReferenceKind::NodeLabelKey => false,
    };
    // Many Secrets that are there are named like another: that this one is not, somebody has to have said.
    let absence = format!("secret \"{}\" not found", reference.name);
    let is_absent = reference.exists == Some(false)
        || reference.is_about_key()
        || messages(evidence).any(|it| it.contains(&absence));
    let meant = reference.meant.as_deref().filter(|it| is_name(it, reference.kind))?;
    let path = FieldPath::parse(&reference.path).filter(|it| *it != FieldPath::root())?;
    let edits = edits(reference, &path, pointed_at(reference)?, meant)?;
    let because = format!("{meant} is there, and nothing else is named so.");
    if !is_plain || !is_absent {
        return None;
    }
    if !place::has_editable_template(evidence.subject.kind) {
        return Some(place::advice(Strategy::FixReference, &because, evidence, edits));
    }
    let because = format!("{because} No machine guesses a name: apply or commit the patch.");
    let step =
        Step { target: evidence.subject.clone(), subresource: None, action: Action::Edit(edits) };
    let (strategy, risk) = (Strategy::FixReference, Risk::Advice);
    Some(FixPlan { strategy, risk, because, steps: vec![step] })
}

/// The edit of the field; of two where the name is that of the field itself.
fn edits(
    reference: &ReferenceFacts,
    path: &FieldPath,
    wrong: &str,
    near: &str,
) -> Option<Vec<Edit>> {
    let names: Vec<String> = path.names().collect();
    let is_member = names.iter().rev().nth(1).is_some_and(|it| it == "nodeSelector");
    if reference.kind != ReferenceKind::NodeLabelKey || !is_member {
        return Some(vec![place::edit(path.clone(), Some(wrong.into()), near)]);
    }
    let (_, above) = names.split_last()?;
    let beside = above.iter().fold(FieldPath::root(), |path, it| path.child(it)).child(near);
    let value = Value::from(reference.key.clone()?);
    Some(vec![
        Edit { path: path.clone(), from: Some(value.clone()), to: None },
        Edit { path: beside, from: None, to: Some(value) },
    ])
}

/// What the field holds now: the key where that is what is wrong, else the name.
fn pointed_at(reference: &ReferenceFacts) -> Option<&str> {
    if reference.is_about_key() { reference.key.as_deref() } else { Some(&reference.name) }
}
