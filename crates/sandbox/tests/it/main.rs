//! The sandbox, held against what real clusters do.
#![expect(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may panic")]

mod behaviour;
