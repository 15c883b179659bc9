//! The agent: the only process with a cluster credential. It watches, explains, offers, and mends.

pub mod config;
pub mod cluster;
pub mod incidents;
pub mod fix;
pub mod http;

use std::sync::Arc;

use cluster::Cluster;
use diagnosis::Redactor;
use incidents::{Feed, Incidents};

/// What all parts of the process share. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    /// The cluster's name, carried by everything that leaves the process.
    pub name: Arc<str>,
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// The incidents of this life of the process.
    pub incidents: Arc<Incidents>,
    /// Where incidents and executions are published.
    pub feed: Arc<Feed>,
    /// Takes secrets out of every text on its way out.
    pub redactor: Redactor,
}
