//! Many workloads with one cause are one finding.

use std::fmt::Write;

use super::{scene, surveyed};

/// A node that is down, with its taints as the cluster sets them.
const NODE: &str = "
---
apiVersion: v1
kind: Node
metadata: {name: worker-1, creationTimestamp: 2026-11-01T00:00:00Z}
spec: {taints: [{effect: NoExecute, key: node.kubernetes.io/unreachable}]}
status: {conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: 2026-11-24T02:58:00Z}]}";

/// A workload of one pod that lost its readiness.
fn workload(number: usize, node: &str) -> String {
    format!(
        "
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db-{number}, namespace: shop, uid: set-{number}, creationTimestamp: 2026-11-01T00:00:00Z, generation: 1}}
spec:
  replicas: 1
  serviceName: ''
  selector: {{matchLabels: {{app: db-{number}}}}}
  template: {{metadata: {{labels: {{app: db-{number}}}}}, spec: {{containers: [{{name: app, image: 'busybox:1.36'}}]}}}}
status: {{observedGeneration: 1, replicas: 1, readyReplicas: 0}}
---
apiVersion: v1
kind: Pod
metadata:
  name: db-{number}-0
  namespace: shop
  uid: pod-{number}
  creationTimestamp: 2026-11-01T00:00:00Z
  labels: {{app: db-{number}}}
  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: StatefulSet, name: db-{number}, uid: set-{number}}}]
spec: {{nodeName: {node}, containers: [{{name: app, image: 'busybox:1.36'}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: 'False', lastTransitionTime: 2026-11-24T02:58:00Z}}]"
    )
}

/// A StatefulSet of so many pods, all of them ready and of its newest revision.
fn large_set(n: usize) -> String {
    let mut text = format!(
        "
{{taken_at: 2026-11-24T03:00:00Z, root: StatefulSet db}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: shop, uid: set, creationTimestamp: 2026-11-01T00:00:00Z, generation: 1}}
spec:
  replicas: {n}
  serviceName: ''
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: app, image: 'busybox:1.36'}}]}}}}
status: {{observedGeneration: 1, replicas: {n}, readyReplicas: {n}, currentRevision: db-1, updateRevision: db-1}}"
    );
    for number in 0..n {
        write!(
            text,
            "
---
apiVersion: v1
kind: Pod
metadata:
  name: db-{number}
  namespace: shop
  uid: pod-{number}
  creationTimestamp: 2026-11-01T00:00:00Z
  labels: {{app: db, controller-revision-hash: db-1}}
  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: StatefulSet, name: db, uid: set}}]
spec: {{nodeName: worker-2, containers: [{{name: app, image: 'busybox:1.36'}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: 'True', lastTransitionTime: 2026-11-24T02:58:00Z}}]
  containerStatuses: [{{name: app, image: 'busybox:1.36', imageID: '', ready: true, restartCount: 0, state: {{running: {{}}}}}}]"
        )
        .unwrap();
    }
    text
}

#[test]
fn a_set_of_more_pods_than_are_shown_is_well_when_all_of_them_are() {
    for n in [50, 51, 120] {
        let evidence = scene::evidence(&large_set(n));
        let updated = usize::try_from(evidence.workload.updated).unwrap();
        assert_eq!((updated, evidence.workload.rolling_out), (n, false));
        assert!(diagnosis::healthy(&evidence), "{n}");
    }
}

fn cluster(nodes: &[&str]) -> String {
    let mut text = format!("{{taken_at: 2026-11-24T03:00:00Z}}{NODE}");
    for (number, node) in nodes.iter().enumerate() {
        text.write_str(&workload(number, node)).unwrap();
    }
    text
}

fn told(nodes: &[&str]) -> String {
    let text = cluster(nodes);
    surveyed(&scene::snapshot(&text).unwrap(), &text)
}

#[test]
fn forty_pods_on_a_node_that_is_down_are_one_finding_that_explains_them() {
    let told = told(&["worker-1"; 40]);

    let findings: Vec<_> = told.lines().filter(|it| !it.starts_with(' ')).collect();
    assert_eq!(findings.len(), 1, "{told}");
    assert!(findings[0].starts_with("critical Node worker-1: node not ready"), "{told}");
    assert_eq!(told.matches("\n  explains StatefulSet shop/db-").count(), 40);
}

#[test]
fn a_pod_on_another_node_has_another_cause() {
    let told = told(&["worker-1", "worker-2"]);

    assert!(told.contains("\n  explains StatefulSet shop/db-0"), "{told}");
    assert!(told.contains("critical StatefulSet shop/db-1"), "{told}");
}
