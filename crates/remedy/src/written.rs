//! What was written is taken back, whatever the policy says by then.

use types::{Evidence, FixPlan};

use crate::place;

/// A plan that was written, in this life of the process or in one before: the journal, which is written before the
/// cluster is, vouches for it. It can be taken back, and there is no way to apply it.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenPlan(FixPlan);

impl WrittenPlan {
    /// The plan of which the journal says that it was written.
    pub fn by_journal(plan: FixPlan) -> Self {
        Self(plan)
    }

    /// What takes it back.
    #[must_use]
    pub fn undo(&self) -> FixPlan {
        self.0.undo()
    }

    /// What follows the undo, by what is seen after it: broken pods of the template that was taken back are
    /// evicted, where nobody else replaces them.
    #[must_use]
    pub fn undo_of_pods(&self, before: &Evidence, now: &Evidence) -> FixPlan {
        let steps = if place::pods_follow(now) { vec![] } else { place::left_behind(before, now) };
        FixPlan { steps, ..self.0.undo() }
    }
}
