//! The mode of a file that its program finds too wide, and what gives it that: its volume, or the group of its pod.

use k8s_openapi::api::core::v1::{KeyToPath, ProjectedVolumeSource};
use types::{FieldPath, SpotTopic};

use super::Spot;
use super::files::mount_of;
use super::sources::below;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;

/// The mode of files where a volume says nothing.
const DEFAULT: i32 = 0o644;
/// The bits that are for others than the owner.
const OTHERS: i32 = 0o077;
/// Modes as they are written in octal, whose digits are read as a decimal number where no zero stands before them.
const WRITTEN: [i32; 18] =
    [400, 440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 666, 700, 750, 755, 770, 775, 777];

/// A file of a volume: the field with its mode, the mode, and what brings it.
struct Given {
    path: FieldPath,
    mode: i32,
    source: String,
}

/// The mode that was meant where its octal digits were read as a decimal number: 0400 for 400, which is 0620.
pub(in crate::evidence) fn meant(mode: i32) -> Option<i32> {
    let is_written = WRITTEN.contains(&mode);
    is_written.then(|| i32::from_str_radix(&mode.to_string(), 8).ok()).flatten()
}

/// The field that says who may use a file that is for its owner alone.
pub(super) fn wide(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Mode)?;
    let about = reading.about.as_deref().filter(|it| it.starts_with('/'));
    let found = match about {
        Some(file) => given(failing, file),
        None => named(failing, reading.about.as_deref()).or_else(|| only_secret(failing)),
    };
    let group = failing.spec.security_context.as_ref().and_then(|it| it.fs_group);
    let Some(Given { path, mode, source }) = found else {
        mount_of(failing, about?)?;
        let group = group?;
        let words =
            format!("; the fsGroup {group} of its pod lets a group use the files of its volumes");
        return Some(Spot::new(SpotTopic::Denied, group_path(failing)?, &group.to_string(), words));
    };
    let shown = format!("{mode:04o}");
    let words = match (meant(mode), group) {
        (Some(meant), _) => format!(
            "; it is a file of {source}, and the mode {mode} of its volume is {shown} in octal: {meant:04o} was probably \
             meant, which is {meant} as a number"
        ),
        (None, Some(group)) if mode & OTHERS == 0 => {
            let words = format!(
                "; it is a file of {source}, which the fsGroup {group} of its pod lets a group read"
            );
            return Some(Spot::new(
                SpotTopic::Denied,
                group_path(failing)?,
                &group.to_string(),
                words,
            ));
        }
        (None, _) if mode & OTHERS == 0 => {
            format!("; it is a file of {source}, which belongs to root")
        }
        (None, _) => {
            format!("; it is a file of {source}, which its volume gives the mode {shown}")
        }
    };
    Some(Spot::new(SpotTopic::Denied, path, &shown, words))
}

fn group_path(failing: &Failing<'_>) -> Option<FieldPath> {
    Some(failing.objects.root.kind().pod_spec_path()?.child("securityContext").child("fsGroup"))
}

/// What gives a file its mode.
fn given(failing: &Failing<'_>, file: &str) -> Option<Given> {
    let mount = mount_of(failing, file)?.1;
    let name = below(mount, file).unwrap_or_default();
    of_volume(failing, &mount.name, name)
}

/// The same of a volume, by the file's path in it.
fn of_volume(failing: &Failing<'_>, volume: &str, file: &str) -> Option<Given> {
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == volume)?;
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    if let Some(it) = &volume.secret {
        let source = format!("Secret {}", it.secret_name.as_deref().unwrap_or_default());
        return Some(of_items(
            (path.child("secret"), source),
            it.items.as_ref(),
            it.default_mode,
            file,
        ));
    }
    if let Some(it) = &volume.config_map {
        let source = format!("ConfigMap {}", it.name);
        let path = path.child("configMap");
        return Some(of_items((path, source), it.items.as_ref(), it.default_mode, file));
    }
    Some(of_projected(&path.child("projected"), volume.projected.as_ref()?, file))
}

fn of_items(
    (path, source): (FieldPath, String),
    items: Option<&Vec<KeyToPath>>,
    all: Option<i32>,
    file: &str,
) -> Given {
    match own(items, file) {
        Some((at, mode)) => {
            Given { path: path.child("items").index(at).child("mode"), mode, source }
        }
        None => Given { path: path.child("defaultMode"), mode: all.unwrap_or(DEFAULT), source },
    }
}

/// The item of a file that has a mode of its own, and the mode.
fn own(items: Option<&Vec<KeyToPath>>, file: &str) -> Option<(usize, i32)> {
    let mut items = items.into_iter().flatten().enumerate();
    items.find(|it| it.1.path == file).and_then(|(at, it)| Some((at, it.mode?)))
}

fn of_projected(path: &FieldPath, volume: &ProjectedVolumeSource, file: &str) -> Given {
    let sources = volume.sources.iter().flatten().enumerate();
    let mut own = sources.filter_map(|(at, it)| {
        let (field, items) = match (&it.secret, &it.config_map) {
            (Some(it), _) => ("secret", it.items.as_ref()),
            (None, Some(it)) => ("configMap", it.items.as_ref()),
            (None, None) => return None,
        };
        let (item, mode) = own(items, file)?;
        let path = path.child("sources").index(at).child(field).child("items").index(item);
        Some((path.child("mode"), mode))
    });
    let all = || (path.child("defaultMode"), volume.default_mode.unwrap_or(DEFAULT));
    let (path, mode) = own.next().unwrap_or_else(all);
    Given { path, mode, source: "a projected volume".to_owned() }
}

/// What brings a file that is told by its last name alone: the one mount that ends so.
fn named(failing: &Failing<'_>, file: Option<&str>) -> Option<Given> {
    let name = file?.rsplit('/').next().filter(|it| !it.is_empty())?;
    let is_it = |it: &str| it.rsplit('/').next() == Some(name);
    let mut mounts =
        failing.container.volume_mounts.iter().flatten().filter(|it| is_it(&it.mount_path));
    let only = mounts.next().filter(|_| mounts.next().is_none())?;
    of_volume(failing, &only.name, only.sub_path.as_deref().unwrap_or_default())
}

/// The mode of the files of the one Secret that is mounted, where no file is named.
fn only_secret(failing: &Failing<'_>) -> Option<Given> {
    let is_secret = |name: &str| {
        let mut volumes = failing.spec.volumes.iter().flatten();
        volumes.any(|it| it.name == name && it.secret.is_some())
    };
    let mut mounts =
        failing.container.volume_mounts.iter().flatten().filter(|it| is_secret(&it.name));
    let only = mounts.next().filter(|_| mounts.next().is_none())?;
    of_volume(failing, &only.name, only.sub_path.as_deref().unwrap_or_default())
}

#[test]
fn octal_digits_that_were_read_as_a_decimal_number_are_known() {
    assert_eq!(meant(400), Some(0o400));
    assert_eq!(meant(440), Some(0o440));
    for mode in [0o400, 0o440, 0o444, 0o600, 0o640, 0o644, 0o555, 0o755, 0o777, 0] {
        assert_eq!(meant(mode), None, "{mode:o}");
    }
}
