//! Secrets that stand in a template where none belongs: in the name of an image, in the path of a probe, in a mistyped
//! flag, among labels. The product speaks of each of these fields, and none of the secrets is in its words.

use crate::casebook::{gathered, scanned};

/// The secrets, none of which may be in any word of the product.
const CANARIES: [&str; 7] = [
    "Zq7canaryW4xImage",
    "Zq7canaryW4xProbe",
    "Zq7canaryW4xTypo",
    "Zq7canaryW4xEnv",
    "Zq7canaryW4xNode",
    "Zq7canaryW4xAffinity",
    "Zq7canaryW4xLabel",
];

/// A Deployment that fails in every way in which its template is shown.
const OBJECTS: &str = r#"taken_at: 2026-11-24T03:00:20Z
root: Deployment web
logs:
  - pod: web-6c8d7f9b5d-x2x4z
    container: app
    previous: false
    text: |
      unknown flag: --pasword
      invalid variable DB_PASWORD
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: deployment-web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, token: LABEL}}
    spec:
      nodeSelector: {token: TOKEN}
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions: [{key: password, operator: In, values: [Zq7canaryW4xAffinity]}]
      containers:
        - name: app
          image: robot:Zq7canaryW4xImage@registry.example.com/app:1.0
          args: ['--pasword=Zq7canaryW4xTypo', '--port=80']
          env: [{name: DB_PASWORD, value: Zq7canaryW4xEnv}]
          readinessProbe:
            httpGet: {port: 8081, path: '/healthz?sig=Zq7canaryW4xProbe', host: 10.99.0.77}
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
kind: Service
metadata: {name: web, namespace: shop, uid: service-web}
spec: {selector: {app: web, token: LABELZ}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Node
metadata: {name: node1, uid: node-1}
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
  containers: [{name: app, image: 'robot:Zq7canaryW4xImage@registry.example.com/app:1.0'}]
status:
  phase: Pending
  conditions:
    - {type: PodScheduled, status: 'False', reason: Unschedulable,
       message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}
  containerStatuses:
    - name: app
      image: ''
      ready: false
      restartCount: 5
      state: {waiting: {reason: InvalidImageName}}
"#;

/// The objects with tokens of two vendors among the labels.
fn objects() -> String {
    let token = concat!("gl", "pat-Zq7canaryW4xNode0123");
    let label = concat!("gh", "p_Zq7canaryW4xLabel0123456789");
    OBJECTS.replace("TOKEN", token).replace("LABEL", label)
}

#[test]
fn a_token_in_the_selector_of_a_service_is_in_none_of_its_facts() {
    let objects = objects().replace("root: Deployment web", "root: Service web");
    let evidence = gathered(&objects);

    let said = serde_json::to_string(&(&evidence, &diagnosis::diagnose(&evidence))).unwrap();
    let selector = &evidence.service.unwrap().selector;

    assert!(!said.contains("Zq7canaryW4x"), "{said}");
    assert_eq!(selector["app"], "web");
    assert!(selector["token"].starts_with("[redacted:"), "{selector:?}");
}

#[test]
fn no_secret_of_a_template_is_in_the_words_of_the_product() {
    let objects = objects();
    let evidence = gathered(&objects);
    let diagnoses = diagnosis::diagnose(&evidence);
    let said = serde_json::to_string(&(&evidence, &diagnoses, scanned(&objects))).unwrap();

    for canary in CANARIES {
        assert!(objects.contains(canary) && !said.contains(canary), "{canary}: {said}");
    }
    // What the fields are called, and where they lead to, is there.
    for word in [
        "@registry.example.com/app:1.0",
        "/healthz?sig=[redacted:",
        "token=[redacted:",
        "password In",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}
