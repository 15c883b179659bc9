//! What a volume does not have room for or does not bring: files in memory, a file under another name, a token.

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, EmptyDirVolumeSource, KeyToPath, Volume, VolumeMount,
};
use types::{FieldPath, SpotTopic};

use super::Spot;
use super::files::{contains, mount_of};
use super::sources::below;
use crate::evidence::failing::Failing;
use crate::log::left;
use crate::log::reading::Trouble;
use crate::near_file::near_file;
use crate::outline::memory;

/// Where the token of a service account is mounted.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The field that says whether it is.
const AUTOMOUNT: &str = "automountServiceAccountToken";
/// The part of a memory limit below which files in memory are no trouble: a quarter.
const SMALL: u64 = 4;

/// The volume of a mount, with its field.
fn volume<'a>(failing: &Failing<'a>, mount: &VolumeMount) -> Option<(FieldPath, &'a Volume)> {
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == mount.name)?;
    Some((failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at), volume))
}

fn is_in_memory(source: &EmptyDirVolumeSource) -> bool {
    source.medium.as_deref() == Some("Memory")
}

/// Where a volume that is full gets its size from.
pub(super) fn full(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::DiskFull)?;
    let mounts = || failing.container.volume_mounts.iter().flatten();
    let in_memory = |it: &&VolumeMount| {
        let source = volume(failing, it).and_then(|it| it.1.empty_dir.as_ref());
        source.is_some_and(is_in_memory)
    };
    let claims = |it: &&VolumeMount| {
        let is_claim = volume(failing, it).is_some_and(|it| it.1.persistent_volume_claim.is_some());
        is_claim && it.read_only != Some(true)
    };
    let only = |is_one: &dyn Fn(&&VolumeMount) -> bool| {
        mounts().find(is_one).filter(|_| mounts().filter(is_one).count() == 1)
    };
    let file = reading.about.as_deref().filter(|it| it.starts_with('/'));
    let mount = match file {
        Some(file) => mount_of(failing, file)?.1,
        // Nothing else that is mounted is likely to be full.
        None if mounts().any(|it| in_memory(&it)) => only(&in_memory)?,
        None => only(&claims)?,
    };
    of_full(failing, mount, file.is_some())
}

fn of_full(failing: &Failing<'_>, mount: &VolumeMount, is_sure: bool) -> Option<Spot> {
    let (path, volume) = volume(failing, mount)?;
    let place = &mount.mount_path;
    if let Some(claim) = &volume.persistent_volume_claim {
        let name = &claim.claim_name;
        let how = if is_sure { "is full" } else { "is probably full" };
        let words = format!("; {place} is the volume claim {name}, which {how}");
        let path = path.child("persistentVolumeClaim").child("claimName");
        return Some(Spot::new(SpotTopic::ReadOnly, path, name, words));
    }
    // The disk of the node is nobody's field.
    let source = volume.empty_dir.as_ref().filter(|it| is_in_memory(it))?;
    let limit = source.size_limit.as_ref().map(|it| it.0.as_str());
    let room = limit.map_or_else(
        || "bounded by the memory limit alone".to_owned(),
        |it| format!("which the template gives {it}"),
    );
    let words = format!("; {place} is a volume in memory (tmpfs), {room}");
    let path = path.child("emptyDir").child("sizeLimit");
    Some(Spot::new(SpotTopic::ReadOnly, path, limit.unwrap_or("none"), words))
}

/// A volume in memory that may take all of a container's limit: what is written there counts.
pub(super) fn in_memory(failing: &Failing<'_>) -> Option<Spot> {
    let state = &failing.facts.state;
    let is_start = state.exit_message.as_deref().is_some_and(|it| it.contains("OOM-killed"));
    if !is_start && state.last_exit.as_deref() != Some("OOMKilled") {
        return None;
    }
    let given = failing.facts.given_memory_limit.as_ref().map(|it| &it.amount);
    let limit = failing.facts.memory_limit.as_ref().or(given)?;
    let bytes = limit.units()?;
    let (path, mount, size) =
        failing.container.volume_mounts.iter().flatten().find_map(|mount| {
            let (path, volume) = volume(failing, mount)?;
            let source = volume.empty_dir.as_ref().filter(|it| is_in_memory(it))?;
            let size = source.size_limit.as_ref();
            let is_large = size.is_none_or(|it| bytes / SMALL < memory(Some(it)));
            (is_large && mount.read_only != Some(true)).then_some((path, mount, size))
        })?;
    let place = &mount.mount_path;
    let size = size.map_or("none", |it| it.0.as_str());
    let mut lines = left::all(failing.facts);
    // It keeps what is in it when the container ends: so it is full before the next one begins.
    if is_start || lines.any(|it| it.contains(place.as_str())) {
        let words = format!(
            "; what is written to {place} counts as well, a volume in memory (tmpfs) whose sizeLimit is {size}"
        );
        let path = path.child("emptyDir").child("sizeLimit");
        return Some(Spot::new(SpotTopic::Memory, path, size, words));
    }
    let words = format!(
        "; {place} is a volume in memory (tmpfs), and what is written there counts as well"
    );
    let path = failing.path.child("resources").child("limits").child("memory");
    Some(Spot::new(SpotTopic::Memory, path, &limit.0, words))
}

/// The token of its service account, which nothing mounts.
pub(super) fn token(failing: &Failing<'_>) -> Option<Spot> {
    failing.about(Trouble::File).filter(|it| it.starts_with(TOKEN))?;
    let path = failing.objects.root.kind().pod_spec_path()?.child(AUTOMOUNT);
    if failing.spec.automount_service_account_token == Some(false) {
        let words = "; the template says that no token of its service account is mounted";
        return Some(Spot::new(SpotTopic::Program, path, "false", words.to_owned()));
    }
    let mut pods = failing.objects.pods.iter();
    let pod = pods.find(|it| it.metadata.name.as_deref() == Some(&failing.facts.pod))?;
    let spec = pod.spec.as_ref()?;
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let own = all.filter(|it| it.name == failing.container.name);
    let mut mounts = own.flat_map(|it| it.volume_mounts.iter().flatten());
    if mounts.any(|it| it.mount_path.starts_with(TOKEN)) {
        return None;
    }
    let account = spec.service_account_name.as_deref().unwrap_or("default");
    let words = format!(
        "; its pod was made without one: the service account {account} says {AUTOMOUNT} false, and the template says nothing"
    );
    Some(Spot::new(SpotTopic::Program, path, "not set", words))
}

/// The path that an item of a volume puts a file at, where the program looks for nearly that.
pub(super) fn item(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.reading.as_ref()?.missing_file()?;
    let mount = mount_of(failing, file)?.1;
    let wanted = below(mount, file).filter(|_| mount.sub_path.is_none())?;
    let (path, volume) = volume(failing, mount)?;
    let items = items(volume, &path);
    let stem = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
    let near = near_file(wanted, items.iter().map(|it| it.path));
    let is_it = |it: &&Item<'_>| {
        near.as_deref() == Some(it.path) || it.key == Some(wanted) && stem(it.path) == stem(wanted)
    };
    let item = items.iter().find(is_it)?;
    // Who names the file in its command may be wrong himself, unless that is what the key is called.
    let is_named = failing.telling_words().iter().any(|it| contains(it.1, file));
    if is_named && item.key != Some(wanted) {
        return None;
    }
    let is_told = failing.facts.files.iter().any(|it| it.ends_with(&format!("/{}", item.path)));
    let words = if is_told {
        String::new()
    } else {
        format!("; the volume puts {} there, which was probably meant", item.path)
    };
    Some(Spot::new(SpotTopic::Program, item.field.child("path"), item.path, words))
}

/// What a volume puts where.
struct Item<'v> {
    field: FieldPath,
    /// The key of a ConfigMap or a Secret.
    key: Option<&'v str>,
    path: &'v str,
}

/// The items of a volume that stands at `path`, also of those that it is projected from.
fn items<'v>(volume: &'v Volume, path: &FieldPath) -> Vec<Item<'v>> {
    let mut all = vec![];
    let maps = volume.config_map.iter().map(|it| ("configMap", it.items.as_deref()));
    let secrets = volume.secret.iter().map(|it| ("secret", it.items.as_deref()));
    for (name, items) in maps.chain(secrets) {
        all.extend(of_keys(items, &path.child(name)));
    }
    let told = volume.downward_api.iter().map(|it| it.items.as_deref());
    all.extend(told.flat_map(|it| of_pod(it, &path.child("downwardAPI"))));
    let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    for (at, source) in sources.enumerate() {
        let path = path.child("projected").child("sources").index(at);
        let maps = source.config_map.iter().map(|it| ("configMap", it.items.as_deref()));
        let secrets = source.secret.iter().map(|it| ("secret", it.items.as_deref()));
        for (name, items) in maps.chain(secrets) {
            all.extend(of_keys(items, &path.child(name)));
        }
        let told = source.downward_api.iter().map(|it| it.items.as_deref());
        all.extend(told.flat_map(|it| of_pod(it, &path.child("downwardAPI"))));
    }
    all
}

fn of_keys<'v>(items: Option<&'v [KeyToPath]>, path: &FieldPath) -> Vec<Item<'v>> {
    let items = items.unwrap_or_default().iter().enumerate();
    let field = |at| path.child("items").index(at);
    items
        .map(|(at, it)| Item { field: field(at), key: Some(&it.key), path: it.path.as_str() })
        .collect()
}

fn of_pod<'v>(items: Option<&'v [DownwardAPIVolumeFile]>, path: &FieldPath) -> Vec<Item<'v>> {
    let items = items.unwrap_or_default().iter().enumerate();
    let field = |at| path.child("items").index(at);
    items.map(|(at, it)| Item { field: field(at), key: None, path: it.path.as_str() }).collect()
}
