//! A ConfigMap is almost too large, or empty, or nobody uses it.
//!
//! ## What it looks for
//! One that holds more than 900 KiB of the 1 MiB that an object may have, and one that holds nothing. Where somebody
//! asks for notices, one that no pod, template, argument or variable names, while no program outside of the cluster's
//! own namespaces may read ConfigMaps there by its rights. All are notices.
//!
//! ## What it does not see
//! Whether one is used that has labels, annotations or an owner: somebody may find it by these. Where an operator may
//! read all ConfigMaps, as most may, none is called unused.

mod users;

use std::collections::BTreeMap;

use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, is_system};
use crate::ConfigMapSize;
use crate::confidence;
use users::Users;

/// Bytes that leave little room; the API server takes no more than 1 MiB of data.
const LARGE: usize = 900 * 1024;
/// What the cluster puts into each namespace.
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";
/// Parts of the names of ConfigMaps that are locks: those are empty on purpose.
const LOCKS: [&str; 4] = ["lock", "leader", "lease", "election"];

/// How long a ConfigMap may wait for who uses it, in seconds.
const PATIENCE_SECS: i64 = 3600;
/// Letters of the hash at the end of a name.
const HASH: usize = 10;
/// In so many namespaces the same name is put there by something of the cluster, such as its certificates.
const EVERYWHERE: usize = 3;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let maps = || scene.all.config_maps.iter().flatten();
    let mut found: Vec<_> = maps().filter_map(of_config_map).collect();
    let Some(users) = scene.all.hardening.as_ref().and_then(|_| Users::of(scene)) else {
        return found;
    };
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for map in maps() {
        *named.entry(&map.name).or_default() += 1;
    }
    let is_everywhere = |it: &&ConfigMapSize| {
        it.name == ROOT_CERTIFICATES || named.get(&*it.name).is_some_and(|it| EVERYWHERE <= *it)
    };
    let unused = maps().filter(|it| !is_everywhere(it) && may_be_unused(it, scene));
    found.extend(unused.filter(|it| !users.use_it(it)).map(unused_one));
    found
}

/// Whether it is old enough, holds something, and is found by its name alone.
fn may_be_unused(map: &ConfigMapSize, scene: &Scene<'_>) -> bool {
    let is_new = map.created_at.is_some_and(|it| scene.age_secs(Some(it)) < PATIENCE_SECS);
    let may_be = !map.marked && !map.keys.is_empty() && !is_of_cluster(map) && !is_dated(&map.name);
    !is_new && may_be && map.bytes <= LARGE
}

/// Whether a name ends with a hash of what the ConfigMap holds, as kustomize writes it: revisions that are gone back to
/// name the ones of before.
fn is_dated(name: &str) -> bool {
    let hash = name.rsplit_once('-').map_or("", |it| it.1);
    hash.len() == HASH && hash.bytes().all(|it| b"bcdfghkmt2456789".contains(&it))
}

fn unused_one(map: &ConfigMapSize) -> Finding {
    let about = Subject::new("ConfigMap", &*map.namespace, &*map.name);
    let cause = "Nobody uses it: no pod, present template, argument or variable names it, and no program may read it by its \
                 name.";
    let fault = cluster(ClusterFault::ConfigMapUnused);
    let finding =
        Finding::new(about, Severity::Notice, fault, cause.to_owned()).sure(confidence::UNSEEN);
    finding.clue("named by", "nobody")
}

/// Whether it belongs to the cluster, or is the lock of an election.
fn is_of_cluster(map: &ConfigMapSize) -> bool {
    is_system(&map.namespace) || LOCKS.iter().any(|it| map.name.contains(it))
}

fn of_config_map(map: &ConfigMapSize) -> Option<Finding> {
    let about = Subject::new("ConfigMap", &*map.namespace, &*map.name);
    let finding = |cause: String| {
        let fault = cluster(ClusterFault::ConfigMapUnused);
        Finding::new(about.clone(), Severity::Notice, fault, cause).at("/data")
    };
    if LARGE < map.bytes {
        let kibibytes = map.bytes / 1024;
        let cause = format!("It holds {kibibytes} KiB of the 1024 KiB that it may hold.");
        return Some(finding(cause).clue("data.bytes", &map.bytes));
    }
    if !map.keys.is_empty() || is_of_cluster(map) {
        return None;
    }
    Some(finding("It is empty.".to_owned()).clue("data.bytes", &map.bytes).sure(confidence::LIKELY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_almost_full_is_told() {
        let map = |bytes| ConfigMapSize {
            labels: None,
            namespace: "shop".to_owned(),
            name: "pages".to_owned(),
            keys: vec!["all".to_owned()],
            bytes,
            changed_at: None,
            created_at: None,
            marked: false,
        };

        let found = of_config_map(&map(950 * 1024)).unwrap();

        assert_eq!(found.severity, Severity::Notice);
        assert_eq!(found.cause, "It holds 950 KiB of the 1024 KiB that it may hold.");
        assert!(of_config_map(&map(LARGE)).is_none());
    }
}
