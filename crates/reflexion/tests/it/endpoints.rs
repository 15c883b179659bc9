//! The HTTP interface: the contract to the field, and the right status for bad input.

use actix_web::test::TestRequest;
use reflexion::http::document;
use reflexion::run::RunState;
use serde_json::{Value, json};
use types::{ExecutionState, IncidentState};

use crate::fakes::{GENTLE, STRONG, incident};
use crate::http::{call, get, oom, process, raw};
use crate::world::World;

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[actix_web::test]
async fn a_pod_that_is_healed_is_answered_in_the_shape_of_the_contract() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));

    let (status, body) = process(&world, oom("web-1")).await;

    assert_eq!(status, 200);
    assert_eq!(
        names(&body),
        [
            "final_strategy",
            "pod_name",
            "reflexion_summary",
            "requires_human_intervention",
            "resolution_time",
            "success",
            "workflow_id"
        ]
    );
    assert_eq!(body["success"], true);
    assert_eq!(body["pod_name"], "web-1");
    assert_eq!(
        body["final_strategy"],
        json!({"type": "raise_memory_limit", "parameters": {"halves": 2}})
    );
    assert_eq!(body["requires_human_intervention"], false);
    let summary = &body["reflexion_summary"];
    assert_eq!(summary["reflections_performed"], 1);
    assert_eq!(summary["strategies_learned"], 1);
    assert_eq!(summary["from_memory"], false);
    assert!(summary["self_awareness_level"].is_f64() && summary["learning_velocity"].is_f64());
}

#[actix_web::test]
async fn the_second_equal_pod_is_healed_from_memory() {
    let world = World::new(&[(STRONG, ExecutionState::Undone, "")]).await;
    for name in ["a", "b"] {
        world.agent.publish(&incident(name));
    }

    let (_, first) = process(&world, oom("a-1")).await;
    let (_, second) = process(&world, oom("b-1")).await;

    assert_eq!(first["reflexion_summary"]["strategies_learned"], 2);
    assert_eq!(second["reflexion_summary"]["strategies_learned"], 1);
    assert_eq!(second["reflexion_summary"]["from_memory"], true);
    assert_eq!(second["final_strategy"]["parameters"]["halves"], 1);
}

#[actix_web::test]
async fn a_pod_that_nothing_heals_is_a_success_of_http_and_for_a_person() {
    let script = [(STRONG, ExecutionState::Undone, ""), (GENTLE, ExecutionState::Undone, "")];
    let world = World::new(&script).await;
    world.agent.publish(&incident("web"));

    let (status, body) = process(&world, oom("web-1")).await;

    assert_eq!((status, &body["success"]), (200, &json!(false)));
    assert_eq!(body["requires_human_intervention"], true);
    assert_eq!(body["error"], "everything that may be tried has failed on this very spec");
    let (_, escalations) = get(&world, "/api/v1/escalations").await;
    assert_eq!(escalations["count"], 1);
    assert_eq!(escalations["escalations"][0]["workflow_id"], body["workflow_id"]);
}

#[actix_web::test]
async fn a_healthy_pod_is_a_success_without_a_strategy() {
    let world = World::new(&[]).await;
    let mut incident = incident("web");
    incident.state = IncidentState::Resolved;
    world.agent.publish(&incident);

    let (status, body) = process(&world, oom("web-1")).await;

    assert_eq!((status, &body["success"]), (200, &json!(true)));
    assert_eq!(body["final_strategy"], json!({}));
    assert!(body.get("error").is_none());
    assert!(world.agent.orders().is_empty());
}

#[actix_web::test]
async fn a_repeat_with_the_same_thread_is_answered_and_not_run_again() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));
    let mut body = oom("web-1");
    body["thread_id"] = json!("ticket-7");

    let (_, first) = process(&world, body.clone()).await;
    let (_, second) = process(&world, body).await;

    assert_eq!(first["workflow_id"], second["workflow_id"]);
    assert_eq!(world.agent.orders().len(), 1);
}

#[actix_web::test]
async fn calls_at_the_same_time_join_one_heal() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));

    let (first, second) =
        futures::join!(process(&world, oom("web-1")), process(&world, oom("web-1")));

    assert_eq!(first.1["workflow_id"], second.1["workflow_id"]);
    assert_eq!(world.episodes().await, 1);
}

#[actix_web::test]
async fn bad_input_gets_its_status_and_says_what_to_do() {
    let world = World::new(&[]).await;
    let cases = [
        (json!({"pod_name": "web-1", "namespace": "shop"}), 400),
        (json!({"pod_name": "--all", "namespace": "shop", "error_type": "x"}), 400),
        (json!({"pod_name": "web-1", "namespace": "a/b", "error_type": "x"}), 400),
        (json!({"pod_name": "web-1", "namespace": "shop", "error_type": ""}), 400),
        (json!([]), 400),
        (oom("nobody"), 404),
    ];
    for (body, expected) in cases {
        let (status, problem) = process(&world, body.clone()).await;
        assert_eq!(status, expected, "{body}");
        assert_eq!(problem["status"], expected);
        assert_eq!(problem["error"], problem["detail"]);
    }

    let malformed = TestRequest::post()
        .uri("/api/v1/reflexion/process")
        .insert_header(("Content-Type", "application/json"))
        .set_payload("{");
    assert_eq!(call(&world, malformed).await.0, 400);
    assert_eq!(get(&world, "/api/v1/nonsense").await.0, 404);
    assert_eq!(get(&world, "/api/v1/reflexion/workflow/x").await.0, 400);
    assert_eq!(get(&world, "/api/v1/memory/episodes?error_type=x").await.0, 400);
    assert_eq!(get(&world, "/api/v1/memory/performance?days=-1").await.0, 400);
}

#[actix_web::test]
async fn an_agent_that_is_away_is_a_503_and_the_process_stays_up() {
    let world = World::new(&[]).await;
    world.agent.set_away(true);

    let (status, problem) = process(&world, oom("web-1")).await;

    assert_eq!(status, 503);
    assert!(problem["next"].as_str().unwrap().contains("AGENT_URL"));
    assert_eq!(get(&world, "/livez").await.0, 200);
    let (status, health) = get(&world, "/health").await;
    assert_eq!((status, &health["status"]), (200, &json!("degraded")));
    assert_eq!(get(&world, "/readyz").await.0, 503);
}

#[actix_web::test]
async fn health_is_in_the_shape_of_the_contract() {
    let world = World::new(&[]).await;
    world.follow().await;
    crate::world::until(async || world.reflexion.probes.is_ready().then_some(())).await;

    let (_, body) = get(&world, "/health").await;

    assert_eq!(body["status"], "ok");
    assert!(body["version"].as_str().unwrap().starts_with('v'));
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(body["checks"]["model"], "none: rules choose and reflect");
}

#[actix_web::test]
async fn a_simulated_reflection_is_in_the_shape_of_the_contract_and_stores_nothing() {
    let world = World::new(&[]).await;
    let uri = "/api/v1/debug/simulate-reflection?error_type=ImagePullBackOff&success=true";

    let (status, body) = call(&world, TestRequest::post().uri(uri)).await;

    assert_eq!(status, 200);
    assert_eq!(body["debug_reflection"], true);
    for number in ["self_awareness_level", "reflection_quality"] {
        assert!(body[number].is_f64(), "{number}");
    }
    assert_eq!(body["insights_generated"], 0);
    assert!(body["timestamp"].is_string());
    assert!(body["reflection"]["lesson"].as_str().unwrap().contains("image not found"));
    assert_eq!(world.episodes().await, 0);
    let unknown = TestRequest::post().uri("/api/v1/debug/simulate-reflection?error_type=x");
    assert_eq!(call(&world, unknown).await.0, 400);
}

#[actix_web::test]
async fn a_run_that_was_begun_in_the_background_can_be_asked_for() {
    let world = World::new(&[]).await;
    let incident = incident("web");
    world.agent.publish(&incident);
    let request = TestRequest::post().uri("/api/v1/reflexion/process-async").set_json(oom("web-1"));

    let (_, begun) = call(&world, request).await;
    world.run(&incident, RunState::Healed).await;

    let id = begun["workflow_id"].as_str().unwrap();
    let (status, workflow) = get(&world, &format!("/api/v1/reflexion/workflow/{id}")).await;
    assert_eq!((status, &workflow["status"]), (200, &json!("completed")));
    assert_eq!(workflow["attempts"][0]["strategy"], STRONG.key());
    assert_eq!(workflow["attempts"][0]["execution"]["state"], "verified");
}

#[actix_web::test]
async fn what_was_learned_is_shown_with_real_numbers() {
    let world = World::new(&[(STRONG, ExecutionState::Undone, "")]).await;
    world.agent.publish(&incident("web"));
    process(&world, oom("web-1")).await;

    let (_, strategies) = get(&world, "/api/v1/reflexion/strategies").await;
    assert_eq!(strategies["total_count"], 2);
    assert_eq!(strategies["strategies"][0]["usage_count"], 1);
    let (_, episodes) = get(&world, "/api/v1/memory/episodes?error_type=OOMKilled&limit=1").await;
    assert_eq!(episodes["count"], 1);
    assert_eq!(episodes["episodes"][0]["outcome"]["success"], true);
    let (_, metrics) = get(&world, "/api/v1/reflexion/metrics").await;
    assert_eq!((&metrics["total_workflows"], &metrics["success_rate"]), (&json!(1), &json!(0.5)));
    let (_, statistics) = get(&world, "/api/v1/memory/statistics").await;
    assert_eq!(statistics["strategy_database"]["success_by_error_type"]["OOMKilled"], 0.5);
    let (_, performance) = get(&world, "/api/v1/memory/performance?days=7").await;
    assert_eq!(performance["performance_insights"]["daily_trends"][0]["count"], 2);
    let (_, progression) = get(&world, "/api/v1/memory/learning-progression").await;
    let stats = &progression["learning_progression"]["error_type_stats"][0];
    assert_eq!((&stats["error_type"], &stats["count"]), (&json!("OOMKilled"), &json!(2)));
    let (_, episodic) = get(&world, "/api/v1/reflexion/memory/episodic").await;
    assert_eq!(episodic["total_episodes"], 2);
}

#[actix_web::test]
async fn the_depth_of_reflection_is_changed_for_good() {
    let world = World::new(&[]).await;
    let uri = "/api/v1/config/reflection-depth?depth=";

    let (status, _) = call(&world, TestRequest::post().uri(&format!("{uri}shallow"))).await;
    let (bad, _) = call(&world, TestRequest::post().uri(&format!("{uri}bottomless"))).await;

    assert_eq!((status, bad), (200, 400));
    assert_eq!(get(&world, "/api/v1/config").await.1["reflection_depth"], "shallow");
    let world = world.restarted().await;
    assert_eq!(get(&world, "/api/v1/config").await.1["reflection_depth"], "shallow");
}

#[actix_web::test]
async fn a_callers_word_on_an_outcome_changes_no_record() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));
    let (_, healed) = process(&world, oom("web-1")).await;
    let before = world.reflexion.memory.ledger();
    let feedback = json!({
        "workflow_id": healed["workflow_id"], "pod_name": "web-1", "error_type": "OOMKilled",
        "strategy_used": {}, "execution_result": {"success": false}, "timestamp": "now",
    });

    let request =
        TestRequest::post().uri("/api/v1/reflexion/execution-feedback").set_json(feedback);
    let (status, body) = call(&world, request).await;

    assert_eq!(status, 200);
    assert_eq!(body["learning_summary"]["learning_outcome"], "success");
    assert_eq!(body["learning_summary"]["agrees"], false);
    assert_eq!(*world.reflexion.memory.ledger(), *before);
}

#[actix_web::test]
async fn heals_and_choices_are_counted() {
    let world = World::new(&[]).await;
    world.agent.publish(&incident("web"));
    process(&world, oom("web-1")).await;

    let (_, text) = raw(&world, TestRequest::get().uri("/metrics")).await;

    let healed = r#"reflexion_heals_total{outcome="healed",from_memory="false"} 1"#;
    for line in [healed, "reflexion_episodes_total 1", "reflexion_choose_seconds_count 1"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn the_openapi_document_is_the_one_that_is_committed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/reflexion.json");
    let document = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &document).unwrap();
    }

    let committed = std::fs::read_to_string(path).unwrap_or_default();

    assert!(document == committed, "run UPDATE_OPENAPI=1 cargo test -p reflexion openapi");
}
