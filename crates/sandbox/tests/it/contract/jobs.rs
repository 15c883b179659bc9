//! Jobs that end, well or badly.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{condition, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{job, shell};

#[rstest]
#[tokio::test]
async fn a_job_that_succeeds_is_complete(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("jobs", &job("good", shell("exit 0"), json!({}))).await.ok();

    let object =
        cluster.until("jobs/good", |it| condition(it, "Complete")["status"] == "True").await;
    assert_eq!(object["status"]["succeeded"], 1);
    assert!(object["status"]["completionTime"].is_string());
    let complete = condition(&object, "Complete");
    let text = "Reached expected number of succeeded pods";
    assert_eq!(
        (said(&complete["reason"]), said(&complete["message"])),
        ("CompletionsReached", text)
    );
    assert_eq!(condition(&object, "SuccessCriteriaMet")["status"], "True");
    cluster.until_event("good", "Completed", "Job completed").await;
    let pods = cluster.get("pods?labelSelector=job-name%3Dgood").await.ok();
    let pod = &pods["items"][0];
    assert_eq!(pod["status"]["phase"], "Succeeded");
    assert_eq!(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"], "good");
}

#[rstest]
#[tokio::test]
async fn a_job_that_fails_too_often_is_failed(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("jobs", &job("bad", shell("exit 7"), json!({"backoffLimit": 0}))).await.ok();

    let object = cluster.until("jobs/bad", |it| condition(it, "Failed")["status"] == "True").await;
    let failed = condition(&object, "Failed");
    assert_eq!(failed["reason"], "BackoffLimitExceeded");
    assert_eq!(failed["message"], "Job has reached the specified backoff limit");
    assert_eq!(object["status"]["failed"], 1);
    let event = cluster
        .until_event("bad", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        .await;
    assert_eq!(event["type"], "Warning");
    let ended = |it: &Value| it["items"][0]["status"]["phase"] == "Failed";
    cluster.until("pods", ended).await;
}

#[rstest]
#[tokio::test]
async fn a_job_that_takes_too_long_is_stopped(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("jobs", &job("slow", json!({}), json!({"activeDeadlineSeconds": 2}))).await.ok();

    let object = cluster.until("jobs/slow", |it| condition(it, "Failed")["status"] == "True").await;
    let failed = condition(&object, "Failed");
    assert_eq!(
        (said(&failed["reason"]), said(&failed["message"])),
        ("DeadlineExceeded", "Job was active longer than specified deadline")
    );
}

#[rstest]
#[tokio::test]
async fn the_template_of_a_job_is_immutable(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("jobs", &job("one", json!({}), json!({"suspend": true}))).await.ok();

    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "busybox:latest"}]}}}});
    let answer = cluster.patch("jobs/one", super::cluster::STRATEGIC, patch).await;
    assert_eq!(answer.code, 422);
    let (reason, field, message) = answer.causes()[0];
    assert_eq!((reason, field), ("FieldValueInvalid", "spec.template"));
    assert!(message.ends_with(": field is immutable"), "{message}");
}
