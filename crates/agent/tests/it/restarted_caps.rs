//! Caps hold over restarts: what was written is counted by what the journal says, and by nothing that a process knows.

use agent::journal::{Journal, Stored};
use jiff::{SignedDuration, Timestamp};
use remedy::{Authority, Caps, Past, PastWrite, Policy, World};
use types::{ExecutionState, Mode, ObjectRef, Verdict};
use uuid::Uuid;

use crate::journal::after_a_fix;

/// How often something wants a write: every 20 seconds, for two hours.
const WISHES: i64 = 360;
const SECONDS: i64 = 20;
/// A restart after so many of them.
const LIFE: i64 = 37;
/// How long the journal is asked back: as the executor asks it.
const MEMORY: SignedDuration = SignedDuration::from_hours(4);

/// A number below the limit that looks random and is the same on every run.
fn chance(of: i64, salt: u64, limit: u64) -> u64 {
    let mixed = (of.unsigned_abs() ^ (salt << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 32)) % limit
}

/// The same fix of another workload, at another time.
fn wish(model: &Stored, number: i64, now: Timestamp) -> Stored {
    let mut fix = model.clone();
    let subject = ObjectRef {
        namespace: format!("shop-{}", chance(number, 1, 2)),
        name: format!("web-{}", chance(number, 2, 3)),
        ..model.execution.subject.clone()
    };
    fix.execution.id = Uuid::from_u128(u128::from(number.unsigned_abs()) + 1);
    fix.execution.subject = subject.clone();
    fix.execution.spec_hash = format!("{number:016x}");
    fix.execution.state = ExecutionState::Verifying;
    (fix.execution.verdict, fix.execution.finished_at) = (None, None);
    (fix.execution.requested_at, fix.execution.applied_at) = (now, Some(now));
    fix.plan.steps[0].target = subject.clone();
    fix.before.subject = subject;
    fix.before.workload.spec_hash.clone_from(&fix.execution.spec_hash);
    fix.before.taken_at = now;
    fix
}

/// Some of those that are under way end, each as it likes.
async fn end_some(journal: &Journal, number: i64) {
    for (index, mut fix) in (3..).zip(journal.unfinished().await.unwrap()) {
        if chance(number, index, 3) != 0 {
            continue;
        }
        let execution = &mut fix.execution;
        let (state, verdict) = match chance(number, index + 100, 4) {
            0 => (ExecutionState::Verified, Verdict::Recovered),
            1 => (ExecutionState::Verified, Verdict::Progress),
            2 => (ExecutionState::Undone, Verdict::Unchanged),
            _ => (ExecutionState::Undone, Verdict::Worse),
        };
        (execution.state, execution.verdict) = (state, Some(verdict));
        execution.finished_at = execution.applied_at;
        assert!(journal.update(&fix, None).await.unwrap());
    }
}

#[actix_web::test]
async fn no_window_holds_more_writes_than_its_cap_over_restarts() {
    let (_stage, folder) = after_a_fix().await;
    let known = Journal::open(&folder).await.unwrap();
    let model = known.recent(Timestamp::UNIX_EPOCH, Uuid::nil()).await.unwrap().remove(0);
    known.close().await;
    let begin = model.execution.requested_at;
    let data = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(data.path()).await.unwrap();
    let mut n_refused = 0;

    for number in 0..WISHES {
        let now = begin + SignedDuration::from_secs(SECONDS * number);
        if number % LIFE == LIFE - 1 {
            journal.close().await;
            journal = Journal::open(data.path()).await.unwrap();
        }
        end_some(&journal, number).await;
        let fix = wish(&model, number, now);
        let writes = journal.writes_since(now - MEMORY, fix.execution.id).await.unwrap();
        let world = world(&fix, &writes, now);
        match remedy::approve(fix.plan.clone(), &Policy::default(), &world) {
            Ok(_) => journal.begin(&fix, None).await.unwrap(),
            Err(refusal) => {
                assert!(["too_often", "fix_in_flight"].contains(&refusal.code()), "{refusal:?}");
                n_refused += 1;
            }
        }
    }

    let writes = journal.writes_since(Timestamp::UNIX_EPOCH, Uuid::nil()).await.unwrap();
    check(&writes, &Policy::default().caps);
    assert!(20 < writes.len() && 100 < n_refused, "{} writes, {n_refused} refused", writes.len());
    journal.close().await;
}

/// A person insists: his yes opens what machines are kept from, and no cap.
fn world<'a>(fix: &'a Stored, writes: &'a [PastWrite], now: Timestamp) -> World<'a> {
    World {
        now,
        mode: Mode::Auto,
        authority: Authority::Person("alice".to_owned()),
        authenticated: true,
        policy_given: true,
        enrolled: true,
        evidence: &fix.before,
        writes,
        past: Past::default(),
        unhealthy: 1,
        workloads: 20,
        own_namespaces: vec![],
        last_storm: None,
        accepted: None,
    }
}

/// Lays a window at the moment of each write, and counts.
fn check(writes: &[PastWrite], caps: &Caps) {
    let most = |secs: i64, counts: &dyn Fn(&PastWrite, &PastWrite) -> bool| {
        let inside = |first: &PastWrite| {
            let end = first.at + SignedDuration::from_secs(secs);
            let inside = writes.iter().filter(|it| (first.at..=end).contains(&it.at));
            inside.filter(|it| counts(first, it)).count()
        };
        writes.iter().map(inside).max().unwrap_or(0)
    };
    let same = |a: &PastWrite, b: &PastWrite| a.subject.is_same(&b.subject);
    let is_kept = |it: &PastWrite| !it.undone && it.verdict != Some(Verdict::Progress);
    assert!(most(60, &|_, _| true) <= caps.global_per_60s);
    assert!(most(60, &|a, b| a.subject.namespace == b.subject.namespace) <= caps.namespace_per_60s);
    assert!(most(300, &|a, b| same(a, b) && is_kept(a) && is_kept(b)) <= caps.workload_per_5min);
    assert!(most(300, &same) <= caps.workload_attempts_per_5min);
    assert!(most(3600, &same) <= caps.workload_per_hour);
}
