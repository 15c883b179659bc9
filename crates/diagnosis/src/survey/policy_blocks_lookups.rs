//! A network policy keeps pods from asking for names.
//!
//! ## What it looks for
//! A workload in trouble whose own words say that nobody answered when it asked for a name, and policies that select
//! its pods for egress of which none lets it reach port 53 (UDP) of the name servers.
//!
//! ## What it does not see
//! Whether the network of the cluster heeds policies at all. A policy under which nobody complains: to look names up is
//! not everybody's need.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Clue, ClusterFault, Diagnosis, Finding, Severity, Subject};

use super::cluster;
use super::host::is_lookup_unanswered;
use super::scene::{Scene, is_over, name, namespace, selects, subject};
use super::words::listed;
use crate::confidence;

/// The port of name servers.
const PORT: i32 = 53;
/// Where they are.
const SPACE: &str = "kube-system";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut blocked: BTreeMap<Subject, (&NetworkPolicy, Vec<String>)> = BTreeMap::new();
    for finding in &scene.workload_findings {
        if !is_lookup_unanswered(finding, scene) {
            continue;
        }
        let Some(policy) = blocker(finding, scene) else { continue };
        let entry = blocked.entry(subject("NetworkPolicy", &policy.metadata));
        let workloads = &mut entry.or_insert((policy, vec![])).1;
        let workload = finding.subject.to_string();
        if !workloads.contains(&workload) {
            workloads.push(workload);
        }
    }
    blocked
        .into_iter()
        .map(|(about, (policy, workloads))| told(about, policy, &workloads))
        .collect()
}

fn told(about: Subject, policy: &NetworkPolicy, workloads: &[String]) -> Finding {
    let opens = if is_for_tcp(policy) {
        "port 53 is open for TCP only, and names are asked for with UDP"
    } else {
        "no egress rule lets them reach port 53 (UDP) of the name servers"
    };
    let cause = format!("It keeps {} from resolving names: {opens}.", listed(workloads));
    let fault = cluster(ClusterFault::PolicyBlocksTraffic);
    let finding = Finding::new(about, Severity::Critical, fault, cause).sure(confidence::WORDED);
    finding.at("/spec/egress").clue("/spec/egress", &opened(policy))
}

/// The diagnosis of a workload with the policy that is behind it: whoever reads no findings has the cause as well.
pub(super) fn explained(diagnosis: Diagnosis, finding: &Finding, scene: &Scene<'_>) -> Diagnosis {
    let policy = is_lookup_unanswered(finding, scene).then(|| blocker(finding, scene)).flatten();
    let Some(policy) = policy else { return diagnosis };
    let about = subject("NetworkPolicy", &policy.metadata);
    let keeps = if is_for_tcp(policy) {
        "opens port 53 for TCP only, and names are asked for with UDP"
    } else {
        "does not let it reach port 53 (UDP) of the name servers"
    };
    let whole = diagnosis.cause.trim_end_matches('.');
    let cause = format!("{whole}, since NetworkPolicy {} {keeps}.", about.name);
    let mut clues = diagnosis.clues;
    clues.push(Clue::new(format!("{about}./spec/egress"), &opened(policy)));
    Diagnosis { cause, clues, ..diagnosis }
}

/// Whether it opens the port of name servers, but not for what they are asked with.
fn is_for_tcp(policy: &NetworkPolicy) -> bool {
    let is_tcp = |it: &NetworkPolicyPort| it.protocol.as_deref() != Some("UDP") && is_53(it);
    ports(policy).any(is_tcp)
}

/// What a policy opens, in words.
fn opened(policy: &NetworkPolicy) -> String {
    let shown: Vec<_> = ports(policy).filter_map(|it| it.port.as_ref()).map(words).collect();
    match (rules(policy).is_empty(), shown.is_empty()) {
        (true, _) => "no rule".to_owned(),
        (false, true) => "to others than the name servers".to_owned(),
        (false, false) => listed(&shown),
    }
}

fn ports(policy: &NetworkPolicy) -> impl Iterator<Item = &NetworkPolicyPort> {
    rules(policy).iter().flat_map(|it| it.ports.iter().flatten())
}

/// The first policy that keeps the pods of a workload from asking for names, where no other one lets them.
pub(super) fn blocker<'a>(finding: &Finding, scene: &Scene<'a>) -> Option<&'a NetworkPolicy> {
    let space = &finding.subject.namespace;
    let pod = scene.pods_of(&finding.subject).iter().copied().find(|it| !is_over(it))?;
    if pod.spec.as_ref()?.host_network == Some(true) {
        return None;
    }
    let policies = scene.policies(namespace(&pod.metadata));
    let mut gates: Vec<_> = policies.filter(|it| is_about(it, pod)).collect();
    gates.sort_by_key(|it| name(&it.metadata));
    let is_open = gates.iter().any(|it| {
        rules(it).iter().any(|rule| is_for_names(rule) && reaches_servers(rule, space, scene))
    });
    gates.first().copied().filter(|_| !is_open)
}

/// Whether a policy says whom this pod may reach.
fn is_about(policy: &NetworkPolicy, pod: &Pod) -> bool {
    let Some(spec) = &policy.spec else { return false };
    let types = spec.policy_types.as_deref().unwrap_or_default();
    let is_egress =
        types.iter().any(|it| it == "Egress") || types.is_empty() && spec.egress.is_some();
    let labels = pod.metadata.labels.as_ref();
    let is_taken = spec.pod_selector.as_ref().is_none_or(|it| selects(it, labels));
    is_egress && is_taken && namespace(&policy.metadata) == namespace(&pod.metadata)
}

fn rules(policy: &NetworkPolicy) -> &[NetworkPolicyEgressRule] {
    policy.spec.as_ref().and_then(|it| it.egress.as_deref()).unwrap_or_default()
}

fn is_for_names(rule: &NetworkPolicyEgressRule) -> bool {
    let ports = rule.ports.as_deref().unwrap_or_default();
    ports.is_empty() || ports.iter().any(|it| it.protocol.as_deref() == Some("UDP") && is_53(it))
}

fn is_53(port: &NetworkPolicyPort) -> bool {
    match &port.port {
        None => true,
        Some(IntOrString::Int(first)) => (*first..=port.end_port.unwrap_or(*first)).contains(&PORT),
        // A name is one of the pods that are reached: those of name servers have `dns` in theirs.
        Some(IntOrString::String(name)) => name.contains("dns"),
    }
}

/// Whether name servers are among those that a rule is for.
fn reaches_servers(rule: &NetworkPolicyEgressRule, own: &str, scene: &Scene<'_>) -> bool {
    let peers = rule.to.as_deref().unwrap_or_default();
    peers.is_empty() || peers.iter().any(|it| is_server(it, own, scene))
}

fn is_server(peer: &NetworkPolicyPeer, own: &str, scene: &Scene<'_>) -> bool {
    // An address may be anybody's.
    if peer.ip_block.is_some() {
        return true;
    }
    let is_there = match (&peer.namespace_selector, &scene.all.namespaces) {
        (None, _) => own == SPACE,
        (Some(_), None) => true,
        (Some(selector), Some(all)) => {
            let space = all.iter().find(|it| name(&it.metadata) == SPACE);
            space.is_none_or(|it| selects(selector, it.metadata.labels.as_ref()))
        }
    };
    let servers = scene.service(SPACE, "kube-dns");
    let labels = servers.and_then(|it| it.spec.as_ref()?.selector.as_ref());
    let is_chosen =
        peer.pod_selector.as_ref().is_none_or(|it| labels.is_none() || selects(it, labels));
    is_there && is_chosen
}

fn words(port: &IntOrString) -> String {
    match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    }
}
