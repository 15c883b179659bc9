//! A Kubernetes cluster in one process: API server, controllers, scheduler and kubelets, in memory.
//!
//! For demonstrations, for the gym, and for tests that want a whole cluster in milliseconds.
//! It is held to the same contract tests as a real API server.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;

pub mod resources;
pub mod status;
pub mod store;
pub mod catalogue;
pub mod controllers;
pub mod generated;
mod world;
mod clock;
mod events;
mod fields;
mod scheduler;
mod kubelet;
mod admission;
mod api;
mod defaults;
mod json;
mod managed;
mod patch;
mod quantity;
mod schema;
mod server;
mod table;
mod validation;

pub use api::reviews::token;

use api::Api;
use api::audit::Audit;
use store::Store;

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How much faster than life containers start, back off and fail.
    pub speed: f64,
    /// The nodes of the cluster.
    pub nodes: Vec<NodeSpec>,
    /// Where every request is written down, one JSON line each.
    pub audit_log: Option<PathBuf>,
    /// A generated cluster of this size instead of an empty one. Nothing moves in it: there are no controllers,
    /// and no nodes but its own.
    pub generated: Option<generated::Size>,
}

/// One node and what it has to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// The node's name.
    pub name: String,
    /// CPU as a quantity, such as `4`.
    pub cpu: String,
    /// Memory as a quantity, such as `8Gi`.
    pub memory: String,
}

impl NodeSpec {
    /// So many nodes of 4 CPUs and 8 GiB.
    pub fn several(count: usize) -> Vec<Self> {
        (1..=count)
            .map(|it| Self {
                name: format!("node-{it}"),
                cpu: "4".to_owned(),
                memory: "8Gi".to_owned(),
            })
            .collect()
    }
}

impl Default for Options {
    fn default() -> Self {
        let nodes = NodeSpec::several(3);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            speed: 1.0,
            nodes,
            audit_log: None,
            generated: None,
        }
    }
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    store: Store,
    server: server::Server,
    controllers: controllers::Controllers,
}

/// Starts a cluster on the current runtime.
pub async fn start(options: Options) -> anyhow::Result<Sandbox> {
    let store = Store::new();
    let audit = match &options.audit_log {
        Some(path) => Audit::to_file(path)
            .with_context(|| format!("the audit log {} cannot be written", path.display()))?,
        None => Audit::default(),
    };
    let controllers = match options.generated {
        Some(size) => {
            let objects = generated::objects(size, jiff::Timestamp::now());
            for (plural, object) in objects {
                store.restore(plural, object);
            }
            controllers::Controllers::none()
        }
        None => controllers::start(&store, options.speed, &options.nodes),
    };
    let server = server::start(options.listen, Api::new(store.clone(), audit))
        .with_context(|| format!("nothing can listen on {}", options.listen))?;
    Ok(Sandbox { store, server, controllers })
}

impl Sandbox {
    /// Where the API is.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// A kubeconfig that leads to this cluster.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\n\
             clusters:\n- name: sandbox\n  cluster: {{server: \"{}\"}}\n\
             users:\n- name: sandbox\n  user: {{}}\n\
             contexts:\n- name: sandbox\n  context: {{cluster: sandbox, user: sandbox}}\n",
            self.url()
        )
    }

    /// The objects of the cluster.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// What moves the cluster, and where images are added.
    pub fn controllers(&self) -> &controllers::Controllers {
        &self.controllers
    }

    /// Ends the cluster; nothing of it is kept.
    pub async fn stop(self) {
        self.controllers.stop();
        self.server.handle.stop(false).await;
    }
}
