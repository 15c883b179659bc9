//! What was tried and what came of it, in the shapes that dashboards know.

use actix_web::{get, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service::auth::Reader;
use service::problem::Failure;
use types::{Episode, Problem};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{faults, mean, store_failure};
use crate::Reflexion;
use crate::store::EpisodeFilter;

/// Episodes shown when nothing is said, and at most.
const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 500;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(list_episodes).service(find_episodes);
}

#[derive(Debug, Deserialize)]
struct Filter {
    error_type: Option<String>,
    limit: Option<u32>,
}

/// One episode, as it is shown.
#[derive(Debug, Serialize, ToSchema)]
struct ShownEpisode {
    /// Its id.
    episode_id: String,
    /// What it was about.
    context: EpisodeContext,
    /// The strategy's key, and what it did in words.
    action_taken: Vec<String>,
    /// How it ended.
    outcome: EpisodeOutcome,
    /// Lesson and insights.
    lessons_learned: Vec<String>,
    /// What was expected before, subtracted from what happened (0 or 1).
    confidence_gain: f64,
    /// Seconds from the first sight to the end; 0 when it is not known.
    resolution_time: f64,
    /// One minus the squared error of the prediction.
    reflection_quality: f64,
    /// How many insights the reflection has.
    insights_generated: usize,
    /// RFC 3339.
    timestamp: String,
    /// All of it.
    episode: Episode,
}

/// What an episode was about.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodeContext {
    pod_name: String,
    namespace: String,
    error_type: String,
    cluster: String,
    subject: String,
}

/// How an episode ended.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodeOutcome {
    success: bool,
    state: String,
    execution_id: String,
}

impl ShownEpisode {
    fn of(episode: Episode) -> Self {
        let (execution, observation) = (&episode.execution, &episode.observation);
        let outcome = if observation.recovered { 1.0 } else { 0.0 };
        let took = observation.took_secs.and_then(|it| i32::try_from(it).ok()).unwrap_or(0);
        let lesson = std::iter::once(&episode.reflection.lesson);
        Self {
            episode_id: episode.id.to_string(),
            context: EpisodeContext {
                pod_name: execution.pod.clone(),
                namespace: execution.subject.namespace.clone(),
                error_type: execution.fault.error_type().to_owned(),
                cluster: execution.cluster.clone(),
                subject: execution.subject.to_string(),
            },
            action_taken: vec![execution.strategy.key(), execution.strategy.to_string()],
            outcome: EpisodeOutcome {
                success: observation.recovered,
                state: execution.state.to_string(),
                execution_id: execution.id.to_string(),
            },
            lessons_learned: lesson.chain(&episode.reflection.insights).cloned().collect(),
            confidence_gain: outcome - observation.expected,
            resolution_time: f64::from(took),
            reflection_quality: 1.0 - (outcome - observation.expected).powi(2),
            insights_generated: episode.reflection.insights.len(),
            timestamp: episode.at.to_string(),
            episode,
        }
    }
}

/// Answer of `GET /api/v1/reflexion/memory/episodic`.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodicResponse {
    /// The newest first.
    episodes: Vec<ShownEpisode>,
    /// All that there are.
    total_episodes: u64,
    /// The share of memory that is used. Nothing is forgotten, so nothing fills up: 0.
    memory_utilization: f64,
    /// Over the episodes above.
    avg_confidence_gain: f64,
    /// Over the episodes above, in seconds.
    avg_resolution_time: f64,
    timestamp: String,
}

/// The newest episodes.
#[utoipa::path(
    tag = "reflexion",
    params(("limit" = Option<u32>, Query, description = "At most so many; 10 when absent, 500 at most")),
    responses((status = 200, body = EpisodicResponse))
)]
#[get("/api/v1/reflexion/memory/episodic")]
async fn list_episodes(
    _: Reader,
    reflexion: web::Data<Reflexion>,
    query: web::Query<Filter>,
) -> Result<web::Json<EpisodicResponse>, Failure> {
    let episodes = newest(&reflexion, &query).await?;
    Ok(web::Json(EpisodicResponse {
        total_episodes: reflexion.memory.episodes(),
        memory_utilization: 0.0,
        avg_confidence_gain: mean(episodes.iter().map(|it| it.confidence_gain)),
        avg_resolution_time: mean(episodes.iter().map(|it| it.resolution_time)),
        episodes,
        timestamp: Timestamp::now().to_string(),
    }))
}

/// Answer of `GET /api/v1/memory/episodes`.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodesResponse {
    /// The newest first.
    episodes: Vec<ShownEpisode>,
    count: usize,
    error_type_filter: Option<String>,
    timestamp: String,
}

/// The newest episodes, or those of one error type.
#[utoipa::path(
    tag = "memory",
    params(
        ("error_type" = Option<String>, Query, description = "As `kubectl get pods` shows it"),
        ("limit" = Option<u32>, Query, description = "At most so many; 10 when absent, 500 at most"),
    ),
    responses(
        (status = 200, body = EpisodesResponse),
        (status = 400, description = "No such error type", body = Problem),
    )
)]
#[get("/api/v1/memory/episodes")]
async fn find_episodes(
    _: Reader,
    reflexion: web::Data<Reflexion>,
    query: web::Query<Filter>,
) -> Result<web::Json<EpisodesResponse>, Failure> {
    let episodes = newest(&reflexion, &query).await?;
    Ok(web::Json(EpisodesResponse {
        count: episodes.len(),
        episodes,
        error_type_filter: query.into_inner().error_type,
        timestamp: Timestamp::now().to_string(),
    }))
}

async fn newest(reflexion: &Reflexion, query: &Filter) -> Result<Vec<ShownEpisode>, Failure> {
    let filter = EpisodeFilter {
        faults: faults(query.error_type.as_deref())?,
        since: None,
        limit: query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
    };
    let episodes = reflexion.memory.store.episodes(&filter).await;
    let episodes = episodes.map_err(|it| store_failure(&it))?;
    Ok(episodes.into_iter().map(ShownEpisode::of).collect())
}
