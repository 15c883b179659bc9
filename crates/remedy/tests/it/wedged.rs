//! A pod that hangs while nothing else does: when the facts speak for its eviction, and when they do not.

use remedy::{Consent, Policy, World, approve};
use types::{
    Clue, Diagnosis, EventFacts, Evidence, Fault, Kind, NeighbourFacts, ObjectRef, ProbeKind,
    ServiceFacts, StrainKind,
};

use crate::scene::{self, diagnosis, pod};

/// A change of the facts.
pub(crate) type Change = fn(&mut Evidence);

const FAILURE: &str = "Readiness probe failed: context deadline exceeded";

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(scene::NOW - 3900 + second).unwrap()
}

/// One of three pods has not answered for five minutes, an hour after its container began; the others answer.
pub(crate) fn one_of_three() -> Evidence {
    let mut evidence = scene::probed(ProbeKind::Readiness, FAILURE);
    evidence.taken_at = at(3900);
    evidence.workload.was_ready = true;
    (evidence.workload.desired, evidence.workload.updated) = (3, 3);
    evidence.workload.ready = 2;
    evidence.containers[0].state.running_since = Some(at(0));
    evidence.pods = ["web-1", "web-2", "web-3"].map(pod).to_vec();
    for it in &mut evidence.pods {
        it.node = Some("node-1".to_owned());
        it.ready = true;
        it.ready_since = Some(at(10));
    }
    let failing = &mut evidence.pods[0];
    (failing.ready, failing.ready_since, failing.unready_since) = (false, None, Some(at(3600)));
    evidence
}

/// The only pod, whose log says that a part of it is gone.
pub(crate) fn sole() -> Evidence {
    let mut evidence = one_of_three();
    evidence.pods.truncate(1);
    (evidence.workload.desired, evidence.workload.updated, evidence.workload.ready) = (1, 1, 0);
    evidence.containers[0].wedged = Some("ERROR consumer orders-0 is dead".to_owned());
    evidence
}

fn is_backed_for(diagnoses: &[Diagnosis], evidence: &Evidence) -> Option<bool> {
    let plans = remedy::plans(diagnoses, evidence);
    let plan = plans.iter().find(|it| it.strategy.name() == "restart_pod")?;
    Some(remedy::is_backed(plan, diagnoses, evidence))
}

fn is_backed(evidence: &Evidence) -> bool {
    is_backed_for(&[diagnosis(Fault::ReadinessProbeFailing)], evidence) == Some(true)
}

#[track_caller]
fn refuses(honest: fn() -> Evidence, changes: &[Change]) {
    assert!(is_backed(&honest()));
    for (index, change) in changes.iter().enumerate() {
        let mut evidence = honest();
        change(&mut evidence);
        assert!(!is_backed(&evidence), "change {index}");
    }
}

/// What speaks against it, whatever speaks for it.
pub(crate) const AGAINST: &[Change] = &[
    // It was never ready in this life, or not for longer than between two looks.
    |it| it.pods[0].unready_since = None,
    |it| it.pods[0].unready_since = Some(at(-5)),
    |it| it.containers[0].state.running_since = Some(at(3599)),
    |it| it.containers[0].state.running_since = None,
    |it| it.workload.was_ready = false,
    // It may be over in a moment.
    |it| it.taken_at = at(3630),
    |it| it.containers[0].probes[0].period_secs = Some(120),
    // It is something else than its process.
    |it| it.pods[0].unmet_gates = vec![gate()],
    |it| it.containers[0].probes[0].host = Some("status.example.com".to_owned()),
    |it| "web-9".clone_into(&mut it.containers[0].pod),
    // Something is on its way.
    |it| it.pods[0].current = false,
    |it| it.workload.updated = 0,
    |it| it.workload.desired += 1,
    |it| it.workload.rolled_out_at = Some(at(3700)),
    |it| it.workload.failed_condition = Some("ProgressDeadlineExceeded".to_owned()),
    |it| it.workload.maintenance = Some("annotation example.com/maintenance".to_owned()),
    |it| it.pods.push(types::PodFacts { terminating: true, ready: true, ..pod("web-4") }),
    // More than one fails.
    |it| it.pods.push(pod("web-4")),
    // Its node is in trouble, closed, or unknown.
    |it| it.pods[0].cut_off = true,
    |it| it.pods[0].node = None,
    |it| it.nodes = None,
    |it| it.nodes.as_mut().unwrap().down = vec!["node-1".to_owned()],
    |it| it.nodes.as_mut().unwrap().strained = vec!["node-1".to_owned()],
    |it| it.node_mates = vec![strained()],
    |it| it.events = vec![event("NodeNotReady")],
    // Somebody takes it away.
    |it| it.events = vec![event("Evicted")],
    // What it calls is down, or at rest.
    |it| call(it, 0, 2),
    |it| call(it, 0, 0),
];

fn gate() -> types::GateFacts {
    let condition = "lb.example.com/registered".to_owned();
    types::GateFacts { condition, path: None, said: None, since: None }
}

fn event(reason: &str) -> EventFacts {
    EventFacts {
        type_: "Warning".to_owned(),
        reason: reason.to_owned(),
        message: String::new(),
        object: "Pod shop/web-1".to_owned(),
        count: 1,
        first_seen: None,
        last_seen: None,
    }
}

fn neighbour(name: &str, ready: u32) -> NeighbourFacts {
    NeighbourFacts {
        object: ObjectRef::named(Kind::Deployment, "shop", name),
        desired: 1,
        ready,
        restarts: 0,
        steady: true,
        generation: 1,
        declared: None,
        newest_pod_secs: None,
    }
}

fn strained() -> types::NodeMateFacts {
    let workload = neighbour("other", 1);
    let strain =
        types::StrainFacts { kind: StrainKind::Evicted, at: at(3700), node: "node-1".to_owned() };
    types::NodeMateFacts { workload, strains: vec![strain] }
}

/// It calls the Service `db`, behind which so many of so many are ready.
fn call(evidence: &mut Evidence, ready: u32, desired: u32) {
    evidence.containers[0].calls = vec!["db".to_owned()];
    evidence.services = vec![ServiceFacts {
        name: "db".to_owned(),
        addresses: vec![],
        selects: true,
        behind: vec!["Deployment store".to_owned()],
        targets: vec![],
    }];
    let mut store = neighbour("store", ready);
    store.desired = desired;
    evidence.neighbours = vec![store];
}

#[test]
fn one_of_several_that_lost_its_readiness_alone_is_believed_to_hang() {
    refuses(one_of_three, AGAINST);
    refuses(
        one_of_three,
        &[
            // Nothing says that the others are alike, or that they were ready all the time.
            |it| it.subject.kind = Kind::StatefulSet,
            |it| it.subject.kind = Kind::ReplicaSet,
            |it| it.pods[2].ready_since = Some(at(3650)),
            |it| it.pods[2].ready_since = None,
            |it| it.pods[2].ready = false,
            |it| it.containers[0].at_work = true,
            // All of them, or the only one.
            |it| it.pods.iter_mut().for_each(|it| it.ready = false),
            |it| {
                it.pods.truncate(1);
                it.workload.desired = 1;
            },
        ],
    );
    let mut daemon = one_of_three();
    daemon.subject.kind = Kind::DaemonSet;
    assert!(is_backed(&daemon));
    daemon.workload.on_delete = true;
    assert!(!is_backed(&daemon));
}

#[test]
fn a_log_that_says_so_speaks_for_the_only_pod_too_where_it_was_ready_before() {
    refuses(sole, AGAINST);
    refuses(sole, &[|it| it.containers[0].wedged = None]);
    let mut set = sole();
    set.subject.kind = Kind::StatefulSet;
    assert!(is_backed(&set));
    // A bare pod, and one of a job, is made by nobody again.
    for kind in [Kind::Pod, Kind::Job] {
        set.subject.kind = kind;
        assert!(!is_backed(&set), "{kind}");
    }
}

#[test]
fn what_it_says_that_it_needs_has_to_be_known_to_be_there() {
    let needing = |change: Change| {
        let mut evidence = one_of_three();
        change(&mut evidence);
        let mut diagnosis = diagnosis(Fault::ReadinessProbeFailing);
        diagnosis.clues = vec![Clue::new("containers[app].needs", "db:5432")];
        is_backed_for(&[diagnosis], &evidence)
    };

    assert_eq!(needing(|it| call(it, 2, 2)), Some(true));
    assert_eq!(needing(|it| call(it, 1, 2)), Some(false));
    // An outside provider: nobody knows.
    assert_eq!(needing(|_| {}), Some(false));
}

#[test]
fn another_fault_beside_it_would_be_there_in_a_new_pod_as_well() {
    let hangs = || diagnosis(Fault::ReadinessProbeFailing);
    let evidence = one_of_three();
    assert_eq!(is_backed_for(&[hangs(), hangs()], &evidence), Some(true));
    assert_eq!(is_backed_for(&[hangs(), diagnosis(Fault::OomKilled)], &evidence), Some(false));
    for fault in [Fault::Unknown, Fault::CrashLoopBackOff, Fault::SandboxNotCreated] {
        assert_ne!(is_backed_for(&[diagnosis(fault)], &evidence), Some(true), "{fault}");
    }
}

/// What the guard answers to the eviction that honest facts call for, on these.
fn answer(
    evidence: &Evidence,
    change: impl FnOnce(&mut Policy, &mut World<'_>),
) -> Option<&'static str> {
    let honest = scene::plans(Fault::ReadinessProbeFailing, &one_of_three());
    let plan = honest.into_iter().find(|it| it.strategy.name() == "restart_pod").unwrap();
    let mut policy = Policy::default();
    let mut world = scene::world(evidence, &[]);
    world.now = evidence.taken_at;
    change(&mut policy, &mut world);
    approve(plan, &policy, &world).err().map(|it| it.code())
}

/// Whoever writes its log may write there that it hangs.
#[test]
fn no_machine_takes_a_pod_away_for_which_the_facts_do_not_speak_whatever_its_log_says() {
    for honest in [one_of_three, sole] {
        assert_eq!(answer(&honest(), |_, _| {}), None);
        for (index, change) in AGAINST.iter().enumerate() {
            let mut evidence = honest();
            evidence.containers[0].wedged = Some("ERROR consumer orders-0 is dead".to_owned());
            change(&mut evidence);
            let refused = answer(&evidence, |_, _| {});
            assert_eq!(refused, Some("needs_approval"), "change {index}");
        }
    }
    let mut silent = sole();
    silent.containers[0].wedged = None;
    assert_eq!(answer(&silent, |_, _| {}), Some("needs_approval"));
    // Somebody said yes, to this one or to all of them.
    assert_eq!(answer(&silent, |_, world| world.authority = scene::person()), None);
    let to_all = |policy: &mut Policy, _: &mut World<'_>| {
        policy.strategies.insert("restart_pod".to_owned(), Consent::Auto);
    };
    assert_eq!(answer(&silent, to_all), None);
    // A log that says so of a pod that answers is a log.
    silent.pods[0].ready = true;
    silent.containers[0].wedged = Some("ERROR consumer orders-0 is dead".to_owned());
    assert_eq!(answer(&silent, to_all), Some("out_of_scope"));
}

#[test]
fn the_log_is_quoted_and_cut() {
    let because = |evidence: &Evidence| {
        let plans = scene::plans(Fault::ReadinessProbeFailing, evidence);
        plans.into_iter().find(|it| it.strategy.name() == "restart_pod").unwrap().because
    };
    assert!(because(&one_of_three()).contains("2 others of its template"));
    assert!(because(&sole()).contains("\"ERROR consumer orders-0 is dead\""));
    let mut long = sole();
    long.containers[0].wedged = Some("é".repeat(5000));
    assert!(because(&long).len() < 1000);
}

#[test]
fn what_answered_in_time_before_is_given_no_more_of_it() {
    let names = |evidence: &Evidence| {
        let plans = scene::plans(Fault::ReadinessProbeFailing, evidence);
        plans.iter().map(|it| it.strategy.name()).collect::<Vec<_>>()
    };

    assert!(!names(&one_of_three()).contains(&"relax_probe"));
    assert!(!names(&sole()).contains(&"relax_probe"));
    let mut silent = sole();
    silent.containers[0].wedged = None;
    assert!(names(&silent).contains(&"relax_probe"));
}
