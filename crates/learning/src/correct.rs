//! Correcting: what was verified may be taken back later by a person, and only the final state teaches.

use jiff::Timestamp;
use types::{Correction, Episode, Execution, ExecutionState, ReflectionSource};

use crate::observe::is_surprising;
use crate::record::Experience;

/// The episode as it has to be now that its execution ended like this; `None` when it is right as it is.
///
/// What was seen and expected at the time stays; outcome and lesson follow the final state, and a note says so.
pub fn corrected(episode: &Episode, execution: &Execution, at: Timestamp) -> Option<Episode> {
    let was = episode.execution.state;
    let is_same = episode.execution.id == execution.id;
    if !is_same || was == execution.state || was != ExecutionState::Verified {
        return None;
    }
    let recovered = Experience::of(execution)?.recovered;
    let note = match execution.state {
        ExecutionState::Stranded => "a person wanted it back, and it could not be taken back",
        ExecutionState::Proposed
        | ExecutionState::Applying
        | ExecutionState::Verifying
        | ExecutionState::Undoing
        | ExecutionState::Verified
        | ExecutionState::Undone
        | ExecutionState::Refused
        | ExecutionState::Rejected => "a person took it back",
    };
    let mut res = episode.clone();
    res.observation.recovered = recovered;
    res.observation.surprising = is_surprising(recovered, episode.observation.expected);
    res.observation.anomalies.push(format!("it was {was}, and then {note}"));
    let strategy = execution.strategy.key();
    res.reflection.lesson = format!(
        "{strategy} was {was} for {} of {} ({}), and then {note}: it does not count as a success.",
        execution.fault, execution.context.image_family, execution.context.owner_kind
    );
    res.reflection.source = ReflectionSource::Rules;
    res.correction = Some(Correction { at, was, note: note.to_owned() });
    res.execution = execution.clone();
    Some(res)
}

#[cfg(test)]
mod tests {
    use types::Strategy;

    use super::*;
    use crate::fixture::{at, episode, execution};

    fn told(state: ExecutionState) -> Episode {
        episode(execution(Strategy::RollBack, state), "It helped.")
    }

    fn ended(episode: &Episode, state: ExecutionState) -> Execution {
        Execution { state, ..episode.execution.clone() }
    }

    #[test]
    fn what_a_person_took_back_did_not_help_and_the_episode_says_what_it_said_before() {
        let before = told(ExecutionState::Verified);

        let after = corrected(&before, &ended(&before, ExecutionState::Undone), at(9)).unwrap();

        assert!(before.observation.recovered && !after.observation.recovered);
        assert_eq!(Experience::of(&after.execution).map(|it| it.recovered), Some(false));
        assert_eq!(
            after.reflection.lesson,
            "roll_back was verified for out of memory of web (Deployment), and then a person took it back: it does not count as a success."
        );
        let correction = after.correction.unwrap();
        assert_eq!((correction.at, correction.was), (at(9), ExecutionState::Verified));
        assert_eq!((after.id, after.at), (before.id, before.at));
        assert!((after.observation.expected - before.observation.expected).abs() < 1e-9);
    }

    #[test]
    fn what_is_right_or_not_over_or_another_is_left_alone() {
        let verified = told(ExecutionState::Verified);
        let undone = told(ExecutionState::Undone);
        let other =
            Execution { id: uuid::Uuid::from_u128(7), ..ended(&verified, ExecutionState::Undone) };

        assert_eq!(corrected(&verified, &verified.execution, at(9)), None);
        assert_eq!(corrected(&verified, &ended(&verified, ExecutionState::Undoing), at(9)), None);
        assert_eq!(corrected(&undone, &ended(&undone, ExecutionState::Undone), at(9)), None);
        assert_eq!(corrected(&verified, &other, at(9)), None);
    }
}
