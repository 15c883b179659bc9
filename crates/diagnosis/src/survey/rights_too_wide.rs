//! A role allows everything, or everybody has a role that does.
//!
//! ## What it looks for
//! Roles of somebody's own that are bound to somebody and have a rule with `*` for its verbs or its resources; and
//! bindings that give a role with all rights, such as `cluster-admin`, to a default account or to everybody. All are
//! notices.
//!
//! ## What it does not see
//! The roles that come with Kubernetes, the cluster's own namespaces, and a role that nobody has. Whether an operator
//! needs what it may do.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::{PolicyRule, Subject as Bound};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::rights::{ANY, Binding, Role, bindings, comes_with_kubernetes, has, roles, shown};
use super::scene::{Scene, is_system, namespace};
use super::words::listed;
use crate::confidence;

/// The role that allows everything.
const ADMIN: &str = "cluster-admin";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    // Only who asks for notices is told.
    let (Some(rights), true) = (&scene.all.rights, scene.all.hardening.is_some()) else {
        return vec![];
    };
    let (bindings, roles) = (bindings(rights), roles(rights));
    let mut givers: Givers<'_> = BTreeMap::new();
    for binding in &bindings {
        givers.entry(binding.role()).or_default().push(binding);
    }
    let mut found: Vec<_> = bindings.iter().filter_map(|it| to_everybody(it, &roles)).collect();
    found.extend(roles.values().filter_map(|it| of_role(it, &givers)));
    found
}

/// The bindings of each role.
type Givers<'b> = BTreeMap<Subject, Vec<&'b Binding<'b>>>;

fn is_built_in(metadata: &ObjectMeta) -> bool {
    comes_with_kubernetes(metadata) || is_system(namespace(metadata))
}

/// Whether a rule allows everything.
fn is_everything(rule: &PolicyRule) -> bool {
    has(Some(&rule.verbs), ANY) && has(rule.resources.as_ref(), ANY)
}

/// A role that somebody has and that allows more than anybody can have counted.
fn of_role(role: &Role<'_>, givers: &Givers<'_>) -> Option<Finding> {
    if is_built_in(role.metadata) {
        return None;
    }
    let rules = role.rules.iter().enumerate();
    // What is under a path of its own, or is named one by one, is no wildcard over objects.
    let wide = |it: &PolicyRule| has(it.resources.as_ref(), ANY) || has(Some(&it.verbs), ANY);
    let found = rules.filter(|it| it.1.resources.is_some() && wide(it.1));
    let (index, rule) = found.min_by_key(|it| (!is_everything(it.1), it.0))?;
    let givers = givers.get(&role.about)?;
    let users: Vec<_> = givers.iter().flat_map(|it| it.bound).map(shown).collect();
    if users.is_empty() {
        return None;
    }
    let resources = rule.resources.as_deref().unwrap_or_default();
    let what = if is_everything(rule) {
        "everything".to_owned()
    } else if has(rule.resources.as_ref(), ANY) {
        format!("{} on every resource", listed(&rule.verbs))
    } else {
        format!("every verb on {}", listed(resources))
    };
    let groups = rule.api_groups.as_deref().unwrap_or_default();
    let groups: Vec<_> = groups.iter().map(|it| group(it)).collect();
    let of = if has(rule.api_groups.as_ref(), ANY) {
        String::new()
    } else {
        format!(" of {}", listed(&groups))
    };
    let cause = format!("It allows {what}{of}, and {} has it.", listed(&users));
    let fault = cluster(ClusterFault::RightsTooWide);
    let finding = Finding::new(role.about.clone(), Severity::Notice, fault, cause);
    let field = format!("/rules/{index}");
    let value = format!("verbs {}; resources {}", listed(&rule.verbs), listed(resources));
    Some(finding.clue(field.clone(), &value).at(field).sure(confidence::WORDED))
}

fn group(name: &str) -> String {
    if name.is_empty() { "the core group".to_owned() } else { name.to_owned() }
}

/// A binding that gives everything to those who name no account, or to everybody.
fn to_everybody(binding: &Binding<'_>, roles: &BTreeMap<Subject, Role<'_>>) -> Option<Finding> {
    let role = binding.role();
    let is_admin = role == Subject::new("ClusterRole", "", ADMIN);
    let allows_all = || roles.get(&role).is_some_and(|it| it.rules.iter().any(is_everything));
    if is_built_in(binding.metadata) || !(is_admin || allows_all()) {
        return None;
    }
    let mut bound = binding.bound.iter().enumerate();
    let (index, who) = bound.find_map(|(index, it)| Some((index, crowd(it)?)))?;
    let space = &binding.about.namespace;
    let place = if space.is_empty() {
        "in the whole cluster".to_owned()
    } else {
        format!("in namespace {space}")
    };
    let cause = format!("It lets {who} do everything {place}.");
    let fault = cluster(ClusterFault::RightsTooWide);
    let finding = Finding::new(binding.about.clone(), Severity::Notice, fault, cause);
    let field = format!("/subjects/{index}");
    let shown = binding.bound.get(index).map(shown).unwrap_or_default();
    Some(finding.clue(field.clone(), &shown).clue("/roleRef", &role).at(field))
}

/// Those behind a name that stands for many.
fn crowd(bound: &Bound) -> Option<String> {
    let space = bound.namespace.as_deref().unwrap_or_default();
    match (bound.kind.as_str(), bound.name.as_str()) {
        ("ServiceAccount", "default") if !is_system(space) => {
            Some(format!("every workload of namespace {space} that names no account"))
        }
        ("Group", "system:serviceaccounts") => Some("every workload of the cluster".to_owned()),
        ("Group", "system:authenticated") => Some("everybody with a credential".to_owned()),
        ("Group", "system:unauthenticated") | ("User", "system:anonymous") => {
            Some("everybody, without any credential,".to_owned())
        }
        ("Group", group) => {
            let space = group.strip_prefix("system:serviceaccounts:")?;
            (!is_system(space)).then(|| format!("every workload of namespace {space}"))
        }
        _ => None,
    }
}
