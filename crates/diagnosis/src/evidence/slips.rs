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
mod variable;
mod mount;
mod port;
mod loopback;
mod mode;
mod unit;
mod amount;
mod probe;
mod twin;

pub(super) use command::{is_hardly_another, is_usual, usual};

use k8s_openapi::api::core::v1::Container;
use serde_json::Value;
use types::{
    ContainerFacts, ContainerRole, Edit, FieldPath, HeldImage, ImageFacts, RevisionFacts,
    SlipFacts, SlipKind,
};

use crate::analyzers::log_reading::{self, Reading};
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

/// A container that is not ready or fails a probe, and what is known of it.
struct Spot<'a> {
    objects: &'a Objects,
    told: &'a Told<'a>,
    container: &'a Container,
    facts: &'a ContainerFacts,
    /// Where it stands in the owner.
    path: FieldPath,
    /// What its log says went wrong.
    reading: Option<Reading<'a>>,
}

/// A slip before it becomes a fact.
struct Slip {
    kind: SlipKind,
    shown_by: String,
    edits: Vec<Edit>,
}

type Finder = fn(&Spot<'_>) -> Option<Slip>;

/// Order is rank: what was seen to work stands before what somebody says.
const FINDERS: &[Finder] = &[
    image::in_capitals,
    image::misshapen,
    image::misspelt,
    image::without_colon,
    image::held_elsewhere,
    split::program,
    command::misspelt,
    flag::misspelt,
    split::flag,
    variable::misnamed,
    variable::names_a_missing_host,
    variable::of_another_scheme,
    variable::used_otherwise,
    key::unlike_its_variable,
    key::of_a_secret,
    port::of_a_service,
    loopback::of_a_service,
    mount::at_another_place,
    mount::of_another_file,
    mount::under_another_name,
    mount::of_another_part,
    shared_memory::too_small,
    revision::spelt_otherwise,
    revision::with_another_script,
    command::unlike_the_usual,
    mode::not_executable,
    mode::misread,
    unit::too_large,
    unit::too_small,
    amount::unstated,
    amount::too_small,
    amount::over_a_default,
    amount::of_the_pod,
    amount::given_too_much,
    probe::asks_otherwise,
    twin::answers_elsewhere,
];
/// What may be wrong with a container that is ready, until a probe ends it.
const OF_READY: &[Finder] = &[probe::asks_otherwise];

/// The slips of all containers that are not ready or fail a probe.
pub(super) fn facts(objects: &Objects, told: &Told<'_>, redactor: &Redactor) -> Vec<SlipFacts> {
    let is_failing =
        |it: &&ContainerFacts| !it.ready || it.probes.iter().any(|it| it.failure.is_some());
    let spots = told.containers.iter().filter(is_failing).filter_map(|facts| {
        let spec = objects.root.pod_spec()?;
        let (name, list) = match facts.role {
            ContainerRole::App => ("containers", spec.containers.as_slice()),
            ContainerRole::Init => {
                ("initContainers", spec.init_containers.as_deref().unwrap_or_default())
            }
        };
        let path = objects.root.kind().pod_spec_path()?.child(name).index(facts.index);
        let log = if facts.previous_log.is_empty() { &facts.log } else { &facts.previous_log };
        let reading = log_reading::why(log);
        Some(Spot { objects, told, container: list.get(facts.index)?, facts, path, reading })
    });
    let mut found: Vec<SlipFacts> = vec![];
    for spot in spots {
        if !spot.facts.ready {
            found.extend(map::slip(&spot, redactor));
        }
        let finders = if spot.facts.ready { OF_READY } else { FINDERS };
        for slip in finders.iter().filter_map(|find| find(&spot)) {
            let Some(path) = slip.edits.first().map(|it| it.path.to_string()) else { continue };
            if found.iter().all(|it| it.path != path) {
                found.push(SlipFacts {
                    container: spot.facts.name.clone(),
                    kind: slip.kind,
                    path,
                    config_map: None,
                    alike: unit::is_alike(&spot, slip.kind, &slip.edits)
                        || twin::is_alike(&spot, slip.kind, &slip.edits),
                    shown_by: redactor.redact(&slip.shown_by),
                    edits: slip.edits,
                });
            }
        }
    }
    found.truncate(MAX_SLIPS);
    found
}

impl Spot<'_> {
    /// Every text of `command` and `args`, with its path.
    fn words(&self) -> Vec<(FieldPath, &str)> {
        let lists = [("command", &self.container.command), ("args", &self.container.args)];
        lists
            .into_iter()
            .flat_map(|(name, list)| {
                let path = self.path.child(name);
                let texts = list.as_deref().unwrap_or_default().iter().enumerate();
                texts.map(move |(at, it)| (path.index(at), it.as_str()))
            })
            .collect()
    }

    /// Every text of `command` and `args`, and every literal value of a variable, with its path.
    fn texts(&self) -> Vec<(FieldPath, &str)> {
        let variables = self.container.env.iter().flatten().enumerate();
        let values = variables.filter_map(|(at, it)| {
            Some((self.path.child("env").index(at).child("value"), it.value.as_deref()?))
        });
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
