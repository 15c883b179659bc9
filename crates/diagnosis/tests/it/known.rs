//! What a template hides under a secret's name is hidden in all of its evidence.

use std::sync::Arc;

use diagnosis::{Redactor, Secrets, Snapshot};
use serde_json::json;
use types::Evidence;

use crate::casebook::gathered;

/// A Deployment whose pod ends again and again, and tells much before it does.
const OBJECTS: &str = r"taken_at: 2026-11-24T03:00:20Z
root: Deployment web
logs:
  - pod: web-6c8d7f9b5d-x2x4z
    container: app
    previous: false
    text: |
      connecting with Sommer2024
      handshake frostnacht refused
  - pod: web-6c8d7f9b5d-x2x4z
    container: app
    previous: true
    text: |
      image shop/web:3f2a9c1 at web-db2
      role postgres does not exist, tried winterlich7
      mode strict2
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: deployment-web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: shop/web:3f2a9c1
          command: [serve, --api-key, frostnacht]
          env:
            - {name: DB_PASSWORD, value: Sommer2024}
            - {name: DATABASE_URL, value: 'postgres://shop:winterlich7@web-db2/shop'}
            - {name: POSTGRES_PASSWORD, value: postgres}
            - {name: AUTH_HOST_TOKEN, value: web-db2}
            - {name: BUILD_SIGNATURE, value: 3f2a9c1}
            - {name: MODE, value: strict2}
---
apiVersion: v1
kind: Service
metadata: {name: web-db2, namespace: shop, uid: service-web-db2}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-6c8d7f9b5d
  namespace: shop
  uid: set-web
  labels: {app: web, pod-template-hash: 6c8d7f9b5d}
  ownerReferences:
    - {apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: deployment-web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata:
  name: web-6c8d7f9b5d-x2x4z
  namespace: shop
  uid: 8f14e45f-ceea-467f-a0e6-1c1d2c8b6d3e
  labels: {app: web, pod-template-hash: 6c8d7f9b5d}
  ownerReferences:
    - {apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-6c8d7f9b5d, uid: set-web}
spec:
  containers: [{name: app, image: 'shop/web:3f2a9c1'}]
  nodeName: node1
status:
  phase: Running
  containerStatuses:
    - name: app
      image: shop/web:3f2a9c1
      ready: false
      restartCount: 5
      state:
        waiting: {reason: CrashLoopBackOff, message: back-off after Sommer2024}
      lastState:
        terminated: {exitCode: 1, reason: Error, message: 'no entry with Sommer2024'}
---
apiVersion: v1
kind: Event
metadata: {name: web.1, namespace: shop}
involvedObject: {kind: Pod, namespace: shop, name: web-6c8d7f9b5d-x2x4z, uid: 8f14e45f-ceea-467f-a0e6-1c1d2c8b6d3e, fieldPath: 'spec.containers{app}'}
reason: Unhealthy
type: Warning
message: 'Readiness probe failed: got Sommer2024 for web-6c8d7f9b5d-x2x4z'
lastTimestamp: 2026-11-24T03:00:00Z
count: 3
";

fn evidence() -> (Evidence, String) {
    let evidence = gathered(OBJECTS);
    let text = serde_json::to_string(&evidence).unwrap();
    (evidence, text)
}

#[test]
fn what_a_template_hides_is_hidden_in_logs_events_and_messages_with_the_same_mark() {
    let (evidence, text) = evidence();

    for secret in ["Sommer2024", "frostnacht", "winterlich7"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let mark = Redactor::new([0; 32]).mark("Sommer2024");
    let app = &evidence.containers[0];
    assert_eq!(app.log[0], format!("connecting with {mark}"));
    assert_eq!(app.state.exit_message.as_deref(), Some(&*format!("no entry with {mark}")));
    assert!(evidence.events.iter().any(|it| it.message.contains(&mark)), "{text}");
}

#[test]
fn names_tags_hosts_and_common_words_are_not() {
    let (evidence, text) = evidence();

    let said = evidence.containers[0].previous_log.join("\n");
    assert!(said.contains("image shop/web:3f2a9c1 at web-db2"), "{said}");
    assert!(said.contains("role postgres does not exist"), "{said}");
    assert!(said.contains("mode strict2"), "{said}");
    assert!(text.contains("web-6c8d7f9b5d-x2x4z"), "{text}");
}

/// What a pod hides whose template has this password.
fn secrets(password: &str) -> Secrets {
    let env = json!([{"name": "DB_PASSWORD", "value": password}]);
    let spec = json!({"containers": [{"name": "app", "env": env}]});
    let pod = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
    diagnosis::secrets_of_pod(&pod, &Redactor::new([0; 32]))
}

#[test]
fn a_scan_hides_what_the_workloads_of_a_namespace_hide_and_there_alone() {
    let mut all = Snapshot::at("2026-11-24T03:00:00Z".parse().unwrap(), "test");
    let (mut services, message) = (vec![], "the cloud said frostnacht and Sommer2024");
    for space in ["shop", "other"] {
        let metadata = json!({"name": "web", "namespace": space});
        let spec = json!({"type": "LoadBalancer", "ports": [{"port": 80}]});
        let service = json!({"metadata": metadata, "spec": spec});
        services.push(serde_json::from_value(service).unwrap());
        let about = json!({"kind": "Service", "namespace": space, "name": "web"});
        let event = json!({"metadata": metadata, "involvedObject": about, "type": "Warning",
            "reason": "SyncLoadBalancerFailed", "message": message, "lastTimestamp": all.taken_at});
        all.events.push(Arc::new(serde_json::from_value(event).unwrap()));
    }
    all.services = Some(services);
    let apart = [("shop", "Sommer2024"), ("other", "frostnacht")];
    let apart = apart.map(|it| (it.0.to_owned(), secrets(it.1)));
    let redactor = Redactor::new([0; 32]).knowing_apart(apart.into());

    let found = diagnosis::survey(&all, vec![], &redactor);

    for (space, hidden, open) in
        [("shop", "Sommer2024", "frostnacht"), ("other", "frostnacht", "Sommer2024")]
    {
        let told = found.iter().find(|it| it.subject.namespace == space).unwrap();
        assert!(!serde_json::to_string(told).unwrap().contains(hidden), "{told:?}");
        assert!(told.cause.contains(open) && told.cause.contains("[redacted:"), "{told:?}");
    }
}
