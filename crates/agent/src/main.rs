//! Starts the agent.

use std::process::ExitCode;

use agent::command::CommandLine;
use agent::config::Config;
use agent::start::start;
use clap::Parser;
use tikv_jemallocator::Jemalloc;

/// Gives memory back as soon as it is free: a scan of a large cluster needs as much again as all that is kept, for two
/// seconds. `.cargo/config.toml` sets it so.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    start_up(CommandLine::parse())
}

/// One thread besides those that serve HTTP: the watches and triage wait most of the time.
#[tokio::main(worker_threads = 1)]
async fn start_up(line: CommandLine) -> ExitCode {
    service::shutdown::exit_code(run(line).await)
}

async fn run(line: CommandLine) -> anyhow::Result<ExitCode> {
    match line.command {
        None => serve(&line.serve).await.map(|()| ExitCode::SUCCESS),
        Some(command) => command.run().await,
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    if config.healthcheck {
        return Ok(service::health::ask(config.listen)?);
    }
    service::telemetry::init();
    let running = start(config).await?;
    tracing::info!(address = %running.address, "listening");
    running.until(service::shutdown::requested()).await?;
    Ok(())
}
