//! Many pods at once.

use serde_json::json;

use super::cluster::{Cluster, is_ready};

#[tokio::test]
async fn a_thousand_pods_become_ready_in_seconds() {
    let cluster = Cluster::start();
    for number in 0..100 {
        cluster.deployment(
            &format!("web-{number}"),
            10,
            json!({"image": "nginx:1.27",
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}),
        );
    }

    cluster
        .until("a thousand ready pods", |it| {
            let (pods, _) = it.list("pods", Some("shop"));
            (pods.len() == 1_000 && pods.iter().all(|it| is_ready(it))).then_some(())
        })
        .await;
}
