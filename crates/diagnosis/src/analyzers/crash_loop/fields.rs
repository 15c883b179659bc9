//! The field of the template that would have to change, by the last words of a container.

use std::sync::LazyLock;

use regex::Regex;
use types::{Clue, ContainerFacts, Evidence};

use super::super::{spot, wording};
use super::{Reading, Trouble, words};
use crate::near_miss::near_miss;
use crate::patterns::pattern;
use crate::{properties, quoting};

/// Letters that a word and the one that was meant begin with, where they are not near otherwise.
const COMMON: usize = 3;
/// How programs name the word that was probably meant.
static ADVISED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?:similar (?:argument|subcommand|command|option|flag|value)s? exists?:",
        r"|did you mean(?: one of these| this)?\??:?|most similar commands? (?:is|are):?)",
        r"\s*[`'\x22]?(-{0,2}[a-z0-9][\w:.-]*)",
    ))
});

/// The flag or the command that the program itself names for the one that it does not know.
pub(super) fn advised(log: &[String], reading: &Reading<'_>) -> Option<String> {
    let is_it = matches!(reading.trouble, Trouble::Flag | Trouble::Script);
    let wrong = reading.about.as_deref().filter(|_| is_it)?.trim_start_matches('-');
    let text = log.join("\n");
    let word = ADVISED.as_ref()?.captures(&text)?.get(1)?.as_str().trim_end_matches(['.', ':']);
    let right = word.trim_start_matches('-');
    let common = wrong.chars().zip(right.chars()).take_while(|it| it.0 == it.1).count();
    let is_like = COMMON <= common || near_miss(wrong, [right]).is_some();
    (is_like && wrong != right).then(|| word.to_owned())
}

/// The variable that has what a line is about, or a value that the line shows, where that is only one.
pub(super) fn holder<'c>(
    container: &'c ContainerFacts,
    line: &str,
    about: Option<&str>,
) -> Option<&'c str> {
    let about = about.map(|it| it.trim_matches(['"', '\'', '`']));
    let only = |is_one: &dyn Fn(&str) -> bool| {
        let mut holders = container.quoted.iter().filter(|it| is_one(&it.1));
        let only = holders.next()?;
        holders.all(|it| it.0 == only.0).then_some(only.0.as_str())
    };
    only(&|it| about == Some(it))
        .or_else(|| only(&|it| !quoting::is_common(it) && quoting::shows(line, it)))
}

/// The variable of the template that has nearly the name of one that is not set. Some programs write it in small
/// letters.
pub(super) fn meant(container: &ContainerFacts, variable: &str) -> Option<String> {
    let names = || container.env.iter().map(String::as_str);
    near_miss(variable, names()).or_else(|| {
        let capitals = variable.to_uppercase();
        let is_set = names().find(|it| *it == capitals).map(ToOwned::to_owned);
        is_set.or_else(|| near_miss(&capitals, names())).or_else(|| {
            let names: Vec<_> = names().collect();
            properties::nearly_variable_of(variable, &names).map(ToOwned::to_owned)
        })
    })
}

/// The variable of the template that a property is read from.
pub(super) fn set_as<'c>(container: &'c ContainerFacts, property: &str) -> Option<&'c str> {
    let names: Vec<_> = container.env.iter().map(String::as_str).collect();
    let is_property = property.contains(['.', '-']) && !names.contains(&property);
    properties::variable_of(property, &names).filter(|_| is_property)
}

/// What the line is about as a clue: the field that would have to change, or the address that is needed.
pub(super) fn blamed(
    evidence: &Evidence,
    container: &ContainerFacts,
    reading: &Reading<'_>,
) -> Option<Clue> {
    if let Some(address) = reading.address() {
        return Some(Clue::new(wording::fact(container, "needs"), address));
    }
    let of = |name: &str| wording::field(evidence, container, name);
    let started_by = || started_by(evidence, container);
    let held = holder(container, reading.line, reading.about.as_deref());
    if let Some(name) = held.filter(|_| reading.trouble != Trouble::Unset) {
        return value_of(evidence, container, name).map(|it| Clue::new(it, &reading.words()));
    }
    let field = match reading.trouble {
        Trouble::Unset => unset(container, reading.about.as_deref())
            .and_then(|(at, part)| Some(format!("{}/{at}/{part}", of("env")?)))
            .or_else(|| of("env").filter(|_| !container.env.is_empty())),
        Trouble::Malformed if may_come_from_env(container, reading) => of("env"),
        // Of another language it is the file that has the error.
        Trouble::Syntax if !reading.is_of_shell() => None,
        Trouble::Flag
        | Trouble::Argument
        | Trouble::Syntax
        | Trouble::Command
        | Trouble::Script => started_by(),
        // Only root may, or who has the capability.
        Trouble::Denied
            if reading.is_of_low_port() && spot::clue(container, Some(reading)).is_none() =>
        {
            of("securityContext")
        }
        Trouble::Platform => of("image"),
        Trouble::Module if reading.is_of_library() => of("image"),
        Trouble::Malformed
        | Trouble::Mode
        | Trouble::HostKey
        | Trouble::Rejected
        | Trouble::Barred
        | Trouble::Role
        | Trouble::Ungranted
        | Trouble::Crowded
        | Trouble::Anonymous
        | Trouble::NotEmpty
        | Trouble::Database
        | Trouble::Schema
        | Trouble::Forbidden
        | Trouble::Unresolved
        | Trouble::Refused
        | Trouble::Unanswered
        | Trouble::Certificate
        | Trouble::InUse
        | Trouble::Denied
        | Trouble::ReadOnly
        | Trouble::DiskFull
        | Trouble::Module
        | Trouble::Part
        | Trouble::File
        | Trouble::Unopened
        | Trouble::Config
        | Trouble::Memory => None,
    };
    field.map(|it| Clue::new(it, &reading.words()))
}

/// Where a variable stands that is not set: the part that holds its name, where one of nearly this name is set, or its
/// value, which is empty then.
fn unset(container: &ContainerFacts, variable: Option<&str>) -> Option<(usize, &'static str)> {
    let at = |name: &str| container.env.iter().position(|it| it == name);
    let variable = variable?;
    at(variable)
        .or_else(|| at(set_as(container, variable)?))
        .map(|it| (it, "value"))
        .or_else(|| Some((at(&meant(container, variable)?)?, "name")))
}

/// Whether a value that cannot be read may be one of a variable: what the log shows of it is in no plain one, as
/// those are known, and may be data as well.
fn may_come_from_env(container: &ContainerFacts, reading: &Reading<'_>) -> bool {
    let from = ["valueFrom", "envFrom"];
    let is_given = container.sets.iter().any(|it| from.contains(&it.as_str()));
    !container.env.is_empty() && (is_given || !reading.shows_value())
}

/// What the template starts the container with, where it says so.
pub(super) fn started_by(evidence: &Evidence, container: &ContainerFacts) -> Option<String> {
    let sets = |name: &str| container.sets.iter().any(|it| it == name);
    let name = ["args", "command"].into_iter().find(|it| sets(it))?;
    wording::field(evidence, container, name)
}

/// Where the template says what this variable is.
fn value_of(evidence: &Evidence, container: &ContainerFacts, name: &str) -> Option<String> {
    let at = container.env.iter().position(|it| it == name)?;
    Some(format!("{}/{at}/value", wording::field(evidence, container, "env")?))
}

/// The field whose value its last words show.
pub(super) fn quoted(evidence: &Evidence, container: &ContainerFacts) -> Option<Clue> {
    let words = words(container)?;
    let name = holder(container, &words.text, None)?;
    Some(Clue::new(value_of(evidence, container, name)?, "stands in its last words"))
}
