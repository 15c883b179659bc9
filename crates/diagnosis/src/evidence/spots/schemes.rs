//! The variable with an address of another scheme than those that its program lists.

use std::sync::LazyLock;

use regex::Regex;
use types::{FieldPath, SpotTopic};

use super::{Spot, sources};
use crate::evidence::failing::Failing;
use crate::log::reading::{Reading, Trouble};
use crate::near_miss::near_miss;
use crate::patterns::pattern;

/// A scheme as programs write it.
static SCHEME: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,30})://"));
/// What a line has in it that lists the schemes that are taken.
const LISTS: [&str; 7] =
    ["start with", "begin with", "one of", "expected", "must be", "scheme", "supported"];
/// What the names of variables with addresses have in them.
const NAMES: [&str; 8] = ["URL", "URI", "DSN", "CONN", "ADDR", "HOST", "ENDPOINT", "SERVER"];
/// Schemes that addresses mostly have.
const USUAL: [&str; 16] = [
    "http",
    "https",
    "postgres",
    "postgresql",
    "mysql",
    "redis",
    "rediss",
    "amqp",
    "amqps",
    "mongodb",
    "nats",
    "kafka",
    "wss",
    "grpc",
    "tcp",
    "sqlite",
];
/// Letters with which the name of a variable has to have that of a server: `MONGO`, `POSTG`, `REDIS`.
const STEM: usize = 4;

/// The one whose name or value is of what is expected.
pub(super) fn other(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let line = reading.line.to_lowercase();
    let expected: Vec<String> = schemes(&line);
    let is_list = LISTS.iter().any(|it| line.contains(it));
    if expected.is_empty() || !is_list {
        return None;
    }
    let variables = failing.variables();
    let wrong: Vec<_> = variables.iter().filter(|it| !is_one(&expected, it.2)).collect();
    let near = |value: &str| meant(reading, value);
    let is_named = |name: &str, all: &[&str]| {
        let name = name.to_uppercase();
        all.iter().any(|it| name.contains(it))
    };
    let stems: Vec<String> =
        expected.iter().map(|it| it.to_uppercase().chars().take(STEM).collect()).collect();
    let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
    let one = only(&wrong, |it| near(it.2).is_some())
        .or_else(|| only(&wrong, |it| is_named(it.1, &stems) && is_named(it.1, &NAMES)))
        .or_else(|| only(&wrong, |it| it.2.contains("://") && is_named(it.1, &NAMES)))
        .or_else(|| only(&wrong, |it| is_named(it.1, &NAMES)));
    let Some((path, name, value)) = one else { return given(failing, &stems) };
    let words = match (near(value), value.contains("://"), expected.first()) {
        (Some(near), ..) => format!("; {name} has another one: {near}:// was probably meant"),
        (None, false, Some(first)) => format!("; {name} has none: it would begin with {first}://"),
        (None, ..) => format!("; {name} has another one"),
    };
    let spot = Spot::of_text(path, (name, value), words);
    Some(Spot { topic: SpotTopic::Program, ..spot })
}

/// The scheme that a value was probably meant to have: one that the program lists, or a usual one where it does not
/// know that of the value.
pub(in crate::evidence) fn meant(reading: &Reading<'_>, value: &str) -> Option<String> {
    let scheme = value.split_once("://")?.0.to_lowercase();
    let about = reading.about.as_deref().map(str::to_lowercase);
    if about.as_deref() == Some(scheme.as_str()) {
        return near_miss(&scheme, USUAL.into_iter().filter(|it| *it != scheme));
    }
    let listed = schemes(&reading.line.to_lowercase());
    near_miss(&scheme, listed.iter().map(String::as_str)).filter(|_| !listed.contains(&scheme))
}

/// The one whose scheme its program does not know.
pub(super) fn unsupported(failing: &Failing<'_>) -> Option<Spot> {
    let scheme = failing.about(Trouble::Malformed)?.to_lowercase();
    let has = |it: &Variable<'_>| {
        let found = it.2.split_once("://").map(|it| it.0.to_lowercase());
        found.as_deref() == Some(scheme.as_str())
    };
    let variables = failing.variables();
    let all: Vec<_> = variables.iter().collect();
    let (path, name, value) = only(&all, has)?;
    let near = meant(failing.reading.as_ref()?, value);
    let words = match near {
        Some(near) => {
            format!("; it is the scheme of {name}, where {near} was probably meant")
        }
        None => format!("; it is the scheme of {name}"),
    };
    let spot = Spot::of_text(path, (name, value), words);
    Some(Spot { topic: SpotTopic::Program, ..spot })
}

/// Whether a value begins with a scheme that the line lists.
pub(super) fn is_listed(line: &str, value: &str) -> bool {
    is_one(&schemes(&line.to_lowercase()), value)
}

fn is_one(expected: &[String], value: &str) -> bool {
    let value = value.to_lowercase();
    expected.iter().any(|it| value.starts_with(&format!("{it}://")))
}

/// A variable of that name that comes from elsewhere.
fn given(failing: &Failing<'_>, stems: &[&str]) -> Option<Spot> {
    let mut given = failing.container.env.iter().flatten().enumerate().filter(|it| {
        let name = it.1.name.to_uppercase();
        it.1.value_from.is_some() && stems.iter().any(|it| name.contains(it))
    });
    let (at, variable) = given.next().filter(|_| given.next().is_none())?;
    sources::of_variable(failing, at, variable)
}

type Variable<'a> = (FieldPath, &'a str, &'a str);

fn only<'v, 'a>(
    all: &[&'v Variable<'a>],
    is_one: impl Fn(&Variable<'a>) -> bool,
) -> Option<&'v Variable<'a>> {
    let mut found = all.iter().filter(|it| is_one(it));
    found.next().filter(|_| found.next().is_none()).copied()
}

fn schemes(line: &str) -> Vec<String> {
    let Some(pattern) = SCHEME.as_ref() else { return vec![] };
    let found = pattern.captures_iter(line).filter_map(|it| it.name("scheme"));
    found.map(|it| it.as_str().to_owned()).collect()
}

#[test]
fn the_pattern_is_one() {
    assert!(SCHEME.is_some());
}
