//! Files that a program may not write or read, or does not find: what they lie in.

use k8s_openapi::api::core::v1::{Volume, VolumeMount};
use types::SpotTopic;

use super::Spot;
use super::sources::key_at;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::near_file::near_file;

/// What keeps a program from writing into its own image.
const OWN_READ_ONLY: &str =
    "; the template makes the container's own file system read-only, and mounts nothing there";
/// Where programs share memory.
const SHARED_MEMORY: &str = "/dev/shm";

/// A file that cannot be written: it lies in a mount that is read-only, or in the container's own file system. Where no
/// file is named, the one volume that is mounted read-only.
pub(super) fn read_only(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::ReadOnly)?;
    let context = failing.container.security_context.as_ref();
    let is_root = context.and_then(|it| it.read_only_root_filesystem) == Some(true);
    // A database does not lie in the image.
    let is_data = || reading.line.to_lowercase().contains("database");
    let mount = match reading.about.as_deref().filter(|it| it.starts_with('/')) {
        Some(file) => mount_of(failing, file),
        None => only_read_only(failing).filter(|_| !is_root || is_data()),
    };
    if let Some((at, mount)) = mount {
        return of_mount(failing, at, mount);
    }
    let path = failing.path.child("securityContext").child("readOnlyRootFilesystem");
    is_root.then(|| Spot::new(SpotTopic::ReadOnly, path, "true", OWN_READ_ONLY.to_owned()))
}

/// A folder for temporary files that it cannot use, where the container's own file system is read-only and nothing is
/// mounted there.
pub(super) fn temporary(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Unopened)?;
    let is_it = reading.line.to_lowercase().contains("temporary");
    let folder = reading.about.as_deref().filter(|_| is_it)?;
    let context = failing.container.security_context.as_ref();
    let is_root = context.and_then(|it| it.read_only_root_filesystem) == Some(true);
    let path = failing.path.child("securityContext").child("readOnlyRootFilesystem");
    let spot = Spot::new(SpotTopic::Program, path, "true", OWN_READ_ONLY.to_owned());
    (is_root && mount_of(failing, folder).is_none()).then_some(spot)
}

/// What makes a mount read-only.
fn of_mount(failing: &Failing<'_>, at: usize, mount: &VolumeMount) -> Option<Spot> {
    let path = failing.path.child("volumeMounts").index(at);
    let place = &mount.mount_path;
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == mount.name)?;
    if let Some(kind) = always_read_only(volume) {
        let words = format!("; {place} is {kind}, which is always mounted read-only");
        return Some(Spot::new(SpotTopic::ReadOnly, path.child("mountPath"), place, words));
    }
    let words = format!("; the template mounts {place} read-only");
    if mount.read_only == Some(true) {
        return Some(Spot::new(SpotTopic::ReadOnly, path.child("readOnly"), "true", words));
    }
    let field = read_only_source(volume)?;
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    Some(Spot::new(SpotTopic::ReadOnly, path.child(field).child("readOnly"), "true", words))
}

/// The source of a volume that says itself that nobody may write.
fn read_only_source(volume: &Volume) -> Option<&'static str> {
    let is = |it: Option<bool>| it == Some(true);
    if volume.persistent_volume_claim.as_ref().is_some_and(|it| is(it.read_only)) {
        Some("persistentVolumeClaim")
    } else if volume.csi.as_ref().is_some_and(|it| is(it.read_only)) {
        Some("csi")
    } else if volume.nfs.as_ref().is_some_and(|it| is(it.read_only)) {
        Some("nfs")
    } else {
        None
    }
}

/// The one mount that is read-only, and would not have to be.
fn only_read_only<'a>(failing: &Failing<'a>) -> Option<(usize, &'a VolumeMount)> {
    let volume = |it: &VolumeMount| {
        let mut volumes = failing.spec.volumes.iter().flatten();
        volumes.find(|volume| volume.name == it.name)
    };
    let is_it = |it: &VolumeMount| {
        volume(it).is_some_and(|volume| {
            let is_read_only = it.read_only == Some(true) || read_only_source(volume).is_some();
            is_read_only && always_read_only(volume).is_none()
        })
    };
    let mut mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    let only = mounts.find(|it| is_it(it.1))?;
    mounts.all(|it| !is_it(it.1)).then_some(only)
}

/// Shared memory that is full: how much there may be, or that nothing is mounted there.
pub(super) fn shared_memory(failing: &Failing<'_>) -> Option<Spot> {
    let is_it =
        |it: &&str| it.eq_ignore_ascii_case("shared memory") || it.starts_with(SHARED_MEMORY);
    failing.about(Trouble::DiskFull).filter(is_it)?;
    let Some((_, mount)) = mount_of(failing, SHARED_MEMORY) else {
        let path = failing.path.child("volumeMounts");
        let words = "; /dev/shm is full: it has 64 MiB where nothing is mounted there, and an emptyDir of medium Memory gives it more";
        return Some(Spot::new(SpotTopic::ReadOnly, path, "nothing at /dev/shm", words.to_owned()));
    };
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == mount.name)?;
    let limit = &volume.empty_dir.as_ref()?.size_limit.as_ref()?.0;
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    let path = path.child("emptyDir").child("sizeLimit");
    let words = format!("; the template gives /dev/shm {limit}");
    Some(Spot::new(SpotTopic::ReadOnly, path, limit, words))
}

/// A file that it has no permission for, while the template says as whom it runs.
pub(super) fn denied(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.about(Trouble::Denied).filter(|it| it.starts_with('/'))?;
    let to_write = failing.reading.as_ref().is_some_and(|it| it.line.contains("writable"));
    if let Some(spot) =
        mount_of(failing, file).filter(|_| to_write).and_then(|it| of_mount(failing, it.0, it.1))
    {
        return Some(Spot { topic: SpotTopic::Denied, ..spot });
    }
    let user = failing.user();
    if user.as_ref().is_some_and(|it| it.1 == 0) {
        return None;
    }
    if let Some(spot) = mount_of(failing, file)
        .and_then(|it| without_group(failing, it.1, user.as_ref().map(|it| it.1)))
    {
        return Some(spot);
    }
    let (path, user) = user?;
    let words = format!("; it runs as user {user}");
    Some(Spot::new(SpotTopic::Denied, path, &user.to_string(), words))
}

/// A volume whose files are for root, and no group is named that they should belong to.
fn without_group(failing: &Failing<'_>, mount: &VolumeMount, user: Option<i64>) -> Option<Spot> {
    let context = failing.spec.security_context.as_ref();
    let group = context.and_then(|it| it.fs_group);
    let volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.into_iter().find(|it| it.1.name == mount.name)?;
    let who = user.map(|it| format!("; it runs as user {it}, and"));
    let spec = failing.objects.root.kind().pod_spec_path()?;
    let (source, mode) = if let Some(it) = &volume.secret {
        ("secret", it.default_mode)
    } else {
        ("configMap", volume.config_map.as_ref().and_then(|it| it.default_mode))
    };
    // Group and others may not read it.
    if let Some(mode) = mode.filter(|it| it & 0o044 == 0) {
        let path = spec.child("volumes").index(at).child(source).child("defaultMode");
        let who = who.unwrap_or_else(|| ";".to_owned());
        let words = format!("{who} the mode {mode:04o} of its volume lets only root read it");
        return Some(Spot::new(SpotTopic::Denied, path, &format!("{mode:04o}"), words));
    }
    let is_of_group = volume.persistent_volume_claim.is_some()
        || volume.ephemeral.is_some()
        || volume.csi.is_some();
    if group.is_some() || !is_of_group {
        return None;
    }
    let path = spec.child("securityContext").child("fsGroup");
    let who = who.unwrap_or_else(|| ";".to_owned());
    let words = format!("{who} the pod names no fsGroup for its volumes");
    Some(Spot::new(SpotTopic::Denied, path, "none", words))
}

/// A file that is not there, and that the template names.
pub(super) fn program(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.reading.as_ref()?.missing_file()?;
    let mut texts = failing.telling_words().into_iter().filter(|it| contains(it.1, file));
    let (path, text) = texts.next()?;
    Some(Spot::new(SpotTopic::Program, path, text, String::new()))
}

/// The file that is not there, where a ConfigMap puts one of nearly this name into the same folder, and nothing in the
/// template names either.
pub(super) fn near(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.reading.as_ref()?.missing_file()?;
    let (folder, name) = file.rsplit_once('/')?;
    let in_folder = |it: &&String| it.rsplit_once('/').is_some_and(|it| it.0 == folder);
    let here: Vec<&String> = failing.facts.files.iter().filter(in_folder).collect();
    let last = |it: &'_ String| it.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = here.iter().map(|it| last(it)).collect();
    let near = near_file(name, names.iter().map(String::as_str))?;
    let place = here.into_iter().find(|it| last(it) == near)?;
    let (path, value, map, key) = key_at(failing, place)?;
    let words = format!("; the file is key {key} of ConfigMap {map}");
    Some(Spot::new(SpotTopic::Program, path, value, words).held_by(map, key))
}

/// The one variable that names the file that is not there among other words: `-javaagent:/agent.jar`.
pub(super) fn variable(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.reading.as_ref()?.missing_file()?;
    let names = |it: &(_, &str, &str)| it.2 != file && contains(it.2, file);
    let mut named = failing.variables().into_iter().filter(names);
    let (path, name, value) = named.next().filter(|_| named.next().is_none())?;
    let words = format!("; the template names it in {name}");
    let spot = Spot::of_text(&path, (name, value), words);
    Some(Spot { topic: SpotTopic::Program, ..spot })
}

/// Whether a text names a file, and not only a longer one.
pub(in crate::evidence) fn contains(text: &str, file: &str) -> bool {
    let is_part =
        |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || "-_./".contains(it));
    !file.is_empty()
        && text.match_indices(file).any(|(at, _)| {
            let before = text.get(..at).and_then(|it| it.chars().next_back());
            let after = text.get(at + file.len()..).and_then(|it| it.chars().next());
            !is_part(before) && !is_part(after)
        })
}

/// The innermost mount that a file lies in.
pub(in crate::evidence) fn mount_of<'a>(
    failing: &Failing<'a>,
    file: &str,
) -> Option<(usize, &'a VolumeMount)> {
    let is_below = |mount: &VolumeMount| {
        let base = mount.mount_path.trim_end_matches('/');
        file.strip_prefix(base).is_some_and(|it| it.is_empty() || it.starts_with('/'))
    };
    let mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    mounts.filter(|it| is_below(it.1)).max_by_key(|it| it.1.mount_path.len())
}

/// What a volume is that no container can write.
fn always_read_only(volume: &Volume) -> Option<&'static str> {
    if volume.secret.is_some() {
        Some("a Secret")
    } else if volume.config_map.is_some() {
        Some("a ConfigMap")
    } else if volume.projected.is_some() {
        Some("a projected volume")
    } else if volume.downward_api.is_some() {
        Some("a volume of the downward API")
    } else {
        None
    }
}
