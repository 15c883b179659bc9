//! A key of a ConfigMap has what a program that is given it cannot use.
//!
//! ## What it looks for
//! A workload whose last words are about a variable, or a file, that a key of a ConfigMap brings. What has to
//! change then is the ConfigMap, and the workloads that fail for it are explained by it: also one that only shows
//! the value, where another one that shows the same says which key it is.
//!
//! ## What it does not see
//! What no container is given that left a log. A Secret, of which not even the keys are read.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use types::{
    AnyFault, Clue, ClusterFault, Diagnosis, Evidence, Fault, Finding, ReferenceKind, Severity,
    Subject,
};

use super::cluster;
use super::scene::Scene;
use super::words::is_of_log;
use crate::quoting::{quoted, stands_alone};

/// How long a value is that two workloads show, and not by chance.
const MIN_SHOWN: usize = 6;
/// How a clue begins that names a key.
const KIND: &str = "ConfigMap ";
/// What stands between the object and its key.
const DATA: &str = " /data/";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut blamed: BTreeMap<(Subject, String), Vec<&Finding>> = BTreeMap::new();
    for finding in &scene.workload_findings {
        if let Some(key) = key_of(finding, scene) {
            blamed.entry(key).or_default().push(finding);
        }
    }
    blamed.into_iter().filter_map(|((map, key), by)| told(map, &key, &by)).collect()
}

fn told(map: Subject, key: &str, by: &[&Finding]) -> Option<Finding> {
    // Who says which key it is goes before who only shows the value.
    let first = by.iter().find(|it| self::key(&it.clues).is_some()).or_else(|| by.first())?;
    let severity = by.iter().map(|it| it.severity).min().unwrap_or(Severity::Critical);
    let others = match by.len() {
        1 => String::new(),
        many => format!(" ({} more fail as well)", many - 1),
    };
    let shown = shown(key);
    let cause =
        format!("Its key {shown} is what {} fails at{others}: {}", first.subject, first.cause);
    let fault = cluster(ClusterFault::ConfigMapBroken);
    let sure = by.iter().map(|it| it.confidence).fold(1.0, f64::min);
    let finding = Finding::new(map, severity, fault, cause).sure(sure).at(format!("/data/{key}"));
    let finding = by.iter().fold(finding, |finding, it| match &it.field {
        Some(field) => finding.clue(format!("{} {field}", it.subject), &shown),
        None => finding,
    });
    let said = first.clues.iter().find(|it| is_of_log(it));
    Some(match said {
        Some(said) => finding.clue(said.fact.clone(), &said.value),
        None => finding,
    })
}

/// The key of a ConfigMap that a workload fails at: by its own words, or by those of another one that is given the same
/// ConfigMap and shows the same value.
pub(super) fn key_of(finding: &Finding, scene: &Scene<'_>) -> Option<(Subject, String)> {
    key(&finding.clues).or_else(|| shared(finding, scene))
}

fn shared(finding: &Finding, scene: &Scene<'_>) -> Option<(Subject, String)> {
    let is_crash = |it: &Finding| it.fault == AnyFault::Workload(Fault::CrashLoopBackOff);
    // What has a field of its own is told by that.
    let is_open = is_crash(finding) && finding.field.as_deref().is_none_or(is_container);
    let of = Some(&finding.subject).filter(|_| is_open)?;
    let line = said(&finding.clues)?;
    let spec = scene.workload(&of.kind, &of.namespace, &of.name)?.pod_spec()?;
    let others = scene
        .workload_findings
        .iter()
        .filter(|it| it.subject.namespace == of.namespace && it.subject != *of && is_crash(it));
    others.into_iter().find_map(|other| {
        key(&other.clues).filter(|it| is_given(spec, &it.0.name) && shows(line, &other.clues))
    })
}

/// Whether the line shows a value that the one of these clues shows.
fn shows(line: &str, clues: &[Clue]) -> bool {
    said(clues).is_some_and(|it| values(it).any(|it| stands_alone(line, it)))
}

/// The diagnoses of a workload, for those who read no findings: what a finding says of a ConfigMap at whose key it
/// fails is said first, in the cause and among the clues. `others` are those of the workloads beside it.
pub fn told_of_keys(
    diagnoses: Vec<Diagnosis>,
    evidence: &Evidence,
    others: &[Diagnosis],
) -> Vec<Diagnosis> {
    diagnoses.into_iter().map(|it| told_of_key(it, evidence, others)).collect()
}

fn told_of_key(diagnosis: Diagnosis, evidence: &Evidence, others: &[Diagnosis]) -> Diagnosis {
    let own = key(&diagnosis.clues);
    let Some((map, key)) = own.or_else(|| key_of_others(&diagnosis, evidence, others)) else {
        return diagnosis;
    };
    let shown = shown(&key);
    let cause = format!(
        "Key {shown} of {map} is what {} fails at: {}",
        Subject::from(&evidence.subject),
        diagnosis.cause
    );
    let fact = format!("{map} /data/{key}");
    let (named, rest): (Vec<_>, Vec<_>) =
        diagnosis.clues.into_iter().partition(|it| it.fact == fact);
    let named = named.into_iter().next().unwrap_or_else(|| Clue::new(fact, &shown));
    let clues = [named].into_iter().chain(rest).collect();
    Diagnosis { cause, clues, ..diagnosis }
}

/// As `shared`, by the diagnoses of others that name a field of their own.
fn key_of_others(
    diagnosis: &Diagnosis,
    evidence: &Evidence,
    others: &[Diagnosis],
) -> Option<(Subject, String)> {
    let is_crash = |it: &Diagnosis| it.fault == Fault::CrashLoopBackOff;
    let is_open = |it: &Diagnosis| field(it).is_none_or(is_container);
    let line = said(&diagnosis.clues).filter(|_| is_crash(diagnosis) && is_open(diagnosis))?;
    let is_given = |map: &str| {
        let mut maps = evidence.references.iter().filter(|it| it.kind == ReferenceKind::ConfigMap);
        maps.any(|it| it.name == map)
    };
    let mut sure = others.iter().filter(|it| is_crash(it) && !is_open(it));
    sure.find_map(|other| {
        key(&other.clues).filter(|it| {
            it.0.namespace == evidence.subject.namespace
                && is_given(&it.0.name)
                && shows(line, &other.clues)
        })
    })
}

/// The field of the template that is to blame.
fn field(diagnosis: &Diagnosis) -> Option<&str> {
    let named = diagnosis.clues.iter().find(|it| it.fact.starts_with("/spec/"));
    named.map(|it| it.fact.as_str())
}

/// A key as it stands in a ConfigMap, and not in a path.
fn shown(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// Whether a field is a container as a whole.
fn is_container(field: &str) -> bool {
    let last = field.rsplit_once("ontainers/").map(|it| it.1);
    last.is_some_and(|it| it.chars().all(|it| it.is_ascii_digit()))
}

/// The line that tells of the end.
fn said(clues: &[Clue]) -> Option<&str> {
    clues.iter().find(|it| is_of_log(it)).map(|it| it.value.as_str())
}

/// What a line shows in quotes that no other line has by chance.
fn values(line: &str) -> impl Iterator<Item = &str> {
    quoted(line).filter(|it| MIN_SHOWN <= it.len() && it.contains(|it: char| !it.is_alphabetic()))
}

/// Whether a template takes something of this ConfigMap.
fn is_given(spec: &PodSpec, map: &str) -> bool {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let takes = |it: &Container| {
        let all = it.env_from.iter().flatten().filter_map(|it| it.config_map_ref.as_ref());
        let keys = it.env.iter().flatten().filter_map(|it| it.value_from.as_ref());
        let keys = keys.filter_map(|it| it.config_map_key_ref.as_ref());
        all.map(|it| &it.name).chain(keys.map(|it| &it.name)).any(|it| it == map)
    };
    let volumes = spec.volumes.iter().flatten().filter_map(|it| it.config_map.as_ref());
    containers.into_iter().any(takes) || volumes.into_iter().any(|it| it.name == map)
}

/// The key of a ConfigMap that a workload names by its own words.
fn key(clues: &[Clue]) -> Option<(Subject, String)> {
    clues.iter().find_map(|it| {
        let (object, key) = it.fact.strip_prefix(KIND)?.split_once(DATA)?;
        let (space, name) = object.split_once('/')?;
        Some((Subject::new("ConfigMap", space, name), key.to_owned()))
    })
}
