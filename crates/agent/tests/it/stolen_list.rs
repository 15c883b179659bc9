//! What nobody may do with a stolen token of the executor, each in a namespace that is enrolled, in one that is not,
//! and in one of the system.

use serde_json::{Value, json};

use crate::stolen_requests::{Request, patch, request};

/// Each of the list, in each namespace.
pub(crate) fn everywhere() -> Vec<Request> {
    let places = [("SHOP", "web"), ("OTHER", "web"), ("kube-system", "ID")];
    places.iter().flat_map(|(namespace, web)| list(namespace, web)).collect()
}

fn list(namespace: &str, web: &str) -> Vec<Request> {
    let core = |path: &str| format!("/api/v1/namespaces/{namespace}/{path}");
    let of = |group: &str, path: &str| format!("/apis/{group}/v1/namespaces/{namespace}/{path}");
    let deployment = of("apps", &format!("deployments/{web}"));
    let named =
        |api: &str, kind: &str| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}});
    let mut pod = named("v1", "Pod");
    pod["spec"] = json!({"containers": [{"name": "x", "image": "x"}]});
    let mut made = named("apps/v1", "Deployment");
    made["spec"] = json!({"selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": pod["spec"]}});
    let mut binding = named("rbac.authorization.k8s.io/v1", "RoleBinding");
    binding["roleRef"] =
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"});
    let mut token = named("authentication.k8s.io/v1", "TokenRequest");
    token["spec"] = json!({});
    let debug = json!({"spec": {"ephemeralContainers": [{"name": "x", "image": "x"}]}});
    let label = json!({"metadata": {"labels": {"k8s-reflexion.io/managed": "true"}}});
    let mut all = vec![
        request("get a secret", "GET", &core("secrets/keys"), Value::Null),
        request("list secrets", "GET", &core("secrets"), Value::Null),
        request("create a pod", "POST", &core("pods"), pod),
        request("create a Deployment", "POST", &of("apps", "deployments"), made),
        request("delete a Deployment", "DELETE", &deployment, json!({})),
        request("delete a pod", "DELETE", &core("pods/alone"), json!({})),
        request("delete a budget", "DELETE", &of("policy", "poddisruptionbudgets/x"), json!({})),
        request("exec", "POST", &core("pods/alone/exec"), json!({})),
        request("an ephemeral container", "PATCH", &core("pods/alone/ephemeralcontainers"), debug),
        request("a token", "POST", &core("serviceaccounts/default/token"), token),
        request("a role", "POST", &of("rbac.authorization.k8s.io", "rolebindings"), binding),
        request(
            "a label of the namespace",
            "PATCH",
            &format!("/api/v1/namespaces/{namespace}"),
            label,
        ),
        patch("replicas", &deployment, json!({"spec": {"replicas": 1}})),
    ];
    all.extend(edits(&deployment));
    all
}

/// Edits of the template.
fn edits(deployment: &str) -> Vec<Request> {
    let pod =
        |what, spec: Value| patch(what, deployment, json!({"spec": {"template": {"spec": spec}}}));
    let app = |what, change: Value| {
        let mut app = json!({"name": "app"});
        app.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        pod(what, json!({"containers": [app]}))
    };
    let secret = json!({"secretKeyRef": {"name": "keys", "key": "a"}});
    vec![
        pod("another service account", json!({"serviceAccountName": "admin"})),
        app("a secret in a variable", json!({"env": [{"name": "KEY", "valueFrom": secret}]})),
        app("a command", json!({"command": ["sh", "-c", "id"]})),
        app("privileged", json!({"securityContext": {"privileged": true}})),
        pod("a path of the host", json!({"volumes": [{"name": "x", "hostPath": {"path": "/"}}]})),
        app("an image of another registry", json!({"image": "evil.example/shop/web:1.0"})),
        // Below the cap of the policy, and above eight times what it has.
        app("sixteen times the memory", json!({"resources": {"limits": {"memory": "1Gi"}}})),
    ]
}
