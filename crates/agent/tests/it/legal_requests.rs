//! Requests with the executor's token that its strategies need.

use serde_json::json;

use crate::stolen_requests::{POD, Request, WEB, container, patch, request};

/// What the strategies need, a rollback among them.
pub(crate) fn legal() -> Vec<Request> {
    let mut all = always();
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
    ]);
    all.extend(crate::stolen_rights::legal().into_iter().chain(crate::stolen_fields::legal()));
    all
}

/// What they need where nothing is rolled back.
pub(crate) fn legal_where_kept() -> Vec<Request> {
    always().into_iter().chain(crate::stolen_templates::legal()).collect()
}

fn always() -> Vec<Request> {
    let on = |kind: &str| format!("/apis/apps/v1/namespaces/SHOP/{kind}");
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}}}});
    let nightly = json!({"spec": {"jobTemplate": image.clone()}});
    let mut all = vec![
        patch("another tag of the image", WEB, image.clone()),
        patch("the same of a StatefulSet", &on("statefulsets/db"), image.clone()),
        patch("the same of a DaemonSet", &on("daemonsets/node"), image),
        patch("the same of a CronJob", "/apis/batch/v1/namespaces/SHOP/cronjobs/nightly", nightly),
        patch(
            "the same of a pod",
            POD,
            json!({"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}}),
        ),
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
            "more memory for a pod where it runs",
            "PATCH",
            &format!("{POD}/resize"),
            json!({"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "96Mi"}}}]}}),
        ),
        request(
            "an eviction",
            "POST",
            &format!("{POD}/eviction"),
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "alone"}}),
        ),
        request(
            "the Lease of the agent",
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/HOME/leases",
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "k8s-reflexion-agent"}}),
        ),
    ];
    all.extend(crate::stolen_images::legal());
    all.extend(crate::stolen_services::legal());
    all.extend(crate::stolen_fields::legal_of_big());
    all
}
