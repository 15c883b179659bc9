//! Alive and ready: what a supervisor asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, get, web};

/// The parts that a service needs, each with the reason why it is not ready.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    parts: Arc<Mutex<BTreeMap<String, Option<String>>>>,
}

impl Probes {
    /// Probes for these parts, none of them ready yet.
    pub fn waiting_for<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = parts.into_iter().map(|it| (it.to_owned(), Some("starting".to_owned())));
        Self { parts: Arc::new(Mutex::new(parts.collect())) }
    }

    /// The part is ready.
    pub fn ready(&self, part: &str) {
        self.set(part, None);
    }

    /// The part is not ready, for this reason.
    pub fn not_ready(&self, part: &str, reason: impl Into<String>) {
        self.set(part, Some(reason.into()));
    }

    fn set(&self, part: &str, reason: Option<String>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(part.to_owned(), reason);
    }

    /// Whether all parts are ready.
    pub fn is_ready(&self) -> bool {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).values().all(Option::is_none)
    }

    /// Each part and how it is: `ok`, or the reason why not.
    pub fn checks(&self) -> BTreeMap<String, String> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let words = |it: &Option<String>| it.clone().unwrap_or_else(|| "ok".to_owned());
        parts.iter().map(|(part, reason)| (part.clone(), words(reason))).collect()
    }
}

/// Serves `GET /livez` and `GET /readyz`.
pub fn mount(config: &mut web::ServiceConfig) {
    config.service(livez).service(readyz);
}

/// `GET /livez`: the process answers; restarting it would not help.
#[get("/livez")]
async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// `GET /readyz`: 200 when all parts are ready, else 503; one line a part.
#[get("/readyz")]
async fn readyz(probes: web::Data<Probes>) -> HttpResponse {
    let lines: Vec<_> =
        probes.checks().iter().map(|(part, words)| format!("{part}: {words}")).collect();
    let mut response =
        if probes.is_ready() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.content_type("text/plain").body(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_that_is_not_ready_is_enough() {
        let probes = Probes::waiting_for(["cluster", "journal"]);
        assert!(!probes.is_ready());

        probes.ready("cluster");
        assert!(!probes.is_ready());

        probes.ready("journal");
        assert!(probes.is_ready());

        probes.not_ready("cluster", "connection refused");
        assert!(!probes.is_ready());
        assert_eq!(probes.checks()["cluster"], "connection refused");
    }
}
