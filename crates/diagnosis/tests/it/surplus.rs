//! A label too many in the selector of a Service.

use types::SurplusLabel;

use crate::casebook::gathered;

/// What a workload of this kind has: its labels, those of its template, and how many of its pods there are to be.
fn workload(name: &str, (own, template): (&str, &str), replicas: u8) -> String {
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop, uid: d-{name}, generation: 1, labels: {{{own}}}}}
spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{{template}}}}}, spec: {{containers: [{{name: app, image: 'shop/{name}:2'}}]}}}}}}
status: {{observedGeneration: 1, replicas: {replicas}, updatedReplicas: {replicas}, readyReplicas: {replicas}}}
"
    )
}

/// The label too many of Service `name` that asks for `app: web` and this label, beside Deployment web, whose one pod
/// is ready or not and declares port 8080, and other objects.
fn told((name, label): (&str, &str), ready: &str, beside: &str) -> Option<SurplusLabel> {
    let web = workload("web", ("app: web", "app: web"), 1);
    let page = format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Service {name}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop, uid: s, creationTimestamp: 2026-11-24T01:00:00Z}}
spec: {{clusterIP: 10.96.0.7, selector: {{app: web, {label}}}, ports: [{{port: 80, targetPort: 8080, protocol: TCP}}]}}
{web}---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-1, namespace: shop, uid: rs-web, labels: {{app: web}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: d-web}}]}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app, image: 'shop/web:2'}}]}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1-a, namespace: shop, uid: u-web, labels: {{app: web}}, creationTimestamp: 2026-11-24T01:00:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: web-1, uid: rs-web}}]}}
spec: {{containers: [{{name: app, image: 'shop/web:2', ports: [{{containerPort: 8080}}]}}]}}
status: {{phase: Running, conditions: [{{type: Ready, status: '{ready}', lastTransitionTime: 2026-11-24T02:00:00Z}}]}}
{beside}"
    );
    gathered(&page).service.unwrap().surplus
}

#[test]
fn a_label_that_nothing_in_the_namespace_has_is_told() {
    let surplus = told(("shop-web", "tier: frontend"), "True", "").unwrap();
    assert_eq!((surplus.key.as_str(), surplus.value.as_str()), ("tier", "frontend"));
    assert_eq!(surplus.workload, "Deployment shop/web");
    assert!(surplus.nobodys && !surplus.formerly);
    // Another value of it, and what is in another namespace, change nothing.
    let others = workload("db", ("app: db", "app: db, tier: data"), 1)
        + &workload("cart", ("app: cart", "app: cart, tier: frontend"), 1)
            .replace("namespace: shop", "namespace: other");
    assert!(told(("shop-web", "tier: frontend"), "True", &others).is_some());
}

#[test]
fn a_label_that_the_pods_had_before_is_told_as_such() {
    let earlier = "---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-0, namespace: shop, uid: rs-web-0, labels: {app: web, tier: frontend}, ownerReferences: [{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: d-web}]}
spec: {replicas: 0, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, tier: frontend}}, spec: {containers: [{name: app, image: 'shop/web:1'}]}}}
";
    let surplus = told(("shop-web", "tier: frontend"), "True", earlier).unwrap();
    assert!(surplus.nobodys && surplus.formerly);
}

#[test]
fn a_label_that_may_keep_these_pods_out_is_not_told() {
    let silent = |service: (&str, &str), ready: &str, beside: &str| {
        let surplus = told(service, ready, beside);
        assert_eq!(surplus, None, "{service:?} {ready} {beside}");
    };
    let canary = ("edge", "track: canary");
    // Who has it is scaled to nothing, or had no pod yet.
    silent(canary, "True", &workload("next", ("app: next", "app: next, track: canary"), 0));
    silent(canary, "True", &workload("next", ("app: next, track: canary", "app: next"), 0));
    // Another Service takes the pods already.
    let other = "---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, uid: s-2, creationTimestamp: 2026-11-24T01:00:00Z}
spec: {clusterIP: 10.96.0.8, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";
    silent(canary, "True", other);
    // The Service is called after it, a controller makes it, the pods are not ready.
    silent(("edge-canary", "track: canary"), "True", "");
    silent(("edge", "rollouts-pod-template-hash: 6bc69486c"), "True", "");
    silent(canary, "False", "");
    // Pods of two workloads would be taken.
    let second = "---
apiVersion: v1
kind: Pod
metadata: {name: lone, namespace: shop, uid: u-lone, labels: {app: web}, creationTimestamp: 2026-11-24T01:00:00Z}
spec: {containers: [{name: app, image: 'shop/lone:2', ports: [{containerPort: 8080}]}]}
status: {phase: Running, conditions: [{type: Ready, status: 'True', lastTransitionTime: 2026-11-24T02:00:00Z}]}
";
    silent(canary, "True", second);
}
