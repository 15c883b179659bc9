//! Other programs are told what happens, whatever becomes of them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::agent_binary::{AgentBinary, PATIENCE};
use crate::fault_proxy::{Fault, renewal};
use crate::stage::{RAISE, Stage, state, until};

/// An agent that tells these hooks.
async fn telling(stage: &Stage, hooks: &Value) -> AgentBinary {
    let file = stage.data.path().join("hooks");
    std::fs::write(&file, json!({"hooks": hooks}).to_string()).unwrap();
    stage.agent_with(&["--mode", "auto", "--hooks-file", file.to_str().unwrap()]).await
}

/// What a server was told so far.
async fn told(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

async fn until_told(server: &MockServer, n_told: usize) -> Vec<Request> {
    let started = Instant::now();
    loop {
        let told = told(server).await;
        if n_told <= told.len() {
            return told;
        }
        assert!(started.elapsed() < PATIENCE, "{} of {n_told}", told.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn answering(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    server
}

fn metric(text: &str, outcome: &str) -> u64 {
    let line = format!("agent_hooks_total{{outcome=\"{outcome}\"}} ");
    text.lines().find_map(|it| it.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
}

#[actix_web::test]
async fn a_story_is_told_from_the_incident_to_its_end_signed_and_to_a_chat_in_words() {
    let stage = Stage::open().await;
    let (fields, chat) = (answering(200).await, answering(200).await);
    let secret = |name: &str, text: &str| {
        let file = stage.data.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let hooks = json!([
        {"url": format!("{}/all", fields.uri()), "hmac_file": secret("key", "k3y-of-the-hook\n"),
         "bearer_file": secret("bearer", "b3arer-of-the-hook\n")},
        {"url": format!("{}/s3cret-path", chat.uri()), "format": "slack", "events": ["stopped"]},
    ]);
    let agent = telling(&stage, &hooks).await;
    stage.run_hungry("web", "128Mi").await;
    let end = agent.end_of(&agent.fix("web", RAISE).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    agent.until("/api/v1/incidents?state=open", |it| (it["count"] == 0).then_some(())).await;
    assert_eq!(agent.set_mode("observe").await.0, 200);

    let all = until_told(&fields, 4).await;
    let mut kinds: Vec<_> = all
        .iter()
        .map(|it| it.body_json::<Value>().unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.first().unwrap(), "incident_opened");
    kinds.sort();
    assert_eq!(kinds, ["execution_finished", "incident_opened", "incident_resolved", "stopped"]);
    for it in &all {
        assert_eq!(it.headers["Authorization"], "Bearer b3arer-of-the-hook");
        assert!(it.headers["X-K8s-Reflexion-Signature"].to_str().unwrap().starts_with("sha256="));
    }
    let chat = until_told(&chat, 1).await;
    assert_eq!(chat.len(), 1);
    let body: Value = chat[0].body_json().unwrap();
    assert_eq!(body["text"], "[default] all writing was stopped by alice: a test", "{body}");
    for secret in ["b3arer", "k3y", "s3cret-path"] {
        assert!(!agent.log().contains(secret), "{}", agent.log());
    }
}

#[actix_web::test]
async fn what_is_not_taken_is_sent_again_and_a_redirect_is_followed_nowhere() {
    let stage = Stage::open().await;
    let flaky = MockServer::start().await;
    let busy = Mock::given(method("POST")).respond_with(ResponseTemplate::new(503));
    busy.up_to_n_times(2).mount(&flaky).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(204)).mount(&flaky).await;
    let elsewhere = answering(200).await;
    let redirecting = MockServer::start().await;
    let away = ResponseTemplate::new(307).insert_header("Location", elsewhere.uri());
    Mock::given(path("/")).respond_with(away).mount(&redirecting).await;
    let hooks = json!([{"url": flaky.uri()}, {"url": redirecting.uri()}]);
    let agent = telling(&stage, &hooks).await;

    assert_eq!(agent.set_mode("suggest").await.0, 200);

    let told = until_told(&flaky, 3).await;
    assert!(told.iter().all(|it| it.body == told[0].body), "the same each time");
    assert_eq!(until_told(&redirecting, 1).await.len(), 1);
    let started = Instant::now();
    loop {
        let (_, text) = agent.get_text("/metrics").await;
        if (metric(&text, "sent"), metric(&text, "failed"), metric(&text, "given_up")) == (1, 2, 1)
        {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(self::told(&elsewhere).await.is_empty());
    let log = agent.log();
    assert!(log.contains("a webhook was not delivered") && log.contains("status 307"), "{log}");
}

#[actix_web::test]
async fn a_hook_that_never_answers_keeps_no_fix_waiting_and_its_queue_forgets_the_oldest() {
    let stage = Stage::open().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let taken: Arc<Mutex<Vec<_>>> = Arc::default();
    let kept = Arc::clone(&taken);
    std::thread::spawn(move || {
        for mut stream in silent.incoming().flatten() {
            let _ = stream.read(&mut [0; 16]);
            let _ = stream.flush();
            kept.lock().unwrap().push(stream);
        }
    });
    let well = answering(200).await;
    let hooks = json!([{"url": format!("http://{address}/")}, {"url": well.uri()}]);
    let agent = telling(&stage, &hooks).await;
    stage.run_hungry("web", "128Mi").await;

    let end = agent.end_of(&agent.fix("web", RAISE).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    for number in 0..150 {
        let mode = ["suggest", "auto"][number % 2];
        let other = ["auto", "suggest"][number % 2];
        assert_eq!((agent.set_mode(mode).await.0, agent.set_mode(other).await.0), (200, 200));
    }

    until("the silent one was called", || !taken.lock().unwrap().is_empty()).await;
    assert!(300 <= until_told(&well, 300).await.len());
    let (_, text) = agent.get_text("/metrics").await;
    assert!(0 < metric(&text, "dropped"), "{text}");
}

#[actix_web::test]
async fn a_proposal_that_waits_for_a_person_is_told_and_one_that_waits_for_seconds_is_not() {
    let stage = Stage::open().await;
    stage.set_policy("change_grace_seconds: 3600");
    let server = MockServer::start().await;
    Mock::given(header("X-K8s-Reflexion-Event", "approval_wanted"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let agent =
        telling(&stage, &json!([{"url": server.uri(), "events": ["approval_wanted"]}])).await;
    stage.run_hungry("web", "128Mi").await;
    let passing = agent.fix("web", RAISE).await;
    assert_eq!(state(&passing), ("proposed", "just_changed"), "{passing:#}");
    assert_eq!(agent.set_mode("suggest").await.0, 200);

    let fix = agent.fix("web", RAISE).await;

    assert_eq!(state(&fix), ("proposed", "needs_approval"), "{fix:#}");
    let told = until_told(&server, 1).await;
    let body: Value = told[0].body_json().unwrap();
    assert_eq!(body["execution"]["id"], fix["id"], "{body:#}");
}

#[actix_web::test]
async fn what_opens_while_nobody_leads_is_told_by_who_leads_next_and_once() {
    let stage = Stage::open().await;
    let server = answering(200).await;
    let file = stage.data.path().join("hooks");
    let hooks = json!({"hooks": [{"url": server.uri(), "events": ["incident_opened"]}]});
    std::fs::write(&file, hooks.to_string()).unwrap();
    let away = Fault::Answer(503, json!({"kind": "Status", "code": 503}));
    stage.proxy.every(renewal, away);
    let agent = stage.replica("first", &["--hooks-file", file.to_str().unwrap()]).await;
    stage.run_hungry("web", "128Mi").await;
    agent.order_for("web", RAISE).await;
    assert!(!agent.leads().await && told(&server).await.is_empty());

    stage.proxy.heal();
    agent.until_leads().await;

    let told = until_told(&server, 1).await;
    let body: Value = told[0].body_json().unwrap();
    assert_eq!(body["incident"]["subject"]["name"], "web", "{body:#}");
    let end = agent.end_of(&agent.fix("web", RAISE).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!(self::told(&server).await.len(), 1);
}
