//! Worker processes that are killed below a first one that lives on, and states that only look so.

use diagnosis::diagnose;
use types::{Fault, Kind};

use crate::casebook::gathered;

const KILLED: &str = "[ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?";

/// What is wrong with a pod of these resources that is ready or not and has written these lines.
fn fault(resources: &str, ready: bool, log: &[&str]) -> Option<Fault> {
    let log: String = log.iter().map(|it| format!("      {it}\n")).collect();
    let condition = if ready { "'True'" } else { "'False'" };
    let page = format!(
        "taken_at: 2026-11-28T10:00:00Z
root: Pod web
logs:
  - pod: web
    container: app
    text: |
{log}---
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: shop, uid: web, creationTimestamp: 2026-11-28T09:50:00Z}}
spec:
  nodeName: node1
  containers: [{{name: app, image: 'shop/web:1', resources: {resources}, readinessProbe: {{exec: {{command: [test, -f, /tmp/warm]}}}}}}]
status:
  phase: Running
  conditions: [{{type: Ready, status: {condition}, lastTransitionTime: 2026-11-28T09:50:00Z}}, {{type: PodScheduled, status: 'True'}}]
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: {ready}, restartCount: 0, state: {{running: {{startedAt: 2026-11-28T09:50:02Z}}}}}}]
"
    );
    let evidence = gathered(&page);
    assert_eq!(evidence.subject.kind, Kind::Pod);
    diagnose(&evidence).first().map(|it| it.fault)
}

#[test]
fn who_loses_its_workers_again_and_again_is_out_of_memory() {
    let limits = "{limits: {memory: 56Mi}}";
    assert_eq!(
        fault(limits, false, &[KILLED, "[INFO] Booting worker", KILLED]),
        Some(Fault::OomKilled)
    );
}

#[test]
fn who_is_ready_or_has_no_limit_or_lost_one_worker_is_not() {
    let limits = "{limits: {memory: 56Mi}}";
    assert_eq!(fault(limits, true, &[KILLED, KILLED]), None);
    assert_ne!(fault("{}", false, &[KILLED, KILLED]), Some(Fault::OomKilled));
    assert_ne!(fault(limits, false, &[KILLED, "[INFO] Booting worker"]), Some(Fault::OomKilled));
    let late = ["[CRITICAL] WORKER TIMEOUT (pid:17)", KILLED, KILLED];
    assert_ne!(fault(limits, false, &late), Some(Fault::OomKilled));
}
