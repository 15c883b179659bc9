//! A container that is not ready or fails a probe, with all that is looked at to tell which field it is about.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use types::{ContainerFacts, ContainerRole, FieldPath};

use super::brought::{Brought, Into};
use crate::Objects;
use crate::log::left;
use crate::log::reading::{self, Reading};

/// A container that is not ready or fails a probe, and what is known of it.
pub(super) struct Failing<'a> {
    pub(super) objects: &'a Objects,
    pub(super) spec: &'a PodSpec,
    pub(super) container: &'a Container,
    pub(super) facts: &'a ContainerFacts,
    /// Where it stands in the owner.
    pub(super) path: FieldPath,
    /// What its log says went wrong, where it is not ready.
    pub(super) reading: Option<Reading<'a>>,
}

impl<'a> Failing<'a> {
    /// The container that these facts are of; `None` where the owner makes no pods.
    pub(super) fn new(objects: &'a Objects, facts: &'a ContainerFacts) -> Option<Self> {
        let spec = objects.root.pod_spec()?;
        let list = match facts.role {
            ContainerRole::App => spec.containers.as_slice(),
            ContainerRole::Init => spec.init_containers.as_deref().unwrap_or_default(),
        };
        let path = objects.root.kind().container_path(facts.role, facts.index)?;
        let reading = if facts.ready { None } else { reading::why(left::of(facts).lines) };
        Some(Self { objects, spec, container: list.get(facts.index)?, facts, path, reading })
    }

    /// Every text of `command` and `args`, with its path.
    pub(super) fn words(&self) -> Vec<(FieldPath, &'a str)> {
        let lists = [("command", &self.container.command), ("args", &self.container.args)];
        let all = lists.into_iter().flat_map(|(name, list)| {
            let path = self.path.child(name);
            let texts = list.as_deref().unwrap_or_default().iter().enumerate();
            texts.map(move |(at, it)| (path.index(at), it.as_str()))
        });
        all.collect()
    }

    /// Every variable with a literal value: its path, name and value.
    pub(super) fn variables(&self) -> Vec<(FieldPath, &'a str, &'a str)> {
        let variables = self.container.env.iter().flatten().enumerate();
        let path = self.path.child("env");
        let literal = variables.filter_map(|(at, it)| {
            Some((path.index(at).child("value"), it.name.as_str(), it.value.as_deref()?))
        });
        literal.collect()
    }

    /// What ConfigMaps bring into it, with what they say.
    pub(super) fn brought(&self) -> Vec<Brought<'_>> {
        let Self { objects, spec, container, path, .. } = self;
        Into { objects, spec, container, path }.all()
    }

    /// What it said before its last end, or in its present run where that is the first.
    pub(super) fn log(&self) -> &'a [String] {
        left::of(self.facts).lines
    }
}
