//! Images that are known to run, with a repository that the template uses or nearly names.

use std::collections::BTreeMap;

use types::{ContainerFacts, ImageFacts, Kind, RevisionFacts};

use crate::image_name::{broken, is_glued, short};
use crate::near_miss::near_miss;
use crate::{Objects, Redactor};

/// More candidates than this help nobody.
const MAX_IMAGES: usize = 20;

/// Images of the template's repositories, or of ones spelt nearly like them, that run ready elsewhere, or ran ready
/// here.
pub(super) fn facts(
    objects: &Objects,
    containers: &[ContainerFacts],
    revisions: &[RevisionFacts],
    redactor: &Redactor,
) -> Vec<ImageFacts> {
    // Of a name that is none, what was meant counts.
    let named = containers.iter().map(|it| {
        let meant = broken(&it.image).and_then(|it| it.meant);
        (&it.image, meant.unwrap_or_else(|| it.image.clone()))
    });
    let named: Vec<_> = named.collect();
    let wanted = |image: &str| {
        let known = repository(short(image));
        let is_it = |it: &str| is_like(repository(short(it)), known) || is_glued(it, image);
        named.iter().any(|(own, it)| is_it(it) && **own != image)
    };
    let mut found: BTreeMap<String, ImageFacts> = BTreeMap::new();
    // The jobs of a CronJob are told by their names, below.
    let has_numbers = objects.root.kind() != Kind::CronJob;
    for revision in revisions.iter().filter(|it| has_numbers && it.was_ready && !it.current) {
        let images = revision.edits.iter().filter(|it| it.path.as_str().ends_with("/image"));
        for image in images.filter_map(|it| it.to.as_ref()?.as_str()).filter(|it| wanted(it)) {
            let seen_in = format!("revision {}", revision.revision);
            found.entry(image.to_owned()).or_insert(ImageFacts {
                image: image.to_owned(),
                seen_in,
                own: true,
            });
        }
    }
    let ran = objects
        .jobs
        .iter()
        .filter(|it| it.status.as_ref().and_then(|it| it.succeeded).is_some_and(|it| 0 < it));
    for job in ran {
        let pod = job.spec.as_ref().and_then(|it| it.template.spec.as_ref());
        let all = pod
            .iter()
            .flat_map(|it| it.containers.iter().chain(it.init_containers.iter().flatten()));
        let images = all.filter_map(|it| it.image.as_ref()).filter(|it| wanted(it));
        let name = job.metadata.name.as_deref().unwrap_or_default();
        for image in images {
            let seen_in = format!("the earlier Job {name}");
            let fact = ImageFacts { image: image.clone(), seen_in, own: true };
            found.entry(image.clone()).or_insert(fact);
        }
    }
    // Who runs it in the same namespace counts for more.
    let namespace = objects.root.metadata().namespace.as_deref().unwrap_or_default();
    for (image, places) in objects.all_pods.images().iter().filter(|it| wanted(it.0)) {
        let near = places.get_key_value(namespace).or_else(|| places.first_key_value());
        let Some((namespace, pod)) = near else { continue };
        found.entry(image.clone()).or_insert_with(|| ImageFacts {
            image: image.clone(),
            seen_in: format!("Pod {namespace}/{pod}"),
            own: false,
        });
    }
    let mut images: Vec<_> = found.into_values().collect();
    let here = format!("Pod {namespace}/");
    images.sort_by_cached_key(|it| (!it.own, !it.seen_in.starts_with(&here), it.image.clone()));
    // One with a password in it is put in nobody's place.
    images.retain(|it| redactor.redact_image(&it.image) == it.image);
    images.truncate(MAX_IMAGES);
    images
}

/// Whether a repository is this one, or one that is spelt nearly like it.
pub(super) fn is_like(wanted: &str, known: &str) -> bool {
    wanted == known || near_miss(wanted, [known]).is_some()
}

/// The image without tag and digest.
pub(crate) fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A colon before the last slash belongs to the registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        Some(_) | None => image,
    }
}

/// The tag or digest of an image.
pub(crate) fn tag(image: &str) -> &str {
    let rest = image.strip_prefix(repository(image)).unwrap_or_default();
    let tag = rest.trim_start_matches([':', '@']);
    if tag.is_empty() { "latest" } else { tag }
}

/// The last part of the repository: `nginx`.
pub(super) fn family(image: &str) -> String {
    repository(image).rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(image: &str, expected: &str, family_expected: &str) {
        assert_eq!(repository(image), expected);
        assert_eq!(family(image), family_expected);
    }

    #[test]
    fn the_port_of_a_registry_is_no_tag() {
        check("nginx", "nginx", "nginx");
        check("nginx:1.27", "nginx", "nginx");
        check("registry:5000/shop/web", "registry:5000/shop/web", "web");
        check("registry:5000/shop/web:1.2@sha256:ab", "registry:5000/shop/web", "web");
    }
}
