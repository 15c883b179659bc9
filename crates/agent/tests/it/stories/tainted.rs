//! A node that is kept from a workload by a taint: it is shown how that goes, and no order does it.

use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{Stage, state};

const SHOWN: &str = "remove_taint";

/// The offer that shows how the taint is taken off, as soon as it is there.
async fn offer(agent: &AgentBinary) -> Value {
    let shown = agent.until("/api/v1/incidents?state=open", |body| {
        let offers = body["incidents"].as_array()?.iter().filter_map(|it| it["offers"].as_array());
        offers.flatten().find(|it| it["strategy"]["type"] == SHOWN).cloned()
    });
    shown.await
}

#[actix_web::test]
async fn a_stray_taint_is_shown_and_taken_off_by_no_order() {
    let stage = Stage::open().await;
    let store = stage.cluster.sandbox.store();
    let taint = json!({"key": "maintenance", "value": "yes", "effect": "NoSchedule"});
    let names = store.list("nodes", None).0;
    for node in &names {
        let name = node["metadata"]["name"].as_str().unwrap();
        let patch = json!({"spec": {"taints": [taint]}});
        stage.cluster.change_node(name, &patch).await;
    }
    let agent = stage.agent().await;
    stage
        .cluster
        .run(types::Kind::Deployment, "web", &container("registry.example/shop/web:2.0"))
        .await;

    let shown = offer(&agent).await;
    let order = agent.order_for("web", SHOWN).await;
    let end = agent.carry_out(&order).await;

    assert_eq!((&shown["risk"], &shown["fault"]), (&json!("advice"), &json!("Unschedulable")));
    let patch: Value = serde_json::from_str(shown["patch"].as_str().unwrap()).unwrap();
    let expected = json!([
        {"op": "test", "path": "/spec/taints/0", "value": taint},
        {"op": "remove", "path": "/spec/taints/0"},
    ]);
    assert_eq!(patch, expected, "{shown:#}");
    assert!(shown["because"].as_str().unwrap().contains(" maintenance:NoSchedule-`"), "{shown:#}");
    assert_eq!((state(&end), stage.n_writes()), (("refused", "advice_only"), 0), "{end:#}");
    let (_, mode) = agent.get("/api/v1/mode").await;
    assert_eq!(mode["mode"], "auto", "it was not for want of a mode");
}
