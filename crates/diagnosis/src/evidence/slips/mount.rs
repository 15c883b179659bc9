//! Where a volume is mounted, and what of it.

use k8s_openapi::api::core::v1::{Volume, VolumeMount};
use types::SlipKind;

use super::{Slip, Spot, edit};
use crate::analyzers::log_reading::Trouble;
use crate::near_miss::near_miss;

/// The program misses a file that a ConfigMap puts into a folder of nearly the same name.
pub(super) fn at_another_place(spot: &Spot<'_>) -> Option<Slip> {
    let reading = spot.reading.as_ref().filter(|it| it.trouble == Trouble::File)?;
    let (folder, name) = reading.about.as_deref()?.rsplit_once('/')?;
    let holds = |mount: &VolumeMount| {
        let at = mount.mount_path.trim_end_matches('/');
        mount.sub_path.is_none() && spot.facts.files.iter().any(|it| *it == format!("{at}/{name}"))
    };
    let mounts = || spot.container.volume_mounts.iter().flatten().enumerate();
    let holding: Vec<_> = mounts().filter(|it| holds(it.1)).collect();
    let places = holding.iter().map(|it| it.1.mount_path.trim_end_matches('/'));
    let wrong = near_miss(folder, places)?;
    let (at, mount) =
        holding.into_iter().find(|it| it.1.mount_path.trim_end_matches('/') == wrong)?;
    let path = spot.path.child("volumeMounts").index(at).child("mountPath");
    Some(Slip {
        kind: SlipKind::Mount,
        shown_by: format!("The program looks for {name} in {folder}."),
        edits: vec![edit(path, &mount.mount_path, folder.to_owned())],
    })
}

/// A mount takes one key of a ConfigMap that has no such key, and one of nearly this name.
pub(super) fn of_another_key(spot: &Spot<'_>) -> Option<Slip> {
    let mounts = spot.container.volume_mounts.iter().flatten().enumerate();
    let mut slips = mounts.filter_map(|(at, mount)| {
        let wrong = mount.sub_path.as_deref()?;
        let keys = keys(spot, &mount.name)?;
        let near = near_miss(wrong, keys.iter().copied())?;
        let path = spot.path.child("volumeMounts").index(at).child("subPath");
        (!keys.contains(&wrong)).then(|| Slip {
            kind: SlipKind::Mount,
            shown_by: format!("The ConfigMap has a key {near}, and nothing else is as near."),
            edits: vec![edit(path, wrong, near)],
        })
    });
    slips.next()
}

/// The files of a volume that is a whole ConfigMap.
fn keys<'a>(spot: &'a Spot<'_>, name: &str) -> Option<Vec<&'a str>> {
    let volumes = spot.objects.root.pod_spec()?.volumes.as_ref()?;
    let volume: &Volume = volumes.iter().find(|it| it.name == name)?;
    let source = volume.config_map.as_ref().filter(|it| it.items.is_none())?;
    let map = spot.objects.config_maps.as_ref()?.iter().find(|it| it.name == source.name)?;
    Some(map.keys.iter().map(String::as_str).collect())
}
