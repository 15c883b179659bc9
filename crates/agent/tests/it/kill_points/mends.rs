//! Fixes of every kind that is written: what each is made for, and what it writes.

use sandbox::catalogue::{Behaviour, Image};
use serde_json::{Value, json};
use types::Kind;

use super::Fate;
use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::fault_proxy::Which;
use crate::stage::{RAISE, Stage, until};

/// An image that does as a test says.
const IMAGE: &str = "registry.example/kill/web:1";
/// One that nobody has.
const NO_IMAGE: &str = "registry.example/kill/web:2";

/// What is mended, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mend {
    /// The memory limit of a Deployment is raised.
    Limit,
    /// A Deployment is rolled back.
    Rollback,
    /// A pod that hangs is evicted.
    Eviction,
    /// The memory limit of a StatefulSet is raised, and its pod, for which it waits, evicted.
    OrderedSet,
    /// A pod that nobody owns is resized where it runs.
    BarePod,
    /// A Service asks for another label.
    Selector,
}

pub(super) const MENDS: [Mend; 6] =
    [Mend::Limit, Mend::Rollback, Mend::Eviction, Mend::OrderedSet, Mend::BarePod, Mend::Selector];

impl Mend {
    /// Whether it may come to this end, and be killed in its undo.
    pub(super) fn may_end(self, fate: Fate, in_the_undo: bool) -> bool {
        match self {
            Self::Limit | Self::Rollback | Self::OrderedSet | Self::BarePod => true,
            // There is nothing to undo.
            Self::Eviction => !in_the_undo,
            Self::Selector => fate == Fate::Helps,
        }
    }

    /// How many writes it makes.
    pub(super) fn n_writes(self) -> usize {
        if self == Self::OrderedSet { 2 } else { 1 }
    }

    /// How many it makes together with its undo: an ordered set keeps the pod of the template that is taken back.
    pub(super) fn n_writes_and_back(self) -> usize {
        match self {
            Self::Eviction => 1,
            Self::Limit | Self::Rollback | Self::BarePod | Self::Selector => 2,
            Self::OrderedSet => 4,
        }
    }

    /// The trouble, in which the fix helps or does not; an order for the fix.
    pub(super) async fn trouble(self, stage: &Stage, agent: &AgentBinary, fate: Fate) -> Value {
        match self {
            Self::Limit => {
                stage.run_hungry("web", fate.limit()).await;
                agent.order_for("web", RAISE).await
            }
            Self::OrderedSet => {
                stage.run_hungry_as(Kind::StatefulSet, "db", fate.limit()).await;
                agent.order_for("db", RAISE).await
            }
            Self::BarePod => {
                stage.run_hungry_as(Kind::Pod, "alone", fate.limit()).await;
                agent.order_for("alone", RAISE).await
            }
            Self::Rollback => {
                run_well(stage, agent, Behaviour::server(&[8080])).await;
                let all_at_once = json!({"spec": {"strategy":
                    {"type": "Recreate", "rollingUpdate": null}}});
                stage.cluster.change("deployments/web", &all_at_once).await;
                stage.cluster.set_image("web", NO_IMAGE).await;
                if fate == Fate::DoesNot {
                    put(stage, Behaviour { exit_code: Some(1), ..Behaviour::default() });
                }
                agent.order_for("web", "roll_back").await
            }
            Self::Eviction => {
                let hangs =
                    |after| Behaviour { hangs_after: Some(after), ..Behaviour::server(&[8080]) };
                run_well(stage, agent, hangs(300.0)).await;
                // Long enough to be worth a new pod.
                stage.make_steady("web");
                until("it hangs", || n_ready(stage) == 0).await;
                put(
                    stage,
                    if fate == Fate::Helps { Behaviour::server(&[8080]) } else { hangs(0.0) },
                );
                agent.order_for("web", "restart_pod").await
            }
            Self::Selector => {
                stage.cluster.run(Kind::Deployment, "web", &container("nginx:1.27")).await;
                stage.until_steady("web").await;
                stage.serve("front", &json!({"app": "wbe"}), &json!({"port": 80})).await;
                agent.order_for_service("front", "fix_selector").await
            }
        }
    }

    /// What it writes, as it is now; of an eviction nothing.
    pub(super) fn field(self, stage: &Stage) -> Value {
        let at = |pointer: &str| self.object(stage).pointer(pointer).cloned().unwrap_or_default();
        let limit = "spec/containers/0/resources/limits/memory";
        match self {
            Self::Limit | Self::OrderedSet => at(&format!("/spec/template/{limit}")),
            Self::BarePod => at(&format!("/{limit}")),
            Self::Rollback => at("/spec/template/spec/containers/0/image"),
            Self::Selector => at("/spec/selector"),
            Self::Eviction => Value::Null,
        }
    }

    /// The same once it is written.
    pub(super) fn written(self) -> Value {
        match self {
            Self::Limit | Self::OrderedSet | Self::BarePod => json!("192Mi"),
            Self::Rollback => json!(IMAGE),
            Self::Selector => json!({"app": "web"}),
            Self::Eviction => Value::Null,
        }
    }

    /// How often the spec was changed, where somebody counts that.
    pub(super) fn generation(self, stage: &Stage) -> Option<i64> {
        match self {
            Self::Limit | Self::Rollback | Self::OrderedSet | Self::Eviction => {
                self.object(stage)["metadata"]["generation"].as_i64()
            }
            Self::BarePod | Self::Selector => None,
        }
    }

    /// Reads what is mended.
    pub(super) fn read(self) -> Which {
        match self {
            Self::Limit | Self::Rollback | Self::Eviction => {
                |it| it.starts_with("GET /apis/apps/v1/namespaces/shop/deployments/web")
            }
            Self::OrderedSet => {
                |it| it.starts_with("GET /apis/apps/v1/namespaces/shop/statefulsets/db")
            }
            Self::BarePod => |it| it.starts_with("GET /api/v1/namespaces/shop/pods/alone"),
            Self::Selector => |it| it.starts_with("GET /api/v1/namespaces/shop/services/front"),
        }
    }

    fn object(self, stage: &Stage) -> Value {
        let (plural, name) = match self {
            Self::Limit | Self::Rollback | Self::Eviction => ("deployments", "web"),
            Self::OrderedSet => ("statefulsets", "db"),
            Self::BarePod => ("pods", "alone"),
            Self::Selector => ("services", "front"),
        };
        stage.object(plural, name).unwrap()
    }
}

/// A Deployment `web` that the agent has seen ready, and whose container does this.
async fn run_well(stage: &Stage, agent: &AgentBinary, behaviour: Behaviour) {
    put(stage, behaviour);
    let mut spec = container(IMAGE);
    spec["containers"][0]["readinessProbe"] =
        json!({"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1});
    stage.cluster.run(Kind::Deployment, "web", &spec).await;
    until("it is ready", || n_ready(stage) == 1).await;
    agent.saw_ready(stage, "web").await;
}

/// From now on the image does this.
fn put(stage: &Stage, behaviour: Behaviour) {
    let app = vec!["/app".to_owned()];
    let image = Image { command: app.clone(), programs: app, behaviour, ..Image::default() };
    assert!(stage.cluster.sandbox.controllers().add_image(IMAGE, image));
}

fn n_ready(stage: &Stage) -> u64 {
    stage.object("deployments", "web").unwrap()["status"]["readyReplicas"].as_u64().unwrap_or(0)
}
