//! A volume cannot be attached or mounted, so none of the pod's containers starts.
//!
//! ## What it looks for
//! A pod that has a node and no container that ever ran, and whose newest news is `FailedMount` or
//! `FailedAttachVolume`. The message names the volume.
//!
//! ## What it does not see
//! A ConfigMap or Secret that is not there: that is told as such. A claim that is not bound keeps the pod from
//! getting a node at all. A mount that succeeds at a later try is no trouble.

use std::sync::LazyLock;

use regex::Regex;
use types::{Clue, Diagnosis, Evidence, Fault, SpotFacts, SpotTopic};

use super::{config_not_found, stalled, wording};
use crate::patterns::{Meanings, pattern};
use crate::redact::shortened;

/// Characters of what a message names that are kept.
const MAX_NAME: usize = 120;

/// What is said, and what it means with `{}` for the group. What says why stands before what only says that.
const MEANINGS: &[(&str, &str)] = &[
    (
        r"Multi-Attach error.*already used by pod\(s\) (?P<what>[^\n]+)",
        "it can be attached to one node only, and on another node it is used by {}",
    ),
    (
        r"Multi-Attach error|already exclusively attached",
        "it can be attached to one node only, and is still attached to another",
    ),
    (
        r"(?:: |\[)container (?P<what>\S+) not found",
        "it is to tell the resources of container {}, which the pod does not have",
    ),
    (r#"persistentvolumeclaim "(?P<what>[^"]+)" not found"#, "there is no claim {}"),
    (
        r"driver name (?P<what>\S+) not found in the list of registered CSI drivers",
        "the node has no CSI driver {}",
    ),
    (r"hostPath type check failed: (?P<what>[^\n]+)", "its hostPath is not what its type says: {}"),
    (r"unknown filesystem type '(?P<what>[^']+)'", "the node cannot mount file systems of type {}"),
    (r"mount\.nfs: (?P<what>[^\n]+)", "the NFS server cannot be mounted: {}"),
    (r"(?i)wrong fs type, bad option, bad superblock", "the node cannot read its file system"),
    (r"(?i)access denied by server", "its server denies access"),
    (
        r"(?i)volume (?:\S+ )?not found|could not find volume|InvalidVolume\.NotFound",
        "the storage does not know it",
    ),
    (
        r"(?i)permission denied|not authorized|UnauthorizedOperation|AccessDenied",
        "the storage denies access",
    ),
    (
        r"node has no NodeID annotation|CSINode .* not found|CSINode .* does not contain driver (?P<what>\S+)",
        "the node has no CSI driver for it",
    ),
    (r"(?i)connection refused", "its server refuses connections"),
    (r#"path "(?P<what>/[^"]+)" does not exist"#, "its node has no path {}"),
    (r"no space left on device", "the node's disk is full"),
    (
        r"(?i)timed out|DeadlineExceeded|deadline exceeded",
        "it does not come within the time that the kubelet waits",
    ),
];

/// What is said, and the member of a volume that it is about.
const MEMBERS: [(&str, &str); 4] = [
    ("hostPath type check failed", "/hostPath/type"),
    ("persistentvolumeclaim \"", "/persistentVolumeClaim/claimName"),
    ("in the list of registered CSI drivers", "/csi/driver"),
    ("mount.nfs:", "/nfs"),
];

static COMPILED: Meanings<(&str, &str)> = Meanings::new(MEANINGS, name);
static VOLUME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"for volume "(?P<name>[^"]+)"|unmounted volumes=\[(?P<list>[^\]]+)\]"#)
});

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let reasons = ["FailedMount", "FailedAttachVolume"];
    let news = stalled::last_news(evidence, &reasons)?;
    let failed = || {
        let all = stalled::others(evidence, news);
        all.filter(|it| reasons.contains(&it.reason.as_str()))
    };
    if failed().any(|it| config_not_found::is_about_absence(&it.message)) {
        return None;
    }
    let read: Vec<_> = failed().filter_map(|it| Some((it, COMPILED.find(&it.message)?))).collect();
    let best = read.into_iter().min_by_key(|it| it.1.0);
    let (event, words) = best.map_or((news, None), |(event, it)| (event, Some(it.1)));
    let name = volume(&event.message).or_else(|| volume(&news.message));
    let volume = name.clone().map_or_else(|| "A volume".to_owned(), |it| format!("Volume {it}"));
    let mut clues = vec![];
    let asking = asking(evidence).filter(|_| event.message.contains("container "));
    clues.extend(asking.map(|it| Clue::new(it.path.clone(), &it.value)));
    let field = field(evidence, name.as_deref(), &event.message).filter(|_| asking.is_none());
    clues.extend(field.map(|it| Clue::new(it, &volume)));
    clues.push(Clue::new(format!("events[{}].message", event.reason), &event.message));
    clues.push(Clue::new(format!("events[{}].count", event.reason), &event.count));
    clues.extend(wording::rollout(evidence, &["volumes", "volumeMounts"]));
    Some(Diagnosis {
        fault: Fault::VolumeNotMounted,
        container: None,
        confidence: if words.is_some() { 0.95 } else { 0.85 },
        cause: match words {
            Some(words) => {
                let meant = asking.map_or("", |it| it.words.as_str());
                format!("{volume} cannot be mounted: {words}{meant}.")
            }
            None => match reason(&event.message) {
                Some(said) => format!("{volume} cannot be mounted: \"{said}\"."),
                None => format!("{volume} cannot be mounted."),
            },
        },
        clues,
    })
}

/// The field that asks for a container which the pod does not have.
fn asking(evidence: &Evidence) -> Option<&SpotFacts> {
    let mut spots = evidence.containers.iter().flat_map(|it| &it.spots);
    spots.find(|it| it.topic == SpotTopic::Start && it.path.contains("/volumes/"))
}

/// Where the volume of this name stands in the subject, and the member of it that a message is about.
fn field(evidence: &Evidence, name: Option<&str>, message: &str) -> Option<String> {
    let list = wording::pod_field(evidence, "volumes")?;
    let index = evidence.workload.volumes.iter().position(|it| Some(it.as_str()) == name);
    let Some(index) = index else { return Some(list) };
    let member = MEMBERS.iter().find(|it| message.contains(it.0)).map_or("", |it| it.1);
    Some(format!("{list}/{index}{member}"))
}

/// What is kept of what a message names.
fn name(what: &str) -> String {
    what.trim().chars().take(MAX_NAME).collect()
}

/// Why, in the words of the kubelet: what stands behind the name of the volume.
fn reason(message: &str) -> Option<String> {
    let (_, said) = message.split_once("for volume \"")?.1.split_once("\" : ")?;
    let said = shortened(said, MAX_NAME);
    let said = said.trim().trim_end_matches('.');
    (!said.is_empty()).then(|| said.to_owned())
}

/// The volume that a message names.
fn volume(message: &str) -> Option<String> {
    let found = VOLUME.as_ref()?.captures(message)?;
    let name = found.name("name").or(found.name("list"))?.as_str();
    Some(name.chars().take(MAX_NAME).collect())
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(COMPILED.broken(), Vec::<&str>::new());
    assert!(VOLUME.is_some());
}
