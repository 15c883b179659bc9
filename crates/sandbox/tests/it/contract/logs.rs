//! What containers said.

use rstest::rstest;
use serde_json::json;

use super::answer::{container, said};
use super::cluster::Cluster;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{pod, shell};

async fn lines(cluster: &Cluster, place: &str) -> String {
    let answer = cluster.get(place).await;
    assert_eq!((answer.code, answer.media.as_str()), (200, "text/plain"), "{}", answer.text);
    answer.text
}

#[rstest]
#[tokio::test]
async fn a_log_can_be_cut_from_both_ends(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let script = "echo one; echo two; echo three >&2; echo ready > /tmp/x; sleep 100000";
    cluster.post("pods", &pod("talker", shell(script))).await.ok();
    cluster.until_ready("talker").await;
    cluster.until_log("pods/talker/log", "three").await;

    let cuts = [
        ("", "one\ntwo\nthree\n"),
        ("?tailLines=1", "three\n"),
        ("?tailLines=0", ""),
        ("?limitBytes=5", "one\nt"),
        ("?container=app&tailLines=2", "two\nthree\n"),
        ("?sinceSeconds=3600", "one\ntwo\nthree\n"),
    ];
    for (query, wanted) in cuts {
        assert_eq!(lines(&cluster, &format!("pods/talker/log{query}")).await, wanted, "{query}");
    }
    let stamped = lines(&cluster, "pods/talker/log?timestamps=true&tailLines=1").await;
    let (time, line) = stamped.split_once(' ').unwrap();
    assert_eq!((line, time.ends_with('Z')), ("three\n", true));
}

#[rstest]
#[tokio::test]
async fn a_log_question_without_sense_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("pods", &pod("talker", json!({}))).await.ok();
    cluster.until_ready("talker").await;

    let refusals = [
        ("tailLines=-1", "Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", "Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=-1", "Invalid value: -1: must be greater than 0"),
    ];
    for (query, why) in refusals {
        let answer = cluster.get(&format!("pods/talker/log?{query}")).await;
        let field = query.split('=').next().unwrap();
        assert_eq!(answer.causes(), [("FieldValueInvalid", field, why)], "{query}");
    }
    let answer = cluster.get("pods/talker/log?tailLines=x").await;
    answer.refused(400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax");
    let answer = cluster.get("pods/talker/log?container=zz").await;
    answer.refused(400, "BadRequest", "container zz is not valid for pod talker");
    let answer = cluster.get("pods/nope/log").await;
    answer.refused(404, "NotFound", "pods \"nope\" not found");
    let answer = cluster.get("pods/talker/log?previous=true").await;
    let why = "previous terminated container \"app\" in pod \"talker\" not found";
    answer.refused(400, "BadRequest", why);
}

#[rstest]
#[tokio::test]
async fn of_several_containers_one_has_to_be_named(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = pod("two", json!({}));
    let containers = object["spec"]["containers"].as_array_mut().unwrap();
    containers
        .push(json!({"name": "side", "image": "busybox:1.36", "command": ["sleep", "100000"]}));
    cluster.post("pods", &object).await.ok();

    let answer = cluster.get("pods/two/log").await;
    let why = "a container name must be specified for pod two, choose one of: [app side]";
    answer.refused(400, "BadRequest", why);
    cluster.until_ready("two").await;
    assert_eq!(lines(&cluster, "pods/two/log?container=side").await, "");
}

#[rstest]
#[tokio::test]
async fn the_last_words_of_a_crash_can_be_read(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("pods", &pod("crash", shell("echo FATAL: no disk >&2; exit 3"))).await.ok();

    let pod = cluster
        .until("pods/crash", |it| 1 <= container(it)["restartCount"].as_i64().unwrap_or(0))
        .await;
    assert_eq!(container(&pod)["lastState"]["terminated"]["exitCode"], 3);
    cluster.until_log("pods/crash/log?previous=true", "FATAL: no disk\n").await;
}

#[rstest]
#[tokio::test]
async fn a_container_that_never_started_has_no_log(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("pods", &pod("typo", json!({"image": "nginx:nope"}))).await.ok();
    cluster
        .post("pods", &pod("huge", json!({"resources": {"requests": {"cpu": "900"}}})))
        .await
        .ok();

    let failing = |it: &serde_json::Value| {
        said(&container(it)["state"]["waiting"]["reason"]) == "ErrImagePull"
    };
    cluster.until("pods/typo", failing).await;
    let answer = cluster.get("pods/typo/log").await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (400, "BadRequest"));
    let why = "container \"app\" in pod \"typo\" is waiting to start: ";
    assert!(answer.message().starts_with(why), "{}", answer.message());
    let answer = cluster.get("pods/huge/log").await;
    assert_eq!((answer.code, answer.text.as_str()), (204, ""));
}
