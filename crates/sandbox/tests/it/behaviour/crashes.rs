//! Containers that do not keep running.

use sandbox::store::Run;
use serde_json::{Value, json};

use super::cluster::{Cluster, condition, is_ready, shell, status, waits_for};

fn waits(pod: &Value) -> &str {
    status(pod)["state"]["waiting"]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_crash_loop_waits_longer_each_time_and_keeps_its_last_words() {
    let cluster = Cluster::start();
    let pod = cluster.pod("crash", shell("echo FATAL >&2; exit 1"));
    let uid = pod["metadata"]["uid"].as_str().unwrap();

    for (restarts, wait) in [(1, "10s"), (2, "20s"), (3, "40s")] {
        let text = format!("back-off {wait} restarting failed container=app pod=crash_shop({uid})");
        let pod = cluster.until_pod("crash", |it| waits(it) == text).await;
        assert_eq!(status(&pod)["restartCount"], restarts);
        assert_eq!(status(&pod)["lastState"]["terminated"]["exitCode"], 1);
        assert_eq!(status(&pod)["lastState"]["terminated"]["reason"], "Error");
    }
    let pod = cluster.get("pods", "crash");
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(condition(&pod, "Ready")["message"], "containers with unready status: [app]");
    let text = format!("Back-off restarting failed container app in pod crash_shop({uid})");
    cluster.until_event("crash", "BackOff", &text).await;
    let lines = cluster.store.logs(("shop", "crash"), "app", Run::Previous).unwrap();
    assert_eq!(lines[0].text, "FATAL");
}

#[tokio::test]
async fn too_little_memory_kills_until_the_limit_is_raised() {
    let cluster = Cluster::start();
    let mut container = shell("sleep 1; head -c 50m /dev/zero | tail; sleep 1000000");
    container["resources"] = json!({"limits": {"memory": "20Mi"}});
    cluster.deployment("hog", 1, container);

    let pod = cluster.until_pod("hog", |it| waits_for(it, "CrashLoopBackOff")).await;
    assert_eq!(status(&pod)["lastState"]["terminated"]["reason"], "OOMKilled");
    assert_eq!(status(&pod)["lastState"]["terminated"]["exitCode"], 137);

    let limits = &["spec", "template", "spec", "containers", "0", "resources"];
    cluster.change("deployments", "hog", limits, json!({"limits": {"memory": "100Mi"}}));
    let healed = |it: &Value| it["status"]["updatedReplicas"] == 1 && it["status"]["replicas"] == 1;
    cluster
        .until_object("deployments", "hog", |it| {
            healed(it) && it["status"]["availableReplicas"] == 1
        })
        .await;
    let pod =
        cluster.until_pod("hog", |it| status(it)["resources"]["limits"]["memory"] == "100Mi").await;
    assert_eq!(status(&pod)["restartCount"], 0);
}

#[tokio::test]
async fn a_resize_in_place_heals_at_the_next_start() {
    let cluster = Cluster::start();
    let mut container = shell("head -c 50m /dev/zero | tail; sleep 1000000");
    container["resources"] = json!({"limits": {"memory": "20Mi"}});
    cluster.pod("hog", container);
    cluster.until_pod("hog", |it| waits_for(it, "CrashLoopBackOff")).await;

    let resized = cluster.store.update_through(("pods", "resize"), "shop", "hog", |it| {
        it["spec"]["containers"][0]["resources"]["limits"]["memory"] = json!("100Mi");
        Ok(())
    });
    resized.unwrap();
    let pod = cluster
        .until_pod("hog", |it| !status(it)["state"]["running"].is_null() && is_ready(it))
        .await;
    assert_eq!(status(&pod)["resources"]["limits"]["memory"], "100Mi");
}

#[tokio::test]
async fn a_program_that_is_not_there_cannot_be_started() {
    let cluster = Cluster::start();
    cluster.pod("noexec", json!({"command": ["/nonexistent"]}));

    let pod = cluster.until_pod("noexec", |it| waits_for(it, "RunContainerError")).await;
    let end = &status(&pod)["lastState"]["terminated"];
    assert_eq!((&end["reason"], &end["exitCode"]), (&json!("StartError"), &json!(128)));
    assert_eq!(end["startedAt"], "1970-01-01T00:00:00Z");
    let text = "exec: \"/nonexistent\": stat /nonexistent: no such file or directory";
    assert!(end["message"].as_str().unwrap().contains(text));
    cluster.until_pod("noexec", |it| waits_for(it, "CrashLoopBackOff")).await;
}

#[tokio::test]
async fn a_failing_readiness_probe_keeps_a_pod_out_without_restarts() {
    let cluster = Cluster::start();
    let probe = json!({"httpGet": {"path": "/nope", "port": 80}, "periodSeconds": 2});
    cluster.pod("unready", json!({"image": "nginx:1.27", "readinessProbe": probe}));

    cluster
        .until_event(
            "unready",
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 404",
        )
        .await;
    let pod = cluster.until_pod("unready", |it| status(it)["started"] == true).await;
    assert_eq!((&status(&pod)["ready"], &status(&pod)["restartCount"]), (&json!(false), &json!(0)));
    assert_eq!(condition(&pod, "Ready")["reason"], "ContainersNotReady");
}

#[tokio::test]
async fn a_failing_liveness_probe_restarts_in_a_loop() {
    let cluster = Cluster::start();
    let probe = json!({"httpGet": {"path": "/healthz", "port": 8081}, "periodSeconds": 2, "failureThreshold": 2});
    cluster.pod("live", json!({"command": ["sleep", "1000000"], "livenessProbe": probe}));

    let pod = cluster.until_pod("live", |it| waits_for(it, "CrashLoopBackOff")).await;
    let ip = pod["status"]["podIP"].as_str().unwrap();
    let text = format!(
        "Liveness probe failed: Get \"http://{ip}:8081/healthz\": dial tcp {ip}:8081: connect: connection refused"
    );
    cluster.until_event("live", "Unhealthy", &text).await;
    cluster
        .until_event("live", "Killing", "Container app failed liveness probe, will be restarted")
        .await;
    assert_eq!(status(&pod)["lastState"]["terminated"]["exitCode"], 137);
    assert_eq!(status(&pod)["lastState"]["terminated"]["reason"], "Error");
}
