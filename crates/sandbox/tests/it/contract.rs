//! What a Kubernetes API server and its cluster owe to a client.
//!
//! Each claim is one test over a [`cluster::Cluster`] and runs twice: against a sandbox, and against
//! the cluster of `KUBECONFIG_LIVE` when that is set. Where the two differ, the sandbox is wrong.

mod cluster;
mod answer;
mod workload;
mod discovery;
mod reading;
mod watching;
mod creating;
mod updating;
mod patching;
mod applying;
mod deleting;
mod scaling;
mod resizing;
mod evicting;
mod logs;
mod events;
mod images;
mod crashes;
mod probes;
mod placing;
mod rollouts;
mod jobs;
mod services;
mod kubectl;
