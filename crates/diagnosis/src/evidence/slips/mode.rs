//! The mode of the files of a volume.

use serde_json::Value;
use types::{Edit, FieldPath, SlipKind, SpotTopic};

use super::{Slip, Spot};

/// The bits of a mode that let somebody read a file.
const READ: i32 = 0o444;
/// What a mode is where a template states none: the API server writes it down, a manifest mostly lacks it.
const DEFAULT: i32 = 0o644;

/// A file of a volume is started that nobody may execute: whoever may read it may run it.
pub(super) fn not_executable(spot: &Spot<'_>) -> Option<Slip> {
    let is_mode = |it: &str| it.ends_with("/defaultMode") || it.ends_with("/mode");
    let mut starts = spot.facts.spots.iter().filter(|it| it.topic == SpotTopic::Start);
    let found = starts.find(|it| is_mode(&it.path))?;
    let mode = i32::from_str_radix(&found.value, 8).ok()?;
    let meant = mode | (mode & READ) >> 2;
    let names: Vec<&str> = found.path.split('/').skip(1).collect();
    let path = names.iter().fold(FieldPath::root(), |path, it| path.child(it));
    let from = (mode != DEFAULT).then(|| Value::from(mode));
    let shown_by = format!(
        "Who may read the file may execute it with the mode {meant:04o}, which is {meant} in JSON."
    );
    let edit = Edit { path, from, to: Some(Value::from(meant)) };
    (meant != mode).then(|| Slip { kind: SlipKind::Mode, shown_by, edits: vec![edit] })
}
