//! Pods that were made with less than their template says, or with another image, though nothing suffers from it yet.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, ResourceRequirements};
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::REVISION;
use super::lowered::{hook, is_as_made, is_settled};
use crate::Root;
use crate::confidence;
use crate::evidence::images::{repository, tag};
use crate::outline::{cpu, memory};
use crate::survey::cluster;
use crate::survey::scene::{Scene, is_over, name, subject};
use crate::survey::words::{entry, listed, quoted};

/// The mark of pods whose resources a vertical autoscaler has set, as somebody wanted.
const VPA_UPDATES: &str = "vpaUpdates";
/// The labels that tell the revisions of a workload apart.
const REVISIONS: [&str; 2] = ["pod-template-hash", REVISION];
/// What a container may have less of.
const FIELDS: [(&str, &str); 4] =
    [("limits", "cpu"), ("limits", "memory"), ("requests", "cpu"), ("requests", "memory")];

/// The workloads all of whose pods were changed on their way.
pub(super) fn told(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.workloads.iter().filter_map(|it| of_root(it, scene)).collect()
}

fn of_root(root: &Root, scene: &Scene<'_>) -> Option<Finding> {
    // Of a set whose revisions nobody told yet nothing is known.
    let is_untold =
        |it: &StatefulSet| it.status.as_ref().is_none_or(|it| it.update_revision.is_none());
    if !is_settled(root) || matches!(root, Root::StatefulSet(it) if is_untold(it)) {
        return None;
    }
    let about = Subject::from(&root.object_ref());
    let template = root.pod_spec()?;
    let pods = scene.pods_of(&about).iter().copied().filter(|it| !is_over(it));
    let mut pods: Vec<&Pod> = pods.collect();
    pods.sort_by_key(|it| name(&it.metadata));
    let is_wanted = |it: &&Pod| entry(it.metadata.annotations.as_ref(), VPA_UPDATES).is_some();
    if pods.iter().any(is_wanted) || are_of_several_templates(&pods) {
        return None;
    }
    let made: Vec<&Pod> = pods.iter().copied().filter(|it| is_as_made(it)).collect();
    let is_changed_since = made.is_empty();
    let (looked_at, are, how) = if is_changed_since {
        (pods, "are not", "they were changed after they were made".to_owned())
    } else {
        (made, "are not made", format!("something on the way changes them{}", hook(scene)))
    };
    let mut common = common(template, &looked_at);
    // Whoever resized a pod in place knows why.
    common.retain(|it| !is_changed_since || it.field.ends_with("image"));
    // What was killed for its memory is told with its trouble.
    let is_killed =
        |it: &&Finding| it.subject == about && it.fault == AnyFault::Workload(Fault::OomKilled);
    if scene.workload_findings.iter().any(|it| is_killed(&it)) {
        common.retain(|it| !it.field.ends_with("limits/memory"));
    }
    let words: Vec<_> = common.iter().map(|it| quoted(&it.words(), scene)).collect();
    let first = looked_at.first().filter(|_| !words.is_empty())?;
    let words = listed(&words);
    let cause = format!("Its pods {are} as its template says: {words}; {how}.");
    let fault = cluster(ClusterFault::PodsNotAsTemplate);
    let finding = Finding::new(about, Severity::Notice, fault, cause).sure(confidence::LIKELY);
    let pod = subject("Pod", &first.metadata);
    let told = common.into_iter().map(|it| (format!("{pod} {}", it.field), it.has));
    Some(told.fold(finding, |finding, (fact, has)| finding.clue(fact, &quoted(&has, scene))))
}

/// Whether these pods are of several revisions: the cluster was read in the middle of a rollout.
fn are_of_several_templates(pods: &[&Pod]) -> bool {
    let of = |it: &&Pod| {
        REVISIONS.map(|label| entry(it.metadata.labels.as_ref(), label).map(str::to_owned))
    };
    pods.iter().any(|it| pods.first().map(of) != Some(of(it)))
}

/// What all of these pods have otherwise than their template. One pod alone was changed by hand: what stands on the
/// way changes all of them.
fn common(template: &PodSpec, pods: &[&Pod]) -> Vec<Change> {
    let of = |pod: &&Pod| -> Vec<Change> {
        template.containers.iter().flat_map(|it| changes(it, pod)).collect()
    };
    let mut common = pods.first().map(of).unwrap_or_default();
    for pod in pods.iter().skip(1) {
        let other = of(pod);
        common.retain(|it| other.contains(it));
    }
    common
}

/// What a container has otherwise than its template.
#[derive(PartialEq)]
struct Change {
    container: String,
    field: String,
    wanted: String,
    has: String,
}

impl Change {
    /// `container app has 100m instead of 500m of limits/cpu`
    fn words(&self) -> String {
        let Self { container, field, wanted, has } = self;
        let what = match field.split_once("resources/") {
            Some((_, resource)) => format!(" ({resource})"),
            None => String::new(),
        };
        format!("container {container} has {has} instead of {wanted}{what}")
    }
}

fn changes(template: &Container, pod: &Pod) -> Vec<Change> {
    let containers = pod.spec.iter().flat_map(|it| &it.containers).enumerate();
    let Some((index, own)) = containers.into_iter().find(|it| it.1.name == template.name) else {
        return vec![];
    };
    let change = |field: &str, wanted: &str, has: &str| Change {
        container: template.name.clone(),
        field: format!("/spec/containers/{index}/{field}"),
        wanted: wanted.to_owned(),
        has: has.to_owned(),
    };
    let (wanted, has) = (image(template), image(own));
    let is_another = is_another(wanted, has);
    let of_image = is_another.then(|| change("image", wanted, has));
    let less = FIELDS.iter().filter_map(|(list, resource)| {
        let (wanted, has) = (amount(template, (list, resource))?, amount(own, (list, resource))?);
        let of = if *resource == "cpu" { cpu } else { memory };
        let is_less = of(Some(has)) < of(Some(wanted));
        is_less.then(|| change(&format!("resources/{list}/{resource}"), &wanted.0, &has.0))
    });
    less.chain(of_image).collect()
}

fn image(container: &Container) -> &str {
    container.image.as_deref().unwrap_or_default()
}

/// What a template says whose image is put in on the way, as that of Istio's gateways
/// (<https://istio.io/latest/docs/setup/additional-setup/gateway/>).
const LATER: &str = "auto";

/// Whether this is another image: the same one from a mirror, or by its digest, is not.
fn is_another(wanted: &str, has: &str) -> bool {
    let name = |it: &str| repository(it).rsplit('/').next().unwrap_or_default().to_owned();
    let is_pinned = has.contains('@') && !wanted.contains('@');
    let tags_differ = tag(wanted) != tag(has) && !is_pinned;
    wanted != LATER
        && !wanted.is_empty()
        && !has.is_empty()
        && (name(wanted) != name(has) || tags_differ)
}

fn amount<'c>(
    container: &'c Container,
    (list, resource): (&str, &str),
) -> Option<&'c k8s_openapi::apimachinery::pkg::api::resource::Quantity> {
    let ResourceRequirements { limits, requests, .. } = container.resources.as_ref()?;
    let amounts = if list == "limits" { limits } else { requests };
    amounts.as_ref()?.get(resource)
}
