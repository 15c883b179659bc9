//! What a container finds when it starts: its environment, its files, and the services around it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::fields::{Fields, thousandths};
use crate::store::Store;

/// Reads what a pod refers to.
pub(super) struct Surroundings<'a> {
    pub(super) store: &'a Store,
    pub(super) pod: &'a Value,
}

/// The names and texts of a `ConfigMap` or `Secret`.
type Texts = BTreeMap<String, String>;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ConfigMap,
    Secret,
}

impl Kind {
    fn lower(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmap",
            Self::Secret => "secret",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

/// Where a spec refers to whole objects for the environment, to single keys, and to files.
const ENV_FROM: [(Kind, &str); 2] =
    [(Kind::ConfigMap, "/configMapRef"), (Kind::Secret, "/secretRef")];
const KEY_FROM: [(Kind, &str); 2] =
    [(Kind::ConfigMap, "/configMapKeyRef"), (Kind::Secret, "/secretKeyRef")];
const FILES_FROM: [(Kind, &str); 2] = [(Kind::ConfigMap, "/configMap"), (Kind::Secret, "/secret")];

impl Surroundings<'_> {
    fn texts(&self, kind: Kind, name: &str) -> Option<Texts> {
        let namespace = self.pod.namespace();
        match kind {
            Kind::ConfigMap => {
                let object = self.store.get("configmaps", namespace, name)?;
                Some(object.texts("/data"))
            }
            Kind::Secret => {
                let object = self.store.get("secrets", namespace, name)?;
                let decoded = object.texts("/data").into_iter().map(|(key, it)| (key, decode(&it)));
                Some(decoded.collect())
            }
        }
    }

    /// What a reference points at; nothing when it is absent, or optional and points at nothing.
    fn referred(&self, kind: Kind, reference: &Value) -> Result<Option<Texts>, String> {
        if reference.is_null() {
            return Ok(None);
        }
        let name = match reference.text("/name") {
            "" => reference.text("/secretName"),
            name => name,
        };
        match self.texts(kind, name) {
            None if !reference.is_true("/optional") => {
                Err(format!("{} {name:?} not found", kind.lower()))
            }
            texts => Ok(texts),
        }
    }

    /// The environment of a container, or what it lacks in the words of a kubelet.
    pub(super) fn env(&self, container: &Value) -> Result<Texts, String> {
        let mut env = Texts::from([("HOSTNAME".to_owned(), self.pod.name().to_owned())]);
        for source in container.list("/envFrom") {
            let prefix = source.text("/prefix");
            for (kind, pointer) in ENV_FROM {
                let texts = self.referred(kind, source.at(pointer))?.unwrap_or_default();
                env.extend(texts.into_iter().map(|(key, it)| (format!("{prefix}{key}"), it)));
            }
        }
        for variable in container.list("/env") {
            let source = variable.at("/valueFrom");
            let value = if source.is_null() {
                Some(substituted(variable.text("/value"), &env))
            } else {
                self.value_from(source, container)?
            };
            if let Some(value) = value {
                env.insert(variable.text("/name").to_owned(), value);
            }
        }
        self.check_user(container)?;
        Ok(env)
    }

    fn value_from(&self, source: &Value, container: &Value) -> Result<Option<String>, String> {
        for (kind, pointer) in KEY_FROM {
            let reference = source.at(pointer);
            if reference.is_null() {
                continue;
            }
            let (name, key) = (reference.text("/name"), reference.text("/key"));
            let Some(mut texts) = self.referred(kind, reference)? else { return Ok(None) };
            let value = texts.remove(key);
            if value.is_none() && !reference.is_true("/optional") {
                let namespace = self.pod.namespace();
                return Err(format!(
                    "couldn't find key {key} in {} {namespace}/{name}",
                    kind.word()
                ));
            }
            return Ok(value);
        }
        let field = source.text("/fieldRef/fieldPath");
        if !field.is_empty() {
            return Ok(Some(self.field(field)));
        }
        let resource = source.text("/resourceFieldRef/resource").replacen('.', "/", 1);
        let quantity = container.at(&format!("/resources/{resource}"));
        // Parts of a core count as one, as the default divisor has it.
        let whole = (thousandths(quantity).unwrap_or(0) + 999) / 1_000;
        Ok(Some(whole.to_string()))
    }

    fn field(&self, path: &str) -> String {
        if let Some((map, key)) = path.split_once("['") {
            let pointer = format!("/{}", map.replace('.', "/"));
            let key = key.trim_end_matches("']");
            return self.pod.texts(&pointer).remove(key).unwrap_or_default();
        }
        self.pod.text(&format!("/{}", path.replace('.', "/"))).to_owned()
    }

    fn check_user(&self, container: &Value) -> Result<(), String> {
        let asked = |field: &str| {
            let own = container.at(&format!("/securityContext/{field}"));
            if own.is_null() { self.pod.at(&format!("/spec/securityContext/{field}")) } else { own }
        };
        if asked("runAsNonRoot").as_bool() == Some(true)
            && asked("runAsUser").as_i64().unwrap_or(0) == 0
        {
            return Err(format!(
                "container has runAsNonRoot and image will run as root (pod: \"{}\", container: {})",
                identity(self.pod),
                container.text("/name")
            ));
        }
        Ok(())
    }

    /// The files that a container finds in its volumes.
    pub(super) fn files(&self, container: &Value) -> Texts {
        let mut files = Texts::new();
        for mount in container.list("/volumeMounts") {
            let volumes = self.pod.list("/spec/volumes");
            let Some(volume) = volumes.iter().find(|it| it.text("/name") == mount.text("/name"))
            else {
                continue;
            };
            let (path, sub) =
                (mount.text("/mountPath").trim_end_matches('/'), mount.text("/subPath"));
            // What is missing was found by `check_volumes` before.
            for (key, text) in self.volume(volume).unwrap_or_default() {
                if sub.is_empty() {
                    files.insert(format!("{path}/{key}"), text);
                } else if sub == key {
                    files.insert(path.to_owned(), text);
                }
            }
        }
        files
    }

    /// The first volume that cannot be mounted, in the words of its event.
    pub(super) fn check_volumes(&self) -> Result<(), String> {
        for volume in self.pod.list("/spec/volumes") {
            self.volume(volume).map_err(|why| {
                format!("MountVolume.SetUp failed for volume {:?} : {why}", volume.text("/name"))
            })?;
        }
        Ok(())
    }

    fn volume(&self, volume: &Value) -> Result<Texts, String> {
        let mut texts = self.source(volume)?;
        for source in volume.list("/projected/sources") {
            texts.extend(self.source(source)?);
        }
        Ok(texts)
    }

    fn source(&self, source: &Value) -> Result<Texts, String> {
        for (kind, pointer) in FILES_FROM {
            let reference = source.at(pointer);
            if let Some(texts) = self.referred(kind, reference)? {
                return projected(kind, reference, texts);
            }
        }
        Ok(Texts::new())
    }

    /// The names under which services with somebody behind them are found from the pod.
    pub(super) fn services(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for service in self.store.list("services", None).0 {
            let (name, namespace) = (service.name(), service.namespace());
            let endpoints = self.store.get("endpoints", namespace, name);
            let answered = service.at("/spec/selector").is_null()
                || endpoints.is_some_and(|it| !it.list("/subsets/0/addresses").is_empty());
            if !answered {
                continue;
            }
            if namespace == self.pod.namespace() {
                names.insert(name.to_owned());
            }
            for tail in ["", ".svc", ".svc.cluster.local"] {
                names.insert(format!("{name}.{namespace}{tail}"));
            }
        }
        names
    }
}

/// The chosen keys under their paths, or all.
fn projected(kind: Kind, reference: &Value, mut texts: Texts) -> Result<Texts, String> {
    let chosen = reference.list("/items");
    if chosen.is_empty() {
        return Ok(texts);
    }
    let mut res = Texts::new();
    for chosen in chosen {
        let key = chosen.text("/key");
        match texts.remove(key) {
            Some(text) => drop(res.insert(chosen.text("/path").to_owned(), text)),
            None if reference.is_true("/optional") => {}
            None => {
                let what = match kind {
                    Kind::ConfigMap => "config",
                    Kind::Secret => "secret",
                };
                return Err(format!("{} references non-existent {what} key: {key}", kind.lower()));
            }
        }
    }
    Ok(res)
}

/// How a kubelet names a pod in its messages.
pub(super) fn identity(pod: &Value) -> String {
    format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid())
}

/// Replaces `$(NAME)` by what the environment says; an unknown name stays as it is.
pub(super) fn substituted(text: &str, env: &Texts) -> String {
    let mut res = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        res.push_str(before);
        let Some((name, tail)) = after.split_once(')') else {
            res.push_str("$(");
            rest = after;
            continue;
        };
        match env.get(name) {
            Some(value) => res.push_str(value),
            None => res.extend(["$(", name, ")"]),
        }
        rest = tail;
    }
    res + rest
}

/// Base64 to text; what is neither reads as far as it goes.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if 8 <= held {
            held -= 8;
            bytes.extend(u8::try_from((bits >> held) & 0xff));
            bits &= (1 << held) - 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
