//! Rules of the house that the compiler does not know.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod tree;
mod layers;
mod places;
mod prose;
mod size;
