//! What explains a workload's trouble from beyond it is named with its incident as a scan would tell it.

use types::{AnyFault, Fault, Finding, Severity, Subject};

use crate::casebook::caused_by;

/// `web` says this, beside a Service `db` whose Deployment wants so many replicas and has one pod with this condition.
fn called(said: &str, replicas: u32, pod: &str) -> String {
    format!(
        "
taken_at: 2026-11-24T03:00:00Z
root: Deployment web
logs: [{{pod: web-1-x, container: app, previous: true, text: '{said}'}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, generation: 1, creationTimestamp: 2026-11-20T01:00:00Z}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app, image: 'shop/web:1'}}]}}}}
status: {{observedGeneration: 1, replicas: 1, updatedReplicas: 1}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1-x, namespace: shop, uid: web-1-x, labels: {{app: web, pod-template-hash: '1'}}, creationTimestamp: 2026-11-24T02:44:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-1, uid: web-1}}]}}
spec: {{containers: [{{name: app, image: 'shop/web:1'}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: 'False', lastTransitionTime: 2026-11-24T02:58:20Z}}]
  containerStatuses:
    - name: app
      image: shop/web:1
      imageID: ''
      ready: false
      restartCount: 7
      state: {{waiting: {{reason: CrashLoopBackOff, message: back-off}}}}
      lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: 2026-11-24T02:58:19Z, finishedAt: 2026-11-24T02:58:20Z}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-1, namespace: shop, uid: web-1, labels: {{app: web, pod-template-hash: '1'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]}}
spec: {{selector: {{matchLabels: {{app: web}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: db, namespace: shop, creationTimestamp: 2026-11-20T01:00:00Z}}
spec: {{clusterIP: 10.96.0.7, selector: {{app: db}}, ports: [{{port: 5432}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: db, namespace: shop, uid: db, generation: 1, creationTimestamp: 2026-11-20T01:00:00Z}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: app, image: 'shop/db:1', ports: [{{containerPort: 5432}}]}}]}}}}
status: {{observedGeneration: 1}}
{pod}"
    )
}

/// A pod of `db` that is ready, or not.
fn db(ready: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Pod
metadata: {{name: db-1-x, namespace: shop, uid: db-1-x, labels: {{app: db, pod-template-hash: '1'}}, creationTimestamp: 2026-11-20T01:00:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: db-1, uid: db-1}}]}}
spec: {{containers: [{{name: app, image: 'shop/db:1', ports: [{{containerPort: 5432}}]}}]}}
status: {{phase: Running, podIP: 10.244.0.9, conditions: [{{type: Ready, status: '{ready}', lastTransitionTime: 2026-11-24T02:40:00Z}}]}}"
    )
}

const REFUSED: &str = "dial tcp: connect to db:5432: connection refused";

#[test]
fn a_workload_that_calls_one_which_is_scaled_to_nothing_names_it() {
    assert_eq!(caused_by(&called(REFUSED, 0, ""), vec![]), ["Deployment shop/db"]);
}

#[test]
fn a_workload_that_calls_one_which_is_in_trouble_names_it() {
    let text = called(REFUSED, 1, &db("False"));
    let about = Subject::new("Deployment", "shop", "db");
    let fault = AnyFault::Workload(Fault::OomKilled);
    let known = Finding::new(about, Severity::Critical, fault, "It needs more.".to_owned());

    assert_eq!(caused_by(&text, vec![known]), ["Deployment shop/db"]);
    // As long as nobody has looked at that one, the Service is all that is known.
    assert_eq!(caused_by(&text, vec![]), ["Service shop/db"]);
}

#[test]
fn a_workload_with_a_reason_of_its_own_names_nobody() {
    let own = called("panic: index out of range", 0, "");
    assert!(caused_by(&own, vec![]).is_empty());
    let well = called(REFUSED, 1, &db("True"));
    assert!(caused_by(&well, vec![]).is_empty());
}

#[test]
fn what_a_quota_refuses_names_the_quota() {
    let text = "
taken_at: 2026-11-24T03:00:00Z
root: ReplicaSet web
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: shop}
spec: {hard: {pods: '2'}}
status: {hard: {pods: '2'}, used: {pods: '2'}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, namespace: shop, uid: web, generation: 1, creationTimestamp: 2026-11-20T01:00:00Z}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: 'shop/web:1'}]}}
status:
  replicas: 0
  conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'pods \"web-x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'}]";
    assert_eq!(caused_by(text, vec![]), ["ResourceQuota shop/small"]);
}
