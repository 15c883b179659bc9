//! Services that lead nowhere.

use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{Stage, code, state, until};

const SELECTOR: &str = "fix_selector";
const PORT: &str = "fix_service_port";

/// A cluster whose Deployment `web` has been well for a while, and a Service `front` that asks for these pods.
async fn asking_for(selector: &Value) -> Stage {
    let stage = Stage::open().await;
    stage.cluster.run(Kind::Deployment, "web", &container("nginx:1.27")).await;
    stage.until_steady("web").await;
    stage.serve("front", selector, &json!({"port": 80})).await;
    stage
}

async fn typo() -> Stage {
    asking_for(&json!({"app": "wbe"})).await
}

async fn resolved(agent: &AgentBinary, kind: &str) -> Value {
    let is_it = |it: &&Value| it["subject"]["kind"] == kind && it["state"] == "resolved";
    agent
        .until("/api/v1/incidents", |it| it["incidents"].as_array()?.iter().find(is_it).cloned())
        .await
}

#[actix_web::test]
async fn a_selector_that_is_a_letter_off_is_mended_and_the_service_has_endpoints() {
    let stage = typo().await;
    let agent = stage.agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;
    assert_eq!(stage.n_endpoints("front"), 0);

    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!(
        (&end["subject"]["kind"], &end["incident"]),
        (&json!("Service"), &order["incident"])
    );
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "web"}), 1));
    assert_eq!(stage.n_endpoints("front"), 1);
    let service = stage.object("services", "front").unwrap();
    let mark = &service["metadata"]["annotations"]["k8s-reflexion.io/fix-id"];
    assert_eq!((mark, &service["spec"]["type"]), (&end["id"], &json!("ClusterIP")));
    until("it is told", || stage.told("front").len() == 2).await;
    let resolved = resolved(&agent, "Service").await;
    assert_eq!(
        (&resolved["id"], &resolved["fault"]),
        (&order["incident"], &json!("ServiceWithoutEndpoints"))
    );
    // Nobody waits any more, and a person can still have it back.
    let id = end["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/undo"), &json!({})).await;
    agent.in_state(&end, "undone").await;
    assert_eq!(stage.selector("front"), json!({"app": "wbe"}));
}

#[actix_web::test]
async fn a_pod_that_is_called_like_the_service_is_not_meant() {
    let stage = Stage::open().await;
    stage.cluster.run(Kind::Pod, "web", &container("nginx:1.27")).await;
    until("it is ready", || {
        let pod = stage.object("pods", "web").unwrap();
        pod["status"]["containerStatuses"][0]["ready"] == true
    })
    .await;
    stage.make_steady("web");
    stage.serve("web", &json!({"ap": "web"}), &json!({"port": 80})).await;
    let agent = stage.agent().await;

    let order = agent.order_for_service("web", SELECTOR).await;
    let end = agent.end_of(&agent.carry_out(&order).await).await;

    assert_eq!(
        (state(&end).0, &end["subject"]["kind"]),
        ("verified", &json!("Service")),
        "{end:#}"
    );
    assert_eq!(stage.selector("web"), json!({"app": "web"}));
}

#[actix_web::test]
async fn a_label_that_does_not_help_is_put_back() {
    let stage = typo().await;
    let agent = stage.slow_agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;

    let fix = agent.carry_out(&order).await;
    stage.cluster.delete("/apis/apps/v1/namespaces/shop/deployments/web").await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "wbe"}), 2));
}

#[actix_web::test]
async fn what_somebody_changed_since_is_not_taken_back() {
    let stage = typo().await;
    let agent = stage.slow_agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;

    let fix = agent.carry_out(&order).await;
    stage.cluster.change_service("front", &json!({"spec": {"selector": {"app": "api"}}})).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("undone", "changed_meanwhile"), "{end:#}");
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "api"}), 1));
}

#[actix_web::test]
async fn a_restart_in_the_middle_brings_it_to_its_end_and_writes_once() {
    let stage = typo().await;
    let agent = stage.slow_agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;
    let fix = agent.carry_out(&order).await;
    assert_eq!(state(&fix).0, "verifying", "{fix:#}");

    agent.kill();
    let agent = stage.agent().await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), stage.n_writes()), (("verified", ""), 1), "{end:#}");
}

#[actix_web::test]
async fn a_port_whose_name_is_a_letter_off_is_led_to_the_one_that_pods_declare() {
    let stage = Stage::open().await;
    let mut spec = container("nginx:1.27");
    spec["containers"][0]["ports"] = json!([{"containerPort": 80, "name": "http"}]);
    stage.cluster.run(Kind::Deployment, "web", &spec).await;
    stage.until_steady("web").await;
    let port = json!({"port": 80, "targetPort": "htpp"});
    stage.serve("front", &json!({"app": "web"}), &port).await;
    let agent = stage.agent().await;

    let order = agent.order_for_service("front", PORT).await;
    let end = agent.end_of(&agent.carry_out(&order).await).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    let service = stage.object("services", "front").unwrap();
    assert_eq!(service["spec"]["ports"][0]["targetPort"], "http");
    assert_eq!((stage.n_endpoints("front"), stage.n_writes()), (1, 1));
}

#[actix_web::test]
async fn a_number_with_two_digits_in_each_others_place_is_led_to_the_one_that_is_left() {
    let stage = Stage::open().await;
    let mut spec = container("nginx:1.27");
    let (web, metrics) = (json!({"containerPort": 80}), json!({"containerPort": 9102}));
    spec["containers"][0]["ports"] = json!([web, metrics]);
    stage.cluster.run(Kind::Deployment, "web", &spec).await;
    stage.until_steady("web").await;
    stage.serve("front", &json!({"app": "web"}), &json!({"port": 9100, "targetPort": 9120})).await;
    let agent = stage.agent().await;

    let order = agent.order_for_service("front", PORT).await;
    let end = agent.end_of(&agent.carry_out(&order).await).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    let service = stage.object("services", "front").unwrap();
    assert_eq!((&service["spec"]["ports"][0]["targetPort"], stage.n_writes()), (&json!(9102), 1));
}

#[actix_web::test]
async fn where_two_workloads_are_as_near_nothing_is_offered() {
    let stage = Stage::open().await;
    for name in ["web", "wbf"] {
        stage.cluster.run(Kind::Deployment, name, &container("nginx:1.27")).await;
        stage.until_steady(name).await;
    }
    stage.serve("front", &json!({"app": "wbe"}), &json!({"port": 80})).await;
    let agent = stage.agent().await;

    let incident = agent.service_incident("front", |_| true).await;
    let order = json!({"pod_name": "front", "namespace": "shop", "incident": incident["id"],
        "strategy": {"type": "something_safe"}});
    let (_, answer) = agent.post("/api/v1/execute-fix", &order).await;

    assert_eq!(incident["offers"], json!([]), "{incident:#}");
    assert_eq!(answer["success"], false, "{answer}");
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "wbe"}), 0));
}

#[actix_web::test]
async fn a_service_of_a_gitops_tool_gets_a_patch_and_no_write() {
    let stage = typo().await;
    let mark =
        json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:front"}}});
    stage.cluster.change_service("front", &mark).await;
    let agent = stage.agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;

    let end = agent.carry_out(&order).await;

    assert_eq!(state(&end), ("refused", "owned_elsewhere"), "{end:#}");
    let id = order["incident"].as_str().unwrap();
    let (_, incident) = agent.get(&format!("/api/v1/incidents/{id}")).await;
    let offer = &incident["offers"][0];
    assert_eq!(offer["owner"], "argocd");
    let patch = offer["patch"].as_str().unwrap();
    assert!(
        patch.contains(r#"{"op":"replace","path":"/spec/selector/app","value":"web"}"#),
        "{patch}"
    );
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "wbe"}), 0));
}

#[actix_web::test]
async fn a_service_that_asks_to_be_left_alone_is_left_alone() {
    let stage = typo().await;
    let mark = json!({"metadata": {"annotations": {"k8s-reflexion.io/opt-out": "true"}}});
    stage.cluster.change_service("front", &mark).await;
    let agent = stage.agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;

    assert_eq!(state(&agent.carry_out(&order).await), ("refused", "opted_out"));
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "wbe"}), 0));
    let none = json!({"metadata": {"annotations": {"k8s-reflexion.io/opt-out": null}}});
    stage.cluster.change_service("front", &none).await;
    assert_eq!(state(&agent.carry_out(&order).await).0, "verifying");
}

#[actix_web::test]
async fn a_dry_run_of_a_service_writes_nothing() {
    let stage = typo().await;
    let agent = stage.agent().await;
    let mut order = agent.order_for_service("front", SELECTOR).await;
    order["dry_run"] = json!(true);

    let (_, answer) = agent.post("/api/v1/execute-fix", &order).await;

    assert_eq!(
        (&answer["success"], &answer["result"]["state"]),
        (&json!(true), &json!("proposed"))
    );
    assert!(answer["result"]["diff"].as_str().unwrap().contains(r#""wbe" -> "web""#), "{answer}");
    assert_eq!((stage.selector("front"), stage.n_writes()), (json!({"app": "wbe"}), 0));
}

#[actix_web::test]
async fn a_yes_to_what_the_service_was_is_none() {
    let stage = asking_for(&json!({"app": "web"})).await;
    // Called like what it should ask for: a person is asked.
    stage.serve("web", &json!({"app": "backend"}), &json!({"port": 80})).await;
    let agent = stage.agent().await;
    let order = agent.order_for_service("web", SELECTOR).await;
    let proposed = agent.carry_out(&order).await;
    assert_eq!(state(&proposed).0, "proposed", "{proposed:#}");

    stage.cluster.change_service("web", &json!({"spec": {"selector": {"app": "api"}}})).await;
    let id = proposed["id"].as_str().unwrap();
    let (status, problem) =
        agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await;

    assert_eq!(status, 409, "{problem}");
    assert_eq!(code(&problem), "changed", "{problem}");
    assert_eq!((stage.selector("web"), stage.n_writes()), (json!({"app": "api"}), 0));
}

#[actix_web::test]
async fn what_is_scaled_to_nothing_or_fails_by_itself_is_no_incident_of_the_service() {
    let stage = asking_for(&json!({"app": "web"})).await;
    stage.cluster.change("deployments/web", &json!({"spec": {"replicas": 0}})).await;
    stage.cluster.run(Kind::Deployment, "api", &container("registry.example/shop/web:9.9")).await;
    stage.serve("api", &json!({"app": "api"}), &json!({"port": 80})).await;
    // It comes last: all that is told before it was told in time.
    stage.serve("late", &json!({"app": "none"}), &json!({"port": 80})).await;
    let agent = stage.agent().await;

    agent.service_incident("late", |_| true).await;

    let (_, all) = agent.get("/api/v1/incidents").await;
    let of = |it: &Value| (it["subject"]["kind"].clone(), it["subject"]["name"].clone());
    let mut told: Vec<_> = all["incidents"].as_array().unwrap().iter().map(of).collect();
    told.sort_by_key(|it| it.1.to_string());
    assert!(told.iter().all(|it| it.0 != "Service" || it.1 == "late"), "{told:?}");
    assert!(told.contains(&(json!("Deployment"), json!("api"))), "{told:?}");
}

#[actix_web::test]
async fn two_values_that_changed_places_are_put_back_after_a_yes() {
    let stage = Stage::open().await;
    let labels = json!({"app": "web", "component": "api"});
    let template = json!({"metadata": {"labels": labels}, "spec": container("nginx:1.27")});
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": labels}, "template": template}});
    stage.cluster.create("/apis/apps/v1/namespaces/shop/deployments", &web).await;
    stage.until_steady("web").await;
    let wrong = json!({"app": "api", "component": "web"});
    stage.serve("front", &wrong, &json!({"port": 80})).await;
    let agent = stage.agent().await;
    let order = agent.order_for_service("front", SELECTOR).await;
    let proposed = agent.carry_out(&order).await;
    assert_eq!(state(&proposed), ("proposed", "needs_approval"), "{proposed:#}");
    assert_eq!((stage.selector("front"), stage.n_writes()), (wrong, 0));

    let id = proposed["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await;
    let end = agent.end_of(&proposed).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!((stage.selector("front"), stage.n_writes()), (labels, 1));
}
