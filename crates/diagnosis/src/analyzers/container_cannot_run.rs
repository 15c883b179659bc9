//! The runtime cannot start the container's command.
//!
//! ## What it looks for
//! A container that waits with `RunContainerError` or `CreateContainerError`, or whose last end was `StartError`
//! or `ContainerCannotRun`.
//!
//! ## What it does not see
//! A command that starts and then fails: that is a crash loop.

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault};

use super::{ended_recently, wording};

/// What a runtime says, and what it means.
const MEANINGS: [(&str, &str); 5] = [
    ("no such file or directory", "its command is not in the image"),
    ("executable file not found", "its command is not in the image"),
    ("permission denied", "its command may not be executed"),
    ("exec format error", "its command is not made for this kind of node"),
    ("is a directory", "its command is a directory"),
];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| cannot_run(it, evidence))?;
    let message =
        container.state.exit_message.as_ref().or(container.state.waiting_message.as_ref());
    let said = message.map(String::as_str).unwrap_or_default();
    let meaning = MEANINGS.iter().find(|it| said.contains(it.0)).map(|it| it.1);
    let name = &container.name;
    let mut clues = wording::last_exit(container);
    clues.extend(wording::waiting(container));
    if let Some(message) = &container.state.exit_message {
        clues.push(Clue::new(wording::fact(container, "exit_message"), message));
    }
    clues.extend(wording::rollout(evidence));
    Some(Diagnosis {
        fault: Fault::ContainerCannotRun,
        container: Some(name.clone()),
        cause: match meaning {
            Some(meaning) => format!("Container {name} cannot start: {meaning}."),
            None => format!("The runtime cannot start container {name}."),
        },
        clues,
        confidence: if meaning.is_some() { 0.97 } else { 0.85 },
    })
}

fn cannot_run(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let state = &container.state;
    let waits =
        matches!(state.waiting.as_deref(), Some("RunContainerError" | "CreateContainerError"));
    let ended = matches!(state.last_exit.as_deref(), Some("StartError" | "ContainerCannotRun"));
    waits || (ended && !container.ready && ended_recently(container, evidence))
}
