//! What an earlier revision that was ready had instead.

use serde_json::Value;
use types::{Edit, Kind, RevisionFacts, SlipKind};

use super::{Slip, Told};
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;

/// One word of the newest revision is a letter or two away from what an earlier one had that was ready.
pub(super) fn spelt_otherwise(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    let revision = earlier(told)?;
    let edits = own(failing, revision).flat_map(single_words);
    let kinds = edits.filter_map(|it| Some((kind(failing, &it)?, it)));
    let (edit, kind) = kinds.into_iter().find_map(|(kind, it)| {
        let (from, to) = (it.from.as_ref()?.as_str()?, it.to.as_ref()?.as_str()?);
        let is_near =
            near_miss(from, [to]).is_some() || kind == SlipKind::Value && is_quoted(failing, from);
        is_near.then(|| (it.clone(), kind))
    })?;
    Some(Slip { kind, shown_by: shown_by(failing, revision), edits: vec![edit] })
}

/// A shell cannot read what it is given, and an earlier revision that was ready gave it something else.
pub(super) fn with_another_script(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    failing.reading.as_ref().filter(|it| it.trouble == Trouble::Syntax)?;
    let revision = earlier(told)?;
    let is_script = |it: &&Edit| {
        let fields = ["command", "args"].map(|it| failing.path.child(it));
        fields.iter().any(|field| it.path.is_within(field))
    };
    let edits: Vec<_> = own(failing, revision).filter(is_script).cloned().collect();
    (!edits.is_empty()).then(|| Slip {
        kind: SlipKind::Script,
        shown_by: shown_by(failing, revision),
        edits,
    })
}

/// The newest earlier revision that was ready.
fn earlier<'a>(told: &Told<'a>) -> Option<&'a RevisionFacts> {
    told.revisions.iter().find(|it| !it.current && it.was_ready)
}

/// What the return to a revision edits in the container.
fn own<'a>(
    failing: &'a Failing<'_>,
    revision: &'a RevisionFacts,
) -> impl Iterator<Item = &'a Edit> {
    revision.edits.iter().filter(|it| it.path.is_within(&failing.path))
}

fn shown_by(failing: &Failing<'_>, revision: &RevisionFacts) -> String {
    if failing.objects.root.kind() == Kind::CronJob {
        return format!("Job {} succeeded with it.", revision.name);
    }
    format!("Revision {} was ready with it.", revision.revision)
}

/// An edit of a whole list as edits of its words, where only one of them differs; else as it is.
fn single_words(edit: &Edit) -> Vec<Edit> {
    let (Some(Value::Array(from)), Some(Value::Array(to))) = (&edit.from, &edit.to) else {
        return vec![edit.clone()];
    };
    let pairs = from.iter().zip(to).enumerate().filter(|it| it.1.0 != it.1.1);
    let words: Vec<_> = pairs
        .map(|(at, (from, to))| Edit {
            path: edit.path.index(at),
            from: Some(from.clone()),
            to: Some(to.clone()),
        })
        .collect();
    if from.len() == to.len() && words.len() == 1 { words } else { vec![] }
}

/// What kind of field the edit is about; `None` for one that is no business of this.
fn kind(failing: &Failing<'_>, edit: &Edit) -> Option<SlipKind> {
    let depth = failing.path.names().count();
    let names: Vec<String> = edit.path.names().skip(depth).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = edit.from.as_ref()?.as_str()?;
    match names.as_slice() {
        ["command" | "args", _] if text.starts_with('-') => Some(SlipKind::Flag),
        ["command" | "args", _] if text.contains(char::is_whitespace) => Some(SlipKind::Script),
        ["command" | "args", _] => Some(SlipKind::Command),
        ["env", _, "value"] => Some(SlipKind::Value),
        ["volumeMounts", _, "mountPath" | "subPath"] | ["workingDir"] => Some(SlipKind::Mount),
        _ => None,
    }
}

/// Whether the log quotes the value: what a program cannot read it mostly shows.
fn is_quoted(failing: &Failing<'_>, value: &str) -> bool {
    failing.facts.quoted.iter().any(|it| it.1 == value)
}
