//! Policies that an operator could have written.

use remedy::{Caps, Consent, ErrorBudget, Lock, Policy, Storm};
use types::Strategy;

use super::Chance;
use crate::scene::quantity;

/// What a policy may let go unasked.
const LOOSENED: [&str; 5] =
    ["lower_requests", "raise_memory_limit", "relax_probe", "replace_image_tag", "restart_pod"];
/// What is only ever shown, and may be switched off.
const SHOWN: [&str; 4] = ["correct_typo", "remove_taint", "rerun_job", "restore_replicas"];

/// The reference, or one that differs from it in some of its lines.
pub(super) fn policy(chance: &mut Chance) -> Policy {
    let mut policy = Policy::default();
    if chance.one_in(2) {
        return policy;
    }
    if chance.one_in(4) {
        policy.denied_namespaces = vec![(*chance.pick(&["shop", "other"])).to_owned()];
    }
    if chance.one_in(3) {
        policy.caps = caps(chance);
    }
    if chance.one_in(3) {
        let after_failures = 1 + chance.below(3);
        let seconds = *chance.pick(&[60, 300, 3600, 14_400]);
        let ineffective_seconds = *chance.pick(&[60, 300, 3600, 14_400]);
        policy.lock = Lock { after_failures, seconds, ineffective_seconds };
    }
    if chance.one_in(3) {
        policy.storm = storm(chance);
    }
    if chance.one_in(3) {
        policy.error_budget = ErrorBudget {
            window: chance.below(8),
            min: chance.below(6),
            allowed_not_better: *chance.pick(&[0.0, 0.25, 0.4, 1.0]),
            allowed_worse: chance.below(3),
        };
    }
    if chance.one_in(4) {
        policy.evidence_ttl_seconds = *chance.pick(&[1, 60, 120, 600]);
    }
    if chance.one_in(4) {
        policy.change_grace_seconds = *chance.pick(&[0, 1, 20, 60, 3600]);
    }
    for _ in 0..chance.below(4) {
        let (name, consent) = strategy(chance);
        policy.strategies.insert(name.to_owned(), consent);
    }
    if chance.one_in(3) {
        let images = ["shop/web:1.3", "shop/web:1.4", "shop/web:1.5", "evil/web:1.3"];
        policy.allowed_images = vec![(*chance.pick(&images)).to_owned()];
    }
    assert!(policy.validate().is_empty(), "no operator could start with it");
    policy
}

/// One line of `strategies`.
fn strategy(chance: &mut Chance) -> (&'static str, Consent) {
    let name = *chance.pick(&Strategy::NAMES);
    let consent = match chance.below(3) {
        0 if LOOSENED.contains(&name) => Consent::Auto,
        1 if !SHOWN.contains(&name) => Consent::Ask,
        _ => Consent::Off,
    };
    (name, consent)
}

fn caps(chance: &mut Chance) -> Caps {
    Caps {
        global_per_60s: chance.below(8),
        namespace_per_60s: chance.below(4),
        workload_in_flight: chance.below(3),
        workload_per_5min: chance.below(3),
        workload_attempts_per_5min: chance.below(4),
        workload_per_hour: chance.below(5),
        memory: quantity(chance.pick::<&str>(&["64Mi", "96Mi", "1Gi", "2Gi", "4Gi"])),
        cpu: quantity(chance.pick::<&str>(&["500m", "750m", "1", "2", "4"])),
    }
}

fn storm(chance: &mut Chance) -> Storm {
    Storm {
        unhealthy_fraction: *chance.pick(&[0.0, 0.05, 0.5, 0.55, 0.75, 1.0]),
        from_workloads: *chance.pick(&[0, 5, 10, 50]),
        stop_up_to_workloads: *chance.pick(&[0, 10, 50, 100]),
        seconds_between: *chance.pick(&[0, 60, 100, 300]),
        exit_seconds: *chance.pick(&[0, 55, 60, 65]),
    }
}
