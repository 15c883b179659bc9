//! Roles and bindings of a cluster, whatever kind they are.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef, Subject as Bound};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use types::Subject;

use super::scene::{name, subject};
use super::words::entry;
use crate::Rights;

/// The label of what comes with Kubernetes.
const BUILT_IN: &str = "kubernetes.io/bootstrapping";
/// All, of verbs, resources and groups.
pub(super) const ANY: &str = "*";

/// A role of either kind.
pub(super) struct Role<'a> {
    pub(super) about: Subject,
    pub(super) metadata: &'a ObjectMeta,
    pub(super) rules: &'a [PolicyRule],
}

/// A binding of either kind.
pub(super) struct Binding<'a> {
    pub(super) about: Subject,
    pub(super) metadata: &'a ObjectMeta,
    pub(super) role: &'a RoleRef,
    pub(super) bound: &'a [Bound],
}

impl Binding<'_> {
    /// The role that it gives.
    pub(super) fn role(&self) -> Subject {
        let space = if self.role.kind == "Role" { self.about.namespace.as_str() } else { "" };
        Subject::new(&*self.role.kind, space, &*self.role.name)
    }
}

/// The roles by their names.
pub(super) fn roles(rights: &Rights) -> BTreeMap<Subject, Role<'_>> {
    let here = rights.roles.iter().flatten().map(|it| {
        let rules = it.rules.as_deref().unwrap_or_default();
        Role { about: subject("Role", &it.metadata), metadata: &it.metadata, rules }
    });
    let all = rights.cluster_roles.iter().flatten().map(|it| {
        let rules = it.rules.as_deref().unwrap_or_default();
        Role { about: subject("ClusterRole", &it.metadata), metadata: &it.metadata, rules }
    });
    here.chain(all).map(|it| (it.about.clone(), it)).collect()
}

/// The bindings, in the order of their names.
pub(super) fn bindings(rights: &Rights) -> Vec<Binding<'_>> {
    let here = rights.role_bindings.iter().flatten().map(|it| Binding {
        about: subject("RoleBinding", &it.metadata),
        metadata: &it.metadata,
        role: &it.role_ref,
        bound: it.subjects.as_deref().unwrap_or_default(),
    });
    let all = rights.cluster_role_bindings.iter().flatten().map(|it| Binding {
        about: subject("ClusterRoleBinding", &it.metadata),
        metadata: &it.metadata,
        role: &it.role_ref,
        bound: it.subjects.as_deref().unwrap_or_default(),
    });
    let mut bindings: Vec<_> = here.chain(all).collect();
    bindings.sort_by(|a, b| a.about.cmp(&b.about));
    bindings
}

/// Whether nobody of this cluster wrote it.
pub(super) fn comes_with_kubernetes(metadata: &ObjectMeta) -> bool {
    entry(metadata.labels.as_ref(), BUILT_IN).is_some() || name(metadata).starts_with("system:")
}

/// Whether a list of a rule has this word.
pub(super) fn has(list: Option<&Vec<String>>, what: &str) -> bool {
    list.is_some_and(|it| it.iter().any(|it| it == what))
}

/// `ServiceAccount shop/web`, `Group admins`
pub(super) fn shown(bound: &Bound) -> String {
    let space = bound.namespace.as_deref().unwrap_or_default();
    Subject::new(&*bound.kind, space, &*bound.name).to_string()
}
