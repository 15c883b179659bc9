//! What reflexion claims, told as stories over a scripted agent and a scripted model.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod fakes;
mod world;
mod stories;
mod restarts;
mod knowledge;
mod endpoints;
mod openapi;
mod model;
mod wire;
