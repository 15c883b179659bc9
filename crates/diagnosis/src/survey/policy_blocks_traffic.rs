//! Network policies let nobody in to the pods of a Service.
//!
//! ## What it looks for
//! Ready pods behind a Service that policies select for ingress, while no policy lets anybody in to the port that
//! the Service sends its traffic to: there is no rule, the rules are for other ports, or they let in only pods and
//! namespaces that are not there. A port that is opened by a name that is nearly one of the pods' ports and none
//! itself. Where those whom it lets in are not there and no slip is seen, that is a notice: they may come yet.
//!
//! ## What it does not see
//! Whether the network of the cluster heeds policies at all, policies of other kinds, and whether the right ones are
//! let in. Pods in the network of their node, which policies do not reach.

mod gate;
mod names;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};
use types::{ClusterFault, Finding, Severity, Subject};

use super::scene::{Scene, is_ready, namespace, subject};
use super::words::listed;
use super::{cluster, policy_age, policy_blocks_needs};
use gate::{Gate, Shut};

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut blocked: BTreeMap<(Subject, Shut), Vec<String>> = BTreeMap::new();
    for service in scene.all.services.iter().flatten() {
        let Some(key) = of_service(service, scene) else { continue };
        blocked.entry(key).or_default().push(subject("Service", &service.metadata).to_string());
    }
    // Whom it keeps out and who suffers from that is told by another rule.
    let told = policy_blocks_needs::policies(scene);
    blocked.retain(|it, _| !told.contains(&it.0));
    let is_told = |it: &Subject| told.contains(it) || blocked.keys().any(|key| key.0 == *it);
    let policies = scene.all.network_policies.iter().flatten();
    let misspelt: Vec<_> = policies
        .filter_map(|it| names::misspelt(it, scene))
        .filter(|it| !is_told(&it.subject))
        .collect();
    let told = blocked.into_iter().map(|((policy, shut), services)| {
        let cause = shut.cause(&listed(&services));
        let fault = cluster(ClusterFault::PolicyBlocksTraffic);
        let severity = if shut.may_be_meant() { Severity::Notice } else { Severity::Warning };
        let finding = Finding::new(policy, severity, fault, cause).sure(shut.sure());
        let finding = finding.clue(shut.field.clone(), &shut.value).at(shut.field);
        let finding = finding.clue("selected", &format!("ready pods of {}", listed(&services)));
        // Who suffers is not known: it began with the policy, or nobody has noticed.
        policy_age::told(finding, Some(scene.all.taken_at), scene)
    });
    told.chain(misspelt).collect()
}

/// The policy that keeps everybody from the pods of a Service, without where it says so.
pub(super) fn blocker(service: &Service, scene: &Scene<'_>) -> Option<Subject> {
    of_service(service, scene).map(|it| it.0)
}

/// The policy that keeps everybody from the pods of a Service.
fn of_service(service: &Service, scene: &Scene<'_>) -> Option<(Subject, Shut)> {
    let spec = service.spec.as_ref()?;
    let selector = spec.selector.as_ref().filter(|it| !it.is_empty())?;
    let space = namespace(&service.metadata);
    let policies: Vec<_> = scene.policies(space).collect();
    if policies.is_empty() {
        return None;
    }
    let on_node = |it: &Pod| it.spec.as_ref().is_some_and(|it| it.host_network == Some(true));
    let pods = scene.pods_with(space, selector);
    let pods: Vec<_> = pods.into_iter().filter(|it| is_ready(it) && !on_node(it)).collect();
    let ports: Vec<_> = spec.ports.iter().flatten().collect();
    let mut found: Option<(Subject, Shut)> = None;
    for pod in &pods {
        let gates: Vec<_> = policies.iter().filter_map(|it| Gate::of(it, pod, scene)).collect();
        // One way in, to one pod, is enough: whether it is the right one is not ours to say.
        if gates.is_empty() || gates.iter().any(|gate| gate.lets_in(&ports)) {
            return None;
        }
        let nearest = gates.iter().filter_map(|it| Some((it.subject(), it.shut(&ports)?)));
        let nearest = nearest.min_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
        found = found.or(nearest);
    }
    found
}
