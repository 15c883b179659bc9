//! The container exits by itself, again and again.
//!
//! ## What it looks for
//! `CrashLoopBackOff`; or an end with another code than 0 a moment ago on a container that was restarted before,
//! even when it happens to run now; or several pods of a job that failed. The last lines of its log say what the
//! application says about it, or its termination message where the log tells of no error, and the exit code what the
//! kernel and shells mean by it.
//!
//! ## What it does not see
//! A container that is killed by a probe or for memory, or with its whole pod: those are named as such. A log of
//! a container that does not end is not read, whatever it says.

mod fields;
mod sure;

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, ContainerRole, Diagnosis, Evidence, Fault, Kind};

use self::fields::{advised, blamed, holder, meant, quoted, set_as, started_by};
use super::{ended_recently, evicted, init_not_done, running_for, spot, wording};
use crate::log::last_words::{self, Words};
use crate::log::left;
use crate::log::reading::{self, Reading, Trouble};
use crate::near_file::near_file;
use crate::near_miss::near_miss;
use crate::suspicion::{RECENT, SHORT_LIFE};

/// Restarts from which a short life counts as a loop even while the container runs.
const LOOP: u32 = 2;
/// How long a container that ended a few times has to be ready again before that is over.
const RECOVERED: SignedDuration = SignedDuration::from_mins(3);
/// Restarts from which a while of health is a part of the loop: its back-off is then longer than that while.
const MANY: u32 = 5;
/// Files of a folder that are named.
const MAX_FILES: usize = 3;
/// Codes with which ends what was started in vain: nothing to do, not to be executed, not there.
const OF_START: [i32; 3] = [0, 126, 127];
/// What has to be known of ports that few may bind.
const LOW_PORT: &str = "; below port 1024 that takes root, or the capability NET_BIND_SERVICE";
/// Changes that may make a program end.
const CHANGES: [&str; 6] = ["command", "args", "env", "envFrom", "image", "volumeMounts"];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| crashes(it, evidence))?;
    let said = read(container);
    let mut clues = wording::last_exit(container);
    clues.extend(telling_line(container).map(|it| Clue::new(told_in(container), it)));
    clues.extend(spot::clue(container, said.as_ref()));
    clues.extend(spot::source(evidence, container, said.as_ref()));
    clues.extend(spot::outdated_clue(container));
    if let Some(reading) = &said {
        let is_script = is_script(container, reading);
        // Where the field is known, what may only have to do with it is not told; who needs a host is told by that.
        let is_known =
            spot::clue(container, said.as_ref()).is_some() && reading.address().is_none();
        let is_known = is_known && reading.trouble != Trouble::Rejected;
        let blamed = blamed(evidence, container, reading).filter(|_| !is_script && !is_known);
        let is_new = |it: &Clue| clues.iter().all(|clue| clue.fact != it.fact);
        clues.extend(blamed.filter(is_new).into_iter().collect::<Vec<_>>());
        let needed = needed(container).filter(|it| clues.iter().all(|clue| clue.fact != it.fact));
        clues.extend(needed);
        let address = reading.address();
        // The variable with the host is right where it is the port that is not.
        let address = address.filter(|_| spot::clue(container, said.as_ref()).is_none());
        clues.extend(address.and_then(|it| wording::named_in(evidence, container, it)));
    } else {
        let called = called(evidence, container).map(|it| it.0);
        let needed = asked(container).cloned().or(called);
        clues.extend(needed.map(|it| Clue::new(wording::fact(container, "needs"), &it)));
        if spot::words(container, None).is_empty() {
            clues.extend(quoted(evidence, container));
        }
        let code = container.state.exit_code.filter(|it| OF_START.contains(it));
        let start = code.and_then(|it| {
            Some(Clue::new(started_by(evidence, container)?, &format!("ends with code {it}")))
        });
        clues.extend(start.filter(|_| !clues.iter().any(|it| it.fact.starts_with('/'))));
    }
    let points = |it: &Clue| it.fact.starts_with('/') || it.fact.ends_with(".named_in");
    if !clues.iter().any(points) {
        clues.extend(wording::itself(evidence, container));
    }
    clues.extend(wording::rollout(evidence, &CHANGES));
    Some(Diagnosis {
        fault: Fault::CrashLoopBackOff,
        container: Some(container.name.clone()),
        cause: format!("{} {}.", wording::named_at_start(container), ending(evidence, container)),
        confidence: sure::sure(container, said.is_some()),
        clues,
    })
}

/// How it ends and why, as the rest of a sentence.
pub(super) fn ending(evidence: &Evidence, container: &ContainerFacts) -> String {
    if let Some(reading) = read(container) {
        let spot = spot::words(container, Some(&reading));
        if let Some(host) = spot::host(container, &reading) {
            let about = wording::about_host(evidence, &host);
            let also = also(container, &reading);
            return format!(
                "starts and ends with an error: {}{spot}{about}{also}",
                reading.words()
            );
        }
        let is_told = !spot.is_empty() && reading.is_of_low_port();
        let more = if is_told { String::new() } else { more(evidence, container, &reading) };
        let also = also(container, &reading);
        if is_script(container, &reading) {
            let file = reading.about.as_deref().unwrap_or_default();
            return format!("starts and ends with an error: {file} cannot be executed{also}{spot}");
        }
        return format!("starts and ends with an error: {}{more}{also}{spot}", reading.words());
    }
    let spot = spot::words(container, None);
    let last = words(container).map(|it| {
        let held = holder(container, &it.text, None).filter(|_| spot.is_empty()).map(in_template);
        format!("; its last words are \"{}\"{}", it.text, held.unwrap_or_default())
    });
    let called = called(evidence, container).map(|it| it.1).unwrap_or_default();
    let asked = asked(container);
    let asked = asked
        .map(|it| format!("; its command waits for {it}{}", wording::about_host(evidence, it)));
    let last = last.unwrap_or_default() + &asked.unwrap_or(called) + spot;
    match container.state.exit_code {
        Some(0) if container.sidecar || container.role == ContainerRole::App => {
            "ends by itself without an error and is started again each time: it keeps nothing running \
             in the foreground"
                .to_owned()
        }
        Some(code) => format!("starts and ends with code {code}{}{last}", meaning(code)),
        None => format!("ends again and again{last}"),
    }
}

/// Whether the kernel takes a script of a ConfigMap for no program, and the image has nothing to do with it.
fn is_script(container: &ContainerFacts, reading: &Reading<'_>) -> bool {
    reading.trouble == Trouble::Platform && !spot::words(container, Some(reading)).is_empty()
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
        // Which name was meant tells nothing of one that it has from before a change.
        let is_old = spot::outdated(container).is_some();
        return if is_old { String::new() } else { wording::about_host(evidence, address) };
    }
    if reading.trouble != Trouble::Unset {
        let is_there = |file: &str| container.files.iter().any(|it| it == file);
        let file = reading.missing_file();
        let file = file.filter(|it| reading.trouble == Trouble::File || !is_there(it));
        let file = file.map(|it| about_file(container, it)).unwrap_or_default();
        let held = holder(container, reading.line, reading.about.as_deref()).map(in_template);
        let flag = near_flag(container, reading).or_else(|| advised(log(container), reading));
        let flag = flag.map(|it| format!("; it names {it}, which was probably meant"));
        let port = reading.is_of_low_port().then(|| LOW_PORT.to_owned());
        return [Some(file), flag, port, held].into_iter().flatten().collect();
    }
    let variable = reading.about.as_deref().filter(|_| reading.trouble == Trouble::Unset);
    let Some(variable) = variable else { return String::new() };
    if container.env.iter().any(|it| it == variable) {
        return ", although the template names it: its value may be empty".to_owned();
    }
    if let Some(name) = set_as(container, variable) {
        return format!(", although the template sets it as {name}: its value may be empty");
    }
    meant(container, variable)
        .map(|it| format!("; the template sets {it}, which was probably meant"))
        .unwrap_or_default()
}

/// What else it says of itself, where what is read is not all of it.
fn also(container: &ContainerFacts, reading: &Reading<'_>) -> String {
    let Some(words) = words(container) else { return String::new() };
    if words.line != reading.line {
        let said = words.is_sure.then(|| format!("; it also says \"{}\"", words.text));
        return said.unwrap_or_default();
    }
    let is_placed = !spot::words(container, Some(reading)).is_empty();
    let lacks_file = || !is_placed && reading.leaves_out_a_file(&words.text);
    if reading.is_told_better_by(&words.text) || lacks_file() {
        format!("; in its words \"{}\"", words.text)
    } else {
        String::new()
    }
}

/// The Service with a port that its last words name, in whatever language, where it is not well: with what is known
/// of it.
fn called(evidence: &Evidence, container: &ContainerFacts) -> Option<(String, String)> {
    let words = words(container)?;
    let is_part = |it: char| it.is_ascii_alphanumeric() || ".:-".contains(it);
    let is_service = |host: &str| {
        let name = host.split('.').next().unwrap_or_default();
        evidence.services.iter().any(|it| it.name == name)
    };
    let mut parts =
        words.text.split(|it| !is_part(it)).filter_map(|it| it.trim_matches('.').split_once(':'));
    let with_port = parts.find(|it| it.1.parse::<u16>().is_ok() && is_service(it.0));
    let mut urls =
        words.text.split("://").skip(1).filter_map(|it| it.split(|it| !is_part(it)).next());
    let address = with_port
        .map(|it| format!("{}:{}", it.0, it.1))
        .or_else(|| urls.find(|it| is_service(it)).map(str::to_owned))?;
    let about = wording::about_host(evidence, &address);
    (!about.is_empty()).then_some((address, about))
}

/// The flag that its log names beside the one that it does not know.
fn near_flag(container: &ContainerFacts, reading: &Reading<'_>) -> Option<String> {
    let wrong = reading.about.as_deref().filter(|_| reading.trouble == Trouble::Flag)?;
    let wrong = wrong.split([' ', '=', '\'', '"', '`']).find(|it| !it.is_empty())?;
    let bare = |it: &str| it.trim_start_matches('-').to_owned();
    let words =
        log(container).iter().flat_map(|it| it.split([' ', '\t', '=', ',', '[', ']', '\'', '"']));
    let named: Vec<_> = words.filter(|it| it.starts_with('-')).collect();
    let near = near_miss(&bare(wrong), named.iter().map(|it| it.trim_start_matches('-')))?;
    named.into_iter().find(|it| bare(it) == near).map(ToOwned::to_owned)
}

/// The end of a sentence about the variable that has it.
fn in_template(variable: &str) -> String {
    format!("; the template has it in {variable}")
}

/// Which file of a ConfigMap was probably meant, or which ones are in the same folder.
fn about_file(container: &ContainerFacts, file: &str) -> String {
    let parts = |it: &str| it.rsplit_once('/').map(|it| (it.0.to_owned(), it.1.to_owned()));
    let Some((folder, name)) = parts(file) else { return String::new() };
    if container.files.iter().any(|it| it == file) {
        return "; its ConfigMap puts it there, so what its first line names is not there"
            .to_owned();
    }
    let all: Vec<_> = container.files.iter().filter_map(|it| parts(it)).collect();
    let stem = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
    let here: Vec<_> = all.iter().filter(|it| it.0 == folder).map(|it| it.1.as_str()).collect();
    let of_stem: Vec<_> = here.iter().filter(|it| stem(it) == stem(&name)).collect();
    let near = near_file(&name, here.iter().copied()).or_else(|| match of_stem.as_slice() {
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

pub(super) fn crashes(container: &ContainerFacts, evidence: &Evidence) -> bool {
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
            // With restartPolicy OnFailure it is one pod that fails again and again.
            let loops = LOOP <= container.restarts && !has_recovered(container, evidence);
            let goes_on = evidence.workload.failed_condition.is_none();
            failed && goes_on && (!runs && 1 < failed_pods || loops)
        }
        Kind::Pod => failed && !runs,
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => {
            let loops = LOOP <= container.restarts || (!runs && 0 < container.restarts);
            let in_vain = LOOP < container.restarts && lives_shortly(container, evidence);
            (failed && loops || in_vain) && !has_recovered(container, evidence)
        }
    }
}

/// Whether what ended without an error a moment ago had run for seconds only: it does its work and is started again.
/// What stands before the others and ended so is done, however often it had to try.
fn lives_shortly(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let state = &container.state;
    if container.role == ContainerRole::Init && !container.sidecar {
        return false;
    }
    let lived = state.exited_at.zip(state.began_at).map(|(end, start)| end.duration_since(start));
    let ended_well = state.exit_code == Some(0);
    ended_well && lived.is_some_and(|it| it < SHORT_LIFE) && ended_recently(container, evidence)
}

/// Whether it is ready and has run for longer than what loops lives.
fn has_recovered(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let runs = running_for(container, evidence);
    let patience = if container.restarts < MANY { RECOVERED } else { RECENT };
    container.ready && runs.is_some_and(|it| patience < it)
}

/// What the log of its last end says; `None` when it says nothing that we know.
fn read(container: &ContainerFacts) -> Option<Reading<'_>> {
    reading::why(log(container))
}

/// Whether its log says something known of why it ended.
pub(super) fn says_why(container: &ContainerFacts) -> bool {
    read(container).is_some()
}

/// What its command waits for in vain, where it says nothing else.
fn asked(container: &ContainerFacts) -> Option<&String> {
    let failed = container.state.exit_code.is_some_and(|it| it != 0);
    // In silence it may have ended at anything.
    let failed = failed && words(container).is_some();
    init_not_done::only_waits(container, log(container)).first().filter(|_| failed)
}

/// The address that it needs by its own last words, as a clue.
pub(super) fn needed(container: &ContainerFacts) -> Option<Clue> {
    let reading = read(container)?;
    let address = reading.address().map(ToOwned::to_owned);
    let address = address.or_else(|| spot::host(container, &reading))?;
    Some(Clue::new(wording::fact(container, "needs"), &address))
}

/// The field of the template that its last words are about and what holds it, as clues.
pub(super) fn spot_of(evidence: &Evidence, container: &ContainerFacts) -> Vec<Clue> {
    let reading = read(container);
    let source = spot::source(evidence, container, reading.as_ref());
    spot::clue(container, reading.as_ref()).into_iter().chain(source).collect()
}

/// The field that its last words blame, where no spot is known; else the container itself.
pub(super) fn blamed_or_itself(evidence: &Evidence, container: &ContainerFacts) -> Option<Clue> {
    let blamed = match read(container) {
        Some(it) if !is_script(container, &it) => blamed(evidence, container, &it),
        Some(_) => None,
        None => quoted(evidence, container),
    };
    let field = blamed.filter(|it| it.fact.starts_with('/'));
    field.or_else(|| wording::itself(evidence, container))
}

/// The line of its log that says most about its end.
pub(super) fn telling_line(container: &ContainerFacts) -> Option<&str> {
    read(container).map(|it| it.line).or_else(|| words(container).map(|it| it.line))
}

fn words(container: &ContainerFacts) -> Option<Words<'_>> {
    last_words::of(log(container))
}

/// What it said before its last end.
fn log(container: &ContainerFacts) -> &[String] {
    left::of(container).lines
}

/// Which fact that is.
pub(super) fn told_in(container: &ContainerFacts) -> String {
    let is_message = left::of(container).is_message;
    wording::fact(container, if is_message { "exit_message" } else { "log" })
}
