//! The register of attacks: each strategy has facts that look like those it is made for, and buy no plan of it.

use remedy::{Policy, approve};
use types::{
    Diagnosis, Evidence, Fault, FixPlan, Kind, PortTarget, ProbeKind, ReferenceKind, Risk, Strategy,
};

use crate::scene::{self, diagnosis, named, quantity};
use crate::shown;

/// What is diagnosed, and on which facts.
type Trouble = (Diagnosis, Evidence);

/// What buys a plan of one strategy, and what must not.
struct Attacked {
    strategy: &'static str,
    /// Facts that it is made for: without them an attack would prove nothing.
    honest: fn() -> Trouble,
    /// What is changed of them, so that no plan is made and one that was made is refused.
    attacks: &'static [fn(&mut Evidence)],
    /// What is changed of them so that no plan is made: of a cause the guard knows nothing.
    causes: &'static [fn(&mut Evidence)],
}

/// One row a strategy, in the order of [`Strategy::NAMES`].
static ATTACKED: [Attacked; Strategy::NAMES.len()] = [
    Attacked {
        strategy: "roll_back",
        honest: || (diagnosis(Fault::ImageNotFound), scene::rolled_out(Kind::Deployment)),
        attacks: &[
            |it| it.revisions[1].was_ready = false,
            |it| it.revisions[1].edits.clear(),
            |it| it.revisions[1].revision = i64::MAX,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "replace_image_tag",
        honest: || {
            let known = [("shop/web:1.3", "revision 1", true)];
            (diagnosis(Fault::ImageNotFound), scene::wrong_tag(Kind::Deployment, &known))
        },
        attacks: &[
            |it| "evil.example/shop/web:1.3".clone_into(&mut it.images[0].image),
            |it| "shop/web:1.3\nshop/web:1.2".clone_into(&mut it.images[0].image),
            |it| "shop/web:1.3@sha256:0".clone_into(&mut it.images[0].image),
        ],
        causes: &[],
    },
    Attacked {
        strategy: "raise_memory_limit",
        honest: || (diagnosis(Fault::OomKilled), scene::out_of_memory(Kind::Deployment, "64Mi")),
        attacks: &[
            |it| it.containers[0].memory_limit = Some(quantity("-128Mi")),
            |it| it.containers[0].memory_limit = Some(quantity("lots")),
            |it| it.containers[0].memory_limit = Some(quantity("9223372036854775807")),
            |it| it.room = None,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "lower_requests",
        honest: || (diagnosis(Fault::Unschedulable), scene::unschedulable(Kind::Deployment, "3Gi")),
        attacks: &[
            |it| it.containers[0].memory_request = Some(quantity("-3Gi")),
            |it| it.containers[0].memory_request = Some(quantity("1e99")),
            |it| it.containers[0].memory_used = Some(u64::MAX),
        ],
        causes: &[],
    },
    Attacked {
        strategy: "raise_cpu_limit",
        honest: || {
            let starved = scene::starved(Kind::Deployment, "200m", 198);
            (diagnosis(Fault::StartupProbeFailing), starved)
        },
        attacks: &[
            |it| it.containers[0].cpu_limit = Some(quantity("-200m")),
            |it| it.containers[0].cpu_limit = Some(quantity("9223372036854775807")),
            |it| it.containers[0].cpu_used = None,
            |it| it.containers[0].cpu_used = Some(20),
            |it| it.containers[0].probes[0].failure = Some("statuscode: 404".to_owned()),
            |it| it.containers[0].probes[0].failure = None,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "correct_typo",
        honest: || (diagnosis(Fault::CrashLoopBackOff), scene::mistyped(Kind::Deployment)),
        attacks: &[|it| "sidecar".clone_into(&mut it.slips[0].container)],
        causes: &[],
    },
    Attacked {
        strategy: "restore_replicas",
        honest: || {
            let (evidence, diagnosis) = shown::unanswered(Some(2));
            (diagnosis, evidence)
        },
        attacks: &[
            |it| it.services[0].behind.push("Deployment other".to_owned()),
            |it| "other".clone_into(&mut it.services[0].name),
            |it| it.neighbours[0].desired = 1,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "clear_leftovers",
        honest: || (diagnosis(Fault::Evicted), scene::littered(Kind::Deployment, 1)),
        attacks: &[
            |it| "Running".clone_into(&mut it.pods[0].phase),
            |it| it.pods[0].reason = Some("Error".to_owned()),
            |it| it.workload.ready = 0,
            |it| it.subject.kind = Kind::Job,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "rerun_job",
        honest: || (diagnosis(Fault::JobFailed), shown::gave_up()),
        attacks: &[|it| it.manifest = None, |it| it.subject.kind = Kind::CronJob],
        causes: &[],
    },
    Attacked {
        strategy: "remove_taint",
        honest: || (diagnosis(Fault::Unschedulable), scene::tainted(Kind::Deployment)),
        attacks: &[
            |it| "a key; rm -rf".clone_into(&mut it.nodes.as_mut().unwrap().stray[0].key),
            |it| "$(id)".clone_into(&mut it.nodes.as_mut().unwrap().stray[0].node.name),
            |it| "Always".clone_into(&mut it.nodes.as_mut().unwrap().stray[0].effect),
            |it| it.pods[0].unschedulable = Some("0/1 nodes: Insufficient cpu.".to_owned()),
        ],
        causes: &[],
    },
    Attacked {
        strategy: "relax_probe",
        honest: || {
            let slow = scene::probed(ProbeKind::Liveness, "context deadline exceeded");
            (diagnosis(Fault::LivenessProbeFailing), slow)
        },
        attacks: &[|it| {
            let probe = &mut it.containers[0].probes[0];
            (probe.timeout_secs, probe.failure_threshold) = (Some(u32::MAX), Some(u32::MAX / 2));
        }],
        causes: &[],
    },
    Attacked {
        strategy: "fix_probe_port",
        honest: || {
            let mut evidence = scene::probed(ProbeKind::Liveness, "connection refused");
            evidence.containers[0].probes[0].port = Some("9090".to_owned());
            (diagnosis(Fault::LivenessProbeFailing), evidence)
        },
        attacks: &[
            |it| it.containers[0].ports = vec![("http".to_owned(), 9090)],
            |it| it.containers[0].ports.clear(),
            |it| it.containers[0].ports.push(("admin".to_owned(), 8081)),
            |it| it.containers[0].listens = vec![9090],
            |it| it.containers[0].probes[0].failure = Some("statuscode: 500".to_owned()),
            |it| it.containers[0].probes[0].host = Some("10.0.0.1".to_owned()),
        ],
        causes: &[],
    },
    Attacked {
        strategy: "fix_reference",
        honest: || {
            let near = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config");
            (diagnosis(Fault::ConfigNotFound), near)
        },
        attacks: &[
            |it| it.references[0].near_miss = Some("../web-config".to_owned()),
            |it| it.references[0].near_miss = Some("web-config\n".to_owned()),
            |it| it.references[0].near_miss = Some("quite-another".to_owned()),
            |it| "../../name".clone_into(&mut it.references[0].path),
        ],
        causes: &[],
    },
    Attacked {
        strategy: "fix_selector",
        honest: || {
            let facts = scene::wrong_label(("app", "wbe"), ("app", "web"));
            (diagnosis(Fault::ServiceWithoutEndpoints), scene::service(facts))
        },
        attacks: &[
            |it| "a b".clone_into(&mut slip(it).meant_value),
            |it| "web\n".clone_into(&mut slip(it).meant_value),
            |it| "other".clone_into(&mut slip(it).meant_key),
            |it| slip(it).ready = 0,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "fix_service_port",
        honest: || {
            let facts = scene::wrong_port(named("htpp"), named("http"), true);
            (diagnosis(Fault::ServicePortMismatch), scene::service(facts))
        },
        attacks: &[
            |it| lead_to(it, PortTarget::Number(0)),
            |it| lead_to(it, PortTarget::Number(65_536)),
            |it| lead_to(it, named("a/b")),
            |it| lead_to(it, named("http\n")),
        ],
        causes: &[],
    },
    Attacked {
        strategy: "restart_pod",
        honest: || (diagnosis(Fault::ReadinessProbeFailing), hanging()),
        attacks: &[
            |it| it.pods[0].uid.clear(),
            |it| it.pods[0].ready = true,
            |it| it.subject.kind = Kind::Pod,
            |it| it.subject.kind = Kind::Job,
        ],
        causes: &[],
    },
    Attacked {
        strategy: "restart_rollout",
        honest: || (diagnosis(Fault::ReadinessProbeFailing), hanging()),
        attacks: &[
            |it| it.subject.kind = Kind::Pod,
            |it| it.subject.kind = Kind::ReplicaSet,
            |it| it.subject.kind = Kind::Job,
            |it| it.subject.kind = Kind::CronJob,
            |it| it.subject.kind = Kind::Service,
        ],
        causes: &[|it| it.workload.was_ready = false],
    },
    Attacked {
        strategy: "wait",
        honest: || {
            let mut evidence = scene::evidence(Kind::Deployment);
            let state = &mut evidence.containers[0].state;
            state.waiting = Some("ErrImagePull".to_owned());
            state.waiting_message = Some("429 Too Many Requests".to_owned());
            (diagnosis(Fault::ImageNotPullable), evidence)
        },
        attacks: &[],
        causes: &[|it| {
            it.containers[0].state.waiting_message = Some("unauthorized: access denied".to_owned());
        }],
    },
];

/// A workload that was ready, and whose pod does not answer any more.
fn hanging() -> Evidence {
    let mut evidence = scene::evidence(Kind::Deployment);
    evidence.workload.was_ready = true;
    evidence
}

fn slip(evidence: &mut Evidence) -> &mut types::LabelSlip {
    evidence.service.as_mut().unwrap().slip.as_mut().unwrap()
}

fn lead_to(evidence: &mut Evidence, target: PortTarget) {
    evidence.service.as_mut().unwrap().ports[1].meant.as_mut().unwrap().target = target;
}

/// The plan of this strategy, if one is made.
fn made(strategy: &str, (diagnosis, evidence): &Trouble) -> Option<FixPlan> {
    let plans = remedy::plans(std::slice::from_ref(diagnosis), evidence);
    plans.into_iter().find(|it| it.strategy.name() == strategy)
}

#[test]
fn each_strategy_has_an_attack() {
    let rows: Vec<_> = ATTACKED.iter().map(|it| it.strategy).collect();
    assert_eq!(rows, Strategy::NAMES);
    assert!(ATTACKED.iter().all(|it| !it.attacks.is_empty() || !it.causes.is_empty()));
}

#[test]
fn what_only_looks_like_its_trouble_buys_no_plan_of_a_strategy() {
    let mut bought = vec![];
    for row in &ATTACKED {
        assert!(
            made(row.strategy, &(row.honest)()).is_some(),
            "{}: nothing to attack",
            row.strategy
        );
        for (number, attack) in row.attacks.iter().chain(row.causes).enumerate() {
            let mut trouble = (row.honest)();
            attack(&mut trouble.1);
            bought.extend(made(row.strategy, &trouble).map(|it| format!("attack {number}: {it}")));
        }
    }
    assert_eq!(bought, Vec::<String>::new());
}

/// Whoever planned it: the guard asks the facts once more, and a person's yes does not make them others.
#[test]
fn a_plan_that_was_made_for_honest_facts_is_refused_on_the_hostile_ones() {
    let mut let_through = vec![];
    for row in &ATTACKED {
        let mut plan = made(row.strategy, &(row.honest)()).unwrap();
        // What is only shown is refused in any case.
        plan.risk = Risk::Ask;
        for (number, attack) in row.attacks.iter().enumerate() {
            let mut evidence = (row.honest)().1;
            attack(&mut evidence);
            let mut world = scene::world(&evidence, &[]);
            world.authority = scene::person();
            if approve(plan.clone(), &Policy::default(), &world).is_ok() {
                let_through.push(format!("attack {number}: {plan}"));
            }
        }
    }
    assert_eq!(let_through, Vec::<String>::new());
}
