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
mod comebacks;
mod unlearning;
mod restarts;
mod knowledge;
mod disk;
mod http;
mod endpoints;
mod openapi;
mod numbers;
mod put_off;
mod forgetting;
mod model;
mod failing_model;
mod wire;
