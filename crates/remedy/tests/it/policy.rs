//! The policy file: the default is the reference, unknown words are refused, problems are named.

use remedy::Policy;
use types::{Quantity, Risk, Strategy};

fn parse(yaml: &str) -> Result<Policy, serde_yaml_ng::Error> {
    serde_yaml_ng::from_str(yaml)
}

#[test]
fn the_shipped_file_says_what_holds_without_it() {
    let shipped = parse(include_str!("../../../../deploy/policy.yaml")).unwrap();

    assert_eq!(shipped, Policy::default());
    assert_eq!(shipped.validate(), Vec::<String>::new());
}

#[test]
fn an_unknown_line_is_refused() {
    for yaml in ["cap: {}", "caps: {global: 6}", "storm: {off: true}", "strategies: {wait: maybe}"]
    {
        assert!(parse(yaml).is_err(), "{yaml}");
    }
}

#[test]
fn each_problem_is_named() {
    let policy = Policy {
        evidence_ttl_seconds: 0,
        change_grace_seconds: 3601,
        allowed_images: vec!["shop/web".to_owned()],
        ..parse(
            "{strategies: {reboot: ask, restart_rollout: auto}, caps: {memory: lots}, \
             storm: {unhealthy_fraction: 2}, error_budget: {allowed_not_better: -1}, \
             lock: {after_failures: 0, seconds: 99999, ineffective_seconds: 14401}}",
        )
        .unwrap()
    };

    let problems = policy.validate().join("\n");

    for word in [
        "`reboot` is none of",
        "`restart_rollout` may be `ask` or `off`",
        "caps.memory",
        "storm.unhealthy_fraction",
        "error_budget.allowed_not_better",
        "lock.after_failures",
        "lock.seconds",
        "lock.ineffective_seconds",
        "evidence_ttl_seconds",
        "change_grace_seconds",
        "`shop/web`",
    ] {
        assert!(problems.contains(word), "{word} in {problems}");
    }
}

#[test]
fn a_policy_tightens_everything_and_loosens_what_is_listed() {
    let policy =
        parse("strategies: {roll_back: ask, restart_pod: auto, restart_rollout: auto, wait: off}")
            .unwrap();

    let consent = |strategy, risk| policy.consent(&strategy, risk);
    assert_eq!(consent(Strategy::RollBack, Risk::Auto), Some(Risk::Ask));
    assert_eq!(consent(Strategy::RestartPod, Risk::Ask), Some(Risk::Auto));
    // Whatever a plan says of itself.
    for risk in [Risk::Auto, Risk::Ask] {
        assert_eq!(consent(Strategy::RestartRollout, risk), Some(Risk::Ask));
        assert_eq!(consent(Strategy::ClearLeftovers, risk), Some(Risk::Ask));
    }
    assert_eq!(consent(Strategy::Wait, Risk::Auto), None);
    assert_eq!(consent(Strategy::RestartPod, Risk::Advice), Some(Risk::Advice));
}

#[test]
fn a_small_cluster_has_no_storm_and_an_uncounted_one_has() {
    let policy = Policy::default();

    for (unhealthy, workloads, expected) in
        [(5, 5, false), (9, 9, false), (5, 10, false), (6, 10, true), (10, 10, true), (0, 0, true)]
    {
        assert_eq!(policy.is_stormy(unhealthy, workloads), expected, "{unhealthy} of {workloads}");
    }
}

#[test]
fn the_memory_cap_is_an_amount() {
    assert_eq!(Policy::default().caps.memory, Quantity("2Gi".to_owned()));
}
