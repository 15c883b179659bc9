//! A real cluster mended by the agent, after a person's yes. Runs when `KUBECONFIG_LIVE` names a kubeconfig.

mod admission;

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use serde_json::{Value, json};
use types::{Fault, Incident, IncidentState, Kind};
use uuid::Uuid;

use crate::agent_process::AgentProcess;

/// How long a real kubelet may take for anything.
const PATIENCE: Duration = Duration::from_secs(150);
/// How often something is looked at that cannot be waited for.
const LOOK: Duration = Duration::from_millis(250);

/// A namespace of a real cluster, with an agent that watches it.
struct Live {
    client: Client,
    namespace: String,
    agent: AgentProcess,
}

/// Runs the claim in a namespace of its own, which goes whatever comes of it; says so when there is no cluster.
async fn live<F: Future<Output = ()> + 'static>(claim: impl FnOnce(Live) -> F) {
    let Some(path) = std::env::var_os("KUBECONFIG_LIVE") else {
        eprintln!(
            "SKIPPED: KUBECONFIG_LIVE names no cluster, so nothing was claimed of a real one"
        );
        return;
    };
    let text = std::fs::read_to_string(Path::new(&path)).unwrap();
    let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
    rustls::crypto::ring::default_provider().install_default().ok();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    let client = Client::try_from(config).unwrap();
    let id = Uuid::now_v7().simple().to_string();
    let namespace = format!("k8s-reflexion-test-{}", &id[20..]);
    let namespaces = Api::<Namespace>::all(client.clone());
    let object = json!({"metadata": {"name": namespace}});
    namespaces
        .create(&PostParams::default(), &serde_json::from_value(object).unwrap())
        .await
        .unwrap();
    let flags = [
        ["--settle-seconds", "6"],
        ["--verify-seconds", "60"],
        ["--service-patience-seconds", "5"],
    ]
    .concat();
    let agent = AgentProcess::with(&text, &flags).await;
    agent.ready(200).await;

    let claimed = tokio::task::spawn_local(claim(Live {
        client: client.clone(),
        namespace: namespace.clone(),
        agent,
    }));

    let outcome = claimed.await;
    admission::forget(&client, &namespace).await;
    namespaces.delete(&namespace, &DeleteParams::default()).await.unwrap();
    outcome.unwrap();
}

impl Live {
    fn api(&self, kind: Kind) -> Api<DynamicObject> {
        let (group, version) =
            kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind.as_str()));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// A workload of this kind with one container `app`.
    async fn run(&self, kind: Kind, name: &str, container: &Value) {
        let mut app = json!({"name": "app"});
        app.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        let mut pod = json!({"terminationGracePeriodSeconds": 1, "containers": [app]});
        let labels = json!({"app": name});
        let mut spec = json!({"selector": {"matchLabels": labels}});
        if kind == Kind::Job {
            pod["restartPolicy"] = json!("Never");
            spec = json!({});
        }
        spec["template"] = json!({"metadata": {"labels": labels}, "spec": pod});
        let object = json!({"apiVersion": kind.api_version(), "kind": kind.as_str(),
            "metadata": {"name": name, "labels": labels},
            "spec": if kind == Kind::Pod { pod } else { spec }});
        let object = serde_json::from_value(object).unwrap();
        self.api(kind).create(&PostParams::default(), &object).await.unwrap();
    }

    /// A Deployment that is known to run: where candidates for a tag come from, and a bystander.
    async fn run_web(&self) {
        self.run(Kind::Deployment, "web", &json!({"image": "nginx:1.27"})).await;
        self.until_true("web is ready", async || {
            self.get(Kind::Deployment, "web").await["status"]["readyReplicas"] == 1
        })
        .await;
    }

    async fn get(&self, kind: Kind, name: &str) -> Value {
        serde_json::to_value(self.api(kind).get(name).await.unwrap()).unwrap()
    }

    /// Changes the container of a Deployment, as `kubectl` would.
    async fn change(&self, name: &str, container: &Value) {
        let mut app = json!({"name": "app"});
        app.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        let patch = json!({"spec": {"template": {"spec": {"containers": [app]}}}});
        let patch = Patch::Strategic(patch);
        self.api(Kind::Deployment).patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Half as much memory again as the largest node has.
    async fn more_than_a_node_has(&self) -> String {
        let nodes = Api::<Node>::all(self.client.clone()).list(&ListParams::default()).await;
        let memory = |it: &Node| {
            let memory = it.status.as_ref()?.allocatable.as_ref()?.get("memory")?;
            types::Quantity(memory.0.clone()).units()
        };
        let largest = nodes.unwrap().iter().filter_map(memory).max().unwrap();
        (largest + largest / 2).to_string()
    }

    async fn until_true(&self, what: &str, is_true: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !is_true().await {
            assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The open incident of this workload, once it is of this fault and offers this strategy.
    async fn incident(&self, kind: Kind, name: &str, fault: Fault, strategy: &str) -> Incident {
        let started = Instant::now();
        loop {
            let (_, body) = self.agent.get("/api/v1/incidents").await;
            let all: Vec<Incident> = serde_json::from_value(body["incidents"].clone()).unwrap();
            let mine: Vec<_> =
                all.into_iter().filter(|it| it.subject.namespace == self.namespace).collect();
            let found = mine.iter().find(|it| {
                (it.subject.kind, it.subject.name.as_str()) == (kind, name)
                    && (it.state, it.fault) == (IncidentState::Open, fault)
                    && it.offers.iter().any(|it| it.strategy.key() == strategy)
            });
            if let Some(found) = found {
                return found.clone();
            }
            assert!(started.elapsed() < PATIENCE, "no {fault} with {strategy}: {mine:#?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Orders this strategy for the incident, says yes, and waits for this end.
    async fn mend(&self, incident: &Incident, strategy: &Value, end: &str) {
        let pod = incident.pod.clone().unwrap_or_else(|| incident.subject.name.clone());
        let order = json!({"pod_name": pod, "namespace": self.namespace, "strategy": strategy,
            "incident": incident.id});
        let (_, answer) = self.agent.post("/api/v1/execute-fix", &order.to_string()).await;
        assert_eq!(answer["result"]["state"], "proposed", "{answer}");
        let id = answer["execution_id"].as_str().unwrap();
        let (status, answer) =
            self.agent.post(&format!("/api/v1/executions/{id}/approve"), "").await;
        assert_eq!(status, 200, "{answer}");
        let started = Instant::now();
        loop {
            let (_, execution) = self.agent.get(&format!("/api/v1/executions/{id}")).await;
            let state = execution["state"].as_str().unwrap();
            if !["applying", "verifying", "undoing"].contains(&state) {
                assert_eq!(state, end, "{execution:#}");
                return;
            }
            assert!(started.elapsed() < PATIENCE, "still {state}: {execution:#}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Nobody but its owner and the cluster's own controllers ever wrote the bystander.
    async fn web_is_untouched(&self) {
        let web = self.get(Kind::Deployment, "web").await;
        assert_eq!(web["metadata"]["generation"], 1);
        let managers = web["metadata"]["managedFields"].as_array().unwrap();
        assert!(managers.iter().all(|it| it["manager"] != agent::cluster::FIELD_MANAGER));
        let (_, body) = self.agent.get("/api/v1/incidents").await;
        let about_web = |it: &&Value| {
            it["subject"]["namespace"] == self.namespace.as_str() && it["subject"]["name"] == "web"
        };
        assert_eq!(body["incidents"].as_array().unwrap().iter().find(about_web), None);
    }
}

fn app(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"][0]
}

fn shell(script: &str) -> Value {
    json!(["sh", "-c", script])
}

/// A real registry answer, in any kind of workload, mended where the tag is decided.
async fn typo_is_replaced(live: Live, kind: Kind, pointer: &str) {
    live.run_web().await;
    live.run(kind, "typo", &json!({"image": "nginx:1.72"})).await;
    let incident = live.incident(kind, "typo", Fault::ImageNotFound, "replace_image_tag").await;

    let wanted = json!({"type": "image_tag_replacement", "parameters": {"new_tag": "1.27"}});
    live.mend(&incident, &wanted, "verified").await;

    assert_eq!(live.get(kind, "typo").await.pointer(pointer), Some(&json!("nginx:1.27")));
    live.web_is_untouched().await;
}

const IN_TEMPLATE: &str = "/spec/template/spec/containers/0/image";

#[actix_web::test]
async fn a_typo_in_a_deployment_is_replaced() {
    live(|it| typo_is_replaced(it, Kind::Deployment, IN_TEMPLATE)).await;
}

/// Its controller waits for the broken pod for ever, so the pod is evicted as well.
#[actix_web::test]
async fn a_typo_in_a_stateful_set_is_replaced() {
    live(|it| typo_is_replaced(it, Kind::StatefulSet, IN_TEMPLATE)).await;
}

#[actix_web::test]
async fn a_typo_in_a_daemon_set_is_replaced() {
    live(|it| typo_is_replaced(it, Kind::DaemonSet, IN_TEMPLATE)).await;
}

#[actix_web::test]
async fn a_typo_in_a_bare_pod_is_replaced() {
    live(|it| typo_is_replaced(it, Kind::Pod, "/spec/containers/0/image")).await;
}

/// A Job's template cannot be changed: its live pod can.
#[actix_web::test]
async fn a_typo_in_a_job_is_replaced_in_its_pod() {
    live(async |live| {
        live.run_web().await;
        let script = json!({"image": "nginx:1.72", "command": shell("sleep 3")});
        live.run(Kind::Job, "typo", &script).await;
        let incident =
            live.incident(Kind::Job, "typo", Fault::ImageNotFound, "replace_image_tag").await;

        let wanted = json!({"type": "image_tag_replacement", "parameters": {"new_tag": "1.27"}});
        live.mend(&incident, &wanted, "verified").await;

        let job = live.get(Kind::Job, "typo").await;
        assert_eq!(job.pointer(IN_TEMPLATE), Some(&json!("nginx:1.72")));
        live.until_true("the job is done", async || {
            live.get(Kind::Job, "typo").await["status"]["succeeded"] == 1
        })
        .await;
    })
    .await;
}

#[actix_web::test]
async fn a_limit_that_is_too_small_is_raised_until_it_fits() {
    live(async |live| {
        live.run_web().await;
        // A buffer of 34 MiB.
        let script = "while dd if=/dev/zero of=/dev/null bs=34M count=1 2>/dev/null; do sleep 2; done; exit 1";
        let limits = json!({"limits": {"memory": "20Mi"}});
        let hungry =
            json!({"image": "busybox:1.36", "command": shell(script), "resources": limits});
        live.run(Kind::Deployment, "hungry", &hungry).await;
        let key = "raise_memory_limit@2";
        let incident = live.incident(Kind::Deployment, "hungry", Fault::OomKilled, key).await;

        let wanted = json!({"type": "raise_memory_limit", "parameters": {"halves": 2}});
        live.mend(&incident, &wanted, "verified").await;

        let hungry = live.get(Kind::Deployment, "hungry").await;
        assert_eq!(app(&hungry)["resources"]["limits"]["memory"], "40Mi");
        live.web_is_untouched().await;
    })
    .await;
}

#[actix_web::test]
async fn more_memory_for_a_leak_is_taken_back() {
    live(async |live| {
        live.run_web().await;
        let limits = json!({"limits": {"memory": "20Mi"}});
        let command = shell("sleep 1; exec tail /dev/zero");
        let leak = json!({"image": "busybox:1.36", "command": command, "resources": limits});
        live.run(Kind::Deployment, "leak", &leak).await;
        let key = "raise_memory_limit@2";
        let incident = live.incident(Kind::Deployment, "leak", Fault::OomKilled, key).await;

        let wanted = json!({"type": "raise_memory_limit", "parameters": {"halves": 2}});
        live.mend(&incident, &wanted, "undone").await;

        let leak = live.get(Kind::Deployment, "leak").await;
        assert_eq!(app(&leak)["resources"]["limits"]["memory"], "20Mi");
        live.web_is_untouched().await;
    })
    .await;
}

/// The command holds characters that the API server escapes when it compares.
#[actix_web::test]
async fn a_bad_rollout_is_rolled_back() {
    live(async |live| {
        live.run_web().await;
        live.run(Kind::Deployment, "app", &json!({"image": "nginx:1.25"})).await;
        live.until_true("app is ready", async || {
            live.get(Kind::Deployment, "app").await["status"]["readyReplicas"] == 1
        })
        .await;
        let before = app(&live.get(Kind::Deployment, "app").await).clone();
        let command = shell("echo '<FATAL> unknown setting' >&2 && exit 1");
        live.change("app", &json!({"image": "nginx:1.27", "command": command})).await;
        let fault = Fault::CrashLoopBackOff;
        let incident = live.incident(Kind::Deployment, "app", fault, "roll_back").await;

        live.mend(&incident, &json!({"type": "roll_back"}), "verified").await;

        assert_eq!(app(&live.get(Kind::Deployment, "app").await), &before);
        live.web_is_untouched().await;
    })
    .await;
}

#[actix_web::test]
async fn a_request_that_no_node_has_is_explained_and_lowered_after_a_yes() {
    live(async |live| {
        live.run_web().await;
        let requests = json!({"requests": {"memory": live.more_than_a_node_has().await}});
        let huge = json!({"image": "nginx:1.27", "resources": requests});
        live.run(Kind::Deployment, "huge", &huge).await;
        let fault = Fault::Unschedulable;
        let incident = live.incident(Kind::Deployment, "huge", fault, "lower_requests").await;
        let cause = &incident.diagnoses[0].cause;
        assert!(cause.contains("memory"), "{cause}");

        live.mend(&incident, &json!({"type": "lower_requests"}), "verified").await;

        let huge = live.get(Kind::Deployment, "huge").await;
        assert_eq!(huge["status"]["readyReplicas"], 1);
        live.web_is_untouched().await;
    })
    .await;
}

/// A Service `front` that asks for this label, and leads to this port of its pods.
async fn serve(live: &Live, app: &str, target: &Value) {
    let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": target}]}});
    let object = serde_json::from_value(object).unwrap();
    live.api(Kind::Service).create(&PostParams::default(), &object).await.unwrap();
}

#[actix_web::test]
async fn live_a_service_whose_label_is_a_letter_off_gets_its_endpoints() {
    live(async |live| {
        live.run_web().await;
        serve(&live, "wbe", &json!(80)).await;
        let fault = Fault::ServiceWithoutEndpoints;
        let incident = live.incident(Kind::Service, "front", fault, "fix_selector").await;
        assert_eq!(incident.offers[0].risk, types::Risk::Auto);

        live.mend(&incident, &json!({"type": "fix_selector"}), "verified").await;

        let front = live.get(Kind::Service, "front").await;
        assert_eq!(front["spec"]["selector"], json!({"app": "web"}));
        live.web_is_untouched().await;
    })
    .await;
}

#[actix_web::test]
async fn live_a_service_whose_port_is_a_letter_off_is_led_to_the_one_that_pods_declare() {
    live(async |live| {
        let port = json!([{"containerPort": 80, "name": "http"}]);
        live.run(Kind::Deployment, "app", &json!({"image": "nginx:1.27", "ports": port})).await;
        serve(&live, "app", &json!("htpp")).await;
        let fault = Fault::ServicePortMismatch;
        let incident = live.incident(Kind::Service, "front", fault, "fix_service_port").await;

        live.mend(&incident, &json!({"type": "fix_service_port"}), "verified").await;

        let front = live.get(Kind::Service, "front").await;
        assert_eq!(front["spec"]["ports"][0]["targetPort"], "http");
    })
    .await;
}
