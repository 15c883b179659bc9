//! The settings of reflexion: flags, each with an environment variable.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Follows agents, chooses fixes by experience, and remembers what came of them.
#[derive(Debug, Clone, Parser)]
#[command(name = "reflexion", version, about, max_term_width = 100)]
pub struct Config {
    /// Where to listen. Beyond loopback this needs --tokens-file.
    #[arg(long, env = "REFLEXION_LISTEN", default_value = "127.0.0.1:8000")]
    pub listen: SocketAddr,

    /// The agents, one a cluster, separated by commas. `GO_SERVICE_URL` is read when this is not set.
    #[arg(long, env = "AGENT_URL", value_delimiter = ',', value_name = "URL", value_parser = address)]
    pub agent_url: Vec<String>,

    /// The older name of `AGENT_URL`.
    #[arg(long, env = "GO_SERVICE_URL", value_delimiter = ',', value_name = "URL", value_parser = address, hide = true)]
    pub go_service_url: Vec<String>,

    /// A file that holds the token for the agents.
    #[arg(long, env = "AGENT_TOKEN_FILE", value_name = "FILE")]
    pub agent_token_file: Option<PathBuf>,

    /// Where the knowledge base is kept.
    #[arg(long, env = "REFLEXION_DATA", value_name = "DIR", default_value = "./reflexion-data")]
    pub data: PathBuf,

    /// How much to think about outcomes: shallow (rules), medium, deep. Without it, what was last chosen over
    /// HTTP, or else medium.
    #[arg(long, env = "REFLECTION_DEPTH", default_value = "", hide_default_value = true, value_parser = depth)]
    pub depth: String,

    /// The key of the model's endpoint. Without key and base URL there is no model, only rules.
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true, hide = true)]
    pub openai_api_key: Option<SecretString>,

    /// An OpenAI-compatible endpoint, such as `http://127.0.0.1:11434/v1`.
    #[arg(long, env = "OPENAI_BASE_URL", value_name = "URL", value_parser = address)]
    pub openai_base_url: Option<String>,

    /// The model's name there.
    #[arg(long, env = "OPENAI_MODEL", default_value = "gpt-4.1-mini")]
    pub openai_model: String,

    /// How often the model may be asked in an hour.
    #[arg(long, env = "REFLEXION_MODEL_CALLS_PER_HOUR", default_value_t = 20)]
    pub model_calls_per_hour: u32,

    /// Who may call: one `role name token` a line, role read, order, act or admin.
    #[arg(long, env = "REFLEXION_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,

    /// Listen beyond loopback without tokens. Everybody who can reach it may do everything.
    #[arg(long, env = "REFLEXION_ALLOW_INSECURE_LISTEN")]
    pub allow_insecure_listen: bool,

    /// Whether to heal incidents as the agents publish them. `false` heals only what is asked for.
    #[arg(long, env = "REFLEXION_FOLLOW", default_value_t = true, action = clap::ArgAction::Set)]
    pub follow: bool,

    /// Ask the reflexion that listens there whether it is healthy, and exit: for a container's health check.
    #[arg(long)]
    pub healthcheck: bool,
}

/// Where an agent is when nothing is said.
const DEFAULT_AGENT: &str = "http://127.0.0.1:8080";

impl Config {
    /// The agents' addresses, without trailing slashes and without repeats.
    pub fn agents(&self) -> Vec<String> {
        let named = if self.agent_url.is_empty() { &self.go_service_url } else { &self.agent_url };
        let mut res: Vec<String> = vec![];
        for url in named.iter().map(|it| it.trim().trim_end_matches('/')) {
            if !url.is_empty() && !res.iter().any(|it| it == url) {
                res.push(url.to_owned());
            }
        }
        if res.is_empty() { vec![DEFAULT_AGENT.to_owned()] } else { res }
    }

    /// The depth that somebody set; it wins over what was chosen while running.
    pub fn set_depth(&self) -> Option<Depth> {
        self.depth.parse().ok()
    }

    /// Whether a model is configured: an own endpoint may need no key.
    pub fn has_model(&self) -> bool {
        let set = |it: &Option<String>| it.as_ref().is_some_and(|it| !it.trim().is_empty());
        let key = self.openai_api_key.as_ref().is_some_and(|it| {
            use secrecy::ExposeSecret;
            !it.expose_secret().trim().is_empty()
        });
        key || set(&self.openai_base_url)
    }
}

/// An `http` or `https` address with a host, or nothing at all: containers set empty variables.
fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let next = "give one such as http://127.0.0.1:8080 or https://agent.example";
    let url = reqwest::Url::parse(text).map_err(|it| format!("it is no address: {it}; {next}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is neither http nor https; {next}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a name or a password, which would be logged; give a token or key file instead".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("paths are put behind it, so it cannot have a `?` or `#`; {next}"));
    }
    Ok(text.to_owned())
}

/// A depth, or nothing at all.
fn depth(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Ok(String::new()) } else { Depth::from_str(text).map(|it| it.to_string()) }
}

/// How much to think about outcomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Rules only; the model is never asked.
    Shallow,
    /// The model where no record is strong enough, and on failures and surprises.
    #[default]
    Medium,
    /// Also a look back over the newest episodes, every 20.
    Deep,
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shallow => "shallow",
            Self::Medium => "medium",
            Self::Deep => "deep",
        })
    }
}

impl FromStr for Depth {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "shallow" => Ok(Self::Shallow),
            "medium" => Ok(Self::Medium),
            "deep" => Ok(Self::Deep),
            other => Err(format!("`{other}` is not shallow, medium or deep")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Config::try_parse_from([&["reflexion"], arguments].concat()).unwrap()
    }

    #[test]
    fn the_older_name_of_the_agent_is_read_when_the_newer_is_not_set() {
        assert_eq!(config(&["--go-service-url", "http://a:1/"]).agents(), ["http://a:1"]);
        let both =
            config(&["--go-service-url", "http://a:1", "--agent-url", "http://b:2,http://b:2/"]);
        assert_eq!(both.agents(), ["http://b:2"]);
    }

    #[test]
    fn a_key_or_an_endpoint_is_a_model_and_an_empty_one_is_not() {
        assert!(config(&["--openai-api-key", "sk-x"]).has_model());
        assert!(config(&["--openai-base-url", "http://127.0.0.1:1/v1"]).has_model());
        assert!(!config(&["--openai-api-key", ""]).has_model());
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", config(&["--openai-api-key", "sk-secret"]));

        assert!(!shown.contains("sk-secret"), "{shown}");
    }

    #[test]
    fn an_address_that_is_none_is_refused_at_the_start_with_what_to_give() {
        let refused = |arguments: &[&str]| {
            let all = [&["reflexion"], arguments].concat();
            Config::try_parse_from(all).unwrap_err().to_string()
        };
        for (flag, value, words) in [
            ("--agent-url", "not a url", "it is no address"),
            ("--agent-url", "http://a:1,127.0.0.1:8080", "it is no address"),
            ("--agent-url", "ftp://a", "neither http nor https"),
            ("--agent-url", "http://", "it is no address"),
            ("--agent-url", "http://name:secret@a", "would be logged"),
            ("--go-service-url", "localhost:8080", "neither http nor https"),
            ("--openai-base-url", "ftp://x", "neither http nor https"),
            ("--openai-base-url", "http://x/v1?key=1", "cannot have a `?`"),
        ] {
            let text = refused(&[flag, value]);
            assert!(text.contains(flag) && text.contains(words), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_one_or_is_not_given_is_let_through() {
        assert_eq!(config(&["--agent-url", ""]).agents(), [DEFAULT_AGENT]);
        assert_eq!(
            config(&["--agent-url", "https://a.example/k8s/"]).agents(),
            ["https://a.example/k8s"]
        );
        assert!(!config(&["--openai-base-url", ""]).has_model());
        assert!(config(&["--openai-base-url", "http://[::1]:11434/v1"]).has_model());
    }

    #[test]
    fn a_depth_is_set_only_when_somebody_set_it() {
        assert_eq!(config(&[]).set_depth(), None);
        assert_eq!(config(&["--depth", ""]).set_depth(), None);
        assert_eq!(config(&["--depth", "deep"]).set_depth(), Some(Depth::Deep));
        assert!(Config::try_parse_from(["reflexion", "--depth", "bottomless"]).is_err());
    }
}
