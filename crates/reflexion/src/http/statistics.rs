//! The whole in numbers.

use std::collections::BTreeMap;

use actix_web::{get, web};
use jiff::Timestamp;
use serde::Serialize;
use service::auth::Reader;
use service::problem::Failure;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::performance::{OverallPerformance, PerformanceInsights, insights};
use super::strategies::{StrategyRecord, records};
use super::{mean, store_failure};
use crate::Reflexion;
use crate::run::DISMISSED;

/// The time that rates are shown over, in days.
const DAYS: u32 = 30;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(metrics).service(statistics);
}

/// Answer of `GET /api/v1/reflexion/metrics`.
#[derive(Debug, Serialize, ToSchema)]
struct MetricsResponse {
    /// Heals that were begun, ever. A healthy pod that somebody asked about is none.
    total_workflows: i64,
    /// Attempts that healed, of all judged ones of the last 30 days.
    success_rate: f64,
    /// Seconds, over the same.
    average_resolution_time: f64,
    /// Strategies with a record.
    total_strategies_learned: usize,
    /// One minus the Brier score of the last 100 predictions.
    average_self_awareness: f64,
    /// First-try success of the last 20 incidents minus that of the 20 before.
    learning_velocity: f64,
    timestamp: String,
}

/// The whole in a few numbers, as JSON; `/metrics` is for Prometheus.
#[utoipa::path(tag = "reflexion", responses((status = 200, body = MetricsResponse)))]
#[get("/api/v1/reflexion/metrics")]
async fn metrics(
    _: Reader,
    reflexion: web::Data<Reflexion>,
) -> Result<web::Json<MetricsResponse>, Failure> {
    let overall = insights(&reflexion, DAYS).await?.overall_performance;
    let runs = reflexion.memory.store.run_counts().await.map_err(|it| store_failure(&it))?;
    let progress = reflexion.memory.progress();
    Ok(web::Json(MetricsResponse {
        total_workflows: runs
            .iter()
            .filter(|it| DISMISSED.iter().all(|state| it.0 != state.as_str()))
            .map(|it| it.1)
            .sum(),
        success_rate: overall.success_rate,
        average_resolution_time: overall.avg_resolution_time,
        total_strategies_learned: records(&reflexion).len(),
        average_self_awareness: progress.self_awareness(),
        learning_velocity: progress.learning_velocity(),
        timestamp: Timestamp::now().to_string(),
    }))
}

/// Answer of `GET /api/v1/memory/statistics`.
#[derive(Debug, Serialize, ToSchema)]
struct StatisticsResponse {
    strategy_database: StrategyStatistics,
    episodic_memory: EpisodeStatistics,
    performance_summary: OverallPerformance,
    /// Runs by state; `healthy`, `on_its_way` and `untreatable` are no heals: somebody asked, and there was nothing to
    /// do, nothing yet, or nothing that we could.
    workflows: BTreeMap<String, i64>,
    /// `operational`, or `degraded` when a part is not ready.
    system_status: String,
    timestamp: String,
}

/// Numbers on records.
#[derive(Debug, Serialize, ToSchema)]
struct StrategyStatistics {
    total_strategies: usize,
    /// Wins in tries, by error type.
    success_by_error_type: BTreeMap<String, f64>,
    /// At most five, the most often tried first.
    top_strategies: Vec<StrategyRecord>,
    /// Attempts judged in the last day.
    recent_usage_24h: usize,
    /// The file of the knowledge base.
    database_path: String,
}

/// Numbers on episodes.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodeStatistics {
    total_episodes: u64,
    /// One minus the Brier score of the last 100 predictions.
    avg_reflection_quality: f64,
    /// Seconds, over the last 30 days.
    avg_resolution_time: f64,
    /// Insights an episode, over the last 30 days.
    avg_insights_generated: f64,
    /// What happened (0 or 1) minus what was expected, over the last 30 days.
    avg_confidence_gain: f64,
    /// Combinations of fault, context and strategy that are known well enough to be acted on without a model.
    patterns_discovered: usize,
    /// Combinations of fault, context and strategy that were ever tried.
    associations_formed: usize,
}

/// The whole in numbers, each a fold over episodes.
#[utoipa::path(tag = "memory", responses((status = 200, body = StatisticsResponse)))]
#[get("/api/v1/memory/statistics")]
async fn statistics(
    _: Reader,
    reflexion: web::Data<Reflexion>,
) -> Result<web::Json<StatisticsResponse>, Failure> {
    let PerformanceInsights { overall_performance: overall, learned, .. } =
        insights(&reflexion, DAYS).await?;
    let ledger = reflexion.memory.ledger();
    let today = insights(&reflexion, 1).await?.overall_performance;
    let runs = reflexion.memory.store.run_counts().await.map_err(|it| store_failure(&it))?;
    let records = records(&reflexion);
    let status = if reflexion.probes.is_ready() { "operational" } else { "degraded" };
    Ok(web::Json(StatisticsResponse {
        strategy_database: StrategyStatistics {
            total_strategies: records.len(),
            success_by_error_type: success_by_error_type(&records),
            top_strategies: records.into_iter().take(5).collect(),
            recent_usage_24h: today.total_processed,
            database_path: reflexion.memory.store.path().display().to_string(),
        },
        episodic_memory: EpisodeStatistics {
            total_episodes: reflexion.memory.episodes(),
            avg_reflection_quality: reflexion.memory.progress().self_awareness(),
            avg_resolution_time: overall.avg_resolution_time,
            avg_insights_generated: learned.avg_insights,
            avg_confidence_gain: learned.avg_gain,
            patterns_discovered: ledger.patterns(),
            associations_formed: ledger.associations(),
        },
        performance_summary: overall,
        workflows: runs.into_iter().collect(),
        system_status: status.to_owned(),
        timestamp: Timestamp::now().to_string(),
    }))
}

fn success_by_error_type(records: &[StrategyRecord]) -> BTreeMap<String, f64> {
    let mut rates: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for record in records {
        // Each try counts once, not each strategy.
        let of_type = rates.entry(record.error_type.clone()).or_default();
        of_type.extend((0..record.usage_count).map(|_| record.success_rate));
    }
    rates.into_iter().map(|(error_type, it)| (error_type, mean(it.into_iter()))).collect()
}
