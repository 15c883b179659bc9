//! A container that its CPU limit makes too late for its probe: the limit is raised, and put back where that is too
//! little.

use sandbox::catalogue::{Behaviour, Image};
use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::{AgentBinary, PATIENCE};
use crate::cluster::container;
use crate::stage::{Stage, state};

const IMAGE: &str = "registry.example/shop/busy:1";

/// A Deployment `web` that wants so much CPU, may have 100m, and is killed when it does not answer for two minutes
/// of the cluster.
async fn run_busy(stage: &Stage, wants: &str) {
    let behaviour = Behaviour { cpu_need: Some(wants.to_owned()), ..Behaviour::server(&[8080]) };
    let image = Image {
        command: vec!["/app".to_owned()],
        programs: vec!["/app".to_owned()],
        behaviour,
        ..Image::default()
    };
    assert!(stage.cluster.sandbox.controllers().add_image(IMAGE, image));
    stage.cluster.sandbox.store().install_metrics_server();
    let mut spec = container(IMAGE);
    spec["containers"][0]["resources"] = json!({"limits": {"cpu": "100m"}});
    spec["containers"][0]["startupProbe"] = json!({"httpGet": {"path": "/", "port": 8080},
        "periodSeconds": 2, "failureThreshold": 60});
    stage.cluster.run(Kind::Deployment, "web", &spec).await;
}

fn cpu_limit(stage: &Stage) -> Value {
    let web = stage.object("deployments", "web").unwrap();
    web["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"].clone()
}

/// Orders one and a half times the limit; the execution as it ended. What a container uses is known only while it runs.
async fn raise(agent: &AgentBinary) -> Value {
    let mut order = agent.order_for("web", "raise_cpu_limit").await;
    order["strategy"]["parameters"] = json!({"halves": 1});
    let started = std::time::Instant::now();
    loop {
        let (status, answer) = agent.post("/api/v1/execute-fix", &order).await;
        if status == 200 {
            let fix = agent.execution(&answer).await;
            return agent.end_of(&fix).await;
        }
        assert!(started.elapsed() < PATIENCE, "{answer:#}");
    }
}

#[actix_web::test]
async fn a_raised_cpu_limit_that_helps_is_verified_and_stays() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    run_busy(&stage, "140m").await;

    let end = raise(&agent).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!(end["fault"], "StartupProbeFailing");
    assert_eq!((cpu_limit(&stage), stage.n_writes()), (json!("150m"), 1));
}

#[actix_web::test]
async fn a_raised_cpu_limit_that_is_still_too_little_is_taken_back() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    run_busy(&stage, "500m").await;

    let end = raise(&agent).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    assert_eq!((cpu_limit(&stage), stage.n_writes()), (json!("100m"), 2));
}
