//! Where a volume is mounted, and what its files are called there.

use k8s_openapi::api::core::v1::VolumeMount;
use types::{FieldPath, ReferenceFacts, SlipKind, SpotTopic};

use super::{Slip, edit};
use crate::evidence::failing::Failing;
use crate::evidence::{files, references};
use crate::near_file::near_file;
use crate::near_miss::near_miss;

/// The program misses a file that a ConfigMap puts into a folder of nearly the same name.
pub(super) fn at_another_place(failing: &Failing<'_>) -> Option<Slip> {
    let (folder, name) = failing.reading.as_ref()?.missing_file()?.rsplit_once('/')?;
    let holds = |mount: &VolumeMount| {
        let at = mount.mount_path.trim_end_matches('/');
        mount.sub_path.is_none()
            && failing.facts.files.iter().any(|it| *it == format!("{at}/{name}"))
    };
    let mounts = || failing.container.volume_mounts.iter().flatten().enumerate();
    let holding: Vec<_> = mounts().filter(|it| holds(it.1)).collect();
    let places = holding.iter().map(|it| it.1.mount_path.trim_end_matches('/'));
    let wrong = near_miss(folder, places)?;
    let (at, mount) =
        holding.into_iter().find(|it| it.1.mount_path.trim_end_matches('/') == wrong)?;
    let path = failing.path.child("volumeMounts").index(at).child("mountPath");
    Some(Slip {
        kind: SlipKind::Mount,
        shown_by: format!("The program looks for {name} in {folder}."),
        edits: vec![edit(path, &mount.mount_path, folder.to_owned())],
    })
}

/// The program misses a file that an item of a volume puts there under nearly the same name.
pub(super) fn under_another_name(failing: &Failing<'_>) -> Option<Slip> {
    let file = failing.reading.as_ref()?.missing_file()?;
    let is_item = |it: &str| it.contains("/items/") && it.ends_with("/path");
    let mut spots = failing.facts.spots.iter().filter(|it| it.topic == SpotTopic::Program);
    let found = spots.find(|it| is_item(&it.path))?;
    let parts: Vec<&str> = file.split('/').collect();
    let depth = found.value.split('/').count();
    let wanted = parts.get(parts.len().checked_sub(depth)?..)?.join("/");
    let path = found.path.split('/').skip(1).fold(FieldPath::root(), |path, it| path.child(it));
    let shown_by = format!("The program looks for {file}, and nothing else is as near.");
    let edits = vec![edit(path, &found.value, wanted)];
    Some(Slip { kind: SlipKind::Mount, shown_by, edits })
}

/// A mount's `subPath` names no file of its volume, and the volume has one of nearly this name under a name of its own.
pub(super) fn of_another_part(failing: &Failing<'_>) -> Option<Slip> {
    let mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    mounts.into_iter().find_map(|(at, mount)| {
        let wanted = mount.sub_path.as_deref().filter(|it| !it.is_empty())?;
        let path = failing.path.child("volumeMounts").index(at).child("subPath");
        // What the words of the container are about, and no key, which `fix_reference` writes.
        let field = path.to_string();
        let is_key = |it: &ReferenceFacts| it.path == field;
        if failing.facts.spots.iter().all(|it| it.path != field)
            || references::facts(failing.objects).iter().any(is_key)
        {
            return None;
        }
        let volume = failing.spec.volumes.iter().flatten().find(|it| it.name == mount.name)?;
        let all = files::all_below(failing.objects, volume)?;
        let near = near_file(wanted, all.iter().map(String::as_str))?;
        let shown_by =
            format!("The volume has no {wanted}, it has {near}, and nothing else is as near.");
        let edits = vec![edit(path, wanted, near)];
        Some(Slip { kind: SlipKind::Mount, shown_by, edits })
    })
}
