//! One hook: a bounded queue, and the deliveries from it, one after the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use sha2::Sha256;
use tokio::sync::Notify;

use super::event::Event;
use super::settings::HookSetting;
use crate::measures::HookMeasures;

/// What waits for a hook that does not answer; the oldest is forgotten first.
const WAITING: usize = 256;
/// How long one try may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The first pause before an event is sent again; it doubles, and is drawn a little longer.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_mins(1);
/// How often an event is sent again: some five minutes in all.
const RETRIES: usize = 10;
/// The header of the signature: `sha256=` and the HMAC of the body (RFC 2104) in hexadecimal.
const SIGNATURE: &str = "X-K8s-Reflexion-Signature";
/// The header that names what happened.
const EVENT: &str = "X-K8s-Reflexion-Event";

/// Why an event was not taken. Without the address, which may be a secret.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("status {0}")]
    Status(u16),
    #[error("{0}")]
    Silent(String),
}

impl Refused {
    /// Whether it may be taken later.
    fn is_passing(&self) -> bool {
        match self {
            Self::Silent(_) | Self::Status(408 | 425 | 429 | 500..=599) => true,
            Self::Status(_) => false,
        }
    }
}

/// One hook.
pub(super) struct Hook {
    setting: HookSetting,
    waiting: Mutex<VecDeque<Arc<Event>>>,
    news: Notify,
    measures: HookMeasures,
}

impl Hook {
    pub(super) fn new(setting: HookSetting, measures: HookMeasures) -> Self {
        Self { setting, waiting: Mutex::default(), news: Notify::new(), measures }
    }

    /// Takes an event on. Never waits.
    pub(super) fn put(&self, event: &Arc<Event>) {
        if self.setting.events.as_ref().is_some_and(|it| !it.contains(&event.kind)) {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == WAITING {
            waiting.pop_front();
            self.measures.dropped();
        }
        waiting.push_back(Arc::clone(event));
        drop(waiting);
        self.news.notify_one();
    }

    /// Delivers one event after the other.
    pub(super) async fn deliver(self: Arc<Self>) {
        let client = match service::client::http(LIMIT) {
            Ok(client) => client,
            Err(error) => {
                let error = service::telemetry::chain(&error.without_url());
                tracing::error!(error, "no client for webhooks can be made");
                return;
            }
        };
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                Some(event) => self.deliver_one(&client, &event).await,
                None => self.news.notified().await,
            }
        }
    }

    async fn deliver_one(&self, client: &reqwest::Client, event: &Event) {
        let body = event.body(self.setting.format);
        let patience = ExponentialBuilder::default()
            .with_min_delay(PAUSE)
            .with_max_delay(MAX_PAUSE)
            .with_max_times(RETRIES)
            .with_jitter();
        let send = || self.send(client, event, body.clone());
        let sent =
            send.retry(patience).when(Refused::is_passing).notify(|_, _| self.measures.failed());
        match sent.await {
            Ok(()) => self.measures.sent(),
            Err(error) => {
                self.measures.given_up();
                let (hook, event) = (&self.setting.place, event.kind.as_str());
                tracing::warn!(%error, hook, event, "a webhook was not delivered");
            }
        }
    }

    async fn send(
        &self,
        client: &reqwest::Client,
        event: &Event,
        body: Vec<u8>,
    ) -> Result<(), Refused> {
        let mut request = client
            .post(self.setting.url.clone())
            .header("Content-Type", "application/json")
            .header(EVENT, event.kind.as_str());
        if let Some(token) = &self.setting.bearer {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(key) = &self.setting.hmac {
            request = request.header(SIGNATURE, signature(key.expose_secret(), &body));
        }
        let silent =
            |it: reqwest::Error| Refused::Silent(service::telemetry::chain(&it.without_url()));
        let response = request.body(body).send().await.map_err(silent)?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(Refused::Status(status.as_u16())) }
    }
}

/// `sha256=…`
fn signature(key: &str, body: &[u8]) -> String {
    // A key of any length will do (RFC 2104), so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test case of RFC 4231.
    #[test]
    fn the_signature_is_an_hmac_of_the_body() {
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn what_may_pass_is_tried_again_and_a_no_is_not() {
        for status in [408, 429, 500, 503] {
            assert!(Refused::Status(status).is_passing(), "{status}");
        }
        for status in [301, 302, 400, 401, 404, 410] {
            assert!(!Refused::Status(status).is_passing(), "{status}");
        }
    }
}
