//! What an image may be replaced by, and what of it no machine may put unasked.

use types::{Action, ContainerFacts, Edit, Evidence, FixPlan, Strategy};

use super::fields::{Answer, Scene, text};
use crate::Policy;
use crate::image::{Image, is_tag};
use crate::pull::meant_tag;

/// Another tag of the same repository, that is known to run, that the operator listed, or that the registry has and
/// that was meant here.
pub(super) fn replaced(
    edit: &Edit,
    new_tag: &str,
    container: &ContainerFacts,
    scene: &Scene<'_>,
) -> Answer {
    let to = text(edit.to.as_ref()).ok_or("an image is a text")?;
    if text(edit.from.as_ref()) != Some(&container.image) {
        return Err("the image is not the one that was seen");
    }
    let wanted = Image::parse(&container.image).ok_or("the present image names no repository")?;
    let new = Image::parse(to).ok_or("the image names no repository")?;
    if wanted.repository != new.repository || new.digest.is_some() {
        return Err("registry and repository never change");
    }
    if new.tag != Some(new_tag) || !is_tag(new_tag) {
        return Err("the tag is not the one that was asked for");
    }
    let is_known = is_vouched(&new, scene.policy, scene.evidence)
        || meant_tag(container, &wanted, scene.evidence) == Some(new_tag);
    if is_known { Ok(()) } else { Err("the image was never seen ready here") }
}

/// Whether the edit is of the image of a container.
pub(super) fn is_of_image(edit: &Edit) -> bool {
    edit.path.as_str().ends_with("/image")
}

/// Whether the plan points references at other names beside the images that it puts.
pub(super) fn mends_references(plan: &FixPlan) -> bool {
    matches!(plan.strategy, Strategy::ReplaceImageTag { .. })
        && plan.steps.iter().any(|step| match &step.action {
            Action::Edit(edits) => !edits.iter().all(is_of_image),
            Action::Evict | Action::Restart => false,
        })
}

/// Whether it ran here, or the operator listed it.
fn is_vouched(new: &Image<'_>, policy: &Policy, evidence: &Evidence) -> bool {
    let is_it = |known: &str| {
        Image::parse(known).is_some_and(|it| {
            it.is_same_repository(new) && it.tag == new.tag && it.digest.is_none()
        })
    };
    evidence.images.iter().any(|it| is_it(&it.image))
        || policy.allowed_images.iter().any(|it| is_it(it))
}

/// Whether it puts an image that never ran here and that the operator did not list: whatever plan and policy say, a
/// person is asked.
pub(super) fn is_only_listed(plan: &FixPlan, policy: &Policy, evidence: &Evidence) -> bool {
    matches!(plan.strategy, Strategy::ReplaceImageTag { .. })
        && plan.steps.iter().any(|step| match &step.action {
            Action::Edit(edits) => edits.iter().filter(|it| is_of_image(it)).any(|it| {
                let image = text(it.to.as_ref()).and_then(Image::parse);
                !image.is_some_and(|it| is_vouched(&it, policy, evidence))
            }),
            Action::Evict | Action::Restart => false,
        })
}
