//! A ConfigMap, a Secret or a key that the template refers to is not there.
//!
//! ## What it looks for
//! A container that waits with `CreateContainerConfigError`, or a volume that cannot be mounted because what it
//! names is not found. The near miss that exists is named.
//!
//! ## What it does not see
//! A value that is wrong; a Secret's keys, because Secrets are not read.

use types::{Clue, Diagnosis, Evidence, Fault, ReferenceFacts, ReferenceKind};

use super::wording;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let waiting = evidence.containers.iter().find(|it| {
        it.state.waiting.as_deref() == Some("CreateContainerConfigError")
            && it.state.waiting_message.as_deref().is_some_and(is_about_absence)
    });
    let mounting = || {
        let pod = evidence.failing_pod()?;
        evidence.events.iter().find(|it| {
            it.reason == "FailedMount"
                && it.object.ends_with(&format!("/{}", pod.name))
                && is_about_absence(&it.message)
        })
    };
    let (container, message, mut clues) = if let Some(it) = waiting {
        let message = it.state.waiting_message.as_deref().unwrap_or_default();
        (Some(it.name.clone()), message, wording::waiting(it))
    } else {
        let event = mounting()?;
        (
            None,
            event.message.as_str(),
            vec![Clue::new("events[FailedMount].message", &event.message)],
        )
    };
    let reference = evidence.references.iter().find(|it| is_named(it, message));
    clues.extend(reference.map(|it| {
        let key = it.key.as_ref().filter(|_| it.path.ends_with("/key"));
        Clue::new(it.path.clone(), key.unwrap_or(&it.name))
    }));
    clues.extend(wording::rollout(evidence, &["env", "envFrom", "volumes"]));
    Some(Diagnosis {
        fault: Fault::ConfigNotFound,
        container,
        cause: cause(reference, message),
        clues,
        confidence: 0.98,
    })
}

/// Whether a message says that a ConfigMap, a Secret or a key is not there. A driver or claim may be absent as well.
pub(super) fn is_about_absence(message: &str) -> bool {
    let absent = message.contains("not found") && {
        let words = message.to_lowercase();
        words.contains("configmap")
            || words.contains("secret \"")
            || words.contains("couldn't find")
    };
    absent || message.contains("couldn't find key") || message.contains("references non-existent")
}

/// Whether the message is about this reference.
fn is_named(reference: &ReferenceFacts, message: &str) -> bool {
    let quoted =
        |it: &str| message.contains(&format!("\"{it}\"")) || message.contains(&format!("/{it}"));
    let by_key = reference.key.as_ref().is_some_and(|key| {
        message.contains(&format!("key {key} ")) && message.contains(&reference.name)
    });
    reference.exists != Some(true) && (by_key || quoted(&reference.name))
}

fn cause(reference: Option<&ReferenceFacts>, message: &str) -> String {
    let Some(it) = reference else {
        return format!("What the pod refers to is not there: {message}.");
    };
    let kind = match it.kind {
        ReferenceKind::ConfigMap => "ConfigMap",
        ReferenceKind::Secret => "Secret",
        ReferenceKind::Claim => "claim",
        ReferenceKind::ServiceAccount => "service account",
    };
    let missing = match &it.key {
        Some(key) if message.contains("key") => format!("{kind} {} has no key {key}", it.name),
        Some(_) | None => format!("There is no {kind} {}", it.name),
    };
    match &it.near_miss {
        Some(near) => format!("{missing}; there is {near}, which was probably meant."),
        None => format!("{missing} in this namespace."),
    }
}
