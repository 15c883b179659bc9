//! Where the causes of findings may lie: a scan of one namespace need not read the workloads of all the others.

use std::collections::BTreeSet;

use types::Finding;

use super::edges;
use super::scene::Scene;
use crate::{Redactor, Snapshot};

/// The namespaces that hold what may explain these findings of workloads, besides their own.
pub fn reach(found: &[Finding], snapshot: &Snapshot, redactor: &Redactor) -> BTreeSet<String> {
    let scene = Scene::new(snapshot, found.to_vec(), redactor);
    let causes = found.iter().flat_map(|it| edges::causes(it, &scene));
    causes
        .flat_map(|cause| {
            let called = snapshot.webhooks.iter().flatten();
            let called =
                called.filter(|it| it.kind == cause.kind && it.configuration == cause.name);
            // Who calls a webhook waits for the Service behind it.
            let behind: Vec<_> =
                called.filter_map(|it| Some(it.service.as_ref()?.0.clone())).collect();
            behind.into_iter().chain([cause.namespace])
        })
        .filter(|it| !it.is_empty())
        .collect()
}
