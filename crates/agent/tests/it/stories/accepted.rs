//! Trouble that somebody accepted: told last, and mended by nobody unasked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent_binary::{AgentBinary, PATIENCE};
use crate::stage::{RAISE, Stage, state};

/// The finding about the Deployment, once a scan tells of it.
async fn finding(agent: &AgentBinary) -> Value {
    let started = Instant::now();
    loop {
        let (_, scan) = agent.post("/api/v1/scan", &json!({"namespace": "shop"})).await;
        let findings = scan["findings"].as_array().cloned().unwrap_or_default();
        if let Some(found) = findings.into_iter().find(|it| it["subject"]["kind"] == "Deployment") {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "no finding about it: {scan:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn accepted_trouble_is_not_mended_unasked_until_it_is_told_again() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    agent.ready().await;
    stage.run_hungry("web", "128Mi").await;
    let found = finding(&agent).await;
    assert_eq!((&found["fault"], &found["suppressed"]), (&json!("OomKilled"), &Value::Null));
    let order = json!({"fingerprint": found["fingerprint"], "reason": "goes next week", "days": 7});

    let (status, accepted) = agent.post("/api/v1/suppressions", &order).await;

    assert_eq!((status, &accepted["by"]), (200, &json!("alice")), "{accepted:#}");
    assert_eq!(finding(&agent).await["suppressed"], accepted);
    let fix = agent.fix("web", RAISE).await;
    assert_eq!((state(&fix), stage.n_writes()), (("proposed", "accepted"), 0), "{fix:#}");

    let path = format!("/api/v1/suppressions/{}", found["fingerprint"].as_str().unwrap());
    assert_eq!((agent.delete(&path).await, agent.delete(&path).await), (204, 404));
    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;
    assert_eq!((state(&end), stage.n_writes()), (("verified", ""), 1), "{end:#}");
}

#[actix_web::test]
async fn what_is_accepted_outlives_the_process() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    let order = json!({"fingerprint": "0123456789abcdef", "reason": "known"});
    let (_, accepted) = agent.post("/api/v1/suppressions", &order).await;
    agent.kill();

    let agent = stage.agent().await;

    let (status, list) = agent.get("/api/v1/suppressions").await;
    assert_eq!((status, list), (200, json!({"suppressions": [accepted]})));
}

#[actix_web::test]
async fn an_acceptance_wants_a_fingerprint_a_reason_and_an_end() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    for (order, word) in [
        (json!({"fingerprint": "0123456789ABCDEF", "reason": "known"}), "fingerprint"),
        (json!({"fingerprint": "short", "reason": "known"}), "fingerprint"),
        (json!({"fingerprint": "0123456789abcdef", "reason": " "}), "reason"),
        (json!({"fingerprint": "0123456789abcdef", "reason": "known", "days": 0}), "days"),
        (json!({"fingerprint": "0123456789abcdef", "reason": "known", "days": 367}), "days"),
        (json!({"fingerprint": "0123456789abcdef", "reason": "known", "for": 1}), "for"),
        (json!({"fingerprint": "0123456789abcdef"}), "reason"),
    ] {
        let (status, problem) = agent.post("/api/v1/suppressions", &order).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 400 && detail.contains(word), "{order}: {problem:#}");
    }
    assert_eq!(agent.get("/api/v1/suppressions").await.1, json!({"suppressions": []}));
}
