//! Each gate of the guard refuses what it is there for, and lets the same plan through without it.

use remedy::{PastWrite, Policy, Refusal, World, approve};
use types::{
    Action, Edit, Evidence, Fault, FixPlan, Kind, Mode, Owner, Risk, Step, Strategy, Subresource,
};

use crate::scene::{self, APP, at, path};

/// What is done to a step to break it.
type Change = fn(&mut Step);

/// A plan and all that the guard looks at.
pub(crate) struct Case {
    pub(crate) evidence: Evidence,
    pub(crate) plan: FixPlan,
    pub(crate) policy: Policy,
    writes: Vec<PastWrite>,
    pub(crate) world: fn(&mut World<'_>),
}

impl Case {
    /// What is offered first, in a world that lets it through.
    pub(crate) fn offered(fault: Fault, evidence: Evidence) -> Self {
        let plan = scene::plans(fault, &evidence).remove(0);
        let (policy, writes) = (Policy::default(), vec![]);
        Self { evidence, plan, policy, writes, world: |_| {} }
    }

    pub(crate) fn oom() -> Self {
        Self::offered(Fault::OomKilled, scene::out_of_memory(Kind::Deployment, "64Mi"))
    }

    /// The same, to which a person said yes.
    pub(crate) fn approved(self) -> Self {
        Self { world: |world| world.authority = scene::person(), ..self }
    }

    pub(crate) fn edits(&mut self) -> &mut Vec<Edit> {
        match &mut self.plan.steps[0].action {
            Action::Edit(edits) => edits,
            Action::Evict | Action::Restart => panic!("the first step edits"),
        }
    }

    pub(crate) fn answer(&self) -> Result<(), Refusal> {
        let mut world = scene::world(&self.evidence, &self.writes);
        (self.world)(&mut world);
        approve(self.plan.clone(), &self.policy, &world).map(|_| ())
    }
}

/// The case passes as it is, and is refused with `code` once it is `broken`.
#[track_caller]
pub(crate) fn check(mut case: Case, code: &str, broken: impl FnOnce(&mut Case)) {
    assert_eq!(case.answer(), Ok(()));
    broken(&mut case);
    let refusal = case.answer().unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal:?}");
    assert!(!refusal.detail().is_empty());
}

/// The case passes, changed so.
#[track_caller]
pub(crate) fn passes(mut case: Case, change: impl FnOnce(&mut Case)) {
    change(&mut case);
    assert_eq!(case.answer(), Ok(()));
}

#[test]
fn the_mode_decides_first() {
    check(Case::oom(), "observing", |it| it.world = |world| world.mode = Mode::Observe);
    check(Case::oom(), "observing", |it| {
        it.world = |world| (world.mode, world.authority) = (Mode::Observe, scene::person());
    });
    check(Case::oom(), "needs_approval", |it| it.world = |world| world.mode = Mode::Suggest);
}

#[test]
fn auto_wants_policy_authentication_and_enrolment() {
    check(Case::oom(), "policy_missing", |it| it.world = |world| world.policy_given = false);
    check(Case::oom(), "not_authenticated", |it| it.world = |world| world.authenticated = false);
    check(Case::oom(), "namespace_not_enrolled", |it| it.world = |world| world.enrolled = false);
}

#[test]
fn amounts_that_an_autoscaler_nobody_could_read_may_set_are_left_to_a_person() {
    let unread = |what: &'static str| {
        move |it: &mut Case| it.evidence.unread.push(format!("{what}: no answer"))
    };
    let starved =
        || Case::offered(Fault::StartupProbeFailing, scene::starved(Kind::Deployment, "500m", 490));
    for case in [Case::oom, starved] {
        check(case(), "needs_approval", unread(types::VERTICAL_AUTOSCALERS));
        passes(case().approved(), unread(types::VERTICAL_AUTOSCALERS));
        passes(case(), unread("autoscalers"));
    }
    let rollback = Case::offered(Fault::CrashLoopBackOff, scene::rolled_out(Kind::Deployment));
    passes(rollback, unread(types::VERTICAL_AUTOSCALERS));
}

#[test]
fn trouble_that_somebody_accepted_is_left_to_a_person() {
    let accepted = scene::acceptance();
    let case = Case::oom();
    let mut world = scene::world(&case.evidence, &[]);
    world.accepted = Some(&accepted);

    let refusal = approve(case.plan.clone(), &case.policy, &world).unwrap_err();

    assert_eq!(refusal.code(), "accepted");
    assert!(refusal.needs_person() && refusal.detail().contains("alice"), "{refusal:?}");
    world.authority = scene::person();
    assert!(approve(case.plan, &case.policy, &world).is_ok());
}

#[test]
fn what_asks_a_person_is_let_through_by_a_person_alone() {
    check(Case::oom(), "needs_approval", |it| it.plan.risk = Risk::Ask);

    let mut asks = Case::oom();
    asks.plan.risk = Risk::Ask;
    asks.world = |world| (world.mode, world.authority) = (Mode::Suggest, scene::person());
    assert_eq!(asks.answer(), Ok(()));
}

#[test]
fn advice_is_carried_out_by_nobody() {
    check(Case::oom(), "advice_only", |it| {
        it.plan.risk = Risk::Advice;
        it.world = |world| world.authority = scene::person();
    });
}

#[test]
fn a_policy_switches_off_and_asks() {
    let says = |it: &mut Case, consent| {
        it.policy.strategies.insert("raise_memory_limit".to_owned(), consent);
    };
    check(Case::oom(), "strategy_switched_off", |it| says(it, remedy::Consent::Off));
    check(Case::oom(), "needs_approval", |it| says(it, remedy::Consent::Ask));
}

#[test]
fn facts_grow_old_and_never_come_from_the_future() {
    check(Case::oom(), "stale_evidence", |it| it.evidence.taken_at = at(scene::NOW - 121));
    check(Case::oom(), "stale_evidence", |it| it.evidence.taken_at = at(scene::NOW + 6));
}

#[test]
fn some_namespaces_are_never_written() {
    for namespace in ["kube-system", "kube-public", "kube-node-lease", "k8s-reflexion", ""] {
        check(Case::oom(), "namespace_denied", |it| {
            it.evidence.subject.namespace = namespace.to_owned();
            it.plan.steps[0].target.namespace = namespace.to_owned();
            it.world = |world| world.authority = scene::person();
        });
    }
    check(Case::oom(), "namespace_denied", |it| {
        it.policy.denied_namespaces.push("shop".to_owned());
    });
    check(Case::oom(), "namespace_denied", |it| {
        it.plan.steps[0].target.namespace = "kube-system".to_owned();
    });
}

#[test]
fn who_asked_to_be_left_alone_is_left_alone() {
    check(Case::oom(), "opted_out", |it| it.evidence.workload.opted_out = true);
    check(Case::oom(), "paused", |it| it.evidence.workload.paused = true);
}

#[test]
fn what_says_that_it_is_under_maintenance_is_mended_by_a_person_alone() {
    let says = |it: &mut Case| {
        it.evidence.workload.maintenance = Some("variable MAINTENANCE".to_owned());
    };
    check(Case::oom(), "needs_approval", says);
    let mut case = Case::oom();
    says(&mut case);
    case.world = |world| world.authority = scene::person();
    assert_eq!(case.answer(), Ok(()));
}

#[test]
fn where_two_owners_take_turns_a_person_says_who_is_right() {
    let limit = "/spec/template/spec/containers/0/resources/limits/memory";
    let turned = |field: &'static str| {
        move |it: &mut Case| it.evidence.workload.turned_back = vec![field.to_owned()]
    };
    check(Case::oom(), "needs_approval", turned(limit));
    check(Case::oom(), "needs_approval", turned("/spec/template/spec/containers"));
    // Whom the policy lets act alone elsewhere.
    check(Case::oom(), "needs_approval", |it| {
        turned(limit)(it);
        it.policy.strategies.insert("raise_memory_limit".to_owned(), remedy::Consent::Auto);
    });

    let mut another_field = Case::oom();
    turned("/spec/template/spec/containers/0/image")(&mut another_field);
    assert_eq!(another_field.answer(), Ok(()));
    let mut person = Case::oom();
    turned(limit)(&mut person);
    person.world = |world| world.authority = scene::person();
    assert_eq!(person.answer(), Ok(()));
}

/// `config-bot` set this field, and somebody with `kubectl` the rest.
pub(crate) fn hand(field: &str) -> types::OtherHand {
    let (name, rest) = ("config-bot".to_owned(), "kubectl".to_owned());
    types::OtherHand { name, rest, fields: vec![field.to_owned()] }
}

#[test]
fn where_somebody_elses_hand_is_in_a_field_a_person_is_asked() {
    let limit = "/spec/template/spec/containers/0/resources/limits/memory";
    let held = |field: &'static str| {
        move |it: &mut Case| it.evidence.workload.other_hands = vec![hand(field)]
    };
    for field in [limit, "/spec/template/spec/containers", "/spec", "no pointer"] {
        check(Case::oom(), "needs_approval", held(field));
    }
    // Whom the policy lets act alone elsewhere.
    check(Case::oom(), "needs_approval", |it| {
        held(limit)(it);
        it.policy.strategies.insert("raise_memory_limit".to_owned(), remedy::Consent::Auto);
    });

    // The same hand wrote all of it.
    assert_eq!(Case::oom().answer(), Ok(()));
    let mut another_field = Case::oom();
    held("/spec/template/spec/containers/0/image")(&mut another_field);
    assert_eq!(another_field.answer(), Ok(()));
    let mut person = Case::oom();
    held(limit)(&mut person);
    person.world = |world| world.authority = scene::person();
    assert_eq!(person.answer(), Ok(()));
}

#[test]
fn a_service_that_two_hands_wrote_is_led_elsewhere_after_a_yes() {
    let case = || {
        let wrong = scene::wrong_port(scene::named("htpp"), scene::named("http"), true);
        Case::offered(Fault::ServicePortMismatch, scene::service(wrong))
    };
    assert_eq!(case().answer(), Ok(()));
    check(case(), "needs_approval", |it| {
        it.evidence.workload.other_hands = vec![hand("/spec/ports")];
    });
}

#[test]
fn the_target_is_the_incidents_own_object_as_it_was_read() {
    let changes: [(&str, Change); 6] = [
        ("target_unidentified", |it| it.target.uid.clear()),
        ("target_unidentified", |it| it.target.resource_version.clear()),
        ("foreign_target", |it| it.target.uid.push('x')),
        ("foreign_target", |it| it.target.resource_version.push('0')),
        ("foreign_target", |it| it.target.name.push('x')),
        ("foreign_target", |it| it.target.namespace.push('x')),
    ];
    for (code, change) in changes {
        check(Case::oom(), code, |it| change(&mut it.plan.steps[0]));
    }
}

#[test]
fn a_field_of_somebody_else_is_his() {
    let part = format!("{APP}/resources/limits/memory/part");
    for fields in
        [vec![], vec![format!("{APP}/resources")], vec![part], vec!["no pointer".to_owned()]]
    {
        check(Case::oom(), "owned_elsewhere", |it| {
            let (name, mark) = ("argocd".to_owned(), String::new());
            it.evidence.workload.owners = vec![Owner { name, mark, fields }];
        });
    }
    let mut elsewhere = Case::oom();
    let (name, mark) = ("hpa".to_owned(), String::new());
    let fields = vec!["/spec/replicas".to_owned()];
    elsewhere.evidence.workload.owners = vec![Owner { name, mark, fields }];
    assert_eq!(elsewhere.answer(), Ok(()));
}

#[test]
fn no_strategy_writes_a_field_that_is_not_its_own() {
    for pointer in [
        "/spec/replicas",
        "/metadata/finalizers/0",
        "/metadata/ownerReferences/0/name",
        "/spec/template/spec/serviceAccountName",
        "/spec/template/spec/hostNetwork",
        "/spec/template/spec/hostPID",
        "/spec/template/spec/securityContext/runAsUser",
        "/spec/template/spec/volumes/0/hostPath/path",
        "/spec/template/spec/volumes/0/configMap/name",
        "/spec/template/spec/containers/0/command/0",
        "/spec/template/spec/containers/0/args/0",
        "/spec/template/spec/containers/0/env/0/value",
        "/spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef/name",
        "/spec/template/spec/containers/0/securityContext/privileged",
        "/spec/template/spec/containers/0/livenessProbe/exec/command/0",
        "/spec/template/spec/containers/0/lifecycle/preStop/exec/command/0",
        "/spec/template/spec/containers/1/resources/limits/memory",
        "/spec/template/spec/containers/0",
        "/spec/template/spec",
        "",
    ] {
        check(Case::oom(), "out_of_scope", |it| it.edits()[0].path = path(pointer));
    }
}

#[test]
fn only_a_broken_pod_that_is_made_again_is_evicted() {
    let case = || {
        let case = Case::offered(Fault::ReadinessProbeFailing, crate::wedged::one_of_three());
        assert_eq!(case.plan.strategy, Strategy::RestartPod);
        case
    };
    check(case(), "out_of_scope", |it| it.evidence.pods[0].ready = true);
    check(case(), "out_of_scope", |it| it.evidence.pods[0].terminating = true);
    check(case(), "out_of_scope", |it| it.evidence.subject.kind = Kind::Job);
    check(case(), "foreign_target", |it| it.evidence.pods.clear());
    check(case(), "out_of_scope", |it| it.plan.strategy = Strategy::RollBack);
    check(case(), "out_of_scope", |it| it.plan.steps.push(it.plan.steps[0].clone()));
}

#[test]
fn each_action_belongs_to_its_strategy() {
    check(Case::oom(), "out_of_scope", |it| it.plan.steps[0].action = Action::Restart);
    check(Case::oom(), "out_of_scope", |it| it.plan.strategy = Strategy::Wait);
    check(Case::oom(), "out_of_scope", |it| {
        it.plan.steps[0].subresource = Some(Subresource::Resize);
    });
    check(Case::oom(), "out_of_scope", |it| it.plan.steps.push(it.plan.steps[0].clone()));
    check(Case::oom(), "out_of_scope", |it| {
        let twice = it.edits()[0].clone();
        it.edits().push(twice);
    });
    check(Case::oom(), "out_of_scope", |it| {
        let step = it.plan.steps[0].clone();
        it.plan.steps = vec![step; 4];
    });
}

#[test]
fn waiting_writes_nothing_and_needs_nobody() {
    let mut evidence = scene::probed(types::ProbeKind::Readiness, "connection refused");
    evidence.workload.rolling_out = true;
    let mut case = Case::offered(Fault::ReadinessProbeFailing, evidence);
    assert_eq!(case.plan.strategy, Strategy::Wait);

    case.world = |world| world.mode = Mode::Suggest;
    assert_eq!(case.answer(), Ok(()));
    case.world = |world| world.mode = Mode::Observe;
    assert_eq!(case.answer(), Err(Refusal::Observing));
}

#[test]
fn every_offer_of_ours_that_goes_unasked_passes_its_own_guard() {
    let mut relaxed = scene::probed(types::ProbeKind::Liveness, "connection refused");
    relaxed.containers[0].probes[0].port = Some("8081".to_owned());
    let dangling = scene::dangling(types::ReferenceKind::ConfigMap, "web-cofig", "web-config");
    let mut fits = scene::unschedulable(Kind::Deployment, "3Gi");
    fits.containers[0].memory_used = Some(100 << 20);
    let known = [("shop/web:1.3", "revision 3", true)];
    let mut cases = vec![
        (Fault::LivenessProbeFailing, relaxed),
        (Fault::ConfigNotFound, dangling),
        (Fault::Unschedulable, fits),
    ];
    for kind in Kind::ALL {
        let mut ordered = scene::rolled_out(kind);
        ordered.workload.ordered = true;
        cases.push((Fault::CrashLoopBackOff, ordered));
        cases.push((Fault::ImageNotFound, scene::wrong_tag(kind, &known)));
        cases.push((Fault::OomKilled, scene::out_of_memory(kind, "64Mi")));
    }
    let mut offers = 0;
    for (fault, evidence) in cases {
        for plan in scene::plans(fault, &evidence).into_iter().filter(|it| it.risk == Risk::Auto) {
            let world = scene::world(&evidence, &[]);
            let answer = approve(plan.clone(), &Policy::default(), &world);
            assert!(answer.is_ok(), "{plan}: {answer:?}");
            assert_eq!(answer.unwrap().plan().undo().steps, plan.undo().steps);
            offers += 1;
        }
    }
    assert!(20 < offers, "{offers}");
}
