//! Requests about Services with the executor's token: those that have to be refused, and those that it needs.

use serde_json::{Value, json};

use crate::stolen_requests::{Request, patch, request};

const SERVICE: &str = "/api/v1/namespaces/SHOP/services/web";

fn spec(what: &'static str, spec: &Value) -> Request {
    patch(what, SERVICE, json!({"spec": spec}))
}

/// Whatever is more than one label of a selector, or where a port leads.
#[expect(clippy::too_many_lines, reason = "a list, and nothing else")]
pub(crate) fn forbidden() -> Vec<Request> {
    let made = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"},
        "spec": {"ports": [{"port": 80}]}});
    let metadata = |what, metadata: Value| patch(what, SERVICE, json!({"metadata": metadata}));
    vec![
        request("read a Service", "GET", SERVICE, Value::Null),
        request("make a Service", "POST", "/api/v1/namespaces/SHOP/services", made),
        request("delete a Service", "DELETE", SERVICE, json!({})),
        request(
            "write the status of a Service",
            "PATCH",
            &format!("{SERVICE}/status"),
            json!({"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}}),
        ),
        request(
            "speak to a Service through the API server",
            "GET",
            &format!("{SERVICE}/proxy/"),
            Value::Null,
        ),
        request(
            "list endpoints",
            "GET",
            "/apis/discovery.k8s.io/v1/namespaces/SHOP/endpointslices",
            Value::Null,
        ),
        spec("take more pods by asking for less", &json!({"selector": {"tier": null}})),
        spec("ask for one label more", &json!({"selector": {"version": "v2"}})),
        spec(
            "ask for two other labels at once",
            &json!({"selector": {"app": "db", "tier": "back"}}),
        ),
        spec(
            "swap one value with another that was not there",
            &json!({"selector": {"app": "front", "tier": "back"}}),
        ),
        spec("take no pods at all", &json!({"selector": null})),
        spec(
            "lead a Service out of the cluster",
            &json!({"type": "ExternalName", "externalName": "evil.example.com"}),
        ),
        spec("open a port on every node", &json!({"type": "NodePort"})),
        spec("ask for a load balancer", &json!({"type": "LoadBalancer"})),
        spec("take traffic of somebody else's address", &json!({"externalIPs": ["203.0.113.7"]})),
        spec("publish pods that are not ready", &json!({"publishNotReadyAddresses": true})),
        spec("keep callers at one pod", &json!({"sessionAffinity": "ClientIP"})),
        spec("lead traffic to the own node alone", &json!({"internalTrafficPolicy": "Local"})),
        spec("open another port", &json!({"ports": [{"name": "ssh", "port": 22}]})),
        spec("close a port", &json!({"ports": [{"port": 9090, "$patch": "delete"}]})),
        spec(
            "lead two ports elsewhere at once",
            &json!({"ports": [{"port": 80, "targetPort": 9090}, {"port": 9090, "targetPort": 80}]}),
        ),
        spec("rename a port", &json!({"ports": [{"port": 80, "name": "other"}]})),
        spec(
            "speak another protocol at a port",
            &json!({"ports": [{"port": 80, "protocol": "UDP"}]}),
        ),
        spec("say what a port speaks", &json!({"ports": [{"port": 80, "appProtocol": "https"}]})),
        metadata("label a Service", json!({"labels": {"x": "y"}})),
        metadata("annotate a Service", json!({"annotations": {"x": "y"}})),
        metadata("keep a Service from being deleted", json!({"finalizers": ["example.com/x"]})),
        metadata(
            "give a Service another owner",
            json!({"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"}]}),
        ),
        request(
            "change a label of a Service without a fix id",
            "PATCH",
            SERVICE,
            json!({"spec": {"selector": {"app": "db"}}}),
        ),
        patch(
            "change a Service that asked to be left alone",
            "/api/v1/namespaces/SHOP/services/left-alone",
            json!({"spec": {"selector": {"app": "db"}}}),
        ),
        patch(
            "no longer leave a Service alone",
            "/api/v1/namespaces/SHOP/services/left-alone",
            json!({"metadata": {"annotations": {"k8s-reflexion.io/opt-out": null}}}),
        ),
        patch(
            "become the API server for all who ask inside the cluster",
            "/api/v1/namespaces/default/services/kubernetes",
            json!({"spec": {"selector": {"app": "web"}}}),
        ),
        patch(
            "change a Service beside the agent",
            "/api/v1/namespaces/HOME/services/agent",
            json!({"spec": {"selector": {"app": "web"}}}),
        ),
    ]
}

/// What the two strategies for Services need.
pub(crate) fn legal() -> Vec<Request> {
    vec![
        spec("another value of a label", &json!({"selector": {"app": "web"}})),
        spec(
            "two values that changed places",
            &json!({"selector": {"app": "front", "tier": "wbe"}}),
        ),
        spec("another key of a label", &json!({"selector": {"tier": null, "part": "front"}})),
        spec("a target by its name", &json!({"ports": [{"port": 80, "targetPort": "http"}]})),
        spec("a target by its number", &json!({"ports": [{"port": 80, "targetPort": 8080}]})),
    ]
}

/// The Services that a thief finds.
pub(crate) fn services(shop: &str, home: &str) -> Vec<Value> {
    let service = |namespace: &str, name: &str, annotations: Value| {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
            "spec": {"selector": {"app": "wbe", "tier": "front"}, "ports": [
                {"name": "http", "port": 80, "targetPort": "htpp"},
                {"name": "metrics", "port": 9090},
            ]},
        })
    };
    vec![
        service(shop, "web", json!({})),
        service(shop, "left-alone", json!({"k8s-reflexion.io/opt-out": "true"})),
        service(home, "agent", json!({})),
    ]
}
