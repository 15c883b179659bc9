//! Whether a fix helped: health over time, of the workload and of its neighbours.

use jiff::{SignedDuration, Timestamp};
use types::{Check, Evidence, Verdict};

/// What one look shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// All wanted replicas of the newest template are ready and nothing is wrong.
    Healthy,
    /// Not there yet, and nothing speaks against it.
    OnItsWay,
    /// The same or another fault is seen.
    Failing,
    /// Fewer ready than before the fix, or a neighbour lost health that it had.
    Worse,
}

/// One look at the workload after a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What was seen, for the record.
    pub check: Check,
    /// What it means.
    pub health: Health,
}

/// How long a verdict may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long health has to last before it counts.
    pub settle: SignedDuration,
    /// When a fix that has not helped by then counts as not helping.
    pub deadline: SignedDuration,
}

/// What this evidence shows, compared with the evidence before the fix.
pub fn look(_before: &Evidence, now: &Evidence) -> Look {
    let check = Check {
        at: now.taken_at,
        ready: now.workload.ready,
        desired: now.workload.desired,
        restarts: 0,
        note: String::new(),
    };
    Look { check, health: Health::OnItsWay }
}

/// The verdict over all looks since the write, oldest first; `None` while it is too early to say.
pub fn judge(_looks: &[Look], _applied_at: Timestamp, _patience: Patience) -> Option<Verdict> {
    None
}
