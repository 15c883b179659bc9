//! Deployments: revisions, progress, and rollouts that are stuck.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{condition, items, said};
use super::cluster::STRATEGIC;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::deployment;

fn image(name: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": name}]}}}})
}

fn rolled_out(object: &Value, generation: u64) -> bool {
    let status = &object["status"];
    status["observedGeneration"] == generation
        && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|it| status[*it] == 1)
}

#[rstest]
#[tokio::test]
async fn a_rollout_makes_a_set_per_revision(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("deployments", &deployment("web", json!({}))).await.ok();
    let object = cluster.until("deployments/web", |it| rolled_out(it, 1)).await;
    assert_eq!(object["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    cluster.patch("deployments/web", STRATEGIC, image("busybox:latest")).await.ok();
    let object = cluster.until("deployments/web", |it| rolled_out(it, 2)).await;

    assert_eq!(object["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let sets = cluster.get("replicasets").await.ok();
    let mut revisions: Vec<_> = items(&sets)
        .iter()
        .map(|it| {
            (
                said(&it["metadata"]["annotations"]["deployment.kubernetes.io/revision"]),
                &it["spec"]["replicas"],
            )
        })
        .collect();
    revisions.sort_by_key(|it| it.0);
    assert_eq!(revisions, [("1", &json!(0)), ("2", &json!(1))]);
    for set in items(&sets) {
        let hash = said(&set["metadata"]["labels"]["pod-template-hash"]);
        assert_eq!(said(&set["metadata"]["name"]), format!("web-{hash}"));
        assert_eq!(
            set["spec"]["selector"]["matchLabels"],
            json!({"app": "web", "pod-template-hash": hash})
        );
        let owner = &set["metadata"]["ownerReferences"][0];
        assert_eq!((&owner["kind"], &owner["controller"]), (&json!("Deployment"), &json!(true)));
        assert_eq!(
            set["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"],
            "1"
        );
    }
    let progress = condition(&object, "Progressing");
    assert_eq!(
        (said(&progress["reason"]), said(&progress["status"])),
        ("NewReplicaSetAvailable", "True")
    );
    let text = said(&progress["message"]);
    assert!(
        text.starts_with("ReplicaSet \"web-") && text.ends_with("\" has successfully progressed."),
        "{text}"
    );
    assert_eq!(condition(&object, "Available")["reason"], "MinimumReplicasAvailable");
    cluster.until_event("web", "ScalingReplicaSet", "Scaled up replica set web-").await;
    cluster.until_event("web", "ScalingReplicaSet", "Scaled down replica set web-").await;
}

#[rstest]
#[tokio::test]
async fn a_stuck_rollout_runs_out_of_time(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = deployment("web", json!({"image": "busybox:nope"}));
    object["spec"]["progressDeadlineSeconds"] = json!(3);
    cluster.post("deployments", &object).await.ok();

    let late = |it: &Value| condition(it, "Progressing")["status"] == "False";
    let object = cluster.until("deployments/web", late).await;
    let progress = condition(&object, "Progressing");
    assert_eq!(progress["reason"], "ProgressDeadlineExceeded");
    let text = said(&progress["message"]);
    assert!(
        text.starts_with("ReplicaSet \"web-") && text.ends_with("\" has timed out progressing."),
        "{text}"
    );
    let available = condition(&object, "Available");
    assert_eq!(
        (said(&available["status"]), said(&available["reason"])),
        ("False", "MinimumReplicasUnavailable")
    );
    assert_eq!(available["message"], "Deployment does not have minimum availability.");
    assert_eq!(object["status"]["unavailableReplicas"], 1);
}

#[rstest]
#[tokio::test]
async fn a_template_that_was_there_before_is_taken_up_again(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("deployments", &deployment("web", json!({}))).await.ok();
    cluster.until("deployments/web", |it| rolled_out(it, 1)).await;
    let first = cluster.get("replicasets").await.ok();
    cluster.patch("deployments/web", STRATEGIC, image("busybox:latest")).await.ok();
    cluster.until("deployments/web", |it| rolled_out(it, 2)).await;
    cluster.patch("deployments/web", STRATEGIC, image("busybox:1.36")).await.ok();
    cluster.until("deployments/web", |it| rolled_out(it, 3)).await;

    let name = said(&items(&first)[0]["metadata"]["name"]);
    let set = cluster.get(&format!("replicasets/{name}")).await.ok();
    assert_eq!(set["spec"]["replicas"], 1);
    let annotations = &set["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3");
    assert_eq!(annotations["deployment.kubernetes.io/revision-history"], "1");
}

#[rstest]
#[tokio::test]
async fn a_paused_rollout_waits(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = deployment("web", json!({}));
    object["spec"]["paused"] = json!(true);
    object["spec"]["replicas"] = json!(0);
    cluster.post("deployments", &object).await.ok();

    let object =
        cluster.until("deployments/web", |it| !condition(it, "Progressing").is_null()).await;
    let progress = condition(&object, "Progressing");
    assert_eq!(
        (said(&progress["status"]), said(&progress["reason"])),
        ("Unknown", "DeploymentPaused")
    );
    assert_eq!(progress["message"], "Deployment is paused");
    assert_eq!(cluster.get("replicasets").await.ok()["items"], json!([]));
}
