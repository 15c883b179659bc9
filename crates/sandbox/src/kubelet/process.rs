//! What a container does from its start on, worked out from its command, image and surroundings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::shell;
use crate::catalogue::{Behaviour, Image};
use crate::quantity::Quantity;

/// Everything that decides what a container does.
#[derive(Clone, Debug)]
pub(crate) struct Launch<'a> {
    /// The program and its arguments; the image's own when empty.
    pub(crate) argv: Vec<String>,
    /// The environment.
    pub(crate) env: BTreeMap<String, String>,
    /// Mounted files and what is in them.
    pub(crate) files: BTreeMap<String, String>,
    /// Services that somebody answers for.
    pub(crate) services: &'a BTreeSet<String>,
    /// What is in the image.
    pub(crate) image: &'a Image,
    /// What the pod says that its container does.
    pub(crate) behaviour: Option<&'a Behaviour>,
}

/// One thing that a container does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Writes a line.
    Line(String),
    /// Makes a file.
    Make(String, String),
    /// Removes a file.
    Remove(String),
    /// Begins to answer.
    Listen(Listener),
    /// Stops to answer without ending.
    Hang,
    /// Comes to use this many bytes of memory.
    Use(u64),
    /// Ends.
    Exit(i32),
}

/// What answers on a port.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listener {
    /// The ports.
    pub(crate) ports: Vec<u16>,
    /// The paths that are there; all when `None`.
    pub(crate) paths: Option<Vec<String>>,
    /// Answers other than 200.
    pub(crate) statuses: BTreeMap<String, u16>,
}

/// An act and when it happens, counted from the container's start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Beat {
    /// When.
    pub(crate) at: Duration,
    /// What.
    pub(crate) act: Act,
}

/// How a container takes a request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTerm {
    /// It ends with this code.
    Exit(i32),
    /// It does not listen: the first process of a container has no default for signals.
    Ignore,
}

/// The life of a container, unless somebody ends it. Without an exit it runs for ever.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Life {
    /// What it does, in order.
    pub(crate) beats: Vec<Beat>,
    /// How it takes a request to stop.
    pub(crate) on_term: OnTerm,
}

/// More than any machine has: what runs without end takes it.
pub(crate) const BOUNDLESS: u64 = u64::MAX;

/// Tools that every image has.
const TOOLS: &[&str] = &[
    "sh", "bash", "ash", "sleep", "echo", "printf", "cat", "test", "[", "true", "false", "head",
    "tail", "dd", "touch", "rm", "mkdir", "mv", "cp", "ls", "env", "date", "hostname", "id", "nc",
    "wget", "curl", "nslookup", "grep", "seq", "yes", "kill", "chmod", "ln", "httpd", "id", "wc",
    "sort", "tr", "cut", "sed", "awk", "tee", "expr", "timeout", "uname", "stat", "ps", "sync",
];
const FOLDERS: &[&str] = &["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/"];

/// The name under which a program is known, whatever folder it was called from.
pub(crate) fn program<'a>(image: &Image, name: &'a str) -> Option<&'a str> {
    if image.programs.iter().any(|it| it == name) {
        return Some(name);
    }
    let short = FOLDERS.iter().find_map(|it| name.strip_prefix(it)).unwrap_or(name);
    let known = TOOLS.contains(&short) || image.programs.iter().any(|it| it == short);
    known.then_some(short)
}

/// The life of a container, or why it cannot start.
pub(crate) fn begin(launch: &Launch<'_>) -> Result<Life, String> {
    let argv = if launch.argv.is_empty() { &launch.image.command } else { &launch.argv };
    let Some(name) = argv.first() else { return Err(refused("", "no command specified")) };
    if let Some(behaviour) = launch.behaviour {
        return Ok(live(behaviour, launch));
    }
    if program(launch.image, name).is_none() {
        let why = if name.contains('/') {
            format!("stat {name}: no such file or directory")
        } else {
            "executable file not found in $PATH".to_owned()
        };
        return Err(refused(name, &why));
    }
    Ok(shell::live(launch, argv))
}

fn refused(name: &str, why: &str) -> String {
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
         runc create failed: unable to start container process: exec: {name:?}: {why}: unknown"
    )
}

/// The life that a behaviour describes.
pub(crate) fn live(behaviour: &Behaviour, launch: &Launch<'_>) -> Life {
    let mut beats = Vec::new();
    let mut add = |at: Duration, act: Act| beats.push(Beat { at, act });
    let on_term =
        if behaviour.ignores_term { OnTerm::Ignore } else { OnTerm::Exit(behaviour.term_code) };
    if let Some(why) = missing(behaviour, launch) {
        let text = behaviour.error.clone().unwrap_or(why);
        text.lines().for_each(|line| add(seconds(0.1), Act::Line(line.to_owned())));
        add(seconds(0.2), Act::Exit(behaviour.exit_code.filter(|it| *it != 0).unwrap_or(1)));
        return Life { beats, on_term };
    }
    let needed = behaviour.memory_need.as_deref().and_then(Quantity::read);
    if let Some(needed) = needed.and_then(|it| u64::try_from(it.milli() / 1_000).ok()) {
        add(seconds(behaviour.memory_after), Act::Use(needed));
    }
    behaviour.log.iter().for_each(|line| add(Duration::ZERO, Act::Line(line.clone())));
    if !behaviour.ports.is_empty() {
        let listener = Listener {
            ports: behaviour.ports.clone(),
            paths: behaviour.paths.clone(),
            statuses: behaviour.statuses.clone(),
        };
        add(seconds(behaviour.ready_after), Act::Listen(listener));
    }
    if let Some(at) = behaviour.hangs_after {
        add(seconds(at), Act::Hang);
    }
    if let Some(code) = behaviour.exit_code {
        let text = behaviour.error.as_deref().unwrap_or_default();
        text.lines()
            .for_each(|line| add(seconds(behaviour.exit_after), Act::Line(line.to_owned())));
        add(seconds(behaviour.exit_after), Act::Exit(code));
    }
    beats.sort_by_key(|it| it.at);
    Life { beats, on_term }
}

/// What the application misses at its start, in its words.
fn missing(behaviour: &Behaviour, launch: &Launch<'_>) -> Option<String> {
    let unset = |name: &&String| launch.env.get(*name).is_none_or(String::is_empty);
    if let Some(name) = behaviour.needs_env.iter().find(unset) {
        return Some(format!("FATAL: environment variable {name} is not set"));
    }
    if let Some(path) = behaviour.needs_files.iter().find(|it| !launch.files.contains_key(*it)) {
        return Some(format!("FATAL: open {path}: no such file or directory"));
    }
    let unknown = behaviour.needs_services.iter().find(|it| !launch.services.contains(*it))?;
    Some(format!("FATAL: dial tcp: lookup {unknown} on 10.96.0.10:53: no such host"))
}

/// Seconds from hostile numbers: what is negative, huge or no number at all is taken as a bound.
pub(crate) fn seconds(number: f64) -> Duration {
    // Longer than any sandbox runs.
    const LONGEST: f64 = 1e8;
    if number.is_nan() {
        Duration::ZERO
    } else {
        Duration::from_secs_f64(number.clamp(0.0, LONGEST))
    }
}
