//! Namespaces, Services with what stands behind them, and ConfigMaps.

use serde_json::{Value, json};

use super::workloads::App;
use super::{Draw, owner, pods, written_by};

const DAY: usize = 24 * 60 * 60;
/// The bytes of a configuration file.
const FILE: usize = 1500;

/// A namespace with what every namespace has.
pub(super) fn namespace(draw: &mut Draw, name: &str) {
    let mut metadata = draw.metadata("", name, 50 * DAY);
    metadata["labels"] = json!({"kubernetes.io/metadata.name": name});
    let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata,
        "spec": {"finalizers": ["kubernetes"]}});
    written_by(&mut object, "kubectl-create", ("kubectl-create", json!({"phase": "Active"})));
    draw.put("namespaces", object);
    let metadata = draw.metadata(name, "default", 50 * DAY);
    draw.put(
        "serviceaccounts",
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
    );
    let certificate = draw.chance.digits(FILE);
    config_map(draw, (name, "kube-root-ca.crt"), &json!({"ca.crt": certificate}));
}

/// The ConfigMap of an application.
pub(super) fn config(draw: &mut Draw, app: &App) {
    let file = format!("# {}", draw.chance.digits(FILE));
    config_map(
        draw,
        (&app.namespace, &pods::config(app)),
        &json!({"LOG_LEVEL": "info", "app.yaml": file}),
    );
}

/// The Service of an application, its endpoints, and its ConfigMap.
pub(super) fn put(draw: &mut Draw, app: &App) {
    config(draw, app);
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    let ip = if app.headless {
        "None".to_owned()
    } else {
        format!("10.100.{}.{}", draw.chance.below(250), draw.chance.below(250))
    };
    let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {
        "type": "ClusterIP", "clusterIP": ip, "clusterIPs": [ip], "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "sessionAffinity": "None",
        "selector": app.selector(),
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}]}});
    written_by(&mut service, "helm", ("kube-controller-manager", json!({"loadBalancer": {}})));
    let slice = slice(draw, app, &service);
    draw.put("services", service);
    draw.put("endpointslices", slice);
}

fn slice(draw: &mut Draw, app: &App, service: &Value) -> Value {
    let pods = draw.objects.iter().rev().filter(|it| it.0 == "pods").take(app.replicas);
    let endpoints: Vec<_> = pods
        .filter(|it| it.1["status"]["podIP"].is_string())
        .map(|(_, pod)| {
            let ready = app.trouble.is_none();
            json!({"addresses": [pod["status"]["podIP"]], "nodeName": pod["spec"]["nodeName"],
                "conditions": {"ready": ready, "serving": ready, "terminating": false},
                "targetRef": {"kind": "Pod", "namespace": app.namespace,
                    "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}})
        })
        .collect();
    let prefix = format!("{}-", app.name);
    let name = format!("{prefix}{}", draw.chance.letters(5));
    let mut metadata = draw.metadata(&app.namespace, &name, app.age);
    metadata["generateName"] = json!(prefix);
    metadata["generation"] = json!(3);
    metadata["labels"] = json!({"kubernetes.io/service-name": app.name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"});
    metadata["ownerReferences"] = owner(service);
    let mut object = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": metadata, "addressType": "IPv4", "endpoints": endpoints,
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]});
    written_by(&mut object, "kube-controller-manager", ("", Value::Null));
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    object
}

fn config_map(draw: &mut Draw, (namespace, name): (&str, &str), data: &Value) {
    let metadata = draw.metadata(namespace, name, 50 * DAY);
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    draw.put("configmaps", object);
}
