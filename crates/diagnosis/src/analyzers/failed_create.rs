//! The owner may not make its pods.
//!
//! ## What it looks for
//! A condition of the owner or of its newest ReplicaSet, or a recent event `FailedCreate`, while pods are missing;
//! of a CronJob, that its next job is refused. Quota, limit range, security level, webhook and service account are
//! told apart, with the field to blame.
//!
//! ## What it does not see
//! Which other workload used up a quota.

mod denied;

use types::{
    Clue, ContainerFacts, Diagnosis, EventFacts, Evidence, Fault, Kind, ReferenceFacts,
    ReferenceKind,
};

use super::{amounts, wording};
use crate::patterns::Meanings;
use crate::redact::shortened;
use crate::suspicion::RECENT;

/// Characters of what a message names that are kept.
const MAX_NAME: usize = 200;
/// Changes that may make the API server refuse a pod.
const CHANGES: [&str; 5] =
    ["resources", "securityContext", "serviceAccountName", "hostNetwork", "volumes"];

/// Which field is to blame: of the pod, of the first container, the one that the message names, or none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blame {
    Pod(&'static str),
    Container(&'static str),
    Named,
    Nothing,
}

/// What the API server says, what it means with `{}` for the group, and which field is to blame.
const MEANINGS: &[(&str, &str, Blame)] = &[
    (r"exceeded quota: (?P<what>[^\n]+)", "quota {}", Blame::Nothing),
    (
        r"failed quota: (?P<what>[^\n]+)",
        "the pod does not state what the quota counts: {}",
        Blame::Container("resources"),
    ),
    (
        r#"(?i)serviceaccount "(?P<what>[^"]+)" not found"#,
        "there is no service account {}",
        Blame::Pod("serviceAccountName"),
    ),
    (
        r#"violates PodSecurity "(?P<what>[^"]+)": [^\n]*(?:host namespaces|hostNetwork)"#,
        "the namespace's security level {}",
        Blame::Pod("hostNetwork"),
    ),
    (
        r#"violates PodSecurity "(?P<what>[^"]+)": [^\n]*(?:hostPath|restricted volume types)"#,
        "the namespace's security level {}",
        Blame::Pod("volumes"),
    ),
    (
        r#"violates PodSecurity "(?P<what>[^"]+)""#,
        "the namespace's security level {}",
        Blame::Container("securityContext"),
    ),
    (
        r"(?P<what>(?:minimum|maximum) [a-z-]+ usage per [^\n]+)",
        "the namespace's limit range does not allow it: {}",
        Blame::Container("resources"),
    ),
    (
        r"(?P<what>[a-z-]+ max limit to request ratio per [^\n]+)",
        "the namespace's limit range does not allow it: {}",
        Blame::Container("resources"),
    ),
    (
        r#"failed calling webhook "(?P<what>[^"]+)""#,
        "the admission webhook {} does not answer",
        Blame::Nothing,
    ),
    (
        r#"admission webhook "(?P<what>[^"]+)" denied"#,
        "the admission webhook {} denies it",
        Blame::Nothing,
    ),
    (
        r"ValidatingAdmissionPolicy '(?P<what>[^']+)'",
        "the admission policy {} denies it",
        Blame::Nothing,
    ),
    (
        r"no PriorityClass with name (?P<what>\S+) was found",
        "there is no priority class {}",
        Blame::Pod("priorityClassName"),
    ),
    (
        r#"RuntimeClass "?(?P<what>[^"\s]+)"? not found"#,
        "there is no runtime class {}",
        Blame::Pod("runtimeClassName"),
    ),
    (
        r"is forbidden: unable to create new content in namespace (?P<what>\S+)",
        "the namespace {} is being deleted",
        Blame::Nothing,
    ),
    (
        r"(?P<what>spec\.[\w.\[\]]+: (?:Invalid value|Required value|Forbidden|Duplicate value)[^\n]*)",
        "the pod is not valid: {}",
        Blame::Named,
    ),
];

static COMPILED: Meanings<(&str, &str, Blame)> = Meanings::new(MEANINGS, name);

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let (fact, message) = refusal(evidence)?;
    let amounts = amounts::meaning(evidence, message);
    let meaning = meaning(message);
    let mut clues = vec![];
    let what = if lets_no_job(evidence) { "jobs" } else { "pods" };
    let mut cause = format!("The API server refuses the {what}.");
    if let Some((words, clue)) = amounts {
        cause = format!("The {what} may not be made: {words}.");
        clues.extend(clue);
    } else if let Some((words, blame)) = &meaning {
        let (more, clue) = blamed(evidence, *blame, words, message);
        cause = format!("The {what} may not be made: {}{more}.", finished(words, message));
        clues.extend(clue);
        let denial = denial(message).filter(|_| words.ends_with(" denies it"));
        clues.extend(denial.and_then(|it| denied::field(evidence, &it)));
    }
    clues.push(Clue::new(fact, message));
    clues.extend(wording::rollout(evidence, &CHANGES));
    Some(Diagnosis {
        fault: Fault::FailedCreate,
        container: None,
        cause,
        clues,
        confidence: if meaning.is_some() { 0.97 } else { 0.85 },
    })
}

/// The newest refusal, while pods are missing.
fn refusal(evidence: &Evidence) -> Option<(&'static str, &str)> {
    let workload = &evidence.workload;
    if let Some(event) = unmade_job(evidence) {
        return Some(("events[FailedCreate].message", &event.message));
    }
    if !lacks_pods(evidence) {
        return None;
    }
    let condition = workload.failed_condition.as_deref() == Some("FailedCreate");
    let event = evidence.events.iter().find(|it| {
        let recent = it.last_seen.is_none_or(|at| evidence.taken_at.duration_since(at) < RECENT);
        // The controller of jobs tries again after ever longer times.
        let recent = recent || is_batch(evidence);
        it.reason == "FailedCreate" && recent && is_news(it, evidence)
    });
    match (&workload.failed_message, event) {
        (Some(message), _) if condition => Some(("workload.failed_message", message)),
        (_, Some(event)) => Some(("events[FailedCreate].message", &event.message)),
        (_, None) => None,
    }
}

/// Whether a `CronJob` may not make its next job.
pub(super) fn lets_no_job(evidence: &Evidence) -> bool {
    unmade_job(evidence).is_some()
}

/// What the API server says of the job that a `CronJob` wants to make, where it has made none since.
fn unmade_job(evidence: &Evidence) -> Option<&EventFacts> {
    let newest = evidence.workload.rolled_out_at;
    // What was made since may be gone by now.
    let made = evidence.events.iter().filter(|it| it.reason == "SuccessfulCreate");
    let newest = made.filter_map(|it| it.last_seen).max().max(newest);
    let is_it = |it: &&EventFacts| {
        it.reason == "FailedCreate" && it.object.starts_with("CronJob ") && newest <= it.last_seen
    };
    let is_cron_job = evidence.subject.kind == Kind::CronJob;
    evidence.events.iter().filter(|_| is_cron_job).find(is_it)
}

/// Whether pods are missing. A job needs no more than it still has to do, and one whose pod works has what it needs.
fn lacks_pods(evidence: &Evidence) -> bool {
    let workload = &evidence.workload;
    if is_batch(evidence) {
        let works = evidence.pods.iter().any(|it| it.current && it.phase != "Failed");
        return workload.ready < workload.desired && !works;
    }
    workload.updated < workload.desired || evidence.pods.is_empty()
}

/// Whether no pod of a job was made since: then the refusal is over.
fn is_news(event: &EventFacts, evidence: &Evidence) -> bool {
    let newest = evidence.pods.iter().filter(|it| it.current).filter_map(|it| it.created_at).max();
    !is_batch(evidence) || event.last_seen.is_none() || newest <= event.last_seen
}

fn is_batch(evidence: &Evidence) -> bool {
    matches!(evidence.subject.kind, Kind::Job | Kind::CronJob)
}

/// What a refusal means, and what is to blame.
fn meaning(message: &str) -> Option<(String, Blame)> {
    COMPILED.find(message).map(|(_, words, row)| (words, row.2))
}

/// What is kept of what a message names.
fn name(what: &str) -> String {
    what.trim_end_matches([']', '.']).chars().take(MAX_NAME).collect()
}

/// The words with what stands further in the message: what a quota counts, which controls a level refuses.
fn finished(words: &str, message: &str) -> String {
    if words.starts_with("the namespace's security level") {
        let controls = controls(message);
        return format!("{words} does not allow {}", controls.join(", "));
    }
    if words.ends_with(" denies it") {
        return denial(message).map_or_else(|| words.to_owned(), |it| format!("{words}: {it}"));
    }
    match words.strip_prefix("quota ").and_then(|it| it.split_once(", ")) {
        Some((name, counts)) => format!("quota {name} is used up ({counts})"),
        None => words.to_owned(),
    }
}

/// What a webhook or a policy says for itself.
fn denial(message: &str) -> Option<String> {
    let marks = [" denied the request: ", " denied request: "];
    let said = marks.iter().find_map(|it| message.split_once(it))?.1;
    let line: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = shortened(&line, MAX_NAME);
    let line = line.trim_end_matches(['.', ']']).trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// `spec.containers[0].resources.requests` of a pod as a field of the owner.
fn named_field(evidence: &Evidence, words: &str) -> Option<String> {
    let (_, rest) = words.split_once("spec.")?;
    let named: &str = rest.split(": ").next()?;
    let path = named.split(['.', '[', ']']).filter(|it| !it.is_empty());
    let spec = evidence.subject.kind.pod_spec_path()?;
    let path = path.fold(spec, |path, it| match it.parse() {
        Ok(index) => path.index(index),
        Err(_) => path.child(it),
    });
    // `must be less than or equal to memory limit of 64Mi` says of which resource.
    let of = words.split_once("less than or equal to ").and_then(|it| it.1.split_once(" limit"));
    Some(of.map_or(path.clone(), |it| path.child(it.0)).to_string())
}

/// The names of the controls in `violates PodSecurity "level": name (why), name (why)`.
fn controls(message: &str) -> Vec<String> {
    let list = message.split_once("violates PodSecurity").map_or("", |it| it.1);
    let list = list.split_once(": ").map_or("", |it| it.1);
    let mut depth = 0_i32;
    let mut names = vec![String::new()];
    for letter in list.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => names.last_mut().into_iter().for_each(|it| it.push(letter)),
            _ => {}
        }
    }
    names.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

/// The field to blame as a clue, and the name that was probably meant.
fn blamed(evidence: &Evidence, blame: Blame, words: &str, message: &str) -> (String, Option<Clue>) {
    match blame {
        Blame::Nothing => (String::new(), None),
        Blame::Named => {
            let field = named_field(evidence, words);
            let value = words.split_once("Invalid value: \"").and_then(|it| it.1.split_once('"'));
            let value = value.map_or(words, |it| it.0);
            (String::new(), field.map(|it| Clue::new(it, value)))
        }
        Blame::Container(name) => {
            let named =
                |it: &&ContainerFacts| message.contains(&format!("container \"{}\"", it.name));
            let all = &evidence.containers;
            let container = all.iter().find(named).or(all.first());
            let field = container.and_then(|it| wording::field(evidence, it, name));
            (String::new(), field.map(|it| Clue::new(it, words)))
        }
        Blame::Pod(name) => {
            let field = wording::pod_field(evidence, name);
            let is_it = |it: &&ReferenceFacts| is_named_by(it.kind, name);
            let named = evidence.references.iter().find(is_it);
            let near = named.and_then(|it| it.near_miss.as_ref());
            let more = near.map(|it| format!("; there is {it}, which was probably meant"));
            let alike = named.and_then(|it| it.alike.as_ref()).map(|it| format!("; {it}"));
            let more = more.or(alike).or_else(|| before(evidence, field.as_deref()?));
            let value = named.map_or(words, |it| it.name.as_str());
            (more.unwrap_or_default(), field.map(|it| Clue::new(it, value)))
        }
    }
}

/// What the last revision that was ready had in this field.
fn before(evidence: &Evidence, field: &str) -> Option<String> {
    let revision = evidence.revisions.iter().find(|it| !it.current && it.was_ready)?;
    let edit = revision.edits.iter().find(|it| it.path.to_string() == field)?;
    let name = edit.to.as_ref()?.as_str().filter(|it| !it.is_empty())?;
    Some(format!("; revision {} was ready with {name}", revision.revision))
}

/// Whether a reference of this kind stands in this field of the pod.
fn is_named_by(kind: ReferenceKind, field: &str) -> bool {
    match kind {
        ReferenceKind::ServiceAccount => field == "serviceAccountName",
        ReferenceKind::PriorityClass => field == "priorityClassName",
        ReferenceKind::RuntimeClass => field == "runtimeClassName",
        ReferenceKind::ConfigMap
        | ReferenceKind::Secret
        | ReferenceKind::Claim
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler
        | ReferenceKind::NodeLabelKey
        | ReferenceKind::NodeLabelValue => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let message = format!("pods \"web-1\" is forbidden: {message}");
        let words = meaning(&message).map(|it| finished(&it.0, &message)).unwrap_or_default();
        assert_eq!(words, expected);
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(COMPILED.broken(), Vec::<&str>::new());
    }

    #[test]
    fn what_the_api_server_refuses_is_told_apart() {
        check(
            "exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0",
            "quota small is used up (requested: pods=1, used: pods=0, limited: pods=0)",
        );
        check(
            "failed quota: small: must specify limits.memory for: app",
            "the pod does not state what the quota counts: small: must specify limits.memory for: app",
        );
        check(
            "[minimum cpu usage per Container is 50m, but request is 10m, maximum memory usage per Container is 64Mi, but limit is 128Mi]",
            "the namespace's limit range does not allow it: minimum cpu usage per Container is 50m, but request is 10m, maximum memory usage per Container is 64Mi, but limit is 128Mi",
        );
        check(
            r#"violates PodSecurity "restricted:latest": privileged (container "app" must not set securityContext.privileged=true), runAsNonRoot != true (pod or container "app" must set it)"#,
            "the namespace's security level restricted:latest does not allow privileged, runAsNonRoot != true",
        );
        check(
            r#"error looking up service account shop/buidler: serviceaccount "buidler" not found"#,
            "there is no service account buidler",
        );
        check(
            r#"admission webhook "validate.kyverno.svc-fail" denied the request: no latest"#,
            "the admission webhook validate.kyverno.svc-fail denies it: no latest",
        );
        check(
            "ValidatingAdmissionPolicy 'registry' with binding 'registry' denied request: images must come from registry.corp",
            "the admission policy registry denies it: images must come from registry.corp",
        );
        check(
            r#"failed calling webhook "pods.shop.example": failed to call webhook: Post "https://x": dial tcp: connection refused"#,
            "the admission webhook pods.shop.example does not answer",
        );
    }
}
