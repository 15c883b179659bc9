//! What the agent counts, for `/metrics`.

use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use service::metrics::Metrics;
use types::{Execution, Incident};

/// The fault of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FaultLabel {
    fault: &'static str,
}

/// The state and the strategy of an execution, without its dose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ExecutionLabels {
    state: &'static str,
    strategy: &'static str,
}

/// What the agent counts. Labels are words of ours only, never names out of the cluster.
#[derive(Debug, Clone)]
pub struct Measures {
    opened: Family<FaultLabel, Counter>,
    open: Gauge,
    executions: Family<ExecutionLabels, Counter>,
    publish_seconds: Histogram,
    gather_seconds: Histogram,
    /// How often a watch broke off and was started again.
    pub watch_restarts: Counter,
}

impl Default for Measures {
    fn default() -> Self {
        // From a millisecond to about four seconds.
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 13));
        Self {
            opened: Family::default(),
            open: Gauge::default(),
            executions: Family::default(),
            publish_seconds: seconds(),
            gather_seconds: seconds(),
            watch_restarts: Counter::default(),
        }
    }
}

impl Measures {
    /// Shows them under `/metrics`.
    pub fn register(&self, metrics: &Metrics) {
        metrics.registry(|it| {
            it.register("incidents_opened", "Incidents opened, by fault", self.opened.clone());
            it.register("incidents_open", "Incidents that are open now", self.open.clone());
            it.register(
                "executions",
                "Executions that reached a state, by state and strategy",
                self.executions.clone(),
            );
            it.register(
                "incident_publish_seconds",
                "From the status change reaching the agent to its first publication",
                self.publish_seconds.clone(),
            );
            it.register(
                "gather_seconds",
                "Reading and diagnosing everything around one workload",
                self.gather_seconds.clone(),
            );
            it.register(
                "watch_restarts",
                "Watches that broke off and were started again",
                self.watch_restarts.clone(),
            );
        });
    }

    /// An incident was opened and published.
    pub fn opened(&self, incident: &Incident, now: Timestamp) {
        self.opened.get_or_create(&FaultLabel { fault: incident.fault.as_str() }).inc();
        if let Some(seen_at) = incident.seen_at {
            self.publish_seconds.observe(now.duration_since(seen_at).as_secs_f64().max(0.0));
        }
    }

    /// So many incidents are open now.
    pub fn open(&self, n_open: usize) {
        self.open.set(i64::try_from(n_open).unwrap_or(i64::MAX));
    }

    /// An execution reached the state that it is in.
    pub fn execution(&self, execution: &Execution) {
        let labels = ExecutionLabels {
            state: execution.state.as_str(),
            strategy: execution.strategy.name(),
        };
        self.executions.get_or_create(&labels).inc();
    }

    /// A workload was read and diagnosed.
    pub fn gathered(&self, took: Duration) {
        self.gather_seconds.observe(took.as_secs_f64());
    }
}
