//! The verdict over a fix: health that lasts, of the workload and of its neighbours.

use diagnosis::{Health, Look, Patience, judge};
use jiff::{SignedDuration, Timestamp};
use types::{
    Check, ContainerFacts, ContainerRole, ContainerState, Evidence, Kind, NeighbourFacts,
    ObjectRef, PodFacts, Verdict, WorkloadFacts,
};

const NOW: i64 = 1_800_000_000;
const SETTLE: i64 = 20;
const DEADLINE: i64 = 180;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).unwrap()
}

/// A look at this second, with so many restarts by then.
fn seen(second: i64, health: Health, restarts: u32) -> Look {
    let check = Check { at: at(second), ready: 1, desired: 1, restarts, note: String::new() };
    Look { check, health, faults: vec![] }
}

#[track_caller]
fn check(looks: &[(i64, Health, u32)], expected: Option<Verdict>) {
    let looks: Vec<_> = looks.iter().map(|it| seen(it.0, it.1, it.2)).collect();
    let patience = Patience {
        settle: SignedDuration::from_secs(SETTLE),
        deadline: SignedDuration::from_secs(DEADLINE),
    };
    assert_eq!(judge(&looks, at(0), patience), expected);
}

use Health::{Failing, Healthy, OnItsWay, Worse};

#[test]
fn health_counts_when_it_has_lasted() {
    check(&[], None);
    check(&[(1, Healthy, 0)], None);
    check(&[(1, Healthy, 0), (20, Healthy, 0)], None);
    check(&[(1, Healthy, 0), (21, Healthy, 0)], Some(Verdict::Recovered));
}

#[test]
fn a_restart_begins_the_wait_anew() {
    check(&[(1, Healthy, 0), (15, Healthy, 1), (21, Healthy, 1)], None);
    check(&[(1, Healthy, 0), (15, Healthy, 1), (35, Healthy, 1)], Some(Verdict::Recovered));
}

#[test]
fn a_relapse_begins_the_wait_anew() {
    check(&[(1, Healthy, 0), (10, Failing, 0), (12, Healthy, 0), (22, Healthy, 0)], None);
}

#[test]
fn what_keeps_failing_is_taken_back_before_the_deadline() {
    check(&[(1, Failing, 0), (20, Failing, 3)], None);
    check(&[(1, Failing, 0), (21, Failing, 3)], Some(Verdict::Unchanged));
}

#[test]
fn what_became_worse_is_taken_back_when_that_lasts() {
    check(&[(1, Worse, 0), (5, OnItsWay, 0), (21, Worse, 0)], None);
    check(&[(5, Worse, 0), (25, Worse, 0)], Some(Verdict::Worse));
}

#[test]
fn what_is_on_its_way_has_until_the_deadline() {
    check(&[(1, OnItsWay, 0), (179, OnItsWay, 0)], None);
    check(&[(1, OnItsWay, 0), (180, OnItsWay, 0)], Some(Verdict::Unchanged));
}

#[test]
fn health_that_came_just_before_the_deadline_was_not_seen_to_last() {
    check(&[(1, OnItsWay, 0), (175, Healthy, 0), (180, Healthy, 0)], Some(Verdict::Unchanged));
}

/// A look after a write at the first second.
fn look(before: &Evidence, now: &Evidence) -> Look {
    diagnosis::look(before, now, at(1))
}

pub(crate) fn web() -> Evidence {
    Evidence {
        taken_at: at(0),
        cluster: "test".to_owned(),
        subject: ObjectRef::named(Kind::Deployment, "shop", "web"),
        workload: WorkloadFacts { desired: 1, ready: 1, updated: 1, ..WorkloadFacts::default() },
        containers: vec![],
        pods: vec![],
        events: vec![],
        revisions: vec![],
        references: vec![],
        images: vec![],
        on_nodes: vec![],
        nodes: None,
        neighbours: vec![],
        node_mates: vec![],
        services: vec![],
        service: None,
        unread: vec![],
        failed: vec![],
        slips: vec![],
        room: None,
        leftovers: vec![],
        kubernetes_minor: None,
        registry_tags: None,
        manifest: None,
    }
}

#[test]
fn a_rollout_that_somebody_paused_half_way_is_well_while_all_that_is_wanted_serves() {
    let paused = |ready, paused| {
        let half = WorkloadFacts {
            desired: 4,
            ready,
            updated: 1,
            paused,
            rolling_out: true,
            ..web().workload
        };
        diagnosis::paused_and_well(&Evidence { workload: half, ..web() })
    };
    assert_eq!([paused(4, true), paused(3, true), paused(4, false)], [true, false, false]);
}

fn beside(ready: u32, steady: bool, generation: i64) -> Evidence {
    let neighbour = NeighbourFacts {
        object: ObjectRef::named(Kind::Deployment, "shop", "cart"),
        desired: 2,
        ready,
        restarts: 0,
        steady,
        generation,
        declared: None,
        newest_pod_secs: None,
    };
    Evidence { neighbours: vec![neighbour], ..web() }
}

#[test]
fn a_steady_neighbour_that_loses_replicas_speaks_against_a_fix() {
    assert_eq!(look(&beside(2, true, 1), &beside(1, false, 1)).health, Worse);
    assert_eq!(look(&beside(2, true, 1), &beside(2, true, 1)).health, Healthy);
}

#[test]
fn a_neighbour_with_trouble_of_its_own_says_nothing_about_a_fix() {
    // It came and went before.
    assert_eq!(look(&beside(2, false, 1), &beside(1, false, 1)).health, Healthy);
    // It lacked replicas before.
    assert_eq!(look(&beside(1, true, 1), &beside(0, false, 1)).health, Healthy);
    // Somebody rolls it out.
    assert_eq!(look(&beside(2, true, 1), &beside(1, false, 2)).health, Healthy);
}

#[test]
fn fewer_ready_than_before_is_worse() {
    let mut before = web();
    before.workload = WorkloadFacts { desired: 3, ready: 2, updated: 3, ..before.workload };
    let mut now = before.clone();
    now.workload.ready = 1;

    assert_eq!(look(&before, &now).health, Worse);
}

#[test]
fn scaled_down_by_somebody_is_not_worse() {
    let mut before = web();
    before.workload = WorkloadFacts { desired: 3, ready: 3, updated: 3, ..before.workload };
    let mut now = before.clone();
    now.workload = WorkloadFacts { desired: 1, ready: 1, updated: 1, ..now.workload };

    assert_eq!(look(&before, &now).health, Healthy);
}

/// `web` with a container that ended out of memory at this second.
pub(crate) fn killed(pod: &str, second: i64, restarts: u32) -> Evidence {
    let state = ContainerState {
        running_since: Some(at(second + 1)),
        last_exit: Some("OOMKilled".to_owned()),
        exit_code: Some(137),
        exited_at: Some(at(second)),
        ..ContainerState::default()
    };
    let container = ContainerFacts {
        name: "app".to_owned(),
        role: ContainerRole::App,
        index: 0,
        sidecar: false,
        image: "shop/web:1".to_owned(),
        pod: pod.to_owned(),
        ready: true,
        restarts,
        state,
        memory_limit: None,
        memory_request: None,
        cpu_limit: None,
        cpu_request: None,
        left_behind: None,
        left_in_scratch: false,
        wedged: None,
        at_work: false,
        calls: vec![],
        given_memory_limit: None,
        given_requests: vec![],
        memory_used: None,
        fills_memory: None,
        cpu_used: None,
        env: vec![],
        sets: vec![],
        waits_for: vec![],
        works_after: false,
        sleeps: None,
        files: vec![],
        quoted: vec![],
        spots: vec![],
        hosts: vec![],
        listens: vec![],
        ports: vec![],
        probes: vec![],
        log: vec![],
        previous_log: vec![],
    };
    Evidence {
        taken_at: at(second + 2),
        containers: vec![container],
        pods: vec![pod_of(pod, second, restarts)],
        ..web()
    }
}

/// The pod, ready since the second after this one.
pub(crate) fn pod_of(pod: &str, second: i64, restarts: u32) -> PodFacts {
    PodFacts {
        name: pod.to_owned(),
        uid: pod.to_owned(),
        resource_version: "1".to_owned(),
        phase: "Running".to_owned(),
        reason: None,
        message: None,
        gates: vec![],
        unmet_gates: vec![],
        ready: true,
        ready_since: Some(at(second + 1)),
        unready_since: None,
        restarts,
        scheduled: true,
        unschedulable: None,
        scheduler: None,
        node: None,
        cut_off: false,
        current: true,
        terminating: false,
        created_at: None,
        prepared_at: None,
        ended_at: None,
    }
}

#[test]
fn an_end_that_was_known_before_the_fix_is_no_failure_of_it() {
    let before = killed("web-1", 0, 4);

    assert_eq!(look(&before, &killed("web-1", 0, 4)).health, Healthy);
    assert_eq!(look(&before, &killed("web-1", 30, 5)).health, Failing);
    assert_eq!(look(&before, &killed("web-2", 30, 1)).health, Failing);
}

/// `web` with its old pod and, when it is there, a new one, in the middle of a rollout; the container is that of
/// `shown`.
fn rollout(shown: &str, restarts: u32, second: i64, arrived: bool) -> Evidence {
    let mut now = killed(shown, second, restarts);
    now.workload.rolling_out = true;
    now.workload.ready = 0;
    "fixed".clone_into(&mut now.workload.spec_hash);
    now.pods = killed("web-1", second, restarts).pods;
    if arrived {
        now.pods.extend(killed("web-2", second, restarts).pods);
    }
    now
}

#[test]
fn what_a_replaced_pod_shows_says_nothing_about_the_fix() {
    let before = killed("web-1", 0, 4);

    assert_eq!(look(&before, &rollout("web-1", 6, 40, false)).health, OnItsWay);
    // The new pod is there, and has not told anything yet.
    assert_eq!(look(&before, &rollout("web-1", 6, 40, true)).health, OnItsWay);
    assert_eq!(look(&before, &rollout("web-2", 2, 40, true)).health, Failing);
}

#[test]
fn words_about_a_replaced_pod_that_come_late_say_nothing_about_the_fix() {
    let before = killed("web-1", 0, 4);
    let mut now = rollout("web-1", 6, 40, true);
    now.workload.rolling_out = false;
    now.workload.ready = now.workload.desired;

    assert_eq!(look(&before, &now).health, Healthy);
    // The same words about the new pod do.
    let mut shown = rollout("web-2", 2, 40, true);
    shown.workload.rolling_out = false;
    assert_eq!(look(&before, &shown).health, Failing);
}

#[test]
fn a_rollout_goes_with_fewer_for_a_while() {
    let mut before = web();
    before.workload = WorkloadFacts { desired: 4, ready: 4, updated: 4, ..before.workload };
    let mut now = before.clone();
    now.workload.ready = 3;
    now.workload.rolling_out = true;
    assert_eq!(look(&before, &now).health, OnItsWay);

    now.workload.rolling_out = false;
    assert_eq!(look(&before, &now).health, Worse);
}

#[test]
fn what_was_ready_only_between_two_ends_was_not_lost() {
    let mut before = killed("web-1", 0, 4);
    let mut now = killed("web-1", 0, 4);
    now.workload.ready = 0;
    assert_ne!(look(&before, &now).health, Worse);

    // Ready for long, in spite of its restarts.
    before.pods[0].ready_since = Some(at(-3_600));
    assert_eq!(look(&before, &now).health, Worse);
}

#[test]
fn a_cron_job_is_judged_by_its_next_run() {
    let failed = |hash: &str, made: i64| {
        let mut evidence = web();
        evidence.subject = ObjectRef::named(Kind::CronJob, "shop", "report");
        evidence.workload = WorkloadFacts {
            desired: 1,
            updated: 1,
            failed_condition: Some("BackoffLimitExceeded".to_owned()),
            rolled_out_at: Some(at(made)),
            spec_hash: hash.to_owned(),
            ..WorkloadFacts::default()
        };
        evidence
    };
    let before = failed("broken", -30);

    assert_eq!(look(&before, &failed("fixed", -30)).health, OnItsWay);
    assert_eq!(look(&before, &failed("fixed", 30)).health, Failing);

    // That the old job is gone proves nothing; that it succeeded does.
    let mut gone = failed("fixed", -30);
    (gone.workload.failed_condition, gone.workload.rolled_out_at) = (None, None);
    gone.workload.desired = 0;
    gone.containers.iter_mut().for_each(|it| it.pod.clear());
    assert_eq!(look(&before, &gone).health, OnItsWay);
}
