//! What the program does besides serving: one file a subcommand.

pub mod scan;
mod screen;
mod table;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// The command line: a service, unless a subcommand is given.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "agent",
    version,
    about = "Watches a Kubernetes cluster, explains what is wrong, and mends it under a policy",
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
pub struct CommandLine {
    /// The settings of the service.
    #[command(flatten)]
    pub serve: Config,
    /// What to do in its place.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program does once and ends.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Say what is wrong in a namespace or a cluster. Reads only, and needs no running agent.
    Scan(scan::ScanArguments),
}
