//! A program that is not in the image.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Container;
use regex::Regex;
use types::SlipKind;

use super::Slip;
use crate::evidence::failing::Failing;
use crate::evidence::images::{family, repository};
use crate::evidence::pods::is_ready;
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;
use crate::patterns::pattern;

/// How a runtime says that a program is not there.
static ABSENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"exec: "(?P<what>[^"]+)": (?:executable file not found|stat [^:]*: no such file)"#)
});

/// Programs that images usually bring: shells, what every system has, and what runs the programs of a language. Few on
/// purpose: of two that are equally near, neither is meant.
const USUAL: [&str; 59] = [
    "awk",
    "bash",
    "bundle",
    "busybox",
    "cat",
    "celery",
    "chmod",
    "chown",
    "curl",
    "date",
    "deno",
    "dotnet",
    "echo",
    "find",
    "flask",
    "grep",
    "grpc_health_probe",
    "gunicorn",
    "gzip",
    "haproxy",
    "httpd",
    "java",
    "kubectl",
    "mkdir",
    "mongod",
    "mongodump",
    "mongosh",
    "mysql",
    "mysqladmin",
    "mysqld",
    "mysqldump",
    "nginx",
    "node",
    "npm",
    "perl",
    "pg_dump",
    "pg_isready",
    "php",
    "postgres",
    "printf",
    "psql",
    "python",
    "python3",
    "rabbitmqctl",
    "rails",
    "rake",
    "redis-cli",
    "redis-server",
    "rsync",
    "ruby",
    "sed",
    "sleep",
    "tail",
    "tar",
    "touch",
    "traefik",
    "uvicorn",
    "wget",
    "yarn",
];
/// Programs with shorter names are told from others by single letters: `cat` from `cart`, `node` from `code`.
const LONG: usize = 5;

/// How a runtime says that no folder of `$PATH` has a program.
const NOT_IN_PATH: &str = "executable file not found in $PATH";

/// A healthy pod of the same image runs a program of nearly this name, or the image itself is called so.
pub(super) fn misspelt(failing: &Failing<'_>) -> Option<Slip> {
    let wrong = absent(failing)?;
    let wrong = base(&wrong);
    let wanted = family(&failing.facts.image);
    let run = run_elsewhere(failing);
    let near = near_miss(wrong, run.iter().map(String::as_str).chain([wanted.as_str()]))?;
    let shown_by = if run.contains(&near) {
        format!("A healthy pod of the same image runs {near}, and nothing else is as near.")
    } else {
        format!("The image is called {near}, and nothing else is as near.")
    };
    Some(Slip { kind: SlipKind::Command, shown_by, edits: vec![failing.word_edit(wrong, &near)?] })
}

/// Images usually bring a program of nearly this name. Whether this one does nobody knows, so that it comes last, and
/// only for a bare name that was looked for in `$PATH`.
pub(super) fn unlike_the_usual(failing: &Failing<'_>) -> Option<Slip> {
    let state = &failing.facts.state;
    let messages = [&state.exit_message, &state.waiting_message];
    let message = messages.into_iter().flatten().find(|it| it.contains(NOT_IN_PATH))?;
    let found = ABSENT.as_ref()?.captures(message)?;
    let wrong = found.name("what")?.as_str();
    let near = usual(wrong)?;
    let shown_by = format!(
        "Images usually bring {near}, and no other usual program is as near; whether this one does is not known."
    );
    Some(Slip { kind: SlipKind::Command, shown_by, edits: vec![failing.word_edit(wrong, &near)?] })
}

/// The one usual program that is nearly called so.
pub(in crate::evidence) fn usual(wrong: &str) -> Option<String> {
    let near = near_miss(wrong, USUAL).filter(|it| is_hardly_another(wrong, it));
    near.filter(|_| !is_usual(wrong))
}

/// Whether a program is one that images usually bring.
pub(in crate::evidence) fn is_usual(program: &str) -> bool {
    USUAL.contains(&program)
}

/// Whether letters changed places or came twice; in a long name, whether it begins alike.
pub(in crate::evidence) fn is_hardly_another(wrong: &str, usual: &str) -> bool {
    let sorted = |it: &str| {
        let mut letters: Vec<char> = it.chars().collect();
        letters.sort_unstable();
        letters
    };
    let once = |it: &str| {
        let mut letters: Vec<char> = it.chars().collect();
        letters.dedup();
        letters
    };
    let is_long = LONG <= usual.len() && wrong.chars().next() == usual.chars().next();
    is_long || sorted(wrong) == sorted(usual) || once(wrong) == once(usual)
}

/// The program that is not there, by the runtime's words or by those of a shell.
fn absent(failing: &Failing<'_>) -> Option<String> {
    let state = &failing.facts.state;
    let messages = [&state.exit_message, &state.waiting_message];
    let pattern = ABSENT.as_ref()?;
    let told = messages.into_iter().flatten().find_map(|it| pattern.captures(it));
    if let Some(what) = told.as_ref().and_then(|it| it.name("what")) {
        return Some(what.as_str().to_owned());
    }
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Command)?;
    reading.about.clone()
}

/// The programs that healthy pods of the same repository are told to run.
fn run_elsewhere(failing: &Failing<'_>) -> Vec<String> {
    let wanted = repository(&failing.facts.image);
    let ready = failing.objects.namespace_pods.iter().filter(|it| is_ready(it));
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

#[test]
fn a_usual_program_is_told_from_the_name_of_another_one() {
    let meant = |wrong: &str| near_miss(wrong, USUAL).filter(|it| is_hardly_another(wrong, it));
    for (wrong, usual) in [
        ("sleeep", "sleep"),
        ("slep", "sleep"),
        ("ngnix", "nginx"),
        ("pyhton", "python"),
        ("pyhton3", "python3"),
        ("ndoe", "node"),
        ("bsah", "bash"),
        ("jaava", "java"),
        ("crul", "curl"),
    ] {
        assert_eq!(meant(wrong).as_deref(), Some(usual), "{wrong}");
    }
    for wrong in ["cart", "code", "mode", "web", "server", "python2", "mail", "worker", "echoes"] {
        assert_eq!(meant(wrong), None, "{wrong}");
    }
}
