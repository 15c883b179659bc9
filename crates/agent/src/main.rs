//! Starts the agent.

use std::process::ExitCode;

use agent::command::CommandLine;
use agent::config::Config;
use agent::start::start;
use clap::Parser;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    agent::arena::share();
    start_up(line)
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
