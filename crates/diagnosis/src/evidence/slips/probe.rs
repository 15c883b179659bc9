//! What a probe asks for, where its container has it otherwise.

use types::SlipKind;

use super::{Slip, Spot, edit};
use crate::evidence::probed;

/// A probe asks for a file or a program that is not there, and the container has one of nearly this name elsewhere.
pub(super) fn asks_otherwise(spot: &Spot<'_>) -> Option<Slip> {
    let spec = spot.objects.root.pod_spec()?;
    let mut misses = probed::misses(spec, (spot.container, &spot.path), spot.facts);
    // Where a probe asks over HTTP, `fix_probe_port` writes.
    misses.retain(|it| !it.path.to_string().ends_with("/httpGet/path"));
    let shown_by = misses.first()?.shown_by.clone();
    let mut edits: Vec<_> =
        misses.into_iter().map(|it| edit(it.path, &it.text, it.meant)).collect();
    edits.dedup();
    Some(Slip { kind: SlipKind::Probe, shown_by, edits })
}
