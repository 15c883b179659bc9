//! Whether the present template of a CronJob ever came to anything.

use crate::casebook::gathered;

const PULLS: &str = "state: {waiting: {reason: ImagePullBackOff}}";
const LACKS: &str = "state: {waiting: {reason: CreateContainerConfigError}}";
const CANNOT: &str = "state: {terminated: {exitCode: 128, reason: StartError}}";
const RUNS: &str = "started: true, state: {running: {startedAt: 2026-11-24T02:00:05Z}}";
const ENDED: &str = "state: {terminated: {exitCode: 1, reason: Error}}";
const RAN_BEFORE: &str = "state: {waiting: {reason: ImagePullBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error}}";
const NO_NODE: &str = "";
const FAILED: &str = "failed: 1, conditions: [{type: Failed, status: 'True'}]";

/// A job of the present template: its status, and the status of the container of each pod.
type Job<'a> = (&'a str, &'a [&'a str]);

const TEMPLATE: &str =
    "{spec: {restartPolicy: Never, containers: [{name: app, image: 'shop/rollup:2'}]}}";

fn never_worked(owner: &str, jobs: &[Job<'_>]) -> Option<String> {
    never_worked_after(owner, jobs, "")
}

/// The same with a job of the former template, of this status.
fn never_worked_after(owner: &str, jobs: &[Job<'_>], former: &str) -> Option<String> {
    let mut page = format!(
        "{{taken_at: 2026-11-24T03:10:00Z, root: CronJob rollup}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: rollup, namespace: shop, uid: rollup}}
spec: {{schedule: '*/5 * * * *', jobTemplate: {{spec: {{template: {TEMPLATE}}}}}}}
status: {{{owner}}}
"
    );
    if !former.is_empty() {
        page += &job("former", "01:00", &TEMPLATE.replace("rollup:2", "rollup:1"), former);
    }
    for (number, (status, pods)) in jobs.iter().enumerate() {
        page += &job(&number.to_string(), &format!("02:0{number}"), TEMPLATE, status);
        for (place, container) in pods.iter().enumerate() {
            page += &pod(number, place, container);
        }
    }
    gathered(&page).workload.never_worked
}

fn job(name: &str, made: &str, template: &str, status: &str) -> String {
    let suspend = status.contains("Suspended");
    format!(
        "---
apiVersion: batch/v1
kind: Job
metadata:
  name: rollup-{name}
  namespace: shop
  uid: rollup-{name}
  creationTimestamp: 2026-11-24T{made}:00Z
  ownerReferences: [{{apiVersion: batch/v1, controller: true, kind: CronJob, name: rollup, uid: rollup}}]
spec: {{suspend: {suspend}, template: {template}}}
status: {{{status}}}
"
    )
}

fn pod(number: usize, place: usize, container: &str) -> String {
    let restarts = u8::from(container.contains("lastState"));
    let statuses = if container.is_empty() {
        String::new()
    } else {
        format!(
            "containerStatuses: [{{name: app, image: i, imageID: '', ready: false, restartCount: {restarts}, {container}}}]"
        )
    };
    format!(
        "---
apiVersion: v1
kind: Pod
metadata:
  name: rollup-{number}-{place}
  namespace: shop
  uid: rollup-{number}-{place}
  creationTimestamp: 2026-11-24T02:0{number}:00Z
  ownerReferences: [{{apiVersion: batch/v1, controller: true, kind: Job, name: rollup-{number}, uid: rollup-{number}}}]
spec: {{containers: [{{name: app, image: 'shop/rollup:2'}}]}}
status: {{phase: Pending, {statuses}}}
"
    )
}

#[test]
fn a_template_of_which_no_container_started_never_worked() {
    let said = Some("no container of a job of the present template has started".to_owned());

    for container in [PULLS, LACKS, CANNOT] {
        assert_eq!(never_worked("", &[("active: 1", &[container])]), said, "{container}");
    }
    assert_eq!(never_worked("", &[("active: 1", &[PULLS]), ("active: 1", &[NO_NODE])]), said);
    assert_eq!(never_worked("", &[("active: 1", &[PULLS]), (FAILED, &[CANNOT])]), said);
}

#[test]
fn a_neighbour_that_keeps_its_pods_away_says_nothing_of_a_template() {
    // A full quota, and nodes that are taken.
    for jobs in [
        &[("", &[][..])][..],
        &[("active: 1", &[NO_NODE])],
        &[(FAILED, &[ENDED]), (FAILED, &[ENDED])],
    ] {
        assert_eq!(never_worked("", jobs), None, "{jobs:?}");
    }
}

#[test]
fn a_success_that_no_job_is_left_of_may_be_the_present_templates() {
    let before = "lastSuccessfulTime: 2026-11-24T01:59:00Z";
    let jobs: &[Job<'_>] = &[("active: 1", &[PULLS])];
    let former = |ended: &str| {
        let status = format!(
            "succeeded: 1, completionTime: {ended}, conditions: [{{type: Complete, status: 'True'}}]"
        );
        never_worked_after(before, jobs, &status).is_some()
    };

    assert_eq!(never_worked(before, jobs), None);
    assert!(former("2026-11-24T01:59:00Z"));
    assert!(!former("2026-11-24T01:20:00Z"));
}

#[test]
fn what_ran_once_or_may_have_run_is_not_said_to_be_without_effect() {
    let complete = "succeeded: 1, conditions: [{type: Complete, status: 'True'}]";
    for jobs in [
        // No job, one that runs, one that failed alone, and one that ran before.
        &[][..],
        &[("active: 1", &[RUNS][..])],
        &[(FAILED, &[ENDED])],
        &[("active: 1", &[RAN_BEFORE])],
        &[("active: 1", &[PULLS, ENDED])],
        // The pods that ran are gone.
        &[(FAILED, &[])],
        &[("active: 1, failed: 1", &[PULLS])],
        &[("active: 1", &[])],
        &[("active: 1", &[PULLS]), (FAILED, &[])],
        // Somebody holds it back.
        &[("conditions: [{type: Suspended, status: 'True'}]", &[])],
        // One succeeded, or does well.
        &[("active: 1", &[PULLS]), (complete, &[])],
        &[("active: 1", &[PULLS]), ("active: 1, ready: 1", &[RUNS])],
    ] {
        assert_eq!(never_worked("", jobs), None, "{jobs:?}");
    }
    // One succeeded since that was cleared away.
    let since = "lastSuccessfulTime: 2026-11-24T02:30:00Z";
    assert_eq!(never_worked(since, &[("active: 1", &[PULLS])]), None);
}
