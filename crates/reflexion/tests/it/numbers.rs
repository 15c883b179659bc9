//! Numbers and words that are true: what counts as a heal, what was read, what is set.

use actix_web::test::TestRequest;
use reflexion::config::Depth;
use serde_json::json;
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
