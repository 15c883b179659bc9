//! Callers whom the API server knows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::fault_proxy::Fault;
use crate::stage::{RAISE, Stage, until};

const WATCHER: &str = "system:serviceaccount:ops:watcher";
const REFLEXION: &str = "system:serviceaccount:k8s-reflexion:reflexion";
const AUDIENCE: &str = "k8s-reflexion-agent";

fn is_review(request: &str) -> bool {
    request.contains("/tokenreviews") || request.contains("/subjectaccessreviews")
}

/// What a role lets somebody do, and who has it.
fn give(stage: &Stage, name: &str, verbs: &[&str], account: &str) {
    let store = stage.cluster.sandbox.store();
    let rule = json!({"nonResourceURLs": ["/k8s-reflexion/agent"], "verbs": verbs});
    let role = json!({"metadata": {"name": name}, "rules": [rule]});
    store.create("clusterroles", "", role).unwrap();
    let (_, account) = account.split_once("serviceaccount:").unwrap();
    let (namespace, account) = account.split_once(':').unwrap();
    let binding = json!({"metadata": {"name": name}, "roleRef": {"kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}]});
    store.create("clusterrolebindings", "", binding).unwrap();
}

/// The status that a caller with this token gets.
async fn status(agent: &AgentBinary, token: &str, method: &str, path: &str) -> u16 {
    let http = service::client::http(Duration::from_secs(20)).unwrap();
    let request = http.request(method.parse().unwrap(), format!("{}{path}", agent.url()));
    let body = json!({"mode": "observe", "reason": "a test"});
    request.bearer_auth(token).json(&body).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_caller_may_do_what_the_cluster_says_and_no_more() {
    let stage = Stage::open().await;
    give(&stage, "watch", &["get"], WATCHER);
    give(&stage, "heal", &["get", "post"], REFLEXION);
    let agent = stage.agent_with(&["--auth", "tokenreview", "--mode", "suggest"]).await;
    let token = |user: &str| sandbox::token(user, AUDIENCE);
    let (mode, incidents) = ("/api/v1/mode", "/api/v1/incidents");
    let undo = "/api/v1/executions/018f0000-0000-7000-8000-000000000000/undo";

    assert_eq!(status(&agent, &token(WATCHER), "GET", incidents).await, 200);
    assert_eq!(status(&agent, &token(WATCHER), "POST", undo).await, 403);
    assert_eq!(status(&agent, &token(REFLEXION), "POST", undo).await, 404);
    assert_eq!(status(&agent, &token(REFLEXION), "PUT", mode).await, 403);
    assert_eq!(
        status(&agent, &token("system:serviceaccount:ops:nobody"), "GET", incidents).await,
        403
    );
    assert_eq!(status(&agent, "sandbox.736f6d656f6e65.unsigned", "GET", incidents).await, 401);
    // Made for the API server, and not for the agent.
    let other = sandbox::token(REFLEXION, "https://kubernetes.default.svc");
    assert_eq!(status(&agent, &other, "GET", incidents).await, 401);
    // The tokens file is beside it, and needs nobody.
    assert_eq!(agent.set_mode("observe").await.0, 200);
}

/// Asks for this with this token; status and body.
async fn ask(agent: &AgentBinary, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let http = service::client::http(Duration::from_secs(20)).unwrap();
    let request = http.post(format!("{}{path}", agent.url())).bearer_auth(token).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

#[actix_web::test]
async fn whoever_orders_may_take_that_back_and_say_yes_to_nothing() {
    let stage = Stage::open().await;
    give(&stage, "orders", &["get", "patch"], REFLEXION);
    give(&stage, "acts", &["get", "post"], WATCHER);
    let agent = stage.agent_with(&["--auth", "tokenreview", "--mode", "suggest"]).await;
    stage.run_hungry("web", "128Mi").await;
    let (orders, acts) = (sandbox::token(REFLEXION, AUDIENCE), sandbox::token(WATCHER, AUDIENCE));
    let order = agent.order_for("web", RAISE).await;
    let path =
        |id: &Value, word: &str| format!("/api/v1/executions/{}/{word}", id.as_str().unwrap());

    let (status, ordered) = ask(&agent, &orders, "/api/v1/execute-fix", &order).await;
    assert_eq!((status, &ordered["result"]["state"]), (200, &json!("proposed")), "{ordered:#}");
    let own = &ordered["execution_id"];
    let (status, of_a_person) = ask(&agent, &acts, "/api/v1/execute-fix", &order).await;
    assert_eq!((status, &of_a_person["result"]["state"]), (200, &json!("proposed")));
    let other = &of_a_person["execution_id"];

    for (word, id) in [("approve", own), ("undo", own), ("approve", other), ("reject", other)] {
        let (status, problem) = ask(&agent, &orders, &path(id, word), &json!({})).await;
        assert_eq!(status, 403, "{word}: {problem}");
        assert!(problem["next"].as_str().unwrap().contains("role act"), "{problem}");
    }
    let accepted = json!({"fingerprint": "0123456789abcdef", "reason": "a test", "days": 1});
    assert_eq!(ask(&agent, &orders, "/api/v1/suppressions", &accepted).await.0, 403);
    let (status, taken_back) = ask(&agent, &orders, &path(own, "reject"), &json!({})).await;
    assert_eq!((status, &taken_back["state"]), (200, &json!("rejected")), "{taken_back:#}");
    let (status, approved) = ask(&agent, &acts, &path(other, "approve"), &json!({})).await;
    assert_eq!((status, &approved["decided_by"]), (200, &json!(WATCHER)), "{approved:#}");
}

#[actix_web::test]
async fn an_answer_is_kept_for_a_while_and_no_answer_lets_nobody_in() {
    let stage = Stage::open().await;
    give(&stage, "watch", &["get"], WATCHER);
    let agent = stage.agent_with(&["--auth", "tokenreview"]).await;
    let token = sandbox::token(WATCHER, AUDIENCE);
    let before = stage.proxy.n_seen(is_review);
    for _ in 0..5 {
        assert_eq!(status(&agent, &token, "GET", "/api/v1/incidents").await, 200);
    }
    until("one question of each kind was asked", || stage.proxy.n_seen(is_review) == before + 2)
        .await;

    stage.proxy.every(is_review, Fault::Answer(503, json!({"kind": "Status", "code": 503})));

    assert_eq!(status(&agent, &token, "GET", "/api/v1/incidents").await, 200);
    let other = sandbox::token(REFLEXION, AUDIENCE);
    assert_eq!(status(&agent, &other, "GET", "/api/v1/incidents").await, 503);
    assert_eq!(agent.get("/api/v1/incidents").await.0, 200);
}

#[actix_web::test]
async fn what_is_no_token_of_a_cluster_costs_nobody_a_review() {
    let stage = Stage::open().await;
    give(&stage, "watch", &["get"], WATCHER);
    let agent = stage.agent_with(&["--auth", "tokenreview"]).await;
    let before = stage.proxy.n_seen(is_review);

    for junk in ["junk", "a.b", "a.b.c.d", "a.b.c%"] {
        assert_eq!(status(&agent, junk, "GET", "/api/v1/incidents").await, 401);
    }

    assert_eq!(stage.proxy.n_seen(is_review), before);
    let known = sandbox::token(WATCHER, AUDIENCE);
    assert_eq!(status(&agent, &known, "GET", "/api/v1/incidents").await, 200);
}
