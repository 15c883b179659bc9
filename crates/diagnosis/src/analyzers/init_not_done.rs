//! An init container runs and does not come to its end, so the pod's containers wait.
//!
//! ## What it looks for
//! An init container that has run for a minute and whose log says that it waits for something; or one that has run
//! for ten minutes and says nothing of it. The host that it waits for is named, and what is known of it.
//!
//! ## What it does not see
//! Init containers that fail: those crash. Sidecars (`restartPolicy: Always`), which are meant to go on. A long
//! migration is told from a wait only by what it writes.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;
use types::{Clue, ContainerFacts, ContainerRole, Diagnosis, Evidence, Fault};

use super::{log_reading, running_for, wording};
use crate::suspicion::PATIENCE;

/// How long an init container may work in silence.
const LONG: SignedDuration = SignedDuration::from_mins(10);
/// Lines from the end in which a wait is looked for.
const LAST: usize = 15;

/// How programs say what they wait for.
static WAITS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\bwait(?:ing|s)? (?:for|on|until)\b(?: (?:the|a|service|host|database|db|server|to connect to|connection to)\b)*[ :'\x22]*(?P<host>[a-z0-9][a-z0-9._-]*(?::\d{1,5})?)",
    )
    .ok()
});

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let is_init = |it: &&ContainerFacts| it.role == ContainerRole::Init && !it.sidecar && !it.ready;
    let waiting = evidence.containers.iter().filter(is_init).find_map(|it| {
        let running = running_for(it, evidence)?;
        let waits = waits_for(it);
        let patience = if waits.is_some() { PATIENCE } else { LONG };
        (patience < running).then_some((it, waits, running))
    });
    let (container, waits, running) = waiting?;
    let whom = wording::whom(container);
    let mut clues = vec![Clue::new(wording::fact(container, "running_secs"), &running.as_secs())];
    let last = container.log.iter().rev().find(|it| !it.trim().is_empty());
    clues.extend(last.map(|it| Clue::new(wording::fact(container, "log"), it)));
    let cause = match &waits {
        Some(host) => {
            clues.push(Clue::new(wording::fact(container, "needs"), host));
            let more = wording::about_host(evidence, host);
            format!("{whom} does not come to its end: it waits for {host}{more}.")
        }
        None => {
            format!(
                "{whom} has run for {} minutes and does not come to its end.",
                running.as_mins()
            )
        }
    };
    clues.extend(wording::rollout(evidence, &["initContainers", "command", "args", "env"]));
    Some(Diagnosis {
        fault: Fault::InitNotDone,
        container: Some(container.name.clone()),
        cause,
        clues,
        confidence: if waits.is_some() { 0.9 } else { 0.5 },
    })
}

/// What it waits for by its own account: the host that does not answer, or the one that it names.
fn waits_for(container: &ContainerFacts) -> Option<String> {
    let reading = log_reading::read(&container.log);
    if let Some(address) = reading.as_ref().and_then(|it| it.address()) {
        return Some(address.to_owned());
    }
    let lines = container.log.iter().rev().take(LAST);
    let found = lines.filter_map(|it| WAITS.as_ref()?.captures(it)).find_map(|it| it.name("host"));
    found.map(|it| it.as_str().trim_end_matches(['.', '-']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_read() {
        for (line, expected) in [
            ("waiting for dbb", "dbb"),
            ("Waiting for postgres:5432...", "postgres:5432"),
            ("still waiting for the database db.shop.svc:5432", "db.shop.svc:5432"),
            ("wait for service redis", "redis"),
        ] {
            let found = WAITS.as_ref().unwrap().captures(line).unwrap();
            assert_eq!(found["host"].trim_end_matches('.'), expected, "{line}");
        }
    }
}
