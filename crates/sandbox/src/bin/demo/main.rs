//! The show: a small cluster, both services, five workloads broken in five ways, and one of them again.

mod cast;
mod stage;
mod follow;
mod story;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::follow::Follower;
use crate::stage::Stage;
use crate::terminal::Terminal;

/// Starts a small cluster with both services and shows how five faults are healed.
#[derive(Debug, Parser)]
#[command(name = "demo", version, about)]
struct Arguments {
    /// How much faster than real time the cluster's back-offs, probes and start-ups run.
    #[arg(long, default_value_t = 20.0)]
    speed: f64,

    /// Stop everything when the show is over, with exit code 1 when something was not healed.
    #[arg(long)]
    exit: bool,

    /// Where the agent listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    agent: std::net::SocketAddr,

    /// Where reflexion listens.
    #[arg(long, default_value = "127.0.0.1:8000")]
    reflexion: std::net::SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut terminal = Terminal::default();
    match run(&arguments, &mut terminal).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal.problem(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The whole evening: set the stage, play, bow, and clear up whatever happened in between.
async fn run(arguments: &Arguments, terminal: &mut Terminal) -> anyhow::Result<bool> {
    let stage = Stage::set(arguments, terminal).await?;
    let played = tokio::select! {
        played = play(&stage, terminal) => played,
        () = interrupted() => Ok(true),
    };
    let healed = match played {
        Ok(healed) => {
            if !arguments.exit {
                terminal.addresses(
                    &stage.agent,
                    &stage.reflexion,
                    &stage.kubeconfig,
                    &stage.admin_token,
                );
                interrupted().await;
            }
            healed
        }
        Err(error) => {
            terminal.problem(&format!("{error:#}"));
            terminal.problem(&format!("the logs of this run are in {}", stage.folder.display()));
            false
        }
    };
    terminal.line("Stopping everything.");
    stage.clear(healed).await;
    Ok(healed)
}

/// Plays all acts; whether each was healed and nothing else was touched.
async fn play(stage: &Stage, terminal: &mut Terminal) -> anyhow::Result<bool> {
    let mut follower = Follower::start(stage).await?;
    cast::enter(stage).await?;
    terminal.line("Six workloads are up; one of them will be left alone.");
    let mut healed = true;
    for act in cast::acts() {
        terminal.act(act.title);
        act.break_it(stage).await?;
        healed &= story::tell(stage, &mut follower, &act, terminal).await?;
    }
    let untouched = cast::bystander_is_untouched(stage).await?;
    terminal.summary(healed, untouched);
    Ok(healed && untouched)
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
