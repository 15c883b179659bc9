//! What the program does besides serving: one file a subcommand.

mod admission;
mod remote;
pub mod mode;
pub mod explain;
pub mod policy;
pub mod rbac;
pub mod scan;
mod screen;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

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
    /// Say or set what the running agent may do: `agent mode observe` stops all writing.
    Mode(mode::ModeArguments),
    /// Say why an execution was made, and why nothing else was.
    Explain(explain::ExplainArguments),
    /// Look at a policy before an agent gets it.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Print the roles that the agent needs under a policy, and no more, for kubectl apply.
    Rbac(rbac::RbacArguments),
}

impl Command {
    /// Does it, and says with which exit code the process ends.
    pub async fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Scan(arguments) => Ok(scan::run(arguments).await?),
            Self::Mode(arguments) => mode::run(arguments).await.map(|()| ExitCode::SUCCESS),
            Self::Explain(arguments) => explain::run(arguments).await.map(|()| ExitCode::SUCCESS),
            Self::Policy(command) => policy::run(command),
            Self::Rbac(arguments) => rbac::run(arguments),
        }
    }
}

/// Writes to standard output. Whoever stops reading has read enough.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}
