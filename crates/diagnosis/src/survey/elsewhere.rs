//! What a workload misses in its own namespace and another one has: references do not reach across.

use std::collections::BTreeSet;

use types::{AnyFault, Fault, Finding};

use super::scene::{Scene, is_ready, name, namespace};
use super::words::listed;
use crate::evidence::named_secrets;

/// Faults of workloads that miss something by name.
const FAULTS: [Fault; 4] =
    [Fault::ConfigNotFound, Fault::FailedCreate, Fault::Unschedulable, Fault::VolumeNotMounted];

/// The finding with the namespaces that have what it misses, where nothing nearer was probably meant.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let is_about = FAULTS.iter().any(|it| finding.fault == AnyFault::Workload(*it));
    if !is_about || finding.cause.contains("probably meant") {
        return finding;
    }
    let found = finding.clues.iter().find_map(|it| {
        let kind = kind(&it.fact)?;
        let spaces = spaces(kind, &it.value, &finding.subject.namespace, scene);
        (!spaces.is_empty()).then(|| (kind, it.value.clone(), spaces))
    });
    let Some((kind, wanted, spaces)) = found else { return finding };
    let spaces: Vec<_> = spaces.into_iter().map(str::to_owned).collect();
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let (whose, have) =
        if spaces.len() == 1 { ("namespace", "has") } else { ("namespaces", "have") };
    let cause = format!(
        "{cause}; {whose} {} {have} a {kind} {wanted}, which no pod of another one can use.",
        listed(&spaces)
    );
    Finding { cause, ..finding }.clue(format!("{kind} {wanted} in"), &listed(&spaces))
}

/// What kind of object the field of a template names.
fn kind(field: &str) -> Option<&'static str> {
    let kinds = [
        ("/configMapRef/name", "ConfigMap"),
        ("/configMapKeyRef/name", "ConfigMap"),
        ("/configMap/name", "ConfigMap"),
        ("/claimName", "PersistentVolumeClaim"),
        ("/serviceAccountName", "ServiceAccount"),
        ("/secretRef/name", "Secret"),
        ("/secretKeyRef/name", "Secret"),
        ("/secret/secretName", "Secret"),
        ("/secret/name", "Secret"),
    ];
    kinds.into_iter().find(|it| field.ends_with(it.0)).map(|it| it.1)
}

/// The other namespaces that have one. Of Secrets, which are never read, those where a ready pod uses one.
fn spaces<'a>(kind: &str, wanted: &str, own: &str, scene: &Scene<'a>) -> BTreeSet<&'a str> {
    let all = scene.all;
    let found: BTreeSet<&str> = match kind {
        "ConfigMap" => {
            let maps = all.config_maps.iter().flatten().filter(|it| it.name == wanted);
            maps.map(|it| it.namespace.as_str()).collect()
        }
        "PersistentVolumeClaim" => {
            let claims = all.claims.iter().flatten().map(|it| &it.metadata);
            claims.filter(|it| name(it) == wanted).map(namespace).collect()
        }
        "ServiceAccount" => {
            let accounts = all.service_accounts.iter().flatten().map(|it| &it.metadata);
            accounts.filter(|it| name(it) == wanted).map(namespace).collect()
        }
        _ => {
            let ready = all.pods.iter().filter(|it| is_ready(it));
            let uses = ready.filter(|it| {
                let spec = it.spec.as_ref();
                spec.is_some_and(|it| named_secrets(it).iter().any(|it| it == wanted))
            });
            uses.map(|it| namespace(&it.metadata)).collect()
        }
    };
    // One that is here as well was made meanwhile, or is of another kind.
    if found.contains(own) { BTreeSet::new() } else { found }
}
