//! Images that are not there, and who knows better ones.

use types::{Evidence, HeldImage, ImageFacts, Kind, RegistryTags};

use super::evidence;

pub(crate) fn wrong_tag(kind: Kind, known: &[(&str, &str, bool)]) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.images = known
        .iter()
        .map(|(image, seen_in, own)| ImageFacts {
            image: (*image).to_owned(),
            seen_in: (*seen_in).to_owned(),
            own: *own,
        })
        .collect();
    evidence
}

/// Images that a node holds.
pub(crate) fn held(images: &[&str]) -> Vec<HeldImage> {
    let named = |it: &&str| HeldImage { image: (*it).to_owned(), node: "node1".to_owned() };
    images.iter().map(named).collect()
}

/// `app` wants `v1.4`, nothing of its repository runs, and the registry has `1.4` and others.
pub(crate) fn listed_tag(kind: Kind) -> Evidence {
    let mut evidence = evidence(kind);
    "shop/web:v1.4".clone_into(&mut evidence.containers[0].image);
    evidence.registry_tags = Some(RegistryTags {
        container: "app".to_owned(),
        repository: "shop/web".to_owned(),
        tags: ["1.4", "1.3", "latest"].map(str::to_owned).to_vec(),
        meant: Some("1.4".to_owned()),
    });
    evidence
}
