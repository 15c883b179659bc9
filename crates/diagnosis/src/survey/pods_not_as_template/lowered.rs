//! A pod that was made with a lower memory limit than its template has.

use k8s_openapi::api::core::v1::{Container, Pod};
use types::{AnyFault, Fault, Finding};

use crate::Root;
use crate::outline::memory;
use crate::survey::scene::{Scene, is_over, subject};

/// The resource.
const MEMORY: &str = "memory";

/// The finding about memory with whoever gave the pods a lower limit than the template's.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let Some(lowered) = lowered(&finding, scene) else { return finding };
    Finding { cause: lowered.cause, ..finding }.clue(lowered.fact, &lowered.value)
}

/// A limit that a pod has and its template has not.
struct Lowered {
    cause: String,
    fact: String,
    value: String,
}

fn lowered(finding: &Finding, scene: &Scene<'_>) -> Option<Lowered> {
    if finding.fault != AnyFault::Workload(Fault::OomKilled) {
        return None;
    }
    let about = &finding.subject;
    let root = scene.workload(&about.kind, &about.namespace, &about.name)?;
    let container = finding.container.as_deref()?;
    let is_it = |it: &&Container| it.name == container;
    let of_template = root.pod_spec()?.containers.iter().find(is_it)?;
    let own = scene.pods_of(about).iter().filter(|it| !is_over(it));
    let mut made = own.filter(|it| is_settled(root) && is_as_made(it));
    let (pod, index, has) = made.find_map(|pod| {
        let containers = pod.spec.as_ref()?.containers.iter().enumerate();
        let (index, it) = containers.into_iter().find(|it| it.1.name == container)?;
        Some((pod, index, limit(it)?))
    })?;
    let wanted = limit(of_template);
    let fact = format!(
        "{} /spec/containers/{index}/resources/limits/memory",
        subject("Pod", &pod.metadata)
    );
    let value = has.0.clone();
    let cause = match wanted {
        Some(wanted) if has.1 < wanted.1 => format!(
            "Container {container} needs more memory than the {value} that its pods are made with; the template says {}, \
             so something on the way lowers it{}.",
            wanted.0,
            hook(scene)
        ),
        // That a limit range gives it is told by the workload's own rule.
        None | Some(_) => return None,
    };
    Some(Lowered { cause, fact, value })
}

/// The limit of a container's memory, as it is written and in bytes.
fn limit(container: &Container) -> Option<(String, u64)> {
    let amount = container.resources.as_ref()?.limits.as_ref()?.get(MEMORY)?;
    Some((amount.0.clone(), memory(Some(amount))))
}

/// Whether all pods are of the newest template: of an earlier one they may well have another limit.
pub(super) fn is_settled(root: &Root) -> bool {
    let number = |it: Option<i32>| it.unwrap_or(0);
    match root {
        Root::Deployment(it) => it.status.as_ref().is_some_and(|status| {
            status.observed_generation == it.metadata.generation
                && number(status.updated_replicas) == number(status.replicas)
        }),
        Root::StatefulSet(it) => it.status.as_ref().is_some_and(|status| {
            status.observed_generation == it.metadata.generation
                && status.update_revision == status.current_revision
        }),
        Root::DaemonSet(it) => it.status.as_ref().is_some_and(|status| {
            status.observed_generation == it.metadata.generation
                && number(status.updated_number_scheduled) == status.current_number_scheduled
        }),
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            false
        }
    }
}

/// Whether nobody changed the pod since it was made: each change of its spec, a resize in place among them, counts its
/// generation up, and what stands on the way of a new pod does not.
pub(super) fn is_as_made(pod: &Pod) -> bool {
    pod.metadata.generation.is_none_or(|it| it <= 1)
}

/// The one webhook that could do it.
pub(super) fn hook(scene: &Scene<'_>) -> String {
    let hooks = scene.all.webhooks.iter().flatten();
    let mut names: Vec<_> = hooks
        .filter(|it| it.kind.starts_with("Mutating"))
        .map(|it| it.configuration.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [only] => format!(", perhaps the webhook {only}"),
        _ => String::new(),
    }
}
