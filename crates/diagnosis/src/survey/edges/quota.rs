//! A quota that is used up explains the workloads whose pods it refuses.

use types::{Finding, Quantity, Subject};

use crate::refusal::Excess;
use crate::survey::scene::Scene;

/// The quotas that the finding's own facts name. What asks for more than a quota allows at all has itself to blame.
pub(super) fn causes(finding: &Finding, _scene: &Scene<'_>) -> Vec<Subject> {
    let amount = |it: &str| Quantity(it.to_owned()).thousandths().unwrap_or(0);
    let excesses: Vec<_> = finding.clues.iter().flat_map(|it| Excess::read(&it.value)).collect();
    if excesses.iter().any(|it| amount(it.limited) < amount(it.requested)) {
        return vec![];
    }
    let mut names: Vec<_> = excesses.iter().map(|it| it.quota).collect();
    names.sort_unstable();
    names.dedup();
    let namespace = &finding.subject.namespace;
    names.into_iter().map(|it| Subject::new("ResourceQuota", namespace.clone(), it)).collect()
}
