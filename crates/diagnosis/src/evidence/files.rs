//! The files that volumes put into a container.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, KeyToPath, Volume, VolumeMount, VolumeProjection,
};

use crate::Objects;

/// Files that are kept.
const MAX_FILES: usize = 50;

/// The paths of those that ConfigMaps put there, in order.
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

/// The files that ConfigMaps put into a volume, by their paths in it.
pub(super) fn below(objects: &Objects, volume: &Volume) -> Vec<String> {
    let plain = volume.config_map.iter().map(ConfigMapSource::of_volume);
    let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    let projected = sources.filter_map(|it| it.config_map.as_ref()).map(|it| ConfigMapSource {
        name: &it.name,
        items: it.items.as_deref().unwrap_or_default(),
    });
    plain.chain(projected).flat_map(|it| it.files(objects)).collect()
}

/// Whether a volume has nothing but keys of ConfigMaps.
pub(super) fn is_of_maps(volume: &Volume) -> bool {
    let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    let mut sources = sources.peekable();
    let is_projected = sources.peek().is_some() && sources.all(|it| it.config_map.is_some());
    volume.config_map.is_some() || is_projected
}

/// All files in a volume that nobody can write, by their paths in it; `None` where they are not all known. The keys of
/// a Secret are nobody's to read: of one that says which of them it mounts they are known.
pub(super) fn all_below(objects: &Objects, volume: &Volume) -> Option<Vec<String>> {
    if let Some(it) = &volume.config_map {
        return ConfigMapSource::of_volume(it).all(objects);
    }
    if let Some(it) = &volume.secret {
        return of_secret(it.items.as_deref(), it.optional);
    }
    if let Some(it) = &volume.downward_api {
        return Some(it.items.iter().flatten().map(|it| it.path.clone()).collect());
    }
    let sources = volume.projected.as_ref()?.sources.iter().flatten();
    let all = sources.map(|it| of_source(objects, it)).collect::<Option<Vec<_>>>()?;
    Some(all.into_iter().flatten().collect())
}

fn of_source(objects: &Objects, source: &VolumeProjection) -> Option<Vec<String>> {
    if let Some(it) = &source.config_map {
        let items = it.items.as_deref().unwrap_or_default();
        return ConfigMapSource { name: &it.name, items }.all(objects);
    }
    if let Some(it) = &source.secret {
        return of_secret(it.items.as_deref(), it.optional);
    }
    if let Some(it) = &source.downward_api {
        return Some(it.items.iter().flatten().map(|it| it.path.clone()).collect());
    }
    source.service_account_token.as_ref().map(|it| vec![it.path.clone()])
}

fn of_secret(items: Option<&[KeyToPath]>, optional: Option<bool>) -> Option<Vec<String>> {
    // One that need not be there may have none of them.
    let items = items.filter(|it| !it.is_empty() && optional != Some(true))?;
    Some(items.iter().map(|it| it.path.clone()).collect())
}

struct ConfigMapSource<'a> {
    name: &'a str,
    items: &'a [KeyToPath],
}

impl<'a> ConfigMapSource<'a> {
    fn of_volume(volume: &'a ConfigMapVolumeSource) -> Self {
        Self { name: &volume.name, items: volume.items.as_deref().unwrap_or_default() }
    }

    /// The same, where the ConfigMap is known.
    fn all(&self, objects: &Objects) -> Option<Vec<String>> {
        let is_known = objects.config_maps.iter().flatten().any(|it| it.name == self.name);
        is_known.then(|| self.files(objects))
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
