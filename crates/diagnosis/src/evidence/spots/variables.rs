//! `$(NAME)` in a command, in arguments or in a value: what Kubernetes leaves as it is where nobody sets it.

use std::sync::LazyLock;

use regex::Regex;
use types::{FieldPath, SpotTopic};

use super::Spot;
use super::linked::linked;
use crate::evidence::failing::Failing;
use crate::near_miss::near_miss;
use crate::patterns::pattern;

/// A variable that Kubernetes puts in; two dollars are meant literally.
static EXPANSION: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?P<escape>\$?)\$\((?P<name>[A-Z_][A-Z0-9_]*)\)"));

/// A variable that stands where nothing is put in.
pub(super) fn unset(failing: &Failing<'_>) -> Option<Spot> {
    unnamed(failing).or_else(|| too_late(failing))
}

/// A variable that the template uses and does not set, where one of nearly this name is set or the log shows that
/// nothing was put in. A shell reads `$(NAME)` as a command, so that it alone says nothing.
fn unnamed(failing: &Failing<'_>) -> Option<Spot> {
    let names: Vec<_> = failing.container.env.iter().flatten().map(|it| it.name.as_str()).collect();
    let linked = linked(failing.objects, failing.spec);
    let known: Vec<&str> = names.iter().copied().chain(linked.names()).collect();
    let texts = failing.telling_words().into_iter().map(|(path, text)| (path, "", text));
    let values = failing.variables().into_iter();
    let mut found = texts.chain(values).filter_map(|(path, variable, text)| {
        let wanted = first_unset(text, &known)?;
        let near = near_miss(&wanted, names.iter().copied().filter(|it| *it != variable));
        let near = near.or_else(|| linked.meant(&wanted).map(|it| it.0));
        (near.is_some() || is_shown(failing, &wanted))
            .then_some((path, variable, text, wanted, near))
    });
    let (path, variable, text, wanted, near): (FieldPath, _, _, String, Option<String>) =
        found.next()?;
    let near = near.map(|it| format!("; {it} was probably meant")).unwrap_or_default();
    Some(Spot {
        topic: SpotTopic::Expansion,
        path,
        value: (variable.to_owned(), text.to_owned()),
        words: format!("; the template uses $({wanted}), which it does not set{near}"),
        key: None,
        shown: None,
    })
}

/// A value that uses a variable which is set only after it, while the log shows that nothing was put in.
fn too_late(failing: &Failing<'_>) -> Option<Spot> {
    let mut before: Vec<&str> = vec![];
    let path = failing.path.child("env");
    for (at, it) in failing.container.env.iter().flatten().enumerate() {
        let value = it.value.as_deref().unwrap_or_default();
        let wanted = first_unset(value, &before).filter(|wanted| is_shown(failing, wanted));
        let is_set = |wanted: &String| {
            failing.container.env.iter().flatten().skip(at + 1).any(|it| it.name == *wanted)
        };
        if let Some(wanted) = wanted.filter(is_set) {
            let name = &it.name;
            return Some(Spot {
                topic: SpotTopic::Expansion,
                path: path.index(at).child("value"),
                value: (name.clone(), value.to_owned()),
                words: format!("; {name} uses $({wanted}), which the template sets only after it"),
                key: None,
                shown: None,
            });
        }
        before.push(it.name.as_str());
    }
    None
}

/// The first variable of a text that is not set.
pub(crate) fn first_unset(text: &str, names: &[&str]) -> Option<String> {
    let all = EXPANSION.as_ref()?.captures_iter(text);
    let named = all.filter(|it| it.name("escape").is_none_or(|it| it.is_empty()));
    let mut wanted = named.filter_map(|it| it.name("name"));
    wanted.find(|it| !names.contains(&it.as_str())).map(|it| it.as_str().to_owned())
}

/// Whether the log, or the runtime, shows the variable as it stands in the template.
fn is_shown(failing: &Failing<'_>, wanted: &str) -> bool {
    let mark = format!("$({wanted})");
    let state = &failing.facts.state;
    let told = state.waiting_message.iter().chain(&state.exit_message);
    let mut lines = failing.facts.log.iter().chain(&failing.facts.previous_log).chain(told);
    lines.any(|it| it.contains(&mark))
}

#[test]
fn the_pattern_is_one() {
    assert!(EXPANSION.is_some());
}
