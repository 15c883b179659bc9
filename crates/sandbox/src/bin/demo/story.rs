//! One act as it is told: seen, explained, chosen, written, verified or taken back, learned.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::cast::Act;
use crate::follow::Follower;
use crate::stage::Stage;
use crate::terminal::{Terminal, Tone};

/// An act in which nothing happens for this long has failed.
const SILENCE: Duration = Duration::from_secs(40);

/// What was told already, so that nothing is told twice.
#[derive(Default)]
struct Told {
    faults: BTreeSet<String>,
    states: BTreeSet<String>,
    verified: Option<String>,
    resolved: bool,
}

/// Tells the act until its workload is healthy and the lesson is learned; whether it came to that.
pub(crate) async fn tell(
    stage: &Stage,
    follower: &mut Follower,
    act: &Act,
    terminal: &mut Terminal,
) -> anyhow::Result<bool> {
    let mut told = Told::default();
    loop {
        let Ok(event) = follower.next(SILENCE).await else {
            terminal.step(Tone::Bad, "stuck", "nothing more happened; a person has to look");
            return Ok(false);
        };
        let value = event.get("value").unwrap_or(&Value::Null);
        if text(value, "/subject/namespace") != act.namespace
            || text(value, "/subject/name") != act.name
        {
            continue;
        }
        match event.get("kind").and_then(Value::as_str) {
            Some("incident") => told.incident(value, terminal),
            Some("execution") => told.execution(value, stage, terminal).await?,
            Some(_) | None => {}
        }
        if told.resolved && told.verified.is_some() {
            stage.wait_until_healthy(act.plural, act.namespace, act.name).await?;
            return Ok(true);
        }
    }
}

impl Told {
    fn incident(&mut self, incident: &Value, terminal: &mut Terminal) {
        if text(incident, "/state") == "resolved" {
            self.resolved = true;
            terminal.step(Tone::Good, "healthy", &subject(incident));
            return;
        }
        let fault = text(incident, "/fault");
        if !self.faults.insert(fault.clone()) {
            return;
        }
        terminal.step(Tone::Bad, "seen", &format!("{}: {fault}", subject(incident)));
        let mut words = text(incident, "/diagnoses/0/cause");
        let clues = incident.pointer("/diagnoses/0/clues").and_then(Value::as_array);
        for clue in clues.into_iter().flatten().take(4) {
            words.push_str(&format!(
                "\n{} = {}",
                text(clue, "/fact"),
                shortened(&text(clue, "/value"))
            ));
        }
        terminal.step(Tone::Plain, "explained", &words);
    }

    async fn execution(
        &mut self,
        execution: &Value,
        stage: &Stage,
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        let (id, state) = (text(execution, "/id"), text(execution, "/state"));
        if !self.states.insert(format!("{id}/{state}")) {
            return Ok(());
        }
        match state.as_str() {
            "verifying" => {
                terminal.step(Tone::Plain, "fixed", &text(execution, "/diff"));
            }
            "undoing" => {
                let verdict = text(execution, "/verdict");
                terminal.step(Tone::Bad, "no help", &format!("{verdict}; it is being taken back"));
            }
            "verified" => {
                let last =
                    execution.pointer("/checks").and_then(Value::as_array).and_then(|it| it.last());
                let note = last.map(|it| text(it, "/note")).unwrap_or_default();
                terminal.step(Tone::Good, "verified", &format!("recovered. {note}"));
                self.verified = Some(id.clone());
                learned(stage, &id, terminal).await?;
            }
            "undone" => {
                terminal.step(Tone::Plain, "undone", &text(execution, "/undo"));
                learned(stage, &id, terminal).await?;
            }
            "refused" | "rejected" | "stranded" => {
                terminal.step(Tone::Bad, &state, &text(execution, "/refusal/detail"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Waits until the episode of this execution is remembered, and tells its lesson.
async fn learned(stage: &Stage, execution: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
    let url = format!("{}/api/v1/reflexion/memory/episodic?limit=20", stage.reflexion);
    let remembered = async {
        loop {
            let answer = stage.send(stage.ask(&url)).await?;
            let episodes =
                answer.get("episodes").and_then(Value::as_array).cloned().unwrap_or_default();
            if let Some(episode) =
                episodes.into_iter().find(|it| text(it, "/outcome/execution_id") == execution)
            {
                return anyhow::Ok(episode);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), remembered).await {
        Ok(episode) => {
            let episode = episode?;
            let lesson =
                episode.pointer("/lessons_learned/0").and_then(Value::as_str).unwrap_or_default();
            terminal.step(Tone::Lesson, "learned", lesson);
        }
        Err(_) => terminal.step(Tone::Bad, "forgotten", "reflexion has no episode of this"),
    }
    Ok(())
}

/// `Deployment shop/web`
fn subject(value: &Value) -> String {
    let word = |pointer: &str| text(value, pointer);
    format!("{} {}/{}", word("/subject/kind"), word("/subject/namespace"), word("/subject/name"))
}

/// The text at a pointer; empty where there is none.
fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// As much of a fact as fits on a line.
fn shortened(value: &str) -> String {
    const WIDTH: usize = 90;
    if value.chars().count() <= WIDTH {
        return value.to_owned();
    }
    value.chars().take(WIDTH).chain("...".chars()).collect()
}
