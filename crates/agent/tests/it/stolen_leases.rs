//! Requests about Leases with the executor's token that have to be refused.

use serde_json::{Value, json};

use crate::stolen_requests::{Request, request};

/// A Lease by which others agree is none of the executor's business, wherever a role would let it make one.
pub(crate) fn forbidden() -> Vec<Request> {
    let lease = |metadata: Value| json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata});
    let at =
        |namespace: &str| format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    vec![
        request(
            "make a Lease beside the agent's",
            "POST",
            &at("HOME"),
            lease(json!({"name": "x"})),
        ),
        request(
            "make a Lease of any name",
            "POST",
            &at("HOME"),
            lease(json!({"generateName": "k8s-reflexion-agent"})),
        ),
        request(
            "make a Lease that somebody else leads by",
            "POST",
            &at("kube-system"),
            lease(json!({"name": "kube-scheduler-of-mine"})),
        ),
        request(
            "make the Lease of the agent so that it cannot be deleted",
            "POST",
            &at("HOME"),
            lease(json!({"name": "k8s-reflexion-agent", "finalizers": ["example.com/x"]})),
        ),
        request(
            "delete the Lease of the agent",
            "DELETE",
            &format!("{}/k8s-reflexion-agent", at("HOME")),
            json!({}),
        ),
    ]
}
