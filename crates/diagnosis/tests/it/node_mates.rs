//! What a fix does to the workloads of other namespaces on its nodes: only what the node explains is its doing.

use diagnosis::{Health, Look, meet};
use jiff::Timestamp;
use types::{
    Evidence, Kind, NeighbourFacts, NodeMateFacts, ObjectRef, ServiceFacts, StrainFacts, StrainKind,
};

use crate::judging::{at, web};

/// When the fix was written.
const WRITTEN: i64 = 10;

/// How a workload of another namespace stands.
#[derive(Clone, Copy)]
struct Stands {
    ready: u32,
    steady: bool,
    generation: i64,
    /// When it was evicted.
    evicted: Option<i64>,
}

const WELL: Stands = Stands { ready: 2, steady: true, generation: 1, evicted: None };
const EVICTED: Stands = Stands { ready: 1, evicted: Some(12), ..WELL };

/// `web`, and on its node a workload that wants two replicas.
fn beside(it: Stands) -> Evidence {
    let workload = neighbour(ObjectRef::named(Kind::Deployment, "other", "quiet"), it);
    let strain =
        |at: Timestamp| StrainFacts { kind: StrainKind::Evicted, at, node: "node-1".to_owned() };
    let strains = it.evicted.map(|it| strain(at(it))).into_iter().collect();
    Evidence { node_mates: vec![NodeMateFacts { workload, strains }], ..web() }
}

fn neighbour(object: ObjectRef, it: Stands) -> NeighbourFacts {
    NeighbourFacts {
        object,
        desired: 2,
        ready: it.ready,
        restarts: 0,
        steady: it.steady,
        generation: it.generation,
        declared: None,
        newest_pod_secs: None,
    }
}

fn look(before: &Evidence, now: &Evidence) -> Look {
    diagnosis::look(before, now, at(WRITTEN))
}

#[track_caller]
fn check(before: Stands, now: Stands, expected: Health) {
    assert_eq!(look(&beside(before), &beside(now)).health, expected);
}

#[test]
fn what_was_whole_and_is_put_off_the_node_speaks_against_the_fix() {
    check(WELL, WELL, Health::Healthy);
    check(WELL, EVICTED, Health::Worse);
}

#[test]
fn what_the_node_does_not_explain_or_explains_from_before_is_not_blamed_on_the_fix() {
    check(WELL, Stands { evicted: None, ..EVICTED }, Health::Healthy);
    check(WELL, Stands { evicted: Some(WRITTEN - 1), ..EVICTED }, Health::Healthy);
    check(WELL, Stands { evicted: Some(WRITTEN), ..EVICTED }, Health::Worse);
}

/// `web`, and on its node a workload of each of these namespaces that is well, or suffers from this on this node.
fn among(mates: &[(&str, Option<(StrainKind, &str)>)]) -> Evidence {
    let mate = |(namespace, strain): &(&str, Option<(StrainKind, &str)>)| {
        let ready = if strain.is_some() { 1 } else { 2 };
        let object = ObjectRef::named(Kind::Deployment, *namespace, "quiet");
        let strains =
            strain.map(|(kind, node)| StrainFacts { kind, at: at(12), node: node.into() });
        NodeMateFacts {
            workload: neighbour(object, Stands { ready, ..WELL }),
            strains: strains.into_iter().collect(),
        }
    };
    Evidence { node_mates: mates.iter().map(mate).collect(), ..web() }
}

#[test]
fn what_one_namespace_alone_says_of_itself_takes_nothing_back() {
    let well = among(&[("other", None), ("third", None)]);
    let check = |now: &[(&str, Option<(StrainKind, &str)>)], expected| {
        assert_eq!(look(&well, &among(now)).health, expected, "{now:?}");
    };
    let (late, killed) = (StrainKind::AnswersLate, StrainKind::KilledForMemory);
    for kind in [late, killed] {
        check(&[("other", Some((kind, "node-1"))), ("third", None)], Health::Healthy);
    }
    for kind in [StrainKind::Evicted, StrainKind::NodeUnderPressure, StrainKind::NodeNotReady] {
        check(&[("other", Some((kind, "node-1"))), ("third", None)], Health::Worse);
    }
    let (here, there) = (Some((late, "node-1")), Some((killed, "node-2")));
    check(&[("other", here), ("third", Some((killed, "node-1")))], Health::Worse);
    check(&[("other", here), ("third", there)], Health::Healthy);
}

#[test]
fn two_workloads_of_one_namespace_are_one_voice() {
    let late = StrainFacts { kind: StrainKind::AnswersLate, at: at(12), node: "node-1".to_owned() };
    let pair = |ready: u32, strains: &[StrainFacts]| {
        let mate = |name: &str| {
            let object = ObjectRef::named(Kind::Deployment, "other", name);
            let workload = neighbour(object, Stands { ready, ..WELL });
            NodeMateFacts { workload, strains: strains.to_vec() }
        };
        Evidence { node_mates: vec![mate("one"), mate("two")], ..web() }
    };

    assert_eq!(look(&pair(2, &[]), &pair(1, &[late])).health, Health::Healthy);
}

#[test]
fn what_came_and_went_before_or_was_changed_since_is_not_blamed_on_the_fix() {
    check(Stands { steady: false, ..WELL }, EVICTED, Health::Healthy);
    check(Stands { ready: 1, ..WELL }, Stands { ready: 0, ..EVICTED }, Health::Healthy);
    check(WELL, Stands { generation: 2, ..EVICTED }, Health::Healthy);
}

#[test]
fn what_is_whole_again_elsewhere_is_not_worse() {
    check(WELL, Stands { ready: 2, ..EVICTED }, Health::Healthy);
}

#[test]
fn what_was_not_there_before_is_known_from_when_it_comes_into_view() {
    let evicted = beside(EVICTED);

    let mut before = web();
    assert_eq!(look(&before, &evicted).health, Health::Healthy);
    meet(&mut before, &beside(WELL));
    assert_eq!(look(&before, &evicted).health, Health::Worse);

    let mut late = web();
    meet(&mut late, &evicted);
    assert_eq!(look(&late, &evicted).health, Health::Healthy);

    let mut known = beside(WELL);
    meet(&mut known, &evicted);
    assert_eq!(known.node_mates, beside(WELL).node_mates);
}

#[test]
fn the_verdict_says_how_near_to_the_workload_it_was_that_something_got_worse() {
    let note = |before: &Evidence, now: &Evidence| look(before, now).check.note;
    assert_eq!(
        note(&beside(WELL), &beside(EVICTED)),
        "same node: Deployment other/quiet lost replicas that were ready: a pod of it was evicted from node-1"
    );

    let cart = |ready| {
        let object = ObjectRef::named(Kind::Deployment, "shop", "cart");
        let neighbours = vec![neighbour(object, Stands { ready, ..WELL })];
        Evidence { neighbours, ..web() }
    };
    assert_eq!(
        note(&cart(2), &cart(1)),
        "same namespace: Deployment shop/cart lost replicas that were ready"
    );

    let behind = ["Deployment web", "Deployment cart"].map(str::to_owned).to_vec();
    let service = ServiceFacts {
        name: "front".to_owned(),
        addresses: vec![],
        selects: true,
        behind,
        targets: vec![],
    };
    assert_eq!(
        note(&Evidence { services: vec![service], ..cart(2) }, &cart(1)),
        "same Service front: Deployment shop/cart lost replicas that were ready"
    );

    let mut fewer = web();
    fewer.workload.ready = 0;
    assert_eq!(note(&web(), &fewer), "same owner: 0 ready, 1 before the fix");
}
