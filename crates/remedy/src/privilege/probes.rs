//! What the probes of a container run, before and after an edit: another of its probes may run it as well, since that
//! has nothing run in it that is not run already.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use types::{ContainerFacts, Edit};

/// The probes of a container.
pub(super) const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// A container by its list and its place in it, and one of its probes.
type Place = (String, String, String);

/// The commands of probes that run one.
pub(super) struct Commands(BTreeMap<Place, Value>);

impl Commands {
    /// Those of the present template.
    pub(super) fn of(containers: &[ContainerFacts]) -> Self {
        let of_one = |container: &ContainerFacts| {
            let (list, index) = (container.role.list(), container.index.to_string());
            let with_command = container.probes.iter().filter(|it| !it.command.is_empty());
            let place = |field: &str| (list.to_owned(), index.clone(), field.to_owned());
            let all = with_command.map(|it| (place(it.kind.field()), it.command.clone().into()));
            all.collect::<Vec<_>>()
        };
        Self(containers.iter().flat_map(of_one).collect())
    }

    /// Those of the template with these edits. Where a list of containers is another one, none is known.
    pub(super) fn after(mut self, edits: &[Edit]) -> Self {
        if edits.iter().any(super::is_whole) {
            return Self(BTreeMap::new());
        }
        for edit in edits {
            let names: Vec<String> = edit.path.names().collect();
            let Some((place, below)) = place(&names) else { continue };
            let to = edit.to.as_ref();
            let command = match below.as_slice() {
                [] => to.and_then(|it| it.pointer("/exec/command")),
                ["exec"] => to.and_then(|it| it.get("command")),
                ["exec", "command"] => to,
                ["exec", ..] => None,
                [..] => continue,
            };
            match command {
                Some(command) => self.0.insert(place, command.clone()),
                None => self.0.remove(&place),
            };
        }
        self
    }

    /// What each probe of a container may run: what any of them runs.
    pub(super) fn allowed(&self) -> BTreeSet<String> {
        let of_one = |((list, index, _), command): (&Place, &Value)| {
            PROBES.map(|probe| format!("{} {list} {index}", runs(probe, command)))
        };
        self.0.iter().flat_map(of_one).collect()
    }
}

/// The right that a command of a probe is, in words.
pub(super) fn runs(probe: &str, command: &Value) -> String {
    format!("{probe} runs {command}")
}

/// Whether the edit is one of a single probe, so that it is known of which container.
pub(super) fn is_of_one(edit: &Edit) -> bool {
    place(&edit.path.names().collect::<Vec<_>>()).is_some()
}

/// The probe that these names lead to, and what is left of them.
fn place(names: &[String]) -> Option<(Place, Vec<&str>)> {
    let list = names.iter().position(|it| super::is_list(it))?;
    let (index, probe) = (names.get(list + 1)?, names.get(list + 2)?);
    let below = names.get(list + 3..)?.iter().map(String::as_str).collect();
    let place = (names.get(list)?.clone(), index.clone(), probe.clone());
    PROBES.contains(&probe.as_str()).then_some((place, below))
}
