//! A service account may not do what its pods try to do.
//!
//! ## What it looks for
//! The API server's words `User "system:serviceaccount:…" cannot …` in the logs of workloads that are in trouble and in
//! recent events. A workload's words count for the account that it runs as, and for no other: a log says what its
//! program wants it to say. Then what is to blame, of who has which role: a binding whose role is not there or whose
//! subject is nobody but nearly this account, a role that is bound in the wrong place, a rule that lacks one verb,
//! resource or group, a workload that runs as the wrong account.
//!
//! ## What it does not see
//! Refusals that a healthy workload only logs, and what is allowed by now.

mod blame;
mod refusal;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use types::{Clue, ClusterFault, Evidence, Finding, Severity, Subject};

use super::cluster;
use super::scene::Scene;
use super::words::{listed, quoted};
use crate::Snapshot;
use crate::confidence;
use crate::log::left;
use blame::{Answer, Blame, Known};
use refusal::{Refusal, refusals};

/// Clues that show where it is said: more say nothing new.
const MAX_CLUES: usize = 3;

/// Whether something tells of a refusal, so that it is worth reading who may do what.
pub fn tells_of_refusals(snapshot: &Snapshot, workloads: &[Finding]) -> bool {
    let events = snapshot.events.iter().filter_map(|it| it.message.as_deref());
    let clues = workloads.iter().flat_map(|it| it.clues.iter().map(|it| it.value.as_str()));
    events.chain(clues).any(|it| !refusals(it).is_empty())
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut accounts: BTreeMap<Subject, Refused> = BTreeMap::new();
    let mut blamed: BTreeMap<Blame, Refused> = BTreeMap::new();
    let known = scene.all.rights.as_ref().map(|it| Known::new(it, scene));
    for (refusal, told) in all(scene) {
        let answer =
            known.as_ref().map_or(Answer::Unknown, |it| it.answer(&refusal, told.user.as_ref()));
        let refused = accounts.entry(refusal.account.clone());
        match answer {
            Answer::Allowed => continue,
            Answer::Unknown => {}
            Answer::Because(blame) => blamed.entry(blame).or_default().add(&refusal, &told),
        }
        refused.or_default().add(&refusal, &told);
    }
    let causes = |account: &Subject| {
        let of = blamed.iter().filter(|it| it.1.accounts.contains(account));
        of.map(|it| it.0.about.clone()).collect::<Vec<_>>()
    };
    let found = accounts.into_iter().map(|(account, refused)| {
        let causes = causes(&account);
        causes.into_iter().fold(refused.told(account, scene), Finding::because_of)
    });
    let found: Vec<_> = found.collect();
    let blamed = blamed.into_iter().map(|(blame, refused)| refused.blames(blame, scene));
    blamed.chain(found).collect()
}

/// Where a refusal is told.
struct Told {
    fact: String,
    severity: Severity,
    /// The workload that was refused it, and the field that names its account.
    user: Option<(Subject, String)>,
}

/// All refusals that are told: those of workloads first.
fn all(scene: &Scene<'_>) -> Vec<(Refusal, Told)> {
    let mut all = vec![];
    for finding in &scene.workload_findings {
        let of = &finding.subject;
        let root = scene.workload(&of.kind, &of.namespace, &of.name);
        let field = root.and_then(|it| it.kind().pod_spec_path());
        let field = field.map(|it| it.child("serviceAccountName").to_string());
        for refusal in refused_to(finding, scene) {
            let user = field.clone().map(|it| (of.clone(), it));
            let fact = format!("{of}.log");
            all.push((refusal, Told { fact, severity: finding.severity, user }));
        }
    }
    for event in scene.all.events.iter().filter(|it| scene.is_recent(it)) {
        let message = scene.redact(event.message.as_deref().unwrap_or_default());
        let fact = format!("events[{}].message", event.reason.as_deref().unwrap_or_default());
        for refusal in refusals(&message) {
            let told = Told { fact: fact.clone(), severity: Severity::Warning, user: None };
            all.push((refusal, told));
        }
    }
    all
}

/// What one account was refused, or several for one reason.
#[derive(Default)]
struct Refused {
    /// What was tried, with where that is said and in which words.
    tried: BTreeMap<String, (String, String)>,
    severity: Option<Severity>,
    accounts: BTreeSet<Subject>,
}

impl Refused {
    fn add(&mut self, refusal: &Refusal, told: &Told) {
        let said = (told.fact.clone(), refusal.said.clone());
        // The least of several, whatever their order.
        let kept = self.tried.entry(refusal.tried.clone()).or_insert_with(|| said.clone());
        if said < *kept {
            *kept = said;
        }
        self.severity = Some(self.severity.map_or(told.severity, |it| it.min(told.severity)));
        self.accounts.insert(refusal.account.clone());
    }

    /// The finding of the account itself.
    fn told(self, account: Subject, scene: &Scene<'_>) -> Finding {
        let cause =
            format!("It may not {}: no role that it is bound to allows that.", self.tried());
        self.finding(account, (cause, vec![]), scene).sure(confidence::SEEN)
    }

    /// The finding of what keeps accounts from it.
    fn blames(self, blame: Blame, scene: &Scene<'_>) -> Finding {
        let cause = format!("{}; so the account may not {}.", blame.why, self.tried());
        let clue = (blame.field.clone(), blame.value);
        self.finding(blame.about, (cause, vec![clue]), scene)
            .at(blame.field)
            .sure(confidence::WORDED)
    }

    fn tried(&self) -> String {
        let tried: Vec<_> = self.tried.keys().cloned().collect();
        listed(&tried)
    }

    fn finding(
        self,
        about: Subject,
        (cause, clues): (String, Vec<(String, String)>),
        scene: &Scene<'_>,
    ) -> Finding {
        let severity = self.severity.unwrap_or(Severity::Warning);
        let fault = cluster(ClusterFault::AccessForbidden);
        let said = self.tried.into_values().take(MAX_CLUES);
        let said = said.map(|(fact, said)| (fact, quoted(&said, scene)));
        let finding = Finding::new(about, severity, fault, cause);
        clues.into_iter().chain(said).fold(finding, |it, (fact, value)| it.clue(fact, &value))
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
        let by_log = lines.map(|it| ("log", it.as_str())).find(|it| is_refusal(it.1));
        let left = left::message(container).iter().flat_map(|it| it.lines());
        let mut left = left.map(|it| ("exit_message", it));
        let (fact, line) = by_log.or_else(|| left.find(|it| is_refusal(it.1)))?;
        Some(Clue::new(format!("containers[{}].{fact}", container.name), line))
    })
}
