//! A service account may not do what its pods try to do.
//!
//! ## What it looks for
//! The API server's words `User "system:serviceaccount:…" cannot …` in the logs of workloads that are in trouble and in
//! recent events. A workload's words count for the account that it runs as, and for no other: a log says what its
//! program wants it to say.
//!
//! ## What it does not see
//! Which role is missing, and refusals that a healthy workload only logs.

mod refusal;

use std::collections::BTreeMap;

use types::{Clue, ClusterFault, Evidence, Finding, Severity, Subject};

use super::cluster;
use super::scene::Scene;
use super::words::{listed, quoted};
use refusal::{Refusal, refusals};

/// Clues that show where it is said: more say nothing new.
const MAX_CLUES: usize = 3;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut accounts: BTreeMap<Subject, Refused> = BTreeMap::new();
    for finding in &scene.workload_findings {
        for refusal in refused_to(finding, scene) {
            let fact = format!("{}.log", finding.subject);
            accounts.entry(refusal.account.clone()).or_default().add(
                refusal,
                fact,
                finding.severity,
            );
        }
    }
    for event in scene.all.events.iter().filter(|it| scene.is_recent(it)) {
        let message = scene.redact(event.message.as_deref().unwrap_or_default());
        let fact = format!("events[{}].message", event.reason.as_deref().unwrap_or_default());
        for refusal in refusals(&message) {
            let account = refusal.account.clone();
            accounts.entry(account).or_default().add(refusal, fact.clone(), Severity::Warning);
        }
    }
    accounts.into_iter().map(|(account, refused)| refused.told(account, scene)).collect()
}

/// What one account was refused.
#[derive(Default)]
struct Refused {
    /// What it tried, with where that is said and in which words.
    tried: BTreeMap<String, (String, String)>,
    severity: Option<Severity>,
}

impl Refused {
    fn add(&mut self, refusal: Refusal, fact: String, severity: Severity) {
        let said = (fact, refusal.said);
        // The least of several, whatever their order.
        let kept = self.tried.entry(refusal.tried).or_insert_with(|| said.clone());
        if said < *kept {
            *kept = said;
        }
        self.severity = Some(self.severity.map_or(severity, |it| it.min(severity)));
    }

    fn told(self, account: Subject, scene: &Scene<'_>) -> Finding {
        let tried: Vec<_> = self.tried.keys().cloned().collect();
        let cause =
            format!("It may not {}: no role that it is bound to allows that.", listed(&tried));
        let severity = self.severity.unwrap_or(Severity::Warning);
        let fault = cluster(ClusterFault::AccessForbidden);
        let finding = Finding::new(account, severity, fault, cause).sure(0.93);
        let clues = self.tried.into_values().take(MAX_CLUES);
        clues.fold(finding, |it, (fact, said)| it.clue(fact, &quoted(&said, scene)))
    }
}

/// What the account of a workload was refused, in the workload's own words.
pub(super) fn refused_to(finding: &Finding, scene: &Scene<'_>) -> Vec<Refusal> {
    let about = &finding.subject;
    let root = scene.workload(&about.kind, &about.namespace, &about.name);
    let Some(spec) = root.and_then(|it| it.pod_spec()) else { return vec![] };
    let account = spec.service_account_name.as_deref().filter(|it| !it.is_empty());
    let account = Subject::new("ServiceAccount", &*about.namespace, account.unwrap_or("default"));
    let said = finding.clues.iter().flat_map(|it| refusals(&it.value));
    said.filter(|it| it.account == account).collect()
}

/// The newest line of a log that says that something is forbidden, where no clue shows one yet.
pub(super) fn said(evidence: &Evidence, clues: &[Clue]) -> Option<Clue> {
    let is_refusal = |it: &str| !refusals(it).is_empty();
    if clues.iter().any(|it| is_refusal(&it.value)) {
        return None;
    }
    evidence.containers.iter().find_map(|container| {
        let lines = container.log.iter().rev().chain(container.previous_log.iter().rev());
        let line = lines.map(String::as_str).find(|it| is_refusal(it))?;
        Some(Clue::new(format!("containers[{}].log", container.name), line))
    })
}
