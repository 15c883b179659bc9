//! The earlier revisions that a rollback may lead to. The plan and the guard both ask it.

use types::{Evidence, RevisionFacts};

/// Further back lies a program that nobody has tried against today's data.
const MAX_BACK: usize = 3;

/// The revisions before the current one, newest first, as far back as a rollback leads.
pub(crate) fn earlier(evidence: &Evidence) -> impl Iterator<Item = &RevisionFacts> {
    let current = evidence.revisions.iter().find(|it| it.current).map(|it| it.revision);
    let mut earlier: Vec<&RevisionFacts> =
        evidence.revisions.iter().filter(|it| Some(it.revision) < current).collect();
    earlier.sort_by_key(|it| std::cmp::Reverse(it.revision));
    earlier.into_iter().take(MAX_BACK)
}
