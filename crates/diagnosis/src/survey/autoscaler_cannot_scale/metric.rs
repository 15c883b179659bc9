//! A metric that nobody serves, or that is about a container that is not there.

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscalerSpec, MetricSpec};

use crate::Root;
use crate::near_miss::near_miss;
use crate::survey::words::listed;

/// The interfaces that adapters serve, and how a metric names its source there.
const ADAPTERS: [(&str, &[&str]); 2] =
    [("external.metrics.k8s.io", &["External"]), ("custom.metrics.k8s.io", &["Pods", "Object"])];

/// A metric of the world outside or of the application itself, of which nobody can be asked: a metrics server knows
/// only CPU and memory. The place of the metric, where it is known, and the sentence.
pub(super) fn of_no_adapter(
    said: &str,
    spec: &HorizontalPodAutoscalerSpec,
) -> Option<(Option<usize>, String)> {
    let (group, types) = ADAPTERS.iter().find(|it| said.contains(it.0))?;
    let metrics = spec.metrics.iter().flatten().enumerate();
    let of_group: Vec<_> = metrics.filter(|it| types.contains(&it.1.type_.as_str())).collect();
    let named = |it: &&(usize, &MetricSpec)| name(it.1).is_some_and(|it| said.contains(it));
    let found = of_group.iter().find(named).or(of_group.first());
    let metric = found.and_then(|it| name(it.1));
    let which = metric.map(|it| format!(" {it}")).unwrap_or_default();
    let is_absent = ["could not find the requested resource", "registered", "not found"];
    let cause = if is_absent.iter().any(|it| said.contains(it)) {
        format!(
            "It gets no value of its metric{which}: nobody serves {group} for it, which takes an adapter; a metrics \
             server does not."
        )
    } else {
        format!(
            "It gets no value of its metric{which}: the adapter that serves {group} does not answer."
        )
    };
    Some((found.map(|it| it.0), cause))
}

/// The name of a metric that an adapter serves.
fn name(metric: &MetricSpec) -> Option<&str> {
    let external = metric.external.as_ref().map(|it| it.metric.name.as_str());
    let pods = metric.pods.as_ref().map(|it| it.metric.name.as_str());
    external.or(pods).or(metric.object.as_ref().map(|it| it.metric.name.as_str()))
}

/// A metric of one container that the target does not have.
pub(super) struct NoContainer {
    /// The field that names it.
    pub(super) field: String,
    /// Its name.
    pub(super) container: String,
    /// The container that was meant, where it can be told.
    pub(super) meant: Option<String>,
    /// The sentence.
    pub(super) cause: String,
}

/// A metric of one container that the target does not have.
pub(super) fn of_no_container(
    root: &Root,
    spec: &HorizontalPodAutoscalerSpec,
) -> Option<NoContainer> {
    let pod = root.pod_spec()?;
    let sidecars = pod.init_containers.iter().flatten();
    let names: Vec<_> = pod.containers.iter().chain(sidecars).map(|it| it.name.clone()).collect();
    let metrics = spec.metrics.iter().flatten().enumerate();
    let mut of_one =
        metrics.filter_map(|it| Some((it.0, &it.1.container_resource.as_ref()?.container)));
    let (index, wanted) = of_one.find(|it| !names.contains(it.1))?;
    let near = near_miss(wanted, names.iter().map(String::as_str));
    let near = near.or_else(|| names.first().filter(|_| names.len() == 1).cloned());
    let words = match &near {
        Some(near) => format!("there is {near}, which was probably meant"),
        None => format!("there are {}", listed(&names)),
    };
    let cause =
        format!("Its metric is about container {wanted}, which its target does not have; {words}.");
    let field = format!("/spec/metrics/{index}/containerResource/container");
    Some(NoContainer { field, container: wanted.clone(), meant: near, cause })
}
