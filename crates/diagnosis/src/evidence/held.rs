//! Images that nodes hold, named like one that a container waits for in vain or nearly so.
//!
//! Somebody pulled or loaded them once: whether they ever ran, and whether their registry still has them, is not
//! known. So they are told only where nothing like them is known to run, and a digit in the place of another is
//! another version.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use types::{ContainerFacts, Evidence, HeldImage, ImageFacts};

use super::images::{is_like, repository, tag};
use crate::image_name::{is_glued, short, tagged};
use crate::near_miss::near_miss;
use crate::{Objects, Redactor};

/// More candidates than this help nobody.
const MAX_HELD: usize = 20;
/// What the kubelet says of a container that it has no image for.
pub(crate) const WAITING: [&str; 4] =
    ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"];

/// What nodes hold that is the image of a container that waits for it, or nearly.
pub(super) fn facts(
    objects: &Objects,
    containers: &[ContainerFacts],
    redactor: &Redactor,
) -> Vec<HeldImage> {
    let is_waiting =
        |it: &&ContainerFacts| it.state.waiting.as_deref().is_some_and(|it| WAITING.contains(&it));
    let wanted = containers.iter().filter(is_waiting).map(|it| short(&it.image));
    let wanted: Vec<_> = wanted.filter(|it| !it.contains('@')).collect();
    if wanted.is_empty() {
        return vec![];
    }
    near(&wanted, objects.nodes.as_deref().unwrap_or_default(), redactor)
}

/// What nodes hold that is one of the wanted images, in short, or nearly.
fn near(wanted: &[&str], nodes: &[Arc<Node>], redactor: &Redactor) -> Vec<HeldImage> {
    // Hundreds of nodes hold the same few images: each is compared once.
    let mut held: BTreeMap<&str, &str> = BTreeMap::new();
    for node in nodes {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        for image in names(node).filter_map(tagged) {
            let first = held.entry(image).or_insert(name);
            *first = name.min(first);
        }
    }
    let near = held.into_iter().filter_map(|(image, node)| {
        let distance = wanted.iter().filter_map(|it| distance(it, image)).min()?;
        Some((distance, image, node))
    });
    // What looks like a secret is no name that anybody has to be shown.
    let mut near: Vec<_> = near.filter(|it| redactor.redact(it.1) == it.1).collect();
    near.sort_unstable();
    near.truncate(MAX_HELD);
    let named = |(_, image, node): (usize, &str, &str)| HeldImage {
        image: image.to_owned(),
        node: node.to_owned(),
    };
    near.into_iter().map(named).collect()
}

fn names(node: &Node) -> impl Iterator<Item = &str> {
    let images = node.status.iter().flat_map(|it| it.images.iter().flatten());
    images.flat_map(|it| it.names.iter().flatten()).map(String::as_str)
}

/// How far an image is from the wanted one, both in short: in its tag or in its repository; `None` for another one.
fn distance(wanted: &str, image: &str) -> Option<usize> {
    let of = (repository(wanted), repository(image));
    let tags = (tag(wanted), tag(image));
    if is_glued(wanted, image) {
        return Some(1);
    }
    if of.0 != of.1 {
        let near = near_miss(of.0, [of.1])?;
        return Some(strsim::osa_distance(of.0, &near) + usize::from(tags.0 != tags.1));
    }
    if tags.0 == tags.1 {
        return Some(0);
    }
    let near = near_miss(tags.0, [tags.1].into_iter().filter(|it| is_slip(tags.0, it)))?;
    Some(strsim::osa_distance(tags.0, &near))
}

/// Whether one tag may be a slip of the other: a digit too many, too few or at another place may, while a digit in the
/// place of another is another version. Who wants `latest` made no slip.
fn is_slip(wanted: &str, tag: &str) -> bool {
    let mut surplus = [0_i32; 10];
    for (text, one) in [(wanted, 1), (tag, -1)] {
        for digit in text.chars().filter_map(|it| it.to_digit(10)) {
            let count = usize::try_from(digit).ok().and_then(|it| surplus.get_mut(it));
            if let Some(count) = count {
                *count += one;
            }
        }
    }
    let is_other = surplus.iter().any(|it| 0 < *it) && surplus.iter().any(|it| *it < 0);
    !is_other && wanted != "latest"
}

/// What is held in the place of an image that is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held<'a> {
    /// The very image, by a node.
    Same(&'a HeldImage),
    /// One of the same repository, whose tag was probably meant.
    Tag(&'a HeldImage),
    /// One of the repository that was probably meant.
    Repository(&'a HeldImage),
    /// The one that was meant, whose colon before the tag was left out.
    Whole(&'a HeldImage),
}

/// What nodes hold in the place of an image; `None` where something like it is known to run, and where it is not clear
/// what was meant.
pub(crate) fn instead<'a>(evidence: &'a Evidence, image: &str) -> Option<Held<'a>> {
    found(&evidence.on_nodes, &evidence.images, image)
}

/// The same before the evidence is whole.
pub(super) fn found<'a>(
    held: &'a [HeldImage],
    known: &[ImageFacts],
    image: &str,
) -> Option<Held<'a>> {
    let image = short(image);
    let wanted = repository(image);
    let is_one = |it: &str| is_like(wanted, repository(short(it))) || is_glued(image, it);
    let is_known = known.iter().any(|it| is_one(&it.image));
    if is_known || image.contains('@') {
        return None;
    }
    let (same, others): (Vec<_>, Vec<_>) =
        held.iter().partition(|it| repository(&it.image) == wanted);
    if let Some(it) = same.iter().find(|it| tag(&it.image) == tag(image)) {
        return Some(Held::Same(it));
    }
    let tags = same.iter().map(|it| tag(&it.image)).filter(|it| is_slip(tag(image), it));
    let near_tag = near_miss(tag(image), tags);
    let near = near_miss(wanted, others.iter().map(|it| repository(&it.image)));
    let mut glued = others.iter().filter(|it| is_glued(image, &it.image));
    if let (Some(only), None) = (glued.next(), glued.next()) {
        return Some(Held::Whole(only));
    }
    match (near_tag, near) {
        (Some(near), None) => same.into_iter().find(|it| tag(&it.image) == near).map(Held::Tag),
        (None, Some(near)) => of_repository(&others, &near, tag(image)).map(Held::Repository),
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// The one with the wanted tag, or the only one.
fn of_repository<'a>(held: &[&'a HeldImage], name: &str, wanted: &str) -> Option<&'a HeldImage> {
    let all: Vec<_> = held.iter().copied().filter(|it| repository(&it.image) == name).collect();
    match all.as_slice() {
        [only] => Some(only),
        all => all.iter().copied().find(|it| tag(&it.image) == wanted),
    }
}

#[cfg(test)]
mod tests;
