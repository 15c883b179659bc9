//! The agent from outside: its API document, and its life beside an API server that is played.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic, and has to say when it was skipped"
)]

mod openapi;
mod api_server;
mod agent_process;
mod watching;
mod manners;
mod many_fixes;
mod paused_leaders;
mod starting;
mod reading;
mod analysis;
mod scan_command;
mod k8sgpt;
mod registry;
mod shop;
mod well;
mod incidents;
mod cluster;
mod whole_cluster;
mod live;
mod fault_proxy;
mod agent_binary;
mod stage;
mod stories;
mod hooks;
mod callers;
mod journal;
mod restarted_caps;
mod kill_points;
mod stolen_requests;
mod stolen_rights;
mod stolen_images;
mod stolen_leases;
mod stolen_services;
mod stolen_fields;
mod stolen_templates;
mod stolen_list;
mod legal_requests;
mod stolen_token;
mod printed;
mod identities;
mod rights_report;
