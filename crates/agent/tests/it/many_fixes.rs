//! Many fixes of several kinds, a third of which make things worse: none of them leaves its workload worse than it was.
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
use crate::stage::{RAISE, Stage, state, until};

/// Workloads of one cluster.
const OF_A_STAGE: usize = 25;
/// Workloads at the same time: each waits most of the time.
const AT_ONCE: usize = 5;
/// So much later than the verdict an undo may be.
const UNDO: SignedDuration = SignedDuration::from_secs(15);

/// How a rollout breaks a workload, and what mends it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Break {
    /// Its image is not there: it is rolled back.
    Image,
    /// The same, and the tag is replaced.
    Tag,
    /// It names a ConfigMap that is not there: the reference is mended.
    Reference,
    /// Its memory limit is too low, and raised.
    Limit,
}

/// Every third fix is made worse: four kinds, so that each has its turn at that.
const BREAKS: [Break; 4] = [Break::Image, Break::Tag, Break::Reference, Break::Limit];

/// What became of one fix.
#[derive(Debug)]
struct Outcome {
    by: Break,
    was_worse: bool,
    /// From the look that decided to the end of the undo.
    undone_after: Option<SignedDuration>,
}

#[actix_web::test]
async fn no_fix_leaves_a_workload_worse_than_it_was() {
    let wanted = std::env::var("FIXES").ok().and_then(|it| it.parse().ok()).unwrap_or(8);
    let mut outcomes: Vec<Outcome> = vec![];
    while outcomes.len() < wanted {
        let some = OF_A_STAGE.min(wanted - outcomes.len());
        outcomes.extend(of_a_stage(outcomes.len(), some).await);
    }

    let worse: Vec<&Outcome> = outcomes.iter().filter(|it| it.was_worse).collect();
    let longest = worse.iter().filter_map(|it| it.undone_after).max().unwrap_or_default();
    assert!(!worse.is_empty() && worse.len() < outcomes.len());
    let kinds = BREAKS.map(|by| outcomes.iter().filter(|it| it.by == by).count());
    println!(
        "{} fixes ({kinds:?} of {BREAKS:?}): {} helped, {} were made worse and taken back, the last {} ms after its \
         verdict; none was left worse",
        outcomes.len(),
        outcomes.len() - worse.len(),
        worse.len(),
        longest.as_millis()
    );
}

async fn of_a_stage(first: usize, count: usize) -> Vec<Outcome> {
    let stage = Stage::open().await;
    stage.set_policy("caps: {global_per_60s: 1000, namespace_per_60s: 1000}");
    // What makes it worse comes after the write, and has to come before the verdict.
    let patience = ["--mode", "suggest", "--settle-seconds", "2", "--verify-seconds", "25"];
    let agent = stage.agent_with(&patience).await;
    let outcomes = futures::stream::iter(first..first + count)
        .map(|number| one(&stage, &agent, number))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    drop(agent);
    stage.close().await;
    outcomes
}

impl Break {
    /// What a container of the workload does while all is well.
    fn behaviour(self) -> Behaviour {
        let memory_need = (self == Self::Limit).then(|| "180Mi".to_owned());
        Behaviour { memory_need, memory_after: 1.0, ..Behaviour::server(&[8080]) }
    }

    /// The rollout that breaks it.
    fn rollout(self, name: &str, container: &mut Value) {
        match self {
            Self::Image | Self::Tag => {
                container["image"] = json!(format!("registry.example/many/{name}:2"));
            }
            Self::Reference => {
                let wrong = format!("{name}-cofig");
                container["envFrom"] = json!([{"configMapRef": {"name": wrong}}]);
            }
            Self::Limit => container["resources"] = json!({"limits": {"memory": "128Mi"}}),
        }
    }

    /// What mends it.
    fn strategy(self) -> Value {
        match self {
            Self::Image => json!({"type": "roll_back"}),
            Self::Tag => json!({"type": "replace_image_tag", "parameters": {"new_tag": "1"}}),
            Self::Reference => json!({"type": "fix_reference"}),
            Self::Limit => json!({"type": RAISE, "parameters": {"halves": 1}}),
        }
    }
}

/// A rollout that breaks a workload is mended, while two pods of the former template still serve. Every third time
/// the image does not run any more when that is done, and the pods that served are gone.
async fn one(stage: &Stage, agent: &AgentBinary, number: usize) -> Outcome {
    let (name, by) = (format!("app{number}"), BREAKS[number % BREAKS.len()]);
    let made_worse = number.is_multiple_of(3);
    let images = stage.cluster.sandbox.controllers();
    let good = format!("registry.example/many/{name}:1");
    assert!(images.add_image(&good, image(by.behaviour())));
    break_by_rollout(by, stage, agent, &name).await;

    let mut order = agent.order_for(&name, by.strategy()["type"].as_str().unwrap()).await;
    order["strategy"] = by.strategy();
    let proposed = agent.carry_out(&order).await;
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
    assert!(images.add_image(&good, image(by.behaviour())));

    if made_worse {
        assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("worse")), "{end:#}");
        assert_eq!(self::template(stage, &name), template, "{end:#}");
    } else {
        assert_eq!(state(&end), ("verified", ""), "{end:#}");
    }
    until("as many serve as before", || 2 <= ready(stage, &name)).await;
    let undone_after = made_worse.then(|| undone_after(&end));
    assert!(undone_after.is_none_or(|it| it <= UNDO), "{end:#}");
    Outcome { by, was_worse: made_worse, undone_after }
}

/// Two pods that serve, and then a rollout whose pod does not.
async fn break_by_rollout(by: Break, stage: &Stage, agent: &AgentBinary, name: &str) {
    let settings = json!({"metadata": {"name": format!("{name}-config")}, "data": {"A": "1"}});
    stage.cluster.sandbox.store().create("configmaps", "shop", settings).unwrap();
    let mut spec = spec(&format!("registry.example/many/{name}:1"));
    if by == Break::Limit {
        spec["containers"][0]["resources"] = json!({"limits": {"memory": "256Mi"}});
        // Later than it is killed where it has too little: it is ready for good, or never.
        spec["containers"][0]["readinessProbe"]["initialDelaySeconds"] = json!(4);
    }
    stage.cluster.run(Kind::Deployment, name, &spec).await;
    stage.cluster.change(&format!("deployments/{name}"), &json!({"spec": {"replicas": 2}})).await;
    until("it is ready", || ready(stage, name) == 2).await;
    agent.saw_ready(stage, name).await;
    let mut container = json!({"name": "app"});
    by.rollout(name, &mut container);
    let rollout = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    stage.cluster.change(&format!("deployments/{name}"), &rollout).await;
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
