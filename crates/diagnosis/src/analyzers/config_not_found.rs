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
use crate::confidence;

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
    // A message about a key names no object; one about an object no key.
    let is_about_key = tells_of_key(message);
    let named = || evidence.references.iter().filter(|it| is_named(it, message));
    let reference = named().find(|it| it.key.is_some() == is_about_key).or_else(|| named().next());
    let others = others(evidence, reference);
    clues.extend(reference.map(|it| {
        let field = key_field(it).filter(|_| is_about_key);
        let key = it.key.as_ref().filter(|_| it.is_about_key() || field.is_some());
        Clue::new(field.unwrap_or_else(|| it.path.clone()), key.unwrap_or(&it.name))
    }));
    clues.extend(others.1);
    clues.extend(wording::rollout(evidence, &["env", "envFrom", "volumes"]));
    Some(Diagnosis {
        fault: Fault::ConfigNotFound,
        container,
        cause: with(&cause(reference, message), &others.0),
        clues,
        // Without a list of what is there, a name may stand in more fields than one.
        confidence: match reference {
            Some(it) if it.exists.is_some() || it.kind == ReferenceKind::Secret => confidence::SAID,
            Some(_) => confidence::LIKELY,
            None => confidence::GUESSED,
        },
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

/// Whether the message is about a key of something that is there, as the kubelet says it of variables and of
/// volumes. The name of a Secret may well be `signing-key`.
fn tells_of_key(message: &str) -> bool {
    message.contains("find key ")
        || message.contains("references non-existent") && message.contains(" key: ")
}

/// The field that holds the key, of a variable that takes one. What is in a Secret is not known, so that the reference
/// itself stands for its name.
fn key_field(it: &ReferenceFacts) -> Option<String> {
    let takes_key = it.kind == ReferenceKind::Secret && it.key.is_some();
    let beside = it.path.strip_suffix("/secretKeyRef/name").filter(|_| takes_key)?;
    Some(format!("{beside}/secretKeyRef/key"))
}

/// Whether the message is about this reference.
fn is_named(reference: &ReferenceFacts, message: &str) -> bool {
    let quoted =
        |it: &str| message.contains(&format!("\"{it}\"")) || message.contains(&format!("/{it}"));
    let by_key = reference.key.as_ref().is_some_and(|key| {
        // Of several sources of one volume all are told, in brackets.
        let said = format!("key: {key}");
        let mut after = message.split(&said).skip(1);
        let of_volume = after.any(|it| it.trim_end().is_empty() || it.starts_with([',', ']']));
        of_volume || message.contains(&format!("key {key} ")) && message.contains(&reference.name)
    });
    // One Secret may give several variables, and the kubelet names the key that it lacks.
    let is_other_key = tells_of_key(message) && reference.key.is_some() && !by_key;
    let is_of_name = !is_other_key && quoted(&reference.name);
    reference.exists != Some(true) && may_be_of(reference.kind, message) && (by_key || is_of_name)
}

/// Whether the message may be about a thing of this kind: a ConfigMap and a Secret may have one name.
fn may_be_of(kind: ReferenceKind, message: &str) -> bool {
    let words = message.to_lowercase();
    let says = |marks: [&str; 3]| marks.iter().any(|it| words.contains(it));
    let of_config_map = says(["configmap \"", "in configmap ", "non-existent config key"]);
    let of_secret = says(["secret \"", "in secret ", "non-existent secret key"]);
    match kind {
        ReferenceKind::ConfigMap => of_config_map || !of_secret,
        ReferenceKind::Secret => of_secret || !of_config_map,
        ReferenceKind::Claim
        | ReferenceKind::ServiceAccount
        | ReferenceKind::PriorityClass
        | ReferenceKind::RuntimeClass
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler
        | ReferenceKind::NodeLabelKey
        | ReferenceKind::NodeLabelValue => true,
    }
}

/// What else is not there, as a sentence, and the fields that name it: the kubelet tells one after the other.
fn others(evidence: &Evidence, told: Option<&ReferenceFacts>) -> (String, Vec<Clue>) {
    let Some(told) = told else { return (String::new(), vec![]) };
    let waiting = evidence.containers.iter().filter_map(|it| it.state.waiting_message.as_deref());
    let mounts = evidence.events.iter().filter(|it| it.reason == "FailedMount");
    let messages: Vec<_> = waiting.chain(mounts.map(|it| it.message.as_str())).collect();
    let is_said = |it: &ReferenceFacts| {
        messages.iter().any(|message| is_about_absence(message) && is_named(it, message))
    };
    let is_config = |it: &&ReferenceFacts| it.kind.holds_keys() && !it.optional;
    let is_other = |it: &&ReferenceFacts| {
        it.path != told.path && (&it.name, &it.key) != (&told.name, &told.key)
            // Who misses the whole misses its keys.
            && (it.name != told.name || it.kind != told.kind || told.is_about_key())
    };
    let mut seen: Vec<String> = vec![];
    let mut clues = vec![];
    for it in evidence.references.iter().filter(is_config).filter(is_other) {
        let words = missing(it, it.is_about_key());
        if (it.exists == Some(false) || is_said(it)) && !seen.contains(&words) {
            let near = it.near_miss.as_ref().map(|it| format!("; there is {it}"));
            let near = near.or_else(|| it.alike.as_ref().map(|it| format!("; {it}")));
            seen.push(words);
            let value = it.key.as_ref().filter(|_| it.is_about_key()).unwrap_or(&it.name);
            clues.push(Clue::new(it.path.clone(), &format!("{value}{}", near.unwrap_or_default())));
        }
    }
    let words = seen.iter().map(|it| format!("; {} either", in_a_row(it))).collect();
    (words, clues)
}

/// The sentence with what else is not there before its end.
fn with(cause: &str, others: &str) -> String {
    if others.is_empty() {
        return cause.to_owned();
    }
    format!("{}{others}.", cause.trim_end_matches('.'))
}

/// The same words further on in a sentence.
fn in_a_row(words: &str) -> String {
    words.strip_prefix("There").map_or_else(|| words.to_owned(), |it| format!("there{it}"))
}

/// `There is no ConfigMap app-settings`
fn missing(it: &ReferenceFacts, is_about_key: bool) -> String {
    let kind = match it.kind {
        ReferenceKind::ConfigMap => "ConfigMap",
        ReferenceKind::Secret => "Secret",
        ReferenceKind::Claim => "claim",
        ReferenceKind::ServiceAccount => "service account",
        ReferenceKind::PriorityClass => "priority class",
        ReferenceKind::RuntimeClass => "runtime class",
        ReferenceKind::ResourceClaim => "resource claim",
        ReferenceKind::ResourceClaimTemplate => "resource claim template",
        ReferenceKind::Scheduler => "scheduler",
        ReferenceKind::NodeLabelKey | ReferenceKind::NodeLabelValue => "node label",
    };
    match &it.key {
        Some(key) if is_about_key => format!("{kind} {} has no key {key}", it.name),
        Some(_) | None => format!("There is no {kind} {}", it.name),
    }
}

fn cause(reference: Option<&ReferenceFacts>, message: &str) -> String {
    let Some(it) = reference else {
        return format!("What the pod refers to is not there: {message}.");
    };
    let missing = missing(it, tells_of_key(message));
    match (&it.near_miss, &it.alike) {
        (Some(near), _) => format!("{missing}; there is {near}, which was probably meant."),
        (None, Some(alike)) => format!("{missing}; {alike}."),
        (None, None) => format!("{missing} in this namespace."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_there_is_told_from_a_name_that_speaks_of_keys() {
        for message in [
            "couldn't find key password in Secret shop/db",
            "MountVolume.SetUp failed for volume \"c\" : references non-existent config key: app.yaml",
            "references non-existent secret key: tls.crt",
        ] {
            assert!(tells_of_key(message), "{message}");
        }
        for message in ["secret \"signing-key\" not found", "configmap \"ssh-keys\" not found"] {
            assert!(!tells_of_key(message), "{message}");
        }
    }
}
