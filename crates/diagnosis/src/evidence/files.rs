//! The files that ConfigMaps put into a container.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, KeyToPath, Volume, VolumeMount,
};

use crate::Objects;

/// Files that are kept.
const MAX_FILES: usize = 50;

/// The paths of these files, in order.
pub(super) fn facts(objects: &Objects, container: &Container) -> Vec<String> {
    let volumes = objects.root.pod_spec().and_then(|it| it.volumes.as_deref()).unwrap_or_default();
    let of_mount = |mount: &VolumeMount| {
        let volume = volumes.iter().find(|it| it.name == mount.name);
        volume.map(|it| paths(mount, &below(objects, it))).unwrap_or_default()
    };
    let files: BTreeSet<_> = container.volume_mounts.iter().flatten().flat_map(of_mount).collect();
    files.into_iter().take(MAX_FILES).collect()
}

/// Where the files of a volume are in the container.
fn paths(mount: &VolumeMount, names: &[String]) -> Vec<String> {
    let base = mount.mount_path.trim_end_matches('/');
    match mount.sub_path.as_deref().filter(|it| !it.is_empty()) {
        // One file that stands where the mount is.
        Some(part) if names.iter().any(|it| it == part) => vec![base.to_owned()],
        Some(_) => vec![],
        None => names.iter().map(|it| format!("{base}/{it}")).collect(),
    }
}

/// The files in a volume, by their paths in it.
pub(super) fn below(objects: &Objects, volume: &Volume) -> Vec<String> {
    let plain = volume.config_map.iter().map(ConfigMapSource::of_volume);
    let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    let projected = sources.filter_map(|it| it.config_map.as_ref()).map(|it| ConfigMapSource {
        name: &it.name,
        items: it.items.as_deref().unwrap_or_default(),
    });
    plain.chain(projected).flat_map(|it| it.files(objects)).collect()
}

struct ConfigMapSource<'a> {
    name: &'a str,
    items: &'a [KeyToPath],
}

impl<'a> ConfigMapSource<'a> {
    fn of_volume(volume: &'a ConfigMapVolumeSource) -> Self {
        Self { name: &volume.name, items: volume.items.as_deref().unwrap_or_default() }
    }

    fn files(&self, objects: &Objects) -> Vec<String> {
        let map = objects.config_maps.iter().flatten().find(|it| it.name == self.name);
        let Some(map) = map else { return vec![] };
        if self.items.is_empty() {
            return map.keys.clone();
        }
        let there = self.items.iter().filter(|it| map.keys.contains(&it.key));
        there.map(|it| it.path.clone()).collect()
    }
}
