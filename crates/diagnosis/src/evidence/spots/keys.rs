//! A part of a ConfigMap that a mount asks for by `subPath`, and that is not in it: the kubelet makes an empty folder
//! in its place.

use k8s_openapi::api::core::v1::{Volume, VolumeMount};
use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;
use crate::evidence::files;
use crate::near_miss::near_miss;

/// What programs and runtimes say of a folder in the place of a file.
const FOLDER: [&str; 2] = ["is a directory", "not a directory"];

pub(super) fn missing(failing: &Failing<'_>) -> Option<Spot> {
    let mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    mounts.into_iter().find_map(|(at, mount)| of_mount(failing, at, mount))
}

fn of_mount(failing: &Failing<'_>, at: usize, mount: &VolumeMount) -> Option<Spot> {
    let wanted = mount.sub_path.as_deref().filter(|it| !it.is_empty())?;
    let volume = failing.spec.volumes.iter().flatten().find(|it| it.name == mount.name)?;
    let from = whence(failing, volume)?;
    let names = files::below(failing.objects, volume);
    let folder = format!("{wanted}/");
    if names.iter().any(|it| it == wanted || it.starts_with(&folder)) {
        return None;
    }
    let topic = topic(failing, &mount.mount_path)?;
    let near = near_miss(wanted, names.iter().map(String::as_str));
    let near = match (near, names.as_slice()) {
        (Some(near), _) => format!("; there is {near}, which was probably meant"),
        (None, [only]) => format!("; it has only {only}"),
        (None, _) => String::new(),
    };
    let words = format!(
        "; {from} has no {wanted} to put at {}, so an empty directory stands there{near}",
        mount.mount_path
    );
    let path = failing.path.child("volumeMounts").index(at).child("subPath");
    Some(Spot::new(topic, path, wanted, words))
}

/// What the volume is made of, where all of that is known.
fn whence(failing: &Failing<'_>, volume: &Volume) -> Option<String> {
    let is_there = |name: &str| {
        let mut maps = failing.objects.config_maps.iter().flatten();
        maps.any(|it| it.name == name)
    };
    if let Some(it) = &volume.config_map {
        return is_there(&it.name).then(|| format!("ConfigMap {}", it.name));
    }
    let mut sources = volume.projected.as_ref()?.sources.iter().flatten();
    let is_known = sources.all(|it| it.config_map.as_ref().is_some_and(|it| is_there(&it.name)));
    is_known.then(|| format!("volume {}", volume.name))
}

/// What it explains: that the container cannot be made, or what comes of it. `None` where nobody says anything
/// about the mount or a directory.
fn topic(failing: &Failing<'_>, place: &str) -> Option<SpotTopic> {
    let state = &failing.facts.state;
    let told = [&state.exit_message, &state.waiting_message];
    if told.into_iter().flatten().any(|it| it.contains("error mounting") && it.contains(place)) {
        return Some(SpotTopic::Start);
    }
    let mut lines = failing.facts.log.iter().chain(&failing.facts.previous_log);
    let is_about = |it: &String| {
        let line = it.to_lowercase();
        it.contains(place) || FOLDER.iter().any(|it| line.contains(it))
    };
    lines.any(is_about).then_some(SpotTopic::Expansion)
}
