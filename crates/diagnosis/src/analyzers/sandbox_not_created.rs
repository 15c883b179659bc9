//! The node cannot make the pod's sandbox, so none of its containers starts.
//!
//! ## What it looks for
//! A pod that has a node and no container that ever ran, and whose newest news is `FailedCreatePodSandBox`. The
//! network plugin, addresses that ran out, a runtime that is not there and memory limits in which nothing can be
//! made are told apart.
//!
//! ## What it does not see
//! Why the network plugin fails. A sandbox that was made at the second try is no trouble.

use types::{
    Clue, ContainerFacts, Diagnosis, EventFacts, Evidence, Fault, GivenLimit, SpotFacts, SpotTopic,
};

use super::{stalled, wording};
use crate::confidence;
use crate::patterns::Meanings;

/// Characters of what a message names that are kept.
const MAX_NAME: usize = 80;

/// What is told of a volume.
const MOUNT: &str = "FailedMount";
/// What it means that there is no memory for it.
const OF_MEMORY: &str = "the memory limits of the pod are too small even to make it";

/// What the runtime says, and what it means with `{}` for the group.
const MEANINGS: &[(&str, &str)] = &[
    (r"(?i)OOM-killed|minimum memory limit|memory limit\b.{0,40}\btoo (?:low|small)", OF_MEMORY),
    (
        r#"no runtime for "(?P<what>[^"]+)" is configured"#,
        "the node has no runtime {}, which the pod's runtimeClassName asks for",
    ),
    (
        r#"RuntimeHandler "(?P<what>[^"]+)" not supported"#,
        "the node has no runtime {}, which the pod's runtimeClassName asks for",
    ),
    (
        r"no IP addresses available in range set: (?P<what>[\d.:a-f-]+)",
        "the network has no address left ({})",
    ),
    (
        r"(?i)no (?:more )?(?:available )?ips?\b.*(?:available|left)|no (?:ip )?addresses available|failed to (?:assign|allocate) an? ip|ip address(?:es)? exhausted|no available (?:ip|addresses)|InsufficientFreeAddresses",
        "the network has no address left",
    ),
    (r#"plugin type="(?P<what>[^"]+)"(?: name="[^"]*")? failed"#, "the network plugin {} fails"),
    (
        r"(?i)cni plugin not initialized|network plugin is not ready|cni config uninitialized",
        "the node's network plugin is not ready",
    ),
    (
        r"(?i)failed to setup network for sandbox|networkPlugin cni failed",
        "the network plugin fails",
    ),
    (
        r#"(?:sandbox image|pause image|image) "(?P<what>[^"]+)".*(?:pull|resolve)"#,
        "the node cannot pull the sandbox image {}",
    ),
    (r"(?i)seccomp|apparmor", "the node does not have the security profile that the pod names"),
    ("no space left on device", "the node's disk is full"),
    (
        r"context deadline exceeded|DeadlineExceeded|is reserved for",
        "the node's runtime is too slow",
    ),
];

static COMPILED: Meanings<(&str, &str)> = Meanings::new(MEANINGS, name);

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let event = news(evidence)?;
    let is_mount = event.reason == MOUNT;
    let meaning = COMPILED.find(&event.message).map(|it| it.1);
    let may_be = is_mount || meaning.as_deref().is_none_or(|it| it == OF_MEMORY);
    let tiny = tiny(evidence).filter(|_| may_be);
    let given = given(evidence).filter(|_| may_be && tiny.is_none());
    let begin = |name: &str| format!("container {name} leaves hardly any memory for it");
    let of_tiny = tiny.map(|(it, spot)| format!("{}{}", begin(&it.name), spot.words));
    let of_given =
        given.map(|(it, limit)| format!("{}: the {}", begin(&it.name), wording::given(limit)));
    let meaning = of_tiny.or(of_given).or(meaning);
    let mut clues = vec![];
    clues.extend(given.into_iter().flat_map(|it| wording::given_limit(evidence, it.0)));
    clues.extend(tiny.map(|it| Clue::new(it.1.path.clone(), &it.1.value)));
    if meaning.as_deref() == Some(OF_MEMORY) {
        clues.extend(smallest(evidence));
    }
    if meaning.as_ref().is_some_and(|it| it.contains("runtimeClassName")) {
        let field = wording::pod_field(evidence, "runtimeClassName");
        clues.extend(field.map(|it| Clue::new(it, meaning.as_deref().unwrap_or_default())));
    }
    let fact = if is_mount { MOUNT } else { "FailedCreatePodSandBox" };
    clues.push(Clue::new(format!("events[{fact}].message"), &event.message));
    clues.push(Clue::new(format!("events[{fact}].count"), &event.count));
    clues.extend(wording::rollout(evidence, &["runtimeClassName", "securityContext"]));
    Some(Diagnosis {
        fault: Fault::SandboxNotCreated,
        container: None,
        confidence: if meaning.is_some() { confidence::SAID } else { confidence::FOLLOWS },
        cause: match meaning {
            Some(words) if is_mount => {
                format!("The node cannot fill the volumes that the pod has in memory: {words}.")
            }
            Some(words) => format!("The node cannot make the pod's sandbox: {words}."),
            None => "The node cannot make the pod's sandbox.".to_owned(),
        },
        clues,
    })
}

/// What is kept of what a message names.
fn name(what: &str) -> String {
    what.chars().take(MAX_NAME).collect()
}

/// What is told of the sandbox; or of a volume in memory, such as a token, which may be no larger than the memory
/// limits of the pod, where one of these lost its unit.
fn news(evidence: &Evidence) -> Option<&EventFacts> {
    let of_sandbox = ["FailedCreatePodSandBox", "FailedCreatePodSandbox"];
    let is_tiny = || tiny(evidence).is_some() || given(evidence).is_some();
    stalled::last_news(evidence, &of_sandbox).or_else(|| {
        let mount = stalled::last_news(evidence, &[MOUNT])?;
        (mount.message.contains("no space left on device") && is_tiny()).then_some(mount)
    })
}

/// The container whose memory limit lost its unit.
fn tiny(evidence: &Evidence) -> Option<(&ContainerFacts, &SpotFacts)> {
    evidence.containers.iter().find_map(|container| {
        container.memory_limit.as_ref()?.memory_meant()?;
        let spot = container.spots.iter().find(|it| it.topic == SpotTopic::Memory)?;
        Some((container, spot))
    })
}

/// The container whose limit lost its unit, and was given it by something else than its template.
fn given(evidence: &Evidence) -> Option<(&ContainerFacts, &GivenLimit)> {
    evidence.containers.iter().find_map(|it| {
        let given = it.given_memory_limit.as_ref()?;
        given.amount.memory_meant().map(|_| (it, given))
    })
}

/// The smallest memory limit.
fn smallest(evidence: &Evidence) -> Option<Clue> {
    let limits = evidence.containers.iter().filter_map(|it| Some((it, it.memory_limit.as_ref()?)));
    let (container, limit) = limits.min_by_key(|it| it.1.thousandths())?;
    let path = wording::resource_path(evidence, container, "limits", "memory")?;
    Some(Clue::new(path, limit))
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(COMPILED.broken(), Vec::<&str>::new());
}
