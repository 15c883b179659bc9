//! What a probe asks for, where its container has it otherwise.

use types::SlipKind;

use super::{Slip, edit};
use crate::evidence::failing::Failing;
use crate::evidence::probed;

/// A probe asks for a file or a program that is not there, and the container has one of nearly this name elsewhere.
pub(super) fn asks_otherwise(failing: &Failing<'_>) -> Option<Slip> {
    let mut misses =
        probed::misses(failing.spec, (failing.container, &failing.path), failing.facts);
    // Where a probe asks over HTTP, `fix_probe_port` writes.
    misses.retain(|it| !it.path.to_string().ends_with("/httpGet/path"));
    let shown_by = misses.first()?.shown_by.clone();
    let mut edits: Vec<_> =
        misses.into_iter().map(|it| edit(it.path, &it.text, it.meant)).collect();
    edits.dedup();
    Some(Slip { kind: SlipKind::Probe, shown_by, edits })
}
