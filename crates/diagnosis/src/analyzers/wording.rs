//! Clues that several analyzers show.

use types::{Clue, ContainerFacts, ContainerRole, Evidence};

/// `containers[app].waiting`
pub(super) fn fact(container: &ContainerFacts, fact: &str) -> String {
    format!("containers[{}].{fact}", container.name)
}

/// The reason and message with which it waits.
pub(super) fn waiting(container: &ContainerFacts) -> Vec<Clue> {
    let mut clues = Vec::new();
    if let Some(reason) = &container.state.waiting {
        clues.push(Clue::new(fact(container, "waiting"), reason));
    }
    if let Some(message) = &container.state.waiting_message {
        clues.push(Clue::new(fact(container, "waiting_message"), message));
    }
    clues
}

/// How it ended last, and how often it was restarted.
pub(super) fn last_exit(container: &ContainerFacts) -> Vec<Clue> {
    let mut clues = Vec::new();
    if let Some(reason) = &container.state.last_exit {
        clues.push(Clue::new(fact(container, "last_exit"), reason));
    }
    if let Some(code) = container.state.exit_code {
        clues.push(Clue::new(fact(container, "exit_code"), &code));
    }
    if 0 < container.restarts {
        clues.push(Clue::new(fact(container, "restarts"), &container.restarts));
    }
    clues
}

/// The image, and that the trouble began with the newest revision, where it did.
pub(super) fn rollout(evidence: &Evidence) -> Vec<Clue> {
    let before = evidence.revisions.iter().find(|it| !it.current && it.was_ready);
    let changed =
        before.into_iter().flat_map(|it| it.changed.iter().take(3).map(move |words| (it, words)));
    changed
        .map(|(it, words)| Clue::new(format!("revisions[{}].changed", it.revision), words))
        .collect()
}

/// The newest message of a pull that failed, from the container or from an event of its pod.
pub(super) fn pull_message<'a>(
    container: &'a ContainerFacts,
    evidence: &'a Evidence,
) -> Option<&'a str> {
    let own = container.state.waiting_message.as_deref();
    // The message of the back-off alone does not say why; the event of the failed pull does.
    let says_why =
        |it: &str| !it.starts_with("Back-off pulling image") || it.contains("ErrImagePull");
    own.filter(|it| says_why(it)).or_else(|| {
        let events = evidence.events.iter().filter(|it| it.reason == "Failed");
        events
            .filter(|it| it.object.ends_with(&format!("/{}", container.pod)))
            .map(|it| it.message.as_str())
            .find(|it| it.starts_with("Failed to pull image"))
    })
}

/// The container that waits for its image, with the message that says why.
pub(super) fn unpulled(evidence: &Evidence) -> Option<(&ContainerFacts, &str)> {
    let reasons = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"];
    evidence
        .containers
        .iter()
        .find(|it| it.state.waiting.as_deref().is_some_and(|it| reasons.contains(&it)))
        .map(|it| (it, pull_message(it, evidence).unwrap_or_default()))
}

/// `/spec/template/spec/containers/0/resources/requests/memory`
pub(super) fn resource_path(
    evidence: &Evidence,
    container: &ContainerFacts,
    list: &str,
    resource: &str,
) -> Option<String> {
    let containers = match container.role {
        ContainerRole::App => "containers",
        ContainerRole::Init => "initContainers",
    };
    let path = evidence.subject.kind.pod_spec_path()?.child(containers).index(container.index);
    Some(path.child("resources").child(list).child(resource).to_string())
}
