//! A quota is used up.
//!
//! ## What it looks for
//! A resource of which as much is used as may be, or a refusal that names the quota and still holds. The workloads
//! whose pods, claims or other objects it refuses hang on it.
//!
//! ## What it does not see
//! A quota of 0, which forbids on purpose; a workload that asks for more than the quota allows at all: that one has
//! to ask for less.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::ResourceQuota;
use types::{ClusterFault, Finding, Quantity, Severity};

use super::cluster;
use super::scene::{Scene, controller, name, namespace, subject};
use super::words::listed;
use crate::Root;
use crate::refusal::Excess;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.quotas.iter().flatten().filter_map(|it| of_quota(it, scene)).collect()
}

fn of_quota(quota: &ResourceQuota, scene: &Scene<'_>) -> Option<Finding> {
    let status = quota.status.as_ref()?;
    let (hard, used) = (status.hard.as_ref()?, status.used.as_ref()?);
    let amount = |it: &str| Quantity(it.to_owned()).thousandths().unwrap_or(0);
    let refused = refused(quota, scene);
    let rows = hard.iter().filter_map(|(resource, most)| {
        let used = used.get(resource).map_or("0", |it| it.0.as_str());
        let asked = refused.iter().filter(|it| it.0.resource == *resource).map(|it| &it.0);
        let asked = asked.map(|it| it.requested).filter(|it| amount(it) <= amount(&most.0));
        let is_full = 0 < amount(&most.0) && amount(&most.0) <= amount(used);
        let asked = asked.max_by_key(|it| amount(it));
        let short = asked.filter(|it| amount(&most.0) < amount(used) + amount(it));
        let row = Row { resource, used, most: &most.0, short };
        (is_full || short.is_some()).then_some(row)
    });
    let rows: Vec<_> = rows.collect();
    let first = rows.iter().find(|it| it.short.is_some()).or(rows.first())?;
    let refuses = rows.iter().any(|it| it.short.is_some());
    let shown: Vec<_> = rows.iter().map(ToString::to_string).collect();
    let shown = shown.join(", ");
    let (severity, cause) = if refuses {
        let cause = format!("It refuses {}: {shown}.", told(&refused));
        (Severity::Critical, cause)
    } else {
        // Many a quota is made to fit: until somebody is refused, nobody suffers.
        (Severity::Notice, format!("It is used up: {shown}."))
    };
    let fault = cluster(ClusterFault::QuotaExhausted);
    let finding = Finding::new(subject("ResourceQuota", &quota.metadata), severity, fault, cause)
        .at(format!("/spec/hard/{}", first.resource.replace('~', "~0").replace('/', "~1")));
    let fold = |finding: Finding, it: &Row<'_>| {
        finding
            .clue(format!("status.used[{}]", it.resource), &format!("{} of {}", it.used, it.most))
    };
    Some(rows.iter().fold(finding, fold))
}

/// A resource of which nothing is left, or less than somebody asks for.
struct Row<'q> {
    resource: &'q str,
    used: &'q str,
    most: &'q str,
    /// What the largest refused one asks for, where it would exceed the quota.
    short: Option<&'q str>,
}

impl fmt::Display for Row<'_> {
    /// `96Mi of 128Mi requests.memory used, and 48Mi more would exceed it`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {} used", self.used, self.most, self.resource)?;
        self.short.map_or(Ok(()), |it| write!(f, ", and {it} more would exceed it"))
    }
}

/// `pods of Deployment web and the claims of StatefulSet db`
fn told(refused: &[(Excess<'_>, String)]) -> String {
    let mut by_what: BTreeMap<Counted<'_>, Vec<String>> = BTreeMap::new();
    for (excess, who) in refused {
        by_what.entry(Counted::of(excess.resource)).or_default().push(who.clone());
    }
    let parts = by_what.into_iter().map(|(what, mut names)| {
        names.sort();
        names.dedup();
        format!("{} of {}", what.words(), listed(&names))
    });
    parts.collect::<Vec<_>>().join(" and ")
}

/// What a resource of a quota counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted<'r> {
    /// Pods, and what their containers ask for.
    Pods,
    /// Claims and their sizes, of all classes of storage or of one.
    Claims,
    Services,
    Secrets,
    ConfigMaps,
    /// Any other objects, by their plural: `jobs` of `count/jobs.batch`.
    Others(&'r str),
}

impl<'r> Counted<'r> {
    /// What is counted by this resource (<https://kubernetes.io/docs/concepts/policy/resource-quotas/>).
    fn of(resource: &'r str) -> Self {
        let counted = resource.strip_prefix("count/");
        let plural = counted.unwrap_or(resource).split('.').next().unwrap_or_default();
        let is_of_class = resource.contains(".storageclass.storage.k8s.io/");
        match plural {
            _ if is_of_class || resource == "requests.storage" => Self::Claims,
            "persistentvolumeclaims" => Self::Claims,
            "services" => Self::Services,
            "secrets" => Self::Secrets,
            "configmaps" => Self::ConfigMaps,
            "pods" => Self::Pods,
            other if counted.is_some() => Self::Others(other),
            _ => Self::Pods,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Pods => "pods".to_owned(),
            Self::Claims => "the claims".to_owned(),
            Self::Services => "Services".to_owned(),
            Self::Secrets => "Secrets".to_owned(),
            Self::ConfigMaps => "ConfigMaps".to_owned(),
            Self::Others(plural) => plural.to_owned(),
        }
    }
}

/// What the quota refused, as events and conditions tell, and to whom.
fn refused<'a>(quota: &ResourceQuota, scene: &Scene<'a>) -> Vec<(Excess<'a>, String)> {
    let space = namespace(&quota.metadata);
    let events = scene.all.events.iter().filter_map(|it| {
        let about = &it.involved_object;
        let is_here = about.namespace.as_deref() == Some(space);
        let is_refusal = it.reason.as_deref() == Some("FailedCreate") && is_here;
        let who = owner(about.kind.as_deref()?, about.name.as_deref()?, (space, scene));
        is_refusal.then_some((it.message.as_deref()?, who))
    });
    let conditions = scene.all.workloads.iter().filter_map(|it| {
        let Root::Deployment(owner) = it else { return None };
        let conditions = owner.status.as_ref()?.conditions.as_ref()?;
        let failed =
            conditions.iter().find(|it| it.type_ == "ReplicaFailure" && it.status == "True");
        let is_here = namespace(it.metadata()) == space;
        let who = format!("Deployment {}", name(it.metadata()));
        is_here.then_some((failed?.message.as_deref()?, who))
    });
    let all = conditions.chain(events);
    let mut found: Vec<(Excess<'a>, String)> = vec![];
    for (message, who) in all {
        let excesses = Excess::read(message).into_iter();
        let own = excesses.filter(|it| it.quota == name(&quota.metadata));
        // A ReplicaSet's events say again what its Deployment's condition says.
        let known = |who: &str| found.iter().any(|it| is_below(who, &it.1));
        let new: Vec<_> =
            if known(&who) { vec![] } else { own.map(|it| (it, who.clone())).collect() };
        found.extend(new);
    }
    found
}

/// Who makes what is refused: of a job that a CronJob started, the CronJob.
fn owner(kind: &str, name: &str, (space, scene): (&str, &Scene<'_>)) -> String {
    let job = scene.job(space, name).filter(|_| kind == "Job");
    let above = job.and_then(|it| controller(&it.metadata));
    let (kind, name) = above.unwrap_or((kind, name));
    format!("{kind} {name}")
}

/// Whether the first is a ReplicaSet of the second, or the same.
fn is_below(it: &str, owner: &str) -> bool {
    let set = it.strip_prefix("ReplicaSet ").and_then(|it| it.rsplit_once('-')).map(|it| it.0);
    it == owner || (set.is_some() && set == owner.strip_prefix("Deployment "))
}

#[test]
fn what_a_resource_counts_is_told() {
    for (resource, expected) in [
        ("pods", "pods"),
        ("count/pods", "pods"),
        ("requests.cpu", "pods"),
        ("requests.ephemeral-storage", "pods"),
        ("requests.nvidia.com/gpu", "pods"),
        ("persistentvolumeclaims", "the claims"),
        ("count/persistentvolumeclaims", "the claims"),
        ("requests.storage", "the claims"),
        ("gold.storageclass.storage.k8s.io/requests.storage", "the claims"),
        ("services.loadbalancers", "Services"),
        ("count/secrets", "Secrets"),
        ("configmaps", "ConfigMaps"),
        ("count/jobs.batch", "jobs"),
    ] {
        assert_eq!(Counted::of(resource).words(), expected, "{resource}");
    }
}
