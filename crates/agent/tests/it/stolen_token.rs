//! What a thief can do with the token of one who writes on a real API server. Runs when `KUBECONFIG_LIVE` names a
//! kubeconfig.
//!
//! The roles and admission policies are those that `agent rbac` prints, under names of their own.

use std::process::Command;
use std::time::{Duration, Instant};

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use remedy::Writer;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::legal_requests::{of_executor, of_executor_alone, of_restorer};
use crate::stolen_requests::{Request, forbidden, patch};
use crate::stolen_services::services;

/// How long an API server may take to hold a new policy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A cluster with a shop in it, and the tokens of those who write.
struct Scene {
    admin: Client,
    executor: Client,
    restorer: Client,
    id: String,
    folder: tempfile::TempDir,
    applied: Vec<Value>,
}

impl Scene {
    /// What `agent rbac --admission` prints with these flags is in force. `None` where no cluster is named.
    async fn open(flags: &[&str]) -> Option<Self> {
        let Some(path) = std::env::var_os("KUBECONFIG_LIVE") else {
            eprintln!(
                "SKIPPED: KUBECONFIG_LIVE names no cluster, so nothing was claimed of a real one"
            );
            return None;
        };
        rustls::crypto::ring::default_provider().install_default().ok();
        let kubeconfig = Kubeconfig::read_from(path).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        let admin = Client::try_from(config.clone()).unwrap();
        let id = format!("stolen-{}", &Uuid::now_v7().simple().to_string()[20..]);
        let folder = tempfile::tempdir().unwrap();
        let (executor, restorer) = (admin.clone(), admin.clone());
        let mut scene = Self { executor, restorer, admin, id, folder, applied: vec![] };
        let policy = format!("denied_namespaces: [{}]\n", scene.denied());
        std::fs::write(scene.policy(), policy).unwrap();
        for name in [scene.home(), scene.other(), scene.denied()] {
            scene.apply(namespace(&name, &json!({}))).await;
        }
        let enrolled = json!({"k8s-reflexion.io/managed": "true"});
        scene.apply(namespace(&scene.shop(), &enrolled)).await;
        let admission = [&["--admission"], flags].concat();
        let printed = [scene.printed(&[]), scene.printed(&admission)].concat();
        let shop = shop(&scene.shop()).into_iter().chain(services(&scene.shop(), &scene.home()));
        let beside = beside_in(&scene.denied()).into_iter().chain(beside_in(&scene.other()));
        let of_system = in_system(&scene.id);
        for object in printed.into_iter().chain(shop).chain(beside).chain([of_system]) {
            scene.apply(object).await;
        }
        scene.executor = scene.steal(config.clone(), Writer::Executor).await;
        scene.restorer = scene.steal(config, Writer::Restorer).await;
        Some(scene)
    }

    /// Where the agent would run.
    fn home(&self) -> String {
        format!("{}-home", self.id)
    }

    /// Where its workloads are.
    fn shop(&self) -> String {
        format!("{}-shop", self.id)
    }

    /// A namespace that is not enrolled.
    fn other(&self) -> String {
        format!("{}-other", self.id)
    }

    /// Where the policy lets nobody write.
    fn denied(&self) -> String {
        format!("{}-denied", self.id)
    }

    fn policy(&self) -> std::path::PathBuf {
        self.folder.path().join("policy.yaml")
    }

    /// What `agent rbac` prints, under names that are nobody else's.
    fn printed(&self, flags: &[&str]) -> Vec<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
        command.args(["rbac", "--namespace", &self.home()]).args(flags);
        command.arg("--policy").arg(self.policy());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.replace("k8s-reflexion-executor", &format!("{}-executor", self.id));
        let text = text.replace("k8s-reflexion-restorer", &format!("{}-restorer", self.id));
        let text = text.replace("k8s-reflexion-observer", &format!("{}-observer", self.id));
        serde_yaml_ng::Deserializer::from_str(&text)
            .map(|it| Value::deserialize(it).unwrap())
            .filter(|it| !it.is_null())
            .collect()
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let version = object["apiVersion"].as_str().unwrap();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = object["kind"].as_str().unwrap();
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match object["metadata"]["namespace"].as_str() {
            Some(it) => Api::namespaced_with(self.admin.clone(), it, &resource),
            None => Api::all_with(self.admin.clone(), &resource),
        }
    }

    async fn apply(&mut self, object: Value) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let params = PatchParams::apply("k8s-reflexion-tests").force();
        self.api(&object).patch(&name, &params, &Patch::Apply(&object)).await.unwrap();
        self.applied.push(object);
    }

    /// A client that holds his token and nothing else.
    async fn steal(&self, mut config: Config, of: Writer) -> Client {
        let accounts = Api::<ServiceAccount>::namespaced(self.admin.clone(), &self.home());
        let request =
            TokenRequest { spec: Some(TokenRequestSpec::default()), ..TokenRequest::default() };
        let params = PostParams::default();
        let given = accounts.create_token_request(of.name(), &params, &request).await.unwrap();
        let token = given.status.unwrap().token.unwrap();
        config.auth_info = AuthInfo { token: Some(token.into()), ..AuthInfo::default() };
        Client::try_from(config).unwrap()
    }

    /// The status of the thief's request, and what the API server said. Nothing that is let through stays.
    async fn ask(&self, thief: Writer, request: &Request) -> (u16, String) {
        let dry = if request.method == "GET" { "" } else { "?dryRun=All&fieldManager=thief" };
        let path = request.path.replace("HOME", &self.home()).replace("SHOP", &self.shop());
        let path = path.replace("DENIED", &self.denied()).replace("OTHER", &self.other());
        let path = path.replace("ID", &self.id);
        let body = request.body.to_string().replace("SHOP", &self.shop());
        let call = http::Request::builder()
            .method(request.method)
            .uri(format!("{path}{dry}"))
            .header("Content-Type", request.content_type())
            .body(body.into_bytes())
            .unwrap();
        let client = match thief {
            Writer::Executor => &self.executor,
            Writer::Restorer => &self.restorer,
        };
        match client.request::<Value>(call).await {
            Ok(_) => (200, String::new()),
            Err(kube::Error::Api(status)) => {
                (status.code, status.message.chars().take(300).collect())
            }
            Err(other) => panic!("{}: {other}", request.what),
        }
    }

    /// Waits until the API server holds the policies: a request that only they refuse is refused.
    async fn until_held(&self) {
        let (executor, restorer) = (Writer::Executor, Writer::Restorer);
        let probes = [
            (executor, "scale a Deployment by its spec"),
            (executor, "end a pod by a deadline"),
            (executor, "open a port on every node"),
            (executor, "make a Lease beside the agent's"),
            (restorer, "scale a Deployment by its spec"),
            (restorer, "evict a pod in a denied namespace"),
        ];
        let all = forbidden();
        for (thief, what) in probes {
            self.until_refused(thief, all.iter().find(|it| it.what == what).unwrap()).await;
        }
    }

    async fn until_refused(&self, thief: Writer, request: &Request) {
        let started = Instant::now();
        while self.ask(thief, request).await.0 == 200 {
            assert!(started.elapsed() < PATIENCE, "the policies are not held");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn close(self) {
        for object in self.applied.iter().rev() {
            let name = object["metadata"]["name"].as_str().unwrap();
            // Objects of a namespace go with it.
            let namespace = &object["metadata"]["namespace"];
            if namespace.is_null() || namespace == "kube-system" {
                self.api(object).delete(name, &DeleteParams::default()).await.unwrap();
            }
        }
    }
}

fn namespace(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// A Deployment that runs nothing, where the system is at home.
fn in_system(name: &str) -> Value {
    let mut web = shop("kube-system").remove(0);
    web["metadata"]["name"] = json!(name);
    web
}

/// What the thief finds: workloads of every kind, and things that are none of his business.
fn shop(namespace: &str) -> Vec<Value> {
    let metadata =
        |name: &str| json!({"name": name, "namespace": namespace, "labels": {"app": name}});
    let pod = json!({
        "terminationGracePeriodSeconds": 1,
        "containers": [{
            "name": "app", "image": "registry.example:5000/shop/web:1.0", "command": ["/app"],
            "env": [{"name": "STAGE", "value": "live"}],
            "resources": {"requests": {"memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "livenessProbe": {"httpGet": {"path": "/", "port": 8080}, "timeoutSeconds": 1},
            "envFrom": [{"configMapRef": {"name": "web-cofig", "optional": true}}],
        }],
    });
    let workload = |kind: &str, name: &str, more: Value| {
        let mut spec = json!({
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata(name), "spec": spec})
    };
    let mut left_alone = workload("Deployment", "left-alone", json!({"replicas": 0}));
    left_alone["metadata"]["annotations"] = json!({"k8s-reflexion.io/opt-out": "true"});
    let mut mighty = workload("Deployment", "mighty", json!({"replicas": 0}));
    crate::stolen_rights::rights(&mut mighty["spec"]["template"]["spec"]);
    let unusual = crate::stolen_images::images().map(|(name, image)| {
        let mut unusual = workload("Deployment", name, json!({"replicas": 0}));
        unusual["spec"]["template"]["spec"]["containers"][0]["image"] = image;
        unusual
    });
    let unusual: Vec<Value> = unusual.collect();
    let mut batch = pod.clone();
    batch["restartPolicy"] = json!("Never");
    let job = json!({"template": {"spec": batch}});
    let all = vec![
        workload("Deployment", "web", json!({"replicas": 0})),
        crate::stolen_fields::full(workload("Deployment", "full", json!({"replicas": 0}))),
        crate::stolen_fields::big(workload("Deployment", "big", json!({"replicas": 0}))),
        workload("StatefulSet", "db", json!({"replicas": 0, "serviceName": "db"})),
        workload("DaemonSet", "node", json!({})),
        left_alone,
        mighty,
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("nightly"),
            "spec": {"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": job}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata("alone"), "spec": pod}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata("keys"), "stringData": {"a": "b"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("web-config"), "data": {"a": "b"}}),
    ];
    [all, unusual].concat()
}

/// What there is beside the shop: the same names as there.
fn beside_in(namespace: &str) -> Vec<Value> {
    let names = ["web", "alone"];
    let mut all: Vec<Value> = shop(namespace)
        .into_iter()
        .filter(|it| names.iter().any(|name| it["metadata"]["name"] == *name))
        .collect();
    all.push(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}));
    all
}

/// Sends all, and says how many were refused and how many let through where each was as it should be.
async fn check(thief: Writer, forbidden: &[Request], legal: &[Request]) {
    let Some(scene) = Scene::open(&[]).await else { return };
    scene.until_held().await;

    let mut wrong = vec![];
    for (requests, wanted) in [(forbidden, 403), (legal, 200)] {
        for request in requests {
            let Request { what, path, .. } = request;
            let (status, message) = scene.ask(thief, request).await;
            if status != wanted {
                wrong.push(format!("{what} ({path}): {status}, not {wanted}: {message}"));
            }
        }
    }
    scene.close().await;

    assert!(wrong.is_empty(), "{wrong:#?}");
    let counts = (forbidden.len(), legal.len());
    assert!(100 <= counts.0 && 30 <= counts.1, "{counts:?}");
    eprintln!("{} forbidden requests refused, {} legal ones let through", counts.0, counts.1);
}

#[actix_web::test]
async fn live_a_stolen_token_of_the_executor_does_nothing_that_its_strategies_do_not() {
    let mut all = forbidden();
    all.extend(crate::stolen_templates::forbidden());
    all.extend(crate::stolen_list::everywhere());
    check(Writer::Executor, &all, &of_executor()).await;
}

#[actix_web::test]
async fn live_a_stolen_token_of_the_restorer_puts_templates_back_and_does_nothing_else() {
    let mut all = forbidden();
    all.extend(of_executor_alone());
    check(Writer::Restorer, &all, &of_restorer()).await;
}

#[actix_web::test]
async fn live_where_the_api_server_looks_at_the_enrolment_nothing_is_written_beside_it() {
    let Some(scene) = Scene::open(&["--enrolled-only"]).await else { return };
    let image = json!({"name": "app", "image": "registry.example:5000/shop/web:1.1"});
    let template = json!({"spec": {"template": {"spec": {"containers": [image]}}}});
    let in_namespace = |namespace: &str| {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
        patch("another tag", &path, template.clone())
    };
    scene.until_held().await;

    let mut answers = vec![];
    for thief in Writer::ALL {
        scene.until_refused(thief, &in_namespace("OTHER")).await;
        for namespace in ["SHOP", "OTHER"] {
            answers.push(scene.ask(thief, &in_namespace(namespace)).await);
        }
    }
    scene.close().await;

    for pair in answers.chunks(2) {
        assert_eq!(pair[0].0, 200, "{pair:?}");
        assert!(pair[1].0 == 403 && pair[1].1.contains("not enrolled"), "{pair:?}");
    }
}
