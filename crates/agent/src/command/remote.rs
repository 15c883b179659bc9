//! The running agent, asked from the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::Problem;

/// How long the agent may take: who presses a stop button does not wait.
const LIMIT: Duration = Duration::from_secs(10);

/// Where the running agent is, and as whom it is asked.
#[derive(Debug, Clone, Args)]
pub struct Remote {
    /// Where it listens.
    #[arg(long, env = "AGENT_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub agent: String,
    /// A file that holds a token: role admin to set the mode, read to be told something.
    #[arg(long, env = "AGENT_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Why the agent did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum RemoteError {
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

impl Remote {
    /// Asks it for something.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RemoteError> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Sends it something.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RemoteError> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, RemoteError> {
        let url = format!("{}{path}", self.agent.trim_end_matches('/'));
        let silent = |source| RemoteError::Silent { url: self.agent.clone(), source };
        let mut request = service::client::http(LIMIT).map_err(silent)?.request(method, &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(path) = &self.token_file {
            let token = std::fs::read_to_string(path)
                .map_err(|source| RemoteError::Token { path: path.clone(), source })?;
            request = request.bearer_auth(token.trim());
        }
        let response = request.send().await.map_err(silent)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(silent)?;
        serde_json::from_str(&text).map_err(|_| {
            let problem = serde_json::from_str::<Problem>(&text);
            let detail = problem.map_or_else(|_| "no words".to_owned(), |it| it.detail);
            RemoteError::Refused { status, detail: super::screen::harmless(&detail) }
        })
    }
}
