//! Every route of reflexion, one file for each noun, and where errors become problem bodies.

mod process;
mod workflow;
mod debug;
mod escalations;
mod health;
mod strategies;
mod episodes;
mod performance;
mod statistics;
mod settings;
mod feedback;
mod error_types;
mod forget;

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web;
use service::auth::Tokens;
use service::metrics::Metrics;
use service::problem::Failure;
use types::{Fault, Problem};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Reflexion;
use crate::agent::AgentError;
use crate::heal::HealError;
use crate::store::StoreError;

/// So much of a caller's word is repeated to him.
const MAX_SHOWN: usize = 60;

/// What the routes need. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// What all parts of the process share.
    pub reflexion: Reflexion,
    /// Who may call.
    pub tokens: Arc<Tokens>,
    /// What is counted.
    pub metrics: Metrics,
}

impl Services {
    /// Services around `reflexion`, whose callers are those of `tokens`.
    pub fn new(reflexion: Reflexion, tokens: Tokens) -> Self {
        let metrics = Metrics::new("reflexion");
        reflexion.meters.register(&metrics);
        Self { reflexion, tokens: Arc::new(tokens), metrics }
    }

    /// Registers every route with what it needs.
    pub fn install(self, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::new(self.reflexion.probes.clone()))
            .app_data(web::Data::new(self.reflexion))
            .app_data(web::Data::from(self.tokens))
            .app_data(web::Data::new(self.metrics))
            .app_data(service::problem::json_config())
            .app_data(service::problem::path_config())
            .app_data(service::problem::query_config());
        configure(&mut ServiceConfig::new(config));
        service::health::mount(config);
        service::metrics::mount(config);
        service::docs::mount(config, DOCUMENT);
    }
}

/// Registers the routes that the document describes; what they need comes as `web::Data`.
pub fn configure(routes: &mut ServiceConfig<'_>) {
    process::configure(routes);
    workflow::configure(routes);
    debug::configure(routes);
    escalations::configure(routes);
    health::configure(routes);
    strategies::configure(routes);
    episodes::configure(routes);
    performance::configure(routes);
    statistics::configure(routes);
    settings::configure(routes);
    feedback::configure(routes);
    forget::configure(routes);
}

/// What is served of the document: the committed file, which is compared with [`document`] by a test.
const DOCUMENT: service::docs::Document =
    service::docs::Document(include_str!("../../../docs/openapi/reflexion.json"));

#[derive(OpenApi)]
#[openapi(info(
    title = "K8s Reflexion",
    description = "Follows agents, chooses fixes by experience, and remembers what came of them.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Document;

/// The OpenAPI document of all routes.
pub fn document() -> utoipa::openapi::OpenApi {
    let app = actix_web::App::new().into_utoipa_app().openapi(Document::openapi());
    let mut document = app.configure(configure).split_for_parts().1;
    error_types::list(&mut document);
    service::openapi::complete(&mut document);
    document
}

/// A heal that stopped before its end, from outside.
fn heal_failure(error: &HealError) -> Failure {
    match error {
        HealError::Execute(error) => agent_failure(error),
        HealError::Remember(error) => store_failure(error),
    }
}

/// What an agent's no looks like from outside.
fn agent_failure(error: &AgentError) -> Failure {
    match error {
        AgentError::Unreachable { .. } => Failure::new(
            503,
            "agent-unreachable",
            service::telemetry::chain(error),
            "check AGENT_URL and whether the agent runs; /readyz says how it is",
        ),
        AgentError::NotNow { problem, .. } => Failure::new(
            503,
            problem.type_.rsplit('#').next().unwrap_or("agent-not-now"),
            error.to_string(),
            if problem.next.is_empty() { "look at the agent's /readyz" } else { &*problem.next },
        ),
        AgentError::Problem(problem) => match problem.status {
            400 | 404 => Failure::from(Problem::clone(problem)),
            401 | 403 => Failure::new(
                502,
                "agent-refuses-token",
                error.to_string(),
                "give a token with role order in AGENT_TOKEN_FILE",
            ),
            _ => Failure::new(502, "agent-failed", error.to_string(), "see the agent's log"),
        },
        AgentError::Unreadable { .. } => Failure::new(
            502,
            "agent-unreadable",
            error.to_string(),
            "check that AGENT_URL names an agent of this version",
        ),
    }
}

/// What a failure of the knowledge base looks like from outside.
fn store_failure(error: &StoreError) -> Failure {
    let words = service::telemetry::chain(error);
    tracing::error!(error = words, "the knowledge base failed");
    match error {
        StoreError::Backups { .. } => Failure::new(
            409,
            "too-many-backups",
            words,
            "move old backups out of that folder, then repeat",
        ),
        StoreError::Row(_) => Failure::new(
            500,
            "knowledge-row",
            words,
            "run the version that wrote it, or put back a backup of the file",
        ),
        StoreError::Open { .. }
        | StoreError::Newer { .. }
        | StoreError::Migrate(_)
        | StoreError::Sql(_)
        | StoreError::Backup { .. } => Failure::new(
            503,
            "knowledge-base",
            words,
            "make room on the disk of the data folder, or make it writable, and repeat; no restart is needed, and /readyz says when it is well",
        ),
    }
}

/// An id as a caller writes it.
fn id(text: &str, what: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| {
        let shown = learning::fence(text, MAX_SHOWN);
        let next = "give it as it was answered, such as 0190a000-0000-7000-8000-000000000000";
        Failure::new(400, "bad-id", format!("`{shown}` is no id of {what}"), next)
    })
}

/// The faults that an error type names; all when it names none.
fn faults(error_type: Option<&str>) -> Result<Vec<Fault>, Failure> {
    let Some(word) = error_type else { return Ok(vec![]) };
    let faults = Fault::from_error_type(word);
    if faults.is_empty() {
        let known: BTreeSet<_> = Fault::ALL.iter().map(|it| it.error_type()).collect();
        let known: Vec<_> = known.into_iter().collect();
        let next = format!("use one of {}", known.join(", "));
        return Err(Failure::new(400, "unknown-error-type", "error_type names no fault", next));
    }
    Ok(faults)
}

/// The mean; 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), it| (sum + it, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}
