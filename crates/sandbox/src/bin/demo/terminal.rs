//! What a person sees: short lines, coloured when there is a terminal to colour.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

/// Writes the show to standard output.
pub(crate) struct Terminal {
    coloured: bool,
    started: Instant,
}

/// What a line is about; decides its colour.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    /// Something is wrong.
    Bad,
    /// Something is right.
    Good,
    /// A step on the way.
    Plain,
    /// Something was learned.
    Lesson,
}

impl Default for Terminal {
    fn default() -> Self {
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { coloured, started: Instant::now() }
    }
}

impl Terminal {
    /// A line as it is. What comes from the cluster is shown without control characters.
    pub(crate) fn line(&mut self, text: &str) {
        let text: String = text.chars().filter(|it| !it.is_control()).collect();
        self.write(&text);
    }

    /// The title of an act.
    pub(crate) fn act(&mut self, title: &str) {
        let title = self.paint("1", title);
        self.write(&format!("\n── {title}"));
    }

    /// One step of the story: when, which, and what, its further lines indented.
    pub(crate) fn step(&mut self, tone: Tone, word: &str, text: &str) {
        let colour = match tone {
            Tone::Bad => "31",
            Tone::Good => "32",
            Tone::Plain => "36",
            Tone::Lesson => "35",
        };
        let word = self.paint(colour, &format!("{word:<10}"));
        let at = self.started.elapsed().as_secs_f64();
        for (index, line) in text.lines().enumerate() {
            let line: String = line.chars().filter(|it| !it.is_control()).collect();
            if index == 0 {
                self.write(&format!("{at:>6.1}s  {word} {line}"));
            } else {
                self.write(&format!("         {:<10} {}", "", self.paint_diff(&line)));
            }
        }
    }

    /// Something that should not have happened.
    pub(crate) fn problem(&mut self, text: &str) {
        let text = self.paint("31", text);
        self.write(&text);
    }

    /// How it went.
    pub(crate) fn summary(&mut self, healed: bool, untouched: bool) {
        let healed = if healed {
            "Every workload is healthy again"
        } else {
            "Not every workload was healed"
        };
        let untouched = if untouched {
            "the healthy one was not touched"
        } else {
            "the healthy one was TOUCHED"
        };
        self.write(&format!("\n{healed}, and {untouched}."));
    }

    /// Where everything can be looked at.
    pub(crate) fn addresses(
        &mut self,
        agent: &str,
        reflexion: &str,
        kubeconfig: &Path,
        token: &str,
    ) {
        self.write(&format!("\n  agent      {agent}/docs"));
        self.write(&format!("  reflexion  {reflexion}/docs"));
        self.write(&format!(
            "  cluster    KUBECONFIG={} kubectl get pods -A",
            kubeconfig.display()
        ));
        self.write(&format!("  token      {token}"));
        self.write("\nEverything stays up until Ctrl-C.");
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn paint_diff(&self, line: &str) -> String {
        match line.split_once(" -> ") {
            Some((from, to)) => {
                format!("{} -> {}", self.paint("31", from), self.paint("32", to))
            }
            None => self.paint("2", line),
        }
    }

    /// A reader who closed the pipe has seen enough.
    fn write(&mut self, line: &str) {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        if written.is_err() {
            self.coloured = false;
        }
    }
}
