//! The agent: the only process with a cluster credential. It watches, explains, offers, and mends.
//!
//! In reading order: [`cluster`] sees, [`triage`] turns what was seen into [`incidents`], [`fix`]
//! mends, [`http`] tells, and [`start`] puts them together.

pub mod config;
pub mod command;
pub mod cluster;
pub mod triage;
pub mod incidents;
pub mod journal;
mod offers;
mod apart;
pub mod failures;
pub mod k8sgpt;
pub mod registry;
pub mod scan;
pub mod lead;
pub mod fix;
pub mod hooks;
pub mod http;
pub mod measures;
mod known;
mod secret_key;
pub mod start;

use std::sync::{Arc, OnceLock};

use cluster::Cluster;
use diagnosis::{Objects, Redactor, TagList};
use failures::Failures;
use incidents::{Feed, Incidents};
use k8sgpt::K8sgpt;
use known::Known;
use measures::Measures;
use registry::Registries;
use remedy::Caps;
use types::{Diagnosis, Evidence, ObjectRef};

/// What all parts of the process share. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    /// The cluster's name, carried by everything that leaves the process.
    pub name: Arc<str>,
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// The incidents of this life of the process.
    pub incidents: Arc<Incidents>,
    /// Where incidents and executions are published.
    pub feed: Arc<Feed>,
    /// Takes secrets out of every text on its way out.
    pub redactor: Redactor,
    /// What the templates of the workloads hide that were looked at.
    pub(crate) known: Arc<Known>,
    /// What is counted.
    pub measures: Arc<Measures>,
    /// Fixes that did not help.
    pub failures: Arc<Failures>,
    /// The caps of the policy, once it is read: a plan that breaks one is not offered.
    pub caps: Arc<OnceLock<Caps>>,
    /// The `k8sgpt` that a scan asks as well, where one is configured.
    pub k8sgpt: Option<Arc<K8sgpt>>,
    /// The registries that may be asked for tags, where some are configured.
    pub registries: Option<Arc<Registries>>,
}

impl Agent {
    /// An agent of this cluster that has seen nothing yet.
    pub fn new(name: &str, cluster: Arc<dyn Cluster>, redactor: Redactor) -> Self {
        let started = jiff::Timestamp::now().as_microsecond();
        let feed = Arc::new(Feed::starting_at(u64::try_from(started).unwrap_or(0)));
        Self {
            name: name.into(),
            cluster,
            incidents: Arc::new(Incidents::publishing_on(Arc::clone(&feed))),
            feed,
            redactor,
            known: Arc::default(),
            measures: Arc::default(),
            failures: Arc::default(),
            caps: Arc::default(),
            k8sgpt: None,
            registries: None,
        }
    }

    /// The diagnoses of a workload, with what K8sGPT reports of it. Nobody is asked where nothing is wrong.
    pub(crate) async fn with_reports(
        &self,
        diagnoses: Vec<Diagnosis>,
        evidence: &Evidence,
    ) -> Vec<Diagnosis> {
        if diagnoses.is_empty() {
            return diagnoses;
        }
        let reports = self.cluster.reports().await;
        let redactor = self.redactor_of(&evidence.subject);
        diagnosis::with_reports(diagnoses, evidence, &reports, &redactor)
    }

    /// A redactor that knows what this workload hides, where that was looked at.
    pub(crate) fn redactor_of(&self, subject: &ObjectRef) -> Redactor {
        self.redactor.knowing(&self.known.of(subject))
    }

    /// The facts in these objects, and what the rules say about them.
    pub fn examine(&self, objects: &Objects) -> (Evidence, Vec<Diagnosis>) {
        let secrets = diagnosis::secrets(objects, &self.redactor);
        let redactor = self.redactor.knowing(&secrets);
        self.known.remember(&objects.root.object_ref(), secrets);
        let mut evidence = diagnosis::facts(objects, &redactor);
        self.failures.add_to(&mut evidence);
        if let (Some(room), Some(caps)) = (&mut evidence.room, self.caps.get()) {
            room.memory.cap = caps.memory.units();
            room.cpu.cap = caps.cpu.milli_units();
        }
        let diagnoses = diagnosis::diagnose(&evidence);
        (evidence, diagnoses)
    }

    /// The same for one workload that something is to be offered for. Where an image is not there, and no tag of its
    /// repository is known to run, its registry is asked, if the operator allows that.
    pub async fn examine_and_ask(&self, objects: &Objects) -> (Evidence, Vec<Diagnosis>) {
        let (mut evidence, diagnoses) = self.examine(objects);
        let Some(registries) = &self.registries else { return (evidence, diagnoses) };
        let Some(container) = remedy::unknown_image(&diagnoses, &evidence) else {
            return (evidence, diagnoses);
        };
        let Some(listed) = registries.tags_of(&container.image).await else {
            return (evidence, diagnoses);
        };
        let list = TagList { tags: &listed.tags, whole: listed.whole };
        evidence.registry_tags = Some(diagnosis::nearest(container, list));
        let diagnoses = diagnosis::diagnose(&evidence);
        (evidence, diagnoses)
    }
}
