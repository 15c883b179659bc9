//! Shared memory that is smaller than what the program asks for, by its own words.

use k8s_openapi::api::core::v1::Volume;
use serde_json::{Value, json};
use types::{Edit, FieldPath, Quantity, SlipKind};

use super::Slip;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;

/// Where programs share memory.
const PLACE: &str = "/dev/shm";
/// How much of it a container has where nothing is mounted there.
const BY_DEFAULT: u64 = 64 << 20;
const MEBIBYTE: u64 = 1 << 20;
/// How the volume is called that is put there.
const NAME: &str = "dshm";

/// The program names the size of a segment for which there is no room: there is twice as much and more where the memory
/// limit has twice that again.
pub(super) fn too_small(failing: &Failing<'_>) -> Option<Slip> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::DiskFull)?;
    let asked = asked(reading.line).filter(|_| reading.line.contains("shared memory"))?;
    let room = failing.facts.memory_limit.as_ref().and_then(Quantity::units).map(|it| it / 2);
    let given = |now: u64| {
        let sizes = [asked.checked_add(now)?, asked].into_iter();
        let mut sizes = sizes.filter_map(u64::checked_next_power_of_two);
        sizes.find(|it| now < *it && MEBIBYTE <= *it && room.is_none_or(|room| *it <= room))
    };
    let shown_by = |now: &str| {
        format!(
            "The program asks for {asked} bytes of shared memory, and {PLACE} has {now} in all."
        )
    };
    let mounts = failing.container.volume_mounts.iter().flatten();
    let mounted = mounts.into_iter().find(|it| it.mount_path.trim_end_matches('/') == PLACE);
    let volumes = failing.spec.volumes.as_deref().unwrap_or_default();
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes");
    if let Some(mount) = mounted {
        let (at, volume) = volumes.iter().enumerate().find(|it| it.1.name == mount.name)?;
        let now = volume.empty_dir.as_ref()?.size_limit.as_ref()?;
        let size = shown(given(Quantity(now.0.clone()).units()?)?);
        let edit = Edit {
            path: path.index(at).child("emptyDir").child("sizeLimit"),
            from: Some(Value::from(now.0.as_str())),
            to: Some(Value::from(size)),
        };
        return Some(Slip { kind: SlipKind::Mount, shown_by: shown_by(&now.0), edits: vec![edit] });
    }
    let size = shown(given(BY_DEFAULT)?);
    let edits = put(failing, (volumes, &path), &size)?;
    Some(Slip { kind: SlipKind::Mount, shown_by: shown_by("64Mi"), edits })
}

/// The edits that put memory of this size there.
fn put(
    failing: &Failing<'_>,
    (volumes, path): (&[Volume], &FieldPath),
    size: &str,
) -> Option<Vec<Edit>> {
    if volumes.iter().any(|it| it.name == NAME) {
        return None;
    }
    let mounts = failing.container.volume_mounts.as_ref().map_or(0, Vec::len);
    let volume = json!({"name": NAME, "emptyDir": {"medium": "Memory", "sizeLimit": size}});
    let mount = json!({"name": NAME, "mountPath": PLACE});
    let added = |list: &FieldPath, length: usize, value: Value| {
        // What is not there yet is added whole.
        let (path, to) =
            if length == 0 { (list.clone(), json!([value])) } else { (list.index(length), value) };
        Edit { path, from: None, to: Some(to) }
    };
    let of_container = failing.path.child("volumeMounts");
    Some(vec![added(&of_container, mounts, mount), added(path, volumes.len(), volume)])
}

/// `... to 67128672 bytes: No space left on device`
fn asked(line: &str) -> Option<u64> {
    let (before, _) = line.split_once(" bytes")?;
    before.rsplit(' ').next()?.parse().ok().filter(|it| 0 < *it)
}

fn shown(bytes: u64) -> String {
    Quantity::mebibytes(bytes >> 20).0
}
