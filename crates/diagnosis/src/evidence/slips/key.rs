//! The key of a Secret that is not there, where the variable that takes it has nearly its name.

use std::collections::BTreeSet;

use serde_json::json;
use types::kind_words::OF_SECRETS;
use types::{Edit, SlipKind};

use super::{Slip, edit};
use crate::evidence::failing::Failing;
use crate::evidence::named_secrets;
use crate::near_miss::near_miss;

/// Words that Secrets are called by, beside those for their kind.
const COMMON: [&str; 10] = [
    "password",
    "passwords",
    "token",
    "tokens",
    "keys",
    "certs",
    "registry",
    "login",
    "oauth",
    "smtp",
];
/// Shorter words are too alike by chance.
const LONG_WORD: usize = 5;

/// A variable takes from a ConfigMap that is not there, and the same template takes from a Secret of that very name.
pub(super) fn of_a_secret(failing: &Failing<'_>) -> Option<Slip> {
    let message = failing.facts.state.waiting_message.as_deref()?;
    let (at, source) =
        failing.container.env.iter().flatten().enumerate().find_map(|(at, it)| {
            let source = it.value_from.as_ref()?.config_map_key_ref.as_ref()?;
            let said = format!("configmap \"{}\" not found", source.name);
            (message.contains(&said) && source.optional.is_none()).then_some((at, source))
        })?;
    let secrets = named_secrets(failing.spec);
    if !secrets.contains(&source.name) {
        return None;
    }
    let path = failing.path.child("env").index(at).child("valueFrom");
    let value = json!({"name": source.name, "key": source.key});
    let to = Edit { path: path.child("secretKeyRef"), from: None, to: Some(value.clone()) };
    let from = Edit { path: path.child("configMapKeyRef"), from: Some(value), to: None };
    Some(Slip {
        kind: SlipKind::Key,
        shown_by: format!(
            "There is no ConfigMap {}, and the template takes from a Secret of this name as well.",
            source.name
        ),
        edits: vec![from, to],
    })
}

/// Secrets are never read: that a key is not there says the kubelet, and what was meant the name of the variable alone.
pub(super) fn unlike_its_variable(failing: &Failing<'_>) -> Option<Slip> {
    let message = failing.facts.state.waiting_message.as_deref()?;
    let variables = failing.container.env.iter().flatten().enumerate();
    let (at, variable, source) = variables.into_iter().find_map(|(at, it)| {
        let source = it.value_from.as_ref()?.secret_key_ref.as_ref()?;
        let said = format!("couldn't find key {} in Secret", source.key);
        message.contains(&said).then_some((at, it, source))
    })?;
    let near = near_miss(&source.key, [variable.name.as_str()])?;
    let path = failing.path.child("env").index(at).child("valueFrom");
    let path = path.child("secretKeyRef").child("key");
    Some(Slip {
        kind: SlipKind::Key,
        shown_by: format!(
            "The Secret {} has no key {}, and the variable that takes it is called {near}.",
            source.name, source.key
        ),
        edits: vec![edit(path, &source.key, near)],
    })
}

/// A Secret is not there, and one word of its name is no word of its workload, but nearly one. Nobody else uses the
/// Secret that would be called so: whether it is there nobody knows, for Secrets are never read.
pub(super) fn of_a_misspelt_secret(failing: &Failing<'_>) -> Option<Slip> {
    let message = failing.facts.state.waiting_message.as_deref()?;
    let wrong = message.split_once("secret \"")?.1.split_once("\" not found")?.0;
    let path = failing.path.clone();
    let whole = failing.container.env_from.iter().flatten().enumerate().filter_map(|(at, it)| {
        let name = &it.secret_ref.as_ref()?.name;
        Some((path.child("envFrom").index(at).child("secretRef").child("name"), name))
    });
    let single = failing.container.env.iter().flatten().enumerate().filter_map(|(at, it)| {
        let name = &it.value_from.as_ref()?.secret_key_ref.as_ref()?.name;
        let path = path.child("env").index(at).child("valueFrom");
        Some((path.child("secretKeyRef").child("name"), name))
    });
    let places: Vec<_> = whole.chain(single).filter(|it| *it.1 == wrong).map(|it| it.0).collect();
    let (word, meant) = respelt(wrong, &vocabulary(failing, wrong))?;
    let name: Vec<&str> =
        wrong.split('-').map(|it| if it == word { meant.as_str() } else { it }).collect();
    let name = name.join("-");
    let shown_by = format!(
        "{word} is no word that this workload has elsewhere, and {meant} nearly is one: {name} may have been meant. \
         Nobody here uses it, so whether it is there is not known."
    );
    let edits: Vec<_> = places.into_iter().map(|it| edit(it, wrong, name.clone())).collect();
    (!edits.is_empty()).then_some(Slip { kind: SlipKind::Key, shown_by, edits })
}

/// The words of the workload's name, of what else it refers to, and those that Secrets are called by.
fn vocabulary(failing: &Failing<'_>, wrong: &str) -> BTreeSet<String> {
    let own = failing.objects.root.metadata().name.clone().unwrap_or_default();
    let secrets = named_secrets(failing.spec).into_iter().filter(|it| it != wrong);
    let maps = failing.objects.config_maps.iter().flatten().map(|it| it.name.clone());
    let names: Vec<String> = [own].into_iter().chain(secrets).chain(maps).collect();
    let words = names.iter().flat_map(|it| it.split(['-', '.']));
    words.chain(OF_SECRETS.iter().copied()).chain(COMMON).map(ToOwned::to_owned).collect()
}

/// The one word of a name that is not known, with the known one that is nearly the same.
fn respelt(name: &str, known: &BTreeSet<String>) -> Option<(String, String)> {
    let mut unknown = name.split('-').filter(|it| !known.contains(*it));
    let word = unknown.next().filter(|it| unknown.next().is_none() && LONG_WORD <= it.len())?;
    let meant = near_miss(word, known.iter().map(String::as_str))?;
    let begins_alike = word.chars().next() == meant.chars().next();
    begins_alike.then(|| (word.to_owned(), meant))
}

#[test]
fn only_one_word_that_nobody_has_is_spelt_anew() {
    let known = ["kiosk", "hub", "secrets", "secret", "token"].map(ToOwned::to_owned).into();
    let meant = |name| respelt(name, &known).map(|it| it.1);
    assert_eq!(meant("kiosk-hub-sercets").as_deref(), Some("secrets"));
    assert_eq!(meant("kiosk-hub-tokne").as_deref(), Some("token"));
    // Every word is known, two are not, one is too short, another begins otherwise, another is nothing like it.
    for name in ["kiosk-hub-secrets", "kisok-hub-sercets", "kiosk-hbu", "hub-ecrets", "hub-smtp"] {
        assert_eq!(meant(name), None, "{name}");
    }
}
