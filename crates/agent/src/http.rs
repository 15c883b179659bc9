//! Every route of the agent, one file for each noun.

mod analyze;
mod execute_fix;
mod pod_status;
mod cluster_metrics;
mod recent_events;
mod scan;
mod suppressions;
mod health;
mod leading;
mod incidents;
mod stream;
mod executions;
mod explain;
mod mode;
mod mode_order;
mod names;

use std::sync::Arc;

use actix_web::web;
use service::auth::Tokens;
use service::health::Probes;
use service::metrics::Metrics;
use service::problem::Failure;
use service::shutdown::Goodbye;
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Agent;
use crate::cluster::{Caches, ClusterError};
use crate::fix::Fixer;

/// What the routes need. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// What all parts of the process share.
    pub agent: Agent,
    /// Carries out fixes.
    pub fixer: Arc<Fixer>,
    /// The cluster as the watch last saw it.
    pub caches: Arc<Caches>,
    /// What is ready.
    pub probes: Probes,
    /// Who may call.
    pub tokens: Arc<Tokens>,
    /// What is counted.
    pub metrics: Metrics,
    /// Tells streams that the process stops.
    pub goodbye: Goodbye,
}

impl Services {
    /// Services without tokens, whose watches are taken as ready.
    pub fn new(agent: Agent, fixer: Arc<Fixer>, caches: Arc<Caches>) -> Self {
        Self {
            agent,
            fixer,
            caches,
            probes: Probes::default(),
            tokens: Arc::new(Tokens::none()),
            metrics: Metrics::new("agent"),
            goodbye: Goodbye::default(),
        }
    }

    /// Registers every route with what it needs.
    pub fn install(self, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::new(self.agent))
            .app_data(web::Data::from(self.fixer))
            .app_data(web::Data::from(self.caches))
            .app_data(web::Data::new(self.probes))
            .app_data(web::Data::from(self.tokens))
            .app_data(web::Data::new(self.metrics))
            .app_data(web::Data::new(self.goodbye))
            .app_data(service::problem::json_config())
            .app_data(service::problem::path_config())
            .app_data(service::problem::query_config());
        configure(&mut ServiceConfig::new(config));
        service::health::mount(config);
        leading::mount(config);
        service::metrics::mount(config);
        service::docs::mount(config, DOCUMENT);
    }
}

/// Registers the routes that the document describes; what they need comes as `web::Data`.
pub fn configure(routes: &mut ServiceConfig<'_>) {
    analyze::configure(routes);
    execute_fix::configure(routes);
    pod_status::configure(routes);
    cluster_metrics::configure(routes);
    recent_events::configure(routes);
    scan::configure(routes);
    suppressions::configure(routes);
    health::configure(routes);
    // Before `/incidents/{id}`, which would take `stream` for an id.
    stream::configure(routes);
    incidents::configure(routes);
    executions::configure(routes);
    explain::configure(routes);
    mode::configure(routes);
}

/// What is served of the document: the committed file, which is compared with [`document`] by a test.
const DOCUMENT: service::docs::Document =
    service::docs::Document(include_str!("../../../docs/openapi/agent.json"));

#[derive(OpenApi)]
#[openapi(info(
    title = "K8s Reflexion agent",
    description = "Watches a Kubernetes cluster, explains what is wrong, offers fixes, and applies one under a policy.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Document;

/// The OpenAPI document of all routes.
pub fn document() -> utoipa::openapi::OpenApi {
    let app = actix_web::App::new().into_utoipa_app().openapi(Document::openapi());
    let mut document = app.configure(configure).split_for_parts().1;
    service::openapi::complete(&mut document);
    document
}

/// What a failure of the cluster looks like from outside.
pub(crate) fn failure(error: &ClusterError) -> Failure {
    let detail = error.to_string();
    match error {
        ClusterError::NotFound(_) => {
            Failure::new(404, "not-found", detail, "check name and namespace")
        }
        ClusterError::Unreachable(_) | ClusterError::Throttled { .. } => Failure::new(
            503,
            "cluster-unreachable",
            detail,
            "try again; /readyz says how the watches are",
        ),
        ClusterError::Conflict(_) => {
            Failure::new(409, "conflict", detail, "read the object again and repeat")
        }
        ClusterError::Stopped => Failure::new(409, "observing", detail, "PUT /api/v1/mode"),
        ClusterError::Refused(_) => Failure::new(
            500,
            "cluster-refused",
            detail,
            "check the rights of the agent's service account",
        ),
        ClusterError::Malformed(_) => {
            Failure::new(500, "cluster-malformed", detail, "this may be a bug: report it")
        }
    }
}

/// Refuses while the watch of one of these kinds is not up to date: an old answer would look like a new one.
pub(crate) fn need_watches(probes: &Probes, kinds: &[&str]) -> Result<(), Failure> {
    let checks = probes.checks();
    let broken = kinds.iter().find_map(|kind| {
        let words = checks.get(*kind).filter(|it| *it != "ok")?;
        Some(format!("the watch of {kind} is not up to date: {words}"))
    });
    match broken {
        Some(detail) => Err(Failure::new(
            503,
            "cluster-unreachable",
            detail,
            "try again; /readyz says how the watches are",
        )),
        None => Ok(()),
    }
}
