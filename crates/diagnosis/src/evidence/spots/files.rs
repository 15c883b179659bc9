//! Files that a program may not write or read, or does not find: what they lie in.

use k8s_openapi::api::core::v1::{Volume, VolumeMount};
use types::SpotTopic;

use super::{Look, Spot};
use crate::analyzers::log_reading::Trouble;

/// Where programs share memory.
const SHARED_MEMORY: &str = "/dev/shm";

/// A file that cannot be written: it lies in a mount that is read-only, or in the container's own file system.
pub(super) fn read_only(look: &Look<'_>) -> Option<Spot> {
    look.reading.as_ref().filter(|it| it.trouble == Trouble::ReadOnly)?;
    let mount = look.about(Trouble::ReadOnly).and_then(|it| mount_of(look, it));
    if let Some((at, mount)) = mount {
        let path = look.path.child("volumeMounts").index(at);
        let place = &mount.mount_path;
        let volume = look.spec.volumes.iter().flatten().find(|it| it.name == mount.name)?;
        if let Some(kind) = always_read_only(volume) {
            let words = format!("; {place} is {kind}, which is always mounted read-only");
            return Some(Spot::new(SpotTopic::ReadOnly, path.child("mountPath"), place, words));
        }
        if mount.read_only == Some(true) {
            let words = format!("; the template mounts {place} read-only");
            return Some(Spot::new(SpotTopic::ReadOnly, path.child("readOnly"), "true", words));
        }
        return None;
    }
    let context = look.container.security_context.as_ref()?;
    context.read_only_root_filesystem.filter(|it| *it)?;
    let path = look.path.child("securityContext").child("readOnlyRootFilesystem");
    let words =
        "; the template makes the container's own file system read-only, and mounts nothing there";
    Some(Spot::new(SpotTopic::ReadOnly, path, "true", words.to_owned()))
}

/// Shared memory that is full: how much there may be, or that nothing is mounted there.
pub(super) fn shared_memory(look: &Look<'_>) -> Option<Spot> {
    look.about(Trouble::DiskFull).filter(|it| it.eq_ignore_ascii_case("shared memory"))?;
    let Some((_, mount)) = mount_of(look, SHARED_MEMORY) else {
        let path = look.path.child("volumeMounts");
        let words = "; /dev/shm has 64 MB where nothing is mounted there: an emptyDir of medium Memory gives it more";
        return Some(Spot::new(SpotTopic::ReadOnly, path, "nothing at /dev/shm", words.to_owned()));
    };
    let mut volumes = look.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == mount.name)?;
    let limit = &volume.empty_dir.as_ref()?.size_limit.as_ref()?.0;
    let path = look.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    let path = path.child("emptyDir").child("sizeLimit");
    let words = format!("; the template gives /dev/shm {limit}");
    Some(Spot::new(SpotTopic::ReadOnly, path, limit, words))
}

/// A file that it has no permission for, while the template says as whom it runs.
pub(super) fn denied(look: &Look<'_>) -> Option<Spot> {
    let file = look.about(Trouble::Denied).filter(|it| it.starts_with('/'))?;
    let user = look.user();
    if user.as_ref().is_some_and(|it| it.1 == 0) {
        return None;
    }
    if let Some(spot) =
        mount_of(look, file).and_then(|it| without_group(look, it.1, user.as_ref().map(|it| it.1)))
    {
        return Some(spot);
    }
    let (path, user) = user?;
    let words = format!("; it runs as user {user}");
    Some(Spot::new(SpotTopic::Denied, path, &user.to_string(), words))
}

/// A volume whose files are for root, and no group is named that they should belong to.
fn without_group(look: &Look<'_>, mount: &VolumeMount, user: Option<i64>) -> Option<Spot> {
    let context = look.spec.security_context.as_ref();
    let group = context.and_then(|it| it.fs_group);
    let volumes = look.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.into_iter().find(|it| it.1.name == mount.name)?;
    let who = user.map(|it| format!("; it runs as user {it}, and"));
    let spec = look.objects.root.kind().pod_spec_path()?;
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
pub(super) fn program(look: &Look<'_>) -> Option<Spot> {
    let file = look.about(Trouble::File)?;
    let mut texts = look.texts().into_iter().filter(|it| contains(it.1, file));
    let (path, text) = texts.next()?;
    Some(Spot::new(SpotTopic::Program, path, text, String::new()))
}

/// Whether a text names a file, and not only a longer one.
pub(super) fn contains(text: &str, file: &str) -> bool {
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
pub(super) fn mount_of<'a>(look: &Look<'a>, file: &str) -> Option<(usize, &'a VolumeMount)> {
    let is_below = |mount: &VolumeMount| {
        let base = mount.mount_path.trim_end_matches('/');
        file.strip_prefix(base).is_some_and(|it| it.is_empty() || it.starts_with('/'))
    };
    let mounts = look.container.volume_mounts.iter().flatten().enumerate();
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
