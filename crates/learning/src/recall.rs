//! Recalling: what happened before to things like this, nearest first.

use std::cmp::Reverse;

use types::{Context, Episode, Incident};

/// More than this is not read by a person or a model.
const MAX_SIMILAR: usize = 5;
const MAX_LESSONS: usize = 5;

/// Episodes of the same fault: those of the same context first, then those that share more of it, newest first.
pub fn similar(incident: &Incident, mut episodes: Vec<Episode>) -> Vec<Episode> {
    episodes.retain(|it| it.execution.fault == incident.fault);
    episodes.sort_by_key(|it| Reverse((shared(&it.execution.context, &incident.context), it.at)));
    episodes.truncate(MAX_SIMILAR);
    episodes
}

/// The lessons of these episodes, each once, in their order.
pub fn lessons(episodes: &[Episode]) -> Vec<String> {
    let mut res: Vec<String> = vec![];
    for lesson in episodes.iter().map(|it| &it.reflection.lesson) {
        if !lesson.is_empty() && !res.contains(lesson) && res.len() < MAX_LESSONS {
            res.push(lesson.clone());
        }
    }
    res
}

/// How long a fix that helped took here, by the median; `None` when none did.
pub fn typical_secs(episodes: &[Episode]) -> Option<i64> {
    let mut took: Vec<_> = episodes
        .iter()
        .filter(|it| it.observation.recovered)
        .filter_map(|it| it.observation.took_secs)
        .collect();
    took.sort_unstable();
    took.get(took.len() / 2).copied()
}

/// How much two contexts have in common: the image and the rollout say more than the kind.
fn shared(a: &Context, b: &Context) -> u8 {
    u8::from(a.image_family == b.image_family) * 4
        + u8::from(a.since_rollout == b.since_rollout) * 2
        + u8::from(a.workload_class == b.workload_class)
        + u8::from(a.owner_kind == b.owner_kind)
}

#[cfg(test)]
mod tests {
    use types::{ExecutionState, Fault, Strategy};

    use super::*;
    use crate::fixture::{at, episode, execution, incident};

    fn told(family: &str, second: i64, lesson: &str) -> Episode {
        let mut execution = execution(Strategy::RollBack, ExecutionState::Verified);
        execution.context.image_family = family.to_owned();
        Episode { at: at(second), ..episode(execution, lesson) }
    }

    #[test]
    fn the_same_context_comes_first_and_then_the_newest() {
        let all = vec![told("other", 9, "c"), told("web", 1, "b"), told("web", 2, "a")];

        let found = similar(&incident(Fault::OomKilled, vec![]), all);

        assert_eq!(lessons(&found), ["a", "b", "c"]);
    }

    #[test]
    fn another_fault_teaches_nothing_here() {
        let found = similar(&incident(Fault::Unschedulable, vec![]), vec![told("web", 1, "a")]);

        assert!(found.is_empty());
    }

    #[test]
    fn a_lesson_is_told_once() {
        let all = [told("web", 1, "same"), told("web", 2, "same")];

        assert_eq!(lessons(&all), ["same"]);
    }

    #[test]
    fn the_typical_time_is_the_middle_of_those_that_helped() {
        let mut failed = told("web", 1, "");
        failed.observation.recovered = false;
        failed.observation.took_secs = Some(999);

        assert_eq!(typical_secs(&[failed, told("web", 2, "")]), Some(36));
        assert_eq!(typical_secs(&[]), None);
    }
}
