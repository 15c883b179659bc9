//! Amounts that were mistyped or left out, and states that only look so.

use types::{Evidence, SlipKind};

use crate::casebook::gathered;

/// A Deployment whose pods are missing or wait, with these resources, and a node of 12Gi and two CPUs.
fn facts(resources: &str, message: &str, beside: &str) -> Evidence {
    let page = format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, creationTimestamp: 2026-11-24T02:50:00Z}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: app, image: 'shop/web:1', resources: {resources}}}]}}
status:
  conditions: [{{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: '{message}'}}]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-1
  namespace: shop
  uid: web-1
  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]
spec: {{selector: {{matchLabels: {{app: web}}}}, template: {{spec: {{containers: [{{name: app, image: 'shop/web:1', resources: {resources}}}]}}}}}}
status:
  replicas: 0
  conditions: [{{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: '{message}'}}]
---
apiVersion: v1
kind: Node
metadata: {{name: node1}}
status: {{allocatable: {{cpu: '2', memory: 12Gi, pods: '200'}}, conditions: [{{type: Ready, status: 'True'}}]}}
{beside}"
    );
    gathered(&page)
}

/// A workload beside it with this image and these resources.
fn other(name: &str, image: &str, resources: &str) -> String {
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop, uid: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: app, image: '{image}', resources: {resources}}}]}}
"
    )
}

/// The edits that correct a slip of this kind.
fn edits(evidence: &Evidence, kind: SlipKind) -> Vec<String> {
    let slips = evidence.slips.iter().filter(|it| it.kind == kind);
    let place = "/spec/template/spec/containers/0/resources";
    slips.flat_map(|it| &it.edits).map(|it| it.to_string().replace(place, "")).collect()
}

#[test]
fn an_amount_of_another_unit_is_told_where_others_have_it_or_nobody_can_mean_it() {
    let asks = |resources: &str, beside: &str| edits(&facts(resources, "", beside), SlipKind::Unit);
    let read = other("read", "shop/web:1", "{requests: {memory: 16Mi}}");

    let far = asks("{requests: {memory: 512Gi}, limits: {memory: 512Gi}}", "");
    assert_eq!(
        far,
        [r#"/requests/memory: "512Gi" -> "512Mi""#, r#"/limits/memory: "512Gi" -> "512Mi""#]
    );
    assert_eq!(asks("{requests: {cpu: 250}}", ""), [r#"/requests/cpu: "250" -> "250m""#]);
    assert_eq!(asks("{limits: {memory: 768Gi}}", ""), [r#"/limits/memory: "768Gi" -> "768Mi""#]);
    assert_eq!(
        asks("{requests: {memory: 16Gi}}", &read),
        [r#"/requests/memory: "16Gi" -> "16Mi""#]
    );

    // A node is missing, or nothing is wrong with it.
    let none: [&str; 0] = [];
    assert_eq!(asks("{requests: {memory: 16Gi}}", ""), none);
    assert_eq!(asks("{requests: {cpu: 4}}", ""), none);
    assert_eq!(asks("{requests: {memory: 8Gi}}", &read), none);
    // More of another program, and a limit alone that no node has.
    let of_others = other("db", "shop/db:1", "{requests: {memory: 16Mi}}");
    assert_eq!(asks("{requests: {memory: 16Gi}}", &of_others), none);
    assert_eq!(asks("{requests: {memory: 64Mi}, limits: {memory: 512Gi}}", ""), none);
}

#[test]
fn what_a_quota_wants_stated_is_taken_from_others_of_the_image_where_they_agree() {
    const MESSAGE: &str = r#"pods "web-1-x" is forbidden: failed quota: q: must specify limits.cpu for: app; memory for: app"#;
    let lacks =
        |message: &str, beside: &str| edits(&facts("{}", message, beside), SlipKind::Amount);
    let one = other("one", "shop/web:1", "{limits: {cpu: 100m, memory: 64Mi}}");
    let two = other("two", "shop/web:1", "{limits: {cpu: 200m, memory: 64Mi}}");
    let newer = other("newer", "shop/web:2", "{limits: {cpu: 300m, memory: 64Mi}}");

    let expected = [r#"/limits/cpu: nothing -> "100m""#, r#"/requests/memory: nothing -> "64Mi""#];
    assert_eq!(lacks(MESSAGE, &one), expected);
    // The same image says more than another version of it.
    assert_eq!(lacks(MESSAGE, &format!("{one}{newer}")), expected);
    let none: [&str; 0] = [];
    assert_eq!(lacks(MESSAGE, &format!("{one}{two}")), none);
    assert_eq!(lacks(MESSAGE, ""), none);
    assert_eq!(
        lacks(MESSAGE, &other("db", "shop/db:1", "{limits: {cpu: 100m, memory: 64Mi}}")),
        none
    );
    // A second container that nobody knows.
    assert_eq!(lacks(&MESSAGE.replace("memory for: app", "memory for: app,side"), &one), none);
    assert_eq!(lacks("", &one), none);
}

#[test]
fn less_than_a_limit_range_allows_is_raised_to_the_least_that_it_allows() {
    let range = |min: &str| {
        format!(
            "---
apiVersion: v1
kind: LimitRange
metadata: {{name: bounds, namespace: shop}}
spec: {{limits: [{{type: Container, min: {{{min}}}}}]}}
"
        )
    };
    let asks = |min: &str| {
        edits(
            &facts("{limits: {memory: 16Mi}, requests: {cpu: 50m}}", "", &range(min)),
            SlipKind::Amount,
        )
    };
    assert_eq!(asks("memory: 32Mi"), [r#"/limits/memory: "16Mi" -> "32Mi""#]);
    let both = [r#"/requests/cpu: "50m" -> "100m""#, r#"/limits/memory: "16Mi" -> "32Mi""#];
    assert_eq!(asks("memory: 32Mi, cpu: 100m"), both);
    assert_eq!(asks("memory: 16Mi, cpu: 10m"), [""; 0]);
}

/// A CronJob with this policy and image, and a job of an earlier template whose pod has this image and state.
fn corrected(policy: &str, image: &str, state: &str) -> Evidence {
    let page = format!(
        "{{taken_at: 2026-11-24T03:10:00Z, root: CronJob rollup}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: rollup, namespace: shop, uid: rollup}}
spec:
  schedule: '*/5 * * * *'
  concurrencyPolicy: {policy}
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: app, image: 'shop/rollup:2'}}]}}}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: rollup-1
  namespace: shop
  uid: rollup-1
  creationTimestamp: 2026-11-24T03:00:00Z
  ownerReferences: [{{apiVersion: batch/v1, controller: true, kind: CronJob, name: rollup, uid: rollup}}]
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: app, image: 'shop/rollup:1'}}]}}}}}}
status: {{active: 1}}
---
apiVersion: v1
kind: Pod
metadata:
  name: rollup-1-a
  namespace: shop
  uid: rollup-1-a
  creationTimestamp: 2026-11-24T03:00:00Z
  ownerReferences: [{{apiVersion: batch/v1, controller: true, kind: Job, name: rollup-1, uid: rollup-1}}]
spec: {{nodeName: node1, containers: [{{name: app, image: '{image}'}}]}}
status:
  phase: Pending
  containerStatuses: [{{name: app, image: '{image}', imageID: '', ready: false, restartCount: 0, state: {state}}}]
"
    );
    gathered(&page)
}

#[test]
fn what_a_job_of_an_earlier_template_waits_for_is_not_told_of_the_present_one() {
    const LOST: &str = "{waiting: {reason: ImagePullBackOff, message: 'not found'}}";
    const RUNS: &str = "{running: {startedAt: 2026-11-24T03:00:05Z}}";
    let held = |policy, image, state| {
        let evidence = corrected(policy, image, state);
        let waits = evidence.containers[0].state.waiting.is_some();
        (evidence.workload.held_by, waits)
    };

    assert_eq!(held("Forbid", "shop/rollup:1", LOST), (Some("rollup-1".to_owned()), false));
    // Another one starts beside it, or it does its work.
    assert_eq!(held("Allow", "shop/rollup:1", LOST), (None, false));
    assert_eq!(held("Forbid", "shop/rollup:1", RUNS), (None, false));
    // Its pod was given the present image: how that fares is told.
    assert_eq!(held("Forbid", "shop/rollup:2", LOST), (None, true));
}

/// What is offered to a pod whose container sets this variable and said this.
fn of_variable(value: &str, log: &str) -> Vec<String> {
    let log = serde_json::to_string(log).unwrap();
    let page = format!(
        "taken_at: 2026-11-24T03:00:00Z
root: Pod web-1
logs: [{{pod: web-1, container: app, previous: true, text: {log}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'shop/web:1', env: [{{name: STORE, value: '{value}'}}]}}]}}
status:
  phase: Running
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: 2026-11-24T02:58:00Z, finishedAt: 2026-11-24T02:58:20Z}}}}}}]
"
    );
    edits(&gathered(&page), SlipKind::Value)
}

#[test]
fn a_scheme_that_is_nearly_one_that_the_program_takes_is_offered() {
    let lists = "MongoParseError: Invalid scheme, expected connection string to start with \"mongodb://\" or \"mongodb+srv://\"";
    let edits = of_variable("mongdb://db:27017/x", lists);
    assert!(edits.iter().any(|it| it.contains("mongodb://db:27017/x")), "{edits:?}");
    let unknown = "Get \"htps://feed/x\": unsupported protocol scheme \"htps\"";
    let edits = of_variable("htps://feed/x", unknown);
    assert!(edits.iter().any(|it| it.contains("https://feed/x")), "{edits:?}");
    // Another server, and one that is as it has to be.
    assert!(of_variable("mysql://db/x", lists).is_empty());
    assert!(of_variable("mongodb://db/x", lists).is_empty());
}

#[test]
fn a_variable_that_may_come_from_a_whole_config_map_is_no_slip_until_the_log_shows_that_it_does_not()
 {
    let slips = |more: &str, log: &str| {
        let page = format!(
            "taken_at: 2026-11-24T03:00:00Z
root: Pod web-1
logs:
  - {{pod: web-1, container: app, previous: true, text: '{log}'}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'shop/web:1', args: ['--at=$(DB_HOSTS)'], env: [{{name: DB_HOST, value: db}}]{more}}}]}}
status:
  phase: Running
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, finishedAt: 2026-11-24T02:58:20Z}}}}}}]
"
        );
        edits(&gathered(&page), SlipKind::Value).len()
    };
    let whole = ", envFrom: [{configMapRef: {name: web}}]";
    assert_eq!(slips("", "boom"), 1);
    assert_eq!(slips(whole, "boom"), 0);
    assert_eq!(slips(whole, "no host $(DB_HOSTS)"), 1);
}

#[test]
fn shared_memory_is_put_where_none_is_mounted_and_the_log_names_a_size() {
    let edits = |more: &str, line: &str| {
        let page = format!(
            "taken_at: 2026-11-24T03:00:00Z
root: Pod web-1
logs: [{{pod: web-1, container: app, previous: true, text: '{line}'}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'postgres:16'}}]{more}}}
status:
  phase: Running
  containerStatuses: [{{name: app, image: 'postgres:16', imageID: '', ready: false, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, finishedAt: 2026-11-24T02:58:20Z}}}}}}]
"
        );
        edits(&gathered(&page), SlipKind::Mount)
    };
    let line = "could not resize shared memory segment \"/PostgreSQL.1\" to 67128672 bytes: No space left on device";
    let mount =
        r#"/spec/containers/0/volumeMounts: nothing -> [{"mountPath":"/dev/shm","name":"dshm"}]"#;
    let volume = r#"{"emptyDir":{"medium":"Memory","sizeLimit":"256Mi"},"name":"dshm"}"#;
    let none = edits("", line);
    assert_eq!(none, [mount.to_owned(), format!("/spec/volumes: nothing -> [{volume}]")]);
    let beside = edits(", volumes: [{name: data, emptyDir: {}}]", line);
    assert_eq!(beside, [mount.to_owned(), format!("/spec/volumes/1: nothing -> {volume}")]);
    // The name is taken, and nobody says how much is wanted.
    assert!(edits(", volumes: [{name: dshm, emptyDir: {}}]", line).is_empty());
    assert!(edits("", "insufficient shared memory").is_empty());
}
