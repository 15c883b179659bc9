//! The key of a Secret that is not there, where the variable that takes it has nearly its name.

use serde_json::json;
use types::{Edit, SlipKind};

use super::{Slip, edit};
use crate::evidence::failing::Failing;
use crate::evidence::named_secrets;
use crate::near_miss::near_miss;

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
