//! What the agent may read, and whether the API server lets it do what it has to do, and no more.

use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};
use remedy::{Policy, Right, rights_under};

use super::ClusterError;
use super::kube::{READ, within};

/// Reviews that are under way at the same time: nobody waits for them.
const AT_ONCE: usize = 4;

/// Resources of one group that are read with the same verbs, and what for.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    /// The API group; empty for the core one.
    pub group: &'static str,
    /// The resources.
    pub resources: &'static [&'static str],
    /// The verbs.
    pub verbs: &'static [&'static str],
}

const fn reads(
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Reads {
    Reads { group, resources, verbs }
}

/// Everything that is read. Never a Secret.
pub const READS: &[Reads] = &[
    // What is watched.
    reads("", &["pods", "nodes", "events"], &["get", "list", "watch"]),
    reads(
        "apps",
        &["deployments", "replicasets", "statefulsets", "daemonsets"],
        &["get", "list", "watch"],
    ),
    reads("batch", &["jobs", "cronjobs"], &["get", "list", "watch"]),
    // What is read around a workload that is in trouble.
    reads("", &["pods/log"], &["get"]),
    reads(
        "",
        &["namespaces", "configmaps", "persistentvolumeclaims", "serviceaccounts"],
        &["get", "list"],
    ),
    reads("apps", &["controllerrevisions"], &["list"]),
    reads("autoscaling", &["horizontalpodautoscalers"], &["list"]),
    reads("", &["resourcequotas", "limitranges"], &["list"]),
    reads("scheduling.k8s.io", &["priorityclasses"], &["list"]),
    reads("node.k8s.io", &["runtimeclasses"], &["list"]),
    // What a scan looks at besides.
    reads("", &["services", "persistentvolumes"], &["list"]),
    reads("discovery.k8s.io", &["endpointslices"], &["list"]),
    reads("networking.k8s.io", &["ingresses", "ingressclasses", "networkpolicies"], &["list"]),
    reads("gateway.networking.k8s.io", &["gatewayclasses", "gateways", "httproutes"], &["list"]),
    reads("storage.k8s.io", &["storageclasses"], &["list"]),
    reads("policy", &["poddisruptionbudgets"], &["list"]),
    reads(
        "admissionregistration.k8s.io",
        &["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
        &["list"],
    ),
    reads("metrics.k8s.io", &["nodes", "pods"], &["list"]),
    reads("core.k8sgpt.ai", &["results"], &["list"]),
];

/// What the executor may do beside its strategies: leave Events about what it did.
pub const EVENTS: Right = Right { group: "", resource: "events", verb: "create" };

/// What the agent must not be able to do, whoever gave it the right: the ends of the ways out of its role.
const NEVER: &[Right] = &[
    Right { group: "", resource: "secrets", verb: "get" },
    Right { group: "", resource: "secrets", verb: "list" },
    Right { group: "", resource: "pods/exec", verb: "create" },
    Right { group: "", resource: "pods", verb: "create" },
    Right { group: "", resource: "pods", verb: "delete" },
    Right { group: "", resource: "nodes", verb: "patch" },
    Right { group: "", resource: "namespaces", verb: "delete" },
    Right { group: "", resource: "serviceaccounts", verb: "impersonate" },
    Right { group: "apps", resource: "deployments", verb: "delete" },
    Right { group: "rbac.authorization.k8s.io", resource: "clusterroles", verb: "escalate" },
    Right { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings", verb: "create" },
    Right {
        group: "admissionregistration.k8s.io",
        resource: "validatingadmissionpolicies",
        verb: "patch",
    },
];

/// What the API server says about the rights of an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsReport {
    /// Rights that are needed and not there: `list networking.k8s.io/ingresses`.
    pub missing: Vec<String>,
    /// Rights that are there and must not be.
    pub excess: Vec<String>,
}

impl RightsReport {
    /// Whether all is as it should be.
    pub fn is_right(&self) -> bool {
        self.missing.is_empty() && self.excess.is_empty()
    }
}

/// What is read, one right each.
fn read_rights() -> Vec<Right> {
    let each = |it: &Reads| -> Vec<Right> {
        let (group, resources) = (it.group, it.resources.iter());
        let of = |resource: &&'static str| {
            let resource = *resource;
            it.verbs.iter().map(move |verb| Right { group, resource, verb })
        };
        resources.flat_map(of).collect()
    };
    READS.iter().flat_map(each).collect()
}

/// Asks the API server what this identity may do: what the policy makes necessary, and what nobody should.
pub(super) async fn review(
    reading: &Client,
    writing: &Client,
    policy: &Policy,
) -> Result<RightsReport, ClusterError> {
    let reads = read_rights().into_iter().map(|it| (reading.clone(), it, true));
    let writes = rights_under(policy).into_iter().chain([EVENTS]);
    let writes = writes.map(|it| (writing.clone(), it, true));
    let never = NEVER.iter();
    let never = never.flat_map(|it| [reading, writing].map(|client| (client.clone(), *it, false)));
    let asked: Vec<_> = reads.chain(writes).chain(never).collect();
    let answers = stream::iter(asked)
        .map(|(client, right, wanted)| async move {
            may(&client, right).await.map(|it| (right, wanted, it))
        })
        .buffered(AT_ONCE);
    let answers: Vec<_> = answers.collect().await;
    let mut report = RightsReport::default();
    for answer in answers {
        let (right, wanted, allowed) = answer?;
        let words = words(right);
        let list = if wanted { &mut report.missing } else { &mut report.excess };
        if wanted != allowed && !list.contains(&words) {
            list.push(words);
        }
    }
    Ok(report)
}

async fn may(client: &Client, right: Right) -> Result<bool, ClusterError> {
    let (resource, subresource) = match right.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (right.resource, None),
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(right.group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource,
                verb: Some(right.verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api = Api::<SelfSubjectAccessReview>::all(client.clone());
    let answer =
        within(READ, "our own rights", api.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|it| it.allowed))
}

/// `patch apps/deployments`
fn words(right: Right) -> String {
    let group = if right.group.is_empty() { String::new() } else { format!("{}/", right.group) };
    format!("{} {group}{}", right.verb, right.resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_and_no_wildcard_is_read() {
        for right in read_rights() {
            let is_read = ["get", "list", "watch"].contains(&right.verb);
            let is_open = right.resource.contains("secret") || right.resource.contains('*');
            assert!(is_read && !is_open, "{}", words(right));
        }
    }

    #[test]
    fn what_must_never_be_there_is_never_asked_for() {
        let needed: Vec<_> = rights_under(&Policy::default()).into_iter().collect();
        for right in NEVER {
            assert!(!needed.contains(right) && !read_rights().contains(right), "{}", words(*right));
        }
    }
}
