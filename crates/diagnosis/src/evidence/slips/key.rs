//! The key of a Secret that is not there, where the variable that takes it has nearly its name.

use types::SlipKind;

use super::{Slip, Spot, edit};
use crate::near_miss::near_miss;

/// Secrets are never read: that a key is not there says the kubelet, and what was meant the name of the variable alone.
pub(super) fn unlike_its_variable(spot: &Spot<'_>) -> Option<Slip> {
    let message = spot.facts.state.waiting_message.as_deref()?;
    let variables = spot.container.env.iter().flatten().enumerate();
    let (at, variable, source) = variables.into_iter().find_map(|(at, it)| {
        let source = it.value_from.as_ref()?.secret_key_ref.as_ref()?;
        let said = format!("couldn't find key {} in Secret", source.key);
        message.contains(&said).then_some((at, it, source))
    })?;
    let near = near_miss(&source.key, [variable.name.as_str()])?;
    let path = spot.path.child("env").index(at).child("valueFrom");
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
