//! What both services need to be good citizens, and nothing of their domain.
//!
//! Telemetry, metrics, authentication, health, error bodies, documentation pages, an HTTP client
//! and the rules for listening. Each part stands alone; a service puts them together in its
//! `http.rs` and `main.rs`.

pub mod telemetry;
pub mod listen;
pub mod auth;
pub mod problem;
pub mod metrics;
pub mod health;
pub mod docs;
pub mod client;
pub mod shutdown;
