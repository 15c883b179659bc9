//! The node that a pod was given does not take it.
//!
//! ## What it looks for
//! A pod of phase `Failed` that no container of ever started, because the kubelet of its node refused it: the node has
//! too little of something, other labels, another operating system, or does not allow a setting. The pod names its node
//! itself, or the node has changed since the scheduler looked. The newest pod of the workload counts.
//!
//! ## What it does not see
//! Pods that a workload which is well again left behind. A node that is short of something or shuts down: that puts
//! pods off, whether they run there or not.

use types::{Clue, ContainerFacts, DemandFacts, Diagnosis, Evidence, Fault, PodFacts, Quantity};

use super::wording;
use crate::confidence;

/// How the kubelet begins what it says of a pod that it refuses.
const MARK: &str = "Pod was rejected: ";
/// Reasons of a kubelet for pods that it puts off, which are told as such.
const PUT_OFF: [&str; 5] = ["Evicted", "NodeShutdown", "Terminated", "Preempting", "NodeLost"];
/// How a reason begins that names a resource.
const SHORT: &str = "OutOf";
/// How it begins where a filter of the scheduler does not hold.
const FILTER: &str = "Predicate ";
/// What it says of the labels of its node.
const SELECTOR: &str = "affinity/selector";
/// What stands before the name of a device that is not there any more.
const DEVICES: &str = "devices unavailable for ";
/// Changes that decide which node may take a pod.
const CHANGES: [&str; 5] = ["nodeName", "resources", "nodeSelector", "securityContext", "os"];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    if workload.desired <= workload.ready {
        return None;
    }
    let pod = evidence.pods.iter().filter(|it| it.current).max_by_key(|it| it.created_at)?;
    let (reason, said) = refusal(pod)?;
    let Meaning { words, field, is_for_scheduler } = meaning(reason, said, evidence);
    let node = pod.node.as_deref().map(|it| format!("Node {it}"));
    let node = node.unwrap_or_else(|| "Its node".to_owned());
    let mut clues: Vec<_> = field.into_iter().collect();
    clues.push(Clue::new(format!("pods[{}].reason", pod.name), reason));
    clues.push(Clue::new(format!("pods[{}].message", pod.name), said));
    clues.extend(wording::rollout(evidence, &CHANGES));
    Some(Diagnosis {
        // What the scheduler would have seen is told with its word.
        fault: if is_for_scheduler { Fault::Unschedulable } else { Fault::FailedCreate },
        container: None,
        cause: format!("{node} refuses the pod: {words}."),
        clues,
        confidence: confidence::SAID,
    })
}

/// The reason and the message of a pod that the kubelet refused.
fn refusal(pod: &PodFacts) -> Option<(&str, &str)> {
    let reason = pod.reason.as_deref()?;
    let message = pod.message.as_deref().unwrap_or_default();
    let said = message.strip_prefix(MARK);
    let is_refused = said.is_some() || reason.starts_with(SHORT) || message.contains(FILTER);
    let is_new = pod.phase == "Failed" && !PUT_OFF.contains(&reason) && pod.restarts == 0;
    // Older kubelets begin with another word.
    let said = said.unwrap_or_else(|| message.trim_start_matches("Pod "));
    (is_refused && is_new).then_some((reason, said))
}

/// What a refusal means.
struct Meaning {
    words: String,
    field: Option<Clue>,
    /// Whether a scheduler would have seen it.
    is_for_scheduler: bool,
}

fn meaning(reason: &str, said: &str, evidence: &Evidence) -> Meaning {
    if let Some(resource) = reason.strip_prefix(SHORT) {
        let words = too_little(resource, said);
        return Meaning { words, field: amount(resource, evidence), is_for_scheduler: true };
    }
    if let Some(filter) = said.strip_prefix(FILTER) {
        let said = filter.split_once(": ").map_or(filter, |it| it.1);
        let field = label(said, evidence);
        let is_label = said.contains(SELECTOR);
        let words = match field.as_ref().filter(|_| is_label) {
            Some(label) => {
                format!("its labels are not those that the pod selects ({})", label.value)
            }
            None => plain(said),
        };
        return Meaning { words, field, is_for_scheduler: true };
    }
    let device = said.split_once(DEVICES).map(|it| it.1.split(". ").next().unwrap_or_default());
    let demand = device.and_then(|it| wording::demanded(evidence, it));
    let demand = demand.or_else(|| self::demand(said, evidence));
    let wants = demand.filter(|_| device.is_none());
    let wants = wants.map(|it| format!("; the template asks for {}", it.value));
    let field = demand.map(|it| Clue::new(it.path.clone(), &it.value));
    let is_told = demand.is_some_and(|it| said.contains(&it.value));
    let wants = wants.filter(|_| !is_told).unwrap_or_default();
    Meaning { words: format!("{}{wants}", plain(said)), field, is_for_scheduler: false }
}

/// A message as a part of a sentence.
fn plain(said: &str) -> String {
    said.trim().trim_end_matches('.').to_owned()
}

/// `Node didn't have enough resource: cpu, requested: 64000, used: 10, capacity: 2000`
fn too_little(resource: &str, said: &str) -> String {
    let number = |mark: &str| {
        let rest = said.split_once(mark)?.1;
        rest.split(|it: char| !it.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    let shown = |it: u64| wording::amount(resource, it);
    match (number("requested: "), number("used: "), number("capacity: ")) {
        (Some(wanted), Some(used), Some(all)) => format!(
            "it asks for {} {resource}, and the node has {}, of which {} are taken",
            shown(wanted),
            shown(all),
            shown(used)
        ),
        _ => format!("the node has too little {resource} left"),
    }
}

/// The largest request for a resource.
fn amount(resource: &str, evidence: &Evidence) -> Option<Clue> {
    let of = |it: &ContainerFacts| match resource {
        "cpu" => it.cpu_request.clone(),
        "memory" => it.memory_request.clone(),
        _ => None,
    };
    let size = |it: &Quantity| it.thousandths();
    let asking = evidence.containers.iter().filter_map(|it| Some((it, of(it)?)));
    if let Some((container, amount)) = asking.max_by_key(|it| size(&it.1)) {
        let path = wording::resource_path(evidence, container, "requests", resource)?;
        return Some(Clue::new(path, &amount));
    }
    wording::demanded(evidence, resource).map(|it| Clue::new(it.path.clone(), &it.value))
}

/// The label that the node has not, or the port that is taken.
fn label(words: &str, evidence: &Evidence) -> Option<Clue> {
    let nodes = evidence.nodes.as_ref()?;
    if words.contains("ports") {
        return nodes.taken_ports.first().map(|it| Clue::new(it.path.clone(), &it.port));
    }
    let selectors = nodes.selectors.iter().filter(|_| words.contains(SELECTOR));
    let rarest = selectors.min_by_key(|it| (it.nodes, it.near_miss.is_none()))?;
    Some(Clue::new(rarest.path.clone(), &rarest.wanted))
}

/// What the template asks for and the message is about: what it quotes, or the operating system.
fn demand<'e>(said: &str, evidence: &'e Evidence) -> Option<&'e DemandFacts> {
    let mut all = evidence.workload.demands.iter();
    let is_quoted = |it: &&DemandFacts| said.contains(&format!("\"{}\"", it.value));
    let is_system = said.contains("OS field");
    let is_profile = said.contains("AppArmor");
    all.clone()
        .find(is_quoted)
        .or_else(|| all.clone().find(|it| is_profile && is_app_armor(it)))
        .or_else(|| all.find(|it| is_system && it.path.ends_with("/os/name")))
}

/// Whether it is a profile of `AppArmor` that the template asks for.
fn is_app_armor(demand: &DemandFacts) -> bool {
    demand.path.contains("/appArmorProfile/") || demand.path.contains("apparmor.security")
}
