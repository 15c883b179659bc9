//! Requests with the executor's token: of a template only the fields change that a strategy writes, since rollbacks
//! are not his.

use serde_json::{Value, json};

use crate::stolen_fields::{FULL, check, field, fields};
use crate::stolen_requests::{POD, Request, WEB, container, patch, request};

fn template(what: &'static str, path: &str, template: &Value) -> Request {
    patch(what, path, json!({"spec": {"template": template}}))
}

/// What a rollback may bring back, and nothing that the executor does.
pub(crate) fn forbidden() -> Vec<Request> {
    let mut all = of_pods();
    all.extend(of_containers());
    all.extend(of_names());
    all.extend(of_amounts());
    all
}

/// Below the caps of the policy, and more than one write gives.
fn of_amounts() -> Vec<Request> {
    let limits = |memory: &str| json!({"resources": {"limits": {"memory": memory}}});
    vec![
        container("take sixteen times its memory", &limits("1Gi")),
        container("have no limit any more", &json!({"resources": {"limits": null}})),
        request(
            "take sixteen times its memory where it runs",
            "PATCH",
            &format!("{POD}/resize"),
            json!({"spec": {"containers": [{"name": "app", "resources": limits("1Gi")["resources"]}]}}),
        ),
        field(
            "ask for more memory than the cap where there is no limit",
            "add",
            "containers/1/resources",
            &json!({"requests": {"memory": "64Gi"}}),
        ),
        field(
            "ask for more CPU than the cap where there is no limit",
            "add",
            "containers/1/resources",
            &json!({"requests": {"cpu": "64"}}),
        ),
    ]
}

fn of_pods() -> Vec<Request> {
    let spec = |what, spec: Value| template(what, WEB, &json!({"spec": spec}));
    let metadata = |what, metadata: Value| template(what, FULL, &json!({"metadata": metadata}));
    vec![
        metadata("label pods into a policy", json!({"labels": {"role": "admin"}})),
        metadata("annotate pods", json!({"annotations": {"checksum/config": "b"}})),
        spec(
            "mount another secret",
            json!({"volumes": [{"name": "x", "secret": {"secretName": "keys"}}]}),
        ),
        spec("mount a folder", json!({"volumes": [{"name": "x", "emptyDir": {}}]})),
        spec("tolerate a taint", json!({"tolerations": [{"operator": "Exists"}]})),
        spec("ask for a label of nodes", json!({"nodeSelector": {"disk": "ssd"}})),
        spec("get a priority class", json!({"priorityClassName": "high"})),
        spec("ask for nodes", json!({"affinity": {"nodeAffinity": {}}})),
        spec("pull with another secret", json!({"imagePullSecrets": [{"name": "keys"}]})),
        spec("live longer than it may", json!({"terminationGracePeriodSeconds": 9999})),
        spec("resolve names as the node does", json!({"dnsPolicy": "Default"})),
        spec("take another name", json!({"hostname": "db"})),
        field("drop a container", "remove", "containers/1", &Value::Null),
        field("drop the first container", "remove", "initContainers", &Value::Null),
        field("drop a volume", "remove", "volumes/3", &Value::Null),
    ]
}

fn of_containers() -> Vec<Request> {
    let secret = json!({"secretKeyRef": {"name": "keys", "key": "a"}});
    vec![
        container("run another command", &json!({"command": ["sh"]})),
        container("run with other arguments", &json!({"args": ["-c", "id"]})),
        container("run in another folder", &json!({"workingDir": "/tmp"})),
        container("set a variable", &json!({"env": [{"name": "STAGE", "value": "test"}]})),
        container(
            "set one variable more",
            &json!({"env": [{"name": "LD_PRELOAD", "value": "/x"}]}),
        ),
        container("take a secret", &json!({"env": [{"name": "KEY", "valueFrom": secret}]})),
        container("take all of a secret", &json!({"envFrom": [{"secretRef": {"name": "keys"}}]})),
        container("open a port", &json!({"ports": [{"containerPort": 22}]})),
        container("pull its image never", &json!({"imagePullPolicy": "Never"})),
        container("ask for a device", &json!({"resources": {"limits": {"example.com/gpu": "1"}}})),
        container(
            "take all of the disk",
            &json!({"resources": {"limits": {"ephemeral-storage": "1Ti"}}}),
        ),
        container("no probe", &json!({"livenessProbe": null})),
        container("a probe more", &json!({"startupProbe": {"tcpSocket": {"port": 8080}}})),
        field("start with what a probe of it runs", "add", "containers/0/startupProbe", &check()),
        container(
            "ask another way",
            &json!({"livenessProbe": {"httpGet": null, "tcpSocket": {"port": 8080}}}),
        ),
        container(
            "ask with another header",
            &json!({"livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Host", "value": "x"}]}}}),
        ),
        container("ask once an hour", &json!({"livenessProbe": {"periodSeconds": 3600}})),
    ]
}

#[expect(clippy::too_many_lines, reason = "a list, and nothing else")]
fn of_names() -> Vec<Request> {
    let secret = json!({"secretKeyRef": {"name": "keys", "key": "a"}});
    let app = "containers/0";
    vec![
        field("take a secret for a ConfigMap", "replace", "containers/0/env/1/valueFrom", &secret),
        field(
            "take a secret for a value",
            "replace",
            "containers/0/env/0",
            &json!({"name": "STAGE", "valueFrom": secret}),
        ),
        fields(
            "set them in another order",
            &[
                ("remove", "containers/0/env/0", Value::Null),
                ("add", "containers/0/env/-", json!({"name": "STAGE", "value": "live"})),
            ],
        ),
        field("drop a variable", "remove", "containers/0/env/2", &Value::Null),
        field(
            "do without a secret",
            "add",
            "containers/0/env/2/valueFrom/secretKeyRef/optional",
            &json!(true),
        ),
        field(
            "show a secret for a ConfigMap",
            "replace",
            "volumes/1",
            &json!({"name": "config", "secret": {"secretName": "keys"}}),
        ),
        field(
            "let everybody read a secret",
            "replace",
            "volumes/2/secret/defaultMode",
            &json!(0o777),
        ),
        field("show all keys", "remove", "volumes/1/configMap/items", &Value::Null),
        field(
            "show a key at another path",
            "replace",
            "volumes/1/configMap/items/0/path",
            &json!("b"),
        ),
        field(
            "show one source more",
            "add",
            "volumes/4/projected/sources/-",
            &json!({"secret": {"name": "keys"}}),
        ),
        field(
            "show another source",
            "replace",
            "volumes/4/projected/sources/0",
            &json!({"secret": {"name": "keys"}}),
        ),
        field(
            "mount it somewhere else",
            "replace",
            &format!("{app}/volumeMounts/1/mountPath"),
            &json!("/bin"),
        ),
        field(
            "mount another volume",
            "replace",
            &format!("{app}/volumeMounts/1/name"),
            &json!("keys"),
        ),
        field(
            "mount one thing more",
            "add",
            &format!("{app}/volumeMounts/-"),
            &json!({"name": "keys", "mountPath": "/keys"}),
        ),
        field("ask for one label less", "remove", "nodeSelector/tier", &Value::Null),
        field(
            "stay away from nodes",
            "replace",
            "affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0/operator",
            &json!("NotIn"),
        ),
        field("spread no more", "replace", "topologySpreadConstraints/0/maxSkew", &json!(99)),
    ]
}

/// What the strategies write in a template with one of everything.
#[expect(clippy::too_many_lines, reason = "a list, and nothing else")]
pub(crate) fn legal() -> Vec<Request> {
    let set = |what, place: &str, value: &str| field(what, "replace", place, &json!(value));
    let expression = "affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0";
    let mark = json!({"metadata": {"annotations": {"k8s-reflexion.io/restarted-by": "a-fix"}}});
    vec![
        template("a rollout of the same once more", FULL, &mark),
        field(
            "a request below the cap where there is no limit",
            "add",
            "containers/1/resources",
            &json!({"requests": {"memory": "1Gi", "cpu": "1"}}),
        ),
        set(
            "another tag of a first container",
            "initContainers/0/image",
            "registry.example:5000/shop/first:1.1",
        ),
        set(
            "a ConfigMap of a variable",
            "containers/0/env/1/valueFrom/configMapKeyRef/name",
            "web-config",
        ),
        set("a key of a variable", "containers/0/env/2/valueFrom/secretKeyRef/key", "a"),
        set(
            "a ConfigMap of all variables",
            "containers/0/envFrom/0/configMapRef/name",
            "web-config",
        ),
        set("a ConfigMap of a volume", "volumes/1/configMap/name", "web-config"),
        set("a key of a volume", "volumes/1/configMap/items/0/key", "a.yaml"),
        set("a Secret of a volume", "volumes/2/secret/secretName", "keys"),
        set("a claim", "volumes/3/persistentVolumeClaim/claimName", "data"),
        set("a source of a volume", "volumes/4/projected/sources/0/configMap/name", "web-config"),
        set("a key of a source", "volumes/4/projected/sources/1/secret/items/0/key", "a"),
        set("a key that is mounted", "containers/0/volumeMounts/1/subPath", "a.yaml"),
        set("a Secret to pull with", "imagePullSecrets/0/name", "pull"),
        set("a label of nodes", "nodeSelector/disk", "ssd"),
        fields(
            "a key of a label of nodes",
            &[
                ("remove", "nodeSelector/disk", Value::Null),
                ("add", "nodeSelector/disktype", json!("sdd")),
            ],
        ),
        set("a value that nodes have", &format!("{expression}/values/0"), "ssd"),
        set("a key that nodes have", &format!("{expression}/key"), "disk"),
        set(
            "a key to spread by",
            "topologySpreadConstraints/0/topologyKey",
            "kubernetes.io/hostname",
        ),
        set("a priority class", "priorityClassName", "high"),
        set("a scheduler", "schedulerName", "default-scheduler"),
        field(
            "a probe that waits",
            "add",
            "containers/0/livenessProbe/initialDelaySeconds",
            &json!(30),
        ),
        field(
            "a probe that tries more often",
            "replace",
            "containers/0/readinessProbe/failureThreshold",
            &json!(6),
        ),
        set("a probe by another scheme", "containers/0/livenessProbe/httpGet/scheme", "HTTPS"),
        fields(
            "several names and an image at once",
            &[
                ("replace", "containers/0/image", json!("registry.example:5000/shop/web:1.1")),
                ("replace", "volumes/1/configMap/name", json!("web-config")),
                (
                    "replace",
                    "containers/0/env/1/valueFrom/configMapKeyRef/name",
                    json!("web-config"),
                ),
            ],
        ),
    ]
}
