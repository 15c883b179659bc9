//! What the cluster's own admission policies let nobody take back: asked about where that shows before, and left to a
//! person where it does not. Nothing is said to be undone that was not.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::Client;
use kube::api::{Api, DeleteParams, PatchParams, PostParams};
use serde_json::{Value, json};
use types::{Fault, Kind};

use super::{Live, app, live, shell};
use crate::agent_binary::AgentBinary;
use crate::stage::state;

const KEY: &str = "raise_memory_limit@2";
/// The memory of every container in this version of a Deployment.
const MEMORY: &str = "spec.template.spec.containers.map(c, quantity(c.resources.limits['memory']))";

/// Takes away the policy of a namespace that had one.
pub(super) async fn forget(client: &Client, namespace: &str) {
    let gone = DeleteParams::default();
    let bindings = Api::<ValidatingAdmissionPolicyBinding>::all(client.clone());
    let policies = Api::<ValidatingAdmissionPolicy>::all(client.clone());
    let _ = bindings.delete(namespace, &gone).await;
    let _ = policies.delete(namespace, &gone).await;
}

impl Live {
    /// Lets the API server refuse every edit of a Deployment of this namespace, `probe` the first, that does not fit.
    async fn admit_only(&self, expression: &str, probe: (&str, &Value)) {
        let policy = json!({"metadata": {"name": self.namespace}, "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                "resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"],
                    "operations": ["UPDATE"], "resources": ["deployments"]}]},
            "validations": [{"expression": expression, "message": "that little is not given"}]}});
        let binding = json!({"metadata": {"name": self.namespace},
            "spec": {"policyName": self.namespace, "validationActions": ["Deny"]}});
        let new = PostParams::default();
        let policies = Api::<ValidatingAdmissionPolicy>::all(self.client.clone());
        policies.create(&new, &serde_json::from_value(policy).unwrap()).await.unwrap();
        let bindings = Api::<ValidatingAdmissionPolicyBinding>::all(self.client.clone());
        bindings.create(&new, &serde_json::from_value(binding).unwrap()).await.unwrap();
        let (name, resources) = probe;
        let edit = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "app", "resources": resources}]}}}});
        let rehearsed = PatchParams { dry_run: true, ..PatchParams::default() };
        self.until_true("the policy holds", async || {
            let patch = kube::api::Patch::Strategic(&edit);
            let api = self.api(Kind::Deployment);
            matches!(api.patch(name, &rehearsed, &patch).await, Err(kube::Error::Api(_)))
        })
        .await;
    }

    /// An agent beside this one that acts unasked in this namespace.
    async fn armed(&self, data: &std::path::Path) -> AgentBinary {
        let label = json!({"metadata": {"labels": {"k8s-reflexion.io/managed": "true"}}});
        let namespaces = Api::<k8s_openapi::api::core::v1::Namespace>::all(self.client.clone());
        let patch = kube::api::Patch::Merge(&label);
        namespaces.patch(&self.namespace, &PatchParams::default(), &patch).await.unwrap();
        let policy = data.join("policy");
        let lines = "storm: {from_workloads: 1000}\nchange_grace_seconds: 0\n";
        std::fs::write(&policy, lines).unwrap();
        let kubeconfig = std::env::var("KUBECONFIG_LIVE").unwrap();
        let flags = ["--kubeconfig", &kubeconfig, "--policy", policy.to_str().unwrap()];
        let times = ["--mode", "auto", "--settle-seconds", "6", "--verify-seconds", "60"];
        let agent = AgentBinary::start(&data.join("agent"), &[&flags[..], &times].concat()).await;
        let agent = agent.unwrap();
        agent.ready().await;
        agent
    }
}

fn needs(buffer: &str) -> Value {
    let script = format!(
        "while dd if=/dev/zero of=/dev/null bs={buffer} count=1 2>/dev/null; do sleep 2; done; exit 1"
    );
    json!({"image": "busybox:1.36", "command": shell(&script), "resources": limits("20Mi")})
}

fn limits(memory: &str) -> Value {
    json!({"limits": {"memory": memory}})
}

#[actix_web::test]
async fn a_fix_whose_undo_the_clusters_own_policy_refuses_is_asked_about_first() {
    live(async |live| {
        live.run(Kind::Deployment, "small", &needs("34M")).await;
        let incident = live.incident(Kind::Deployment, "small", Fault::OomKilled, KEY).await;
        let data = tempfile::tempdir().unwrap();
        let agent = live.armed(data.path()).await;
        let least = format!("object.{MEMORY}.all(m, m.compareTo(quantity('32Mi')) >= 0)");
        live.admit_only(&least, ("small", &limits("21Mi"))).await;

        let order = json!({"pod_name": incident.pod, "namespace": live.namespace,
            "strategy": {"type": "raise_memory_limit", "parameters": {"halves": 2}}});
        let fix = agent.carry_out(&order).await;

        assert_eq!(state(&fix), ("proposed", "needs_approval"), "{fix:#}");
        let told = fix["refusal"]["detail"].as_str().unwrap();
        for words in ["could not be undone", "that little is not given"] {
            assert!(told.contains(words), "{told}");
        }
        let small = live.get(Kind::Deployment, "small").await;
        assert_eq!(app(&small)["resources"], limits("20Mi"));
        let path = format!("/api/v1/executions/{}/approve", fix["id"].as_str().unwrap());
        assert_eq!(agent.post(&path, &json!({})).await.0, 200);
        assert_eq!(state(&agent.end_of(&fix).await), ("verified", ""));
    })
    .await;
}

#[actix_web::test]
async fn a_fix_that_the_clusters_own_policy_lets_nobody_take_back_is_left_to_a_person() {
    live(async |live| {
        let leak = json!({"image": "busybox:1.36", "resources": limits("20Mi"),
            "command": shell("sleep 1; exec tail /dev/zero")});
        live.run(Kind::Deployment, "leak", &leak).await;
        let incident = live.incident(Kind::Deployment, "leak", Fault::OomKilled, KEY).await;
        // What is there now may stay: only the way back is closed.
        let never_less =
            format!("object.{MEMORY}.all(m, oldObject.{MEMORY}.all(o, m.compareTo(o) >= 0))");
        live.admit_only(&never_less, ("leak", &limits("19Mi"))).await;

        let wanted = json!({"type": "raise_memory_limit", "parameters": {"halves": 2}});
        live.mend(&incident, &wanted, "stranded").await;

        let (_, body) = live.agent.get("/api/v1/executions").await;
        let told = body["executions"][0]["refusal"]["detail"].as_str().unwrap();
        for words in ["does not let", "do it by hand", "that little is not given"] {
            assert!(told.contains(words), "{told}");
        }
        let leak = live.get(Kind::Deployment, "leak").await;
        assert_eq!(app(&leak)["resources"], limits("40Mi"));
    })
    .await;
}
