//! What a workload's template hides: values of variables and arguments that are secrets by their name or shape. They
//! are hidden in its evidence wherever else they stand.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, EnvVar, Pod, PodSpec, Probe};

use crate::redact::Hidden;
use crate::{Objects, Redactor, Secrets};

/// Bytes of the texts of ConfigMaps that are searched for secrets: what is larger is no configuration with passwords.
const MAX_TEXT: usize = 16 << 10;

/// What the templates of these objects hide, those of former revisions too: their pods may still run.
pub fn secrets(objects: &Objects, redactor: &Redactor) -> Secrets {
    let mut told = Told::default();
    let sets = objects.replica_sets.iter().filter_map(|it| it.spec.as_ref()?.template.as_ref());
    let jobs = objects.whole_jobs.iter().filter_map(|it| it.spec.as_ref().map(|it| &it.template));
    let former = sets.chain(jobs).filter_map(|it| it.spec.as_ref());
    let pods = objects.pods.iter().filter_map(|it| it.spec.as_ref());
    for spec in objects.root.pod_spec().into_iter().chain(former).chain(pods) {
        told.add(spec);
    }
    let revisions = objects.controller_revisions.iter().filter_map(|it| {
        let spec = it.data.as_ref()?.0.pointer("/spec/template/spec")?;
        serde_json::from_value::<PodSpec>(spec.clone()).ok()
    });
    revisions.for_each(|it| told.add(&it));
    for map in objects.config_maps.iter().flatten() {
        let small = map.texts.iter().filter(|it| it.1.len() <= MAX_TEXT);
        told.named.extend(small.map(|it| (it.0.to_owned(), it.1.to_owned())));
    }
    told.secrets(&names(objects), redactor)
}

/// What the containers of one pod hide.
pub fn secrets_of_pod(pod: &Pod, redactor: &Redactor) -> Secrets {
    let mut told = Told::default();
    pod.spec.iter().for_each(|it| told.add(it));
    let names = pod.metadata.name.iter().map(String::as_str).collect();
    told.secrets(&names, redactor)
}

/// Names of what stands around: who gives one of them under a secret's name refers to it.
fn names(objects: &Objects) -> BTreeSet<&str> {
    let services = objects.services.iter().flatten().map(|it| &it.metadata);
    let workloads = objects.workloads.iter().map(crate::Root::metadata);
    let nodes = objects.nodes.iter().flatten().map(|it| &it.metadata);
    let pods = objects.namespace_pods.iter().chain(&objects.pods).map(|it| &it.metadata);
    let root = objects.root.metadata();
    let all = services.chain(workloads).chain(nodes).chain(pods).chain([root]);
    let mut names: BTreeSet<_> = all.filter_map(|it| it.name.as_deref()).collect();
    names.extend(root.namespace.as_deref());
    names.extend(objects.config_maps.iter().flatten().map(|it| it.name.as_str()));
    names.extend(objects.claims.iter().flatten().map(String::as_str));
    names.extend(objects.service_accounts.iter().flatten().map(String::as_str));
    let spec = objects.root.pod_spec();
    let volumes = spec.and_then(|it| it.volumes.as_ref()).into_iter().flatten();
    names.extend(volumes.map(|it| it.name.as_str()));
    for container in spec.into_iter().flat_map(containers) {
        names.insert(&container.name);
        // A registry's host, each word of a repository, a tag, a digest.
        names.extend(container.image.iter().flat_map(|it| it.split(['/', ':', '@'])));
        let variables = container.env.iter().flatten();
        names.extend(
            variables.filter_map(|it| {
                Some(it.value_from.as_ref()?.secret_key_ref.as_ref()?.name.as_str())
            }),
        );
    }
    names
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(spec.init_containers.iter().flatten())
}

/// What stands in a template, each once.
#[derive(Default)]
struct Told {
    /// Values with their names.
    named: BTreeSet<(String, String)>,
    /// Command lines.
    lines: BTreeSet<Vec<String>>,
}

impl Told {
    fn add(&mut self, spec: &PodSpec) {
        for container in containers(spec) {
            let values = container.env.iter().flatten();
            self.named.extend(values.filter_map(|EnvVar { name, value, .. }| {
                Some((name.clone(), value.clone()?)).filter(|it| !it.1.is_empty())
            }));
            let line = container.command.iter().chain(&container.args).flatten();
            self.lines.insert(line.cloned().collect());
            let probes =
                [&container.startup_probe, &container.liveness_probe, &container.readiness_probe];
            probes.into_iter().flatten().for_each(|it| self.add_probe(it));
        }
    }

    fn add_probe(&mut self, probe: &Probe) {
        let headers = probe.http_get.iter().flat_map(|it| it.http_headers.iter().flatten());
        self.named.extend(headers.map(|it| (it.name.clone(), it.value.clone())));
        let path = probe.http_get.as_ref().and_then(|it| it.path.clone());
        self.named.extend(path.map(|it| (String::new(), it)));
        let command = probe.exec.as_ref().and_then(|it| it.command.clone());
        self.lines.extend(command);
    }

    fn secrets(&self, names: &BTreeSet<&str>, redactor: &Redactor) -> Secrets {
        let named = self.named.iter().flat_map(|(name, it)| redactor.hidden_of(name, it));
        let lines = self.lines.iter().flat_map(|it| of_line(it, redactor));
        // Each counts once, however many templates have it.
        let hidden: BTreeSet<Hidden> = named.chain(lines).collect();
        Secrets::of(hidden, names)
    }
}

/// What a command line hides: in one argument, in the one behind an option, and in all that is said together.
fn of_line(line: &[String], redactor: &Redactor) -> Vec<Hidden> {
    let pairs = line.iter().zip(line.iter().skip(1));
    let pairs = pairs.filter(|it| it.0.starts_with('-') && !it.1.starts_with('-'));
    let behind = pairs.flat_map(|(option, it)| redactor.hidden_of(option, it));
    let inside = line.iter().flat_map(|it| redactor.hidden_of("", it));
    behind.chain(inside).chain(redactor.hidden_of("", &line.join(" "))).collect()
}
