//! Where a volume is mounted, and which of its files is asked for.

use k8s_openapi::api::core::v1::{Volume, VolumeMount};
use types::{FieldPath, ReferenceFacts, SlipKind, SpotTopic};

use super::{Slip, edit, replaced};
use crate::evidence::failing::Failing;
use crate::evidence::{files, references};
use crate::log::reading::{Reading, Trouble};
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

/// A word of the command or a variable names a file in a folder that is made of ConfigMaps and holds no such file,
/// but one of nearly this name. Nobody can write there, so that the file cannot come from elsewhere.
pub(super) fn of_another_file(failing: &Failing<'_>) -> Option<Slip> {
    let says_why = |it: &Reading<'_>| {
        it.missing_file().is_none() && !matches!(it.trouble, Trouble::File | Trouble::Config)
    };
    if failing.reading.as_ref().is_some_and(says_why) {
        return None;
    }
    let mounts = failing.container.volume_mounts.iter().flatten();
    let whole = mounts.filter(|it| it.sub_path.is_none() && it.sub_path_expr.is_none());
    let mut slips = whole.filter_map(|mount| {
        let keys = keys(failing, &mount.name)?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let folder = format!("{}/", mount.mount_path.trim_end_matches('/'));
        failing.words_and_values().into_iter().find_map(|(path, text)| {
            let name = file_below(text, &folder).filter(|it| !keys.contains(it))?;
            let near = near_miss(name, keys.iter().copied())?;
            let (wrong, right) = (format!("{folder}{name}"), format!("{folder}{near}"));
            let is_elsewhere = failing.container.volume_mounts.iter().flatten();
            if is_elsewhere.map(|it| &it.mount_path).any(|it| *it == wrong) {
                return None;
            }
            let edits = vec![edit(path, text, replaced(text, &wrong, &right)?)];
            let shown_by = format!(
                "No key of its ConfigMap is mounted as {wrong}, one is as {right}, and nothing else is as near."
            );
            Some(Slip { kind: SlipKind::Mount, shown_by, edits })
        })
    });
    slips.next()
}

/// The file that a text names right below a folder.
fn file_below<'a>(text: &'a str, folder: &str) -> Option<&'a str> {
    let at = text.find(folder)? + folder.len();
    let rest = text.get(at..)?;
    let is_letter = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    let (name, after) = rest.split_at(rest.find(|it| !is_letter(it)).unwrap_or(rest.len()));
    (!name.is_empty() && !after.starts_with('/')).then_some(name)
}

/// The files of a volume of ConfigMaps, of which all are known.
fn keys(failing: &Failing<'_>, name: &str) -> Option<Vec<String>> {
    let volumes = failing.spec.volumes.as_ref()?;
    let volume: &Volume = volumes.iter().find(|it| it.name == name)?;
    let is_there = |name: &str| {
        let mut maps = failing.objects.config_maps.iter().flatten();
        maps.any(|it| it.name == name)
    };
    let is_known = match (&volume.config_map, &volume.projected) {
        (Some(it), _) => is_there(&it.name),
        (None, Some(it)) => {
            let mut sources = it.sources.iter().flatten();
            sources.all(|it| it.config_map.as_ref().is_some_and(|it| is_there(&it.name)))
        }
        (None, None) => false,
    };
    is_known.then(|| files::below(failing.objects, volume))
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
        let keys = keys(failing, &mount.name)?;
        let near = near_miss(wanted, keys.iter().map(String::as_str))?;
        let shown_by =
            format!("The volume has no {wanted}, it has {near}, and nothing else is as near.");
        let edits = vec![edit(path, wanted, near)];
        Some(Slip { kind: SlipKind::Mount, shown_by, edits })
    })
}
