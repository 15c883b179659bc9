//! The registry has no such repository or no such tag.
//!
//! ## What it looks for
//! A container that waits for its image, with a message that says that it is not there. A tag or repository that
//! is known to run and is spelt nearly the same is named: an own earlier one before all, then what runs in the same
//! namespace, then what runs anywhere. Where nothing like it is known to run, the registry's own list has the word,
//! since what it lists can be pulled; where no registry was asked, what nodes hold: a node may hold what was loaded by
//! hand, or what the registry has lost since. What an own earlier revision had is named where nobody saw that run, too.
//!
//! ## What it does not see
//! A registry that answers "denied" for what does not exist; then access and absence look alike.

use types::{Clue, Diagnosis, Evidence, Fault, ImageFacts, Kind, RegistryTags, RevisionFacts};

use super::pull_reading::{self, Pull};
use super::wording;
use crate::confidence;
use crate::evidence::{instead, repository, tag};
use crate::near_miss::near_miss;

/// Tags of the registry that are shown where none of them was plainly meant.
const MAX_SHOWN: usize = 5;
/// The tag of an image that names none.
const LATEST: &str = "latest";

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, message) = wording::unpulled(evidence)?;
    let image = &container.image;
    let never = container.state.waiting.as_deref() == Some("ErrImageNeverPull");
    let pull = if never { Some(Pull::Never) } else { pull_reading::read(message, image) };
    let named = wording::named(container);
    let listed = evidence.registry_tags.as_ref().filter(|it| it.container == container.name);
    let has_repository = pull_reading::has_repository(evidence, image) || listed.is_some();
    let mut cause = match pull {
        Some(Pull::Never) => {
            format!(
                "{} may not pull image {image} (imagePullPolicy: Never), and its node does not have it",
                wording::named_at_start(container)
            )
        }
        Some(Pull::NoTag) => format!("The registry has no such tag of image {image} of {named}"),
        Some(Pull::NotThere) if has_repository => {
            format!("The registry has no such tag of image {image} of {named}")
        }
        Some(Pull::NoRepository) => {
            format!("The registry has no such repository for image {image} of {named}")
        }
        Some(_) | None => format!("The registry does not have image {image} of {named}"),
    };
    let mut clues = vec![Clue::new(wording::fact(container, "image"), image)];
    let (words, clue) = meant_words(evidence, image, listed);
    cause.push_str(&words);
    clues.extend(clue);
    if let Some((words, clue)) = wording::missing_pull_secret(evidence, &container.pod) {
        cause.push_str(&words);
        // Where the image is not there, its secret is not to blame.
        clues.push(Clue::new("events[FailedToRetrieveImagePullSecret].message", &clue.value));
    }
    cause.push('.');
    clues.extend(wording::waiting(container));
    clues.extend(wording::rollout(evidence, &["image"]));
    Some(Diagnosis {
        fault: Fault::ImageNotFound,
        container: Some(container.name.clone()),
        cause,
        clues,
        // Without a message that says so it is the likeliest of several reasons.
        confidence: if pull.is_some_and(Pull::is_absence) {
            confidence::SAID
        } else {
            confidence::GUESSED
        },
    })
}

/// Which image was probably meant, as the end of a sentence, by the one that has the word.
fn meant_words(
    evidence: &Evidence,
    image: &str,
    listed: Option<&RegistryTags>,
) -> (String, Option<Clue>) {
    if let Some(meant) = pull_reading::meant(evidence, image) {
        let clue = Clue::new(format!("images[{}].seen_in", meant.image), &meant.seen_in);
        return (running(evidence, image, meant), Some(clue));
    }
    if let Some(listed) = listed {
        return listed_words(listed);
    }
    if let Some((words, clue)) = instead(evidence, image).map(|it| wording::held(it, image)) {
        return (words, Some(clue));
    }
    match pull_reading::nearly_had(evidence, image) {
        Some(it) => (format!("; {}, which may have been meant", had(evidence, it)), None),
        None => (near_latest(image).unwrap_or_default(), None),
    }
}

/// The one that runs or ran, as the end of a sentence: with what the own history says, which nobody may have seen run.
fn running(evidence: &Evidence, wanted: &str, meant: &ImageFacts) -> String {
    let ImageFacts { image, seen_in, own } = meant;
    if *own {
        return format!("; {image} ran ready before in {seen_in} and was probably meant");
    }
    if let Some(before) = pull_reading::had_before(evidence, image) {
        let before = itself(evidence, before);
        return format!(
            "; {image}, which {before} had, runs ready in {seen_in} and was probably meant"
        );
    }
    match pull_reading::nearly_had(evidence, wanted) {
        Some(it) => {
            let had = had(evidence, it);
            format!("; {had}, which may have been meant, and {image} runs ready in {seen_in}")
        }
        None => format!("; {image} runs ready in {seen_in} and was probably meant"),
    }
}

/// `its revision 3 had nginx:1.27`
fn had(evidence: &Evidence, (revision, image): (&RevisionFacts, &str)) -> String {
    format!("{} had {image}", itself(evidence, revision))
}

fn itself(evidence: &Evidence, revision: &RevisionFacts) -> String {
    if evidence.subject.kind == Kind::CronJob {
        format!("its earlier Job {}", revision.name)
    } else {
        format!("its revision {}", revision.revision)
    }
}

/// The one tag that nearly every repository has, where the image nearly names it; as the end of a sentence.
fn near_latest(image: &str) -> Option<String> {
    let is_tagged = !image.contains('@') && repository(image) != image;
    near_miss(tag(image), [LATEST]).filter(|_| is_tagged)?;
    Some(format!("; its tag {} is probably meant to be {LATEST}", tag(image)))
}

/// What the registry itself has to say: the tag that was meant, as the end of a sentence, or those nearest to it.
fn listed_words(listed: &RegistryTags) -> (String, Option<Clue>) {
    if let Some(meant) = &listed.meant {
        let words = format!("; the registry has {meant}, which was probably meant");
        return (words, Some(Clue::new("registry_tags.meant", meant)));
    }
    let nearest = listed.tags.iter().take(MAX_SHOWN).map(String::as_str);
    let nearest = nearest.collect::<Vec<_>>().join(", ");
    let clue = (!nearest.is_empty()).then(|| Clue::new("registry_tags.tags", &nearest));
    (String::new(), clue)
}
