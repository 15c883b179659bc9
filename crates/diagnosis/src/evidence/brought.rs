//! What ConfigMaps bring into a container, as variables and as files, with what they say.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, EnvFromSource, KeyToPath, PodSpec, Volume};
use types::FieldPath;

use crate::quoting::stands_alone;
use crate::{Objects, Texts};

/// A key of a ConfigMap that a container is given.
#[derive(Debug, Clone)]
pub(super) struct Brought<'a> {
    /// The field of the template that brings it, and what stands there.
    pub(super) path: FieldPath,
    pub(super) place: &'a str,
    /// The variable that it becomes; `None` of a file.
    pub(super) variable: Option<String>,
    pub(super) map: &'a str,
    pub(super) key: &'a str,
    /// What it says.
    pub(super) text: &'a str,
}

/// A container and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Into<'a> {
    pub(super) objects: &'a Objects,
    pub(super) spec: &'a PodSpec,
    pub(super) container: &'a Container,
    pub(super) path: &'a FieldPath,
}

impl<'a> Into<'a> {
    /// All that ConfigMaps bring: what a variable of the same name hides is not among it.
    pub(super) fn all(self) -> Vec<Brought<'a>> {
        let mut all = self.variables();
        all.extend(self.of_whole(&all));
        all.extend(self.files());
        all
    }

    fn texts(self, map: &str) -> Option<&'a Texts> {
        let mut maps = self.objects.config_maps.iter().flatten();
        maps.find(|it| it.name == map).map(|it| &it.texts)
    }

    fn variables(self) -> Vec<Brought<'a>> {
        let variables = self.container.env.iter().flatten().enumerate();
        let of_map = variables.filter_map(|(at, it)| {
            let source = it.value_from.as_ref()?.config_map_key_ref.as_ref()?;
            let path = self.path.child("env").index(at).child("valueFrom").child("configMapKeyRef");
            Some(Brought {
                path: path.child("key"),
                place: &source.key,
                variable: Some(it.name.clone()),
                map: &source.name,
                key: &source.key,
                text: self.texts(&source.name)?.get(&source.key)?,
            })
        });
        of_map.collect()
    }

    /// The variables that come with whole ConfigMaps; of several of one name the last one counts.
    fn of_whole(self, own: &[Brought<'a>]) -> Vec<Brought<'a>> {
        let named = self.container.env.iter().flatten().map(|it| it.name.clone());
        let own = own.iter().filter_map(|it| it.variable.clone());
        let mut taken: BTreeSet<String> = named.chain(own).collect();
        let mut found = vec![];
        let sources: Vec<(usize, &EnvFromSource)> =
            self.container.env_from.iter().flatten().enumerate().collect();
        for (at, it) in sources.into_iter().rev() {
            let Some(map) = it.config_map_ref.as_ref().map(|it| it.name.as_str()) else { continue };
            let path = self.path.child("envFrom").index(at).child("configMapRef").child("name");
            let prefix = it.prefix.as_deref().unwrap_or_default();
            for (key, text) in self.texts(map).into_iter().flat_map(Texts::iter) {
                let variable = format!("{prefix}{key}");
                if taken.insert(variable.clone()) {
                    let path = path.clone();
                    let variable = Some(variable);
                    found.push(Brought { path, place: map, variable, map, key, text });
                }
            }
        }
        found
    }

    fn files(self) -> Vec<Brought<'a>> {
        let mounts = self.container.volume_mounts.iter().flatten().enumerate();
        let of_mount = mounts.flat_map(|(at, mount)| {
            let volume = self.spec.volumes.iter().flatten().find(|it| it.name == mount.name);
            let part = mount.sub_path.as_deref().filter(|it| !it.is_empty());
            let path = self.path.child("volumeMounts").index(at).child("mountPath");
            let of_map = move |(map, items): (&'a str, &'a [KeyToPath])| {
                let is_brought = move |key: &str| {
                    let item = items.iter().find(|it| it.key == key);
                    let name = item.map_or(key, |it| it.path.as_str());
                    (items.is_empty() || item.is_some()) && part.is_none_or(|it| it == name)
                };
                let texts = self.texts(map).into_iter().flat_map(Texts::iter);
                let path = path.clone();
                texts.filter(move |it| is_brought(it.0)).map(move |(key, text)| Brought {
                    path: path.clone(),
                    place: &mount.mount_path,
                    variable: None,
                    map,
                    key,
                    text,
                })
            };
            volume.into_iter().flat_map(maps).flat_map(of_map)
        });
        of_mount.collect()
    }
}

/// The ConfigMaps that a volume is made of, each with the keys that it takes where it takes not all.
pub(super) fn maps(volume: &Volume) -> impl Iterator<Item = (&str, &[KeyToPath])> {
    let plain = volume.config_map.iter().map(|it| (it.name.as_str(), it.items.as_deref()));
    let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    let projected = sources.filter_map(|it| it.config_map.as_ref());
    let projected = projected.map(|it| (it.name.as_str(), it.items.as_deref()));
    plain.chain(projected).map(|it| (it.0, it.1.unwrap_or_default()))
}

/// The one key among these that fits; one that becomes a variable and a file is one.
pub(super) fn only<'b, 'a>(
    all: &'b [Brought<'a>],
    fits: impl Fn(&Brought<'a>) -> bool,
) -> Option<&'b Brought<'a>> {
    let mut found = all.iter().filter(|it| fits(it));
    let first = found.next()?;
    found.all(|it| (it.map, it.key) == (first.map, first.key)).then_some(first)
}

impl Brought<'_> {
    /// Whether it says this word by itself.
    pub(super) fn has(&self, word: &str) -> bool {
        stands_alone(self.text, word)
    }
}
