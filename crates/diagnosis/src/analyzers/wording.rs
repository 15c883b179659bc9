//! Clues that several analyzers show, and parts of the sentences that they make.

mod hosts;

use types::{
    Clue, ContainerFacts, ContainerRole, DemandFacts, Evidence, FieldPath, GivenLimit, Quantity,
};

use crate::evidence::{Held, WAITING, tag};

pub(super) use self::hosts::{about_host, about_needed};

/// Changes of a revision that are shown: more hide the one that matters.
const MAX_CHANGED: usize = 3;

/// `containers[app].waiting`
pub(super) fn fact(container: &ContainerFacts, fact: &str) -> String {
    format!("containers[{}].{fact}", container.name)
}

/// `container app`, inside a sentence.
pub(super) fn named(container: &ContainerFacts) -> String {
    let kind = match (container.role, container.sidecar) {
        (ContainerRole::App, _) => "container",
        (ContainerRole::Init, true) => "sidecar",
        (ContainerRole::Init, false) => "init container",
    };
    format!("{kind} {}", container.name)
}

/// `Container app`, as a sentence begins.
pub(super) fn named_at_start(container: &ContainerFacts) -> String {
    let named = named(container);
    let mut rest = named.chars();
    rest.next().into_iter().map(|it| it.to_ascii_uppercase()).chain(rest).collect()
}

/// A field of the container in the subject's manifest.
pub(super) fn field(evidence: &Evidence, container: &ContainerFacts, name: &str) -> Option<String> {
    Some(path(evidence, container)?.child(name).to_string())
}

/// `/spec/template/spec/containers/0/resources/requests/memory`
pub(super) fn resource_path(
    evidence: &Evidence,
    container: &ContainerFacts,
    list: &str,
    resource: &str,
) -> Option<String> {
    let path = path(evidence, container)?.child("resources");
    Some(path.child(list).child(resource).to_string())
}

fn path(evidence: &Evidence, container: &ContainerFacts) -> Option<FieldPath> {
    evidence.subject.kind.container_path(container.role, container.index)
}

/// The container itself in the subject's manifest, where no field of it is known to be to blame.
pub(super) fn itself(evidence: &Evidence, container: &ContainerFacts) -> Option<Clue> {
    Some(Clue::new(path(evidence, container)?.to_string(), &container.name))
}

/// Where the template names the host of an address, as a clue.
pub(super) fn named_in(
    evidence: &Evidence,
    container: &ContainerFacts,
    address: &str,
) -> Option<Clue> {
    let host = address.rsplit_once("://").map_or(address, |it| it.1);
    let host = host.split([':', '/']).next()?.to_lowercase();
    let mut named = container.hosts.iter().filter(|it| it.1 == host);
    let only = named.next().filter(|_| named.next().is_none())?;
    let at = container.env.iter().position(|it| *it == only.0)?;
    let field = field(evidence, container, "env")?;
    Some(Clue::new(fact(container, "named_in"), &format!("{field}/{at}/value")))
}

/// A field of the pod's spec in the subject's manifest.
pub(super) fn pod_field(evidence: &Evidence, name: &str) -> Option<String> {
    Some(evidence.subject.kind.pod_spec_path()?.child(name).to_string())
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

/// `32Mi that limit range small gives it; the template sets no limit`
pub(super) fn given(limit: &GivenLimit) -> String {
    let GivenLimit { amount, default_of, .. } = limit;
    let giver = default_of.as_ref().map(|it| format!("limit range {} gives it", it.limit_range));
    let giver = giver.unwrap_or_else(|| "its pod was made with".to_owned());
    format!("{amount} that {giver}; the template sets no limit{}", meant(&amount.0))
}

/// What was probably meant by an amount of memory or storage that lost its unit, as the end of a sentence.
pub(super) fn meant(amount: &str) -> String {
    let meant = Quantity(amount.to_owned()).memory_meant();
    let words = |it| format!("; {amount} is less than a mebibyte, and {it} was probably meant");
    meant.map(words).unwrap_or_default()
}

/// The limit that it was given, where it stands and where it comes from.
pub(super) fn given_limit(evidence: &Evidence, container: &ContainerFacts) -> Vec<Clue> {
    let Some(GivenLimit { amount, default_of, .. }) = &container.given_memory_limit else {
        return vec![];
    };
    let space = &evidence.subject.namespace;
    let range = default_of
        .as_ref()
        .map(|it| Clue::new(format!("LimitRange {space}/{} {}", it.limit_range, it.path), amount));
    let own = Clue::new(fact(container, "given_memory_limit"), amount);
    [own].into_iter().chain(range).collect()
}

/// What the newest revision changed, where an earlier one was ready. What may explain the fault, by the names of
/// `fields`, stands first.
pub(super) fn rollout(evidence: &Evidence, fields: &[&str]) -> Vec<Clue> {
    let before = evidence.revisions.iter().find(|it| !it.current && it.was_ready);
    let Some(before) = before else { return vec![] };
    let explains = |words: &&String| {
        let path = words.split(": ").next().unwrap_or_default();
        !fields.iter().any(|field| path.split('/').any(|it| it == *field))
    };
    let mut changed: Vec<_> = before.changed.iter().collect();
    changed.sort_by_key(explains);
    let fact = format!("revisions[{}].changed", before.revision);
    changed.into_iter().take(MAX_CHANGED).map(|it| Clue::new(fact.clone(), it)).collect()
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

/// The pull secrets that are not there, by the kubelet's own words about the pod, as the end of a sentence and a clue.
pub(super) fn missing_pull_secret(evidence: &Evidence, pod: &str) -> Option<(String, Clue)> {
    let about = format!("/{pod}");
    let mut events = evidence.events.iter().filter(|it| it.object.ends_with(&about));
    let event = events.find(|it| it.reason == "FailedToRetrieveImagePullSecret")?;
    let names = event.message.split_once('(')?.1.split_once(')')?.0;
    let known = evidence.references.iter().find(|it| {
        it.path.contains("/imagePullSecrets/") && names.split(", ").any(|name| name == it.name)
    });
    let near = known.and_then(|it| it.near_miss.as_ref());
    let near = near.map(|it| format!(" (there is {it}, which was probably meant)"));
    let words = format!("; its pull secret {names} is not there{}", near.unwrap_or_default());
    let fact =
        known.map_or_else(|| format!("events[{}].message", event.reason), |it| it.path.clone());
    Some((words, Clue::new(fact, names)))
}

/// The container that waits for its image, with the message that says why.
pub(super) fn unpulled(evidence: &Evidence) -> Option<(&ContainerFacts, &str)> {
    evidence
        .containers
        .iter()
        .find(|it| it.state.waiting.as_deref().is_some_and(|it| WAITING.contains(&it)))
        .map(|it| (it, pull_message(it, evidence).unwrap_or_default()))
}

/// What a node holds in the place of this image, which is not to be had, as the end of a sentence and a clue.
pub(super) fn held(held: Held<'_>, image: &str) -> (String, Clue) {
    let (it, meant) = match held {
        Held::Same(it) => (it, ""),
        Held::Repository(it) if tag(&it.image) != tag(image) => {
            (it, ", whose repository was probably meant")
        }
        Held::Tag(it) | Held::Repository(it) | Held::Whole(it) => {
            (it, ", which was probably meant")
        }
    };
    let words = format!("; node {} holds {}{meant}", it.node, it.image);
    (words, Clue::new(format!("on_nodes[{}].node", it.image), &it.node))
}

/// The largest amount of a resource that the template asks for, of those that are not told with the containers.
pub(super) fn demanded<'e>(evidence: &'e Evidence, resource: &str) -> Option<&'e DemandFacts> {
    let name = format!("/{}", resource.replace('~', "~0").replace('/', "~1"));
    let is_it = |it: &&DemandFacts| it.path.contains("/resources/") && it.path.ends_with(&name);
    let demands = evidence.workload.demands.iter().filter(is_it);
    demands.max_by_key(|it| Quantity(it.value.clone()).thousandths())
}

/// An amount as it would stand in a manifest: CPU is given in thousandths, and what is stored in bytes.
pub(super) fn amount(resource: &str, amount: u64) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    const GIBIBYTE: u64 = 1 << 30;
    let is_bytes =
        resource == "memory" || resource.contains("storage") || resource.starts_with("hugepages");
    match resource {
        "cpu" if amount.is_multiple_of(1000) => (amount / 1000).to_string(),
        "cpu" => Quantity::millicores(amount).to_string(),
        _ if is_bytes && GIBIBYTE <= amount && amount.is_multiple_of(GIBIBYTE) => {
            format!("{}Gi", amount / GIBIBYTE)
        }
        _ if is_bytes && MEBIBYTE <= amount => Quantity::mebibytes(amount / MEBIBYTE).to_string(),
        _ => amount.to_string(),
    }
}
