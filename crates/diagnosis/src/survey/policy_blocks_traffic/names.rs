//! Ports that a policy opens by a name that none of the pods that it is for has: such a rule opens nothing.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerPort, Pod};
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{ClusterFault, Finding, Severity};

use crate::confidence;
use crate::near_miss::near_miss;
use crate::survey::cluster;
use crate::survey::mend::mended;
use crate::survey::scene::{Scene, is_over, namespace, selects, subject};

/// The first port of a policy whose name is a slip: nearly the name of a port that its pods have and that it does not
/// open otherwise. A name that is merely not there may be for pods to come.
pub(super) fn misspelt(policy: &NetworkPolicy, scene: &Scene<'_>) -> Option<Finding> {
    let spec = policy.spec.as_ref()?;
    let pods = scene.pods(namespace(&policy.metadata)).iter();
    let pods: Vec<&Pod> = pods
        .copied()
        .filter(|it| !is_over(it))
        .filter(|it| {
            spec.pod_selector.as_ref().is_none_or(|s| selects(s, it.metadata.labels.as_ref()))
        })
        .collect();
    let declared: Vec<&ContainerPort> = pods.iter().flat_map(|it| ports(it)).collect();
    let names: BTreeSet<&str> = declared.iter().filter_map(|it| it.name.as_deref()).collect();
    let rules = spec.ingress.iter().flatten().enumerate();
    let all = rules.flat_map(|(rule, it)| {
        it.ports.iter().flatten().enumerate().map(move |(at, port)| ((rule, at), port))
    });
    let all: Vec<_> = all.collect();
    let opened = |port: &ContainerPort| all.iter().any(|it| opens(it.1, port));
    let closed: Vec<&str> =
        declared.iter().filter(|it| !opened(it)).filter_map(|it| it.name.as_deref()).collect();
    let ((rule, at), wrong, meant) = all.iter().find_map(|(place, port)| {
        let Some(IntOrString::String(wrong)) = &port.port else { return None };
        let is_unknown = !names.contains(wrong.as_str());
        let meant = near_miss(wrong, closed.iter().copied()).filter(|_| is_unknown)?;
        Some((*place, wrong, meant))
    })?;
    let cause = format!(
        "It opens port {wrong}, a name that no port of the pods that it is for has, so that opens nothing; there is \
         {meant}, which was probably meant."
    );
    let field = format!("/spec/ingress/{rule}/ports/{at}/port");
    let fault = cluster(ClusterFault::PolicyBlocksTraffic);
    let about = subject("NetworkPolicy", &policy.metadata);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::FOLLOWS);
    let finding = finding.clue(field.clone(), wrong).at(field);
    Some(mended(finding, wrong.as_str().into(), Some(meant.into())))
}

fn ports(pod: &Pod) -> impl Iterator<Item = &ContainerPort> {
    let containers = pod.spec.iter().flat_map(|it| &it.containers);
    containers.flat_map(|it| it.ports.iter().flatten())
}

/// Whether a port of a rule opens this one, by number or by name.
fn opens(opened: &NetworkPolicyPort, port: &ContainerPort) -> bool {
    match &opened.port {
        None => true,
        Some(IntOrString::String(name)) => port.name.as_ref() == Some(name),
        Some(IntOrString::Int(first)) => {
            (*first..=opened.end_port.unwrap_or(*first)).contains(&port.container_port)
        }
    }
}
