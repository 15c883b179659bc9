//! The sandbox, held against what real clusters do.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    reason = "a test may panic"
)]

mod behaviour;
mod contract;
