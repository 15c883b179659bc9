//! What K8sGPT reports: a clue on a finding about the same object, or a notice of its own where there is none.
//!
//! Its words are somebody else's: redacted, shortened, and believed half.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use types::{ClusterFault, Finding, FindingSource, Severity, Subject};

use super::cluster;
use super::scene::{Scene, controller, name, namespace};
use super::words::quoted;
use crate::K8sgptResult;
use crate::confidence;

/// How sure somebody else's report is: it names symptoms as well as causes, and may be old.
const CONFIDENCE: f64 = confidence::SYMPTOM;
/// The fact that a report is.
const FACT: &str = "k8sgpt";
/// Results that are looked at: more of them are no help.
const MAX_RESULTS: usize = 1000;
/// Texts of one object that are shown.
const MAX_TEXTS: usize = 3;

/// The reports about objects that none of these findings is about, one notice for each root owner: much of what is
/// reported is meant so, such as a CronJob that is suspended.
pub(super) fn unknown_to(found: &[Finding], scene: &Scene<'_>) -> Vec<Finding> {
    let mut own: BTreeMap<Subject, Finding> = BTreeMap::new();
    for result in results(scene) {
        let about = about(result, scene);
        if found.iter().any(|it| about.contains(&it.subject)) {
            continue;
        }
        let Some(root) = about.into_iter().next() else { continue };
        let whom =
            if root == result.subject { String::new() } else { format!(" of {}", result.subject) };
        for text in texts(result, scene) {
            match own.get_mut(&root) {
                None => {
                    let fault = cluster(ClusterFault::ReportedByK8sgpt);
                    let cause = format!("K8sGPT reports{whom}: {text}.");
                    let finding = Finding::new(root.clone(), Severity::Notice, fault, cause);
                    let finding = Finding { source: FindingSource::K8sgpt, ..finding };
                    let finding = finding.clue(FACT, &text).sure(CONFIDENCE);
                    own.insert(root.clone(), finding);
                }
                Some(finding) => add(finding, &text),
            }
        }
    }
    own.into_values().collect()
}

/// The findings with what K8sGPT says about their objects, or about those that they explain.
pub(super) fn with_clues(mut found: Vec<Finding>, scene: &Scene<'_>) -> Vec<Finding> {
    for result in results(scene) {
        let about = about(result, scene);
        let is_ours = |it: &&mut Finding| it.source == FindingSource::Rules;
        let mut ours = found.iter_mut().filter(is_ours);
        let near = ours.find(|it| {
            about.contains(&it.subject) || it.explains.iter().any(|it| about.contains(it))
        });
        let Some(near) = near else { continue };
        for text in texts(result, scene) {
            add(near, &text);
        }
    }
    found
}

/// Their results about what is there; some may tell of what has gone since.
fn results<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a K8sgptResult> {
    let results = scene.all.k8sgpt_results.iter().flatten().take(MAX_RESULTS);
    results.filter(|it| is_there(&it.subject, scene))
}

fn add(finding: &mut Finding, text: &str) {
    let told = finding.clues.iter().filter(|it| it.fact == FACT);
    let is_told = finding.cause.contains(text) || told.clone().any(|it| it.value == text);
    if !is_told && told.count() < MAX_TEXTS {
        finding.clues.push(types::Clue::new(FACT, text));
    }
}

fn texts(result: &K8sgptResult, scene: &Scene<'_>) -> Vec<String> {
    result.texts.iter().take(MAX_TEXTS).map(|it| quoted(it, scene)).collect()
}

/// Whose trouble a result may be: the root owner first, then the object itself, and the workloads that it names or,
/// for a Service, that stand behind it.
fn about(result: &K8sgptResult, scene: &Scene<'_>) -> Vec<Subject> {
    let subject = &result.subject;
    let mut about = vec![root(subject, scene), subject.clone()];
    if let Some((kind, name)) = &result.parent {
        about.push(root(&Subject::new(kind, &subject.namespace, name), scene));
    }
    if subject.kind == "Service" {
        let service = scene.service(&subject.namespace, &subject.name);
        let selector = service.and_then(|it| it.spec.as_ref()?.selector.as_ref());
        let selector = selector.filter(|it| !it.is_empty());
        let pods = selector.map(|it| scene.pods_with(&subject.namespace, it)).unwrap_or_default();
        about.extend(pods.into_iter().map(|it| scene.root_of(it)));
    }
    about
}

/// The root owner of an object, as far as the snapshot knows it; else the object.
fn root(subject: &Subject, scene: &Scene<'_>) -> Subject {
    let Subject { kind, namespace: space, name: own } = subject;
    match kind.as_str() {
        "Pod" => scene.pod(space, own).map(|it| scene.root_of(it)),
        "ReplicaSet" => {
            let above = own.rsplit_once('-').map(|it| it.0);
            let above = above.filter(|it| scene.workload("Deployment", space, it).is_some());
            above.map(|it| Subject::new("Deployment", space, it))
        }
        "Job" => {
            let above = scene.job(space, own).and_then(|it| controller(&it.metadata));
            above.map(|(kind, name)| Subject::new(kind, space, name))
        }
        _ => None,
    }
    .unwrap_or_else(|| subject.clone())
}

fn is_named(metadata: &ObjectMeta, subject: &Subject) -> bool {
    name(metadata) == subject.name && namespace(metadata) == subject.namespace
}

/// Whether an object is still there; of kinds that the snapshot does not have, it is taken for there.
fn is_there(subject: &Subject, scene: &Scene<'_>) -> bool {
    let Subject { kind, namespace, name: own } = subject;
    match kind.as_str() {
        "Pod" => scene.pod(namespace, own).is_some(),
        "Node" => scene.all.nodes.iter().any(|it| is_named(&it.metadata, subject)),
        "Service" => scene.all.services.is_none() || scene.service(namespace, own).is_some(),
        "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" => {
            scene.workload(kind, namespace, own).is_some()
        }
        "Job" => scene.job(namespace, own).is_some(),
        _ => true,
    }
}
