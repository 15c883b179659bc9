//! The registry of strategies: what each diagnosis can be answered with.

use types::{Diagnosis, Evidence, FixPlan};

/// The plans for these diagnoses, best first by rule, without repeats.
pub fn plans(_diagnoses: &[Diagnosis], _evidence: &Evidence) -> Vec<FixPlan> {
    vec![]
}
