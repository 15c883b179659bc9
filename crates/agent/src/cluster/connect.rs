//! How the cluster is found and which clients talk to it.

use std::path::Path;
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Who we are in the API server's audit log.
const OWN_NAME: &str = concat!("k8s-reflexion-agent/", env!("CARGO_PKG_VERSION"));

/// The two clients: watches may retry by themselves, requests may not.
#[derive(Clone)]
pub struct Clients {
    /// For watches: busy answers are retried below us, silence is judged by the watch.
    pub(super) watching: Client,
    /// For reads and writes: exactly one request for each call, so that a write is never repeated unseen.
    pub(super) asking: Client,
    /// What `asking` was made from.
    pub(super) config: Config,
    /// Where the API server is.
    pub url: String,
}

/// Why the cluster's address and credential are not known. That is a mistake of configuration: an API
/// server that does not answer is none.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig {path} cannot be used")]
    Kubeconfig {
        /// The file, or the list of files.
        path: String,
        /// Why.
        #[source]
        source: kube::config::KubeconfigError,
    },
    /// There is no kubeconfig, and this is no pod.
    #[error("no cluster is configured: give --kubeconfig, or run in a pod with a service account")]
    Nowhere(#[source] kube::config::InferConfigError),
    /// The clients cannot be made.
    #[error("no client can be made for {url}")]
    Client {
        /// Where the API server is.
        url: String,
        /// Why.
        #[source]
        source: Box<kube::Error>,
    },
}

/// Makes the clients. No request is sent yet.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Clients, ConnectError> {
    service::client::install_crypto();
    let mut config = match kubeconfig {
        Some(paths) => from_files(paths).await?,
        None => Config::infer().await.map_err(ConnectError::Nowhere)?,
    };
    config.connect_timeout = Some(CONNECT);
    config.headers.push((USER_AGENT, HeaderValue::from_static(OWN_NAME)));
    let url = config.cluster_url.to_string();
    let client = |config| {
        Client::try_from(config)
            .map_err(|it| ConnectError::Client { url: url.clone(), source: Box::new(it) })
    };
    let watching = client(config.clone())?;
    config.default_retry = false;
    Ok(Clients { watching, asking: client(config.clone())?, config, url })
}

/// `KUBECONFIG` may be a list of files, as for `kubectl`.
async fn from_files(paths: &Path) -> Result<Config, ConnectError> {
    let unusable = |source| ConnectError::Kubeconfig { path: paths.display().to_string(), source };
    let mut merged = Kubeconfig::default();
    for path in std::env::split_paths(paths).filter(|it| !it.as_os_str().is_empty()) {
        let next = Kubeconfig::read_from(&path).map_err(unusable)?;
        merged = merged.merge(next).map_err(unusable)?;
    }
    Config::from_custom_kubeconfig(merged, &KubeConfigOptions::default()).await.map_err(unusable)
}
