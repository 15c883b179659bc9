//! Who may use a ConfigMap: those that name it, and those that may read it by its name.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::api::rbac::v1::{PolicyRule, Subject as Bound};

use crate::survey::rights::{ANY, bindings, has, roles};
use crate::survey::scene::{Scene, is_system, namespace};
use crate::{ConfigMapSize, Rights};

/// Who may use ConfigMaps.
pub(super) struct Users<'a> {
    /// Namespace and name of those that a pod or a template takes values or files from.
    named: BTreeSet<(&'a str, &'a str)>,
    /// Words of commands, arguments and variables: a program may be told the name of one.
    words: BTreeSet<&'a str>,
    /// Rules by which a program may read ConfigMaps, with the namespace that they are for; none for all of them.
    readers: Vec<(Option<String>, &'a PolicyRule)>,
}

impl<'a> Users<'a> {
    /// Who may use ConfigMaps; `None` where that is not known.
    pub(super) fn of(scene: &Scene<'a>) -> Option<Self> {
        let rights = scene.all.rights.as_ref().filter(|it| is_whole(it))?;
        let mut res = Self {
            named: BTreeSet::new(),
            words: BTreeSet::new(),
            readers: readers(rights, &accounts(scene)),
        };
        for pod in &scene.all.pods {
            if let Some(spec) = &pod.spec {
                res.add(namespace(&pod.metadata), spec);
            }
        }
        for root in &scene.all.workloads {
            if let Some(spec) = root.pod_spec() {
                res.add(namespace(root.metadata()), spec);
            }
        }
        for job in &scene.all.jobs {
            let spec = job.spec.as_ref().and_then(|it| it.template.spec.as_ref());
            if let Some(spec) = spec {
                res.add(namespace(&job.metadata), spec);
            }
        }
        Some(res)
    }

    /// Whether one of them may use this one.
    pub(super) fn use_it(&self, map: &ConfigMapSize) -> bool {
        let may_read = |(space, rule): &(Option<String>, &PolicyRule)| {
            let names = rule.resource_names.as_deref().unwrap_or_default();
            space.as_ref().is_none_or(|it| *it == map.namespace)
                && (names.is_empty() || names.contains(&map.name))
        };
        self.named.contains(&(map.namespace.as_str(), map.name.as_str()))
            || self.words.contains(map.name.as_str())
            || self.readers.iter().any(may_read)
    }

    fn add(&mut self, space: &'a str, pod: &'a PodSpec) {
        for volume in pod.volumes.iter().flatten() {
            let parts = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
            let parts = parts.filter_map(|it| it.config_map.as_ref()).map(|it| it.name.as_str());
            let whole = volume.config_map.as_ref().map(|it| it.name.as_str());
            self.named.extend(whole.into_iter().chain(parts).map(|it| (space, it)));
        }
        let init = pod.init_containers.iter().flatten();
        for container in pod.containers.iter().chain(init) {
            self.add_container(space, container);
        }
    }

    fn add_container(&mut self, space: &'a str, container: &'a Container) {
        let env = || container.env.iter().flatten();
        let keys = env().filter_map(|it| it.value_from.as_ref()?.config_map_key_ref.as_ref());
        let keys = keys.map(|it| it.name.as_str());
        let all = container.env_from.iter().flatten().filter_map(|it| it.config_map_ref.as_ref());
        let all = all.map(|it| it.name.as_str());
        self.named.extend(keys.chain(all).map(|it| (space, it)));
        let said = container.command.iter().chain(&container.args).flatten();
        let said = said.chain(env().filter_map(|it| it.value.as_ref()));
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '.';
        self.words.extend(said.flat_map(|it| it.split(move |it| !is_part(it))));
    }
}

fn is_whole(rights: &Rights) -> bool {
    rights.roles.is_some()
        && rights.cluster_roles.is_some()
        && rights.role_bindings.is_some()
        && rights.cluster_role_bindings.is_some()
}

/// Namespace and name of the service accounts that programs here have, but those of the cluster's own.
fn accounts<'a>(scene: &Scene<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let pods =
        scene.all.pods.iter().filter_map(|it| Some((namespace(&it.metadata), it.spec.as_ref()?)));
    let roots = scene.all.workloads.iter();
    let roots = roots.filter_map(|it| Some((namespace(it.metadata()), it.pod_spec()?)));
    let account = |it: &'a PodSpec| it.service_account_name.as_deref().unwrap_or("default");
    let all = pods.chain(roots).map(|(space, it)| (space, account(it)));
    all.filter(|it| !is_system(it.0)).collect()
}

/// The rules that let one of these accounts read ConfigMaps.
fn readers<'a>(
    rights: &'a Rights,
    accounts: &BTreeSet<(&str, &str)>,
) -> Vec<(Option<String>, &'a PolicyRule)> {
    let roles = roles(rights);
    let bindings = bindings(rights).into_iter();
    let bindings = bindings.filter(|it| it.bound.iter().any(|it| is_one_of(it, accounts)));
    let found = bindings.flat_map(|it| {
        let space = Some(it.about.namespace.clone()).filter(|it| !it.is_empty());
        let rules = roles.get(&it.role()).map_or(&[][..], |it| it.rules);
        rules.iter().filter(|it| reads_maps(it)).map(move |it| (space.clone(), it))
    });
    found.collect()
}

fn is_one_of(bound: &Bound, accounts: &BTreeSet<(&str, &str)>) -> bool {
    let space = bound.namespace.as_deref().unwrap_or_default();
    match bound.kind.as_str() {
        "ServiceAccount" => accounts.contains(&(space, bound.name.as_str())),
        "Group" => match bound.name.strip_prefix("system:serviceaccounts") {
            Some("") => !accounts.is_empty(),
            Some(of) => accounts.iter().any(|it| of.strip_prefix(':') == Some(it.0)),
            None => bound.name == "system:authenticated",
        },
        "User" => accounts.iter().any(|(space, name)| {
            let of = bound.name.strip_prefix("system:serviceaccount:");
            of.and_then(|it| it.split_once(':')) == Some((space, name))
        }),
        _ => false,
    }
}

fn reads_maps(rule: &PolicyRule) -> bool {
    let any = |list: Option<&Vec<String>>, words: &[&str]| words.iter().any(|it| has(list, it));
    any(rule.resources.as_ref(), &["configmaps", ANY])
        && any(rule.api_groups.as_ref(), &["", ANY])
        && any(Some(&rule.verbs), &["get", "list", "watch", ANY])
}
