//! Starts reflexion.

use std::process::ExitCode;

use clap::Parser;
use reflexion::config::Config;
use reflexion::start::start;

/// Two threads besides those that serve HTTP: heals wait most of the time.
#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let ended = run(Config::parse()).await;
    service::shutdown::exit_code(ended.map(|()| ExitCode::SUCCESS))
}

async fn run(config: Config) -> anyhow::Result<()> {
    if config.healthcheck {
        return Ok(service::health::ask(config.listen)?);
    }
    service::telemetry::init();
    let running = start(&config).await?;
    tracing::info!(address = %running.address, "listening");
    running.until(service::shutdown::requested()).await
}
