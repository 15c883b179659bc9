//! Reflecting by rules: what an outcome teaches, in words that hold its numbers.

use types::{Diagnosis, Execution, ExecutionState, Observation, Reflection, ReflectionSource};

/// More insights than this are not read.
const MAX_INSIGHTS: usize = 5;

/// The lesson of an attempt, without a model.
pub fn reflect_by_rules(
    execution: &Execution,
    observation: &Observation,
    diagnosis: Option<&Diagnosis>,
) -> Reflection {
    let mut insights = vec![];
    if observation.surprising {
        insights.push(format!(
            "The outcome was unlikely: {:.0} % success were expected of {}.",
            observation.expected * 100.0,
            execution.strategy.key()
        ));
    }
    if let Some(diagnosis) = diagnosis
        && !observation.recovered
        && !execution.is_progress()
    {
        insights.push(format!("The cause may not be the one that was named: {}", diagnosis.cause));
    }
    insights.extend(observation.anomalies.iter().map(|it| format!("Out of the ordinary: {it}.")));
    insights.truncate(MAX_INSIGHTS);
    Reflection { lesson: lesson(execution, observation), source: ReflectionSource::Rules, insights }
}

fn lesson(execution: &Execution, observation: &Observation) -> String {
    let kind = format!(
        "{} of {} ({})",
        execution.fault, execution.context.image_family, execution.context.owner_kind
    );
    let strategy = execution.strategy.key();
    let wins = observation.won_before + u32::from(observation.recovered);
    let tries = observation.tried_before + 1;
    let counts = format!("{wins} of {tries} times so far");
    let unjudged = execution.refusal.as_ref().filter(|_| execution.verdict.is_none());
    match execution.state {
        ExecutionState::Verified | ExecutionState::Undone if unjudged.is_some() => {
            let why = unjudged.map_or("", |it| it.detail.as_str());
            format!("{strategy} for {kind} counts for nothing: {why}.")
        }
        ExecutionState::Verified if execution.is_progress() => format!(
            "{strategy} ended {kind}, and another fault is seen behind it: it counts neither for it nor against it."
        ),
        ExecutionState::Verified => {
            let took = observation.took_secs.map_or(String::new(), |it| format!(" in {it} s"));
            format!("{strategy} healed {kind}{took}; {counts}.")
        }
        ExecutionState::Stranded => {
            format!("{strategy} did not heal {kind} and could not be taken back; {counts}.")
        }
        ExecutionState::Proposed
        | ExecutionState::Applying
        | ExecutionState::Verifying
        | ExecutionState::Undoing
        | ExecutionState::Undone
        | ExecutionState::Refused
        | ExecutionState::Rejected => {
            format!("{strategy} did not heal {kind} and was taken back; {counts}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Strategy;

    use super::*;
    use crate::fixture::{episode, execution};

    #[track_caller]
    fn check(state: ExecutionState, expected: &str) {
        let episode = episode(execution(Strategy::RaiseMemoryLimit { halves: 2 }, state), "");
        let reflection = reflect_by_rules(&episode.execution, &episode.observation, None);
        assert_eq!(reflection.lesson, expected);
    }

    #[test]
    fn a_lesson_holds_what_was_done_to_what_and_the_numbers() {
        check(
            ExecutionState::Verified,
            "raise_memory_limit@2 healed out of memory of web (Deployment) in 36 s; 1 of 1 times so far.",
        );
        check(
            ExecutionState::Undone,
            "raise_memory_limit@2 did not heal out of memory of web (Deployment) and was taken back; 0 of 1 times so far.",
        );
        check(
            ExecutionState::Stranded,
            "raise_memory_limit@2 did not heal out of memory of web (Deployment) and could not be taken back; 0 of 1 times so far.",
        );
    }

    #[test]
    fn a_failure_puts_the_cause_in_doubt() {
        let episode = episode(execution(Strategy::RollBack, ExecutionState::Undone), "");
        let diagnosis = Diagnosis {
            fault: episode.execution.fault,
            container: None,
            cause: "It needs more memory.".to_owned(),
            clues: vec![],
            confidence: 0.9,
        };

        let reflection =
            reflect_by_rules(&episode.execution, &episode.observation, Some(&diagnosis));

        assert_eq!(
            reflection.insights,
            ["The cause may not be the one that was named: It needs more memory."]
        );
    }
}
