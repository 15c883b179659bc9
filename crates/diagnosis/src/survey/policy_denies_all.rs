//! A network policy for all pods of a namespace lets nothing through.
//!
//! ## What it looks for
//! An empty pod selector and no rule in a direction that the policy is about, while there are pods that no other policy
//! lets anything in to (or out of). It is often meant so, and a notice that explains nothing: what fails for want of
//! traffic is told by the rules that see somebody suffer.
//!
//! ## What it does not see
//! Whether those pods need to be asked at all, and whether the network of the cluster heeds policies. Where each pod
//! has a policy of its own that opens something, nothing is said: that is how such a policy is meant to be used.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use types::{AnyFault, ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, is_over, namespace, selects, subject};
use super::words::listed;
use crate::confidence;

/// How long a policy may stand before those come that open what is needed, in seconds: what is installed together comes
/// one after the other.
const PATIENCE_SECS: i64 = 60;

/// A way that traffic goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let policies = scene.all.network_policies.iter().flatten();
    policies.filter_map(|it| of_policy(it, scene)).collect()
}

/// The findings without the notice about a policy of which somebody suffers: that is told.
pub(super) fn told_once(found: Vec<Finding>) -> Vec<Finding> {
    let is_of_traffic =
        |it: &Finding| it.fault == AnyFault::Cluster(ClusterFault::PolicyBlocksTraffic);
    let is_notice = |it: &Finding| is_of_traffic(it) && it.severity == Severity::Notice;
    let real = found.iter().filter(|it| is_of_traffic(it) && !is_notice(it));
    let told: Vec<_> = real.map(|it| it.subject.clone()).collect();
    let mut found = found;
    found.retain(|it| !is_notice(it) || !told.contains(&it.subject));
    found
}

fn of_policy(policy: &NetworkPolicy, scene: &Scene<'_>) -> Option<Finding> {
    let spec = policy.spec.as_ref()?;
    let is_for_all = spec.pod_selector.as_ref().is_none_or(|it| {
        it.match_labels.iter().flatten().next().is_none()
            && it.match_expressions.iter().flatten().next().is_none()
    });
    if !is_for_all || scene.is_new(&policy.metadata, PATIENCE_SECS) {
        return None;
    }
    let shut = |way| -> Vec<String> {
        if !is_about(spec, way) || opens(spec, way) {
            return vec![];
        }
        alone(policy, way, scene)
    };
    let (inward, outward) = (shut(Way::In), shut(Way::Out));
    let names = |it: &[String]| listed(it);
    let (way, whom, field) = match (inward.as_slice(), outward.as_slice()) {
        ([], []) => return None,
        (pods, []) => ("in to", format!("in to those of {}", names(pods)), "/spec/ingress"),
        ([], pods) => ("out of", format!("out of those of {}", names(pods)), "/spec/egress"),
        (into, from) if into == from => {
            ("in to or out of", format!("in to or out of those of {}", names(into)), "/spec")
        }
        (into, from) => {
            let whom = format!("in to those of {} or out of those of {}", names(into), names(from));
            ("in to or out of", whom, "/spec")
        }
    };
    let about = subject("NetworkPolicy", &policy.metadata);
    let cause = format!(
        "It lets nothing {way} any pod of the namespace, and no other policy lets anything {whom}; that may well be meant."
    );
    let fault = cluster(ClusterFault::PolicyBlocksTraffic);
    let finding = Finding::new(about, Severity::Notice, fault, cause).sure(confidence::WORDED);
    Some(finding.clue(field, "no rule").at(field))
}

/// The workloads of the pods that nobody else opens.
fn alone(policy: &NetworkPolicy, way: Way, scene: &Scene<'_>) -> Vec<String> {
    let space = namespace(&policy.metadata);
    let open: Vec<_> = scene
        .policies(space)
        .filter_map(|it| it.spec.as_ref())
        .filter(|it| is_about(it, way) && opens(it, way))
        .collect();
    let is_opened = |pod: &Pod| {
        let labels = pod.metadata.labels.as_ref();
        open.iter().any(|it| it.pod_selector.as_ref().is_none_or(|it| selects(it, labels)))
    };
    // Policies do not reach a pod in the network of its node.
    let on_node = |it: &Pod| it.spec.as_ref().is_some_and(|it| it.host_network == Some(true));
    let pods = scene.pods(space).iter();
    let shut = pods.filter(|it| !is_over(it) && !on_node(it) && !is_opened(it));
    let mut names: Vec<_> = shut.map(|it| scene.root_of(it).to_string()).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a policy is about this way; one that does not say is about ingress, and about egress where it has rules.
fn is_about(spec: &NetworkPolicySpec, way: Way) -> bool {
    let types = spec.policy_types.as_deref().unwrap_or_default();
    match way {
        Way::In => types.is_empty() || types.iter().any(|it| it == "Ingress"),
        Way::Out if types.is_empty() => opens(spec, way),
        Way::Out => types.iter().any(|it| it == "Egress"),
    }
}

/// Whether it has a rule of this way.
fn opens(spec: &NetworkPolicySpec, way: Way) -> bool {
    match way {
        Way::In => spec.ingress.as_ref().is_some_and(|it| !it.is_empty()),
        Way::Out => spec.egress.as_ref().is_some_and(|it| !it.is_empty()),
    }
}
