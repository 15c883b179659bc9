//! A `k8sgpt` that is asked as well: started with arguments that are ours, bounded in time and words, and ended
//! when nobody waits for it any more. It is the one program that the agent starts, and only where a setting names it;
//! who scans from a terminal may have it looked up.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use diagnosis::{K8sgptResult, Redactor};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::Semaphore;
use types::ScanRequest;

use crate::Agent;

/// How long an analysis may take: it reads the whole cluster through the API server.
const LIMIT: Duration = Duration::from_mins(1);
/// Bytes that it may say: a result is a few hundred, and a cluster has thousands at most.
const MAX_OUTPUT: u64 = 8 << 20;
/// Bytes of its complaints that are read.
const MAX_COMPLAINT: u64 = 64 << 10;
/// Characters of a complaint that are shown.
const MAX_SHOWN: usize = 200;
/// What it may see of our environment, beside the kubeconfig: where it is at home, how to find the programs that a
/// kubeconfig names for credentials, and how to reach the API server.
const PASSED_ON: [&str; 10] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
];

/// A `k8sgpt` that a setting names.
pub struct K8sgpt {
    binary: PathBuf,
    kubeconfig: Option<PathBuf>,
    limit: Duration,
    /// One at a time: each reads the whole cluster.
    turn: Semaphore,
}

/// Why it has nothing to say.
#[derive(Debug, thiserror::Error)]
pub enum K8sgptError {
    /// It cannot be started.
    #[error("k8sgpt: it cannot be started: {0}")]
    Start(#[source] std::io::Error),
    /// It was started, and then not heard.
    #[error("k8sgpt: what it says cannot be read: {0}")]
    Read(#[source] std::io::Error),
    /// It takes too long.
    #[error("k8sgpt: no answer for {} seconds", .0.as_secs_f64())]
    Late(Duration),
    /// It says too much.
    #[error("k8sgpt: more than {MAX_OUTPUT} bytes")]
    Endless,
    /// It ended with an error.
    #[error("k8sgpt: it ended with {0}{1}")]
    Failed(ExitStatus, String),
    /// What it says is no analysis.
    #[error("k8sgpt: what it says is no analysis: {0}")]
    Rubbish(#[source] serde_json::Error),
}

/// What it reports about what is scanned; nothing where none is configured.
pub async fn reports(
    agent: &Agent,
    request: &ScanRequest,
) -> Result<Vec<K8sgptResult>, K8sgptError> {
    match &agent.k8sgpt {
        Some(it) => it.analyze(request.namespace.as_deref(), &agent.redactor).await,
        None => Ok(vec![]),
    }
}

/// The first `k8sgpt` in these folders, as `PATH` lists them. A folder that is not named from the root on is passed
/// over: what lies where somebody happens to be is never started.
pub fn looked_up(path: &OsStr) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).filter(|it| it.is_absolute());
    let is_program = |it: &PathBuf| {
        std::fs::metadata(it).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    folders.map(|it| it.join("k8sgpt")).find(is_program)
}

impl K8sgpt {
    /// The one that the settings name, which reads with this kubeconfig.
    pub fn configured(binary: Option<PathBuf>, kubeconfig: Option<PathBuf>) -> Option<Self> {
        binary.map(|it| Self::new(it, kubeconfig, LIMIT))
    }

    /// This one, which has so long for an answer. A path that is none of a file is not looked up anywhere.
    pub fn new(binary: PathBuf, kubeconfig: Option<PathBuf>, limit: Duration) -> Self {
        let binary = std::path::absolute(&binary).unwrap_or(binary);
        Self { binary, kubeconfig, limit, turn: Semaphore::new(1) }
    }

    /// What it finds in a namespace, or in the whole cluster.
    pub async fn analyze(
        &self,
        namespace: Option<&str>,
        redactor: &Redactor,
    ) -> Result<Vec<K8sgptResult>, K8sgptError> {
        let run = tokio::time::timeout(self.limit, self.run(namespace)).await;
        let ended = run.map_err(|_| K8sgptError::Late(self.limit))??;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.complaint);
            return Err(K8sgptError::Failed(ended.status, last_line(&said, redactor)));
        }
        K8sgptResult::of_analysis(&ended.output).map_err(K8sgptError::Rubbish)
    }

    /// Dropped, it takes the process with it.
    async fn run(&self, namespace: Option<&str>) -> Result<Ended, K8sgptError> {
        // Closed it never is.
        let _turn = self.turn.acquire().await;
        let mut command = Command::new(&self.binary);
        command.args(["analyze", "--output", "json"]);
        // One argument, so that a name is never taken for a flag.
        command.args(namespace.map(|it| format!("--namespace={it}")));
        command.env_clear().envs(self.environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().map_err(K8sgptError::Start)?;
        let (output, complaint) = tokio::try_join!(
            all(child.stdout.take(), MAX_OUTPUT),
            all(child.stderr.take(), MAX_COMPLAINT),
        )
        .map_err(K8sgptError::Read)?;
        if MAX_OUTPUT <= output.len() as u64 {
            // It would wait for somebody who reads on.
            return Err(K8sgptError::Endless);
        }
        let status = child.wait().await.map_err(K8sgptError::Read)?;
        Ok(Ended { status, output, complaint })
    }

    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let ours = PASSED_ON.iter().filter_map(|it| Some((*it, std::env::var_os(it)?)));
        let kubeconfig = self.kubeconfig.iter().map(|it| ("KUBECONFIG", it.clone().into()));
        ours.chain(kubeconfig).collect()
    }
}

/// How it ended and what it said.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    complaint: Vec<u8>,
}

/// So many bytes of a stream; what comes after them is not read.
async fn all(stream: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    if let Some(stream) = stream {
        stream.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// `: the last line that says something`, redacted before it is cut.
fn last_line(said: &str, redactor: &Redactor) -> String {
    let said = redactor.redact(said);
    let line = said.lines().rev().map(str::trim).find(|it| !it.is_empty());
    let shown = |it: &str| it.chars().filter(|it| !it.is_control()).take(MAX_SHOWN).collect();
    line.map(shown).map_or_else(String::new, |it: String| format!(": {it}"))
}
