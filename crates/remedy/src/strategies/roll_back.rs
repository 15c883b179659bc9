//! Return to the newest earlier revision of the template whose pods were ready.
//!
//! ## When it helps
//! What is broken began with the newest rollout, whatever it was that broke.
//!
//! ## When it does not
//! The newest revision was ready once: then something else changed. Nor when the cause lies outside the template:
//! something that it calls and that is down for the earlier revision as well, a registry that throttles, an image that
//! has been pulled for less than six hours, a node that is full, data that was migrated. A pod that no node takes is
//! helped only by a revision that asks for something else of the nodes.
//!
//! ## Risk
//! Auto. Of a CronJob the revisions are what its jobs were made from, which keep their templates: a person is
//! asked unless the runtime refused all containers of the present template and the way back leaves what they are told
//! to do, and its next run proves it; where the limits of its jobs would change as well, it is advice. Bound:
//! exactly the edits that lead to an own earlier revision that was ready, at most three back. Undo: the newer
//! template. Verified by the pods' health over time. Attack: a revision that was never ready, or that changes
//! nothing, is no aim. Where it takes away a right of the pods (a kernel setting, a capability, a switch, a mount of
//! the host), removes a container, puts back what confines one (a root filesystem that is only read, dropped
//! capabilities), or lowers a limit from above the cap of the policy, a person is asked, since the undo would give it
//! again, which no machine does; one that gives a right is advice, and so is
//! one that changes who a pod is (its user, its account), brings a container back or opens what the admission
//! policy keeps: a command of a probe, ports and files of the host, annotations that somebody acts on. A command that
//! another probe of the same container runs as it is gives nothing: nothing is run there that is not run already.

use types::{
    Diagnosis, Edit, Evidence, Fault, FixPlan, Kind, PodFacts, RevisionFacts, Risk, ServiceFacts,
    Strategy,
};

use crate::needs::{is_need, needed};
use crate::pull::{is_overdue, passes_by_itself};
use crate::{place, privilege, revision};

/// Fields of a pod template that decide which node takes the pod.
const SCHEDULING: [&str; 14] = [
    "affinity",
    "hostNetwork",
    "nodeName",
    "nodeSelector",
    "overhead",
    "ports",
    "priorityClassName",
    "resourceClaims",
    "resources",
    "runtimeClassName",
    "schedulerName",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];

/// Fields that say whom a program calls, and how.
const CALLS: [&str; 11] = [
    "args",
    "command",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "env",
    "envFrom",
    "hostAliases",
    "hostNetwork",
    "labels",
    "volumes",
];

/// Why a person is asked first where the undo would be refused.
const FOR_GOOD: &str = "It takes away what no machine may give back (a right, a container, a fence around one): what does not help stays.";

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let is_cron_job = evidence.subject.kind == Kind::CronJob;
    let has_revisions = is_cron_job
        || matches!(evidence.subject.kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
    let began_with_rollout =
        evidence.revisions.iter().find(|it| it.current).is_some_and(|it| !it.was_ready);
    let passes_by_itself = diagnosis.fault == Fault::ImageNotPullable
        && place::container(diagnosis, evidence)
            .is_some_and(|it| passes_by_itself(it) && !is_overdue(it, evidence));
    // A gate holds a pod on purpose, and a node takes its pods along, whatever revision they are of.
    let is_meant = matches!(diagnosis.fault, Fault::SchedulingGated | Fault::NodeDown);
    // The earlier template is the one that fails, and the newest has not run yet.
    let is_old = |it: &PodFacts| !it.current && evidence.workload.ordered;
    let is_of_earlier = evidence.subject.kind == Kind::StatefulSet
        && (diagnosis.fault == Fault::RolloutStuck || evidence.failing_pod().is_some_and(is_old));
    if !has_revisions || !began_with_rollout || passes_by_itself || is_meant || is_of_earlier {
        return vec![];
    }
    let Some(aim) = aim(evidence) else { return vec![] };
    if diagnosis.fault == Fault::Unschedulable && !aim.edits.iter().any(bears_on_scheduling) {
        return vec![];
    }
    if lies_elsewhere(diagnosis, evidence, aim) {
        return vec![];
    }
    let steps = place::in_template(evidence, aim.edits.clone());
    let (risk, because) = if is_cron_job {
        let name = &aim.name;
        let because = format!(
            "Job {name} succeeded with the template that it had, and none did with the present one."
        );
        of_jobs(because, &aim.edits, evidence)
    } else {
        let because = format!("Revision {} was ready, and the newest never was.", aim.revision);
        as_rights_change(because, &aim.edits, evidence)
    };
    let (risk, because) = if aim.mounts_host {
        let why = "It would mount files of the host that are not mounted now, and no machine does: apply or commit the patch.";
        (Risk::Advice, format!("{because} {why}"))
    } else if aim.unmounts_host && risk == Risk::Auto {
        (Risk::Ask, format!("{because} {FOR_GOOD}"))
    } else {
        (risk, because)
    };
    vec![FixPlan { strategy: Strategy::RollBack, risk, because, steps }]
}

/// Whether what it calls is down for the earlier revision as well, and the rollout did not change how it calls:
/// pods of an earlier template are there and none of them is ready, or none is there and nobody stands behind the
/// Service.
fn lies_elsewhere(diagnosis: &Diagnosis, evidence: &Evidence, aim: &RevisionFacts) -> bool {
    let calls = |it: &Edit| it.path.names().any(|it| CALLS.contains(&it.as_str()));
    if !diagnosis.clues.iter().any(is_need)
        || aim.edits.iter().any(|it| calls(it) || privilege::is_whole(it))
    {
        return false;
    }
    let mut earlier = evidence.pods.iter().filter(|it| !it.current && !it.terminating).peekable();
    if earlier.peek().is_some() {
        return earlier.all(|it| !it.ready);
    }
    let is_down = |it: &ServiceFacts| {
        let mut behind = evidence.neighbours.iter().filter(|workload| {
            it.behind.contains(&format!("{} {}", workload.object.kind, workload.object.name))
        });
        it.selects && behind.clone().next().is_some() && behind.all(|it| it.ready == 0)
    };
    needed(diagnosis, evidence).any(is_down)
}

/// What a job is told beside its pods (how long it may take, how often it tries) no machine writes. What nobody calls
/// ready but a job that ended well is asked about, unless the present template never came to anything.
fn of_jobs(because: String, edits: &[Edit], evidence: &Evidence) -> (Risk, String) {
    let template = Kind::CronJob.template_path();
    if template.is_none_or(|it| edits.iter().any(|edit| !edit.path.is_within(&it))) {
        let why = "No machine writes the limits of a job: apply or commit the patch.";
        return (Risk::Advice, format!("{because} {why}"));
    }
    let (risk, because) = as_rights_change(because, edits, evidence);
    match &evidence.workload.never_worked {
        // Whoever makes a job in the name of the CronJob says what that job is told to do.
        Some(why) if risk == Risk::Auto && !privilege::tells(edits) => {
            (risk, format!("{because} So far {why}."))
        }
        _ => (risk.max(Risk::Ask), because),
    }
}

/// Who may say yes, by what becomes of the rights of the pods.
fn as_rights_change(because: String, edits: &[Edit], evidence: &Evidence) -> (Risk, String) {
    if privilege::gives(edits, &evidence.containers) {
        let why = "It would give the pods rights that they have not got now, and no machine does: apply or commit the patch.";
        (Risk::Advice, format!("{because} {why}"))
    } else if let Some(field) = privilege::held(edits) {
        let why = format!(
            "It would change {field}, and who a pod is, what it may and what runs in it only people change: apply or commit the \
             patch."
        );
        (Risk::Advice, format!("{because} {why}"))
    } else if privilege::takes(edits, &evidence.containers) {
        (Risk::Ask, format!("{because} {FOR_GOOD}"))
    } else {
        (Risk::Auto, because)
    }
}

/// Whether the edit changes what a scheduler looks at.
fn bears_on_scheduling(edit: &Edit) -> bool {
    privilege::is_whole(edit) || edit.path.names().any(|it| SCHEDULING.contains(&it.as_str()))
}

/// The newest revision before the current one that was ready.
fn aim(evidence: &Evidence) -> Option<&RevisionFacts> {
    revision::earlier(evidence).find(|it| it.was_ready && !it.edits.is_empty())
}
