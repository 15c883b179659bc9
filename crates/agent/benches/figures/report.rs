//! What is printed, and which figures are above their goal.

use std::process::ExitCode;
use std::time::Duration;

/// The figures that were printed.
#[derive(Default)]
pub(crate) struct Report {
    missed: Vec<String>,
}

impl Report {
    /// A figure without a goal.
    pub(crate) fn figure(&mut self, what: &str, words: &str) {
        println!("{what:<66} {words}");
    }

    /// A figure that is not to be above its goal: both in the same unit, as `span` and `memory` have them.
    pub(crate) fn held(&mut self, what: &str, words: &str, (value, goal): (f64, Goal)) {
        let what = format!("{what} (goal: {})", goal.words);
        self.figure(&what, words);
        if goal.most < value {
            self.missed.push(format!("{what}: {words}"));
        }
    }

    /// How much memory something has.
    pub(crate) fn memory(&mut self, what: &str, mib: f64, goal: Option<f64>) {
        let words = format!("{mib:.1} MiB");
        match goal {
            Some(most) => {
                let goal = Goal { most, words: format!("{most:.0} MiB") };
                self.held(what, &words, (mib, goal));
            }
            None => self.figure(what, &words),
        }
    }

    /// Says what was missed; a failure where anything was.
    pub(crate) fn end(self) -> ExitCode {
        if self.missed.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("\nAbove its goal (was the machine busy with something else?):");
        for missed in &self.missed {
            println!("  {missed}");
        }
        ExitCode::FAILURE
    }
}

/// The most that a figure may be.
pub(crate) struct Goal {
    most: f64,
    words: String,
}

/// A time and its goal.
pub(crate) fn span(took: Duration, goal: Duration) -> (f64, Goal) {
    let millis = |it: Duration| it.as_secs_f64() * 1000.0;
    (millis(took), Goal { most: millis(goal), words: format!("{:.0} ms", millis(goal)) })
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
