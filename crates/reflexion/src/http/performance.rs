//! How well it goes, over days.

use std::collections::BTreeMap;

use actix_web::{get, web};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use service::auth::Reader;
use service::problem::Failure;
use types::Episode;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::strategies::{StrategyRecord, records};
use super::{mean, store_failure};
use crate::Reflexion;
use crate::store::EpisodeFilter;

/// The longest time that is looked back over, in days, and the episodes read for it.
const MAX_DAYS: u32 = 365;
const MAX_EPISODES: u32 = 5_000;
/// A strategy is ranked after so many tries.
const RANKED_AFTER: u32 = 3;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(performance).service(progression);
}

#[derive(Debug, Deserialize)]
struct Period {
    days: Option<u32>,
}

/// Answer of `GET /api/v1/memory/performance`.
#[derive(Debug, Serialize, ToSchema)]
struct PerformanceResponse {
    performance_insights: PerformanceInsights,
    /// At most ten, the most certain first.
    strategy_rankings: Vec<StrategyRecord>,
    timestamp: String,
}

/// How well it went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PerformanceInsights {
    period_days: u32,
    pub(super) overall_performance: OverallPerformance,
    /// At most five, tried at least three times.
    top_strategies: Vec<StrategyRecord>,
    /// Oldest first.
    daily_trends: Vec<DailyTrend>,
    generated_at: String,
    /// For the statistics, which show it elsewhere.
    #[serde(skip)]
    pub(super) learned: Learned,
}

/// What the episodes of a period taught, on average.
#[derive(Debug)]
pub(super) struct Learned {
    pub(super) avg_insights: f64,
    pub(super) avg_gain: f64,
}

/// Over the whole period.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OverallPerformance {
    pub(super) success_rate: f64,
    pub(super) avg_resolution_time: f64,
    pub(super) total_processed: usize,
    strategies_used: usize,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
struct DailyTrend {
    date: String,
    success_rate: f64,
    count: usize,
}

/// Success and time over the last days, by day and by strategy.
#[utoipa::path(
    tag = "memory",
    params(("days" = Option<u32>, Query, description = "7 when absent")),
    responses((status = 200, body = PerformanceResponse))
)]
#[get("/api/v1/memory/performance")]
async fn performance(
    _: Reader,
    reflexion: web::Data<Reflexion>,
    query: web::Query<Period>,
) -> Result<web::Json<PerformanceResponse>, Failure> {
    let days = query.days.unwrap_or(7).min(MAX_DAYS);
    let mut strategy_rankings = records(&reflexion);
    strategy_rankings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    strategy_rankings.truncate(10);
    Ok(web::Json(PerformanceResponse {
        performance_insights: insights(&reflexion, days).await?,
        strategy_rankings,
        timestamp: Timestamp::now().to_string(),
    }))
}

/// How well the last days went.
pub(super) async fn insights(
    reflexion: &Reflexion,
    days: u32,
) -> Result<PerformanceInsights, Failure> {
    let episodes = since(reflexion, days).await?;
    let mut used: Vec<_> = episodes.iter().map(|it| it.execution.strategy.key()).collect();
    used.sort_unstable();
    used.dedup();
    let mut top_strategies = records(reflexion);
    top_strategies.retain(|it| RANKED_AFTER <= it.usage_count);
    top_strategies.sort_by(|a, b| b.success_rate.total_cmp(&a.success_rate));
    top_strategies.truncate(5);
    let day = |(date, of_day): (String, Vec<&Episode>)| DailyTrend {
        date,
        success_rate: mean(of_day.iter().map(|it| outcome(it))),
        count: of_day.len(),
    };
    Ok(PerformanceInsights {
        period_days: days,
        overall_performance: OverallPerformance {
            success_rate: mean(episodes.iter().map(outcome)),
            avg_resolution_time: mean(episodes.iter().filter_map(took)),
            total_processed: episodes.len(),
            strategies_used: used.len(),
        },
        top_strategies,
        daily_trends: by_day(&episodes).into_iter().map(day).collect(),
        generated_at: Timestamp::now().to_string(),
        learned: Learned {
            avg_insights: mean(episodes.iter().map(|it| as_f64(it.reflection.insights.len()))),
            avg_gain: mean(episodes.iter().map(gain)),
        },
    })
}

/// Answer of `GET /api/v1/memory/learning-progression`.
#[derive(Debug, Serialize, ToSchema)]
struct ProgressionResponse {
    learning_progression: Progression,
    timestamp: String,
}

/// How learning goes.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the name that dashboards know")]
struct Progression {
    /// Oldest first.
    daily_progression: Vec<DailyProgression>,
    error_type_stats: Vec<ErrorTypeStats>,
    /// First-try success of the last 20 incidents minus that of the 20 before.
    learning_velocity: f64,
    /// One minus the Brier score of the last 100 predictions.
    self_awareness_level: f64,
}

/// One day of learning.
#[derive(Debug, Serialize, ToSchema)]
struct DailyProgression {
    date: String,
    /// What happened minus what was expected, on average.
    confidence_gain: f64,
    /// One minus the squared error of the predictions, on average.
    reflection_quality: f64,
    avg_insights: f64,
    episode_count: usize,
}

/// One error type.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorTypeStats {
    error_type: String,
    count: usize,
    /// What happened minus what was expected, on average.
    avg_improvement: f64,
    avg_resolution_time: f64,
}

/// How predictions and lessons developed over the last days.
#[utoipa::path(
    tag = "memory",
    params(("days" = Option<u32>, Query, description = "30 when absent")),
    responses((status = 200, body = ProgressionResponse))
)]
#[get("/api/v1/memory/learning-progression")]
async fn progression(
    _: Reader,
    reflexion: web::Data<Reflexion>,
    query: web::Query<Period>,
) -> Result<web::Json<ProgressionResponse>, Failure> {
    let episodes = since(&reflexion, query.days.unwrap_or(30).min(MAX_DAYS)).await?;
    let mut by_type: BTreeMap<&str, Vec<&Episode>> = BTreeMap::new();
    for episode in &episodes {
        by_type.entry(episode.execution.fault.error_type()).or_default().push(episode);
    }
    let progress = reflexion.memory.progress();
    let day = |(date, of_day): (String, Vec<&Episode>)| DailyProgression {
        date,
        confidence_gain: mean(of_day.iter().map(|it| gain(it))),
        reflection_quality: mean(of_day.iter().map(|it| 1.0 - gain(it).powi(2))),
        avg_insights: mean(of_day.iter().map(|it| as_f64(it.reflection.insights.len()))),
        episode_count: of_day.len(),
    };
    let of_type = |(error_type, episodes): (&str, Vec<&Episode>)| ErrorTypeStats {
        error_type: error_type.to_owned(),
        count: episodes.len(),
        avg_improvement: mean(episodes.iter().map(|it| gain(it))),
        avg_resolution_time: mean(episodes.iter().filter_map(|it| took(it))),
    };
    Ok(web::Json(ProgressionResponse {
        learning_progression: Progression {
            daily_progression: by_day(&episodes).into_iter().map(day).collect(),
            error_type_stats: by_type.into_iter().map(of_type).collect(),
            learning_velocity: progress.learning_velocity(),
            self_awareness_level: progress.self_awareness(),
        },
        timestamp: Timestamp::now().to_string(),
    }))
}

async fn since(reflexion: &Reflexion, days: u32) -> Result<Vec<Episode>, Failure> {
    let period = SignedDuration::from_hours(24 * i64::from(days));
    let filter = EpisodeFilter {
        faults: vec![],
        since: Timestamp::now().checked_sub(period).ok(),
        limit: MAX_EPISODES,
    };
    reflexion.memory.store.episodes(&filter).await.map_err(|it| store_failure(&it))
}

fn by_day(episodes: &[Episode]) -> BTreeMap<String, Vec<&Episode>> {
    let mut res: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for episode in episodes {
        let date = episode.at.strftime("%Y-%m-%d").to_string();
        res.entry(date).or_default().push(episode);
    }
    res
}

fn outcome(episode: &Episode) -> f64 {
    if episode.observation.recovered { 1.0 } else { 0.0 }
}

fn gain(episode: &Episode) -> f64 {
    outcome(episode) - episode.observation.expected
}

fn took(episode: &Episode) -> Option<f64> {
    episode.observation.took_secs.and_then(|it| i32::try_from(it).ok()).map(f64::from)
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
