//! What is known of strategies: their records, folded from episodes.

use actix_web::{get, web};
use jiff::Timestamp;
use learning::Known;
use serde::{Deserialize, Serialize};
use service::auth::Reader;
use service::problem::Failure;
use types::{Fault, Problem};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::faults;
use crate::Reflexion;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(list_strategies).service(find_strategies);
}

/// One strategy for one fault.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct StrategyRecord {
    /// `OomKilled/raise_memory_limit@2`
    id: String,
    /// What it is for, as Kubernetes names it.
    #[serde(rename = "type")]
    type_: String,
    /// The same.
    pub(super) error_type: String,
    /// What is wrong.
    fault: Fault,
    /// The strategy's key, with its dose.
    strategy: String,
    /// The posterior mean.
    pub(super) confidence: f64,
    /// Its 90 % interval.
    interval: [f64; 2],
    /// How often it was tried.
    pub(super) usage_count: u32,
    /// How often it won.
    wins: u32,
    /// Wins in tries.
    pub(super) success_rate: f64,
    /// In words.
    description: String,
    /// Where the numbers come from: always `episodes`.
    source: String,
}

impl StrategyRecord {
    fn of(known: Known) -> Self {
        let (fault, record) = (known.fault, known.record);
        let rate = f64::from(record.wins) / f64::from(record.tries.max(1));
        Self {
            id: format!("{}/{}", fault.as_str(), record.strategy),
            type_: fault.error_type().to_owned(),
            error_type: fault.error_type().to_owned(),
            fault,
            confidence: record.mean,
            interval: [record.low, record.high],
            usage_count: record.tries,
            wins: record.wins,
            success_rate: rate,
            description: format!(
                "{} helped {} of {} times with {fault}",
                record.strategy, record.wins, record.tries
            ),
            source: "episodes".to_owned(),
            strategy: record.strategy,
        }
    }
}

/// Every record, the most often tried first.
pub(super) fn records(reflexion: &Reflexion) -> Vec<StrategyRecord> {
    reflexion.memory.ledger().records().into_iter().map(StrategyRecord::of).collect()
}

/// Answer of `GET /api/v1/reflexion/strategies`.
#[derive(Debug, Serialize, ToSchema)]
struct StrategiesResponse {
    strategies: Vec<StrategyRecord>,
    total_count: usize,
    timestamp: String,
}

/// The records of all strategies that were ever tried.
#[utoipa::path(tag = "reflexion", responses((status = 200, body = StrategiesResponse)))]
#[get("/api/v1/reflexion/strategies")]
async fn list_strategies(
    _: Reader,
    reflexion: web::Data<Reflexion>,
) -> web::Json<StrategiesResponse> {
    let strategies = records(&reflexion);
    web::Json(StrategiesResponse {
        total_count: strategies.len(),
        strategies,
        timestamp: Timestamp::now().to_string(),
    })
}

#[derive(Debug, Deserialize)]
struct Filter {
    error_type: Option<String>,
}

/// Answer of `GET /api/v1/memory/strategies`.
#[derive(Debug, Serialize, ToSchema)]
struct MemoryStrategiesResponse {
    strategies: Vec<StrategyRecord>,
    count: usize,
    error_type_filter: Option<String>,
    timestamp: String,
}

/// The records of all strategies, or of those for one error type.
#[utoipa::path(
    tag = "memory",
    params(("error_type" = Option<String>, Query, description = "As `kubectl get pods` shows it")),
    responses(
        (status = 200, body = MemoryStrategiesResponse),
        (status = 400, description = "No such error type", body = Problem),
    )
)]
#[get("/api/v1/memory/strategies")]
async fn find_strategies(
    _: Reader,
    reflexion: web::Data<Reflexion>,
    query: web::Query<Filter>,
) -> Result<web::Json<MemoryStrategiesResponse>, Failure> {
    let faults = faults(query.error_type.as_deref())?;
    let mut strategies = records(&reflexion);
    strategies.retain(|it| faults.is_empty() || faults.contains(&it.fault));
    Ok(web::Json(MemoryStrategiesResponse {
        count: strategies.len(),
        strategies,
        error_type_filter: query.into_inner().error_type,
        timestamp: Timestamp::now().to_string(),
    }))
}
