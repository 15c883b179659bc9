//! The key of a ConfigMap that a workload fails at, for those who read no findings.

use diagnosis::told_of_keys;
use types::{Clue, Diagnosis};

use crate::casebook::gathered;

/// A Deployment whose program ends with these last words, and is given these variables. The ConfigMap was mended
/// meanwhile, so that what the program shows is not found there.
fn crash(name: &str, says: &str, given: &str) -> String {
    format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Deployment {name}, logs: [{{pod: {name}-1-x, container: app, previous: true, text: '{says}'}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: tracing, namespace: shop}}
data: {{ENDPOINT: 'http://tempo:4318', SAMPLER: always_on}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop, uid: {name}, creationTimestamp: 2026-11-24T01:00:00Z}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: app, image: 'shop/{name}:1', {given}}}]}}}}}}
status: {{replicas: 1, updatedReplicas: 1, readyReplicas: 0}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: {name}-1, namespace: shop, uid: {name}-1, labels: {{app: {name}, pod-template-hash: '1'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: {name}, uid: {name}}}]}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}, pod-template-hash: '1'}}}}, spec: {{containers: [{{name: app, image: 'shop/{name}:1', {given}}}]}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}-1-x, namespace: shop, uid: {name}-1-x, labels: {{app: {name}, pod-template-hash: '1'}}, creationTimestamp: 2026-11-24T01:00:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: {name}-1, uid: {name}-1}}]}}
spec: {{nodeName: n1, containers: [{{name: app, image: 'shop/{name}:1', {given}}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: 'False', lastTransitionTime: 2026-11-24T01:00:00Z}}]
  containerStatuses: [{{name: app, image: 'shop/{name}:1', imageID: '', ready: false, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff, message: back-off}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: 2026-11-24T02:57:00Z, finishedAt: 2026-11-24T02:57:10Z}}}}}}]
"
    )
}

const ALL: &str = "envFrom: [{configMapRef: {name: tracing}}]";
const NAMES: &str = r#"ENDPOINT: unsupported scheme "htp" in "htp://tempo:4318""#;
const SHOWS: &str = r#"no adapter for "htp://tempo:4318""#;

/// What is said of this page beside the others.
fn told(page: &str, others: &[Diagnosis]) -> Diagnosis {
    let evidence = gathered(page);
    let found = diagnosis::diagnose(&evidence);
    told_of_keys(found, &evidence, others).remove(0)
}

#[test]
fn a_workload_that_only_shows_the_value_is_told_of_the_key_that_another_one_names() {
    let first = told(&crash("offers", NAMES, ALL), &[]);
    let clue = Clue::new("ConfigMap shop/tracing /data/ENDPOINT", "ENDPOINT");
    assert_eq!(first.clues[0].fact, clue.fact);
    let begin = "Key ENDPOINT of ConfigMap shop/tracing is what Deployment shop/offers fails at: ";
    assert!(first.cause.starts_with(begin), "{}", first.cause);

    let others = [first];
    let second = told(&crash("baskets", SHOWS, ALL), &others);
    assert_eq!(second.clues[0], clue);
    assert!(
        second.cause.starts_with("Key ENDPOINT of ConfigMap shop/tracing is"),
        "{}",
        second.cause
    );

    // Who is given another value, shows none, or has the word of one that only shows it as well.
    let own = "env: [{name: ENDPOINT, value: 'htp://tempo:4318'}]";
    for (says, given, others) in [
        (SHOWS, own, &others[..]),
        ("the licence has ended", ALL, &others[..]),
        (SHOWS, ALL, &[second][..]),
        (SHOWS, ALL, &[]),
    ] {
        let told = told(&crash("returns", says, given), others);
        assert!(!told.cause.contains("ConfigMap"), "{}", told.cause);
    }
}
