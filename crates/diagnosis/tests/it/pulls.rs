//! An image that is still being pulled when the event that said so is gone.

use types::Diagnosis;

use crate::casebook::gathered;

/// A sandbox that is ready.
const PREPARED: &str =
    "{type: PodReadyToStartContainers, status: 'True', lastTransitionTime: 2026-11-28T08:00:01Z}";
/// Containers as the kubelet tells of them before any was made.
const CREATING: &str = "containerStatuses: [{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 0, state: {waiting: {reason: ContainerCreating}}}]";

/// An init container in this state, before the other that waits for its turn.
fn behind(first: &str) -> String {
    format!(
        "initContainerStatuses: [{{name: first, image: 'shop/first:1', imageID: '', ready: false, restartCount: 0, state: {{{first}}}}}]
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 0, state: {{waiting: {{reason: PodInitializing}}}}}}]"
    )
}

/// A Deployment whose pod was made two hours ago and has this condition, these statuses, and this event.
fn told(condition: &str, statuses: &str, event: Option<(&str, &str)>) -> Vec<Diagnosis> {
    let first = if statuses.starts_with("init") {
        "initContainers: [{name: first, image: 'shop/first:1'}], "
    } else {
        ""
    };
    let spec = format!("{{nodeName: n1, {first}containers: [{{name: app, image: 'shop/web:1'}}]}}");
    let event = event.map(|(type_, reason)| {
        format!(
            "---
apiVersion: v1
kind: Event
metadata: {{name: web-1-x.0, namespace: shop}}
involvedObject: {{kind: Pod, namespace: shop, name: web-1-x, uid: web-1-x}}
type: {type_}
reason: {reason}
message: 'something of it'
count: 1
firstTimestamp: '2026-11-28T09:50:00Z'
lastTimestamp: '2026-11-28T09:50:00Z'
"
        )
    });
    let event = event.unwrap_or_default();
    diagnosis::diagnose(&gathered(&format!(
        "{{taken_at: 2026-11-28T10:00:00Z, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, creationTimestamp: 2026-11-28T08:00:00Z}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {spec}}}}}
status: {{replicas: 1, updatedReplicas: 1, conditions: [{{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-1, namespace: shop, uid: web-1, labels: {{app: web, pod-template-hash: '1'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web, pod-template-hash: '1'}}}}, spec: {spec}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1-x, namespace: shop, uid: web-1-x, labels: {{app: web, pod-template-hash: '1'}}, creationTimestamp: 2026-11-28T08:00:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-1, uid: web-1}}]}}
spec: {spec}
status:
  phase: Pending
  conditions: [{condition}, {{type: PodScheduled, status: 'True'}}, {{type: Ready, status: 'False'}}]
  {statuses}
{event}"
    )))
}

/// The container whose image is told as being pulled.
fn pulled(condition: &str, statuses: &str, event: Option<(&str, &str)>) -> Option<String> {
    let found = told(condition, statuses, event);
    let it = found.iter().find(|it| it.cause.contains("probably still being pulled"))?;
    assert!(it.confidence < 0.7, "{it:?}");
    it.container.clone()
}

#[test]
fn a_pod_with_a_sandbox_that_nothing_failed_of_is_told_to_be_pulling_still() {
    assert_eq!(pulled(PREPARED, CREATING, None).as_deref(), Some("app"));
    let scheduled = Some(("Normal", "Scheduled"));
    assert_eq!(pulled(PREPARED, CREATING, scheduled).as_deref(), Some("app"));
    let first = behind("waiting: {reason: PodInitializing}");
    assert_eq!(pulled(PREPARED, &first, None).as_deref(), Some("first"));
    let ended = behind("terminated: {exitCode: 0, reason: Completed}");
    assert_eq!(pulled(PREPARED, &ended, None).as_deref(), Some("app"));
}

#[test]
fn without_a_sandbox_or_with_another_word_nobody_knows_that_it_is_pulled() {
    let unprepared = PREPARED.replace("'True'", "'False'");
    assert_eq!(pulled(&unprepared, CREATING, None), None);
    assert_eq!(pulled("{type: Initialized, status: 'True'}", CREATING, None), None);
    for event in [("Warning", "FailedMount"), ("Normal", "Pulled"), ("Normal", "Created")] {
        assert_eq!(pulled(PREPARED, CREATING, Some(event)), None, "{event:?}");
    }
    // It runs, and the other one waits for its end.
    let runs = behind("running: {startedAt: 2026-11-28T08:00:05Z}");
    assert_eq!(pulled(PREPARED, &runs, None), None);
}
