//! The settings of the agent: flags, each with an environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use remedy::Writer;
use types::Mode;

use crate::cluster::{Account, Accounts, LeaseName};
use crate::registry::Allowed;

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

    /// The service account that writes all but rollbacks, NAMESPACE/NAME: a token for it is asked for when something
    /// is to be written. Without one, the identity that reads writes too.
    #[arg(long, env = "AGENT_EXECUTOR", value_name = "ACCOUNT")]
    pub executor: Option<Account>,

    /// The service account that writes rollbacks, and nothing else, NAMESPACE/NAME. Without one, `restorer` beside
    /// the account of --executor.
    #[arg(long, env = "AGENT_RESTORER", value_name = "ACCOUNT")]
    pub restorer: Option<Account>,

    /// Where the stop object is looked for: a ConfigMap `k8s-reflexion-stop` stops all writing. The agent's own
    /// namespace in a pod, else k8s-reflexion.
    #[arg(long, env = "AGENT_STOP_NAMESPACE", value_name = "NAME")]
    pub stop_namespace: Option<String>,

    /// The Lease that replicas agree by who writes, NAMESPACE/NAME. Without one this is the only agent of the cluster.
    #[arg(long, env = "AGENT_LEASE", value_name = "LEASE")]
    pub lease: Option<LeaseName>,

    /// How long the holder of the Lease is believed when he is silent, in seconds, 2 to 60. The same for all replicas.
    #[arg(long, env = "AGENT_LEASE_SECONDS", default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(2..=60))]
    pub lease_seconds: u64,

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

    /// Who may call: one `role name token` a line, role read, order, act or admin.
    #[arg(long, env = "AGENT_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,

    /// Who knows callers: the tokens file alone, or the API server as well.
    #[arg(long, env = "AGENT_AUTH", default_value = "file")]
    pub auth: Auth,

    /// The audience that tokens have to be made for which the API server is asked for.
    #[arg(long, env = "AGENT_TOKEN_AUDIENCE", default_value = "k8s-reflexion-agent")]
    pub token_audience: String,

    /// Who is told what happens (YAML): webhooks, with their addresses and secrets.
    #[arg(long, env = "AGENT_HOOKS_FILE", value_name = "FILE")]
    pub hooks_file: Option<PathBuf>,

    /// Listen beyond loopback without tokens. Everybody who can reach it may do everything.
    #[arg(long, env = "AGENT_ALLOW_INSECURE_LISTEN")]
    pub allow_insecure_listen: bool,

    /// How long health has to last before an incident is resolved or a fix counts, in seconds.
    #[arg(long, env = "AGENT_SETTLE_SECONDS", default_value_t = 20.0)]
    pub settle_seconds: f64,

    /// How long a fix may take to help before it is taken back, in seconds.
    #[arg(long, env = "AGENT_VERIFY_SECONDS", default_value_t = 180.0)]
    pub verify_seconds: f64,

    /// How long a Service has to be without endpoints, or lead nowhere, before that is an incident, in seconds: what is
    /// installed or rolled out together comes one after the other.
    #[arg(long, env = "AGENT_SERVICE_PATIENCE_SECONDS", default_value_t = 45.0)]
    pub service_patience_seconds: f64,

    /// How many days the facts and the decision are kept of what was refused, turned down, only tried or undone; 0
    /// for ever.
    #[arg(long, env = "AGENT_JOURNAL_DAYS", default_value_t = 90)]
    pub journal_days: u16,

    /// A `k8sgpt` that every scan asks as well: `k8sgpt analyze`, without a model. None is looked up.
    #[arg(long, env = "AGENT_K8SGPT_BINARY", value_name = "FILE")]
    pub k8sgpt_binary: Option<PathBuf>,

    /// The registries that may be asked which tags they have, when an image is not there: hosts, separated by
    /// commas. None is ever asked without this.
    #[arg(long, env = "AGENT_REGISTRIES", value_name = "HOSTS", default_value = "")]
    pub registries: Allowed,

    /// Ask the agent that listens there whether it is healthy, and exit: for a container's health check.
    #[arg(long)]
    pub healthcheck: bool,
}

/// Who knows callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// The tokens file.
    File,
    /// The tokens file, and for other tokens the API server.
    #[value(name = "tokenreview")]
    TokenReview,
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

/// The shortest time that health can be judged over, in seconds.
const MIN_SETTLE_SECONDS: f64 = 0.05;

/// Why the settings do not go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PatienceError {
    /// Health that lasts no time is no health.
    #[error(
        "--settle-seconds {0} is too short to judge health over; give at least {MIN_SETTLE_SECONDS}, such as 20"
    )]
    Settle(f64),
    /// Then every fix would be taken back before it could count.
    #[error(
        "--verify-seconds {verify} is not longer than --settle-seconds {settle}, so that every fix would be taken \
         back before it could count; give more for --verify-seconds"
    )]
    Verify {
        /// How long health has to last.
        settle: f64,
        /// How long a fix may take.
        verify: f64,
    },
}

impl Config {
    /// Whether callers are authenticated.
    pub fn authenticates(&self) -> bool {
        self.tokens_file.is_some() || self.auth == Auth::TokenReview
    }

    /// The service accounts that write.
    pub fn accounts(&self) -> Accounts {
        let beside = |it: &Account| {
            let (namespace, name) = (it.namespace.clone(), Writer::Restorer.name().to_owned());
            Account { namespace, name }
        };
        let restorer = self.restorer.clone().or_else(|| self.executor.as_ref().map(beside));
        Accounts { executor: self.executor.clone(), restorer }
    }

    /// Refuses times under which no fix could ever count.
    pub fn check_patience(&self) -> Result<(), PatienceError> {
        let (settle, verify) = (self.settle_seconds, self.verify_seconds);
        if settle.is_nan() || settle < MIN_SETTLE_SECONDS {
            return Err(PatienceError::Settle(settle));
        }
        if self.settle() < self.verify() {
            Ok(())
        } else {
            Err(PatienceError::Verify { settle, verify })
        }
    }

    /// How long health has to last before it counts.
    pub fn settle(&self) -> Duration {
        seconds(self.settle_seconds)
    }

    /// How long a Service has to be in trouble before that is an incident.
    pub fn service_patience(&self) -> Duration {
        seconds(self.service_patience_seconds)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(settle: &str, verify: &str, words: Option<&str>) {
        let arguments = ["agent", "--settle-seconds", settle, "--verify-seconds", verify];
        let refused = Config::parse_from(arguments).check_patience().err().map(|it| it.to_string());
        let fits = match (words, &refused) {
            (Some(words), Some(refused)) => refused.contains(words),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        assert!(fits, "{settle} and {verify}: {refused:?}");
    }

    #[test]
    fn a_fix_has_more_time_to_help_than_health_has_to_last() {
        check("20", "180", None);
        check("0.2", "0.3", None);
        check("100", "10", Some("--verify-seconds 10 is not longer than --settle-seconds 100"));
        check("20", "20", Some("is not longer"));
        check("20", "NaN", Some("is not longer"));
    }

    #[test]
    fn health_has_to_last() {
        for settle in ["0", "0.01", "NaN"] {
            check(settle, "180", Some("is too short"));
        }
    }
}
