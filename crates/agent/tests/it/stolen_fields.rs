//! Requests with the executor's token about what a probe runs, what is of the host, and what others act on: none of
//! it is given, whether templates are rolled back or not.

use serde_json::{Value, json};

use crate::stolen_requests::{Request, WEB, container, patch, request};

/// A Deployment with one of everything.
pub(crate) const FULL: &str = "/apis/apps/v1/namespaces/SHOP/deployments/full";

/// An edit of a single field below its pod spec, as the executor writes it.
pub(crate) fn field(what: &'static str, op: &str, field: &str, value: &Value) -> Request {
    fields(what, &[(op, field, value.clone())])
}

/// An edit of several.
pub(crate) fn fields(what: &'static str, edits: &[(&str, &str, Value)]) -> Request {
    let mut operations: Vec<Value> = edits
        .iter()
        .map(|(op, field, value)| {
            let path = format!("/spec/template/spec/{field}");
            json!({"op": op, "path": path, "value": value})
        })
        .collect();
    let id = "/metadata/annotations/k8s-reflexion.io~1fix-id";
    operations.push(json!({"op": "add", "path": id, "value": "a-fix"}));
    request(what, "PATCH", FULL, json!(operations))
}

/// What a probe of the Deployment with one of everything runs.
pub(crate) fn check() -> Value {
    json!({"exec": {"command": ["/app", "check"]}})
}

fn annotation(what: &'static str, name: &str, value: &Value) -> Request {
    let annotations = json!({"annotations": {name: value}});
    patch(what, FULL, json!({"spec": {"template": {"metadata": annotations}}}))
}

/// What is refused whatever the policy says.
#[expect(clippy::too_many_lines, reason = "a list, and nothing else")]
pub(crate) fn forbidden() -> Vec<Request> {
    let exec = json!({"exec": {"command": ["sh", "-c", "id"]}});
    let image = json!({"spec": {"containers": [{"name": "app", "image": "registry.example:5000/shop/web:1.1"}]}});
    let template = json!({"spec": {"template": image}});
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "alone"}});
    let pod = |spec: &Value| json!({"spec": {"template": {"spec": spec}}});
    vec![
        container("run a command as a probe", &json!({"readinessProbe": exec})),
        container(
            "run a command in place of asking",
            &json!({"livenessProbe": {"httpGet": null, "exec": exec["exec"]}}),
        ),
        field(
            "run another command as a probe",
            "replace",
            "containers/0/readinessProbe/exec/command",
            &json!(["sh"]),
        ),
        field(
            "start with another command than a probe of the container runs",
            "add",
            "containers/0/startupProbe",
            &json!({"exec": {"command": ["/app", "check", "--deep"]}}),
        ),
        field(
            "start with what a probe of the container beside it runs",
            "add",
            "containers/1/startupProbe",
            &check(),
        ),
        fields(
            "run a new command where the old one went to another probe",
            &[
                ("add", "containers/0/startupProbe", check()),
                ("replace", "containers/0/readinessProbe/exec/command", json!(["sh"])),
            ],
        ),
        container(
            "let a node ask another host",
            &json!({"livenessProbe": {"httpGet": {"host": "169.254.169.254"}}}),
        ),
        container(
            "open a port of the host",
            &json!({"ports": [{"containerPort": 80, "hostPort": 80}]}),
        ),
        field(
            "open a port of the host on all its addresses",
            "remove",
            "containers/0/ports/0/hostIP",
            &Value::Null,
        ),
        patch(
            "answer a name with another address",
            WEB,
            pod(&json!({"hostAliases": [{"ip": "203.0.113.7", "hostnames": ["db"]}]})),
        ),
        field(
            "answer one more name with another address",
            "add",
            "hostAliases/-",
            &json!({"ip": "203.0.113.7", "hostnames": ["db"]}),
        ),
        patch(
            "resolve names elsewhere",
            WEB,
            pod(&json!({"dnsConfig": {"nameservers": ["203.0.113.7"]}})),
        ),
        field("resolve other names", "replace", "dnsConfig/searches", &json!(["evil.example"])),
        annotation(
            "confine a container no more",
            "container.apparmor.security.beta.kubernetes.io/app",
            &json!("unconfined"),
        ),
        annotation("have a container put beside it", "example.com/inject", &json!("true")),
        annotation("have none put beside it", "example.com/guard", &Value::Null),
        field(
            "write the files of the host that it reads",
            "replace",
            "containers/0/volumeMounts/0/readOnly",
            &json!(false),
        ),
        field(
            "mount the files of the host somewhere else",
            "add",
            "containers/1/volumeMounts",
            &json!([{"name": "logs", "mountPath": "/logs", "readOnly": true}]),
        ),
        field(
            "mount another folder of them",
            "add",
            "containers/0/volumeMounts/0/subPath",
            &json!("pods"),
        ),
        patch(
            "mount files of another server",
            WEB,
            pod(
                &json!({"volumes": [{"name": "x", "nfs": {"server": "203.0.113.7", "path": "/"}}]}),
            ),
        ),
        patch(
            "mount what a driver gives",
            WEB,
            pod(
                &json!({"volumes": [{"name": "x", "csi": {"driver": "secrets-store.csi.k8s.io"}}]}),
            ),
        ),
        patch(
            "edit a workload in a denied namespace",
            "/apis/apps/v1/namespaces/DENIED/deployments/web",
            template,
        ),
        patch("edit a pod in a denied namespace", "/api/v1/namespaces/DENIED/pods/alone", image),
        request(
            "evict a pod in a denied namespace",
            "POST",
            "/api/v1/namespaces/DENIED/pods/alone/eviction",
            eviction,
        ),
        patch(
            "lead a Service elsewhere in a denied namespace",
            "/api/v1/namespaces/DENIED/services/web",
            json!({"spec": {"selector": {"app": "db"}}}),
        ),
    ]
}

/// What a rollback takes away, or an earlier revision may have had.
pub(crate) fn legal() -> Vec<Request> {
    let none = Value::Null;
    let read_only = json!([{"name": "logs", "mountPath": "/logs", "readOnly": true}]);
    vec![
        field("no command as a probe", "remove", "containers/0/readinessProbe", &none),
        field(
            "a probe more that runs what another one runs",
            "add",
            "containers/0/startupProbe",
            &check(),
        ),
        fields(
            "a probe that runs what another one ran",
            &[
                ("remove", "containers/0/readinessProbe", none.clone()),
                ("replace", "containers/0/livenessProbe", check()),
            ],
        ),
        container(
            "a probe that asks another way",
            &json!({"livenessProbe": {"httpGet": null, "tcpSocket": {"port": 8080}}}),
        ),
        container(
            "a probe more",
            &json!({"startupProbe": {"httpGet": {"path": "/", "port": 8080}}}),
        ),
        field("no port of the host", "remove", "containers/0/ports/0", &none),
        field("no other answers to names", "remove", "hostAliases", &none),
        field("no other servers for names", "remove", "dnsConfig", &none),
        annotation("an annotation that only tells", "checksum/config", &json!("b")),
        annotation("an annotation without a prefix", "release", &json!("2026-11")),
        field("no mount of the host", "replace", "containers/0/volumeMounts", &json!([])),
        field("the mount of the host as it is", "replace", "containers/0/volumeMounts", &read_only),
        container("a command", &json!({"command": ["/app", "--verbose"]})),
    ]
}

/// The Deployment with one of everything, made from a workload.
pub(crate) fn full(mut workload: Value) -> Value {
    workload["metadata"]["annotations"] = json!({"example.com/of": "everything"});
    let template = &mut workload["spec"]["template"];
    template["metadata"]["annotations"] =
        json!({"checksum/config": "a", "example.com/guard": "true"});
    let spec = &mut template["spec"];
    let more = json!({
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["cache"]}],
        "dnsConfig": {"searches": ["shop.example"]},
        "imagePullSecrets": [{"name": "pul"}],
        "nodeSelector": {"disk": "sdd", "tier": "web"},
        "priorityClassName": "hihg", "schedulerName": "defualt-scheduler",
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostnam", "whenUnsatisfiable": "ScheduleAnyway"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "disktype", "operator": "In", "values": ["sdd"]}]}]}}},
        "initContainers": [{"name": "first", "image": "registry.example:5000/shop/first:1.0"}],
        "volumes": [
            {"name": "logs", "hostPath": {"path": "/var/log"}},
            {"name": "config", "configMap": {"name": "web-cofig", "items": [{"key": "a.yml", "path": "a.yaml"}]}},
            {"name": "keys", "secret": {"secretName": "kesy"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "dat"}},
            {"name": "all", "projected": {"sources": [
                {"configMap": {"name": "web-cofig"}}, {"secret": {"name": "kesy", "items": [{"key": "aa", "path": "a"}]}}]}},
        ],
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let app = json!({
        "ports": [{"containerPort": 8080, "hostPort": 8080, "hostIP": "127.0.0.1"}],
        "env": [
            {"name": "STAGE", "value": "live"},
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "web-cofig", "key": "a"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "aa"}}},
        ],
        "readinessProbe": check(),
        "volumeMounts": [
            {"name": "logs", "mountPath": "/logs", "readOnly": true},
            {"name": "config", "mountPath": "/etc/a.yaml", "subPath": "a.yml"},
        ],
    });
    spec["containers"][0].as_object_mut().unwrap().extend(app.as_object().unwrap().clone());
    let beside = json!({"name": "beside", "image": "registry.example:5000/shop/beside:1.0"});
    spec["containers"].as_array_mut().unwrap().push(beside);
    workload
}

/// Deployments are seldom larger: what is claimed of it has to fit into what the API server spends on a request.
pub(crate) fn big(mut workload: Value) -> Value {
    let spec = &mut workload["spec"]["template"]["spec"];
    let many = |n: usize, one: &dyn Fn(usize) -> Value| (0..n).map(one).collect::<Vec<_>>();
    let variable = |index: usize| match index % 2 {
        0 => {
            json!({"name": format!("V{index}"), "value": format!("https://service-{index}.shop.svc")})
        }
        _ => {
            json!({"name": format!("V{index}"), "valueFrom": {"configMapKeyRef": {"name": "web", "key": "a"}}})
        }
    };
    let volume = |index: usize| match index % 2 {
        0 => json!({"name": format!("v{index}"), "secret": {"secretName": "keys"}}),
        _ => {
            json!({"name": format!("v{index}"), "configMap": {"name": "web", "items": [{"key": "a", "path": "a"}]}})
        }
    };
    let mount =
        |index: usize| json!({"name": format!("v{index}"), "mountPath": format!("/mnt/{index}")});
    let container = |index: usize| {
        json!({
            "name": format!("c{index}"), "image": "registry.example:5000/shop/web:1.0",
            "env": many(100, &variable), "volumeMounts": many(20, &mount),
            "livenessProbe": {"httpGet": {"path": "/", "port": 80}}, "ports": many(10, &|it| json!({"containerPort": 8000 + it})),
        })
    };
    spec["volumes"] = json!(many(20, &volume));
    spec["containers"] = json!(many(6, &container));
    workload
}

/// Several containers of the large one at once.
pub(crate) fn legal_of_big() -> Vec<Request> {
    let container = |index: usize| {
        let name = json!({"name": "V99", "valueFrom": {"configMapKeyRef": {"name": "wbe"}}});
        let image = "registry.example:5000/shop/web:1.1";
        json!({"name": format!("c{index}"), "image": image, "env": [name]})
    };
    let containers: Vec<Value> = (0..6).map(container).collect();
    let spec = json!({"containers": containers, "volumes": [{"name": "v19", "configMap": {"name": "wbe"}}]});
    let big = "/apis/apps/v1/namespaces/SHOP/deployments/big";
    vec![patch("much of a large one", big, json!({"spec": {"template": {"spec": spec}}}))]
}
