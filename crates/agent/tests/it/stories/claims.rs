//! A pod that waits for its claim: the incident says what the claim waits for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::PATIENCE;
use crate::cluster::container;
use crate::stage::Stage;

#[actix_web::test]
async fn an_incident_about_a_claim_says_why_the_claim_is_not_bound() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    agent.ready().await;
    let claim = json!({"metadata": {"name": "data"}, "spec": {"storageClassName": "standrad",
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    stage.cluster.create("/api/v1/namespaces/shop/persistentvolumeclaims", &claim).await;
    let mut spec = container("nginx:1.27");
    spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);

    stage.cluster.run(Kind::Deployment, "web", &spec).await;

    let started = Instant::now();
    let cause = loop {
        let (_, list) = agent.get("/api/v1/incidents?state=open").await;
        let cause = list.pointer("/incidents/0/diagnoses/0/cause").and_then(Value::as_str);
        match cause.filter(|it| it.contains("standrad")) {
            Some(cause) => break cause.to_owned(),
            None => assert!(started.elapsed() < PATIENCE, "no incident about the claim: {list:#}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(cause.contains("claim data is not bound"), "{cause}");
    assert!(cause.contains("standard, which was probably meant"), "{cause}");
}
