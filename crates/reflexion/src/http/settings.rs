//! How reflexion is set, and the one setting that can be changed while it runs.

use actix_web::{get, post, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service::auth::{Admin, Reader};
use service::problem::Failure;
use types::Problem;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::store_failure;
use crate::Reflexion;
use crate::config::Depth;
use crate::run::MAX_ATTEMPTS;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(settings).service(set_depth);
}

/// Answer of `GET /api/v1/config`. Never a key.
#[derive(Debug, Serialize, ToSchema)]
struct SettingsResponse {
    /// How much to think about outcomes.
    reflection_depth: Depth,
    /// The first agent.
    go_service_url: String,
    /// All agents.
    agent_urls: Vec<String>,
    /// The model's name; `none` when rules do alone.
    openai_model: String,
    /// Reflections of one run, at most: one after each attempt.
    max_reflection_depth: usize,
    /// The posterior mean from which memory alone decides; below it, the model is asked where there is one.
    strategy_confidence_threshold: f64,
    /// Attempts before a person is asked.
    max_attempts: usize,
}

/// How reflexion is set.
#[utoipa::path(tag = "config", responses((status = 200, body = SettingsResponse)))]
#[get("/api/v1/config")]
async fn settings(_: Reader, reflexion: web::Data<Reflexion>) -> web::Json<SettingsResponse> {
    let agent_urls: Vec<_> = reflexion.agents.iter().map(|it| it.url().to_owned()).collect();
    let model = reflexion.counsel.as_ref();
    web::Json(SettingsResponse {
        reflection_depth: reflexion.depth(),
        go_service_url: agent_urls.first().cloned().unwrap_or_default(),
        agent_urls,
        openai_model: model.map_or("none", |it| it.name()).to_owned(),
        max_reflection_depth: MAX_ATTEMPTS,
        strategy_confidence_threshold: learning::STRONG_MEAN,
        max_attempts: MAX_ATTEMPTS,
    })
}

#[derive(Debug, Deserialize)]
struct DepthQuery {
    depth: Depth,
}

/// Answer of `POST /api/v1/config/reflection-depth`.
#[derive(Debug, Serialize, ToSchema)]
struct DepthResponse {
    message: String,
    reflection_depth: Depth,
    timestamp: String,
}

/// Changes how much to think about outcomes, at once and for after a restart.
///
/// Where `REFLECTION_DEPTH` or `--depth` is set, that wins at the next start; the answer says so.
#[utoipa::path(
    tag = "config",
    params(("depth" = Depth, Query, description = "shallow, medium or deep")),
    responses(
        (status = 200, body = DepthResponse),
        (status = 400, description = "No such depth", body = Problem),
    )
)]
#[post("/api/v1/config/reflection-depth")]
async fn set_depth(
    _: Admin,
    reflexion: web::Data<Reflexion>,
    query: web::Query<DepthQuery>,
) -> Result<web::Json<DepthResponse>, Failure> {
    let depth = query.depth;
    reflexion.set_depth(depth).await.map_err(|it| store_failure(&it))?;
    tracing::info!(%depth, "the depth of reflection was changed");
    let message = match reflexion.depth_setting() {
        Some(set) if set != depth => format!(
            "reflection depth is now {depth} until the next start, where REFLECTION_DEPTH or --depth sets it to {set}"
        ),
        Some(_) | None => format!("reflection depth is now {depth}"),
    };
    Ok(web::Json(DepthResponse {
        message,
        reflection_depth: depth,
        timestamp: Timestamp::now().to_string(),
    }))
}
