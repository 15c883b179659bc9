//! A small shop with one broken workload: each test changes what its claim needs.

use jiff::Timestamp;
use remedy::{Authority, PastWrite, World};
use serde_json::Value;
use types::{
    ContainerFacts, ContainerRole, ContainerState, Diagnosis, Edit, Evidence, FailedFix, Fault,
    FieldPath, ImageFacts, Kind, MeantPort, Mode, NodeFacts, ObjectRef, PodFacts, PortTarget,
    ProbeFacts, ProbeKind, Quantity, ReferenceFacts, ReferenceKind, RevisionFacts,
    ServicePortFacts, SlipFacts, Suppression, TrafficFacts, Verdict, WorkloadFacts,
};

pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    Quantity(text.to_owned())
}

pub(crate) fn path(pointer: &str) -> FieldPath {
    FieldPath::parse(pointer).unwrap()
}

pub(crate) fn edit(pointer: &str, from: impl Into<Value>, to: impl Into<Value>) -> Edit {
    Edit { path: path(pointer), from: Some(from.into()), to: Some(to.into()) }
}

/// `<kind> shop/web` with one container `app` and one pod of it that is not ready.
pub(crate) fn evidence(kind: Kind) -> Evidence {
    let subject = ObjectRef {
        kind,
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        uid: "uid-web".to_owned(),
        resource_version: "7".to_owned(),
    };
    let workload = WorkloadFacts {
        desired: 1,
        updated: 1,
        spec_hash: "00000000deadbeef".to_owned(),
        ..WorkloadFacts::default()
    };
    Evidence {
        taken_at: at(NOW),
        cluster: "test".to_owned(),
        subject,
        workload,
        containers: vec![container("app", "shop/web:1.4")],
        pods: vec![pod("web-1")],
        events: vec![],
        revisions: vec![],
        references: vec![],
        images: vec![],
        nodes: Some(nodes()),
        neighbours: vec![],
        services: vec![],
        service: None,
        unread: vec![],
        failed: vec![],
    }
}

pub(crate) fn nodes() -> NodeFacts {
    NodeFacts {
        ready: 1,
        total: 1,
        largest_memory: 8 << 30,
        largest_cpu: 4000,
        free_memory: 1 << 30,
        free_cpu: 1000,
        down: vec![],
        taints: vec![],
        selectors: vec![],
        taken_ports: vec![],
    }
}

pub(crate) fn container(name: &str, image: &str) -> ContainerFacts {
    ContainerFacts {
        name: name.to_owned(),
        role: ContainerRole::App,
        index: 0,
        sidecar: false,
        image: image.to_owned(),
        pod: "web-1".to_owned(),
        ready: false,
        restarts: 0,
        state: ContainerState::default(),
        memory_limit: None,
        memory_request: None,
        cpu_limit: None,
        cpu_request: None,
        memory_used: None,
        cpu_used: None,
        env: vec![],
        sets: vec![],
        waits_for: vec![],
        works_after: false,
        files: vec![],
        quoted: vec![],
        ports: vec![],
        probes: vec![],
        log: vec![],
        previous_log: vec![],
    }
}

pub(crate) fn pod(name: &str) -> PodFacts {
    PodFacts {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        resource_version: "9".to_owned(),
        phase: "Running".to_owned(),
        reason: None,
        message: None,
        gates: vec![],
        ready: false,
        ready_since: None,
        restarts: 0,
        scheduled: true,
        unschedulable: None,
        scheduler: None,
        node: None,
        current: true,
        terminating: false,
        created_at: None,
    }
}

pub(crate) fn diagnosis(fault: Fault) -> Diagnosis {
    Diagnosis {
        fault,
        container: Some("app".to_owned()),
        cause: String::new(),
        clues: vec![],
        confidence: 1.0,
    }
}

/// What is offered when this fault is diagnosed in the container `app`.
pub(crate) fn plans(fault: Fault, evidence: &Evidence) -> Vec<types::FixPlan> {
    remedy::plans(&[diagnosis(fault)], evidence)
}

/// The template's path for the kinds that hold it in the usual place.
pub(crate) const APP: &str = "/spec/template/spec/containers/0";

pub(crate) fn out_of_memory(kind: Kind, limit: &str) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.containers[0].memory_limit = Some(quantity(limit));
    evidence
}

pub(crate) fn wrong_tag(kind: Kind, known: &[(&str, &str, bool)]) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.images = known
        .iter()
        .map(|(image, seen_in, own)| ImageFacts {
            image: (*image).to_owned(),
            seen_in: (*seen_in).to_owned(),
            own: *own,
        })
        .collect();
    evidence
}

pub(crate) fn probed(kind: ProbeKind, failure: &str) -> Evidence {
    let mut evidence = evidence(Kind::Deployment);
    evidence.containers[0].ports = vec![("http".to_owned(), 8080)];
    evidence.containers[0].probes = vec![ProbeFacts {
        kind,
        action: "GET :8080/healthz".to_owned(),
        port: Some("8080".to_owned()),
        initial_delay_secs: Some(5),
        timeout_secs: Some(1),
        period_secs: Some(10),
        failure_threshold: Some(3),
        failure: Some(failure.to_owned()),
    }];
    evidence
}

pub(crate) fn dangling(kind: ReferenceKind, name: &str, near_miss: &str) -> Evidence {
    let mut evidence = evidence(Kind::Deployment);
    evidence.references = vec![ReferenceFacts {
        kind,
        name: name.to_owned(),
        key: None,
        path: format!("{APP}/envFrom/0/configMapRef/name"),
        exists: Some(false),
        near_miss: Some(near_miss.to_owned()),
        optional: false,
    }];
    evidence
}

pub(crate) fn revision(revision: i64, was_ready: bool, edits: Vec<Edit>) -> RevisionFacts {
    RevisionFacts {
        name: format!("web-{revision}"),
        spec_hash: format!("hash of revision {revision}"),
        revision,
        current: edits.is_empty(),
        was_ready,
        changed: vec![],
        edits,
    }
}

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
        slip: Some(SlipFacts {
            key: key.to_owned(),
            value: value.to_owned(),
            meant_key: meant_key.to_owned(),
            meant_value: meant_value.to_owned(),
            workload: "Deployment shop/web".to_owned(),
            pods: 2,
            ready: 2,
            settled: true,
            near: true,
            meant_so: false,
            served: false,
        }),
        findings: vec![],
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
    let meant = MeantPort { target: meant, near, proven: false };
    TrafficFacts {
        selector: [("app".to_owned(), "web".to_owned())].into(),
        ports: vec![port(0, PortTarget::Number(9090), None), port(1, target, Some(meant))],
        pods: 2,
        endpoints: Some(0),
        slip: None,
        findings: vec![],
    }
}

/// A port of a pod by name.
pub(crate) fn named(name: &str) -> PortTarget {
    PortTarget::Name(name.to_owned())
}

/// Revision 4 is broken; 3 was ready.
pub(crate) fn rolled_out(kind: Kind) -> Evidence {
    let mut evidence = evidence(kind);
    let back = edit(&format!("{APP}/image"), "shop/web:1.4", "shop/web:1.3");
    evidence.revisions = vec![revision(4, false, vec![]), revision(3, true, vec![back])];
    evidence
}

pub(crate) fn unschedulable(kind: Kind, request: &str) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.containers[0].memory_request = Some(quantity(request));
    evidence.pods[0].unschedulable =
        Some("0/1 nodes are available: 1 Insufficient memory.".to_owned());
    evidence
}

/// A world in which automation may do all that the policy allows.
pub(crate) fn world<'a>(evidence: &'a Evidence, writes: &'a [PastWrite]) -> World<'a> {
    World {
        now: at(NOW),
        mode: Mode::Auto,
        authority: Authority::Automation,
        authenticated: true,
        policy_given: true,
        enrolled: true,
        evidence,
        writes,
        unhealthy: 1,
        workloads: 20,
        own_namespace: Some("k8s-reflexion"),
        last_storm: None,
        accepted: None,
    }
}

pub(crate) fn person() -> Authority {
    Authority::Person("alice".to_owned())
}

/// A write of ours, so many seconds ago.
pub(crate) fn write(name: &str, ago_secs: i64, verdict: Option<Verdict>) -> PastWrite {
    PastWrite {
        at: at(NOW - ago_secs),
        subject: ObjectRef::named(Kind::Deployment, "shop", name),
        spec_hash: format!("hash of {name} {ago_secs}"),
        strategy: "roll_back".to_owned(),
        under_way: verdict.is_none(),
        verdict,
        undone: matches!(verdict, Some(Verdict::Unchanged | Verdict::Worse)),
        again: false,
        result_hash: None,
        edits: vec![],
    }
}

/// A limit of `app` that was raised to this in vain: the container was killed again.
pub(crate) fn failed_raise(strategy: &str, to: &str) -> FailedFix {
    FailedFix {
        at: at(NOW - 100),
        strategy: strategy.to_owned(),
        spec_hash: "00000000deadbeef".to_owned(),
        result_hash: None,
        again: true,
        edits: vec![edit(&format!("{APP}/resources/limits/memory"), "64Mi", to)],
    }
}

/// Somebody who lives with the trouble for another minute.
pub(crate) fn acceptance() -> Suppression {
    Suppression {
        fingerprint: "0123456789abcdef".to_owned(),
        reason: "goes next week".to_owned(),
        by: "alice".to_owned(),
        until: at(NOW + 60),
    }
}
