//! Requests with the token of somebody who writes that have to be refused.

use serde_json::{Value, json};

/// One request. `HOME`, `SHOP`, `OTHER` and `DENIED` in its path stand for namespaces, and `ID` for this run.
pub(crate) struct Request {
    pub(crate) what: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn content_type(&self) -> &'static str {
        match self.method {
            "PATCH" if self.body.is_array() => "application/json-patch+json",
            "PATCH" => "application/strategic-merge-patch+json",
            _ => "application/json",
        }
    }
}

pub(crate) fn request(
    what: &'static str,
    method: &'static str,
    path: &str,
    body: Value,
) -> Request {
    Request { what, method, path: path.to_owned(), body }
}

pub(crate) const WEB: &str = "/apis/apps/v1/namespaces/SHOP/deployments/web";
pub(crate) const POD: &str = "/api/v1/namespaces/SHOP/pods/alone";

/// An edit of a workload with its fix id, as the executor writes it.
pub(crate) fn patch(what: &'static str, path: &str, mut body: Value) -> Request {
    body["metadata"]["annotations"]["k8s-reflexion.io/fix-id"] = json!("a-fix");
    request(what, "PATCH", path, body)
}

/// An edit of the template of `web`.
fn template(what: &'static str, spec: &Value) -> Request {
    patch(what, WEB, json!({"spec": {"template": {"spec": spec}}}))
}

/// An edit of the container of `web`.
pub(crate) fn container(what: &'static str, change: &Value) -> Request {
    let mut app = json!({"name": "app"});
    app.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    template(what, &json!({"containers": [app]}))
}

/// What has to be refused.
pub(crate) fn forbidden() -> Vec<Request> {
    let mut all = reads();
    all.extend(doors());
    all.extend(around_the_template());
    all.extend(in_the_template());
    all.extend(on_pods());
    all.extend(crate::stolen_leases::forbidden());
    all.extend(crate::stolen_rights::forbidden());
    all.extend(crate::stolen_images::forbidden());
    all.extend(crate::stolen_services::forbidden());
    all.extend(crate::stolen_fields::forbidden());
    all
}

/// Who writes reads nothing at all.
fn reads() -> Vec<Request> {
    [
        ("list secrets of the shop", "/api/v1/namespaces/SHOP/secrets"),
        ("list secrets of the cluster", "/api/v1/secrets"),
        ("read a secret", "/api/v1/namespaces/SHOP/secrets/keys"),
        ("read a ConfigMap", "/api/v1/namespaces/SHOP/configmaps/web-config"),
        ("list pods", "/api/v1/pods"),
        ("read a pod's log", "/api/v1/namespaces/SHOP/pods/alone/log"),
        ("list nodes", "/api/v1/nodes"),
        ("read a Deployment", WEB),
        ("read a node's files through the API server", "/api/v1/nodes/node1/proxy/logs/"),
        ("list roles", "/apis/rbac.authorization.k8s.io/v1/clusterroles"),
    ]
    .map(|(what, path)| request(what, "GET", path, Value::Null))
    .into()
}

/// Doors that no role opens.
#[expect(clippy::too_many_lines, reason = "a list, and nothing else")]
fn doors() -> Vec<Request> {
    let named = |api: &str, kind: &str, name: &str| json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"},
        "spec": {"containers": [{"name": "x", "image": "x"}]}});
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let mut binding = named("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "x");
    binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"});
    let mut token = named("authentication.k8s.io/v1", "TokenRequest", "");
    token["spec"] = json!({});
    vec![
        request("make a pod", "POST", "/api/v1/namespaces/SHOP/pods", pod.clone()),
        request("make a pod in kube-system", "POST", "/api/v1/namespaces/kube-system/pods", pod),
        request(
            "make a secret",
            "POST",
            "/api/v1/namespaces/SHOP/secrets",
            named("v1", "Secret", "x"),
        ),
        request(
            "change a secret",
            "PATCH",
            "/api/v1/namespaces/SHOP/secrets/keys",
            json!({"data": {"a": "eA=="}}),
        ),
        request(
            "change a ConfigMap",
            "PATCH",
            "/api/v1/namespaces/SHOP/configmaps/web-config",
            json!({"data": {"a": "x"}}),
        ),
        request("delete a pod", "DELETE", POD, json!({})),
        request("delete a Deployment", "DELETE", WEB, json!({})),
        request("delete all pods", "DELETE", "/api/v1/namespaces/SHOP/pods", json!({})),
        request("delete the namespace", "DELETE", "/api/v1/namespaces/SHOP", json!({})),
        request(
            "enrol a namespace",
            "PATCH",
            "/api/v1/namespaces/SHOP",
            json!({"metadata": {"labels": {"k8s-reflexion.io/managed": "true"}}}),
        ),
        request(
            "scale a Deployment",
            "PATCH",
            "/apis/apps/v1/namespaces/SHOP/deployments/web/scale",
            json!({"spec": {"replicas": 9}}),
        ),
        request(
            "write a status",
            "PATCH",
            "/apis/apps/v1/namespaces/SHOP/deployments/web/status",
            json!({"status": {"replicas": 9}}),
        ),
        request(
            "run a command in a pod",
            "POST",
            "/api/v1/namespaces/SHOP/pods/alone/exec",
            json!({}),
        ),
        request("attach to a pod", "POST", "/api/v1/namespaces/SHOP/pods/alone/attach", json!({})),
        request(
            "forward a port",
            "POST",
            "/api/v1/namespaces/SHOP/pods/alone/portforward",
            json!({}),
        ),
        request(
            "add a debugging container",
            "PATCH",
            "/api/v1/namespaces/SHOP/pods/alone/ephemeralcontainers",
            json!({"spec": {"ephemeralContainers": [{"name": "x", "image": "x"}]}}),
        ),
        request(
            "bind a pod to a node",
            "POST",
            "/api/v1/namespaces/SHOP/pods/alone/binding",
            json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "alone"}, "target": {"kind": "Node", "name": "node1"}}),
        ),
        request(
            "taint a node",
            "PATCH",
            "/api/v1/nodes/node1",
            json!({"spec": {"unschedulable": true}}),
        ),
        request("become an administrator", "POST", &format!("{rbac}/clusterrolebindings"), binding),
        request(
            "widen a role",
            "PATCH",
            &format!("{rbac}/clusterroles/cluster-admin"),
            json!({"metadata": {"labels": {"x": "y"}}}),
        ),
        request(
            "ask for another token",
            "POST",
            "/api/v1/namespaces/SHOP/serviceaccounts/default/token",
            token.clone(),
        ),
        request(
            "ask for a token of the executor",
            "POST",
            "/api/v1/namespaces/HOME/serviceaccounts/executor/token",
            token.clone(),
        ),
        request(
            "ask for a token of the restorer",
            "POST",
            "/api/v1/namespaces/HOME/serviceaccounts/restorer/token",
            token,
        ),
        request(
            "switch the admission policies off",
            "DELETE",
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/x",
            json!({}),
        ),
        request(
            "make a webhook",
            "POST",
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
            named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "x"),
        ),
        request(
            "delete a claim",
            "DELETE",
            "/api/v1/namespaces/SHOP/persistentvolumeclaims/x",
            json!({}),
        ),
        request(
            "make a Job",
            "POST",
            "/apis/batch/v1/namespaces/SHOP/jobs",
            named("batch/v1", "Job", "x"),
        ),
        request(
            "loosen a quota",
            "PATCH",
            "/api/v1/namespaces/SHOP/resourcequotas/x",
            json!({"spec": {"hard": {"pods": "9"}}}),
        ),
        request(
            "loosen a disruption budget",
            "PATCH",
            "/apis/policy/v1/namespaces/SHOP/poddisruptionbudgets/x",
            json!({"spec": {"minAvailable": 0}}),
        ),
    ]
}

/// Fields of a workload beside its template.
#[expect(clippy::too_many_lines, reason = "a list, and nothing else")]
fn around_the_template() -> Vec<Request> {
    vec![
        patch("scale a Deployment by its spec", WEB, json!({"spec": {"replicas": 9}})),
        patch("pause a rollout", WEB, json!({"spec": {"paused": true}})),
        patch("change how it rolls out", WEB, json!({"spec": {"minReadySeconds": 99}})),
        patch(
            "scale a StatefulSet by its spec",
            "/apis/apps/v1/namespaces/SHOP/statefulsets/db",
            json!({"spec": {"replicas": 9}}),
        ),
        patch(
            "let a StatefulSet delete its claims",
            "/apis/apps/v1/namespaces/SHOP/statefulsets/db",
            json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}}),
        ),
        patch(
            "stop a DaemonSet from updating",
            "/apis/apps/v1/namespaces/SHOP/daemonsets/node",
            json!({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}),
        ),
        patch(
            "start a CronJob every minute",
            "/apis/batch/v1/namespaces/SHOP/cronjobs/nightly",
            json!({"spec": {"schedule": "* * * * *"}}),
        ),
        patch(
            "resume a CronJob",
            "/apis/batch/v1/namespaces/SHOP/cronjobs/nightly",
            json!({"spec": {"suspend": false}}),
        ),
        patch(
            "let a Job run twice at once",
            "/apis/batch/v1/namespaces/SHOP/cronjobs/nightly",
            json!({"spec": {"jobTemplate": {"spec": {"parallelism": 2}}}}),
        ),
        patch("label a workload", WEB, json!({"metadata": {"labels": {"x": "y"}}})),
        patch(
            "keep a workload from being deleted",
            WEB,
            json!({"metadata": {"finalizers": ["example.com/x"]}}),
        ),
        patch("annotate a workload", WEB, json!({"metadata": {"annotations": {"x": "y"}}})),
        patch(
            "give a workload another owner",
            WEB,
            json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"}]}}),
        ),
        patch(
            "edit a workload that asked to be left alone",
            "/apis/apps/v1/namespaces/SHOP/deployments/left-alone",
            json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}}}}),
        ),
        patch(
            "no longer be left alone",
            "/apis/apps/v1/namespaces/SHOP/deployments/left-alone",
            json!({"metadata": {"annotations": {"k8s-reflexion.io/opt-out": null}}}),
        ),
        request(
            "write without a fix id",
            "PATCH",
            WEB,
            json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}}}}),
        ),
    ]
}

/// Fields of the template that give a pod more than it had.
fn in_the_template() -> Vec<Request> {
    vec![
        container("run another image", &json!({"image": "registry.example:5000/evil/miner:1.0"})),
        container(
            "run an image of another registry",
            &json!({"image": "evil.example/shop/web:1.0"}),
        ),
        container(
            "run an image whose path begins the same",
            &json!({"image": "registry.example:5000/shop/web-evil:1.0"}),
        ),
        container("be privileged", &json!({"securityContext": {"privileged": true}})),
        container(
            "gain a capability",
            &json!({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}),
        ),
        container("run as root", &json!({"securityContext": {"runAsUser": 0}})),
        container(
            "run a command when it starts",
            &json!({"lifecycle": {"postStart": {"exec": {"command": ["sh"]}}}}),
        ),
        container(
            "take more memory than the cap",
            &json!({"resources": {"limits": {"memory": "64Gi"}}}),
        ),
        container("take more CPU than the cap", &json!({"resources": {"limits": {"cpu": "64"}}})),
        template("put all others off", &json!({"priorityClassName": "system-node-critical"})),
        template(
            "add a container",
            &json!({"containers": [{"name": "evil", "image": "registry.example:5000/shop/web:1.0"}]}),
        ),
        template(
            "add an init container",
            &json!({"initContainers": [{"name": "evil", "image": "registry.example:5000/shop/web:1.0"}]}),
        ),
        template("be another service account", &json!({"serviceAccountName": "admin"})),
        template("get a token mounted", &json!({"automountServiceAccountToken": true})),
        template("use the host's network", &json!({"hostNetwork": true})),
        template("see the host's processes", &json!({"hostPID": true})),
        template("use the host's memory", &json!({"hostIPC": true})),
        template("change the pod's security context", &json!({"securityContext": {"fsGroup": 0}})),
        template(
            "mount the host's files",
            &json!({"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}),
        ),
        template(
            "mount a token",
            &json!({"volumes": [{"name": "x", "projected": {"sources": [{"serviceAccountToken": {"path": "x"}}]}}]}),
        ),
        template("share its processes", &json!({"shareProcessNamespace": true})),
        template("use another runtime", &json!({"runtimeClassName": "x"})),
    ]
}

/// Pods where they run.
fn on_pods() -> Vec<Request> {
    let image = |image: &str| json!({"spec": {"containers": [{"name": "app", "image": image}]}});
    vec![
        patch("run another image in a pod", POD, image("evil.example/shop/web:1.0")),
        patch("label a pod into a Service", POD, json!({"metadata": {"labels": {"app": "db"}}})),
        patch("annotate a pod", POD, json!({"metadata": {"annotations": {"x": "y"}}})),
        patch("end a pod by a deadline", POD, json!({"spec": {"activeDeadlineSeconds": 1}})),
        patch(
            "keep a pod from being deleted",
            POD,
            json!({"metadata": {"finalizers": ["example.com/x"]}}),
        ),
        request(
            "resize a pod above the cap",
            "PATCH",
            &format!("{POD}/resize"),
            json!({"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "64Gi"}}}]}}),
        ),
        request(
            "resize the CPU of a pod above the cap",
            "PATCH",
            &format!("{POD}/resize"),
            json!({"spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": "64"}}}]}}),
        ),
    ]
}
