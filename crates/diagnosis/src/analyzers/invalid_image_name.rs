//! The image name is not a valid reference.
//!
//! ## What it looks for
//! A container that waits with `InvalidImageName` or `ImageInspectError`; where it is for upper case, the name that was
//! meant.
//!
//! ## What it does not see
//! A valid name that is not the one that was meant.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;
use crate::evidence::repository;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| {
        matches!(it.state.waiting.as_deref(), Some("InvalidImageName" | "ImageInspectError"))
    })?;
    let (name, image) = (&container.name, &container.image);
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    clues.extend(wording::waiting(container));
    clues.extend(wording::rollout(evidence, &["image"]));
    Some(Diagnosis {
        fault: Fault::InvalidImageName,
        container: Some(name.clone()),
        cause: format!(
            "{image} is not a valid image name, so container {name} cannot be made{}.",
            lower_case(image).unwrap_or_default()
        ),
        clues,
        confidence: 0.99,
    })
}

/// That a name must be lower case, with the one that is, as the end of a sentence. A registry's name may be written as
/// one likes, and so may a tag.
fn lower_case(image: &str) -> Option<String> {
    let repository = repository(image);
    let rest = image.strip_prefix(repository)?;
    let is_registry = |it: &str| it == "localhost" || it.contains(['.', ':']);
    let (registry, path) = match repository.split_once('/') {
        Some((first, path)) if is_registry(first) => (format!("{first}/"), path),
        Some(_) | None => (String::new(), repository),
    };
    let lower = path.to_lowercase();
    (lower != path)
        .then(|| format!(": it must be lower case; {registry}{lower}{rest} was probably meant"))
}

#[test]
fn only_what_must_be_lower_case_is_made_so() {
    let meant = |it: &str| lower_case(it).and_then(|it| it.split(' ').nth(6).map(str::to_owned));

    assert_eq!(meant("Nginx:1.27-Alpine").as_deref(), Some("nginx:1.27-Alpine"));
    assert_eq!(
        meant("Registry.example:5000/Shop/Web").as_deref(),
        Some("Registry.example:5000/shop/web")
    );
    assert_eq!(meant("Registry.example/shop/web:V1"), None);
    assert_eq!(meant("shop/web::1"), None);
}
