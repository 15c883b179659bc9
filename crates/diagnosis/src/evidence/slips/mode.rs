//! The mode of the files of a volume.

use serde_json::Value;
use types::{Edit, FieldPath, SlipKind, SpotTopic};

use super::Slip;
use crate::evidence::failing::Failing;
use crate::evidence::spots::meant_mode;

/// The bits of a mode that let somebody read a file.
const READ: i32 = 0o444;
/// What a mode is where a template states none: the API server writes it down, a manifest mostly lacks it.
const DEFAULT: i32 = 0o644;

/// A file of a volume is started that nobody may execute: whoever may read it may run it.
pub(super) fn not_executable(failing: &Failing<'_>) -> Option<Slip> {
    let (path, mode) = told(failing, SpotTopic::Start)?;
    let meant = mode | (mode & READ) >> 2;
    let from = (mode != DEFAULT).then(|| Value::from(mode));
    let shown_by = format!(
        "Who may read the file may execute it with the mode {meant:04o}, which is {meant} in JSON."
    );
    let edit = Edit { path, from, to: Some(Value::from(meant)) };
    (meant != mode).then(|| Slip { kind: SlipKind::Mode, shown_by, edits: vec![edit] })
}

/// A file of a volume that others may use, as its mode was written without the zero that makes it octal.
pub(super) fn misread(failing: &Failing<'_>) -> Option<Slip> {
    let (path, mode) = told(failing, SpotTopic::Denied)?;
    let meant = meant_mode(mode)?;
    let shown_by = format!(
        "The mode {mode} is {mode:04o} in octal; its digits in octal are {meant:04o}, which is {meant} as a number."
    );
    let edit = Edit { path, from: Some(Value::from(mode)), to: Some(Value::from(meant)) };
    Some(Slip { kind: SlipKind::Mode, shown_by, edits: vec![edit] })
}

/// The field with a mode that is to blame, and the mode.
fn told(failing: &Failing<'_>, topic: SpotTopic) -> Option<(FieldPath, i32)> {
    let is_mode = |it: &str| it.ends_with("/defaultMode") || it.ends_with("/mode");
    let mut spots = failing.facts.spots.iter().filter(|it| it.topic == topic);
    let found = spots.find(|it| is_mode(&it.path))?;
    let mode = i32::from_str_radix(&found.value, 8).ok()?;
    let names: Vec<&str> = found.path.split('/').skip(1).collect();
    Some((names.iter().fold(FieldPath::root(), |path, it| path.child(it)), mode))
}
