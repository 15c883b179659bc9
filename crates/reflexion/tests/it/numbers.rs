//! Numbers and words that are true: what counts as a heal, what was read, what is set.

use actix_web::test::TestRequest;
use reflexion::config::Depth;
use serde_json::{Value, json};
use types::{ExecutionState, IncidentState, Problem};

use crate::fakes::{STRONG, incident};
use crate::http::{call, get, oom, process, raw};
use crate::world::World;

#[actix_web::test]
async fn a_healthy_pod_that_somebody_asked_about_is_no_heal() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));
    process(&world, oom("web-1")).await;
    let mut healthy = incident("well");
    healthy.state = IncidentState::Resolved;
    world.agent.publish(&healthy);

    let mut asked = vec![];
    for _ in 0..3 {
        asked.push(process(&world, oom("well-1")).await.1);
    }

    assert!(asked.iter().all(|it| it["success"] == true));
    let (_, statistics) = get(&world, "/api/v1/memory/statistics").await;
    assert_eq!(statistics["workflows"], json!({"healed": 1, "healthy": 3}));
    let (_, metrics) = get(&world, "/api/v1/reflexion/metrics").await;
    assert_eq!((&metrics["total_workflows"], &metrics["success_rate"]), (&json!(1), &json!(1.0)));
    let (_, text) = raw(&world, TestRequest::get().uri("/metrics")).await;
    let heals: Vec<_> = text.lines().filter(|it| it.starts_with("reflexion_heals_total")).collect();
    assert_eq!(heals, [r#"reflexion_heals_total{outcome="healed",from_memory="false"} 1"#]);
    let id = asked[0]["workflow_id"].as_str().unwrap();
    let (status, workflow) = get(&world, &format!("/api/v1/reflexion/workflow/{id}")).await;
    assert_eq!((status, &workflow["current_step"]), (200, &json!("healthy")));
}

/// A pod without a diagnosis, of which the agent says this; asked about twice by one name.
async fn asked_twice(world: &World, said: &Value) -> (Value, Value) {
    let mut quiet = incident("quiet");
    quiet.state = IncidentState::Resolved;
    world.agent.publish(&quiet);
    world.agent.set_said(said);
    let mut body = oom("quiet-1");
    body["thread_id"] = json!("ticket-7");
    (process(world, body.clone()).await.1, process(world, body).await.1)
}

#[actix_web::test]
async fn a_pod_that_is_on_its_way_is_not_kept_as_healthy_and_may_be_asked_about_again() {
    let world = World::new(&[]).await;

    let said = json!({"healthy": false, "on_its_way": true});
    let (first, second) = asked_twice(&world, &said).await;
    world.agent.set_said(&json!({"healthy": true, "on_its_way": false}));
    let mut body = oom("quiet-1");
    body["thread_id"] = json!("ticket-7");
    let (_, third) = process(&world, body).await;

    assert_eq!(first["success"], false, "{first}");
    assert_eq!(first["requires_human_intervention"], false, "{first}");
    let error = first["error"].as_str().unwrap();
    assert!(error.starts_with("it is on its way"), "{error}");
    assert_ne!(first["workflow_id"], second["workflow_id"]);
    assert_eq!(third["success"], true, "{third}");
    let (_, statistics) = get(&world, "/api/v1/memory/statistics").await;
    assert_eq!(statistics["workflows"], json!({"healthy": 1, "on_its_way": 2}));
    let (_, metrics) = get(&world, "/api/v1/reflexion/metrics").await;
    assert_eq!(metrics["total_workflows"], 0);
}

#[actix_web::test]
async fn a_pod_that_suffers_from_what_has_no_fix_is_handed_to_a_person_and_is_no_heal() {
    let world = World::new(&[]).await;
    let finding = |severity: &str| {
        json!({"fingerprint": "0123456789abcdef", "severity": severity, "fault": "PolicyBlocksTraffic",
            "subject": {"kind": "NetworkPolicy", "namespace": "shop", "name": "deny"},
            "cause": "Nothing may leave.", "clues": [], "confidence": 0.9, "source": "rules"})
    };

    let said = json!({"healthy": false, "findings": [finding("notice"), finding("warning")]});
    let (first, second) = asked_twice(&world, &said).await;
    world.agent.set_said(&json!({"findings": [finding("notice")]}));
    // Somebody mended it by hand, and asks again by the same name.
    let mut body = oom("quiet-1");
    body["thread_id"] = json!("ticket-7");
    let (_, noticed) = process(&world, body).await;

    assert_eq!(first["success"], false, "{first}");
    assert_eq!(first["requires_human_intervention"], true, "{first}");
    assert_eq!(first["error"], "NetworkPolicy shop/deny: Nothing may leave.");
    assert_ne!(first["workflow_id"], second["workflow_id"]);
    assert_eq!(noticed["success"], true, "{noticed}");
    let (_, statistics) = get(&world, "/api/v1/memory/statistics").await;
    assert_eq!(statistics["workflows"], json!({"healthy": 1, "untreatable": 2}));
    let (_, metrics) = get(&world, "/api/v1/reflexion/metrics").await;
    assert_eq!(metrics["total_workflows"], 0);
}

#[actix_web::test]
async fn statistics_have_every_member_that_dashboards_know_with_what_was_experienced() {
    let world = World::new(&[(STRONG, ExecutionState::Undone, "")]).await;
    world.agent.publish(&incident("web"));
    let (_, before) = get(&world, "/api/v1/memory/statistics").await;
    process(&world, oom("web-1")).await;

    let (_, after) = get(&world, "/api/v1/memory/statistics").await;

    let none = &before["episodic_memory"];
    assert_eq!(
        (&none["associations_formed"], &none["patterns_discovered"]),
        (&json!(0), &json!(0))
    );
    let some = &after["episodic_memory"];
    assert_eq!(
        (&some["associations_formed"], &some["patterns_discovered"]),
        (&json!(2), &json!(1))
    );
    // The failure put its cause in doubt: one insight in two episodes.
    assert_eq!(some["avg_insights_generated"], json!(0.5));
    assert!(some["avg_confidence_gain"].as_f64().unwrap().abs() < 1.0);
    let path = after["strategy_database"]["database_path"].as_str().unwrap();
    assert_eq!(path, world.folder.path().join("knowledge.db").display().to_string());
}

#[actix_web::test]
async fn the_configuration_has_every_member_that_dashboards_know() {
    let world = World::new(&[]).await;

    let (_, config) = get(&world, "/api/v1/config").await;

    assert_eq!(config["max_reflection_depth"], json!(3));
    assert_eq!(config["strategy_confidence_threshold"], json!(0.5));
    assert_eq!(config["openai_model"], json!("none"));
    let advised = World::advised(&[], &[]).await;
    assert_eq!(get(&advised, "/api/v1/config").await.1["openai_model"], json!("scripted"));
}

#[actix_web::test]
async fn real_data_is_said_to_be_used_when_it_was() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));
    let ask = async || {
        let mut body = oom("web-1");
        body["thread_id"] = json!("ticket-8");
        body["real_k8s_data"] = json!({"pod_spec": {}, "events": [], "logs": ["made up"]});
        let uri = "/api/v1/reflexion/process-with-k8s-data";
        let (status, answer) = call(&world, TestRequest::post().uri(uri).set_json(body)).await;
        (status, answer["reflexion_summary"]["used_real_k8s_data"].clone())
    };

    assert_eq!(ask().await, (200, json!(true)));
    assert_eq!(ask().await, (200, json!(false)), "a repeat is answered and nothing is read");
}

#[actix_web::test]
async fn a_depth_that_is_set_wins_over_one_that_was_chosen_and_the_answer_says_so() {
    let world = World::new(&[]).await;
    let deep = || TestRequest::post().uri("/api/v1/config/reflection-depth?depth=deep");
    let (_, answer) = call(&world, deep()).await;
    assert_eq!(answer["message"], "reflection depth is now deep");
    world.reflexion.memory.store.close().await;

    let world = World::set_to(Some(Depth::Shallow), world.agent, None, world.folder).await;

    assert_eq!(get(&world, "/api/v1/config").await.1["reflection_depth"], "shallow");
    let (_, answer) = call(&world, deep()).await;
    let words = answer["message"].as_str().unwrap();
    assert!(words.contains("until the next start") && words.contains("shallow"), "{words}");
}

#[actix_web::test]
async fn an_api_server_that_is_away_is_not_blamed_on_the_agent() {
    let world = World::new(&[]).await;
    let says =
        Problem::new(503, "cluster-unreachable", "the API server does not answer", "try again");
    world.agent.set_not_now(says);

    let (status, problem) = process(&world, oom("web-1")).await;

    assert_eq!((status, &problem["title"]), (503, &json!("cluster unreachable")));
    assert_eq!(problem["next"], "try again");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("the API server does not answer"), "{detail}");
}

#[actix_web::test]
async fn an_unknown_error_type_is_answered_with_each_known_one_once() {
    let world = World::new(&[]).await;

    let (status, problem) = get(&world, "/api/v1/memory/strategies?error_type=Foo").await;

    assert_eq!(status, 400);
    let next = problem["next"].as_str().unwrap();
    for word in ["ImagePullBackOff", "Unhealthy", "OOMKilled"] {
        assert_eq!(next.matches(word).count(), 1, "{next}");
    }
}

#[actix_web::test]
async fn an_id_that_is_none_is_refused_in_our_own_words() {
    let world = World::new(&[]).await;
    let feedback = json!({
        "workflow_id": "xyz", "pod_name": "web-1", "error_type": "OOMKilled",
        "strategy_used": {}, "execution_result": {}, "timestamp": "now",
    });
    let requests = [
        TestRequest::get().uri("/api/v1/reflexion/workflow/xyz"),
        TestRequest::post().uri("/api/v1/reflexion/execution-feedback").set_json(feedback),
        TestRequest::delete().uri("/api/v1/memory/episodes/xyz"),
    ];
    for request in requests {
        let (status, problem) = call(&world, request).await;
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!((status, &problem["title"]), (400, &json!("bad id")), "{problem}");
        assert!(detail.starts_with("`xyz` is no id of "), "{detail}");
        assert!(problem["next"].as_str().unwrap().contains("0190a000"), "{problem}");
    }
}

#[actix_web::test]
async fn an_error_type_without_bounds_is_refused_and_unknown_members_are_ignored() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));
    let mut body = oom("web-1");
    body["colour"] = json!("green");
    assert_eq!(process(&world, body.clone()).await.0, 200);

    body["error_type"] = json!("x".repeat(201));

    assert_eq!(process(&world, body).await.0, 400);
}
