//! Caps hold in every window that can be laid over the record of what was written, wherever it begins.
//!
//! `DAYS=1000` plays so many days.

use remedy::{Caps, PastWrite, Policy, approve};
use types::{Fault, Kind, ObjectRef, Verdict};

use crate::chance::Chance;
use crate::scene::{self, at};

const DAY_SECS: i64 = 86_400;
/// Times a day that something wants a write.
const WISHES: usize = 20_000;
/// How long the journal is asked back, in seconds: as the executor asks it.
const MEMORY_SECS: i64 = 4 * 3600;
const NAMESPACES: usize = 4;
const WORKLOADS: usize = 6;
/// How a fix ends: the last two are taken back.
const VERDICTS: [Verdict; 4] =
    [Verdict::Recovered, Verdict::Progress, Verdict::Unchanged, Verdict::Worse];

#[test]
fn no_window_of_a_day_holds_more_writes_than_its_cap() {
    let days = std::env::var("DAYS").ok().and_then(|it| it.parse().ok()).unwrap_or(2);
    let caps = Policy::default().caps;
    let mut n_writes = 0;
    for seed in 0..days {
        let writes = day(&mut Chance::new(seed));
        assert!(100 < writes.len(), "the caps let nothing through");
        check(&writes, &caps);
        n_writes += writes.len();
    }
    println!(
        "{days} days with {WISHES} wishes each: {n_writes} writes, every cap held in every window"
    );
}

/// What is written on a day on which everything is broken all the time and everybody insists.
fn day(chance: &mut Chance) -> Vec<PastWrite> {
    let begin = scene::NOW;
    let mut moments: Vec<i64> = (0..WISHES)
        .map(|_| begin + i64::try_from(chance.below(usize::try_from(DAY_SECS).unwrap())).unwrap())
        .collect();
    moments.sort_unstable();
    let mut writes: Vec<PastWrite> = vec![];
    for now in moments {
        for write in writes.iter_mut().filter(|it| it.under_way) {
            // It takes its time, and ends as it likes.
            if chance.one_in(20) {
                let verdict = *chance.pick(&VERDICTS);
                (write.under_way, write.verdict) = (false, Some(verdict));
                write.undone = matches!(verdict, Verdict::Unchanged | Verdict::Worse);
            }
        }
        let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
        evidence.subject.namespace = format!("shop-{}", chance.below(NAMESPACES));
        evidence.subject.name = format!("web-{}", chance.below(WORKLOADS));
        evidence.taken_at = at(now);
        evidence.workload.spec_hash = chance.below(1 << 30).to_string();
        let subject = evidence.subject.clone();
        let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
        let known: Vec<PastWrite> =
            writes.iter().filter(|it| now - MEMORY_SECS <= it.at.as_second()).cloned().collect();
        let mut world = scene::world(&evidence, &known);
        world.now = at(now);
        // A person's yes opens what machines are kept from, and no cap.
        world.authority = scene::person();
        if approve(plan, &Policy::default(), &world).is_ok() {
            let write = scene::write(&subject.name, 0, None);
            let subject = ObjectRef::named(Kind::Deployment, subject.namespace, subject.name);
            writes.push(PastWrite { at: at(now), subject, ..write });
        }
    }
    writes
}

/// Lays a window at the moment of each write, and counts.
fn check(writes: &[PastWrite], caps: &Caps) {
    let most = |window_secs: i64, is_counted: &dyn Fn(&PastWrite, &PastWrite) -> bool| {
        let counted = |first: &PastWrite| {
            let end = first.at.as_second() + window_secs;
            let inside = writes
                .iter()
                .filter(|it| (first.at.as_second()..=end).contains(&it.at.as_second()));
            inside.filter(|it| is_counted(first, it)).count()
        };
        writes.iter().map(counted).max().unwrap_or(0)
    };
    let same = |a: &PastWrite, b: &PastWrite| a.subject.is_same(&b.subject);
    assert!(most(60, &|_, _| true) <= caps.global_per_60s);
    assert!(most(60, &|a, b| a.subject.namespace == b.subject.namespace) <= caps.namespace_per_60s);
    let is_kept = |it: &PastWrite| !it.undone && it.verdict != Some(Verdict::Progress);
    let kept = |a: &PastWrite, b: &PastWrite| same(a, b) && is_kept(a) && is_kept(b);
    assert!(most(300, &kept) <= caps.workload_per_5min);
    assert!(most(300, &same) <= caps.workload_attempts_per_5min);
    assert!(most(3600, &same) <= caps.workload_per_hour);
}
