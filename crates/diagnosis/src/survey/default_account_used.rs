//! Workloads run as the default service account of their namespace, with its token in their files.
//!
//! ## What it looks for
//! Per namespace, workloads that name no account of their own and have its token mounted; and what is bound to it,
//! which each of them may then do. Both are notices.
//!
//! ## What it does not see
//! Whether one of the programs asks the API server at all. The cluster's own namespaces.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, ServiceAccount};
use k8s_openapi::api::rbac::v1::{RoleRef, Subject as Bound};
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, is_done, is_system, name, namespace, subject};
use super::words::listed;
use crate::confidence;
use crate::{Rights, Root};

/// The account of who names none.
const DEFAULT: &str = "default";
/// Bindings that are shown.
const MAX_CLUES: usize = 3;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let (Some(bound), Some(accounts)) = (&scene.all.rights, &scene.all.service_accounts) else {
        return vec![];
    };
    if scene.all.hardening.is_none() {
        return vec![];
    }
    let defaults = accounts.iter().filter(|it| name(&it.metadata) == DEFAULT);
    let defaults: BTreeMap<&str, &ServiceAccount> =
        defaults.map(|it| (namespace(&it.metadata), it)).collect();
    let mut users: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for root in &scene.all.workloads {
        let space = namespace(root.metadata());
        let own = defaults.get(space).copied();
        if !is_system(space) && has_token(root, own) {
            let user = subject(root.kind().as_str(), root.metadata()).to_string();
            users.entry(space).or_default().push(user);
        }
    }
    let told = users.into_iter().map(|(space, mut users)| {
        users.sort();
        told(space, &users, &rights(space, bound))
    });
    told.collect()
}

fn has_token(root: &Root, account: Option<&ServiceAccount>) -> bool {
    let Some(spec) = root.pod_spec().filter(|_| !is_done(root) && root.desired() != Some(0)) else {
        return false;
    };
    let own = account.and_then(|it| it.automount_service_account_token);
    let is_mounted = spec.automount_service_account_token.or(own).unwrap_or(true);
    is_mounted && is_default(spec)
}

fn is_default(spec: &PodSpec) -> bool {
    let name = spec.service_account_name.as_deref().unwrap_or_default();
    matches!(name, "" | DEFAULT)
}

/// What is bound to the default account of a namespace: who binds it, and to which role.
fn rights(space: &str, all: &Rights) -> Vec<(Subject, String)> {
    let is_it = |bound: &Option<Vec<Bound>>| {
        bound.iter().flatten().any(|it| {
            it.kind == "ServiceAccount"
                && it.name == DEFAULT
                && it.namespace.as_deref() == Some(space)
        })
    };
    let role = |it: &RoleRef| format!("{} {}", it.kind, it.name);
    let here = all.role_bindings.iter().flatten().filter(|it| is_it(&it.subjects));
    let here = here.map(|it| (subject("RoleBinding", &it.metadata), role(&it.role_ref)));
    let all = all.cluster_role_bindings.iter().flatten().filter(|it| is_it(&it.subjects));
    let all = all.map(|it| (subject("ClusterRoleBinding", &it.metadata), role(&it.role_ref)));
    let mut rights: Vec<_> = here.chain(all).collect();
    rights.sort();
    rights
}

fn told(space: &str, users: &[String], rights: &[(Subject, String)]) -> Finding {
    let about = Subject::new("ServiceAccount", space, DEFAULT);
    let fault = cluster(ClusterFault::DefaultAccountUsed);
    let users = listed(users);
    let field = "/automountServiceAccountToken";
    if rights.is_empty() {
        let cause = format!(
            "Its token is in the files of {users}, which name no account of their own: whatever is ever bound to it, all of \
             them may do."
        );
        let finding = Finding::new(about, Severity::Notice, fault, cause).sure(confidence::FOLLOWS);
        return finding.clue(field, "not false").at(field);
    }
    let roles: Vec<_> = rights.iter().map(|it| it.1.clone()).collect();
    let cause = format!(
        "{} is bound to it, so {users} may do what that allows: who names no account runs as this one.",
        listed(&roles)
    );
    let finding = Finding::new(about, Severity::Notice, fault, cause).sure(confidence::WORDED);
    let clues = rights.iter().take(MAX_CLUES);
    clues.fold(finding.at(field), |it, (binding, role)| it.clue(binding.to_string(), role))
}
