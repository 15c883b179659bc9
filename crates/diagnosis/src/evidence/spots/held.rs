//! The key of a ConfigMap that says the word which the log names: a host, a value, a file, a setting of nearly that
//! name.

use types::SpotTopic;

use super::schemes;
use super::sources::{allowed, key_at};
use super::{Shown, Spot, configured, files};
use crate::evidence::brought::{Brought, only};
use crate::evidence::failing::Failing;
use crate::log::last_words;
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;
use crate::quoting::{is_common, quoted, stands_alone};

/// How short a word may be that is looked for in the midst of others.
const SHORT: usize = 4;
/// How short a value as a whole.
const MIN_VALUE: usize = 2;
/// Names of the variables that hold addresses.
const ADDRESSES: [&str; 6] = ["URL", "URI", "DSN", "ADDR", "ENDPOINT", "BROKER"];
/// What a line says that is about one.
const OF_ADDRESS: [&str; 4] = ["url", "uri", "dsn", "scheme"];
/// Hosts that are the pod itself, which any text may name.
pub(super) const OWN: [&str; 3] = ["localhost", "127.0.0.1", "0.0.0.0"];

/// The key that names the host which does not answer, where nothing in the template does.
pub(super) fn host(failing: &Failing<'_>) -> Option<Spot> {
    let address = failing.needed()?;
    let host = address.rsplit_once(':').map_or(&*address, |it| it.0);
    let host = host.trim_matches(['[', ']']);
    if OWN.contains(&host) || is_shown(failing, host) {
        return None;
    }
    let all = failing.brought();
    let found = only(&all, |it| it.has(&address)).or_else(|| only(&all, |it| it.has(host)))?;
    let spot = spot(SpotTopic::Needs, found, host);
    // A server that is not well says nothing of who names it.
    let is_named_wrong =
        failing.reading.as_ref().is_some_and(|it| it.trouble == Trouble::Unresolved);
    Some(if is_named_wrong { spot } else { Spot { key: None, ..spot } })
}

/// The key with the value that the program cannot read.
pub(super) fn value(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let all = failing.brought();
    let Some(value) = reading.about.as_deref() else { return address(failing, &all) };
    let value = value.trim_matches(['"', '\'', '`']);
    if value.len() < MIN_VALUE || is_shown(failing, value) {
        return address(failing, &all);
    }
    let is_part = |it: &Brought<'_>| SHORT <= value.len() && !is_common(value) && it.has(value);
    let found = only(&all, |it| it.text.trim() == value).or_else(|| only(&all, is_part));
    let Some(found) = found else { return address(failing, &all) };
    let near = near_miss(value, allowed(reading.line).iter().map(String::as_str));
    let near = near.map(|it| format!("; it takes {it}, which was probably meant"));
    Some(followed(spot(SpotTopic::Program, found, value), near.unwrap_or_default()))
}

/// The one address without a scheme, where the program wants one.
fn address(failing: &Failing<'_>, all: &[Brought<'_>]) -> Option<Spot> {
    let line = failing.reading.as_ref()?.line.to_lowercase();
    let is_of_address = OF_ADDRESS.iter().any(|it| line.contains(it));
    let lacks_scheme = |it: &Brought<'_>| {
        let name = it.variable.as_deref().unwrap_or_default().to_uppercase();
        ADDRESSES.iter().any(|it| name.contains(it)) && !it.text.contains("://")
    };
    let own = failing.container.env.iter().flatten();
    // Another one may come from elsewhere.
    let is_alone = own.into_iter().all(|it| !ADDRESSES.iter().any(|word| it.name.contains(word)));
    let found = only(all, lacks_scheme).filter(|_| is_of_address && is_alone)?;
    let is_listed = schemes::is_listed(&line, found.text);
    let spot = spot(SpotTopic::Program, found, found.text.trim());
    (!is_listed).then(|| followed(spot, "; it names no scheme".to_owned()))
}

/// The key that names the file which is not there.
pub(super) fn file(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.reading.as_ref()?.missing_file().filter(|it| it.starts_with('/'))?;
    let all = failing.brought();
    let found = only(&all, |it| files::contains(it.text, file))?;
    let is_shown = failing.variables().iter().any(|it| files::contains(it.2, file));
    (!is_shown).then(|| spot(SpotTopic::Program, found, file))
}

/// The key that says a word which the line about a configuration, a database or a part of the program quotes.
pub(super) fn word(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| {
        matches!(
            it.trouble,
            Trouble::Config
                | Trouble::Part
                | Trouble::Flag
                | Trouble::Argument
                | Trouble::Database
                | Trouble::Role
        )
    })?;
    let about = reading.about.as_deref().map(|it| it.trim_matches(['"', '\'', '`']));
    let words = about.into_iter().chain(quoted(reading.line));
    of_words(failing, words, SpotTopic::Program)
}

/// The same where nothing is known of what the last words say.
pub(super) fn in_words(failing: &Failing<'_>) -> Option<Spot> {
    if failing.reading.is_some() {
        return None;
    }
    let text = last_words::text_of(failing.log())?;
    of_words(failing, quoted(&text), SpotTopic::Variable)
}

fn of_words<'w>(
    failing: &Failing<'_>,
    words: impl Iterator<Item = &'w str>,
    topic: SpotTopic,
) -> Option<Spot> {
    let all = failing.brought();
    let is_word = |it: &&str| SHORT <= it.len() && !is_common(it) && !is_shown(failing, it);
    let mut words = words.filter(is_word);
    words.find_map(|word| only(&all, |it| it.has(word)).map(|it| spot(topic, it, word)))
}

/// The key whose file has nearly the setting that is missing; else the file that the log names.
pub(super) fn unset(failing: &Failing<'_>) -> Option<Spot> {
    let wanted = failing.about(Trouble::Unset)?;
    let own = failing.container.env.iter().flatten().map(|it| it.name.as_str());
    let is_own = |it: &str| it == wanted || near_miss(wanted, [it]).is_some();
    if own.into_iter().any(is_own) {
        return None;
    }
    let all = failing.brought();
    let files: Vec<&Brought<'_>> = all.iter().filter(|it| it.variable.is_none()).collect();
    let settings = || files.iter().flat_map(|it| it.text.lines()).filter_map(setting);
    let near = near_miss(wanted, settings()).filter(|_| settings().all(|it| it != wanted));
    let Some(near) = near else {
        let spot = configured::told(failing).filter(|_| !wanted.chars().all(is_large))?;
        return Some(Spot { topic: SpotTopic::Variable, ..spot });
    };
    let has = |it: &Brought<'_>| {
        it.variable.is_none() && it.text.lines().filter_map(setting).any(|it| it == near)
    };
    let found = only(&all, has)?;
    let words = format!(
        "; key {} of ConfigMap {} has {near}, where {wanted} was probably meant",
        found.key, found.map
    );
    Some(Spot { words, shown: None, ..spot(SpotTopic::Variable, found, &near) })
}

fn is_large(it: char) -> bool {
    !it.is_lowercase()
}

/// The name of what a line of a configuration sets.
pub(in crate::evidence) fn setting(line: &str) -> Option<&str> {
    let name = line.split(['=', ':']).next().filter(|it| it.len() < line.len())?;
    let name = name.trim_matches(|it: char| it.is_whitespace() || "\"'-".contains(it));
    let is_part = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    (!name.is_empty() && name.chars().all(is_part)).then_some(name)
}

/// The spot with what its key says: a value, or the line of the file that the log names: `nginx.conf:12`.
pub(super) fn with_text(failing: &Failing<'_>, spot: Spot) -> Spot {
    let Some((map, key)) = spot.key.clone().filter(|_| spot.shown.is_none()) else { return spot };
    let all = failing.brought();
    let Some(found) = all.iter().find(|it| (it.map, it.key) == (&*map, &*key)) else { return spot };
    let text = found.text.to_owned();
    if let Some(name) = &found.variable {
        let is_value = spot.topic == SpotTopic::Program;
        let word = text.trim().to_owned();
        let shown = Shown { name: name.clone(), word, text, more: String::new() };
        return Spot { shown: Some(shown).filter(|_| is_value), ..spot };
    }
    let read = failing.reading.as_ref().map(|it| it.line);
    let trace = configured::frame(failing);
    let mut lines = read.into_iter().chain(last_words::around(failing.log())).chain(trace);
    let number = lines.find_map(|it| number_after(failing, it, (&map, &key)));
    let line = number.and_then(|it| found.text.lines().nth(it.checked_sub(1)?));
    let word = line.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    Spot { shown: word.map(|word| Shown { name: key, text, word, more: String::new() }), ..spot }
}

/// The number of a line, right behind the name of this file.
fn number_after(failing: &Failing<'_>, line: &str, key: (&str, &str)) -> Option<usize> {
    let is_it = |file: &&str| {
        file.contains('.') && key_at(failing, file).is_some_and(|it| (it.2, it.3) == key)
    };
    let file = super::sources::files(line).find(is_it)?;
    let (before, rest) = line.split_once(file)?;
    if let Some(number) = number_before(before) {
        return Some(number);
    }
    let rest = rest.trim_start_matches(|it: char| " \"',:([".contains(it));
    let rest = ["on line", "at line", "line"].iter().find_map(|it| rest.strip_prefix(it));
    let rest = rest.map(str::trim_start).or_else(|| {
        let direct = line.split_once(file)?.1.strip_prefix([':', '(', '['])?;
        Some(direct)
    })?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The number in front of the name: `on line 4 of `.
fn number_before(text: &str) -> Option<usize> {
    let text = text.trim_end_matches([' ', '"', '\'', '(']);
    let text = text.strip_suffix(" file").unwrap_or(text);
    let text = [" of", " in"].iter().find_map(|it| text.strip_suffix(it))?;
    text.rsplit_once("line ")?.1.parse().ok()
}

/// Whether the template itself says a word, in a variable or in what it starts the container with.
pub(super) fn is_shown(failing: &Failing<'_>, word: &str) -> bool {
    let is_word = |it: &str| !it.contains(char::is_whitespace) && stands_alone(it, word);
    failing.variables().iter().any(|it| stands_alone(it.2, word))
        || failing.telling_words().iter().any(|it| is_word(it.1))
}

/// The spot with what follows from what the key says.
fn followed(spot: Spot, more: String) -> Spot {
    Spot { shown: spot.shown.map(|it| Shown { more, ..it }), ..spot }
}

fn spot(topic: SpotTopic, found: &Brought<'_>, word: &str) -> Spot {
    let Brought { path, place, variable, map, key, text } = found;
    let words = match variable {
        Some(variable) if variable == key => format!("; it is key {key} of ConfigMap {map}"),
        Some(variable) => format!("; {variable} is key {key} of ConfigMap {map}"),
        None => format!("; it stands in key {key} of ConfigMap {map}"),
    };
    let shown = Shown {
        name: variable.clone().unwrap_or_else(|| (*key).to_owned()),
        text: (*text).to_owned(),
        word: word.to_owned(),
        more: String::new(),
    };
    let spot = Spot::new(topic, path.clone(), place, words).held_by(map, key);
    Spot { shown: Some(shown), ..spot }
}
