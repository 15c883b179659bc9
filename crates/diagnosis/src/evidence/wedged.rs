//! What the log of a container says of a part of its process that does not come back, and whom the program calls.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Container;
use types::ContainerFacts;

use super::containers::words;
use crate::Objects;
use crate::log::wedged;

/// Services that are named.
const MAX_CALLS: usize = 10;

/// The line by which a part of the living process is gone. A call that is not answered may be why, and outlives the
/// process: then there is none.
pub(super) fn fact(facts: &ContainerFacts) -> Option<String> {
    if facts.state.running_since.is_none() || facts.ready {
        return None;
    }
    let line = wedged::told(&facts.log)?;
    (!wedged::calls_in_vain(&facts.log)).then(|| line.to_owned())
}

/// The Services of the namespace that the values of its variables or its log name.
pub(super) fn calls(
    objects: &Objects,
    container: &Container,
    facts: &ContainerFacts,
) -> Vec<String> {
    let namespace = objects.root.metadata().namespace.as_deref().unwrap_or_default();
    let values = container.env.iter().flatten().filter_map(|it| it.value.as_ref());
    let said: BTreeSet<String> = values.chain(&facts.log).flat_map(|it| words(it)).collect();
    let is_named = |name: &str| {
        let of_namespace = format!("{name}.{namespace}");
        said.iter().any(|it| {
            let rest = it.strip_prefix(&of_namespace);
            *it == name || rest.is_some_and(|it| it.is_empty() || it.starts_with('.'))
        })
    };
    let here = objects.services.iter().flatten();
    let here = here.filter(|it| it.metadata.namespace.as_deref() == Some(namespace));
    let names = here.filter_map(|it| it.metadata.name.clone());
    names.filter(|it| is_named(it)).take(MAX_CALLS).collect()
}
