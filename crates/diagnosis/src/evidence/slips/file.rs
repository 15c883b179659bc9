//! A file that is asked for under nearly its name.

use k8s_openapi::api::core::v1::VolumeMount;
use types::{Edit, SlipKind};

use super::{Slip, edit, replaced};
use crate::evidence::failing::Failing;
use crate::evidence::files;
use crate::evidence::spots::{mount_of, names_file};
use crate::log::reading::{Reading, Trouble};
use crate::near_file::near_file;

/// What stands behind a name that is only the begin of one: a pattern, or something that is put in.
const UNFINISHED: [char; 6] = ['*', '?', '[', '{', '$', '%'];

/// A file that is not there, and the one that is there under nearly its name.
pub(super) struct Misnamed {
    pub(super) wrong: String,
    pub(super) right: String,
    pub(super) shown_by: String,
}

/// A word of the command or a variable names a file in a folder whose files are all known, and among which there is
/// but one of nearly this name. Nobody can write there, so that the file cannot come from elsewhere.
pub(super) fn of_its_mounts(failing: &Failing<'_>) -> Option<Slip> {
    let says_why = |it: &Reading<'_>| {
        it.missing_file().is_none() && !matches!(it.trouble, Trouble::File | Trouble::Config)
    };
    if failing.reading.as_ref().is_some_and(says_why) {
        return None;
    }
    let texts = failing.words_and_values();
    failing.container.volume_mounts.iter().flatten().find_map(|mount| {
        let folder = folder(mount);
        let mut named = texts.iter().flat_map(|it| named_below(it.1, &folder));
        named.find_map(|name| slip(failing, &in_mount(failing, mount, name)?))
    })
}

/// A word of the command or a variable names a file that the program misses, beside which a ConfigMap puts one of
/// nearly this name.
pub(super) fn beside_another(failing: &Failing<'_>) -> Option<Slip> {
    slip(failing, &beside(failing, failing.reading.as_ref()?.missing_file()?)?)
}

/// The file that the program misses by its own words, and that is there under nearly this name.
pub(super) fn missing(failing: &Failing<'_>) -> Option<Misnamed> {
    let file = failing.reading.as_ref()?.missing_file()?;
    match mount_of(failing, file) {
        Some((_, mount)) => in_mount(failing, mount, file.strip_prefix(&folder(mount))?),
        None => beside(failing, file),
    }
}

/// Where the files of a mount lie, with the slash behind it.
fn folder(mount: &VolumeMount) -> String {
    format!("{}/", mount.mount_path.trim_end_matches('/'))
}

/// The files that a text names below a folder.
fn named_below<'a>(text: &'a str, folder: &str) -> Vec<&'a str> {
    let is_part = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    let named = text.match_indices(folder).filter_map(|(at, _)| {
        let begins = !text.get(..at)?.ends_with(is_part);
        let rest = text.get(at + folder.len()..).filter(|_| begins)?;
        let end = rest.find(|it| !is_part(it) && it != '/').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let name = name.trim_end_matches('.');
        // What begins with two dots is what the kubelet keeps there for itself.
        let is_file = !name.is_empty() && !name.ends_with('/') && !name.starts_with("..");
        (is_file && !after.starts_with(UNFINISHED)).then_some(name)
    });
    named.collect()
}

/// The one file of a mount that has nearly this name, where all of them are known.
fn in_mount(failing: &Failing<'_>, mount: &VolumeMount, name: &str) -> Option<Misnamed> {
    if mount.sub_path.is_some() || mount.sub_path_expr.is_some() {
        return None;
    }
    let volume = failing.spec.volumes.iter().flatten().find(|it| it.name == mount.name)?;
    let all = files::all_below(failing.objects, volume)?;
    let is_folder = |it: &String| it.strip_prefix(name).is_some_and(|it| it.starts_with('/'));
    if all.iter().any(|it| it == name || is_folder(it)) {
        return None;
    }
    let near = near_file(name, all.iter().map(String::as_str))?;
    let folder = folder(mount);
    let (wrong, right) = (format!("{folder}{name}"), format!("{folder}{near}"));
    // Another volume that is mounted below this one may have it.
    let is_here = |it: (usize, &VolumeMount)| it.1.mount_path == mount.mount_path;
    mount_of(failing, &wrong).filter(|it| is_here(*it))?;
    let what =
        if files::is_of_maps(volume) { "key of its ConfigMap" } else { "file of its volume" };
    let shown_by =
        format!("No {what} is mounted as {wrong}, one is as {right}, and nothing else is as near.");
    Some(Misnamed { wrong, right, shown_by })
}

/// The one file that a ConfigMap puts into the same folder of the image under nearly this name.
fn beside(failing: &Failing<'_>, wrong: &str) -> Option<Misnamed> {
    let (folder, name) = wrong.rsplit_once('/')?;
    let all = failing.facts.files.iter().filter_map(|it| it.rsplit_once('/'));
    let here: Vec<&str> = all.filter(|it| it.0 == folder).map(|it| it.1).collect();
    // In a volume it may be put by somebody else.
    if here.contains(&name) || mount_of(failing, wrong).is_some() {
        return None;
    }
    let near = near_file(name, here)?;
    let right = format!("{folder}/{near}");
    let shown_by = format!(
        "There is no {wrong}, a ConfigMap is mounted as {right}, and nothing else is as near."
    );
    Some(Misnamed { wrong: wrong.to_owned(), right, shown_by })
}

/// The edits of all words and variables that name it; `None` where none does.
fn slip(failing: &Failing<'_>, found: &Misnamed) -> Option<Slip> {
    let Misnamed { wrong, right, shown_by } = found;
    let texts = failing.words_and_values().into_iter().filter(|it| names_file(it.1, wrong));
    let edits = texts.map(|(path, text)| Some(edit(path, text, replaced(text, wrong, right)?)));
    let edits: Vec<Edit> = edits.collect::<Option<_>>()?;
    let slip = Slip { kind: SlipKind::Mount, shown_by: shown_by.clone(), edits };
    (!slip.edits.is_empty()).then_some(slip)
}

#[cfg(test)]
mod tests {
    use super::named_below;

    #[test]
    fn files_are_named_by_whole_paths_and_not_by_patterns() {
        for (text, names) in [
            (
                "envsubst < /etc/tpl/a.tmpl > /etc/x; cat /etc/tpl/b/c.yml.",
                vec!["a.tmpl", "b/c.yml"],
            ),
            ("--config=/etc/tpl/a.yml", vec!["a.yml"]),
            ("/etc/tpl/*.yml /etc/tpl/a*.yml /etc/tpl/$NAME /etc/tpl/a-${X}", vec![]),
            ("/etc/tpl/ /etc/tpl/sub/ /etc/tpl/..data/a.yml /opt/etc/tpl/a.yml", vec![]),
        ] {
            assert_eq!(named_below(text, "/etc/tpl/"), names, "{text}");
        }
    }
}
