//! The texts of a container that name files and programs, and who says them.

use k8s_openapi::api::core::v1::{Container, LifecycleHandler, PodSpec, Probe};
use types::{ContainerFacts, FieldPath, ProbeKind};

/// Who says a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// What the container starts with: its command, a variable, a hook.
    Start,
    /// Where something is mounted.
    Mount,
    /// The command of a probe.
    Probe(ProbeKind),
    /// The path of a probe.
    Path(ProbeKind),
    /// What ends it.
    End,
}

/// One text.
pub(super) struct Text<'c> {
    pub(super) voice: Voice,
    /// Who that is, as a sentence has it.
    pub(super) place: String,
    /// Where it stands in the owner, if there.
    pub(super) path: Option<FieldPath>,
    pub(super) text: &'c str,
}

/// A probe as a sentence has it.
pub(super) fn whose(kind: ProbeKind) -> String {
    match kind {
        ProbeKind::Startup => "its startup probe",
        ProbeKind::Liveness => "its liveness probe",
        ProbeKind::Readiness => "its readiness probe",
    }
    .to_owned()
}

/// All texts of the container, those of what runs first.
pub(super) fn of<'c>(
    spec: &'c PodSpec,
    (container, path): (&'c Container, &FieldPath),
    facts: &'c ContainerFacts,
) -> Vec<Text<'c>> {
    let mut all = started(container, path, "its");
    all.extend(mounted(container, path, facts));
    for (kind, probe) in [
        (ProbeKind::Startup, &container.startup_probe),
        (ProbeKind::Liveness, &container.liveness_probe),
        (ProbeKind::Readiness, &container.readiness_probe),
    ] {
        all.extend(probe.iter().flat_map(|it| probed(it, kind, &path.child(kind.field()))));
    }
    all.extend(beside(spec, container));
    all
}

fn started<'c>(container: &'c Container, path: &FieldPath, whose: &str) -> Vec<Text<'c>> {
    let lists = [("command", &container.command), ("args", &container.args)];
    let mut all: Vec<Text<'c>> = vec![];
    for (name, list) in lists {
        let list = list.as_deref().unwrap_or_default();
        all.extend(listed(list, &path.child(name), Voice::Start, &format!("{whose} command")));
    }
    for (at, it) in container.env.iter().flatten().enumerate() {
        let Some(text) = it.value.as_deref() else { continue };
        let path = Some(path.child("env").index(at).child("value"));
        let place = format!("{whose} variable {}", it.name);
        all.push(Text { voice: Voice::Start, place, path, text });
    }
    let hooks = container.lifecycle.as_ref();
    let lifecycle = path.child("lifecycle");
    for (name, voice, hook) in [
        ("postStart", Voice::Start, hooks.and_then(|it| it.post_start.as_ref())),
        ("preStop", Voice::End, hooks.and_then(|it| it.pre_stop.as_ref())),
    ] {
        let path = lifecycle.child(name).child("exec").child("command");
        let place = format!("{whose} {name} hook");
        all.extend(hook.map(|it| listed(hooked(it), &path, voice, &place)).unwrap_or_default());
    }
    all
}

fn hooked(hook: &LifecycleHandler) -> &[String] {
    hook.exec.as_ref().and_then(|it| it.command.as_deref()).unwrap_or_default()
}

fn listed<'c>(list: &'c [String], path: &FieldPath, voice: Voice, place: &str) -> Vec<Text<'c>> {
    let text = |(at, it): (usize, &'c String)| Text {
        voice,
        place: place.to_owned(),
        path: Some(path.index(at)),
        text: it,
    };
    list.iter().enumerate().map(text).collect()
}

/// Where volumes are mounted, and the files of ConfigMaps in them.
fn mounted<'c>(
    container: &'c Container,
    path: &FieldPath,
    facts: &'c ContainerFacts,
) -> Vec<Text<'c>> {
    let mounts = container.volume_mounts.iter().flatten().enumerate();
    let mounts = mounts.map(|(at, it)| Text {
        voice: Voice::Mount,
        place: format!("its volume {}", it.name),
        path: Some(path.child("volumeMounts").index(at).child("mountPath")),
        text: it.mount_path.as_str(),
    });
    let files = facts.files.iter().map(|it| Text {
        voice: Voice::Mount,
        place: "a ConfigMap that it mounts".to_owned(),
        path: None,
        text: it.as_str(),
    });
    mounts.chain(files).collect()
}

fn probed<'c>(probe: &'c Probe, kind: ProbeKind, path: &FieldPath) -> Vec<Text<'c>> {
    let command = probe.exec.as_ref().and_then(|it| it.command.as_deref()).unwrap_or_default();
    let at = path.child("exec").child("command");
    let mut all = listed(command, &at, Voice::Probe(kind), &whose(kind));
    all.extend(probe.http_get.as_ref().and_then(|it| it.path.as_deref()).map(|text| Text {
        voice: Voice::Path(kind),
        place: whose(kind),
        path: Some(path.child("httpGet").child("path")),
        text,
    }));
    all
}

/// What containers beside it start with, of files in a volume that both have at the same place.
fn beside<'c>(spec: &'c PodSpec, container: &Container) -> Vec<Text<'c>> {
    let own = || container.volume_mounts.iter().flatten();
    let others = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let shared = |other: &'c Container| {
        let mounts = other.volume_mounts.iter().flatten();
        let both: Vec<&str> = mounts
            .filter(|it| own().any(|own| own.name == it.name && own.mount_path == it.mount_path))
            .map(|it| it.mount_path.as_str())
            .collect();
        let whose = format!("container {}'s", other.name);
        let texts = started(other, &FieldPath::root(), &whose);
        let is_shared = move |it: &Text<'_>| {
            paths(it.text).any(|path| both.iter().any(|both| path.starts_with(both)))
        };
        texts.into_iter().filter(is_shared).map(|it| Text { path: None, ..it })
    };
    others.filter(|it| it.name != container.name).flat_map(shared).collect()
}

/// The words of a text: what stands between blanks, quotes and what a shell reads as a sign.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |it: char| it.is_alphanumeric() || "-_./+@%~${}".contains(it);
    let words = text.split(move |it| !is_part(it)).map(|it| it.trim_end_matches(['.', '/']));
    words.filter(|it| !it.is_empty() && !it.starts_with('-'))
}

/// The words that name a file, or a path; not those that a shell puts together.
pub(super) fn paths(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|it| {
        it.contains('/') && !it.starts_with("//") && !it.contains(['$', '{', '}', '%'])
    })
}

/// The text with another word wherever this one stands by itself.
pub(super) fn replaced(text: &str, word: &str, meant: &str) -> String {
    let is_part = |it: char| it.is_alphanumeric() || "-_./+@%~${}".contains(it);
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word).filter(|_| !word.is_empty()) {
        let (before, after) = rest.split_at(at);
        let after = after.strip_prefix(word).unwrap_or_default();
        let begins =
            !before.chars().next_back().or(result.chars().next_back()).is_some_and(is_part);
        let next = after.trim_start_matches(['.', '/']).chars().next();
        let ends = !after.chars().next().is_some_and(is_part)
            || after.starts_with(['.', '/']) && !next.is_some_and(is_part);
        result.push_str(before);
        result.push_str(if begins && ends { meant } else { word });
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_addresses_and_what_a_shell_puts_together() {
        let found = |text: &'static str| paths(text).collect::<Vec<_>>();

        assert_eq!(
            found("[ -f '/tmp/redy' ] && exec x >/tmp/log.txt"),
            ["/tmp/redy", "/tmp/log.txt"]
        );
        assert_eq!(found("touch $DIR/ready ${DIR}/ready https://db/ready -f"), [""; 0]);
        assert_eq!(found("--file=/tmp/redy."), ["/tmp/redy"]);
    }

    #[test]
    fn a_word_is_replaced_wherever_it_stands_by_itself() {
        for (text, meant) in [
            ("test -f /tmp/redy && cat /tmp/redy", "test -f /tmp/ready && cat /tmp/ready"),
            ("cat /tmp/redy.lock /var/tmp/redy", "cat /tmp/redy.lock /var/tmp/redy"),
            ("/tmp/redy", "/tmp/ready"),
            ("cat /tmp/redy/", "cat /tmp/ready/"),
        ] {
            assert_eq!(replaced(text, "/tmp/redy", "/tmp/ready"), meant);
        }
    }
}
