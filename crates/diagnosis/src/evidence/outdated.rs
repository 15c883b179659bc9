//! Jobs of a CronJob that were made from an earlier template of it, with other images.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, PodSpec};

use crate::suspicion::ORDINARY_WAITS;
use crate::{Objects, Root};

/// Whether a pod of a CronJob has an image of an earlier template: how it fares says nothing of the present one.
/// One that was given the present image, or that got another one on its way in, is none.
pub(super) fn is_outdated(objects: &Objects, pod: &Pod) -> bool {
    let Root::CronJob(_) = &objects.root else { return false };
    let job = objects.jobs.iter().find(|it| is_of(pod, it));
    let of_job = job.and_then(|it| it.spec.as_ref()?.template.spec.as_ref());
    let (Some(present), Some(of_job), Some(own)) = (objects.root.pod_spec(), of_job, &pod.spec)
    else {
        return false;
    };
    has_other_images(of_job, present) && has_other_images(own, present)
}

/// The job from an earlier template that waits in vain, where its CronJob starts no other one beside it.
pub(super) fn held_by(objects: &Objects) -> Option<String> {
    let Root::CronJob(owner) = &objects.root else { return None };
    if owner.spec.concurrency_policy.as_deref() != Some("Forbid") {
        return None;
    }
    let waits = |it: &Pod| is_outdated(objects, it) && waits_in_vain(it);
    let holds =
        |job: &Job| !is_over(job) && objects.pods.iter().any(|pod| is_of(pod, job) && waits(pod));
    objects.jobs.iter().find(|it| holds(it)).and_then(|it| it.metadata.name.clone())
}

fn is_of(pod: &Pod, job: &Job) -> bool {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    owners.any(|it| it.kind == "Job" && Some(&it.uid) == job.metadata.uid.as_ref())
}

fn has_other_images(one: &PodSpec, other: &PodSpec) -> bool {
    let image = |name: &str| {
        let own = other.containers.iter().chain(other.init_containers.iter().flatten());
        own.into_iter().find(|it| it.name == name).map(|it| &it.image)
    };
    let mut all = one.containers.iter().chain(one.init_containers.iter().flatten());
    all.any(|it| image(&it.name).is_some_and(|image| *image != it.image))
}

fn waits_in_vain(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let all = status.into_iter().flat_map(|it| {
        let first = it.init_container_statuses.iter().flatten();
        first.chain(it.container_statuses.iter().flatten())
    });
    let mut reasons = all.filter_map(|it| it.state.as_ref()?.waiting.as_ref()?.reason.as_deref());
    reasons.any(|it| !ORDINARY_WAITS.contains(&it))
}

fn is_over(job: &Job) -> bool {
    let conditions = job.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ends = ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"];
    conditions.into_iter().any(|it| it.status == "True" && ends.contains(&it.type_.as_str()))
}
