//! Stateful sets, daemon sets, jobs and cron jobs.

use serde_json::{Value, json};

use super::cluster::{Cluster, app, condition, is_ready, shell, waits_for, workload};

const IMAGE: &[&str] = &["spec", "template", "spec", "containers", "0", "image"];

fn job(name: &str, script: &str, restart: &str, spec: &Value) -> Value {
    let mut job = json!({
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"restartPolicy": restart, "containers": [app(shell(script))]}}},
    });
    for (key, value) in spec.as_object().unwrap() {
        job["spec"][key] = value.clone();
    }
    job
}

#[tokio::test]
async fn a_stateful_set_comes_up_in_order_and_sticks_on_a_broken_pod() {
    let cluster = Cluster::start();
    let spec = json!({"replicas": 3, "serviceName": "db"});
    cluster.create("statefulsets", workload("db", spec, json!({"image": "redis:7"})));
    let set =
        cluster.until_object("statefulsets", "db", |it| it["status"]["readyReplicas"] == 3).await;
    let good = set["status"]["updateRevision"].clone();
    cluster
        .until_event("db", "SuccessfulCreate", "Create Pod db-2 in StatefulSet db successful")
        .await;
    let created = |name: &str| {
        let pod = cluster.get("pods", name);
        pod["metadata"]["uid"].as_str().unwrap().to_owned()
    };
    assert!(created("db-0") < created("db-1") && created("db-1") < created("db-2"));

    cluster.change("statefulsets", "db", IMAGE, json!("redis:7.99"));
    cluster.until_pod("db-2", |it| waits_for(it, "ImagePullBackOff")).await;
    assert!(is_ready(&cluster.get("pods", "db-1")));

    // Taking it back does not help until somebody removes the broken pod.
    cluster.change("statefulsets", "db", IMAGE, json!("redis:7"));
    cluster.until_object("statefulsets", "db", |it| it["status"]["updateRevision"] == good).await;
    assert!(!is_ready(&cluster.get("pods", "db-2")));
    cluster.delete("pods", "db-2");
    cluster.until_object("statefulsets", "db", |it| it["status"]["readyReplicas"] == 3).await;
}

#[tokio::test]
async fn a_daemon_set_runs_on_every_node_and_rolls_one_by_one() {
    let cluster = Cluster::start();
    cluster.create("daemonsets", workload("agent", json!({}), json!({"image": "nginx:1.25"})));
    cluster.until_object("daemonsets", "agent", |it| it["status"]["numberAvailable"] == 3).await;
    let nodes: std::collections::BTreeSet<_> = cluster
        .pods()
        .iter()
        .map(|it| it["spec"]["nodeName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(nodes.len(), 3);

    cluster.change("daemonsets", "agent", IMAGE, json!("nginx:1.99"));
    cluster.until_pod("agent", |it| waits_for(it, "ImagePullBackOff")).await;
    assert_eq!(cluster.pods().iter().filter(|it| is_ready(it)).count(), 2);

    cluster.change("daemonsets", "agent", IMAGE, json!("nginx:1.27"));
    cluster
        .until_object("daemonsets", "agent", |it| {
            it["status"]["numberAvailable"] == 3 && it["status"]["updatedNumberScheduled"] == 3
        })
        .await;
}

#[tokio::test]
async fn a_job_gives_up_at_its_limit() {
    let cluster = Cluster::start();
    cluster.create("jobs", job("fails", "exit 4", "Never", &json!({"backoffLimit": 1})));

    let job = cluster
        .until_object("jobs", "fails", |it| condition(it, "Failed")["status"] == "True")
        .await;
    assert_eq!(condition(&job, "Failed")["reason"], "BackoffLimitExceeded");
    assert_eq!(condition(&job, "Failed")["message"], "Job has reached the specified backoff limit");
    assert_eq!(condition(&job, "FailureTarget")["status"], "True");
    assert_eq!(job["status"]["failed"], 2);
    cluster
        .until_event("fails", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        .await;
    assert_eq!(cluster.pods().len(), 2);
}

#[tokio::test]
async fn a_job_that_restarts_in_place_gives_up_too() {
    let cluster = Cluster::start();
    cluster.create("jobs", job("onfail", "exit 4", "OnFailure", &json!({"backoffLimit": 2})));

    let job = cluster
        .until_object("jobs", "onfail", |it| condition(it, "Failed")["status"] == "True")
        .await;
    assert_eq!(condition(&job, "Failed")["reason"], "BackoffLimitExceeded");
    cluster.until_event("onfail", "SuccessfulDelete", "Deleted pod: onfail-").await;
}

#[tokio::test]
async fn a_job_completes_as_often_as_it_should() {
    let cluster = Cluster::start();
    cluster.create(
        "jobs",
        job("works", "sleep 2", "Never", &json!({"completions": 3, "parallelism": 2})),
    );

    let job = cluster
        .until_object("jobs", "works", |it| condition(it, "Complete")["status"] == "True")
        .await;
    assert_eq!(condition(&job, "Complete")["reason"], "CompletionsReached");
    assert_eq!(job["status"]["succeeded"], 3);
    let pod = cluster.until_pod("works", |it| it["status"]["phase"] == "Succeeded").await;
    assert_eq!(condition(&pod, "Ready")["reason"], "PodCompleted");
}

#[tokio::test]
async fn a_cron_job_starts_jobs_by_the_clusters_clock() {
    let cluster = Cluster::start();
    let template = job("", "exit 0", "Never", &json!({}))["spec"].clone();
    let spec = json!({"schedule": "* * * * *", "jobTemplate": {"spec": template}});
    cluster.create("cronjobs", json!({"metadata": {"name": "cron"}, "spec": spec}));

    cluster.until_event("cron", "SawCompletedJob", ", condition: Complete").await;
    let cron = cluster
        .until_object("cronjobs", "cron", |it| it["status"]["lastSuccessfulTime"].is_string())
        .await;
    assert!(cron["status"]["lastScheduleTime"].is_string());
}

#[tokio::test]
async fn init_containers_run_one_after_the_other() {
    let cluster = Cluster::start();
    let init = |name: &str, script: &str| json!({"name": name, "image": "busybox:1.36", "command": ["sh", "-c", script]});
    cluster.create(
        "pods",
        json!({"metadata": {"name": "broken"}, "spec": {
        "initContainers": [init("pre", "exit 2")], "containers": [app(shell("sleep 1000000"))]}}),
    );
    cluster.create("pods", json!({"metadata": {"name": "sound"}, "spec": {
        "initContainers": [init("one", "sleep 2"), init("two", "sleep 2")], "containers": [app(shell("sleep 1000000"))]}}));

    let pod = cluster
        .until_pod("broken", |it| {
            it["status"]["initContainerStatuses"][0]["state"]["waiting"]["reason"]
                == "CrashLoopBackOff"
        })
        .await;
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(
        condition(&pod, "Initialized")["message"],
        "containers with incomplete status: [pre]"
    );
    assert!(waits_for(&pod, "PodInitializing"));
    let pod = cluster.until_pod("sound", is_ready).await;
    assert_eq!(
        pod["status"]["initContainerStatuses"][1]["state"]["terminated"]["reason"],
        "Completed"
    );
}

#[tokio::test]
async fn a_lost_node_gives_its_pods_away() {
    let cluster = Cluster::start();
    cluster.deployment("web", 1, json!({"image": "nginx:1.27"}));
    let pod = cluster.until_pod("web", is_ready).await;
    let node = pod["spec"]["nodeName"].as_str().unwrap();

    let cut = cluster.store.update("nodes", "", node, |it| {
        it["metadata"]["annotations"]["sandbox.k8s-reflexion.io/down"] = json!("true");
        Ok(())
    });
    cut.unwrap();
    cluster.until_pod("web", |it| is_ready(it) && it["spec"]["nodeName"] != node).await;
    let lost = cluster.store.get("nodes", "", node).unwrap();
    assert_eq!(condition(&lost, "Ready")["status"], "Unknown");
}
