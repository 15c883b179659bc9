//! A flag that the program does not know.

use std::sync::LazyLock;

use regex::Regex;
use types::SlipKind;

use super::{Slip, edit};
use crate::evidence::failing::Failing;
use crate::log::left;
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;
use crate::patterns::pattern;

/// A flag as programs name it.
static FLAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:^|[\s'\x22`\[(,])(?P<flag>--?[A-Za-z][A-Za-z0-9_-]*)"));

/// The program names a flag that is spelt nearly like the one it was given.
pub(super) fn misspelt(failing: &Failing<'_>) -> Option<Slip> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Flag)?;
    let given = reading.about.as_deref()?.trim_matches(['\'', '"', '`']);
    let given = given.split([' ', '=', '\'', '"', '`']).next().unwrap_or_default();
    let wrong = given.trim_start_matches('-');
    let known = named(failing);
    let near = near_miss(wrong, known.iter().map(String::as_str))?;
    let mut edits = failing.words().into_iter().filter_map(|(path, text)| {
        let bare = text.trim_start_matches('-');
        let rest = bare.strip_prefix(wrong)?;
        let dashes = text.strip_suffix(bare)?;
        let is_it = !dashes.is_empty() && (rest.is_empty() || rest.starts_with(['=', ' ']));
        is_it.then(|| edit(path, text, format!("{dashes}{near}{rest}")))
    });
    let only = edits.next()?;
    Some(Slip {
        kind: SlipKind::Flag,
        shown_by: format!("The program itself names --{near}, and nothing else is as near."),
        edits: edits.next().is_none().then(|| vec![only])?,
    })
}

/// Every flag that its log names, without dashes.
fn named(failing: &Failing<'_>) -> Vec<String> {
    let lines = left::all(failing.facts);
    let Some(pattern) = FLAG.as_ref() else { return vec![] };
    let flags = lines.flat_map(|line| {
        let found = pattern.captures_iter(line).filter_map(|it| it.name("flag"));
        found.map(|it| it.as_str().trim_start_matches('-').to_owned()).collect::<Vec<_>>()
    });
    flags.collect()
}

#[test]
fn the_pattern_is_one() {
    assert!(FLAG.is_some());
}
