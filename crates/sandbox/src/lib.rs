//! A Kubernetes cluster in one process: API server, controllers, scheduler and kubelets, in memory.
//!
//! For demonstrations, for the gym, and for tests that want a whole cluster in milliseconds.
//! It is held to the same contract tests as a real API server.

pub mod resources;
pub mod status;
pub mod store;
pub mod controllers;
mod json;
mod admission;
mod defaults;
mod managed;

use std::net::SocketAddr;
use std::path::PathBuf;

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

impl Default for Options {
    fn default() -> Self {
        let nodes = (1..=3)
            .map(|it| NodeSpec {
                name: format!("node-{it}"),
                cpu: "4".to_owned(),
                memory: "8Gi".to_owned(),
            })
            .collect();
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), speed: 1.0, nodes, audit_log: None }
    }
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    store: Store,
}

impl Sandbox {
    /// The objects of the cluster.
    pub fn store(&self) -> Store {
        self.store.clone()
    }
}
