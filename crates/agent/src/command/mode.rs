//! `agent mode`: the stop button on the command line.

use clap::Args;
use types::Mode;
use types::wire::ModeBody;

use super::remote::Remote;
use crate::config::ModeSetting;

/// Where it is set.
const PATH: &str = "/api/v1/mode";

/// What the running agent may do.
#[derive(Debug, Clone, Args)]
pub struct ModeArguments {
    /// What it may do from now on; without it, what it may do now is said.
    pub mode: Option<ModeSetting>,
    /// Why, for the journal; `auto` wants it.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// The running agent.
    #[command(flatten)]
    pub remote: Remote,
}

/// Sets or reads the mode, and says what it is then.
pub(super) async fn run(arguments: &ModeArguments) -> anyhow::Result<()> {
    let remote = &arguments.remote;
    let body: ModeBody = match arguments.mode.map(Mode::from) {
        Some(mode) => {
            remote.put(PATH, &ModeBody { mode, reason: arguments.reason.clone() }).await?
        }
        None => remote.get(PATH).await?,
    };
    Ok(super::print(&format!("{}\n", body.mode))?)
}
