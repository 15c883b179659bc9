//! A readiness probe that is not asked yet.

use types::Diagnosis;

use crate::casebook::gathered;

/// A Deployment whose container has this probe, of a rollout that may take so long, and started so long ago, in
/// seconds.
fn told(probe: &str, deadline: u32, ran: i64) -> Vec<Diagnosis> {
    let spec = format!("{{containers: [{{name: app, image: 'shop/web:1', {probe}}}]}}");
    let taken_at: jiff::Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
    let started = taken_at - jiff::SignedDuration::from_secs(ran);
    diagnosis::diagnose(&gathered(&format!(
        "{{taken_at: {taken_at}, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, creationTimestamp: {started}}}
spec: {{replicas: 1, progressDeadlineSeconds: {deadline}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {spec}}}}}
status: {{replicas: 1, updatedReplicas: 1}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-1, namespace: shop, uid: web-1, labels: {{app: web, pod-template-hash: '1'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web, pod-template-hash: '1'}}}}, spec: {spec}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1-x, namespace: shop, uid: web-1-x, labels: {{app: web, pod-template-hash: '1'}}, creationTimestamp: {started}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-1, uid: web-1}}]}}
spec: {spec}
status:
  phase: Running
  conditions: [{{type: PodScheduled, status: 'True'}}, {{type: Ready, status: 'False'}}]
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 0, state: {{running: {{startedAt: {started}}}}}}}]
"
    )))
}

const LATE: &str =
    "readinessProbe: {httpGet: {path: /healthz, port: 8080}, initialDelaySeconds: 3000}";

#[test]
fn a_probe_that_is_first_asked_when_the_rollout_is_given_up_is_told() {
    let found = told(LATE, 600, 150);

    let [only] = found.as_slice() else { panic!("{found:?}") };
    let field = "/spec/template/spec/containers/0/readinessProbe/initialDelaySeconds";
    assert_eq!((only.clues[0].fact.as_str(), only.clues[0].value.as_str()), (field, "3000"));
    assert!(only.cause.contains("3000 s (initialDelaySeconds)"), "{}", only.cause);
}

#[test]
fn a_slow_start_that_its_rollout_waits_for_is_no_trouble() {
    // Somebody gave the rollout as long, or the container has hardly begun.
    assert_eq!(told(LATE, 3600, 150), []);
    assert_eq!(told(LATE, 600, 90), []);
    let slow = "readinessProbe: {httpGet: {path: /, port: 8080}, initialDelaySeconds: 300}";
    assert_eq!(told(slow, 600, 150), []);
    // What a startup probe waits for is told by that one.
    let started = format!("startupProbe: {{httpGet: {{path: /, port: 8080}}}}, {LATE}");
    assert_eq!(told(&started, 600, 150), []);
}
