//! Verification: the workload is looked at whenever it changes, until there is a verdict.

use std::time::Duration;

use diagnosis::{Health, Look, Patience, judge, look, look_at_growth, look_at_start, look_behind};
use jiff::{SignedDuration, Timestamp};
use types::{
    Action, Evidence, Execution, Fault, FixPlan, Kind, RefusalReport, Step, Strategy, Subresource,
    Verdict,
};

use super::Fixer;
use crate::cluster::ClusterError;
use crate::journal::Stored;

/// Looks that are kept for the record: the first ones and the newest.
const MAX_CHECKS: usize = 60;
/// Changes that come closer together than this are looked at together.
const TOGETHER: Duration = Duration::from_millis(100);
/// How long the cluster is left alone after it did not answer.
const RETRY: Duration = Duration::from_secs(1);
/// How often the endpoints of a Service are asked for while a fix of it is verified.
const ENDPOINTS: Duration = Duration::from_secs(1);
/// An answer that takes longer than this shows nothing of the time before it.
const LATE: SignedDuration = SignedDuration::from_secs(2);

/// The code of a fix whose workload somebody else changed before there was a verdict.
const CHANGED: &str = "changed_meanwhile";

/// Whether somebody else changed the workload while this was verified: then it counts for nothing.
pub(super) fn was_changed(execution: &Execution) -> bool {
    execution.refusal.as_ref().is_some_and(|it| it.code == CHANGED)
}

/// Says that a resize did not come into force, where that is likelier than that it was too little: a kubelet writes new
/// limits of a pod only while the container runs, and this one did not.
pub(super) fn had_no_effect(fix: &mut Stored) -> bool {
    let is_it =
        fix.execution.again && resizes_what_is_down(&fix.plan, fix.execution.fault, &fix.before);
    if is_it {
        let detail = "the container was not running when its pod was resized, and a kubelet writes new limits only \
                      while it runs: what it needs is not known";
        fix.execution.refusal = Some(RefusalReport::new("no_effect", detail));
    }
    is_it
}

/// Whether all that is done is a resize of pods while the container with this fault does not run.
fn resizes_what_is_down(plan: &FixPlan, fault: Fault, before: &Evidence) -> bool {
    let is_resize = |it: &Step| it.subresource == Some(Subresource::Resize);
    let found = diagnosis::diagnose(before);
    let name = found.iter().find(|it| it.fault == fault).and_then(|it| it.container.as_deref());
    let container = name.and_then(|it| before.container(it));
    plan.writes()
        && plan.steps.iter().all(is_resize)
        && container.is_some_and(|it| it.state.running_since.is_none())
}

impl Fixer {
    /// Looks until there is a verdict; `None` when the workload is gone.
    pub(super) async fn settle(&self, fix: &mut Stored) -> Option<Verdict> {
        let applied_at = fix.execution.applied_at.unwrap_or(fix.execution.requested_at);
        // Not from the write on: the time in which nobody looked says nothing against the fix.
        let mut since = Timestamp::now();
        let mut seen_at = since;
        let mut changes = self.agent.cluster.changes(&fix.execution.subject);
        let mut looks: Vec<Look> = Vec::new();
        loop {
            changes.mark_unchanged();
            let asked_at = Timestamp::now();
            match self.objects(&fix.execution.subject).await {
                Ok(objects) => {
                    let waited = Timestamp::now().duration_since(asked_at);
                    if LATE < waited {
                        leave_out(&mut looks, waited, self.patience);
                        since += waited;
                    }
                    seen_at = Timestamp::now();
                    let now = diagnosis::gather(&objects, &self.agent.redactor);
                    if now.subject.uid != fix.execution.subject.uid {
                        return None;
                    }
                    diagnosis::meet(&mut fix.before, &now);
                    let is_another = notice_change(fix, &now);
                    let seen = see(fix, &now, (applied_at, self.patience));
                    if is_another {
                        // It is another workload since: what was seen before says nothing of it.
                        looks.clear();
                        since = Timestamp::now();
                    }
                    keep_result(fix, &now, &seen);
                    note(&mut fix.execution.checks, &seen);
                    looks.push(seen);
                }
                Err(ClusterError::NotFound(_)) => return None,
                Err(error) => {
                    let error = self.words(&fix.execution.subject, &error);
                    tracing::warn!(error, execution = %fix.execution.id, "the workload cannot be looked at");
                    tokio::time::sleep(RETRY).await;
                    // Health that nobody saw does not count, and neither does the time since somebody did.
                    looks.clear();
                    let now = Timestamp::now();
                    since += now.duration_since(seen_at);
                    seen_at = now;
                    continue;
                }
            }
            let patience = self.patience(fix, since);
            if let Some(verdict) = judge(&looks, since, patience) {
                return Some(verdict);
            }
            let next =
                next_look(&looks, since, patience).min(longest_pause(fix, self.patience.settle));
            // Whichever comes first: a change, or the moment at which time alone decides.
            if let Ok(Ok(())) = tokio::time::timeout(next, changes.changed()).await {
                tokio::time::sleep(TOGETHER).await;
            }
        }
    }
}

/// What a look shows of the fix. What hid another fault is known only where nobody else had a hand in it.
fn see(fix: &Stored, now: &Evidence, (applied_at, patience): (Timestamp, Patience)) -> Look {
    let seen = look(&fix.before, now, applied_at);
    if was_changed(&fix.execution) {
        return seen;
    }
    let seen = look_at_start(seen, &fix.plan, &fix.before, now);
    let seen = look_at_growth(seen, &fix.plan, (&fix.before, now), patience);
    look_behind(seen, (&fix.plan, fix.execution.fault), (&fix.before, now), applied_at)
}

/// Leaves out the time in which an answer was waited for, as if it had not passed: what was seen before counts for
/// no longer than it was seen to last, and for nothing where more was unseen than has to be seen.
fn leave_out(looks: &mut Vec<Look>, unseen: SignedDuration, patience: Patience) {
    if patience.settle < unseen {
        looks.clear();
    }
    for look in looks {
        look.check.at += unseen;
    }
}

/// What only the next run of a CronJob can show waits for that run, of which the guard saw that it is near.
pub(super) fn until_next_run(
    usual: Patience,
    plan: &FixPlan,
    next_run: Option<Timestamp>,
    since: Timestamp,
) -> Patience {
    let in_template = plan.steps.iter().all(|it| it.target.kind == Kind::CronJob);
    let next = next_run.filter(|_| in_template);
    let until_then = next.map_or(SignedDuration::ZERO, |it| it.duration_since(since));
    let deadline = usual.deadline + until_then.max(SignedDuration::ZERO);
    Patience { deadline, ..usual }
}

/// Says once that the template is neither what it was before the fix nor what it was with it.
fn notice_change(fix: &mut Stored, now: &Evidence) -> bool {
    let hash = &now.workload.spec_hash;
    let is_known = *hash == fix.execution.spec_hash
        || match &fix.execution.result_hash {
            Some(result) => hash == result,
            // The answer to the write got lost: the first look shows what it has left.
            None => changes_template(fix),
        };
    if is_known || was_changed(&fix.execution) {
        return false;
    }
    tracing::info!(execution = %fix.execution.id, "somebody changed the workload while its fix was verified");
    let detail =
        "somebody changed the workload while its fix was verified, so the fix counts for nothing";
    fix.execution.refusal = Some(RefusalReport::new(CHANGED, detail));
    true
}

/// Whether the plan itself changes the template of the workload, or the pod that is the workload.
fn changes_template(fix: &Stored) -> bool {
    let mut steps = fix.plan.steps.iter();
    steps.any(|it| it.action != Action::Evict && it.target.is_same(&fix.execution.subject))
}

/// What the template is with the fix, where the write got no answer, and whether its fault is there again, by the last.
fn keep_result(fix: &mut Stored, now: &Evidence, seen: &Look) {
    let hash = &now.workload.spec_hash;
    let is_new = fix.execution.result_hash.is_none() && *hash != fix.execution.spec_hash;
    if is_new && changes_template(fix) {
        fix.execution.result_hash = Some(hash.clone());
    }
    let fault = fix.execution.fault;
    let before = diagnosis::diagnose(&fix.before);
    let was = before.iter().find(|it| it.fault == fault).map(|it| (fault, it.container.clone()));
    let is_ours = !was_changed(&fix.execution);
    fix.execution.again = is_ours && was.is_some_and(|it| seen.faults.contains(&it));
}

/// Keeps the look for the record, where it says something that the last one did not.
fn note(checks: &mut Vec<types::Check>, seen: &Look) {
    let same = checks.last().is_some_and(|it| {
        (it.ready, it.desired, it.restarts, &it.note)
            == (seen.check.ready, seen.check.desired, seen.check.restarts, &seen.check.note)
    });
    if same {
        return;
    }
    if checks.len() == MAX_CHECKS {
        checks.remove(MAX_CHECKS / 2);
    }
    checks.push(seen.check.clone());
}

/// How long to wait for a change at most. What stands behind a Service is not watched: it is asked for.
fn longest_pause(fix: &Stored, settle: SignedDuration) -> Duration {
    if fix.execution.subject.kind == Kind::Service {
        return ENDPOINTS;
    }
    // That a container has run for long enough no change tells.
    let is_timed = matches!(fix.plan.strategy, Strategy::RaiseMemoryLimit { .. });
    let settle = Duration::try_from(settle).ok().filter(|_| is_timed);
    settle.map_or(Duration::MAX, |it| it.max(Duration::from_millis(20)))
}

/// How long nothing can be decided unless something changes.
fn next_look(looks: &[Look], since: Timestamp, patience: Patience) -> Duration {
    let now = Timestamp::now();
    let over = since.saturating_add(patience.deadline).unwrap_or(now);
    let streak = looks.last().filter(|it| it.health != Health::OnItsWay).and_then(|last| {
        looks
            .iter()
            .rev()
            .take_while(|it| it.health == last.health && it.check.restarts == last.check.restarts)
            .last()
    });
    let settled = streak.and_then(|it| it.check.at.saturating_add(patience.settle).ok());
    let wait = settled.unwrap_or(over).min(over).duration_since(now);
    // A little later than the moment itself, so that the look falls behind it; never in a tight circle.
    Duration::try_from(wait).unwrap_or(Duration::ZERO) + Duration::from_millis(20)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::{ObjectRef, Risk};

    use super::*;

    #[test]
    fn a_fix_that_only_the_next_run_can_show_waits_for_that_run() {
        let secs = SignedDuration::from_secs;
        let usual = Patience { settle: secs(5), deadline: secs(180) };
        let step = |kind| Step {
            target: ObjectRef::named(kind, "shop", "report"),
            subresource: None,
            action: Action::Edit(vec![]),
        };
        let waits = |kinds: &[Kind], next_secs: Option<i64>| {
            let plan = FixPlan {
                strategy: Strategy::FixReference,
                risk: Risk::Auto,
                because: String::new(),
                steps: kinds.iter().map(|it| step(*it)).collect(),
            };
            let next = next_secs.map(|it| Timestamp::from_second(1_000 + it).unwrap());
            let since = Timestamp::from_second(1_000).unwrap();
            until_next_run(usual, &plan, next, since).deadline
        };

        assert_eq!(waits(&[Kind::CronJob], Some(600)), secs(780));
        // It came by while nobody looked, is not known, or the present job shows it.
        assert_eq!(waits(&[Kind::CronJob], Some(-60)), secs(180));
        assert_eq!(waits(&[Kind::CronJob], None), secs(180));
        assert_eq!(waits(&[Kind::CronJob, Kind::Pod], Some(600)), secs(180));
    }

    #[test]
    fn a_resize_has_no_effect_on_a_container_that_is_down() {
        let before = |running_since: Option<&str>| -> Evidence {
            let facts = json!({
                "taken_at": "2026-01-01T00:01:00Z", "cluster": "test", "pods": [], "events": [],
                "subject": {"kind": "Pod", "namespace": "shop", "name": "alone"},
                "workload": {"desired": 1, "ready": 0, "updated": 1, "paused": false, "ordered": false,
                    "rolling_out": false, "spec_hash": "", "was_ready": false, "opted_out": false},
                "containers": [{"name": "app", "role": "app", "index": 0, "image": "shop/web:1",
                    "pod": "alone", "ready": false, "restarts": 3, "last_exit": "OOMKilled",
                    "exit_code": 137, "exited_at": "2026-01-01T00:00:50Z",
                    "running_since": running_since, "memory_limit": "64Mi"}],
                "revisions": [], "references": [], "images": [], "neighbours": [],
            });
            serde_json::from_value(facts).unwrap()
        };
        let plan = |subresource: Option<Subresource>| {
            let target = ObjectRef::named(Kind::Pod, "shop", "alone");
            let steps = vec![Step { target, subresource, action: Action::Edit(vec![]) }];
            let strategy = Strategy::RaiseMemoryLimit { halves: 2 };
            FixPlan { strategy, risk: Risk::Auto, because: String::new(), steps }
        };
        let resize = plan(Some(Subresource::Resize));
        let check = |plan: &FixPlan, before: &Evidence| {
            resizes_what_is_down(plan, Fault::OomKilled, before)
        };

        assert!(check(&resize, &before(None)));
        // Where it ran, it got the new limit, and that was too little.
        assert!(!check(&resize, &before(Some("2026-01-01T00:00:55Z"))));
        assert!(!check(&plan(None), &before(None)));
    }

    const PATIENCE: Patience = Patience {
        settle: SignedDuration::from_secs(30),
        deadline: SignedDuration::from_secs(180),
    };

    /// Looks at a workload that is well all the time; each is asked for when time alone would decide, and waits so
    /// long.
    fn verdict(waits: &[i64]) -> Option<Verdict> {
        let begin = Timestamp::UNIX_EPOCH;
        let (mut now, mut since, mut looks) = (begin, begin, vec![]);
        for waited in waits {
            let waited = SignedDuration::from_secs(*waited);
            now += waited;
            if LATE < waited {
                leave_out(&mut looks, waited, PATIENCE);
                since += waited;
            }
            let check =
                types::Check { at: now, ready: 1, desired: 1, restarts: 0, note: String::new() };
            looks.push(Look { check, health: Health::Healthy, faults: vec![] });
            if let Some(verdict) = judge(&looks, since, PATIENCE) {
                return Some(verdict);
            }
            now += PATIENCE.settle;
        }
        None
    }

    #[test]
    fn health_that_is_told_late_counts_for_as_long_as_it_was_seen() {
        assert_eq!(verdict(&[0, 0]), Some(Verdict::Recovered));
        assert_eq!(verdict(&[9, 9]), Some(Verdict::Recovered));
    }

    #[test]
    fn health_across_a_long_silence_does_not_count() {
        assert_eq!(verdict(&[0, 60]), None);
        assert_ne!(verdict(&[0, 60, 60, 60, 60, 60, 60, 60, 60]), Some(Verdict::Recovered));
        assert_eq!(verdict(&[0, 60, 0]), Some(Verdict::Recovered));
    }
}
