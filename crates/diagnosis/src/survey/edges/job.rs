//! A job that fails, or that is not there, keeps who waits for it from starting.

use k8s_openapi::api::batch::v1::Job;
use types::{Finding, Subject};

use crate::near_miss::near_miss;
use crate::survey::scene::{Scene, controller, name, namespace};

/// The jobs that a workload waits for by its own words.
fn awaited(finding: &Finding) -> Vec<&str> {
    let clues = finding.clues.iter().filter(|it| it.fact.ends_with("].waits_for"));
    clues.filter_map(|it| it.value.strip_prefix("Job ")).collect()
}

/// The jobs, or those who make them.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let space = &finding.subject.namespace;
    let jobs = awaited(finding).into_iter().filter_map(|it| scene.job(space, it));
    jobs.map(root).collect()
}

fn root(job: &Job) -> Subject {
    let space = namespace(&job.metadata);
    let (kind, name) = controller(&job.metadata).unwrap_or(("Job", name(&job.metadata)));
    Subject::new(kind, space, name)
}

/// Whether it waits for nothing but a job that is at work: it will come to its end.
pub(in crate::survey) fn waits_for_work(finding: &Finding, scene: &Scene<'_>) -> bool {
    let space = &finding.subject.namespace;
    let is_at_work = |it: &&str| {
        let job = scene.job(space, it);
        let is_active =
            |it: &Job| it.status.as_ref().is_some_and(|it| it.active.is_some_and(|it| 0 < it));
        job.is_some_and(|it| {
            let root = root(it);
            is_active(it) && !scene.workload_findings.iter().any(|it| it.subject == root)
        })
    };
    let awaited = awaited(finding);
    !awaited.is_empty() && awaited.iter().all(is_at_work)
}

/// The finding with the word that there is no such job, and the one that was probably meant.
pub(in crate::survey) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let space = finding.subject.namespace.clone();
    let missing = awaited(&finding).into_iter().find(|it| scene.job(&space, it).is_none());
    let Some(missing) = missing.map(ToOwned::to_owned) else { return finding };
    let jobs = scene.all.jobs.iter().filter(|it| namespace(&it.metadata) == space);
    let near = near_miss(&missing, jobs.map(|it| name(&it.metadata)));
    let near = near.map(|it| format!("; there is {it}, which was probably meant"));
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause =
        format!("{cause}; there is no Job {missing} in {space}{}.", near.unwrap_or_default());
    Finding { cause, ..finding }.clue(format!("Job {space}/{missing}"), "not found")
}
