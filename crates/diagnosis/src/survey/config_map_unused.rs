//! A ConfigMap is almost too large, or empty.
//!
//! ## What it looks for
//! One that holds more than 900 KiB of the 1 MiB that an object may have, and one that holds nothing. Both are notices.
//!
//! ## What it does not see
//! Whether anybody uses it: controllers read ConfigMaps by name, which no manifest shows.

use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::Scene;
use crate::ConfigMapSize;

/// Bytes that leave little room; the API server takes no more than 1 MiB of data.
const LARGE: usize = 900 * 1024;
/// Parts of the names of ConfigMaps that are locks: those are empty on purpose.
const LOCKS: [&str; 4] = ["lock", "leader", "lease", "election"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.config_maps.iter().flatten().filter_map(of_config_map).collect()
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
    let is_system = map.namespace.starts_with("kube-");
    let is_lock = LOCKS.iter().any(|it| map.name.contains(it));
    if !map.keys.is_empty() || is_system || is_lock {
        return None;
    }
    Some(finding("It is empty.".to_owned()).sure(0.8))
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
        };

        let found = of_config_map(&map(950 * 1024)).unwrap();

        assert_eq!(found.severity, Severity::Notice);
        assert_eq!(found.cause, "It holds 950 KiB of the 1024 KiB that it may hold.");
        assert!(of_config_map(&map(LARGE)).is_none());
    }
}
