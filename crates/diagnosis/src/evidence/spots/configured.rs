//! The file of a ConfigMap or a Secret that the last words name, whatever they say of it.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::VolumeMount;
use regex::Regex;
use types::SpotTopic;

use super::files::mount_of;
use super::sources::{below, files, key_at};
use super::{Spot, sources};
use crate::evidence::failing::Failing;
use crate::log::last_words;
use crate::log::reading::Trouble;
use crate::patterns::pattern;
use crate::quoting::stands_alone;

/// How the names of programs end: that one fails is no fault of its text.
const PROGRAMS: [&str; 12] =
    ["py", "js", "mjs", "cjs", "ts", "sh", "bash", "rb", "pl", "php", "jar", "so"];

/// The code with which programs end whose configuration is wrong, as sysexits.h has it.
const EX_CONFIG: i32 = 78;
/// Lines above a syntax error that may say where it is.
const TRACE: usize = 8;
/// What languages say of a name that the text of a program has and nothing else: that is the fault of the text,
/// whatever it is for.
const OF_TEXT: [&str; 5] =
    ["NameError:", "UnboundLocalError:", "IndentationError:", "TabError:", "ReferenceError:"];
/// Configurations of other things than the program itself, which no ConfigMap of its own brings.
const OTHERS: [&str; 8] = [
    "aws",
    "kube",
    "cluster",
    "cloud",
    "tls config",
    "ssl config",
    "shared config",
    "client config",
];
/// How they say it.
static CONFIGURATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\bconfig(?:uration)?[ ._-]?(?:file )?(?:parse |parser |load |validation |syntax )?(?:error|exception)\b",
        r"|\b(?:invalid|bad|broken|malformed|wrong|illegal|incorrect|unusable) (?:\w+ )?config",
        r"|\bconfig(?:uration)?(?: file| check| test| validation)? (?:is |was )?(?:not valid|invalid|wrong|broken|failed|rejected)",
        r"|\b(?:fail(?:ed|s|ure)?|error|unable|cannot|could not|couldn't)\b:?(?: to| while| in| when)*(?: \w+){0,3} (?:the |its |a )?(?:\w+ )?config",
        r"|\b(?:unknown|unrecogni[sz]ed|unsupported|duplicate) config|\[config validation",
        r"|\berrors? in (?:the |its |your )?(?:\w+ )?config",
    ))
});

/// The one that says what is wrong, where the words are known to be about a value or a configuration.
pub(super) fn with_reading(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref()?;
    let is_it = matches!(
        reading.trouble,
        Trouble::Config | Trouble::Malformed | Trouble::Part | Trouble::Unopened
    );
    told(failing).filter(|_| is_it)
}

/// The source that has a syntax error, where a ConfigMap brings it: its line names it, or one of the lines of the trace
/// above.
pub(super) fn source(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Syntax)?;
    let lines: Vec<&str> = failing.log().iter().flat_map(|it| it.lines()).collect();
    let at = lines.iter().rposition(|it| *it == reading.line)?;
    let trace = lines.get(at.saturating_sub(TRACE)..=at)?;
    let named = trace.iter().rev().flat_map(|it| files(it));
    named.filter(|it| it.starts_with('/')).find_map(|it| at_place(failing, it))
}

/// The file of a ConfigMap that uses a name which is not there, by the last place of the trace.
pub(super) fn trace(failing: &Failing<'_>) -> Option<Spot> {
    let frame = frame(failing).filter(|_| failing.reading.is_none())?;
    let spot = files(frame).find_map(|it| at_place(failing, it)).filter(|it| it.key.is_some())?;
    Some(Spot { topic: SpotTopic::Variable, ..spot })
}

/// The line of the trace that says where the text is at fault.
pub(super) fn frame<'l>(failing: &Failing<'l>) -> Option<&'l str> {
    let lines: Vec<&'l str> = failing.log().iter().flat_map(|it| it.lines()).collect();
    let at = lines
        .iter()
        .rposition(|line| OF_TEXT.iter().any(|it| line.trim_start().starts_with(it)))?;
    let trace = lines.get(at.saturating_sub(TRACE)..at)?;
    let is_place = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("File \"") || line.starts_with('/') && line.contains(':')
    };
    trace.iter().rev().find(is_place).copied()
}

/// The same, where nothing is known of what they say.
pub(super) fn in_words(failing: &Failing<'_>) -> Option<Spot> {
    let spot = told(failing).filter(|_| failing.reading.is_none())?;
    Some(Spot { topic: SpotTopic::Variable, ..spot })
}

/// The same where it does not know a setting that it calls a variable, which no word of its command is: a script
/// may have anything in it.
pub(super) fn setting(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Flag)?;
    let about = reading.about.as_deref()?.trim_matches(['"', '\'', '`']);
    let name = about.split('=').next().filter(|it| !it.is_empty())?;
    let is_word = |it: &str| !it.contains(char::is_whitespace) && stands_alone(it, name);
    let is_given = failing.telling_words().iter().any(|it| is_word(it.1))
        || failing.variables().iter().any(|it| stands_alone(it.2, name));
    let is_it = reading.line.to_lowercase().contains("unknown variable") && !is_given;
    sources::only_source(failing).filter(|_| is_it)
}

/// Where its configuration is mounted from, where it says that this is wrong, or ends with the code for that, and names
/// neither a file nor anything else that is known.
pub(super) fn unnamed(failing: &Failing<'_>) -> Option<Spot> {
    if failing.reading.is_some() {
        return None;
    }
    let is_of_another = |line: &str| {
        let line = line.to_lowercase();
        OTHERS.iter().any(|it| line.contains(it))
    };
    let says_so = |line: &&str| {
        CONFIGURATION.as_ref().is_some_and(|it| it.is_match(line)) && !is_of_another(line)
    };
    let is_it = failing.facts.state.exit_code == Some(EX_CONFIG)
        || last_words::around(failing.log()).iter().any(says_so);
    let spot = sources::only_source(failing).filter(|_| is_it)?;
    Some(Spot { topic: SpotTopic::Variable, ..spot })
}

/// The file of a ConfigMap that names a host which does not answer, by the line of the log that tells of both.
pub(super) fn host(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref()?;
    let host = reading.address()?.split(':').next()?;
    if failing.variables().iter().any(|it| stands_alone(it.2, host)) {
        return None;
    }
    let spot =
        files(reading.line).find_map(|it| at_place(failing, it)).filter(|it| it.key.is_some())?;
    Some(Spot { topic: SpotTopic::Needs, ..spot })
}

pub(super) fn told(failing: &Failing<'_>) -> Option<Spot> {
    let read = failing.reading.as_ref().map(|it| it.line);
    let lines = read.into_iter().chain(last_words::around(failing.log()));
    lines.into_iter().find_map(|line| {
        let named = || files(line).filter(|it| !is_program(it));
        named()
            .find_map(|it| at_place(failing, it))
            .or_else(|| named().find_map(|it| by_name(failing, it)))
    })
}

fn is_program(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|it| PROGRAMS.contains(&it.1))
}

/// A file by the whole of its path.
fn at_place(failing: &Failing<'_>, file: &str) -> Option<Spot> {
    if let Some((path, place, map, key)) = key_at(failing, file) {
        let words = format!("; the file is key {key} of ConfigMap {map}");
        return Some(Spot::new(SpotTopic::Program, path, place, words).held_by(map, key));
    }
    let mount = mount_of(failing, file)?.1;
    below(mount, file)?;
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == mount.name)?;
    let name = volume.secret.as_ref()?.secret_name.as_deref()?;
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    let path = path.child("secret").child("secretName");
    Some(Spot::new(SpotTopic::Program, path, name, format!("; the file is of Secret {name}")))
}

/// A file by its last name, as programs tell of those in their class path, where only one ConfigMap brings it.
fn by_name(failing: &Failing<'_>, file: &str) -> Option<Spot> {
    let name = file.rsplit('/').next().filter(|it| it.contains('.') && !file.starts_with('/'))?;
    let mounts = failing.container.volume_mounts.iter().flatten();
    let place = |it: &VolumeMount| match &it.sub_path {
        Some(_) => it.mount_path.clone(),
        None => format!("{}/{name}", it.mount_path.trim_end_matches('/')),
    };
    let places: Vec<String> = mounts.map(place).filter(|it| it.ends_with(name)).collect();
    let mut found = places.iter().filter(|it| key_at(failing, it).is_some());
    let only = found.next().filter(|_| found.next().is_none())?;
    at_place(failing, only)
}

#[test]
fn the_pattern_is_one() {
    assert!(CONFIGURATION.is_some());
}
