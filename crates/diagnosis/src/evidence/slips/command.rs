//! A program that is not in the image.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Container;
use regex::Regex;
use types::SlipKind;

use super::{Slip, Spot};
use crate::analyzers::log_reading::Trouble;
use crate::evidence::images::{family, repository};
use crate::evidence::pods::is_ready;
use crate::near_miss::near_miss;
use crate::patterns::pattern;

/// How a runtime says that a program is not there.
static ABSENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"exec: "(?P<what>[^"]+)": (?:executable file not found|stat [^:]*: no such file)"#)
});

/// A healthy pod of the same image runs a program of nearly this name, or the image itself is called so.
pub(super) fn misspelt(spot: &Spot<'_>) -> Option<Slip> {
    let wrong = absent(spot)?;
    let wrong = base(&wrong);
    let wanted = family(&spot.facts.image);
    let run = run_elsewhere(spot);
    let near = near_miss(wrong, run.iter().map(String::as_str).chain([wanted.as_str()]))?;
    let shown_by = if run.contains(&near) {
        format!("A healthy pod of the same image runs {near}, and nothing else is as near.")
    } else {
        format!("The image is called {near}, and nothing else is as near.")
    };
    Some(Slip { kind: SlipKind::Command, shown_by, edits: vec![spot.word_edit(wrong, &near)?] })
}

/// The program that is not there, by the runtime's words or by those of a shell.
fn absent(spot: &Spot<'_>) -> Option<String> {
    let state = &spot.facts.state;
    let messages = [&state.exit_message, &state.waiting_message];
    let pattern = ABSENT.as_ref()?;
    let told = messages.into_iter().flatten().find_map(|it| pattern.captures(it));
    if let Some(what) = told.as_ref().and_then(|it| it.name("what")) {
        return Some(what.as_str().to_owned());
    }
    let reading = spot.reading.as_ref().filter(|it| it.trouble == Trouble::Command)?;
    reading.about.clone()
}

/// The programs that healthy pods of the same repository are told to run.
fn run_elsewhere(spot: &Spot<'_>) -> Vec<String> {
    let wanted = repository(&spot.facts.image);
    let ready = spot.objects.namespace_pods.iter().filter(|it| is_ready(it));
    let containers = ready.flat_map(|it| it.spec.iter().flat_map(|it| &it.containers));
    let alike = containers.filter(|it| it.image.as_deref().map(repository) == Some(wanted));
    alike.filter_map(|it| program(it)).map(|it| base(it).to_owned()).collect()
}

fn program(container: &Container) -> Option<&str> {
    let first = |it: &'_ Option<Vec<String>>| it.as_ref().is_some_and(|it| !it.is_empty());
    let list = if first(&container.command) { &container.command } else { &container.args };
    list.as_ref()?.first().map(String::as_str)
}

/// The last part of a path.
fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[test]
fn the_pattern_is_one() {
    assert!(ABSENT.is_some());
}
