//! Which revisions count as ready whose containers end again and again.

use std::fmt::Write as _;

use types::{Evidence, Risk};

use crate::casebook::gathered;

const TAKEN: &str = "2026-11-24T03:00:00Z";
/// It ended lately, twelve seconds after it was started.
const ENDED: &str = "state: {terminated: {exitCode: 1, startedAt: 2026-11-24T02:59:47Z, finishedAt: 2026-11-24T02:59:59Z}}";
const WAITS: &str = "state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, startedAt: \
                     2026-11-24T02:58:58Z, finishedAt: 2026-11-24T02:59:10Z}}";
/// It runs once more, for eleven seconds by now.
const RUNS: &str = "state: {running: {startedAt: 2026-11-24T02:59:49Z}}, lastState: {terminated: {exitCode: 1, startedAt: \
                    2026-11-24T02:59:15Z, finishedAt: 2026-11-24T02:59:27Z}}";
const RUNS_ON: &str = "state: {running: {startedAt: 2026-11-24T02:59:00Z}}, lastState: {terminated: {exitCode: 1, startedAt: \
                       2026-11-24T02:58:35Z, finishedAt: 2026-11-24T02:58:47Z}}";

/// A pod of the newest revision whose second container is restarted.
#[derive(Clone, Copy)]
struct Beside<'a> {
    restarts: u32,
    state: &'a str,
    /// Since when the pod is ready.
    ready: Option<&'a str>,
    /// Since when its containers may run.
    begun: &'a str,
    /// For how many seconds at a stretch the revision was seen ready.
    longest: i64,
    /// Whether the container stands among those that are started before the others, and runs on.
    native: bool,
}

const CRASHES: Beside<'_> = Beside {
    restarts: 3,
    state: WAITS,
    ready: None,
    begun: "2026-11-24T02:57:00Z",
    longest: 12,
    native: false,
};

/// The spec of the pods, with this added to the second container.
fn spec(it: Beside<'_>, security: &str) -> String {
    let logs = format!("{{name: logs, image: 'shop/logs:2'{security}}}");
    if it.native {
        let logs = logs.replace("name: logs", "name: logs, restartPolicy: Always");
        format!("{{initContainers: [{logs}], containers: [{{name: app, image: 'shop/web:1'}}]}}")
    } else {
        format!("{{containers: [{{name: app, image: 'shop/web:1'}}, {logs}]}}")
    }
}

/// The pod of the newest revision.
fn pod(it: Beside<'_>) -> String {
    let since = it.ready.unwrap_or("2026-11-24T02:59:59Z");
    let ready = if it.ready.is_some() { "True" } else { "False" };
    let app = "{name: app, image: 'shop/web:1', imageID: '', ready: true, restartCount: 0, state: {running: {startedAt: \
               2026-11-24T02:57:01Z}}}";
    let logs = format!(
        "{{name: logs, image: 'shop/logs:2', imageID: '', ready: false, restartCount: {}, {}}}",
        it.restarts, it.state
    );
    let statuses = if it.native {
        format!("initContainerStatuses: [{logs}], containerStatuses: [{app}]")
    } else {
        format!("containerStatuses: [{app}, {logs}]")
    };
    format!(
        "---
apiVersion: v1
kind: Pod
metadata: {{name: web-2-a, namespace: shop, uid: web-2-a, creationTimestamp: {begun}, labels: {{app: web, pod-template-hash: '2'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-2, uid: web-2}}]}}
spec: {}
status: {{phase: Running, startTime: {begun}, conditions: [{{type: Initialized, status: 'True', lastTransitionTime: {begun}}}, {{type: Ready, status: '{ready}', lastTransitionTime: {since}}}], {statuses}}}
",
        spec(it, ""),
        begun = it.begun,
    )
}

/// The facts of a workload whose former revision had this added to the second container.
fn evidence(it: Beside<'_>, former: &str) -> Evidence {
    let mut page = format!(
        "{{taken_at: {TAKEN}, root: Deployment web, ready_revisions: [web-1, web-2], longest_ready: {{web-2: {}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {}}}}}
status: {{observedGeneration: 1, replicas: 1, updatedReplicas: 1}}
",
        it.longest,
        spec(it, "")
    );
    for (number, security) in [("1", former), ("2", "")] {
        write!(
            page,
            "---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-{number}, namespace: shop, uid: web-{number}, labels: {{app: web, pod-template-hash: '{number}'}}, annotations: {{deployment.kubernetes.io/revision: '{number}'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]}}
spec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {}}}}}
",
            spec(it, security)
        )
        .unwrap();
    }
    page += &pod(it);
    gathered(&page)
}

/// Whether the newest revision counts as one that was ready.
fn was_ready(it: Beside<'_>) -> bool {
    let evidence = evidence(it, ", env: [{name: REGION, value: eu}]");
    evidence.revisions.iter().find(|it| it.current).unwrap().was_ready
}

#[test]
fn a_revision_is_not_ready_for_the_moments_between_two_ends_of_a_container() {
    let ready = Some("2026-11-24T02:59:49Z");
    for native in [false, true] {
        for restarts in 1..=4 {
            let moments = [(ENDED, None), (WAITS, None), (RUNS, ready)];
            for (state, ready) in moments {
                let beside = Beside { restarts, state, ready, native, ..CRASHES };
                assert!(!was_ready(beside), "{restarts} {state}");
            }
        }
    }
}

#[test]
fn a_revision_that_was_ready_for_longer_than_between_its_ends_worked() {
    assert!(was_ready(Beside { longest: 36, ..CRASHES }));
    // After an end or three it runs on.
    let ready = Some("2026-11-24T02:59:01Z");
    assert!(was_ready(Beside { state: RUNS_ON, ready, ..CRASHES }));
    // Of what lives for minutes some minutes are enough.
    let minutes = WAITS.replace("02:58:58", "02:57:00");
    assert!(!was_ready(Beside { state: &minutes, longest: 130, ..CRASHES }));
    assert!(was_ready(Beside { state: &minutes, longest: 300, ..CRASHES }));
    let quarter = WAITS.replace("02:58:58", "02:44:00");
    assert!(was_ready(Beside { state: &quarter, ..CRASHES }));
}

/// Who looks since a moment ago has not seen what a pod was like before.
#[test]
fn a_pod_that_is_hours_older_than_its_ends_explain_worked_before() {
    let days = "2026-11-20T03:00:00Z";
    assert!(was_ready(Beside { begun: days, longest: 0, ..CRASHES }));
    // It has ended all these days.
    assert!(!was_ready(Beside { begun: days, longest: 0, restarts: 1100, ..CRASHES }));
    assert!(!was_ready(Beside { begun: "2026-11-24T02:00:00Z", longest: 0, ..CRASHES }));
}

#[test]
fn the_way_back_is_offered_and_where_it_changes_who_a_pod_is_it_is_shown() {
    let offered = |former: &str| {
        let evidence = evidence(CRASHES, former);
        let plans = remedy::plans(&diagnosis::diagnose(&evidence), &evidence);
        let back = plans.into_iter().find(|it| it.strategy.name() == "roll_back").unwrap();
        (back.risk, back.to_string())
    };

    let (risk, text) = offered(", env: [{name: REGION, value: eu}]");
    assert_eq!(risk, Risk::Auto, "{text}");
    let (risk, text) = offered(", securityContext: {runAsUser: 1000}");
    assert_eq!(risk, Risk::Advice);
    assert!(text.contains("runAsUser"), "{text}");
}
