//! The rules of choice, one claim a test.

use proptest::prelude::*;
use types::{Fault, Kind, Strategy};

use super::*;
use crate::fixture::{context, incident, offer};
use crate::record::Experience;

const GENTLE: Strategy = Strategy::RaiseMemoryLimit { halves: 1 };
const STRONG: Strategy = Strategy::RaiseMemoryLimit { halves: 2 };

fn ledger(records: &[(Strategy, u32, u32)]) -> Ledger {
    Ledger::fold(records.iter().flat_map(|(strategy, tries, wins)| {
        // Losses first: the order matters a little to a discount.
        (0..*tries).map(move |it| Experience {
            fault: Fault::OomKilled,
            context: context(),
            strategy: strategy.key(),
            recovered: tries - wins <= it,
        })
    }))
}

fn ask(ledger: &Ledger, failed: &[Strategy], advice: &[RankedOffer]) -> Decision {
    let incident = incident(Fault::OomKilled, vec![offer(GENTLE), offer(STRONG)]);
    choose(&Question { incident: &incident, ledger, failed, advice, uniforms: &[0.5, 0.5] })
}

#[track_caller]
fn acted(decision: Decision) -> Choice {
    match decision {
        Decision::Act(choice) => *choice,
        Decision::Escalate { reason, .. } => panic!("escalated: {reason}"),
    }
}

#[track_caller]
fn check(records: &[(Strategy, u32, u32)], expected: &Strategy) {
    assert_eq!(acted(ask(&ledger(records), &[], &[])).strategy, *expected);
}

#[test]
fn without_experience_the_table_decides() {
    check(&[], &STRONG);
}

#[test]
fn one_win_in_one_try_does_not_beat_nine_in_ten() {
    check(&[(GENTLE, 10, 9), (STRONG, 1, 1)], &GENTLE);
}

#[test]
fn what_helped_once_is_not_left_for_what_was_never_tried() {
    for uniforms in [[0.01, 0.99], [0.99, 0.01]] {
        let ledger = ledger(&[(GENTLE, 1, 1)]);
        let incident = incident(Fault::OomKilled, vec![offer(GENTLE), offer(STRONG)]);
        let question = Question {
            incident: &incident,
            ledger: &ledger,
            failed: &[],
            advice: &[],
            uniforms: &uniforms,
        };
        let choice = acted(choose(&question));
        assert_eq!((choice.strategy, choice.from_memory), (GENTLE, true));
    }
}

#[test]
fn what_always_fails_is_left_for_what_sometimes_helps() {
    check(&[(STRONG, 6, 0)], &GENTLE);
}

#[test]
fn what_failed_on_the_same_spec_is_not_repeated() {
    let choice = acted(ask(&ledger(&[(STRONG, 10, 10)]), &[STRONG], &[]));

    assert_eq!(choice.strategy, GENTLE);
}

#[test]
fn when_everything_failed_on_this_spec_a_person_is_asked() {
    let decision = ask(&ledger(&[]), &[STRONG, GENTLE], &[]);

    assert!(!decision.needs_model());
    assert_eq!(
        decision,
        Decision::Escalate {
            reason: "everything that may be tried has failed on this very spec".to_owned(),
            open: false
        }
    );
}

#[test]
fn a_known_incident_needs_no_model_and_an_unknown_one_does() {
    assert!(ask(&ledger(&[]), &[], &[]).needs_model());
    assert!(!ask(&ledger(&[(STRONG, 1, 1)]), &[], &[]).needs_model());
    assert!(ask(&ledger(&[(STRONG, 1, 0), (GENTLE, 1, 0)]), &[], &[]).needs_model());
}

#[test]
fn the_models_favourite_wins_where_experience_is_thin_and_not_where_it_is_thick() {
    let gentle = [RankedOffer { offer: 0, why: String::new() }];

    assert_eq!(acted(ask(&ledger(&[]), &[], &gentle)).strategy, GENTLE);
    let thick = ledger(&[(GENTLE, 10, 1), (STRONG, 10, 10)]);
    assert_eq!(acted(ask(&thick, &[], &gentle)).strategy, STRONG);
}

#[test]
fn what_cannot_be_taken_back_or_is_advice_is_never_chosen() {
    let mut no_way_back = offer(STRONG);
    no_way_back.reversible = false;
    let mut advice = offer(GENTLE);
    advice.risk = Risk::Advice;
    let incident = incident(Fault::OomKilled, vec![no_way_back, advice]);
    let ledger = ledger(&[(STRONG, 20, 20), (GENTLE, 20, 20)]);

    let decision = choose(&Question {
        incident: &incident,
        ledger: &ledger,
        failed: &[],
        advice: &[],
        uniforms: &[],
    });

    assert!(matches!(decision, Decision::Escalate { open: false, .. }), "{decision:?}");
}

#[test]
fn what_is_expected_to_harm_more_than_it_helps_is_not_tried() {
    let decision = ask(&ledger(&[(STRONG, 20, 0), (GENTLE, 20, 0)]), &[], &[]);

    assert!(matches!(decision, Decision::Escalate { open: true, .. }), "{decision:?}");
}

#[test]
fn a_certain_choice_has_propensity_one_and_a_tie_shares_it() {
    let certain = acted(ask(&ledger(&[]), &[], &[]));
    let tied = ledger(&[(GENTLE, 30, 24), (STRONG, 30, 24)]);
    let incident = incident(Fault::OomKilled, vec![offer(GENTLE), offer(STRONG)]);
    let draw = |uniforms: &[f64]| {
        let question =
            Question { incident: &incident, ledger: &tied, failed: &[], advice: &[], uniforms };
        acted(choose(&question))
    };

    assert!((certain.propensity - 1.0).abs() < f64::EPSILON);
    let (first, second) = (draw(&[0.9, 0.1]), draw(&[0.1, 0.9]));
    assert_eq!((&first.strategy, &second.strategy), (&GENTLE, &STRONG));
    assert!((first.propensity + second.propensity - 1.0).abs() < 1e-6);
}

#[test]
fn a_choice_says_why() {
    let choice = acted(ask(&ledger(&[(STRONG, 3, 3)]), &[], &[]));

    assert!(choice.reason.contains("it helped 3 of 3 times before"), "{}", choice.reason);
    assert!(choice.from_memory);
    assert_eq!(incident(Fault::OomKilled, vec![]).subject.kind, Kind::Deployment);
}

proptest! {
    #[test]
    fn whatever_is_chosen_was_offered_and_allowed(
        outcomes in prop::collection::vec((any::<bool>(), any::<bool>()), 0..40),
        uniforms in prop::collection::vec(0.0f64..1.0, 0..4),
    ) {
        let ledger = Ledger::fold(outcomes.iter().map(|(gentle, recovered)| Experience {
            fault: Fault::OomKilled,
            context: context(),
            strategy: if *gentle { GENTLE.key() } else { STRONG.key() },
            recovered: *recovered,
        }));
        let incident = incident(Fault::OomKilled, vec![offer(GENTLE), offer(STRONG)]);
        let question = Question {
            incident: &incident, ledger: &ledger, failed: &[GENTLE], advice: &[], uniforms: &uniforms,
        };
        if let Decision::Act(choice) = choose(&question) {
            prop_assert_eq!(&choice.strategy, &STRONG);
            prop_assert!(0.0 < choice.propensity && choice.propensity <= 1.0);
            prop_assert!(choice.low <= choice.mean && choice.mean <= choice.high);
        }
    }
}

#[test]
fn of_near_ties_the_one_that_needs_nobody_is_taken() {
    for (ask_first, uniforms) in [(true, [0.99, 0.01]), (true, [0.01, 0.99]), (false, [0.5, 0.5])] {
        let mut asks = offer(Strategy::LowerRequests);
        asks.risk = Risk::Ask;
        let unasked = offer(Strategy::RollBack);
        let offers = if ask_first { vec![asks, unasked] } else { vec![unasked, asks] };
        let mut incident = incident(Fault::Unschedulable, offers);
        incident.context.since_rollout = true;
        let ledger = ledger(&[]);
        let question = Question {
            incident: &incident,
            ledger: &ledger,
            failed: &[],
            advice: &[],
            uniforms: &uniforms,
        };

        let choice = acted(choose(&question));

        assert_eq!((choice.strategy, choice.propensity), (Strategy::RollBack, 1.0));
    }
}

#[test]
fn a_restart_is_chosen_only_where_the_facts_speak_for_it() {
    let decide = |fault: Fault, risk: Risk, backed: bool| {
        let restart = Offer { risk, backed, ..offer(Strategy::RestartPod) };
        let incident = incident(fault, vec![restart]);
        let ledger = ledger(&[]);
        choose(&Question {
            incident: &incident,
            ledger: &ledger,
            failed: &[],
            advice: &[],
            uniforms: &[],
        })
    };

    let all = [(Fault::CrashLoopBackOff, Risk::Ask), (Fault::ReadinessProbeFailing, Risk::Auto)];
    for (fault, risk) in all {
        assert!(matches!(decide(fault, risk, false), Decision::Escalate { .. }), "{fault}");
        assert_eq!(acted(decide(fault, risk, true)).strategy, Strategy::RestartPod, "{fault}");
    }
}
