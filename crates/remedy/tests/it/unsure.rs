//! What a machine might do well and a person decides: others turn it back, or words alone speak for it.

use types::{Evidence, Fault, Kind, Risk};

use crate::gates::{Case, hand};
use crate::scene::{self, at, plans};

/// `app` runs, and its log alone tells of processes that were killed.
fn told_alone() -> Evidence {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.containers[0].state.running_since = Some(at(scene::NOW - 100));
    evidence
}

/// `app` was killed for memory, counts up in its log, and may write to a volume in memory that has no size.
fn filling() -> Evidence {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.containers[0].state.last_exit = Some("OOMKilled".to_owned());
    evidence.containers[0].fills_memory = Some("/spool".to_owned());
    evidence
}

#[test]
fn more_memory_is_asked_for_where_words_alone_speak_for_it_whatever_a_policy_says() {
    for (evidence, words) in
        [(told_alone(), "By its log"), (filling(), "/spool is a volume in memory")]
    {
        let offered = plans(Fault::OomKilled, &evidence);
        let raises: Vec<_> =
            offered.iter().filter(|it| it.strategy.name() == "raise_memory_limit").collect();
        assert!(!raises.is_empty());
        assert!(raises.iter().all(|it| it.risk == Risk::Ask), "{raises:?}");
        assert!(raises[0].because.contains(words), "{raises:?}");

        let case = || Case::offered(Fault::OomKilled, evidence.clone());
        assert_eq!(case().answer().unwrap_err().code(), "needs_approval");
        let mut loosened = case();
        let auto = remedy::Consent::Auto;
        loosened.policy.strategies.insert("raise_memory_limit".to_owned(), auto);
        assert_eq!(loosened.answer().unwrap_err().code(), "needs_approval");
        let mut person = case();
        person.world = |world| world.authority = scene::person();
        assert_eq!(person.answer(), Ok(()));
    }
}

#[test]
fn more_memory_is_given_unasked_to_what_was_seen_to_be_killed_and_runs_again() {
    let mut evidence = told_alone();
    evidence.containers[0].state.last_exit = Some("OOMKilled".to_owned());

    assert_eq!(plans(Fault::OomKilled, &evidence)[0].risk, Risk::Auto);
    assert_eq!(Case::offered(Fault::OomKilled, evidence).answer(), Ok(()));
}

#[test]
fn what_somebody_turns_back_again_is_asked_for() {
    let limit = "/spec/template/spec/containers/0/resources/limits/memory";
    let mut evidence = scene::out_of_memory(Kind::Deployment, "128Mi");
    evidence.workload.turned_back = vec![limit.to_owned()];

    let plans = plans(Fault::OomKilled, &evidence);

    assert!(plans.iter().all(|it| it.risk == Risk::Ask), "{plans:?}");
    assert!(plans[0].because.contains(&format!("{limit} was turned back before")), "{plans:?}");
}

#[test]
fn what_another_hand_set_is_asked_for_and_says_whose_it_is() {
    let limit = "/spec/template/spec/containers/0/resources/limits/memory";
    let mut evidence = scene::out_of_memory(Kind::Deployment, "128Mi");
    evidence.workload.other_hands = vec![hand(limit)];

    let offered = plans(Fault::OomKilled, &evidence);

    let words = format!("config-bot set {limit} last, the rest is kubectl's: two may write here.");
    assert!(offered[0].risk == Risk::Ask && offered[0].because.ends_with(&words), "{offered:?}");
    evidence.workload.other_hands = vec![hand("/spec/template/spec/dnsPolicy")];
    assert_eq!(plans(Fault::OomKilled, &evidence)[0].risk, Risk::Auto);
}
