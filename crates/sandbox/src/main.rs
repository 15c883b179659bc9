//! Starts a sandbox and says where it is.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use sandbox::generated::Size;
use sandbox::{NodeSpec, Options};

/// A Kubernetes cluster in one process.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Where the API listens; port 0 takes a free one.
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How much faster than life containers start, back off and fail.
    #[arg(long, env = "SANDBOX_SPEED", default_value_t = 1.0)]
    speed: f64,
    /// Where to write a kubeconfig.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Where to write down every request, one JSON line each.
    #[arg(long)]
    audit_log: Option<PathBuf>,
    /// How many nodes the cluster has.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Instead of an empty cluster, one with so many pods and what belongs to them, in which nothing moves.
    #[arg(long)]
    generated_pods: Option<usize>,
    /// Of these only Deployments, with what each of them needs.
    #[arg(long, requires = "generated_pods")]
    generated_deployments: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let size = if arguments.generated_deployments { Size::of_deployments } else { Size::of_pods };
    let sandbox = sandbox::start(Options {
        listen: arguments.listen,
        speed: arguments.speed,
        nodes: NodeSpec::several(arguments.nodes),
        audit_log: arguments.audit_log,
        generated: arguments.generated_pods.map(size),
    })
    .await?;
    if let Some(path) = &arguments.kubeconfig {
        std::fs::write(path, sandbox.kubeconfig())
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    tracing::info!(url = sandbox.url(), "the cluster is up");
    tokio::signal::ctrl_c().await.context("nothing can be heard of signals")?;
    sandbox.stop().await;
    Ok(())
}
