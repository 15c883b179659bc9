//! What a container left behind in a volume of its pod, and finds again at each start.

use k8s_openapi::api::core::v1::Container;
use types::ContainerFacts;

use crate::Objects;
use crate::log::left;

/// Last lines that are read.
const MAX_LINES: usize = 10;
/// What programs say of what an earlier life of theirs left.
const WORDS: [&str; 17] = [
    "lock",
    ".sock",
    "address already in use",
    "pid file",
    "pidfile",
    ".pid",
    "already running",
    "already exists",
    "file exists",
    "another instance",
    "stale",
    "truncated",
    "corrupt",
    "checksum",
    "unexpected eof",
    "unexpected end of file",
    "bad magic",
];

/// Folders in which programs keep nothing that outlives them.
const FOLDERS: [&str; 6] = ["run", "pid", "pids", "tmp", "lock", "locks"];
/// How files are called that say that somebody is at work.
const ENDINGS: [&str; 3] = [".pid", ".lock", ".sock"];

/// The path that its last words name beside such a word, where it lies in an `emptyDir` of the container, which was
/// started again.
pub(super) fn fact(
    objects: &Objects,
    container: &Container,
    facts: &ContainerFacts,
) -> Option<String> {
    if facts.restarts == 0 || facts.ready {
        return None;
    }
    let mounts = mounts(objects, container);
    let lines = [facts.log.as_slice(), &facts.previous_log, left::message(facts)]
        .into_iter()
        .flat_map(|it| it.iter().flat_map(|it| it.lines()).rev().take(MAX_LINES));
    let mut told = lines.filter(|line| {
        let line = line.to_lowercase();
        WORDS.iter().any(|it| line.contains(it))
    });
    told.find_map(|line| path_in(line, &mounts))
}

/// Whether a path is that of a lock, a socket or a process id, in a volume that is mounted where programs keep
/// nothing else.
pub(super) fn is_scratch(objects: &Objects, container: &Container, path: &str) -> bool {
    let lies_in = |it: &&str| path.strip_prefix(it).is_some_and(|it| it.starts_with('/'));
    let mounts = mounts(objects, container);
    // Of two mounts, one below the other, the deeper one has it.
    let mount = mounts.into_iter().filter(lies_in).max_by_key(|it| it.len());
    mount.is_some_and(|it| is_of_scratch(it, path))
}

fn is_of_scratch(mount: &str, path: &str) -> bool {
    let folder = mount.rsplit('/').next().unwrap_or_default();
    FOLDERS.contains(&folder) && ENDINGS.iter().any(|it| path.ends_with(it))
}

/// Where volumes are mounted that live as long as the pod.
fn mounts<'o>(objects: &'o Objects, container: &'o Container) -> Vec<&'o str> {
    let volumes = objects.root.pod_spec().and_then(|it| it.volumes.as_deref()).unwrap_or_default();
    let is_of_pod = |name: &str| volumes.iter().any(|it| it.name == name && it.empty_dir.is_some());
    let mounts = container.volume_mounts.iter().flatten().filter(|it| is_of_pod(&it.name));
    mounts.map(|it| it.mount_path.trim_end_matches('/')).filter(|it| !it.is_empty()).collect()
}

/// The first path in the line that lies in one of these.
fn path_in(line: &str, mounts: &[&str]) -> Option<String> {
    let is_no_path = |it: char| it.is_whitespace() || "\"'`()[]{}<>,;=".contains(it);
    let paths = line.split(is_no_path).map(|it| it.trim_end_matches(['.', ':', '!']));
    let lies_in = |path: &&str| {
        mounts.iter().any(|it| path.strip_prefix(it).is_some_and(|it| it.starts_with('/')))
    };
    paths.filter(|it| !it.contains("..")).find(lies_in).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_wants_back_is_a_mark_in_a_folder_for_marks() {
        for (mount, path, expected) in [
            ("/app/tmp/pids", "/app/tmp/pids/server.pid", true),
            ("/run", "/run/nginx/nginx.pid", true),
            ("/data", "/data/postmaster.pid", false),
            ("/run", "/run/state.db", false),
        ] {
            assert_eq!(is_of_scratch(mount, path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_is_found_among_words_where_it_lies_in_a_volume_of_the_pod() {
        for (line, expected) in [
            ("Lock held by this virtual machine: /d/lock; another instance", Some("/d/lock")),
            ("FATAL: lock file \"/d/postmaster.pid\" already exists", Some("/d/postmaster.pid")),
            ("listen unix /d/ctl.sock: bind: address already in use", Some("/d/ctl.sock")),
            ("lock /data/lock exists", None),
            ("lock /d exists", None),
            ("lock /d/../etc/lock exists", None),
        ] {
            assert_eq!(path_in(line, &["/d"]).as_deref(), expected, "{line}");
        }
    }
}
