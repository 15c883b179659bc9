//! Services of the shop that lead nowhere.

use types::{
    Evidence, Kind, LabelSlip, MeantPort, PortTarget, ServicePortFacts, SurplusLabel,
    SwappedLabels, TrafficFacts,
};

use super::evidence;

/// `Service shop/web`, with these facts of it.
pub(crate) fn service(facts: TrafficFacts) -> Evidence {
    Evidence { service: Some(Box::new(facts)), ..evidence(Kind::Service) }
}

/// A Service that asks for one label too wrong, while pods of `Deployment shop/web` have the other.
pub(crate) fn wrong_label(
    (key, value): (&str, &str),
    (meant_key, meant_value): (&str, &str),
) -> TrafficFacts {
    TrafficFacts {
        selector: [(key.to_owned(), value.to_owned())].into(),
        ports: vec![],
        pods: 0,
        endpoints: Some(0),
        slip: Some(LabelSlip {
            key: key.to_owned(),
            value: value.to_owned(),
            meant_key: meant_key.to_owned(),
            meant_value: meant_value.to_owned(),
            workload: "Deployment shop/web".to_owned(),
            pods: 2,
            ready: 2,
            settled: true,
            near: true,
            formerly: false,
            meant_so: false,
            served: false,
            agreed: false,
        }),
        swapped: None,
        surplus: None,
        findings: vec![],
    }
}

/// A Service that asks for `app=api,component=web`, while pods of `Deployment shop/web` have the values the other
/// way round.
pub(crate) fn swapped_labels() -> TrafficFacts {
    let facts = wrong_label(("app", "api"), ("app", "web"));
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    TrafficFacts {
        selector: [label("app", "api"), label("component", "web"), label("part", "x")].into(),
        slip: None,
        swapped: Some(SwappedLabels {
            keys: ["app".to_owned(), "component".to_owned()],
            workload: "Deployment shop/web".to_owned(),
            pods: 2,
            ready: 2,
            settled: true,
        }),
        ..facts
    }
}

/// A Service whose second port leads nowhere, while all its pods declare one that is left.
pub(crate) fn wrong_port(target: PortTarget, meant: PortTarget, near: bool) -> TrafficFacts {
    let port = |index, target, meant| ServicePortFacts {
        index,
        name: format!("port-{index}"),
        port: 80,
        protocol: "TCP".to_owned(),
        target: Some(target),
        meant,
        meant_protocol: None,
    };
    let meant = MeantPort { target: meant, near, proven: false, agreed: false };
    TrafficFacts {
        selector: [("app".to_owned(), "web".to_owned())].into(),
        ports: vec![port(0, PortTarget::Number(9090), None), port(1, target, Some(meant))],
        pods: 2,
        endpoints: Some(0),
        slip: None,
        swapped: None,
        surplus: None,
        findings: vec![],
    }
}

/// A Service that asks for `part=x` beside what the pods of `Deployment shop/web` have.
pub(crate) fn surplus_label(nobodys: bool, formerly: bool) -> TrafficFacts {
    let surplus = SurplusLabel {
        key: "part".to_owned(),
        value: "x".to_owned(),
        workload: "Deployment shop/web".to_owned(),
        pods: 2,
        ready: 2,
        nobodys,
        formerly,
    };
    TrafficFacts { swapped: None, surplus: Some(surplus), ..swapped_labels() }
}

/// A port of a pod by name.
pub(crate) fn named(name: &str) -> PortTarget {
    PortTarget::Name(name.to_owned())
}
