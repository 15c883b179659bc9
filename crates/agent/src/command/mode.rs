//! `agent mode`: the stop button on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use types::wire::ModeBody;
use types::{Mode, Problem};

use crate::config::ModeSetting;

/// How long the agent may take: who presses a stop button does not wait.
const LIMIT: Duration = Duration::from_secs(10);

/// What the running agent may do.
#[derive(Debug, Clone, Args)]
pub struct ModeArguments {
    /// What it may do from now on; without it, what it may do now is said.
    pub mode: Option<ModeSetting>,
    /// Why, for the journal; `auto` wants it.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Where it listens.
    #[arg(long, env = "AGENT_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub agent: String,
    /// A file that holds a token with the role admin, or read to be told the mode.
    #[arg(long, env = "AGENT_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Why the mode is not as it was wished.
#[derive(Debug, thiserror::Error)]
pub enum ModeError {
    /// The token cannot be read.
    #[error("the token file {path} cannot be read")]
    Token {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No answer.
    #[error(
        "the agent at {url} does not answer; to stop it all the same: `kubectl create configmap k8s-reflexion-stop` in its namespace"
    )]
    Silent {
        /// Where it should be.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It says no.
    #[error("the agent refuses ({status}): {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words.
        detail: String,
    },
}

/// Sets or reads the mode, and says what it is then.
pub(super) async fn run(arguments: &ModeArguments) -> anyhow::Result<()> {
    let body = ask(arguments).await?;
    Ok(super::print(&format!("{}\n", body.mode))?)
}

async fn ask(arguments: &ModeArguments) -> Result<ModeBody, ModeError> {
    let url = format!("{}/api/v1/mode", arguments.agent.trim_end_matches('/'));
    let silent = |source| ModeError::Silent { url: arguments.agent.clone(), source };
    let http = service::client::http(LIMIT).map_err(silent)?;
    let mut request = match arguments.mode.map(Mode::from) {
        Some(mode) => http.put(&url).json(&ModeBody { mode, reason: arguments.reason.clone() }),
        None => http.get(&url),
    };
    if let Some(path) = &arguments.token_file {
        let token = std::fs::read_to_string(path)
            .map_err(|source| ModeError::Token { path: path.clone(), source })?;
        request = request.bearer_auth(token.trim());
    }
    let response = request.send().await.map_err(silent)?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(silent)?;
    serde_json::from_str(&text).map_err(|_| {
        let problem = serde_json::from_str::<Problem>(&text);
        let detail = problem.map_or_else(|_| "no words".to_owned(), |it| it.detail);
        ModeError::Refused { status, detail: super::screen::harmless(&detail) }
    })
}
