//! Logs: one line an event, JSON for machines or text for people.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged when `RUST_LOG` says nothing: our own words, and the warnings of others. Not those of the
/// Kubernetes client: it logs whole answers that it cannot read, and every failure once more than we do. Nor those of
/// the connections to us: what a client sends that is no HTTP is no error of ours.
const DEFAULT_FILTER: &str = "warn,kube_client=off,kube_runtime=off,actix_http::h1=off,agent=info,reflexion=info,sandbox=info,service=info";
/// It logs whole replies of a model that it cannot read. Silent unless `RUST_LOG` names it.
const MODEL_CLIENT: &str = "async_openai";

/// Starts logging to standard error. A second call in the same process changes nothing.
///
/// `LOG_FORMAT` is `json` or `text`; without it a terminal gets text and a file gets JSON. Control
/// characters in values are escaped in both, so that text from a cluster cannot forge a line.
pub fn init() {
    let filter = filter(std::env::var("RUST_LOG").ok().as_deref());
    let json = match std::env::var("LOG_FORMAT").as_deref() {
        Ok("json") => true,
        Ok("text") => false,
        Ok(_) | Err(_) => !std::io::stderr().is_terminal(),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
        registry.with(layer.with_writer(std::io::stderr)).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer().with_target(false);
        registry.with(layer.with_writer(std::io::stderr)).try_init()
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

/// What is logged when `RUST_LOG` says this; what cannot be read says nothing.
fn filter(said: Option<&str>) -> EnvFilter {
    let said = said.filter(|it| !it.trim().is_empty());
    let words = said.unwrap_or(DEFAULT_FILTER);
    if words.contains(MODEL_CLIENT) {
        return EnvFilter::try_new(words).unwrap_or_else(|_| filter(None));
    }
    EnvFilter::try_new(format!("{words},{MODEL_CLIENT}=off")).unwrap_or_else(|_| filter(None))
}

/// An error and all that led to it, in one line. What an error repeats of its source is said once.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !words.ends_with(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no connection")]
    struct Cause;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("no answer: {0}")]
        Repeats(#[source] Cause),
        #[error("no answer")]
        DoesNot(#[source] Cause),
    }

    #[test]
    fn a_models_replies_are_not_logged_by_its_client_unless_somebody_asks_for_it() {
        for said in
            [None, Some(""), Some("info"), Some("reflexion=debug,warn"), Some("=,=,nonsense[")]
        {
            assert!(filter(said).to_string().contains("async_openai=off"), "{said:?}");
        }
        assert!(!filter(Some("async_openai=error")).to_string().contains("async_openai=off"));
    }

    #[test]
    fn a_cause_is_said_once() {
        assert_eq!(chain(&Outer::Repeats(Cause)), "no answer: no connection");
        assert_eq!(chain(&Outer::DoesNot(Cause)), "no answer: no connection");
    }
}
