//! What both services need to be good citizens, and nothing of their domain.
//!
//! Telemetry, metrics, authentication, health, input and error bodies, documentation pages, an HTTP client and the
//! rules for listening and for where requests come from. Each part stands alone; a service puts them together in
//! its `http.rs` and `main.rs`.

pub mod telemetry;
pub mod listen;
pub mod lock;
pub mod auth;
pub mod review;
pub mod origin;
pub mod head;
pub mod problem;
pub mod input;
pub mod metrics;
pub mod health;
pub mod docs;
pub mod openapi;
mod described;
pub mod client;
pub mod shutdown;
