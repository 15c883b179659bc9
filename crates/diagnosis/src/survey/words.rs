//! Words that several rules use.

use std::collections::BTreeMap;

use serde_json::Value;
use types::Clue;

use super::scene::Scene;
use crate::near_miss::near_miss;
use crate::redact::shortened;
use crate::same_words::of_same_words;

/// Characters of a message of the cluster that are shown in a sentence.
const MAX_CHARS: usize = 300;
/// Names that are listed one by one.
const MAX_NAMES: usize = 5;

/// A text of the cluster as a part of a sentence: redacted, on one line, short, without its full stop.
pub(super) fn quoted(text: &str, scene: &Scene<'_>) -> String {
    let text = scene.redact(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|it| !it.is_control()).collect();
    let mut short = shortened(&line, MAX_CHARS);
    if short.len() < line.len() {
        // Before the word that does not fit: half a secret is not known as one, when the finding is told.
        short.truncate(short.rfind(' ').unwrap_or(short.len()));
        short.push('…');
    }
    short.trim_end_matches('.').to_owned()
}

/// `There is no Service wbe; there is web, which was probably meant.`
pub(super) fn missing<'n>(
    kind: &str,
    wanted: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let same = || of_same_words(wanted, names.iter().copied(), &[]);
    match (near_miss(wanted, names.iter().copied()), same()) {
        (Some(near), _) => {
            format!("There is no {kind} {wanted}; there is {near}, which was probably meant.")
        }
        (None, Some(same)) => {
            format!("There is no {kind} {wanted}; there is {same}, which may have been meant.")
        }
        (None, None) => format!("There is no {kind} {wanted}."),
    }
}

/// The name that was probably meant, as a value of a patch.
pub(super) fn meant<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<Value> {
    let names: Vec<_> = names.into_iter().collect();
    let same = || of_same_words(wanted, names.iter().copied(), &[]).map(ToOwned::to_owned);
    near_miss(wanted, names.iter().copied()).or_else(same).map(Value::from)
}

/// What a field that cannot be changed should have said, where nothing else is as near: the object is made anew
/// with it.
pub(super) fn made_anew<'n>(
    field: &str,
    wanted: &str,
    names: impl IntoIterator<Item = &'n str>,
    how: &str,
) -> String {
    let near = near_miss(wanted, names);
    near.map(|near| format!(" The field cannot be changed: {how} with {field}: {near}."))
        .unwrap_or_default()
}

/// `a, b and 3 more`
pub(super) fn listed(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The annotation or label of this name.
pub(super) fn entry<'m>(map: Option<&'m BTreeMap<String, String>>, name: &str) -> Option<&'m str> {
    map?.get(name).map(String::as_str)
}

/// Whether a clue is of what a container said: a line of its log, or of what it left as its termination message.
pub(super) fn is_of_log(clue: &Clue) -> bool {
    clue.fact.ends_with("].log") || clue.fact.ends_with("].exit_message")
}
