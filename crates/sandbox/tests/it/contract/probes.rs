//! Probes that fail, and what the kubelet says and does about it.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{condition, container, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{nginx, pod, shell};

#[rstest]
#[tokio::test]
async fn an_unready_pod_runs_on_without_traffic(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut web = nginx();
    web["readinessProbe"] = json!({"httpGet": {"path": "/nope", "port": 80}, "periodSeconds": 1});
    cluster.post("pods", &pod("unready", web)).await.ok();

    let text = "Readiness probe failed: HTTP probe failed with statuscode: 404";
    let event = cluster.until_event("unready", "Unhealthy", text).await;
    assert_eq!(event["type"], "Warning");
    let pod = cluster.until("pods/unready", |it| container(it)["started"] == true).await;
    assert_eq!(
        (&container(&pod)["ready"], &container(&pod)["restartCount"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(condition(&pod, "Ready")["reason"], "ContainersNotReady");
}

#[rstest]
#[tokio::test]
async fn a_failing_liveness_probe_restarts_the_container(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let probe = json!({"httpGet": {"path": "/healthz", "port": 8081}, "periodSeconds": 1, "failureThreshold": 2});
    let mut idle = shell("sleep 100000");
    idle["livenessProbe"] = probe;
    cluster.post("pods", &pod("stuck", idle)).await.ok();

    let restarted = |it: &Value| 1 <= container(it)["restartCount"].as_i64().unwrap_or(0);
    let pod = cluster.until("pods/stuck", restarted).await;
    let ip = said(&pod["status"]["podIP"]);
    let text = format!(
        "Liveness probe failed: Get \"http://{ip}:8081/healthz\": dial tcp {ip}:8081: connect: connection refused"
    );
    cluster.until_event("stuck", "Unhealthy", &text).await;
    cluster
        .until_event("stuck", "Killing", "Container app failed liveness probe, will be restarted")
        .await;
    let end = &container(&pod)["lastState"]["terminated"];
    assert_eq!((&end["reason"], &end["exitCode"]), (&json!("Error"), &json!(137)));
}

#[rstest]
#[tokio::test]
async fn a_command_that_fails_says_what_it_said(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut idle = shell("sleep 100000");
    idle["readinessProbe"] =
        json!({"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 1});
    cluster.post("pods", &pod("unready", idle)).await.ok();

    let text = "Readiness probe failed: cat: can't open '/tmp/ready': No such file or directory";
    cluster.until_event("unready", "Unhealthy", text).await;
}
