//! The registry of analyzers; its order is rank: a cause stands before its symptoms.

use types::{Diagnosis, Evidence};

/// What is wrong, causes before symptoms; empty for what is healthy or on its way.
pub fn diagnose(_evidence: &Evidence) -> Vec<Diagnosis> {
    vec![]
}
