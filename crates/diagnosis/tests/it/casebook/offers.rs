//! What is offered for the objects of a page, as it is shown: without secrets.

use diagnosis::{Redactor, Snapshot, of_workload};
use types::{AnyFault, Evidence, Finding, Subject};

use super::{lines, scene};

/// What is said where nothing is offered.
const NONE: &str = "none";

/// The plans for one root.
pub(super) fn of_root(evidence: &Evidence) -> String {
    let plans = remedy::plans(&diagnosis::diagnose(evidence), evidence);
    if plans.is_empty() { NONE.to_owned() } else { shown(&lines(&plans)) }
}

/// The plans for each workload and Service that has an incident of its own, then the patch of each finding that
/// carries one; `found` is what a scan of the page finds.
pub(super) fn of_cluster(text: &str, snapshot: &Snapshot, found: &[Finding]) -> String {
    let workloads = scene::workloads(text).into_iter();
    let workloads = workloads.filter(|it| !of_workload(it, &diagnosis::diagnose(it)).is_empty());
    let is_workloads = |it: &&Finding| matches!(it.fault, AnyFault::Workload(_));
    let services = found.iter().filter(is_workloads).filter(|it| it.subject.kind == "Service");
    let services = services.filter_map(|it| scene::around_service(text, &it.subject));
    let roots = workloads.chain(services.map(|it| scene::gathered(&it)));

    let mut parts: Vec<String> = roots.filter_map(|it| plans(&it)).collect();
    parts.dedup();
    parts.extend(of_claims(snapshot, found));
    parts.extend(found.iter().filter_map(patch));
    if parts.is_empty() { NONE.to_owned() } else { parts.join("\n") }
}

/// The plans for one of several.
fn plans(evidence: &Evidence) -> Option<String> {
    let plans = remedy::plans(&diagnosis::diagnose(evidence), evidence);
    let about = Subject::from(&evidence.subject);
    (!plans.is_empty()).then(|| shown(&format!("for {about}:\n{}", indented(&lines(&plans)))))
}

/// The claims that are to be made anew, and the volumes that are to be kept for another claim.
fn of_claims(snapshot: &Snapshot, found: &[Finding]) -> Vec<String> {
    let anew = diagnosis::claims_anew(snapshot, found);
    let anew = anew
        .iter()
        .map(|it| shown(&format!("{} made anew with storage class {}", it.claim, it.meant)));
    let freed = diagnosis::volumes_freed(snapshot, found);
    let freed = freed.iter().filter_map(|it| {
        let patch = remedy::volume_patch(&it.edits)?;
        Some(shown(&format!("patch of volume {} for {}:\n  {patch}", it.volume, it.claim)))
    });
    anew.chain(freed).collect()
}

/// What mends a finding, to be committed.
fn patch(finding: &Finding) -> Option<String> {
    let patch = remedy::finding_patch(finding)?;
    Some(shown(&format!("patch of {}:\n{}", finding.subject, indented(&patch))))
}

fn indented(text: &str) -> String {
    text.lines().map(|it| format!("  {it}")).collect::<Vec<_>>().join("\n")
}

fn shown(text: &str) -> String {
    Redactor::new([0; 32]).redact(text)
}
