//! Where a file or a value comes from that a program cannot read or run: the key of a ConfigMap, or a variable.

use k8s_openapi::api::core::v1::{EnvVar, VolumeMount};
use types::{FieldPath, SpotTopic};

use super::files::mount_of;
use super::{Spot, named};
use crate::evidence::brought::maps;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;
use crate::quoting::stands_alone;

/// Words after which a program lists the values that it takes.
const ALLOWED: [&str; 7] =
    ["allowed", "expected", "one of", "must be", "choices", "choose from", "valid"];
/// A field, what stands there, a ConfigMap and its key.
pub(super) type Origin<'a> = (FieldPath, &'a str, &'a str, &'a str);

/// How long a word is, in bytes, that is looked for in values.
const PART: usize = 4;
/// The bits of a mode that let somebody execute a file.
const EXECUTE: i32 = 0o111;
/// The mode of files where a volume says nothing.
const DEFAULT_MODE: i32 = 0o644;

/// The variable whose value is not one that the program can read.
pub(super) fn variable(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let name = reading.about.as_deref().unwrap_or_default();
    let all = || failing.container.env.iter().flatten().enumerate();
    let value = name.trim_matches(['"', '\'', '`']);
    let only = |is_it: &dyn Fn(&str) -> bool| {
        let mut holders = all().filter(|it| it.1.value.as_deref().is_some_and(is_it));
        holders.next().filter(|_| holders.next().is_none())
    };
    let is_part = |it: &str| PART <= value.len() && stands_alone(it, value);
    let only = only(&|it| it == value).or_else(|| only(&is_part));
    if let Some((at, variable)) = all().find(|it| it.1.name.eq_ignore_ascii_case(name)) {
        return of_variable(failing, at, variable);
    }
    // What its words name goes before what happens to have the value; a value that stands in the template has to be it.
    let said = named::near_reading(failing, reading);
    let is_other = |it: &&EnvVar| it.value.as_deref().is_some_and(|it| !it.contains(value));
    match said.and_then(|said| all().find(|it| it.1.name == said)) {
        Some((at, variable)) if !is_other(&variable) => return of_variable(failing, at, variable),
        Some(_) | None => {}
    }
    match (only, said) {
        (_, Some(said)) if all().all(|it| it.1.name != said) => of_all(failing, said),
        (Some((at, variable)), _) => of_variable(failing, at, variable),
        (None, _) => of_all(failing, name),
    }
}

/// The field that says what a variable is.
pub(super) fn of_variable(failing: &Failing<'_>, at: usize, variable: &EnvVar) -> Option<Spot> {
    let path = failing.path.child("env").index(at);
    if let Some(value) = &variable.value {
        let line = failing.reading.as_ref().map_or("", |it| it.line);
        let near = near_miss(value, allowed(line).iter().map(String::as_str));
        let near = near.map(|it| format!("; it takes {it}, which was probably meant"));
        return Some(Spot {
            topic: SpotTopic::Program,
            path: path.child("value"),
            value: (variable.name.clone(), value.clone()),
            words: near.unwrap_or_default(),
            key: None,
            shown: None,
        });
    }
    let from = variable.value_from.as_ref()?;
    if let Some(source) = &from.secret_key_ref {
        let words = format!("; it is key {} of Secret {}", source.key, source.name);
        let path = path.child("valueFrom").child("secretKeyRef").child("key");
        return Some(Spot::new(SpotTopic::Program, path, &source.key, words));
    }
    let source = from.config_map_key_ref.as_ref()?;
    let words = format!("; it is key {} of ConfigMap {}", source.key, source.name);
    let path = path.child("valueFrom").child("configMapKeyRef").child("key");
    let spot = Spot::new(SpotTopic::Program, path, &source.key, words);
    Some(spot.held_by(&source.name, &source.key))
}

/// A variable that comes with all keys of a ConfigMap; of several the last one counts.
pub(super) fn of_all(failing: &Failing<'_>, name: &str) -> Option<Spot> {
    let sources = failing.container.env_from.iter().flatten().enumerate();
    let named = sources.filter_map(|(at, it)| {
        let map = it.config_map_ref.as_ref()?.name.as_str();
        let key = name.strip_prefix(it.prefix.as_deref().unwrap_or_default())?;
        has_key(failing, map, key).then_some((at, map, key))
    });
    let (at, map, key) = named.last()?;
    let words = format!("; it is key {key} of ConfigMap {map}");
    let path = failing.path.child("envFrom").index(at).child("configMapRef").child("name");
    Some(Spot::new(SpotTopic::Program, path, map, words).held_by(map, key))
}

fn has_key(failing: &Failing<'_>, map: &str, key: &str) -> bool {
    let mut maps = failing.objects.config_maps.iter().flatten().filter(|it| it.name == map);
    maps.any(|it| it.keys.iter().any(|it| it == key))
}

/// The values that the program lists as those that it takes.
pub(in crate::evidence) fn allowed(line: &str) -> Vec<String> {
    let lower = line.to_ascii_lowercase();
    let after = ALLOWED.iter().filter_map(|it| Some(lower.find(it)? + it.len())).min();
    let listed = after.and_then(|it| line.get(it..)).unwrap_or_default();
    let is_part = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    listed.split(|it| !is_part(it)).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// The file that a ConfigMap puts there, where its configuration is wrong: the one that its log names, else the one
/// that its command names, else the only one.
pub(super) fn configuration(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Config)?;
    let said =
        failing.log().iter().rev().flat_map(|it| files(it)).find_map(|it| key_at(failing, it));
    // Where its words name a variable, no file need be to blame.
    if said.is_none() && named::in_text(failing, reading.line).is_some() {
        return None;
    }
    match said.or_else(|| of_command(failing)) {
        Some(origin) => Some(of_key(origin)),
        None => only_source(failing),
    }
}

/// The one file that ConfigMaps bring, or else the one ConfigMap that brings any.
pub(super) fn only_source(failing: &Failing<'_>) -> Option<Spot> {
    only_file(failing).map(of_key).or_else(|| only_map(failing))
}

fn of_key((path, place, map, key): Origin<'_>) -> Spot {
    let words = format!("; the file is key {key} of ConfigMap {map}");
    Spot::new(SpotTopic::Program, path, place, words).held_by(map, key)
}

/// The one ConfigMap that brings files, of which any may be meant.
fn only_map(failing: &Failing<'_>) -> Option<Spot> {
    let is_mounted = |name: &str| {
        let mut mounts = failing.container.volume_mounts.iter().flatten();
        mounts.any(|it| it.name == name)
    };
    let volumes = failing.spec.volumes.iter().flatten().enumerate();
    let mut of_maps = volumes
        .filter(|it| is_mounted(&it.1.name))
        .filter_map(|(at, it)| Some((at, &it.config_map.as_ref()?.name)));
    let (at, map) = of_maps.next().filter(|_| of_maps.next().is_none())?;
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    let path = path.child("configMap").child("name");
    let words = format!("; its configuration is mounted from ConfigMap {map}");
    Some(Spot::new(SpotTopic::Program, path, map, words))
}

/// The words of a text that may be names of files.
pub(super) fn files(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |it: char| it.is_alphanumeric() || "-_./".contains(it);
    text.split(move |it| !is_part(it)).map(|it| it.trim_end_matches('.'))
}

/// The one file of a ConfigMap that the command or the arguments name.
fn of_command<'a>(failing: &Failing<'a>) -> Option<Origin<'a>> {
    let lists = [&failing.container.command, &failing.container.args];
    let texts = lists.into_iter().flatten().flatten();
    let mut named = texts.flat_map(|it| files(it)).filter_map(|it| key_at(failing, it));
    let first = named.next()?;
    named.all(|it| (it.2, it.3) == (first.2, first.3)).then_some(first)
}

/// The one file that ConfigMaps bring, where they bring no more than that.
fn only_file<'a>(failing: &Failing<'a>) -> Option<Origin<'a>> {
    let volume = |it: &VolumeMount| {
        failing.spec.volumes.iter().flatten().find(|volume| volume.name == it.name)
    };
    let mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    let of_maps = mounts.filter_map(|it| Some((it, volume(it.1)?.config_map.as_ref()?)));
    let mut of_maps = of_maps.fuse();
    let ((at, mount), source) = of_maps.next().filter(|_| of_maps.next().is_none())?;
    let mut maps = failing.objects.config_maps.iter().flatten();
    let map = maps.find(|it| it.name == source.name)?;
    let items: Vec<&str> = source.items.iter().flatten().map(|it| it.key.as_str()).collect();
    let keys: Vec<&str> = map.keys.iter().map(String::as_str).collect();
    let part = mount.sub_path.as_deref().filter(|it| keys.contains(it));
    let brought = match part {
        Some(part) => vec![part],
        None if items.is_empty() => keys,
        None => items,
    };
    let [key] = brought.as_slice() else { return None };
    let key = map.keys.iter().find(|it| it == key)?;
    let path = failing.path.child("volumeMounts").index(at).child("mountPath");
    Some((path, &mount.mount_path, &source.name, key))
}

/// A script of a ConfigMap that the kernel takes for no program.
pub(super) fn script(failing: &Failing<'_>) -> Option<Spot> {
    let file = failing.about(Trouble::Platform)?;
    let (path, place, map, key) = key_at(failing, file)?;
    let words =
        format!("; it is key {key} of ConfigMap {map}, which probably begins with no #! line");
    Some(Spot::new(SpotTopic::Program, path, place, words).held_by(map, key))
}

/// A script that no bit of its mode lets anybody execute.
pub(super) fn not_executable(failing: &Failing<'_>) -> Option<Spot> {
    let state = &failing.facts.state;
    let told = [&state.exit_message, &state.waiting_message];
    let file = told.into_iter().flatten().find_map(|it| {
        let (file, rest) = it.split_once("exec: \"")?.1.split_once('"')?;
        rest.contains("permission denied").then_some(file)
    })?;
    let mount = mount_of(failing, file)?.1;
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate();
    let (at, volume) = volumes.find(|it| it.1.name == mount.name)?;
    let (kind, field, mode, items) = if let Some(it) = &volume.config_map {
        ("ConfigMap", "configMap", it.default_mode, &it.items)
    } else {
        let it = volume.secret.as_ref()?;
        ("Secret", "secret", it.default_mode, &it.items)
    };
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at).child(field);
    let name = below(mount, file)?;
    let item = items.iter().flatten().position(|it| it.path == name);
    let own = item.and_then(|at| Some((at, items.as_ref()?.get(at)?.mode?)));
    let (path, mode) = match own {
        Some((at, mode)) => (path.child("items").index(at).child("mode"), mode),
        None => (path.child("defaultMode"), mode.unwrap_or(DEFAULT_MODE)),
    };
    if mode & EXECUTE != 0 {
        return None;
    }
    let words = format!(
        "; it is a file of a {kind} with the mode {mode:04o}, which lets nobody execute it"
    );
    Some(Spot::new(SpotTopic::Start, path, &format!("{mode:04o}"), words))
}

/// The name of a file in the volume that is mounted so.
pub(super) fn below<'a>(mount: &'a VolumeMount, file: &'a str) -> Option<&'a str> {
    if let Some(part) = mount.sub_path.as_deref().filter(|it| !it.is_empty()) {
        return Some(part);
    }
    let base = mount.mount_path.trim_end_matches('/');
    file.strip_prefix(base)?.strip_prefix('/').filter(|it| !it.is_empty())
}

/// The field of the mount that a file lies in, what stands there, and the ConfigMap and key that it comes from.
pub(super) fn key_at<'a>(failing: &Failing<'a>, file: &'a str) -> Option<Origin<'a>> {
    let (at, mount) = mount_of(failing, file)?;
    let volume = failing.spec.volumes.iter().flatten().find(|it| it.name == mount.name)?;
    let name = below(mount, file)?;
    let (map, key) = maps(volume).find_map(|(map, items)| {
        let item = items.iter().find(|it| it.path == name);
        let key = item.map_or(name, |it| it.key.as_str());
        has_key(failing, map, key).then_some((map, key))
    })?;
    let path = failing.path.child("volumeMounts").index(at).child("mountPath");
    Some((path, &mount.mount_path, map, key))
}
