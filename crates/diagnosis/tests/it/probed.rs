//! What a probe asks for by a wrong name, and states that only look so.

use diagnosis::diagnose;
use types::{Evidence, SlipKind};

use crate::casebook::gathered;

/// A Deployment with this container and the pod's volumes, whose probe failed with this message.
fn facts(container: &str, more: &str, (state, message): (&str, &str)) -> Evidence {
    let spec = format!("{{containers: [{{name: app, image: 'shop/web:1', {container}}}{more}}}");
    gathered(&format!(
        "{{taken_at: 2026-11-28T10:00:00Z, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, creationTimestamp: 2026-11-28T09:50:00Z}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {spec}}}}}
status: {{replicas: 1, updatedReplicas: 1}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-1, namespace: shop, uid: web-1, labels: {{app: web, pod-template-hash: '1'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web, pod-template-hash: '1'}}}}, spec: {spec}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1-x, namespace: shop, uid: web-1-x, labels: {{app: web, pod-template-hash: '1'}}, creationTimestamp: 2026-11-28T09:50:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-1, uid: web-1}}]}}
spec: {spec}
status:
  phase: Running
  conditions: [{{type: PodScheduled, status: 'True'}}]
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', {state}}}]
---
apiVersion: v1
kind: Event
metadata: {{name: web-1-x.1, namespace: shop}}
involvedObject: {{kind: Pod, name: web-1-x, namespace: shop, uid: web-1-x, fieldPath: 'spec.containers{{app}}'}}
type: Warning
reason: Unhealthy
message: \"{message}\"
count: 9
lastTimestamp: 2026-11-28T09:59:50Z
"
    ))
}

const RUNS: &str =
    "ready: false, restartCount: 0, state: {running: {startedAt: 2026-11-28T09:50:10Z}}";
const KILLED: &str = "ready: true, restartCount: 3, state: {running: {startedAt: 2026-11-28T09:59:00Z}}, lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: 2026-11-28T09:58:50Z}}";

/// The edits of the slip.
fn edits(evidence: &Evidence) -> Vec<String> {
    let slips = evidence.slips.iter().filter(|it| it.kind == SlipKind::Probe);
    let place = "/spec/template/spec/containers/0/";
    slips.flat_map(|it| &it.edits).map(|it| it.to_string().replace(place, "")).collect()
}

fn ready(command: &str) -> String {
    format!("readinessProbe: {{exec: {{command: {command}}}}}")
}

#[test]
fn what_a_container_has_elsewhere_says_what_its_probe_was_meant_to_ask_for() {
    let said =
        |file: &str| format!("Readiness probe failed: cat: {file}: No such file or directory");
    let cases = [
        ("env: [{name: READY_FILE, value: /tmp/ready}]", "", "its variable READY_FILE"),
        ("lifecycle: {preStop: {exec: {command: [rm, /tmp/ready]}}}", "", "its preStop hook"),
        ("args: ['--ready-file=/tmp/ready']", "", "its command"),
        (
            "volumeMounts: [{name: v, mountPath: /tmp}]",
            ", {name: side, image: 'shop/side:1', command: [touch, /tmp/ready], volumeMounts: [{name: v, mountPath: /tmp}]}], volumes: [{name: v, emptyDir: {}}]",
            "container side's command",
        ),
    ];
    for (container, more, place) in cases {
        let more = if more.is_empty() { "]" } else { more };
        let container = format!("{container}, {}", ready("[cat, /tmp/redy]"));
        let evidence = facts(&container, more, (RUNS, &said("/tmp/redy")));
        assert_eq!(
            edits(&evidence),
            [r#"readinessProbe/exec/command/1: "/tmp/redy" -> "/tmp/ready""#]
        );
        let cause = &diagnose(&evidence)[0].cause;
        assert!(
            cause.ends_with(&format!("; {place} has /tmp/ready, which was probably meant.")),
            "{cause}"
        );
    }
    let mounted = format!(
        "volumeMounts: [{{name: v, mountPath: /var/stat}}], {}",
        ready("[cat, /var/stats/up]")
    );
    let volume = "], volumes: [{name: v, emptyDir: {}}]";
    assert_eq!(
        edits(&facts(&mounted, volume, (RUNS, &said("/var/stats/up")))),
        [r#"readinessProbe/exec/command/1: "/var/stats/up" -> "/var/stat/up""#]
    );
}

#[test]
fn a_container_that_is_ready_until_its_probe_kills_it_is_told_as_well() {
    let container = "livenessProbe: {exec: {command: [cat, /tmp/redy]}}, readinessProbe: {exec: {command: [cat, /tmp/ready]}}";
    let message = "Liveness probe failed: cat: can't open '/tmp/redy': No such file or directory";
    let evidence = facts(container, "]", (KILLED, message));

    assert_eq!(edits(&evidence), [r#"livenessProbe/exec/command/1: "/tmp/redy" -> "/tmp/ready""#]);
    assert!(diagnose(&evidence)[0].cause.contains("its readiness probe has /tmp/ready"));
}

#[test]
fn what_is_only_late_or_another_thing_is_no_slip() {
    let said = "Readiness probe failed: cat: /tmp/ready: No such file or directory";
    for (container, message) in [
        // The container makes it itself, or is told of it.
        ("command: [sh, -c, 'touch /tmp/reads; load; touch /tmp/ready']", said),
        ("args: [/tmp/read], env: [{name: READY, value: /tmp/ready}]", said),
        // Another number, nothing near, two that are as near.
        ("command: [touch, /tmp/ready1]", said),
        ("command: [touch, /tmp/live]", said),
        ("command: [sh, -c, 'touch /tmp/reads /tmp/reade']", said),
        // The program answers, and it is not about a file.
        ("command: [touch, /tmp/redy]", "Readiness probe failed: database is down"),
        ("command: [touch, /tmp/redy]", "Readiness probe failed: command timed out"),
    ] {
        let container = format!("{container}, {}", ready("[cat, /tmp/ready]"));
        let evidence = facts(&container, "]", (RUNS, message));
        assert!(edits(&evidence).is_empty(), "{container}: {:?}", edits(&evidence));
    }
    // A program that images usually bring is not there, however near another word is.
    let container = format!("command: [sh, -c, curls], {}", ready("[curl, -f, localhost]"));
    let message = "Readiness probe errored: exec: 'curl': executable file not found in $PATH";
    let evidence = facts(&container, "]", (RUNS, &message.replace('\'', "\\\"")));
    assert!(edits(&evidence).is_empty());
}
