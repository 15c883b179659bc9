//! `agent scan`: what is wrong, told once, on the terminal or to a program.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use diagnosis::Redactor;
use service::health::{NotReady, Probes};
use types::{ScanRequest, ScanResponse, Severity, Suppression, Suppressions};

use super::screen::Screen;
use super::table::table;
use crate::Agent;
use crate::cluster::{self, KubeCluster, WATCHED, Watching};
use crate::k8sgpt::{K8sgpt, looked_up};
use crate::scan::{BadScan, Stage, understood};
use crate::secret_key;

/// The exit code where something could not be read, and the rest is well: what was not seen is not healthy.
const UNREAD: u8 = 1;
/// The exit code where the question asks for nothing that there is, as of a command line that is wrong.
const BAD_QUESTION: u8 = 2;
/// The exit code where the worst that was found is a warning.
const WARNINGS: u8 = 3;
/// The exit code where something critical was found.
const CRITICAL: u8 = 4;
/// A scan that is done sooner needs no progress line.
const LONG: Duration = Duration::from_secs(1);
/// How often the line says how far the watches are.
const OFTEN: Duration = Duration::from_millis(300);
/// Clears the line and goes back to its beginning.
const CLEAR: &str = "\r\x1b[2K";

/// What is scanned, and how it is told.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit code: 0 nothing but notices and what is accepted, 3 warnings, 4 something critical,\n\
    1 the cluster, or a kind of objects in it, could not be read and nothing worse was found,\n\
    2 the command line is wrong, or there is no such namespace."
)]
pub struct ScanArguments {
    /// Only this namespace; objects without a namespace are told where they explain something in it.
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Only objects of these kinds, as in a manifest or as kubectl takes them: Deployment,svc,pvc
    #[arg(long, short, value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// Only objects with these labels, as kubectl takes them: app=web,tier!=db
    #[arg(long, short, value_name = "SELECTOR", default_value = "")]
    pub labels: String,
    /// Also tell what a reviewer would point at, although nothing suffers.
    #[arg(long)]
    pub notices: bool,
    /// Show what mends a finding, where the facts leave one candidate, as patches of a kustomization. Nothing is
    /// written.
    #[arg(long)]
    pub patches: bool,
    /// How it is told.
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub output: Output,
    /// Findings that are accepted (YAML or JSON): what GET /api/v1/suppressions of an agent answers.
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// The kubeconfig; without one, the service account of the pod that this runs in.
    #[arg(long, env = "KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The cluster's name, as it is told.
    #[arg(long, env = "CLUSTER_NAME", default_value = "default")]
    pub cluster: String,
    /// Keep the key of redaction there, so that the same secret gets the same mark every time.
    #[arg(long, env = "AGENT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Ask the `k8sgpt` that is in PATH as well, without a model.
    #[arg(long, conflicts_with = "k8sgpt_binary")]
    pub k8sgpt: bool,
    /// A `k8sgpt` that is asked as well, without a model. None is looked up without `--k8sgpt`.
    #[arg(long, env = "AGENT_K8SGPT_BINARY", value_name = "FILE")]
    pub k8sgpt_binary: Option<PathBuf>,
    /// How long the cluster may take to be read, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub timeout: u32,
}

/// How a scan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For a person.
    Table,
    /// The answer of POST /api/v1/scan.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The question asks for nothing that there is.
    #[error("{}{}{}", option(.0), .0, advice(.0))]
    Question(#[from] BadScan),
    /// There is no `k8sgpt` to be asked.
    #[error("--k8sgpt: there is no k8sgpt in PATH; name one with --k8sgpt-binary")]
    NoK8sgpt,
    /// The file of accepted findings cannot be read.
    #[error("--accepted: {path} cannot be read")]
    Accepted {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: anyhow::Error,
    },
    /// The key of redaction cannot be read or made.
    #[error("the key of redaction cannot be kept in {path}")]
    Key {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No cluster is configured.
    #[error(transparent)]
    Connect(#[from] cluster::ConnectError),
    /// The API server does not answer, or refuses.
    #[error(
        "the cluster at {url} cannot be read: {reason}; a scan reads the whole cluster: check the address and `kubectl auth can-i list pods -A`"
    )]
    Unread {
        /// Where the API server is.
        url: String,
        /// Which kind, and why.
        reason: NotReady,
    },
    /// It takes too long.
    #[error("the cluster at {url} was not read within {seconds} s; give more with --timeout")]
    TooLong {
        /// Where the API server is.
        url: String,
        /// How long it may take.
        seconds: u32,
    },
    /// Nobody reads what is told.
    #[error("standard output cannot be written")]
    Output(#[from] io::Error),
    /// The answer cannot be written as YAML or JSON.
    #[error("the answer cannot be written")]
    Format(#[source] anyhow::Error),
}

/// Which option is wrong.
fn option(bad: &BadScan) -> &'static str {
    match bad {
        BadScan::Labels(_) => "--labels: ",
        BadScan::Kind(_) => "--kinds: ",
        BadScan::Namespace(_) => "--namespace: ",
    }
}

/// How it is written.
fn advice(bad: &BadScan) -> &'static str {
    match bad {
        BadScan::Labels(_) => "; write it as kubectl takes it: app=web,tier!=db",
        BadScan::Kind(_) | BadScan::Namespace(_) => "",
    }
}

/// Scans once and tells.
pub async fn run(arguments: &ScanArguments) -> Result<ExitCode, ScanError> {
    let scan = match scan(arguments).await {
        Err(error @ (ScanError::Question(_) | ScanError::NoK8sgpt)) => {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "error: {error}");
            return Ok(ExitCode::from(BAD_QUESTION));
        }
        scan => scan?,
    };
    let told = match arguments.output {
        Output::Table => table(&scan, Screen::of_stdout(), arguments.patches),
        Output::Json => {
            serde_json::to_string_pretty(&scan).map_err(|it| ScanError::Format(it.into()))? + "\n"
        }
        Output::Yaml => {
            serde_yaml_ng::to_string(&scan).map_err(|it| ScanError::Format(it.into()))?
        }
    };
    super::print(&told)?;
    let code = exit_code(&scan);
    if code == UNREAD {
        let _ = writeln!(io::stderr(), "{}", not_read(&scan.unread));
    }
    Ok(ExitCode::from(code))
}

/// Why a scan that found nothing does not end like one of a cluster that is well.
fn not_read(unread: &[String]) -> String {
    let plain = unread.join("; ");
    let plain: String = plain.chars().filter(|it| !it.is_control()).collect();
    format!("not read: {plain}; so nobody knows whether all is well")
}

async fn scan(arguments: &ScanArguments) -> Result<ScanResponse, ScanError> {
    let request = ScanRequest {
        namespace: arguments.namespace.clone(),
        kinds: arguments.kinds.clone(),
        labels: arguments.labels.clone(),
        notices: arguments.notices,
    };
    // What is wrong with the question is said before the cluster is asked.
    understood(&request)?;
    let binary = k8sgpt_binary(arguments)?;
    let accepted = arguments.accepted.as_deref().map_or(Ok(vec![]), accepted)?;
    let key = key(arguments.data.as_deref())?;
    let clients = cluster::connect(arguments.kubeconfig.as_deref()).await?;
    let url = clients.url.clone();
    let progress = ProgressLine::default();
    let seconds = arguments.timeout;
    let limit = Duration::from_secs(u64::from(seconds));
    let work = async {
        let probes = Probes::waiting_for(WATCHED);
        let name = Arc::from(arguments.cluster.as_str());
        let Watching { cluster, caches, mut changes } = KubeCluster::watch(
            clients,
            name,
            cluster::Accounts::default(),
            probes.clone(),
            prometheus_client::metrics::counter::Counter::default(),
        );
        // The watches wait while nobody takes what they tell.
        let reader = tokio::spawn(async move { while changes.recv().await.is_some() {} });
        let unread = |reason| ScanError::Unread { url: url.clone(), reason };
        progress.follow(&probes).await.map_err(unread)?;
        let k8sgpt = K8sgpt::configured(binary, arguments.kubeconfig.clone());
        let agent = Agent {
            k8sgpt: k8sgpt.map(Arc::new),
            ..Agent::new(&arguments.cluster, cluster, Redactor::new(key))
        };
        let report = |stage| progress.show(stage);
        let scan = crate::scan::scan(&agent, &caches, &request, &accepted, &report).await?;
        reader.abort();
        Ok(scan)
    };
    let over = tokio::time::timeout(limit, work).await;
    progress.clear();
    over.unwrap_or_else(|_| Err(ScanError::TooLong { url: url.clone(), seconds }))
}

/// The `k8sgpt` that is named, or looked up where somebody says so.
fn k8sgpt_binary(arguments: &ScanArguments) -> Result<Option<PathBuf>, ScanError> {
    if !arguments.k8sgpt {
        return Ok(arguments.k8sgpt_binary.clone());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    looked_up(&path).map(Some).ok_or(ScanError::NoK8sgpt)
}

fn accepted(path: &Path) -> Result<Vec<Suppression>, ScanError> {
    let read = || -> anyhow::Result<Suppressions> {
        Ok(serde_yaml_ng::from_str(&std::fs::read_to_string(path)?)?)
    };
    let accepted =
        read().map_err(|source| ScanError::Accepted { path: path.to_owned(), source })?;
    Ok(accepted.suppressions)
}

fn key(data: Option<&Path>) -> Result<[u8; 32], ScanError> {
    let path = data.unwrap_or(Path::new("")).to_owned();
    let key = data.map_or_else(secret_key::random, secret_key::load_or_make);
    key.map_err(|source| ScanError::Key { path, source })
}

fn exit_code(scan: &ScanResponse) -> u8 {
    let told = scan.findings.iter().filter(|it| it.suppressed.is_none());
    match told.map(|it| it.severity).min() {
        Some(Severity::Critical) => CRITICAL,
        Some(Severity::Warning) => WARNINGS,
        Some(Severity::Notice) | None if !scan.unread.is_empty() => UNREAD,
        Some(Severity::Notice) | None => 0,
    }
}

/// How far a long scan is, on standard error while that is a terminal.
struct ProgressLine {
    started: Instant,
    is_shown: AtomicBool,
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self { started: Instant::now(), is_shown: AtomicBool::new(false) }
    }
}

impl ProgressLine {
    fn show(&self, stage: Stage) {
        if is_due(self.started.elapsed(), io::stderr().is_terminal()) {
            self.is_shown.store(true, Ordering::Relaxed);
            // Without a terminal there is nobody to tell.
            let _ = write!(io::stderr(), "{CLEAR}{}", line(stage));
        }
    }

    /// Shows how far the watches are, until all of them are.
    async fn follow(&self, probes: &Probes) -> Result<(), NotReady> {
        let mut ready = pin!(probes.until_ready());
        loop {
            match tokio::time::timeout(OFTEN, &mut ready).await {
                Ok(ready) => return ready,
                Err(_) => self.show(watching(probes)),
            }
        }
    }

    fn clear(&self) {
        if self.is_shown.load(Ordering::Relaxed) {
            let _ = write!(io::stderr(), "{CLEAR}");
        }
    }
}

/// Whether the line is worth it: the scan takes long, and somebody looks at it. What reads a pipe wants no such line.
fn is_due(elapsed: Duration, is_terminal: bool) -> bool {
    is_terminal && LONG <= elapsed
}

fn watching(probes: &Probes) -> Stage {
    let checks = probes.checks();
    Stage::Watching(checks.values().filter(|it| *it == "ok").count(), checks.len())
}

/// What a long scan is at, in one line.
fn line(stage: Stage) -> String {
    match stage {
        Stage::Watching(n, of) => {
            format!("reading the cluster: {n} of {of} kinds that are kept in memory")
        }
        Stage::Listing(n, of) => format!("reading the cluster: {n} of {of} other kinds"),
        Stage::Looking(n, of) => format!("looked at {n} of {of} workloads that seem wrong"),
    }
}

#[cfg(test)]
mod tests;
