//! An init container runs and does not come to its end, so the pod's containers wait.
//!
//! ## What it looks for
//! An init container that has run for a minute and whose log or command says that it waits for something; or one
//! that has run for ten minutes and says nothing of it; or one whose command does nothing but sleep. The host that
//! it waits for is named, and what is known of it.
//!
//! ## What it does not see
//! Init containers that fail: those crash. Sidecars (`restartPolicy: Always`), which are meant to go on. A long
//! migration is told from a wait only by what it writes, and by a command that does nothing but ask.

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, ContainerRole, Diagnosis, Evidence, Fault};

use super::{running_for, spot, wording};
use crate::confidence;
use crate::log::{reading, waits};
use crate::suspicion::PATIENCE;

/// How long an init container may work in silence.
const LONG: SignedDuration = SignedDuration::from_mins(10);
/// How long one may be silent that waits, and then has other work.
const SILENT: SignedDuration = SignedDuration::from_mins(5);

/// What an init container waits for, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wait {
    /// Its log says it.
    Said(String),
    /// Its command asks these, and its log names none.
    Asked(Vec<String>),
    /// Its log names a job that has to end first.
    Job(String),
    /// Its command does nothing else: somebody paused it to look.
    Asleep(String),
}

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let is_init = |it: &&ContainerFacts| it.role == ContainerRole::Init && !it.sidecar && !it.ready;
    let waiting = evidence.containers.iter().filter(is_init).find_map(|it| {
        let running = running_for(it, evidence)?;
        let wait = wait(it);
        let patience = match wait {
            // It may well be at that other work, in silence.
            Some(Wait::Asked(_)) if it.works_after => SILENT,
            Some(Wait::Asked(_) | Wait::Said(_) | Wait::Job(_) | Wait::Asleep(_)) => PATIENCE,
            None => LONG,
        };
        (patience < running).then_some((it, wait, running))
    });
    let (container, wait, running) = waiting?;
    let mut clues = vec![Clue::new(wording::fact(container, "running_secs"), &running.as_secs())];
    let last = container.log.iter().rev().find(|it| !it.trim().is_empty());
    clues.extend(last.map(|it| Clue::new(wording::fact(container, "log"), it)));
    let is_in_command = match &wait {
        Some(Wait::Asked(_)) => true,
        Some(Wait::Said(host)) => container.waits_for.iter().any(|it| is_host(it, host)),
        Some(Wait::Job(_) | Wait::Asleep(_)) | None => false,
    };
    let spot = spot::clue(container, reading::why(&container.log).as_ref());
    if let Some(spot) = spot.or_else(|| spot::needs(container)) {
        clues.push(spot);
    } else if let Some(Wait::Asleep(sleep)) = &wait {
        let field = wording::field(evidence, container, script(container));
        clues.extend(field.map(|it| Clue::new(it, sleep)));
    } else if is_in_command {
        let field = wording::field(evidence, container, script(container));
        clues.extend(field.map(|it| Clue::new(it, "asks until it gets an answer")));
    }
    let who = wording::named_at_start(container);
    let (words, needs) = words(wait.as_ref(), container, evidence);
    clues.extend(needs.iter().map(|it| Clue::new(wording::fact(container, "needs"), it)));
    clues.extend(spot::outdated_clue(container));
    let named = needs.iter().find_map(|it| wording::named_in(evidence, container, it));
    clues.extend(named);
    if let Some(Wait::Job(job)) = &wait {
        clues.push(Clue::new(wording::fact(container, "waits_for"), &format!("Job {job}")));
    }
    clues.extend(wording::rollout(evidence, &["initContainers", "command", "args", "env"]));
    let cause = if let Some(words) = words {
        format!("{who} does not come to its end: {words}.")
    } else {
        let minutes = running.as_mins();
        format!("{who} has run for {minutes} minutes and does not come to its end.")
    };
    Some(Diagnosis {
        fault: Fault::InitNotDone,
        container: Some(container.name.clone()),
        cause,
        clues,
        confidence: match wait {
            Some(Wait::Said(_) | Wait::Job(_) | Wait::Asleep(_)) => confidence::WORDED,
            Some(Wait::Asked(_)) => confidence::LIKELY,
            None => confidence::UNSEEN,
        },
    })
}

/// Whether both addresses are of one host, by its first name.
fn is_host(one: &str, other: &str) -> bool {
    let host = |it: &str| it.split([':', '.']).next().unwrap_or_default().to_lowercase();
    host(one) == host(other)
}

/// What it waits for as the end of a sentence, and the addresses.
fn words(
    wait: Option<&Wait>,
    container: &ContainerFacts,
    evidence: &Evidence,
) -> (Option<String>, Vec<String>) {
    match wait {
        None => (None, vec![]),
        Some(Wait::Job(job)) => (Some(format!("it waits for Job {job}")), vec![]),
        Some(Wait::Asleep(sleep)) => {
            (Some(format!("its command does nothing but sleep ({sleep})")), vec![])
        }
        Some(Wait::Said(host)) => {
            let more = wording::about_needed(evidence, container, host);
            (Some(format!("it waits for {host}{more}")), vec![host.clone()])
        }
        Some(Wait::Asked(hosts)) => {
            // Which of several does not answer yet, nobody says.
            let more = match hosts.as_slice() {
                [only] => wording::about_needed(evidence, container, only),
                _ => String::new(),
            };
            let words = format!("its command waits for {}{more}", hosts.join(", then "));
            (Some(words), hosts.clone())
        }
    }
}

/// The field that holds the script.
fn script(container: &ContainerFacts) -> &'static str {
    let has_arguments = container.sets.iter().any(|it| it == "args");
    if has_arguments { "args" } else { "command" }
}

/// What it waits for: the host that does not answer, the one that its log names, or the one that its command asks.
fn wait(container: &ContainerFacts) -> Option<Wait> {
    if let Some(sleep) = &container.sleeps {
        return Some(Wait::Asleep(sleep.clone()));
    }
    if waits::has_gone_on(&container.log) {
        return None;
    }
    let asked = &container.waits_for;
    let reading = reading::read(&container.log);
    if let Some(job) = waits::job_of(&container.log) {
        return Some(Wait::Job(job));
    }
    let by_log = reading.as_ref().and_then(|it| it.address()).map(ToOwned::to_owned);
    let said = by_log.or_else(|| waits::host_of(&container.log));
    match (said, asked.as_slice()) {
        (None, []) => None,
        (None, asked) => Some(Wait::Asked(asked.to_vec())),
        (Some(said), []) => Some(Wait::Said(said)),
        (Some(said), [only]) if !is_told_by(only, &said) => Some(Wait::Asked(vec![only.clone()])),
        (Some(said), asked) => {
            // The command knows the port.
            let whole = asked.iter().find(|it| is_told_by(it, &said));
            Some(Wait::Said(whole.cloned().unwrap_or(said)))
        }
    }
}

/// The addresses that its command waits for, where its log tells of nothing but a wait.
pub(super) fn only_waits<'c>(container: &'c ContainerFacts, log: &[String]) -> &'c [String] {
    if waits::is_idle(log) { &container.waits_for } else { &[] }
}

/// Whether what a log names is the host of this address.
fn is_told_by(address: &str, said: &str) -> bool {
    let host = |it: &str| it.rsplit_once(':').map_or(it, |it| it.0).to_lowercase();
    let first = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
    first(&host(address)) == first(&host(said))
}
