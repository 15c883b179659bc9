//! The repository of an image, and the tag where nothing but a node knows a better one.

use types::SlipKind;

use super::{Slip, Told, edit};
use crate::evidence::failing::Failing;
use crate::evidence::held::{Held, found};
use crate::evidence::images::{repository, tag};
use crate::image_name::{broken, is_glued, parted, short, written_like};
use crate::near_miss::near_miss;

/// Registries know no capitals: a name with some is no name at all.
pub(super) fn in_capitals(failing: &Failing<'_>) -> Option<Slip> {
    let image = failing.facts.image.as_str();
    let wrong = repository(image);
    let right = wrong.to_lowercase();
    (wrong != right)
        .then(|| slip(failing, &right, "The name of an image is written in small letters."))
}

/// A name that is none, where the one that was plainly meant is known to run.
pub(super) fn misshapen(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    let image = failing.facts.image.as_str();
    let has_capitals = repository(image).chars().any(|it| it.is_ascii_uppercase());
    let right = broken(image).filter(|_| !has_capitals)?.meant?;
    let runs = told.images.iter().find(|it| short(&it.image) == short(&right))?;
    let shown_by = format!("{} runs in {}.", runs.image, runs.seen_in);
    let edits = vec![edit(failing.path.child("image"), image, right)];
    Some(Slip { kind: SlipKind::Image, shown_by, edits })
}

/// One that runs is spelt nearly like it.
pub(super) fn misspelt(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    failing.facts.state.waiting.as_ref()?;
    let image = failing.facts.image.as_str();
    let wrong = repository(short(image));
    let known = || told.images.iter();
    let of = |it: &'_ str| repository(short(it)).to_owned();
    if broken(image).is_some() || known().any(|it| of(&it.image) == wrong) {
        return None;
    }
    let all: Vec<_> = known().map(|it| of(&it.image)).collect();
    let right = near_miss(wrong, all.iter().map(String::as_str))?;
    let runs = known().find(|it| of(&it.image) == right)?;
    let shown_by = format!("{} runs in {}, and nothing else is as near.", runs.image, runs.seen_in);
    Some(slip(failing, &written_like(image, &right), &shown_by))
}

/// One that runs is this one with a colon before its tag.
pub(super) fn without_colon(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    failing.facts.state.waiting.as_ref()?;
    let image = failing.facts.image.as_str();
    let known = || told.images.iter();
    let is_there = known().any(|it| repository(short(&it.image)) == short(image));
    let mut found = known().filter(|it| is_glued(image, &it.image) && !is_there);
    let runs = found.next()?;
    if found.any(|it| short(&it.image) != short(&runs.image)) {
        return None;
    }
    let shown_by = format!(
        "{} runs in {}, and this is the same name without the colon before its tag.",
        runs.image, runs.seen_in
    );
    let edits = vec![edit(failing.path.child("image"), image, parted(image, &runs.image))];
    Some(Slip { kind: SlipKind::Image, shown_by, edits })
}

/// A node holds one that is spelt nearly like it, and nothing like it is known to run.
pub(super) fn held_elsewhere(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    let image = failing.facts.image.as_str();
    let (held, right) = match found(told.on_nodes, told.images, image)? {
        Held::Same(_) => return None,
        Held::Tag(held) => (held, format!("{}:{}", repository(image), tag(&held.image))),
        Held::Whole(held) => (held, parted(image, &held.image)),
        Held::Repository(held) => {
            let rest = image.strip_prefix(repository(image)).unwrap_or_default();
            (held, format!("{}{rest}", written_like(image, repository(&held.image))))
        }
    };
    let shown_by = format!(
        "Node {} holds {}, and nothing else is as near; whether it ever ran is not known.",
        held.node, held.image
    );
    Some(Slip {
        kind: SlipKind::Image,
        shown_by,
        edits: vec![edit(failing.path.child("image"), image, right)],
    })
}

fn slip(failing: &Failing<'_>, right: &str, shown_by: &str) -> Slip {
    let image = failing.facts.image.as_str();
    let rest = image.strip_prefix(repository(image)).unwrap_or_default();
    Slip {
        kind: SlipKind::Image,
        shown_by: shown_by.to_owned(),
        edits: vec![edit(failing.path.child("image"), image, format!("{right}{rest}"))],
    }
}
