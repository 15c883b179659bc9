//! How learning goes: how well predictions match outcomes, and whether first attempts get better.

use std::collections::VecDeque;

use types::Observation;

/// Predictions are judged over this many episodes.
const AWARENESS_OVER: usize = 100;
/// First attempts are compared in groups of this many incidents.
const VELOCITY_OVER: usize = 20;
/// A group smaller than this says nothing.
const LEAST_GROUP: usize = 5;
/// A look back over what was learned is due each time this many episodes were added.
const META_EVERY: u64 = 20;
/// What is said before anything is known.
const UNKNOWN_AWARENESS: f64 = 0.5;

/// A fold over episodes, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Squared errors of the newest predictions, oldest first.
    errors: VecDeque<f64>,
    /// Whether the newest first attempts helped, oldest first.
    first_tries: VecDeque<bool>,
}

impl Progress {
    /// The progress that these episodes make.
    pub fn fold<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> Self {
        let mut res = Self::default();
        for observation in observations {
            res.learn(observation);
        }
        res
    }

    /// Adds one episode.
    pub fn learn(&mut self, observation: &Observation) {
        let outcome = if observation.recovered { 1.0 } else { 0.0 };
        push(&mut self.errors, (observation.expected - outcome).powi(2), AWARENESS_OVER);
        if observation.attempt == 1 {
            push(&mut self.first_tries, observation.recovered, 2 * VELOCITY_OVER);
        }
    }

    /// One minus the Brier score of the last 100 predictions.
    pub fn self_awareness(&self) -> f64 {
        if self.errors.is_empty() {
            return UNKNOWN_AWARENESS;
        }
        1.0 - self.errors.iter().sum::<f64>() / as_f64(self.errors.len())
    }

    /// First-try success of the last 20 incidents minus that of the 20 before; 0 while there are too few.
    pub fn learning_velocity(&self) -> f64 {
        let split = self.first_tries.len().saturating_sub(VELOCITY_OVER);
        if split < LEAST_GROUP {
            return 0.0;
        }
        let rate = |wins: usize, of: usize| as_f64(wins) / as_f64(of);
        let wins_before = self.first_tries.iter().take(split).filter(|it| **it).count();
        let wins_after = self.first_tries.iter().skip(split).filter(|it| **it).count();
        rate(wins_after, VELOCITY_OVER) - rate(wins_before, split)
    }

    /// Whether so many episodes call for a look back over the newest: every 20.
    pub fn is_meta_due(episodes: u64) -> bool {
        0 < episodes && episodes.is_multiple_of(META_EVERY)
    }
}

fn push<T>(queue: &mut VecDeque<T>, value: T, limit: usize) {
    if queue.len() == limit {
        queue.pop_front();
    }
    queue.push_back(value);
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use types::{ExecutionState, Strategy};

    use super::*;
    use crate::fixture::{episode, execution};

    fn observation(recovered: bool, expected: f64) -> Observation {
        let state = if recovered { ExecutionState::Verified } else { ExecutionState::Undone };
        let episode = episode(execution(Strategy::RollBack, state), "");
        Observation { expected, ..episode.observation }
    }

    #[test]
    fn predictions_that_come_true_are_self_awareness() {
        let right = Progress::fold(&[observation(true, 1.0), observation(false, 0.0)]);
        let wrong = Progress::fold(&[observation(true, 0.0), observation(false, 1.0)]);

        assert!((right.self_awareness() - 1.0).abs() < 1e-9);
        assert!(wrong.self_awareness().abs() < 1e-9);
        assert!((Progress::default().self_awareness() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn learning_is_first_tries_that_get_better() {
        let early = (0..20).map(|_| observation(false, 0.5));
        let late = (0..20).map(|_| observation(true, 0.5));

        let all: Vec<_> = early.chain(late).collect();

        assert!((Progress::fold(&all).learning_velocity() - 1.0).abs() < 1e-9);
        assert!(Progress::fold(&all[..20]).learning_velocity().abs() < 1e-9);
    }

    #[test]
    fn only_the_newest_hundred_predictions_count() {
        let old = (0..50).map(|_| observation(true, 0.0));
        let new = (0..100).map(|_| observation(true, 1.0));
        let all: Vec<_> = old.chain(new).collect();

        assert!((Progress::fold(&all).self_awareness() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_look_back_is_due_every_twenty_episodes() {
        assert!(!Progress::is_meta_due(0));
        assert!(!Progress::is_meta_due(19));
        assert!(Progress::is_meta_due(40));
    }
}
