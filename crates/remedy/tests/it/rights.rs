//! The rights of the executor: what its plans need, and nothing that none of them needs.

use std::collections::{BTreeMap, BTreeSet};

use remedy::{Consent, Policy, Right, Writer, rights_of};
use types::{Action, FixPlan, Kind, Step, Strategy, Subresource};

use crate::chance;

/// The rights of all who write.
fn rights_under(policy: &Policy) -> BTreeSet<Right> {
    Writer::ALL.into_iter().flat_map(|it| it.rights_under(policy)).collect()
}

/// The door that this step goes through.
fn needed(step: &Step) -> Right {
    let (group, resource) = match step.target.kind {
        Kind::Deployment => ("apps", "deployments"),
        Kind::ReplicaSet => ("apps", "replicasets"),
        Kind::StatefulSet => ("apps", "statefulsets"),
        Kind::DaemonSet => ("apps", "daemonsets"),
        Kind::CronJob => ("batch", "cronjobs"),
        Kind::Pod => ("", "pods"),
        Kind::Service => ("", "services"),
        other @ (Kind::Job | Kind::Node | Kind::PersistentVolumeClaim | Kind::ConfigMap) => {
            panic!("nothing is written to a {other}")
        }
    };
    match (&step.action, step.subresource) {
        (Action::Evict, _) => Right { group, resource: "pods/eviction", verb: "create" },
        (_, Some(Subresource::Resize)) => Right { group, resource: "pods/resize", verb: "patch" },
        (_, None) => Right { group, resource, verb: "patch" },
    }
}

#[test]
fn the_rights_of_a_strategy_are_what_its_plans_need() {
    let mut used: BTreeMap<&str, BTreeSet<Right>> = BTreeMap::new();
    let machine = |it: &FixPlan| it.risk != types::Risk::Advice;
    for plan in chance::offers(4_000).into_iter().filter(machine) {
        let name = plan.strategy.name();
        for right in plan.steps.iter().map(needed) {
            assert!(rights_of(name).contains(&right), "{name} needs {right:?}: {plan}");
            used.entry(name).or_default().insert(right);
        }
    }
    let all: BTreeSet<Right> = used.into_values().flatten().collect();
    assert_eq!(all, rights_under(&Policy::default()), "a right that no plan needs");
}

#[test]
fn rollbacks_are_written_by_somebody_who_writes_nothing_else() {
    let writers = |name: &str| -> Vec<Writer> {
        let his = Writer::ALL.into_iter().filter(|writer| {
            let others = Strategy::NAMES.into_iter().filter(|it| *it != name);
            let strategies = others.map(|it| (it.to_owned(), Consent::Off)).collect();
            !writer.rights_under(&Policy { strategies, ..Policy::default() }).is_empty()
        });
        his.collect()
    };

    for name in Strategy::NAMES.into_iter().filter(|it| !rights_of(it).is_empty()) {
        let writer = if name == "roll_back" { Writer::Restorer } else { Writer::Executor };
        assert_eq!(writers(name), [writer], "{name}");
    }
    assert_eq!(Writer::of(&Strategy::RollBack), Writer::Restorer);
    assert_eq!(Writer::of(&Strategy::RestartRollout), Writer::Executor);
    let of_both = |it: &Right| ["pods/resize", "pods", "services"].contains(&it.resource);
    let rights = Writer::Restorer.rights_under(&Policy::default());
    assert!(!rights.is_empty() && !rights.iter().any(of_both), "{rights:?}");
}

#[test]
fn what_is_switched_off_needs_no_right() {
    let off = |names: &[&str]| {
        let strategies = names.iter().map(|it| ((*it).to_owned(), Consent::Off)).collect();
        rights_under(&Policy { strategies, ..Policy::default() })
    };

    assert!(off(&Strategy::NAMES).is_empty());
    let without = off(&["raise_memory_limit", "lower_requests", "raise_cpu_limit"]);
    assert!(without.iter().all(|it| it.resource != "pods/resize"), "{without:?}");
    assert!(rights_of("no_strategy").is_empty());
}

#[test]
fn no_right_reaches_beyond_workloads_and_services() {
    for right in rights_under(&Policy::default()) {
        let is_workload = ["", "apps", "batch"].contains(&right.group)
            && !right.resource.contains("secret")
            && !right.resource.contains("exec")
            && !right.resource.contains('*')
            && ["patch", "create"].contains(&right.verb)
            && (right.verb == "patch" || right.resource == "pods/eviction");
        assert!(is_workload, "{right:?}");
    }
}
