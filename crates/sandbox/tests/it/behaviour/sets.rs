//! Stateful sets, daemon sets, jobs.
