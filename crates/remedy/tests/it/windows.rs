//! What our own past writes and the state of the cluster allow.

use remedy::{Past, PastWrite, Policy, World, approve};
use types::{Evidence, Fault, Kind, Verdict};

use crate::scene::{self, at, write};

const HELPED: Option<Verdict> = Some(Verdict::Recovered);
const FAILED: Option<Verdict> = Some(Verdict::Unchanged);
/// The uid of the workload that is there now.
const UID: &str = "now";

/// The code of the refusal, or `ok`, for the first offer on `Deployment shop/web`.
fn answer(writes: &[PastWrite], unhealthy: usize, workloads: usize, by_person: bool) -> String {
    let mut evidence: Evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    UID.clone_into(&mut evidence.subject.uid);
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
    let mut world = scene::world(&evidence, writes);
    (world.unhealthy, world.workloads) = (unhealthy, workloads);
    if by_person {
        world.authority = scene::person();
    }
    let answer = approve(plan, &Policy::default(), &world);
    answer.map_or_else(|it| it.code().to_owned(), |_| "ok".to_owned())
}

#[track_caller]
fn check(writes: &[PastWrite], expected: &str) {
    assert_eq!(answer(writes, 1, 20, false), expected);
}

fn many(name: impl Fn(i64) -> String, count: i64, ago: i64) -> Vec<PastWrite> {
    (0..count).map(|it| write(&name(it), ago, HELPED)).collect()
}

fn elsewhere(mut writes: Vec<PastWrite>) -> Vec<PastWrite> {
    for (number, write) in writes.iter_mut().enumerate() {
        write.subject.namespace = format!("other-{number}");
    }
    writes
}

#[test]
fn one_fix_of_a_workload_at_a_time() {
    check(&[write("web", 1000, None)], "fix_in_flight");
    check(&[write("api", 1000, None)], "ok");
    assert_eq!(answer(&[write("web", 1000, None)], 1, 20, true), "fix_in_flight");
}

#[test]
fn a_cluster_takes_six_writes_a_minute_and_a_namespace_two() {
    check(&elsewhere(many(|it| format!("w{it}"), 6, 60)), "too_often");
    check(&elsewhere(many(|it| format!("w{it}"), 5, 60)), "ok");
    check(&elsewhere(many(|it| format!("w{it}"), 6, 61)), "ok");
    check(&many(|it| format!("w{it}"), 2, 60), "too_often");
    check(&many(|it| format!("w{it}"), 1, 60), "ok");
    check(&many(|it| format!("w{it}"), 2, 61), "ok");
}

#[test]
fn a_write_from_the_future_counts() {
    check(&many(|it| format!("w{it}"), 2, -9999), "too_often");
}

#[test]
fn a_fix_that_helped_closes_the_workload_for_five_minutes() {
    check(&[write("web", 300, HELPED)], "too_often");
    check(&[write("web", 301, HELPED)], "ok");
}

#[test]
fn a_fix_that_was_taken_back_leaves_room_for_the_next_best() {
    check(&[write("web", 100, FAILED)], "ok");
    check(&[write("web", 100, FAILED), write("web", 250, FAILED)], "ok");
    let three = [100, 200, 250].map(|it| write("web", it, FAILED));
    check(&three, "too_often");
    assert_eq!(answer(&three, 1, 20, true), "too_often");
}

#[test]
fn a_workload_is_written_three_times_an_hour() {
    check(&[400, 1000, 3600].map(|it| write("web", it, HELPED)), "too_often");
    check(&[400, 1000, 3601].map(|it| write("web", it, HELPED)), "ok");
}

#[test]
fn three_failures_lock_a_workload_for_an_hour_and_a_person_opens_it() {
    let failed = |ages: [i64; 3]| {
        let mut writes = ages.map(|it| write("web", it, FAILED));
        writes[1].verdict = Some(Verdict::Worse);
        writes
    };
    let writes = failed([3000, 3700, 3800]);
    check(&writes, "workload_locked");
    assert_eq!(answer(&writes, 1, 20, true), "ok");

    check(&failed([3601, 3700, 3800]), "ok");
    let mut helped_between = writes;
    helped_between[1].verdict = HELPED;
    helped_between[1].undone = false;
    check(&helped_between, "ok");
}

/// The same with writes that lie longer ago, and with the time when a person last armed automation.
fn with_past(writes: &[PastWrite], older: &[PastWrite], armed_ago: Option<i64>) -> String {
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
    let armed_at = armed_ago.map(|it| at(scene::NOW - it));
    let past = Past { writes: older, armed_at };
    let world = World { past, ..scene::world(&evidence, writes) };
    let answer = approve(plan, &Policy::default(), &world);
    answer.map_or_else(|it| it.code().to_owned(), |_| "ok".to_owned())
}

#[test]
fn three_attempts_without_effect_lock_a_workload_for_four_hours() {
    let in_vain = |ages: [i64; 3]| ages.map(|it| write("web", it, FAILED)).to_vec();
    check(&in_vain([3601, 3700, 3800]), "workload_locked");
    check(&in_vain([14_400, 14_401, 14_402]), "workload_locked");
    check(&in_vain([14_401, 14_402, 14_403]), "ok");

    // The first of them lie longer ago than the rest is looked at, and within four hours of the last.
    let (last, first) = (in_vain([14_000; 3]), in_vain([20_000, 28_400, 28_400]));
    assert_eq!(with_past(&last[..1], &first[..2], None), "workload_locked");
    assert_eq!(with_past(&last[..1], &first[..1], None), "ok");
    let apart = in_vain([20_000, 28_401, 28_401]);
    assert_eq!(with_past(&last[..1], &apart[..2], None), "ok");
}

/// The same writes, to a workload that had this uid.
fn of_life(uid: &str, writes: &[PastWrite]) -> Vec<PastWrite> {
    let mut writes = writes.to_vec();
    for write in &mut writes {
        uid.clone_into(&mut write.subject.uid);
    }
    writes
}

#[test]
fn what_was_done_to_a_workload_that_is_gone_does_not_bar_the_one_that_was_made_anew() {
    let mut failed = write("web", 5000, FAILED);
    failed.strategy = "raise_memory_limit@1.5".to_owned();
    failed.spec_hash = "00000000deadbeef".to_owned();
    let barred = [
        (vec![failed], "failed_before"),
        ([3000, 3700, 3800].map(|it| write("web", it, FAILED)).to_vec(), "workload_locked"),
        ([400, 1000, 3600].map(|it| write("web", it, HELPED)).to_vec(), "too_often"),
    ];
    for (writes, code) in barred {
        check(&of_life(UID, &writes), code);
        check(&of_life("before", &writes), "ok");
    }
    // What is still being written under its name has to end first.
    check(&of_life("before", &[write("web", 10, None)]), "fix_in_flight");
}

#[test]
fn a_fix_behind_which_another_fault_is_seen_leaves_room_for_that_one() {
    let progress = |ago: i64| write("web", ago, Some(Verdict::Progress));
    check(&[progress(100)], "ok");
    check(&[100, 200, 250].map(progress), "too_often");
    check(&[write("web", 100, FAILED), progress(200), write("web", 3700, FAILED)], "ok");
}

#[test]
fn what_failed_on_this_spec_is_not_tried_again_on_it() {
    let mut failed = write("web", 5000, FAILED);
    failed.strategy = "raise_memory_limit@1.5".to_owned();
    failed.spec_hash = "00000000deadbeef".to_owned();
    check(std::slice::from_ref(&failed), "failed_before");

    let mut other_dose = failed.clone();
    other_dose.strategy = "raise_memory_limit@2".to_owned();
    check(&[other_dose], "ok");
    let mut helped = failed.clone();
    (helped.verdict, helped.undone) = (HELPED, false);
    check(&[helped.clone()], "ok");
    helped.undone = true;
    check(&[helped], "failed_before");
    failed.spec_hash = "another".to_owned();
    check(&[failed], "ok");
}

#[test]
fn a_fix_that_could_not_be_taken_back_wants_a_person() {
    let mut stranded = write("web", 5000, FAILED);
    stranded.undone = false;

    check(std::slice::from_ref(&stranded), "stranded");
    assert_eq!(answer(&[stranded], 1, 20, true), "ok");
}

#[test]
fn a_storm_stops_small_clusters_and_slows_large_ones() {
    let recent = elsewhere(vec![write("w", 100, HELPED)]);
    for (unhealthy, workloads, writes, expected) in [
        (5, 5, &[][..], "ok"),
        (6, 10, &[], "storm"),
        (5, 10, &[], "ok"),
        (28, 50, &[], "storm"),
        (56, 100, &[], "ok"),
        (56, 100, &recent, "storm"),
        (54, 100, &recent, "ok"),
        (100, 100, &[], "storm"),
        (0, 0, &[], "storm"),
    ] {
        let told = answer(writes, unhealthy, workloads, false);
        assert_eq!(told, expected, "{unhealthy} of {workloads}");
    }
    assert_eq!(answer(&[], 6, 10, true), "ok");
}

#[test]
fn after_a_storm_nothing_is_written_for_a_minute() {
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
    for (ago, expected) in [(60, false), (61, true)] {
        let mut world = scene::world(&evidence, &[]);
        world.last_storm = Some(at(scene::NOW - ago));
        let answer = approve(plan.clone(), &Policy::default(), &world);
        assert_eq!(answer.is_ok(), expected, "{ago}");
    }
}

#[test]
fn automation_that_heals_too_little_asks_a_person() {
    let troubles = |failed: i64, helped: i64| {
        let mut writes = elsewhere(many(|it| format!("good{it}"), helped, 5000));
        for number in 0..failed {
            writes.push(write(&format!("bad{number}"), 5000, FAILED));
        }
        writes
    };
    check(&troubles(3, 2), "error_budget_exhausted");
    check(&troubles(2, 3), "ok");
    check(&troubles(4, 0), "ok");
    assert_eq!(answer(&troubles(5, 0), 1, 20, true), "ok");
}

/// So many troubles of a namespace that stayed unhealed.
fn unhealed(namespace: &str, many: usize) -> Vec<PastWrite> {
    let mut writes: Vec<_> =
        (0..many).map(|it| write(&format!("{namespace}-{it}"), 5000, FAILED)).collect();
    for write in &mut writes {
        namespace.clone_into(&mut write.subject.namespace);
    }
    writes
}

/// Whether the budget of the whole cluster is spent, so that the mode drops.
fn is_all_spent(writes: &[PastWrite]) -> bool {
    let (policy, now) = (Policy::default(), at(scene::NOW));
    remedy::budget_spent(&policy, writes, &Past::default(), now, None).is_some()
}

#[test]
fn two_namespaces_that_spend_the_error_budget_alone_disarm_themselves_and_nobody_else() {
    let of_one = unhealed("other", 12);
    check(&of_one, "ok");
    assert!(!is_all_spent(&of_one));
    let here = unhealed("shop", 12);
    check(&here, "error_budget_exhausted");
    assert!(!is_all_spent(&here));
    // Both may be one tenant's.
    for (one, two) in [(6, 6), (12, 3), (3, 3)] {
        let of_two = [unhealed("other", one), unhealed("api", two)].concat();
        check(&of_two, "ok");
        assert!(!is_all_spent(&of_two));
        let here = [unhealed("other", one), unhealed("shop", two)].concat();
        check(&here, "error_budget_exhausted");
        assert!(!is_all_spent(&here));
    }
    // One beside them does not make it everybody's, and as many as both have together do.
    let of_three = |rest| [unhealed("other", 3), unhealed("api", 3), unhealed("db", rest)].concat();
    check(&of_three(1), "ok");
    assert!(!is_all_spent(&of_three(1)));
    check(&of_three(3), "error_budget_exhausted");
    assert!(is_all_spent(&of_three(3)));
    let of_many = ["a", "b", "c", "d", "e"].map(|it| unhealed(it, 1)).concat();
    check(&of_many, "error_budget_exhausted");
    assert!(is_all_spent(&of_many));
}

#[test]
fn what_two_namespaces_made_worse_is_held_against_them_and_what_three_did_against_all() {
    let worse = |spaces: &[&str]| {
        let mut writes: Vec<_> = spaces.iter().flat_map(|it| unhealed(it, 1)).collect();
        for (number, write) in writes.iter_mut().enumerate() {
            write.verdict = Some(Verdict::Worse);
            write.subject.name = format!("w{number}");
        }
        writes
    };
    for (spaces, here, is_all) in [
        (&["other", "other"][..], "ok", false),
        (&["other", "api"], "ok", false),
        (&["shop", "shop"], "error_budget_exhausted", false),
        (&["shop", "other"], "error_budget_exhausted", false),
        (&["other", "api", "db"], "error_budget_exhausted", true),
    ] {
        check(&worse(spaces), here);
        assert_eq!(is_all_spent(&worse(spaces)), is_all, "{spaces:?}");
    }
}

#[test]
fn an_arming_that_is_still_to_come_forgives_nothing() {
    let bad = unhealed("shop", 5);
    assert_eq!(with_past(&bad, &[], Some(-6)), "error_budget_exhausted");
    // The clock of the replica that armed may be a little ahead.
    assert_eq!(with_past(&bad, &[], Some(-5)), "ok");
}

#[test]
fn troubles_of_days_ago_count_until_a_person_arms_automation_again() {
    let bad: Vec<_> = (0..5).map(|it| write(&format!("bad{it}"), 90_000 + it, FAILED)).collect();
    assert_eq!(with_past(&[], &bad, None), "error_budget_exhausted");
    assert_eq!(with_past(&[], &bad, Some(100_000)), "error_budget_exhausted");
    assert_eq!(with_past(&[], &bad, Some(90_000)), "ok");
    assert_eq!(with_past(&[], &bad[..4], None), "ok");
    // What was written since counts.
    let since: Vec<_> = (0..5).map(|it| write(&format!("new{it}"), 5000, FAILED)).collect();
    assert_eq!(with_past(&since, &bad, Some(90_000)), "error_budget_exhausted");
    assert_eq!(with_past(&since, &bad, Some(4999)), "ok");
}

#[test]
fn a_trouble_that_was_healed_at_last_counts_as_healed() {
    let mut writes = vec![];
    for number in 0..5 {
        let name = format!("w{number}");
        for (ago, verdict) in [(9000, FAILED), (8000, FAILED), (7000, HELPED)] {
            let mut write = write(&name, ago, verdict);
            write.spec_hash.clone_from(&name);
            writes.push(write);
        }
    }
    check(&writes, "ok");
}

#[test]
fn making_things_worse_twice_asks_a_person() {
    let worse = |name| write(name, 5000, Some(Verdict::Worse));

    check(&[worse("a")], "ok");
    check(&[worse("a"), worse("b")], "error_budget_exhausted");
}
