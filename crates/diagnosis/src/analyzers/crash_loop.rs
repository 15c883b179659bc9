//! The container exits by itself, again and again.
//!
//! ## What it looks for
//! `CrashLoopBackOff`; or an end with another code than 0 a moment ago on a container that was restarted before,
//! even when it happens to run now; or several pods of a job that failed. The last lines of its log say what the
//! application says about it, and the exit code what the kernel and shells mean by it.
//!
//! ## What it does not see
//! A container that is killed by a probe or for memory, or with its whole pod: those are named as such. A log of
//! a container that does not end is not read, whatever it says.

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, Kind};

use super::log_reading::{self, Reading, Trouble};
use super::{ended_recently, evicted, init_not_done, last_words, running_for, wording};
use crate::near_miss::near_miss;
use crate::suspicion::RECENT;

/// Restarts from which a short life counts as a loop even while the container runs.
const LOOP: u32 = 2;
/// How long a container that ended a few times has to be ready again before that is over.
const RECOVERED: SignedDuration = SignedDuration::from_mins(3);
/// Restarts from which a while of health is a part of the loop: its back-off is then longer than that while.
const MANY: u32 = 5;
/// Files of a folder that are named.
const MAX_FILES: usize = 3;
/// Characters of a last line that are quoted.
const MAX_QUOTE: usize = 120;
/// Changes that may make a program end.
const CHANGES: [&str; 6] = ["command", "args", "env", "envFrom", "image", "volumeMounts"];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| crashes(it, evidence))?;
    let said = read(container);
    let mut clues = wording::last_exit(container);
    clues.extend(telling_line(container).map(|it| Clue::new(wording::fact(container, "log"), it)));
    match &said {
        Some(reading) => {
            clues.extend(blamed(evidence, container, reading));
            let address = reading.address();
            clues.extend(address.and_then(|it| wording::named_in(evidence, container, it)));
        }
        None => clues
            .extend(asked(container).map(|it| Clue::new(wording::fact(container, "needs"), it))),
    }
    clues.extend(wording::rollout(evidence, &CHANGES));
    Some(Diagnosis {
        fault: Fault::CrashLoopBackOff,
        container: Some(container.name.clone()),
        cause: format!("{} {}.", wording::whom(container), ending(evidence, container)),
        confidence: if said.is_some() { 0.9 } else { 0.75 },
        clues,
    })
}

/// How it ends and why, as the rest of a sentence.
pub(super) fn ending(evidence: &Evidence, container: &ContainerFacts) -> String {
    if let Some(reading) = read(container) {
        let more = more(evidence, container, &reading);
        return format!("starts and ends with an error: {}{more}", reading.words());
    }
    let last = last_line(container).map(|it| {
        let quoted: String =
            it.trim().chars().filter(|it| !it.is_control()).take(MAX_QUOTE).collect();
        format!("; its last words are \"{quoted}\"")
    });
    let asked = asked(container);
    let asked = asked
        .map(|it| format!("; its command waits for {it}{}", wording::about_host(evidence, it)));
    let last = last.unwrap_or_default() + &asked.unwrap_or_default();
    match container.state.exit_code {
        Some(0) if container.sidecar || container.role == types::ContainerRole::App => {
            "ends by itself without an error and is started again each time: it keeps nothing running \
             in the foreground"
                .to_owned()
        }
        Some(code) => format!("starts and ends with code {code}{}{last}", meaning(code)),
        None => format!("ends again and again{last}"),
    }
}

/// What an exit code means by convention, where it means anything.
fn meaning(code: i32) -> &'static str {
    match code {
        126 => " (its command may not be executed)",
        127 => " (a command is not in the image)",
        132 => " (SIGILL: its program is made for another processor)",
        134 => " (SIGABRT: it gave up by itself)",
        135 => " (SIGBUS)",
        136 => " (SIGFPE)",
        137 => " (SIGKILL, with neither its memory limit nor a probe on record)",
        139 => " (SIGSEGV: a segmentation fault)",
        143 => " (SIGTERM: it was asked to end)",
        _ => "",
    }
}

/// What the evidence adds to what the log says.
fn more(evidence: &Evidence, container: &ContainerFacts, reading: &Reading<'_>) -> String {
    if let Some(address) = reading.address() {
        return wording::about_host(evidence, address);
    }
    if let Some(file) = reading.about.as_deref().filter(|_| reading.trouble == Trouble::File) {
        return about_file(container, file);
    }
    if reading.trouble == Trouble::Malformed {
        let variable =
            holder(container, reading).map(|it| format!("; the template sets {it} to it"));
        return variable.unwrap_or_default();
    }
    let variable = reading.about.as_deref().filter(|_| reading.trouble == Trouble::Unset);
    let Some(variable) = variable else { return String::new() };
    if container.env.iter().any(|it| it == variable) {
        return ", although the template names it: its value may be empty".to_owned();
    }
    near_miss(variable, container.env.iter().map(String::as_str))
        .map(|it| format!("; the template sets {it}, which was probably meant"))
        .unwrap_or_default()
}

/// The variable that holds the value that cannot be read, where that is only one.
fn holder<'c>(container: &'c ContainerFacts, reading: &Reading<'_>) -> Option<&'c str> {
    let value = reading.about.as_deref()?.trim_matches(['"', '\'']);
    let mut holders = container.quoted.iter().filter(|it| it.1 == value);
    let only = holders.next()?;
    holders.next().is_none().then_some(only.0.as_str())
}

/// Which file of a ConfigMap was probably meant, or which ones are in the same folder.
fn about_file(container: &ContainerFacts, file: &str) -> String {
    let parts = |it: &str| it.rsplit_once('/').map(|it| (it.0.to_owned(), it.1.to_owned()));
    let Some((folder, name)) = parts(file) else { return String::new() };
    let all: Vec<_> = container.files.iter().filter_map(|it| parts(it)).collect();
    let stem = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
    let here: Vec<_> = all.iter().filter(|it| it.0 == folder).map(|it| it.1.as_str()).collect();
    let of_stem: Vec<_> = here.iter().filter(|it| stem(it) == stem(&name)).collect();
    let near = near_miss(&name, here.iter().copied()).or_else(|| match of_stem.as_slice() {
        [only] => Some((**only).to_owned()),
        _ => None,
    });
    if let Some(near) = near {
        return format!("; {near} is mounted there, which was probably meant");
    }
    let elsewhere: Vec<_> =
        container.files.iter().filter(|it| parts(it).is_some_and(|it| it.1 == name)).collect();
    match (elsewhere.as_slice(), here.is_empty()) {
        ([only], _) => format!("; its ConfigMap puts it at {only}"),
        (_, false) => format!(
            "; its ConfigMap puts {} there",
            here.iter().take(MAX_FILES).copied().collect::<Vec<_>>().join(", ")
        ),
        _ => String::new(),
    }
}

/// What the line is about as a clue: the field that would have to change, or the address that is needed.
fn blamed(evidence: &Evidence, container: &ContainerFacts, reading: &Reading<'_>) -> Option<Clue> {
    if let Some(address) = reading.address() {
        return Some(Clue::new(wording::fact(container, "needs"), address));
    }
    let of = |name: &str| wording::field(evidence, container, name);
    let sets = |name: &str| container.sets.iter().any(|it| it == name);
    let started_by = || [("args"), ("command")].into_iter().find(|it| sets(it)).and_then(of);
    if let Some(name) = holder(container, reading) {
        let at = container.env.iter().position(|it| it == name)?;
        return Some(Clue::new(format!("{}/{at}/value", of("env")?), &reading.words()));
    }
    let field = match reading.trouble {
        Trouble::Unset | Trouble::Malformed if !container.env.is_empty() => of("env"),
        Trouble::Flag | Trouble::Syntax | Trouble::Command => started_by(),
        Trouble::Platform => of("image"),
        Trouble::ReadOnly => of("securityContext"),
        Trouble::Unset
        | Trouble::Malformed
        | Trouble::Rejected
        | Trouble::Database
        | Trouble::Schema
        | Trouble::Forbidden
        | Trouble::Unresolved
        | Trouble::Refused
        | Trouble::Unanswered
        | Trouble::Certificate
        | Trouble::InUse
        | Trouble::Denied
        | Trouble::DiskFull
        | Trouble::Module
        | Trouble::File
        | Trouble::Config
        | Trouble::Memory => None,
    };
    field.map(|it| Clue::new(it, &reading.words()))
}

fn crashes(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let state = &container.state;
    // What ended with its whole pod did not end by itself.
    if evidence.pods.iter().any(|it| it.name == container.pod && evicted::is_put_off(it)) {
        return false;
    }
    if state.waiting.as_deref() == Some("CrashLoopBackOff") {
        return true;
    }
    let failed = state.exit_code.is_some_and(|it| it != 0) && ended_recently(container, evidence);
    let runs = state.running_since.is_some();
    match evidence.subject.kind {
        Kind::Job | Kind::CronJob => {
            // A job that gave up is told as such, with how its container ended.
            let failed_pods = evidence.pods.iter().filter(|it| it.phase == "Failed").count();
            failed && !runs && evidence.workload.failed_condition.is_none() && 1 < failed_pods
        }
        Kind::Pod => failed && !runs,
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim => {
            let loops = LOOP <= container.restarts || (!runs && 0 < container.restarts);
            failed && loops && !has_recovered(container, evidence)
        }
    }
}

/// Whether it is ready and has run for longer than what loops lives.
fn has_recovered(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let runs = running_for(container, evidence);
    let patience = if container.restarts < MANY { RECOVERED } else { RECENT };
    container.ready && runs.is_some_and(|it| patience < it)
}

/// What the log of its last end says; `None` when it says nothing that we know.
fn read(container: &ContainerFacts) -> Option<Reading<'_>> {
    log_reading::read(log(container))
}

/// What its command waits for in vain, where it says nothing else.
fn asked(container: &ContainerFacts) -> Option<&String> {
    let failed = container.state.exit_code.is_some_and(|it| it != 0);
    // In silence it may have ended at anything.
    let failed = failed && last_line(container).is_some();
    init_not_done::only_waits(container, log(container)).first().filter(|_| failed)
}

/// The address that it needs by its own last words, as a clue.
pub(super) fn needed(container: &ContainerFacts) -> Option<Clue> {
    let reading = read(container)?;
    Some(Clue::new(wording::fact(container, "needs"), reading.address()?))
}

/// The line of its log that says most about its end.
pub(super) fn telling_line(container: &ContainerFacts) -> Option<&str> {
    read(container).map(|it| it.line).or_else(|| last_line(container))
}

fn last_line(container: &ContainerFacts) -> Option<&str> {
    last_words::of(log(container))
}

fn log(container: &ContainerFacts) -> &[String] {
    if container.previous_log.is_empty() { &container.log } else { &container.previous_log }
}
