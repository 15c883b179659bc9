//! A word in a key of a ConfigMap: a host, a value that the program lists another for, the name of a setting, or a
//! file.

use types::{FieldPath, SlipFacts, SlipKind};

use super::file::missing as missing_file;
use super::variable::missing_host;
use super::{edit, replaced};
use crate::Redactor;
use crate::evidence::brought::{Brought, only};
use crate::evidence::failing::Failing;
use crate::evidence::spots::{allowed, names_file, setting};
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;

/// Bytes of a text that is put into a patch as a whole.
const MAX_TEXT: usize = 4 * 1024;
/// How short a value may be that is looked for in the midst of others.
const SHORT: usize = 4;

/// The slip in what ConfigMaps bring, where one key has it, and all of that may be shown.
pub(super) fn slip(failing: &Failing<'_>, redactor: &Redactor) -> Option<SlipFacts> {
    let all = failing.brought();
    let in_template = |word: &str| failing.words_and_values().iter().any(|it| it.1.contains(word));
    let (found, shown_by, to) = host(failing, &all)
        .or_else(|| value(failing, &all))
        .or_else(|| misnamed(failing, &all))
        .or_else(|| file(failing, &all))
        .filter(|it| !in_template(it.0.1))
        .and_then(|((found, word), (meant, shown_by))| {
            Some((found, shown_by, replaced(found.text, word, &meant)?))
        })?;
    // A patch holds all of the key, and one with a mark in it would be none.
    let name = found.variable.as_deref().unwrap_or(found.key);
    let is_open = |it: &str| redactor.redact_value(name, it) == it && redactor.redact(it) == it;
    if MAX_TEXT < found.text.len() || !is_open(found.text) || !is_open(&to) {
        return None;
    }
    let path = FieldPath::root().child("data").child(found.key);
    Some(SlipFacts {
        alike: false,
        container: failing.facts.name.clone(),
        kind: SlipKind::Value,
        path: path.to_string(),
        config_map: Some(found.map.to_owned()),
        shown_by: redactor.redact(&shown_by),
        edits: vec![edit(path, found.text, to)],
    })
}

/// The key and the word in it, what was meant, and what says so.
type Found<'b, 'a> = ((&'b Brought<'a>, &'a str), (String, String));

fn host<'b, 'a>(failing: &Failing<'a>, all: &'b [Brought<'a>]) -> Option<Found<'b, 'a>> {
    let missing = missing_host(failing)?;
    let found = only(all, |it| it.has(&missing.wrong))?;
    Some(((found, word_in(found, &missing.wrong)?), (missing.near, missing.shown_by)))
}

fn value<'b, 'a>(failing: &Failing<'a>, all: &'b [Brought<'a>]) -> Option<Found<'b, 'a>> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let wrong = reading.about.as_deref()?.trim_matches(['"', '\'', '`']);
    let near = near_miss(wrong, allowed(reading.line).iter().map(String::as_str))?;
    let is_it = |it: &Brought<'_>| it.text.trim() == wrong || SHORT <= wrong.len() && it.has(wrong);
    let found = only(all, is_it)?;
    let shown_by = format!("The program does not take {wrong}, and {near} is nearest to it.");
    Some(((found, word_in(found, wrong)?), (near, shown_by)))
}

fn misnamed<'b, 'a>(failing: &Failing<'a>, all: &'b [Brought<'a>]) -> Option<Found<'b, 'a>> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Unset)?;
    let wanted = reading.about.as_deref()?;
    let files = || all.iter().filter(|it| it.variable.is_none());
    let names = || files().flat_map(|it| it.text.lines()).filter_map(setting);
    let wrong = near_miss(wanted, names()).filter(|_| names().all(|it| it != wanted))?;
    let has = |it: &Brought<'_>| {
        it.variable.is_none() && it.text.lines().filter_map(setting).any(|it| it == wrong)
    };
    let found = only(all, has)?;
    let shown_by = format!("The program asks for {wanted}, and nothing else is as near.");
    Some(((found, word_in(found, &wrong)?), (wanted.to_owned(), shown_by)))
}

/// A file that it misses, and that is there under nearly the name that one key gives it.
fn file<'b, 'a>(failing: &Failing<'a>, all: &'b [Brought<'a>]) -> Option<Found<'b, 'a>> {
    let missing = missing_file(failing)?;
    let found = only(all, |it| names_file(it.text, &missing.wrong))?;
    Some(((found, word_in(found, &missing.wrong)?), (missing.right, missing.shown_by)))
}

/// The word as it stands in the text.
fn word_in<'a>(found: &Brought<'a>, word: &str) -> Option<&'a str> {
    let at = found.text.find(word)?;
    found.text.get(at..at + word.len())
}
