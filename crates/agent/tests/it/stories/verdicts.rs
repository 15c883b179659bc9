//! What helped stays, and what did not is taken back.

use sandbox::catalogue::{Behaviour, Image};
use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::fault_proxy::{Fault, write};
use crate::stage::{RAISE, Stage, state, until};

#[actix_web::test]
async fn a_raised_limit_that_helps_is_verified_and_stays() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
}

#[actix_web::test]
async fn a_raised_limit_that_does_not_help_is_taken_back() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;

    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("64Mi", 2));
}

#[actix_web::test]
async fn a_fix_after_which_a_neighbour_suffers_is_taken_back() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    stage.cluster.run(Kind::Deployment, "steady", &container("nginx:1.27")).await;
    until("the neighbour is ready", || {
        stage.object("deployments", "steady").unwrap()["status"]["readyReplicas"] == 1
    })
    .await;
    let neighbour = stage.make_steady("steady");
    stage.run_hungry("web", "128Mi").await;

    let order = agent.order_for("web", RAISE).await;
    let fix = agent.carry_out(&order).await;
    until("web runs again", || {
        stage.object("deployments", "web").unwrap()["status"]["readyReplicas"] == 1
    })
    .await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "full", "namespace": "shop"}, "spec": {"hard": {"pods": "1"}}});
    stage.cluster.create("/api/v1/namespaces/shop/resourcequotas", &quota).await;
    stage.cluster.delete(&format!("/api/v1/namespaces/shop/pods/{neighbour}")).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("worse")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 2));
}

#[actix_web::test]
async fn health_that_does_not_last_is_no_success() {
    let stage = Stage::open().await;
    let image = "registry.example/shop/flapping:1";
    let behaviour = Behaviour {
        memory_need: Some("180Mi".to_owned()),
        // In the cluster's time, in which the settle time below is 75 seconds.
        memory_after: 25.0,
        ..Behaviour::server(&[8080])
    };
    let flapping = Image {
        command: vec!["/app".to_owned()],
        programs: vec!["/app".to_owned()],
        behaviour,
        ..Image::default()
    };
    assert!(stage.cluster.sandbox.controllers().add_image(image, flapping));
    let patience = ["--mode", "auto", "--settle-seconds", "1.5", "--verify-seconds", "6"];
    let agent = stage.agent_with(&patience).await;
    let mut spec = container(image);
    spec["containers"][0]["resources"] = json!({"limits": {"memory": "64Mi"}});
    stage.cluster.run(Kind::Deployment, "web", &spec).await;

    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    let was_ready = end["checks"].as_array().unwrap().iter().any(|it| it["ready"] == 1);
    assert!(was_ready, "{end:#}");
    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    assert_eq!(stage.limit("web"), "64Mi");
}

#[actix_web::test]
async fn a_bare_pod_is_resized_where_it_runs() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::Pod, "alone", "128Mi").await;
    let uid = stage.object("pods", "alone").unwrap()["metadata"]["uid"].clone();
    let order = agent.order_for("alone", RAISE).await;

    stage.proxy.next(write, Fault::LoseAnswer);
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    let pod = stage.object("pods", "alone").unwrap();
    let limit = &pod["spec"]["containers"][0]["resources"]["limits"]["memory"];
    assert_eq!((limit, &pod["metadata"]["uid"]), (&json!("192Mi"), &uid));
    assert_eq!(stage.n_writes(), 1);
}

const GOOD: &str = "registry.example/shop/web:2.0";
const BAD: &str = "registry.example/shop/web:9.9";

/// A Deployment whose image runs, and then one that nobody has.
async fn roll_out_badly(stage: &Stage, agent: &AgentBinary) {
    stage.cluster.run(Kind::Deployment, "web", &container(GOOD)).await;
    until("it is ready", || {
        stage.object("deployments", "web").unwrap()["status"]["readyReplicas"] == 1
    })
    .await;
    // The agent has to have seen it ready to know where back is.
    let ready = |it: &Value| (it["containers_ready"] == true).then_some(());
    let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    agent.until(&format!("/api/v1/pod-status/{name}?namespace=shop"), ready).await;
    stage.cluster.set_image("web", BAD).await;
}

#[actix_web::test]
async fn a_bad_rollout_is_rolled_back_and_a_person_can_roll_it_forward_again() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    let image = |stage: &Stage| {
        let web = stage.object("deployments", "web").unwrap();
        web["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    roll_out_badly(&stage, &agent).await;

    let fix = agent.fix("web", "roll_back").await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((image(&stage), stage.n_writes()), (json!(GOOD), 1));
    let id = end["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/undo"), &json!({})).await;
    agent.in_state(&end, "undone").await;
    assert_eq!(image(&stage), json!(BAD));
}

#[actix_web::test]
async fn where_somebody_puts_back_what_was_rolled_back_a_person_is_asked() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    roll_out_badly(&stage, &agent).await;
    let fix = agent.fix("web", "roll_back").await;
    assert_eq!(state(&agent.end_of(&fix).await), ("verified", ""));

    stage.cluster.set_image("web", BAD).await;

    let offered = agent.until("/api/v1/incidents?state=open", |it| {
        let mut offers = it["incidents"][0]["offers"].as_array()?.iter();
        offers.find(|it| it["strategy"]["type"] == "roll_back" && it["risk"] == "ask").cloned()
    });
    let offered = offered.await;
    let because = offered["because"].as_str().unwrap();
    assert!(because.contains("/image was turned back before"), "{because}");
}

#[actix_web::test]
async fn what_was_too_little_is_followed_by_more_and_never_by_less() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    // It needs 180 MiB.
    stage.run_hungry("web", "48Mi").await;
    let mut order = agent.order_for("web", RAISE).await;
    let (_, incidents) = agent.get("/api/v1/incidents?state=open").await;
    order["incident"] = incidents["incidents"][0]["id"].clone();

    order["strategy"]["parameters"]["halves"] = json!(2);
    let fix = agent.carry_out(&order).await;
    let double = agent.end_of(&fix).await;
    assert_eq!((state(&double), &double["again"]), (("undone", ""), &json!(true)), "{double:#}");
    let offered = agent.until("/api/v1/incidents?state=open", |it| {
        let offers = it["incidents"][0]["offers"].as_array()?;
        let halves = |it: &Value| it["strategy"]["parameters"]["halves"].as_u64();
        let halves: Vec<u64> = offers.iter().filter_map(halves).collect();
        halves.contains(&6).then_some(halves)
    });
    assert_eq!(offered.await, [6]);
    order["strategy"]["parameters"]["halves"] = json!(6);
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), stage.limit("web").as_str()), (("verified", ""), "192Mi"), "{end:#}");
}

#[actix_web::test]
async fn an_incident_that_was_healed_still_says_what_it_was_about() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;
    let (_, open) = agent.get("/api/v1/incidents?state=open").await;

    let fix = agent.carry_out(&order).await;
    agent.end_of(&fix).await;
    let resolved = agent
        .until("/api/v1/incidents", |it| {
            (it["incidents"][0]["state"] == "resolved").then(|| it["incidents"][0].clone())
        })
        .await;

    let open = &open["incidents"][0];
    for part in ["id", "fault", "error_type", "offers"] {
        assert_eq!(resolved[part], open[part], "{part}");
    }
    let cause = |it: &Value| it["diagnoses"][0]["cause"].as_str().unwrap().to_owned();
    assert_eq!(cause(&resolved), cause(open));
    assert!(cause(&resolved).contains("128Mi"), "{resolved:#}");
}

#[actix_web::test]
async fn a_fault_behind_the_first_keeps_the_fix_and_is_answered_by_its_own() {
    let stage = Stage::open().await;
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "migrate-env", "namespace": "shop"}});
    stage.cluster.create("/api/v1/namespaces/shop/configmaps", &settings).await;
    let good = "registry.example/shop/web:2.0";
    stage.cluster.run(Kind::Deployment, "other", &container(good)).await;
    stage.until_steady("other").await;
    let agent = stage.agent().await;
    let mut spec = container("registry.example/shop/web:2.00");
    let from = json!([{"configMapRef": {"name": "migrate-evn"}}]);
    spec["initContainers"] = json!([{"name": "migrate", "image": "busybox:1.36",
        "command": ["sh", "-c", "sleep 1"], "envFrom": from}]);
    stage.cluster.run(Kind::Deployment, "web", &spec).await;

    let fix = agent.fix("web", "fix_reference").await;
    let end = agent.end_of(&fix).await;

    let expected = (("verified", "fault_behind"), &json!("progress"));
    assert_eq!((state(&end), &end["verdict"]), expected, "{end:#}");
    let open = agent.get("/api/v1/incidents?state=open").await.1;
    let open = open["incidents"].as_array().unwrap();
    let incident = open.iter().find(|it| it["subject"]["name"] == "web").unwrap();
    assert_eq!(incident["fault"], "ImageNotFound", "{incident:#}");
    let strategy = json!({"type": "replace_image_tag", "parameters": {"new_tag": "2.0"}});
    let order = json!({"pod_name": incident["pod"], "namespace": "shop", "strategy": strategy});
    let end = agent.end_of(&agent.carry_out(&order).await).await;
    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
}

#[actix_web::test]
async fn a_rollback_passes_over_a_revision_that_never_took_over() {
    let stage = Stage::open().await;
    let image = |stage: &Stage| {
        let web = stage.object("deployments", "web").unwrap();
        web["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    let n_sets =
        |n: usize| stage.cluster.sandbox.store().list("replicasets", Some("shop")).0.len() == n;
    stage.cluster.run(Kind::Deployment, "web", &container("registry.example/shop/web:2.0")).await;
    stage.until_steady("web").await;
    stage.cluster.set_image("web", "registry.example/shop/web:9.8").await;
    until("the first bad one is there", || n_sets(2)).await;
    stage.cluster.set_image("web", "registry.example/shop/web:9.9").await;
    until("the second bad one is there", || n_sets(3)).await;
    let agent = stage.agent().await;

    let fix = agent.fix("web", "roll_back").await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!(image(&stage), json!("registry.example/shop/web:2.0"));
}
