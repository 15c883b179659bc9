//! Asks the registry of an image that is not there which tags it has: only the registries that a setting names, without
//! credentials, and bounded in time, size and number.
//!
//! The name of an image is hostile text. It chooses among the registries that the operator allows and goes into the
//! path of a request where it is a name by the distribution specification; it never says who is asked.

mod setting;
mod name;
mod challenge;
mod page;
mod ask;
mod kept;

use std::sync::Arc;
use std::time::Duration;

pub use ask::AskError;
pub use setting::{BadRegistry, Registries as Allowed};

use kept::{Kept, Silent};
use name::Name;
use setting::Registry;

/// How long a question may take, with its token and all pages.
pub const LIMIT: Duration = Duration::from_secs(5);

/// The tags of one repository, as its registry lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// At most 2,000.
    pub tags: Vec<String>,
    /// Whether these are all.
    pub whole: bool,
}

/// The registries that may be asked.
pub struct Registries {
    allowed: Allowed,
    client: reqwest::Client,
    kept: Kept,
    silent: Silent,
    limit: Duration,
}

impl Registries {
    /// Those that the settings name; `None` where they name none, so that nothing is ever asked.
    pub fn configured(allowed: &Allowed) -> reqwest::Result<Option<Self>> {
        if allowed.is_empty() { Ok(None) } else { Self::new(allowed.clone(), LIMIT).map(Some) }
    }

    /// These, each of which has so long for an answer.
    pub fn new(allowed: Allowed, limit: Duration) -> reqwest::Result<Self> {
        let client = service::client::http(limit)?;
        Ok(Self { allowed, client, kept: Kept::default(), silent: Silent::default(), limit })
    }

    /// What the registry of this image lists; `None` where it may not be asked or does not answer.
    pub async fn tags_of(&self, image: &str) -> Option<Arc<Listed>> {
        let name = Name::of(image)?;
        let registry = self.allowed.get(&name.host)?;
        let key = format!("{}/{}", name.host, name.path);
        self.kept.get_or(&key, self.ask(registry, &name)).await
    }

    /// Asks, unless it was silent just now: then not every repository of it is to be waited for.
    async fn ask(&self, registry: &Registry, name: &Name) -> Option<Listed> {
        if self.silent.counts(&name.host) {
            return None;
        }
        let asked = ask::tags(&self.client, registry, &name.path);
        let answer = match tokio::time::timeout(self.limit, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(AskError::Late(self.limit)),
        };
        let error = match answer {
            Ok(listed) => return Some(listed),
            Err(error) => error,
        };
        if error.is_silence() {
            self.silent.note(&name.host);
        }
        let words = service::telemetry::chain(&error);
        tracing::info!(registry = name.host, error = words, "a registry does not list its tags");
        None
    }
}
