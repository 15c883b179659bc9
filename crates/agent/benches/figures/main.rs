//! Every figure that we claim, measured from outside on the binaries that a user starts.
//!
//! `scripts/bench.sh` builds them and names their folder in `FIGURES_BIN`; without it nothing is measured.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints, and stops when what it measures does not work"
)]

mod process;
mod http;
mod watch;
mod large;
mod heal;

use std::path::PathBuf;
use std::time::Duration;

use process::Program;

/// Starts that are measured; the median is shown.
const STARTS: usize = 15;
/// How long a process is left alone before its memory is read.
const REST: Duration = Duration::from_secs(5);

fn main() {
    let Some(bin) = std::env::var_os("FIGURES_BIN").map(PathBuf::from) else {
        println!("Nothing is measured: scripts/bench.sh builds what this needs.");
        return;
    };
    // What to measure may be named; else everything is.
    let wanted = std::env::var("FIGURES").unwrap_or_default();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.split(',').any(|it| it == part);
    if is_wanted("start") {
        starts(&bin, &Program::sandbox(&bin, 3));
    }
    if is_wanted("watch") {
        watch::measure(&bin);
    }
    if is_wanted("large") {
        large::measure(&bin);
    }
    if is_wanted("heal") {
        heal::measure(&bin);
    }
}

/// Start to ready and memory at rest, in an empty cluster.
fn starts(bin: &std::path::Path, sandbox: &Program) {
    let measure = |start: &dyn Fn() -> Program| {
        let mut took: Vec<Duration> = (0..STARTS).map(|_| start().ready_after).collect();
        took.sort();
        let running = start();
        process::pause(REST);
        (took[STARTS / 2], took[STARTS - 1], running)
    };
    let (median, worst, agent) = measure(&|| Program::agent(bin, sandbox));
    show("agent: start to ready, new files", median, worst);
    figure("agent: memory at rest, empty cluster", &format!("{:.1} MiB", agent.memory_mib()));

    let (median, worst, reflexion) = measure(&|| Program::reflexion(bin, &agent.address, true));
    show("reflexion: start to ready, new files", median, worst);
    let memory = format!("{:.1} MiB", reflexion.memory_mib());
    figure("reflexion: memory at rest, following", &memory);
}

/// A line of the report.
pub(crate) fn figure(what: &str, value: &str) {
    println!("{what:<58} {value}");
}

pub(crate) fn show(what: &str, median: Duration, worst: Duration) {
    let words = format!("median {}, worst {}", millis(median), millis(worst));
    figure(what, &words);
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The value below which this share of the sorted samples lies.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1;
    sorted[index]
}
