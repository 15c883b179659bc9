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

use kept::Kept;
use name::Name;

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
        Ok(Self { allowed, client, kept: Kept::default(), limit })
    }

    /// What the registry of this image lists; `None` where it may not be asked or does not answer.
    pub async fn tags_of(&self, image: &str) -> Option<Arc<Listed>> {
        let name = Name::of(image)?;
        let registry = self.allowed.get(&name.host)?;
        let ask = async {
            let asked = ask::tags(&self.client, registry, &name.path);
            let answer = match tokio::time::timeout(self.limit, asked).await {
                Ok(answer) => answer,
                Err(_) => Err(AskError::Late(self.limit)),
            };
            answer
                .inspect_err(|error| {
                    let error = service::telemetry::chain(error);
                    tracing::info!(
                        registry = name.host,
                        error,
                        "a registry does not list its tags"
                    );
                })
                .ok()
        };
        let key = format!("{}/{}", name.host, name.path);
        // A registry that hangs is not waited for by one workload after the other.
        let waited = tokio::time::timeout(self.limit, self.kept.get_or(&key, ask));
        waited.await.ok().flatten()
    }
}
