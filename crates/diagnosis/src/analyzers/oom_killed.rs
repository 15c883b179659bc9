//! A container was killed for using more memory than its limit.
//!
//! ## What it looks for
//! A last end with reason `OOMKilled` in the last ten minutes, also when the container runs again.
//! The exit code says nothing: any SIGKILL gives 137, and a shell may outlive its killed child with 0. A limit that
//! the template does not have and its pods were given, mostly by a limit range, is told with what gave it, and lives
//! that are about as long each time as what they are. Or, of a container that runs and does not become ready, a log
//! that tells again and again of processes that were killed below the first one, and of no time that they took.
//!
//! ## What it does not see
//! A node out of memory, which evicts the pod instead of killing the container.

mod children;

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, SpotTopic};

use super::{ended_recently, wording};
use crate::confidence;
use crate::even_lives::even_life;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    ended(evidence).or_else(|| children::killed(evidence))
}

/// A container that ended so.
fn ended(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| {
        it.state.last_exit.as_deref() == Some("OOMKilled") && ended_recently(it, evidence)
    })?;
    let name = &container.name;
    let mut clues = wording::last_exit(container);
    let cause = match (&container.memory_limit, &container.given_memory_limit) {
        (Some(limit), _) => {
            clues.push(Clue::new(wording::fact(container, "memory_limit"), limit));
            format!("Container {name} needs more memory than its limit of {limit} allows.")
        }
        (None, Some(given)) => {
            clues.extend(wording::given_limit(evidence, container));
            format!("Container {name} needs more memory than the {}.", wording::given(given))
        }
        (None, None) => {
            format!("Container {name} was killed for memory without a limit of its own.")
        }
    };
    let spot = container.spots.iter().find(|it| it.topic == SpotTopic::Memory);
    let words = spot.map_or("", |it| it.words.as_str());
    let even = evenly(evidence, container).unwrap_or_default();
    let cause = format!("{}{even}{words}.", cause.trim_end_matches('.'));
    clues.extend(spot.map(|it| Clue::new(it.path.clone(), &it.value)));
    if let Some(used) = container.memory_used {
        clues.push(Clue::new(wording::fact(container, "memory_used"), &used));
    }
    clues.extend(wording::rollout(evidence, &["resources", "image"]));
    Some(Diagnosis {
        fault: Fault::OomKilled,
        container: Some(name.clone()),
        cause,
        clues,
        confidence: confidence::SAID,
    })
}

/// That it lived for about as long each time, as the end of a sentence.
fn evenly(evidence: &Evidence, container: &ContainerFacts) -> Option<String> {
    let state = &container.state;
    let pod = evidence.pods.iter().find(|it| it.name == container.pod)?;
    // The end that nobody has restarted it after yet is counted nowhere.
    let ends = i64::from(container.restarts) + i64::from(state.running_since.is_none());
    let said = even_life(pod.created_at?, (state.began_at?, state.exited_at?), ends)?;
    Some(format!("; it was killed{}", said.trim_start_matches(',')))
}
