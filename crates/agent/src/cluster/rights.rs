//! What the agent may read, and whether the API server lets it do what it has to do, and no more.

use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};
use remedy::{Policy, Right, rights_under};

use super::kube::{READ, within};
use super::{ClusterError, LeaseName};

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
    reads("", &["pods", "services", "nodes", "events"], &["get", "list", "watch"]),
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
    // What stands behind a Service.
    reads("discovery.k8s.io", &["endpointslices"], &["list"]),
    // What a scan looks at besides.
    reads("", &["persistentvolumes", "resourcequotas", "limitranges"], &["list"]),
    reads("networking.k8s.io", &["ingresses", "ingressclasses", "networkpolicies"], &["list"]),
    reads("gateway.networking.k8s.io", &["gatewayclasses", "gateways", "httproutes"], &["list"]),
    reads("storage.k8s.io", &["storageclasses"], &["list"]),
    reads("policy", &["poddisruptionbudgets"], &["list"]),
    reads(
        "admissionregistration.k8s.io",
        &["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
        &["list"],
    ),
    // Who may do what, for those who ask for notices. No role lets anybody read a Secret here.
    reads(
        "rbac.authorization.k8s.io",
        &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        &["list"],
    ),
    // What tools brought along; none of it need be there.
    reads("cert-manager.io", &["certificates", "issuers", "clusterissuers"], &["list"]),
    reads("autoscaling.k8s.io", &["verticalpodautoscalers"], &["list"]),
    reads("keda.sh", &["scaledobjects", "scaledjobs"], &["list"]),
    reads("monitoring.coreos.com", &["prometheuses", "alertmanagers"], &["list"]),
    reads("argoproj.io", &["applications"], &["list"]),
    reads("kustomize.toolkit.fluxcd.io", &["kustomizations"], &["list"]),
    reads("helm.toolkit.fluxcd.io", &["helmreleases"], &["list"]),
    reads(
        "source.toolkit.fluxcd.io",
        &["gitrepositories", "ocirepositories", "helmrepositories", "helmcharts", "buckets"],
        &["list"],
    ),
    reads("wgpolicyk8s.io", &["policyreports", "clusterpolicyreports"], &["list"]),
    reads("metrics.k8s.io", &["nodes", "pods"], &["list"]),
    reads("core.k8sgpt.ai", &["results"], &["list"]),
];

/// What the executor may do beside its strategies: leave Events about what it did.
pub const EVENTS: Right = Right { group: "", resource: "events", verb: "create" };

/// What a replica may do with the Lease beside reading it, and with which one: only to make one, no name can be said.
pub const LEASE_WRITES: [(Right, bool); 2] = [
    (Right { group: "coordination.k8s.io", resource: "leases", verb: "update" }, true),
    (Right { group: "coordination.k8s.io", resource: "leases", verb: "create" }, false),
];
/// What it takes to ask who calls and what he may do.
pub const REVIEWS: [Right; 2] = [
    Right { group: "authentication.k8s.io", resource: "tokenreviews", verb: "create" },
    Right { group: "authorization.k8s.io", resource: "subjectaccessreviews", verb: "create" },
];
/// What a replica reads of the Lease.
pub const LEASE_READ: Right =
    Right { group: "coordination.k8s.io", resource: "leases", verb: "get" };

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

/// What makes rights necessary.
pub(super) struct Wants<'a> {
    /// Strategies that are not off.
    pub(super) policy: &'a Policy,
    /// The Lease, where there is one.
    pub(super) lease: Option<&'a LeaseName>,
    /// Whether callers are asked for.
    pub(super) reviews: bool,
}

/// A question to the API server.
struct Question {
    client: Client,
    right: Right,
    /// Where, when it is about one namespace: and about which object, when it is about one.
    place: Option<(String, Option<String>)>,
    wanted: bool,
}

/// What is asked about the Lease.
fn of_lease(lease: &LeaseName, reading: &Client, writing: &Client) -> Vec<Question> {
    let question = |client: &Client, right, is_named: bool| Question {
        client: client.clone(),
        right,
        place: Some((lease.namespace.clone(), is_named.then(|| lease.name.clone()))),
        wanted: true,
    };
    let mut questions = vec![question(reading, LEASE_READ, true)];
    questions.extend(LEASE_WRITES.map(|(right, is_named)| question(writing, right, is_named)));
    questions
}

/// Asks the API server what this identity may do: what the policy makes necessary, and what nobody should.
pub(super) async fn review(
    reading: &Client,
    writing: &Client,
    wants: &Wants<'_>,
) -> Result<RightsReport, ClusterError> {
    let question = |client: &Client, right, wanted| Question {
        client: client.clone(),
        right,
        place: None,
        wanted,
    };
    let reads = read_rights().into_iter().map(|it| question(reading, it, true));
    let writes = rights_under(wants.policy).into_iter().chain([EVENTS]);
    let writes = writes.map(|it| question(writing, it, true));
    let never = NEVER.iter();
    let never = never.flat_map(|it| [reading, writing].map(|client| question(client, *it, false)));
    let reviews = REVIEWS.iter().filter(|_| wants.reviews);
    let reviews = reviews.map(|it| question(reading, *it, true));
    let leases = wants.lease.map(|it| of_lease(it, reading, writing)).unwrap_or_default();
    let asked: Vec<_> = reads.chain(writes).chain(never).chain(leases).chain(reviews).collect();
    let answers = stream::iter(asked)
        .map(|question| async move {
            may(&question).await.map(|it| (question.right, question.wanted, it))
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

async fn may(question: &Question) -> Result<bool, ClusterError> {
    let Question { client, right, place, .. } = question;
    let (namespace, name) = place.clone().unzip();
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
                namespace,
                name: name.flatten(),
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
