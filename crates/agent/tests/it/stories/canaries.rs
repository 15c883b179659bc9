//! Secrets of every kind, planted wherever a cluster may show one, and looked for in all that leaves the agent.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};
use types::Kind;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::agent_binary::{AgentBinary, PATIENCE};
use crate::cluster::container;
use crate::stage::{Stage, until};

/// What is planted: of which kind, under which name of a variable, and the part of it that nobody may see.
const PLANTED: [(&str, &str, &str, &str); 9] = [
    ("value of a variable", "DB_PASSWORD", "Canary4Alpha", "Canary4Alpha"),
    ("token", "GITHUB_TOKEN", concat!("gh", "p_Canary4Bravo0123456789abcdef"), "Canary4Bravo"),
    (
        "password in a URL",
        "DATABASE_URL",
        "postgres://shop:Canary4Charlie@db/shop",
        "Canary4Charlie",
    ),
    (
        "connection string",
        "SETTINGS",
        "Server=db;User Id=sa;Password=Canary4Delta;Database=shop",
        "Canary4Delta",
    ),
    ("JWT", "SESSION", "eyJhbGciOiJIUzI1NiJ9.Canary4Echo0123.c2lnbmF0dXJl", "Canary4Echo"),
    (
        "PEM block",
        "TLS",
        "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEACanary4Foxtrot0123\n-----END PRIVATE KEY-----",
        "Canary4Foxtrot",
    ),
    (
        "cloud key",
        "AWS_SECRET_ACCESS_KEY",
        concat!("wJalrXUtnFEMI/", "K7MDENGCanary4Golf/012345"),
        "Canary4Golf",
    ),
    ("id of a cloud key", "AWS_ID", concat!("AK", "IACANARY4HOTEL0000"), "CANARY4HOTEL"),
    ("e-mail address", "ALERTS_TO", "canary4india@example.com", "canary4india"),
];
/// Planted elsewhere: in arguments, annotations and a ConfigMap.
const ELSEWHERE: [&str; 5] =
    ["Canary4Juliett", "Canary4Kilo", "Canary4Lima", "Canary4Mike", "Canary4November"];

/// A container that tells all it knows and ends.
fn talkative() -> Value {
    let mut spec = container("busybox:1.36");
    let env: Vec<_> =
        PLANTED.iter().map(|(_, name, value, _)| json!({"name": name, "value": value})).collect();
    let told: String =
        PLANTED.iter().map(|it| format!("echo \"connecting with ${}\"; ", it.1)).collect();
    // A plan that takes this back quotes it.
    let script =
        format!("{told}echo \"refused $CACHE_PASS\"; echo began with Canary4Alpha; exit 3");
    spec["containers"][0]["env"] = json!(env);
    spec["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    spec["containers"][0]["command"] = json!(["sh", "-c", script]);
    spec["containers"][0]["args"] =
        json!(["web", "--api-key", "Canary4Juliett", "--token=Canary4Kilo"]);
    spec
}

/// What of this is in the text, by its kind.
fn leaks(text: &str) -> Vec<&'static str> {
    let planted = PLANTED.iter().filter(|it| text.contains(it.3)).map(|it| it.0);
    planted.chain(ELSEWHERE.into_iter().filter(|it| text.contains(it))).collect()
}

/// All that an agent tells, by the way on which it leaves.
struct Told(Vec<(String, String)>);

impl Told {
    async fn get(&mut self, agent: &AgentBinary, path: &str) -> Value {
        let (status, answer) = agent.get(path).await;
        self.0.push((format!("GET {path}: {status}"), answer.to_string()));
        answer
    }

    async fn post(&mut self, agent: &AgentBinary, path: &str, body: &Value) -> Value {
        let (status, answer) = agent.post(path, body).await;
        self.0.push((format!("POST {path}: {status}"), answer.to_string()));
        answer
    }
}

/// The pod of the workload, once it has ended twice.
async fn failing(stage: &Stage) -> Value {
    let pods = || stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    let fails = |it: &Arc<Value>| {
        let status = &it["status"]["containerStatuses"][0];
        it["metadata"]["labels"]["app"] == "web"
            && 2 <= status["restartCount"].as_i64().unwrap_or(0)
            && status["lastState"]["terminated"].is_object()
    };
    until("it has ended twice", || pods().iter().any(fails)).await;
    Arc::unwrap_or_clone(pods().into_iter().find(fails).unwrap())
}

/// Says in an event what the pod was given.
async fn say_more(stage: &Stage, pod: &Value) {
    let said =
        "Readiness probe failed: got Canary4Alpha back, token=Canary4Lima, then Canary4Juliett";
    let about = json!({"kind": "Pod", "namespace": "shop", "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"], "fieldPath": "spec.containers{app}"});
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "told", "namespace": "shop"},
        "involvedObject": about, "type": "Warning", "reason": "Unhealthy", "message": said,
        "lastTimestamp": jiff::Timestamp::now().to_string(), "count": 3});
    stage.cluster.create("/api/v1/namespaces/shop/events", &event).await;
}

/// Keeps what the stream of incidents says.
fn listened(agent: &AgentBinary) -> Arc<Mutex<String>> {
    let said: Arc<Mutex<String>> = Arc::default();
    let kept = Arc::clone(&said);
    let token = std::fs::read_to_string(agent.token_file()).unwrap();
    let url = format!("{}/api/v1/incidents/stream", agent.url());
    let request = reqwest::Client::new().get(url).bearer_auth(token.trim());
    actix_web::rt::spawn(async move {
        let mut response = request.send().await.unwrap();
        while let Ok(Some(chunk)) = response.chunk().await {
            kept.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk));
        }
    });
    said
}

async fn open(hook: &MockServer) -> (Stage, AgentBinary) {
    let stage = Stage::open().await;
    let file = stage.data.path().join("hooks");
    std::fs::write(&file, json!({"hooks": [{"url": hook.uri()}]}).to_string()).unwrap();
    let flags = ["--mode", "suggest", "--hooks-file", file.to_str().unwrap()];
    let agent = stage.agent_with(&flags).await;
    agent.ready().await;
    (stage, agent)
}

/// A version that runs, and then one that tells.
async fn plant(stage: &Stage) {
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
        "data": {"CACHE_PASS": "Canary4Mike"}});
    stage.cluster.create("/api/v1/namespaces/shop/configmaps", &settings).await;
    let mut well = talkative();
    well["containers"][0]["command"] = json!(["sh", "-c", "sleep 100000"]);
    stage.cluster.run(Kind::Deployment, "web", &well).await;
    stage.until_steady("web").await;
    let annotations = json!({"vault/token": "Canary4November"});
    let template = json!({"metadata": {"annotations": annotations}, "spec": talkative()});
    let patch = json!({"metadata": {"annotations": annotations}, "spec": {"template": template}});
    stage.cluster.change("deployments/web", &patch).await;
}

#[actix_web::test]
async fn no_secret_that_is_in_the_cluster_leaves_the_agent_on_any_way() {
    let hook = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&hook).await;
    let (stage, agent) = open(&hook).await;
    let stream = listened(&agent);
    plant(&stage).await;
    let pod = failing(&stage).await;
    let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
    let subject = json!({"pod_name": name, "namespace": "shop"});
    say_more(&stage, &pod).await;

    let mut told = Told(vec![]);
    let analysis = told.post(&agent, "/api/v1/k8sgpt-analyze", &subject).await;
    let incidents = told.get(&agent, "/api/v1/incidents").await;
    let id = incidents["incidents"][0]["id"].as_str().unwrap().to_owned();
    told.get(&agent, &format!("/api/v1/incidents/{id}")).await;
    told.get(&agent, &format!("/api/v1/pod-status/{name}?namespace=shop")).await;
    let events = told.get(&agent, "/api/v1/recent-events?namespace=shop").await;
    told.post(&agent, "/api/v1/scan", &json!({"notices": true})).await;
    let order = agent.order_for("web", "roll_back").await;
    let answer = told.post(&agent, "/api/v1/execute-fix", &order).await;
    let execution = answer["execution_id"].as_str().unwrap();
    let shown = told.get(&agent, &format!("/api/v1/executions/{execution}")).await;
    let why = told.get(&agent, &format!("/api/v1/executions/{execution}/explain")).await;
    told.get(&agent, "/api/v1/executions").await;
    for (path, body) in [
        (
            "/api/v1/k8sgpt-analyze",
            json!({"pod_name": "password=Canary4Alpha", "namespace": "shop"}),
        ),
        ("/api/v1/scan", json!({"labels": "password=Canary4Alpha in"})),
    ] {
        // Who asks so knows it already; whoever reads the log does not.
        told.post(&agent, path, &body).await;
    }
    let started = Instant::now();
    while hook.received_requests().await.unwrap().is_empty() {
        assert!(started.elapsed() < PATIENCE, "the hook is told nothing");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let hooked = hook.received_requests().await.unwrap();
    told.0.extend(
        hooked.iter().map(|it| ("hook".to_owned(), String::from_utf8_lossy(&it.body).into())),
    );
    let left = stage.cluster.sandbox.store().list("events", Some("shop")).0;
    let left = left.iter().filter(|it| it["reportingComponent"] == "k8s-reflexion-agent");
    told.0.extend(left.map(|it| ("event of ours".to_owned(), it.to_string())));
    told.0.push(("stream".to_owned(), stream.lock().unwrap().clone()));
    told.0.push(("metrics".to_owned(), agent.get_text("/metrics").await.1));
    told.0.push(("log".to_owned(), agent.log()));

    let leaking = told.0.iter().map(|(way, text)| (way, leaks(text)));
    let leaking: Vec<_> = leaking.filter(|it| !it.1.is_empty()).collect();
    assert!(leaking.is_empty(), "{leaking:?}");
    // It was all there to be told.
    for (answer, words) in [
        (&analysis, "connecting with [redacted:"),
        (&analysis, "refused [redacted:"),
        (&events, "got [redacted:"),
        (&analysis["analysis"]["offers"], "began with [redacted:"),
        (&shown, "began with [redacted:"),
        (&why, "began with [redacted:"),
    ] {
        assert!(answer.to_string().contains(words), "{words}: {answer:#}");
    }
    assert!(stream.lock().unwrap().contains("CrashLoopBackOff"), "{stream:?}");
}
