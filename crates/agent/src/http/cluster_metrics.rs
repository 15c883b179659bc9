//! `GET /api/v1/cluster-metrics`: how full the cluster is, and where that is known from.

use actix_web::{get, web};
use diagnosis::PodOutline;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use service::auth::Reader;
use service::health::Probes;
use service::problem::Failure;
use types::wire::ClusterMetricsResponse;
use types::{Problem, Quantity};
use utoipa_actix_web::service_config::ServiceConfig;

use super::need_watches;
use crate::Agent;
use crate::cluster::{Caches, NodeUsage};
use crate::fix::Fixer;

/// Memory above this share of what is allocatable is pressure, whatever the nodes say: the kubelet
/// begins to evict a little above it.
const PRESSURE_PERCENT: f64 = 95.0;

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(cluster_metrics);
}

/// How full the cluster is: used, where a metrics server tells, else asked for.
#[utoipa::path(
    tag = "seed",
    responses(
        (status = 200, body = ClusterMetricsResponse),
        (status = 503, description = "The watch is not up to date", body = Problem),
    )
)]
#[get("/api/v1/cluster-metrics")]
async fn cluster_metrics(
    _: Reader,
    agent: web::Data<Agent>,
    fixer: web::Data<Fixer>,
    caches: web::Data<Caches>,
    probes: web::Data<Probes>,
) -> Result<web::Json<ClusterMetricsResponse>, Failure> {
    need_watches(&probes, &["nodes", "pods"])?;
    // Without a metrics server, or without an answer from it, requests are the honest second best.
    let used = agent.cluster.node_usage().await.unwrap_or_default();
    let nodes = caches.nodes.all();
    let pods = caches.pods.outlines();
    let room = sum(nodes.iter().filter(|it| is_ready(it)).map(|it| allocatable(it)));
    let (source, load) = if used.is_empty() {
        ("requests", sum(pods.iter().filter(|it| it.node.is_some()).map(|it| requests(it))))
    } else {
        ("metrics-server", sum(used.iter().map(of_usage)))
    };
    let memory_usage = percent(load.memory_bytes, room.memory_bytes);
    Ok(web::Json(ClusterMetricsResponse {
        cpu_usage: percent(load.cpu_millis, room.cpu_millis),
        memory_pressure: nodes.iter().any(|it| is_true(it, "MemoryPressure"))
            || source == "metrics-server" && PRESSURE_PERCENT < memory_usage,
        concurrent_ops: count(fixer.under_way()),
        node_count: count(nodes.len()),
        pod_count: count(pods.len()),
        timestamp: Timestamp::now().to_string(),
        source: source.to_owned(),
        memory_usage,
    }))
}

/// CPU and memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    cpu_millis: u64,
    memory_bytes: u64,
}

fn sum(loads: impl Iterator<Item = Load>) -> Load {
    loads.fold(Load::default(), |sum, it| Load {
        cpu_millis: sum.cpu_millis.saturating_add(it.cpu_millis),
        memory_bytes: sum.memory_bytes.saturating_add(it.memory_bytes),
    })
}

fn of_usage(usage: &NodeUsage) -> Load {
    Load { cpu_millis: usage.cpu_millis, memory_bytes: usage.memory_bytes }
}

fn load(cpu: Option<&Amount>, memory: Option<&Amount>) -> Load {
    let quantity = |it: Option<&Amount>| it.map(|it| Quantity(it.0.clone()));
    Load {
        cpu_millis: quantity(cpu).and_then(|it| it.milli_units()).unwrap_or(0),
        memory_bytes: quantity(memory).and_then(|it| it.units()).unwrap_or(0),
    }
}

fn allocatable(node: &Node) -> Load {
    let room = node.status.as_ref().and_then(|it| it.allocatable.as_ref());
    load(room.and_then(|it| it.get("cpu")), room.and_then(|it| it.get("memory")))
}

fn requests(pod: &PodOutline) -> Load {
    Load { cpu_millis: pod.cpu_millis, memory_bytes: pod.memory_bytes }
}

fn is_ready(node: &Node) -> bool {
    is_true(node, "Ready")
}

fn is_true(node: &Node, condition: &str) -> bool {
    let mut conditions = node.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.any(|it| it.type_ == condition && it.status == "True")
}

/// At most 100, with two digits: more would only be noise.
#[expect(clippy::cast_precision_loss, reason = "two digits of a percentage are shown")]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let percent = part as f64 / whole as f64 * 100.0;
    (percent.min(100.0) * 100.0).round() / 100.0
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_stays_between_nothing_and_all() {
        assert!((percent(1, 3) - 33.33).abs() < 1e-9);
        assert!((percent(5, 3) - 100.0).abs() < 1e-9);
        assert!(percent(5, 0).abs() < 1e-9);
    }
}
