//! The variable whose name, or whose property, stands in what a program says, and what a ConfigMap has instead of it.

use k8s_openapi::api::core::v1::{Container, EnvFromSource};
use types::SpotTopic;

use super::{Spot, sources};
use crate::evidence::failing::Failing;
use crate::log::last_words;
use crate::log::reading::{Reading, Trouble};
use crate::near_miss::near_miss;
use crate::properties;

/// Lines before the one that tells of trouble in which a framework names what it is about.
const BEFORE: usize = 2;
/// Letters of a single word that may be a property by itself.
const LONG_WORD: usize = 6;

/// A key of a ConfigMap that all keys are taken of: its place in `envFrom`, the ConfigMap, and the key.
struct Given<'a> {
    at: usize,
    map: &'a str,
    prefix: &'a str,
    key: &'a str,
}

/// Every key that comes with a whole ConfigMap.
fn given<'a>(failing: &Failing<'a>) -> Vec<Given<'a>> {
    let sources = failing.container.env_from.iter().flatten().enumerate();
    let of = |(at, it): (usize, &'a EnvFromSource)| -> Vec<Given<'a>> {
        let Some(map) = it.config_map_ref.as_ref().map(|it| it.name.as_str()) else {
            return vec![];
        };
        let prefix = it.prefix.as_deref().unwrap_or_default();
        let known = failing.objects.config_maps.iter().flatten().filter(|it| it.name == map);
        let keys = known.flat_map(|it| &it.keys);
        keys.map(|key| Given { at, map, prefix, key }).collect()
    };
    sources.flat_map(of).collect()
}

/// The names of all variables that are known.
fn names<'a>(failing: &Failing<'a>) -> Vec<&'a str> {
    let own = failing.container.env.iter().flatten().map(|it| it.name.as_str());
    // With a prefix the name is made, and the key stands nowhere.
    let given = given(failing).into_iter().filter(|it| it.prefix.is_empty()).map(|it| it.key);
    own.chain(given).collect()
}

/// The names of all variables that are read from a ConfigMap or a Secret.
pub(super) fn referred(failing: &Failing<'_>) -> Vec<String> {
    let own = failing.container.env.iter().flatten().filter(|it| it.value_from.is_some());
    let own = own.map(|it| it.name.clone());
    let given = given(failing).into_iter().map(|it| format!("{}{}", it.prefix, it.key));
    own.chain(given).collect()
}

/// The one variable that a text names, by its own name or by that of its property.
pub(super) fn in_text<'a>(failing: &Failing<'a>, text: &str) -> Option<&'a str> {
    let names = names(failing);
    let of_word = |word: &str| {
        let own = names.iter().find(|it| **it == word).copied();
        own.or_else(|| properties::variable_of(word, &names).filter(|_| properties::is_name(word)))
    };
    only(properties::named(text).filter_map(of_word))
}

/// The one that the line of a reading names, or one of the lines before it.
pub(super) fn near_reading<'a>(failing: &Failing<'a>, reading: &Reading<'_>) -> Option<&'a str> {
    if let Some(name) = in_text(failing, reading.line) {
        return Some(name);
    }
    let lines: Vec<&str> = failing.log().iter().flat_map(|it| it.lines()).collect();
    let at = lines.iter().rposition(|it| *it == reading.line)?;
    let before = lines.get(at.saturating_sub(BEFORE)..at)?;
    only(before.iter().filter_map(|it| in_text(failing, it)))
}

fn only<'a>(found: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The key of a ConfigMap that probably has the variable which is not set: by nearly its name, as a property, or
/// without the prefix that all of them are given.
pub(super) fn missing_key(failing: &Failing<'_>) -> Option<Spot> {
    let wanted = failing.about(Trouble::Unset)?;
    let own: Vec<_> = failing.container.env.iter().flatten().map(|it| it.name.as_str()).collect();
    if own.contains(&wanted) || near_miss(wanted, own.iter().copied()).is_some() {
        return None;
    }
    let given = given(failing);
    let path = |it: &Given<'_>| failing.path.child("envFrom").index(it.at);
    if let Some(it) = given.iter().find(|it| it.key == wanted && !it.prefix.is_empty()) {
        let Given { map, prefix, .. } = it;
        let words = format!(
            "; ConfigMap {map} has it, and the template puts {prefix} before the names of its keys"
        );
        return Some(Spot::new(SpotTopic::Variable, path(it).child("prefix"), prefix, words));
    }
    if let Some((it, right)) = given.iter().find_map(|it| Some((it, meant_prefix(it, wanted)?))) {
        let Given { map, prefix, key, .. } = it;
        let words = format!(
            "; ConfigMap {map} has {key}, and the template puts {prefix} before the names of its keys, \
             where {right} was probably meant"
        );
        return Some(Spot::new(SpotTopic::Variable, path(it).child("prefix"), prefix, words));
    }
    let of_map = |it: &Given<'_>, words: String| {
        let path = path(it).child("configMapRef").child("name");
        Spot::new(SpotTopic::Variable, path, it.map, words).held_by(it.map, it.key)
    };
    let made = |it: &Given<'_>| format!("{}{}", it.prefix, it.key);
    if let Some(it) = given.iter().find(|it| made(it) == wanted) {
        let words = format!("; it is key {} of ConfigMap {}, which may be empty", it.key, it.map);
        return Some(of_map(it, words));
    }
    let all: Vec<_> = given.iter().map(made).collect();
    let near = near_miss(wanted, all.iter().map(String::as_str))?;
    let it = given.iter().find(|it| made(it) == near)?;
    let words = format!("; ConfigMap {} has {near}, which was probably meant", it.map);
    Some(of_map(it, words))
}

/// Another container of the same pod that has the variable which is not set, where nothing of its own is nearly that.
pub(super) fn of_sibling(failing: &Failing<'_>) -> Option<Spot> {
    let wanted = failing.about(Trouble::Unset)?;
    let own = names(failing);
    if own.contains(&wanted) || near_miss(wanted, own.iter().copied()).is_some() {
        return None;
    }
    let all = failing.spec.containers.iter().chain(failing.spec.init_containers.iter().flatten());
    let mut others = all.filter(|it| it.name != failing.container.name);
    let has = |it: &&Container| it.env.iter().flatten().any(|it| it.name == wanted);
    let other = others.find(has)?;
    let words = format!("; container {} of the same pod has it", other.name);
    let path = failing.path.child("env");
    Some(Spot::new(SpotTopic::Variable, path, &format!("no {wanted}"), words))
}

/// What would have to stand before a key to give the variable that is wanted, where nearly that does.
fn meant_prefix<'w>(given: &Given<'_>, wanted: &'w str) -> Option<&'w str> {
    let right = wanted.strip_suffix(given.key)?;
    let bare = |it: &str| it.trim_end_matches('_').to_ascii_uppercase();
    let is_near = !given.prefix.is_empty()
        && given.prefix != right
        && (bare(given.prefix) == bare(right) || near_miss(right, [given.prefix]).is_some());
    is_near.then_some(right)
}

/// The key that a variable may be without, where it is the one that is not set.
pub(super) fn optional(failing: &Failing<'_>) -> Option<Spot> {
    let wanted = failing.about(Trouble::Unset)?;
    let mut own = failing.container.env.iter().flatten().enumerate();
    let (at, variable) = own.find(|it| it.1.name == wanted)?;
    let from = variable.value_from.as_ref()?;
    let path = failing.path.child("env").index(at).child("valueFrom");
    if let Some(source) = &from.secret_key_ref {
        let (name, key) = (&source.name, &source.key);
        let rest = if source.optional == Some(true) {
            ", which the template lets it start without"
        } else {
            ""
        };
        let words = format!("; it is key {key} of Secret {name}{rest}");
        return Some(Spot::new(
            SpotTopic::Variable,
            path.child("secretKeyRef").child("key"),
            key,
            words,
        ));
    }
    let source = from.config_map_key_ref.as_ref()?;
    let (name, key) = (&source.name, &source.key);
    let path = path.child("configMapKeyRef").child("key");
    let known = failing.objects.config_maps.iter().flatten().find(|it| it.name == *name);
    let keys: Vec<&str> = known.iter().flat_map(|it| &it.keys).map(String::as_str).collect();
    if keys.contains(&key.as_str()) {
        let words = format!("; it is key {key} of ConfigMap {name}");
        return Some(Spot::new(SpotTopic::Variable, path, key, words).held_by(name, key));
    }
    let near = near_miss(key, keys).map(|it| format!("; it has {it}, which was probably meant"));
    let words = format!("; ConfigMap {name} has no key {key}{}", near.unwrap_or_default());
    Some(Spot::new(SpotTopic::Variable, path, key, words))
}

/// The variable that its last words name, where they tell of nothing else that is known.
pub(super) fn in_words(failing: &Failing<'_>) -> Option<Spot> {
    let text = match &failing.reading {
        None => last_words::text_of(failing.log())?,
        Some(it) if matches!(it.trouble, Trouble::Config | Trouble::Part | Trouble::Argument) => {
            it.line.to_owned()
        }
        Some(_) => return None,
    };
    if let Some(spot) = misspelt(failing, &text) {
        return Some(spot);
    }
    let Some(name) = in_text(failing, &text) else { return of_several(failing, &text) };
    let spot = of_name(failing, name)?;
    let words = if spot.words.is_empty() {
        format!("; the template sets {name}")
    } else {
        spot.words.clone()
    };
    Some(Spot { topic: SpotTopic::Variable, words, ..spot })
}

fn of_name(failing: &Failing<'_>, name: &str) -> Option<Spot> {
    let mut own = failing.container.env.iter().flatten().enumerate();
    match own.find(|it| it.1.name == name) {
        Some((at, variable)) => sources::of_variable(failing, at, variable),
        None => sources::of_all(failing, name),
    }
}

/// The first of the variables that its words name by their very names, where they all come from one place: they do not
/// go together.
fn of_several(failing: &Failing<'_>, text: &str) -> Option<Spot> {
    let names = names(failing);
    let mut named: Vec<&str> = vec![];
    for word in properties::named(text).filter(|it| properties::is_name(it) || it.contains('_')) {
        let known = names.iter().find(|it| **it == word);
        named.extend(known.filter(|it| !named.contains(it)));
    }
    let spots: Vec<Spot> = named.iter().filter_map(|it| of_name(failing, it)).collect();
    let map = |it: &Spot| it.key.as_ref().map(|it| it.0.clone());
    let first = spots.first().filter(|_| spots.len() == named.len() && 1 < named.len())?;
    let are_of_one = spots.iter().all(|it| map(it) == map(first));
    let from = map(first).map(|it| format!(", from ConfigMap {it}")).unwrap_or_default();
    let words = format!("; the template sets {}{from}", named.join(" and "));
    let spot = spots.into_iter().next().filter(|_| are_of_one)?;
    Some(Spot { topic: SpotTopic::Variable, words, ..spot })
}

/// A variable under another name than the one that its program reads this property from.
fn misspelt(failing: &Failing<'_>, text: &str) -> Option<Spot> {
    let own: Vec<_> = failing.container.env.iter().flatten().map(|it| it.name.as_str()).collect();
    let is_property = |it: &&str| properties::is_name(it) || LONG_WORD <= it.len();
    let (name, right) = properties::named(text).filter(is_property).find_map(|word| {
        let name = properties::prefixed(word, &own)?;
        let right = properties::right_name(word, name)?;
        (right != name).then_some((name, right))
    })?;
    let at = own.iter().position(|it| *it == name)?;
    let path = failing.path.child("env").index(at).child("name");
    let words = format!("; the template sets {name}, where {right} was probably meant");
    (!own.contains(&right.as_str())).then(|| Spot::new(SpotTopic::Variable, path, name, words))
}
