//! That what was changed in a template does not reach the pods that fail, because the rollout is paused.

use crate::redact::shortened;
use types::{Clue, Diagnosis, Evidence, Fault};

/// The field that keeps it.
const PAUSED: &str = "/spec/paused";
/// Changes that are told one by one.
const MAX_TOLD: usize = 2;
/// Characters of a change that are told.
const MAX_CHARS: usize = 160;

/// The diagnosis with that, where it is so; what has to be done is to let the rollout go on.
pub(super) fn told(diagnosis: Diagnosis, evidence: &Evidence) -> Diagnosis {
    let changed = &evidence.workload.held_back;
    if changed.is_empty() || diagnosis.fault == Fault::NodeDown {
        return diagnosis;
    }
    let short = |it: &String| shortened(it, MAX_CHARS);
    let shown: Vec<_> = changed.iter().take(MAX_TOLD).map(short).collect();
    let more = changed.len().saturating_sub(MAX_TOLD);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (name, namespace) = (&evidence.subject.name, &evidence.subject.namespace);
    let cause = diagnosis.cause.trim_end_matches('.');
    let cause = format!(
        "{cause}. Its template was changed since ({}{more}), and that does not go out because the rollout is paused \
         (spec.paused): kubectl rollout resume deployment/{name} -n {namespace} lets it go on.",
        shown.join(", ")
    );
    let mut clues = vec![Clue::new(PAUSED, "true")];
    clues.extend(diagnosis.clues);
    Diagnosis { cause, clues, ..diagnosis }
}
