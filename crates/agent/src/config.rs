//! The settings of the agent: flags, each with an environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use types::Mode;

/// Watches a Kubernetes cluster, explains what is wrong, and mends it under a policy.
#[derive(Debug, Clone, Parser)]
#[command(name = "agent", version, about, max_term_width = 100)]
pub struct Config {
    /// Where to listen. Beyond loopback this needs --tokens-file.
    #[arg(long, env = "AGENT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// The kubeconfig; without one, the service account of the pod that this runs in.
    #[arg(long, env = "KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// The cluster's name, carried by every incident and execution.
    #[arg(long, env = "CLUSTER_NAME", default_value = "default")]
    pub cluster: String,

    /// Where the journal and the redaction key are kept.
    #[arg(long, env = "AGENT_DATA", value_name = "DIR", default_value = "./agent-data")]
    pub data: PathBuf,

    /// What the agent may do when the journal knows no mode yet. A restart never re-arms.
    #[arg(long, env = "AGENT_MODE", default_value = "suggest")]
    pub mode: ModeSetting,

    /// The policy (YAML). Without one nothing is written unasked.
    #[arg(long, env = "AGENT_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Who may call: one `role name token` a line, role read, act or admin.
    #[arg(long, env = "AGENT_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,

    /// Listen beyond loopback without tokens. Everybody who can reach it may do everything.
    #[arg(long, env = "AGENT_ALLOW_INSECURE_LISTEN")]
    pub allow_insecure_listen: bool,

    /// How long health has to last before an incident is resolved or a fix counts, in seconds.
    #[arg(long, env = "AGENT_SETTLE_SECONDS", default_value_t = 20.0)]
    pub settle_seconds: f64,

    /// How long a fix may take to help before it is taken back, in seconds.
    #[arg(long, env = "AGENT_VERIFY_SECONDS", default_value_t = 180.0)]
    pub verify_seconds: f64,

    /// Ask the agent that listens there whether it is healthy, and exit: for a container's health check.
    #[arg(long)]
    pub healthcheck: bool,
}

/// [`Mode`] as a word on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeSetting {
    /// Sees and explains; writes nothing.
    Observe,
    /// Writes what a person approved.
    Suggest,
    /// Also writes what the policy allows unasked.
    Auto,
}

impl From<ModeSetting> for Mode {
    fn from(setting: ModeSetting) -> Self {
        match setting {
            ModeSetting::Observe => Self::Observe,
            ModeSetting::Suggest => Self::Suggest,
            ModeSetting::Auto => Self::Auto,
        }
    }
}

impl Config {
    /// How long health has to last before it counts.
    pub fn settle(&self) -> Duration {
        seconds(self.settle_seconds)
    }

    /// How long a fix may take to help.
    pub fn verify(&self) -> Duration {
        seconds(self.verify_seconds)
    }
}

/// A day at most: a setting beyond that is a slip of the finger, and NaN or negative means none.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, 86_400.0)).unwrap_or(Duration::ZERO)
}
