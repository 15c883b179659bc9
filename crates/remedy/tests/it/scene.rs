//! A small shop with one broken workload: each test changes what its claim needs.

mod nodes;
mod images;
mod services;

use jiff::Timestamp;
use remedy::{Authority, Past, PastWrite, World};
use serde_json::Value;
use types::{
    ContainerFacts, ContainerRole, ContainerState, Diagnosis, Edit, Evidence, FailedFix, Fault,
    FieldPath, Kind, Mode, NodeFacts, ObjectRef, PodFacts, ProbeFacts, ProbeKind, Quantity,
    ReferenceFacts, ReferenceKind, ResourceRoom, RevisionFacts, RoomFacts, SlipFacts, SlipKind,
    Suppression, Verdict, WorkloadFacts,
};

pub(crate) use images::{held, listed_tag, wrong_tag};
pub(crate) use nodes::{taint, tainted, unschedulable};
pub(crate) use services::{named, service, surplus_label, swapped_labels, wrong_label, wrong_port};

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
        next_run: (kind == Kind::CronJob).then(|| at(NOW + 60)),
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
        on_nodes: vec![],
        nodes: Some(nodes()),
        neighbours: vec![],
        node_mates: vec![],
        services: vec![],
        service: None,
        unread: vec![],
        failed: vec![],
        slips: vec![],
        room: Some(RoomFacts::default()),
        leftovers: vec![],
        kubernetes_minor: Some(35),
        registry_tags: None,
        manifest: None,
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
        ..NodeFacts::default()
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
        unmet_gates: vec![],
        ready: false,
        ready_since: None,
        unready_since: None,
        restarts: 0,
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

pub(crate) fn probed(kind: ProbeKind, failure: &str) -> Evidence {
    let mut evidence = evidence(Kind::Deployment);
    evidence.containers[0].ports = vec![("http".to_owned(), 8080)];
    evidence.containers[0].probes = vec![ProbeFacts {
        kind,
        action: "GET :8080/healthz".to_owned(),
        port: Some("8080".to_owned()),
        host: None,
        path: Some("/healthz".to_owned()),
        scheme: Some("HTTP".to_owned()),
        initial_delay_secs: Some(5),
        timeout_secs: Some(1),
        period_secs: Some(10),
        failure_threshold: Some(3),
        failure: Some(failure.to_owned()),
        command: vec![],
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
        alike: None,
        meant: None,
        vouched: None,
        belongs_to: None,
        optional: false,
        changed_at: None,
    }];
    evidence
}

/// `app` lacks CPU: its startup probe is not answered while it uses what its limit allows.
pub(crate) fn starved(kind: Kind, limit: &str, used: u64) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.containers = probed(ProbeKind::Startup, "connection refused").containers;
    evidence.containers[0].cpu_limit = Some(quantity(limit));
    evidence.containers[0].cpu_used = Some(used);
    evidence
}

/// `app` asks for nodes by a label that none has.
pub(crate) fn unplaced(kind: ReferenceKind, wrong: &str, beside: &str, near: &str) -> Evidence {
    let mut evidence = dangling(kind, wrong, near);
    let spec = "/spec/template/spec";
    let key = if kind == ReferenceKind::NodeLabelKey { wrong } else { beside };
    let reference = &mut evidence.references[0];
    reference.key = Some(beside.to_owned());
    reference.path = format!("{spec}/nodeSelector/{}", key.replace('/', "~1"));
    evidence.pods[0].unschedulable = Some("0/1 nodes are available".to_owned());
    evidence
}

/// Healthy again, but for pods that were evicted.
pub(crate) fn littered(kind: Kind, many: usize) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.workload.ready = 1;
    evidence.pods = (0..many).map(|it| over(&format!("old-{it}"))).collect();
    evidence.pods.push(PodFacts { ready: true, ..pod("web-1") });
    evidence
}

fn over(name: &str) -> PodFacts {
    PodFacts { phase: "Failed".to_owned(), reason: Some("Evicted".to_owned()), ..pod(name) }
}

/// `app` answers its liveness probe, and its readiness probe asks for another path.
pub(crate) fn asked_elsewhere(kind: Kind) -> Evidence {
    let mut evidence = evidence(kind);
    let said = "HTTP probe failed with statuscode: 404";
    evidence.containers = probed(ProbeKind::Readiness, said).containers;
    let probes = &mut evidence.containers[0].probes;
    let mut sibling = probes[0].clone();
    (sibling.kind, sibling.failure) = (ProbeKind::Liveness, None);
    probes[0].path = Some("/helthz".to_owned());
    probes.push(sibling);
    evidence
}

/// A namespace with some bounds, or one of which nothing is known.
pub(crate) fn some_room(seed: u64) -> Option<RoomFacts> {
    if seed.is_multiple_of(5) {
        return None;
    }
    let pick = |shift: u64, unit: u64| match (seed >> shift) % 4 {
        0 => Some(((seed >> (shift + 2)) % 40) * unit),
        _ => None,
    };
    let of = |shift: u64, unit: u64| ResourceRoom {
        container_max: pick(shift, unit),
        pod_max: pick(shift + 3, unit),
        ratio_thousandths: pick(shift + 6, 500),
        limits_left: pick(shift + 9, unit),
        requests_left: pick(shift + 12, unit),
        cap: None,
    };
    Some(RoomFacts { memory: of(3, 16 << 20), cpu: of(23, 100) })
}

/// A word of the command of `app` that was mistyped.
pub(crate) fn mistyped(kind: Kind) -> Evidence {
    let mut evidence = evidence(kind);
    let path = format!("{APP}/command/0");
    evidence.slips = vec![SlipFacts {
        container: "app".to_owned(),
        kind: SlipKind::Command,
        path: path.clone(),
        config_map: None,
        shown_by: "The image is called nginx, and nothing else is as near.".to_owned(),
        alike: false,
        edits: vec![edit(&path, "ngnix", "nginx")],
    }];
    evidence
}

pub(crate) fn revision(revision: i64, was_ready: bool, edits: Vec<Edit>) -> RevisionFacts {
    RevisionFacts {
        plain: vec![],
        name: format!("web-{revision}"),
        spec_hash: format!("hash of revision {revision}"),
        revision,
        current: edits.is_empty(),
        was_ready,
        changed: vec![],
        mounts_host: false,
        unmounts_host: false,
        edits,
    }
}

/// Revision 4 is broken; 3 was ready.
pub(crate) fn rolled_out(kind: Kind) -> Evidence {
    let mut evidence = evidence(kind);
    let list = kind.pod_spec_path().unwrap_or(path("/spec/template/spec")).child("containers");
    let field = format!("{list}/0/image");
    let back = edit(&field, "shop/web:1.4", "shop/web:1.3");
    evidence.revisions = vec![revision(4, false, vec![]), revision(3, true, vec![back])];
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
        past: Past::default(),
        unhealthy: 1,
        workloads: 20,
        own_namespaces: vec!["k8s-reflexion"],
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
