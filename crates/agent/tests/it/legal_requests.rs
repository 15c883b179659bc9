//! Requests with the tokens of those who write that their strategies need.

use serde_json::json;

use crate::stolen_requests::{POD, Request, WEB, container, patch, request};

/// What the executor needs: of a template only fields that a strategy writes.
pub(crate) fn of_executor() -> Vec<Request> {
    let mut all = of_templates();
    all.extend(of_executor_alone());
    all.extend(crate::stolen_templates::legal());
    all.extend([
        container("eight times the memory", &json!({"resources": {"limits": {"memory": "512Mi"}}})),
        container(
            "a request up to the limit",
            &json!({"resources": {"requests": {"memory": "64Mi"}}}),
        ),
    ]);
    all
}

/// What a rollback needs: an earlier template had whatever it had.
pub(crate) fn of_restorer() -> Vec<Request> {
    let mut all = of_templates();
    let secret = json!({"secretKeyRef": {"name": "keys", "key": "a"}});
    all.extend([
        patch(
            "a label that nodes have, and a priority class",
            WEB,
            json!({"spec": {"template": {"spec": {"nodeSelector": {"disk": "ssd"}, "priorityClassName": "high"}}}}),
        ),
        container(
            "a reference that is there",
            &json!({"envFrom": [{"configMapRef": {"name": "web-config"}}]}),
        ),
        container("another command", &json!({"command": ["/web"], "args": ["serve"]})),
        container("a variable", &json!({"env": [{"name": "STAGE", "value": "test"}]})),
        container("a Secret of before", &json!({"env": [{"name": "KEY", "valueFrom": secret}]})),
        container("sixteen times the memory", &json!({"resources": {"limits": {"memory": "1Gi"}}})),
    ]);
    all.extend(crate::stolen_rights::legal().into_iter().chain(crate::stolen_fields::legal()));
    all
}

/// What both of them write.
fn of_templates() -> Vec<Request> {
    let on = |kind: &str| format!("/apis/apps/v1/namespaces/SHOP/{kind}");
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}}}});
    let nightly = json!({"spec": {"jobTemplate": image.clone()}});
    let mut all = vec![
        patch("another tag of the image", WEB, image.clone()),
        patch("the same of a StatefulSet", &on("statefulsets/db"), image.clone()),
        patch("the same of a DaemonSet", &on("daemonsets/node"), image),
        patch("the same of a CronJob", "/apis/batch/v1/namespaces/SHOP/cronjobs/nightly", nightly),
        container(
            "a digest in place of the tag",
            &json!({"image": "registry.example:5000/shop/web@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}),
        ),
        container("more memory", &json!({"resources": {"limits": {"memory": "96Mi"}}})),
        container("more CPU", &json!({"resources": {"limits": {"cpu": "2"}}})),
        container(
            "a probe at another path",
            &json!({"livenessProbe": {"httpGet": {"path": "/x"}}}),
        ),
        container("a smaller request", &json!({"resources": {"requests": {"memory": "8Mi"}}})),
        container("a probe with more time", &json!({"livenessProbe": {"timeoutSeconds": 5}})),
        container(
            "a probe at another port",
            &json!({"livenessProbe": {"httpGet": {"port": 8081}}}),
        ),
        request(
            "an eviction",
            "POST",
            &format!("{POD}/eviction"),
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "alone"}}),
        ),
    ];
    all.extend(crate::stolen_images::legal());
    all.extend(crate::stolen_fields::legal_of_big());
    all
}

/// What the executor writes and the restorer never.
pub(crate) fn of_executor_alone() -> Vec<Request> {
    let mut all = vec![
        patch(
            "another tag in a pod",
            POD,
            json!({"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}}),
        ),
        request(
            "more memory for a pod where it runs",
            "PATCH",
            &format!("{POD}/resize"),
            json!({"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "96Mi"}}}]}}),
        ),
        request(
            "the Lease of the agent",
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/HOME/leases",
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "k8s-reflexion-agent"}}),
        ),
        request(
            "an Event",
            "POST",
            "/api/v1/namespaces/SHOP/events",
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "x"},
                "involvedObject": {"kind": "Pod", "name": "alone", "namespace": "SHOP"}}),
        ),
    ];
    all.extend(crate::stolen_services::legal());
    all
}
