//! A program or a flag with what belongs to it in one text, where each word has to be a text of its own.

use serde_json::Value;
use types::{Edit, SlipKind};

use super::Slip;
use crate::evidence::failing::Failing;
use crate::evidence::spots::{in_one_text, plain_words};
use crate::log::reading::Trouble;

/// The runtime looks for a program that is called like the whole line.
pub(super) fn program(failing: &Failing<'_>) -> Option<Slip> {
    let (field, text) = in_one_text(failing.container, &failing.facts.state)?;
    let words = plain_words(text)?;
    let shown_by = format!(
        "The runtime takes the whole text for the name of a program, and it has {} words.",
        words.len()
    );
    let edits = vec![split(failing, field, 0, &words)?];
    Some(Slip { kind: SlipKind::Command, shown_by, edits })
}

/// The program does not know a flag that has its value behind a space.
pub(super) fn flag(failing: &Failing<'_>) -> Option<Slip> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Flag)?;
    let lists = [("command", &failing.container.command), ("args", &failing.container.args)];
    let texts = lists.into_iter().flat_map(|(field, list)| {
        let texts = list.as_deref().unwrap_or_default().iter().enumerate();
        texts.map(move |(at, it)| (field, at, it.as_str()))
    });
    let mut found = texts.filter_map(|(field, at, text)| {
        let words = plain_words(text).filter(|it| it.len() == 2)?;
        // Its own words show that it took both for one.
        let is_it = text.starts_with('-') && is_shown(reading.line, text);
        is_it.then_some((field, at, words))
    });
    let (field, at, words) = found.next().filter(|_| found.next().is_none())?;
    let [flag, value] = words.as_slice() else { return None };
    let shown_by = format!("The program takes {flag} and {value} for one word.");
    Some(Slip { kind: SlipKind::Flag, shown_by, edits: vec![split(failing, field, at, &words)?] })
}

/// Whether the line has the text as it stands. Go's own flags are named with one dash, and musl's without any.
fn is_shown(line: &str, text: &str) -> bool {
    let bare = text.trim_start_matches('-');
    let is_long = text.starts_with("--");
    let shown = [format!(" -{bare}"), format!(": {bare}")];
    line.contains(text) || is_long && shown.iter().any(|it| line.contains(it))
}

/// The list with the one text in words.
fn split(failing: &Failing<'_>, field: &'static str, at: usize, words: &[&str]) -> Option<Edit> {
    let list = match field {
        "command" => failing.container.command.as_ref()?,
        _ => failing.container.args.as_ref()?,
    };
    let (before, rest) = list.split_at_checked(at)?;
    let (_, after) = rest.split_first()?;
    let of = |texts: &[String]| texts.iter().map(|it| Value::from(it.as_str())).collect::<Vec<_>>();
    let words = words.iter().map(|it| Value::from(*it)).collect();
    let to = [of(before), words, of(after)].concat();
    Some(Edit {
        path: failing.path.child(field),
        from: Some(Value::from(of(list))),
        to: Some(Value::from(to)),
    })
}
