//! A pod that waits for its claims of devices (`resourceClaims`).

use std::sync::LazyLock;

use crate::patterns::pattern;
use crate::redact::shortened;
use regex::Regex;
use types::{
    Clue, Diagnosis, EventFacts, Evidence, Fault, PodFacts, ReferenceFacts, ReferenceKind,
};

use super::super::wording;
use crate::suspicion::{PATIENCE, RECENT};

/// What the controller of claims says when it cannot make one.
const FAILED: &str = "FailedResourceClaimCreation";
/// Characters of its message that are quoted.
const MAX_QUOTE: usize = 160;

/// What a scheduler says of a class of devices that is not there.
static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"request (?P<request>\S+): device class (?P<class>\S+) does not exist")
});

/// A pod whose claims of devices are not there: no scheduler says a word about it before they are.
pub(super) fn awaited(evidence: &Evidence) -> Option<Diagnosis> {
    let claims: Vec<_> = evidence.references.iter().filter(|it| is_claim(it)).collect();
    let waits = |it: &&PodFacts| {
        let is_unasked = it.unschedulable.is_none() && it.gates.is_empty();
        it.current && !it.scheduled && !it.terminating && it.phase == "Pending" && is_unasked
    };
    let pod = evidence.pods.iter().find(waits).filter(|_| !claims.is_empty())?;
    let about = format!("/{}", pod.name);
    let own = || evidence.events.iter().filter(|it| it.object.ends_with(&about));
    let is_news = |it: &&EventFacts| {
        it.last_seen.is_none_or(|at| evidence.taken_at.duration_since(at) < RECENT)
    };
    let refused = own().find(|it| it.reason == FAILED && is_news(it));
    let is_old = pod.created_at.is_some_and(|at| PATIENCE < evidence.taken_at.duration_since(at));
    let (claim, words, confidence) = if let Some(event) = refused {
        let claim = claims.iter().find(|it| is_about(it, &event.message)).or(claims.first())?;
        (claim, why(claim, &event.message), 0.95)
    } else {
        // Of a claim that is made for the pod its controller would speak.
        let mut by_name = claims.iter().filter(|it| it.kind == ReferenceKind::ResourceClaim);
        let claim = by_name.next().filter(|_| is_old && own().next().is_none())?;
        let name = &claim.name;
        let words = format!(
            "it waits for the resource claim {name}, and no scheduler has said a word: the claim is probably not there"
        );
        (claim, words, 0.7)
    };
    let mut clues = vec![Clue::new(claim.path.clone(), &claim.name)];
    clues.extend(refused.map(|it| Clue::new(format!("events[{FAILED}].message"), &it.message)));
    clues.push(Clue::new(format!("pods[{}].phase", pod.name), &pod.phase));
    clues.extend(wording::rollout(evidence, &["resourceClaims"]));
    let cause = format!("The pod is not scheduled: {words}.");
    Some(Diagnosis { fault: Fault::Unschedulable, container: None, cause, clues, confidence })
}

/// What a scheduler says of claims that are there, as it belongs into its reasons, and the claim.
pub(super) fn unserved(message: &str, evidence: &Evidence) -> Option<(String, Option<Clue>)> {
    let mut claims = evidence.references.iter().filter(|it| is_claim(it));
    let claim = claims.next();
    let clue = || claim.map(|it| Clue::new(it.path.clone(), &it.name));
    if let Some(found) = CLASS.as_ref().and_then(|it| it.captures(message)) {
        let of = |name| found.name(name).map_or("", |it| it.as_str());
        let (class, request) = (of("class"), of("request"));
        let words = format!(
            "there is no device class {class}, which the request {request} of its resource claim asks for"
        );
        return Some((words, clue()));
    }
    if !message.contains("cannot allocate all claims") {
        return None;
    }
    let named = claim.map(|it| format!(" {}", it.name)).unwrap_or_default();
    Some((format!("no devices for its resource claim{named}"), clue()))
}

fn is_claim(reference: &ReferenceFacts) -> bool {
    matches!(reference.kind, ReferenceKind::ResourceClaim | ReferenceKind::ResourceClaimTemplate)
}

/// `PodResourceClaim gpu: resource claim template "single-gpu": …`
fn is_about(claim: &ReferenceFacts, message: &str) -> bool {
    let by_key =
        claim.key.as_ref().is_some_and(|it| message.contains(&format!("PodResourceClaim {it}:")));
    by_key || message.contains(&format!("\"{}\"", claim.name))
}

fn why(claim: &ReferenceFacts, message: &str) -> String {
    let name = &claim.name;
    if message.contains("not found") && claim.kind == ReferenceKind::ResourceClaimTemplate {
        return format!("there is no resource claim template {name} in this namespace");
    }
    let message = shortened(message, MAX_QUOTE);
    format!("its resource claim {name} cannot be made ({})", message.trim_end_matches('.'))
}

#[test]
fn the_pattern_is_one() {
    assert!(CLASS.is_some());
}
