//! What the agent may read, and whether the API server lets it do what it has to do, and no more.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};
use remedy::{Policy, Right};

use super::executor::Writers;
use super::kube::{READ, within};
use super::{ClusterError, LeaseName};

mod held;
mod needs;
mod spaces;

use needs::{Identity, Need};
use spaces::Spaces;

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
    reads(
        "gateway.networking.k8s.io",
        &["gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "tcproutes"],
        &["list"],
    ),
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
/// The Lease that replicas agree by, where its name is not set.
pub const LEASE: &str = "k8s-reflexion-agent";
/// What a replica reads of the Lease.
pub const LEASE_READ: Right =
    Right { group: "coordination.k8s.io", resource: "leases", verb: "get" };

/// What none of ours must be able to do, whoever gave the right: the ends of the ways out of a role. Asked for one by
/// one, since a list of rules need not be whole.
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

/// What the API server says about the rights of our identities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsReport {
    /// Rights that are needed and not there: `agent: list networking.k8s.io/ingresses`.
    pub missing: Vec<String>,
    /// Rights that are there and that `agent rbac` does not print: `executor: get secrets in shop`.
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
#[derive(Debug, Clone, Copy)]
pub struct RightsWanted<'a> {
    /// Strategies that are not off.
    pub policy: &'a Policy,
    /// The Lease, where there is one.
    pub lease: Option<&'a LeaseName>,
    /// Whether callers are asked for.
    pub reviews: bool,
    /// Where the stop object is looked for.
    pub stop_namespace: &'a str,
}

/// Asks the API server what our identities may do: what the policy makes necessary, and what is more than that.
pub(super) async fn review(
    reading: &Client,
    writers: &Writers,
    wanted: &RightsWanted<'_>,
) -> Result<RightsReport, ClusterError> {
    let spaces = Spaces::read(reading, &writers.accounts).await?;
    let (identities, unusable) = needs::identities(reading, writers, wanted).await?;
    let asked_in = spaces.asked_in(&writers.accounts, wanted);
    let mut report = RightsReport { missing: unusable, excess: vec![] };
    for identity in &identities {
        let missing = missing(identity, &spaces).await?;
        report.missing.extend(missing.into_iter().map(|it| identity.says(&it)));
        let excess = excess(identity, &asked_in).await?;
        report.excess.extend(excess.into_iter().map(|it| identity.says(&it)));
    }
    Ok(report)
}

/// What it needs and may not do. A writer that has a role in some namespaces alone needs it there.
async fn missing(identity: &Identity, spaces: &Spaces) -> Result<BTreeSet<String>, ClusterError> {
    let needed: Vec<_> = identity.needs.iter().filter(|it| it.required).cloned().collect();
    let denied: Vec<Need> = denied(identity, needed).await?;
    let places = identity.account.as_ref().map(|it| spaces.of(it)).unwrap_or_default();
    let (elsewhere, mut missing): (Vec<Need>, Vec<Need>) =
        denied.into_iter().partition(|it| it.namespace.is_none() && !places.is_empty());
    let there = elsewhere.iter().flat_map(|need| {
        places.iter().map(|it| Need { namespace: Some(it.clone()), ..need.clone() })
    });
    missing.extend(self::denied(identity, there.collect()).await?);
    Ok(missing.iter().map(Need::words).collect())
}

/// Those of them that the API server does not allow.
async fn denied(identity: &Identity, needs: Vec<Need>) -> Result<Vec<Need>, ClusterError> {
    let answers = stream::iter(needs)
        .map(|it| async move { may(&identity.client, &it).await.map(|may| (it, may)) })
        .buffered(AT_ONCE);
    let answers: Vec<_> = answers.collect().await;
    let answers: Vec<(Need, bool)> = answers.into_iter().collect::<Result<_, _>>()?;
    Ok(answers.into_iter().filter(|it| !it.1).map(|it| it.0).collect())
}

/// What it may do and does not need, by the rules that hold for it in these namespaces.
async fn excess(
    identity: &Identity,
    namespaces: &BTreeSet<String>,
) -> Result<BTreeSet<String>, ClusterError> {
    let rules = stream::iter(namespaces.clone())
        .map(|it| async move { held::rules(&identity.client, &it).await.map(|rules| (it, rules)) })
        .buffered(AT_ONCE);
    let rules: Vec<_> = rules.collect().await;
    let rules = rules.into_iter().collect::<Result<Vec<_>, ClusterError>>()?;
    let mut excess = held::excess(&identity.needs, &rules);
    if excess.contains(held::EVERYTHING) {
        return Ok(excess);
    }
    let never: Vec<_> = NEVER.iter().map(|it| Need::everywhere(*it)).collect();
    let denied = denied(identity, never).await?;
    let allowed = NEVER.iter().filter(|it| denied.iter().all(|denied| denied.right != **it));
    excess.extend(allowed.map(|it| words(*it)));
    Ok(excess)
}

async fn may(client: &Client, need: &Need) -> Result<bool, ClusterError> {
    let right = need.right;
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
                namespace: need.namespace.clone(),
                name: need.name.clone(),
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
        let policy = Policy::default();
        let needed = remedy::Writer::ALL.into_iter().flat_map(|it| it.rights_under(&policy));
        let needed: Vec<_> = needed.collect();
        for right in NEVER {
            assert!(!needed.contains(right) && !read_rights().contains(right), "{}", words(*right));
        }
    }
}
