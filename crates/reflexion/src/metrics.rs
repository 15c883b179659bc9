//! What is counted of learning and healing, for Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::run::RunState;

/// How a heal ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HealLabels {
    /// `healed`, `escalated`, `waiting`, `closed` or `failed`.
    pub outcome: String,
    /// Whether the last choice came from memory.
    pub from_memory: String,
}

/// One kind of question to a model.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ModelLabels {
    /// `advise`, `reflect` or `meta`.
    pub purpose: String,
    /// `answered`, `unusable`, `failed`, `timed_out`, `too_long`; not asked at all: `resting` or `spent`.
    pub outcome: String,
}

/// Which agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AgentLabels {
    /// Its address.
    pub agent: String,
}

/// The meters. Cheap to clone; a clone counts into the same numbers.
#[derive(Debug, Clone)]
pub struct Meters {
    heals: Family<HealLabels, Counter>,
    model_calls: Family<ModelLabels, Counter>,
    reconnects: Family<AgentLabels, Counter>,
    /// Episodes remembered by this process.
    pub episodes: Counter,
    /// Heals under way.
    pub healing: Gauge,
    /// Seconds that a choice took, without the model.
    pub choose_seconds: Histogram,
    /// Seconds from the first sight of an incident to its healing.
    pub heal_seconds: Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            heals: Family::default(),
            model_calls: Family::default(),
            reconnects: Family::default(),
            episodes: Counter::default(),
            healing: Gauge::default(),
            choose_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 14)),
            heal_seconds: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
        }
    }
}

impl Meters {
    /// Adds all of them to a registry.
    pub fn register(&self, metrics: &service::metrics::Metrics) {
        metrics.registry(|it| {
            it.register("heals", "Heals that came to an end", self.heals.clone());
            it.register("model_calls", "Calls of a language model", self.model_calls.clone());
            it.register("follow_reconnects", "Streams opened anew", self.reconnects.clone());
            it.register("episodes", "Episodes remembered", self.episodes.clone());
            it.register("healing", "Heals under way", self.healing.clone());
            it.register("choose_seconds", "Time to choose", self.choose_seconds.clone());
            it.register("heal_seconds", "First sight to healed", self.heal_seconds.clone());
        });
    }

    /// Counts a heal that came to an end.
    pub fn heal(&self, outcome: &str, from_memory: bool) {
        let labels =
            HealLabels { outcome: outcome.to_owned(), from_memory: from_memory.to_string() };
        self.heals.get_or_create(&labels).inc();
    }

    /// How many heals ended in this state.
    pub fn heals_in(&self, state: RunState) -> u64 {
        [true, false]
            .map(|it| HealLabels {
                outcome: state.as_str().to_owned(),
                from_memory: it.to_string(),
            })
            .iter()
            .map(|it| self.heals.get_or_create(it).get())
            .sum()
    }

    /// Counts a call of a model under what came of it.
    pub fn model_call(&self, purpose: &str, outcome: &str) {
        let labels = ModelLabels { purpose: purpose.to_owned(), outcome: outcome.to_owned() };
        self.model_calls.get_or_create(&labels).inc();
    }

    /// Counts a stream that was opened anew.
    pub fn reconnect(&self, agent: &str) {
        self.reconnects.get_or_create(&AgentLabels { agent: agent.to_owned() }).inc();
    }
}
