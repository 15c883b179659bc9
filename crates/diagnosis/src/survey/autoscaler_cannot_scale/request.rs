//! A percentage of a request that the target's containers do not have.

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec};
use k8s_openapi::api::core::v1::Container;
use types::{ClusterFault, ContainerRole, Finding, Severity, Subject};

use super::{clues, condition, finding};
use crate::Root;
use crate::confidence;
use crate::survey::cluster;
use crate::survey::scene::{Scene, is_over, namespace, subject};
use crate::survey::words::listed;

/// What is said of the autoscaler; where its target lacks the request, that of the target first.
pub(super) fn named(
    autoscaler: &HorizontalPodAutoscaler,
    own: Option<Finding>,
    scene: &Scene<'_>,
) -> Vec<Finding> {
    // A target that is not there, or another autoscaler of the same one, comes before.
    let is_unable = condition(autoscaler, "AbleToScale").is_some_and(|it| it.status == "False");
    if is_unable || own.as_ref().is_some_and(|it| it.field.is_some()) {
        return own.into_iter().collect();
    }
    let Some(lack) = lack(autoscaler, scene) else { return own.into_iter().collect() };
    let about = subject("HorizontalPodAutoscaler", &autoscaler.metadata);
    let active = condition(autoscaler, "ScalingActive");
    let severity = if active.is_some() { Severity::Critical } else { Severity::Warning };
    let cause = format!("It wants a percentage of {}.", lack.words);
    let own = Finding { severity, ..finding(about.clone(), cause) };
    let own = active.map_or(own.clone(), |it| clues(own, it, scene));
    let fault = cluster(ClusterFault::AutoscalerCannotScale);
    let cause = format!("{about} wants a percentage of {}.", lack.words);
    let target = Finding::new(lack.target.clone(), severity, fault, cause).sure(confidence::READ);
    let target = target.clue(lack.field.clone(), "none").at(lack.field);
    let said = own.clues.iter().map(|it| (format!("{about}.{}", it.fact), it.value.clone()));
    let target = said.fold(target, |it, (fact, value)| it.clue(fact, &value));
    vec![target, own.because_of(lack.target)]
}

/// A request that is missing.
pub(in crate::survey) struct Lack {
    /// Of whom.
    pub(in crate::survey) target: Subject,
    /// Where it would stand.
    pub(in crate::survey) field: String,
    /// `the cpu request, and container app of Deployment shop/web has none`
    pub(in crate::survey) words: String,
}

fn lack(autoscaler: &HorizontalPodAutoscaler, scene: &Scene<'_>) -> Option<Lack> {
    let spec = &autoscaler.spec;
    let active = condition(autoscaler, "ScalingActive");
    let reason = active.and_then(|it| it.reason.as_deref());
    let wanted = &spec.scale_target_ref;
    let root = scene.workload(&wanted.kind, namespace(&autoscaler.metadata), &wanted.name)?;
    // One that scales counts with something else; nothing is counted of a target that is scaled to nothing.
    let scales = active.is_some_and(|it| it.status == "True");
    if scales || reason == Some("ScalingDisabled") || root.desired() == Some(0) {
        return None;
    }
    let said = active.and_then(|it| it.message.as_deref()).unwrap_or_default();
    let is_said = said.contains("missing request for");
    resources(spec).into_iter().find_map(|it| lack_of(root, it, is_said, scene))
}

/// The request for this resource that a container of the target does not have: of the one that is named, or of any.
/// What its pods have, or would be given, counts, unless a controller says that it is missing.
pub(in crate::survey) fn lack_of(
    root: &Root,
    (resource, of): (&str, Option<&str>),
    is_said: bool,
    scene: &Scene<'_>,
) -> Option<Lack> {
    let pod = root.pod_spec().filter(|it| it.resources.is_none())?;
    let target = Subject::from(&root.object_ref());
    let counts = |it: &&(usize, &Container)| of.is_none_or(|of| it.1.name == of);
    let lacks = |it: &&(usize, &Container)| !has_request(it.1, resource);
    let containers: Vec<_> = pod.containers.iter().enumerate().collect();
    let without: Vec<_> = containers.iter().filter(counts).filter(lacks).collect();
    let (index, first) = without.first()?;
    if !is_said && is_given(first, resource, &target, scene) {
        return None;
    }
    let names: Vec<_> = without.iter().map(|it| it.1.name.clone()).collect();
    let path = root.kind().container_path(ContainerRole::App, *index)?;
    let path = path.child("resources").child("requests").child(resource);
    let names = listed(&names);
    let words = format!("the {resource} request, and container {names} of {target} has none");
    Some(Lack { target, field: path.to_string(), words })
}

/// The resources of which the autoscaler wants a percentage, each with the container that it is about.
fn resources(spec: &HorizontalPodAutoscalerSpec) -> Vec<(&str, Option<&str>)> {
    let metrics = spec.metrics.iter().flatten();
    let all = metrics.filter_map(|it| {
        let of_pod = it.resource.as_ref().map(|it| (it.name.as_str(), None, &it.target));
        let of_one = it.container_resource.as_ref();
        let of_one = of_one.map(|it| (it.name.as_str(), Some(it.container.as_str()), &it.target));
        of_pod.or(of_one).filter(|it| it.2.type_ == "Utilization")
    });
    all.map(|it| (it.0, it.1)).collect()
}

/// Whether a pod has the request all the same, or would be given one: by a limit range, say.
fn is_given(container: &Container, resource: &str, target: &Subject, scene: &Scene<'_>) -> bool {
    let pods = scene.pods_of(target).iter().filter(|it| !is_over(it));
    let mut same = pods.flat_map(|it| it.spec.iter().flat_map(|it| &it.containers));
    if same.any(|it| it.name == container.name && has_request(it, resource)) {
        return true;
    }
    // It may have no pod yet, or all were made before the range was.
    let ranges = scene.all.limit_ranges.iter().flatten();
    let here = ranges.filter(|it| namespace(&it.metadata) == target.namespace);
    let mut limits = here.flat_map(|it| it.spec.iter().flat_map(|it| &it.limits));
    limits.any(|it| {
        let defaults = [&it.default, &it.default_request];
        it.type_ == "Container"
            && defaults.into_iter().flatten().any(|it| it.contains_key(resource))
    })
}

/// Whether a container asks for some of a resource; a limit alone is a request, too.
fn has_request(container: &Container, resource: &str) -> bool {
    let resources = container.resources.as_ref();
    let requests = resources.and_then(|it| it.requests.as_ref());
    let limits = resources.and_then(|it| it.limits.as_ref());
    [requests, limits].into_iter().flatten().any(|it| it.contains_key(resource))
}
