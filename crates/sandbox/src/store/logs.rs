//! What containers wrote: the current run and the one before it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::Store;

/// Lines kept for one run of a container; the sandbox has no disk to fill.
const LINES: usize = 2_000;

/// One line of a container's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// The line without its end.
    pub text: String,
}

#[derive(Debug, Default)]
pub(super) struct Logs(BTreeMap<(String, String), BTreeMap<String, Runs>>);

#[derive(Debug, Default)]
struct Runs {
    current: VecDeque<Arc<LogLine>>,
    previous: Option<VecDeque<Arc<LogLine>>>,
}

impl Logs {
    pub(super) fn forget(&mut self, namespace: &str, pod: &str) {
        self.0.remove(&(namespace.to_owned(), pod.to_owned()));
    }
}

impl Store {
    /// Adds one line to a container's output.
    pub fn append_log(&self, namespace: &str, pod: &str, container: &str, text: &str) {
        let line = Arc::new(LogLine { at: Timestamp::now(), text: text.to_owned() });
        let mut logs = self.logs_kept();
        let run = &mut logs
            .0
            .entry((namespace.to_owned(), pod.to_owned()))
            .or_default()
            .entry(container.to_owned())
            .or_default()
            .current;
        if LINES <= run.len() {
            run.pop_front();
        }
        run.push_back(line);
    }

    /// A container starts again: what it wrote becomes the output of the previous run.
    pub fn rotate_log(&self, namespace: &str, pod: &str, container: &str) {
        let mut logs = self.logs_kept();
        let pod = logs.0.entry((namespace.to_owned(), pod.to_owned())).or_default();
        let runs = pod.entry(container.to_owned()).or_default();
        runs.previous = Some(std::mem::take(&mut runs.current));
    }

    /// A container's output, oldest line first; `None` when it had no previous run.
    pub fn logs(
        &self,
        (namespace, pod): (&str, &str),
        container: &str,
        run: Run,
    ) -> Option<Vec<Arc<LogLine>>> {
        let logs = self.logs_kept();
        let runs = logs.0.get(&(namespace.to_owned(), pod.to_owned()))?.get(container)?;
        let lines = match run {
            Run::Current => &runs.current,
            Run::Previous => runs.previous.as_ref()?,
        };
        Some(lines.iter().map(Arc::clone).collect())
    }
}

/// Which run of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// The one that runs now, or ran last.
    Current,
    /// The one before.
    Previous,
}
