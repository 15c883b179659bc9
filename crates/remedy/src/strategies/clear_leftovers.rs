//! Clear away finished pods that a workload left behind which is well again.
//!
//! ## When it helps
//! Pods were put off their node, or ended with it, their owner has made others, and all that is left of the trouble
//! is the pods that are over. Or pods cannot be made, since a quota counts those that are over as well; or jobs, since
//! one counts jobs: those are only named. Or a job of an earlier template of a CronJob waits in vain and lets no other
//! one start: that one is only named.
//!
//! ## When it does not
//! Replicas are missing for another reason: then what is over says why, and stays. Nor for jobs, whose logs are wanted.
//!
//! ## Risk
//! Ask: what a pod that is over says is gone with it. Bound: at most three pods, each over (`Failed` for a reason
//! that is not its own, or `Succeeded` since an hour, by when its last container ended) and none of them of a job,
//! through the Eviction API. There is nothing to undo. Verified by the workload's health over time. Attack: a pod
//! that runs, or of a workload that misses replicas for another reason, is not cleared away. Those of another
//! workload are advice: a plan writes to its own workload alone.

use types::{Action, Diagnosis, Evidence, Fault, FixPlan, Kind, Risk, Strategy};

use crate::leftover::{fills_a_quota, is_leftover};
use crate::place;

/// Pods that one plan clears away: a plan has at most three steps.
const MAX_PODS: usize = 3;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let makes_others = matches!(
        evidence.subject.kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet
    );
    if diagnosis.fault == Fault::FailedCreate {
        return filling_a_quota(evidence, makes_others).into_iter().collect();
    }
    if diagnosis.fault == Fault::JobFailed {
        return in_the_way(evidence).into_iter().collect();
    }
    if diagnosis.fault != Fault::Evicted || !makes_others || !place::is_whole(evidence) {
        return vec![];
    }
    let leftovers = evidence.pods.iter().filter(|it| is_leftover(it, evidence)).take(MAX_PODS);
    let steps: Vec<_> =
        leftovers.map(|it| place::on_pod(evidence, it, None, Action::Evict)).collect();
    if steps.is_empty() {
        return vec![];
    }
    vec![FixPlan {
        strategy: Strategy::ClearLeftovers,
        risk: Risk::Ask,
        because: "The workload has all its replicas again; these pods are over.".to_owned(),
        steps,
    }]
}

/// A job of an earlier template lets no later one start: whether it may go is for a person to say.
fn in_the_way(evidence: &Evidence) -> Option<FixPlan> {
    let job = evidence.workload.held_by.as_ref()?;
    let because = format!(
        "Job {job} of an earlier template waits in vain, and the next one starts once it is gone: kubectl -n {} delete job \
         {job}",
        evidence.subject.namespace
    );
    Some(FixPlan { strategy: Strategy::ClearLeftovers, risk: Risk::Advice, because, steps: vec![] })
}

/// What is over fills a quota: our own pods are cleared away, those of others and all jobs are for a person.
fn filling_a_quota(evidence: &Evidence, makes_others: bool) -> Option<FixPlan> {
    let own = evidence.pods.iter().filter(|it| makes_others && fills_a_quota(it, evidence));
    let steps: Vec<_> =
        own.take(MAX_PODS).map(|it| place::on_pod(evidence, it, None, Action::Evict)).collect();
    let strategy = Strategy::ClearLeftovers;
    if !steps.is_empty() {
        let because = "A quota has nothing left for new pods and counts these, which are over.";
        return Some(FixPlan { strategy, risk: Risk::Ask, because: because.to_owned(), steps });
    }
    let of = |kind| evidence.leftovers.iter().filter(move |it| !it.own && it.kind == kind);
    let of_others: Vec<_> = of(Kind::Pod).collect();
    let Some(first) = of_others.first() else {
        let names: Vec<_> = of(Kind::Job).map(|it| it.name.as_str()).collect();
        let because = format!(
            "A quota has nothing left for new jobs and counts those that are over; their pods and logs go with them: \
             kubectl -n {} delete job {}",
            evidence.subject.namespace,
            names.join(" ")
        );
        let plan = FixPlan { strategy, risk: Risk::Advice, because, steps: vec![] };
        return Some(plan).filter(|_| !names.is_empty());
    };
    let names: Vec<_> = of_others.iter().map(|it| it.name.as_str()).collect();
    let because = format!(
        "A quota has nothing left for new pods and counts those that are over, as of {}, which has all it wants: kubectl -n \
         {} delete pod {}",
        first.owner,
        evidence.subject.namespace,
        names.join(" ")
    );
    Some(FixPlan { strategy, risk: Risk::Advice, because, steps: vec![] })
}
