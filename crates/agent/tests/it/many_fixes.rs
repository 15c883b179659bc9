//! Many fixes, a third of which make things worse: none of them leaves its workload worse than it was.
//!
//! `FIXES=500` makes so many; a few, when it is not set.

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use sandbox::catalogue::{Behaviour, Image};
use sandbox::store::Deletion;
use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{Stage, state, until};

/// Workloads of one cluster.
const OF_A_STAGE: usize = 25;
/// Workloads at the same time: each waits most of the time.
const AT_ONCE: usize = 5;
/// So much later than the verdict an undo may be.
const UNDO: SignedDuration = SignedDuration::from_secs(15);

/// What became of one fix.
#[derive(Debug)]
struct Outcome {
    was_worse: bool,
    /// From the look that decided to the end of the undo.
    undone_after: Option<SignedDuration>,
}

#[actix_web::test]
async fn no_fix_leaves_a_workload_worse_than_it_was() {
    let wanted = std::env::var("FIXES").ok().and_then(|it| it.parse().ok()).unwrap_or(6);
    let mut outcomes: Vec<Outcome> = vec![];
    while outcomes.len() < wanted {
        let some = OF_A_STAGE.min(wanted - outcomes.len());
        outcomes.extend(of_a_stage(outcomes.len(), some).await);
    }

    let worse: Vec<&Outcome> = outcomes.iter().filter(|it| it.was_worse).collect();
    let longest = worse.iter().filter_map(|it| it.undone_after).max().unwrap_or_default();
    assert!(!worse.is_empty() && worse.len() < outcomes.len());
    println!(
        "{} fixes: {} helped, {} were made worse and taken back, the last {} ms after its verdict; none was left worse",
        outcomes.len(),
        outcomes.len() - worse.len(),
        worse.len(),
        longest.as_millis()
    );
}

async fn of_a_stage(first: usize, count: usize) -> Vec<Outcome> {
    let stage = Stage::open().await;
    stage.set_policy("caps: {global_per_60s: 1000, namespace_per_60s: 1000}");
    let agent = stage.agent_with(&["--mode", "suggest"]).await;
    let outcomes = futures::stream::iter(first..first + count)
        .map(|number| one(&stage, &agent, number))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    drop(agent);
    stage.close().await;
    outcomes
}

/// A rollout that cannot be pulled is rolled back, while two pods of the former version still serve. Every third time
/// that version does not run any more when it is returned to, and its pods are gone.
async fn one(stage: &Stage, agent: &AgentBinary, number: usize) -> Outcome {
    let (name, made_worse) = (format!("app{number}"), number.is_multiple_of(3));
    let images = stage.cluster.sandbox.controllers();
    let good = format!("registry.example/many/{name}:1");
    assert!(images.add_image(&good, image(Behaviour::server(&[8080]))));
    stage.cluster.run(Kind::Deployment, &name, &spec(&good)).await;
    stage.cluster.change(&format!("deployments/{name}"), &json!({"spec": {"replicas": 2}})).await;
    until("it is ready", || ready(stage, &name) == 2).await;
    seen_ready(stage, agent, &name).await;
    stage.cluster.set_image(&name, &format!("registry.example/many/{name}:2")).await;

    let proposed = agent.fix(&name, "roll_back").await;
    let template = template(stage, &name);
    // So many that were made worse use the error budget up: a person's yes is what counts here.
    assert_eq!(proposed["state"], "proposed", "{proposed:#}");
    let id = proposed["id"].as_str().unwrap();
    let (status, approved) =
        agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await;
    assert_eq!((status, &approved["state"]), (200, &json!("verifying")), "{approved:#}");
    if made_worse {
        let broken = Behaviour { exit_code: Some(1), ..Behaviour::default() };
        assert!(images.add_image(&good, image(broken)));
        remove_pods(stage, &name);
    }
    let end = agent.end_of(&proposed).await;
    assert!(images.add_image(&good, image(Behaviour::server(&[8080]))));

    if made_worse {
        assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("worse")), "{end:#}");
        assert_eq!(self::template(stage, &name), template, "{end:#}");
    } else {
        assert_eq!(state(&end), ("verified", ""), "{end:#}");
    }
    until("as many serve as before", || 2 <= ready(stage, &name)).await;
    let undone_after = made_worse.then(|| undone_after(&end));
    assert!(undone_after.is_none_or(|it| it <= UNDO), "{end:#}");
    Outcome { was_worse: made_worse, undone_after }
}

fn image(behaviour: Behaviour) -> Image {
    let app = vec!["/app".to_owned()];
    Image { command: app.clone(), programs: app, behaviour, ..Image::default() }
}

fn spec(image: &str) -> Value {
    let mut spec = container(image);
    spec["containers"][0]["readinessProbe"] =
        json!({"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1});
    spec
}

fn ready(stage: &Stage, name: &str) -> u64 {
    stage.object("deployments", name).unwrap()["status"]["readyReplicas"].as_u64().unwrap_or(0)
}

/// The template, as it is.
fn template(stage: &Stage, name: &str) -> Value {
    stage.object("deployments", name).unwrap()["spec"]["template"].clone()
}

fn pods(stage: &Stage, name: &str) -> Vec<String> {
    let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    let own = pods.iter().filter(|it| it["metadata"]["labels"]["app"] == name);
    own.map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The agent has to have seen it ready to know where back is.
async fn seen_ready(stage: &Stage, agent: &AgentBinary, name: &str) {
    for pod in pods(stage, name) {
        let path = format!("/api/v1/pod-status/{pod}?namespace=shop");
        agent.until(&path, |it| (it["containers_ready"] == true).then_some(())).await;
    }
}

fn remove_pods(stage: &Stage, name: &str) {
    let store = stage.cluster.sandbox.store();
    for pod in pods(stage, name) {
        // One that went by itself is gone as well.
        let _ = store.delete("pods", "shop", &pod, &Deletion::default());
    }
}

fn undone_after(end: &Value) -> SignedDuration {
    let at = |it: &Value| it.as_str().unwrap().parse::<Timestamp>().unwrap();
    let last = end["checks"].as_array().unwrap().last().unwrap();
    at(&end["finished_at"]).duration_since(at(&last["at"]))
}
