//! What a record claims, as tables and properties.

use proptest::prelude::*;
use types::Kind;

use super::*;

const FAULT: Fault = Fault::OomKilled;
const DOUBLE: &str = "raise_memory_limit@2";

fn context(family: &str) -> Context {
    Context {
        owner_kind: Kind::Deployment,
        image_family: family.to_owned(),
        workload_class: "service".to_owned(),
        since_rollout: false,
    }
}

fn experience(family: &str, recovered: bool) -> Experience {
    Experience { fault: FAULT, context: context(family), strategy: DOUBLE.to_owned(), recovered }
}

fn mean_after(family: &str, outcomes: &[bool]) -> f64 {
    let ledger = Ledger::fold(outcomes.iter().map(|it| experience(family, *it)));
    ledger.posterior(FAULT, &context("web"), DOUBLE).belief.mean()
}

#[test]
fn wins_raise_and_losses_lower_what_is_believed() {
    assert!(mean_after("web", &[]) < mean_after("web", &[true]));
    assert!(mean_after("web", &[false]) < mean_after("web", &[]));
}

#[test]
fn what_happened_here_says_more_than_what_happened_elsewhere() {
    let losses = [false; 8];

    assert!(mean_after("web", &losses) < mean_after("other", &losses));
    assert!(mean_after("other", &losses) < mean_after("other", &[]));
}

#[test]
fn other_contexts_weigh_at_most_six_observations() {
    let many = mean_after("other", &[false; 200]);
    let floor = (0.70 * 4.0) / (4.0 + POOLED_AT_MOST);

    assert!((many - floor).abs() < 1e-6, "{many}");
}

#[test]
fn two_losses_after_three_wins_say_that_the_world_changed() {
    let changed = mean_after("web", &[true, true, true, true, true, true, false, false]);
    let mixed = mean_after("web", &[true, true, false, true, true, true, true, false]);

    assert!(changed < 0.5, "{changed}");
    assert!(0.6 < mixed, "{mixed}");
}

#[test]
fn one_win_here_makes_a_record_strong_and_one_loss_does_not() {
    let strong = |outcomes: &[bool]| {
        let ledger = Ledger::fold(outcomes.iter().map(|it| experience("web", *it)));
        ledger.posterior(FAULT, &context("web"), DOUBLE).is_strong()
    };

    assert!(!strong(&[]));
    assert!(strong(&[true]));
    assert!(!strong(&[false]));
    assert!(!strong(&[true, false, false, false]));
}

#[test]
fn a_record_shows_what_it_rests_on() {
    let ledger = Ledger::fold([experience("web", true), experience("other", false)]);

    let known = ledger.records();

    assert_eq!(known.len(), 1);
    assert_eq!((known[0].record.tries, known[0].record.wins), (2, 1));
    assert!(known[0].record.low < known[0].record.mean);
    assert!(known[0].record.mean < known[0].record.high);
}

proptest! {
    #[test]
    fn learning_one_by_one_is_folding_all(outcomes in prop::collection::vec((0..3usize, any::<bool>()), 0..60)) {
        let families = ["a", "b", "c"];
        let all: Vec<_> =
            outcomes.iter().map(|(family, won)| experience(families[*family], *won)).collect();

        let mut step = Ledger::default();
        for it in &all {
            step.learn(it);
        }

        prop_assert_eq!(step, Ledger::fold(all));
    }

    #[test]
    fn belief_stays_a_probability(outcomes in prop::collection::vec(any::<bool>(), 0..300)) {
        let mean = mean_after("web", &outcomes);
        prop_assert!((0.0..1.0).contains(&mean));
    }

    #[test]
    fn a_win_never_lowers_belief(outcomes in prop::collection::vec(any::<bool>(), 0..40)) {
        let before = mean_after("web", &outcomes);
        let mut longer = outcomes;
        longer.push(true);
        prop_assert!(before <= mean_after("web", &longer) + 1e-9);
    }
}
