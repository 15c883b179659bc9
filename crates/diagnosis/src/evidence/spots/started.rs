//! What a program is started with: the word of its command that it does not take, the memory and the folder it is
//! given.

use types::{FieldPath, Quantity, SpotTopic};

use super::Spot;
use super::files::mount_of;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::quoting::stands_alone;

/// How programs are told how much memory they may use.
const HEAPS: [&str; 6] = [
    "-Xmx",
    "-XX:MaxRAMPercentage",
    "-XX:MaxMetaspaceSize",
    "--max-old-space-size",
    "--max_old_space_size",
    "memory_limit",
];
/// How variables are called that say it, in whatever unit.
const HEAP_NAMES: [&str; 9] = [
    "GCHEAPHARDLIMIT",
    "MEMORY_LIMIT",
    "MEMLIMIT",
    "MEM_LIMIT",
    "MAX_MEMORY",
    "HEAP_SIZE",
    "MAX_HEAP",
    "HEAP_MAX",
    "MAX_OLD_SPACE",
];
/// Words that are too short to be looked for in a command.
const SHORT: usize = 2;

/// The word of `command` or `args` that the program, its shell or its package does not know.
pub(super) fn with(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref()?;
    let is_value = reading.trouble == Trouble::Malformed && !is_of_variable(failing);
    let is_it = is_value
        || matches!(reading.trouble, Trouble::Module | Trouble::Part)
        || reading.trouble.is_of_start();
    let about = reading.about.as_deref().filter(|_| is_it)?;
    let word = bare(about.split([' ', '=']).next().unwrap_or(about));
    let whole = bare(about);
    // A script may have anything in it: a word by itself goes before it, and a variable with options as well.
    let (scripts, words): (Vec<_>, Vec<_>) =
        failing.telling_words().into_iter().partition(|it| it.1.contains(char::is_whitespace));
    if let Some((path, text)) = having(&words, whole, word) {
        return Some(Spot::new(SpotTopic::Program, path.clone(), text, String::new()));
    }
    let of_variable = of_options(failing, whole).filter(|_| reading.trouble == Trouble::Flag);
    of_variable.or_else(|| {
        let (path, text) = having(&scripts, whole, word)?;
        Some(Spot::new(SpotTopic::Program, path.clone(), text, String::new()))
    })
}

/// The word of `command` or `args` with the value of a flag, where the program names the flag whose value it cannot
/// read.
pub(super) fn of_flag(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let value = bare(reading.about.as_deref()?);
    let texts = failing.telling_words();
    let is_edge = |it: char| it.is_whitespace() || "\"'`/,:<>=".contains(it);
    let flags = reading.line.split(is_edge).filter(|it| it.starts_with('-') && SHORT < it.len());
    let found = flags.into_iter().find_map(|flag| {
        let name = flag.trim_start_matches('-');
        let is_name = |it: &str| it.starts_with('-') && it.trim_start_matches('-') == name;
        let at = texts.iter().position(|it| is_name(it.1.split('=').next().unwrap_or_default()))?;
        let own = texts.get(at).filter(|it| it.1.split_once('=').is_some_and(|it| it.1 == value));
        own.or_else(|| texts.get(at + 1).filter(|it| it.1 == value))
    });
    let (path, text) = found?;
    Some(Spot::new(SpotTopic::Program, path.clone(), text, String::new()))
}

/// The text that is this, or has it, or its first word.
fn having<'t, 'a>(
    texts: &'t [(FieldPath, &'a str)],
    whole: &str,
    word: &str,
) -> Option<&'t (FieldPath, &'a str)> {
    let has =
        |text: &str, word: &str| SHORT <= word.len() && (text == word || stands_alone(text, word));
    let exact = texts.iter().find(|it| it.1 == whole);
    exact
        .or_else(|| texts.iter().find(|it| has(it.1, whole)))
        .or_else(|| texts.iter().find(|it| has(it.1, word)))
        .or_else(|| texts.iter().find(|it| is_flag(it.1, word)))
}

/// The one variable with the flag among its options.
fn of_options(failing: &Failing<'_>, flag: &str) -> Option<Spot> {
    let variables = failing.variables();
    let is_it = |it: &&(FieldPath, &str, &str)| it.2.contains('-') && stands_alone(it.2, flag);
    let mut having = variables.iter().filter(is_it);
    let (path, name, value) = having.next().filter(|_| having.next().is_none())?;
    let spot = Spot::of_text(path, (name, value), String::new());
    Some(Spot { topic: SpotTopic::Program, ..spot })
}

/// Whether a variable has what it is about.
fn is_of_variable(failing: &Failing<'_>) -> bool {
    let about = failing.about(Trouble::Malformed).map(bare);
    about.is_some() && failing.container.env.iter().flatten().any(|it| it.value.as_deref() == about)
}

/// The one text of `command` and `args` that names the host which does not answer, where no variable does.
pub(super) fn host(failing: &Failing<'_>) -> Option<Spot> {
    let address = failing.needed()?;
    let host = address.rsplit_once(':').map_or(&*address, |it| it.0);
    let host = host.split('.').next().filter(|it| !it.chars().all(|it| it.is_ascii_digit()))?;
    if failing.variables().iter().any(|it| stands_alone(it.2, host)) {
        return None;
    }
    let mut texts = failing.telling_words().into_iter().filter(|it| stands_alone(it.1, host));
    let (path, text) = texts.next().filter(|_| texts.next().is_none())?;
    Some(Spot::new(SpotTopic::Needs, path, text, String::new()))
}

/// Without the quotes around it.
fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

/// Whether a text is this flag: some programs name it with fewer dashes than it was given.
fn is_flag(text: &str, word: &str) -> bool {
    let name = text.trim_start_matches('-');
    let wanted = word.trim_start_matches('-');
    name.len() < text.len()
        && !wanted.is_empty()
        && name
            .strip_prefix(wanted)
            .is_some_and(|it| it.is_empty() || it.starts_with(['=', ' ', '.']))
}

/// How much memory it is told to use, where that is not enough for it.
pub(super) fn heap(failing: &Failing<'_>) -> Option<Spot> {
    failing.reading.as_ref().filter(|it| it.trouble == Trouble::Memory)?;
    let is_heap = |text: &str| HEAPS.iter().any(|it| text.contains(it));
    if let Some((path, text)) = failing.telling_words().into_iter().find(|it| is_heap(it.1)) {
        return Some(Spot::new(SpotTopic::Program, path, text, String::new()));
    }
    let variables = failing.variables();
    let is_named = |name: &str| HEAP_NAMES.iter().any(|it| name.to_uppercase().contains(it));
    let by_value = variables.iter().find(|it| is_heap(it.2));
    let (path, name, value) = by_value.or_else(|| variables.iter().find(|it| is_named(it.1)))?;
    let amount = in_hexadecimal(failing, (name, value)).unwrap_or_default();
    let words = format!("; {name} says how much it may use{amount}");
    Some(Spot {
        topic: SpotTopic::Program,
        path: path.clone(),
        value: ((*name).to_owned(), (*value).to_owned()),
        words,
        key: None,
        shown: None,
    })
}

/// What .NET reads of an amount, with or without `0x` before it, beside the memory limit
/// (<https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector>).
fn in_hexadecimal(failing: &Failing<'_>, (name, value): (&str, &str)) -> Option<String> {
    let is_it = name.to_uppercase().ends_with("GCHEAPHARDLIMIT");
    let digits = value.trim().trim_start_matches("0x").trim_start_matches("0X");
    let amount = u64::from_str_radix(digits, 16).ok().filter(|_| is_it)?;
    let amount = match amount >> 20 {
        0 => format!("{amount} bytes"),
        mebibytes => Quantity::mebibytes(mebibytes).to_string(),
    };
    let limit = failing.facts.memory_limit.as_ref();
    let beside = limit.map(|it| format!(", beside a memory limit of {it}")).unwrap_or_default();
    Some(format!(": {value} is {amount}, since it is read as hexadecimal{beside}"))
}

/// The folder that a database wants for itself: the variable that names it, or the mount.
pub(super) fn data(failing: &Failing<'_>) -> Option<Spot> {
    let folder = failing.about(Trouble::NotEmpty)?.trim_end_matches('/');
    let (at, mount) =
        mount_of(failing, folder).filter(|it| it.1.mount_path.trim_end_matches('/') == folder)?;
    let words = "; a volume is mounted there, which may have folders of its own: one below it has to be named".to_owned();
    let mut variables = failing.variables().into_iter();
    if let Some((path, name, value)) = variables.find(|it| it.2.trim_end_matches('/') == folder) {
        return Some(Spot {
            topic: SpotTopic::Program,
            path,
            value: (name.to_owned(), value.to_owned()),
            words,
            key: None,
            shown: None,
        });
    }
    let path = failing.path.child("volumeMounts").index(at).child("mountPath");
    Some(Spot::new(SpotTopic::Program, path, &mount.mount_path, words))
}
