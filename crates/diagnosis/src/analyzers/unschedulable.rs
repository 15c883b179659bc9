//! No node can take the pod.
//!
//! ## What it looks for
//! A pod without a node, and what the scheduler says about it, node by node: the taints, the label that no node has
//! (with the near miss that one has), the room that is missing, the volume that is elsewhere; in one line, that the
//! nodes with the labels are the ones with a taint. Or a scheduler of
//! which no pod ever got a node, and that says nothing for a minute: nobody schedules in its name. Or a template
//! that names a node which is not there. Or a DaemonSet that wants no pod, since a letter of the label is wrong
//! that it selects nodes by.
//!
//! ## What it does not see
//! A pod that is held back by a gate. That the cluster's own scheduler is down: then nobody says anything. A pod
//! whose own old ones still have to go is on its way, unless they are on a node that is down.

mod asked;
mod devices;
mod nowhere;
mod selected;
mod sure;
mod unwanted;

use types::{
    Clue, DemandFacts, Diagnosis, Evidence, Fault, PodFacts, ReferenceFacts, ReferenceKind,
    SelectorFacts,
};

use self::asked::asked;
use super::wording;
use crate::confidence;
use crate::near_miss::near_miss;
use crate::scheduling::{self, Reason};
use crate::suspicion::PATIENCE;

/// Where the constraints on a spread stand.
const SPREAD: &str = "/topologySpreadConstraints/";
/// What the scheduler says of a node without the label of a spread.
const NO_LABEL: &str = "missing required label";
/// The scheduler that every cluster has.
const OWN: &str = "default-scheduler";
/// Taints or labels that a sentence names.
const MAX_NAMED: usize = 3;

/// What a scheduler says of a node, and what it means.
const MEANINGS: [(&str, &str); 18] = [
    ("Insufficient memory", "not enough memory"),
    ("Insufficient cpu", "not enough CPU"),
    ("Insufficient ephemeral-storage", "not enough ephemeral storage"),
    ("Too many pods", "no more pods on a node"),
    ("untolerated taint", "taints that it does not tolerate"),
    ("were unschedulable", "a cordon"),
    ("didn't match Pod's node affinity/selector", "no node with all the labels that it selects"),
    ("didn't match pod anti-affinity rules", "other pods that anti-affinity keeps it apart from"),
    (
        "existing pods anti-affinity rules",
        "the anti-affinity of pods that want none like it beside them",
    ),
    ("didn't match pod affinity rules", "no pod that its pod affinity wants to stand beside"),
    ("pod topology spread constraints", "a spread over nodes that cannot be kept"),
    ("didn't have free ports", "a host port that is taken"),
    ("PersistentVolume's node affinity", "a volume that is on another node"),
    ("volume node affinity conflict", "a volume that is on another node"),
    ("didn't find available persistent volumes", "no volume for its claim"),
    ("max volume count", "no more volumes on a node"),
    ("no available volume zone", "a volume in another zone"),
    ("ReadWriteOncePod access mode", "a claim that only one pod may use, and another one does"),
];

/// Changes that decide which node may take a pod.
const SCHEDULING: [&str; 4] = ["resources", "nodeSelector", "affinity", "tolerations"];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    nowhere::told(evidence)
        .or_else(|| unwanted::told(evidence))
        .or_else(|| refused(evidence))
        .or_else(|| unserved(evidence))
        .or_else(|| devices::awaited(evidence))
}

/// Whether a slip in a label keeps a `DaemonSet` from wanting any pod.
pub(super) fn is_unwanted(evidence: &Evidence) -> bool {
    unwanted::told(evidence).is_some()
}

/// A pod that waits for a scheduler that nobody has heard of.
fn unserved(evidence: &Evidence) -> Option<Diagnosis> {
    let waits = |it: &&PodFacts| {
        let age = it.created_at.map(|at| evidence.taken_at.duration_since(at));
        let is_new = age.is_none_or(|it| it <= PATIENCE);
        it.current && !it.scheduled && !it.terminating && !is_new && it.phase == "Pending"
    };
    let is_silent = |it: &&PodFacts| {
        let about = format!("/{}", it.name);
        it.unschedulable.is_none()
            && it.gates.is_empty()
            && !evidence.events.iter().any(|it| it.object.ends_with(&about))
    };
    let mut pods = evidence.pods.iter().filter(waits).filter(is_silent);
    let (pod, name) = pods.find_map(|it| Some((it, it.scheduler.as_ref()?)))?;
    let near = near_miss(name, [OWN]);
    let near = near.map(|it| format!("; {it} was probably meant")).unwrap_or_default();
    let mut clues = vec![];
    clues.extend(wording::pod_field(evidence, "schedulerName").map(|it| Clue::new(it, name)));
    clues.push(Clue::new(format!("pods[{}].unschedulable", pod.name), "nothing is said"));
    clues.extend(wording::rollout(evidence, &["schedulerName"]));
    Some(Diagnosis {
        fault: Fault::Unschedulable,
        container: None,
        cause: format!(
            "No scheduler takes the pod: it asks for {name}, which has not said a word about it and has placed no \
             other pod{near}."
        ),
        clues,
        confidence: confidence::WORDED,
    })
}

/// A pod that a scheduler has refused.
fn refused(evidence: &Evidence) -> Option<Diagnosis> {
    let leaving = evidence.pods.iter().any(|it| it.terminating && !is_lost(it, evidence));
    let (pod, message) = evidence
        .pods
        .iter()
        .filter(|it| it.current && !it.scheduled && !it.terminating && it.gates.is_empty())
        .find_map(|it| Some((it, it.unschedulable.as_deref()?)))?;
    if leaving || message.contains("waiting for ephemeral volume controller") {
        return None;
    }
    let mut reasons = scheduling::reasons(message);
    // Stable: what most nodes say goes first.
    reasons.sort_by_key(|it| std::cmp::Reverse(it.nodes));
    let devices = devices::unserved(message, evidence);
    let mut clues = vec![Clue::new(format!("pods[{}].unschedulable", pod.name), message)];
    // What each node says for itself does not tell that it is the fitting one that is kept.
    let selected = selected::kept(&reasons, evidence).map(|(words, of_it)| {
        clues.extend(of_it);
        reasons.clear();
        words
    });
    let mut meanings: Vec<_> =
        selected.into_iter().chain(meanings(&reasons, message, evidence)).collect();
    clues.extend(reasons.iter().find_map(|it| blamed(it, evidence)));
    clues.extend(claim(message, evidence));
    if let Some((words, clue)) = devices {
        meanings.retain(|it| !it.contains("cannot allocate all claims"));
        meanings.push(words);
        clues.extend(clue);
    }
    for container in &evidence.containers {
        for (fact, amount) in
            [("memory_request", &container.memory_request), ("cpu_request", &container.cpu_request)]
        {
            clues.extend(amount.as_ref().map(|it| Clue::new(wording::fact(container, fact), it)));
        }
    }
    clues.extend(wording::rollout(evidence, &SCHEDULING));
    let confidence = sure::sure(message, &clues, evidence);
    Some(Diagnosis {
        fault: Fault::Unschedulable,
        container: None,
        cause: if meanings.is_empty() {
            "No node can take the pod.".to_owned()
        } else {
            format!("No node can take the pod: {}.", meanings.join(", "))
        },
        clues,
        confidence,
    })
}

/// Whether a pod is on a node that is down: nobody there lets it go.
fn is_lost(pod: &PodFacts, evidence: &Evidence) -> bool {
    let down = evidence.nodes.iter().flat_map(|it| &it.down);
    pod.node.as_ref().is_some_and(|node| down.into_iter().any(|it| it == node))
}

/// What the reasons mean, each with its number of nodes where there are several.
fn meanings(reasons: &[Reason<'_>], message: &str, evidence: &Evidence) -> Vec<String> {
    let total = reasons.iter().map(|it| it.nodes).fold(0, u32::saturating_add);
    let counted = reasons.iter().map(|it| {
        let meaning = meaning(it, evidence);
        if reasons.len() == 1 { meaning } else { format!("{meaning} ({} of {total})", it.nodes) }
    });
    let mut meanings: Vec<_> = counted.collect();
    // What stands before all nodes has no number.
    if let Some(name) = missing_claim(message) {
        let known = reference(name, evidence);
        let near = known.and_then(|it| it.near_miss.as_ref());
        let near = near.map(|it| format!(" (there is {it}, which was probably meant)"));
        let alike = known.and_then(|it| it.alike.as_ref()).map(|it| format!(" ({it})"));
        let near = near.or(alike);
        meanings.push(format!("the claim {name} does not exist{}", near.unwrap_or_default()));
    } else if message.contains("unbound immediate PersistentVolumeClaims") {
        meanings.push(unbound(evidence));
    }
    meanings
}

/// The claims of the template, one of which is not bound; those that are made for a pod have no name in it.
fn unbound(evidence: &Evidence) -> String {
    let claims = evidence.references.iter().filter(|it| it.kind == ReferenceKind::Claim);
    let names: Vec<_> = claims.map(|it| it.name.as_str()).collect();
    match names.as_slice() {
        [only] => format!("its volume claim {only} is not bound"),
        [] => "a volume claim that is not bound".to_owned(),
        [..] => {
            let shown: Vec<_> = names.iter().take(MAX_NAMED).copied().collect();
            format!("one of its volume claims is not bound: {}", shown.join(" or "))
        }
    }
}

fn meaning(reason: &Reason<'_>, evidence: &Evidence) -> String {
    let known = MEANINGS.iter().find(|it| reason.words.contains(it.0));
    let lacking = reason.words.strip_prefix("Insufficient ");
    let amount = lacking.and_then(|it| asked(it, evidence)).unwrap_or_default();
    let Some((mark, plain)) = known else {
        return lacking
            .map_or_else(|| reason.words.to_owned(), |it| format!("not enough {it}{amount}"));
    };
    let named = match *mark {
        "untolerated taint" => taint(reason.words, evidence),
        "didn't match Pod's node affinity/selector" => label(evidence),
        "didn't have free ports" => port(evidence),
        "didn't match pod anti-affinity rules" => {
            company(evidence, "/podAntiAffinity/").map(|it| format!("{plain} ({})", it.value))
        }
        "didn't match pod affinity rules" => company(evidence, "/podAffinity/").map(|it| {
            let near = it.near_miss.as_ref();
            let near = near.map(|it| format!(" (there is {it}, which was probably meant)"));
            format!(
                "no pod with {}{} that its pod affinity wants to stand beside",
                it.value,
                near.unwrap_or_default()
            )
        }),
        "pod topology spread constraints" if !reason.words.contains(NO_LABEL) => {
            uncounted(evidence)
        }
        "pod topology spread constraints" => spread(evidence).map(|it| {
            let near = it.near_miss.as_ref();
            let near = near.map(|it| format!(" (there is {it}, which was probably meant)"));
            let near = near.unwrap_or_default();
            format!("its pods are to be spread over {}, a label that no node has{near}", it.wanted)
        }),
        _ => None,
    };
    named.unwrap_or_else(|| format!("{plain}{amount}"))
}

/// The taint, from the scheduler's own words or, where it says only that there is one, from the nodes.
fn taint(words: &str, evidence: &Evidence) -> Option<String> {
    let own = words.split_once('{').and_then(|it| it.1.split_once('}')).map(|it| it.0);
    let own = own.map(|it| match it.split_once(": ") {
        Some((key, value)) if !value.is_empty() => format!("{key}={value}"),
        Some((key, _)) => key.to_owned(),
        None => it.trim_end_matches([':', ' ']).to_owned(),
    });
    if let Some(own) = own {
        return Some(format!("the taint {own}, which it does not tolerate"));
    }
    let taints = &evidence.nodes.as_ref()?.taints;
    let shown: Vec<_> = taints.iter().take(MAX_NAMED).map(String::as_str).collect();
    (!shown.is_empty())
        .then(|| format!("taints that it does not tolerate: {}", shown.join(" and ")))
}

/// The label that no node has.
fn label(evidence: &Evidence) -> Option<String> {
    let mut missing: Vec<_> = selectors(evidence).filter(|it| it.nodes == 0).collect();
    missing.sort_by_key(|it| it.near_miss.is_none());
    let (first, rest) = missing.split_first()?;
    let near = first.near_miss.as_ref();
    let near = near.map(|it| format!(" (there is {it}, which was probably meant)"));
    let all = first.all_have.as_ref().map(|it| format!(" (all nodes have {it})"));
    let near = near.or(all);
    let rest = rest.iter().take(MAX_NAMED).map(|it| format!(" nor {}", it.wanted));
    let rest: String = rest.collect();
    Some(format!("no node has the label {}{}{rest}", first.wanted, near.unwrap_or_default()))
}

/// The labels that the template selects nodes by.
fn selectors(evidence: &Evidence) -> impl Iterator<Item = &SelectorFacts> {
    let all = evidence.nodes.iter().flat_map(|it| &it.selectors);
    all.filter(|it| !it.path.contains(SPREAD))
}

/// The label that no node has and over whose values the pods are to be spread.
fn spread(evidence: &Evidence) -> Option<&SelectorFacts> {
    let mut all = evidence.nodes.as_ref()?.selectors.iter();
    all.find(|it| it.path.contains(SPREAD) && it.nodes == 0)
}

/// The host port that another pod has.
fn port(evidence: &Evidence) -> Option<String> {
    let taken = evidence.nodes.as_ref()?.taken_ports.first()?;
    let is_own = evidence.pods.iter().any(|it| taken.holder.ends_with(&format!("/{}", it.name)));
    if is_own {
        return None;
    }
    Some(format!("the host port {} that {} has", taken.port, taken.holder))
}

/// The field of the template that a reason blames.
fn blamed(reason: &Reason<'_>, evidence: &Evidence) -> Option<Clue> {
    let words = reason.words;
    let lacking = words.strip_prefix("Insufficient ");
    if let Some(demand) = lacking.and_then(|it| wording::demanded(evidence, it)) {
        return Some(Clue::new(demand.path.clone(), &demand.value));
    }
    if let Some(lacking @ ("memory" | "cpu")) = lacking {
        return asked::largest(lacking, evidence);
    }
    if words.contains("ReadWriteOncePod") {
        let mut claims = evidence.references.iter().filter(|it| it.kind == ReferenceKind::Claim);
        let only = claims.next().filter(|_| claims.next().is_none())?;
        return Some(Clue::new(only.path.clone(), &only.name));
    }
    let spec = evidence.subject.kind.pod_spec_path()?;
    let of =
        |names: &[&str]| names.iter().fold(spec.clone(), |path, it| path.child(it)).to_string();
    if words.contains("node affinity/selector") {
        let selector = selectors(evidence).min_by_key(|it| (it.nodes, it.near_miss.is_none()))?;
        return Some(Clue::new(selector.path.clone(), &selector.wanted));
    }
    if words.contains("didn't have free ports") {
        let taken = evidence.nodes.as_ref()?.taken_ports.first()?;
        return Some(Clue::new(taken.path.clone(), &taken.port));
    }
    if words.contains("untolerated taint") {
        let taint = taint(words, evidence).filter(|it| !it.contains("node.kubernetes.io/"))?;
        return Some(Clue::new(of(&["tolerations"]), &format!("none for {taint}")));
    }
    if words.contains("pod topology spread constraints") {
        let spread = spread(evidence).filter(|_| words.contains(NO_LABEL));
        let field = spread.map(|it| Clue::new(it.path.clone(), &it.wanted));
        let slip = company(evidence, SPREAD).map(|it| Clue::new(it.path.clone(), &it.value));
        let field = field.or(slip);
        return field.or_else(|| Some(Clue::new(of(&["topologySpreadConstraints"]), "required")));
    }
    let is_apart = words.contains("didn't match pod anti-affinity rules");
    let list = if is_apart { "/podAntiAffinity/" } else { "/podAffinity/" };
    let is_near = words.contains("didn't match pod affinity rules");
    if let Some(demand) = company(evidence, list).filter(|_| is_apart || is_near) {
        return Some(Clue::new(demand.path.clone(), &demand.value));
    }
    if is_apart {
        return Some(Clue::new(of(&["affinity", "podAntiAffinity"]), "required"));
    }
    if is_near {
        return Some(Clue::new(of(&["affinity", "podAffinity"]), "required"));
    }
    None
}

/// The label of a spread that its own pods do not have, though nearly: they are not counted.
fn uncounted(evidence: &Evidence) -> Option<String> {
    let it = company(evidence, SPREAD)?;
    let own = it.near_miss.as_ref()?;
    Some(format!(
        "a spread over nodes that cannot be kept: it counts pods with {}, and its own have {own}, which was probably meant",
        it.value
    ))
}

/// Beside whom the pods must stand, or must not, where that is one rule or a label is wrong in one.
fn company<'e>(evidence: &'e Evidence, list: &str) -> Option<&'e DemandFacts> {
    let all = || evidence.workload.demands.iter().filter(|it| it.path.contains(list));
    if let Some(wrong) = all().find(|it| it.near_miss.is_some()) {
        return Some(wrong);
    }
    let mut all = all();
    let only = all.next()?;
    all.next().is_none().then_some(only)
}

/// The reference to a claim that is not there.
fn claim(message: &str, evidence: &Evidence) -> Option<Clue> {
    let name = missing_claim(message)?;
    Some(Clue::new(reference(name, evidence)?.path.clone(), name))
}

fn reference<'e>(name: &str, evidence: &'e Evidence) -> Option<&'e ReferenceFacts> {
    let mut references = evidence.references.iter();
    references.find(|it| it.kind == ReferenceKind::Claim && it.name == name)
}

/// `persistentvolumeclaim "data" not found`
fn missing_claim(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("persistentvolumeclaim \"")?;
    let (name, rest) = rest.split_once('"')?;
    rest.starts_with(" not found").then_some(name)
}
