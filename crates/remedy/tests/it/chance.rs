//! Random plans in random worlds: the guard and an opinion that was written apart from it agree.
//!
//! `GUARD_CASES=1000000` compares so many.

mod causes;
mod commands;
mod past;
mod policies;
mod references;
mod restarts;
mod services;

use remedy::{World, approve};
use serde_json::{Value, json};
use types::{
    Action, ContainerRole, Evidence, Fault, FixPlan, Kind, LastChange, Mode, Owner, ProbeKind,
    ReferenceKind, Risk, Strategy, Subresource,
};

use crate::oracle::{Rules, opinion};
use crate::scene::{self, APP, at, path};

/// Enough that each broken rule meets each strategy many times; a few seconds in a debug build.
const CASES: u64 = 100_000;
/// So many of them have to be legal, and as many not: a guard that refuses everything is no guard.
const OF_EACH_KIND: u64 = 10_000;

/// A source of numbers that looks random and is the same on every run (`SplitMix64`).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const NAMES: [&str; 4] = ["web", "api", "db", "job"];
const NAMESPACES: [&str; 3] = ["shop", "other", "kube-system"];
const AMOUNTS: [&str; 16] = [
    "750m", "1", "2", "2001m", "64Mi", "65Mi", "96Mi", "128Mi", "129Mi", "1Gi", "2Gi", "3Gi",
    "8Mi", "-64Mi", "lots", "",
];
const POINTERS: [&str; 22] = [
    "/spec/type",
    "/spec/selector/app",
    "/spec/ports/0/targetPort",
    "/spec/ports/1/nodePort",
    "/spec/template/spec/runtimeClassName",
    "/spec/template/spec/nodeSelector/disk",
    "/spec/template/spec/containers/0/resources/limits/cpu",
    "/spec/template/spec/containers/0/readinessProbe/httpGet/path",
    "/spec/replicas",
    "/metadata/finalizers/0",
    "/spec/template/spec/serviceAccountName",
    "/spec/template/spec/containers/0/image",
    "/spec/template/spec/containers/0/command/0",
    "/spec/template/spec/containers/0/env/0/value",
    "/spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef/name",
    "/spec/template/spec/containers/0/resources/limits/memory",
    "/spec/template/spec/containers/0/resources/requests/memory",
    "/spec/template/spec/containers/0/livenessProbe/timeoutSeconds",
    "/spec/template/spec/containers/0/livenessProbe/httpGet/path",
    "/spec/template/spec/containers/7/image",
    "/spec/template/spec/volumes/0/hostPath/path",
    "/spec/template/spec",
];

/// A broken workload and what is wrong with it.
fn trouble(chance: &mut Chance) -> (Fault, Evidence) {
    let kind = *chance.pick(&Kind::ALL);
    let known =
        [("shop/web:1.3", "revision 3", true), ("shop/web:1.5", "Deployment shop/a", false)];
    let (fault, mut evidence) = match chance.below(21) {
        20 => (Fault::ReadinessProbeFailing, restarts::hanging(chance)),
        19 => (Fault::Unschedulable, scene::tainted(kind)),
        18 => (Fault::ImageNotFound, scene::listed_tag(kind)),
        8 => (Fault::StartupProbeFailing, scene::starved(kind, "500m", 490)),
        9 => (Fault::StartupProbeFailing, scene::starved(kind, "1500m", 1490)),
        10 => (
            Fault::Unschedulable,
            scene::unplaced(
                ReferenceKind::NodeLabelKey,
                "example.com/dsik",
                "ssd",
                "example.com/disk",
            ),
        ),
        11 => (
            Fault::Unschedulable,
            scene::unplaced(ReferenceKind::NodeLabelValue, "nmve", "disk", "nvme"),
        ),
        12 => {
            let many = 1 + chance.below(4);
            (Fault::Evicted, scene::littered(kind, many))
        }
        13 => (Fault::ReadinessProbeFailing, scene::asked_elsewhere(kind)),
        14 => services::wrong_label(chance),
        15 => services::wrong_port(chance),
        16 => references::wrong_key(),
        17 => references::wrong_name(chance),
        0 => (Fault::ImageNotFound, scene::wrong_tag(kind, &known)),
        1 => (Fault::OomKilled, scene::out_of_memory(kind, "64Mi")),
        2 => (Fault::OomKilled, scene::out_of_memory(kind, "1536Mi")),
        3 => (Fault::CrashLoopBackOff, commands::rolled_out(chance, kind)),
        4 => (Fault::Unschedulable, scene::unschedulable(kind, "3Gi")),
        5 => (Fault::LivenessProbeFailing, scene::probed(ProbeKind::Liveness, "refused")),
        6 => (
            Fault::ConfigNotFound,
            scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config"),
        ),
        _ => (Fault::ReadinessProbeFailing, scene::evidence(kind)),
    };
    bound(chance, &mut evidence);
    if fault != Fault::ReadinessProbeFailing || !chance.one_in(3) {
        evidence.workload.was_ready = chance.one_in(2);
    }
    evidence.workload.ordered = chance.one_in(2);
    if chance.one_in(4) {
        let container = &mut evidence.containers[0];
        container.memory_request.clone_from(&container.memory_limit);
    }
    if chance.one_in(4)
        && let Some(probe) = evidence.containers[0].probes.first_mut()
    {
        probe.port = Some("8081".to_owned());
    }
    (fault, evidence)
}

/// What the namespace lets its containers have, and how its pods are replaced.
fn bound(chance: &mut Chance, evidence: &mut Evidence) {
    evidence.workload.on_delete = chance.one_in(3);
    evidence.workload.surge = u32::try_from(chance.below(2)).unwrap();
    if chance.one_in(4) {
        evidence.kubernetes_minor = *chance.pick(&[None, Some(32), Some(33), Some(34)]);
    }
    if chance.one_in(4) {
        let ago = *chance.pick(&[-9, 0, 1, 2, 20, 21, 60, 61, 3600, 3601]);
        evidence.workload.last_change = Some(LastChange { at: at(scene::NOW - ago), by: None });
    }
    let container = &mut evidence.containers[0];
    if chance.one_in(3) {
        container.cpu_request.clone_from(&container.cpu_limit);
    }
    if chance.one_in(4) {
        container.memory_request = Some(scene::quantity("8Mi"));
    }
    if chance.one_in(3) {
        evidence.room = scene::some_room(chance.next());
    }
}

/// One thing that is different from what the plan was made for, or from what a plan should be.
fn disturb(chance: &mut Chance, evidence: &mut Evidence, plan: &mut FixPlan) {
    match chance.below(23) {
        22 => causes::disturb_cause(chance, evidence),
        21 => disturb_registry(chance, evidence),
        18 => services::disturb_service(chance, evidence),
        19 => references::believe(chance, evidence, plan),
        20 => references::disturb_kind(chance, evidence),
        0 => evidence.taken_at = at(scene::NOW - 121 + i64::try_from(chance.below(130)).unwrap()),
        1 => (*chance.pick(&NAMESPACES)).clone_into(&mut evidence.subject.namespace),
        2 if chance.one_in(2) => evidence.workload.opted_out = true,
        2 if chance.one_in(2) => {
            services::fight(chance, evidence);
        }
        2 => evidence.workload.maintenance = Some("variable MAINTENANCE".to_owned()),
        3 => "8".clone_into(&mut evidence.subject.resource_version),
        4 => {
            let fields = match chance.below(4) {
                0 => vec![],
                1 => vec![(*chance.pick(&POINTERS)).to_owned()],
                2 => vec![APP.to_owned()],
                _ => vec!["nonsense".to_owned()],
            };
            let (name, mark) = ("flux".to_owned(), String::new());
            evidence.workload.owners = vec![Owner { name, mark, fields }];
        }
        5 => evidence.images.clear(),
        6 => evidence.revisions.iter_mut().for_each(|it| it.was_ready = !it.was_ready),
        7 => evidence.pods.iter_mut().for_each(|it| it.ready = true),
        8 => plan.risk = *chance.pick(&[Risk::Auto, Risk::Ask, Risk::Advice]),
        9 => {
            let strategy = chance.pick(&Strategy::NAMES);
            plan.strategy = match *strategy {
                "replace_image_tag" => Strategy::ReplaceImageTag { new_tag: "1.3".to_owned() },
                "raise_memory_limit" => Strategy::RaiseMemoryLimit { halves: 2 },
                "raise_cpu_limit" => Strategy::RaiseCpuLimit { halves: 2 },
                other => serde_json::from_value(json!({"type": other})).unwrap(),
            };
        }
        10 if !plan.steps.is_empty() => {
            let step = chance.pick(&plan.steps).clone();
            plan.steps.push(step);
        }
        11 => evidence.containers[0].role = ContainerRole::Init,
        12 => evidence.containers[0].memory_used = Some(chance.next() % (2 << 30)),
        13 => evidence.room = scene::some_room(chance.next()),
        14 => evidence.nodes = None,
        15 => {
            let phases = ["Running", "Failed", "Succeeded", "Pending"];
            for pod in &mut evidence.pods {
                (*chance.pick(&phases)).clone_into(&mut pod.phase);
                let ended = at(scene::NOW - 3599 - i64::try_from(chance.below(3)).unwrap());
                pod.created_at = Some(at(scene::NOW - 7200));
                pod.ended_at = (!chance.one_in(4)).then_some(ended);
            }
        }
        16 => evidence.workload.ready = u32::try_from(chance.below(2)).unwrap(),
        _ => disturb_step(chance, plan),
    }
}

/// What a registry may say, and whether the image ran here as well.
fn disturb_registry(chance: &mut Chance, evidence: &mut Evidence) {
    let tag = *chance.pick(&["1.4", "1.3", "1.5", "v1.3", "latest"]);
    if chance.one_in(4) {
        let known = format!("shop/web:{tag}");
        evidence.images =
            scene::wrong_tag(Kind::Deployment, &[(&known, "revision 3", true)]).images;
    }
    if chance.one_in(4) {
        evidence.on_nodes = scene::held(&[&format!("shop/web:{tag}")]);
    }
    let Some(listed) = &mut evidence.registry_tags else { return };
    match chance.below(5) {
        0 => listed.tags.retain(|it| it != tag),
        1 => listed.meant = Some(tag.to_owned()),
        2 => "evil/web".clone_into(&mut listed.repository),
        3 => "sidecar".clone_into(&mut listed.container),
        _ => evidence.registry_tags = None,
    }
}

fn disturb_step(chance: &mut Chance, plan: &mut FixPlan) {
    let which = chance.below(plan.steps.len().max(1));
    let Some(step) = plan.steps.get_mut(which) else { return };
    let word = |chance: &mut Chance| -> Value {
        match chance.below(3) {
            0 => json!(*chance.pick(&AMOUNTS)),
            1 => json!(chance.below(20)),
            _ => json!(*chance.pick(&[
                "shop/web:1.3",
                "shop/web:6",
                "shop/web:1.4",
                "evil/web:1.3",
                "web-config",
                "a/b",
                "/healthz",
                "system-node-critical"
            ])),
        }
    };
    match (&mut step.action, chance.below(8)) {
        (_, 0) => step.action = Action::Restart,
        (_, 1) => step.action = Action::Evict,
        (_, 2) => step.subresource = Some(Subresource::Resize),
        (_, 3) => (*chance.pick(&NAMES)).clone_into(&mut step.target.name),
        (_, 4) => step.target.uid.clear(),
        (Action::Edit(edits), 5) if !edits.is_empty() => {
            edits[0].path = path(chance.pick::<&str>(&POINTERS));
        }
        (Action::Edit(edits), 6) if !edits.is_empty() => edits[0].to = Some(word(chance)),
        (Action::Edit(edits), _) if !edits.is_empty() => edits[0].from = Some(word(chance)),
        (Action::Edit(_) | Action::Evict | Action::Restart, _) => {}
    }
}

/// What is offered for so many random troubles.
pub(crate) fn offers(n_troubles: u64) -> Vec<FixPlan> {
    (0..n_troubles)
        .flat_map(|seed| {
            let (fault, evidence) = trouble(&mut Chance(seed));
            scene::plans(fault, &evidence)
        })
        .collect()
}

/// Who asks, what is armed, and how the cluster stands.
fn draw_state(chance: &mut Chance, world: &mut World<'_>) {
    world.mode = if chance.one_in(8) { Mode::Suggest } else { Mode::Auto };
    if chance.one_in(20) {
        world.mode = Mode::Observe;
    }
    if chance.one_in(3) {
        world.authority = scene::person();
    }
    world.enrolled = !chance.one_in(12);
    world.authenticated = !chance.one_in(12);
    world.policy_given = !chance.one_in(12);
    if chance.one_in(8) {
        world.workloads = *chance.pick(&[0, 5, 9, 10, 20, 50, 51, 100]);
        world.unhealthy = chance.below(world.workloads + 1);
    }
    if chance.one_in(12) {
        world.last_storm = Some(at(scene::NOW - 50 - i64::try_from(chance.below(20)).unwrap()));
    }
}

#[test]
fn the_guard_and_an_independent_opinion_agree() {
    let wanted = std::env::var("GUARD_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(CASES);
    let (mut allowed, mut refused) = (0, 0);
    let accepted = scene::acceptance();
    for seed in 0.. {
        if wanted <= allowed + refused {
            break;
        }
        let mut chance = Chance(seed);
        let (fault, mut evidence) = trouble(&mut chance);
        let plans = scene::plans(fault, &evidence);
        if plans.is_empty() {
            continue;
        }
        let mut plan = chance.pick(&plans).clone();
        for _ in 0..chance.below(3) {
            disturb(&mut chance, &mut evidence, &mut plan);
        }
        if chance.one_in(10) {
            let what = *chance.pick(&["vertical autoscalers", "quotas"]);
            evidence.unread.push(format!("{what}: no answer"));
        }
        let (new, old) =
            (past::writes(&mut chance, &past::LATELY), past::writes(&mut chance, &past::LONG_AGO));
        let mut world = scene::world(&evidence, &new);
        world.past.writes = if chance.one_in(3) { &old[..] } else { &[] };
        let armed = scene::NOW - *chance.pick(&[-100, 100, 3601, 14_401]);
        world.past.armed_at = chance.one_in(4).then(|| at(armed));
        draw_state(&mut chance, &mut world);
        world.accepted = chance.one_in(20).then_some(&accepted);

        let policy = policies::policy(&mut chance);

        let answer = approve(plan.clone(), &policy, &world);
        let told = opinion(&plan, &Rules::of(&policy), &world);

        assert_eq!(
            answer.is_ok(),
            told.is_ok(),
            "seed {seed}: {answer:?} but {told:?}\n{plan}\n{policy:?}"
        );
        *(if told.is_ok() { &mut allowed } else { &mut refused }) += 1;
    }
    assert!(
        OF_EACH_KIND < allowed && OF_EACH_KIND < refused,
        "{allowed} allowed, {refused} refused"
    );
    println!(
        "{} random proposals, no disagreement: all {allowed} legal ones were let through, all {refused} others refused",
        allowed + refused
    );
}
