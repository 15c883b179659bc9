//! The runtime cannot start the container's command.
//!
//! ## What it looks for
//! A container that waits with `RunContainerError`, `CreateContainerError`, a hook's error or a
//! `CreateContainerConfigError` that is not about something absent, or whose last end was `StartError` or
//! `ContainerCannotRun`. The runtime's message names the command, directory, user or mount. A container that the
//! kubelet kills each time because its `postStart` hook fails, and one whose `postStart` hook does not come to its end.
//!
//! ## What it does not see
//! A command that starts and then fails: that is a crash loop. Which commands the image has.

mod hook;

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, SpotTopic};

use super::{ended_recently, wording};
use crate::patterns::Meanings;
use crate::redact::shortened;

/// Characters of what a message names that are kept.
const MAX_NAME: usize = 120;
/// Characters of a message that is quoted.
const MAX_QUOTE: usize = 200;
/// Changes that decide how a container starts.
const CHANGES: [&str; 6] =
    ["command", "args", "image", "workingDir", "securityContext", "volumeMounts"];

/// What is to blame: the start of the container's own command, or another field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blame {
    Start,
    Field(&'static str),
    /// Its memory limit.
    Memory,
    /// The field that asks for what the message names.
    Spot,
    Node,
}

/// What a runtime says, what it means with `{}` for the group, and which field is to blame.
const MEANINGS: &[(&str, &str, Blame)] = &[
    (
        r"(?i)container init was OOM-killed|minimum memory limit|memory limit\b.{0,40}\btoo (?:low|small)",
        "its memory limit is too small even to start it",
        Blame::Memory,
    ),
    (
        r#"exec:? "?(?P<what>[^":]+)"?: exec format error"#,
        "its command {} is not made for this kind of node",
        Blame::Field("image"),
    ),
    ("exec format error", "its command is not made for this kind of node", Blame::Field("image")),
    (
        r#"chdir to cwd \("(?P<what>[^"]+)"\) set in config.json failed: no such file"#,
        "its working directory {} is not there",
        Blame::Field("workingDir"),
    ),
    (
        r#"chdir to cwd \("(?P<what>[^"]+)"\) set in config.json failed: permission denied"#,
        "it may not enter its working directory {}",
        Blame::Field("workingDir"),
    ),
    (
        r#"chdir to cwd \("(?P<what>[^"]+)"\)"#,
        "it cannot enter its working directory {}",
        Blame::Field("workingDir"),
    ),
    (
        r"container init: mkdir (?P<what>[^:]+): not a directory",
        "its working directory {} is no directory",
        Blame::Field("workingDir"),
    ),
    (
        r#"error mounting "[^"]*" to rootfs at "(?P<what>[^"]+)".*(?:not a directory|is a directory)"#,
        "a volume cannot be mounted at {}: one is a directory and the other a file",
        Blame::Field("volumeMounts"),
    ),
    (
        r#"error mounting "[^"]*" to rootfs at "(?P<what>[^"]+)""#,
        "a volume cannot be mounted at {}",
        Blame::Field("volumeMounts"),
    ),
    (
        r#"prepare subPath for volumeMount "(?P<what>[^"]+)""#,
        "the subPath of its mount {} cannot be prepared",
        Blame::Field("volumeMounts"),
    ),
    (
        r#"exec: "(?P<what>[^"]+)": executable file not found"#,
        "its command {} is not in the image",
        Blame::Start,
    ),
    (
        r#"exec: "(?P<what>[^"]+)": stat [^:]*: no such file"#,
        "its command {} is not in the image",
        Blame::Start,
    ),
    (
        r#"exec: "(?P<what>[^"]+)": stat [^:]*: not a directory"#,
        "a part of the path of its command {} is no directory",
        Blame::Start,
    ),
    (
        r#"exec: "(?P<what>[^"]+)": (?:stat [^:]*: )?permission denied"#,
        "its command {} may not be executed: it is no program, or its user may not run it",
        Blame::Start,
    ),
    (r#"exec: "(?P<what>[^"]+)": is a directory"#, "its command {} is a directory", Blame::Start),
    ("no command specified", "neither the template nor the image names a command", Blame::Start),
    (
        r"unable to find (?P<what>(?:user|group) \S+): no matching entries",
        "there is no {} in the image",
        Blame::Field("securityContext"),
    ),
    (
        r"runAsNonRoot and image will run as root",
        "it must not run as root (runAsNonRoot), and its image does",
        Blame::Field("securityContext"),
    ),
    (
        r"runAsUser breaks non-root policy",
        "it must not run as root (runAsNonRoot), and runAsUser is 0",
        Blame::Field("securityContext"),
    ),
    (
        r"image has non-numeric user \((?P<what>[^)]*)\)",
        "it must not run as root (runAsNonRoot), and whether user {} of the image is root cannot be told: runAsUser has to name a number",
        Blame::Field("securityContext"),
    ),
    (
        r#"(?i)seccomp profile "?(?:/var/lib/kubelet/seccomp/)?(?P<what>[^"\s:]+)"#,
        "its seccomp profile {} cannot be loaded: it has to be on the node",
        Blame::Field("securityContext"),
    ),
    (r"(?i)seccomp", "its seccomp profile cannot be loaded", Blame::Field("securityContext")),
    (r"(?i)apparmor", "its AppArmor profile cannot be loaded", Blame::Field("securityContext")),
    (r"PostStartHook|poststarthook", "its postStart hook fails", Blame::Field("lifecycle")),
    (
        r"is reserved for|context deadline exceeded",
        "the node's runtime is too slow to make it",
        Blame::Node,
    ),
    ("no space left on device", "the node's disk is full", Blame::Node),
    (
        r"^container (?P<what>\S+) not found$",
        "a variable is to tell the resources of container {}, which the pod does not have",
        Blame::Spot,
    ),
    (
        r"missing value for (?P<what>\S+)",
        "a mount asks for the variable {}, which the container does not set",
        Blame::Spot,
    ),
    ("no such file or directory", "its command is not in the image", Blame::Start),
    ("permission denied", "its command may not be executed", Blame::Start),
    ("is a directory", "its command is a directory", Blame::Start),
];

static COMPILED: Meanings<(&str, &str, Blame)> = Meanings::new(MEANINGS, name);

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    refused(evidence).or_else(|| hook::failing(evidence)).or_else(|| hook::endless(evidence))
}

fn refused(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| cannot_run(it, evidence))?;
    let state = &container.state;
    let messages = [&state.exit_message, &state.waiting_message, &state.waiting];
    let meaning = messages.into_iter().flatten().find_map(|it| meaning(it));
    let on = |topic: SpotTopic| container.spots.iter().find(|it| it.topic == topic);
    // What was never put in is looked for in vain.
    let is_of_memory = meaning.as_ref().is_some_and(|it| it.1 == Blame::Memory);
    let of_memory = || on(SpotTopic::Memory).filter(|_| is_of_memory || meaning.is_none());
    let spot = on(SpotTopic::Start).or_else(|| on(SpotTopic::Expansion)).or_else(of_memory);
    let mut clues = vec![];
    clues.extend(spot.map(|it| Clue::new(it.path.clone(), &it.value)));
    if let Some((words, blame)) = &meaning {
        let blamed = blamed(evidence, container, *blame);
        let blamed = blamed.filter(|it| spot.is_none_or(|spot| spot.path != *it));
        clues.extend(blamed.map(|it| Clue::new(it, words)));
    }
    let given = container.given_memory_limit.as_ref().filter(|_| is_of_memory);
    clues.extend(wording::last_exit(container));
    clues.extend(wording::waiting(container));
    if given.is_some() {
        clues.extend(wording::given_limit(evidence, container));
    }
    if let Some(message) = &state.exit_message {
        clues.push(Clue::new(wording::fact(container, "exit_message"), message));
    }
    clues.extend(wording::rollout(evidence, &CHANGES));
    Some(Diagnosis {
        fault: Fault::ContainerCannotRun,
        container: Some(container.name.clone()),
        confidence: if meaning.is_some() { 0.97 } else { 0.85 },
        cause: match meaning {
            Some((words, _)) => {
                let more = spot.map_or("", |it| it.words.as_str());
                let given = given.map(|it| format!(": the {}", wording::given(it)));
                let given = given.unwrap_or_default();
                format!(
                    "{} cannot start: {words}{given}{more}.",
                    wording::named_at_start(container)
                )
            }
            None => unread(container),
        },
        clues,
    })
}

/// What is said where nothing of it is known: the message itself.
fn unread(container: &ContainerFacts) -> String {
    let said =
        container.state.waiting_message.as_deref().or(container.state.exit_message.as_deref());
    let said: String = said.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let said = shortened(&said, MAX_QUOTE);
    let named = wording::named(container);
    let begin = match container.state.waiting.as_deref() {
        Some("PreCreateHookError") => {
            format!("The kubelet cannot prepare {named} before it is created")
        }
        Some("PreStartHookError") => format!("The kubelet cannot prepare {named} before it starts"),
        Some(_) | None => format!("The runtime cannot start {named}"),
    };
    if said.is_empty() {
        format!("{begin}.")
    } else {
        format!("{begin}: {}.", said.trim_end_matches('.'))
    }
}

fn cannot_run(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let state = &container.state;
    let message = state.waiting_message.as_deref().unwrap_or_default();
    let waits = match state.waiting.as_deref() {
        // What the kubelet has not read yet it reads again.
        Some("CreateContainerConfigError") => !message.starts_with("failed to sync"),
        Some(
            "RunContainerError"
            | "CreateContainerError"
            | "PostStartHookError"
            | "PreCreateHookError"
            | "PreStartHookError",
        ) => true,
        Some(_) | None => false,
    };
    let ended = matches!(state.last_exit.as_deref(), Some("StartError" | "ContainerCannotRun"));
    waits || (ended && !container.ready && ended_recently(container, evidence))
}

/// What a message means, and what is to blame.
fn meaning(message: &str) -> Option<(String, Blame)> {
    COMPILED.find(message).map(|(_, words, row)| (words, row.2))
}

/// What is kept of what a message names.
fn name(what: &str) -> String {
    what.chars().take(MAX_NAME).collect()
}

/// The field to blame: without a command of its own, a container starts what its image says.
fn blamed(evidence: &Evidence, container: &ContainerFacts, blame: Blame) -> Option<String> {
    let name = match blame {
        // A spot is shown as it is.
        Blame::Node | Blame::Spot => return None,
        Blame::Field(name) => name,
        Blame::Memory => return wording::resource_path(evidence, container, "limits", "memory"),
        Blame::Start => {
            let sets = |name: &&str| container.sets.iter().any(|it| it == name);
            ["command", "args"].into_iter().find(sets).unwrap_or("image")
        }
    };
    wording::field(evidence, container, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let begin = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";
        let found = meaning(&format!("{begin}{message}: unknown")).map(|it| it.0);
        assert_eq!(found.unwrap_or_default(), expected, "{message}");
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(COMPILED.broken(), Vec::<&str>::new());
    }

    #[test]
    fn what_a_runtime_says_is_read() {
        check(
            r#"exec: "srevr": executable file not found in $PATH"#,
            "its command srevr is not in the image",
        );
        check(
            r#"exec: "/app/x": stat /app/x: no such file or directory"#,
            "its command /app/x is not in the image",
        );
        check(
            r#"exec: "/etc/passwd": permission denied"#,
            "its command /etc/passwd may not be executed: it is no program, or its user may not run it",
        );
        check(
            r#"exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory"#,
            "a part of the path of its command /etc/passwd/x is no directory",
        );
        check(
            "exec /app/x: exec format error",
            "its command /app/x is not made for this kind of node",
        );
        check(
            r#"error during container init: chdir to cwd ("/nope") set in config.json failed: no such file or directory"#,
            "its working directory /nope is not there",
        );
        check(
            "error during container init: mkdir /etc/passwd: not a directory",
            "its working directory /etc/passwd is no directory",
        );
        check(
            r#"error during container init: error mounting "/var/lib/kubelet/pods/1/volume-subpaths/d/app/0" to rootfs at "/etc/passwd": mount x:/etc/passwd (via /proc/self/fd/6), flags: 0x5000: not a directory"#,
            "a volume cannot be mounted at /etc/passwd: one is a directory and the other a file",
        );
        check(
            "unable to find user app: no matching entries in passwd file",
            "there is no user app in the image",
        );
        for message in [
            "container init was OOM-killed (memory limit too low?)",
            "set memory limit 256 too low; should be at least 12582912 bytes",
            "Error response from daemon: Minimum memory limit allowed is 6MB",
        ] {
            check(message, "its memory limit is too small even to start it");
        }
    }
}
