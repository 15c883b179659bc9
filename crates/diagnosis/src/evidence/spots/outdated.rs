//! A variable that a ConfigMap gave to a container before it was changed: variables are read when a container starts
//! and never again, so that what is mended there does not reach it.

use jiff::Timestamp;
use types::SpotTopic;

use super::held::{OWN, is_shown};
use super::{Spot, address_in};
use crate::evidence::brought::Brought;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::log::waits;
use crate::near_miss::near_miss;
use crate::quoting::{quoted, stands_alone};

/// How the names of variables end that hold a host without a scheme.
const HOSTS: [&str; 8] =
    ["HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "SERVERS", "ENDPOINT", "BROKERS"];
/// What the names of variables have in them that hold an address.
const ADDRESSES: [&str; 9] =
    ["URL", "URI", "DSN", "ADDR", "ENDPOINT", "BROKER", "HOST", "SERVER", "CONN"];
/// How long a part of a name is by which two of them are kin.
const PART: usize = 3;

/// The variable whose ConfigMap named the host that does not answer, and names another one since.
pub(super) fn host(failing: &Failing<'_>) -> Option<Spot> {
    let said = || waits::host_of(failing.log());
    let address = failing.needed().map(String::from).or_else(said)?;
    let whole = address.rsplit_once("://").map_or(address.as_str(), |it| it.1);
    let host = whole.split([':', '/']).next()?.to_lowercase();
    let all = failing.brought();
    let is_own = OWN.contains(&host.as_str()) || host.is_empty();
    if is_own || is_shown(failing, &host) || all.iter().any(|it| it.has(&host)) {
        return None;
    }
    let since = changed_since(failing, &all);
    let others: Vec<(&Brought<'_>, String)> =
        since.into_iter().filter_map(|it| Some((it, first(&host_of(it)?)))).collect();
    let wanted = first(&host);
    let near = near_miss(&wanted, others.iter().map(|it| it.1.as_str()));
    let of_near = others.iter().find(|it| near.as_ref() == Some(&it.1));
    let of_kin = || only(others.iter().filter(|it| is_kin(&wanted, &it.1)));
    let of_all = || only(others.iter()).filter(|it| gives_alone(failing, it.0, &all));
    of_near.or_else(of_kin).or_else(of_all).and_then(|it| told(it.0))
}

/// The variable whose ConfigMap had the value that the program cannot read, and has another one since.
pub(super) fn value(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let all = failing.brought();
    let about = reading.about.as_deref().map(|it| it.trim_matches(['"', '\'', '`']));
    let is_name = |it: &str| all.iter().any(|own| own.variable.as_deref() == Some(it));
    let shown: Vec<&str> =
        about.into_iter().chain(quoted(reading.line)).filter(|it| !is_name(it)).collect();
    let is_now = |it: &Brought<'_>| shown.iter().any(|word| it.has(word));
    let is_anywhere = all.iter().any(is_now) || shown.iter().any(|it| is_shown(failing, it));
    if shown.is_empty() || is_anywhere {
        return None;
    }
    let since = changed_since(failing, &all);
    let is_named = |it: &&&Brought<'_>| {
        it.variable.as_deref().is_some_and(|it| stands_alone(reading.line, it))
    };
    let near = || {
        let texts = || since.iter().map(|it| it.text.trim());
        let near = shown.iter().find_map(|it| near_miss(it, texts()))?;
        only(since.iter().filter(|it| it.text.trim() == near))
    };
    only(since.iter().filter(is_named)).or_else(near).and_then(|it| told(it))
}

/// The variables of ConfigMaps that were changed after the container was last started.
fn changed_since<'b, 'a>(failing: &Failing<'_>, all: &'b [Brought<'a>]) -> Vec<&'b Brought<'a>> {
    let state = &failing.facts.state;
    let Some(began) = state.running_since.or(state.began_at).or(state.exited_at) else {
        return vec![];
    };
    let is_later = |it: &Timestamp| began < *it;
    let changed = |name: &str| {
        let mut maps = failing.objects.config_maps.iter().flatten();
        maps.find(|it| it.name == name)?.changed_at
    };
    let is_it =
        |it: &&Brought<'_>| it.variable.is_some() && changed(it.map).as_ref().is_some_and(is_later);
    all.iter().filter(is_it).collect()
}

/// The host that a variable names.
fn host_of(it: &Brought<'_>) -> Option<String> {
    let text = it.text.trim();
    let name = it.variable.as_deref()?.to_uppercase();
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-.:".contains(it);
    let is_bare = HOSTS.iter().any(|it| name.ends_with(it)) && text.chars().all(is_part);
    let address = address_in(text).or_else(|| is_bare.then(|| text.to_owned()))?;
    let host = address.split(':').next().unwrap_or_default().to_lowercase();
    (!host.is_empty()).then_some(host)
}

/// Whether nothing else can name a host: no other variable, no Secret as a whole.
fn gives_alone(failing: &Failing<'_>, own: &Brought<'_>, all: &[Brought<'_>]) -> bool {
    let own = own.variable.as_deref();
    let has_address = |it: &str| {
        let name = it.to_uppercase();
        Some(it) != own && ADDRESSES.iter().any(|it| name.contains(it))
    };
    let mut names = failing.container.env.iter().flatten().map(|it| it.name.as_str());
    let mut brought = all.iter().filter_map(|it| it.variable.as_deref());
    let mut sources = failing.container.env_from.iter().flatten();
    !names.any(has_address)
        && !brought.any(has_address)
        && all.iter().all(|it| it.variable.is_some())
        && sources.all(|it| it.secret_ref.is_none())
}

/// Whether two names have a part in common: `bank-blue` and `bank-green`.
fn is_kin(one: &str, other: &str) -> bool {
    let parts = |it: &'_ str| -> Vec<String> {
        it.split(['-', '_']).filter(|it| PART <= it.len()).map(ToOwned::to_owned).collect()
    };
    let others = parts(other);
    parts(one).iter().any(|it| others.contains(it))
}

fn first(host: &str) -> String {
    host.split('.').next().unwrap_or_default().to_owned()
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn told(it: &Brought<'_>) -> Option<Spot> {
    let variable = it.variable.as_deref()?;
    let words = format!(
        "; {variable} is key {} of ConfigMap {}, which was changed after the container started: it still has the value \
         of before, and a restart gives it the new one",
        it.key, it.map
    );
    Some(Spot::new(SpotTopic::Outdated, it.path.clone(), it.place, words))
}
