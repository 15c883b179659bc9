//! Where the stories of fixes are played: a cluster, faults on the way to it, and an agent that may act.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use types::Kind;

use crate::agent_binary::{AgentBinary, PATIENCE};
use crate::cluster::{Cluster, container};
use crate::fault_proxy::FaultProxy;

/// An application of which version 2.1 needs 180 MiB.
const HUNGRY: &str = "registry.example/shop/web:2.1";
/// Raises the limit to one and a half times.
pub(crate) const RAISE: &str = "raise_memory_limit";

/// A cluster, faults on the way to it, and the data of an agent.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) proxy: FaultProxy,
    pub(crate) data: TempDir,
}

impl Stage {
    /// A cluster with a shop, and nothing that fails yet.
    pub(crate) async fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let cluster = Cluster::audited(Some(data.path().join("audit"))).await;
        let upstream = cluster.sandbox.url().trim_start_matches("http://").parse().unwrap();
        let proxy = FaultProxy::before(upstream);
        let kubeconfig = cluster.sandbox.kubeconfig().replace(&cluster.sandbox.url(), &proxy.url());
        std::fs::write(data.path().join("kubeconfig"), kubeconfig).unwrap();
        let stage = Self { cluster, proxy, data };
        stage.set_policy("{}");
        stage
    }

    /// Ends the cluster, for a test that plays on many stages.
    pub(crate) async fn close(self) {
        self.cluster.sandbox.stop().await;
    }

    /// The policy of every agent that is started from now on. Where it does not say so, nobody's change is left to him
    /// for a while: most stories begin with one.
    pub(crate) fn set_policy(&self, policy: &str) {
        let mut policy: Value = serde_yaml_ng::from_str(policy).unwrap();
        let lines = policy.as_object_mut().unwrap();
        lines.entry("change_grace_seconds").or_insert(json!(0));
        std::fs::write(self.data.path().join("policy"), policy.to_string()).unwrap();
    }

    /// An agent that acts unasked.
    pub(crate) async fn agent(&self) -> AgentBinary {
        self.agent_with(&["--mode", "auto"]).await
    }

    /// An agent that acts unasked and takes its time with a verdict, so that something can come before it.
    pub(crate) async fn slow_agent(&self) -> AgentBinary {
        let patience = ["--settle-seconds", "4", "--verify-seconds", "20"];
        self.agent_with(&[&["--mode", "auto"], &patience[..]].concat()).await
    }

    /// An agent with these flags.
    pub(crate) async fn agent_with(&self, flags: &[&str]) -> AgentBinary {
        self.try_agent(flags).await.unwrap_or_else(|log| panic!("it does not start: {log}"))
    }

    /// One of several agents, with data of its own, that agree by a Lease. They act unasked.
    pub(crate) async fn replica(&self, name: &str, flags: &[&str]) -> AgentBinary {
        let place = self.cluster.sandbox.store();
        let _ = place.create("namespaces", "", json!({"metadata": {"name": "k8s-reflexion"}}));
        let lease = ["--lease", "k8s-reflexion/agent", "--mode", "auto"];
        let started = self.start(name, &[&lease, flags].concat()).await;
        let agent = started.unwrap_or_else(|log| panic!("it does not start: {log}"));
        agent.ready().await;
        agent
    }

    /// One of several agents, with data of its own, that know nothing of each other. They act unasked.
    pub(crate) async fn stranger(&self, name: &str) -> AgentBinary {
        let started = self.start(name, &["--mode", "auto"]).await;
        let agent = started.unwrap_or_else(|log| panic!("it does not start: {log}"));
        agent.ready().await;
        agent
    }

    /// An agent with these flags, or its log when it does not start.
    pub(crate) async fn try_agent(&self, flags: &[&str]) -> Result<AgentBinary, String> {
        self.start("agent", flags).await
    }

    async fn start(&self, folder: &str, flags: &[&str]) -> Result<AgentBinary, String> {
        let path = |name: &str| self.data.path().join(name).to_str().unwrap().to_owned();
        let (kubeconfig, policy) = (path("kubeconfig"), path("policy"));
        let mut all = vec!["--kubeconfig", &kubeconfig, "--policy", &policy];
        if !flags.contains(&"--settle-seconds") {
            all.extend(["--settle-seconds", "0.5", "--verify-seconds", "8"]);
        }
        if !flags.contains(&"--service-patience-seconds") {
            all.extend(["--service-patience-seconds", "0.5"]);
        }
        all.extend(flags);
        AgentBinary::start(&self.data.path().join(folder), &all).await
    }

    /// A Deployment whose container needs 180 MiB and may have this much.
    pub(crate) async fn run_hungry(&self, name: &str, limit: &str) {
        self.run_hungry_as(Kind::Deployment, name, limit).await;
    }

    /// The same of any kind.
    pub(crate) async fn run_hungry_as(&self, kind: Kind, name: &str, limit: &str) {
        self.cluster.run(kind, name, &hungry(limit)).await;
    }

    /// A Deployment `web` that has been ready for a while, and a Service that has been there for an hour and asks
    /// for this.
    pub(crate) async fn serve(&self, name: &str, selector: &Value, port: &Value) {
        self.cluster.serve(name, selector, port).await;
        let store = self.cluster.sandbox.store();
        let mut service = self.object("services", name).unwrap();
        service["metadata"]["creationTimestamp"] =
            json!(Timestamp::now() - SignedDuration::from_hours(1));
        store.restore("services", service);
    }

    /// Waits until this Deployment has a ready pod, and lets that have been so for a while.
    pub(crate) async fn until_steady(&self, name: &str) {
        until("it is ready", || {
            self.object("deployments", name).unwrap()["status"]["readyReplicas"] == 1
        })
        .await;
        self.make_steady(name);
    }

    /// What a Service asks for.
    pub(crate) fn selector(&self, name: &str) -> Value {
        self.object("services", name).unwrap()["spec"]["selector"].clone()
    }

    /// How many endpoints a Service has at its first port.
    pub(crate) fn n_endpoints(&self, name: &str) -> usize {
        let slices = self.cluster.sandbox.store().list("endpointslices", Some("shop")).0;
        let is_its = |it: &&Arc<Value>| {
            it["metadata"]["labels"]["kubernetes.io/service-name"] == name
                && it["ports"].as_array().is_some_and(|it| !it.is_empty())
        };
        slices.iter().filter(is_its).filter_map(|it| it["endpoints"].as_array()).map(Vec::len).sum()
    }

    /// Lets the pod of this workload have been ready for a while; its name.
    pub(crate) fn make_steady(&self, name: &str) -> String {
        let store = self.cluster.sandbox.store();
        let pods = store.list("pods", Some("shop")).0;
        let pod = pods.iter().find(|it| it["metadata"]["labels"]["app"] == name).unwrap();
        let pod = pod["metadata"]["name"].as_str().unwrap().to_owned();
        let earlier = Timestamp::now() - SignedDuration::from_mins(5);
        let aged = store.update_status("pods", "shop", &pod, |it| {
            let conditions = it["status"]["conditions"].as_array_mut().unwrap();
            for condition in conditions {
                condition["lastTransitionTime"] = json!(earlier);
            }
            Ok(())
        });
        aged.unwrap();
        pod
    }

    /// Puts a pod off its node, as a kubelet does that runs out of memory.
    pub(crate) fn put_off(&self, namespace: &str, pod: &str) {
        const WORDS: &str = "The node was low on resource: memory.";
        let store = self.cluster.sandbox.store();
        let now = json!(Timestamp::now());
        let evicted = store.update_status("pods", namespace, pod, |it| {
            let status = &mut it["status"];
            status["phase"] = json!("Failed");
            status["reason"] = json!("Evicted");
            status["message"] = json!(WORDS);
            for condition in status["conditions"].as_array_mut().unwrap() {
                if ["Ready", "ContainersReady"].contains(&condition["type"].as_str().unwrap()) {
                    condition["status"] = json!("False");
                    condition["lastTransitionTime"] = now.clone();
                }
            }
            for container in status["containerStatuses"].as_array_mut().unwrap() {
                container["ready"] = json!(false);
                let end = json!({"exitCode": 137, "reason": "Error", "finishedAt": now});
                container["state"] = json!({"terminated": end});
            }
            Ok(())
        });
        let about = json!({"kind": "Pod", "namespace": namespace, "name": pod,
            "uid": evicted.unwrap()["metadata"]["uid"]});
        let event = json!({"metadata": {"name": format!("{pod}.evicted"), "namespace": namespace},
            "involvedObject": about, "type": "Warning", "reason": "Evicted", "message": WORDS,
            "firstTimestamp": now, "lastTimestamp": now, "count": 1});
        store.create("events", namespace, event).unwrap();
    }

    /// An object of the cluster as it is now.
    pub(crate) fn object(&self, plural: &str, name: &str) -> Option<Value> {
        let found = self.cluster.sandbox.store().get(plural, "shop", name);
        found.map(|it| Value::clone(&it))
    }

    /// The memory limit in the template of a Deployment.
    pub(crate) fn limit(&self, name: &str) -> String {
        limit_of(&self.object("deployments", name).unwrap())
    }

    /// The generation of a Deployment: how often its spec was changed, and once more.
    pub(crate) fn generation(&self, name: &str) -> i64 {
        self.object("deployments", name).unwrap()["metadata"]["generation"].as_i64().unwrap()
    }

    /// What the agent wrote, by the cluster's own record: what was refused or only tried is not among it.
    pub(crate) fn writes(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.data.path().join("audit")).unwrap();
        // The last line may still be on its way into the file.
        let lines = text.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let is_write = |it: &Value| {
            let is_change = !["get", "list", "watch"].contains(&it["verb"].as_str().unwrap());
            let is_made = it["code"].as_u64().unwrap() < 300 && it["dryRun"].is_null();
            // To ask what one may do is a `create` too, and to tell what was done.
            let path = it["path"].as_str().unwrap();
            let words = ["reviews", "/events", "/token"];
            let is_word = words.iter().any(|it| path.ends_with(it));
            is_change && is_made && !is_word && it["manager"] == "k8s-reflexion-agent"
        };
        lines.filter(is_write).collect()
    }

    /// The Events that the agent left about this Deployment, their reasons in order.
    pub(crate) fn told(&self, name: &str) -> Vec<String> {
        let mut events = self.cluster.sandbox.store().list("events", Some("shop")).0;
        events.retain(|it| {
            it["reportingComponent"] == "k8s-reflexion-agent"
                && it["involvedObject"]["name"] == name
        });
        events.sort_by_key(|it| it["eventTime"].as_str().unwrap().to_owned());
        events.iter().map(|it| it["reason"].as_str().unwrap().to_owned()).collect()
    }

    /// How often the agent wrote.
    pub(crate) fn n_writes(&self) -> usize {
        self.writes().len()
    }
}

/// The spec of a pod whose container needs 180 MiB and may have this much.
pub(crate) fn hungry(limit: &str) -> Value {
    let mut spec = container(HUNGRY);
    spec["containers"][0]["resources"] = json!({"limits": {"memory": limit}});
    // Later than it is killed where it has too little: it is ready for good, or never.
    spec["containers"][0]["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 8080}, "initialDelaySeconds": 4, "periodSeconds": 1});
    spec
}

/// The memory limit in a template.
pub(crate) fn limit_of(object: &Value) -> String {
    let container = &object["spec"]["template"]["spec"]["containers"][0];
    container["resources"]["limits"]["memory"].as_str().unwrap().to_owned()
}

impl AgentBinary {
    /// Waits until the agent offers this strategy for the workload; answers with an order for it.
    pub(crate) async fn order_for(&self, name: &str, strategy: &str) -> Value {
        let strategy = if strategy == RAISE {
            json!({"type": RAISE, "parameters": {"halves": 1}})
        } else {
            json!({"type": strategy})
        };
        let mut pod = String::new();
        // An incident may name a pod that has gone since.
        while self.get(&format!("/api/v1/pod-status/{pod}?namespace=shop")).await.0 != 200 {
            let offered = self.until("/api/v1/incidents?state=open", |body| {
                let incidents = body["incidents"].as_array()?;
                let incident = incidents.iter().find(|it| it["subject"]["name"] == name)?;
                let offers = incident["offers"].as_array()?;
                offers.iter().find(|it| it["strategy"]["type"] == strategy["type"])?;
                incident["pod"].as_str().map(str::to_owned)
            });
            pod = offered.await;
        }
        json!({"pod_name": pod, "namespace": "shop", "strategy": strategy})
    }

    /// Waits until the agent offers this strategy for the Service; answers with an order for it.
    pub(crate) async fn order_for_service(&self, name: &str, strategy: &str) -> Value {
        let incident = self
            .service_incident(name, |it| {
                let offers = it["offers"].as_array().unwrap();
                offers.iter().any(|it| it["strategy"]["type"] == strategy)
            })
            .await;
        assert!(incident["pod"].is_null(), "{incident:#}");
        json!({"pod_name": name, "namespace": "shop", "strategy": {"type": strategy}, "incident": incident["id"]})
    }

    /// The open incident of this Service, as soon as this is true of it.
    pub(crate) async fn service_incident(
        &self,
        name: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        self.until("/api/v1/incidents?state=open", |body| {
            let incidents = body["incidents"].as_array()?;
            let is_its = |it: &&Value| {
                it["subject"]["kind"] == "Service" && it["subject"]["name"] == name && is_so(it)
            };
            incidents.iter().find(is_its).cloned()
        })
        .await
    }

    /// Waits until it has seen every pod of this workload ready: so it knows where back is.
    pub(crate) async fn saw_ready(&self, stage: &Stage, name: &str) {
        let mut pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
        pods.retain(|it| it["metadata"]["labels"]["app"] == name);
        for pod in pods {
            let pod = pod["metadata"]["name"].as_str().unwrap();
            let path = format!("/api/v1/pod-status/{pod}?namespace=shop");
            self.until(&path, |it| (it["containers_ready"] == true).then_some(())).await;
        }
    }

    /// Orders it as soon as it is offered, and answers with the execution so far.
    pub(crate) async fn fix(&self, name: &str, strategy: &str) -> Value {
        let order = self.order_for(name, strategy).await;
        self.carry_out(&order).await
    }

    /// The execution that an order led to, so far.
    pub(crate) async fn carry_out(&self, order: &Value) -> Value {
        let (status, answer) = self.post("/api/v1/execute-fix", order).await;
        assert_eq!(status, 200, "{answer}");
        self.execution(&answer).await
    }

    /// The execution that the answer names.
    pub(crate) async fn execution(&self, answer: &Value) -> Value {
        let id = answer["execution_id"].as_str().unwrap();
        let (status, execution) = self.get(&format!("/api/v1/executions/{id}")).await;
        assert_eq!(status, 200, "{answer}");
        execution
    }

    /// The execution as soon as it is in this state.
    pub(crate) async fn in_state(&self, execution: &Value, state: &str) -> Value {
        self.seen(execution, |it| it["state"] == state).await
    }

    /// The execution as it ended.
    pub(crate) async fn end_of(&self, execution: &Value) -> Value {
        self.seen(execution, is_final).await
    }

    async fn seen(&self, execution: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/v1/executions/{}", execution["id"].as_str().unwrap());
        self.until(&path, |it| is_so(it).then(|| it.clone())).await
    }
}

fn is_final(execution: &Value) -> bool {
    let state = execution["state"].as_str().unwrap_or_default();
    ["verified", "undone", "stranded", "refused", "rejected"].contains(&state)
}

/// The state of an execution and the code of its refusal.
pub(crate) fn state(execution: &Value) -> (&str, &str) {
    let word = |it: &'static str| execution.pointer(it).and_then(Value::as_str).unwrap_or_default();
    (word("/state"), word("/refusal/code"))
}

/// The code of a problem.
pub(crate) fn code(problem: &Value) -> &str {
    problem["type"].as_str().and_then(|it| it.rsplit_once('#')).map_or("", |it| it.1)
}

/// Waits until it is true of the stage.
pub(crate) async fn until(what: &str, is_true: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
