//! A strategy each: the trouble that it is made for, the order, the write, and a verdict after the pods were watched.

use futures::StreamExt;
use sandbox::catalogue::{Behaviour, Image};
use serde_json::json;
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{Stage, state, until};

/// Clusters at the same time: each waits most of the time.
const AT_ONCE: usize = 3;
/// An image that does as a test says.
const IMAGE: &str = "registry.example/shop/told:1";

/// What is wrong with the Deployment `web`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// It is killed before it listens.
    SlowStart,
    /// It is asked at another port than the one that it declares.
    OtherPort,
    /// It hangs, and nothing but its probe says so.
    Hangs,
    /// Both its pods hang.
    BothHang,
    /// It asks for more memory than a node has.
    NoRoom,
    /// It names a ConfigMap that is a letter off.
    Misspelt,
}

/// The strategy for each, and whether a person is asked first.
const MENDED: [(Trouble, &str, bool); 6] = [
    (Trouble::SlowStart, "relax_probe", false),
    (Trouble::OtherPort, "fix_probe_port", false),
    (Trouble::Hangs, "restart_pod", true),
    (Trouble::BothHang, "restart_rollout", true),
    (Trouble::NoRoom, "lower_requests", true),
    (Trouble::Misspelt, "fix_reference", false),
];

impl Trouble {
    async fn begin(self, stage: &Stage, agent: &AgentBinary) {
        let mut spec = container(IMAGE);
        let app = &mut spec["containers"][0];
        app["ports"] = json!([{"containerPort": 8080}]);
        app["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1});
        let server = Behaviour::server(&[8080]);
        let behaviour = match self {
            Self::SlowStart => {
                app["livenessProbe"] = json!({"httpGet": {"path": "/", "port": 8080},
                    "initialDelaySeconds": 5, "periodSeconds": 5, "failureThreshold": 3});
                Behaviour { ready_after: 45.0, ..server }
            }
            Self::OtherPort => {
                app["readinessProbe"]["httpGet"]["port"] = json!(9090);
                server
            }
            Self::Hangs | Self::BothHang => Behaviour { hangs_after: Some(300.0), ..server },
            Self::NoRoom => {
                app["resources"] = json!({"requests": {"memory": "12Gi"}});
                server
            }
            Self::Misspelt => {
                let settings = json!({"metadata": {"name": "web-config"}, "data": {"A": "1"}});
                stage.cluster.sandbox.store().create("configmaps", "shop", settings).unwrap();
                app["envFrom"] = json!([{"configMapRef": {"name": "web-cofig"}}]);
                server
            }
        };
        put(stage, behaviour);
        stage.cluster.run(Kind::Deployment, "web", &spec).await;
        if matches!(self, Self::Hangs | Self::BothHang) {
            self.until_it_hangs(stage, agent).await;
        }
    }

    /// The pods were ready, and do not answer any more; new ones do.
    async fn until_it_hangs(self, stage: &Stage, agent: &AgentBinary) {
        let many = self.n_pods();
        let scale = json!({"spec": {"replicas": many}});
        stage.cluster.change("deployments/web", &scale).await;
        until("it is ready", || n_ready(stage) == many).await;
        agent.saw_ready(stage, "web").await;
        // Long enough to be worth a new pod.
        stage.make_steady("web");
        until("it hangs", || n_ready(stage) == 0).await;
        put(stage, Behaviour::server(&[8080]));
    }

    fn n_pods(self) -> u64 {
        if self == Self::BothHang { 2 } else { 1 }
    }
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

#[actix_web::test]
async fn what_each_strategy_is_made_for_is_mended_by_one_write_and_verified() {
    let n_mended = futures::stream::iter(MENDED)
        .map(|(trouble, strategy, asks)| mend(trouble, strategy, asks))
        .buffer_unordered(AT_ONCE)
        .count()
        .await;

    assert_eq!(n_mended, MENDED.len());
}

async fn mend(trouble: Trouble, strategy: &str, asks: bool) {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    trouble.begin(&stage, &agent).await;

    let fix = agent.fix("web", strategy).await;
    if asks {
        assert_eq!(state(&fix), ("proposed", "needs_approval"), "{trouble:?}: {fix:#}");
        assert_eq!(stage.n_writes(), 0);
        let yes = format!("/api/v1/executions/{}/approve", fix["id"].as_str().unwrap());
        let (status, answer) = agent.post(&yes, &json!({})).await;
        assert_eq!(status, 200, "{trouble:?}: {answer:#}");
    }
    let end = agent.end_of(&fix).await;

    let expected = (("verified", ""), &json!("recovered"));
    assert_eq!((state(&end), &end["verdict"]), expected, "{trouble:?}: {end:#}");
    assert_eq!((stage.n_writes(), n_ready(&stage)), (1, trouble.n_pods()), "{trouble:?}: {end:#}");
    assert_eq!(end["strategy"]["type"], *strategy);
    drop(agent);
    stage.close().await;
}
