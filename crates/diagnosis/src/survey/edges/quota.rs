//! A quota that is used up explains the workloads whose pods it refuses.

use types::{Finding, Subject};

use crate::survey::scene::Scene;

/// How the API server begins to name the quota that refuses a pod.
const MARK: &str = "exceeded quota: ";

/// The quotas that the finding's own facts name.
pub(super) fn causes(finding: &Finding, _scene: &Scene<'_>) -> Vec<Subject> {
    let texts = finding.clues.iter().map(|it| it.value.as_str());
    let mut names: Vec<_> = texts.filter_map(named).collect();
    names.sort_unstable();
    names.dedup();
    let namespace = &finding.subject.namespace;
    names.into_iter().map(|it| Subject::new("ResourceQuota", namespace.clone(), it)).collect()
}

/// `… exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1`
fn named(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(MARK)?;
    let (name, _) = rest.split_once(',')?;
    Some(name.trim()).filter(|it| !it.is_empty())
}
