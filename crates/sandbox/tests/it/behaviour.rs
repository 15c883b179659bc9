//! Failures of workloads, one by one: their reasons, their texts, and how they heal.

mod cluster;
mod crashes;
mod crowd;
mod images;
mod rollouts;
mod scheduling;
mod settings;
mod sets;
