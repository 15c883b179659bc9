//! Every figure that we claim, measured from outside on the binaries that a user starts.
//!
//! `scripts/bench.sh` builds them and names their folder in `FIGURES_BIN`; without it nothing is measured. A figure
//! above its goal is told at the end, and the command fails. A machine that does other work beside this measures that
//! work as well: it is for a person to start, not for a gate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints, and stops when what it measures does not work"
)]

mod report;
mod process;
mod http;
mod watch;
mod large;
mod heal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use process::Program;
use report::{Report, millis, quantile, span};

/// Starts that are measured; the median is shown.
const STARTS: usize = 15;
/// How long a process is left alone before its memory is read.
const REST: Duration = Duration::from_secs(5);
/// Goals of a start and of what has nothing to do.
const READY: Duration = Duration::from_millis(150);
const IDLE_MIB: f64 = 25.0;

fn main() -> ExitCode {
    let Some(bin) = std::env::var_os("FIGURES_BIN").map(PathBuf::from) else {
        println!("Nothing is measured: scripts/bench.sh builds what this needs.");
        return ExitCode::SUCCESS;
    };
    let mut report = Report::default();
    // What to measure may be named; else everything is.
    let wanted = std::env::var("FIGURES").unwrap_or_default();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.split(',').any(|it| it == part);
    if is_wanted("start") {
        starts(&bin, &Program::sandbox(&bin, 3), &mut report);
    }
    if is_wanted("watch") {
        watch::measure(&bin, &mut report);
    }
    if is_wanted("large") {
        large::measure(&bin, &large::DEPLOYMENTS, &mut report);
    }
    if is_wanted("full") {
        large::measure(&bin, &large::FULL, &mut report);
    }
    if is_wanted("heal") {
        heal::measure(&bin, &mut report);
    }
    report.end()
}

/// Start to ready and memory at rest, in an empty cluster.
fn starts(bin: &Path, sandbox: &Program, report: &mut Report) {
    let measure = |start: &dyn Fn() -> Program| {
        let mut took: Vec<Duration> = (0..STARTS).map(|_| start().ready_after).collect();
        took.sort();
        let running = start();
        process::pause(REST);
        (took[STARTS / 2], took[STARTS - 1], running)
    };
    let words = |median, worst| format!("median {}, worst {}", millis(median), millis(worst));
    let (median, worst, agent) = measure(&|| Program::agent(bin, sandbox));
    report.held("agent: start to ready, new files", &words(median, worst), span(median, READY));
    report.memory("agent: memory at rest, empty cluster", agent.memory_mib(), Some(IDLE_MIB));

    let (median, worst, reflexion) = measure(&|| Program::reflexion(bin, &agent.address, true));
    report.held("reflexion: start to ready, new files", &words(median, worst), span(median, READY));
    report.memory("reflexion: memory at rest, following", reflexion.memory_mib(), Some(IDLE_MIB));
}
