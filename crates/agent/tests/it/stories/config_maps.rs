//! What a ConfigMap says, where a program ends over it: the line that is meant is shown, and nothing else of it leaves.

use sandbox::catalogue::{Behaviour, Image};
use serde_json::json;
use types::Kind;

use crate::cluster::container;
use crate::stage::{Stage, state};

const SECRET: &str = "Tr0ub4dor-3xqz9";
const SHOWN: &str = "correct_typo";
const IMAGE: &str = "registry.example/shop/worker:1";

/// A worker that does not find the broker that its ConfigMap names, nearly as the Service is called.
async fn play() -> Stage {
    let stage = Stage::open().await;
    let port = json!({"port": 5672, "targetPort": 5672});
    stage.cluster.serve("jobs-broker", &json!({"app": "jobs"}), &port).await;
    let data = json!({"BROKER_HOST": "job-broker", "DB_PASSWORD": SECRET,
        "DATABASE_URL": format!("postgres://shop:{SECRET}@db:5432/shop"),
        "NOTES": format!("password={SECRET}")});
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"}, "data": data});
    stage.cluster.create("/api/v1/namespaces/shop/configmaps", &settings).await;
    let behaviour = Behaviour {
        exit_code: Some(1),
        error: Some("Error: getaddrinfo ENOTFOUND job-broker".to_owned()),
        ..Behaviour::default()
    };
    let app = vec!["/app".to_owned()];
    let image = Image { command: app.clone(), programs: app, behaviour, ..Image::default() };
    assert!(stage.cluster.sandbox.controllers().add_image(IMAGE, image));
    let mut spec = container(IMAGE);
    spec["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    stage.cluster.run(Kind::Deployment, "worker", &spec).await;
    stage
}

#[actix_web::test]
async fn a_host_in_a_config_map_is_shown_with_its_patch_and_the_passwords_beside_it_never_leave() {
    let stage = play().await;
    let agent = stage.agent().await;

    let order = agent.order_for("worker", SHOWN).await;
    let (_, open) = agent.get("/api/v1/incidents?state=open").await;
    let incidents = open["incidents"].as_array().unwrap();
    let incident = incidents.iter().find(|it| it["subject"]["name"] == "worker").unwrap();
    let end = agent.carry_out(&order).await;

    let offers = incident["offers"].as_array().unwrap();
    let offer = offers.iter().find(|it| it["strategy"]["type"] == SHOWN).unwrap();
    assert_eq!(offer["risk"], "advice", "{offer:#}");
    let patch = offer["patch"].as_str().unwrap();
    let edit = r#"{"op":"replace","path":"/data/BROKER_HOST","value":"jobs-broker"}"#;
    assert!(patch.contains(edit) && patch.contains("ConfigMap"), "{patch}");
    let cause = incident["diagnoses"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("it is key BROKER_HOST of ConfigMap settings"), "{cause}");
    assert_eq!((state(&end), stage.n_writes()), (("refused", "advice_only"), 0), "{end:#}");
    let id = incident["id"].as_str().unwrap();
    let execution = end["id"].as_str().unwrap();
    for path in [
        "/api/v1/incidents".to_owned(),
        format!("/api/v1/incidents/{id}"),
        format!("/api/v1/executions/{execution}/explain"),
        "/api/v1/executions".to_owned(),
        "/api/v1/recent-events".to_owned(),
    ] {
        let (status, told) = agent.get_text(&path).await;
        assert_eq!(status, 200, "{path}: {told}");
        assert!(!told.contains(SECRET), "{path}: {told}");
    }
    let (status, scan) = agent.post("/api/v1/scan", &json!({"namespace": "shop"})).await;
    let told = scan.to_string();
    assert!(status == 200 && told.contains("key BROKER_HOST of ConfigMap settings"), "{scan:#}");
    assert!(!told.contains(SECRET), "{scan:#}");
    assert!(!agent.log().contains(SECRET), "{}", agent.log());
}
