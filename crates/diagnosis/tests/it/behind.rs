//! A fault behind the one that a fix was made for: when the fix is kept, and when it is taken back.

use diagnosis::{Health, Patience, look, look_at_growth, look_at_start, look_behind};
use jiff::SignedDuration;
use types::{
    Action, ContainerFacts, ContainerRole, ContainerState, Edit, Evidence, Fault, FieldPath,
    Finding, FixPlan, Kind, MeantPort, ObjectRef, PodFacts, PortTarget, ProbeFacts, ProbeKind,
    Risk, ServicePortFacts, Step, Strategy, TrafficFacts,
};

use crate::judging::{at, killed, web};

/// A container of the template and what it waits for, or how it last ended.
pub(crate) fn state(
    index: usize,
    role: ContainerRole,
    waiting: &str,
    exit: &str,
) -> ContainerFacts {
    let name = format!("{}{index}", if role == Init { "init" } else { "app" });
    let facts = killed("web-0", 0, 0).containers.remove(0);
    let state = ContainerState::default();
    let mut facts = ContainerFacts { name, index, role, state, ready: false, ..facts };
    facts.state.waiting = (!waiting.is_empty()).then(|| waiting.to_owned());
    if waiting.ends_with("ImagePullBackOff") {
        facts.state.waiting_message = Some("manifest unknown: not found".to_owned());
    }
    if waiting == "CreateContainerConfigError" {
        facts.state.waiting_message = Some("configmap \"app-confg\" not found".to_owned());
    }
    if !exit.is_empty() {
        facts.restarts = 3;
        facts.state.last_exit = Some(exit.to_owned());
        facts.state.exit_code = Some(if exit == "OOMKilled" { 137 } else { 1 });
        facts.state.exited_at = Some(at(60));
        facts.state.waiting = Some("CrashLoopBackOff".to_owned());
    }
    facts
}

pub(crate) fn shows(containers: &[ContainerFacts], seconds: i64) -> Evidence {
    let mut evidence = web();
    evidence.taken_at = at(seconds);
    evidence.workload.ready = 0;
    evidence.workload.spec_hash = format!("at {seconds}");
    evidence.containers = containers.to_vec();
    for container in &mut evidence.containers {
        container.pod = format!("web-{seconds}");
    }
    evidence
}

/// A plan that writes this field of the pod spec.
pub(crate) fn plan(strategy: Strategy, field: &str) -> FixPlan {
    let path = FieldPath::parse(&format!("/spec/template/spec/{field}")).unwrap();
    let edit = Edit { path, from: None, to: None };
    FixPlan {
        strategy,
        risk: Risk::Auto,
        because: String::new(),
        steps: vec![Step {
            target: ObjectRef::named(Kind::Deployment, "shop", "web"),
            subresource: None,
            action: Action::Edit(vec![edit]),
        }],
    }
}

#[track_caller]
pub(crate) fn check(
    (plan, fault): (&FixPlan, Fault),
    before: &[ContainerFacts],
    now: &[ContainerFacts],
    expected: Health,
) {
    let (before, now) = (shows(before, 0), shows(now, 70));
    let seen = look(&before, &now, at(1));
    assert!(diagnosis::diagnose(&before).iter().any(|it| it.fault == fault));
    let seen = look_behind(seen, (plan, fault), (&before, &now), at(1));
    assert_eq!(seen.health, expected, "{seen:?}");
}

use ContainerRole::{App, Init};
use Health::{Failing, Progress};

fn raise() -> FixPlan {
    plan(Strategy::RaiseMemoryLimit { halves: 1 }, "containers/0/resources/limits/memory")
}

fn refer(field: &str) -> FixPlan {
    plan(Strategy::FixReference, field)
}

#[test]
fn what_the_first_fault_hid_speaks_for_the_fix() {
    let plan = refer("initContainers/0/envFrom/0/configMapRef/name");
    let before =
        [state(0, Init, "CreateContainerConfigError", ""), state(0, App, "PodInitializing", "")];
    let now = [state(0, Init, "", ""), state(0, App, "ImagePullBackOff", "")];

    check((&plan, Fault::ConfigNotFound), &before, &now, Progress);
    // It crashes, and may do so because of what it was pointed at.
    let now = [state(0, Init, "", ""), state(0, App, "", "Error")];
    check((&plan, Fault::ConfigNotFound), &before, &now, Failing);
}

#[test]
fn a_pod_that_is_evicted_for_the_new_template_takes_nothing_from_what_it_proves() {
    let before = [state(0, App, "CreateContainerConfigError", "")];
    let now = [unready("dial tcp 10.0.0.7:5627: connect: connection refused")];
    let evict = Step {
        target: ObjectRef::named(Kind::Pod, "shop", "web-0"),
        subresource: None,
        action: Action::Evict,
    };
    let mut plan = refer("containers/0/envFrom/0/configMapRef/name");
    plan.steps.push(evict.clone());
    check((&plan, Fault::ConfigNotFound), &before, &now, Progress);
    // An eviction alone writes nothing that could have been right.
    plan.steps = vec![evict];
    check((&plan, Fault::ConfigNotFound), &before, &now, Failing);
}

#[test]
fn the_same_fault_again_is_not_behind_itself() {
    let oom = [state(0, App, "", "OOMKilled")];

    check((&raise(), Fault::OomKilled), &oom, &oom, Failing);
    // It ends for another reason now, by itself.
    check((&raise(), Fault::OomKilled), &oom, &[state(0, App, "", "Error")], Progress);
    // A process of it may have been killed for memory all the same.
    let mut killed = state(0, App, "", "Error");
    killed.state.exit_code = Some(137);
    check((&raise(), Fault::OomKilled), &oom, &[killed], Failing);
}

#[test]
fn another_image_may_be_why_its_container_crashes() {
    let strategy = Strategy::ReplaceImageTag { new_tag: "1.27".to_owned() };
    let plan = plan(strategy, "containers/0/image");
    let before = [state(0, App, "ImagePullBackOff", "")];

    check((&plan, Fault::ImageNotFound), &before, &[state(0, App, "", "Error")], Failing);
    let config = [state(0, App, "CreateContainerConfigError", "")];
    check((&plan, Fault::ImageNotFound), &before, &config, Progress);
    check((&plan, Fault::ImageNotFound), &before, &[state(0, App, "", "OOMKilled")], Progress);
}

#[test]
fn what_stood_beside_the_fault_in_another_container_is_no_failure_of_the_fix() {
    let crash = state(1, App, "", "Error");
    let before = [state(0, App, "", "OOMKilled"), crash.clone()];
    let mut well = state(0, App, "", "");
    well.state.running_since = Some(at(40));

    check((&raise(), Fault::OomKilled), &before, &[well.clone(), crash.clone()], Progress);
    // Its silence alone is no sign that it is over.
    well.state.running_since = None;
    check((&raise(), Fault::OomKilled), &before, &[well.clone(), crash.clone()], Failing);
    // What was not there before may come of the fix.
    let alone = [state(0, App, "", "OOMKilled"), state(1, App, "", "")];
    well.state.running_since = Some(at(40));
    check((&raise(), Fault::OomKilled), &alone, &[well, crash], Failing);
}

#[test]
fn a_restart_proves_nothing_about_what_is_seen_after_it() {
    let plan = plan(Strategy::RollBack, "containers/0");
    let before = [state(0, App, "ImagePullBackOff", "")];

    let config = [state(0, App, "CreateContainerConfigError", "")];
    check((&plan, Fault::ImageNotFound), &before, &config, Failing);
}

#[test]
fn fewer_ready_than_before_is_worse_whatever_is_seen() {
    let mut before = shows(&[state(0, App, "", "OOMKilled")], 0);
    before.workload.desired = 2;
    before.workload.ready = 1;
    let now = shows(&[state(0, App, "", "Error")], 70);

    let seen = look(&before, &now, at(1));
    let seen = look_behind(seen, (&raise(), Fault::OomKilled), (&before, &now), at(1));

    assert_eq!(seen.health, Health::Worse);
}

/// A probe of this kind that is asked every five seconds, and that nobody answers.
pub(crate) fn unanswered(
    kind: ProbeKind,
    initial_delay_secs: u32,
    failure_threshold: u32,
) -> ProbeFacts {
    let failure = "dial tcp 10.0.0.1:8080: connect: connection refused";
    ProbeFacts {
        kind,
        action: "GET :8080/".to_owned(),
        port: Some("8080".to_owned()),
        host: None,
        path: Some("/".to_owned()),
        scheme: None,
        initial_delay_secs: Some(initial_delay_secs),
        timeout_secs: None,
        period_secs: Some(5),
        failure_threshold: Some(failure_threshold),
        failure: Some(failure.to_owned()),
        command: vec![],
    }
}

#[test]
fn a_slow_start_has_the_time_that_its_probe_was_given_unless_it_is_killed_again() {
    let plan = plan(Strategy::RelaxProbe, "containers/0/livenessProbe/failureThreshold");
    let starts = |restarts: u32| {
        let mut app = state(0, App, "", "");
        app.restarts = restarts;
        app.state.running_since = Some(at(5));
        app.probes =
            vec![unanswered(ProbeKind::Liveness, 40, 12), unanswered(ProbeKind::Readiness, 0, 3)];
        app
    };
    let health = |app: ContainerFacts, second: i64| {
        let (before, now) = (shows(std::slice::from_ref(&app), 0), shows(&[app], second));
        let seen = look(&before, &now, at(1));
        assert_eq!(seen.health, Failing, "{seen:?}");
        look_at_start(seen, &plan, &before, &now).health
    };

    assert_eq!(health(starts(0), 60), Health::OnItsWay);
    assert_eq!(health(starts(0), 104), Health::OnItsWay);
    assert_eq!(health(starts(0), 106), Failing);
    assert_eq!(health(starts(1), 60), Failing);
}

#[test]
fn more_memory_is_no_help_before_a_leak_would_have_filled_it() {
    let mut hungry = state(0, App, "", "OOMKilled");
    hungry.state.began_at = Some(at(40));
    hungry.memory_limit = Some(types::Quantity("64Mi".to_owned()));
    let before = shows(&[hungry], 62);
    let patience = Patience {
        settle: SignedDuration::from_secs(20),
        deadline: SignedDuration::from_secs(180),
    };
    let health = |halves: u8, limit: &str, runs_for: i64| {
        let mut plan =
            plan(Strategy::RaiseMemoryLimit { halves }, "containers/0/resources/limits/memory");
        let Action::Edit(edits) = &mut plan.steps[0].action else { panic!("an edit") };
        edits[0].to = Some(limit.into());
        let mut now = web();
        now.taken_at = at(100 + runs_for);
        now.containers = killed("web-1", 0, 0).containers;
        now.containers[0].name = "app0".to_owned();
        now.containers[0].state =
            ContainerState { running_since: Some(at(100)), ..ContainerState::default() };
        let seen = look(&web(), &now, at(99));
        assert_eq!(seen.health, Health::Healthy, "{seen:?}");
        look_at_growth(seen, &plan, (&before, &now), patience).health
    };

    // It lived for 20 seconds: twice the memory would last for 40, and with the margin for 60.
    assert_eq!(health(2, "128Mi", 59), Health::OnItsWay);
    assert_eq!(health(2, "128Mi", 60), Health::Healthy);
    // However it came to that much.
    assert_eq!(health(8, "512Mi", 239), Health::OnItsWay);
    assert_eq!(health(8, "512Mi", 240), Health::Healthy);
    // Sixteen times as much lasts for longer than is waited for.
    assert_eq!(health(8, "1Gi", 269), Health::OnItsWay);
    assert_eq!(health(8, "1Gi", 270), Health::Healthy);
}

/// How a pod whose container asked for too much of this stands once it asks for less.
#[track_caller]
fn placed(resource: &str, now: ContainerFacts, expected: Health) {
    let field = format!("containers/0/resources/requests/{resource}");
    let plan = plan(Strategy::LowerRequests, &field);
    let mut before = shows(&[state(0, App, "", "")], 0);
    before.containers.iter_mut().for_each(|it| it.pod.clear());
    before.pods = vec![PodFacts {
        scheduled: false,
        unschedulable: Some(format!("0/1 nodes are available: 1 Insufficient {resource}.")),
        phase: "Pending".to_owned(),
        ready: false,
        ready_since: None,
        ..crate::judging::pod_of("web-0", 0, 0)
    }];
    let now = shows(&[now], 70);
    let seen = look(&before, &now, at(1));
    let seen = look_behind(seen, (&plan, Fault::Unschedulable), (&before, &now), at(1));
    assert_eq!(seen.health, expected, "{resource} {seen:?}");
}

/// It runs, and its readiness probe fails so.
fn unready(failure: &str) -> ContainerFacts {
    let mut app = state(0, App, "", "");
    app.state.running_since = Some(at(5));
    let failure = Some(failure.to_owned());
    app.probes = vec![ProbeFacts { failure, ..unanswered(ProbeKind::Readiness, 0, 3) }];
    app
}

#[test]
fn what_no_node_took_hid_whatever_its_containers_say_once_they_run() {
    let absent = "HTTP probe failed with statuscode: 404";
    let late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

    placed("memory", unready(absent), Progress);
    placed("cpu", unready(absent), Progress);
    placed("memory", unready(late), Progress);
    // With less CPU than it was promised before it may be slow because of that.
    placed("cpu", unready(late), Failing);
    placed("memory", state(0, App, "", "Error"), Progress);
    placed("cpu", state(0, App, "", "Error"), Failing);
    placed("memory", state(0, App, "", "OOMKilled"), Failing);
    placed("memory", state(0, App, "CreateContainerConfigError", ""), Progress);
}

/// A Service of which the survey says this.
fn service(fault: Fault, meant: Option<MeantPort>) -> Evidence {
    let mut evidence = web();
    evidence.subject = ObjectRef::named(Kind::Service, "shop", "web");
    let port = ServicePortFacts {
        index: 0,
        name: String::new(),
        port: 80,
        protocol: "TCP".to_owned(),
        target: Some(PortTarget::Name("htpp".to_owned())),
        meant,
        meant_protocol: None,
    };
    let finding: Finding = serde_json::from_value(serde_json::json!({
        "fingerprint": "0", "severity": "warning", "fault": fault, "cause": "x", "clues": [],
        "subject": {"kind": "Service", "namespace": "shop", "name": "web"},
        "confidence": 0.9, "source": "rules",
    }))
    .unwrap();
    evidence.service = Some(Box::new(TrafficFacts {
        selector: [("app".to_owned(), "web".to_owned())].into(),
        ports: vec![port],
        pods: 2,
        endpoints: Some(0),
        slip: None,
        swapped: None,
        surplus: None,
        findings: vec![finding],
    }));
    evidence
}

#[test]
fn a_port_that_leads_nowhere_was_hidden_where_no_pod_was_taken() {
    let mut plan = plan(Strategy::FixSelector, "x");
    plan.steps[0].target = ObjectRef::named(Kind::Service, "shop", "web");
    let near = MeantPort {
        target: PortTarget::Name("http".to_owned()),
        near: true,
        proven: false,
        agreed: false,
    };
    let health = |before: Fault, meant: Option<MeantPort>| {
        let before = service(before, None);
        let now = service(Fault::ServicePortMismatch, meant);
        let seen = look(&before, &now, at(1));
        let fault = Fault::ServiceWithoutEndpoints;
        look_behind(seen, (&plan, fault), (&before, &now), at(1)).health
    };

    assert_eq!(health(Fault::ServiceWithoutEndpoints, Some(near.clone())), Progress);
    // Pods that have nothing like its port may be somebody else's.
    assert_eq!(health(Fault::ServiceWithoutEndpoints, None), Failing);
    let far = MeantPort { near: false, ..near.clone() };
    assert_eq!(health(Fault::ServiceWithoutEndpoints, Some(far)), Failing);
    // It led nowhere before as well.
    assert_eq!(health(Fault::ServicePortMismatch, Some(near)), Failing);
}
