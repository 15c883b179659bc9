//! What was changed right before a program began to fail: a fact for the reader, and no proof.

use jiff::{SignedDuration, Timestamp};
use types::{Clue, Diagnosis, Evidence, Fault, ReferenceFacts};

/// How long after a change trouble may begin that has to do with it: as long as a rollout or a restart may take.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// The kubelet has tried no more often than this when trouble is so young.
const MAX_RESTARTS: u32 = 8;
/// Changes that are shown.
const MAX_SHOWN: usize = 2;
/// What is said of pods that crash or whose probe fails, again and again.
const REASONS: [&str; 2] = ["BackOff", "Unhealthy"];

/// The diagnosis with the ConfigMaps that were changed right before a crash or a failing probe began.
pub(super) fn told(mut diagnosis: Diagnosis, evidence: &Evidence) -> Diagnosis {
    let is_about = matches!(
        diagnosis.fault,
        Fault::CrashLoopBackOff
            | Fault::LivenessProbeFailing
            | Fault::StartupProbeFailing
            | Fault::ReadinessProbeFailing
    );
    let Some(begin) = begin(&diagnosis, evidence).filter(|_| is_about) else { return diagnosis };
    let mut changed: Vec<_> =
        evidence.references.iter().filter_map(|it| Some((it.changed_at?, it))).collect();
    changed.retain(|it| it.0 <= begin && begin.duration_since(it.0) <= WINDOW);
    changed.sort_by_key(|it| (std::cmp::Reverse(it.0), &it.1.name));
    changed.dedup_by_key(|it| &it.1.name);
    let clues = changed.into_iter().take(MAX_SHOWN).map(|it| clue(it, begin));
    diagnosis.clues.extend(clues);
    diagnosis
}

/// `ConfigMap settings` was changed at a time, so long before.
fn clue((at, map): (Timestamp, &ReferenceFacts), begin: Timestamp) -> Clue {
    let secs = begin.duration_since(at).as_secs();
    let (number, unit) = if secs < 60 { (secs, "second") } else { (secs / 60, "minute") };
    let plural = if number == 1 { "" } else { "s" };
    let words = format!("was changed at {at}, {number} {unit}{plural} before this began");
    Clue::new(format!("ConfigMap {}", map.name), &words)
}

/// When it began: the first that is told of it, else its end, while that cannot be one of many.
fn begin(diagnosis: &Diagnosis, evidence: &Evidence) -> Option<Timestamp> {
    let container = evidence.container(diagnosis.container.as_deref()?)?;
    let events = evidence.events.iter().filter(|it| REASONS.contains(&it.reason.as_str()));
    let first = events.filter_map(|it| it.first_seen).min();
    let is_young = container.restarts <= MAX_RESTARTS;
    first.or(container.state.exited_at.filter(|_| is_young))
}
