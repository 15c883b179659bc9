//! What the template refers to by name, whether it is there, and what was probably meant.

mod alike;
mod changed;
mod namesakes;
mod started;
mod vouched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, KeyToPath, Pod, PodSpec, Volume};
use types::{FieldPath, ReferenceFacts, ReferenceKind};

pub(crate) use self::alike::continued;
pub use self::started::forget_unmounted_secrets;
use self::vouched::is_turned_round;
use crate::evidence::{belonging, classes, devices, labels};
use crate::near_miss::near_miss;
use crate::root::placed;
use crate::{Objects, Root};

/// References that are looked up: each is compared with all names of its kind in the namespace.
const MAX_REFERENCES: usize = 200;

/// A reference as it stands in the template.
struct Reference {
    kind: ReferenceKind,
    name: String,
    key: Option<String>,
    /// The variable that takes it.
    variable: Option<String>,
    optional: bool,
    /// Where the name stands, and where the key stands.
    path: FieldPath,
    key_path: Option<FieldPath>,
}

/// Facts of the references of the template, of no more than 200.
pub(super) fn facts(objects: &Objects) -> Vec<ReferenceFacts> {
    let Some(spec) = objects.root.pod_spec() else { return vec![] };
    let Some(path) = objects.root.kind().pod_spec_path() else { return vec![] };
    let known = Known { objects, secrets: known_secrets(objects) };
    // The few kinds of which a template names one come first: they are never cut off.
    let mut facts = classes::facts(objects, spec, &path);
    facts.extend(devices::facts(spec, &path));
    let nodes = objects.nodes.iter().map(Vec::as_slice);
    facts.extend(nodes.flat_map(|it| labels::facts(it, spec, &path)));
    let left = MAX_REFERENCES.saturating_sub(facts.len());
    let named = of_pod_spec(spec, &path).into_iter().take(left);
    let named: Vec<_> = named.map(|it| known.facts(it)).collect();
    named.into_iter().chain(facts).collect()
}

/// All references of a pod spec that stands at `path`.
fn of_pod_spec(spec: &PodSpec, path: &FieldPath) -> Vec<Reference> {
    let mut found = Vec::new();
    for (path, it) in placed(spec, path) {
        of_container(it, &path, &mut found);
    }
    for (index, it) in spec.volumes.iter().flatten().enumerate() {
        of_volume(it, &path.child("volumes").index(index), &mut found);
    }
    of_mounts(spec, path, &mut found);
    for (index, it) in spec.image_pull_secrets.iter().flatten().enumerate() {
        let path = path.child("imagePullSecrets").index(index).child("name");
        // An absent pull secret is no error: the kubelet pulls without it.
        found.push(reference(ReferenceKind::Secret, &it.name, true, path));
    }
    if let Some(name) = spec.service_account_name.as_ref().filter(|it| *it != "default") {
        found.push(reference(
            ReferenceKind::ServiceAccount,
            name,
            false,
            path.child("serviceAccountName"),
        ));
    }
    found.retain(|it| !it.name.is_empty());
    found
}

/// The Secrets that a pod cannot do without, by name.
pub fn named_secrets(spec: &PodSpec) -> Vec<String> {
    let all = of_pod_spec(spec, &FieldPath::root()).into_iter();
    all.filter(|it| it.kind == ReferenceKind::Secret && !it.optional).map(|it| it.name).collect()
}

/// Whether the pod spec refers to this object.
fn names(spec: Option<&PodSpec>, kind: ReferenceKind, name: &str) -> bool {
    let all = spec.map(|it| of_pod_spec(it, &FieldPath::root())).unwrap_or_default();
    all.iter().any(|it| it.kind == kind && it.name == name)
}

fn reference(kind: ReferenceKind, name: &str, optional: bool, path: FieldPath) -> Reference {
    let (key, variable, key_path) = (None, None, None);
    Reference { kind, name: name.to_owned(), key, variable, optional, path, key_path }
}

fn of_container(container: &Container, path: &FieldPath, found: &mut Vec<Reference>) {
    for (index, it) in container.env_from.iter().flatten().enumerate() {
        let path = path.child("envFrom").index(index);
        if let Some(it) = &it.config_map_ref {
            let path = path.child("configMapRef").child("name");
            let optional = it.optional.unwrap_or(false);
            found.push(reference(ReferenceKind::ConfigMap, &it.name, optional, path));
        }
        if let Some(it) = &it.secret_ref {
            let path = path.child("secretRef").child("name");
            let optional = it.optional.unwrap_or(false);
            found.push(reference(ReferenceKind::Secret, &it.name, optional, path));
        }
    }
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let Some(source) = &variable.value_from else { continue };
        let path = path.child("env").index(index).child("valueFrom");
        let (kind, name, key, optional, path) = if let Some(it) = &source.config_map_key_ref {
            let path = path.child("configMapKeyRef");
            (ReferenceKind::ConfigMap, &it.name, &it.key, it.optional, path)
        } else if let Some(it) = &source.secret_key_ref {
            let path = path.child("secretKeyRef");
            (ReferenceKind::Secret, &it.name, &it.key, it.optional, path)
        } else {
            continue;
        };
        let mut it = reference(kind, name, optional.unwrap_or(false), path.child("name"));
        it.key = Some(key.clone());
        it.variable = Some(variable.name.clone());
        it.key_path = Some(path.child("key"));
        found.push(it);
    }
}

fn of_volume(volume: &Volume, path: &FieldPath, found: &mut Vec<Reference>) {
    if let Some(it) = &volume.config_map {
        let path = path.child("configMap");
        let optional = it.optional.unwrap_or(false);
        let whole = reference(ReferenceKind::ConfigMap, &it.name, optional, path.child("name"));
        found.extend(items(&whole, it.items.as_deref(), &path));
        found.push(whole);
    }
    if let Some(it) = &volume.secret {
        let name = it.secret_name.as_deref().unwrap_or_default();
        let path = path.child("secret");
        let optional = it.optional.unwrap_or(false);
        let whole = reference(ReferenceKind::Secret, name, optional, path.child("secretName"));
        found.extend(items(&whole, it.items.as_deref(), &path));
        found.push(whole);
    }
    if let Some(it) = &volume.persistent_volume_claim {
        let path = path.child("persistentVolumeClaim").child("claimName");
        found.push(reference(ReferenceKind::Claim, &it.claim_name, false, path));
    }
    let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    for (index, it) in sources.enumerate() {
        let path = path.child("projected").child("sources").index(index);
        if let Some(it) = &it.config_map {
            let path = path.child("configMap");
            // Every pod mounts this one; the control plane makes it.
            if it.name != "kube-root-ca.crt" {
                let optional = it.optional.unwrap_or(false);
                let name = path.child("name");
                let whole = reference(ReferenceKind::ConfigMap, &it.name, optional, name);
                found.extend(items(&whole, it.items.as_deref(), &path));
                found.push(whole);
            }
        }
        if let Some(it) = &it.secret {
            let path = path.child("secret");
            let optional = it.optional.unwrap_or(false);
            let whole = reference(ReferenceKind::Secret, &it.name, optional, path.child("name"));
            found.extend(items(&whole, it.items.as_deref(), &path));
            found.push(whole);
        }
    }
}

/// The keys of ConfigMaps that mounts take by their `subPath`. The kubelet makes an empty folder of one that is not
/// there.
fn of_mounts(spec: &PodSpec, path: &FieldPath, found: &mut Vec<Reference>) {
    let volumes = || spec.volumes.iter().flatten().enumerate();
    for (own, container) in placed(spec, path) {
        for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
            let key = mount.sub_path.as_ref().filter(|it| !it.is_empty() && !it.contains('/'));
            let volume = volumes().find(|it| it.1.name == mount.name);
            let source = volume.and_then(|(at, it)| Some((at, it.config_map.as_ref()?)));
            // With `items` the files have names of their own.
            let whole = source.filter(|it| it.1.items.as_ref().is_none_or(Vec::is_empty));
            let (Some(key), Some((volume, source))) = (key, whole) else { continue };
            let mount = own.child("volumeMounts").index(index);
            let name = path.child("volumes").index(volume).child("configMap").child("name");
            let optional = source.optional.unwrap_or(false);
            let whole = reference(ReferenceKind::ConfigMap, &source.name, optional, name);
            let (key, key_path) = (Some(key.clone()), Some(mount.child("subPath")));
            found.push(Reference { key, key_path, ..whole });
        }
    }
}

/// The keys that a volume takes of a ConfigMap or a Secret, each as a reference.
fn items(whole: &Reference, items: Option<&[KeyToPath]>, path: &FieldPath) -> Vec<Reference> {
    let items = items.unwrap_or_default().iter().enumerate();
    items
        .map(|(index, it)| Reference {
            kind: whole.kind,
            name: whole.name.clone(),
            key: Some(it.key.clone()),
            variable: None,
            optional: whole.optional,
            path: whole.path.clone(),
            key_path: Some(path.child("items").index(index).child("key")),
        })
        .collect()
}

/// What is known to exist in the namespace.
struct Known<'a> {
    objects: &'a Objects,
    /// The Secrets that pods run with, each with the keys that they take of it.
    secrets: BTreeMap<String, BTreeSet<String>>,
}

impl Known<'_> {
    fn facts(&self, it: Reference) -> ReferenceFacts {
        let (exists, near_miss) = self.look_up(&it);
        let is_open = exists != Some(true) && near_miss.is_none();
        let (alike, meant) = is_open.then(|| self.alike(&it)).flatten().unzip();
        let meant: Option<String> = meant.flatten();
        let belongs_to = self.belongs_to(&it, near_miss.as_deref().or(meant.as_deref()));
        let turned = near_miss.as_deref().filter(|near| is_turned_round(&it, near));
        let absent = turned.or(meant.as_deref()).filter(|_| self.named(&it) == Some(false));
        let vouched = absent.and_then(|meant| self.vouched(&it, meant));
        // When the object is there and only the key is not, the key is what is wrong.
        let named = self.named(&it) == Some(true)
            || it.kind == ReferenceKind::Secret
                && (self.secrets.contains_key(&it.name) || self.lacks_key(&it));
        let path = it.key_path.filter(|_| named).unwrap_or(it.path);
        ReferenceFacts {
            changed_at: changed::changed_at(self.objects, it.kind, &it.name),
            kind: it.kind,
            name: it.name,
            key: it.key,
            path: path.to_string(),
            exists,
            alike,
            meant,
            vouched,
            belongs_to,
            near_miss,
            optional: it.optional,
        }
    }

    /// Whether the kubelet says of a volume that a Secret has no such key: then the Secret itself is there.
    fn lacks_key(&self, it: &Reference) -> bool {
        let Some(key) = it.key.as_deref() else { return false };
        let events = self.objects.events.iter().filter_map(|it| it.message.as_deref());
        let mut said = events.flat_map(|it| it.split("non-existent secret key: ").skip(1));
        said.any(|it| {
            let rest = it.strip_prefix(key);
            rest.is_some_and(|it| it.trim_end().is_empty() || it.starts_with([',', ']']))
        })
    }

    /// Whose that is which is called almost like what is missing, where that is somebody else.
    fn belongs_to(&self, it: &Reference, near: Option<&str>) -> Option<String> {
        let namesake = near.and_then(|near| self.namesake(it.kind, &it.name, near));
        if namesake.is_some() {
            return namesake;
        }
        if it.kind == ReferenceKind::Secret {
            return self.users_of_secret(near.filter(|near| *near != it.name)?);
        }
        if it.kind != ReferenceKind::ConfigMap {
            return None;
        }
        let mut maps = self.objects.config_maps.iter().flatten();
        let map = maps.find(|map| map.name != it.name && Some(map.name.as_str()) == near)?;
        belonging::stranger(&map.whose, &self.objects.root)
    }

    /// Whose the workloads and bare pods are that use the Secret, where all of them belong to somebody else: it is
    /// never read itself.
    fn users_of_secret(&self, name: &str) -> Option<String> {
        let uses = |spec: &PodSpec| {
            let all = of_pod_spec(spec, &FieldPath::root());
            all.iter().any(|it| it.kind == ReferenceKind::Secret && it.name == name)
        };
        let in_use = |it: &&Arc<Pod>| it.spec.as_ref().is_some_and(uses);
        if self.objects.pods.iter().any(|it| in_use(&it)) {
            return None;
        }
        let workloads = self.objects.workloads.iter();
        let workloads: Vec<_> = workloads.filter(|it| it.pod_spec().is_some_and(uses)).collect();
        let is_bare =
            |it: &&Arc<Pod>| it.metadata.owner_references.iter().flatten().next().is_none();
        // A pod bears no more marks than its template; its owner may bear more.
        let pods = self.objects.namespace_pods.iter().filter(in_use);
        let pods = pods.filter(|it| workloads.is_empty() || is_bare(it));
        let marks = workloads.iter().map(|it| vec![Some(it.metadata()), it.template_metadata()]);
        let users = marks.chain(pods.map(|it| vec![Some(&it.metadata)]));
        let strangers = users.map(|marks| {
            marks.into_iter().flatten().find_map(|metadata| {
                let mut whose = belonging::whose(metadata);
                // Applications of one team share what they need.
                whose.retain(|key, _| belonging::is_of_team(key));
                belonging::stranger(&whose, &self.objects.root)
            })
        });
        let strangers: Option<Vec<String>> = strangers.collect();
        strangers?.into_iter().next()
    }

    /// Whether an object of that name is there; `None` when that may not be read.
    fn named(&self, it: &Reference) -> Option<bool> {
        let names = self.names(it.kind)?;
        Some(names.contains(&it.name.as_str()))
    }

    fn names(&self, kind: ReferenceKind) -> Option<Vec<&str>> {
        let objects = self.objects;
        match kind {
            ReferenceKind::ConfigMap => {
                Some(objects.config_maps.as_ref()?.iter().map(|it| it.name.as_str()).collect())
            }
            ReferenceKind::Claim => {
                Some(objects.claims.as_ref()?.iter().map(String::as_str).collect())
            }
            ReferenceKind::ServiceAccount => {
                Some(objects.service_accounts.as_ref()?.iter().map(String::as_str).collect())
            }
            ReferenceKind::Secret
            | ReferenceKind::PriorityClass
            | ReferenceKind::RuntimeClass
            | ReferenceKind::ResourceClaim
            | ReferenceKind::ResourceClaimTemplate
            | ReferenceKind::Scheduler
            | ReferenceKind::NodeLabelKey
            | ReferenceKind::NodeLabelValue => None,
        }
    }

    /// Secrets are never read: that pods run with one of this name, and which keys they take of it, is all that is
    /// known. Another key may be there as well.
    fn look_up_secret(&self, it: &Reference) -> (Option<bool>, Option<String>) {
        let Some(keys) = self.secrets.get(&it.name) else {
            return (None, near_miss(&it.name, self.secrets.keys().map(String::as_str)));
        };
        match &it.key {
            Some(key) if !keys.contains(key) => {
                (None, near_miss(key, keys.iter().map(String::as_str)))
            }
            Some(_) | None => (Some(true), None),
        }
    }

    fn look_up(&self, it: &Reference) -> (Option<bool>, Option<String>) {
        if it.kind == ReferenceKind::Secret {
            return self.look_up_secret(it);
        }
        let Some(names) = self.names(it.kind) else { return (None, None) };
        if !names.contains(&it.name.as_str()) {
            return (Some(false), near_miss(&it.name, names));
        }
        let Some(key) = &it.key else { return (Some(true), None) };
        let maps = self.objects.config_maps.iter().flatten();
        let keys = maps.filter(|map| map.name == it.name).flat_map(|it| &it.keys);
        let keys: Vec<_> = keys.map(String::as_str).collect();
        if keys.contains(&key.as_str()) {
            return (Some(true), None);
        }
        (Some(false), near_miss(key, keys))
    }
}

/// The Secrets that pods of the same namespace run with, and the keys that they take of each. Secrets themselves are
/// never read.
pub(crate) fn known_secrets(objects: &Objects) -> BTreeMap<String, BTreeSet<String>> {
    let namespace = &objects.root.metadata().namespace;
    // A bare pod is not among the others, and is whole.
    let bare = if let Root::Pod(pod) = &objects.root { Some(without_unmounted(pod)) } else { None };
    let pods = objects.namespace_pods.iter().map(AsRef::as_ref).chain(&bare);
    let pods = pods.filter(|it| &it.metadata.namespace == namespace);
    let named = pods.flat_map(started::references);
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for it in named.filter(|it| it.kind == ReferenceKind::Secret && !it.optional) {
        known.entry(it.name).or_default().extend(it.key);
    }
    known
}

fn without_unmounted(pod: &Pod) -> Pod {
    let mut pod = pod.clone();
    pod.spec.iter_mut().for_each(forget_unmounted_secrets);
    pod
}
