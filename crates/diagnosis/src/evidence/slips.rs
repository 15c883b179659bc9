//! Fields that no machine writes and that were probably mistyped, with what was probably meant.
//!
//! A slip is told where something known is one or two letters away and nothing else is as near: what an earlier
//! revision that was ready had, what a healthy pod of the same image runs, what the program itself asks for.

mod image;
mod key;
mod map;
mod revision;
mod command;
mod split;
mod shared_memory;
mod flag;
mod job;
mod variable;
mod mount;
mod file;
mod other_kind;
mod port;
mod loopback;
mod mode;
mod unit;
mod amount;
mod demanded;
mod probe;
mod twin;

pub(super) use command::{is_hardly_another, is_usual, usual};

use serde_json::Value;
use types::{
    ContainerFacts, Edit, FieldPath, HeldImage, ImageFacts, RevisionFacts, SlipFacts, SlipKind,
};

use self::Finder::{Before, Here};
use super::failing::Failing;
use crate::{Objects, Redactor};

/// More slips than this are no slips.
const MAX_SLIPS: usize = 20;

/// What was told of the workload before.
pub(super) struct Told<'a> {
    pub(super) containers: &'a [ContainerFacts],
    pub(super) revisions: &'a [RevisionFacts],
    pub(super) images: &'a [ImageFacts],
    pub(super) on_nodes: &'a [HeldImage],
}

/// A slip before it becomes a fact.
struct Slip {
    kind: SlipKind,
    shown_by: String,
    edits: Vec<Edit>,
}

/// How a slip is found: in the container as it is, or with what was told of the workload before.
enum Finder {
    Here(fn(&Failing<'_>) -> Option<Slip>),
    Before(fn(&Failing<'_>, &Told<'_>) -> Option<Slip>),
}

/// Order is rank: what was seen to work stands before what somebody says.
const FINDERS: &[Finder] = &[
    Here(image::in_capitals),
    Before(image::misshapen),
    Before(image::misspelt),
    Before(image::without_colon),
    Before(image::held_elsewhere),
    Here(split::program),
    Here(command::misspelt),
    Here(flag::misspelt),
    Here(split::flag),
    Here(variable::misnamed),
    Here(variable::names_a_missing_host),
    Here(variable::of_another_scheme),
    Here(variable::used_otherwise),
    Here(variable::of_a_service),
    Here(key::unlike_its_variable),
    Here(key::of_a_secret),
    Here(other_kind::is_there),
    Here(key::of_a_misspelt_secret),
    Here(port::of_a_service),
    Here(loopback::of_a_service),
    Here(mount::at_another_place),
    Here(mount::under_another_name),
    Here(file::of_its_mounts),
    Here(file::beside_another),
    Here(mount::of_another_part),
    Here(shared_memory::too_small),
    Before(revision::spelt_otherwise),
    Before(revision::with_another_script),
    Here(command::unlike_the_usual),
    Here(mode::not_executable),
    Here(mode::misread),
    Here(unit::too_large),
    Here(unit::too_small),
    Before(demanded::unstated),
    Here(amount::too_small),
    Here(amount::over_a_default),
    Here(amount::of_the_pod),
    Here(amount::given_too_much),
    Here(probe::asks_otherwise),
    Here(twin::answers_elsewhere),
];
/// What may be wrong with a container that is ready, until a probe ends it.
const OF_READY: &[Finder] = &[Here(probe::asks_otherwise)];

/// The slips of all containers that are not ready or fail a probe.
pub(super) fn facts(objects: &Objects, told: &Told<'_>, redactor: &Redactor) -> Vec<SlipFacts> {
    let is_failing =
        |it: &&ContainerFacts| !it.ready || it.probes.iter().any(|it| it.failure.is_some());
    let failing = told.containers.iter().filter(is_failing);
    let mut found: Vec<SlipFacts> = vec![];
    for failing in failing.filter_map(|facts| Failing::new(objects, facts)) {
        if !failing.facts.ready {
            found.extend(map::slip(&failing, redactor));
        }
        let finders = if failing.facts.ready { OF_READY } else { FINDERS };
        for slip in finders.iter().filter_map(|it| it.find(&failing, told)) {
            let Some(path) = slip.edits.first().map(|it| it.path.to_string()) else { continue };
            if found.iter().all(|it| it.path != path) {
                found.push(SlipFacts {
                    container: failing.facts.name.clone(),
                    kind: slip.kind,
                    path,
                    config_map: None,
                    alike: unit::is_alike(&failing, slip.kind, &slip.edits)
                        || twin::is_alike(&failing, slip.kind, &slip.edits),
                    shown_by: redactor.redact(&slip.shown_by),
                    edits: slip.edits,
                });
            }
        }
    }
    found.truncate(MAX_SLIPS);
    found.extend(job::slip(objects));
    found
}

impl Finder {
    fn find(&self, failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
        match self {
            Self::Here(find) => find(failing),
            Self::Before(find) => find(failing, told),
        }
    }
}

impl Failing<'_> {
    /// Every text of `command` and `args`, and every literal value of a variable, with its path.
    fn words_and_values(&self) -> Vec<(FieldPath, &str)> {
        let values = self.variables().into_iter().map(|(path, _, value)| (path, value));
        self.words().into_iter().chain(values).collect()
    }

    /// The edit of the one text of `command` and `args` in which the word stands by itself, and only once.
    fn word_edit(&self, word: &str, meant: &str) -> Option<Edit> {
        let words = self.words().into_iter();
        let mut edits =
            words.filter_map(|(path, text)| Some(edit(path, text, replaced(text, word, meant)?)));
        let only = edits.next()?;
        edits.next().is_none().then_some(only)
    }
}

fn edit(path: FieldPath, from: &str, to: String) -> Edit {
    Edit { path, from: Some(Value::from(from)), to: Some(Value::from(to)) }
}

/// The text with the one place replaced where the word stands by itself; `None` where it stands nowhere or twice.
fn replaced(text: &str, word: &str, meant: &str) -> Option<String> {
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || "-_".contains(it));
    let alone = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|it| it.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|it| it.chars().next());
        !is_part(before) && !is_part(after)
    });
    let places: Vec<usize> = alone.map(|it| it.0).collect();
    let [at] = places.as_slice() else { return None };
    let (before, after) = (text.get(..*at)?, text.get(at + word.len()..)?);
    (!word.is_empty()).then(|| format!("{before}{meant}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_replaced_where_it_stands_alone_and_once() {
        assert_eq!(replaced("exec ngnix -g x", "ngnix", "nginx").unwrap(), "exec nginx -g x");
        assert_eq!(replaced("pg://u@db-a:5432/x", "db-a", "db-b").unwrap(), "pg://u@db-b:5432/x");
        assert_eq!(replaced("my-ngnix", "ngnix", "nginx"), None);
        assert_eq!(replaced("ngnix ngnix", "ngnix", "nginx"), None);
        assert_eq!(replaced("größe", "gr", "x"), None);
        assert_eq!(replaced("x", "", "y"), None);
    }
}
