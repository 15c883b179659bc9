//! Observing: an outcome in numbers and words, before anybody draws a conclusion.

use jiff::Timestamp;
use types::{Execution, ExecutionState, Observation, Verdict};

use crate::choose::Choice;

/// An outcome is surprising when it was less likely than this.
const UNLIKELY: f64 = 0.2;
/// So many times the typical time is out of the ordinary.
const SLOW: i64 = 3;

/// One attempt with what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What was done and how it ended.
    pub execution: &'a Execution,
    /// Why it was chosen.
    pub choice: &'a Choice,
    /// When the incident was first seen.
    pub since: Timestamp,
    /// Which attempt of this incident it is, from 1.
    pub number: u32,
    /// The attempts before it, oldest first.
    pub earlier: &'a [Execution],
    /// How long a fix that helped took before.
    pub typical_secs: Option<i64>,
}

/// What was seen of an attempt: outcome, performance, comparison, anomalies.
pub fn observe(attempt: &Attempt<'_>) -> Observation {
    let Attempt { execution, choice, .. } = *attempt;
    let recovered = execution.state == ExecutionState::Verified && !execution.is_progress();
    let took_secs = execution.finished_at.map(|it| seconds(attempt.since, it));
    let verify_secs = execution.applied_at.zip(execution.finished_at).map(|(a, b)| seconds(a, b));
    Observation {
        recovered,
        took_secs,
        verify_secs,
        attempt: attempt.number,
        tried_before: choice.tries,
        won_before: choice.wins,
        expected: choice.mean,
        surprising: !execution.is_progress() && is_surprising(recovered, choice.mean),
        comparison: comparison(attempt, recovered, took_secs),
        anomalies: anomalies(attempt, took_secs),
    }
}

/// Whether the outcome was unlikely under what was expected.
pub(crate) fn is_surprising(recovered: bool, expected: f64) -> bool {
    let likelihood = if recovered { expected } else { 1.0 - expected };
    likelihood < UNLIKELY
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_second() - from.as_second()).max(0)
}

fn comparison(attempt: &Attempt<'_>, recovered: bool, took_secs: Option<i64>) -> String {
    let tried: Vec<_> = attempt.earlier.iter().map(|it| it.strategy.key()).collect();
    if attempt.execution.is_progress() {
        return "it ended its fault, and another is seen behind it".to_owned();
    }
    let outcome = if recovered { "helped" } else { "did not help either" };
    if !tried.is_empty() {
        return format!("after {} had not helped, this {outcome}", tried.join(" and "));
    }
    match (recovered, took_secs, attempt.typical_secs) {
        (true, Some(took), Some(typical)) => {
            format!("the first attempt helped in {took} s; before, it took about {typical} s")
        }
        (true, _, _) => "the first attempt helped".to_owned(),
        (false, _, _) => "the first attempt did not help".to_owned(),
    }
}

fn anomalies(attempt: &Attempt<'_>, took_secs: Option<i64>) -> Vec<String> {
    let execution = attempt.execution;
    let mut res = vec![];
    if execution.verdict == Some(Verdict::Worse) {
        res.push("the workload or a neighbour was worse than before".to_owned());
    }
    if execution.state == ExecutionState::Stranded {
        res.push("it could not be taken back".to_owned());
    }
    if let (Some(took), Some(typical)) = (took_secs, attempt.typical_secs)
        && SLOW * typical.max(1) < took
    {
        res.push(format!("it took {took} s where {typical} s were usual"));
    }
    let restarts: Vec<_> = execution.checks.iter().map(|it| it.restarts).collect();
    if let (Some(first), Some(last)) = (restarts.first(), restarts.last())
        && first < last
    {
        res.push(format!("containers restarted {} times while it was verified", last - first));
    }
    let ready: Vec<_> = execution.checks.iter().map(|it| it.desired <= it.ready).collect();
    if ready.windows(2).any(|it| matches!(it, [true, false])) {
        res.push("it was ready and then not".to_owned());
    }
    res
}

#[cfg(test)]
mod tests {
    use types::{Check, Risk, Strategy};

    use super::*;
    use crate::fixture::{at, execution};

    fn choice(mean: f64) -> Choice {
        Choice {
            strategy: Strategy::RollBack,
            risk: Risk::Auto,
            propensity: 1.0,
            mean,
            low: 0.0,
            high: 1.0,
            tries: 4,
            wins: 3,
            reason: String::new(),
            from_memory: true,
            advised: false,
        }
    }

    fn seen(state: ExecutionState, mean: f64, earlier: &[Execution]) -> Observation {
        let execution = execution(Strategy::RollBack, state);
        observe(&Attempt {
            execution: &execution,
            choice: &choice(mean),
            since: at(0),
            number: 1,
            earlier,
            typical_secs: Some(5),
        })
    }

    #[test]
    fn an_outcome_is_timed_from_the_first_sight_and_from_the_write() {
        let observation = seen(ExecutionState::Verified, 0.9, &[]);

        assert_eq!((observation.took_secs, observation.verify_secs), (Some(36), Some(30)));
        assert!(observation.recovered && !observation.surprising);
        assert_eq!(observation.anomalies, ["it took 36 s where 5 s were usual"]);
    }

    #[test]
    fn what_was_unlikely_is_surprising_both_ways() {
        assert!(seen(ExecutionState::Undone, 0.9, &[]).surprising);
        assert!(seen(ExecutionState::Verified, 0.1, &[]).surprising);
        assert!(!seen(ExecutionState::Undone, 0.5, &[]).surprising);
    }

    #[test]
    fn it_is_compared_with_what_was_tried_before() {
        let before = execution(Strategy::RestartPod, ExecutionState::Undone);

        let observation = seen(ExecutionState::Verified, 0.9, &[before]);

        assert_eq!(observation.comparison, "after restart_pod had not helped, this helped");
    }

    #[test]
    fn restarts_and_flapping_are_out_of_the_ordinary() {
        let mut execution = execution(Strategy::RollBack, ExecutionState::Verified);
        execution.checks = [(1, 0), (0, 1), (1, 2)]
            .map(|(ready, restarts)| Check {
                at: at(7),
                ready,
                desired: 1,
                restarts,
                note: String::new(),
            })
            .to_vec();

        let observation = observe(&Attempt {
            execution: &execution,
            choice: &choice(0.9),
            since: at(0),
            number: 1,
            earlier: &[],
            typical_secs: None,
        });

        assert_eq!(
            observation.anomalies,
            ["containers restarted 2 times while it was verified", "it was ready and then not"]
        );
    }
}
