//! `agent explain`: why an execution was made, and why nothing else was.

use std::fmt::Write;

use clap::{Args, ValueEnum};
use types::{DecisionRecord, Explanation, RefusalReport, ShownStep};
use uuid::Uuid;

use super::remote::Remote;
use super::screen::{Screen, harmless};

/// How far the words below a heading are indented.
const INDENT: usize = 2;

/// Which execution, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct ExplainArguments {
    /// The execution's id: the fix id on the workload, and in its Events.
    pub id: Uuid,
    /// How it is told.
    #[arg(short, long, default_value = "table")]
    pub output: Telling,
    /// The running agent.
    #[command(flatten)]
    pub remote: Remote,
}

/// How something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Telling {
    /// For a person.
    Table,
    /// The answer of the agent.
    Json,
}

pub(super) async fn run(arguments: &ExplainArguments) -> anyhow::Result<()> {
    let path = format!("/api/v1/executions/{}/explain", arguments.id);
    let explanation: Explanation = arguments.remote.get(&path).await?;
    let told = match arguments.output {
        Telling::Table => table(&explanation, Screen::of_stdout()),
        Telling::Json => serde_json::to_string_pretty(&explanation)? + "\n",
    };
    Ok(super::print(&told)?)
}

/// The explanation as a person reads it, from what was seen to how it ended.
fn table(told: &Explanation, screen: Screen) -> String {
    let mut page = Page { screen, text: String::new() };
    let execution = &told.execution;
    page.head(&format!("{} {}", execution.subject, execution.id));
    page.say(&format!("{}: {} ({})", execution.fault, execution.strategy, execution.state));
    if let Some(verdict) = execution.verdict {
        page.say(&format!("verdict: {verdict}"));
    }
    page.refusal("because", execution.refusal.as_ref());
    match &told.decision {
        Some(decision) => decision_of(&mut page, decision),
        None => page.say("how it was decided was not kept"),
    }
    page.head("checks");
    for check in &execution.checks {
        let ready = format!("{}/{} ready", check.ready, check.desired);
        page.say(&format!("{} {ready}, {} restarts: {}", check.at, check.restarts, check.note));
    }
    page.head("journal");
    for entry in &told.entries {
        let hash: String = entry.hash.chars().take(12).collect();
        page.say(&format!("{} {} {} by {} {hash}", entry.number, entry.at, entry.what, entry.who));
    }
    page.text
}

fn decision_of(page: &mut Page, decision: &DecisionRecord) {
    page.head("evidence said");
    for diagnosis in &decision.diagnoses {
        let doubt = diagnosis.doubt().map(|it| format!(" ({it})")).unwrap_or_default();
        page.say(&format!("{}{doubt}: {}", diagnosis.fault, diagnosis.cause));
        for clue in &diagnosis.clues {
            page.say(&format!("  {} = {}", clue.fact, clue.value));
        }
    }
    for subject in &decision.caused_by {
        page.say(&format!("caused by {subject}"));
    }
    page.head("ordered");
    let order = &decision.order;
    page.say(&format!("by {} at {}, in mode {}", order.by, decision.at, decision.mode));
    if !order.decided_by.is_empty() {
        page.say(&format!("decided by: {}", order.decided_by));
    }
    if !order.reason.is_empty() {
        page.say(&format!("reason: {}", order.reason));
    }
    if let Some(propensity) = order.propensity {
        page.say(&format!("chosen with a probability of {propensity:.2}"));
    }
    page.refusal("the guard refused", decision.refusal.as_ref());
    page.head("instead there was");
    for other in &decision.alternatives {
        page.say(&format!("{} ({})", other.title, other.risk));
        match &other.refusal {
            Some(refusal) => page.refusal("  refused", Some(refusal)),
            None => page.say("  the guard would have let it through; it was not ordered"),
        }
    }
    page.steps("patch", &decision.patch);
    page.steps("undo", &decision.undo);
    if decision.shortened {
        page.say("the patches were too large to keep");
    }
}

struct Page {
    screen: Screen,
    text: String,
}

impl Page {
    fn head(&mut self, words: &str) {
        let words = self.screen.paint("1", &harmless(words));
        // Writing into a String cannot fail.
        let _ = writeln!(self.text, "{words}");
    }

    fn say(&mut self, words: &str) {
        let indent = INDENT + words.len() - words.trim_start().len();
        let words = self.screen.wrapped(&harmless(words.trim_start()), indent);
        let _ = writeln!(self.text, "{}", words.trim_end());
    }

    fn refusal(&mut self, what: &str, refusal: Option<&RefusalReport>) {
        if let Some(refusal) = refusal {
            self.say(&format!("{what}: {} ({})", refusal.detail, refusal.code));
        }
    }

    fn steps(&mut self, what: &str, steps: &[ShownStep]) {
        if steps.is_empty() {
            return;
        }
        self.head(what);
        for step in steps {
            self.say(&format!("{} {}, while its uid is {}", step.action, step.target, step.uid));
            if !step.resource_version.is_empty() {
                self.say(&format!("  and its version {}", step.resource_version));
            }
            for operation in &step.operations {
                self.say(&format!("  {operation}"));
            }
        }
    }
}
