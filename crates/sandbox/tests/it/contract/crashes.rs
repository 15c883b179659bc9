//! Containers that do not keep running, and those that cannot be made.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{condition, container, said, waiting};
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{config_map, pod, shell};

#[rstest]
#[tokio::test]
async fn a_crash_loop_backs_off_and_keeps_the_last_exit(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let created = cluster.post("pods", &pod("crash", shell("echo FATAL >&2; exit 1"))).await.ok();

    let pod = cluster.until("pods/crash", |it| waiting(it).0 == "CrashLoopBackOff").await;
    let uid = said(&created["metadata"]["uid"]);
    let text = format!(
        "back-off 10s restarting failed container=app pod=crash_{}({uid})",
        cluster.namespace
    );
    assert_eq!(waiting(&pod).1, text);
    let end = &container(&pod)["lastState"]["terminated"];
    assert_eq!((&end["reason"], &end["exitCode"]), (&json!("Error"), &json!(1)));
    assert_eq!(pod["status"]["phase"], "Running");
    let ready = condition(&pod, "Ready");
    assert_eq!(
        (said(&ready["reason"]), said(&ready["message"])),
        ("ContainersNotReady", "containers with unready status: [app]")
    );
    let text = format!(
        "Back-off restarting failed container app in pod crash_{}({uid})",
        cluster.namespace
    );
    let event = cluster.until_event("crash", "BackOff", &text).await;
    assert_eq!(event["type"], "Warning");
}

#[rstest]
#[tokio::test]
async fn too_much_memory_is_an_oom_kill(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut hog = shell("sleep 1; tail /dev/zero");
    hog["resources"] = json!({"limits": {"memory": "20Mi"}});
    cluster.post("pods", &pod("hog", hog)).await.ok();

    let killed = |it: &Value| !container(it)["lastState"]["terminated"].is_null();
    let pod = cluster.until("pods/hog", killed).await;
    let end = &container(&pod)["lastState"]["terminated"];
    assert_eq!((&end["reason"], &end["exitCode"]), (&json!("OOMKilled"), &json!(137)));
}

#[rstest]
#[tokio::test]
async fn a_program_that_is_not_there_cannot_be_started(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("pods", &pod("noexec", json!({"command": ["/nonexistent"]}))).await.ok();

    let pod = cluster
        .until("pods/noexec", |it| !container(it)["lastState"]["terminated"].is_null())
        .await;
    let end = &container(&pod)["lastState"]["terminated"];
    assert_eq!((&end["reason"], &end["exitCode"]), (&json!("StartError"), &json!(128)));
    let text = "exec: \"/nonexistent\": stat /nonexistent: no such file or directory";
    assert!(said(&end["message"]).contains(text), "{end}");
}

#[rstest]
#[tokio::test]
async fn a_missing_config_map_keeps_a_container_from_being_made(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };
    let env =
        json!([{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "x"}}}]);
    cluster.post("pods", &pod("lost", json!({"env": env}))).await.ok();

    let pod = cluster.until("pods/lost", |it| waiting(it).0 == "CreateContainerConfigError").await;
    assert_eq!(waiting(&pod).1, "configmap \"settings\" not found");
    let event =
        cluster.until_event("lost", "Failed", "Error: configmap \"settings\" not found").await;
    assert_eq!(event["type"], "Warning");
    cluster.post("configmaps", &config_map("settings", json!({"y": "1"}))).await.ok();
    let text = format!("couldn't find key x in ConfigMap {}/settings", cluster.namespace);
    cluster.until("pods/lost", |it| waiting(it).1 == text).await;
    cluster.put("configmaps/settings", &config_map("settings", json!({"x": "1"}))).await.ok();
    cluster.until_ready("lost").await;
}

#[rstest]
#[tokio::test]
async fn a_missing_secret_keeps_a_volume_from_being_mounted(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = pod("lost", json!({"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]}));
    object["spec"]["volumes"] = json!([{"name": "keys", "secret": {"secretName": "keys"}}]);
    cluster.post("pods", &object).await.ok();

    let text = "MountVolume.SetUp failed for volume \"keys\" : secret \"keys\" not found";
    cluster.until_event("lost", "FailedMount", text).await;
    let pod = cluster.get("pods/lost").await.ok();
    assert_eq!(waiting(&pod).0, "ContainerCreating");
}
