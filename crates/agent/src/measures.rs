//! What the agent counts, for `/metrics`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use service::metrics::Metrics;
use types::{Execution, Incident, Mode};

use crate::cluster::RightsReport;
use crate::fix::Fixer;

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
    /// How the rights are that the API server gives us.
    pub rights: RightsMeasures,
    /// How webhooks fare.
    pub hooks: HookMeasures,
}

/// What became of something that a webhook was to be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    outcome: &'static str,
}

/// How webhooks fare.
#[derive(Debug, Clone, Default)]
pub struct HookMeasures(Family<OutcomeLabel, Counter>);

impl HookMeasures {
    /// It was taken.
    pub fn sent(&self) {
        self.count("sent", 1);
    }

    /// It was not taken, and is sent again.
    pub fn failed(&self) {
        self.count("failed", 1);
    }

    /// It was not taken, and is not sent again.
    pub fn given_up(&self) {
        self.count("given_up", 1);
    }

    /// It was the oldest in a queue that is full.
    pub fn dropped(&self) {
        self.count("dropped", 1);
    }

    /// So many were never seen: too much happened at once.
    pub fn missed(&self, n_missed: u64) {
        self.count("dropped", n_missed);
    }

    fn count(&self, outcome: &'static str, n: u64) {
        self.0.get_or_create(&OutcomeLabel { outcome }).inc_by(n);
    }
}

/// How the rights are that the API server gives us.
#[derive(Debug, Clone, Default)]
pub struct RightsMeasures {
    missing: Gauge,
    excess: Gauge,
}

impl RightsMeasures {
    /// What the API server said.
    pub fn set(&self, report: &RightsReport) {
        let count = |it: &[String]| i64::try_from(it.len()).unwrap_or(i64::MAX);
        self.missing.set(count(&report.missing));
        self.excess.set(count(&report.excess));
    }
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
            rights: RightsMeasures::default(),
            hooks: HookMeasures::default(),
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
            it.register("hooks", "What webhooks were to be told, by outcome", self.hooks.0.clone());
            it.register(
                "rights_missing",
                "Rights that the agent needs and does not have",
                self.rights.missing.clone(),
            );
            it.register(
                "rights_excess",
                "Rights that the agent has and must not have",
                self.rights.excess.clone(),
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

/// Whether this replica leads, whenever somebody looks.
pub struct LeadingNow(pub Arc<Fixer>);

impl LeadingNow {
    /// Shows it under `/metrics`.
    pub fn register(self, metrics: &Metrics) {
        metrics.registry(|it| it.register_collector(Box::new(self)));
    }
}

impl fmt::Debug for LeadingNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LeadingNow").field(&self.0.lead().leads()).finish()
    }
}

impl Collector for LeadingNow {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "1 while this replica may write: it holds the Lease, or there is none";
        let family = encoder.encode_descriptor("leading", help, None, MetricType::Gauge)?;
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::from(self.0.lead().leads()));
        gauge.encode(family)
    }
}

/// The mode as it is whenever somebody looks: 1 for the one that is set, 0 for the others.
pub struct ModeNow(pub Arc<Fixer>);

impl ModeNow {
    /// Shows it under `/metrics`.
    pub fn register(self, metrics: &Metrics) {
        metrics.registry(|it| it.register_collector(Box::new(self)));
    }
}

impl fmt::Debug for ModeNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ModeNow").field(&self.0.mode()).finish()
    }
}

impl Collector for ModeNow {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "1 for the mode that the agent is in, 0 for the others";
        let mut family = encoder.encode_descriptor("mode", help, None, MetricType::Gauge)?;
        let now = self.0.mode();
        for mode in [Mode::Observe, Mode::Suggest, Mode::Auto] {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::from(mode == now));
            gauge.encode(family.encode_family(&[("mode", mode.to_string())])?)?;
        }
        Ok(())
    }
}
